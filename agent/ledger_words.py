"""Quantities in words: `forty thousand`, `three and a half`, `half a trillion`, `two-thirds`, `twice`, `one in ten`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from agent.ledger_mention import TIMES, Mention, hedges, place_of, sentence_bounds, tail
from agent.ledger_sought import Sought
from agent.ledger_units import read_unit
from agent.offline.reading.measure import Unit, parse_unit

SCALE = {
    "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "quadrillion": 1e15, "hundred": 1e2,
    "dozen": 12.0, "mn": 1e6, "mio": 1e6, "bn": 1e9, "tn": 1e12, "k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12,
}  # fmt: skip
WORDS_ABOUT = 0.1
_ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
WORDS = {w: float(i) for i, w in enumerate(_ONES)} | {w: 10.0 * i for i, w in enumerate(_TENS, 2)}
_WORD = "|".join(sorted(WORDS, key=len, reverse=True))
_BIG = "hundred|thousand|million|billion|trillion|quadrillion|dozen"
_ORDINALS = {
    "half": 2, "halve": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "sixteenth": 16,
    "seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20, "thirtieth": 30, "fortieth": 40,
    "fiftieth": 50, "hundredth": 100, "thousandth": 1000,
}  # fmt: skip
_PART = "|".join(sorted(_ORDINALS, key=len, reverse=True))
_SPELLED = Sought(
    rf"\b(?:(?:an?|{_WORD})[\s-])?(?:(?:{_WORD}|{_BIG})(?:[\s-](?:and[\s-](?!(?:an?|one|two|three)[\s-](?:{_PART})))?|\b))+",
    re.IGNORECASE,
)
_AND_PART = re.compile(
    rf"\s?and\s(?:(?P<count>an?|one|two|three)[\s-])(?P<part>{_PART})s?\b(?:\s(?P<scale>{_BIG})\b)?",
    re.IGNORECASE,
)
_PART_OF_BIG = Sought(
    rf"\b(?:(?P<count>an?|one|two|three)[\s-])?(?P<part>half|third|quarter)s?\s(?:of\s)?an?\s(?P<scale>{_BIG})\b",
    re.IGNORECASE,
)
_PERIOD_AND = Sought(
    rf"\b(?P<count>an?|{_WORD})\s(?P<period>second|minute|hour|day|week|month|year)s?\sand\s(?:an?|one)\s(?P<part>half|quarter|third)\b",
    re.IGNORECASE,
)
_A_RATE = Sought(
    r"(?<!per )(?<!for )(?<!of )\ban?\s(?=(?:dollar|cent|token|request|joule|watt)\s(?:per|an?|every|each)\s)",
    re.IGNORECASE,
)
_TWO_OF_FOUR = Sought(
    rf"\b(?P<count>{_WORD}|\d{{1,3}})\sof\s(?:the|its|their|our)\s(?P<whole>{_WORD}|\d{{1,3}})\b(?![.,]?\d)",
    re.IGNORECASE,
)
_A_PERIOD = Sought(
    r"\b(?:within|in|after|for|over|about|at least|,)?\s?(?<!per )\ban? (?P<period>second|minute|hour|day|week|month|year|gigawatt|megawatt|terabyte|petabyte)\b"
    r"(?: or (?P<more>two|three))?",
    re.IGNORECASE,
)
_SMALL_RANGE = Sought(rf"\b(?P<low>{_WORD})\s(?:to|or)\s(?P<high>{_WORD})\b(?! of)", re.IGNORECASE)
_DOLLARS_CENTS = Sought(
    rf"\b(?P<dollars>{_WORD})\sdollars?\s(?:and\s)?(?P<cents>(?:{'|'.join(_TENS)})(?:[\s-](?:{'|'.join(_ONES[1:10])}))?)\b"
    rf"(?!\s(?:{_BIG}|percent|GPUs?|chips?))",
    re.IGNORECASE,
)
_HALF_A = Sought(r"\bhalf an? (?=second|minute|hour|day|week|month|year|cent|dollar|percent)", re.IGNORECASE)
_FRACTION = Sought(
    rf"\b(?:(?P<count>an?|{_WORD}|\d{{1,2}})(?P<join>[\s-]))?(?P<part>{_PART})(?P<plural>s)?\b", re.IGNORECASE
)
# "a fifth of", "a third less", "growth of a fifth per year", "by a third."; not "a third party", "a fifth option"
_SHARE_AFTER = re.compile(
    r"\s*(?:$|[.,;:)!?*|—–\n]|(?:of|off|within|by|for|at|on|after|the|as|that|its|their|per|less|more|lower|higher|cheaper|faster|slower|smaller|"
    r"larger|bigger|fewer|or|and|to|in|with|when|over|from|below|above|than|each|every|a (?:year|quarter|month))\b)"
)
_SHARE_BEFORE = re.compile(
    r"\b(?:by|than|nearly|almost|about|roughly|around|over|under|is|only|just|to)\s+$", re.IGNORECASE
)
_PERIOD_BEFORE = re.compile(
    r"\b(?:last|next|past|for|in|within|these|those|the|first|after)\s+$", re.IGNORECASE
)
_OF = re.compile(r"\s+(?:of|the|as)\b")
_NTH = re.compile(
    r"(?:\b(?:first|second|third|fourth|last|latter|other|next|back|front|this|previous)|\x00)[\s-]$",
    re.IGNORECASE,
)
_HALF_AFTER = re.compile(r"[\s-]+(?:of|the|as|that|its|their|what|price|cost)\b")
_RATIO = Sought(
    rf"\b(?P<count>{_WORD}|\d{{1,3}})\s(?:in|out of)(?:\severy)?\s(?P<whole>{_WORD}|a hundred|\d{{1,4}})\b(?![.,]?\d)",
    re.IGNORECASE,
)
_ONE_IN = Sought(
    rf"\b(?P<count>one|1)\s[A-Za-z]+\s(?:in|out of)(?:\severy)?\s(?P<whole>{_WORD}|a hundred|\d{{1,4}})\b(?![.,]?\d)",
    re.IGNORECASE,
)
_FOR_SO_MANY = re.compile(r"\b(?:for|of|per|each|every)\s+$", re.IGNORECASE)
_QUARTERLY = re.compile(r"\bevery three months\b", re.IGNORECASE)
_THE = re.compile(r"\b(?:the|these|those|both|all|any|of|between)\s+$", re.IGNORECASE)
_PRICED = re.compile(r"\s+(?:of \w+ )?(?:costs?|for|at)\b")
_NO_FACTOR = re.compile(r"\s+(?:time|rate|check|count|precision|down|digit|figure|edged|from)")
_TIMES = Sought(
    r"\b(?P<word>twice|thrice|doubl(?:e|es|ed|ing)|tripl(?:e|es|ed|ing)|quadrupl(?:e|es|ed|ing)|halv(?:e|es|ed|ing)|"
    rf"(?:{_WORD}|hundred)[ -]?fold|(?:an|one) order of magnitude|"
    r"(?:two|three|four|five) orders of magnitude)\b(?!-check)",
    re.IGNORECASE,
)
_TIMES_VALUE = {"twi": 2.0, "thr": 3.0, "dou": 2.0, "tri": 3.0, "qua": 4.0, "hal": 0.5}
_SUPPOSED = re.compile(
    r"\b(?:would|could|might|if|when|whenever|each time|every|were|(?:would|could|does|do|won|need)n['’]t)\b",
    re.IGNORECASE,
)


def in_words(text: str, hidden: str) -> Iterator[Mention]:
    """Every quantity written in words; earlier kinds win where two overlap."""
    yield from _parts_of_big(text, hidden)
    yield from _ratios(text, hidden)
    spelled = list(_SPELLED.finditer(hidden))
    yield from _with_parts(text, hidden, spelled)
    yield from _fractions(text, hidden)
    yield from _times(hidden)
    yield from _spelled(text, hidden, spelled)


def number_of(word: str) -> float:
    """`three` → 3, `12` → 12, `a` → 1, `a hundred` → 100."""
    word = word.lower()
    return 100.0 if word == "a hundred" else float(word) if word.isdigit() else WORDS.get(word, 1.0)


def _share(text: str, hidden: str, start: int, end: int, value: float) -> Mention:
    """A part of a whole. Its words round coarsely: a third may be 32 %, "more than half" 60 %."""
    bound = hedges(hidden, start)[1]
    return Mention(
        text[start:end].strip(),
        start,
        end,
        value,
        0.02 * value,
        TIMES,
        True,
        bound,
        (),
        True,
        None,
        0.25 * value,
    )


def _parts_of_big(text: str, hidden: str) -> Iterator[Mention]:
    """`half a trillion parameters`, `three quarters of a million`, `half an hour`."""
    for match in _PART_OF_BIG.finditer(hidden):
        value = (
            number_of(match["count"] or "a")
            / _ORDINALS[match["part"].lower()]
            * SCALE[match["scale"].lower()]
        )
        unit, end = read_unit(hidden, match.end(), "")
        about, bound = hedges(hidden, match.start(), end)
        slack = (WORDS_ABOUT if about else 0.02) * value
        yield Mention(text[match.start() : end], match.start(), end, value, slack, unit, True, bound, (), False, None,
                      0.2 * value)  # fmt: skip
    for pattern, value in ((_HALF_A, 0.5), (_A_RATE, 1.0)):
        for match in pattern.finditer(hidden):
            unit, end = read_unit(hidden, match.end() - 1, "")
            yield Mention(text[match.start() : end], match.start(), end, value, 0.02 * value, unit, True,
                          hedges(hidden, match.start())[1], (), False, None, 0.2 * value)  # fmt: skip
    for match in _DOLLARS_CENTS.finditer(hidden):
        cents = spelled_value(re.findall(r"[a-z]+", match["cents"].lower())) or 0.0
        value = number_of(match["dollars"]) + cents / 100
        yield Mention(match.group(), match.start(), match.end(), value, 0.005, parse_unit("USD"),
                      *hedges(hidden, match.start()), (), False, None, 0.01)  # fmt: skip
    for match in _PERIOD_AND.finditer(hidden):
        value = number_of(match["count"]) + 1 / _ORDINALS[match["part"].lower()]
        yield Mention(match.group(), match.start(), match.end(), value, 0.25, parse_unit(match["period"].lower()),
                      *hedges(hidden, match.start()), (), False, None, 0.5)  # fmt: skip


def shares_said(text: str) -> Iterator[float]:
    """What "two of the four" says besides: a half. Only a source says so much; in an answer they are two counts."""
    for match in _TWO_OF_FOUR.finditer(text):
        count, whole = number_of(match["count"]), number_of(match["whole"])
        if 0 < count <= whole:
            yield count / whole


def _with_parts(text: str, hidden: str, spelled: Sequence[re.Match[str]]) -> Iterator[Mention]:
    """`three and a half months`, `one and a half million`."""
    for match in spelled:
        start = match.start()
        part = _AND_PART.match(hidden, start + len(match.group().rstrip(" -")))
        value = spelled_value(re.findall(r"[a-z]+", match.group().lower()))
        if part is None or value is None:
            continue
        size = number_of(part["count"]) / _ORDINALS[part["part"].lower()]
        scale = SCALE[part["scale"].lower()] if part["scale"] else 1.0
        unit, end = read_unit(hidden, part.end(), "")
        yield Mention(text[start:end].strip(), start, end, (value + size) * scale, 0.25 * scale, unit,
                      *hedges(hidden, start), (), unit is not None and unit.bare, None, 0.5 * scale)  # fmt: skip


def _fractions(text: str, hidden: str) -> Iterator[Mention]:
    for match in _FRACTION.finditer(hidden):
        if _is_share(match, hidden):
            value = number_of(match["count"] or "a") / _ORDINALS[match["part"].lower()]
            yield _share(text, hidden, match.start(), match.end(), value)


def _is_share(match: re.Match[str], hidden: str) -> bool:
    """Whether the words are a part of a whole; a third may be an ordinal, a quarter a period, halves a match."""
    part, count = match["part"].lower(), (match["count"] or "").lower()
    period = part == "quarter" and match["join"] != "-" and not _OF.match(hidden, match.end())
    if period and not _quarters_share(match, hidden):
        return False  # a quarter is a period too: "last quarter", "a quarter's shipments"
    if part in ("half", "quarter") and _NTH.search(tail(hidden, match.start())):
        return False  # "the second half of 2025"
    if not count:
        return part == "half" and _HALF_AFTER.match(hidden, match.end()) is not None
    if count in ("a", "an"):
        return not match["plural"] and _SHARE_AFTER.match(hidden, match.end()) is not None
    if count in ("one", "1"):
        return not match["plural"]
    return bool(match["plural"]) and number_of(count) < _ORDINALS[part] * 3


def _quarters_share(match: re.Match[str], hidden: str) -> bool:
    before = tail(hidden, match.start())
    if _SHARE_BEFORE.search(before):
        return True
    return match["count"] == "three" and _PERIOD_BEFORE.search(before) is None


def periods_said(text: str) -> Iterator[tuple[float, Unit]]:
    """What "within a year", "a day or two" and "a gigawatt site" say besides: 1 year; 1 and 2 days; 1 GW."""
    for match in _A_PERIOD.finditer(text):
        unit = parse_unit(match["period"].lower())
        yield 1.0, unit
        if match["more"]:
            yield number_of(match["more"]), unit


def ranges_said(text: str) -> Iterator[float]:
    """The ends of "three to four" and "two or three", which name no unit."""
    for match in _SMALL_RANGE.finditer(text):
        yield from (number_of(match["low"]), number_of(match["high"]))


def _ratios(text: str, hidden: str) -> Iterator[Mention]:
    """`one in ten`, `3 out of 4`, `one chip in twenty`: shares of a round whole."""
    for match in (*_RATIO.finditer(hidden), *_ONE_IN.finditer(hidden)):
        count, whole = number_of(match["count"]), number_of(match["whole"])
        if 0 < count < whole and (whole <= 20 or whole in (50, 100, 1000)):
            yield _share(text, hidden, match.start(), match.end(), count / whole)


def _times(hidden: str) -> Iterator[Mention]:
    for match in _TIMES.finditer(hidden):
        word = match["word"].lower()
        if _NO_FACTOR.match(hidden, match.end()):
            continue  # "the doubling time", "double digits"
        start, end = sentence_bounds(hidden, match.start())
        if _SUPPOSED.search(hidden[start:end]):
            continue  # "twice the context would halve it": a relation, not a result
        value = _times_value(word)
        yield Mention(
            match.group(), match.start(), match.end(), value, 0.05 * value, TIMES, True,
            hedges(hidden, match.start())[1], (1 / value,), True, None, 0.25 * value,
        )  # fmt: skip


def _times_value(word: str) -> float:
    if "order" in word:
        return float(10.0 ** (1.0 if word.startswith(("an", "one")) else WORDS[word.split()[0]]))
    if "fold" in word:
        return WORDS.get(word.split("fold")[0].strip(" -"), 100.0)
    return _TIMES_VALUE[word[:3]]


def _spelled(text: str, hidden: str, spelled: Sequence[re.Match[str]]) -> Iterator[Mention]:
    for match in spelled:
        words = re.findall(r"[a-z]+", match.group().lower())
        while words and words[-1] == "and":
            words.pop()
        value = spelled_value(words)
        end = match.start() + len(match.group().rstrip(" -"))
        unit, after = read_unit(hidden, end, "")
        big = any(w in SCALE for w in words)
        if value is None or _an_article(words, big, value, unit is None, hidden, match.start()):
            continue
        many = words[0] in ("a", "one") and len(words) == 2 and unit is not None
        if many and (_PRICED.match(hidden, after) or _FOR_SO_MANY.search(tail(hidden, match.start()))):
            continue  # "a million tokens cost …": what a price is given for
        if (
            words == ["one"]
            and unit is not None
            and not unit.bare
            and all(power > 0 for _, power in unit.dims)
        ):
            continue  # "one user", "one chip": an article more than an amount; "one token a second" is one
        about, bound = hedges(hidden, match.start(), after)
        slack = 1e-3 * value if big else 0.5 if value >= 5 else 0.05 * value
        if about:  # words round to their last word: "about fifty" may be 54
            slack = max(slack, min(0.5 * place_of(value), WORDS_ABOUT * value))
        yield Mention(text[match.start() : after].strip(), match.start(), after, value, slack, unit,
                      about or big, bound, (), unit is not None and unit.bare, None, place_of(value))  # fmt: skip


def _an_article(words: list[str], big: bool, value: float, no_unit: bool, hidden: str, at: int) -> bool:
    """`a`, `two ways`, `between the two chips`: words that count nothing worth a source."""
    if words == ["three"] and _QUARTERLY.search(hidden, max(0, at - 6), at + 14):
        return True
    if no_unit and (words in (["one"], ["a"], ["an"]) or (not big and value < 13)):
        return True
    return value < 5 and not big and _THE.search(tail(hidden, at)) is not None


def spelled_value(words: list[str]) -> float | None:
    """`['two', 'hundred', 'and', 'fifty', 'thousand']` → 250000; None when the words are no number."""
    total, group, seen = 0.0, 0.0, False
    for word in words:
        if word in ("a", "an", "and"):
            continue
        if word in WORDS:
            group, seen = group + WORDS[word], True
        elif word in ("hundred", "dozen"):
            group, seen = (group or 1.0) * SCALE[word], True
        elif word in SCALE and not group and total:  # "four thousand million"
            total *= SCALE[word]
        elif word in SCALE:
            total, group, seen = total + (group or 1.0) * SCALE[word], 0.0, True
        else:
            return None
    return total + group if seen and math.isfinite(total + group) else None
