"""What the capital-spending calculator is asked and answers: see `tools.capex_return`."""

from __future__ import annotations

from pydantic import ConfigDict

from tools.contract import Query, Result, quantity


class CapexReturnQuery(Query):
    """Spending, its life, revenue, margin, cash flow, growth: whatever is known."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "question": "90 billion of equipment written off over 6 years: expense per year",
                    "input": {"capex_usd": 90e9, "life_years": 6},
                    "want": "depreciation_usd_per_year",
                },
                {
                    "question": "a $280k server with 8 GPUs over four years: depreciation per GPU-hour",
                    "input": {"capex_usd": 280e3, "life_years": 4, "chips": 8},
                    "want": "depreciation_usd_per_chip_hour",
                },
                {
                    "question": "what yearly revenue at 60% gross margin pays back $50B in 5 years?",
                    "input": {"capex_usd": 50e9, "gross_margin_percent": 60, "payback_years": 5},
                    "want": "revenue_usd",
                },
                {
                    "question": "operating cash flow of $95B less $70B capital spending",
                    "input": {"operating_cash_flow_usd": 95e9, "capex_usd": 70e9},
                    "want": "free_cash_flow_usd",
                },
                {
                    "question": "how much could capex rise before free cash flow hits zero: 100B cash flow, 65B capex",
                    "input": {"operating_cash_flow_usd": 100e9, "capex_usd": 65e9},
                    "want": "capex_rise_to_zero_fcf_percent",
                },
                {
                    "question": "inference sales of 12B growing 40% a year, after 4 years?",
                    "input": {"revenue_usd": 12e9, "growth_percent": 40, "growth_years": 4},
                    "want": "later_revenue_usd",
                },
                {
                    "question": "straight-line depreciation a year on a $24,000 machine over five years",
                    "input": {"capex_usd": 24e3, "life_years": 5},
                    "want": "depreciation_usd_per_year",
                },
                {
                    "question": "2 trillion dollars spread over eight years, per year?",
                    "input": {"total_usd": 2e12, "growth_years": 8},
                    "want": "usd_per_year",
                },
                {
                    "question": "capex of $60B as a percentage of $75B of operating cash flow",
                    "input": {"capex_usd": 60e9, "operating_cash_flow_usd": 75e9},
                    "want": "capex_over_cash_flow_percent",
                },
                {
                    "question": "stretch server life from 4 to 6 years: change of the yearly expense in percent",
                    "input": {"life_years": 4, "new_life_years": 6},
                    "want": "depreciation_change_percent",
                },
                {
                    "question": "a $30B build earns $12B a year at a 50% margin: payback time",
                    "input": {"capex_usd": 30e9, "revenue_usd": 12e9, "gross_margin_percent": 50},
                    "want": "payback_years",
                },
                {
                    "question": "wasting 15 billion out of 75 billion of capex is what share?",
                    "input": {"excess_usd": 15e9, "capex_usd": 75e9},
                    "want": "excess_share_percent",
                },
            ]
        }
    )
    capex_usd: float | None = quantity(
        "Capital spending, of a year or of a project",
        "USD",
        default=None,
        above=0,
        words=(
            "capex",
            "capital spending",
            "investment",
            "build",
            "equipment",
            "server",
            "cluster",
            "site",
            "recover",
            "put into",
            "data centres",
        ),
        ask="How much is spent?",
    )
    units: float | None = quantity(
        "Number of things bought", "dimensionless", default=None, above=0, words=("units", "servers bought")
    )
    usd_per_unit: float | None = quantity(
        "Price of one", "USD", default=None, above=0, words=("each", "price of one", "per server")
    )
    life_years: float | None = quantity(
        "Depreciation life",
        "year",
        default=None,
        above=0,
        max=100,
        words=(
            "depreciation",
            "depreciated",
            "life",
            "useful life",
            "written off",
            "write-off",
            "spread",
        ),
    )
    new_life_years: float | None = quantity(
        "Depreciation life afterwards",
        "year",
        default=None,
        above=0,
        max=100,
        words=("to", "stretched to", "extended to", "new life"),
    )
    residual_percent: float | None = quantity(
        "Value left at the end",
        "percent",
        default=None,
        min=0,
        below=100,
        words=("residual", "salvage", "resale"),
    )
    chips: float | None = quantity(
        "Chips bought with it", "chip", default=None, above=0, words=("GPUs", "chips", "accelerators")
    )
    revenue_usd: float | None = quantity(
        "Revenue per year that it earns",
        "USD",
        default=None,
        above=0,
        words=("revenue", "sales", "earns", "brings in", "inference revenue"),
        ask="What revenue does it earn per year?",
    )
    gross_margin_percent: float | None = quantity(
        "Margin of that revenue, before this spending",
        "percent",
        default=None,
        above=0,
        below=100,
        words=("margin", "gross margin"),
    )
    gross_profit_usd: float | None = quantity(
        "Profit per year before this spending",
        "USD",
        default=None,
        above=0,
        words=("profit", "cash it earns"),
    )
    payback_years: float | None = quantity(
        "Payback time",
        "year",
        default=None,
        above=0,
        words=("payback", "pays back in", "recoup", "recover in"),
    )
    operating_cash_flow_usd: float | None = quantity(
        "Operating cash flow", "USD", default=None, words=("operating cash flow", "cash flow", "OCF")
    )
    free_cash_flow_usd: float | None = quantity(
        "Free cash flow", "USD", default=None, words=("free cash flow", "FCF")
    )
    fcf_over_cash_flow_percent: float | None = quantity(
        "Free cash flow as a share of operating cash flow",
        "percent",
        default=None,
        max=100,
        words=("FCF conversion", "stays as free cash flow", "free cash flow share"),
    )
    excess_usd: float | None = quantity(
        "Part that may be wasted",
        "USD",
        default=None,
        above=0,
        words=("wasted", "overspend", "too much", "excess"),
    )
    growth_percent: float | None = quantity(
        "Yearly growth of revenue",
        "percent",
        default=None,
        above=-100,
        words=("growing", "grows", "growth", "a year"),
    )
    capex_growth_percent: float | None = quantity(
        "Yearly growth of capital spending",
        "percent",
        default=None,
        above=-100,
        words=("capex grows", "infrastructure grows", "spending grows", "capex up"),
    )
    cash_flow_growth_percent: float | None = quantity(
        "Yearly growth of operating cash flow",
        "percent",
        default=None,
        above=-100,
        words=("cash flow grows", "cash flow up", "OCF growth", "next year cash flow"),
    )
    growth_years: float | None = quantity(
        "Time over which it grows",
        "year",
        default=None,
        above=0,
        max=200,
        words=(
            "growth years",
            "growing for",
            "years of growth",
        ),
    )
    later_revenue_usd: float | None = quantity(
        "Revenue after that time", "USD", default=None, above=0, words=("reaches", "to", "revenue later")
    )
    later_capex_usd: float | None = quantity(
        "Capital spending after that time",
        "USD",
        default=None,
        above=0,
        words=("capex reaches", "capex later"),
    )
    total_usd: float | None = quantity(
        "Amount over all the years",
        "USD",
        default=None,
        above=0,
        words=("in all", "over the years", "total of"),
    )


class CapexReturnResult(Result):
    """What followed; a quantity that was given is not repeated."""

    payback_years: float | None = quantity(
        "Payback time", "year", default=None, role="headline", words=("payback", "years to pay back")
    )
    revenue_usd: float | None = quantity(
        "Revenue per year that is needed",
        "USD",
        default=None,
        role="headline",
        words=("revenue needed", "required revenue", "yearly revenue"),
    )
    excess_share_percent: float | None = quantity(
        "Excess as a share of the spending",
        "percent",
        default=None,
        role="headline",
        words=("share", "percent of capex"),
    )
    free_cash_flow_usd: float | None = quantity(
        "Free cash flow", "USD", default=None, role="headline", words=("free cash flow", "FCF", "left")
    )
    later_free_cash_flow_usd: float | None = quantity(
        "Free cash flow after the growth",
        "USD",
        default=None,
        role="headline",
        words=("free cash flow next year", "free cash flow then", "FCF after", "new free cash flow"),
    )
    years_until_capex_exceeds_revenue: float | None = quantity(
        "Time until spending, which grows faster, exceeds revenue",
        "year",
        default=None,
        words=(
            "capex exceeds revenue",
            "spending overtakes revenue",
            "passes revenue",
            "catches up with revenue",
        ),
    )
    later_operating_cash_flow_usd: float | None = quantity(
        "Operating cash flow after the growth", "USD", default=None, words=("operating cash flow next year",)
    )
    later_revenue_usd: float | None = quantity(
        "Revenue after the time",
        "USD",
        default=None,
        role="headline",
        words=("revenue after", "sales after"),
    )
    later_capex_usd: float | None = quantity(
        "Capital spending after the time",
        "USD",
        default=None,
        role="headline",
        words=("capex after", "spending after"),
    )
    growth_years: float | None = quantity(
        "Time over which it grows",
        "year",
        default=None,
        role="headline",
        words=("how long", "how many years"),
    )
    depreciation_change_percent: float | None = quantity(
        "Change of the yearly expense",
        "percent",
        default=None,
        role="headline",
        words=("change", "lower", "percent change"),
    )
    depreciation_usd_per_year: float | None = quantity(
        "Depreciation per year",
        "USD/year",
        default=None,
        role="headline",
        words=("depreciation", "expense per year", "per year"),
    )
    new_depreciation_usd_per_year: float | None = quantity(
        "Depreciation per year with the new life",
        "USD/year",
        default=None,
        words=("new depreciation", "new expense"),
    )
    depreciation_saved_usd_per_year: float | None = quantity(
        "How much lower the yearly depreciation is with the new life, in dollars",
        "USD/year",
        default=None,
        words=("lower depreciation in dollars", "saved a year", "dollars less expense", "how much lower"),
    )
    depreciation_share_percent: float | None = quantity(
        "Depreciation as a share of revenue",
        "percent",
        default=None,
        words=("depreciation as a percent of revenue", "share of sales", "eats of revenue"),
    )
    margin_after_depreciation_percent: float | None = quantity(
        "Margin after depreciation",
        "percent",
        default=None,
        words=("margin after depreciation", "operating margin"),
    )
    depreciation_usd_per_chip_hour: float | None = quantity(
        "Depreciation per chip-hour",
        "USD/chip/hour",
        default=None,
        words=("per GPU-hour", "per chip-hour", "an hour"),
    )
    required_revenue_usd: float | None = quantity(
        "Revenue at which depreciation leaves that margin",
        "USD",
        default=None,
        words=("revenue for that margin", "required revenue"),
    )
    gross_profit_usd: float | None = quantity(
        "Profit per year before this spending",
        "USD",
        default=None,
        words=("gross profit", "profit per year"),
    )
    gross_margin_percent: float | None = quantity(
        "Margin needed", "percent", default=None, words=("margin needed",)
    )
    capex_usd: float | None = quantity(
        "Spending that can be afforded",
        "USD",
        default=None,
        role="headline",
        words=("capex", "spending", "afford"),
    )
    revenue_over_capex: float | None = quantity(
        "Revenue per dollar of spending",
        "dimensionless",
        default=None,
        words=("revenue per dollar", "revenue over capex"),
    )
    capex_share_percent: float | None = quantity(
        "Spending as a share of revenue",
        "percent",
        default=None,
        words=("capex intensity", "share of revenue"),
    )
    roi_percent: float | None = quantity(
        "Profit over the life, over the spending", "percent", default=None, words=("ROI", "return")
    )
    life_profit_usd: float | None = quantity(
        "Profit over the life", "USD", default=None, words=("profit over the life",)
    )
    operating_cash_flow_usd: float | None = quantity(
        "Operating cash flow", "USD", default=None, words=("operating cash flow",)
    )
    fcf_over_cash_flow_percent: float | None = quantity(
        "Free cash flow as a share of operating cash flow",
        "percent",
        default=None,
        words=(
            "FCF conversion",
            "FCF as percent of OCF",
            "free cash flow as a percentage",
            "left of operating cash flow",
        ),
    )
    capex_over_cash_flow_percent: float | None = quantity(
        "Spending as a share of cash flow",
        "percent",
        default=None,
        words=(
            "as a percentage of",
            "share of cash flow",
        ),
    )
    capex_rise_to_zero_fcf_percent: float | None = quantity(
        "Room for spending to rise",
        "percent",
        default=None,
        words=(
            "headroom",
            "room",
            "could rise",
            "zero",
            "room to raise capex",
            "before free cash flow is zero",
            "how much could capex rise",
        ),
    )
    growth_percent: float | None = quantity(
        "Yearly growth of revenue",
        "percent",
        default=None,
        role="headline",
        words=("growth", "growth needed"),
    )
    later_revenue_over_capex: float | None = quantity(
        "Revenue per dollar of spending after the time",
        "dimensionless",
        default=None,
        words=("revenue per dollar of capex then", "coverage after"),
    )
    capex_growth_percent: float | None = quantity(
        "Yearly growth of spending", "percent", default=None, words=("capex growth",)
    )
    growth_factor: float | None = quantity(
        "Factor over the years", "dimensionless", default=None, words=("factor", "times")
    )
    doubling_years: float | None = quantity(
        "Doubling time", "year", default=None, words=("double", "doubling time")
    )
    capex_doubling_years: float | None = quantity(
        "Time in which the spending doubles",
        "year",
        default=None,
        words=("spending doubles", "capex doubles", "infrastructure doubles"),
    )
    cumulative_revenue_usd: float | None = quantity(
        "Revenue of all the years", "USD", default=None, words=("cumulative revenue", "in total")
    )
    cumulative_capex_usd: float | None = quantity(
        "Spending of all the years", "USD", default=None, words=("cumulative capex",)
    )
    usd_per_year: float | None = quantity(
        "Amount per year", "USD/year", default=None, words=("per year", "a year")
    )
    total_usd: float | None = quantity(
        "Amount over all the years", "USD", default=None, words=("in all", "total")
    )
