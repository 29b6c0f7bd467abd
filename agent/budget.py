"""The budget of one answer, in dollars and tokens: what the next turn of a model may still cost.

A turn is not started unless its input and a few words of output fit into what is left, and it may write no more than
that, so that an answer stays within its budget whatever a model does. Prices are the price library's; a model that it
does not know is held by the tokens alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from itertools import takewhile

from agent.answer import Usage
from agent.chat import ChatModel, ChatRequest, Done, Message, ToolSpec
from agent.cost import usd
from agent.errors import AgentError
from agent.models import OFFLINE
from agent.providers.parts import tool_description, tool_schema
from agent.settings import Settings

LEAST_OUTPUT = 256  # tokens: fewer would only buy a cut sentence
CHARS_PER_TOKEN = 3.5  # a careful guess for English and JSON: it counts rather too many tokens than too few


class BudgetSpent(AgentError):
    """The next turn does not fit into the answer's budget."""


def output_tokens_left(settings: Settings, model: ChatModel, usage: Usage | None, input_tokens: int) -> int:
    """How many tokens the next turn may write when it reads `input_tokens`; negative when it cannot even read them."""
    used = usage or Usage()
    tokens = settings.max_tokens_per_answer - used.input_tokens - used.output_tokens - input_tokens
    each = usd(model.provider, model.model, Done("end_turn", 0, 1000)) / 1000
    if model.provider == OFFLINE or not each:
        return tokens
    left = settings.max_usd_per_answer - used.usd
    left -= usd(model.provider, model.model, Done("end_turn", input_tokens, 0))
    return min(tokens, int(left / each))


def within(
    settings: Settings, model: ChatModel, usage: Usage | None, request: ChatRequest, read: int | None
) -> int:
    """The most tokens this request may be answered with. BudgetSpent when that is next to nothing.

    `read` is what the last turn read and wrote, in tokens: the next reads that and what was said since.
    """
    left = output_tokens_left(settings, model, usage, estimated_input(request, read))
    if left < LEAST_OUTPUT:
        raise BudgetSpent(
            f"the answer's budget (${settings.max_usd_per_answer:g}, {settings.max_tokens_per_answer:,} tokens) "
            "leaves no room for another turn"
        )
    return min(left, request.max_output_tokens)


def estimated_input(request: ChatRequest, read: int | None = None) -> int:
    """About how many tokens a request is."""
    if read is not None:
        since = takewhile(lambda message: message.role != "assistant", reversed(request.messages))
        return read + int(sum(map(_chars, since)) / CHARS_PER_TOKEN)
    chars = sum(map(_chars, request.messages)) + _tool_chars(_Same(request.tools))
    return int(chars / CHARS_PER_TOKEN)


def _chars(message: Message) -> int:
    said = len(message.text) + sum(len(str(c.arguments)) for c in message.tool_calls)
    return said + (len(json.dumps(dict(message.result), default=str)) if message.result is not None else 0)


class _Same:
    """The tools as a key of the cache: schemas do not hash, and every request brings the same tuple."""

    def __init__(self, tools: Sequence[ToolSpec]) -> None:
        self.tools = tools

    def __hash__(self) -> int:
        return id(self.tools)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.tools is other.tools


@lru_cache(maxsize=8)
def _tool_chars(same: _Same) -> int:
    return sum(len(json.dumps(tool_schema(t))) + len(tool_description(t)) for t in same.tools)
