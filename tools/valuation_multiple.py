"""Share-price arithmetic: multiple compression, earnings against multiple, growing into a multiple, scenarios."""

from __future__ import annotations

import math

from pydantic import BaseModel, ConfigDict, Field

from tools.contract import Query, Result, quantity
from tools.errors import InputError
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


class Scenario(BaseModel):
    """One outcome and how likely it is."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    name: str = Field("", max_length=80)
    probability_percent: float = quantity("Probability of the outcome", "percent", min=0, max=100)
    value_usd: float = quantity("Value of the outcome", "USD")


class ValuationMultipleQuery(Query):
    """Multiples, earnings, prices, growth: whatever is known; or scenarios."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "question": "rerated from 80 to 25 times earnings on flat profit: percentage fall of the multiple",
                    "input": {"multiple_before": 80, "multiple_after": 25},
                    "want": "compression_percent",
                },
                {
                    "question": "multiple shrinks by 60% from 45x, where does it land?",
                    "input": {"multiple_before": 45, "compression_percent": 60},
                    "want": "multiple_after",
                },
                {
                    "question": "earnings double but the P/E drops from 50 to 20: what happens to the share price?",
                    "input": {"multiple_before": 50, "multiple_after": 20, "earnings_change_percent": 100},
                    "want": "price_change_percent",
                },
                {
                    "question": "stock at $150 with EPS of 3.75, what P/E is that",
                    "input": {"share_price_usd": 150, "eps_usd": 3.75},
                    "want": "multiple_before",
                },
                {
                    "question": "how many years of 25% profit growth take a stock from 60x to 20x at the same price?",
                    "input": {"multiple_before": 60, "multiple_after": 20, "growth_percent": 25},
                    "want": "years_to_grow_into",
                },
                {
                    "question": "profits growing 30% a year: how long for a 48x P/E to become 16x at the same price",
                    "input": {"growth_percent": 30, "multiple_before": 48, "multiple_after": 16},
                    "want": "years_to_grow_into",
                },
                {
                    "question": "PEG ratio at 35 times earnings and 28% growth",
                    "input": {"multiple_before": 35, "growth_percent": 28},
                    "want": "peg",
                },
                {
                    "question": "what must earnings do for the price to hold when the multiple falls by half?",
                    "input": {"compression_percent": 50, "price_change_percent": 0},
                    "want": "earnings_change_percent",
                },
                {
                    "question": "one share went from 100 to 130, another from 80 to 72: spread in points",
                    "input": {
                        "start_price_usd": 100,
                        "end_price_usd": 130,
                        "other_start_price_usd": 80,
                        "other_end_price_usd": 72,
                    },
                    "want": "spread_points",
                },
                {
                    "question": "one share is up 35 percent and the other down 10 percent, how far apart?",
                    "input": {"return_percent": 35, "other_return_percent": -10},
                    "want": "spread_points",
                },
                {
                    "question": "valued at $2T on 25x, what profit is that?",
                    "input": {"market_cap_usd": 2e12, "multiple_before": 25},
                    "want": "earnings_usd",
                },
                {
                    "question": "expected value of a 30% chance of $40B and a 70% chance of losing $10B",
                    "input": {
                        "scenarios": [
                            {"probability_percent": 30, "value_usd": 40e9},
                            {"probability_percent": 70, "value_usd": -10e9},
                        ]
                    },
                    "want": "expected_value_usd",
                },
            ]
        }
    )
    multiple_before: float | None = quantity(
        "Multiple of earnings now, or before the change (P/E)",
        "dimensionless",
        default=None,
        above=0,
        max=10000,
        words=(
            "P/E",
            "PE",
            "multiple",
            "times earnings",
            "from",
            "trades at",
            "price to earnings",
            "peak",
            "instead of",
        ),
        ask="At what multiple of earnings?",
    )
    multiple_after: float | None = quantity(
        "Multiple of earnings after the change",
        "dimensionless",
        default=None,
        above=0,
        max=10000,
        words=(
            "later",
            "rerates",
            "new multiple",
            "target multiple",
            "P/E",
            "becomes",
        ),
        ask="To what multiple of earnings?",
    )
    compression_percent: float | None = quantity(
        "Fall of the multiple (negative: it expands)",
        "percent",
        default=None,
        below=100,
        words=(
            "compression",
            "compresses",
            "multiple falls by",
            "derating",
            "shrinks by",
            "falls by",
            "drops by",
            "loses",
            "down",
            "contraction",
        ),
    )
    earnings_change_percent: float | None = quantity(
        "Change of earnings",
        "percent",
        default=None,
        above=-100,
        words=(
            "earnings grew",
            "earnings change",
            "profits rose",
            "EPS up",
            "earnings went up",
            "earnings flat",
            "profit gained",
        ),
    )
    earnings_ratio: float | None = quantity(
        "New earnings over old: 2 when they double",
        "dimensionless",
        default=None,
        above=0,
        words=(
            "earnings double",
            "earnings triple",
        ),
    )
    price_change_percent: float | None = quantity(
        "Change of the share price",
        "percent",
        default=None,
        above=-100,
        words=("share price change", "stock rose", "stock gained", "shares climbed", "price flat"),
    )
    price_fall_percent: float | None = quantity(
        "Fall of the share price",
        "percent",
        default=None,
        above=0,
        below=100,
        words=(
            "stock",
            "fell",
            "fall",
            "down",
            "stock dropped",
            "stock lost",
            "shares slid",
            "sell-off",
            "wiped off",
        ),
    )
    earnings_fall_percent: float | None = quantity(
        "Fall of earnings",
        "percent",
        default=None,
        above=0,
        below=100,
        words=("earnings fell", "EPS dropped", "profits shrank", "profit lower", "earnings decline"),
    )
    eps_usd: float | None = quantity(
        "Earnings per share", "USD", default=None, words=("EPS", "earnings per share")
    )
    share_price_usd: float | None = quantity(
        "Share price",
        "USD",
        default=None,
        above=0,
        words=("share price", "stock price", "stock at", "trades at"),
    )
    shares: float | None = quantity(
        "Number of shares", "share", default=None, above=0, words=("shares outstanding", "shares")
    )
    earnings_usd: float | None = quantity(
        "Earnings of the company", "USD", default=None, above=0, words=("net income", "profit", "earnings of")
    )
    market_cap_usd: float | None = quantity(
        "Market capitalisation",
        "USD",
        default=None,
        above=0,
        words=("market cap", "valuation", "valued at", "worth"),
    )
    growth_percent: float | None = quantity(
        "Yearly growth of earnings",
        "percent",
        default=None,
        above=-100,
        words=(
            "growth",
            "grows",
            "annual growth",
        ),
    )
    years_to_grow_into: float | None = quantity(
        "Years of growth", "year", default=None, above=0, words=("years of growth", "grow into")
    )
    start_price_usd: float | None = quantity(
        "First price of a share that moved", "USD", default=None, above=0, words=("went from", "started at")
    )
    end_price_usd: float | None = quantity(
        "Last price of that share", "USD", default=None, above=0, words=("went to", "ended at")
    )
    return_percent: float | None = quantity(
        "Return of one share", "percent", default=None, min=-100, words=("up", "gained", "return")
    )
    other_start_price_usd: float | None = quantity(
        "First price of the share compared with",
        "USD",
        default=None,
        above=0,
        words=("other from", "against"),
    )
    other_end_price_usd: float | None = quantity(
        "Last price of the share compared with", "USD", default=None, above=0, words=("other to",)
    )
    other_return_percent: float | None = quantity(
        "Return of the share compared with",
        "percent",
        default=None,
        min=-100,
        words=("against", "up", "other return", "the other gained", "index"),
    )
    loss_percent: float | None = quantity(
        "Loss of the first share",
        "percent",
        default=None,
        above=0,
        max=100,
        words=("one lost", "first is down"),
    )
    other_loss_percent: float | None = quantity(
        "Loss of the share compared with",
        "percent",
        default=None,
        above=0,
        max=100,
        words=("the other lost", "second fell", "slipped", "down"),
    )
    start_value: float | None = quantity(
        "First price or index level, said without dollars",
        "dimensionless",
        default=None,
        above=0,
        words=("first stock from", "share went from"),
    )
    end_value: float | None = quantity(
        "Last price or index level of it, said without dollars",
        "dimensionless",
        default=None,
        above=0,
        words=("first stock to", "share went to"),
    )
    rival_start_value: float | None = quantity(
        "First price of the one compared with, said without dollars",
        "dimensionless",
        default=None,
        above=0,
        words=("second stock from",),
    )
    rival_end_value: float | None = quantity(
        "Last price of the one compared with, said without dollars",
        "dimensionless",
        default=None,
        above=0,
        words=("second stock to",),
    )
    loss_if_over_usd: float | None = quantity(
        "Loss when too much was spent and it was not needed",
        "USD",
        default=None,
        above=0,
        words=("overspend", "overbuild", "wasted", "loss if over"),
    )
    loss_if_under_usd: float | None = quantity(
        "Loss when too little was spent and it was needed",
        "USD",
        default=None,
        above=0,
        words=("underspend", "underbuild", "missing out", "loss if under"),
    )
    scenarios: list[Scenario] | None = Field(
        None,
        description="Outcomes with probabilities, for an expected value",
        max_length=50,
        json_schema_extra={"words": ["expected value", "chance", "probability"]},
    )


class ValuationMultipleResult(Result):
    """What followed; a quantity that was given is not repeated."""

    years_to_grow_into: float | None = quantity(
        "Years of growth to reach the lower multiple at this price",
        "year",
        default=None,
        role="headline",
        words=("years", "grow into", "how long"),
    )
    spread_points: float | None = quantity(
        "Difference of the two returns, percentage points",
        "percent",
        default=None,
        role="headline",
        words=("spread", "divergence", "difference", "points"),
    )
    price_change_percent: float | None = quantity(
        "Change of the share price",
        "percent",
        default=None,
        role="headline",
        words=("share price", "stock", "price change"),
    )
    earnings_change_percent: float | None = quantity(
        "Change of earnings",
        "percent",
        default=None,
        role="headline",
        words=("earnings", "profits must", "earnings must have grown", "what must earnings do"),
    )
    compression_percent: float | None = quantity(
        "Fall of the multiple",
        "percent",
        default=None,
        role="headline",
        words=("compression", "fall of the multiple", "multiple compress", "percent"),
    )
    multiple_after: float | None = quantity(
        "Multiple after the change",
        "dimensionless",
        default=None,
        role="headline",
        words=("multiple after", "land", "new multiple", "new P/E", "multiple remains", "multiple left"),
    )
    multiple_before: float | None = quantity(
        "Multiple of earnings",
        "dimensionless",
        default=None,
        role="headline",
        words=("P/E", "multiple", "times earnings"),
    )
    peg: float | None = quantity(
        "PEG: multiple over growth in percent", "dimensionless", default=None, words=("PEG", "PEG ratio")
    )
    share_price_usd: float | None = quantity(
        "Share price",
        "USD",
        default=None,
        role="headline",
        words=("share price", "implied price", "stock price", "share price of"),
    )
    market_cap_usd: float | None = quantity(
        "Market capitalisation",
        "USD",
        default=None,
        role="headline",
        words=("market cap", "valuation", "worth"),
    )
    eps_usd: float | None = quantity(
        "Earnings per share", "USD", default=None, role="headline", words=("EPS", "earnings per share")
    )
    earnings_usd: float | None = quantity(
        "Earnings", "USD", default=None, words=("earnings", "net income", "what profit is that", "profit")
    )
    shares: float | None = quantity("Shares", "share", default=None, words=("shares",))
    forward_multiple: float | None = quantity(
        "Multiple of next year's earnings", "dimensionless", default=None, words=("forward", "forward P/E")
    )
    earnings_yield_percent: float | None = quantity(
        "Earnings yield", "percent", default=None, words=("earnings yield",)
    )
    growth_percent: float | None = quantity(
        "Yearly growth of earnings needed", "percent", default=None, words=("growth needed", "growth")
    )
    new_share_price_usd: float | None = quantity(
        "Share price after the change", "USD", default=None, words=("new share price", "price after")
    )
    new_market_cap_usd: float | None = quantity(
        "Market capitalisation after the change", "USD", default=None, words=("new market cap",)
    )
    new_eps_usd: float | None = quantity(
        "Earnings per share after the change", "USD", default=None, words=("new EPS",)
    )
    market_cap_lost_usd: float | None = quantity(
        "Market capitalisation lost with the fall of the price",
        "USD",
        default=None,
        words=("value wiped out", "market value lost", "how much value vanished", "erased"),
    )
    new_earnings_usd: float | None = quantity(
        "Earnings after the change", "USD", default=None, words=("new earnings",)
    )
    multiple_ratio: float | None = quantity(
        "Multiple after over before", "dimensionless", default=None, words=("ratio of multiples",)
    )
    price_ratio: float | None = quantity(
        "Price after over before", "dimensionless", default=None, words=("price ratio",)
    )
    return_percent: float | None = quantity(
        "Return of the first share", "percent", default=None, words=("return", "gain")
    )
    other_return_percent: float | None = quantity(
        "Return of the other share", "percent", default=None, words=("other return",)
    )
    end_price_usd: float | None = quantity("Last price of the share that moved", "USD", default=None)
    expected_value_usd: float | None = quantity(
        "Probability-weighted value",
        "USD",
        default=None,
        role="headline",
        words=("expected value", "expectation"),
    )
    break_even_probability_percent: float | None = quantity(
        "Probability of need above which spending pays",
        "percent",
        default=None,
        role="headline",
        words=("probability", "break-even probability", "how likely"),
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
