"""Which of the numbers a text states are to be reckoned with, and whether all of them are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.offline.reading.numbers import SCALES, SPELLED
from agent.offline.reading.reading import Quantity, Reading
from agent.offline.sums import words as say
from agent.offline.sums.dims import without_things

if TYPE_CHECKING:
    from agent.offline.sums.terms import Term

_NUMBER_WORDS = (
    frozenset(SPELLED)
    | frozenset(SCALES)
    | {"half", "third", "thirds", "fifth", "tenth", "twentieth", "eighth", "sixth", "point"}
) - {"one", "zero"}


_ORDINALS = frozenset({"third", "fifth", "sixth", "eighth", "tenth"})


def number_unread(reading: Reading) -> bool:
    """Whether a word or digits of the text say a number that no quantity and no name holds."""
    inside = {i for q in reading.quantities for i in range(q.first, q.last)}
    said = {24.0, 7.0, *(q.value for q in reading.quantities)}  # round the clock, or said again
    for i, token in enumerate(reading.tokens):
        if i in inside or reading.masked(i) is not None:
            continue
        after = [t.low for t in reading.tokens[i + 1 : i + 3]]
        before = reading.tokens[i - 1].low if i else ""
        if token.low in _ORDINALS and before == "the" and after[:1] != ["of"]:
            continue
        if token.low in SCALES and (
            token.low.endswith("s") or before in ("many", "much", "in", "of", "per", "$", "give", "as", "(")
        ):
            continue
        if token.low in _NUMBER_WORDS or (
            token.low == "quarter" and after[:1] == ["of"] and not after[-1][:1].isdigit()
        ):
            return True
        if token.is_number and float(token.text.replace(",", "")) not in said:
            return True
    return False


def all_read(reading: Reading, terms: list[Term]) -> bool:
    """Whether every number the text states is among the terms; a count of the terms themselves need not be."""
    if number_unread(reading):
        return False
    used = {t.index for t in terms}
    if _a_quarter_of(reading) or _year_unsaid(reading, used):
        return False
    alike = max((sum(1 for t in terms if t.dims == u.dims) for u in terms), default=0)
    return all(
        i in used or "spelled" not in q.marks or q.marked or q.value == 1 or (q.value in (alike, len(terms), len(terms) / 2) and not _counts_steps(reading, q))
        for i, q in enumerate(reading.quantities)
    )  # fmt: skip


def _counts_steps(reading: Reading, q: Quantity) -> bool:
    after = {t.low for t in reading.tokens[q.last : q.last + 2]}
    return bool(after & (say.STEPS | {"tenfold", "later", "on"}))


def _a_quarter_of(reading: Reading) -> bool:
    """ "A quarter paid in advance": a fourth that was not read as a number."""
    lows = [t.low for t in reading.tokens]
    return any(
        lows[k] == "quarter" and not _read(reading, k) and (lows[k - 1] == "a" or lows[k + 1] in _SETTLED)
        and (lows[k + 1] in _SETTLED or (k > 1 and lows[k - 2] in _BY)
        or (lows[k + 1] == "of" and lows[k + 2 : k + 3] and not _of_a_date(lows[k + 2 : k + 4])))
        for k in range(1, len(lows) - 1)
    )  # fmt: skip


_SETTLED = frozenset(["paid", "up", "off", "upfront", "down", "goes", "lost", "prepaid", "due", "deposit"])


def _of_a_date(words: list[str]) -> bool:
    """ "Of 2024", "of 90 days"."""
    year = words[0].isdigit() and len(words[0]) == 4
    return year or words[1:] in (["days"], ["weeks"], ["months"])


_BY = frozenset(["by", "up", "down", "only", "than", "loses", "lost"])


def _read(reading: Reading, k: int) -> bool:
    return any(q.first <= k < q.last and q.value < 1 for q in reading.quantities)


def _year_unsaid(reading: Reading, used: set[int]) -> bool:
    """Whether a number left out as a year does not look like one: no "in", "since", "by" before it."""
    for i, q in enumerate(reading.quantities):
        if (
            i in used
            or q.marked
            or not 1990 <= q.value <= 2100
            or "scaled" in q.marks
            or not q.value.is_integer()
        ):
            continue
        before = reading.tokens[q.first - 1].low if q.first else "in"
        if before not in _DATED:
            return True
    return False


_DATED = frozenset(
    [
        "in",
        "since",
        "by",
        "until",
        "till",
        "during",
        "for",
        "year",
        "fy",
        "of",
        "early",
        "late",
        "mid",
        "end",
        "from",
        "to",
        "jan",
        "feb",
        "mar",
        "apr",
        "may",
        "jun",
        "jul",
        "aug",
        "sep",
        "oct",
        "nov",
        "dec",
        "january",
        "february",
        "march",
        "april",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "q1",
        "q2",
        "q3",
        "q4",
        "and",
        "-",
        "'",
        "(",
        ".",
    ]
)


def must_use(reading: Reading, i: int) -> bool:
    """A small spelled count right before another number ("six 24-core servers"), or a factor in a word."""
    q = reading.quantities[i]
    if (
        "verbal" in q.marks
        or _one_amount(q)
        or is_fraction(q)
        or ("aside" in q.marks and not q.marked and q.value > 1)
        or _after_a_while(reading, q)
        or _doubling(reading, i)
        or (not q.marked and "," in reading.tokens[q.first].text)
    ):
        return True
    if (
        "spelled" in q.marks
        and not q.marked
        and q.last < len(reading.tokens)
        and reading.tokens[q.last].low in say.STEPS - {"times"}
    ):
        return True
    after = reading.quantities[i + 1] if i + 1 < len(reading.quantities) else None
    return (
        "spelled" in q.marks and not q.marked and 1 < q.value <= 12 and after is not None
        and after.first == q.last and reading.tokens[q.last].is_number
    )  # fmt: skip


def _doubling(reading: Reading, i: int) -> bool:
    """ "Growing 100 % a year": the whole of something again, not the whole of it."""
    q = reading.quantities[i]
    near = {t.low for t in reading.tokens[max(0, q.first - 3) : q.last + 2]}
    return (
        q.unit_text == "percent" and q.value == 100 and bool(near & (say.GROWING | {"more", "up", "growing"}))
    )


def is_fraction(q: Quantity) -> bool:
    """ "A quarter of it", "two thirds"."""
    return "spelled" in q.marks and not q.marked and 0 < q.value < 1


def one_in(reading: Reading, q: Quantity) -> bool:
    """ "One in eight": an eighth."""
    lead = [t.low for t in reading.tokens[max(0, q.first - 2) : q.first]]
    return not q.marked and q.value > 1 and lead in (["1", "in"], ["one", "in"])


def _after_a_while(reading: Reading, q: Quantity) -> bool:
    """ "What is it worth after two?", "in year three": a time whose unit the text has said."""
    lows = [t.low for t in reading.tokens]
    if "spelled" not in q.marks or not any(
        o is not q and o.unit.dims == (("s", 1),) for o in reading.quantities
    ):
        return False
    if q.unit.dims == (("s", 1),):
        return q.value == 1 and lows[q.first - 1 : q.first] == ["after"]
    ends = q.last >= len(lows) or lows[q.last] in _STOPS
    return (
        not q.marked
        and q.first > 0
        and ((ends and lows[q.first - 1] == "after") or lows[q.first - 1] == "year")
    )


def _one_amount(q: Quantity) -> bool:
    """ "One gigawatt": an amount, not one of something."""
    return (
        q.value == 1
        and "spelled" in q.marks
        and bool(without_things(q.unit.dims))
        and q.unit.dims not in ((("s", 1),), (("token", 1),))
        and not q.marks & {"period", "article"}
    )


def is_result(reading: Reading, i: int) -> bool:
    """ "…, so 50x", "= 40", "he calls it 50x": a result somebody states, nothing to reckon with."""
    q = reading.quantities[i]
    if "times" in q.marks and (_claimed(reading, q) or _at_most_said(reading, q)):
        return True
    for later in reading.quantities[i + 1 :]:
        if (
            later.value == q.value
            and later.unit_text == q.unit_text
            and "so" in words_before(reading, later.first, q.last)
        ):
            return True  # "shrinks 3.5x so each costs 3.5 times as much"
    if words_before(reading, q.first, 0)[-1:] == ("same",) and any(
        p.value == q.value for p in reading.quantities[:i]
    ):
        return True  # "on top of the same 800"
    lead = [
        t.low
        for t in reading.tokens[max(0, q.first - 2) : q.first]
        if t.low not in ("around", "about", "roughly", "$", "~")
    ]
    return lead[-1:] in (["so"], ["thus"], ["hence"], ["="], ["equals"])


def _claimed(reading: Reading, q: Quantity) -> bool:
    lead = tuple(t.low for t in reading.tokens[max(0, q.first - 2) : q.first])
    return len(lead) == 2 and (
        (lead[0] in ("call", "calls", "called", "make", "makes") and lead[1] in ("it", "that", "this"))
        or lead in (("gets", "to"), ("get", "to"), ("arrives", "at"), ("ends", "at"))
    )


def _at_most_said(reading: Reading, q: Quantity) -> bool:
    """ "Does it cost more than double?": what two amounts of the text are held against."""
    lead = tuple(t.low for t in reading.tokens[max(0, q.first - 2) : q.first])
    return "verbal" in q.marks and lead in (("more", "than"), ("less", "than"), ("over", "than"))


def says_odds(reading: Reading, q: Quantity) -> bool:
    tail = [t.low for t in reading.tokens[max(q.first, q.last - 2) : q.last]]
    return len(tail) == 2 and tail[0] in ("to", ":") and tail[1] in ("one", "1")


_STOPS = frozenset(",.;:?!()")


def words_before(reading: Reading, first: int, limit: int) -> tuple[str, ...]:
    out: list[str] = []
    for i in range(first - 1, max(limit, first - 7) - 1, -1):
        low = reading.tokens[i].low
        if low in _STOPS:
            break
        out.append(low)
    return tuple(reversed(out))


def words_after(reading: Reading, last: int, limit: int) -> tuple[str, ...]:
    out: list[str] = []
    for i in range(last, min(limit, last + 7)):
        low = reading.tokens[i].low
        if low in _STOPS:
            break
        out.append(low)
    return tuple(out)


__all__ = [
    "all_read",
    "is_fraction",
    "is_result",
    "must_use",
    "number_unread",
    "one_in",
    "says_odds",
    "words_after",
    "words_before",
]
