"""What a chip-hour of training costs and how much arithmetic it does: shared by the training calculators.

FLOP = chip-hours × 3600 s × dense peak × MFU; USD = chip-hours × USD per chip-hour. Peak and price come from the
query, or from the catalogue with their source; the MFU of a run nobody measured is the median that published
runs report.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tools.contract import Query, Source, entity, quantity
from tools.errors import FactAbsent
from tools.serving.precision import Precision, compute_precision, precision_field
from tools.solve import Rule, product

if TYPE_CHECKING:
    from tools.catalog import Catalog

DEFAULT_CHIP = "h100-sxm"
DEFAULT_PRECISION = "bf16"
REPORTED_MFU = 0.38
REPORTED_MFU_SOURCE = Source(
    title="Epoch AI, notable models database: MFU that 99 published training runs report, median",
    url="https://github.com/epoch-research/training-cost-trends",
    as_of="2025-06",
    says="Median 38 %; utilisation implied by chip-hours is lower, median 30 %, for restarts and idle time count",
)

TRAIN_FLOP = 6.0  # per parameter and token: 2 forward, 4 backward
SIX_N_D = (
    Rule("flop", ("params", "tokens"), lambda n, d: 6 * n * d, "6 × {params} × {tokens}"),
    Rule("params", ("flop", "tokens"), lambda c, d: c / (6 * d), "{flop} / (6 × {tokens})"),
    Rule("tokens", ("flop", "params"), lambda c, n: c / (6 * n), "{flop} / (6 × {params})"),
)

# flop and chip_hours of a run, with what a chip does and costs
RATE_RULES = (
    Rule("flop", ("chip_hours", "peak_tflops", "mfu"), lambda h, p, u: h * 3600e12 * p * u,
         "{chip_hours} × 3600 s × {peak_tflops} × {mfu}"),
    Rule("chip_hours", ("flop", "peak_tflops", "mfu"), lambda c, p, u: c / (3600e12 * p * u),
         "{flop} / (3600 s × {peak_tflops} × {mfu})"),
    Rule("mfu", ("flop", "chip_hours", "peak_tflops"), lambda c, h, p: c / (3600e12 * h * p),
         "{flop} / (3600 s × {chip_hours} × {peak_tflops})"),
    *product("usd", "chip_hours", "usd_per_chip_hour"),
)  # fmt: skip


def chip_hours_text(formula: str) -> str:
    """A solver's formula with chip-hours named as people name them."""
    return re.sub(r"(^|; )chip = ", r"\1chip-hours = ", formula.replace("chip*hour", "chip-hours"))


class ComputeQuery(Query):
    """The chips of a training question: which, at what price, how well used."""

    chip: str | None = entity(
        "Accelerator that trains", "chip", default=None, words=("chip", "GPU", "accelerator", "on", "using"),
        ask="On which chip?",
    )  # fmt: skip
    usd_per_chip_hour: float | None = quantity(
        "Rent or cost of one chip for one hour", "USD/chip/hour", default=None, above=0,
        words=("price per chip-hour", "per GPU-hour", "rent", "an hour per chip", "GPU hour price", "at $/hr", "an hour", "hourly", "per GPU hour", "GPU hours at"),
        ask="At what price per chip-hour?",
    )  # fmt: skip
    mfu: float | None = quantity(
        "Model FLOP utilisation: share of the dense peak that training reaches", "dimensionless", default=None,
        above=0, max=1, words=("MFU", "utilisation", "utilization", "model flops utilisation", "efficiency"),
        ask="At what MFU?",
    )  # fmt: skip
    precision: Precision | None = precision_field(
        "Number format of the training arithmetic", ("trained in", "precision", "training precision")
    )
    flop_per_param: float | None = quantity(
        "The 6 of 6ND, when it is said", "FLOP/param/token", default=None, min=TRAIN_FLOP, max=TRAIN_FLOP,
        words=("per parameter per token", "6ND", "per parameter and token"),
    )  # fmt: skip
    peak_tflops: float | None = quantity(
        "Dense peak of one chip in the training precision, instead of the catalogue's", "TFLOP/s/chip",
        default=None, above=0, words=("peak", "peak TFLOPS", "TFLOP/s per chip", "dense peak"),
    )  # fmt: skip


@dataclass(slots=True)
class ComputeRate:
    """Known values for the solver, and what the answer must say about them."""

    known: dict[str, float] = field(default_factory=dict)
    assumptions: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    low_price: float | None = None
    high_price: float | None = None
    spread: tuple[float, float] | None = None  # 10 and 90 % points of the speed, over its middle

    def say(self, text: str, *sources: Source) -> None:
        self.assumptions.append(text)
        self.sources.extend(sources)


def given_rate(query: ComputeQuery) -> dict[str, float]:
    """What the query itself states of price, utilisation and peak."""
    names = ("usd_per_chip_hour", "mfu", "peak_tflops")
    return {name: getattr(query, name) for name in names if getattr(query, name) is not None}


def add_peak(query: ComputeQuery, catalog: Catalog, rate: ComputeRate) -> None:
    """Put the chip's dense peak into `rate`; FactAbsent when nobody sourced it."""
    if query.peak_tflops is not None:
        rate.known["peak_tflops"] = query.peak_tflops
        return
    chip = catalog.chip(query.chip or DEFAULT_CHIP)
    wanted = query.precision or DEFAULT_PRECISION
    usable = compute_precision(wanted, dict(chip.peak_flops))
    if usable is None:
        raise FactAbsent(f"no sourced dense {wanted} peak for {chip.name}")
    tflops = chip.peak_flops[usable] / 1e12
    rate.known["peak_tflops"] = tflops
    rate.say(f"{chip.name}: {tflops:,.0f} TFLOP/s dense {usable}", *_peak_sources(chip, usable))


def _peak_sources(chip: object, precision: str) -> list[Source]:
    sources = getattr(chip, "sources", None)
    return list(sources(precision))[:1] if callable(sources) else []


def add_mfu(query: ComputeQuery, rate: ComputeRate) -> None:
    """Put the utilisation into `rate`: the query's, or the median published one."""
    if query.mfu is None:
        rate.say(
            f"MFU {100 * REPORTED_MFU:.0f} %, the median that published runs report", REPORTED_MFU_SOURCE
        )
    rate.known["mfu"] = query.mfu if query.mfu is not None else REPORTED_MFU


def add_price(query: ComputeQuery, catalog: Catalog, rate: ComputeRate) -> None:
    """Put the price of a chip-hour into `rate`; FactAbsent when no rent is sourced for the chip."""
    if query.usd_per_chip_hour is not None:
        rate.known["usd_per_chip_hour"] = query.usd_per_chip_hour
        return
    chip = catalog.chip(query.chip or DEFAULT_CHIP)
    price = catalog.rental_price(chip.id)
    rate.known["usd_per_chip_hour"] = float(price.value)
    rate.low_price, rate.high_price = price.low, price.high
    rate.say(
        f"rent ${price.value:.2f} per chip-hour of {chip.name} as of {price.as_of}", *list(price.sources)[:2]
    )


def rental_rate(query: ComputeQuery, catalog: Catalog) -> ComputeRate:
    """Peak, utilisation and rent: everything that turns FLOP into chip-hours and dollars."""
    rate = ComputeRate(known=given_rate(query))
    add_peak(query, catalog, rate)
    add_mfu(query, rate)
    add_price_if_known(query, catalog, rate)
    stated = query.chip is not None or rate.known.keys() <= given_rate(query).keys()
    if rate.assumptions and not stated:
        rate.assumptions = ["Cost, if rented: " + "; ".join(rate.assumptions)]
    return rate


def add_price_if_known(query: ComputeQuery, catalog: Catalog, rate: ComputeRate) -> None:
    """`add_price`, or a warning in place of a cost."""
    try:
        add_price(query, catalog, rate)
    except FactAbsent as absent:
        rate.warnings.append(f"No cost: {absent}")
