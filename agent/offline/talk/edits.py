"""An earlier question with what a follow-up says put in its place: "after 3?" makes "after 5 years" "after 3 years".

Each number, name and format of the follow-up replaces its counterpart: the one of its unit, with the words around it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from agent.offline.reading.entities import Mention
from agent.offline.reading.measure import without_counts
from agent.offline.reading.reading import Quantity, Reading
from agent.offline.reading.words import STOP, stem
from agent.offline.score import Question, is_salient
from agent.offline.talk.follow import asks_in_words

AROUND = 4  # tokens on each side whose words say what a number is
_NUMBER = re.compile(
    r"(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?:\s?(?:k|m|b|bn|t|tn|thousand|million|billion|trillion)\b)?|"
    r"\b(?:(?:a|half|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty|seventy|"
    r"eighty|ninety|hundred|thousand|million|billion|dozen)\b[\s-]*)+",
    re.I,
)
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
    )
}
_SIDES = frozenset(["each", "per", "from", "to", "times"])
_JOINTS = frozenset(
    ["and", "at", "with", "plus", "on", "but", "by", "against", "versus", "vs", "than", "from", "to"]
)
_AGAINST = re.compile(r"\b(against|versus|vs|compared (to|with)|than|over|relative to)\b", re.I)
_INSTEAD = re.compile(r"\b(instead of|rather than|in place of|not)\b", re.I)
_SCALED = re.compile(r"\b(double|halve|half|twice|triple)\b", re.I)
_SCALES = {"double": 2.0, "twice": 2.0, "halve": 0.5, "half": 0.5, "triple": 3.0}
_EACH_PERIOD = re.compile(r"\b(every|each) (year|month|week|quarter|day)\b", re.I)
_A_PERIOD = re.compile(
    r"\b(for|over|during|in|after|within) (?:an?|one|the|1) (?:whole |full |single )?(year|month|week|quarter|day)\b(?! of)",
    re.I,
)
_HALF = re.compile(r"\bhalf (?:an? )?(year|month|week|day|hour)\b", re.I)
_SINGLE = re.compile(
    r"\b(?:(?:just|only) (?:one|a single|1)|a single|one)(?: (?:of|out of) (?:the|them|those|my|our)\b)?(?= )",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Edit:
    """A stretch of the earlier text and what is to stand there."""

    start: int
    end: int
    text: str


_RATE = re.compile(r" ?(?:/|(?:per|an?|each|every) )(?:year|month|hour|day|quarter|yr|hr)\b", re.I)
_REFERRED = re.compile(r"\b(?:that|this|the same|those|these|such an?) ([a-z]{4,})\b", re.I)


def with_amounts(old: Question, text: str) -> str:
    """ "Years to double at that growth": the words that point back with the amount they point to."""

    def amount(match: re.Match[str]) -> str:
        word = stem(match.group(1))[:4]
        for i, q in enumerate(old.reading.quantities):
            if is_salient(old, i) and any(s[:4] == word for s in _around(old.reading, q)):
                start = q.start - (old.text[q.start - 1 : q.start] == "$")
                rate = _RATE.match(old.text[q.end :])
                said = old.text[start : q.end].strip() + (rate.group() if rate is not None else "")
                return f"{said} {match.group(1)}"
        return match.group()

    return _REFERRED.sub(amount, text)


def plainly(text: str) -> str:
    """ "every year" as "every 1 year", "just one of the cards" as "1 cards": numbers that are not said as numbers."""
    text = _HALF.sub(r"0.5 \1s", _EACH_PERIOD.sub(r"\1 1 \2", text))
    return _SINGLE.sub("1", _A_PERIOD.sub(r"\1 1 \2", text))


def edited(old: Question, new: Question, fixed: int = 0) -> str | None:
    """The earlier text with all that the follow-up says put in; None when something has no one counterpart.

    The first `fixed` characters stay: they tell a result, not what the asker said.
    """
    edits: list[Edit] = []
    for found in (_numbers(old, new, fixed), _names(old, new, fixed), _formats(old, new, fixed)):
        if found is None:
            return None
        edits += found
    if not edits:
        return None
    text = old.text
    for e in sorted(edits, key=lambda e: -e.start):
        text = text[: e.start] + e.text + text[e.end :]
    return text if text != old.text else None


def _numbers(old: Question, new: Question, fixed: int) -> list[Edit] | None:
    theirs = old.reading.quantities
    mine = _one_a_place([q for i, q in enumerate(new.reading.quantities) if is_salient(new, i) or _meant(q)])
    free = [theirs.index(q) for q in _one_a_place([q for q in theirs if q.start >= fixed])]
    scale = _SCALED.search(new.text)
    if scale is not None and not mine and not asks_in_words(new):
        return _scaled(old, new, free, _SCALES[scale.group().lower()])
    ordered = _in_order(old, mine, free)
    if ordered is not None:
        return [_swap(old, theirs[i], new, q) for i, q in zip(ordered, mine, strict=True)]
    edits: list[Edit] = []
    for q in mine:
        i = _counterpart(old, new, q, free)
        if i is None:
            return None
        free.remove(i)
        edits.append(_swap(old, theirs[i], new, q))
    return edits


def _one_a_place(quantities: list[Quantity]) -> list[Quantity]:
    """The sides of "8x8x4" are one amount."""
    return list({q.start: q for q in reversed(quantities)}.values())[::-1]


def _meant(q: Quantity) -> bool:
    return q.value == 1 and q.marks.isdisjoint({"article", "verbal", "claim"})


def _in_order(old: Question, mine: list[Quantity], free: list[int]) -> list[int] | None:
    """ "What if it's 90 and 60": as many bare numbers as the question had, or a change where it had one."""
    if len(mine) < 2 or any(q.marked for q in mine):
        return None
    ends = [i for i in free if old.reading.quantities[i].marks & {"from", "to"}]
    for rows in (ends, [i for i in free if is_salient(old, i)]):
        if len(rows) == len(mine):
            return rows
    return None


def _counterpart(old: Question, new: Question, q: Quantity, free: list[int]) -> int | None:
    """The number that is clearly meant: of one unit with it, and with its words; None when two are as likely."""
    words = _around(new.reading, q)
    named = not q.marked and any(s not in _LEADING for s in words)
    rows = [
        (s + shared, i)
        for i in free
        if (s := _alike(q, o := old.reading.quantities[i])) > 0
        and (is_salient(old, i) or o.value == 1 or o.value == 0)
        and (
            (shared := _shared(words, _around(old.reading, o))) > 0 or not named
        )  # "a PUE of 1.3" is no other number
    ]
    rows.sort(key=lambda r: (-r[0], r[1]))
    if not rows or rows[0][0] < 1.0 or (len(rows) > 1 and rows[0][0] - rows[1][0] < 0.25):
        return None
    return rows[0][1]


def _alike(q: Quantity, old: Quantity) -> float:
    """How much two numbers are of one kind, by their units: 2 the same, 0 not at all."""
    if ("axes" in q.marks) != ("axes" in old.marks):
        return 0.0
    if not q.marked:
        counts = not old.marked or (
            not without_counts(old.unit) and old.unit_text not in ("percent", "dimensionless")
        )
        return (1.0 if counts else 0.7) + _of_one_size(q.value, old.value)
    if (
        q.unit.dims == old.unit.dims
        and old.marked
        and (q.unit_text == "percent") == (old.unit_text == "percent")
    ):
        return (
            2.0
            + _of_one_size(q.value * q.unit.factor, old.value * old.unit.factor)
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
        return 1.5  # "$1.50" after "$2 an hour"
    return 0.0


def _of_one_size(a: float, b: float) -> float:
    """A little for numbers of one size (3 after 5 years, a million after 200,000), and against those far apart."""
    if a <= 0 or b <= 0:
        return 0.0
    return max(-1.0, 0.4 - 0.3 * abs(math.log10(a / b)))


def _around(reading: Reading, q: Quantity) -> dict[str, float]:
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


def _shared(mine: dict[str, float], theirs: dict[str, float]) -> float:
    return min(2.0, sum(min(w, theirs[s]) for s, w in mine.items() if s in theirs))


def _swap(old: Question, there: Quantity, new: Question, q: Quantity) -> Edit:
    """The number alone where the unit is the same or unsaid, else the whole amount."""
    said = new.text[q.start : q.end].strip()
    if "axes" in q.marks:
        return Edit(there.start, there.end, said)
    before = old.text[there.start : there.end]
    number = _NUMBER.search(before)
    if q.marked and q.unit_text != there.unit_text and q.unit.dims == there.unit.dims:
        lead = (
            "$"
            if "USD" in q.unit_text and "$" not in said and not re.search(r"usd|dollar", said, re.I)
            else ""
        )
        at = there.start - 1 if lead and old.text[there.start - 1 : there.start] == "$" else there.start
        return Edit(at, there.end, lead + said)
    if number is None:
        return Edit(there.start, there.end, said)
    value, written = _in_unit_of(q, there, before), _NUMBER.search(said)
    text = written.group().strip() if written is not None and value == q.value >= 0 else _plain(value)
    return Edit(there.start + number.start(), there.start + number.end(), f"{text}{_gap(number)}")


def _in_unit_of(q: Quantity, there: Quantity, before: str) -> float:
    """The new value in the unit that stays written: 6 cents where dollars are, and the other way round."""
    if q.unit.dims != (("USD", 1),) or q.unit_text == there.unit_text:
        return q.value
    return q.value * q.unit.factor * (100 if "cent" in before else 1)


def _gap(number: re.Match[str]) -> str:
    return " " if number.group()[-1:].isspace() else ""


def _plain(value: float) -> str:
    return f"{value:.12f}".rstrip("0").rstrip(".") if 1e-9 < abs(value) < 1e15 else f"{value:g}"


def _scaled(old: Question, new: Question, free: list[int], factor: float) -> list[Edit] | None:
    """ "Double the context": the number that has the words said, times two."""
    said = {s: 1.0 for s, _ in new.features.stems} | {
        stem(t.text): 1.0 for t in new.reading.tokens if t.is_word and t.low not in STOP
    }
    rows = [
        (score, i)
        for i in free
        if (score := _shared(said, _around(old.reading, old.reading.quantities[i]))) > 0
        and is_salient(old, i)
    ]
    rows.sort(reverse=True)
    if not rows or (len(rows) > 1 and rows[0][0] - rows[1][0] < 0.1):
        return None
    there = old.reading.quantities[rows[0][1]]
    number = _NUMBER.search(old.text[there.start : there.end])
    if number is None:
        return None
    return [
        Edit(
            there.start + number.start(),
            there.start + number.end(),
            f"{_plain(there.value * factor)}{_gap(number)}",
        )
    ]


def _names(old: Question, new: Question, fixed: int) -> list[Edit] | None:
    edits: list[Edit] = []
    theirs = [m for m in old.reading.mentions if m.start >= fixed]
    instead = _INSTEAD.search(new.text)
    if instead is not None and len(new.reading.mentions) == 2:
        put, gone_ = new.reading.mentions
        if put.end <= instead.start() and gone_.start >= instead.end():
            said = new.text[put.start : put.end]
            return [Edit(o.start, o.end, said) for o in theirs if _same(o, gone_)] or None
    for m in new.reading.mentions:
        kin = [o for o in theirs if set(o.kinds) & set(m.kinds)]
        if any(_same(o, m) for o in kin):
            continue  # said again, to tell what is said of it
        if not kin and any(m.start <= q.start < m.end for q in new.reading.quantities):
            continue  # "405B" is put in as a size
        if not kin or (len({o.text.lower() for o in kin}) > 1 and not _AGAINST.search(new.text)):
            return None
        gone = kin[-1].text.lower() if _AGAINST.search(new.text) else kin[0].text.lower()
        said = new.text[m.start : m.end]
        edits += [Edit(o.start, o.end, said) for o in kin if o.text.lower() == gone]
    return edits


def _same(a: Mention, b: Mention) -> bool:
    return bool(set(a.kinds.items()) & set(b.kinds.items()))


def _formats(old: Question, new: Question, fixed: int) -> list[Edit] | None:
    edits: list[Edit] = []
    theirs = [p for p in old.precisions if p.start >= fixed]
    for p in new.precisions:
        kin = [o for o in theirs if o.of == p.of] or ([] if p.of else theirs)
        if p.of == "both":
            kin = theirs
        if not kin or (p.of != "both" and len({o.value for o in kin}) > 1):
            return None
        edits += [Edit(o.start, o.end, p.value) for o in kin]
    return edits
