"""What a chip rented for over time: then against now, and when the market fell below a price."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict

from tools.catalog import Catalog, Price
from tools.catalog.prices import MARKET_KINDS
from tools.contract import Query, Result, entity, quantity
from tools.errors import FactAbsent, InputError


class PriceHistoryQuery(Query):
    """A chip, one or two dates, or a price that the market fell below."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "question": "what did an A100 rent for in early 2024 against 2026?",
                    "input": {"chip": "a100-sxm", "then": "2024-Q1", "now": "2026"},
                    "want": "usd_per_chip_hour_now",
                },
                {
                    "question": "how much did H200 rents fall from early 2025 to 2026, percent",
                    "input": {"chip": "h200", "then": "2025-Q1", "now": "2026"},
                    "want": "fall_percent",
                },
                {
                    "question": "when did A100 prices fall below $1.50 an hour?",
                    "input": {"chip": "a100-sxm", "below_usd": 1.5},
                    "want": "usd_when_first_below",
                },
                {
                    "question": "when did H200 prices fall below $4?",
                    "input": {"chip": "h200", "below_usd": 4},
                    "want": "usd_when_first_below",
                },
                {
                    "question": "did MI300X prices ever drop under $2, and when",
                    "input": {"chip": "mi300x", "below_usd": 2},
                    "want": "lowest_usd_when_first_below",
                },
                {
                    "question": "rental price history of the H100",
                    "input": {"chip": "h100-sxm"},
                    "want": "usd_per_chip_hour_now",
                },
                {
                    "question": "how have B200 hourly rents moved over time?",
                    "input": {"chip": "b200"},
                    "want": "fall_percent",
                },
                {
                    "question": "which quarter did L40S rental first go under 1 dollar per hour",
                    "input": {"chip": "l40s", "below_usd": 1.0},
                    "want": "usd_when_first_below",
                },
            ]
        }
    )
    chip: str = entity(
        "The chip", "chip", ask="Which chip's rent?", words=("chip", "GPU", "price of", "rents of")
    )
    then: str | None = entity(
        "The earlier date: 2024, 2024-Q1 or 2024-06; the first with a source when absent",
        "period",
        default=None,
        words=("from", "in", "then", "early"),
    )
    now: str | None = entity(
        "The later date; the last with a source when absent",
        "period",
        default=None,
        words=("to", "against", "now"),
    )
    below_usd: float | None = quantity(
        "A rent per chip-hour that the market fell below",
        "USD",
        default=None,
        above=0,
        words=("below", "under", "less than", "fall below", "drop below", "cheaper than", "dipped under"),
    )
    offer_usd: float | None = quantity(
        "A rent per chip-hour that is offered, to be held against the market's",
        "USD/chip/hour",
        default=None,
        above=0,
        words=(
            "good deal",
            "fair price",
            "offered",
            "overpaying",
            "expensive",
            "quote",
            "reasonable",
            "paying",
        ),
    )


class PriceHistoryResult(Result):
    """Median on-demand rents of the open market at two dates, and the first quarter below a price."""

    usd_per_chip_hour_then: float = quantity(
        "Median rent at the earlier date",
        "USD/chip/hour",
        words=("rent then", "did it rent for", "earlier rent", "was"),
    )
    usd_per_chip_hour_now: float = quantity(
        "Median rent at the later date",
        "USD/chip/hour",
        role="headline",
        words=("rent now", "rental price", "history", "rents over time", "against"),
    )
    fall_percent: float = quantity(
        "How much the rent fell",
        "percent",
        words=("how much did it fall", "decline", "moved", "change", "percent", "by what percentage"),
    )
    ratio: float = quantity(
        "Earlier rent over the later one", "dimensionless", words=("times cheaper", "ratio")
    )
    usd_when_first_below: float | None = quantity(
        "Median rent in the first quarter below the price asked",
        "USD/chip/hour",
        default=None,
        role="headline",
        words=("when did prices fall below", "first below", "which quarter", "when", "crossed"),
    )
    lowest_usd_when_first_below: float | None = quantity(
        "Lowest rent of a provider in the first quarter that had one below the price asked",
        "USD/chip/hour",
        default=None,
        role="headline",
        words=(
            "lowest offer below",
            "cheapest provider below",
            "when did prices fall below",
            "drop under",
            "first below",
        ),
    )

    offer_over_market_percent: float | None = quantity(
        "How much dearer the offer is than the market's median (negative: cheaper)",
        "percent",
        default=None,
        role="headline",
        words=(
            "good deal",
            "fair",
            "over the market",
            "above market",
            "overpaying",
            "expensive",
            "cheap",
            "reasonable",
        ),
    )


def price_history(query: PriceHistoryQuery, catalog: Catalog) -> PriceHistoryResult:
    """Rental price history: what a chip rented for then and now, by how much rents fell, when they fell below a price;
    whether a rent that is offered is dear or cheap.

    Medians over providers by quarter, on demand, from dated sources; never a live price.
    """
    chip = catalog.chip(query.chip)
    quarters = _quarters(catalog, chip.id)
    then = catalog.rental_price(chip, query.then or quarters[0])
    now = catalog.rental_price(chip, query.now or quarters[-1])
    if then.as_of > now.as_of:
        raise InputError("then", query.then, f"a date before {now.as_of}")
    series = [(q, catalog.rental_price(chip, q)) for q in quarters]
    first = _first_below(series, query.below_usd)
    fall = (1 - now.value / then.value) * 100
    result = PriceHistoryResult(
        usd_per_chip_hour_then=then.value,
        usd_per_chip_hour_now=now.value,
        fall_percent=fall,
        ratio=then.value / now.value,
        usd_when_first_below=first[1].value if first else None,
        formula=f"{chip.name}: ${then.value:.2f} in {then.as_of}, ${now.value:.2f} in {now.as_of}: 1 − {now.value:.2f} / {then.value:.2f} = {fall:.1f} %",
        assumptions=["On-demand rents of the open market, the median over providers of a quarter"],
        sources=list(
            dict.fromkeys(s for p in (then, now, *([first[1]] if first else [])) for s in p.sources)
        )[:8],
        table={
            "columns": ["quarter", "USD per chip-hour", "low", "high", "rows"],
            "rows": [[q, round(p.value, 3), p.low, p.high, p.n] for q, p in series],
        },
        chart=_chart(chip.name, series),
    )
    if query.below_usd is not None:
        _say_crossing(result, series, first, query.below_usd)
    if query.offer_usd is not None:
        _say_offer(result, now, query.offer_usd)
    return result


def _say_offer(result: PriceHistoryResult, now: Price, offer: float) -> None:
    """The offer against the median and the span of the last quarter."""
    over = result.offer_over_market_percent = (offer / now.value - 1) * 100
    span = (
        f", whose providers ask ${now.low:.2f} to ${now.high:.2f}"
        if now.low is not None is not now.high
        else ""
    )
    where = "above" if over > 0 else "below" if over < 0 else "at"
    said = f"offer over market = ${offer:.2f} / ${now.value:.2f} − 1 = {over:.1f} %, {where} the median of {now.as_of}{span}"
    result.formula = f"{said}; {result.formula}"


def _say_crossing(
    result: PriceHistoryResult, series: list[tuple[str, Price]], first: tuple[str, Price] | None, limit: float
) -> None:
    """When the median crossed the limit, and when the cheapest provider did: people may mean either."""
    if first is None:
        low = min(p.value for _, p in series)
        said = f"the market median never was below ${limit:.2f} (its lowest is ${low:.2f})"
    else:
        said = f"the market median was first below ${limit:.2f} in {first[0]}, at ${first[1].value:.2f}"
    offer = next(((q, p.low) for q, p in series if p.low < limit), None)
    if offer:
        result.lowest_usd_when_first_below = offer[1]
        said += f", the cheapest provider in {offer[0]}, at ${offer[1]:.2f}"
    result.formula = f"{said}; {result.formula}"


def _quarters(catalog: Catalog, chip: str) -> list[str]:
    found = sorted(
        {p.as_of for p in catalog.rental_history(chip, None, "on-demand") if p.kind in MARKET_KINDS}
    )
    if not found:
        raise FactAbsent(f"no rental price of {chip} has a source")
    return found


def _first_below(series: list[tuple[str, Price]], limit: float | None) -> tuple[str, Price] | None:
    """The first quarter whose median is below the limit; FactAbsent never: a market may not have been there."""
    if limit is None:
        return None
    return next(((q, p) for q, p in series if p.value < limit), None)


def _chart(name: str, series: list[tuple[str, Price]]) -> dict[str, Any]:
    values = [
        {
            "quarter": q,
            "year": int(q[:4]) + (int(q[-1]) - 0.5) / 4,
            "usd": p.value,
            "low": p.low,
            "high": p.high,
        }
        for q, p in series
    ]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": f"{name}, on-demand rent of the open market",
        "data": {"values": values},
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": {
                "field": "year",
                "type": "quantitative",
                "title": "year",
                "scale": {"zero": False},
                "axis": {"format": "d"},
            },
            "y": {"field": "usd", "type": "quantitative", "title": "USD per chip-hour"},
        },
    }
