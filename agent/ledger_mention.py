"""A quantity found in a text, and what the words just before it say of its precision."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from agent.offline.reading.measure import Unit, parse_unit

TIMES = parse_unit("dimensionless")
ABOUT_TOLERANCE = 0.05
BOUND_LEAST, BOUND_MOST = 0.05, 0.25

_ABOUT = (
    "about", "around", "roughly", "approximately", "approx", "approx.", "close to", "some", "circa", "ca", "ca.", "~",
    "≈", "just", "a little", "order of", "or so",
)  # fmt: skip
_ABOVE = (
    "over", "more than", "at least", "north of", "upwards of", "above", "beyond", "exceeds", "exceeding",
    "greater than", ">", "≥",
)  # fmt: skip
_BELOW = (
    "nearly", "almost", "under", "less than", "at most", "up to", "below", "just short of", "fewer than", "shy of", "<",
    "≤",
)  # fmt: skip
_MARKS = ("**", "__", "*", "`")
_OR_SO = re.compile(r"[,\s]*(?:or so|or thereabouts|give or take|-ish\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mention:
    """One quantity of a text. `value ± slack` is what its digits can stand for.

    `place` is the size of the last digit that is not a rounding zero (50 → 10, 1.2 → 0.1): "more than" reaches up to
    the whole of it. `readings` are other values in the same unit ("30 B": bytes or
    billions); `others` the same words read with what stands around them (a column's heading, "per thousand …").
    """

    text: str
    start: int
    end: int
    value: float
    slack: float
    unit: Unit | None = None
    about: bool = False
    bound: int = 0  # 1: "more than", the truth may lie above; -1: "nearly", below
    readings: tuple[float, ...] = ()
    relative: bool = False  # a factor or a share: `twice`, `a third`, `3x`, `40 %`
    ends: tuple[float, float] | None = None  # of the range it is one end of
    place: float = 0.0
    others: tuple[Mention, ...] = ()

    @property
    def loose(self) -> float:
        """The slack that "about" gives."""
        return max(self.slack, ABOUT_TOLERANCE * abs(self.value))

    @property
    def reach(self) -> float:
        """How far beyond a bound the truth may lie, as a share of it."""
        place = self.place / abs(self.value) if self.value else 0.0
        return min(max(place, BOUND_LEAST), BOUND_MOST)


def place_of(value: float) -> float:
    """The size of the last digit that is not zero: 40000 → 10000, 250 → 10, 0.35 → 0.01; 0 for 0."""
    if not value or not math.isfinite(value):
        return 0.0
    digits, exponent = f"{abs(value):.9e}".split("e")
    return 10.0 ** (int(exponent) - len(digits.replace(".", "").rstrip("0")) + 1)


def tail(text: str, end: int, reach: int = 24) -> str:
    """The words just before a place; rules that look back never read the whole text."""
    return text[max(0, end - reach) : end]


def hedges(hidden: str, at: int, end: int | None = None) -> tuple[bool, int]:
    """Whether the words round a number say "about", and whether those before it make it a bound."""
    before = _words_before(hidden, at)
    about = before.endswith(_ABOUT) or (end is not None and bool(_OR_SO.match(hidden, end)))
    return about, 1 if before.endswith(_ABOVE) else -1 if before.endswith(_BELOW) else 0


def _words_before(hidden: str, at: int) -> str:
    """The words just before a place in lower case, without the signs that may stand between: `more than **US$`."""
    words = tail(hidden, at).rstrip().lower().removesuffix("$").removesuffix("us")
    for mark in _MARKS:
        if words.endswith(mark):
            return words[: -len(mark)].rstrip()
    return words.rstrip()


def sentence_bounds(text: str, at: int) -> tuple[int, int]:
    """Where the sentence round a place starts and ends."""
    marks = (". ", "\n", "! ", "? ", "; ")
    ends = [end for mark in marks if (end := text.find(mark, at)) >= 0]
    return max(text.rfind(mark, 0, at) for mark in marks) + 1, min(ends) if ends else len(text)
