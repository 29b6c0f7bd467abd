"""The agent: one LangGraph graph, admit → plan ⇄ act → write → verify, around any ChatModel.

    agent = Agent(settings())
    answer = agent.ask_now("How many tokens can an H200 cache for Llama 3.1 8B in bf16?")

The graph is compiled once an agent. Threads are kept by `agent.threads`, one write a turn, rather than by a
LangGraph checkpointer, which would write at every node.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from agent.admit import clean
from agent.ahead import ahead
from agent.answer import Answer
from agent.chat import ChatModel, Message
from agent.defences import guard_logs, redacted, secrets_of
from agent.errors import AgentError, ThreadError
from agent.models import OFFLINE, Calculators, chat_model
from agent.nodes import Nodes, after_admit, after_plan, after_verify
from agent.prompt import without_repairs
from agent.settings import Settings
from agent.state import State
from agent.threads import Threads, named
from agent.toolbox import Toolbox
from tools.errors import RackrateError

if TYPE_CHECKING:
    from tools.catalog import Catalog

log = logging.getLogger("rackrate.agent")

T = TypeVar("T")
AT_ONCE = 3  # answers computed at once in one process: one computes, another may wait for a search


class Agent:
    """Answers questions. One per process is enough; it may serve many questions at once."""

    def __init__(
        self,
        settings: Settings,
        *,
        models: Sequence[ChatModel] | None = None,
        catalog: Callable[[], Catalog] | None = None,
        knowledge: Callable[[], Any] | None = None,
        threads: Threads | None = None,
    ) -> None:
        """`models` are tried in order; by default the chosen provider, then offline."""
        self.settings = settings
        self._given = list(models) if models else None
        self._secrets = secrets_of(settings)
        guard_logs(self._secrets)
        self._catalog = catalog or self._load_catalog
        self.toolbox = Toolbox(self._catalog, knowledge or self._open_knowledge, settings.home)
        self._runner: asyncio.Runner | None = None
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self.threads = threads or threads_of(settings)

    @cached_property
    def models(self) -> list[ChatModel]:
        if self._given:
            return self._given
        return [self._model(name) for name in self.settings.failover_order()]

    def _model(self, name: str) -> ChatModel:
        settings = self.settings
        if (
            name != settings.chosen_provider()
        ):  # a model id is one provider's; others answer with their default
            settings = settings.model_copy(update={"model": None})
        return chat_model(name, settings, catalog=self._catalog, calculators=Calculators())

    def _load_catalog(self) -> Catalog:
        from tools.catalog import load

        return load(self.settings.home)

    def _open_knowledge(self) -> Any:
        from knowledge import KnowledgeBase

        return KnowledgeBase(self.settings.home, chroma_url=self.settings.chroma_url)

    @cached_property
    def _graph(self) -> Any:
        return compile_graph(Nodes(self.models, self.toolbox, self.settings, _emit))

    def warm(self) -> None:
        """Import, compile and load what the first question would otherwise wait for."""
        from agent.ledger_numbers import find_numbers

        find_numbers("1 GB")
        _ = self._graph
        for model in self.models:
            warm = getattr(
                model, "warm", None
            )  # a model may have something to load, as the offline reader has
            if callable(warm):
                warm(self.toolbox.specs)

    async def ask(
        self,
        question: str,
        *,
        thread: str | None = None,
        as_of: str | None = None,
        history: Sequence[Message] | None = None,
    ) -> Answer:
        """Answer one question. AgentError (one line) when it cannot be worked on at all.

        `history` gives the earlier turns instead of a thread's (nothing is kept then, without a `thread`).
        """
        started = time.perf_counter()
        start = await self._start(question, thread, as_of, history)
        try:
            async with self._turn():
                end = await self._graph.ainvoke(start, {"recursion_limit": self._steps})
        except RackrateError:
            raise
        except Exception as error:
            log.debug("the graph failed", exc_info=True)
            raise AgentError(f"internal error: {type(error).__name__}: {_line(error)}") from error
        return await self._finish(end, started)

    async def stream(
        self,
        question: str,
        *,
        thread: str | None = None,
        as_of: str | None = None,
        history: Sequence[Message] | None = None,
    ) -> AsyncIterator[tuple[str, Any]]:
        """Answer one question as events: status, tool_call, tool_result, citation, text, then answer."""
        started = time.perf_counter()
        start = await self._start(question, thread, as_of, history)
        end: State = start
        async with aclosing(ahead(self._steps_of(start))) as steps:
            async for mode, chunk in steps:
                if mode == "custom":
                    yield chunk["event"], chunk["data"]
                else:
                    end = chunk
        yield "answer", await self._finish(end, started)

    async def _steps_of(self, start: State) -> AsyncIterator[tuple[str, Any]]:
        config = {"recursion_limit": self._steps}
        async with self._turn():
            async for step in self._graph.astream(start, config, stream_mode=["custom", "values"]):
                yield step

    def _turn(self) -> AbstractAsyncContextManager[Any]:
        """A turn at the processor, first come first served, for a model that computes here.

        Many answers begun at once would all end late; so each ends when those before it have. A model behind a
        network waits for others, not for the processor, and needs no turn.
        """
        return self._at_once if self.models[0].provider == OFFLINE else nullcontext()

    def ask_now(self, question: str, *, thread: str | None = None, as_of: str | None = None) -> Answer:
        """`ask` for callers without an event loop."""
        if (
            self._runner is None
        ):  # one loop for all: a provider's connections belong to the loop they began in
            self._runner = asyncio.Runner()
        return self._runner.run(self.ask(question, thread=thread, as_of=as_of))

    def close(self) -> None:
        if self._runner is not None:
            self._runner.close()
            self._runner = None
        self.toolbox.close()
        self.threads.close()

    @property
    def _steps(self) -> int:
        """LangGraph's own limit, kept out of the way of ours: two steps a round, and the repair's."""
        return 4 * self.settings.max_rounds + 20

    async def _start(
        self, question: str, thread: str | None, as_of: str | None, given: Sequence[Message] | None
    ) -> State:
        history = list(given or ())
        if thread is not None and given is None:
            history = await self._kept(self.threads.history, named(thread), self.settings.max_thread_turns)
        return {"question": clean(question), "thread": thread, "as_of": as_of, "history": history}

    async def _kept(self, method: Callable[..., T], *arguments: Any) -> T:
        """A call of the threads' store, away from the event loop where it waits for a network."""
        if self.threads.blocking:
            return await asyncio.to_thread(method, *arguments)
        return method(*arguments)

    async def _finish(self, end: State, started: float) -> Answer:
        answer = redacted(end["answer"], self._secrets)
        thread = end.get("thread")
        if thread is not None and "messages" in end:
            try:
                await self._kept(self.threads.append, thread, without_repairs(end["messages"]), answer)
            except ThreadError as error:  # the answer is worth having though a follow-up will not see it
                answer = answer.model_copy(
                    update={"warnings": [*answer.warnings, f"Thread not kept: {error}"]}
                )
        elapsed = round((time.perf_counter() - started) * 1000, 3)
        return answer.model_copy(update={"elapsed_ms": elapsed})


def threads_of(settings: Settings) -> Threads:
    """Where threads are kept: RACKRATE_DATABASE_URL (SQLite or PostgreSQL), else the data folder."""
    url = settings.database_url
    if not url:
        return Threads(settings.home / "threads.sqlite")
    if url.startswith("sqlite:///"):
        return Threads(Path(url.removeprefix("sqlite:///")))
    from agent.database import ALLOWED, async_url, is_postgres

    if not is_postgres(url):
        raise AgentError(f"RACKRATE_DATABASE_URL is {url.split(':', 1)[0][:20]}://…; allowed: {ALLOWED}")
    from agent.threads_postgres import PostgresThreads

    return PostgresThreads(async_url(settings))  # the driver, psycopg, is the same for both kinds of engine


def compile_graph(nodes: Nodes) -> Any:
    """The compiled LangGraph graph over these nodes."""
    from agent.langgraph_loader import state_graph

    graph = state_graph()
    builder = graph.StateGraph(State)
    for name in ("admit", "plan", "act", "write", "verify"):
        builder.add_node(name, getattr(nodes, name))
    builder.add_edge(graph.START, "admit")
    builder.add_conditional_edges("admit", after_admit, {"plan": "plan", "end": graph.END})
    builder.add_conditional_edges("plan", after_plan, {"act": "act", "write": "write"})
    builder.add_edge("act", "plan")
    builder.add_edge("write", "verify")
    builder.add_conditional_edges("verify", after_verify, {"plan": "plan", "end": graph.END})
    return builder.compile()


def _emit(event: str, data: Any) -> None:
    """Send an event to whoever streams this run; costs microseconds when nobody does."""
    from langgraph.config import get_stream_writer

    get_stream_writer()({"event": event, "data": data})


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0]
