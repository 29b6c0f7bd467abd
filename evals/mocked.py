"""Mocked model responses at the wire: the real SDKs talk to respx, which plays a script.

The script is what a model that makes the right calls would do: the turns of the offline reader, recorded, then
told in the provider's own stream format. A behaviour spoils it in one way.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from pydantic import SecretStr

from agent.chat import ChatModel, ChatRequest, Event, TextDelta, ToolCall
from agent.settings import Settings
from evals import wire

Provider = Literal["anthropic", "openai"]
Behaviour = Literal[
    "good",
    "sloppy",
    "wrong_number",
    "malformed",
    "truncated",
    "rate_limited",
    "rate_limited_long",
    "overloaded",
    "hanging",
]
BEHAVIOURS: tuple[Behaviour, ...] = get_args(Behaviour)
PROVIDERS: tuple[Provider, ...] = get_args(Provider)
DEADLINE_S = 10.0  # a busy machine must not turn a good stream into a timeout
HANG_DEADLINE_S = 1.0

TURNS = {"anthropic": wire.anthropic_turn, "openai": wire.openai_turn}
URLS = {"anthropic": wire.ANTHROPIC_URL, "openai": wire.OPENAI_URL}
_BOLD = re.compile(r"\*\*[^*\n]*\d")
_FINAL_NUMBER = re.compile(r"(?<![\w.])\d[\d,]*\.?\d*")


@dataclass
class Turn:
    """One assistant turn: its text and its calls."""

    text: str = ""
    calls: list[wire.Call] = field(default_factory=list)


class Recorder:
    """A ChatModel that remembers the turns of another."""

    def __init__(self, model: ChatModel) -> None:
        self.provider, self.model, self._inner = model.provider, model.model, model
        self.turns: list[Turn] = []

    async def stream(self, request: ChatRequest) -> AsyncIterator[Event]:
        turn = Turn()
        self.turns.append(turn)
        async for event in self._inner.stream(request):
            if isinstance(event, TextDelta):
                turn.text += event.text
            elif isinstance(event, ToolCall):
                turn.calls.append((event.name, dict(event.arguments)))
            yield event


def settings_for(base: Settings, provider: Provider, behaviour: Behaviour = "good") -> Settings:
    """Settings under which a mocked provider is reached, with short deadlines."""
    changes: dict[str, Any] = {
        "provider": provider,
        f"{provider}_api_key": SecretStr("mocked-key-0000"),
        f"{provider}_base_url": None,
        "provider_deadline_s": HANG_DEADLINE_S if behaviour == "hanging" else DEADLINE_S,
        "provider_attempts": 2,
    }
    return base.model_copy(update=changes)


@contextmanager
def played(provider: Provider, turns: Sequence[Turn], behaviour: Behaviour = "good") -> Iterator[Any]:
    """Within this context the provider's API plays `turns`, one a request, spoiled as `behaviour` says."""
    import pytest_httpx2  # noqa: F401  (teaches respx the transport that both SDKs use, outside of pytest too)
    import respx

    script = Script(provider, turns, behaviour)
    with respx.mock(using="httpcore2", assert_all_called=False) as router:
        router.post(URLS[provider]).mock(side_effect=script.respond)
        yield script


class Script:
    """What the mocked API answers, request by request."""

    def __init__(self, provider: Provider, turns: Sequence[Turn], behaviour: Behaviour) -> None:
        self.provider, self.turns, self.behaviour = provider, list(turns), behaviour
        self.requests: list[dict[str, Any]] = []

    async def respond(self, request: Any) -> Any:
        import httpx

        self.requests.append(json.loads(request.content))
        first = len(self.requests) == 1
        if self.behaviour == "overloaded":
            return httpx.Response(529, json={"error": {"type": "overloaded_error", "message": "Overloaded"}})
        if self.behaviour == "rate_limited_long" or (self.behaviour == "rate_limited" and first):
            wait = "120" if self.behaviour == "rate_limited_long" else "0.05"
            return httpx.Response(
                429, headers={"retry-after": wait}, json={"error": {"message": "slow down"}}
            )
        if self.behaviour == "hanging":
            await asyncio.sleep(60)
        body = self._body(first)
        return httpx.Response(200, content=body, headers={"content-type": "text/event-stream"})

    def _body(self, first: bool) -> bytes:
        turn = self._turn()
        stream = TURNS[self.provider]
        if self.behaviour == "truncated" and first:
            return stream(turn.text or "Let me", turn.calls, cut=3)
        if self.behaviour == "malformed" and first and turn.calls:
            name, _ = turn.calls[0]
            return stream("", [(name, '{"cut": "in the mid')])
        if self._is_last(turn):
            turn = self._spoiled(turn)
        return stream(turn.text, turn.calls)

    def _turn(self) -> Turn:
        """The turn this request is due: one for each answered round of calls, the last one repeated after."""
        rounds = _rounds_answered(self.requests[-1])
        return self.turns[min(rounds, len(self.turns) - 1)]

    def _is_last(self, turn: Turn) -> bool:
        return turn is self.turns[-1]

    def _spoiled(self, turn: Turn) -> Turn:
        if self.behaviour == "sloppy":  # prose around it, and no report
            return Turn("Sure! Here is what I found.\n\n" + turn.text, [])
        if self.behaviour == "wrong_number":
            return Turn(_wrong(turn.text), turn.calls)
        return turn


def _rounds_answered(body: dict[str, Any]) -> int:
    """Rounds of tool results since the user's last question."""
    rounds = 0
    for message in reversed(body["messages"]):
        if message["role"] == "assistant":
            rounds += bool(_calls_of(message))
        elif message["role"] == "user" and not _is_result(message):
            break
    return rounds


def _calls_of(message: dict[str, Any]) -> bool:
    content = message.get("content")
    blocks = content if isinstance(content, list) else []
    return bool(message.get("tool_calls")) or any(b.get("type") == "tool_use" for b in blocks)


def _is_result(message: dict[str, Any]) -> bool:
    """Whether a message only brings results. One that also says something is the next question of a thread."""
    content = message.get("content")
    if not isinstance(content, list):
        return False
    kinds = {block.get("type") for block in content}
    return "tool_result" in kinds and "text" not in kinds


def _wrong(text: str) -> str:
    """The text with its bold number (else its first) changed by a quarter and a bit."""
    bold = _BOLD.search(text)
    found = _FINAL_NUMBER.search(text, bold.start() if bold else 0)
    if found is None:
        return text
    value = float(found.group().replace(",", "").rstrip("."))
    return f"{text[: found.start()]}{value * 1.2731 + 3:.4g}{text[found.end() :]}"
