"""What the growth calculator is asked and answers: see `tools.generation_gain`."""

from __future__ import annotations

from pydantic import ConfigDict

from tools.contract import Query, Result, entity, quantity


class GenerationGainQuery(Query):
    """A growth rate in any form, a span, start and end values; a second rate; or two chips."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "question": "performance per TCO triples annually; in how many months does it double?",
                    "input": {"growth_factor": 3, "period_years": 1},
                    "want": "doubling_months",
                },
                {
                    "question": "sales went from $1.2B to $9.6B in 3 years, what growth per year is that?",
                    "input": {"start_usd": 1.2e9, "end_usd": 9.6e9, "years": 3},
                    "want": "annual_percent",
                },
                {
                    "question": "a pace of 2x every two years is how much a year?",
                    "input": {"growth_factor": 2, "period_years": 2},
                    "want": "annual_factor",
                },
                {
                    "question": "4x every year against 2x every three years: how far ahead after 5 years?",
                    "input": {
                        "growth_factor": 4,
                        "period_years": 1,
                        "other_growth_factor": 2,
                        "other_period_years": 3,
                        "years": 5,
                    },
                    "want": "gap",
                },
                {
                    "question": "tokens get 10x cheaper a year: a $30 per million price after 18 months?",
                    "input": {"annual_decline_factor": 10, "start_usd_per_mtok": 30, "years": 1.5},
                    "want": "end_usd_per_mtok",
                },
                {
                    "question": "at 45% growth a year, how long until spending is 5 times larger?",
                    "input": {"annual_percent": 45, "total_factor": 5},
                    "want": "years",
                },
                {
                    "question": "two doublings of a 50,000 chip cluster give how many?",
                    "input": {"doublings": 2, "start_chips": 50000},
                    "want": "end_chips",
                },
                {
                    "question": "token price fell from $36 to $4 per million in 20 months, by what factor?",
                    "input": {"start_usd_per_mtok": 36, "end_usd_per_mtok": 4, "years": 1.666667},
                    "want": "times_cheaper",
                },
                {
                    "question": "sales of 3 billion grow 50% a year: after 4 years?",
                    "input": {"start_usd": 3e9, "annual_percent": 50, "years": 4},
                    "want": "end_usd",
                },
                {
                    "question": "growing 25 percent annually, time to double?",
                    "input": {"annual_percent": 25},
                    "want": "doubling_months",
                },
                {
                    "question": "growth from 200 to 900 in 5 years, percent a year",
                    "input": {"start_value": 200, "end_value": 900, "years": 5},
                    "want": "annual_percent",
                },
                {
                    "question": "gains 35% annually, how much is that after six years?",
                    "input": {"annual_percent": 35, "years": 6},
                    "want": "total_factor",
                },
                {
                    "question": "prices drop 60% each year; where is $20 per million after two years?",
                    "input": {"annual_fall_percent": 60, "start_usd_per_mtok": 20, "years": 2},
                    "want": "end_usd_per_mtok",
                },
                {
                    "question": "doubling every 9 months, how many fold in 3 years",
                    "input": {"growth_factor": 2, "period_years": 0.75, "years": 3},
                    "want": "total_factor",
                },
                {
                    "question": "how long until 20x if it doubles every 8 months?",
                    "input": {"total_factor": 20, "doubling_months": 8},
                    "want": "years",
                },
                {
                    "question": "three generations at 2.5x each: total gain",
                    "input": {"growth_factor": 2.5, "generations": 3},
                    "want": "total_factor",
                },
                {
                    "question": "a new part is 8 times as fast and its TCO is 2.5 times as high; gain in perf per TCO?",
                    "input": {"speedup": 8, "tco_ratio": 2.5},
                    "want": "perf_per_tco_gain",
                },
                {
                    "question": "how much more memory bandwidth does a B200 have than an H100",
                    "input": {"chip_a": "b200", "chip_b": "h100-sxm"},
                    "want": "bandwidth_ratio",
                },
            ]
        }
    )
    growth_factor: float | None = quantity(
        "Factor gained each period: 5 for 5x",
        "dimensionless",
        default=None,
        above=0,
        max=1e6,
        words=(
            "times better",
            "per year",
            "gain per generation",
            "improves",
            "doubles",
            "triples",
            "factor",
            "performance per TCO",
            "perf per dollar",
        ),
        ask="By what factor does it grow, and over what period?",
    )
    period_years: float | None = quantity(
        "Period over which that factor is gained; one generation",
        "year",
        default=None,
        above=0,
        words=("cadence", "generation", "every", "pace"),
    )
    annual_percent: float | None = quantity(
        "Growth per year in percent (negative: a decline)",
        "percent",
        default=None,
        above=-100,
        max=1e5,
        words=(
            "growth",
            "grows",
            "CAGR",
            "annual growth",
            "rises",
        ),
    )
    doubling_months: float | None = quantity(
        "Doubling time",
        "month",
        default=None,
        above=0,
        words=("doubles every", "doubling every", "doubling time", "doubling in"),
    )
    halving_months: float | None = quantity(
        "Halving time of a price that falls",
        "month",
        default=None,
        above=0,
        words=("halves every", "halving time", "half-life"),
    )
    annual_fall_percent: float | None = quantity(
        "Fall per year in percent",
        "percent",
        default=None,
        above=0,
        below=100,
        words=("falls", "fall", "drops", "declines", "cheaper", "shrinks"),
    )
    annual_decline_factor: float | None = quantity(
        "Factor by which a price falls each year: 10 for ten times cheaper a year",
        "dimensionless",
        default=None,
        above=1,
        max=1e6,
        words=(
            "times cheaper",
            "cheaper",
            "price decline",
        ),
    )
    times_cheaper: float | None = quantity(
        "Factor by which something fell over the whole time: 6 for a sixth of the price", "dimensionless",
        default=None, above=1, max=1e9,
        words=("fell by a factor of", "fell sixfold", "times cheaper over", "dropped fold", "fold drop", "became times cheaper"),
    )  # fmt: skip
    years: float | None = quantity(
        "Time that passes",
        "year",
        default=None,
        above=0,
        words=(
            "later",
            "span",
            "within",
        ),
    )
    generations: float | None = quantity(
        "Number of generations",
        "dimensionless",
        default=None,
        above=0,
        words=("generations", "periods"),
    )
    total_factor: float | None = quantity(
        "Factor over the whole time: 100 for a hundredfold",
        "dimensionless",
        default=None,
        above=0,
        words=(
            "fold",
            "times larger",
            "cumulative",
            "target factor",
            "reach",
            "until",
            "till",
        ),
    )
    doublings: float | None = quantity(
        "Number of doublings", "dimensionless", default=None, words=("doublings", "times doubled")
    )
    start_value: float | None = quantity(
        "Value at the start, any unit",
        "dimensionless",
        default=None,
        above=0,
        words=(
            "from",
            "starts",
            "today",
            "initial",
        ),
    )
    end_value: float | None = quantity(
        "Value at the end, any unit",
        "dimensionless",
        default=None,
        above=0,
        words=(
            "to",
            "reaches",
            "ends",
            "becomes",
        ),
    )
    start_chips: float | None = quantity(
        "Chips at the start",
        "chip",
        default=None,
        above=0,
        words=(
            "from",
            "starts",
            "today",
            "initial",
        ),
    )
    end_chips: float | None = quantity(
        "Chips at the end",
        "chip",
        default=None,
        above=0,
        words=(
            "to",
            "reaches",
            "ends",
            "becomes",
        ),
    )
    start_usd: float | None = quantity(
        "Dollars at the start",
        "USD",
        default=None,
        above=0,
        words=(
            "from",
            "starts",
            "today",
            "initial",
        ),
    )
    end_usd: float | None = quantity(
        "Dollars at the end",
        "USD",
        default=None,
        above=0,
        words=(
            "to",
            "reaches",
            "ends",
            "becomes",
        ),
    )
    start_usd_per_mtok: float | None = quantity(
        "Token price at the start",
        "USD/Mtoken",
        default=None,
        above=0,
        words=(
            "from",
            "starts",
            "today",
            "initial",
        ),
    )
    end_usd_per_mtok: float | None = quantity(
        "Token price at the end",
        "USD/Mtoken",
        default=None,
        above=0,
        words=(
            "to",
            "reaches",
            "ends",
            "becomes",
        ),
    )
    start_usd_per_chip_hour: float | None = quantity(
        "Rent at the start",
        "USD/chip/hour",
        default=None,
        above=0,
        words=(
            "from",
            "starts",
            "today",
            "initial",
        ),
    )
    end_usd_per_chip_hour: float | None = quantity(
        "Rent at the end",
        "USD/chip/hour",
        default=None,
        above=0,
        words=(
            "to",
            "reaches",
            "ends",
            "becomes",
        ),
    )
    other_growth_factor: float | None = quantity(
        "Factor of the growth it is compared with",
        "dimensionless",
        default=None,
        above=0,
        words=("compared with", "against", "versus", "Moore's law"),
    )
    other_period_years: float | None = quantity(
        "Period of the growth it is compared with",
        "year",
        default=None,
        above=0,
        words=("against every", "versus every"),
    )
    other_annual_percent: float | None = quantity(
        "Yearly growth it is compared with",
        "percent",
        default=None,
        above=-100,
        words=("against", "versus", "compared with"),
    )
    other_doubling_months: float | None = quantity(
        "Doubling time it is compared with",
        "month",
        default=None,
        above=0,
        words=("Moore's law", "against doubling"),
    )
    speedup: float | None = quantity(
        "Performance of the new over the old",
        "dimensionless",
        default=None,
        above=0,
        words=(
            "faster",
            "speedup",
            "performance",
        ),
    )
    tco_ratio: float | None = quantity(
        "Cost of owning the new over the old",
        "dimensionless",
        default=None,
        above=0,
        words=(
            "TCO ratio",
            "TCO",
        ),
    )
    part_factor: float | None = quantity(
        "Part of the whole factor that one cause brings (smaller model, number format, new silicon)",
        "dimensionless",
        default=None,
        above=0,
        words=("comes from", "accounts for", "brings", "of it from", "explains", "from the silicon alone"),
    )
    combined_gain: float | None = quantity(
        "What speed-up and cost ratio make together",
        "dimensionless",
        default=None,
        above=0,
        words=("combined gain", "combined"),
    )
    chip_a: str | None = entity(
        "The newer chip, or the one compared", "chip", default=None, words=("new chip", "compared")
    )
    chip_b: str | None = entity(
        "The older chip, or the one compared against",
        "chip",
        default=None,
        words=("old chip", "against", "than", "versus"),
    )


class GenerationGainResult(Result):
    """What followed; a quantity that was given is not repeated."""

    gap: float | None = quantity(
        "How far the one growth is ahead of the other after the time",
        "dimensionless",
        default=None,
        role="headline",
        words=("gap", "ahead", "how many times", "difference"),
    )
    annual_gap: float | None = quantity(
        "How far ahead after one year", "dimensionless", default=None, words=("gap per year",)
    )
    perf_per_tco_gain: float | None = quantity(
        "Gain in performance per TCO",
        "dimensionless",
        default=None,
        role="headline",
        words=("performance per TCO", "perf per dollar"),
    )
    tco_ratio: float | None = quantity(
        "TCO of the new over the old",
        "dimensionless",
        default=None,
        role="headline",
        words=("TCO", "cost ratio"),
    )
    speedup: float | None = quantity(
        "Performance of the new over the old",
        "dimensionless",
        default=None,
        role="headline",
        words=("speedup", "faster"),
    )
    end_value: float | None = quantity(
        "Value at the end", "dimensionless", default=None, role="headline", words=("value after", "grows to")
    )
    end_chips: float | None = quantity(
        "Chips at the end", "chip", default=None, role="headline", words=("chips after",)
    )
    start_chips: float | None = quantity("Chips at the start", "chip", default=None, words=("started at",))
    end_usd: float | None = quantity(
        "Dollars at the end",
        "USD",
        default=None,
        role="headline",
        words=("revenue after", "grows to", "how much"),
    )
    end_usd_per_mtok: float | None = quantity(
        "Token price at the end",
        "USD/Mtoken",
        default=None,
        role="headline",
        words=("price after", "becomes"),
    )
    end_usd_per_chip_hour: float | None = quantity(
        "Rent at the end", "USD/chip/hour", default=None, role="headline", words=("rent after", "price after")
    )
    start_value: float | None = quantity(
        "Value at the start", "dimensionless", default=None, words=("started at",)
    )
    start_usd: float | None = quantity("Dollars at the start", "USD", default=None, words=("started at",))
    start_usd_per_mtok: float | None = quantity(
        "Token price at the start", "USD/Mtoken", default=None, words=("started at",)
    )
    start_usd_per_chip_hour: float | None = quantity(
        "Rent at the start", "USD/chip/hour", default=None, words=("started at",)
    )
    months: float | None = quantity(
        "Time that passes, in months",
        "month",
        default=None,
        words=("months until", "how many months to reach", "months to get to"),
    )
    years: float | None = quantity(
        "Time it takes",
        "year",
        default=None,
        role="headline",
        words=("how long", "how many years", "when", "time to reach"),
    )
    doubling_months: float | None = quantity(
        "Doubling time",
        "month",
        default=None,
        role="headline",
        words=("double", "doubling time", "months to double"),
    )
    halving_months: float | None = quantity(
        "Halving time", "month", default=None, role="headline", words=("halve", "halving time", "half")
    )
    times_cheaper: float | None = quantity(
        "How many times cheaper it became",
        "dimensionless",
        default=None,
        role="headline",
        words=("times cheaper", "fell by a factor", "how many times lower", "factor"),
    )
    total_factor: float | None = quantity(
        "Factor over the whole time",
        "dimensionless",
        default=None,
        role="headline",
        words=(
            "total gain",
            "fold",
            "cumulative",
            "times",
            "factor after generations",
            "compound",
            "how many fold",
        ),
    )
    annual_factor: float | None = quantity(
        "Factor per year",
        "dimensionless",
        default=None,
        words=("per year", "annualised", "a year", "per year as a factor", "a year as a factor"),
    )
    annual_percent: float | None = quantity(
        "Growth per year",
        "percent",
        default=None,
        words=("CAGR", "growth per year", "annual growth", "percent a year"),
    )
    growth_factor: float | None = quantity(
        "Factor per period",
        "dimensionless",
        default=None,
        words=("per generation", "per period", "each step"),
    )
    annual_decline_factor: float | None = quantity(
        "Factor by which it falls each year",
        "dimensionless",
        default=None,
        role="headline",
        words=(
            "times cheaper per year",
            "factor per year",
            "annual factor",
            "a year as a factor",
            "annualised",
            "per year",
            "cheaper each year",
        ),
    )
    fall_percent: float | None = quantity(
        "By how many percent it fell over the whole time",
        "percent",
        default=None,
        role="headline",
        words=(
            "percent drop",
            "percent cheaper",
            "fell by percent",
            "reduction",
            "price cut",
            "how far did it fall",
        ),
    )
    annual_fall_percent: float | None = quantity(
        "By how many percent it falls each year",
        "percent",
        default=None,
        words=("percent cheaper per year", "fall per year", "annual decline in percent"),
    )
    other_part_factor: float | None = quantity(
        "Factor that another cause must bring, beside the one stated",
        "dimensionless",
        default=None,
        role="headline",
        words=(
            "the rest must come from",
            "remaining factor",
            "what else",
            "extra factor",
            "left for",
            "other factor",
        ),
    )
    change_percent: float | None = quantity(
        "Change over the whole time",
        "percent",
        default=None,
        words=("percent change", "total change", "cheaper by"),
    )
    doublings: float | None = quantity(
        "Doublings over the whole time",
        "dimensionless",
        default=None,
        words=("doublings", "how many doublings"),
    )
    decades: float | None = quantity(
        "Powers of ten over the whole time",
        "dimensionless",
        default=None,
        words=("orders of magnitude", "decades", "powers of ten"),
    )
    generations: float | None = quantity(
        "Generations or periods", "dimensionless", default=None, words=("how many generations",)
    )
    other_annual_factor: float | None = quantity(
        "Yearly factor of the other growth", "dimensionless", default=None
    )
    other_total_factor: float | None = quantity(
        "Factor of the other growth over the time", "dimensionless", default=None
    )
    other_doubling_months: float | None = quantity("Doubling time of the other growth", "month", default=None)
    memory_ratio: float | None = quantity(
        "HBM capacity of chip a over chip b",
        "dimensionless",
        default=None,
        role="headline",
        words=("memory", "HBM", "capacity", "GB"),
    )
    bandwidth_ratio: float | None = quantity(
        "HBM bandwidth of chip a over chip b",
        "dimensionless",
        default=None,
        words=("bandwidth", "TB/s", "memory bandwidth"),
    )
    bf16_ratio: float | None = quantity(
        "Dense bf16 FLOP/s of chip a over chip b",
        "dimensionless",
        default=None,
        words=("bf16", "FLOPS", "compute", "TFLOPS"),
    )
    fp8_ratio: float | None = quantity(
        "Dense fp8 FLOP/s of chip a over chip b", "dimensionless", default=None, words=("fp8",)
    )
    fp4_over_fp8_ratio: float | None = quantity(
        "Dense fp4 FLOP/s of chip a over fp8 of chip b", "dimensionless", default=None, words=("fp4",)
    )
    power_ratio: float | None = quantity(
        "TDP of chip a over chip b",
        "dimensionless",
        default=None,
        words=("power", "TDP", "watts", "power draw relative to"),
    )
