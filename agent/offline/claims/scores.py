"""What speaks for a reading on a claim, and what must hold for it to stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent.offline.against import LOST_STEMS, asks_lost
from agent.offline.claims.asked import WORKS_OUT, Asked
from agent.offline.claims.places import Place, says_again
from agent.offline.claims.values import ARITHMETIC, Amount, Derivation, all_claims, claim_names
from agent.offline.reading.measure import parse_unit, without_counts
from agent.offline.reading.words import stems
from agent.offline.score import Question, is_salient

if TYPE_CHECKING:
    from agent.offline.trial import Trial


@dataclass
class ClaimReading:
    """One reading of the question on a claim's figures, after its run."""

    derivation: Derivation
    places: list[Place]
    arguments: dict[str, Any]
    origins: dict[str, str]
    result: str
    unit: str
    value: float
    score: float
    trial: Trial | None = None
    parts: dict[str, float] = field(default_factory=dict)
    rank: float = 0.0

    @property
    def confirmed(self) -> int:
        """How many of its values the question says."""
        return sum(1 for p in self.places if p.quantity >= 0)

    @property
    def from_claim(self) -> int:
        """How many of its values only the claim has."""
        return sum(1 for p in self.places if p.origin == "claim")

    @property
    def used(self) -> list[str]:
        """The claims to cite: its own, and those of other figures that only they have."""
        other = [
            p.slot.amount.claim for p in self.places if p.origin == "claim" and p.slot.amount is not None
        ]
        return list(dict.fromkeys([self.derivation.claim, *other]))

    @property
    def chosen(self) -> list[Place]:
        """Values that neither the question nor the claim has."""
        return [p for p in self.places if p.origin == "default"]


def words_score(question: Question, d: Derivation, result: str, *, own: bool) -> float:
    """The words of the result that the question says, nearer to the asking word heavier."""
    near = question.features.wanted.near
    said = {s for s, _ in question.features.stems}
    score = 0.0
    if own:
        hits = d.asks & said
        score += sum(0.4 + 0.8 * near.get(s, 0.0) for s in hits)
        score += 1.5 * any(phrase in question.text.lower() for phrase in d.phrases)
    f = d.spec.out_by_name.get(result)
    if f is not None and d.spec.name != ARITHMETIC:
        score += sum(
            w * (0.3 + 0.6 * near.get(s, 0.0)) for s, w in f.words.items() if s in said and s not in d.asks
        )
    return min(score, 3.0)


def checks_score(question: Question, d: Derivation, places: Sequence[Place], unit_text: str) -> float:
    """ "120 to 30 is 70 %, right?": a number that says a figure of the claim and has no place is the one to be checked."""
    if d.said is not None and (question.features.check or question.features.yes_no):
        held = Amount(d.claim, "said", d.said[0], d.said[0], d.said[1])
        if any(says_again(q, held) for q in question.reading.quantities):
            return 2.0  # the ledger checks just this number
    placed_ = {p.quantity for p in places}
    own = [a for c in d.claims for a in all_claims()[c].figures]
    unit = parse_unit(unit_text or "dimensionless")
    for i, q in enumerate(question.reading.quantities):
        if i in placed_ or not any(says_again(q, a) for a in own):
            continue
        alike = (q.unit.dims == unit.dims) and (q.unit_text == "percent") == (unit_text == "percent")
        return 1.0 if alike and (q.marked or not unit.dims) else -0.3
    return 0.0


def names_score(question: Question, d: Derivation) -> float:
    """The people and companies that the question names are those of the claim."""
    said = {s for s, _ in question.features.stems} & claim_names()
    own = frozenset[str]().union(*(all_claims()[c].stems for c in d.claims))
    return max(-0.8, min(0.6, 0.3 * len(said & own) - 0.5 * len(said - own)))


def ground_score(d: Derivation, places: Sequence[Place]) -> float:
    """A check made on outside facts alone says nothing of what was asked; one fact replaced leaves its fellow hanging."""
    if not d.is_check:
        return 0.0
    if all(p.origin == "default" for p in places):
        return -3.0 if places else -1.5
    left = [p.slot.unit_text for p in places if p.origin == "default"]
    replaced = [
        p.slot.unit_text
        for p in places
        if p.origin == "question" and p.slot.origin == "chosen" and not p.said_again
    ]
    return -1.5 if any(unit in left for unit in replaced) else 0.0


def about_score(question: Question, d: Derivation) -> float:
    """The words of the claim itself that the question says."""
    said = {s for s, _ in question.features.stems}
    facts = all_claims()[d.claim]
    score = min(0.2 * len(said & facts.stems), 1.0)
    for asked, other in ((_NOW, _LATER), (_LATER, _NOW)):
        if asked.search(question.text) and not other.search(question.text):
            score += 0.5 * bool(asked.search(facts.claim)) - 0.5 * bool(other.search(facts.claim))
    return score


def lost_score(question: Question, d: Derivation, result: str) -> float:
    """Where it is asked what disappears, the result is of that, and not of what stays."""
    if not asks_lost(question):
        return 0.0
    f = d.spec.out_by_name.get(result)
    words = d.asks | (frozenset(f.words) if f is not None and d.spec.name != ARITHMETIC else frozenset())
    return 1.0 if words & LOST_STEMS else -1.5


_NOW = re.compile(r"\b(today|today's|current(ly)?|present|nowadays|now|so far)\b", re.I)
_LATER = re.compile(r"\b(future|will|next|later|eventually|coming|some day)\b", re.I)


def figures_score(question: Question, places: Sequence[Place]) -> float:
    """The figures taken from the claim are the ones the question names."""
    said = {s for s, _ in question.features.stems}
    named = [p for p in places if p.origin == "claim" and p.slot.amount is not None]
    hits = sum(
        1
        for p in named
        if p.slot.amount is not None and set(stems(p.slot.amount.name.replace("_", " "))) & said
    )
    return min(0.4 * hits, 0.8)


def sums_score(question: Question, asked: Asked, d: Derivation) -> float:
    """A sum where one is asked for ("the two together"), and none where none is."""
    if not d.expression:
        return 0.0
    adds = "+" in d.expression
    score = (1.2 if adds else -0.4) if asked.adds else (-0.6 if adds else 0.0)
    if "-" in d.expression:
        named = any(phrase in question.text.lower() for phrase in d.phrases)
        score += 0.9 if asked.differs else 0.0 if named else -0.6
    if asked.each and d.unit not in ("dimensionless", "percent"):
        score += 0.5 if "/" in d.expression else -0.5  # "for each": an amount is divided
    return score


# ---- whether it stands


def stands(question: Question, asked: Asked, r: ClaimReading) -> bool:
    """Whether something in the question asks for this to be worked out."""
    f = question.features
    checks = f.check or f.yes_no
    if not WORKS_OUT.search(question.text) and not checks and not (asked.explicit and r.confirmed):
        return False
    number = (
        r.parts["checks"] > 0
        or f.asks_number
        or asked.unit_text
        or asked.percent
        or asked.ratio
        or asked.adds
        or asked.differs
    )
    if (
        f.yes_no
        and not f.asks_number
        and not r.confirmed
        and not any(is_salient(question, i) for i in range(len(question.reading.quantities)))
    ):
        return False
    if not r.confirmed and (not number or _looks_up(question, asked, r) or (f.explain and not f.asks_number)):
        return False
    d = r.derivation
    if d.is_plain and "*" not in d.expression and not _asks_relation(question, asked, d.expression):
        return False
    if d.is_plain and (r.parts["words"] < 0.4 or r.parts["unit"] < 0.5):
        return False  # nothing names its figures, or its unit
    if d.is_plain and "-" in d.expression and "*" not in d.expression and not asked.differs:
        return False
    if r.value == 0 or (r.parts["unit"] < 0.5 and r.parts["words"] < 0.5 and not r.confirmed):
        return False
    return not _is_figure(r)


_DERIVED = re.compile(
    r"\b(impl\w+|infer\w*|deriv\w+|work out|works out|comput\w+|calculat\w+|left|remaining|rest|leaves?|must|then|so)\b",
    re.I,
)


_NAMED = 1.8  # so much of the question says what a derivation is for that no word need say what it does


def _looks_up(question: Question, asked: Asked, r: ClaimReading) -> bool:
    """Whether nothing asks for more than a figure that the claim itself has."""
    if r.derivation.expression:
        named = not r.derivation.is_plain and r.parts["words"] >= _NAMED
        return not named and not _asks_relation(question, asked, r.derivation.expression)
    dims, percent = parse_unit(r.unit).dims, r.unit == "percent"
    own = all_claims()[r.derivation.claim].amounts
    if not any(parse_unit(a.unit_text).dims == dims and (a.unit_text == "percent") == percent for a in own):
        return False
    return not _DERIVED.search(question.text) if percent else r.parts["words"] < 1.2


def _asks_relation(question: Question, asked: Asked, expression: str) -> bool:
    """Whether the question has a word for what a sum does."""
    cues = {
        "+": asked.adds,
        "-": asked.differs or asked.percent,
        "/": asked.ratio
        or asked.percent
        or asked.unit_text == "percent"
        or bool(asked.each)
        or bool(_DIVIDES.search(question.text)),
        "*": bool(_MULTIPLIES.search(question.text)),
    }
    return any(cue for sign, cue in cues.items() if sign in expression)


_DIVIDES = re.compile(r"\b(per|over|divid\w+|average|each|spread|split)\b", re.I)
_MULTIPLIES = re.compile(
    r"\b(times|multipl\w+|costs?|worth|total|if|would|will|at|doubl\w*|tripl\w*)\b|[*x×]", re.I
)


def _is_figure(r: ClaimReading) -> bool:
    """A result that only says a figure of the claim again is no calculation."""
    unit = parse_unit(r.unit)
    for p in r.places:
        if p.low is None or without_counts(p.slot.unit) != without_counts(unit):
            continue
        if abs(p.low * p.slot.unit.factor - r.value * unit.factor) <= 1e-9 * abs(r.value * unit.factor):
            return len(r.places) > 1 and p.quantity < 0
    return False
