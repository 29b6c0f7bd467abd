"""What stands around a number and changes what it says: a table's heading, "per thousand requests", "in a day",
"2 hours 2 minutes", "29 cents of each dollar".

Each gives the mention another reading (`Mention.others`); the plain reading stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

from agent.ledger_mention import TIMES, Mention, sentence_bounds
from agent.ledger_sought import Sought
from agent.ledger_units import read_unit
from agent.offline.reading.measure import Unit, parse_unit

_PERIODS = "second|minute|hour|day|week|month|quarter|year"
_PER_MANY = re.compile(
    r"\b(?:(?:[Pp]er|[Ff]or|[Ee]very)\s(?:each\s|every\s)?|(?=[Aa]\s\w+\s(?:such\s|more\s)?[a-z]+\s(?:costs?|comes?|runs?)\b))(?P<many>(?:(?:[Aa]n?|one)\s)?(?:hundred|thousand|million|billion)|1,000,000|1,000|1k|1M|100)\s"
    r"(?:(?:input|output|generated|prompt|such|more)\s)?(?P<noun>[a-z]+)"
)
_MANY = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "1,000,000": 1e6, "1,000": 1e3, "1k": 1e3,
         "1M": 1e6, "100": 1e2}  # fmt: skip
_IN_A = re.compile(
    rf"\b(?:in|per|each|every|over|for)\s(?:an?\s|one\s|each\s|every\s)?(?P<period>{_PERIODS})\b"
    rf"|\b(?P<adjective>hourly|daily|weekly|monthly|quarterly|yearly|annual)\b|\ba\s(?P<owned>{_PERIODS})(?:['’]s|\sof)\b",
    re.IGNORECASE,
)
_ADJECTIVES = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter",
               "yearly": "year", "annual": "year"}  # fmt: skip
# "29 cents of each dollar", "for every dollar of revenue, 63 cents", "$88 of every $100"
_OF_A_DOLLAR = re.compile(
    r"\b(?:of|on|from|out of|in|for|per)\s(?:each|every|the|a)?\s?(?:[a-z]+\s)?(?:dollar\b|\$(?P<whole>1|10|100|1,000)(?![\d.,]\d|\d))",
    re.IGNORECASE,
)
_IN_SCALE = re.compile(
    r"\b(?:in|\$|USD)\s?(?P<scale>thousand|million|billion|trillion)s?\b(?!\s\d)", re.IGNORECASE
)
_SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_BRACKETED = re.compile(r"[\s\w/]{0,12}\((?:range |from |between |i\.e\. |or |interval )?[~≈]?\$?")
_COMPOSED = re.compile(r"(?:\s|,\s|\sand\s|,\sand\s)?")
_ROW = Sought(r"^[ \t]*\|.*\|[ \t]*$", re.MULTILINE)
_RULE = re.compile(r"[\s|:-]+")
_HEADING_UNIT = re.compile(r"[(\[](?P<inner>[^()\[\]]{1,24})[)\]]|,\s*(?P<after>[^,]{1,16})$")
_SLASHES = Sought(r"(?<![\w./])\d{1,2}(?:/\d{1,2}){1,5}(?![\w/]|\.\d)")
_PERCENT = parse_unit("percent")
_SECOND = parse_unit("s")
_CENT = parse_unit("cent")
_TOKEN = parse_unit("token")


def per_many_spans(hidden: str) -> list[tuple[int, int]]:
    """Where a count only says what a price is for: the `thousand requests` of "Per thousand requests you pay"."""
    return [(m.start("many"), m.end()) for m in _PER_MANY.finditer(hidden)]


@dataclass(slots=True)
class _Sentence:
    """What the phrases of one sentence do to its numbers."""

    scales: list[tuple[int, float]] = field(
        default_factory=list
    )  # where "in millions" ends, and what it multiplies by
    whole: float | None = None  # of "63 cents of every dollar"
    below: list[Unit] = field(
        default_factory=list
    )  # what a plain amount may be per: thousand requests, a day


def with_others(text: str, hidden: str, mentions: list[Mention]) -> list[Mention]:
    """The mentions with the readings that the words around them give."""
    columns = list(_columns(text))
    found = [
        replace(mention, others=others)
        if (others := tuple(_others(mention, sentence, columns))) != mention.others
        else mention
        for mention, sentence in zip(mentions, _sentences_of(hidden, mentions), strict=True)
    ]
    return _composed(text, _bracketed(hidden, _split_of_hundred(text, found)))


def _split_of_hundred(text: str, mentions: list[Mention]) -> list[Mention]:
    """`55/28/17`, `80/20`: shares of a whole, when they make up a hundred."""
    out = list(mentions)
    for match in _SLASHES.finditer(text):
        if sum(map(int, match.group().split("/"))) == 100:
            out = [
                replace(m, others=(*m.others, replace(m, unit=_PERCENT)))
                if match.start() <= m.start < match.end()
                else m
                for m in out
            ]
    return out


def _sentences_of(hidden: str, mentions: list[Mention]) -> Iterator[_Sentence]:
    """The sentence of each mention (in order of place); each sentence is read once."""
    end, current = -1, _Sentence()
    for mention in mentions:
        if mention.start >= end:
            start, end = sentence_bounds(hidden, mention.start)
            current = _read_sentence(hidden, start, end)
        yield current


def _read_sentence(hidden: str, start: int, end: int) -> _Sentence:
    sentence = _Sentence(
        [(m.end(), _SCALES[m["scale"].lower()]) for m in _IN_SCALE.finditer(hidden, start, end)][:9]
    )
    if whole := _OF_A_DOLLAR.search(hidden, start, end):
        sentence.whole = float((whole["whole"] or "1").replace(",", ""))
    for match in _PER_MANY.finditer(hidden, start, end):
        noun, _ = read_unit(" " + match["noun"], 0, "")
        per = noun or _TOKEN
        sentence.below.append(Unit(per.factor * _MANY[match["many"].split()[-1]], per.dims))
    for match in _IN_A.finditer(hidden, start, end):
        period = match["period"] or match["owned"] or _ADJECTIVES[match["adjective"].lower()]
        sentence.below.append(parse_unit(period.lower()))
    sentence.below = list(dict.fromkeys(sentence.below))
    return sentence


def _others(mention: Mention, sentence: _Sentence, columns: list[tuple[int, int, Unit]]) -> Iterator[Mention]:
    unit = mention.unit
    if unit is None:
        yield from (replace(mention, unit=of) for start, end, of in columns if start <= mention.start < end)
        yield from (_scaled(mention, by, None) for at, by in sentence.scales if at <= mention.start)
    elif unit.dims == _CENT.dims and sentence.whole:
        yield replace(_scaled(mention, unit.factor / sentence.whole, TIMES), relative=True)
    if unit is not None and unit.dims and all(power > 0 for _, power in unit.dims):
        yield from (replace(mention, unit=unit / below) for below in sentence.below)


def _scaled(mention: Mention, by: float, unit: Unit | None) -> Mention:
    return replace(
        mention,
        value=mention.value * by,
        slack=mention.slack * by,
        place=mention.place * by,
        unit=unit,
        readings=(),
    )


def _bracketed(hidden: str, mentions: list[Mention]) -> list[Mention]:
    """`31 ms (26–39)`: what stands in brackets after a quantity may be in its unit."""
    out = list(mentions)
    unit: Unit | None = None
    at = 0
    for i, mention in enumerate(out):
        if mention.unit is not None:
            unit, at = mention.unit, mention.end
        elif unit is not None and _BRACKETED.fullmatch(hidden, at, mention.start):
            out[i] = replace(mention, others=(*mention.others, replace(mention, unit=unit)))
            if i + 1 < len(out) and out[i + 1].unit is None and out[i + 1].start - mention.end <= 4:
                out[i + 1] = replace(out[i + 1], others=(*out[i + 1].others, replace(out[i + 1], unit=unit)))
    return out


def _composed(text: str, mentions: list[Mention]) -> list[Mention]:
    """`2 hours and 2 minutes`, `1h34m`: each part may be supported by the whole."""
    out = list(mentions)
    for i, (first, second) in enumerate(pairwise(mentions)):
        if first.unit is None or second.unit is None or {first.unit.dims, second.unit.dims} != {_SECOND.dims}:
            continue
        if first.unit.factor > second.unit.factor and _COMPOSED.fullmatch(text[first.end : second.start]):
            value = first.value * first.unit.factor / second.unit.factor + second.value
            whole = replace(second, value=value, about=first.about or second.about, others=())
            out[i] = replace(out[i], others=(*out[i].others, whole))
            out[i + 1] = replace(out[i + 1], others=(*out[i + 1].others, whole))
    return out


def _columns(text: str) -> Iterator[tuple[int, int, Unit]]:
    """For every cell of a table whose heading names a unit: where the cell stands, and the unit."""
    rows = list(_ROW.finditer(text))
    units: list[Unit | None] = []
    for i, row in enumerate(rows):
        if _RULE.fullmatch(row.group()):
            continue
        below = rows[i + 1].group() if i + 1 < len(rows) else ""
        if below and _RULE.fullmatch(below):
            units = [_heading_unit(cell.strip()) for cell in row.group().strip().strip("|").split("|")]
            continue
        yield from _cells(row, units)


def _cells(row: re.Match[str], units: list[Unit | None]) -> Iterator[tuple[int, int, Unit]]:
    at = row.start() + row.group().index("|") + 1
    cells = row.group().strip().strip("|").split("|")
    of_row = _heading_unit(cells[0].strip())  # "| TPOT (ms) | 31.3 |"
    for i, cell in enumerate(cells):
        unit = units[i] if i < len(units) else None
        for named in (unit, of_row if i else None):
            if named is not None:
                yield at, at + len(cell), named
        at += len(cell) + 1


def _heading_unit(heading: str) -> Unit | None:
    """The unit that a heading names: `$k`, `Cost ($M)`, `Power, MW`, `GB/s`."""
    named = _HEADING_UNIT.search(heading)
    words = (named["inner"] or named["after"]).strip() if named else heading.strip("* ")
    scaled = re.fullmatch(r"(?:US)?\$\s?(?P<scale>k|K|thousand|M|m|mn|million|B|bn|billion)", words)
    if scaled:
        size = {"k": 1e3, "t": 1e3, "m": 1e6, "b": 1e9}[scaled["scale"][0].lower()]
        return Unit(size, parse_unit("USD").dims)
    for start in (0, words.rfind(" ") + 1):  # "tok/s", "Node tok/s"
        unit, end = read_unit(" " + words[start:], 0, "")
        if unit is not None and end >= len(words) - start + 1:
            return unit
    return None
