"""The question turned round: "what would I have to charge for 80 %?" gives the result and asks for what was an input."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from agent.offline.decide import ARITHMETIC, Choice, Decider
from agent.offline.fitting.fits import filled_value, unit_fit
from agent.offline.fitting.frame import Fill, Frame
from agent.offline.reading.measure import Unit, parse_unit
from agent.offline.reading.reading import Quantity
from agent.offline.schema import Field
from agent.offline.score import Question, is_salient
from agent.offline.talk.chains import arithmetic
from agent.offline.talk.edits import valued
from agent.offline.talk.refer import COUNTED
from agent.offline.trial import Trial

STEP = 1.25  # by how much an input is moved to see how the result follows it
Read = Callable[[str], "Choice | None"]


def solved(decider: Decider, question: Question, before: Choice) -> Choice | None:
    """The earlier calculator with its result given and one of its inputs asked for; None when that is not what is asked."""
    q, want, frame = _target(question, before.frame), before.want, before.frame
    if q is None or want is None or frame.spec.name == ARITHMETIC or frame.pairs or not before.ok:
        return None
    target = frame.spec.by_name.get(want.name)
    if target is None or unit_fit(q, target) < 1.0:
        return None
    asked = _asked_input(question, frame, q)
    if asked is None:
        return None
    given = Fill(filled_value(q, target), quantities=(question.reading.quantities.index(q),), fit=2.0)
    kept = {n: replace(f, origin="thread", quantities=()) for n, f in frame.fills.items() if n != asked.name}
    found = []
    for fills in (kept, _alike(frame, kept, asked)):
        made = Frame(frame.spec, {**fills, want.name: given})
        trial = decider.trials(frame.spec.name, made.arguments)
        out = _result(question, made, trial, asked) if trial.kind == "ok" else None
        found += [Choice(made, trial, 0.0, out, sure=0.9)] if out is not None else []
    return next((c for c in found if c.want is asked), next(iter(found), None))


def _result(question: Question, made: Frame, trial: Trial, asked: Field) -> Field | None:
    """The input asked for among the results, or what is called the same: a price per million where the price was plain."""
    if asked.name in trial.figures:
        return asked
    if asked.unit is None or not asked.unit.has("USD"):
        return None
    said = [s for s, _ in question.features.stems if asked.words.get(s, 0.0) >= 0.45]
    kin = [
        (max((f.words.get(s, 0.0) for s in said), default=0.0), f)
        for n, f in made.spec.out_by_name.items()
        if n in trial.figures and n not in made.fills and f.unit is not None and f.unit.has("USD")
    ]
    kin.sort(key=lambda row: -row[0])
    return kin[0][1] if kin and kin[0][0] >= 0.45 else None


def _alike(frame: Frame, fills: dict[str, Fill], asked: Field) -> dict[str, Fill]:
    """The inputs per what the one asked for is per: "$4 per million tokens and it costs $1.20" is a cost per million."""
    base, per, rest = asked.name.partition("_per_")
    unit = base.rsplit("_", 1)[-1]
    sibling = {n: f"{n}{per}{rest}" for n in fills if per and n.endswith(f"_{unit}")}
    return {m if (m := sibling.get(n, n)) in frame.spec.by_name else n: f for n, f in fills.items()}


def _target(question: Question, frame: Frame | None = None) -> Quantity | None:
    """The one number that a follow-up gives, where it names nothing but what the earlier question was about."""
    numbers = [q for i, q in enumerate(question.reading.quantities) if is_salient(question, i)]
    known = {str(f.value) for f in frame.fills.values()} if frame is not None else set()
    new = [m for m in question.reading.mentions if not known & {str(v) for v in m.kinds.values()}]
    return numbers[0] if len(numbers) == 1 and not new and not question.precisions else None


def _asked_input(question: Question, frame: Frame, q: Quantity) -> Field | None:
    """The stated input that the question asks for, as the result it also is: by its words, then by its unit."""
    near = question.features.wanted.near
    said = {s: max(0.5, near.get(s, 0.0)) for s, _ in question.features.stems}
    unit = question.features.wanted.unit
    rows = []
    for name in frame.fills:
        f, out = frame.spec.by_name.get(name), frame.spec.out_by_name.get(name)
        if f is None or out is None or f.kind != "number" or unit_fit(q, f) >= 1.0:
            continue
        words = max((f.words.get(s, 0.0) * w for s, w in said.items()), default=0.0)
        alike = unit is not None and out.unit is not None and unit.dims == out.unit.dims and bool(unit.dims)
        money = unit is not None and out.unit is not None and unit.has("USD") and out.unit.has("USD")
        named = 0.3 if money and not question.features.wanted.explicit else 0.6 * alike
        rows.append((words + named, out))
    rows.sort(key=lambda r: -r[0])
    if not rows or rows[0][0] < 0.6 or (len(rows) > 1 and rows[0][0] - rows[1][0] < 0.1):
        return None
    return rows[0][1]


def in_proportion(
    decider: Decider, question: Question, before: Choice, old: Question, read: Read
) -> Choice | None:
    """ "How many MW for 80,000?": the input in the unit asked for, where the result follows it in proportion."""
    q, value, unit = _target(question), before.value, _unit_asked(question) or _count_asked(question, old)
    if q is None or value is None or not value[0] or unit is None or not unit.dims:
        return None
    result = parse_unit(value[1])
    if result.dims == unit.dims or (q.marked and q.unit.dims != result.dims):
        return None
    found = []
    for there in _stated(old, unit):
        moved = read(_with(old, there, there.value * STEP))
        if moved is None or moved.value is None or parse_unit(moved.value[1]).dims != result.dims:
            continue
        follows = moved.value[0] / value[0]
        for power, expression in ((STEP, "a * b / c"), (1 / STEP, "a * c / b")):
            if abs(follows - power) < 1e-6 * power:
                found.append((expression, there))
    direct = [row for row in found if row[0] == "a * b / c"]
    if len(found) != 1 and len(direct) != 1:
        return None
    expression, there = (direct or found)[0]
    values = {"a": (there.value, there.unit_text), "b": (q.value, q.unit_text or value[1]), "c": value}
    return arithmetic(decider, expression, values, there.unit_text)


_NOUNS = {
    "power": "MW", "electricity": "MW", "price": "USD", "rent": "USD", "budget": "USD", "money": "USD", "memory": "GB", "time": "year", "long": "year",
}  # fmt: skip


def _unit_asked(question: Question) -> Unit | None:
    """The unit asked for, by its name or by what it measures: "what power would I need"."""
    if question.features.wanted.unit is not None:
        return question.features.wanted.unit
    tokens = [t.low for t in question.reading.tokens[:4]]
    return next((parse_unit(_NOUNS[t]) for t in tokens if t in _NOUNS), None)


def _count_asked(question: Question, old: Question) -> Unit | None:
    """ "How many could I rent for $10M?": the one thing that the earlier question counts."""
    if not re.match(r"\W*(?:and |so |then )*how many\b", question.text, re.I):
        return None
    counts = {q.unit for i, q in enumerate(old.reading.quantities) if is_salient(old, i) and _counts(q)}
    return next(iter(counts)) if len(counts) == 1 else None


def _counts(q: Quantity) -> bool:
    return len(q.unit.dims) == 1 and q.unit.dims[0] in ((c, 1) for c in COUNTED)


def _stated(old: Question, unit: Unit) -> list[Quantity]:
    """The numbers of the earlier question that have the unit asked for."""
    kept = (q for i, q in enumerate(old.reading.quantities) if is_salient(old, i))
    return [q for q in kept if q.unit.dims == unit.dims]


def _with(old: Question, there: Quantity, value: float) -> str:

    e = valued(old, there, value)
    return old.text[: e.start] + e.text + old.text[e.end :]
