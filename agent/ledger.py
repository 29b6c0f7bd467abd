"""The number ledger: every number of an answer's text traces to a result, a citation or the question.

A number is supported when something the answer rests on has the same value, rounded as far as the text rounds it
and converted to the unit the text uses. Evidence is looked at in order of cost: figures and inputs first, then
the other numbers of the results, then the texts (formulas, passages, question), parsed only while a number is
still open. A match that rests on a bare number (no unit on the evidence's side) must be exact to the digits
written; "about" widens a match only between quantities whose units agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from agent.answer import Answer, Ledger, ToolResult
from agent.ledger_numbers import ABOUT_TOLERANCE, Mention, find_numbers
from agent.offline.measure import COUNTS, Unit, parse_unit, without_counts
from tools.errors import RackrateError

_NAME = re.compile(r"(?=[^\s]*[A-Za-z])(?=[^\s]*\d)[A-Za-z0-9][\w.-]{1,60}")
_IN_NAME = re.compile(r"(\d+(?:\.\d+)?)([kKmMbBtT]|[gGtT][bB])?(?![A-Za-z0-9])")
_NAME_SCALE = {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12, "gb": 1.0, "tb": 1.0}
_DOLLARS = parse_unit("USD")
MAX_DEPTH = 6
BOUND_REACH = 0.2
NARROW = 1.25


@dataclass(frozen=True, slots=True)
class Evidence:
    """A number that is known, and its unit when it has one."""

    value: float
    unit: Unit | None = None
    said: bool = False  # read in a text, where "$4" may be short for "$4 an hour"
    given: bool = False  # an input: where 10 % is kept free, 90 % is usable


# What holds by definition and needs no source: 100 %, 24 hours a day, 1,000 tokens a thousand …
_DEFINITIONS: tuple[Evidence, ...] = tuple(
    Evidence(value, parse_unit(unit))
    for value, unit in (
        (100.0, "percent"), (24.0, "hour"), (365.0, "day"), (8760.0, "hour"), (12.0, "month"), (60.0, "minute"),
        (60.0, "second"), (7.0, "day"), (8.0, "bit"), (52.0, "week"),
        (1.0, "token"), (1.0, "request"), (1.0, "chip"), (1.0, "year"), (1.0, "hour"), (1.0, "month"), (1.0, "dimensionless"),
    )
)  # fmt: skip


def check(answer: Answer, earlier: Sequence[str] = (), limits: Sequence[float] = ()) -> Ledger:
    """The ledger of an answer.

    `earlier` are the texts of the thread so far, whose numbers count as known; `limits` the bounds of the
    calculators' fields, which an answer that calls a value impossible may name.
    """
    mentions = find_numbers(answer.text, names_in(answer.tool_calls))
    unsupported = open_mentions(mentions, answer, earlier)
    known = [Evidence(limit) for limit in limits]
    unsupported = [m for m in unsupported if not any(supports(e, m) for e in known)]
    return Ledger(checked=len(mentions), unsupported=list(dict.fromkeys(m.text for m in unsupported)))


def open_mentions(mentions: Sequence[Mention], answer: Answer, earlier: Sequence[str] = ()) -> list[Mention]:
    """The mentions that nothing supports."""
    left = list(mentions)
    for stage in _stages(answer, earlier):
        if not left:
            break
        known = list(stage)
        left = [m for m in left if not any(supports(e, m) for e in known)]
    return left


def _stages(answer: Answer, earlier: Sequence[str]) -> Iterator[Iterable[Evidence]]:
    good = [run for run in answer.tool_calls if not run.error]
    yield _DEFINITIONS
    yield (e for run in good for e in _of_run(run))
    yield _of_text(answer.question)
    yield (e for run in good for e in _of_texts(_run_texts(run)))
    if answer.status != "answered":  # else a call that fails would vouch for any number put into it
        yield (e for run in answer.tool_calls if run.error for e in _of_failed(run))
    yield _of_texts(f"{c.title} {c.text}" for c in answer.citations)
    yield _of_texts(earlier)


def supports(evidence: Evidence, mention: Mention) -> bool:
    """Whether a known number is the one written, as far as the text rounds it."""
    for known, exact in _as_written(evidence, mention):  # plain loops: the ledger is asked this most often
        if mention.ends and not exact and _between(known, mention.ends):
            return True
        for written, slack in _values(mention):
            if _close(known, written, slack, exact):
                return True
            if not exact and mention.bound and _within(known, written, mention.bound):
                return True
    return False


def _values(mention: Mention) -> list[tuple[float, float]]:
    """What a mention may stand for, each with its slack."""
    value, slack = mention.value, mention.slack
    found = [(value, max(slack, ABOUT_TOLERANCE * abs(value)) if mention.about else slack)]
    for reading in mention.readings:
        found.append((reading, slack * (abs(reading / value) if value else 1.0)))
    return found


def _as_written(evidence: Evidence, mention: Mention) -> list[tuple[float, bool]]:
    """The known number in the mention's unit, and whether it must match exactly; nothing when units differ."""
    value, unit, wanted = evidence.value, evidence.unit, mention.unit
    if wanted is None:
        return [(value, True)] if unit is None else [(value, True), (value * unit.factor, True)]
    if unit is None:  # "40 %" of a bare 0.4
        return [(value, True), (value / wanted.factor, True)] if wanted.bare else [(value, True)]
    if _agree(wanted.dims, unit.dims):
        share = value * unit.factor
        found = [(share / wanted.factor, False)]
        if evidence.given and unit.bare and 0 < share < 1:
            found.append(((1 - share) / wanted.factor, True))
        return found
    if evidence.said and unit.dims == _DOLLARS.dims and ("USD", 1) in wanted.dims:
        return [(value * unit.factor, True)]
    if evidence.said and wanted.dims == _DOLLARS.dims and ("USD", 1) in unit.dims:
        return [(value / wanted.factor, True)]
    return []


Dims = tuple[tuple[str, int], ...]


@lru_cache(maxsize=4096)
def _agree(a: Dims, b: Dims) -> bool:
    """Units of one dimension. What is counted may be left unsaid ("$2/hr"), but not differ (chips, requests)."""
    if without_counts(Unit(1.0, a)) != without_counts(Unit(1.0, b)):
        return False
    one, other = _counted(a), _counted(b)
    return not (one and other) or bool(one & other)


def _counted(dims: Dims) -> set[str]:
    return {name for name, power in dims if name in COUNTS and power > 0}


def _between(known: float, ends: tuple[float, float]) -> bool:
    """Whether a narrow range ("6 to 7") holds the known number; the ends of a wide one must be known themselves."""
    return ends[0] * 1.01 < abs(known) < ends[1] * 0.99 and ends[1] <= ends[0] * NARROW


def _within(known: float, written: float, bound: int) -> bool:
    """Whether a bound ("more than 50", "nearly 60") is one that the known number is close to."""
    known, written = abs(known), abs(written)
    if bound > 0:
        return written <= known <= written * (1 + BOUND_REACH)
    return bound < 0 and written * (1 - BOUND_REACH) <= known <= written


def _close(known: float, written: float, slack: float, exact: bool) -> bool:
    allowed = min(slack, (0.005 if abs(written) >= 100 else 0.02) * abs(written)) if exact else slack
    return abs(abs(known) - abs(written)) <= allowed * (1 + 1e-9) + 1e-9 * abs(written)


def _of_run(run: ToolResult) -> Iterator[Evidence]:
    """Figures with their ranges, then every number of the input, the output and the table."""
    for figure in run.figures:
        for value in (figure.value, figure.low, figure.high):
            if value is not None:
                yield from _rated(value, figure.unit)
    inputs, outputs = _field_units(run.tool)
    yield from (replace(e, given=True) for e in _of_fields(run.input, inputs))
    yield from _of_fields(run.output, outputs)
    yield from _of_value(run.table or {}, None, 0)


def _rated(value: float, unit: str) -> Iterator[Evidence]:
    """A figure, and for a rate its short form too: "from $0.31 to $0.45" of dollars per million tokens."""
    yield Evidence(value, parse_unit(unit))
    if "/" in unit:
        yield Evidence(value, parse_unit(unit.split("/")[0]))


def _field_units(tool: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    from tools import registry

    try:
        calculator = registry.get(tool)
    except RackrateError:
        return {}, {}
    return calculator.fields, calculator.outputs


def _of_fields(values: Mapping[str, Any], fields: Mapping[str, Any]) -> Iterator[Evidence]:
    for name, value in values.items():
        unit = fields.get(name, {}).get("unit")
        if unit and isinstance(value, int | float) and not isinstance(value, bool):
            yield from _rated(float(value), unit)
        else:
            yield from _of_value(value, parse_unit(unit) if unit else None, 0)


def _of_value(value: Any, unit: Unit | None, depth: int) -> Iterator[Evidence]:
    """Every number inside a value: numbers, numbers in names and texts, and how many entries a list has."""
    if isinstance(value, bool) or value is None or depth > MAX_DEPTH:
        return
    if isinstance(value, int | float):
        yield Evidence(float(value), unit)
    elif isinstance(value, str):
        yield from _of_name(value) if _NAME.fullmatch(value) else _of_text(value)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _of_value(inner, unit, depth + 1)
    elif isinstance(value, list | tuple):
        yield Evidence(float(len(value)))
        for inner in value:
            yield from _of_value(inner, unit, depth + 1)


def _of_name(name: str) -> Iterator[Evidence]:
    """Numbers that stand in a name: the 405 billion of `llama-3.1-405b`, the 80 of `a100-80gb`."""
    for digits, suffix in _IN_NAME.findall(name):
        yield Evidence(float(digits) * _NAME_SCALE.get(suffix.lower(), 1.0))


def _run_texts(run: ToolResult) -> Iterator[str]:
    yield run.formula
    yield from run.assumptions
    yield from run.warnings
    for source in run.sources:
        yield from (str(source.get(key) or "") for key in ("title", "says"))


def _of_failed(run: ToolResult) -> Iterator[Evidence]:
    """A failed call supports talk about its own values and limits."""
    yield from _of_value(run.input, None, 0)
    yield from _of_text(run.error or "")


def _of_texts(texts: Iterable[str]) -> Iterator[Evidence]:
    for text in texts:
        yield from _of_text(text)


def _of_text(text: str) -> tuple[Evidence, ...]:
    return _read_text(text) if text else ()


@lru_cache(maxsize=2048)  # the same assumptions, sources and passages come back in many answers
def _read_text(text: str) -> tuple[Evidence, ...]:
    found = list[Evidence]()
    for mention in find_numbers(text):
        found.append(Evidence(mention.value, mention.unit, said=True))
        found += (Evidence(reading) for reading in mention.readings)
    for name in _NAME.findall(text):
        found += _of_name(name)
    return tuple(found)


def names_in(runs: Sequence[ToolResult]) -> list[str]:
    """Names with digits that the calls were about (chips, models, laws): they are no numbers in the text."""
    found: dict[str, None] = {}
    for run in runs:
        for value in (*run.input.values(), *run.output.values()):
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, str) and _NAME.fullmatch(item) and not _is_quantity(item):
                    found[item] = None
    return list(found)


@lru_cache(maxsize=4096)
def _is_quantity(text: str) -> bool:
    """`12k`, `80GB` and the like are quantities, not names."""
    mentions = find_numbers(text)
    return len(mentions) == 1 and mentions[0].text == text
