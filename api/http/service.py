"""What the routes share: the agent, keys, limits, metrics, and the running answers of a graceful end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from agent.answer import Answer
from agent.chat import Message
from agent.graph import Agent
from agent.models import OFFLINE
from agent.settings import Settings
from api.http.guard import Limiter
from api.http.keys import LOOPBACK, ApiKey, parse_keys
from api.http.metrics import Metrics
from tools import registry
from tools.errors import InputError

log = logging.getLogger("rackrate.http")

GRACE_S = 20.0


def checked_keys(settings: Settings, host: str) -> tuple[ApiKey, ...]:
    """The keys of the setting. InputError when there are none and the world could call."""
    keys = parse_keys(settings.api_keys.get_secret_value() if settings.api_keys else None)
    if not keys and host not in LOOPBACK:
        raise InputError("host", host, "127.0.0.1 while RACKRATE_API_KEYS is not set")
    return keys


def worked_questions() -> list[str]:
    """The first worked example of every calculator that has one."""
    examples = (calculator.examples[:1] for calculator in registry.calculators().values())
    return [str(first["question"]) for found in examples for first in found if "question" in first]


class Service:
    """One process of the service."""

    def __init__(self, settings: Settings, *, host: str = "127.0.0.1", agent: Agent | None = None) -> None:
        self.settings = settings
        self.keys = checked_keys(settings, host)
        self.agent = agent or Agent(settings)
        self.limiter = Limiter(settings.rate_limit, settings.limits_url)
        self.metrics = Metrics()
        self.ready = False
        self.claims: list[dict[str, Any]] | None = None  # the ledger, computed on first use
        self._running: set[asyncio.Task[object]] = set()
        self._leases: asyncio.Task[None] | None = None

    async def start(self, *, thorough: bool = False) -> None:
        """Load, and rehearse: one question, or (`thorough`, a second more) one for every calculator."""
        await asyncio.to_thread(self.agent.warm)
        await self._rehearse(thorough)
        await self.agent.sweep()
        self._leases = asyncio.create_task(self.agent.keep_leases())
        self.ready = True

    async def _rehearse(self, thorough: bool) -> None:
        """Answer before anyone waits: what is imported, opened and compiled on first use takes seconds."""
        own = [model for model in self.agent.models if model.provider == OFFLINE]
        offline = Agent(self.settings.model_copy(update={"provider": OFFLINE}), models=own or None)
        offline.toolbox = self.agent.toolbox
        try:
            await offline.ask("How much KV cache does one token of Llama 3.1 8B take in bf16?")
            for question in worked_questions() if thorough else ():
                await offline.ask(question)
            await self.agent.toolbox.search("rent", 1)
        except Exception as error:  # the first question will tell; health is not decided here
            log.warning("the rehearsal failed: %s: %s", type(error).__name__, error)

    async def stop(self) -> None:
        """Finish the answers that are running, then close."""
        self.ready = False
        if self._running:
            await asyncio.wait(self._running, timeout=GRACE_S)
        if self._leases is not None:
            self._leases.cancel()
        self.agent.close()

    async def ask(
        self,
        question: str,
        *,
        thread: str | None = None,
        as_of: str | None = None,
        history: Sequence[Message] | None = None,
    ) -> Answer:
        async with self._counted():
            answer = await self.agent.ask(question, thread=thread, as_of=as_of, history=history)
        self.metrics.answered(answer)
        return answer

    async def stream(
        self,
        question: str,
        *,
        thread: str | None = None,
        as_of: str | None = None,
        history: Sequence[Message] | None = None,
    ) -> AsyncIterator[tuple[str, object]]:
        """Events of one answer; the last is `answer`."""
        self.metrics.streams.inc()
        try:
            async with self._counted():
                async for event, data in self.agent.stream(
                    question, thread=thread, as_of=as_of, history=history
                ):
                    if isinstance(data, Answer):
                        self.metrics.answered(data)
                    yield event, data
        finally:
            self.metrics.streams.dec()

    async def resume(self, thread: str) -> None:
        """Go on with what was interrupted in a thread."""
        async with self._counted():
            for answer in await self.agent.resume(thread):
                self.metrics.answered(answer)

    @asynccontextmanager
    async def _counted(self) -> AsyncIterator[None]:
        """While an answer is worked on: a graceful end waits for it."""
        task = asyncio.current_task()
        if task is not None:
            self._running.add(task)
        try:
            yield
        finally:
            if task is not None:
                self._running.discard(task)


def thread_of(key: ApiKey, thread: str | None) -> str | None:
    """A thread's name in storage: private to its key."""
    return None if thread is None else f"{key.name}/{thread}"
