"""What a text made of a follow-up is read to: the surest reading in the unit asked for, and of what kind its result is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agent.offline.decide import Choice, Decider, Decision
from agent.offline.doubt import said_ignored
from agent.offline.reading.measure import parse_unit, without_counts
from agent.offline.score import Question
from agent.offline.talk.standing import Standing

_HOW_MANY = re.compile(
    r"\bhow many\b(?! (?:\w+ )?(?:times|dollars|cents|millions?|billions?|thousands?|bucks))", re.I
)


def in_unit_asked(question: Question, choice: Choice) -> bool:
    """Whether a result can be given in the unit that the question names; counts of things are left to the reader."""
    wanted, value = question.features.wanted, choice.value
    if value is not None and wanted.unit is None and _HOW_MANY.search(question.text) and "USD" in value[1]:
        return False  # "how many could I rent" asks for no dollars
    if not wanted.explicit or wanted.unit is None or value is None:
        return True
    return without_counts(wanted.unit) == without_counts(parse_unit(value[1]))


def alike_dims(found: Standing, standing: Standing) -> bool:
    a, b = value_of(found), value_of(standing)
    return a is not None and b is not None and parse_unit(a[1]).dims == parse_unit(b[1]).dims


def same_kind(found: Standing, standing: Standing) -> bool:
    """Whether two results are of one kind: what only changes a question still asks for dollars, if by the month."""
    a, b = value_of(found), value_of(standing)
    if a is None or b is None:
        return False
    kinds = [{k: p for k, p in without_counts(parse_unit(v[1])) if k != "s"} for v in (a, b)]
    return kinds[0] == kinds[1]


def taken(
    decider: Decider, question: Question, standing: Standing | None, bar: float, left: int = 0
) -> Standing | None:
    """The surest reading of a text made from a follow-up, when it comes out; at most `left` numbers are left over."""
    kept = (
        standing.choice.value[1] if standing is not None and standing.choice and standing.choice.value else ""
    )
    choices = [
        c
        for c in decider.choices(question)
        if len(said_ignored(c.faults)) <= left
        and (in_unit_asked(question, c) or (kept and c.value is not None and c.value[1] == kept))
    ]
    best = choices[0] if choices else None
    if best is None or not best.ok:
        return None
    best.sure = _in_all(best, choices)
    if best.sure < bar:
        return None
    before = standing.choice.frame.arguments if standing is not None and standing.choice is not None else {}
    fills = {
        n: replace(f, origin="thread") if n in before and before[n] == f.value else f
        for n, f in best.frame.fills.items()
    }
    best.frame.fills = fills
    decision = decider.decide(question, choices)
    if decision.kind not in ("calculate", "mixed") or decision.from_claims:
        decision = Decision("calculate", question, best)
    return Standing(replace(decision, followed=True), question.text)


def _in_all(best: Choice, choices: Sequence[Choice]) -> float:
    """How sure the number is: an amount and the same amount a year are one answer to a follow-up."""
    if best.value is None:
        return best.sure
    plain = best.value[0], best.value[1].removesuffix("/year")
    alike = {
        c.value: c.sure
        for c in choices
        if c.value and (c.value[0], c.value[1].removesuffix("/year")) == plain
    }
    return min(0.99, sum(alike.values()))


def value_of(standing: Standing) -> tuple[float, str] | None:
    return standing.choice.value if standing.choice is not None else None
