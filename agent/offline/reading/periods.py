"""Dates in a question ("early 2024", "Q3 2025", "June 2024", "2026"), as the periods prices are kept by.

A field says that it takes one with ``entity: "period"``; it gets text such as `2024-Q1`, `2024-06` or `2026`.
"""

from __future__ import annotations

import re

from agent.offline.reading.entities import Mention

KIND = "period"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PART = {
    "early": "Q1",
    "start": "Q1",
    "beginning": "Q1",
    "mid": "Q2",
    "middle": "Q2",
    "late": "Q4",
    "end": "Q4",
}
_YEAR = r"(?P<year>20[12]\d)"
_PATTERNS = (
    re.compile(
        rf"\b(?:Q(?P<quarter>[1-4])|(?P<nth>first|second|third|fourth) quarter(?: of)?)[ -]?{_YEAR}\b", re.I
    ),
    re.compile(rf"\b{_YEAR}[ -]?Q(?P<quarter>[1-4])\b", re.I),
    re.compile(rf"\b(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?,? {_YEAR}\b", re.I),
    re.compile(rf"\b{_YEAR}-(?P<mm>0[1-9]|1[0-2])(?:-[0-3]\d)?\b"),
    re.compile(rf"\b(?P<part>early|mid|late|start|beginning|middle|end)[ -](?:of |in )?{_YEAR}\b", re.I),
    # a bare year only where nothing is counted by it: after "in", "since", "and", "to", "vs" and the like
    re.compile(
        rf"\b(?:in|since|by|from|until|till|of|during|for|and|to|vs\.?|versus|against|than|with|through) {_YEAR}\b"
        r"(?! *(?:tokens?|gpus?|chips?|h\d|users?|requests?|dollars|[a-z]?b\b|[kmgt]?w\b))",
        re.I,
    ),
)
_NTH = {"first": 1, "second": 2, "third": 3, "fourth": 4}


def find_periods(text: str) -> list[Mention]:
    """The periods named, from left to right, none overlapping."""
    found: list[Mention] = []
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            start = match.start("year") if pattern is _PATTERNS[-1] else match.start()
            if all(match.end() <= m.start or start >= m.end for m in found):
                period = _period(match.groupdict())
                found.append(Mention({KIND: period}, start, match.end(), text[start : match.end()]))
    return sorted(found, key=lambda m: m.start)


def with_periods(text: str, names: list[Mention]) -> list[Mention]:
    """The names of a text and, beside them, its periods."""
    free = [p for p in find_periods(text) if all(p.end <= m.start or p.start >= m.end for m in names)]
    return sorted([*names, *free], key=lambda m: m.start)


def _period(part: dict[str, str | None]) -> str:
    year = part["year"]
    quarter = part.get("quarter") or (str(_NTH[nth.lower()]) if (nth := part.get("nth")) else None)
    if quarter:
        return f"{year}-Q{quarter}"
    if month := part.get("month"):
        return f"{year}-{_MONTHS.index(month[:3].lower()) + 1:02d}"
    if mm := part.get("mm"):
        return f"{year}-{mm}"
    if side := part.get("part"):
        return f"{year}-{_PART[side.lower()]}"
    return f"{year}"
