"""What travels along the graph's edges while one question is answered."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypedDict

from agent.answer import Answer, Status, ToolResult, Usage
from agent.chat import Message, ToolCall
from agent.tracing import Answering
from knowledge.citation import Citation


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one tool call came to: what the model is told, and what the Answer will hold."""

    call: ToolCall
    message: Mapping[str, Any]
    run: ToolResult | None = None
    citations: tuple[Citation, ...] = ()
    warnings: tuple[str, ...] = ()  # of a search; those of a calculation are in its run

    @property
    def failed(self) -> bool:
        return "error" in self.message


due_at: ContextVar[float] = ContextVar("due_at")
"""Event-loop time at which the answer is due. Not part of the State, which another process may go on with."""


trace_of: ContextVar[Answering | None] = ContextVar("trace_of", default=None)
"""The spans of this answer; None when tracing is off."""


class State(TypedDict, total=False):
    """One question on its way through the graph. Each node returns the keys it changes."""

    question: str
    thread: str | None
    as_of: str | None
    history: list[Message]  # earlier turns of the thread, oldest first
    messages: list[Message]  # this turn: the user's message, then what followed
    outcomes: list[Outcome]
    pending: tuple[ToolCall, ...]  # calls the model asked for that have not run
    rounds: int
    repairs: int
    failed_rounds: int  # rounds in which a call failed
    serving: int  # which of the models answers: 0, or a later one after a failover
    text: str
    report: Mapping[str, Any] | None
    status: Status
    warnings: list[str]
    usage: Usage
    read: int | None  # tokens that the last turn of the serving model read and wrote
    answer: Answer
