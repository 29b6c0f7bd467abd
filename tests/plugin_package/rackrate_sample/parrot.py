"""A chat model that asks for one calculation and says its result."""

from __future__ import annotations

from collections.abc import AsyncIterator

from agent.chat import ChatRequest, Done, Event, TextDelta, ToolCall


class Parrot:
    """Says how long a crane needs for ten racks, whatever it is asked."""

    provider = "parrot"
    model = "parrot-1"

    async def stream(self, request: ChatRequest) -> AsyncIterator[Event]:
        if request.messages[-1].role == "user":
            yield ToolCall("p1", "crane_hours", {"n_racks": 10, "minutes_per_lift": 30})
            yield Done("tool_use")
            return
        yield TextDelta("**5 hours** of crane time.")
        yield ToolCall(
            "p2", "report", {"status": "answered", "headline_call": "p1", "headline_name": "crane_hours"}
        )
        yield Done("end_turn")
