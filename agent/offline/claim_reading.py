"""Questions that combine a number with what was said: a claim's derivation, with what the question states put in.

Each derivation of the claims that were found is one candidate reading. The question's numbers take the places of the
derivation's: a number that says a value again confirms it, another number of the same kind replaces it ("at 1.2 kW
each"), and words near it choose between two places of one kind. A reading stands only when every number the question
states has a place, when nothing the question must bring is missing, and when the result is what is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent.offline.claim_asked import WORKS_OUT, Asked, read_asked, unit_score
from agent.offline.claim_places import Place, placed, says_again
from agent.offline.claim_values import ARITHMETIC, Amount, Derivation, Derivations, all_claims
from agent.offline.measure import parse_unit, without_counts
from agent.offline.score import Question, is_salient
from agent.offline.words import stems

if TYPE_CHECKING:
    from agent.offline.decide import Decider
    from agent.offline.trial import Trial

RUN = 5  # derivations that are run before choosing


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


class ClaimReader:
    """Reads questions on the claims that a search found."""

    def __init__(self, decider: Decider) -> None:
        self._decider = decider
        self.derivations = Derivations(decider.reader.library)

    def readings(
        self, question: Question, citations: Sequence[Mapping[str, Any]], *, strict: bool = False
    ) -> list[ClaimReading]:
        """Readings that stand, best first. `strict`: every number must belong to the claim's own calculation."""
        ranked, asked = ranked_claims(citations), read_asked(question)
        found: list[ClaimReading] = []
        for claim, rank in ranked.items():
            for d in self.derivations.of(claim):
                fitted = placed(question, d, {} if strict else ranked)
                if fitted is not None:
                    found += self._results(question, asked, d, fitted, rank)
        found.sort(key=lambda r: -r.score)
        standing = [r for r in found[: 2 * RUN] if self._run(r)]
        return sorted((r for r in standing if _stands(question, asked, r)), key=lambda r: -r.score)

    def _results(
        self, question: Question, asked: Asked, d: Derivation, fitted: tuple[list[Place], float], rank: float
    ) -> list[ClaimReading]:
        """The derivation's own result, and others of its calculator in the unit asked for."""
        places, fit = fitted
        fixed, named = _fixed(question, d)
        outs = [d.result]
        if d.spec.name != ARITHMETIC and asked.unit is not None and asked.explicit:
            given = {p.slot.name for p in places}
            outs += [
                f.name
                for f in d.spec.outputs
                if f.name not in (*outs, *given) and f.unit is not None and f.unit.dims == asked.unit.dims
                and (f.unit_text == "percent") == (asked.unit_text == "percent")
            ]  # fmt: skip
        made = []
        for k, name in enumerate(outs):
            unit = d.unit or (d.spec.out_by_name[name].unit_text if name in d.spec.out_by_name else "")
            said = unit_score(asked, unit)
            if said is None:
                continue
            parts = {
                "rank": max(0.4, 2.0 - 0.5 * rank),
                "fit": fit,
                "unit": said,
                "words": _words_score(question, d, name, own=k == 0),
                "named": named,
                "own": 1.0 if k == 0 else 0.0,
                "chosen": (-0.5 if d.is_check else -0.3) * sum(1 for p in places if p.origin == "default"),
                "checks": _checks_score(question, d, places, unit),
                "figures": _figures_score(question, places),
                "about": _about_score(question, d),
                "check": -0.2 if d.is_check else 0.0,
                "sums": _sums_score(question, asked, d),
                "ground": _ground_score(d, places),
            }
            if k and parts["words"] < 0.4:
                continue  # another result of the run, and nothing asks for it
            arguments, origins = _arguments(d, places, fixed, question)
            made.append(
                ClaimReading(
                    d, places, arguments, origins, name, unit, 0.0, sum(parts.values()), None, parts, rank
                )
            )
        return made

    def _run(self, reading: ClaimReading) -> bool:
        trial = self._decider.trials(reading.derivation.spec.name, reading.arguments)
        figure = trial.figures.get(reading.result)
        if trial.kind != "ok" or figure is None:
            return False
        reading.trial, (reading.value, reading.unit) = trial, figure
        return True


def ranked_claims(citations: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The claims that a search found, each with its place among the citations.

    A citation tells of a moment: other claims made in it come half a place after its own.
    """
    ranked: dict[str, float] = {}
    facts = all_claims()
    for rank, c in enumerate(citations):
        key = str(c.get("claim_id") or "")
        if key not in facts:
            continue
        ranked[key] = min(ranked.get(key, rank), rank)
        start, end = _clock(c.get("start")), _clock(c.get("end"))
        for other in facts.values():
            if start <= other.start and other.end <= end:
                ranked[other.id] = min(ranked.get(other.id, rank + 0.5), rank + 0.5)
    return ranked


def _clock(stamp: Any) -> float:
    total = 0.0
    for part in str(stamp or "0").split(":"):
        total = total * 60 + float(part)
    return total


# ---- what is asked for


def _words_score(question: Question, d: Derivation, result: str, *, own: bool) -> float:
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


def _checks_score(question: Question, d: Derivation, places: Sequence[Place], unit_text: str) -> float:
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


def _ground_score(d: Derivation, places: Sequence[Place]) -> float:
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


def _about_score(question: Question, d: Derivation) -> float:
    """The words of the claim itself that the question says."""
    said = {s for s, _ in question.features.stems}
    facts = all_claims()[d.claim]
    score = min(0.2 * len(said & facts.stems), 1.0)
    for asked, other in ((_NOW, _LATER), (_LATER, _NOW)):
        if asked.search(question.text) and not other.search(question.text):
            score += 0.5 * bool(asked.search(facts.claim)) - 0.5 * bool(other.search(facts.claim))
    return score


_NOW = re.compile(r"\b(today|today's|current(ly)?|present|nowadays|now|so far)\b", re.I)
_LATER = re.compile(r"\b(future|will|next|later|eventually|coming|some day)\b", re.I)


def _figures_score(question: Question, places: Sequence[Place]) -> float:
    """The figures taken from the claim are the ones the question names."""
    said = {s for s, _ in question.features.stems}
    named = [p for p in places if p.origin == "claim" and p.slot.amount is not None]
    hits = sum(
        1
        for p in named
        if p.slot.amount is not None and set(stems(p.slot.amount.name.replace("_", " "))) & said
    )
    return min(0.4 * hits, 0.8)


def _sums_score(question: Question, asked: Asked, d: Derivation) -> float:
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


def _stands(question: Question, asked: Asked, r: ClaimReading) -> bool:
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
    if r.value == 0 or (r.parts["unit"] < 0.5 and r.parts["words"] < 0.5 and not r.confirmed):
        return False
    return not _is_figure(r)


_DERIVED = re.compile(
    r"\b(impl\w+|infer\w*|deriv\w+|work out|works out|comput\w+|calculat\w+|left|remaining|rest|leaves?|must|then|so)\b",
    re.I,
)


def _looks_up(question: Question, asked: Asked, r: ClaimReading) -> bool:
    """Whether the claim itself has a figure of the kind asked for, and nothing asks for more than that figure."""
    dims, percent = parse_unit(r.unit).dims, r.unit == "percent"
    own = all_claims()[r.derivation.claim].amounts
    if not any(parse_unit(a.unit_text).dims == dims and (a.unit_text == "percent") == percent for a in own):
        return False
    if r.unit == "percent":
        return not _DERIVED.search(question.text)
    expression = r.derivation.expression
    if not expression:
        return r.parts["words"] < 1.2
    cues = {
        "+": asked.adds,
        "-": asked.differs,
        "/": asked.ratio or bool(asked.each) or bool(_DIVIDES.search(question.text)),
        "*": bool(_MULTIPLIES.search(question.text)),
    }
    return not any(cue for sign, cue in cues.items() if sign in expression)


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


_BITS = {4.0: "fp4", 8.0: "fp8", 16.0: "bf16"}


def _fixed(question: Question, d: Derivation) -> tuple[dict[str, Any], float]:
    """Chips, models and formats: those the question names take the places of the derivation's."""
    fixed = dict(d.fixed)
    score = 0.0
    for kind in ("chip", "model"):
        places = [n for n in fixed if (f := d.spec.by_name.get(n)) is not None and f.entity == kind]
        named = list(dict.fromkeys(m.kinds[kind] for m in question.reading.mentions if kind in m.kinds))
        left = [n for n in named if n not in [fixed[p] for p in places]]
        free = [p for p in places if fixed[p] not in named]
        score += 0.4 * (len(named) - len(left))
        for p, n in zip(reversed(free), left, strict=False):
            fixed[p] = n
            score += 0.3
        score -= 0.2 * max(0, len(left) - len(free)) if places else 0.0
        if kind == "chip" and len(places) > 1:  # a comparison with a chip that nobody named
            score -= 0.6 * sum(1 for p in free[: max(0, len(free) - len(left))])
    for q in question.reading.quantities:
        if q.unit_text == "bit" and q.value in _BITS:
            fixed |= {
                n: _BITS[q.value] for n in ("weight_precision", "kv_precision", "precision") if n in fixed
            }
    for mention in question.precisions:
        for name in ("weight_precision", "kv_precision", "precision"):
            if name in fixed and (mention.of in ("", "both") or mention.of.rstrip("s") in name):
                fixed[name] = mention.value
    return fixed, score


def _arguments(
    d: Derivation, places: Sequence[Place], fixed: Mapping[str, Any], question: Question
) -> tuple[dict[str, Any], dict[str, str]]:
    """The call's arguments with their origins."""
    if d.expression:
        variables = {p.slot.name: _literal(d, p) for p in places}
        unit = None if d.unit == "dimensionless" else d.unit
        arguments: dict[str, Any] = {"expression": d.expression, "variables": variables}
        if unit:
            arguments["unit"] = unit
        origin = "claim" if any(p.origin == "claim" for p in places) else "question"
        return arguments, {"expression": origin, "variables": origin, "unit": "question"}
    arguments = dict(fixed)
    origins = {n: _origin_of(question, n, v) for n, v in fixed.items()}
    for p in places:
        arguments[p.slot.name] = _number(p)
        origins[p.slot.name] = p.origin
    return arguments, origins


def _origin_of(question: Question, name: str, value: Any) -> str:
    named = any(value in m.kinds.values() for m in question.reading.mentions)
    said = any(p.value == value for p in question.precisions)
    return "question" if named or said else "default"


def _number(p: Place) -> Any:
    whole = p.slot.limits is not None and p.slot.limits.whole
    if p.low is not None and p.high is not None and p.low != p.high:
        return {"low": p.low, "high": p.high}
    value = p.low if p.low is not None else p.high
    return round(value) if whole and value is not None else value


def _literal(d: Derivation, p: Place) -> float | str:
    """A variable of a sum as the expression language takes it; of a range the end that was named first."""
    value = p.low if p.low is not None else p.high
    unit = p.slot.unit_text
    assert value is not None
    if unit == "USD/year" and d.unit == "USD":
        unit = "USD"
    if unit == "pound":
        return f"{value * 0.45359237:.15g} kg"
    return value if p.slot.bare or unit in ("", "dimensionless") else f"{value:.15g} {unit}"
