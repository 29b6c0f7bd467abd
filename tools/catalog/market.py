"""Market facts as dated series: shipments, revenue, capex, shares, electricity, multiples, population."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tools.catalog.dates import AsOf, first_day, last_day
from tools.catalog.facts import SourceTable, make_source
from tools.catalog.names import Names
from tools.errors import FactAbsent

if TYPE_CHECKING:
    from tools.contract import Source


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a series: a quarter, a year or a moment (`at`), perhaps of a named part (`label`)."""

    at: str
    value: float
    low: float | None
    high: float | None
    unit: str
    label: str | None
    note: str | None
    source: Source


@dataclass(frozen=True, slots=True)
class Series:
    """A market quantity over time, oldest point first."""

    id: str
    what: str
    unit: str
    period: str
    note: str | None
    raw: Mapping[str, Any] = field(repr=False)
    table: SourceTable = field(repr=False)

    def __iter__(self) -> Iterator[Point]:
        return iter(self.points)

    @property
    def points(self) -> list[Point]:
        return [self._point(row) for row in self.raw["points"]]

    def at(self, when: AsOf = None, label: str | None = None) -> Point:
        """The last point up to `when` (the last of all when None), of the named part if one is named.

        Raises:
            FactAbsent: no point that early, or no such part.
        """
        rows = [row for row in self.raw["points"] if label in (None, row.get("label"))]
        if when is not None:
            rows = [row for row in rows if _starts(row["at"]) <= last_day(when).isoformat()]
        if not rows:
            raise FactAbsent(f"no source gives {self.what}{f' ({label})' if label else ''} up to {when}")
        return self._point(max(rows, key=lambda row: _starts(row["at"])))

    def _point(self, row: Mapping[str, Any]) -> Point:
        source = make_source(
            self.table, row.get("source", self.raw["source"]), str(row.get("as_of", self.raw["as_of"]))
        )
        notes = "; ".join(n for n in (row.get("note"), self.note) if n)
        return Point(
            row["at"], row["value"], row.get("low"), row.get("high"), self.unit, row.get("label"),
            notes or None, source,
        )  # fmt: skip


def _starts(at: str) -> str:
    if "Q" in at:
        return f"{at[:4]}-{int(at[-1]) * 3 - 2:02d}-01"
    return first_day(at).isoformat()


class Market:
    """Series by id. `series_of("units-")` lists all that share a beginning."""

    def __init__(self, documents: Iterable[Mapping[str, Any]]) -> None:
        self.series: dict[str, Series] = {}
        for document in documents:
            table = document.get("sources", {})
            for series_id, raw in document.get("market", {}).items():
                self.series[series_id] = Series(
                    series_id, raw["what"], raw["unit"], raw["period"], raw.get("note"), raw, table
                )

    @cached_property
    def _names(self) -> Names:
        return Names("series", dict.fromkeys(self.series, ()))

    def get(self, series_id: str) -> Series:
        """The series of that id.

        Raises:
            UnknownName: no such series, with the nearest ids.
        """
        return self.series[self._names.resolve(series_id)]

    def at(self, series_id: str, when: AsOf = None, label: str | None = None) -> Point:
        """The last point of a series up to `when`."""
        return self.get(series_id).at(when, label)

    def series_of(self, prefix: str) -> dict[str, Series]:
        """Series whose id begins so, by the rest of the id: `series_of("units-")["h100-sxm"]`."""
        return {i.removeprefix(prefix): s for i, s in self.series.items() if i.startswith(prefix)}

    def units(self, chip: str, when: AsOf) -> Point:
        """Chips of one kind shipped in the quarter that holds `when`.

        Raises:
            FactAbsent: no estimate for that chip or quarter.
        """
        from tools.catalog.dates import quarter_of

        series = self.series.get(f"units-{chip}")
        wanted = quarter_of(last_day(when)) if when is not None else None
        if series is not None:
            for point in reversed(series.points):
                if wanted in (None, point.at):
                    return point
        raise FactAbsent(f"no source estimates the shipments of {chip}{f' in {wanted}' if wanted else ''}")

    def population(self, year: int) -> Point:
        """People alive at the middle of a year (UN)."""
        for point in self.get("world-population").points:
            if point.at == str(year):
                return point
        raise FactAbsent(f"no source gives the world population of {year}")
