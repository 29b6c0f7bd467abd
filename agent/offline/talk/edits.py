"""An earlier question with what a follow-up says put in its place: "after 3?" makes "after 5 years" "after 3 years".

Each number, name and format of the follow-up replaces its counterpart: the one of its unit, with the words around it.
"""

from __future__ import annotations

import re

from agent.offline.reading.entities import Mention
from agent.offline.reading.reading import Quantity
from agent.offline.reading.words import STOP, stem
from agent.offline.score import Question, is_salient
from agent.offline.talk.counterparts import around, counterpart, one_a_place, shared_words
from agent.offline.talk.follow import asks_in_words
from agent.offline.talk.phrases import (
    Edit,
    added,
    end_meant,
    factor_said,
    given_up,
    pace_edit,
    period_edit,
    scaled_by,
)

_NUMBER = re.compile(
    r"(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?:\s?(?:k|m|b|bn|t|tn|thousand|million|billion|trillion)\b)?|"
    r"\b(?:(?:a|half|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty|seventy|"
    r"eighty|ninety|hundred|thousand|million|billion|dozen)\b[\s-]*)+",
    re.I,
)
_AGAINST = re.compile(r"\b(against|versus|vs|compared (to|with)|than|over|relative to)\b", re.I)
_OF_MONEY = re.compile(r"\b(price|cheaper|dearer|more expensive|rent|rate)\b", re.I)
_SCALED = re.compile(r"\b(doubl|halv|half|twice|tripl)(?:es?|ed)?\b", re.I)
_SCALES = {"doubl": 2.0, "twice": 2.0, "halv": 0.5, "half": 0.5, "tripl": 3.0}
_EACH_PERIOD = re.compile(r"\b(every|each) (year|month|week|quarter|day)\b", re.I)
_A_PERIOD = re.compile(
    r"\b(for|over|during|in|after|within) (?:an?|one|the|1) (?:whole |full |single )?(year|month|week|quarter|day)\b(?! of)",
    re.I,
)
_HALF = re.compile(r"\bhalf (?:an? )?(year|month|week|day|hour)\b", re.I)
_SINGLE = re.compile(
    r"\b(?:(?:just|only) (?:one|a single|1)|a single|(?<![\d.][A-Za-z] )one)(?: (?:of|out of) (?:the|them|those|my|our)\b)?(?= )",
    re.I,
)


_ALWAYS = re.compile(
    r"\b(?:all (?:of )?the time|all day(?: long)?|around the clock|round the clock|24/7|non-?stop|flat out|constantly)(?![\w%])",
    re.I,
)
_HALF_TIME = re.compile(r"\b(?:only )?half (?:of )?the time\b", re.I)


def plainly(text: str) -> str:
    """ "every year" as "every 1 year", "just one of the cards" as "1 cards": numbers that are not said as numbers."""
    text = _HALF_TIME.sub("50% of the time", _ALWAYS.sub("100% of the time", text))
    text = _HALF.sub(r"0.5 \1s", _EACH_PERIOD.sub(r"\1 1 \2", text))
    return _SINGLE.sub("1", _A_PERIOD.sub(r"\1 1 \2", text))


def edited(old: Question, new: Question, fixed: int = 0) -> str | None:
    """The earlier text with all that the follow-up says put in; None when something has no one counterpart.

    The first `fixed` characters stay: they tell a result, not what the asker said.
    """
    edits: list[Edit] = []
    phrase = pace_edit(old.text, new.text, fixed)
    numbers = [phrase] if phrase is not None else _numbers(old, new, fixed)
    for found in (numbers, _names(old, new, fixed), _formats(old, new, fixed)):
        if found is None:
            return None
        edits += found
    if not edits and not fixed and (period := period_edit(old.text, new.text)) is not None:
        edits = [period]
    if not edits:
        return None
    text = old.text
    for e in sorted(edits, key=lambda e: -e.start):
        text = text[: e.start] + e.text + text[e.end :]
    return text if text != old.text else None


def _numbers(old: Question, new: Question, fixed: int) -> list[Edit] | None:
    theirs = old.reading.quantities
    mine = one_a_place([q for i, q in enumerate(new.reading.quantities) if is_salient(new, i) or _meant(q)])
    free = [theirs.index(q) for q in one_a_place([q for q in theirs if q.start >= fixed])]
    scale = _SCALED.search(new.text)
    if scale is not None and not mine and not asks_in_words(new):
        return _scaled(old, new, free, _SCALES[scale.group(1).lower()])
    if (
        len(mine) == 1
        and "times" in mine[0].marks
        and (times := factor_said(new.text))
        and not asks_in_words(new)
    ):
        return _scaled(old, new, free, times)
    if len(mine) == 1 and (factor := scaled_by(new.text, mine[0])) != 1.0 and not _share_said(old, new):
        return _scaled(old, new, free, factor)
    gone = [q for q in mine if given_up(new.text, q.start)]
    if len(gone) == 1 and len(mine) == 2:
        put = next(q for q in mine if q is not gone[0])
        there = [i for i in free if _said_before(theirs[i], gone[0])]
        return [_swap(old, theirs[there[0]], new, put)] if len(there) == 1 else None
    ordered = _in_order(old, mine, free)
    if ordered is not None:
        return [_swap(old, theirs[i], new, q) for i, q in zip(ordered, mine, strict=True)]
    edits: list[Edit] = []
    for q in mine:
        i = _at_end(old, new, q, free)
        i = counterpart(old, new, q, free) if i is None else i
        i = _at_end(old, new, q, free, "to") if i is None and len(mine) == 1 else i
        if i is None:
            return None
        free.remove(i)
        edits.append(_put(old, theirs[i], new, q))
    return edits


def _share_said(old: Question, new: Question) -> bool:
    """Whether a share is a new value of one said before ("and if they get 20 % faster?"), or the text asks by itself."""
    return asks_in_words(new) or any(scaled_by(old.text, q) != 1.0 for q in old.reading.quantities)


def _said_before(there: Quantity, q: Quantity) -> bool:
    if q.marked and there.marked and q.unit.dims == there.unit.dims:
        return abs(q.value * q.unit.factor - there.value * there.unit.factor) < 1e-9 * abs(
            there.value * there.unit.factor
        )
    return q.value == there.value


def _at_end(old: Question, new: Question, q: Quantity, free: list[int], end: str = "") -> int | None:
    """ "If it had ended at 15x": that end of the one change the earlier text had."""
    end = end or end_meant(new.text, q)
    ends = [i for i in free if old.reading.quantities[i].marks & {"from", "to"}]
    there = [i for i in ends if end and end in old.reading.quantities[i].marks]
    if len(ends) != 2 or len(there) != 1:
        return None
    o = old.reading.quantities[there[0]]
    alike = not q.marked or not o.marked or q.unit.dims == o.unit.dims
    return there[0] if alike else None


def _put(old: Question, there: Quantity, new: Question, q: Quantity) -> Edit:
    """A new value in the place of an old one, or what the old one comes to with so much more or less."""
    more = added(new.text, q)
    if not more:
        return _swap(old, there, new, q)
    factor = q.unit.factor / there.unit.factor if q.marked and there.marked else 1.0
    return valued(old, there, there.value + more * q.value * factor)


def valued(old: Question, there: Quantity, value: float) -> Edit:
    number = _NUMBER.search(old.text[there.start : there.end])
    if number is None:
        return Edit(there.start, there.end, _plain(value))
    return Edit(there.start + number.start(), there.start + number.end(), f"{_plain(value)}{_gap(number)}")


def _meant(q: Quantity) -> bool:
    if q.unit_text == "percent" and q.value == 100:
        return True
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
        if (score := shared_words(said, around(old.reading, old.reading.quantities[i]))) > 0
        and is_salient(old, i)
    ]
    rows.sort(reverse=True)
    if not rows and _OF_MONEY.search(new.text):  # "20% cheaper": the one price there is
        rows = [(1.0, i) for i in free if old.reading.quantities[i].unit.has("USD")]
    if not rows or (len(rows) > 1 and rows[0][0] - rows[1][0] < 0.1):
        return None
    there = old.reading.quantities[rows[0][1]]
    if _NUMBER.search(old.text[there.start : there.end]) is None:
        return None
    return [valued(old, there, there.value * factor)]


def _names(old: Question, new: Question, fixed: int) -> list[Edit] | None:
    edits: list[Edit] = []
    theirs = [m for m in old.reading.mentions if m.start >= fixed]
    dropped = [m for m in new.reading.mentions if given_up(new.text, m.start)]
    if len(dropped) == 1 and len(new.reading.mentions) == 2:
        put = next(m for m in new.reading.mentions if m is not dropped[0])
        return [
            Edit(o.start, o.end, new.text[put.start : put.end]) for o in theirs if _same(o, dropped[0])
        ] or None
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
