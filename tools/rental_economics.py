"""Renting and owning chips: bills, prepayment, discounts, payback, break-even rent, IRR."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

from pydantic import ConfigDict, Field

from tools.catalog import Catalog, Price
from tools.contract import Query, Result, Source, entity, quantity
from tools.errors import FactAbsent, MissingInput
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


class RentalEconomicsQuery(Query):
    """A rent, a bill, a purchase, a contract: whatever is known."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "question": "what do 256 cards at $1.90 an hour come to over 6 months?",
                    "input": {"chips": 256, "usd_per_chip_hour": 1.9, "hours": 4380},
                    "want": "bill_usd",
                },
                {
                    "question": "monthly bill for 64 GPUs at 2.4 dollars per hour",
                    "input": {"chips": 64, "usd_per_chip_hour": 2.4},
                    "want": "monthly_bill_usd",
                },
                {
                    "question": "a $28,000 accelerator is rented out at $1.75/hr, 60% busy: how long to earn it back?",
                    "input": {
                        "capex_usd_per_chip": 28000,
                        "usd_per_chip_hour": 1.75,
                        "utilisation_percent": 60,
                    },
                    "want": "payback_years",
                },
                {
                    "question": "hourly rent that pays back a $35k GPU in 2 years at 75% utilization, 30 cents opex",
                    "input": {
                        "capex_usd_per_chip": 35000,
                        "payback_years": 2,
                        "utilisation_percent": 75,
                        "opex_usd_per_chip_hour": 0.3,
                    },
                    "want": "usd_per_chip_hour",
                },
                {
                    "question": "list is $6.50 an hour but deals clear at $2.60: how big is the discount",
                    "input": {"list_usd_per_chip_hour": 6.5, "usd_per_chip_hour": 2.6},
                    "want": "discount_percent",
                },
                {
                    "question": "three years of 2,000 chips at $3/hr, 20% up front: how much is the prepayment?",
                    "input": {"chips": 2000, "usd_per_chip_hour": 3, "hours": 26280, "prepay_percent": 20},
                    "want": "prepay_usd",
                },
                {
                    "question": "break-even price per hour: $30k card, 4 years, $0.35/h opex, 80% utilisation",
                    "input": {
                        "capex_usd_per_chip": 30000,
                        "life_years": 4,
                        "opex_usd_per_chip_hour": 0.35,
                        "utilisation_percent": 80,
                    },
                    "want": "break_even_usd_per_chip_hour",
                },
                {
                    "question": "IRR of a $32k card rented at $2.20/h for 5 years, 85% sold, 10% resale value",
                    "input": {
                        "capex_usd_per_chip": 32000,
                        "usd_per_chip_hour": 2.2,
                        "life_years": 5,
                        "utilisation_percent": 85,
                        "residual_percent": 10,
                    },
                    "want": "irr_percent",
                },
                {
                    "question": "how many cards can I rent for six months with $4M at $1.80 an hour",
                    "input": {"bill_usd": 4e6, "usd_per_chip_hour": 1.8, "hours": 4380},
                    "want": "chips",
                },
                {
                    "question": "internal rate of return: buy at $36,000, rent out at $2.40/h for 6 years, 80% busy",
                    "input": {
                        "capex_usd_per_chip": 36000,
                        "usd_per_chip_hour": 2.4,
                        "life_years": 6,
                        "utilisation_percent": 80,
                    },
                    "want": "irr_percent",
                },
                {
                    "question": "sticker price 5 dollars, deals close at 3: percent off?",
                    "input": {"list_price_usd": 5, "paid_price_usd": 3},
                    "want": "discount_percent",
                },
                {
                    "question": "rent fell from $6/hr to $2.40/hr, what percent cheaper?",
                    "input": {"list_usd_per_chip_hour": 6, "usd_per_chip_hour": 2.4},
                    "want": "discount_percent",
                },
                {
                    "question": "hourly cost of owning a $28k chip for 5 years with 25 cents running cost",
                    "input": {"capex_usd_per_chip": 28e3, "life_years": 5, "opex_usd_per_chip_hour": 0.25},
                    "want": "break_even_usd_per_chip_hour",
                },
                {
                    "question": "renting at $1.70/h rather than $2.90/h on 500 chips for a year saves how much?",
                    "input": {
                        "chips": 500,
                        "usd_per_chip_hour": 1.7,
                        "list_usd_per_chip_hour": 2.9,
                        "hours": 8760,
                    },
                    "want": "saving_usd",
                },
                {
                    "question": "revenue one GPU brings in a year at $2.15/hr and 70 percent occupancy",
                    "input": {"usd_per_chip_hour": 2.15, "utilisation_percent": 70},
                    "want": "revenue_usd_per_chip_year",
                },
            ]
        }
    )
    chips: float | None = quantity(
        "Number of chips rented or owned",
        "chip",
        default=None,
        above=0,
        words=("GPUs", "chips", "cards", "accelerators", "of them"),
        ask="How many chips?",
    )
    usd_per_chip_hour: float | None = quantity(
        "Rent per chip-hour actually paid",
        "USD/chip/hour",
        default=None,
        above=0,
        words=(
            "rent",
            "rental",
            "per hour",
            "market rate",
            "rents at",
            "rate",
            "hourly rate",
            "charges",
        ),
        ask="At what rent per chip-hour?",
    )
    chip: str | None = entity(
        "The chip, for its catalogue rent and price when none is stated", "chip", default=None
    )
    hours: float | None = quantity(
        "How long chips are rented: any length of time",
        "hour",
        default=None,
        above=0,
        words=(
            "contract",
            "term",
            "rental period",
            "duration",
            "non stop",
            "round the clock",
        ),
    )
    utilisation_percent: float | None = quantity(
        "Share of hours the chip is rented or used",
        "percent",
        default=None,
        above=0,
        max=100,
        words=("utilisation", "utilization", "occupancy", "busy", "sold", "load", "used"),
    )
    bill_usd: float | None = quantity(
        "The whole bill",
        "USD",
        default=None,
        above=0,
        words=("bill", "total cost", "contract value", "budget", "spend"),
    )
    prepay_percent: float | None = quantity(
        "Share paid in advance",
        "percent",
        default=None,
        min=0,
        max=100,
        words=("prepay", "up front", "upfront", "in advance", "deposit", "prepayment"),
    )
    prepay_usd: float | None = quantity(
        "Amount paid in advance", "USD", default=None, min=0, words=("prepayment", "deposit of")
    )
    list_usd_per_chip_hour: float | None = quantity(
        "List (or earlier) rent per chip-hour, to compare with",
        "USD/chip/hour",
        default=None,
        above=0,
        words=(
            "list",
            "list price",
            "on-demand",
            "quoted",
            "used to",
            "original",
            "old contract",
            "went from",
        ),
    )
    list_price_usd: float | None = quantity(
        "List price of anything, to compare with",
        "USD",
        default=None,
        above=0,
        words=("list", "list price", "sticker"),
    )
    paid_price_usd: float | None = quantity(
        "Price actually paid for it",
        "USD",
        default=None,
        above=0,
        words=("market", "street price", "actually paid", "deal"),
    )
    discount_percent: float | None = quantity(
        "Discount off the list rent",
        "percent",
        default=None,
        below=100,
        words=("discount", "off", "cheaper", "below list", "reduction"),
    )
    capex_usd_per_chip: float | None = quantity(
        "Purchase price of one chip",
        "USD",
        default=None,
        above=0,
        max=5e6,
        words=(
            "buy",
            "bought",
            "purchase price",
            "capex",
        ),
        ask="What does the chip cost to buy?",
    )
    capex_usd: float | None = quantity(
        "Purchase price of all chips",
        "USD",
        default=None,
        above=0,
        words=("total capex", "cluster costs", "investment"),
    )
    opex_usd_per_chip_hour: float | None = quantity(
        "Running cost per chip-hour: hosting, staff, network, power unless stated apart",
        "USD/chip/hour",
        default=None,
        min=0,
        words=(
            "opex",
            "running cost",
            "hosting",
            "colocation",
            "operating cost",
            "upkeep",
        ),
    )
    w_per_chip_all_in: float | None = quantity(
        "Power per chip, all in", "W", default=None, min=0, words=("watts", "kW", "power draw", "all in")
    )
    usd_per_mwh: float | None = quantity(
        "Electricity price",
        "USD/MWh",
        default=None,
        min=0,
        words=("electricity", "per kWh", "per MWh", "cents a kWh"),
    )
    payback_years: float | None = quantity(
        "Payback time",
        "year",
        default=None,
        above=0,
        words=("payback", "pay back", "pays for itself", "earn back", "recoup"),
        ask="In what time should it pay back?",
    )
    life_years: float | None = quantity(
        "Useful life",
        "year",
        default=None,
        above=0,
        max=50,
        words=(
            "life",
            "lifetime",
            "useful life",
            "depreciated",
            "amortised",
            "written off",
        ),
    )
    residual_percent: float | None = quantity(
        "Value left at the end, share of the purchase price",
        "percent",
        default=None,
        min=0,
        below=100,
        words=("residual", "resale", "salvage", "left over"),
    )
    gross_margin_percent: float | None = quantity(
        "Gross margin of renting out", "percent", default=None, below=100, words=("margin", "gross margin")
    )
    rent_decline_percent: float | None = quantity(
        "Yearly erosion of the rent",
        "percent",
        default=None,
        min=0,
        below=100,
        words=(
            "erosion",
            "decline",
            "falling",
        ),
    )
    target_irr_percent: float | None = quantity(
        "Internal rate of return wanted",
        "percent",
        default=None,
        above=-100,
        max=1000,
        words=("target IRR", "required return", "want a return", "hurdle rate"),
    )
    as_of: str | None = Field(
        None, description="Date of the catalogue price, such as 2024-12", pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$"
    )


class RentalEconomicsResult(Result):
    """What followed; a quantity that was given is not repeated."""

    prepay_usd: float | None = quantity(
        "Amount paid in advance",
        "USD",
        default=None,
        role="headline",
        words=("prepayment", "upfront", "front", "deposit", "in advance"),
    )
    discount_percent: float | None = quantity(
        "Discount off list",
        "percent",
        default=None,
        role="headline",
        words=("discount", "cheaper", "percent off", "below list"),
    )
    irr_percent: float | None = quantity(
        "Internal rate of return, per year",
        "percent",
        default=None,
        words=("IRR", "rate of return", "return"),
    )
    payback_years: float | None = quantity(
        "Payback time",
        "year",
        default=None,
        role="headline",
        words=("payback", "pay back", "earn back", "years to pay back"),
    )
    required_usd_per_chip_hour: float | None = quantity(
        "Rent that earns the return wanted",
        "USD/chip/hour",
        default=None,
        role="headline",
        words=("required rent", "rent needed", "must charge"),
    )
    usd_per_chip_hour: float | None = quantity(
        "Rent per chip-hour",
        "USD/chip/hour",
        default=None,
        role="headline",
        words=("rent", "per hour", "hourly price", "must rent at"),
    )
    utilisation_percent: float | None = quantity(
        "Utilisation",
        "percent",
        default=None,
        role="headline",
        words=("utilisation", "utilization", "occupancy"),
    )
    capex_usd_per_chip: float | None = quantity(
        "Purchase price per chip",
        "USD",
        default=None,
        role="headline",
        words=("purchase price", "can pay for", "worth", "capex"),
    )
    chips: float | None = quantity(
        "Number of chips", "chip", default=None, role="headline", words=("how many GPUs", "chips")
    )
    hours: float | None = quantity(
        "How long", "hour", default=None, role="headline", words=("how long", "hours")
    )
    bill_usd: float | None = quantity(
        "Bill for the time",
        "USD",
        default=None,
        role="headline",
        words=("bill", "cost", "total cost", "contract value", "amount"),
    )
    break_even_usd_per_chip_hour: float | None = quantity(
        "Rent at which costs are just met over the life",
        "USD/chip/hour",
        default=None,
        role="headline",
        words=("break-even", "break even", "cost per hour", "cost of owning"),
    )
    gross_margin_percent: float | None = quantity(
        "Gross margin of renting out", "percent", default=None, words=("margin", "gross margin")
    )
    revenue_usd_per_chip_year: float | None = quantity(
        "Revenue per chip and year",
        "USD/year",
        default=None,
        words=("revenue", "earns", "brings in", "income"),
    )
    net_usd_per_chip_year: float | None = quantity(
        "Revenue less running cost, per chip and year",
        "USD/year",
        default=None,
        words=("net", "profit per year"),
    )
    payback_months: float | None = quantity(
        "Payback time in months", "month", default=None, words=("months", "payback in months")
    )
    hourly_bill_usd: float | None = quantity(
        "Bill per hour", "USD/hour", default=None, words=("hourly bill", "bill per hour")
    )
    daily_bill_usd: float | None = quantity(
        "Bill per day", "USD", default=None, words=("daily bill", "a day")
    )
    monthly_bill_usd: float | None = quantity(
        "Bill per month of 730 hours", "USD", default=None, words=("monthly bill", "a month", "per month")
    )
    yearly_bill_usd: float | None = quantity(
        "Bill per year", "USD", default=None, words=("yearly bill", "annual bill", "a year", "per year")
    )
    remaining_usd: float | None = quantity(
        "Left to pay after the prepayment", "USD", default=None, words=("remaining", "rest", "left to pay")
    )
    saving_usd: float | None = quantity(
        "Saved against the list rent", "USD", default=None, words=("saving", "saved", "save")
    )
    list_bill_usd: float | None = quantity(
        "Bill at the list rent", "USD", default=None, words=("at list price", "list bill")
    )
    paid_price_usd: float | None = quantity(
        "Price after the discount", "USD", default=None, words=("price after",)
    )
    list_price_usd: float | None = quantity(
        "Price before the discount", "USD", default=None, words=("price before",)
    )
    list_usd_per_chip_hour: float | None = quantity(
        "List rent", "USD/chip/hour", default=None, words=("list price",)
    )
    list_ratio: float | None = quantity(
        "List rent over the rent paid", "dimensionless", default=None, words=("ratio", "times")
    )
    chip_hours: float | None = quantity(
        "Chip-hours", "chip*hour", default=None, words=("GPU-hours", "chip-hours")
    )
    capex_usd: float | None = quantity(
        "Purchase price of all chips", "USD", default=None, words=("total purchase price", "total capex")
    )
    capital_usd_per_chip_hour: float | None = quantity(
        "Capital cost per hour rented out",
        "USD/chip/hour",
        default=None,
        words=("capital cost", "depreciation per hour"),
    )
    running_usd_per_chip_hour: float | None = quantity(
        "Running cost per clock hour", "USD/chip/hour", default=None, words=("running cost", "opex")
    )
    life_years: float | None = quantity(
        "Years the chip must be rented out", "year", default=None, words=("life",)
    )
    npv_usd_per_chip: float | None = quantity(
        "Net present value per chip at the return wanted",
        "USD",
        default=None,
        words=("NPV", "net present value"),
    )


def rental_economics(query: RentalEconomicsQuery, catalog: Catalog) -> RentalEconomicsResult:
    """Renting and owning chips: bills, prepayment, discount off list, payback time, break-even rent, IRR.

    Bills of chips × $/chip-hour × time × utilisation by hour, day, month, year or contract term; share paid up
    front; market rent against list; years until a bought chip has earned its price, or the rent that pays it
    back in a given time; revenue and margin per chip; internal rate of return with resale value and falling rents.
    """
    query = _one_unit(query)
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
    renting = query.chips is not None and all(getattr(query, name) is None for name in _OWNING)
    if renting:
        result.revenue_usd_per_chip_year = None  # the question is of somebody who pays
    if query.hours is not None:  # the bill for the time asked about is the bill
        result.daily_bill_usd = result.monthly_bill_usd = result.yearly_bill_usd = None
    _returns(query, result)
    result.chart = _chart(query, result)
    return result


def _one_unit(query: RentalEconomicsQuery) -> RentalEconomicsQuery:
    """A list price per hour against a price said without "an hour" (or the other way round) are one pair."""
    pairs = (
        ("list_usd_per_chip_hour", "paid_price_usd", "usd_per_chip_hour"),
        ("usd_per_chip_hour", "list_price_usd", "list_usd_per_chip_hour"),
    )
    for known, loose, wanted in pairs:
        value = getattr(query, loose)
        if value is not None and getattr(query, known) is not None and getattr(query, wanted) is None:
            return query.model_copy(update={wanted: value, loose: None})
    return query


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
    if owning or query.chips is not None or query.list_usd_per_chip_hour is None:
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
        spread = f"{format_quantity(price.low, price.unit)} to {format_quantity(price.high, price.unit)}"
        middle = format_quantity(price.value, price.unit)
        says = f"{what.capitalize()} of {query.chip}: {middle} ({price.as_of}; {spread})."
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
        "data": {"values": points},
        "mark": "line",
        "encoding": {
            "x": {"field": "year", "type": "quantitative", "title": "years"},
            "y": {"field": "cash", "type": "quantitative", "title": "cumulative cash per chip, USD"},
        },
    }
