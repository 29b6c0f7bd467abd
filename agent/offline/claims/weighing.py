"""Which number a question that may be on claims comes to, and how surely: a reading on claims, its own numbers, or none.

The readings, what the question comes to on its own and "no number is asked for" are rivals; those that come to the same
number speak for each other. The weights of their evidence are fitted, so that a share of one half is one half.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.offline.choices import ARITHMETIC
from agent.offline.claims.asked import Asked, asks_for_words
from agent.offline.claims.scores import ClaimReading
from agent.offline.claims.weights import shares, weights
from agent.offline.decide import Decision
from agent.offline.reading.measure import parse_unit

SAME = 2e-3  # relative; the same number


@dataclass
class Party:
    """Rivals that come to one number. `own`: the question's own numbers are among them."""

    value: float
    unit: str
    sure: float
    readings: list[ClaimReading] = field(default_factory=list)
    own: bool = False


@dataclass
class Weighed:
    """What the rivals have, the surest number first; `none`: that no number is asked for."""

    parties: list[Party]
    none: float

    @property
    def best(self) -> Party | None:
        return self.parties[0] if self.parties else None

    @property
    def has_own(self) -> bool:
        """Whether the question comes to a number without the claims."""
        return any(p.own for p in self.parties)

    @property
    def own(self) -> float:
        """The share of what the question comes to on its own."""
        return next((p.sure for p in self.parties if p.own), 0.0)


def own_figure(decision: Decision) -> tuple[float, str] | None:
    """What the question alone comes to, where that is an answer."""
    choice = decision.choice
    if choice is None or not choice.ok or decision.from_claims or decision.kind not in ("calculate", "mixed"):
        return None
    figure = choice.trial.figures.get(choice.want.name) if choice.want is not None else None
    figure = figure if figure is not None else next(iter(choice.trial.figures.values()), None)
    return None if figure is not None and _repeats(decision, figure) else figure


def _repeats(decision: Decision, figure: tuple[float, str]) -> bool:
    """A plain sum that only says a stated number again answers nothing."""
    choice = decision.choice
    if choice is None or choice.frame.spec.name != ARITHMETIC:
        return False
    base = figure[0] * parse_unit(figure[1]).factor
    return any(q.value * q.unit.factor == base for q in decision.question.reading.quantities)


def own_evidence(decision: Decision, citations: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """What speaks for the question's own numbers."""
    choice, question = decision.choice, decision.question
    assert choice is not None
    words = float(asks_for_words(question.text, question.features))
    top = max((float(c.get("score", 0.0)) for c in citations), default=0.0)
    sure = min(max(choice.sure, 0.02), 0.98)
    return {
        "own": 1.0,
        "own_sure": math.log(sure / (1 - sure)),
        "own_sure_words": words * math.log(sure / (1 - sure)),
        "own_faults": float(bool(choice.faults)),
        "own_plain": float(choice.frame.spec.name == ARITHMETIC),
        "own_words": words,
        "own_top": top,
        "own_words_top": words * top,
    }


def none_evidence(decision: Decision, asked: Asked) -> dict[str, float]:
    """What speaks for no number: nothing to be counted is asked for."""
    f = decision.question.features
    return {
        "none": 1.0,
        "none_asks": float(f.asks_number),
        "none_words": float(asks_for_words(decision.question.text, f)),
        "none_yes_no": float(f.yes_no and not f.asks_number),
        "none_explain": float(f.explain),
        "none_unit": float(bool(asked.unit_text)),
    }


def weigh(
    decision: Decision, asked: Asked, readings: Sequence[ClaimReading], citations: Sequence[Mapping[str, Any]]
) -> Weighed:
    """The rivals of a question with their shares."""
    own = own_figure(decision)
    rivals: list[tuple[float, str, ClaimReading | None]] = [(r.value, r.unit, r) for r in readings]
    odds = [r.score for r in readings]
    if own is not None:
        rivals.append((*own, None))
        odds.append(_log_odds(own_evidence(decision, citations)))
    odds.append(_log_odds(none_evidence(decision, asked)))
    *numbers, none = shares(odds)
    parties: list[Party] = []
    for (value, unit, reading), share in zip(rivals, numbers, strict=True):
        party = next((p for p in parties if _same(p, value, unit)), None)
        if party is None:
            party = Party(value, unit, 0.0)
            parties.append(party)
        party.sure += share
        party.own |= reading is None
        if reading is not None:
            party.readings.append(reading)
    return Weighed(sorted(parties, key=lambda p: -p.sure), none)


def _log_odds(evidence: Mapping[str, float]) -> float:
    worth = weights()
    return sum(worth.get(name, 0.0) * value for name, value in evidence.items())


def _same(party: Party, value: float, unit: str) -> bool:
    a, b = parse_unit(party.unit), parse_unit(unit)
    one, other = abs(party.value) * a.factor, abs(value) * b.factor
    return a.dims == b.dims and abs(one - other) <= SAME * max(one, other, 1e-30)
