"""Growth rates and generations: doubling times, compounding, chip-to-chip ratios, two growth claims compared."""

from __future__ import annotations

import math
from typing import Any

from pydantic import ConfigDict

from tools.catalog import Catalog
from tools.contract import Query, Result, entity, quantity
from tools.errors import MissingInput
from tools.solve import Default, Relations, Rule, answer, product
from tools.units import format_number

LN2 = math.log(2)

# A value that grows may be a plain number, money, or a price; the relation is one.
_VALUES = ("value", "chips", "usd", "usd_per_mtok", "usd_per_chip_hour")


def _value_rules(kind: str) -> tuple[Rule, ...]:
    start, end = f"start_{kind}", f"end_{kind}"
    return product(end, start, "total_factor")


def _claim(prefix: str) -> tuple[Rule, ...]:
    """A growth claim: `factor` each `period_years`, its yearly factor, percentage and doubling time."""
    factor, period, annual = f"{prefix}growth_factor", f"{prefix}period_years", f"{prefix}annual_factor"
    percent, doubling = f"{prefix}annual_percent", f"{prefix}doubling_months"
    return (
        Rule(annual, (factor, period), lambda f, p: f ** (1 / p), f"{{{factor}}} ^ (1 / {{{period}}})"),
        Rule(annual, (percent,), lambda g: 1 + g / 100, f"1 + {{{percent}}}"),
        Rule(annual, (doubling,), lambda d: 2 ** (12 / d), f"2 ^ (12 / {{{doubling}}})"),
        Rule(factor, (annual, period), lambda a, p: a**p, f"{{{annual}}} ^ {{{period}}}"),
        Rule(percent, (annual,), lambda a: 100 * (a - 1), f"{{{annual}}} − 1"),
        Rule(doubling, (annual,), lambda a: 12 * LN2 / _log_growth(a), f"12 × ln 2 / ln {{{annual}}}"),
    )


def _log_growth(annual: float) -> float:
    """ln of a yearly factor above 1; ValueError for what never doubles."""
    if annual <= 1:
        raise ValueError("does not grow")
    return math.log(annual)


def _times_cheaper(total: float) -> float:
    """Start over end of something that falls."""
    if total >= 1:
        raise ValueError("does not fall")
    return 1 / total


def _halving(annual: float) -> float:
    if annual >= 1:
        raise ValueError("does not fall")
    return 12 * LN2 / -math.log(annual)


RELATIONS = Relations(
    _claim(""),
    _claim("other_"),
    Rule("annual_factor", ("annual_decline_factor",), lambda d: 1 / d, "1 / {annual_decline_factor}"),
    Rule("annual_factor", ("halving_months",), lambda h: 0.5 ** (12 / h), "½ ^ (12 / {halving_months})"),
    Rule("halving_months", ("annual_factor",), _halving, "12 × ln ½ / ln {annual_factor}"),
    product("years", "generations", "period_years"),
    *(_value_rules(kind) for kind in _VALUES),
    Rule("total_factor", ("annual_factor", "years"), lambda a, y: a**y, "{annual_factor} ^ {years}"),
    Rule(
        "total_factor", ("growth_factor", "generations"), lambda f, n: f**n, "{growth_factor} ^ {generations}"
    ),
    Rule(
        "annual_factor",
        ("total_factor", "years"),
        lambda t, y: t ** (1 / y),
        "{total_factor} ^ (1 / {years})",
    ),
    Rule(
        "growth_factor",
        ("total_factor", "generations"),
        lambda t, n: t ** (1 / n),
        "{total_factor} ^ (1 / {generations})",
    ),
    Rule(
        "years",
        ("total_factor", "annual_factor"),
        lambda t, a: math.log(t) / math.log(a),
        "ln {total_factor} / ln {annual_factor}",
    ),
    Rule(
        "other_total_factor",
        ("other_annual_factor", "years"),
        lambda a, y: a**y,
        "{other_annual_factor} ^ {years}",
    ),
    Rule(
        "gap",
        ("total_factor", "other_total_factor"),
        lambda a, b: a / b,
        "{total_factor} / {other_total_factor}",
    ),
    Rule(
        "annual_gap",
        ("annual_factor", "other_annual_factor"),
        lambda a, b: a / b,
        "{annual_factor} / {other_annual_factor}",
    ),
    Rule("doublings", ("total_factor",), math.log2, "log₂ {total_factor}"),
    Rule("total_factor", ("doublings",), lambda d: 2**d, "2 ^ {doublings}"),
    Rule("times_cheaper", ("total_factor",), _times_cheaper, "1 / {total_factor}"),
    Rule("decades", ("total_factor",), math.log10, "log₁₀ {total_factor}"),
    Rule("change_percent", ("total_factor",), lambda t: 100 * (t - 1), "{total_factor} − 1"),
    product("perf_per_tco_gain", "speedup", per=("tco_ratio",)),
)


_DEFAULTS = (
    Default("period_years", 1.0, "The growth is per year (period not stated)."),
    Default("other_period_years", 1.0, "The growth it is compared with is per year (period not stated)."),
)


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
                    "question": "compare 4x a year with Moore's law doubling in 24 months: gap after 3 years",
                    "input": {"growth_factor": 4, "period_years": 1, "other_doubling_months": 24, "years": 3},
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
            "x per year",
            "gain per generation",
            "improves by a factor",
            "doubles",
            "triples",
        ),
        ask="By what factor does it grow, and over what period?",
    )
    period_years: float | None = quantity(
        "Period over which that factor is gained; one generation",
        "year",
        default=None,
        above=0,
        words=("every", "each", "per", "cadence", "generation"),
    )
    annual_percent: float | None = quantity(
        "Growth per year in percent (negative: a decline)",
        "percent",
        default=None,
        above=-100,
        words=("growth", "grows", "per year", "CAGR", "annual growth", "falls per year"),
    )
    doubling_months: float | None = quantity(
        "Doubling time",
        "month",
        default=None,
        above=0,
        words=("doubles every", "doubling time", "doubling in"),
    )
    halving_months: float | None = quantity(
        "Halving time of a price that falls",
        "month",
        default=None,
        above=0,
        words=("halves every", "halving time", "half-life"),
    )
    annual_decline_factor: float | None = quantity(
        "Factor by which a price falls each year: 10 for ten times cheaper a year",
        "dimensionless",
        default=None,
        above=1,
        max=1e6,
        words=("times cheaper per year", "cheaper every year", "price decline", "cost falls by a factor"),
    )
    years: float | None = quantity(
        "Time that passes",
        "year",
        default=None,
        above=0,
        words=("after", "in", "over", "later", "span", "within"),
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
        words=("reach", "fold", "times larger", "in total", "cumulative", "target factor", "until"),
    )
    doublings: float | None = quantity(
        "Number of doublings", "dimensionless", default=None, words=("doublings", "times doubled")
    )
    start_value: float | None = quantity(
        "Value at the start, any unit",
        "dimensionless",
        default=None,
        above=0,
        words=("from", "starts at", "today"),
    )
    end_value: float | None = quantity(
        "Value at the end, any unit",
        "dimensionless",
        default=None,
        above=0,
        words=("to", "ends at", "reaches"),
    )
    start_chips: float | None = quantity(
        "Chips at the start", "chip", default=None, above=0, words=("from", "cluster of", "starts at")
    )
    end_chips: float | None = quantity(
        "Chips at the end", "chip", default=None, above=0, words=("to", "reaches")
    )
    start_usd: float | None = quantity(
        "Dollars at the start",
        "USD",
        default=None,
        above=0,
        words=("from", "revenue today", "spending now", "starts at"),
    )
    end_usd: float | None = quantity(
        "Dollars at the end", "USD", default=None, above=0, words=("to", "reaches", "grows to")
    )
    start_usd_per_mtok: float | None = quantity(
        "Token price at the start",
        "USD/Mtoken",
        default=None,
        above=0,
        words=("from", "price today", "launch price"),
    )
    end_usd_per_mtok: float | None = quantity(
        "Token price at the end", "USD/Mtoken", default=None, above=0, words=("to", "price after", "falls to")
    )
    start_usd_per_chip_hour: float | None = quantity(
        "Rent at the start", "USD/chip/hour", default=None, above=0, words=("from", "rent today")
    )
    end_usd_per_chip_hour: float | None = quantity(
        "Rent at the end", "USD/chip/hour", default=None, above=0, words=("to", "rent after", "falls to")
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
        words=("faster", "speedup", "times the performance", "as fast"),
    )
    tco_ratio: float | None = quantity(
        "Total cost of ownership of the new over the old",
        "dimensionless",
        default=None,
        above=0,
        words=("TCO ratio", "times the cost", "costs more", "TCO up"),
    )
    perf_per_tco_gain: float | None = quantity(
        "Gain in performance per total cost of ownership",
        "dimensionless",
        default=None,
        above=0,
        words=("performance per TCO", "perf per dollar", "perf/TCO"),
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
        words=("total gain", "fold", "cumulative", "times"),
    )
    annual_factor: float | None = quantity(
        "Factor per year", "dimensionless", default=None, words=("per year", "annualised", "a year")
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
        "TDP of chip a over chip b", "dimensionless", default=None, words=("power", "TDP", "watts")
    )


def generation_gain(query: GenerationGainQuery, catalog: Catalog) -> GenerationGainResult:
    """Growth rates: doubling time, value after n years, CAGR, time to a factor, price decline, two paces compared.

    Any form of a rate (5x per year, 2x per two years, 30 % a year, doubling every 6 months, ten times cheaper a
    year) with any two of start, end and time. Performance per TCO from speed-up and cost ratio; and two chips'
    memory, bandwidth, FLOP/s and power as ratios.
    """
    if query.chip_a and query.chip_b:
        return _chips(query, catalog)
    defaults = [d for d in _DEFAULTS if getattr(query, d.name.replace("period_years", "growth_factor"))]
    if query.generations and query.period_years is None:
        defaults = []  # counted in generations, no years needed
    result = answer(RELATIONS, query, GenerationGainResult, defaults=defaults, ask_first=("annual_factor",))
    result.chart = _growth_chart(result, query)
    return result


def _growth_chart(result: GenerationGainResult, query: GenerationGainQuery) -> dict[str, Any] | None:
    """The factor over time, and that of the growth it is compared with, when both are known."""
    rate, other, span = result.annual_factor, result.other_annual_factor, query.years or result.years
    if rate is None or span is None:
        return None
    points = [
        {"year": span * i / 20, "factor": pace ** (span * i / 20), "pace": name}
        for name, pace in (("this", rate), ("compared with", other))
        if pace is not None
        for i in range(21)
    ]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "data": {"values": points},
        "mark": "line",
        "encoding": {
            "x": {"field": "year", "type": "quantitative"},
            "y": {"field": "factor", "type": "quantitative", "scale": {"type": "log"}},
            "color": {"field": "pace", "type": "nominal"},
        },
    }


def _chips(query: GenerationGainQuery, catalog: Catalog) -> GenerationGainResult:
    """Ratios of two chips' catalogue facts; what nobody sourced stays out."""
    a, b = catalog.chip(str(query.chip_a)), catalog.chip(str(query.chip_b))
    pairs: dict[str, tuple[float | None, float | None, str, float]] = {
        "memory_ratio": (a.memory_bytes, b.memory_bytes, "HBM, GB", 1e9),
        "bandwidth_ratio": (a.bandwidth_bytes_per_s, b.bandwidth_bytes_per_s, "HBM bandwidth, TB/s", 1e12),
        "bf16_ratio": (a.peak_flops.get("bf16"), b.peak_flops.get("bf16"), "dense bf16, TFLOP/s", 1e12),
        "fp8_ratio": (a.peak_flops.get("fp8"), b.peak_flops.get("fp8"), "dense fp8, TFLOP/s", 1e12),
        "fp4_over_fp8_ratio": (
            a.peak_flops.get("fp4"),
            b.peak_flops.get("fp8"),
            "fp4 over fp8, TFLOP/s",
            1e12,
        ),
        "power_ratio": (a.tdp_w, b.tdp_w, "TDP, W", 1.0),
    }
    known = {k: (x, y, name, scale) for k, (x, y, name, scale) in pairs.items() if x and y}
    if not known:
        raise MissingInput("chip_a", f"a fact that both {a.name} and {b.name} have")
    rows = [(name, x / scale, y / scale, x / y) for x, y, name, scale in known.values()]
    tco = {}
    if query.tco_ratio and "bandwidth_ratio" in known:
        x, y, *_ = known["bandwidth_ratio"]
        tco = {"perf_per_tco_gain": x / y / query.tco_ratio}
    return GenerationGainResult(
        **{k: float(f"{x / y:.13g}") for k, (x, y, *_) in known.items()},
        **tco,
        formula="; ".join(
            f"{name}: {format_number(x)} / {format_number(y)} = {format_number(r)}" for name, x, y, r in rows
        ),
        table={"columns": ["", a.name, b.name, "ratio"], "rows": [list(row) for row in rows]},
        sources=[*a.sources(), *b.sources()],
        assumptions=["Performance is taken as memory bandwidth (decode is bound by it)."] if tco else [],
    )
