"""Growth rates and generations: doubling times, compounding, chip-to-chip ratios, two growth claims compared."""

from __future__ import annotations

import math
from typing import Any

from tools.catalog import Catalog
from tools.errors import MissingInput
from tools.money.growth_query import GenerationGainQuery, GenerationGainResult
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


def _fall(factor: float) -> float:
    """Percent by which what is multiplied by `factor` falls; ValueError for what does not fall."""
    if factor >= 1:
        raise ValueError("does not fall")
    return 100 * (1 - factor)


def _halving(annual: float) -> float:
    if annual >= 1:
        raise ValueError("does not fall")
    return 12 * LN2 / -math.log(annual)


RELATIONS = Relations(
    _claim(""),
    _claim("other_"),
    Rule("annual_factor", ("annual_fall_percent",), lambda f: 1 - f / 100, "1 − {annual_fall_percent}"),
    Rule("annual_factor", ("annual_decline_factor",), lambda d: 1 / d, "1 / {annual_decline_factor}"),
    Rule("annual_factor", ("halving_months",), lambda h: 0.5 ** (12 / h), "½ ^ (12 / {halving_months})"),
    Rule("total_factor", ("times_cheaper",), lambda t: 1 / t, "1 / {times_cheaper}"),
    Rule("annual_decline_factor", ("annual_factor",), _times_cheaper, "1 / {annual_factor}"),
    Rule("annual_fall_percent", ("annual_factor",), _fall, "1 − {annual_factor}"),
    Rule("fall_percent", ("total_factor",), _fall, "1 − {total_factor}"),
    Rule(
        "other_part_factor",
        ("total_factor", "part_factor"),
        lambda t, p: t / p,
        "{total_factor} / {part_factor}",
    ),
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
    Rule("perf_per_tco_gain", ("speedup", "tco_ratio"), lambda s, t: s / t, "{speedup} / {tco_ratio}"),
    Rule("tco_ratio", ("speedup", "combined_gain"), lambda s, g: s / g, "{speedup} / {combined_gain}"),
    Rule("speedup", ("combined_gain", "tco_ratio"), lambda g, t: g * t, "{combined_gain} × {tco_ratio}"),
)


_DEFAULTS = (
    Default("period_years", 1.0, "The growth is per year (period not stated)."),
    Default("other_period_years", 1.0, "The growth it is compared with is per year (period not stated)."),
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
    if query.years is None and result.years is not None:
        result.months = 12 * result.years
    if result.gap is not None and result.gap < 1:
        result.warnings.append("The growth it is compared with is the faster one, so the first is behind")
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
        "title": "Growth at each pace",
        "data": {"values": points},
        "mark": "line",
        "encoding": {
            "x": {"field": "year", "type": "quantitative", "title": "years"},
            "y": {
                "field": "factor",
                "type": "quantitative",
                "title": "times the start",
                "scale": {"type": "log"},
            },
        }
        | ({} if other is None else {"color": {"field": "pace", "type": "nominal", "title": None}}),
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


__all__ = ["GenerationGainQuery", "GenerationGainResult", "generation_gain"]
