"""What was read from one question: text, tokens, names and quantities."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.offline.reading.entities import Mention
from agent.offline.reading.measure import NUMBER, YEAR, Unit, parse_unit
from agent.offline.reading.words import Token


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number of the question. `unit.bare` and not `marked`: the text names no unit for it."""

    value: float
    unit: Unit = NUMBER
    unit_text: str = ""
    start: int = 0
    end: int = 0
    first: int = 0  # token span, exclusive end
    last: int = 0
    low: float | None = None
    high: float | None = None
    marks: frozenset[str] = frozenset()  # from to versus each times percent scaled spelled list params named
    series: int = -1
    noun: str = ""

    @property
    def marked(self) -> bool:
        return bool(self.unit_text)

    @property
    def time_factor(self) -> float:
        """Seconds of the time unit a rate is given in, so that "$5B a year" can fill a field of plain dollars."""
        return YEAR if "/year" in self.unit_text else parse_unit(self.unit_text.split("/")[-1]).factor


@dataclass(slots=True)
class Reading:
    """Text, tokens, names and quantities of one question."""

    text: str
    tokens: list[Token]
    mentions: list[Mention]
    quantities: list[Quantity] = field(default_factory=list)

    def masked(self, i: int) -> Mention | None:
        token = self.tokens[i]
        for m in self.mentions:
            if m.start <= token.start < m.end:
                return m
        return None
