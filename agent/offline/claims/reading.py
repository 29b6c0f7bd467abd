"""Questions that combine a number with what was said: a claim's derivation, with what the question states put in.

Each derivation of the claims that were found is one candidate reading. The question's numbers take the places of the
derivation's: a number that says a value again confirms it, another number of the same kind replaces it ("at 1.2 kW
each"), and words near it choose between two places of one kind. A reading stands only when every number the question
states has a place, when nothing the question must bring is missing, and when the result is what is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agent.offline.claims.asked import Asked, asks_for_words, read_asked, unit_score
from agent.offline.claims.derivations import Derivations
from agent.offline.claims.places import Place, placed
from agent.offline.claims.relating import related_readings
from agent.offline.claims.scores import (
    ClaimReading,
    about_score,
    checks_score,
    covered,
    figures_score,
    ground_score,
    left_score,
    lost_score,
    names_score,
    off_score,
    period_score,
    stands,
    sums_score,
    unmet_score,
    words_score,
)
from agent.offline.claims.values import ARITHMETIC, Derivation, all_claims
from agent.offline.claims.weights import weighed
from agent.offline.score import Question

if TYPE_CHECKING:
    from agent.offline.decide import Decider

RUN = 5  # derivations that are run before choosing


class ClaimReader:
    """Reads questions on the claims that a search found."""

    def __init__(self, decider: Decider) -> None:
        self._decider = decider
        self.derivations = Derivations(decider.reader.library)

    def readings(
        self, question: Question, citations: Sequence[Mapping[str, Any]], run: int = RUN
    ) -> list[ClaimReading]:
        """The likeliest readings, run (twice as many as are `run` are tried), best first."""
        asked = read_asked(question)
        found = self.candidates(question, citations, asked)
        found.sort(key=lambda r: -r.score)
        ran = [r for r in found[: 2 * run] if self._run(r)]
        cited = _scores(citations)
        words = asks_for_words(question.text, question.features)
        for r in ran:
            r.parts |= {
                "fails": float(not stands(question, asked, r)),
                "cite": max(cited.get(c, 0.0) for c in r.derivation.claims),
                "from": float(r.from_claim > 0),
                "confirmed": float(min(r.confirmed, 3)),
                "claim_words": float(words),
            }
            r.score = weighed(r.parts)
        return sorted(ran, key=lambda r: -r.score)

    def candidates(
        self, question: Question, citations: Sequence[Mapping[str, Any]], asked: Asked
    ) -> list[ClaimReading]:
        """Every reading, not run yet."""
        ranked = ranked_claims(citations)
        found: list[ClaimReading] = []
        rows = [(d, rank) for claim, rank in ranked.items() for d in self.derivations.of(claim)]
        for d, rank in rows:
            fitted = placed(question, d, ranked)
            if fitted is not None:
                found += self._results(question, asked, d, fitted, rank)
        found += related_readings(question, asked, self._decider.reader.library.specs.get(ARITHMETIC), ranked)
        return found

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
                "words": words_score(question, d, name, own=k == 0),
                "named": named,
                "own_result": 1.0 if k == 0 else 0.0,
                "chosen": (-0.5 if d.is_check else -0.3) * sum(1 for p in places if p.origin == "default"),
                "checks": checks_score(question, d, places, unit),
                "figures": figures_score(question, places),
                "about": about_score(question, d),
                "check": -0.2 if d.is_check else 0.0,
                "curated": float(not d.is_check),
                "names": names_score(question, d),
                "sums": sums_score(question, asked, d),
                "ground": ground_score(d, places),
                "lost": lost_score(question, d, name),
                "covers": covered(
                    question, [p.slot.amount for p in places if p.slot.amount is not None], [d.claim]
                ),
                "off": off_score(asked, said),
                "period": period_score(asked, unit),
                "left": left_score(question, places),
                "unmet": unmet_score(question, asked, d, name),
                "loose": float(sum(1 for p in places if p.low != p.high and p.quantity < 0)),
            }
            if k and parts["words"] < 0.4:
                continue  # another result of the run, and nothing asks for it
            arguments, origins = _arguments(d, places, fixed, question)
            made.append(
                ClaimReading(
                    d, places, arguments, origins, name, unit, 0.0, weighed(parts), None, parts, rank
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


def _scores(citations: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """How well the search found each claim, 0 … 1."""
    found: dict[str, float] = {}
    for c in citations:
        for key in ranked_claims([c]):
            found[key] = max(found.get(key, 0.0), float(c.get("score", 0.0)))
    return found


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


# ---- the call


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
