"""Dates as people give them, and the quarters prices are kept by."""

from __future__ import annotations

import datetime as dt
import re

from tools.errors import InputError

_QUARTER = re.compile(r"^(\d{4})-?\s*[qQ]([1-4])$")
_DATE = re.compile(r"^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")

AsOf = str | dt.date | None


def last_day(when: str | dt.date) -> dt.date:
    """The last day a date can mean: `2024` is 2024-12-31, `2024-Q2` is 2024-06-30.

    Raises:
        InputError: not a date.
    """
    if isinstance(when, dt.date):
        return when
    text = when.strip()
    if quarter := _QUARTER.match(text):
        return _month_end(int(quarter[1]), int(quarter[2]) * 3)
    found = _DATE.match(text)
    if not found:
        raise InputError("as_of", when, "a date such as 2024-12-31, 2024-12, 2024-Q4 or 2024")
    year, month, day = int(found[1]), int(found[2] or 12), found[3]
    try:
        return dt.date(year, month, int(day)) if day else _month_end(year, month)
    except ValueError as error:
        raise InputError("as_of", when, f"a date that exists ({error})") from error


def _month_end(year: int, month: int) -> dt.date:
    first = dt.date(year, month, 1)
    return (first + dt.timedelta(days=32)).replace(day=1) - dt.timedelta(days=1)


def first_day(when: str) -> dt.date:
    """The first day a date can mean: `2024` is 2024-01-01."""
    found = _DATE.match(when)
    if not found:
        raise InputError("as_of", when, "a date such as 2024-12-31, 2024-12 or 2024")
    return dt.date(int(found[1]), int(found[2] or 1), int(found[3] or 1))


def quarter_of(day: dt.date) -> str:
    """`2024-Q4` for any day of that quarter."""
    return f"{day.year}-Q{(day.month + 2) // 3}"


def quarters_between(earlier: str, later: str) -> int:
    """How many quarters lie between two, such as 3 from `2024-Q1` to `2024-Q4`."""
    a, b = ((int(q[:4]) * 4 + int(q[-1])) for q in (earlier, later))
    return b - a
