"""What speaks for a reading on a claim, and what must hold for it to stand."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from agent.offline.against import LOST_STEMS, asks_lost
from agent.offline.claims.asked import WORKS_OUT, Asked
from agent.offline.claims.cues import read_cues
from agent.offline.claims.ends import positions
from agent.offline.claims.places import Place, numbers_of, says_again
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
    f = question.features
    asks = f.check or f.yes_no or bool(_DOUBTS.search(question.text))
    placed_ = {p.quantity for p in places}
    numbers = numbers_of(question)
    unit = parse_unit(unit_text or "dimensionless")
    for i, q in enumerate(question.reading.quantities):
        if i in placed_ or not numbers.says_figure(i, d.claims):
            continue
        alike = (q.unit.dims == unit.dims) and (q.unit_text == "percent") == (unit_text == "percent")
        return (1.0 if asks else 0.3) if alike and (q.marked or not unit.dims) else -0.3
    return 0.0


def left_score(question: Question, places: Sequence[Place]) -> float:
    """How many numbers the question states that have no place: figures of the claim said beside it."""
    numbers = numbers_of(question)
    used = {p.quantity for p in places}
    said = [
        i
        for i, q in enumerate(numbers.quantities)
        if numbers.salient[i] or ("spelled" in q.marks and q.value > 2 and "verbal" not in q.marks)
    ]
    return float(sum(1 for i in said if i not in used))


_DOUBTS = re.compile(
    r"\?\?|\b(should (it|that) be|doesn'?t|can'?t be|gets? to|not right|wrong|multiply (it|that))\b", re.I
)


def names_score(question: Question, d: Derivation) -> float:
    """The people and companies that the question names are those of the claim."""
    memo, key = question.words.memo, ("names", *d.claims)
    if key not in memo:
        memo[key] = _names(question, d)
    score: float = memo[key]
    return score


def _names(question: Question, d: Derivation) -> float:
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
    memo, key = question.words.memo, ("about", d.claim)
    if key not in memo:
        memo[key] = _about(question, d)
    score: float = memo[key]
    return score


def _about(question: Question, d: Derivation) -> float:
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


@lru_cache(maxsize=1)
def telling() -> Mapping[str, float]:
    """How much each word for a figure tells of the claim it belongs to."""
    counts: dict[str, int] = {}
    facts = [f for f in all_claims().values() if f.amounts]
    for f in facts:
        for word in frozenset[str]().union(*(a.words for a in f.amounts)):
            counts[word] = counts.get(word, 0) + 1
    return {w: math.log(len(facts) / n) / math.log(len(facts)) for w, n in counts.items()}


def covered(question: Question, amounts: Sequence[Amount], claims: Sequence[str] = ()) -> float:
    """The part of the words for figures that the question says and that these figures, or their claims, have."""
    memo, key = question.words.memo, ("covered", *claims, *(f"{a.claim}.{a.name}" for a in amounts))
    if key not in memo:
        memo[key] = _covered(question, amounts, claims)
    share: float = memo[key]
    return share


def _covered(question: Question, amounts: Sequence[Amount], claims: Sequence[str]) -> float:
    tells = telling()
    words = frozenset[str]().union(
        *(a.words | a.against for a in amounts),
        *(all_claims()[a.claim].stems for a in amounts),
        *(all_claims()[c].stems for c in claims),
    )
    said = [w for w in positions(question) if w in tells]
    total = sum(tells[w] for w in said)
    return sum(tells[w] for w in said if w in words) / total if total else 0.0


def period_score(asked: Asked, unit_text: str) -> float:
    """Whether a result is by the month where it is asked by the month; one by the year is not."""
    if not asked.period or "/" not in unit_text:
        return 0.0
    return 1.0 if f"/{asked.period}" in unit_text else -1.0


def off_score(asked: Asked, said: float) -> float:
    """Whether a unit is asked for plainly, and it is not the result's."""
    return float((asked.explicit or asked.unit_text == "percent") and said <= 0.3)


def unmet_score(question: Question, asked: Asked, d: Derivation, result: str) -> float:
    """How many things the question wants done that a calculation of the pack does not do: what is left, a difference."""
    cues = read_cues(question, asked)
    said = positions(question)
    against = any(s.amount is not None and not s.amount.against.isdisjoint(said) for s in d.slots)
    named = any(phrase in question.text.lower() for phrase in d.phrases)
    leaves, differs, ratio = _does(d.expression, result, d.unit or "")
    unmet = 0.0
    if ("left" in cues or (against and not ratio)) and not named and not leaves:
        unmet += 1.0
    if "differs" in cues and not differs:
        unmet += 1.0
    return unmet


@lru_cache(maxsize=1024)
def _does(expression: str, result: str, unit: str) -> tuple[bool, bool, bool]:
    """Whether a calculation gives what is left, a difference, a ratio: by its sum and the name of its result."""
    does = f"{expression} {result}"
    return (
        bool(re.search(r"-|rest|remain|left|exclud|survi|free", does)),
        bool(re.search(r"-|gap|change|sav|diff|drop|lost|extra", does)),
        unit == "dimensionless" or bool(re.search(r"multiple|factor|ratio", result)),
    )


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

ASKS = 0.6  # the words for an operation must be worth this much


def stands(question: Question, asked: Asked, r: ClaimReading) -> bool:
    """Whether something in the question asks for this to be worked out."""
    f = question.features
    checks = f.check or f.yes_no
    if not WORKS_OUT.search(question.text) and not checks and not (asked.explicit and r.confirmed):
        return False
    number = (
        r.parts.get("checks", 0.0) > 0
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
    d = r.derivation
    looks_up = not d.op and _looks_up(question, asked, r)
    if not r.confirmed and (not number or looks_up or (f.explain and not f.asks_number)):
        return False
    if d.op and (r.parts["op"] < ASKS or r.parts["unit"] < -0.5):
        return False  # nothing asks for that
    words = r.parts["op"] if d.op else r.parts["words"]
    if r.value == 0 or (r.parts["unit"] < 0.5 and words < 0.5 and not r.confirmed):
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
        named = r.parts["words"] >= _NAMED
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
