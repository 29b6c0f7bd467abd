"""A training run: FLOP, chip-hours, days, dollars, energy and MFU, whichever is missing.

FLOP = 6 × parameters × tokens (Kaplan et al. 2020); chip-hours = FLOP / (3600 s × dense peak × MFU). A cost
always names its method: rent, write-off with energy, or purchase; they differ by an order of magnitude.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tools.catalog import Catalog
from tools.datacenter_power import EPOCH_COSTS, PUE, SERVER_FACTOR, USD_PER_MWH
from tools.errors import FactAbsent
from tools.scaling.training_query import TrainingRunQuery, TrainingRunResult
from tools.scaling.training_speed import DEFAULT_SEQUENCE, Layout, make_setup, predict
from tools.serving.compute_rate import (
    DEFAULT_CHIP,
    DEFAULT_PRECISION,
    RATE_RULES,
    SIX_N_D,
    ComputeRate,
    add_mfu,
    add_peak,
    add_price,
    chip_hours_text,
    given_rate,
)
from tools.solve import Relations, Rule, Solution, product, units_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tools.scaling.uncertainty import Draws

DEFAULT_LIFETIME_YEARS = 4.0
HOURS_PER_YEAR = 8760.0
HIGHEST_SEEN_MFU = 0.75
RATE_BELOW_USD = 1000.0  # an amount this small beside chip-hours is the price of one


def _lost(n_chips: float, days: float, goodput: float) -> float:
    """Chip-hours that no kept work came of; nothing is said of them where no goodput is."""
    if goodput >= 1:
        raise ValueError("nothing is lost")
    return n_chips * days * 24 * (1 - goodput)


RELATIONS = Relations(
    SIX_N_D,
    product("tokens", "params", "tokens_per_param"),
    RATE_RULES,
    Rule("tokens_per_s_per_chip", ("params", "peak_tflops", "mfu"), lambda n, p, u: p * 1e12 * u / (6 * n),
         "{peak_tflops} × {mfu} / (6 × {params})"),
    Rule("mfu", ("tokens_per_s_per_chip", "params", "peak_tflops"), lambda t, n, p: t * 6 * n / (p * 1e12),
         "6 × {params} × {tokens_per_s_per_chip} / {peak_tflops}"),
    Rule("chip_hours", ("tokens", "tokens_per_s_per_chip"), lambda d, t: d / (3600 * t),
         "{tokens} / (3600 s × {tokens_per_s_per_chip})"),
    Rule("tokens", ("chip_hours", "tokens_per_s_per_chip"), lambda h, t: h * 3600 * t,
         "{chip_hours} × 3600 s × {tokens_per_s_per_chip}"),
    product("tokens_per_s", "tokens_per_s_per_chip", "n_chips"),
    Rule("chip_hours", ("n_chips", "days", "goodput"), lambda n, d, g: n * d * 24 * g,
         "{n_chips} × {days} × 24 h × goodput {goodput}"),
    Rule("days", ("chip_hours", "n_chips", "goodput"), lambda h, n, g: h / (n * 24 * g),
         "{chip_hours} / ({n_chips} × 24 h × goodput {goodput})"),
    Rule("n_chips", ("chip_hours", "days", "goodput"), lambda h, d, g: h / (d * 24 * g),
         "{chip_hours} / ({days} × 24 h × goodput {goodput})"),
    Rule("lost_chip_hours", ("n_chips", "days", "goodput"), _lost,
         "{n_chips} × {days} × 24 h × (1 − goodput {goodput})"),
    product("energy_mwh", "chip_hours", "watts_per_chip", scale=1e-6),
    product("site_mw", "n_chips", "watts_per_chip", scale=1e-6),
    product("electricity_usd", "energy_mwh", "usd_per_mwh"),
    product("emissions_t", "energy_mwh", "kg_co2_per_kwh"),
    product("purchase_usd", "n_chips", "usd_per_chip"),
    Rule("amortised_usd", ("chip_hours", "usd_per_chip", "lifetime_years", "electricity_usd"),
         lambda h, c, y, e: h * c / (y * HOURS_PER_YEAR) + e,
         "{chip_hours} × {usd_per_chip} / ({lifetime_years} × 8,760 h) + {electricity_usd}"),
)  # fmt: skip

_UNITS = units_of(TrainingRunQuery, TrainingRunResult)
_WANTED = (
    "flop",
    "chip_hours",
    "days",
    "n_chips",
    "usd",
    "mfu",
    "energy_mwh",
    "tokens",
    "tokens_per_s_per_chip",
)


def training_run(query: TrainingRunQuery, catalog: Catalog) -> TrainingRunResult:
    """A training run: compute in FLOP, GPU-hours, days on so many chips, cost, energy and MFU, in any direction.

    From a model or its parameters and tokens (6ND), or from FLOP, chip-hours, days or a budget; gives what is
    missing, with the training throughput of a chip and the utilisation a run on those chips reaches.
    """
    rate = ComputeRate(known=_stated(query, catalog))
    if query.usd is not None and "usd" not in rate.known:
        rate.assumptions.append(f"${query.usd:g} is taken as the price of one chip-hour")
    solution = _solve(query, catalog, rate)
    RELATIONS.require(solution, query, *_WANTED)
    found = {n: v for n, v in solution.found().items() if n in TrainingRunResult.model_fields}
    if "n_chips" in found:
        found["n_chips"] = float(math.ceil(found["n_chips"] * (1 - 1e-12)))
    result = TrainingRunResult(
        **found, formula=_formula(solution), assumptions=rate.assumptions, warnings=rate.warnings,
        sources=rate.sources, cost_method="rent per chip-hour" if solution.get("usd") is not None else None,
    )  # fmt: skip
    _add_ranges(result, rate, solution)
    mfu = solution.get("mfu")
    if mfu is not None and mfu > HIGHEST_SEEN_MFU:
        result.warnings.append(f"An MFU of {100 * mfu:.0f} % is above what any published run reports")
    return result


def _stated(query: TrainingRunQuery, catalog: Catalog) -> dict[str, float]:
    known = {n: getattr(query, n) for n in RELATIONS.names() if getattr(query, n, None) is not None}
    if query.model is not None and query.params is None:
        entry = catalog.model(query.model)
        params = entry.params_active or entry.params_total
        if params is None:
            raise FactAbsent(f"the size of {entry.name} is not public, so its training cannot be computed")
        known["params"] = float(params)
    known.setdefault("goodput", 1.0)
    if query.chip_hours is not None and known.get("usd", RATE_BELOW_USD) < RATE_BELOW_USD:
        known["usd_per_chip_hour"] = known.pop(
            "usd"
        )  # "30 million GPU-hours at $2": nobody rents a run for $2
    return known | given_rate(query)


def _solve(query: TrainingRunQuery, catalog: Catalog, rate: ComputeRate) -> Solution:
    """What follows from the question, then from the chip's peak, the usual MFU, rent and power, in that order."""
    if query.model is not None and query.params is None:
        rate.sources += catalog.model(query.model).sources("params_total", "params_active")[:1]
    solution = RELATIONS.solve(rate.known)
    if _needs_peak(query, solution):
        add_peak(query, catalog, rate)
        solution = RELATIONS.solve(rate.known)
    if "mfu" not in solution.values and _needs_peak(query, solution):
        _add_speed(query, catalog, rate, solution)
        solution = RELATIONS.solve(rate.known)
    for add in (_add_rent, _add_power):
        if "chip_hours" in solution.values or "n_chips" in solution.values:
            add(query, catalog, rate, solution)
            solution = RELATIONS.solve(rate.known)
    return solution


def _add_speed(query: TrainingRunQuery, catalog: Catalog, rate: ComputeRate, solution: Solution) -> None:
    """The utilisation: predicted for a model of known size on a named chip, else what published runs report."""
    if query.chip is None or query.mfu is not None or "params" not in solution.values:
        add_mfu(query, rate)
        return
    model = catalog.model(query.model) if query.model and query.params is None else None
    sequence = query.sequence_length or DEFAULT_SEQUENCE
    layout = Layout(n_chips=query.n_chips)
    precision = query.precision or DEFAULT_PRECISION
    try:
        chip = catalog.chip(query.chip)
        subject = model if model is not None and model.layers else solution.values["params"]
        speed = predict(make_setup(chip, subject, precision=precision, sequence=sequence, layout=layout))
    except FactAbsent:
        add_mfu(query, rate)
        return
    rate.known["tokens_per_s_per_chip"] = speed.tokens_per_s_per_chip
    rate.spread = (speed.low / speed.tokens_per_s_per_chip, speed.high / speed.tokens_per_s_per_chip)
    measured = "" if speed.measured_family else ", a family with no published runs in the fit"
    rate.say(
        f"Training speed predicted for {sequence:,.0f}-token sequences on {chip.name}{measured}: "
        f"MFU {100 * speed.mfu:.0f} %, {100 * speed.mfu * rate.spread[0]:.0f} to {100 * speed.mfu * rate.spread[1]:.0f} %",
        speed.source,
    )


def _needs_peak(query: TrainingRunQuery, solution: Solution) -> bool:
    """Whether compute and chip-hours wait for each other, or for the utilisation that ties them."""
    have = solution.values
    if "flop" in have and "chip_hours" in have:
        return "mfu" not in have and (query.chip is not None or query.peak_tflops is not None)
    compute = "flop" in have or "params" in have
    spoken_of = any(v is not None for v in (query.chip, query.mfu, query.peak_tflops))
    return compute or (spoken_of and ("chip_hours" in have or "usd" in have))


def _add_rent(query: TrainingRunQuery, catalog: Catalog, rate: ComputeRate, solution: Solution) -> None:
    """The rent of the chip, unless the question is answered without money."""
    pure_time = query.chip_hours is not None and (query.n_chips or query.days) and query.chip is None
    priced = "usd" in solution.values or "usd_per_chip_hour" in solution.values
    if priced or "chip_hours" not in solution.values or pure_time:
        return
    if query.watts_per_chip is not None and query.chip is None:
        return
    try:
        add_price(query, catalog, rate)
    except FactAbsent as absent:
        rate.warnings.append(f"No rent: {absent}")


def _add_power(query: TrainingRunQuery, catalog: Catalog, rate: ComputeRate, solution: Solution) -> None:
    """Power of a chip, price of electricity and of a chip, where the question names a chip or a power."""
    if query.chip is None and query.watts_per_chip is None and query.usd_per_chip is None:
        return
    if query.watts_per_chip is None:
        watts = _all_in_watts(query, catalog, rate)
        if watts is None:
            return
        rate.known["watts_per_chip"] = watts
    if query.usd_per_mwh is None and (query.chip is not None or query.usd_per_chip is not None):
        rate.known["usd_per_mwh"] = USD_PER_MWH
        rate.say(f"Electricity at ${USD_PER_MWH:g} per MWh (US industrial, 2025)", EPOCH_COSTS)
    if query.usd_per_chip is not None and query.lifetime_years is None:
        rate.known["lifetime_years"] = DEFAULT_LIFETIME_YEARS
        rate.assumptions.append(f"Bought chips written off over {DEFAULT_LIFETIME_YEARS:.0f} years")


def _all_in_watts(query: TrainingRunQuery, catalog: Catalog, rate: ComputeRate) -> float | None:
    chip = catalog.chip(query.chip or DEFAULT_CHIP)
    if chip.server_power_w and chip.chips_per_server:
        watts = chip.server_power_w / chip.chips_per_server
        rate.say(f"{watts:,.0f} W of server a chip, PUE {PUE}", *chip.sources("server_power_w")[:1])
    elif chip.tdp_w:
        watts = chip.tdp_w * SERVER_FACTOR
        rate.say(
            f"{chip.tdp_w:,.0f} W chip × {SERVER_FACTOR} for the server, PUE {PUE}",
            *chip.sources("tdp_w")[:1],
            EPOCH_COSTS,
        )
    else:
        return None
    return watts * PUE


def _formula(solution: Solution) -> str:
    """The steps to what people ask first; all steps where none of that was found."""
    found = solution.found()
    first = [n for n in _WANTED if n in found and n != "energy_mwh"] or list(found)
    return chip_hours_text(solution.formula(_UNITS, first)).replace(" × goodput 1", "")


def _add_ranges(result: TrainingRunResult, rate: ComputeRate, solution: Solution) -> None:
    if rate.spread is not None and result.mfu is not None:
        result.mfu_low, result.mfu_high = result.mfu * rate.spread[0], result.mfu * rate.spread[1]
    if rate.spread is not None and "tokens_per_s_per_chip" in rate.known:
        speed = rate.known["tokens_per_s_per_chip"]
        result.tokens_per_s_per_chip = speed
        result.tokens_per_s_per_chip_low, result.tokens_per_s_per_chip_high = (
            speed * end for end in rate.spread
        )
    hours = solution.get("chip_hours")
    if result.usd is None or hours is None or rate.low_price is None or rate.high_price is None:
        return
    if rate.spread is None or "chip_hours" in solution.given:
        result.usd_low, result.usd_high = hours * rate.low_price, hours * rate.high_price
        return
    from tools.scaling.uncertainty import interval  # brings numpy, which only two uncertain inputs need

    uncertain = {"price": (rate.low_price, rate.high_price), "speed": rate.spread}

    def cost(draws: Draws) -> NDArray[np.float64]:
        return hours * draws["price"] / draws["speed"]

    result.usd_low, result.usd_high = interval(uncertain, cost)
