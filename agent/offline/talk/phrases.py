"""What a follow-up does with a number it gives: a new value, so much more, another pace, another end of a change."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.offline.reading.reading import Quantity


@dataclass(frozen=True, slots=True)
class Edit:
    """A stretch of the earlier text and what is to stand there."""

    start: int
    end: int
    text: str


_MORE_BEFORE = re.compile(
    r"\b(another|an? (additional|extra|further)|additional|extra|further|plus|add(ing)?|gain(ing)?)\s*(another\s*)?\$?\s*$",
    re.I,
)
_MORE_AFTER = re.compile(
    r"^\s*(?:[a-z-]+ ){0,3}?(?:more|extra|additional|on top|in addition)\b(?! than)", re.I
)
_FEWER_BEFORE = re.compile(
    r"\b(minus|subtract|without|drop(ping)?|los(e|ing)|remov(e|ing)|less)\s*\$?\s*$", re.I
)
_FEWER_AFTER = re.compile(r"^\s*(?:[a-z-]+ ){0,2}?(?:fewer|less)\b(?! than)", re.I)


def added(text: str, q: Quantity) -> int:
    """1 where a number is so much more ("another 500", "10 more"), -1 for so much less, 0 for a value of its own."""
    before, after = text[: q.start], re.split(r"[,;.?!]", text[q.end :])[0]
    if q.unit_text in ("percent", "dimensionless") or "times" in q.marks:
        return 0
    if _MORE_BEFORE.search(before) or _MORE_AFTER.search(after):
        return 1
    return -1 if _FEWER_BEFORE.search(before) or _FEWER_AFTER.search(after) else 0


_GIVEN_UP = re.compile(r"\b(?:instead of|rather than|in place of|not)(?: the| an?)?\s+\$?\s*$", re.I)


def given_up(text: str, start: int) -> bool:
    """Whether what stands at `start` is what was said before and is not meant: "not 32k, 64k", "an H200 instead of an H100"."""
    return bool(_GIVEN_UP.search(text[:start]))


_BY_SHARE = re.compile(
    r"^\s*(?:(more|higher|longer|bigger|larger|dearer|up)|(less|fewer|lower|cheaper|shorter|smaller|down|off))\b(?! than)",
    re.I,
)
_WENT_BY = re.compile(
    r"\b(?:(rises?|rose|goes up|went up|grows?|increas\w+|climbs?)|(falls?|fell|drops?|dropped|goes down|went down|shrinks?|declines?|comes down))"
    r"(?: by)? $",
    re.I,
)


def scaled_by(text: str, q: Quantity) -> float:
    """What a share makes of the number it is said of: 0.8 for "20 % cheaper", "falls by 20 %"; 1 where it is none."""
    if q.unit_text != "percent":
        return 1.0
    match = _BY_SHARE.match(text[q.end :]) or _WENT_BY.search(text[: q.start])
    if match is None or re.match(r"\s*(a|per|every|each) (year|month)", text[q.end :], re.I):
        return 1.0
    return 1 + q.value / 100 if match.group(1) else 1 - q.value / 100


_FACTOR = re.compile(
    r"\b(?:(?P<word>double|twice|triple|halve|half)\b|(?P<times>\d+(?:\.\d+)?) ?(?:x|times) (?=(?:the|as (?:many|much|long)|that many)\b))",
    re.I,
)
_FACTORS = {"double": 2.0, "twice": 2.0, "triple": 3.0, "halve": 0.5, "half": 0.5}


def factor_said(text: str) -> float:
    """The factor by which something named is to change: "double the context", "3x the output"; 0 where none is said."""
    match = _FACTOR.search(text)
    if match is None:
        return 0.0
    return float(match["times"]) if match["times"] else _FACTORS[match["word"].lower()]


_AT_END = re.compile(
    r"\b(end(s|ed|ing)?|finish\w*|clos(es|ed)|gone|went|goes|go|going|fell|falls?|fallen|dropp?\w*|rose|rises?|risen|came?|land\w*|"
    r"down|up|reach\w*|now)\b(?: \w+){0,2}?(?: (?:to|at|on|with|up at))?\s*\$?\s*$",
    re.I,
)
_AT_START = re.compile(
    r"\b(start\w*|began|begin\w*|begun|from|initial\w*|opened|originally)\b(?: \w+){0,2}?(?: (?:from|at|on|with|out at))?\s*\$?\s*$",
    re.I,
)


def end_meant(text: str, q: Quantity) -> str:
    """Which end of a change a number is said to be: "to", "from" or neither."""
    before = re.split(r"[,;.?!]", text[: q.start])[-1]
    return "from" if _AT_START.search(before) else "to" if _AT_END.search(before) else ""


_COUNT = {"two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0, "six": 6.0, "ten": 10.0, "half": 0.5}
_PACES = {"doubl": 2.0, "tripl": 3.0, "quadrupl": 4.0, "halv": 2.0}
_PACE = re.compile(
    r"\b(?:(?P<verb>doubl|tripl|quadrupl|halv)(?:es?|ed|ing)?|(?P<factor>\d+(?:\.\d+)?) ?(?:x|times|fold)|(?P<percent>\d+(?:\.\d+)?) ?(?:%|percent))"
    r"(?: (?:in size|in price|more|as much|dearer|cheaper|better|faster|only|just))?(?:,? once)? (?:an?|per|every|each|in)(?: (?P<many>\d+(?:\.\d+)?|two|three|four|five|six|ten|half a))? "
    r"(?P<period>year|month|quarter|week|day)s?\b",
    re.I,
)


def pace_edit(old: str, new: str, fixed: int) -> Edit | None:
    """ "And if it doubles every two years?": the pace of the earlier text with the new one in its place."""
    mine, theirs = _PACE.search(new), [m for m in _PACE.finditer(old) if m.start() >= fixed]
    if mine is None or len(theirs) != 1:
        return None
    there = theirs[0]
    falls = (mine["verb"] or "").lower() == "halv"
    if falls and not re.search(r"\b(fall|drop|declin|cheaper|halv|shrink|los[es])", old, re.I):
        return None
    verb = "" if there["verb"] is None else "falls " if falls else "grows "
    return Edit(there.start(), there.end(), verb + _said(mine))


def pace_said(text: str) -> str:
    """The one pace that a text tells, as "35% a year" or "5x every 2 years"; "" where it tells none or several."""
    found = list(_PACE.finditer(text))
    return _said(found[0]) if len(found) == 1 else ""


def _said(pace: re.Match[str]) -> str:
    many = (pace["many"] or "1").lower().removesuffix(" a")
    count = _COUNT.get(many) or float(many)
    period = f"{count:g} {pace['period']}{'s' if count != 1 else ''}" if count != 1 else pace["period"]
    if pace["percent"]:
        return f"{pace['percent']}% a {period}" if count == 1 else f"{pace['percent']}% every {period}"
    factor = float(pace["factor"]) if pace["factor"] else _PACES[pace["verb"].lower()]
    return f"{factor:g}x {'a' if count == 1 else 'every'} {period}"


_ADJECTIVE = {"daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year", "annual": "year", "annually": "year"}  # fmt: skip
_PER = re.compile(
    r"\b(?:(daily|weekly|monthly|quarterly|yearly|annual(?:ly)?)|(?:per|a|each|every) (day|week|month|quarter|year))\b",
    re.I,
)
_TOTAL = re.compile(r"\b(?:for|over|during|in) (?:an?|1|one|the) (day|week|month|quarter|year)\b", re.I)
_ASKED = re.compile(
    r"\b(daily|weekly|monthly|quarterly|yearly|annual)\b|\b(?:per|a|each|every) (day|week|month|quarter|year)\b(?=\W*$)",
    re.I,
)


def period_edit(old: str, new: str) -> Edit | None:
    """ "And per month?", after "for a year" or "the yearly bill"."""
    mine = _PER.search(new)
    if mine is None:
        return None
    period = _ADJECTIVE.get((mine.group(1) or "").lower(), (mine.group(2) or "").lower())
    there = [*_TOTAL.finditer(old), *_ASKED.finditer(old)]
    if len(there) != 1 or not period:
        return None
    found = there[0].group()
    adjective = next(k for k, v in _ADJECTIVE.items() if v == period)
    text = adjective if found.lower() in _ADJECTIVE else re.sub(r"\w+$", period, found)
    return Edit(there[0].start(), there[0].end(), text)
