"""What the margin calculator is asked and answers: see `tools.margin`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from tools.contract import Query, Result, quantity


class Segment(BaseModel):
    """One product or business: any two of revenue, cost and margin."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    name: str = Field(description="Product, model or segment", max_length=80)
    revenue_usd: float | None = quantity("Revenue of the segment", "USD", default=None, above=0)
    cost_usd: float | None = quantity("Cost of the segment", "USD", default=None, min=0)
    gross_margin_percent: float | None = quantity("Its gross margin", "percent", default=None, below=100)


class MarginQuery(Query):
    """Any two of revenue, cost, gross profit and margin; or segments; or what changes."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "question": "a vendor keeps 62% gross margin on 4 billion of sales; what did delivery cost?",
                    "input": {"revenue_usd": 4e9, "gross_margin_percent": 62},
                    "want": "cost_usd",
                },
                {
                    "question": "a million tokens cost us $1.30 to serve and sell at $2.60: gross margin?",
                    "input": {"cost_usd_per_mtok": 1.3, "price_usd_per_mtok": 2.6},
                    "want": "gross_margin_percent",
                },
                {
                    "question": "at an 80 percent gross margin, how many times its cost does the product sell for?",
                    "input": {"gross_margin_percent": 80},
                    "want": "price_multiple",
                },
                {
                    "question": "cards cost $1.10 an hour to run; what must I charge to make 45% margin?",
                    "input": {"cost_usd_per_chip_hour": 1.1, "gross_margin_percent": 45},
                    "want": "price_usd_per_chip_hour",
                },
                {
                    "question": "cost of revenue at 45% margins on $6B",
                    "input": {"revenue_usd": 6e9, "gross_margin_percent": 45},
                    "want": "cost_usd",
                },
                {
                    "question": "what markup corresponds to a 60% gross margin?",
                    "input": {"gross_margin_percent": 60},
                    "want": "markup_percent",
                },
                {
                    "question": "margin is 65%; serving gets twice as dear at the same price: what margin is left?",
                    "input": {"gross_margin_percent": 65, "cost_ratio": 2},
                    "want": "new_gross_margin_percent",
                },
                {
                    "question": "how far can price fall if a supplier gives up margin, from 75% to 55%?",
                    "input": {"gross_margin_percent": 75, "new_gross_margin_percent": 55},
                    "want": "price_change_percent",
                },
                {
                    "question": "gross profit was 6.3B at a 70% margin, what was revenue?",
                    "input": {"gross_profit_usd": 6.3e9, "gross_margin_percent": 70},
                    "want": "revenue_usd",
                },
                {
                    "question": "blended gross margin of $3B chips at 75% and $1B services at 40%",
                    "input": {
                        "segments": [
                            {"name": "chips", "revenue_usd": 3e9, "gross_margin_percent": 75},
                            {"name": "services", "revenue_usd": 1e9, "gross_margin_percent": 40},
                        ]
                    },
                    "want": "gross_margin_percent",
                },
            ]
        }
    )
    revenue_usd: float | None = quantity(
        "Revenue, or the selling price of one unit",
        "USD",
        default=None,
        above=0,
        words=(
            "revenue",
            "sales",
            "turnover",
            "top line",
            "price",
            "sells for",
            "selling price",
            "charge",
            "gross profit on",
            "on",
        ),
        ask="What is the revenue (or the price)?",
    )
    cost_usd: float | None = quantity(
        "Cost of what is sold, in total or of one unit",
        "USD",
        default=None,
        min=0,
        words=(
            "cost",
            "COGS",
            "cost of serving",
            "cost to make",
            "cost to deliver",
        ),
        ask="What does it cost?",
    )
    gross_profit_usd: float | None = quantity(
        "Gross profit",
        "USD",
        default=None,
        words=("gross profit", "profit", "gross income"),
    )
    gross_margin_percent: float | None = quantity(
        "Gross margin",
        "percent",
        default=None,
        below=100,
        words=("gross margin", "margin", "GM"),
        ask="What is the gross margin, in percent?",
    )
    markup_percent: float | None = quantity(
        "Markup",
        "percent",
        default=None,
        above=-100,
        words=("markup", "mark-up", "on top of cost"),
    )
    price_multiple: float | None = quantity(
        "Price as a multiple of cost",
        "dimensionless",
        default=None,
        above=0,
        words=(
            "price multiple",
            "times cost",
            "multiple of cost",
            "price over cost",
            "marks up",
        ),
    )
    price_usd_per_chip_hour: float | None = quantity(
        "Price per chip-hour",
        "USD/chip/hour",
        default=None,
        max=1e4,
        above=0,
        words=("rent", "rental price", "price per hour", "charge per hour"),
    )
    cost_usd_per_chip_hour: float | None = quantity(
        "Cost per chip-hour",
        "USD/chip/hour",
        default=None,
        max=1e4,
        min=0,
        words=("cost per hour", "running cost", "costs an hour"),
    )
    price_usd_per_mtok: float | None = quantity(
        "Price per million tokens",
        "USD/Mtoken",
        default=None,
        max=1e5,
        above=0,
        words=(
            "price per million tokens",
            "charge per million tokens",
            "sell",
            "sells at",
            "sell a million",
            "charge",
        ),
    )
    cost_usd_per_mtok: float | None = quantity(
        "Cost per million tokens",
        "USD/Mtoken",
        default=None,
        max=1e5,
        min=0,
        words=(
            "cost per million tokens",
            "cost to serve a million tokens",
            "cost to produce",
            "costs us",
            "serving costs",
        ),
    )
    price_usd_per_month: float | None = quantity(
        "Price of a subscription per month",
        "USD/month",
        default=None,
        max=1e6,
        above=0,
        words=("subscription", "plan sells", "charge a month", "price per month"),
    )
    cost_usd_per_month: float | None = quantity(
        "Cost of serving a subscriber per month",
        "USD/month",
        default=None,
        max=1e6,
        min=0,
        words=("cost per month", "cost a month to serve", "serving a subscriber"),
    )
    price_usd_per_request: float | None = quantity(
        "Price of one request",
        "USD/request",
        default=None,
        max=1e5,
        above=0,
        words=("price per query", "charge per request", "sell a query for"),
    )
    cost_usd_per_request: float | None = quantity(
        "Cost of one request",
        "USD/request",
        default=None,
        max=1e5,
        min=0,
        words=("cost per query", "cost per request", "a query costs us"),
    )
    new_gross_margin_percent: float | None = quantity(
        "Gross margin after a change",
        "percent",
        default=None,
        below=100,
        words=(
            "new margin",
            "margin falls to",
            "margin drops to",
            "margin after",
            "cuts margin to",
            "now",
            "this year",
        ),
    )
    margin_change_points: float | None = quantity(
        "Change of the gross margin in points (a cut is negative)",
        "percent",
        default=None,
        words=("margin points", "points"),
    )
    cost_ratio: float | None = quantity(
        "New cost over old cost: 2 when cost doubles",
        "dimensionless",
        default=None,
        above=0,
        words=(
            "cost rises",
            "cost goes up",
            "times more expensive to serve",
            "cost multiplier",
            "twice as dear",
            "costs double",
            "unit cost",
            "dearer",
        ),
    )
    price_ratio: float | None = quantity(
        "New price over old price: 0.5 when the price halves",
        "dimensionless",
        default=None,
        above=0,
        words=("price rises", "price cut", "price falls to a fraction", "price multiplier"),
    )
    cost_rise_percent: float | None = quantity(
        "Rise of the cost, price unchanged unless said",
        "percent",
        default=None,
        above=0,
        words=("cost rises by", "costs go up", "dearer to serve", "costs increase", "costs climb"),
    )
    cost_fall_percent: float | None = quantity(
        "Fall of the cost",
        "percent",
        default=None,
        above=0,
        below=100,
        words=(
            "cost falls by",
            "cost cut of",
            "costs drop",
            "cheaper to serve",
            "costs come down",
            "costs shrink",
            "save on cost",
        ),
    )
    price_rise_percent: float | None = quantity(
        "Rise of the price",
        "percent",
        default=None,
        above=0,
        words=("price rise", "raise prices by", "price increase", "price goes up"),
    )
    price_cut_percent: float | None = quantity(
        "Cut of the price",
        "percent",
        default=None,
        above=0,
        below=100,
        words=("price cut", "cut prices by", "price drops by", "discount", "lower the price by"),
    )
    cost_share_percent: float | None = quantity(
        "Cost as a share of revenue",
        "percent",
        default=None,
        min=0,
        words=(
            "of revenue is cost",
            "cost share of revenue",
            "cost as a part of sales",
            "eats",
            "of our revenue",
            "of sales",
        ),
    )
    revenue_share_percent: float | None = quantity(
        "Share of revenue passed on to a partner",
        "percent",
        default=None,
        min=0,
        max=100,
        words=("revenue share", "profit share", "passed on to a partner", "royalty"),
    )
    segments: list[Segment] | None = Field(
        None,
        description="Several products or segments, summed",
        max_length=50,
        json_schema_extra={"words": ["segments", "blended", "product mix"]},
    )


class MarginResult(Result):
    """What followed; a quantity that was given is not repeated."""

    new_gross_margin_percent: float | None = quantity(
        "Gross margin after the change",
        "percent",
        default=None,
        role="headline",
        words=("what happens to the margin", "becomes of the margin", "new margin", "margin left"),
    )
    price_change_percent: float | None = quantity(
        "Change of the price",
        "percent",
        default=None,
        role="headline",
        words=("price change", "price cut", "how far can the price fall", "price increase"),
    )
    cost_per_revenue_change_percent: float | None = quantity(
        "Change of what each dollar of revenue costs",
        "percent",
        default=None,
        words=(
            "cost of a dollar of revenue",
            "unit cost go up",
            "unit costs gone up",
            "cost per dollar of revenue",
            "each dollar of sales costs more",
            "cost to produce",
        ),
    )
    cost_change_percent: float | None = quantity(
        "Change of the cost",
        "percent",
        default=None,
        words=("cost change", "how far must cost fall", "cost reduction", "cut cost by"),
    )
    cost_share_percent: float | None = quantity(
        "Cost as a share of revenue",
        "percent",
        default=None,
        words=(
            "cost as a share of revenue",
            "percent of revenue is cost",
            "cost share",
            "cost percentage of sales",
        ),
    )
    margin_change_points: float | None = quantity(
        "Change of the margin, percentage",
        "percent",
        default=None,
        words=("points", "percentage"),
    )
    gross_margin_percent: float | None = quantity(
        "Gross margin", "percent", default=None, role="headline", words=("gross margin", "margin", "GM")
    )
    cost_usd: float | None = quantity(
        "Cost",
        "USD",
        default=None,
        role="headline",
        words=(
            "cost",
            "COGS",
            "cost of serving",
            "cost of revenue",
            "cost of goods",
        ),
    )
    revenue_usd: float | None = quantity(
        "Revenue or price", "USD", default=None, role="headline", words=("revenue", "sales", "price")
    )
    price_usd_per_chip_hour: float | None = quantity(
        "Price per chip-hour",
        "USD/chip/hour",
        default=None,
        role="headline",
        words=("price per hour", "rent", "charge"),
    )
    cost_usd_per_chip_hour: float | None = quantity(
        "Cost per chip-hour", "USD/chip/hour", default=None, role="headline", words=("cost per hour",)
    )
    price_usd_per_mtok: float | None = quantity(
        "Price per million tokens",
        "USD/Mtoken",
        default=None,
        role="headline",
        words=("price per million tokens",),
    )
    cost_usd_per_mtok: float | None = quantity(
        "Cost per million tokens",
        "USD/Mtoken",
        default=None,
        role="headline",
        words=("cost per million tokens", "cost per million"),
    )
    price_usd_per_month: float | None = quantity(
        "Price of a subscription per month",
        "USD/month",
        default=None,
        role="headline",
        words=("price per month", "charge a month"),
    )
    cost_usd_per_month: float | None = quantity(
        "Cost of serving a subscriber per month",
        "USD/month",
        default=None,
        role="headline",
        words=("cost per month", "cost of a subscriber"),
    )
    price_usd_per_request: float | None = quantity(
        "Price of one request",
        "USD/request",
        default=None,
        role="headline",
        words=("price per query", "price per request", "charge per query"),
    )
    cost_usd_per_request: float | None = quantity(
        "Cost of one request",
        "USD/request",
        default=None,
        role="headline",
        words=("cost per query", "cost per request"),
    )
    price_multiple: float | None = quantity(
        "Price as a multiple of cost",
        "dimensionless",
        default=None,
        role="headline",
        words=("times cost", "multiple of cost", "price over cost"),
    )
    gross_profit_usd: float | None = quantity(
        "Gross profit", "USD", default=None, words=("gross profit", "profit")
    )
    markup_percent: float | None = quantity(
        "Markup on cost",
        "percent",
        default=None,
        words=("markup", "mark-up", "what markup", "markup corresponds"),
    )
    break_even_cost_multiple: float | None = quantity(
        "How many times cost may rise at this price before the margin is gone",
        "dimensionless",
        default=None,
        words=("break even", "margin turns negative", "margin gone"),
    )
    margin_after_share_percent: float | None = quantity(
        "Margin after the partner's share of revenue",
        "percent",
        default=None,
        words=(
            "after revenue share",
            "after profit share",
            "goes to the partner",
            "what is left after sharing",
            "passed on",
        ),
    )
    new_revenue_usd: float | None = quantity(
        "Revenue or price after the change", "USD", default=None, words=("new price", "new revenue")
    )
    new_cost_usd: float | None = quantity("Cost after the change", "USD", default=None, words=("new cost",))
    new_gross_profit_usd: float | None = quantity(
        "Gross profit after the change", "USD", default=None, words=("new gross profit",)
    )
    new_price_usd_per_chip_hour: float | None = quantity(
        "Price per chip-hour after the change", "USD/chip/hour", default=None, words=("new price per hour",)
    )
    new_price_usd_per_month: float | None = quantity(
        "Price of a subscription after the change",
        "USD/month",
        default=None,
        words=("new price per month",),
    )
    new_price_usd_per_mtok: float | None = quantity(
        "Price per million tokens after the change",
        "USD/Mtoken",
        default=None,
        words=("new price per million tokens",),
    )
    cost_ratio: float | None = quantity(
        "New cost over old cost", "dimensionless", default=None, words=("cost change",)
    )
    price_ratio: float | None = quantity(
        "New price over old price",
        "dimensionless",
        default=None,
        words=("price ratio", "fraction of the old price"),
    )
