"""One sourced fact, and the table of sources it points into."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tools.contract import Source

SourceTable = Mapping[str, Mapping[str, Any]]
_SCALE = {
    "GB": 1e9,
    "GB/s": 1e9,
    "TB/s": 1e12,
    "TFLOP/s": 1e12,
    "GiB": 2.0**30,
    "W": 1.0,
    "kW": 1e3,
    "chip": 1.0,
    "token": 1.0,
    "param": 1.0,
    "Gbit/s": 1e9 / 8,
}


def make_source(table: SourceTable, source_id: str, as_of: str | None) -> Source:
    """The source `source_id` of a document, dated as the fact that cites it."""
    from tools.contract import Source

    entry = table.get(source_id, {})
    return Source(
        title=entry.get("title", source_id), url=entry.get("url"), as_of=as_of, says=entry.get("says")
    )


@dataclass(frozen=True, slots=True)
class Other:
    """What another source says of the same fact; `why_not` when it is not believed."""

    value: float | str
    source: Source
    why_not: str | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """A value with its unit, its source and its date.

    `low` and `high` are set where sources part by more than 10 %; `note` says why in a few words.
    """

    name: str
    raw: Mapping[str, Any]
    table: SourceTable

    @property
    def value(self) -> float | str:
        value: float | str = self.raw["value"]
        return value

    @property
    def unit(self) -> str | None:
        return self.raw.get("unit")

    @property
    def low(self) -> float | None:
        return self.raw.get("low")

    @property
    def high(self) -> float | None:
        return self.raw.get("high")

    @property
    def note(self) -> str | None:
        return self.raw.get("note")

    @property
    def as_of(self) -> str:
        return str(self.raw["as_of"])

    @property
    def source(self) -> Source:
        return make_source(self.table, self.raw["source"], self.as_of)

    @property
    def others(self) -> list[Other]:
        """What other sources say."""
        return [
            Other(o["value"], make_source(self.table, o["source"], None), o.get("why_not"))
            for o in self.raw.get("also", ())
        ]

    @property
    def si(self) -> float:
        """The value in bytes, bytes/s, FLOP/s, W or a plain count."""
        return si_value(self.raw)


def si_value(raw: Mapping[str, Any]) -> float:
    """A raw fact's number in base units (decimal prefixes; GiB binary; Gbit/s as bytes/s)."""
    return float(raw["value"]) * _SCALE[raw["unit"]]


class Facts(Mapping[str, Fact]):
    """Facts by name, made when first looked at: most lookups want an entry's numbers, not its sources."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], dict[str, Fact]]) -> None:
        self._make = make
        self._made: dict[str, Fact] | None = None

    @property
    def _facts(self) -> dict[str, Fact]:
        if self._made is None:
            self._made = self._make()
        return self._made

    def __getitem__(self, name: str) -> Fact:
        return self._facts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts)

    def __len__(self) -> int:
        return len(self._facts)
