"""What stands around a number and changes what it says: a table's heading, "per thousand requests", "in a day",
"2 hours 2 minutes", "29 cents of each dollar".

Each gives the mention another reading (`Mention.others`); the plain reading stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from agent.ledger_mention import TIMES, Mention, sentence_bounds
from agent.ledger_units import read_unit
from agent.offline.measure import Unit, parse_unit

_PERIODS = "second|minute|hour|day|week|month|quarter|year"
_PER_MANY = re.compile(
    r"\b(?:[Pp]er|[Ff]or|[Ee]very)\s(?:each\s|every\s)?(?P<many>(?:(?:an?|one)\s)?(?:hundred|thousand|million|billion)|1,000,000|1,000|1k|1M|100)\s"
    r"(?:(?:input|output|generated|prompt)\s)?(?P<noun>[a-z]+)"
)
_MANY = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "1,000,000": 1e6, "1,000": 1e3, "1k": 1e3,
         "1M": 1e6, "100": 1e2}  # fmt: skip
_IN_A = re.compile(
    rf"\b(?:in|per|each|every|over|for)\s(?:an?\s|one\s|each\s|every\s)?(?P<period>{_PERIODS})\b"
    rf"|\b(?P<adjective>hourly|daily|weekly|monthly|quarterly|yearly|annual)\b|\ba\s(?P<owned>{_PERIODS})['’]s\b",
    re.IGNORECASE,
)
_ADJECTIVES = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter",
               "yearly": "year", "annual": "year"}  # fmt: skip
_OF_A_DOLLAR = re.compile(r"\s(?:of|on|from|out of|in|for|per)\s(?:each|every|the|a)\s(?:[a-z]+\s)?dollar\b")
_COMPOSED = re.compile(r"(?:\s|,\s|\sand\s|,\sand\s)?")
_ROW = re.compile(r"^[ \t]*\|.*\|[ \t]*$", re.MULTILINE)
_RULE = re.compile(r"[\s|:-]+")
_HEADING_UNIT = re.compile(r"[(\[](?P<inner>[^()\[\]]{1,24})[)\]]|,\s*(?P<after>[^,]{1,16})$")
_SECOND = parse_unit("s")
_CENT = parse_unit("cent")


def per_many_spans(hidden: str) -> list[tuple[int, int]]:
    """Where a count only says what a price is for: the `thousand requests` of "Per thousand requests you pay"."""
    return [(m.start("many"), m.end()) for m in _PER_MANY.finditer(hidden)]


def with_others(text: str, hidden: str, mentions: list[Mention]) -> list[Mention]:
    """The mentions with the readings that the words around them give."""
    columns = list(_columns(text))
    found = [replace(m, others=tuple(_others(m, hidden, columns))) for m in mentions]
    return _composed(text, found)


def _others(mention: Mention, hidden: str, columns: list[tuple[int, int, Unit]]) -> Iterator[Mention]:
    unit = mention.unit
    if unit is None:
        yield from (replace(mention, unit=of) for start, end, of in columns if start <= mention.start < end)
    if unit == _CENT and _OF_A_DOLLAR.match(hidden, mention.end):
        yield replace(mention, value=mention.value / 100, slack=mention.slack / 100, place=mention.place / 100,
                      unit=TIMES, relative=True)  # fmt: skip
    if unit is None or not unit.dims or any(power < 0 for _, power in unit.dims):
        return
    start, end = sentence_bounds(hidden, mention.start)
    for match in _PER_MANY.finditer(hidden, start, end):
        noun, _ = read_unit(" " + match["noun"], 0, "")
        many = _MANY[match["many"].split()[-1]]
        per = noun or parse_unit("token")
        yield replace(mention, unit=unit / Unit(per.factor * many, per.dims))
    for match in _IN_A.finditer(hidden, start, end):
        period = match["period"] or match["owned"] or _ADJECTIVES[match["adjective"].lower()]
        yield replace(mention, unit=unit / parse_unit(period.lower()))


def _composed(text: str, mentions: list[Mention]) -> list[Mention]:
    """`2 hours and 2 minutes`, `1h34m`: each part may be supported by the whole."""
    out = list(mentions)
    for i, (first, second) in enumerate(zip(mentions, mentions[1:], strict=False)):
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
    for unit, cell in zip(units, row.group().strip().strip("|").split("|"), strict=False):
        if unit is not None:
            yield at, at + len(cell), unit
        at += len(cell) + 1


def _heading_unit(heading: str) -> Unit | None:
    """The unit that a heading names: `$k`, `Cost ($M)`, `Power, MW`, `GB/s`."""
    named = _HEADING_UNIT.search(heading)
    words = (named["inner"] or named["after"]).strip() if named else heading.strip("* ")
    scaled = re.fullmatch(r"(?:US)?\$\s?(?P<scale>k|K|thousand|M|m|mn|million|B|bn|billion)", words)
    if scaled:
        size = {"k": 1e3, "t": 1e3, "m": 1e6, "b": 1e9}[scaled["scale"][0].lower()]
        return Unit(size, parse_unit("USD").dims)
    unit, end = read_unit(" " + words, 0, "")
    return unit if unit is not None and end >= len(words) + 1 else None
