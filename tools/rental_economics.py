"""Renting and owning chips: bills, prepayment, discounts, payback, break-even rent, IRR."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

from tools.catalog import Catalog, Price
from tools.contract import Source
from tools.errors import FactAbsent, InputError, MissingInput
from tools.money.rental_query import RentalEconomicsQuery, RentalEconomicsResult
from tools.solve import Default, Relations, Rule, answer, product, total
from tools.units import format_quantity

HOURS_PER_YEAR = 8760.0


def _discount(paid: str, full: str) -> tuple[Rule, ...]:
    """Every direction of: `paid` is `full` less the discount."""
    return (
        Rule(
            "discount_percent", (paid, full), lambda p, f: 100 * (1 - p / f), f"1 − {{{paid}}} / {{{full}}}"
        ),
        Rule(
            paid,
            (full, "discount_percent"),
            lambda f, d: f * (1 - d / 100),
            f"{{{full}}} × (1 − {{discount_percent}})",
        ),
        Rule(
            full,
            (paid, "discount_percent"),
            lambda p, d: p / (1 - d / 100),
            f"{{{paid}}} / (1 − {{discount_percent}})",
        ),
    )


RELATIONS = Relations(
    product("chip_hours", "chips", "hours"),
    product("hourly_bill_usd", "chips", "usd_per_chip_hour", "utilisation_percent", scale=0.01),
    product("bill_usd", "hourly_bill_usd", "hours"),
    product("daily_bill_usd", "hourly_bill_usd", constant=24.0, constant_unit="hour"),
    product("monthly_bill_usd", "hourly_bill_usd", constant=HOURS_PER_YEAR / 12, constant_unit="hour"),
    product("yearly_bill_usd", "hourly_bill_usd", constant=HOURS_PER_YEAR, constant_unit="hour"),
    product("prepay_usd", "bill_usd", "prepay_percent", scale=0.01),
    total("bill_usd", "prepay_usd", "remaining_usd"),
    # list against market
    _discount("usd_per_chip_hour", "list_usd_per_chip_hour"),
    _discount("paid_price_usd", "list_price_usd"),
    product("list_ratio", "list_price_usd", per=("paid_price_usd",)),
    product("list_ratio", "list_usd_per_chip_hour", per=("usd_per_chip_hour",)),
    product("list_bill_usd", "bill_usd", "list_ratio"),
    total("list_bill_usd", "bill_usd", "saving_usd"),
    # owning: what a chip earns in a year against what it cost
    product("capex_usd", "chips", "capex_usd_per_chip"),
    product("power_usd_per_chip_hour", "w_per_chip_all_in", "usd_per_mwh", scale=1e-6),
    total("running_usd_per_chip_hour", "opex_usd_per_chip_hour", "power_usd_per_chip_hour"),
    product("opex_usd_per_chip_hour", "opex_usd_while_rented", "utilisation_percent", scale=0.01)[:1],
    product(
        "revenue_usd_per_chip_year",
        "usd_per_chip_hour",
        "utilisation_percent",
        scale=0.01,
        constant=HOURS_PER_YEAR,
        constant_unit="hour",
    ),
    product(
        "yearly_running_usd",
        "running_usd_per_chip_hour",
        constant=HOURS_PER_YEAR,
        constant_unit="hour",
    ),
    total("revenue_usd_per_chip_year", "yearly_running_usd", "net_usd_per_chip_year"),
    product("capex_usd_per_chip", "payback_years", "net_usd_per_chip_year"),
    product("payback_months", "payback_years", constant=12.0),
    # the rent at which the chip's cost is just met over its life
    product("residual_usd_per_chip", "capex_usd_per_chip", "residual_percent", scale=0.01),
    total("capex_usd_per_chip", "depreciable_usd_per_chip", "residual_usd_per_chip"),
    product(
        "depreciable_usd_per_chip",
        "capital_usd_per_chip_hour",
        "life_years",
        "utilisation_percent",
        scale=0.01,
        constant=HOURS_PER_YEAR,
        constant_unit="hour",
    ),
    product(
        "running_usd_per_sold_hour", "running_usd_per_chip_hour", per=("utilisation_percent",), scale=100.0
    ),
    total("break_even_usd_per_chip_hour", "capital_usd_per_chip_hour", "running_usd_per_sold_hour"),
    # a chip that costs so much by the hour, rented out or not, and the share of hours that must be
    Rule(
        "owned_usd_per_chip_hour",
        ("depreciable_usd_per_chip", "life_years", "running_usd_per_chip_hour"),
        lambda price, years, running: price / (years * HOURS_PER_YEAR) + running,
        "{depreciable_usd_per_chip} / ({life_years} × 8,760 h) + {running_usd_per_chip_hour}",
    ),
    product("owned_usd_per_chip_hour", "usd_per_chip_hour", "break_even_utilisation_percent", scale=0.01),
    Rule(
        "gross_margin_percent",
        ("usd_per_chip_hour", "break_even_usd_per_chip_hour"),
        lambda p, c: 100 * (1 - c / p),
        "1 − {break_even_usd_per_chip_hour} / {usd_per_chip_hour}",
    ),
    Rule(
        "usd_per_chip_hour",
        ("break_even_usd_per_chip_hour", "gross_margin_percent"),
        lambda c, m: c / (1 - m / 100),
        "{break_even_usd_per_chip_hour} / (1 − {gross_margin_percent})",
    ),
)

_FULL = Default("utilisation_percent", 100.0, "Used (or rented out) all the time; utilisation not stated.")
_YEAR = Default("hours", HOURS_PER_YEAR, "For one year of 8,760 hours (duration not stated).")
_NO_POWER = Default("power_usd_per_chip_hour", 0.0, "Electricity is left out (or inside the running cost).")
_NO_OPEX = Default(
    "opex_usd_per_chip_hour", 0.0, "Running costs other than electricity are left out (not stated)."
)
_NO_RESIDUAL = Default(
    "residual_percent", 0.0, "Nothing is left of the chip's value at the end (not stated)."
)
_LIFE = Default("life_years", 5.0, "The chip earns for 5 years (life not stated).")


def rental_economics(query: RentalEconomicsQuery, catalog: Catalog) -> RentalEconomicsResult:
    """Renting and owning chips: bills, prepayment, discount off list, payback time, break-even rent, IRR.

    Bills of chips × $/chip-hour × time × utilisation by hour, day, month, year or contract term; share paid up
    front; market rent against list; years until a bought chip has earned its price, or the rent that pays it
    back in a given time; revenue and margin per chip; internal rate of return with resale value and falling rents.
    """
    query = _one_reading(query)
    facts, sources = _catalogue_prices(query, catalog)
    result = answer(
        RELATIONS,
        query,
        RentalEconomicsResult,
        defaults=[*_defaults(query), *facts],
        ask_first=("bill_usd", "payback_years"),
    )
    if any(fact.says in result.assumptions for fact in facts):
        result.sources = sources
    if query.payback_years is not None:
        result.payback_months = None  # what was said, in another unit
    renting = query.chips is not None and all(getattr(query, name) is None for name in _OWNING)
    if renting:
        result.revenue_usd_per_chip_year = None  # the question is of somebody who pays
    if query.hours is not None:  # the bill for the time asked about is the bill
        result.daily_bill_usd = result.monthly_bill_usd = result.yearly_bill_usd = None
    _returns(query, result)
    result.warnings += _odd(result)
    result.chart = _chart(query, result)
    return result


def _one_reading(query: RentalEconomicsQuery) -> RentalEconomicsQuery:
    """The query with what people leave unsaid put where it belongs.

    A list price per hour and a price said without "an hour" (or the other way round) are one pair; a length of
    time beside the price of a chip that nobody rents is the chip's life.
    """
    pairs = (
        ("list_usd_per_chip_hour", "paid_price_usd", "usd_per_chip_hour"),
        ("usd_per_chip_hour", "list_price_usd", "list_usd_per_chip_hour"),
    )
    query = _hourly(query)
    for known, loose, wanted in pairs:
        value = getattr(query, loose)
        if value is not None and getattr(query, known) is not None and getattr(query, wanted) is None:
            query = query.model_copy(update={wanted: value, loose: None})
    bought = query.capex_usd_per_chip is not None and query.payback_years is None and query.chips is None
    if bought and query.hours is not None and query.life_years is None and query.bill_usd is None:
        return query.model_copy(update={"life_years": query.hours / HOURS_PER_YEAR, "hours": None})
    return query


LONG_YEARS = 30.0


def _odd(result: RentalEconomicsResult) -> list[str]:
    """What a reader should look at twice."""
    odd = []
    if result.discount_percent is not None and result.discount_percent < 0:
        odd.append("The price paid is above the list price.")
    if result.payback_years is not None and result.payback_years > LONG_YEARS:
        odd.append(f"Payback takes longer than {LONG_YEARS:.0f} years: the chip will not live that long.")
    return odd


def _hourly(query: RentalEconomicsQuery) -> RentalEconomicsQuery:
    """Rent and running cost said without "an hour" as what they are; a second rent is the old contract's."""
    if query.opex_usd is not None and query.opex_usd_per_chip_hour is None:
        query = query.model_copy(update={"opex_usd_per_chip_hour": query.opex_usd, "opex_usd": None})
    if query.rent_usd is None:
        return query
    found: dict[str, float | None] = {"rent_usd": None, "usd_per_chip_hour": query.rent_usd}
    if query.usd_per_chip_hour is not None and query.list_usd_per_chip_hour is None:
        found["list_usd_per_chip_hour"] = query.usd_per_chip_hour
    elif query.usd_per_chip_hour is not None:
        raise InputError("rent_usd", query.rent_usd, "one rent paid, beside the list rent")
    return query.model_copy(update=found)


_OWNING = (
    "capex_usd_per_chip",
    "capex_usd",
    "payback_years",
    "life_years",
    "residual_percent",
    "target_irr_percent",
)


def _defaults(query: RentalEconomicsQuery) -> list[Default]:
    """What is taken when nobody said: only what the question at hand needs."""
    owning = query.chip is not None or any(getattr(query, name) is not None for name in _OWNING)
    chosen = []
    # a payback time beside rent and purchase price gives the utilisation instead
    asked = query.payback_years is not None and query.usd_per_chip_hour is not None
    bought = query.capex_usd_per_chip is not None or query.capex_usd is not None
    used = owning or query.chips is not None or query.list_usd_per_chip_hour is None
    if used and not (asked and bought):
        chosen.append(_FULL)
    priced = (query.usd_per_chip_hour, query.list_usd_per_chip_hour, query.bill_usd, query.chip)
    if any(value is not None for value in priced):
        chosen.append(_YEAR)
    if owning:
        chosen += [_NO_POWER, _NO_OPEX, _NO_RESIDUAL]
        earns = (query.usd_per_chip_hour, query.payback_years, query.target_irr_percent)
        if query.gross_margin_percent is not None or all(value is None for value in earns):
            chosen.append(_LIFE)
    return chosen


def _catalogue_prices(query: RentalEconomicsQuery, catalog: Catalog) -> tuple[list[Default], list[Source]]:
    """Rent and purchase price of the named chip, for what the question leaves open."""
    if query.chip is None:
        return [], []
    wanted: list[tuple[str, str, Callable[..., Price]]] = []
    if query.usd_per_chip_hour is None and query.payback_years is None and query.target_irr_percent is None:
        wanted.append(("usd_per_chip_hour", "rent", catalog.rental_price))
    if query.capex_usd_per_chip is None and (query.chips is None or query.life_years is not None):
        wanted.append(("capex_usd_per_chip", "purchase price", catalog.purchase_price))
    facts, sources = [], []
    for name, what, price_of in wanted:
        try:
            price = price_of(query.chip, as_of=query.as_of)
        except FactAbsent:
            continue
        middle = format_quantity(price.value, price.unit)
        says = f"{what.capitalize()} of {query.chip}: {middle} ({price.as_of}{price.spread and f'; {price.spread}'})."
        facts.append(Default(name, price.value, says, fact=True))
        sources += price.sources
    return facts, sources


def _cash_flows(
    price: float, running: float, query: RentalEconomicsQuery, capex: float, sold: float
) -> list[float]:
    """Yearly cash flows of one chip: price paid at the start, net rent at each year's end, resale at the last.

    `price` USD/chip-hour in the first year, `running` USD per clock hour, `sold` the share of hours rented.
    """
    life = float(query.life_years or 0)
    decline = 1 - (query.rent_decline_percent or 0) / 100
    flows, year = [-capex], 0
    while year < life:
        part = min(1.0, life - year)
        flows.append(part * HOURS_PER_YEAR * (price * decline**year * sold - running))
        year += 1
    flows[-1] += capex * (query.residual_percent or 0) / 100
    return flows


def _present(flows: list[float], rate: float) -> float:
    return sum(flow / (1 + rate) ** year for year, flow in enumerate(flows))


def _returns(query: RentalEconomicsQuery, result: RentalEconomicsResult) -> None:
    """IRR, and the rent and value at a return wanted, once price, life and purchase price are known."""
    capex = query.capex_usd_per_chip or result.capex_usd_per_chip
    if capex is None or query.life_years is None:
        if query.target_irr_percent is not None:
            missing = "capex_usd_per_chip" if capex is None else "life_years"
            raise MissingInput(missing, "the purchase price and the years of life, for a return")
        return
    running = (query.opex_usd_per_chip_hour or 0) + (query.w_per_chip_all_in or 0) * (
        query.usd_per_mwh or 0
    ) * 1e-6
    sold = (query.utilisation_percent or 100) / 100
    price = query.usd_per_chip_hour or result.usd_per_chip_hour
    if price is not None:
        _add_irr(result, _cash_flows(price, running, query, capex, sold))
    if query.target_irr_percent is not None:
        rate = query.target_irr_percent / 100
        fixed = _present(_cash_flows(0.0, running, query, capex, sold), rate)
        per_dollar = _present(_cash_flows(1.0, running, query, capex, sold), rate) - fixed
        result.required_usd_per_chip_hour = -fixed / per_dollar
        if price is not None:
            result.npv_usd_per_chip = fixed + price * per_dollar
        rent = format_quantity(-fixed / per_dollar, "USD/chip/hour")
        result.formula += f"; required rent = {rent}, where NPV at {query.target_irr_percent:g} % is 0"


def _add_irr(result: RentalEconomicsResult, flows: list[float]) -> None:
    import numpy_financial as npf

    rate = float(npf.irr(flows))
    if sum(a * b < 0 for a, b in itertools.pairwise(flows)) > 1:
        result.warnings.append(
            "Some years lose money, so more than one rate of return fits; this is one of them."
        )
    if math.isfinite(rate):
        result.irr_percent = float(f"{100 * rate:.10g}")
        shown = ", ".join(f"{flow:,.0f}" for flow in flows)
        result.formula += f"; IRR of yearly cash flows [{shown}] = {result.irr_percent:.2f} %"
        result.assumptions.append("IRR counts each year's net rent at the year's end.")
    else:
        result.warnings.append("No rate of return exists: the rents never return the price paid.")


def _chart(query: RentalEconomicsQuery, result: RentalEconomicsResult) -> dict[str, Any] | None:
    """Cumulative cash of one chip over time, when it is bought and rented out."""
    capex = query.capex_usd_per_chip or result.capex_usd_per_chip
    net, payback = result.net_usd_per_chip_year, query.payback_years or result.payback_years
    if capex is None or net is None or payback is None:
        return None
    span = max(query.life_years or 0, 1.5 * payback)
    points = [{"year": span * i / 20, "cash": span * i / 20 * net - capex} for i in range(21)]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": "Cumulative cash of one chip",
        "data": {"values": points},
        "mark": "line",
        "encoding": {
            "x": {"field": "year", "type": "quantitative", "title": "years"},
            "y": {"field": "cash", "type": "quantitative", "title": "cumulative cash per chip, USD"},
        },
    }


__all__ = ["RentalEconomicsQuery", "RentalEconomicsResult", "rental_economics"]
