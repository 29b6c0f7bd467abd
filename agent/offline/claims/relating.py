"""Readings that relate figures of claims with one another or with the question's numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from agent.offline.claims.asked import Asked, unit_score
from agent.offline.claims.cues import divider, op_score, read_cues
from agent.offline.claims.ends import end_words
from agent.offline.claims.operands import Operand, operands
from agent.offline.claims.places import Place, numbers_of
from agent.offline.claims.relations import Relation, relations
from agent.offline.claims.scores import (
    ClaimReading,
    about_score,
    covered,
    names_score,
    off_score,
    period_score,
)
from agent.offline.claims.values import Derivation, Slot
from agent.offline.claims.weights import weighed
from agent.offline.reading.measure import parse_unit
from agent.offline.reading.reading import Quantity
from agent.offline.reading.words import stems
from agent.offline.schema import Spec
from agent.offline.score import Question

KEPT = 8  # relations that are made readings of


def related_readings(
    question: Question, asked: Asked, spec: Spec | None, ranked: Mapping[str, float]
) -> list[ClaimReading]:
    """The best relations of what the question names, not run yet."""
    if spec is None:
        return []
    figures, stated = operands(question, ranked)
    cues = read_cues(question, asked)
    of_the_left = any(o.against for o in figures)
    scored = []
    for relation in relations(figures, stated, asked.unit, asked.period):
        parts = _weighed(question, asked, cues, relation, of_the_left)
        if parts is not None:
            scored.append((weighed(parts), relation, parts))
    scored.sort(key=lambda row: -row[0])
    return [_reading(question, asked, spec, relation, parts) for _, relation, parts in scored[:KEPT]]


def _weighed(
    question: Question, asked: Asked, cues: frozenset[str], r: Relation, of_the_left: bool
) -> dict[str, float] | None:
    """What speaks for a relation; None where it leaves a number out or is of another unit."""
    said = unit_score(asked, _unit(asked, r))
    if said is None and asked.unit_text == "dimensionless" and r.op in ("scale", "shrink"):
        said = -0.6  # "at the speedup": that is given, not asked
    if r.op == "left" and r.unit == "percent" and asked.explicit and asked.unit_text == "dimensionless":
        return None  # "what multiple of cost": not what is left
    left = _left_out(question, r)
    if said is None or left is None:
        return None
    figures = [o for o in r.operands if o.amount is not None]
    stated = sum(1 for o in r.operands if o.quantity >= 0)
    return {
        "rank": max(0.2, 2.0 - 0.5 * max(o.rank for o in figures)),
        "relation": 1.0,
        "placed": float(stated),
        "unit": said,
        "op": op_score(r.op, cues | {"left"} if r.op in _LEFT and any(o.against for o in figures) else cues),
        "ends": _ends(question, figures),
        "covers": covered(question, [o.amount for o in figures if o.amount is not None]),
        "meant": min(o.named for o in figures),
        "order": _order(question, r),
        "against": _against(r, figures),
        "left": float(left),
        "off": off_score(asked, said),
        "unmet": float(of_the_left and r.op not in _LEFT),
        "period": period_score(asked, r.unit),
        "apart": float(len({o.claim for o in figures}) - 1),
        "three": float(len(r.operands) > 2),
        "loose": float(sum(1 for o in figures if o.amount is not None and _loose(o))),
    }


def _left_out(question: Question, r: Relation) -> int | None:
    """How many numbers say a figure of the claims without a place; None where another number has none."""
    numbers = numbers_of(question)
    used = {o.quantity for o in r.operands}
    claims = {o.claim for o in r.operands if o.claim}
    left = 0
    for i in range(len(numbers.quantities)):
        if i in used or not numbers.salient[i] or any(_twice(numbers.quantities[i], o) for o in r.operands):
            continue
        if not numbers.says_amount(i, claims):
            return None
        left += 1
    return left


def _twice(q: Quantity, o: Operand) -> bool:
    """ "10k of these instead of 10k of those": one number said twice."""
    return o.amount is None and q.value == o.value and q.unit_text == o.unit_text


def _value(r: Relation) -> float:
    """The size of an `each_ratio`, whose first number is that of all."""
    one, other, third = (o.value for o in r.operands)
    return one / other / third if other and third else 0.0


def _order(question: Question, r: Relation) -> float:
    """Whether the first number comes before the word that parts them, and the second after it."""
    if r.op == "each_ratio":
        return -0.6 if _value(r) < 1 else 0.0
    if not r.ordered:
        return 0.0
    first, second = r.operands[0], r.operands[1]
    at = divider(question)
    if (
        at is not None
        and first.amount is not second.amount
        and min(first.at, second.at) < at < max(first.at, second.at)
    ):
        return 0.8 if first.at < second.at else -0.8
    return -0.6 if r.op == "ratio" and first.base < second.base else 0.0


def _ends(question: Question, figures: Sequence[Operand]) -> float:
    """The two ends of one range are related where the question names both."""
    if len(figures) < 2 or figures[0].amount is not figures[1].amount:
        return 0.0
    return (
        1.0 if len({end for end, _ in end_words(question)}) > 1 or _BOTH_ENDS.search(question.text) else -1.0
    )


_BOTH_ENDS = re.compile(
    r"\b(both|two|either) ends\b|\b(width|spread|across)\b.{0,20}\brange\b|\bfrom (the )?(one|low|first) (end )?to\b",
    re.I,
)


def _loose(o: Operand) -> bool:
    """A range of which nothing chooses an end."""
    a = o.amount
    return (
        a is not None
        and a.ranged
        and not o.end
        and a.typical is None
        and not (a.unit_text == "percent" and a.high == 100)
    )


_LEFT = ("left", "rest_of")


def _against(r: Relation, figures: Iterable[Operand]) -> float:
    """ "How many go under": what is left of those that survive, where the question has the words for it."""
    against = any(o.against for o in figures)
    return (
        (1.6 if against else 0.0)
        if r.op in _LEFT
        else -1.0
        if against and r.op in ("part", "share_of")
        else 0.0
    )


def _unit(asked: Asked, r: Relation) -> str:
    """The relation's unit; money of a year where that is asked for."""
    wanted = asked.unit
    yearly = any(o.amount is not None and o.amount.unit_text == "USD/year" for o in r.operands)
    if (
        r.unit == "USD"
        and yearly
        and wanted is not None
        and wanted.dims == (("USD", 1), ("s", -1))
        and "/year" in asked.unit_text
    ):
        return "USD/year"
    return r.unit


def _reading(
    question: Question, asked: Asked, spec: Spec, r: Relation, parts: dict[str, float]
) -> ClaimReading:
    unit = _unit(asked, r)
    names = r.names
    expression = r.form.format(*names)
    if unit == "USD/year" and r.unit == "USD":
        expression = f"({expression}) / (1 year)"
    places = [_place(n, o, k in r.bare) for k, (n, o) in enumerate(zip(names, r.operands, strict=True))]
    claims = list(dict.fromkeys(o.claim for o in r.operands if o.claim))
    d = Derivation(
        claims[0], spec, tuple(p.slot for p in places), {}, "value", unit, expression, frozenset(), tuple(claims[1:]),
        op=r.op,
    )  # fmt: skip
    parts = {**parts, "about": about_score(question, d), "names": names_score(question, d)}
    origin = "claim" if any(p.origin == "claim" for p in places) else "question"
    arguments = {"expression": expression, "variables": {p.slot.name: _literal(p) for p in places}}
    if unit != "dimensionless":
        arguments["unit"] = unit
    origins = {"expression": origin, "variables": origin, "unit": "question"}
    rank = max(o.rank for o in r.operands)
    return ClaimReading(d, places, arguments, origins, "value", unit, 0.0, weighed(parts), None, parts, rank)


def _place(name: str, o: Operand, bare: bool) -> Place:
    words = frozenset(stems(name.replace("_", " ")))
    origin = "claim" if o.amount is not None else "stated"
    slot = Slot(name, o.unit_text or "dimensionless", origin, words, o.value, o.value, o.amount, bare)
    return Place(slot, o.value, o.value, o.quantity, o.quantity >= 0 and o.amount is not None)


def _literal(p: Place) -> float | str:
    value, unit = p.low, p.slot.unit_text
    assert value is not None
    bare = p.slot.bare or unit in ("", "dimensionless") or not (parse_unit(unit).dims or unit == "percent")
    return value if bare else f"{value:.15g} {unit}"
