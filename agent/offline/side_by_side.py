"""Several things side by side: one calculator run for each value of a field, and what the results come to.

Two are compared by their ratio, difference or change; of more, the one is told that the question looks for
("cheapest", "most"), with all of them ranked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from agent.offline.fitting.frame import Frame
from agent.offline.score import Question

PARTS = "abdefg"  # ends of the calls' ids; "c" is the comparison

_LEAST = re.compile(
    r"\b(cheap|low|small|few|short|light|slow)(er|est)\b|\b(least|less|fewer|fewest|minimum|min)\b", re.I
)
_GREATEST = re.compile(
    r"\b(high|great|larg|bigg|long|fast|quick|strong|dear)(er|est)\b|\b(most|more|maximum|max)\b", re.I
)
_FAST = re.compile(r"\b(fast|quick)(er|est)\b", re.I)


def argument_sets(frame: Frame) -> list[dict[str, Any]]:
    """The calculator's arguments, one set for each thing that is compared."""
    base = frame.arguments
    if not frame.pairs:
        return [base]
    count = min(len(values) for values in frame.pairs.values())
    return [base | {name: values[i] for name, values in frame.pairs.items()} for i in range(count)]


def comparison(question: Question, a: tuple[float, str], b: tuple[float, str]) -> tuple[float, str] | None:
    """What two results of one kind come to: their difference, the change in percent, else how many times the larger is the smaller."""
    high, low = max(a[0], b[0]), min(a[0], b[0])
    f = question.features
    if f.percent and not f.ratio:
        return (100 * (high - low) / a[0], "percent") if a[0] else None
    if f.difference and not f.ratio:
        return high - low, a[1]
    return (high / low, "dimensionless") if low else None


def ranked(question: Question, figures: Sequence[tuple[float, str] | None]) -> list[int]:
    """The places of the results that came out, the one first that the question looks for."""
    there = [i for i, figure in enumerate(figures) if figure is not None]
    unit = next((figure[1] for figure in figures if figure is not None), "")
    return sorted(
        there, key=lambda i: (figures[i] or (0.0, ""))[0], reverse=not _looks_for_least(question, unit)
    )


def _looks_for_least(question: Question, unit: str) -> bool:
    """Whether the smallest result is the best: as said, else of money and of time."""
    text = question.text
    costs = unit.startswith(("USD", "cent")) or unit in ("s", "second", "ms", "hour", "day", "year", "month")
    if _FAST.search(text):
        return unit in ("s", "second", "ms", "hour", "day")
    if _LEAST.search(text) and not _GREATEST.search(text):
        return True
    return costs and not _GREATEST.search(text)
