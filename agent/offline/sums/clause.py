"""The asking clause of a word problem: where it is, and of what one, or how long, it asks."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.offline.reading.measure import parse_unit
from agent.offline.reading.reading import Reading
from agent.offline.reading.words import STOP, Token, stem
from agent.offline.reading.written_units import denominators, spelled_unit

TIME = (("s", 1),)
_ASKING = frozenset(
    ["what", "what's", "whats", "which", "how", "give", "compute", "calculate", "find", "convert"]
)
_ENDS = frozenset(".;:?!")
_PLAIN_ASKING = ("percent", "percentage", "pct", "usd", "dollars", "million", "millions", "billion", "billions")  # fmt: skip
_ONLY_UNITS = frozenset(stem(w) for w in _PLAIN_ASKING)
_ONE = frozenset({"a", "an", "one", "each", "every", "per"})
_EACH_GETS = re.compile(r"\beach (?:of them )?(?:get|gets|have|has|receive|receives)\b", re.I)
_PERIODS = frozenset({"year", "month", "week", "day", "hour", "quarter"})
_NOT_SPANS = frozenset({"ago", "earlier", "later", "before", "from"})


@dataclass(frozen=True, slots=True)
class Clause:
    """Tokens `start` … `end` ask; `focused` when they do no more than that."""

    start: int
    end: int
    focused: bool

    def words(self, reading: Reading) -> list[str]:
        return [t.low.removesuffix("'s") for t in reading.tokens[self.start : self.end]]

    def labels(self, reading: Reading) -> frozenset[str]:
        """The stems of what it names."""
        tokens = enumerate(reading.tokens[self.start : self.end], self.start)
        return frozenset(
            stem(t.text) for i, t in tokens if t.is_word and t.low not in STOP and not in_number(reading, i)
        )


def in_number(reading: Reading, i: int) -> bool:
    return any(q.first <= i < q.last for q in reading.quantities)


def _in_stated(reading: Reading, i: int) -> bool:
    """Whether the token belongs to a number that says more than "the two"."""
    return any(
        q.first <= i < q.last and not ("spelled" in q.marks and not q.marked and q.value <= 10)
        for q in reading.quantities
    )


def find_clause(reading: Reading) -> Clause:
    """From the asking word to the end of its sentence, else the last part of the text without numbers."""
    tokens = reading.tokens
    asks = [i for i, t in enumerate(tokens) if t.low in _ASKING and not _of_which(tokens, i)]
    if not asks:
        return _closing(reading)
    i = asks[-2] if tokens[asks[-1]].low == "give" and len(asks) > 1 else asks[-1]
    end = next((k for k in range(i, len(tokens)) if tokens[k].text in _ENDS), len(tokens))
    start = i
    while start and i - start < 8 and tokens[start - 1].text not in ".;:?!," and not in_number(reading, start - 1):  # fmt: skip
        start -= 1
    return Clause(start, end, True)


def _of_which(tokens: list[Token], i: int) -> bool:
    """ "Of which 2 MW", "…, which has 250 MW", "60 % of what's left": a relative clause, no question."""
    if tokens[i].low == "which" and i > 0 and tokens[i - 1].text == ",":
        return True
    return (
        tokens[i].low in ("which", "what", "what's", "whats")
        and i > 0
        and tokens[i - 1].low in ("of", "than")
    )


def _closing(reading: Reading) -> Clause:
    """The last sentence, or its last part when there are numbers before that."""
    tokens = reading.tokens
    end = len(tokens) - (bool(tokens) and tokens[-1].text in _ENDS)
    start = next((k + 1 for k in range(end - 1, -1, -1) if tokens[k].text in ".;:?!"), 0)
    if any(_in_stated(reading, k) for k in range(start, end)):
        parts = (k + 1 for k in range(end - 1, -1, -1) if tokens[k].text in ".,;:?!" or _dash(tokens, k))
        start = next(parts, 0)
    found = Clause(start, end, not any(_in_stated(reading, k) for k in range(start, end)))
    if all(in_number(reading, k) for k in range(start, end)) or not found.labels(reading) - _ONLY_UNITS:
        return Clause(0, end, False)
    return found


def _dash(tokens: list[Token], k: int) -> bool:
    """A dash between parts of the sentence, not one that joins two words."""
    return tokens[k].text in "-–—" and k > 0 and tokens[k - 1].end < tokens[k].start


def asked_per(reading: Reading, clause: Clause) -> str:
    """ "… per card?", "dollars each week": the unit of what one of is asked for."""
    tokens, start, end = reading.tokens, clause.start, clause.end
    for k in (*range(end - 1, start, -1), start + 1):
        if tokens[k - 1 : k] and tokens[k - 1].low == "per" and not in_number(reading, k):
            _, unit = denominators(reading, k - 1, "x")
            if unit != "x":
                return unit.removeprefix("x/")
    for k in range(start, end - 1):
        follows = tokens[k + 2].low if k + 2 < len(tokens) else ""
        if in_number(reading, k):
            continue
        if tokens[k].low in ("a", "an", "each", "every") and tokens[k + 1].low in _PERIODS and follows not in _NOT_SPANS:  # fmt: skip
            return spelled_unit(tokens[k + 1].text)
    return "year" if {"annualised", "annualized"} & set(clause.words(reading)) else ""


_COUNTED = frozenset({("person", 1), ("request", 1), ("chip", 1), ("server", 1)})


def asked_one(reading: Reading, clause: Clause) -> frozenset[str]:
    """Things of which one is spoken of: "does a subscriber get", "each card", "how many does each get"."""
    tokens = reading.tokens
    found = {
        name for k in range(clause.start, clause.end - 1)
        if tokens[k].low in _ONE and tokens[k + 1].low != "of" for name in _things(tokens[k + 1].low)
    }  # fmt: skip
    last_word = next((t.low for t in reversed(tokens[clause.start : clause.end]) if t.is_word), "")
    if last_word in ("each", "apiece") and not any((n, 1) in _COUNTED for n in found):
        counted = [
            q.unit.dims[0][0]
            for q in reading.quantities
            if len(q.unit.dims) == 1 and q.unit.dims[0] in _COUNTED
        ]
        found |= set(counted[-1:])
    if _EACH_GETS.search(reading.text) and reading.quantities:
        last = reading.quantities[-1].unit.dims
        found |= {name for name, power in last if power == 1 and len(last) == 1}
    return frozenset(found)


def _things(word: str) -> tuple[str, ...]:
    if not word.isalpha() or word.endswith("s"):
        return ()
    unit = parse_unit(spelled_unit(word) or "dimensionless")
    return (*(n for n, _ in unit.dims), f"#{stem(word)}")


def goes_on_for(reading: Reading, per: str) -> bool:
    """ "For a year", "over a month": how long it goes on."""
    lows = [t.low for t in reading.tokens]
    return any(
        lows[k - 2] in ("for", "over", "in") and lows[k - 1] in ("a", "one", "each") and lows[k] == per
        for k in range(2, len(lows))
    )


def counted_over(per: str, unit_text: str) -> bool:
    """ "Tokens per day", "dollars per week" are counted over that time; only money a year and tokens a second are rates."""
    if parse_unit(per).dims != TIME or per in ("second", "hour") or "/" in unit_text:
        return False
    return not (per == "year" and "USD" in unit_text)


__all__ = ["TIME", "Clause", "asked_one", "asked_per", "counted_over", "find_clause", "goes_on_for", "in_number"]  # fmt: skip
