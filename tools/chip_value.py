"""Chips with their price, as `hbm_per_dollar` compares them: given in the question, or from the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools.errors import FactAbsent, MissingInput, RackrateError
from tools.precision import compute_precision
from tools.served import GB, Notes

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


def chip_values(query: HbmPerDollarQuery, catalog: Catalog, notes: Notes) -> tuple[list[ChipValue], str]:
    """The chips of a query and the unit of their `usd`: USD/chip or USD/chip/hour.

    Raises MissingInput when no chip, price or memory is named at all.
    """
    basis = _basis(query)
    unit = "USD/chip/hour" if basis == "rental" else "USD/chip"
    names = [query.chip_a, query.chip_b, query.chip_c, query.chip_d, *(query.more_chips or ())]
    sides = ("", "other_", *[""] * (len(names) - 2))
    if not any(names) and query.basis is not None:
        known = [catalog.chip(name) for name in RANKED_BY_DEFAULT if name in catalog.chips]
        return [_value(chip, query, None, basis, catalog, notes) for chip in known], unit
    values = [
        _value(catalog.chip(name) if name else None, query, side if at < 2 else None, basis, catalog, notes)
        for at, (name, side) in enumerate(zip(names, sides, strict=True))
        if name or (at < 2 and _given(query, side))
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


def _given(query: HbmPerDollarQuery, side: str) -> bool:
    names = ("usd_per_chip", "usd_per_chip_hour", "memory_gb", "bandwidth_gb_per_s")
    return any(getattr(query, side + name) is not None for name in names)


def _value(
    chip: Chip | None, query: HbmPerDollarQuery, side: str | None, basis: str, catalog: Catalog, notes: Notes
) -> ChipValue:
    """`side` names the query's own fields for the chip ("" or "other_"); None: nothing was given for it."""
    memory = getattr(query, f"{side}memory_gb") if side is not None else None
    bandwidth = getattr(query, f"{side}bandwidth_gb_per_s") if side is not None else None
    tflops = None
    if chip is not None:
        memory = memory if memory is not None else _scaled(chip.memory_bytes)
        bandwidth = bandwidth if bandwidth is not None else _scaled(chip.bandwidth_bytes_per_s)
        tflops = _peak_tflops(chip, query, notes)
        notes.sources.extend(chip.sources("memory_bytes", "bandwidth_bytes_per_s"))
    name = chip.name if chip is not None else ("the second chip" if side else "the first chip")
    usd = _usd(chip, query, side, basis, catalog, notes)
    return ChipValue(name, chip.id if chip is not None else None, memory, bandwidth, tflops, usd)


def _scaled(value: float | None) -> float | None:
    return None if value is None else value / GB


def _peak_tflops(chip: Chip, query: HbmPerDollarQuery, notes: Notes) -> float | None:
    wanted = query.precision or "bf16"
    used = compute_precision(wanted, chip.peak_flops)
    if used is None:
        return None
    if used != wanted and {used, wanted} != {"bf16", "fp16"}:
        notes.warnings.append(f"{chip.name} has no {wanted} peak; its {used} peak is used")
    if query.precision is None:
        text = "FLOP/s are dense bf16 peaks (no precision was named)"
        if text not in notes.assumptions:
            notes.assumptions.append(text)
    return float(chip.peak_flops[used]) / 1e12


def _usd(
    chip: Chip | None, query: HbmPerDollarQuery, side: str | None, basis: str, catalog: Catalog, notes: Notes
) -> float | None:
    field = f"{side}usd_per_chip_hour" if basis == "rental" else f"{side}usd_per_chip"
    given: float | None = getattr(query, field) if side is not None else None
    price = given if given is not None else _catalogue_usd(chip, query, basis, catalog, notes)
    if price is None or basis != "total":
        return price
    years, running = query.years or 4.0, query.running_usd_per_chip_hour or 0.0
    if query.years is None and "over 4 years" not in " ".join(notes.assumptions):
        notes.assumptions.append("Total cost over 4 years (no life was named)")
    return price + years * HOURS_PER_YEAR * running


def _catalogue_usd(
    chip: Chip | None, query: HbmPerDollarQuery, basis: str, catalog: Catalog, notes: Notes
) -> float | None:
    """The catalogue's price, only where the question gave none for either chip (never one of each)."""
    prices = (
        query.usd_per_chip,
        query.other_usd_per_chip,
        query.usd_per_chip_hour,
        query.other_usd_per_chip_hour,
    )
    wanted = query.per_dollar or query.basis is not None or query.years is not None
    if chip is None or not wanted or any(price is not None for price in prices):
        return None
    try:
        find: Any = catalog.rental_price if basis == "rental" else catalog.purchase_price
        price = find(chip.id, as_of=query.as_of)
    except (FactAbsent, RackrateError):
        price = None
    if price is None:
        notes.warnings.append(f"No sourced {'rent' if basis == 'rental' else 'price'} of {chip.name}")
        return None
    notes.sources.extend(price.sources)
    notes.assumptions.append(
        f"{chip.name} at ${price.value:,.2f}{'/hour' if basis == 'rental' else ''} (catalogue, {price.as_of}; "
        f"range ${price.low:,.2f}–{price.high:,.2f})"
    )
    return float(price.value)
