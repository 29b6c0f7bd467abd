"""The number ledger: every number of an answer's text traces to a result, a citation or the question.

A number is supported when something the answer rests on has the same value, rounded as far as the text rounds it
and converted to the unit the text uses. Evidence is looked at in order of cost: figures and inputs first, then
the other numbers of the results, then the texts (formulas, passages, question), parsed only while a number is
still open. A match that rests on a bare number (no unit on the evidence's side) must be exact to the digits
written; "about" widens a match only between quantities whose units agree.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from agent.answer import Answer, Ledger, ToolResult
from agent.ledger_numbers import Mention, find_numbers
from agent.ledger_words import periods_said, ranges_said, shares_said
from agent.offline.reading.measure import Unit, parse_unit
from tools.errors import RackrateError

_NAME = re.compile(r"(?=[^\s]*[A-Za-z])(?=[^\s]*\d)[A-Za-z0-9][\w.-]{1,60}")
# Sizes in a name (405b, 80gb, nvl72, v5e-256); not its version or its generation, which would vouch for any "5"
_IN_NAME = re.compile(
    r"(?:(\d+(?:\.\d+)?)([kKmMbBtT]|[gGtT][bB])|(?:(?<=[nN][vV][lL])|(?<=[a-z]-))(\d{2,4}))(?![A-Za-z0-9])"
)
_NAME_SCALE = {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12, "gb": 1.0, "tb": 1.0}
_DOLLARS = parse_unit("USD")
_PERIOD_IN_NAME = re.compile(r"_per_(second|hour|day|week|month|quarter|year)\b")
MAX_DEPTH = 6
NARROW = 1.25
_MEASURED = frozenset(
    {"USD", "EUR", "GBP", "CHF", "JPY", "s", "byte", "J", "FLOP", "g", "m"}
)  # every other base unit counts things


@dataclass(frozen=True, slots=True)
class Evidence:
    """A number that is known, and its unit when it has one."""

    value: float
    unit: Unit | None = None
    said: bool = False  # read in a text, where "$4" may be short for "$4 an hour"
    short: bool = False  # a rate without what it is per
    fixed: bool = False  # a definition, which nobody rounds
    given: bool = False  # an input: where 10 % is kept free, 90 % is usable


# What holds by definition and needs no source: 100 %, 24 hours a day, 1,000 tokens a thousand …
_DEFINITIONS: tuple[Evidence, ...] = tuple(
    Evidence(value, parse_unit(unit), fixed=True)
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
    left = [(m, tuple((r, *_sizes(r)) for r in (m, *m.others))) for m in mentions]
    for stage in _stages(answer, earlier):
        if not left:
            break
        known = list(stage)
        left = [(m, readings) for m, readings in left if not _any_supports(known, readings)]
    return [m for m, _ in left]


def _any_supports(known: Sequence[Evidence], readings: Sequence[tuple[Mention, float, float]]) -> bool:
    for reading, least, most in readings:
        for evidence in known:
            if _may_support(evidence, reading, least, most) and _supports(evidence, reading):
                return True
    return False


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
    """Whether a known number is the one written, in one of the readings that its words allow."""
    return any(_supports(evidence, reading) for reading in (mention, *mention.others))


def _supports(evidence: Evidence, mention: Mention) -> bool:
    """Whether a known number is the one written, as far as the text rounds it."""
    if evidence.fixed:
        return any(
            abs(known - mention.value) <= 1e-3 * abs(known) for known, _ in _as_written(evidence, mention)
        )
    if mention.ends and any(
        _between(known, mention.ends) for known, exact in _as_written(evidence, mention) if not exact
    ):
        return True
    return any(
        _close(known, written, slack, exact, mention.about)
        or (not exact and _within(known, written, mention))
        for known, exact in _as_written(evidence, mention)
        for written, slack in _values(mention)
    )


def _sizes(mention: Mention) -> tuple[float, float]:
    """Between which sizes a number must lie that supports this reading, whatever its unit."""
    least, most = mention.ends or (math.inf, 0.0)
    for written, slack in _values(mention):
        size = abs(written)
        off = max(slack, size * max(mention.reach, 2e-3))
        least, most = min(least, size - off), max(most, size + off)
    return least - 1e-6 * most, most * (1 + 1e-6)


def _may_support(evidence: Evidence, mention: Mention, least: float, most: float) -> bool:
    """Whether a known number could be the one written, were its unit to fit: told by its size, which most have not."""
    value, known, written = abs(evidence.value), evidence.unit, mention.unit
    if written is None:
        return least <= value <= most or (known is not None and least <= value * known.factor <= most)
    if least <= value / written.factor <= most:
        return True
    if known is None:
        return least <= value <= most
    share = value * known.factor
    if least <= share / written.factor <= most or least <= share <= most:
        return True
    if share and least <= 1 / share / written.factor <= most:
        return True
    return evidence.given and least <= (1 - share) / written.factor <= most


def _values(mention: Mention) -> Iterator[tuple[float, float]]:
    slack = mention.slack
    yield mention.value, mention.loose if mention.about else slack
    for reading in mention.readings:
        scale = abs(reading / mention.value) if mention.value else 1.0
        yield reading, slack * scale


def _as_written(evidence: Evidence, mention: Mention) -> Iterator[tuple[float, bool]]:
    """The known number in the mention's unit, and whether it must match exactly; nothing when units differ."""
    value, unit = evidence.value, evidence.unit
    if mention.unit is not None and unit is not None:
        if evidence.short and any(power < 0 for _, power in mention.unit.dims):
            return  # a rate's short form says nothing of "per request"
        if _is_rate(unit) and value and _agree(mention.unit, _inverse(unit)):  # 5 tokens/J is 0.2 J/token
            yield 1 / (value * unit.factor * mention.unit.factor), False
        if _agree(mention.unit, unit):
            share = value * unit.factor
            yield share / mention.unit.factor, False
            if evidence.given and unit.bare and 0 < share < 1:
                yield (1 - share) / mention.unit.factor, True
        if (
            evidence.said
            and unit.dims == _DOLLARS.dims != mention.unit.dims
            and ("USD", 1) in mention.unit.dims
        ):
            yield value * unit.factor, True  # "$1.25 in, $10 out per million tokens"
        elif evidence.said and mention.unit.dims == _DOLLARS.dims and ("USD", 1) in unit.dims:
            yield value / mention.unit.factor, True
        return
    yield value, True
    if mention.unit is not None:
        if mention.unit.bare:  # "40 %" of a bare 0.4
            yield value / mention.unit.factor, True
    elif unit is not None:
        yield value * unit.factor, True


@lru_cache(maxsize=4096)
def _agree(a: Unit, b: Unit) -> bool:
    """Units of one dimension. What is counted may be left unsaid ("$2/hr"), but not differ (chips, requests)."""
    if _measured(a) != _measured(b):
        return False
    return all(
        not (one and other) or bool(one & other) for one, other in zip(_counted(a), _counted(b), strict=True)
    )


def _inverse(unit: Unit) -> Unit:
    return Unit(1 / unit.factor, tuple((name, -power) for name, power in unit.dims))


def _measured(unit: Unit) -> tuple[tuple[str, int], ...]:
    return tuple((name, power) for name, power in unit.dims if name in _MEASURED)


def _counted(unit: Unit) -> tuple[set[str], set[str]]:
    """Names of the things counted, above and below the stroke."""
    things = [(name, power) for name, power in unit.dims if name not in _MEASURED]
    return {n for n, power in things if power > 0}, {n for n, power in things if power < 0}


def _is_rate(unit: Unit) -> bool:
    """Whether a unit may be turned over: tokens/J, GB/USD, a period (2 s a step is 0.5 steps a second)."""
    powers = [power for _, power in unit.dims]
    return unit.dims in ((("s", 1),), (("s", -1),)) or (
        any(p > 0 for p in powers) and any(p < 0 for p in powers)
    )


def _between(known: float, ends: tuple[float, float]) -> bool:
    """Whether a narrow range ("6 to 7") holds the known number; the ends of a wide one must be known themselves."""
    return ends[0] * 1.01 < abs(known) < ends[1] * 0.99 and ends[1] <= ends[0] * NARROW


def _within(known: float, written: float, mention: Mention) -> bool:
    """Whether a bound ("more than 50", "nearly 60") is one that the known number is close to."""
    known, written = abs(known), abs(written)
    if mention.bound > 0:
        return written <= known <= written * (1 + mention.reach)
    return mention.bound < 0 and written * (1 - mention.reach) <= known <= written


def _close(known: float, written: float, slack: float, exact: bool, about: bool = False) -> bool:
    share = 0.01 if abs(written) >= 100 and not about else 0.02
    allowed = min(slack, share * abs(written)) if exact else slack
    return abs(abs(known) - abs(written)) <= allowed * (1 + 1e-9) + 1e-9 * abs(written)


def _of_run(run: ToolResult) -> Iterator[Evidence]:
    """Figures with their ranges, then every number of the input, the output and the table."""
    for figure in run.figures:
        for value in (figure.value, figure.low, figure.high):
            if value is not None:
                yield from _rated(value, figure.unit)
                yield from _by_name(value, figure.name, figure.unit)
    inputs, outputs = _field_units(run.tool)
    yield from (replace(e, given=True) for e in _of_fields(run.input, inputs))
    yield from _of_fields(run.output, outputs)
    yield from _of_value(run.table or {}, None, 0)


def _rated(value: float, unit: str) -> Iterator[Evidence]:
    """A figure, and for a rate its short form too: "from $0.31 to $0.45" of dollars per million tokens."""
    yield Evidence(value, parse_unit(unit))
    if "/" in unit:
        yield Evidence(value, parse_unit(unit.split("/")[0]), short=True)


def _by_name(value: float, name: str, unit: str) -> Iterator[Evidence]:
    """`revenue_usd_per_quarter` in USD is a rate, though its unit leaves that to the name."""
    period = _PERIOD_IN_NAME.search(name)
    if period and not parse_unit(unit).has("s"):
        named = {"quarter": "quarter_year"}.get(period[1], period[1])
        yield Evidence(value, parse_unit(unit) / parse_unit(named))


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
            yield from _by_name(float(value), name, unit)
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
    for digits, suffix, plain in _IN_NAME.findall(name):
        yield Evidence(float(plain or digits) * _NAME_SCALE.get(suffix.lower(), 1.0))


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
    return read_text(text) if text else ()


@lru_cache(maxsize=2048)  # the same assumptions, sources and passages come back in many answers
def read_text(text: str) -> tuple[Evidence, ...]:
    """Every number that a text knows: its quantities, the sizes in its names."""
    found = list[Evidence]()
    for mention in find_numbers(text):
        found.append(Evidence(mention.value, mention.unit, said=True))
        found += (Evidence(reading) for reading in mention.readings)
    found += (Evidence(share) for share in shares_said(text))
    found += (Evidence(count, unit, said=True) for count, unit in periods_said(text))
    found += (Evidence(count, said=True) for count in ranges_said(text))
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
