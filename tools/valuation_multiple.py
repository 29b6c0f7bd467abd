"""Share-price arithmetic: multiple compression, earnings against multiple, growing into a multiple, scenarios."""

from __future__ import annotations

import math

from tools.errors import InputError
from tools.money.valuation_query import Scenario, ValuationMultipleQuery, ValuationMultipleResult
from tools.solve import Relations, Rule, answer, product
from tools.units import format_number, format_quantity


def _years_to_fall(before: float, after: float, growth: float) -> float:
    """Years of earnings growth that bring a multiple from `before` to `after` at an unchanged price."""
    if growth <= 0:
        raise ValueError("earnings do not grow")
    return math.log(before / after) / math.log(1 + growth / 100)


def _change(name: str, before: str, after: str) -> tuple[Rule, ...]:
    """`name` is the percentage change from `before` to `after`."""
    return (
        Rule(name, (before, after), lambda a, b: 100 * (b / a - 1), f"{{{after}}} / {{{before}}} − 1"),
        Rule(after, (before, name), lambda a, c: a * (1 + c / 100), f"{{{before}}} × (1 + {{{name}}})"),
        Rule(before, (after, name), lambda b, c: b / (1 + c / 100), f"{{{after}}} / (1 + {{{name}}})"),
    )


def _as_fall(change: float) -> float:
    """A negative change said as a fall; a rise is none."""
    if change >= 0:
        raise ValueError("it does not fall")
    return -change


RELATIONS = Relations(
    Rule(
        "compression_percent",
        ("multiple_before", "multiple_after"),
        lambda a, b: 100 * (1 - b / a),
        "1 − {multiple_after} / {multiple_before}",
    ),
    Rule(
        "multiple_after",
        ("multiple_before", "compression_percent"),
        lambda a, c: a * (1 - c / 100),
        "{multiple_before} × (1 − {compression_percent})",
    ),
    Rule(
        "multiple_before",
        ("multiple_after", "compression_percent"),
        lambda b, c: b / (1 - c / 100),
        "{multiple_after} / (1 − {compression_percent})",
    ),
    Rule("multiple_ratio", ("compression_percent",), lambda c: 1 - c / 100, "1 − {compression_percent}"),
    Rule("compression_percent", ("multiple_ratio",), lambda r: 100 * (1 - r), "1 − {multiple_ratio}"),
    Rule(
        "earnings_ratio",
        ("earnings_change_percent",),
        lambda c: 1 + c / 100,
        "1 + {earnings_change_percent}",
        restates=True,
    ),
    Rule(
        "earnings_change_percent",
        ("earnings_ratio",),
        lambda r: 100 * (r - 1),
        "{earnings_ratio} − 1",
        restates=True,
    ),
    Rule(
        "price_ratio",
        ("price_change_percent",),
        lambda c: 1 + c / 100,
        "1 + {price_change_percent}",
        restates=True,
    ),
    # a fall is said as a positive number
    Rule(
        "price_change_percent", ("price_fall_percent",), lambda f: -f, "−{price_fall_percent}", restates=True
    ),
    Rule(
        "earnings_change_percent",
        ("earnings_fall_percent",),
        lambda f: -f,
        "−{earnings_fall_percent}",
        restates=True,
    ),
    Rule("price_fall_percent", ("price_change_percent",), _as_fall, "−{price_change_percent}", restates=True),
    Rule(
        "earnings_fall_percent",
        ("earnings_change_percent",),
        _as_fall,
        "−{earnings_change_percent}",
        restates=True,
    ),
    Rule("return_percent", ("loss_percent",), lambda f: -f, "−{loss_percent}", restates=True),
    Rule(
        "other_return_percent", ("other_loss_percent",), lambda f: -f, "−{other_loss_percent}", restates=True
    ),
    Rule(
        "price_change_percent", ("price_ratio",), lambda r: 100 * (r - 1), "{price_ratio} − 1", restates=True
    ),
    # price = earnings × multiple, so its change is the product of theirs
    product("price_ratio", "earnings_ratio", "multiple_ratio"),
    product("share_price_usd", "eps_usd", "multiple_before"),
    product("market_cap_usd", "earnings_usd", "multiple_before"),
    product("market_cap_usd", "share_price_usd", "shares"),
    product("earnings_usd", "eps_usd", "shares"),
    product("new_share_price_usd", "share_price_usd", "price_ratio"),
    product("new_eps_usd", "eps_usd", "earnings_ratio"),
    product("new_market_cap_usd", "market_cap_usd", "price_ratio"),
    Rule(
        "market_cap_lost_usd",
        ("market_cap_usd", "new_market_cap_usd"),
        lambda a, b: a - b,
        "{market_cap_usd} − {new_market_cap_usd}",
    ),
    product("new_earnings_usd", "earnings_usd", "earnings_ratio"),
    Rule(
        "forward_multiple",
        ("multiple_before", "growth_percent"),
        lambda m, g: m / (1 + g / 100),
        "{multiple_before} / (1 + {growth_percent})",
    ),
    product("peg", "multiple_before", per=("growth_percent",)),
    Rule("earnings_yield_percent", ("multiple_before",), lambda m: 100 / m, "1 / {multiple_before}"),
    Rule(
        "years_to_grow_into",
        ("multiple_before", "multiple_after", "growth_percent"),
        _years_to_fall,
        "ln({multiple_before} / {multiple_after}) / ln(1 + {growth_percent})",
    ),
    Rule(
        "multiple_after",
        ("multiple_before", "growth_percent", "years_to_grow_into"),
        lambda m, g, y: m / (1 + g / 100) ** y,
        "{multiple_before} / (1 + {growth_percent}) ^ {years_to_grow_into}",
    ),
    Rule(
        "multiple_before",
        ("multiple_after", "growth_percent", "years_to_grow_into"),
        lambda m, g, y: m * (1 + g / 100) ** y,
        "{multiple_after} × (1 + {growth_percent}) ^ {years_to_grow_into}",
    ),
    Rule(
        "growth_percent",
        ("multiple_before", "multiple_after", "years_to_grow_into"),
        lambda a, b, y: 100 * ((a / b) ** (1 / y) - 1),
        "({multiple_before} / {multiple_after}) ^ (1 / {years_to_grow_into}) − 1",
    ),
    _change("return_percent", "start_price_usd", "end_price_usd"),
    _change("other_return_percent", "other_start_price_usd", "other_end_price_usd"),
    Rule(
        "spread_points",
        ("return_percent", "other_return_percent"),
        lambda a, b: a - b,
        "{return_percent} − {other_return_percent}",
    ),
    Rule(
        "break_even_probability_percent",
        ("loss_if_over_usd", "loss_if_under_usd"),
        lambda over, under: 100 * over / (over + under),
        "{loss_if_over_usd} / ({loss_if_over_usd} + {loss_if_under_usd})",
    ),
)


def valuation_multiple(query: ValuationMultipleQuery) -> ValuationMultipleResult:
    """Share-price multiples: compression in percent, price change from earnings and multiple, P/E, PEG.

    Price ratio = earnings ratio × multiple ratio, so multiple before and after, earnings change and price change
    (or fall) give one another in any direction; price, EPS, market cap and shares; years of growth to grow into a multiple; returns of two shares; expected value of scenarios; the
    probability at which over-spending is worth its risk. Arithmetic only, never advice.
    """
    if query.scenarios:
        return _expected(query.scenarios)
    query = _over_the_stretch(_in_dollars(query))
    result = answer(RELATIONS, query, ValuationMultipleResult, ask_first=("compression_percent",))
    if result.compression_percent is not None and result.compression_percent < 0:
        result.warnings.append("The multiple expands: its fall is negative.")
    return result


_UNSAID = {"start": "start", "end": "end", "rival_start": "other_start", "rival_end": "other_end"}


def _in_dollars(query: ValuationMultipleQuery) -> ValuationMultipleQuery:
    """Prices said as bare numbers ("from 120 to 171") are prices all the same: only their ratio counts."""
    named = {f"{loose}_value": f"{said}_price_usd" for loose, said in _UNSAID.items()}
    loose = {name: wanted for name, wanted in named.items() if getattr(query, name) is not None}
    if not loose:
        return query
    moved = {wanted: getattr(query, name) for name, wanted in loose.items() if getattr(query, wanted) is None}
    return query.model_copy(update={**dict.fromkeys(loose), **moved})


def _over_the_stretch(query: ValuationMultipleQuery) -> ValuationMultipleQuery:
    """Growth said beside a move of the share price, and no years, is the change of earnings over the same time."""
    moved = query.price_change_percent is not None or query.price_fall_percent is not None
    known = (
        query.earnings_change_percent,
        query.earnings_fall_percent,
        query.earnings_ratio,
        query.years_to_grow_into,
    )
    if query.growth_percent is None or not moved or any(value is not None for value in known):
        return query
    return query.model_copy(update={"earnings_change_percent": query.growth_percent, "growth_percent": None})


def _expected(scenarios: list[Scenario]) -> ValuationMultipleResult:
    """Probability-weighted value; the probabilities must make 100 %."""
    whole = sum(s.probability_percent for s in scenarios)
    if not math.isclose(whole, 100, abs_tol=0.5):
        raise InputError(
            "scenarios", f"probabilities of {format_number(whole)} %", "probabilities that add up to 100 %"
        )
    value = sum(s.probability_percent * s.value_usd for s in scenarios) / whole
    terms = " + ".join(
        f"{format_number(s.probability_percent)} % × {format_quantity(s.value_usd, 'USD')}" for s in scenarios
    )
    return ValuationMultipleResult(
        expected_value_usd=value,
        formula=f"{terms} = {format_quantity(value, 'USD')}",
        table={
            "columns": ["outcome", "probability %", "value USD", "weighted USD"],
            "rows": [
                [
                    s.name or f"outcome {i}",
                    s.probability_percent,
                    s.value_usd,
                    s.value_usd * s.probability_percent / whole,
                ]
                for i, s in enumerate(scenarios, 1)
            ],
        },
    )


__all__ = ["Scenario", "ValuationMultipleQuery", "ValuationMultipleResult", "valuation_multiple"]
