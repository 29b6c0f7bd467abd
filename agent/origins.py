"""Where each input of a calculation came from, when the model did not say.

The offline reader states origins itself. An LLM's arguments are traced: a number or name that stands in the
question came from the question, one that stands earlier in the thread from the thread, the rest is assumed.
"""

from __future__ import annotations

import re
from typing import Any

from agent.answer import Origin
from agent.chat import ToolCall
from tools.contract import CalculatorRun

_KNOWN: frozenset[str] = frozenset(("question", "thread", "catalogue", "default", "claim"))


def origins_of(call: ToolCall, run: CalculatorRun, question: str, earlier: str) -> dict[str, Origin]:
    """The origin of every input field of a run."""
    stated = {k: v for k, v in call.origins.items() if v in _KNOWN}
    origins: dict[str, Origin] = {}
    for field, value in run.input.items():
        if field in stated:
            origins[field] = stated[field]  # type: ignore[assignment]
        elif field not in call.arguments:
            origins[field] = "default"
        elif stated:
            origins[field] = "question"
        else:
            origins[field] = _traced(call.arguments[field], value, question, earlier)
    return origins


def _traced(typed: Any, value: Any, question: str, earlier: str) -> Origin:
    if _stands_in(typed, question) or _stands_in(value, question):
        return "question"
    if earlier and (_stands_in(typed, earlier) or _stands_in(value, earlier)):
        return "thread"
    return "default"


def _stands_in(value: Any, text: str) -> bool:
    """Whether a value is in the text, as a name or as a number in any of the ways people write it."""
    if isinstance(value, bool) or value is None:
        return False
    if isinstance(value, int | float):
        from agent.ledger_numbers import find_numbers

        return any(_same(m.value, float(value)) for m in find_numbers(text))
    if isinstance(value, list | tuple):
        return bool(value) and all(_stands_in(item, text) for item in value)
    if isinstance(value, dict):
        return all(_stands_in(item, text) for item in value.values())
    words = re.sub(r"[^a-z0-9]+", "", str(value).lower())
    return bool(words) and words in re.sub(r"[^a-z0-9]+", "", text.lower())


def _same(a: float, b: float) -> bool:
    scales = (1.0, 100.0, 0.01, 1e3, 1e-3)
    return any(abs(a * scale - b) <= 1e-6 * max(abs(b), 1e-12) for scale in scales)
