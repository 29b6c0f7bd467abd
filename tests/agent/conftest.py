"""A chat model that plays a script, for everything the graph must survive."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from agent.chat import ChatRequest, Done, Event, TextDelta, ToolCall
from agent.graph import Agent
from agent.settings import Settings

Turn = Sequence[Event] | Callable[[ChatRequest], Sequence[Event]] | Exception


class ScriptedModel:
    """Plays its turns in order (the last one again and again); remembers what it was asked."""

    def __init__(self, *turns: Turn, provider: str = "scripted") -> None:
        self.provider, self.model = provider, "script-1"
        self.turns, self.requests = turns, list[ChatRequest]()

    async def stream(self, request: ChatRequest) -> AsyncIterator[Event]:
        self.requests.append(request)
        turn = self.turns[min(len(self.requests), len(self.turns)) - 1]
        if isinstance(turn, Exception):
            raise turn
        for event in turn(request) if callable(turn) else turn:
            yield event


def calls(*asked: tuple[str, dict[str, Any]]) -> list[Event]:
    """A turn that asks for tools; the ids are `c1`, `c2`, …"""
    return [*(ToolCall(f"c{i}", name, args) for i, (name, args) in enumerate(asked, 1)), Done("tool_use")]


def says(text: str, **report: Any) -> list[Event]:
    """A final turn: the text and its report."""
    return [
        TextDelta(text),
        ToolCall("r", "report", {"status": "answered", **report}),
        Done("end_turn", 10, 5),
    ]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def make_agent(home: Path) -> Callable[..., Agent]:
    """An Agent over scripted models, in a home of its own."""

    def make(*models: Any, knowledge: Any = None, **settings: Any) -> Agent:
        return Agent(
            Settings(home=home, **settings),
            models=models,
            knowledge=(lambda: knowledge) if knowledge else None,
        )

    return make
