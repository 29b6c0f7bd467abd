"""Chips with their price, as `hbm_per_dollar` compares them: given in the question, or from the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools.contract import Figure
from tools.errors import FactAbsent, InputError, MissingInput, RackrateError
from tools.serving.charts import bars
from tools.serving.precision import compute_precision
from tools.serving.served import GB, Notes

if TYPE_CHECKING:
    from tools.catalog import Catalog, Chip
    from tools.hbm_per_dollar import HbmPerDollarQuery

HOURS_PER_YEAR = 8760.0
RANKED_BY_DEFAULT = (
    "h100-sxm",
    "h200",
    "b200",
    "mi300x",
    "mi325x",
    "mi355x",
    "trainium2",
    "tpu-v5e",
    "tpu-v6e",
)


@dataclass(frozen=True, slots=True)
class ChipValue:
    """What one chip has (memory in GB, bandwidth in GB/s, dense TFLOP/s) and costs; None where unknown."""

    name: str
    id: str | None
    memory_gb: float | None
    bandwidth_gb_per_s: float | None
    tflops: float | None
    usd: float | None


@dataclass(frozen=True, slots=True)
class _Asked:
    """A query with what is needed to answer it; `basis` is purchase, rental or total."""

    query: HbmPerDollarQuery
    catalog: Catalog
    notes: Notes
    basis: str

    def own(self, at: int, name: str) -> float | None:
        """What the query gives for its first (0) or second (1) chip; nothing is given for later ones."""
        return getattr(self.query, ("", "other_")[at] + name) if at in (0, 1) else None


def chip_values(query: HbmPerDollarQuery, catalog: Catalog, notes: Notes) -> tuple[list[ChipValue], str]:
    """The chips of a query and the unit of their `usd`: USD/chip or USD/chip/hour.

    Raises MissingInput when no chip, price or memory is named at all.
    """
    asked = _Asked(query, catalog, notes, _basis(query))
    if _needs_rents(query, catalog, asked.basis):
        asked = _Asked(query, catalog, notes, "rental")
        notes.assumptions.append("By rent: no source gives a purchase price of every chip compared")
    unit = "USD/chip/hour" if asked.basis == "rental" else "USD/chip"
    names = [query.chip_a, query.chip_b, query.chip_c, query.chip_d, *(query.more_chips or ())]
    if not any(names) and query.basis is not None:
        known = [catalog.chip(name) for name in RANKED_BY_DEFAULT if name in catalog.chips]
        return [_value(asked, chip, -1) for chip in known], unit
    if query.prices_usd is not None and len(query.prices_usd) != sum(name is not None for name in names):
        raise InputError("prices_usd", query.prices_usd, "one price for each chip, in their order")
    values = [
        _value(asked, catalog.chip(name) if name else None, at)
        for at, name in enumerate(names)
        if name or _given(asked, at)
    ]
    if not values:
        raise MissingInput("chip_a", "which chips are to be compared?")
    return values, unit


def _basis(query: HbmPerDollarQuery) -> str:
    if query.basis is not None:
        return query.basis
    rents = query.usd_per_chip_hour is not None or query.other_usd_per_chip_hour is not None
    prices = query.usd_per_chip is not None or query.other_usd_per_chip is not None
    if query.years is not None or query.running_usd_per_chip_hour is not None:
        return "total"
    return "rental" if rents and not prices else "purchase"


def _needs_rents(query: HbmPerDollarQuery, catalog: Catalog, basis: str) -> bool:
    """Whether a comparison per dollar without any price given lacks a purchase price but has every rent."""
    given = (query.basis, query.prices_usd, query.usd_per_chip, query.other_usd_per_chip)
    if basis != "purchase" or not query.per_dollar or any(value is not None for value in given):
        return False
    named = [
        n for n in (query.chip_a, query.chip_b, query.chip_c, query.chip_d, *(query.more_chips or ())) if n
    ]
    chips = [catalog.chip(name) for name in named]
    return not all(_has(catalog.purchase_price, c) for c in chips) and all(
        _has(catalog.rental_price, c) for c in chips
    )


def _has(price: Callable[[Chip], object], chip: Chip) -> bool:
    try:
        price(chip)
    except FactAbsent:
        return False
    return True


def _given(asked: _Asked, at: int) -> bool:
    names = ("usd_per_chip", "usd_per_chip_hour", "memory_gb", "bandwidth_gb_per_s")
    return any(asked.own(at, name) is not None for name in names)


def _value(asked: _Asked, chip: Chip | None, at: int) -> ChipValue:
    memory, bandwidth, tflops = asked.own(at, "memory_gb"), asked.own(at, "bandwidth_gb_per_s"), None
    if chip is not None:
        memory = memory if memory is not None else _scaled(chip.memory_bytes)
        bandwidth = bandwidth if bandwidth is not None else _scaled(chip.bandwidth_bytes_per_s)
        tflops = _peak_tflops(asked, chip)
        asked.notes.sources.extend(chip.sources("memory_bytes", "bandwidth_bytes_per_s"))
    name = chip.name if chip is not None else ("the second chip" if at == 1 else "the first chip")
    usd = _usd(asked, chip, at)
    return ChipValue(name, chip.id if chip is not None else None, memory, bandwidth, tflops, usd)


def _scaled(value: float | None) -> float | None:
    return None if value is None else value / GB


def _peak_tflops(asked: _Asked, chip: Chip) -> float | None:
    wanted = asked.query.precision or "bf16"
    used = compute_precision(wanted, chip.peak_flops)
    if used is None:
        return None
    if used != wanted and {used, wanted} != {"bf16", "fp16"}:
        asked.notes.warnings.append(f"{chip.name} has no {wanted} peak; its {used} peak is used")
    if asked.query.precision is None:
        _say_once(asked.notes, "FLOP/s are dense bf16 peaks (no precision was named)")
    return float(chip.peak_flops[used]) / 1e12


def _say_once(notes: Notes, text: str) -> None:
    if text not in notes.assumptions:
        notes.assumptions.append(text)


def _usd(asked: _Asked, chip: Chip | None, at: int) -> float | None:
    """The price of a chip on the query's basis: as given, else the catalogue's; None when nobody knows it."""
    query = asked.query
    price = asked.own(at, "usd_per_chip_hour" if asked.basis == "rental" else "usd_per_chip")
    if query.prices_usd is not None and asked.basis != "rental" and 0 <= at < len(query.prices_usd):
        price = query.prices_usd[at]
    if price is None:
        price = _catalogue_usd(asked, chip)
    if price is None or asked.basis != "total":
        return price
    if query.years is None:
        _say_once(asked.notes, "Total cost over 4 years (no life was named)")
    return price + (query.years or 4.0) * HOURS_PER_YEAR * (query.running_usd_per_chip_hour or 0.0)


def _catalogue_usd(asked: _Asked, chip: Chip | None) -> float | None:
    """The catalogue's price, only where dollars are asked for and the question prices no chip itself."""
    query, rental = asked.query, asked.basis == "rental"
    given = [
        query.prices_usd,
        *(asked.own(at, name) for at in (0, 1) for name in ("usd_per_chip", "usd_per_chip_hour")),
    ]
    wanted = query.per_dollar or query.basis is not None or query.years is not None
    if chip is None or not wanted or any(price is not None for price in given):
        return None
    find: Any = asked.catalog.rental_price if rental else asked.catalog.purchase_price
    try:
        price = find(chip.id, as_of=query.as_of)
    except RackrateError:
        asked.notes.warnings.append(f"No sourced {'rent' if rental else 'price'} of {chip.name}")
        return None
    asked.notes.sources.extend(price.sources)
    asked.notes.assumptions.append(
        f"{chip.name} at ${price.value:,.2f}{'/hour' if rental else ''} (catalogue, {price.as_of}"
        f"{price.spread and f'; {price.spread}'})"
    )
    return float(price.value)


def chip_figures(values: list[ChipValue], unit: str) -> list[Figure]:
    """What each chip has, so that a sentence about any of them can be checked."""
    parts: list[tuple[str, str, Callable[[ChipValue], float | None]]] = [
        ("memory", "GB", lambda v: v.memory_gb),
        ("bandwidth", "GB/s", lambda v: v.bandwidth_gb_per_s),
        ("dense peak", "TFLOP/s", lambda v: v.tflops),
        ("price", unit, lambda v: v.usd),
    ]
    return [
        Figure(name=f"{value.name} {what}", value=number, unit=of, low=None, high=None)
        for value in values
        for what, of, get in parts
        if (number := get(value)) is not None
    ]


def chip_chart(values: list[ChipValue], unit: str) -> dict[str, Any]:
    """Bars of memory per dollar, or of memory where no prices are known."""
    priced = [(v.name, v.memory_gb / v.usd * 1e3) for v in values if v.usd and v.memory_gb]
    if len(priced) > 1:
        return bars("Memory per dollar", "", "GB per k" + unit.replace("/chip", ""), priced)
    return bars("Memory capacity", "", "GB", [(v.name, v.memory_gb or 0.0) for v in values])
