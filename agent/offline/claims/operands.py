"""What a question names to reckon with: figures of claims, by what people call them, and its own numbers.

A figure is named by words ("the old workhorse", "the two per-chip prices") or by its value said again. Of a range the
end is taken that a word beside the name chooses ("the biggest new CPU over the old part").
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from agent.offline.claims.ends import Positions, chosen_end, positions
from agent.offline.claims.places import Numbers, names_model, numbers_of, says_again
from agent.offline.claims.scores import telling
from agent.offline.claims.values import Amount, all_claims
from agent.offline.reading.measure import COUNTS, Unit, parse_unit
from agent.offline.score import Question

MOST = 6  # figures that are reckoned with
OTHERS = 4  # claims that the search did not bring, yet the question names a figure of
LEAST = 0.6  # a figure named less than this is not meant
AWAY = 3.0  # the place among the citations of a claim that is not there


@dataclass(frozen=True, slots=True)
class Operand:
    """A number to reckon with. `kind`: share, factor, count or amount; `at` the token that names it, −1 for none."""

    value: float
    unit_text: str
    kind: str
    at: int
    named: float
    amount: Amount | None = None
    quantity: int = -1  # the question's number that gives it or says it again
    rank: float = 0.0
    end: str = ""  # of a range: "low", "high"; "" where nothing chose one
    against: bool = False  # what is left of it is named: "go under" of those that survive

    @property
    def unit(self) -> Unit:
        return parse_unit(self.unit_text) if self.unit_text else parse_unit("dimensionless")

    @property
    def base(self) -> float:
        return self.value * self.unit.factor

    @property
    def claim(self) -> str:
        return self.amount.claim if self.amount is not None else ""


@lru_cache(maxsize=1)
def _weights() -> Mapping[str, float]:
    """How much a word tells of the figure it stands for: rarer among figures, more."""
    counts: dict[str, int] = {}
    amounts = [a for facts in all_claims().values() for a in facts.amounts]
    for a in amounts:
        for word in a.words:
            counts[word] = counts.get(word, 0) + 1
    most = math.log(len(amounts))
    return {w: max(0.25, math.log(len(amounts) / n) / most) for w, n in counts.items()}


@lru_cache(maxsize=1)
def _claims_by_word() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for key, facts in all_claims().items():
        for word in frozenset[str]().union(*(a.words for a in facts.amounts)) if facts.amounts else ():
            found.setdefault(word, []).append(key)
    return {w: tuple(keys) for w, keys in found.items()}


def _named(amount: Amount, said: Positions) -> float:
    """How much the question's words name a figure; words of its claim count a little."""
    weights = _weights()
    own = sum(weights.get(w, 0.3) for w in amount.words if w in said)
    left = sum(0.5 for w in amount.against if w in said)
    claim = sum(1 for w in all_claims()[amount.claim].stems if w in said and w not in amount.words)
    return min(own + left, 2.2) + min(0.15 * claim, 0.6)


def claims_named(question: Question, ranked: Mapping[str, float]) -> dict[str, float]:
    """The claims found, and a few that the question names a figure of though the search did not bring them."""
    said, weights = positions(question), _weights()
    scores: dict[str, float] = {}
    for word in said:
        for key in _claims_by_word().get(word, ()):
            if key not in ranked:
                scores[key] = scores.get(key, 0.0) + weights[word]
    others = sorted((k for k in scores if scores[k] >= 1.2), key=lambda k: -scores[k])[:OTHERS]
    return {**ranked, **dict.fromkeys(others, AWAY)}


def names_figures(question: Question) -> float:
    """How plainly the question's words, and numbers it says again, name the figures of one claim."""
    said, tells, numbers = positions(question), telling(), numbers_of(question)
    scores: dict[str, float] = {}
    for word in said:
        for key in _claims_by_word().get(word, ()):
            scores[key] = scores.get(key, 0.0) + tells[word]
    best = 0.0
    for key in sorted(scores, key=lambda k: -scores[k])[:OTHERS]:
        again = sum(
            1
            for a in all_claims()[key].amounts
            if any(
                numbers.salient[i] and (q.marked or q.value >= 100) and says_again(q, a)
                for i, q in enumerate(numbers.quantities)
            )
        )
        best = max(best, scores[key] + 0.7 * again)
    return best


def operands(question: Question, ranked: Mapping[str, float]) -> tuple[list[Operand], list[Operand]]:
    """The figures that the question names, best named first, and the numbers it states."""
    said, numbers = positions(question), numbers_of(question)
    figures: list[Operand] = []
    for claim, rank in claims_named(question, ranked).items():
        for amount in all_claims()[claim].amounts:
            figure = _figure(question, amount, said, numbers, rank)
            if figure is not None:
                figures.append(figure)
    figures.sort(key=lambda o: -(o.named - 0.2 * o.rank))
    stated = [o for i in range(len(numbers.quantities)) if (o := _stated(question, numbers, i)) is not None]
    return [_at_end(question, f) for f in figures[:MOST]], stated


def _figure(
    question: Question, amount: Amount, said: Positions, numbers: Numbers, rank: float
) -> Operand | None:
    if not amount.value or (amount.unit_text == "percent" and amount.low == 0):
        return None
    again = next(
        (i for i, q in enumerate(numbers.quantities) if says_again(q, amount) and _alike(q.marks, amount)), -1
    )
    named = _named(amount, said) + (0.8 if again >= 0 else 0.0)
    if named < LEAST:
        return None
    hits = [i for w in amount.words for i in said.get(w, ())]
    at = numbers.quantities[again].first if again >= 0 else min(hits, default=-1)
    against = any(w in said for w in amount.against)
    value = amount.typical if amount.typical is not None else amount.value
    end = ""
    if again >= 0 and amount.ranged:
        q = numbers.quantities[again]
        value = _nearest(
            q.value * (q.unit.factor / parse_unit(amount.unit_text).factor if q.unit.dims else 1.0), amount
        )
        end = "low" if value == amount.low else "high"
    unit_text = "USD" if amount.unit_text == "USD/year" else amount.unit_text  # a year's worth
    return Operand(value, unit_text, _kind(amount), at, named, amount, again, rank, end, against)


def _alike(marks: Iterable[str], amount: Amount) -> bool:
    return not ("times" in marks and not amount.factor)


def _nearest(value: float, amount: Amount) -> float:
    return min((amount.low or 0.0, amount.high or 0.0), key=lambda e: abs(e - value))


def _kind(amount: Amount) -> str:
    if amount.unit_text == "percent":
        return "share"
    if amount.factor:
        return "factor" if amount.value >= 1 else "share"  # "drops to a quarter"
    unit = parse_unit(amount.unit_text if amount.unit_text else "dimensionless")
    return "count" if all(n in COUNTS for n, _ in unit.dims) else "amount"


def _stated(question: Question, numbers: Numbers, i: int) -> Operand | None:
    """A number of the question as an operand, but one that an answer need not use."""
    q = numbers.quantities[i]
    if not numbers.salient[i] and not ("spelled" in q.marks and q.value > 2 and "verbal" not in q.marks):
        return None
    if names_model(question, q) or q.low is not None or q.marks & {"checked", "axes"}:
        return None
    if q.unit_text == "percent":
        kind = "share"
    elif "times" in q.marks:
        kind = "factor"
    elif all(n in COUNTS for n, _ in q.unit.dims):
        if not q.unit_text and (q.value < 1 or q.value != int(q.value)):
            return None  # a bare 0.05 counts nothing
        kind = "count"
    else:
        kind = "amount"
    return Operand(q.value, q.unit_text, kind, q.first, 1.0, None, i)


def _at_end(question: Question, figure: Operand) -> Operand:
    """A range at the end that the question chooses for it."""
    a = figure.amount
    if a is None or not a.ranged or figure.end or (a.unit_text == "percent" and a.high == 100):
        return figure
    end = chosen_end(question, a.words)
    value = a.low if end == "low" else a.high
    if not end or value is None:
        return figure
    return Operand(
        value, figure.unit_text, figure.kind, figure.at, figure.named, a, figure.quantity, figure.rank, end, figure.against,
    )  # fmt: skip


def either_end(figure: Operand) -> tuple[Operand, Operand] | None:
    """The two ends of a range as operands, the higher first."""
    a = figure.amount
    if (
        a is None
        or not a.ranged
        or a.low is None
        or a.high is None
        or (a.unit_text == "percent" and (a.low == 0 or a.high == 100))
    ):
        return None
    made = [
        Operand(
            v, figure.unit_text, figure.kind, figure.at, figure.named, a, figure.quantity, figure.rank, end
        )
        for v, end in ((a.high, "high"), (a.low, "low"))
    ]
    return made[0], made[1]


__all__ = ["Operand", "claims_named", "either_end", "operands"]
