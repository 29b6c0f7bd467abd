"""Which number of the earlier text a number of the follow-up is the new value of: its unit, the words around it, its size."""

from __future__ import annotations

import math
import re

from agent.offline.reading.measure import without_counts
from agent.offline.reading.reading import Quantity, Reading
from agent.offline.reading.words import STOP, stem
from agent.offline.reading.written_units import spelled_unit
from agent.offline.score import Question, is_salient
from agent.offline.talk.phrases import added

SAID = 1.4  # a shared word says more of what is meant than a size
AROUND = 4  # tokens on each side whose words say what a number is
_LEADING = STOP | {
    stem(w)
    for w in (
        "make",
        "use",
        "try",
        "set",
        "change",
        "only",
        "just",
        "now",
        "instead",
        "rather",
        "say",
        "sorry",
        "million",
        "billion",
        "thousand",
        "after",
        "another",
        "plus",
        "add",
        "more",
        "extra",
        "additional",
        "minus",
        "less",
        "fewer",
        "them",
        "hire",
        "take",
        "get",
        "buy",
        "rent",
        "suppose",
        "assume",
        "want",
        "run",
    )
}
_OF_THEM = re.compile(r"\s*of (?:them|those|these)\b", re.I)
_SIDES = frozenset(["each", "per", "from", "to", "times"])
_JOINTS = frozenset(
    ["and", "at", "with", "plus", "on", "but", "by", "against", "versus", "vs", "than", "from", "to"]
)


def one_a_place(quantities: list[Quantity]) -> list[Quantity]:
    """The sides of "8x8x4" are one amount."""
    return list({q.start: q for q in reversed(quantities)}.values())[::-1]


def counterpart(old: Question, new: Question, q: Quantity, free: list[int]) -> int | None:
    """The number that is clearly meant: of one unit with it, and with its words; None when two are as likely."""
    words = around(new.reading, q)
    alone = sum(is_salient(new, i) for i in range(len(new.reading.quantities))) == 1
    if alone and q.marked:  # the one number of a follow-up is what all its words are of
        words = {s: 0.6 for s, _ in new.features.stems} | words
    if added(new.text, q):  # so much more of what has its words, not only its unit
        words = {s: w for s, w in words.items() if s not in _unit_words(new.reading, q)}
    of_them = bool(_OF_THEM.match(new.text[q.end :]))
    named = not q.marked and not of_them and any(s not in _LEADING for s in words)
    more = added(new.text, q) != 0
    rows = [
        (s + SAID * shared - (_of_one_size(q.value, o.value) if more else 0.0), i)
        for i in free
        if (s := _alike(q, o := old.reading.quantities[i])) > 0
        and (is_salient(old, i) or o.value == 1 or o.value == 0)
        and ("period" not in o.marks or "period" in q.marks)
        and (
            (shared := shared_words(words, around(old.reading, o))) > 0 or not named
        )  # "a PUE of 1.3" is no other number
    ]
    rows.sort(key=lambda r: (-r[0], r[1]))
    if not rows or rows[0][0] < 1.0 or (len(rows) > 1 and rows[0][0] - rows[1][0] < 0.22):
        return None
    return rows[0][1]


def _unit_words(reading: Reading, q: Quantity) -> set[str]:
    return {stem(t.text) for t in reading.tokens[q.first : q.last + 2] if spelled_unit(t.text) == q.unit_text}


def _alike(q: Quantity, old: Quantity) -> float:
    """How much two numbers are of one kind, by their units: 2 the same, 0 not at all."""
    if ("axes" in q.marks) != ("axes" in old.marks):
        return 0.0
    if not q.marked:
        counts = not old.marked or (
            not without_counts(old.unit) and old.unit_text not in ("percent", "dimensionless")
        )
        far = (
            2.0 if not counts and _of_one_size(q.value, old.value) < -0.35 else 0.0
        )  # 3,000 is no price of $4
        return (1.0 if counts else 0.7) + _of_one_size(q.value, old.value) - far
    if (
        q.unit.dims == old.unit.dims
        and old.marked
        and (q.unit_text == "percent") == (old.unit_text == "percent")
    ):
        return (
            2.0
            + _of_one_size(q.value * q.unit.factor, old.value * old.unit.factor, 0.45)
            + 0.5 * (q.marks & old.marks & _SIDES != frozenset())
        )
    if not old.marked:
        return 0.6 if not without_counts(q.unit) else 0.0
    mine, theirs = dict(q.unit.dims), dict(old.unit.dims)
    if (
        mine
        and all(theirs.get(k) == v for k, v in mine.items())
        and all(theirs[k] < 0 for k in theirs.keys() - mine.keys())
    ):
        size = (
            q.value * q.unit.factor,
            old.value * old.unit.factor * (old.time_factor if "/" in old.unit_text else 1.0),
        )
        return 1.8 + _of_one_size(*size, 0.45)  # "$1.50" after "$2 an hour"
    return 0.0


def _of_one_size(a: float, b: float, slope: float = 0.3) -> float:
    """A little for numbers of one size (3 after 5 years, a million after 200,000), and against those far apart."""
    if a <= 0 or b <= 0:
        return 0.0
    return max(-1.0, 0.4 - slope * abs(math.log10(a / b)))


def around(reading: Reading, q: Quantity) -> dict[str, float]:
    """The words near a number, those next to it the heaviest, up to the end of its clause."""
    found: dict[str, float] = {}
    for step, start in ((-1, q.first - 1), (1, q.last)):
        joint = False
        for k in range(AROUND):
            i = start + step * k
            if not 0 <= i < len(reading.tokens) or reading.tokens[i].text in ",;.?!:":
                break
            t = reading.tokens[i]
            thing = reading.masked(i)
            if thing is not None:
                found |= {f"{kind} {name}": 1.0 for kind, name in thing.kinds.items()}
            elif joint:
                break
            elif t.is_word and t.low not in STOP:
                found.setdefault(stem(t.text), 1.0 - 0.15 * k)
            elif t.is_word and step < 0 and k == 0:
                found.setdefault(t.low, 0.5)  # "after", "at", "from"
            if t.low in _JOINTS:
                if step > 0 or k:
                    break
                joint = True  # "the H100 at $40k": the thing before it, no other words
    for i in range(q.first, q.last):
        if reading.tokens[i].is_word:
            found.setdefault(stem(reading.tokens[i].text), 0.8)
    return found


def shared_words(mine: dict[str, float], theirs: dict[str, float]) -> float:
    return min(2.0, sum(min(w, theirs[s]) for s, w in mine.items() if s in theirs))
