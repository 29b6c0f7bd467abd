"""What the share-price calculator is asked and answers: see `tools.valuation_multiple`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from tools.contract import Query, Result, quantity


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
            "until it trades at",
            "is now",
            "now stands at",
            "rerates",
            "new multiple",
            "target multiple",
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
    multiple_ratio: float | None = quantity(
        "New multiple over old: 0.5 when the P/E halves",
        "dimensionless",
        default=None,
        above=0,
        words=("P/E halves", "multiple halves", "P/E doubles", "multiple doubles"),
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
        words=(
            "share price change",
            "stock rose",
            "stock gained",
            "shares climbed",
            "price flat",
            "stock is up",
            "shares are up",
        ),
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
        "Earnings per share", "USD", default=None, max=1e5, words=("EPS", "earnings per share")
    )
    share_price_usd: float | None = quantity(
        "Share price",
        "USD",
        default=None,
        max=1e7,
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
        words=(
            "the other lost",
            "second fell",
            "slipped",
            "down",
            "lost",
            "fell",
        ),
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
    price_fall_percent: float | None = quantity(
        "Fall of the share price",
        "percent",
        default=None,
        role="detail",
        words=(
            "share price fall",
            "fall of the share price",
            "stock drops",
            "shares lose",
            "stock fall",
            "price decline",
        ),
    )
    earnings_fall_percent: float | None = quantity(
        "Fall of earnings",
        "percent",
        default=None,
        role="detail",
        words=("earnings fall", "profits drop", "fall of earnings"),
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
        words=(
            "multiple after",
            "land",
            "new multiple",
            "new P/E",
            "multiple remains",
            "multiple left",
            "P/E after years",
        ),
    )
    multiple_before: float | None = quantity(
        "Multiple of earnings",
        "dimensionless",
        default=None,
        role="headline",
        words=(
            "P/E",
            "multiple",
            "times earnings",
            "where it started",
            "multiple before",
            "P/E it came from",
        ),
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
