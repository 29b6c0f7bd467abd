"""Questions about results: what came out before stands in the next question, is compared with another, or shared out."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from agent.offline.decide import ARITHMETIC, Choice, Decider, readable
from agent.offline.fitting.frame import Fill, Frame
from agent.offline.reading.measure import parse_unit
from agent.offline.reading.reading import Quantity
from agent.offline.score import Question, is_salient

_SPOKEN = {"chip": "GPUs", "request": "requests", "token": "tokens", "person": "people", "server": "servers", "rack": "racks", "param": "parameters", "chip*hour": "GPU-hours"}  # fmt: skip
_SAYS_PER = re.compile(r"_per_([a-z]+)$")


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


def with_unit(question: Question, choice: Choice) -> str:
    """ "At 1,500 a GPU?", after so many tokens a second: the bare number with that unit; "" where it is not one of it."""
    bare = [
        q
        for i, q in enumerate(question.reading.quantities)
        if is_salient(question, i) and (not q.marked or _money_unsaid(question.text, q))
    ]
    if len(bare) != 1 or choice.value is None or choice.value[1] in ("", "dimensionless", "percent"):
        return ""
    text, q = question.text, bare[0]
    if not q.marked and not _EACH.match(text[q.end :]) and not _ONE_DOES.search(text[: q.start]):
        return ""
    said = _spoken(q.value, choice.value[1])
    if q.marked:  # the stretch says what it is per as well
        number = re.match(r"[\d,.]+ ?(?:k|m|thousand|million)?\b", text[q.start : q.end], re.I)
        return text[: q.start] + said + text[q.start + number.end() :] if number is not None else ""
    return text[: q.start].rstrip("$ ") + " " + said + text[q.end :]


def _money_unsaid(text: str, q: Quantity) -> bool:
    """Whether a number was taken for money only because of what it is per: "1,500 a GPU"."""
    return q.unit.has("USD") and not re.search(
        r"[$€]|usd|dollar|cent|buck", text[max(0, q.start - 2) : q.end], re.I
    )


_EACH = re.compile(
    r"\s*(?:each|apiece|an?|per|every) ?(?:gpu|chip|card|rack|server|node|user|person|head|box)?\b", re.I
)
_ONE_DOES = re.compile(
    r"\b(?:one|each|every|a (?:gpu|chip|card|rack|server|node|box))(?: [a-z]+){1,2} $", re.I
)


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


_AGAIN = re.compile(
    r"\b(the )?(next (one|step|time|round)|(one|year|month|quarter|run|round|step) after( that| this| next)?|(the )?following (one|year|month|quarter|run|round|step)|(once|one) more( time)?|(and )?after that( one)?)\b",
    re.I,
)


def stepped(question: Question) -> bool:
    """Whether the same step is asked for once more."""
    return (
        bool(_AGAIN.search(question.text))
        and not question.reading.quantities
        and len(question.features.stems) <= 3
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


def amounts_of(question: Question) -> list[Quantity]:
    return [q for i, q in enumerate(question.reading.quantities) if is_salient(question, i)]


def unit_of(choice: Choice) -> str:
    return plain_unit(choice.value[1]) if choice.value is not None else ""


def plain_unit(unit: str) -> str:
    return "" if unit == "dimensionless" else unit
