"""What speaks against a reading that came out: numbers it ignores, a result nobody can have asked for.

A fault is a sentence about the reading, not about the calculator. Readings without one are preferred; when every
reading has one, the answer is withheld and the question that would settle it is asked instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.offline.reading.measure import Unit, parse_unit, without_counts
from agent.offline.reading.reading import Quantity
from agent.offline.score import Question, is_salient

if TYPE_CHECKING:
    from agent.offline.decide import Choice

HUGE = 1e15  # things; more than anybody counts
PERCENT = 1000.0  # a share or a change beyond ten times is asked for as a factor
_OF_WHOLE = re.compile(
    r"\b(percent|percentage|share|fraction|proportion|%) of (all|the (total|whole|sum|overall)|everything)\b",
    re.I,
)
_BIGGER = re.compile(
    r"\b(how (many|much) times|by (what|which|how much) (a )?factor|what factor|factor)\b.{0,60}\b(bigger|larger|greater|longer|faster|higher|dearer|more expensive)\b",
    re.I,
)
_COUNTED = frozenset({"chip", "person", "server", "rack", "request", "link", "hop", "year", "month", "day"})


def faults(question: Question, choice: Choice) -> list[str]:
    """The faults of one reading that ran, worst first; empty when nothing speaks against it."""
    if not choice.ok or choice.want is None:
        return []
    found = ignored(question, choice)
    figure = choice.trial.figures.get(choice.want.name)
    if figure is None:
        return found
    value, unit_text = figure
    unit = parse_unit(unit_text)
    found += ["unit"] if _other_kind(question, unit, unit_text) else []
    found += ["echo"] if _echoes(question, choice, value, unit) else []
    found += (
        ["inverse"]
        if unit.bare and unit.factor == 1 and 0 < value < 1 and _BIGGER.search(question.text)
        else []
    )
    found += ["absurd"] if _absurd(question, value, unit, unit_text) else []
    return found


def ignored(question: Question, choice: Choice) -> list[str]:
    """The numbers of the question that are left over, or that fill a field the result does not depend on."""
    quantities = question.reading.quantities
    left = [i for i in choice.frame.unused if is_salient(question, i)]
    for name in sorted(choice.idle):
        f = choice.frame.spec.by_name.get(name)
        if (f is not None and f.aside) or cancels(question, choice, choice.frame.fills[name].quantities):
            continue
        left += [i for i in choice.frame.fills[name].quantities if is_salient(question, i)]
    used = {i for n, f in choice.frame.fills.items() if n not in choice.idle for i in f.quantities}
    if choice.sum is None:  # "the price halves" and the reading knows nothing of it
        left += [i for i, q in enumerate(quantities) if "verbal" in q.marks and i not in used]
    return [
        f"ignored {_said(question, quantities[i])}"
        for i in dict.fromkeys(left)
        if not _said_again(quantities, i, used)
        and not _format_again(question, quantities[i])
        and not _comes_out(quantities[i], choice)
    ]


def cancels(question: Question, choice: Choice, members: Sequence[int]) -> bool:
    """The one amount of its kind leaves no trace in a share or a factor: "by what percent does the cost of a $9,000 box fall"."""
    wanted = question.features.wanted.unit
    if (
        wanted is None
        or wanted.dims
        or choice.want is None
        or choice.want.unit is None
        or choice.want.unit.dims
    ):
        return False
    quantities = question.reading.quantities
    return all(
        quantities[i].unit.dims and all(k == i or q.unit.dims != quantities[i].unit.dims for k, q in enumerate(quantities))
        for i in members
    )  # fmt: skip


def _said_again(quantities: Sequence[Quantity], i: int, used: set[int]) -> bool:
    """A number said twice ("a 4-dim, sorry, 4x4x4 torus") is used when one of the two is."""
    q = quantities[i]
    return any(k != i and quantities[k].value == q.value and (not q.marked or quantities[k].unit_text == q.unit_text) for k in used)  # fmt: skip


def _format_again(question: Question, q: Quantity) -> bool:
    """ "bf16, 2 bytes read a parameter": what the number format says already."""
    return bool(question.precisions) and q.unit_text == "byte" and q.value <= 4


def _comes_out(q: Quantity, choice: Choice) -> bool:
    """A number that is a result of the run as well ("the 33.33B of the ladder 30M, 300M, …") agrees with it."""
    size = abs(q.value) * q.unit.factor
    for name, (value, unit_text) in choice.trial.figures.items():
        unit = parse_unit(unit_text)
        alike = not q.marked or without_counts(unit) == without_counts(q.unit)
        given = choice.frame.fills.get(name)
        if alike and given is None and size and abs(abs(value) * unit.factor - size) <= 2e-3 * size:
            return True
    return False


def withheld(found: Sequence[str], asked: str) -> str:
    """What to ask instead of answering, "" where the faults are too slight to withhold an answer."""
    left = [w if any(c.isdigit() for c in w) else f"“{w}”" for w in said_ignored(found)]
    if left:
        return f"I am not sure how {_and(left)} enters. Do you want {asked[:1].lower() + asked[1:]}, and what does {_and(left)} say of it?"
    if "unit" in found or "absurd" in found or "same" in found:
        return "I read the numbers, but not what they should come to. Which quantity do you want, and in which unit?"
    return ""


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def said_ignored(found: Sequence[str]) -> list[str]:
    """The numbers named by faults of the kind "ignored"."""
    return [f.removeprefix("ignored ") for f in found if f.startswith("ignored ")]


def _said(question: Question, q: Quantity) -> str:
    return question.text[q.start : q.end].strip()


def _other_kind(question: Question, unit: Unit, unit_text: str) -> bool:
    """Whether the question names a unit that the result cannot be said in."""
    wanted = question.features.wanted
    if wanted.unit is None or not wanted.explicit or wanted.unit.dims == unit.dims or not unit.dims:
        return False
    if {wanted.unit.dims, unit.dims} == {(("person", 1),), (("request", 1),)}:
        return False
    if not wanted.unit.dims:
        return wanted.unit_text == "percent" or not unit.has("USD")
    plain, asked = without_counts(unit), without_counts(wanted.unit)
    if plain == asked:
        return not plain and {n for n, p in unit.dims if p > 0} != {n for n, p in wanted.unit.dims if p > 0}
    return not (unit.has("USD") and wanted.unit.has("USD"))


def _echoes(question: Question, choice: Choice, value: float, unit: Unit) -> bool:
    """Whether the result is one of the question's own numbers, its negative or (for a factor) its inverse."""
    if choice.sum is not None or question.features.yes_no or question.features.check or value in (0.0, 1.0):
        return False
    used = {i for fill in choice.frame.fills.values() for i in fill.quantities}
    size = abs(value) * unit.factor
    for i in used:
        q = question.reading.quantities[i]
        if q.low is not None or not q.value or without_counts(q.unit) != without_counts(unit):
            continue
        given = abs(q.value) * q.unit.factor
        if _near(size, given) or (
            not unit.dims and q.marked and unit.factor == 1 and _near(size * given, 1.0)
        ):
            return True
    return False


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-9 * max(abs(a), abs(b))


def _absurd(question: Question, value: float, unit: Unit, unit_text: str) -> bool:
    """Nothing where something is asked for, more things than there are, a change of thousands of percent."""
    share = unit_text == "percent" or (
        unit_text in ("", "dimensionless") and question.features.wanted.unit_text == "percent"
    )
    if share and value * unit.factor > 1 and _OF_WHOLE.search(question.text):
        return True  # a share of a whole is at most all of it
    if unit_text == "percent":
        return (abs(value) > PERCENT and question.features.wanted.unit_text != "percent") or abs(value) > 1e6
    if unit_text in _COUNTED:
        return value <= 0 or value > HUGE
    return unit_text == "USD" and abs(value) > HUGE
