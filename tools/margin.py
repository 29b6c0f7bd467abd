"""Revenue, cost, gross profit and gross margin: any two give the rest."""

from __future__ import annotations

from typing import Any

from tools.errors import MissingInput
from tools.money.margin_query import MarginQuery, MarginResult, Segment
from tools.solve import Default, Relations, Rule, answer, product, total
from tools.units import format_number, format_quantity

_PAIRS = (
    ("revenue_usd", "cost_usd"),
    ("price_usd_per_chip_hour", "cost_usd_per_chip_hour"),
    ("price_usd_per_mtok", "cost_usd_per_mtok"),
    ("price_usd_per_month", "cost_usd_per_month"),
    ("price_usd_per_request", "cost_usd_per_request"),
)


def _money_rules(price: str, cost: str) -> tuple[Rule, ...]:
    """Price and cost in one unit, tied to gross margin, whatever the unit."""
    return (
        Rule(
            "gross_margin_percent",
            (price, cost),
            lambda p, c: 100 * (p - c) / p,
            f"({{{price}}} − {{{cost}}}) / {{{price}}}",
        ),
        Rule(
            cost,
            (price, "gross_margin_percent"),
            lambda p, m: p * (1 - m / 100),
            f"{{{price}}} × (1 − {{gross_margin_percent}})",
        ),
        Rule(
            price,
            (cost, "gross_margin_percent"),
            lambda c, m: c / (1 - m / 100),
            f"{{{cost}}} / (1 − {{gross_margin_percent}})",
        ),
    )


_MARKUP = (
    Rule(
        "price_multiple",
        ("gross_margin_percent",),
        lambda m: 1 / (1 - m / 100),
        "1 / (1 − {gross_margin_percent})",
    ),
    Rule(
        "gross_margin_percent", ("price_multiple",), lambda k: 100 * (1 - 1 / k), "1 − 1 / {price_multiple}"
    ),
    Rule("markup_percent", ("price_multiple",), lambda k: 100 * (k - 1), "{price_multiple} − 1"),
    Rule("price_multiple", ("markup_percent",), lambda u: 1 + u / 100, "1 + {markup_percent}"),
)

_CHANGE = (
    Rule(
        "margin_change_points",
        ("gross_margin_percent", "new_gross_margin_percent"),
        lambda m, n: n - m,
        "{new_gross_margin_percent} − {gross_margin_percent}",
    ),
    Rule(
        "new_gross_margin_percent",
        ("gross_margin_percent", "margin_change_points"),
        lambda m, d: m + d,
        "{gross_margin_percent} + {margin_change_points}",
    ),
    # new price / new cost = price_ratio × price / (cost_ratio × cost)
    Rule(
        "new_gross_margin_percent",
        ("gross_margin_percent", "cost_ratio", "price_ratio"),
        lambda m, c, p: 100 * (1 - (1 - m / 100) * c / p),
        "1 − (1 − {gross_margin_percent}) × {cost_ratio} / {price_ratio}",
    ),
    Rule(
        "price_ratio",
        ("gross_margin_percent", "new_gross_margin_percent", "cost_ratio"),
        lambda m, n, c: c * (1 - m / 100) / (1 - n / 100),
        "{cost_ratio} × (1 − {gross_margin_percent}) / (1 − {new_gross_margin_percent})",
    ),
    Rule(
        "cost_ratio",
        ("gross_margin_percent", "new_gross_margin_percent", "price_ratio"),
        lambda m, n, p: p * (1 - n / 100) / (1 - m / 100),
        "{price_ratio} × (1 − {new_gross_margin_percent}) / (1 − {gross_margin_percent})",
    ),
    Rule(
        "price_change_percent", ("price_ratio",), lambda r: 100 * (r - 1), "{price_ratio} − 1", restates=True
    ),
    Rule(
        "price_ratio",
        ("price_rise_percent",),
        lambda r: 1 + r / 100,
        "1 + {price_rise_percent}",
        restates=True,
    ),
    Rule(
        "price_ratio", ("price_cut_percent",), lambda r: 1 - r / 100, "1 − {price_cut_percent}", restates=True
    ),
    Rule(
        "cost_ratio", ("cost_rise_percent",), lambda r: 1 + r / 100, "1 + {cost_rise_percent}", restates=True
    ),
    Rule(
        "cost_ratio", ("cost_fall_percent",), lambda r: 1 - r / 100, "1 − {cost_fall_percent}", restates=True
    ),
    Rule("cost_change_percent", ("cost_ratio",), lambda r: 100 * (r - 1), "{cost_ratio} − 1", restates=True),
    # what a dollar of revenue costs, before and after
    Rule(
        "cost_per_revenue_change_percent",
        ("gross_margin_percent", "new_gross_margin_percent"),
        lambda m, n: 100 * ((1 - n / 100) / (1 - m / 100) - 1),
        "(1 − {new_gross_margin_percent}) / (1 − {gross_margin_percent}) − 1",
    ),
)

RELATIONS = Relations(
    total("revenue_usd", "cost_usd", "gross_profit_usd"),
    Rule(
        "revenue_usd",
        ("gross_profit_usd", "gross_margin_percent"),
        lambda g, m: g / (m / 100),
        "{gross_profit_usd} / {gross_margin_percent}",
    ),
    Rule(
        "gross_margin_percent",
        ("cost_share_percent",),
        lambda s: 100 - s,
        "100 % − {cost_share_percent}",
    ),
    Rule(
        "cost_share_percent",
        ("gross_margin_percent",),
        lambda m: 100 - m,
        "100 % − {gross_margin_percent}",
    ),
    *(_money_rules(price, cost) for price, cost in _PAIRS),
    _MARKUP,
    _CHANGE,
    product("new_revenue_usd", "revenue_usd", "price_ratio"),
    product("new_cost_usd", "cost_usd", "cost_ratio"),
    product("new_price_usd_per_chip_hour", "price_usd_per_chip_hour", "price_ratio"),
    product("new_price_usd_per_mtok", "price_usd_per_mtok", "price_ratio"),
    product("new_price_usd_per_month", "price_usd_per_month", "price_ratio"),
    Rule("break_even_cost_multiple", ("price_multiple",), lambda k: k, "price over cost = {price_multiple}"),
    Rule(
        "margin_after_share_percent",
        ("gross_margin_percent", "revenue_share_percent"),
        lambda m, share: m - share,
        "{gross_margin_percent} − {revenue_share_percent}",
    ),
    Rule(
        "new_gross_profit_usd",
        ("new_revenue_usd", "new_cost_usd"),
        lambda r, c: r - c,
        "{new_revenue_usd} − {new_cost_usd}",
    ),
)


_DEFAULTS = (
    Default("cost_ratio", 1.0, "Cost is unchanged (not stated)."),
    Default("price_ratio", 1.0, "Price is unchanged (not stated)."),
)
_CHANGED = (
    "new_gross_margin_percent",
    "margin_change_points",
    "cost_ratio",
    "cost_rise_percent",
    "cost_fall_percent",
    "price_ratio",
    "price_rise_percent",
    "price_cut_percent",
)


def margin(query: MarginQuery) -> MarginResult:
    """Revenue, cost, gross profit, gross margin, markup and price multiple of cost, in any direction.

    Any two give the rest, in dollars, dollars per chip-hour or dollars per million tokens; a margin alone gives
    price as a multiple of cost. Also: what a change of cost, price or margin does (new margin = 1 − (1 − margin) ×
    cost ratio / price ratio), how much more a dollar of revenue costs, the cost rise that eats a margin, and
    several segments blended.
    """
    if query.segments:
        return _blended(query.segments)
    query = _one_unit(query)
    changed = any(getattr(query, name) is not None for name in _CHANGED)
    result = answer(
        RELATIONS,
        query,
        MarginResult,
        defaults=_DEFAULTS if changed else (),
        ask_first=("gross_margin_percent",),
    )
    left = result.new_gross_margin_percent
    if left is not None and left < 0:
        result.warnings.append("The new margin is negative: each sale loses money.")
    if result.gross_margin_percent is not None and result.gross_margin_percent < 0:
        result.warnings.append("The margin is negative: it sells below cost.")
    return result


def _one_unit(query: MarginQuery) -> MarginQuery:
    """ "$2.80 an hour, and it costs us $1.60": an amount said without its unit beside one that has it is in the same."""
    for price, cost in _PAIRS[1:]:
        for known, wanted, loose in ((price, cost, "cost_usd"), (cost, price, "revenue_usd")):
            value = getattr(query, loose)
            if getattr(query, known) is not None and getattr(query, wanted) is None and value is not None:
                return query.model_copy(update={wanted: value, loose: None})
    return query


def _blended(segments: list[Segment]) -> MarginResult:
    """Several segments, each solved from any two of its three quantities, and their sum."""
    rows = [_solved(segment) for segment in segments]
    revenue, cost = (sum(row[i] for row in rows) for i in (0, 1))
    profit = revenue - cost
    table = [
        [s.name, r, c, r - c, 100 * (1 - c / r), 100 * (r - c) / profit if profit else None]
        for s, (r, c) in zip(segments, rows, strict=True)
    ]
    shown = " + ".join(format_number(r - c, 5) for r, c in rows)
    return MarginResult(
        gross_margin_percent=100 * profit / revenue,
        revenue_usd=revenue,
        cost_usd=cost,
        gross_profit_usd=profit,
        price_multiple=revenue / cost if cost else None,
        formula=f"gross profit = {shown} = {format_quantity(profit, 'USD')}; gross margin = "
        f"{format_quantity(profit, 'USD')} / {format_quantity(revenue, 'USD')} = "
        f"{format_quantity(100 * profit / revenue, 'percent')}",
        table={
            "columns": [
                "segment",
                "revenue USD",
                "cost USD",
                "gross profit USD",
                "margin %",
                "share of profit %",
            ],
            "rows": table,
        },
        chart=_chart([(s.name, r - c) for s, (r, c) in zip(segments, rows, strict=True)]),
    )


def _solved(segment: Segment) -> tuple[float, float]:
    """Revenue and cost of a segment."""
    solution = RELATIONS.solve_query(segment)
    revenue, cost = solution.get("revenue_usd"), solution.get("cost_usd")
    if revenue is None or cost is None:
        raise MissingInput("segments", f"two of revenue, cost and margin of {segment.name}")
    return revenue, cost


def _chart(profits: list[tuple[str, float]]) -> dict[str, Any]:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": "Gross profit by segment",
        "data": {"values": [{"segment": name, "gross profit": profit} for name, profit in profits]},
        "mark": "bar",
        "encoding": {
            "x": {"field": "gross profit", "type": "quantitative", "title": "gross profit, USD"},
            "y": {"field": "segment", "type": "nominal", "sort": "-x", "title": None},
        },
    }


__all__ = ["MarginQuery", "MarginResult", "Segment", "margin"]
