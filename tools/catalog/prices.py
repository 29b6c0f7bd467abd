"""What chips cost to rent and to buy, as a dated history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tools.catalog.dates import AsOf, first_day, last_day, quarter_of, quarters_between
from tools.catalog.facts import SourceTable, make_source
from tools.errors import FactAbsent, InputError

if TYPE_CHECKING:
    from tools.contract import Source

RENTAL_KINDS = ("hyperscaler", "neocloud", "marketplace", "managed", "index", "user")
TERMS = ("on-demand", "spot", "reserved-1y", "reserved-3y", "capacity-block")
# A market price is what an open customer pays: managed endpoints carry a mark-up and an index repeats others.
MARKET_KINDS = ("hyperscaler", "neocloud", "marketplace", "user")
_STALE_QUARTERS = 2
_WEAK = "second-hand or without an exact day"
_FEW_PROVIDERS, _WIDEN_QUARTERS = 3, 3


@dataclass(frozen=True, slots=True)
class Price:
    """A price with its range over providers (or sellers), the day or quarter it held, and its sources."""

    value: float
    low: float
    high: float
    unit: str
    as_of: str
    n: int
    kind: str
    term: str
    source_ids: tuple[str, ...]
    providers: tuple[str, ...] = ()
    note: str | None = None
    table: SourceTable = field(default_factory=dict, repr=False)

    @property
    def sources(self) -> list[Source]:
        return [make_source(self.table, source, self.as_of) for source in self.source_ids]

    @property
    def spread(self) -> str:
        """The range in words, `range $2.00–11.68`; empty where all rows say the same."""
        low, high = f"{self.low:,.2f}", f"{self.high:,.2f}"
        return "" if low == high else f"range ${low}–{high}"


@dataclass(frozen=True, slots=True)
class OwningCost:
    """What owning a chip costs per hour, capital included (one analyst's model, not a market price)."""

    chip: str
    hyperscaler_usd_per_hour: float
    neocloud_usd_per_hour: float
    placeholder: bool
    source: Source


@dataclass(frozen=True, slots=True)
class PriceEvent:
    """A dated move of a rental price."""

    date: str
    chip: str
    what: str
    before: float
    after: float
    sources: list[Source]


class RentalBook:
    """Rental history per chip, by quarter, kind of provider and term."""

    def __init__(self, documents: Iterable[Mapping[str, Any]]) -> None:
        self._rows: dict[str, list[Price]] = {}
        self._owning: dict[str, tuple[Mapping[str, Any], SourceTable]] = {}
        self._events: list[tuple[Mapping[str, Any], SourceTable]] = []
        for document in documents:
            table = document.get("sources", {})
            for chip, rows in document.get("rental", {}).items():
                self._rows.setdefault(chip, []).extend(_rental_row(row, table) for row in rows)
            for row in document.get("owning_cost", ()):
                self._owning[row["chip"]] = (row, table)
            self._events += [(row, table) for row in document.get("events", ())]
        for known in self._rows.values():
            known.sort(key=lambda price: (price.as_of, price.kind, price.term))
        self._remembered = lru_cache(maxsize=1024)(self._price)

    def chips(self) -> list[str]:
        return sorted(self._rows)

    def history(self, chip: str, kind: str | None = None, term: str | None = None) -> list[Price]:
        """Every row of a chip, oldest first, for one kind of provider or term if named."""
        return [p for p in self._rows.get(chip, ()) if kind in (None, p.kind) and term in (None, p.term)]

    def price(self, chip: str, as_of: AsOf, kind: str | None, term: str) -> Price:
        """The price in the last quarter with rows up to `as_of`.

        With no `kind`, the on-demand market: every provider of the open kinds counts once.

        Raises:
            FactAbsent: no row, or none that early.
            InputError: a kind or term that is not kept.
        """
        return self._remembered(chip, as_of, kind, term)

    def _price(self, chip: str, as_of: AsOf, kind: str | None, term: str) -> Price:
        kind, term = _kind_and_term(kind, term)
        rows = [p for p in self.history(chip, kind, term) if kind or p.kind in MARKET_KINDS]
        if not rows:
            raise FactAbsent(f"no {kind or 'market'} {term} rental price of {chip} has a source")
        wanted = quarter_of(last_day(as_of)) if as_of else max(p.as_of for p in rows)
        known = [p.as_of for p in rows if p.as_of <= wanted]
        if not known:
            first = min(p.as_of for p in rows)
            raise FactAbsent(f"no rental price of {chip} up to {as_of}; the first one is of {first}")
        return _merge(_enough_providers(rows, max(known)), wanted)

    def owning_cost(self, chip: str) -> OwningCost:
        """Raises FactAbsent when nobody modelled it."""
        if chip not in self._owning:
            raise FactAbsent(f"no source gives the cost of owning {chip} per hour")
        row, table = self._owning[chip]
        return OwningCost(
            chip,
            row["hyperscaler"],
            row["neocloud"],
            bool(row.get("placeholder")),
            make_source(table, row["source"], row["as_of"]),
        )

    def events(self) -> list[PriceEvent]:
        return [
            PriceEvent(
                row["date"],
                row["chip"],
                row["what"],
                row["before"],
                row["after"],
                [make_source(table, source, row["date"]) for source in row["sources"]],
            )
            for row, table in self._events
        ]


def _enough_providers(rows: Sequence[Price], quarter: str) -> list[Price]:
    """The rows of a quarter, or of up to three more before it while fewer than three providers are in.

    A thin quarter of a much rented chip would otherwise be one provider's list price; a chip that only one
    provider rents keeps its latest quarter.
    """
    chosen = [p for p in rows if p.as_of == quarter]
    best, seen = chosen, _providers(chosen)
    for back in range(1, _WIDEN_QUARTERS + 1):
        if len(seen) >= _FEW_PROVIDERS:
            break
        chosen = [p for p in rows if 0 <= quarters_between(p.as_of, quarter) <= back]
        if len(_providers(chosen)) > len(seen):
            best, seen = chosen, _providers(chosen)
    return best


def _providers(rows: Sequence[Price]) -> set[str]:
    return {name for p in rows for name in p.providers}


def _kind_and_term(kind: str | None, term: str) -> tuple[str | None, str]:
    """Terms are accepted where a kind is: people say "spot price" and "hyperscaler price" alike."""
    if kind in TERMS:
        kind, term = None, str(kind)
    if kind is not None and kind not in RENTAL_KINDS:
        raise InputError("kind", kind, ", ".join(RENTAL_KINDS))
    if term not in TERMS:
        raise InputError("term", term, ", ".join(TERMS))
    return kind, term


def _rental_row(row: Mapping[str, Any], table: SourceTable) -> Price:
    return Price(
        value=row["median"],
        low=row.get("low", row["median"]),
        high=row.get("high", row["median"]),
        unit="USD/chip/hour",
        as_of=row["quarter"],
        n=row.get("rows", 1),
        kind=row["kind"],
        term=row["term"],
        source_ids=tuple(row["sources"]),
        providers=tuple(row.get("providers", ())),
        note=_weak_note(row),
        table=table,
    )


def _weak_note(row: Mapping[str, Any]) -> str | None:
    weak = row.get("weak_rows", 0)
    notes = [row.get("note"), f"{weak} of {row['rows']} rows {_WEAK}" if weak else None]
    return "; ".join(note for note in notes if note) or None


def _merge(rows: Sequence[Price], wanted: str) -> Price:
    """One price of several kinds' rows of a quarter, each kind weighing by its number of providers."""
    weighted = sorted((p.value, max(len(p.providers), 1)) for p in rows)
    weak = [p.note for p in rows if p.note and p.note.endswith(_WEAK)]
    notes = list(dict.fromkeys(p.note for p in rows if p.note and p.note not in weak))
    notes += weak if len(weak) < 2 else [f"some rows {_WEAK}"]
    first, last = min(p.as_of for p in rows), max(p.as_of for p in rows)
    if first != last:
        notes.append(f"from {first} on, since {last} alone has too few providers")
    late = quarters_between(last, wanted)
    if late > _STALE_QUARTERS:
        notes.append(f"{late} quarters before the date asked about")
    tables: dict[str, Mapping[str, Any]] = {}
    for p in rows:
        tables.update(p.table)
    return Price(
        value=_weighted_median(weighted),
        low=min(p.low for p in rows),
        high=max(p.high for p in rows),
        unit="USD/chip/hour",
        as_of=last,
        n=sum(p.n for p in rows),
        kind=rows[0].kind if len({p.kind for p in rows}) == 1 else "market",
        term=rows[0].term,
        source_ids=tuple(dict.fromkeys(s for p in rows for s in p.source_ids)),
        providers=tuple(dict.fromkeys(name for p in rows for name in p.providers)),
        note="; ".join(notes) or None,
        table=tables,
    )


def _weighted_median(weighted: Sequence[tuple[float, int]]) -> float:
    half, seen = sum(weight for _, weight in weighted) / 2, 0
    for position, (value, weight) in enumerate(weighted):
        seen += weight
        if seen > half:
            return value
        if seen == half:
            return (value + weighted[position + 1][0]) / 2
    return weighted[-1][0]


class PurchaseBook:
    """Dated purchase prices of chips, and what they cost to build."""

    def __init__(self, documents: Iterable[Mapping[str, Any]]) -> None:
        self._rows: dict[str, list[Price]] = {}
        for document in documents:
            table = document.get("sources", {})
            for row in document.get("purchase", ()):
                self._rows.setdefault(row["chip"], []).append(_purchase_row(row, table))
        for known in self._rows.values():
            known.sort(key=lambda price: price.as_of)

    def history(self, chip: str, basis: str | None = None) -> list[Price]:
        """Every row, oldest first; `kind` of a row is its basis."""
        return [p for p in self._rows.get(chip, ()) if basis in (None, p.kind)]

    def price(self, chip: str, as_of: AsOf) -> Price:
        """What buyers paid: the rows of the last year with any up to `as_of`, their median and range.

        Raises:
            FactAbsent: no price, or none that early.
        """
        rows = [p for p in self.history(chip) if p.kind not in ("build-cost", "used-peak")]
        if as_of is not None:
            rows = [p for p in rows if first_day(p.as_of) <= last_day(as_of)]
        if not rows:
            raise FactAbsent(f"no purchase price of {chip}{f' up to {as_of}' if as_of else ''} has a source")
        year = rows[-1].as_of[:4]
        return _purchase_year([p for p in rows if p.as_of[:4] == year], year)

    def build_cost(self, chip: str) -> Price:
        """What the maker is estimated to pay for the parts and the assembly, the latest estimate.

        Raises:
            FactAbsent: nobody estimated it.
        """
        rows = self.history(chip, "build-cost")
        if not rows:
            raise FactAbsent(f"no source estimates what {chip} costs to build")
        return _purchase_year(rows, rows[-1].as_of[:4])


def _purchase_row(row: Mapping[str, Any], table: SourceTable) -> Price:
    return Price(
        value=row["value"],
        low=row.get("low", row["value"]),
        high=row.get("high", row["value"]),
        unit="USD/chip",
        as_of=row["date"],
        n=1,
        kind=row["basis"],
        term="purchase",
        source_ids=(row["source"],),
        note=row.get("note"),
        table=table,
    )


def _purchase_year(rows: Sequence[Price], year: str) -> Price:
    values = sorted((p.value, 1) for p in rows)
    bases = sorted({p.kind for p in rows})
    tables: dict[str, Mapping[str, Any]] = {}
    for p in rows:
        tables.update(p.table)
    return Price(
        value=_weighted_median(values),
        low=min(p.low for p in rows),
        high=max(p.high for p in rows),
        unit="USD/chip",
        as_of=rows[-1].as_of if len(rows) == 1 else year,
        n=len(rows),
        kind=bases[0] if len(bases) == 1 else "mixed",
        term="purchase",
        source_ids=tuple(dict.fromkeys(s for p in rows for s in p.source_ids)),
        note="; ".join([", ".join(bases), *dict.fromkeys(p.note for p in rows if p.note)]),
        table=tables,
    )
