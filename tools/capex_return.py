"""Capital spending against what it earns: depreciation, revenue needed, payback, free cash flow, growth."""

from __future__ import annotations

import math
from typing import Any

from tools.money.capex_query import CapexReturnQuery, CapexReturnResult
from tools.solve import Default, Relations, Rule, answer, product, total

HOURS_PER_YEAR = 8760.0


def _grown(rate: str, start: str, end: str) -> tuple[Rule, ...]:
    """`end` is `start` after `years` of growth at `rate` percent a year."""
    return (
        Rule(
            end,
            (start, rate, "growth_years"),
            lambda s, g, y: s * (1 + g / 100) ** y,
            f"{{{start}}} × (1 + {{{rate}}}) ^ {{growth_years}}",
        ),
        Rule(
            start,
            (end, rate, "growth_years"),
            lambda e, g, y: e / (1 + g / 100) ** y,
            f"{{{end}}} / (1 + {{{rate}}}) ^ {{growth_years}}",
        ),
        Rule(
            rate,
            (start, end, "growth_years"),
            lambda s, e, y: 100 * ((e / s) ** (1 / y) - 1),
            f"({{{end}}} / {{{start}}}) ^ (1 / {{growth_years}}) − 1",
        ),
    )


def _years_to(start: float, end: float, growth: float) -> float:
    return math.log(end / start) / math.log(1 + growth / 100)


def _years_to_cross(revenue: float, growth: float, capex: float, capex_growth: float) -> float:
    """Years until spending that grows faster than revenue has caught up with it."""
    if revenue <= capex or capex_growth <= growth:
        raise ValueError("it is above already, or never catches up")
    return math.log(revenue / capex) / math.log((100 + capex_growth) / (100 + growth))


def _part(excess: float, whole: float) -> float:
    """A part of the spending as a share of it, percent: at most all of it."""
    if excess > whole:
        raise ValueError("more than was spent")
    return 100 * excess / whole


RELATIONS = Relations(
    product("capex_usd", "units", "usd_per_unit"),
    # straight-line depreciation
    product("residual_usd", "capex_usd", "residual_percent", scale=0.01),
    total("capex_usd", "depreciable_usd", "residual_usd"),
    product("depreciation_usd_per_year", "depreciable_usd", per=("life_years",)),
    product(
        "depreciation_usd_per_year",
        "depreciation_usd_per_chip_hour",
        "chips",
        constant=HOURS_PER_YEAR,
        constant_unit="hour",
    ),
    product("new_depreciation_usd_per_year", "depreciable_usd", per=("new_life_years",)),
    Rule(
        "depreciation_change_percent",
        ("life_years", "new_life_years"),
        lambda old, new: 100 * (old / new - 1),
        "{life_years} / {new_life_years} − 1",
    ),
    Rule(
        "depreciation_saved_usd_per_year",
        ("depreciation_usd_per_year", "new_depreciation_usd_per_year"),
        lambda old, new: old - new,
        "{depreciation_usd_per_year} − {new_depreciation_usd_per_year}",
    ),
    # what it must earn
    product("gross_profit_usd", "revenue_usd", "gross_margin_percent", scale=0.01),
    product("capex_usd", "payback_years", "gross_profit_usd"),
    product("revenue_over_capex", "revenue_usd", per=("capex_usd",)),
    product("capex_share_percent", "capex_usd", per=("revenue_usd",), scale=100.0),
    Rule(
        "required_revenue_usd",
        ("depreciation_usd_per_year", "gross_margin_percent"),
        lambda d, m: d / (1 - m / 100),
        "{depreciation_usd_per_year} / (1 − {gross_margin_percent})",
    ),
    product("life_profit_usd", "gross_profit_usd", "life_years"),
    Rule(
        "roi_percent",
        ("life_profit_usd", "capex_usd"),
        lambda p, c: 100 * (p / c - 1),
        "{life_profit_usd} / {capex_usd} − 1",
    ),
    product("depreciation_share_percent", "depreciation_usd_per_year", per=("revenue_usd",), scale=100.0)[:1],
    Rule(
        "margin_after_depreciation_percent",
        ("gross_margin_percent", "depreciation_share_percent"),
        lambda m, d: m - d,
        "{gross_margin_percent} − {depreciation_share_percent}",
    ),
    # cash
    Rule(
        "free_cash_flow_usd",
        ("operating_cash_flow_usd", "capex_usd"),
        lambda o, c: o - c,
        "{operating_cash_flow_usd} − {capex_usd}",
    ),
    Rule(
        "capex_usd",
        ("operating_cash_flow_usd", "free_cash_flow_usd"),
        lambda o, f: o - f,
        "{operating_cash_flow_usd} − {free_cash_flow_usd}",
    ),
    Rule(
        "operating_cash_flow_usd",
        ("capex_usd", "free_cash_flow_usd"),
        lambda c, f: c + f,
        "{capex_usd} + {free_cash_flow_usd}",
    ),
    product("capex_over_cash_flow_percent", "capex_usd", per=("operating_cash_flow_usd",), scale=100.0),
    Rule(
        "capex_rise_to_zero_fcf_percent",
        ("operating_cash_flow_usd", "capex_usd"),
        lambda o, c: 100 * (o / c - 1),
        "{operating_cash_flow_usd} / {capex_usd} − 1",
    ),
    product(
        "fcf_over_cash_flow_percent", "free_cash_flow_usd", per=("operating_cash_flow_usd",), scale=100.0
    ),
    Rule(
        "capex_over_cash_flow_percent",
        ("fcf_over_cash_flow_percent",),
        lambda f: 100 - f,
        "100 % − {fcf_over_cash_flow_percent}",
    ),
    Rule("excess_share_percent", ("excess_usd", "capex_usd"), _part, "{excess_usd} / {capex_usd}"),
    # growth
    _grown("growth_percent", "revenue_usd", "later_revenue_usd"),
    _grown("capex_growth_percent", "capex_usd", "later_capex_usd"),
    _grown("cash_flow_growth_percent", "operating_cash_flow_usd", "later_operating_cash_flow_usd"),
    Rule(
        "years_until_capex_exceeds_revenue",
        ("revenue_usd", "growth_percent", "capex_usd", "capex_growth_percent"),
        _years_to_cross,
        "ln({revenue_usd} / {capex_usd}) / ln((1 + {capex_growth_percent}) / (1 + {growth_percent}))",
    ),
    Rule(
        "later_free_cash_flow_usd",
        ("later_operating_cash_flow_usd", "later_capex_usd"),
        lambda o, c: o - c,
        "{later_operating_cash_flow_usd} − {later_capex_usd}",
    ),
    Rule(
        "growth_years",
        ("revenue_usd", "later_revenue_usd", "growth_percent"),
        _years_to,
        "ln({later_revenue_usd} / {revenue_usd}) / ln(1 + {growth_percent})",
    ),
    Rule(
        "growth_factor",
        ("growth_percent", "growth_years"),
        lambda g, y: (1 + g / 100) ** y,
        "(1 + {growth_percent}) ^ {growth_years}",
    ),
    Rule(
        "doubling_years",
        ("growth_percent",),
        lambda g: math.log(2) / math.log(1 + g / 100),
        "ln 2 / ln(1 + {growth_percent})",
    ),
    Rule(
        "capex_doubling_years",
        ("capex_growth_percent",),
        lambda g: math.log(2) / math.log(1 + g / 100),
        "ln 2 / ln(1 + {capex_growth_percent})",
    ),
    Rule(
        "cumulative_revenue_usd",
        ("revenue_usd", "growth_percent", "growth_years"),
        lambda r, g, y: r * _series(1 + g / 100, y),
        "{revenue_usd} summed over {growth_years} at {growth_percent} a year",
    ),
    Rule(
        "cumulative_capex_usd",
        ("capex_usd", "capex_growth_percent", "growth_years"),
        lambda c, g, y: c * _series(1 + g / 100, y),
        "{capex_usd} summed over {growth_years} at {capex_growth_percent} a year",
    ),
    product("later_revenue_over_capex", "later_revenue_usd", per=("later_capex_usd",))[:1],
    Rule("usd_per_year", ("total_usd", "growth_years"), lambda t, y: t / y, "{total_usd} / {growth_years}"),
    Rule(
        "total_usd", ("usd_per_year", "growth_years"), lambda u, y: u * y, "{usd_per_year} × {growth_years}"
    ),
)


def _series(ratio: float, years: float) -> float:
    """1 + ratio + … over `years` terms; the first year counts in full."""
    return years if ratio == 1 else (ratio**years - 1) / (ratio - 1)


_NO_RESIDUAL = Default("residual_percent", 0.0, "Written off to nothing (residual value not stated).")


_NEXT_YEAR = Default("growth_years", 1.0, "For the next year (time not stated).")
_CASH_STAYS = Default("cash_flow_growth_percent", 0.0, "Operating cash flow stays as it is (not stated).")
_CAPEX_STAYS = Default("capex_growth_percent", 0.0, "Capital spending stays as it is (not stated).")


def _defaults(query: CapexReturnQuery) -> list[Default]:
    """No residual where something is written off; next year where cash flow and spending grow."""
    chosen = [_NO_RESIDUAL] if query.life_years is not None else []
    cash = query.operating_cash_flow_usd is not None and query.capex_usd is not None
    if cash and (query.cash_flow_growth_percent is not None or query.capex_growth_percent is not None):
        chosen += [_NEXT_YEAR, _CASH_STAYS, _CAPEX_STAYS]
    return chosen


def capex_return(query: CapexReturnQuery) -> CapexReturnResult:
    """Capital spending against what it earns: depreciation, revenue needed, payback, free cash flow, growth.

    Depreciation (straight line: spending less residual, over the life) per year and chip-hour, and what another life
    does to it; revenue, margin and payback in any direction; free cash flow = operating cash flow − spending, and
    as a share of cash flow; an excess as a share; revenue or spending after years of growth, and sums.
    """
    result = answer(
        RELATIONS,
        query,
        CapexReturnResult,
        defaults=_defaults(query),
        ask_first=("payback_years", "depreciation_usd_per_year"),
        chart=_chart(query),
    )
    if result.free_cash_flow_usd is not None and result.free_cash_flow_usd < 0:
        result.warnings.append("Free cash flow is negative: more is spent than operations bring in.")
    return result


def _chart(query: CapexReturnQuery) -> dict[str, Any] | None:
    """Cumulative spending and profit over the years, when both are known."""
    if query.capex_usd is None or query.revenue_usd is None or query.gross_margin_percent is None:
        return None
    profit = query.revenue_usd * query.gross_margin_percent / 100
    span = max(query.life_years or 0.0, 1.5 * query.capex_usd / profit)
    points = [{"year": span * i / 20, "cash": profit * span * i / 20 - query.capex_usd} for i in range(21)]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": "Cumulative cash of the build",
        "data": {"values": points},
        "mark": "line",
        "encoding": {
            "x": {"field": "year", "type": "quantitative", "title": "years"},
            "y": {"field": "cash", "type": "quantitative", "title": "cumulative cash, USD"},
        },
    }


__all__ = ["CapexReturnQuery", "CapexReturnResult", "capex_return"]
