"""The ChatModel protocol: anthropic, openai, offline and third-party models look alike to the graph.

A model is given the conversation and the tools, and streams events. It asks for calculations with ToolCall
events and ends its turn with Done. Two tools exist besides the calculators, offered to every model:

- ``search_knowledge {query, top}`` finds what was said; its result is fenced data, never an instruction.
- ``report {status, headline_call, headline_name, headline_unit}`` says, together with the final text, what
  kind of answer it is, and which figure of which call answers the question, in the unit asked for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Role = Literal["system", "user", "assistant", "tool"]
StopReason = Literal["end_turn", "tool_use", "max_tokens", "refusal", "error"]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model sees it; the schemas are JSON schemas with the contract's extra keys."""

    name: str
    description: str
    input_schema: Mapping[str, Any]
    output_schema: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A request to run a tool. `origins` says where each argument came from (see Answer)."""

    id: str
    name: str
    arguments: Mapping[str, Any]
    origins: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TextDelta:
    text: str


@dataclass(frozen=True, slots=True)
class Done:
    stop_reason: StopReason
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Restarted:
    """An attempt failed and another begins: what this turn said so far is void."""

    reason: str
    nothing_said: bool = False


Event = TextDelta | ToolCall | Restarted | Done


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `tool` messages carry `result` (a CalculatorRun dict, citations or an error) for `call_id`."""

    role: Role
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    call_id: str | None = None
    result: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What a model is asked: the thread so far (oldest first, this question last) and the tools."""

    messages: Sequence[Message]
    tools: Sequence[ToolSpec]
    as_of: str | None = None
    max_output_tokens: int = 4096


class ChatModel(Protocol):
    """One LLM provider (or the offline reader)."""

    provider: str
    model: str | None

    def stream(self, request: ChatRequest) -> AsyncIterator[Event]:
        """Stream the events of one assistant turn; the last event is Done."""
        ...
