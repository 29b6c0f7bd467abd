"""Questions about results: what came out before stands in the next question, is compared with another, or shared out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from agent.offline.decide import ARITHMETIC, Choice, Decider, readable
from agent.offline.fitting.frame import Fill, Frame
from agent.offline.reading.measure import parse_unit
from agent.offline.reading.written_units import spelled_unit
from agent.offline.score import Question, is_salient
from agent.offline.talk.follow import refers_back

_SPOKEN = {"chip": "GPUs", "request": "requests", "token": "tokens", "person": "people", "server": "servers", "rack": "racks", "param": "parameters"}  # fmt: skip
_SAYS_PER = re.compile(r"_per_([a-z]+)$")
_PER_ONE = re.compile(
    r"^\W*(?:(?:no|and|so|i|mean|meant|sorry|but|ok|okay|rather|what|about|how|just|that|is|it|as|a|,)\b\W*)*"
    r"(?:per|for (?:each|one|every|a single)|for just one|each|a) ([a-z]+)(?: (?:please|instead|then|i mean))?\W*$",
    re.I,
)
_FEWER = re.compile(r"\b(more|less|fewer|cheaper|better|worse|dearer|higher|lower|bigger|larger|smaller|faster|slower|longer|shorter|as (much|many)|apart|difference|gap)\b", re.I)  # fmt: skip


_EARLIER = re.compile(
    r"\b(before|earlier|previous|first|last (one|time|answer)|the two|both|compared)\b", re.I
)


def told(choice: Choice, question: Question) -> str:
    """A result as the opening of the next question: "Cost of one request: $0.018 per request." """
    if choice.value is None:
        return ""
    value, unit = choice.value
    name = choice.want.name if choice.want is not None else ""
    per = _SAYS_PER.search(name)
    amount = _spoken(value, unit) + (
        f" per {per.group(1)}" if per is not None and "/" not in unit and unit == "USD" else ""
    )
    computed = choice.want is not None and choice.frame.spec.name != ARITHMETIC
    label = readable(choice.want) if computed and choice.want is not None else _of_what(question, unit)
    label = _AMOUNT.sub("", label).strip()
    return f"{label}: {amount}. " if label else f"That is {amount}. "


_AMOUNT = re.compile(
    r"\bof an? (million|thousand|single) .*$"
)  # "of a million output tokens": said by the unit


def _of_what(question: Question, unit: str) -> str:
    """What a sum is of, by the words after an amount of its kind: "1.4 kW of IT power each" says IT power."""
    tokens = question.reading.tokens
    for q in question.reading.quantities:
        if not q.unit.dims or q.unit.dims != parse_unit(unit).dims:
            continue
        words = []
        for t in tokens[q.last : q.last + 4]:
            if not t.is_word or t.low in _ENDS:
                break
            words.append(t.text)
        said = [w for w in words if w.lower() not in ("of", "the", "in", "total", "a", "an")]
        if said:
            return " ".join(said)
        before = _BEFORE.search(question.text[: q.start])
        if before is not None:
            return before.group(1)
    return ""


_BEFORE = re.compile(
    r"\b([a-z]{4,})(?: (?:per|a|an|of an?|of each|for each) [a-z]+)? (?:is|are|of|at|was) \$?$", re.I
)


_ENDS = frozenset(
    [
        "each",
        "every",
        "per",
        "apiece",
        "and",
        "at",
        "with",
        "for",
        "how",
        "what",
        "which",
        "is",
        "are",
        "that",
        "to",
        "on",
    ]
)


def _spoken(value: float, unit: str) -> str:
    """A figure as a person would type it."""
    head, *per = unit.split("/")
    number = f"{value:.10g}" if abs(value) < 1e15 else f"{value:g}"
    after = "".join(f" per {p.replace('Mtoken', 'million tokens')}" for p in per)
    if head in ("", "dimensionless"):
        return f"{number} times" if not per else number + after
    if head == "USD":
        return f"${number}{after}"
    if head == "percent":
        return f"{number}%{after}"
    return f"{number} {_SPOKEN.get(head, head)}{after}"


def arithmetic(
    decider: Decider, expression: str, values: dict[str, tuple[float, str]], unit: str = ""
) -> Choice | None:
    """A sum of results as a reading; None when it does not come out."""
    spec = decider.reader.library.specs.get(ARITHMETIC)
    if spec is None:
        return None
    said = {k: f"{v:.15g} {u}" if u not in ("", "dimensionless") else v for k, (v, u) in values.items()}
    arguments: dict[str, Any] = {"expression": expression, "variables": said} | (
        {"unit": unit} if unit else {}
    )
    frame = Frame(spec, {k: Fill(v, origin="thread") for k, v in arguments.items()})
    trial = decider.trials(spec.name, arguments)
    return Choice(frame, trial, 0.0, spec.out_by_name.get("value"), sure=0.9) if trial.kind == "ok" else None


def compared(decider: Decider, question: Question, results: Sequence[Choice]) -> Choice | None:
    """ "How many times more is that?": the last result against the one before, or against the one of the thing named."""
    f = question.features
    asked = f.ratio or f.percent or f.difference
    if (
        not asked
        or len(results) < 2
        or any(is_salient(question, i) for i in range(len(question.reading.quantities)))
    ):
        return None
    other = _other(question, results)
    named = bool(question.reading.mentions) or bool(_EARLIER.search(question.text))
    if other is None or not (named or (_FEWER.search(question.text) and refers_back(question.text))):
        return None
    a, b = results[-1].value, other.value
    if a is None or b is None or not a[0] or not b[0] or parse_unit(a[1]).dims != parse_unit(b[1]).dims:
        return None
    values = {"a": a, "b": b}
    high, low = ("a", "b") if a[0] * parse_unit(a[1]).factor >= b[0] * parse_unit(b[1]).factor else ("b", "a")
    if f.ratio and not (f.percent and not re.search(r"\btimes\b", question.text)):
        return arithmetic(decider, f"{high} / {low}" if _FEWER.search(question.text) else "a / b", values)
    if f.percent:
        return arithmetic(decider, f"({high} - {low}) / b", values, "percent")
    return arithmetic(decider, f"{high} - {low}", values, a[1] if a[1] != "dimensionless" else "")


def _other(question: Question, results: Sequence[Choice]) -> Choice | None:
    """The result to compare with: of the thing named, else the one before the last."""
    named = {str(v) for m in question.reading.mentions for v in m.kinds.values()}
    earlier = results[:-1]
    if named:
        return next(
            (r for r in reversed(earlier) if named & {str(v) for v in r.frame.arguments.values()}), None
        )
    return earlier[-1]


def for_one(decider: Decider, question: Question, before: Choice, asked: Sequence[Question]) -> Choice | None:
    """ "No, per GPU": the same with one of the things that were counted, or the result shared out among them."""
    match = _PER_ONE.match(question.text)
    unit = spelled_unit(match.group(1)) if match is not None else ""
    if not unit or not before.ok or before.value is None:
        return None
    dims = parse_unit(unit).dims
    frame = before.frame
    counts = [
        n
        for n in frame.fills
        if n in frame.spec.by_name and (u := frame.spec.by_name[n].unit) is not None and u.dims == dims
    ]
    if len(counts) == 1 and frame.spec.name != ARITHMETIC and dims:
        fills = {n: replace(f, origin="thread", quantities=()) for n, f in frame.fills.items()}
        fills[counts[0]] = Fill(1)
        trial = decider.trials(frame.spec.name, {n: f.value for n, f in fills.items()})
        if trial.kind == "ok":
            return Choice(Frame(frame.spec, fills), trial, 0.0, before.want, sure=0.9)
    counted = (
        [q for q in a.reading.quantities if q.unit.dims == dims and dims and q.value > 0] for a in asked
    )
    amounts = next((rows for rows in counted if rows), [])
    if len(amounts) != 1:
        return None
    return arithmetic(decider, "a / b", {"a": before.value, "b": (amounts[0].value, "")})


_AGAIN = re.compile(
    r"\b(the )?(next (one|step|time|round)|one after( that| this)?|(once|one) more( time)?|(and )?after that( one)?)\b",
    re.I,
)


def once_more(decider: Decider, question: Question, before: Choice) -> Choice | None:
    """ "And the one after that?": the same step from where the last one ended."""
    frame, value = before.frame, before.value
    if not _AGAIN.search(question.text) or question.reading.quantities or value is None or not before.ok:
        return None
    unit = parse_unit(value[1])
    kin = [
        n
        for n, fill in frame.fills.items()
        if (f := frame.spec.by_name.get(n)) is not None
        and f.unit is not None
        and f.unit.dims == unit.dims
        and unit.dims
        and isinstance(fill.value, int | float)
    ]
    if len(kin) != 1:
        return None
    factor = unit.factor / (frame.spec.by_name[kin[0]].unit or unit).factor
    fills = {n: replace(f, origin="thread", quantities=()) for n, f in frame.fills.items()}
    fills[kin[0]] = Fill(value[0] * factor, origin="thread")
    trial = decider.trials(frame.spec.name, {n: f.value for n, f in fills.items()})
    return Choice(Frame(frame.spec, fills), trial, 0.0, before.want, sure=0.9) if trial.kind == "ok" else None


_MORE = re.compile(
    r"^\W*(?:(?:and|now|then|ok|okay)\b\W*)*(?:plus|add|another)\b|\b(on top|extra|added)\b", re.I
)
_LESS = re.compile(
    r"^\W*(?:(?:and|now|then|ok|okay)\b\W*)*(?:minus|less|take off|subtract)\b|\boff (that|it)\b|\b(discount|rebate)\b",
    re.I,
)
_PUE = re.compile(r"\bpue\b", re.I)


def raised(decider: Decider, question: Question, before: Choice) -> Choice | None:
    """ "Plus 10 % for networking", "less a 5 % discount": the result with a share of it more or less."""
    amounts = [q for i, q in enumerate(question.reading.quantities) if is_salient(question, i)]
    if len(amounts) != 1 or amounts[0].unit_text != "percent" or before.value is None:
        return None
    sign = "-" if _LESS.search(question.text) else "+" if _MORE.search(question.text) else ""
    if not sign or before.value[1] == "percent":
        return None
    return arithmetic(
        decider, f"a * (1 {sign} b)", {"a": before.value, "b": (amounts[0].value, "percent")}, _unit(before)
    )


def at_the_meter(decider: Decider, question: Question, before: Choice) -> Choice | None:
    """ "With a PUE of 1.3": the power of the machines times it, where power was the result."""
    amounts = [q for i, q in enumerate(question.reading.quantities) if is_salient(question, i)]
    if len(amounts) != 1 or amounts[0].marked or not 1 <= amounts[0].value < 4 or before.value is None:
        return None
    if not _PUE.search(question.text) or parse_unit(before.value[1]).dims != parse_unit("MW").dims:
        return None
    return arithmetic(decider, "a * b", {"a": before.value, "b": (amounts[0].value, "")}, _unit(before))


def _unit(choice: Choice) -> str:
    unit = choice.value[1] if choice.value is not None else ""
    return "" if unit == "dimensionless" else unit
