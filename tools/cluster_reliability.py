"""Failures of a large cluster: how many, how often, how many chips to replace, and how much work survives.

MTBF of a job = chip-hours between failures / chips. Goodput by the exact form T/(M e^(R/M) (e^((T+C)/M) − 1))
with M the MTBF, C the time to write a checkpoint, R to restart, T the work between checkpoints (Daly 2006);
Young's interval √(2MC) beside it. The first-order form 1 − C/T − (T/2 + R)/M goes negative on large clusters.
"""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict

from tools import _core
from tools.catalog import Catalog
from tools.contract import Query, Result, Source, entity, quantity
from tools.errors import FactAbsent, InputError
from tools.solve import Default, Relations, Rule, Solution, product, units_of

LLAMA_3_CHIP_MTBF_HOURS = 50_677.0
LLAMA_3_SOURCE = Source(
    title="Llama Team 2024, The Llama 3 Herd of Models, section 3.3.4",
    url="https://arxiv.org/abs/2407.21783", as_of="2024-07",
    says="419 unexpected interruptions in 54 days on 16,384 H100: one per 3.09 hours, 50,677 chip-hours each",
)  # fmt: skip
EARLY_SOURCE = Source(
    title="Dylan Patel on BG2, December 2024", as_of="2024-12",
    says="About 5 % of GPUs have to be pulled early in a deployment",
)  # fmt: skip
EARLY_FAILURE_PERCENT = 5.0
CHECKPOINT_S, RESTART_S = 60.0, 600.0
HOURS_PER_YEAR = 8760.0

_EXAMPLES: list[dict[str, Any]] = [
    {
        "question": "if 4 percent of 50,000 new GPUs die early, how many is that?",
        "input": {"n_chips": 50000, "failure_percent": 4}, "want": "failed_chips",
    },
    {
        "question": "replacement bill when 5% of a 20k cluster fails at $30,000 a card",
        "input": {"n_chips": 20000, "failure_percent": 5, "usd_per_chip": 30000}, "want": "replacement_usd",
    },
    {
        "question": "419 interruptions in 54 days: mean time between failures in hours?",
        "input": {"failures": 419, "days": 54}, "want": "mtbf_hours",
    },
    {
        "question": "how often does a 100,000 GPU job crash at Llama 3's failure rate",
        "input": {"n_chips": 100000}, "want": "mtbf_hours",
    },
    {
        "question": "148 dead GPUs out of 16,384 in 54 days, annualised failure rate?",
        "input": {"failures": 148, "n_chips": 16384, "days": 54}, "want": "annual_failure_percent",
    },
    {
        "question": "expected failures per day for 24k chips with 9% annual failure rate",
        "input": {"n_chips": 24000, "annual_failure_percent": 9}, "want": "failures_per_day",
    },
    {
        "question": "how many of 40k GPUs fail in a year at a 6% annual failure rate?",
        "input": {"n_chips": 40000, "annual_failure_percent": 6}, "want": "failures_per_year",
    },
    {
        "question": "a GPU fails once every 60,000 hours. How often does a 20,000 GPU cluster fail?",
        "input": {"chip_mtbf_hours": 60000, "n_chips": 20000}, "want": "mtbf_hours",
    },
    {
        "question": "goodput of a job with an MTBF of 3 hours, one minute checkpoints and ten minute restarts",
        "input": {"mtbf_hours": 3, "checkpoint_s": 60, "restart_s": 600}, "want": "goodput_percent",
    },
    {
        "question": "best checkpoint interval by Young's formula for a 2 hour MTBF and 90 second checkpoint writes",
        "input": {"mtbf_hours": 2, "checkpoint_s": 90}, "want": "young_interval_s",
    },
]  # fmt: skip


class ClusterReliabilityQuery(Query):
    """A cluster and what is known of its failures."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, json_schema_extra={"examples": _EXAMPLES})  # type: ignore[dict-item]

    n_chips: float | None = quantity(
        "Chips of the cluster", "chip", default=None, above=0,
        words=("chips", "GPUs", "cluster", "accelerators", "cards", "out of", "fleet of", "from"),
        ask="How many chips has the cluster?",
    )  # fmt: skip
    other_n_chips: float | None = quantity(
        "Chips of a second cluster with the same failure rate of a chip", "chip", default=None, above=0,
        words=("same rate on", "scaled to", "on a larger cluster", "a cluster of", "if it had", "grown to"),
    )  # fmt: skip
    chip: str | None = entity("Accelerator of the cluster", "chip", default=None, words=("chip", "GPU"))
    failure_percent: float | None = quantity(
        "Share of the chips that fail or must be pulled, once (5 % early in a deployment)", "percent", default=None,
        min=0, max=100,
        words=("fail", "failure rate", "early failure", "die", "pulled", "replaced", "dead", "infant mortality"),
    )  # fmt: skip
    failed_chips: float | None = quantity(
        "Chips that fail and are replaced", "chip", default=None, min=0,
        words=("have failed", "were replaced", "already failed", "pulled", "dead", "died", "replaced"),
    )  # fmt: skip
    failures: float | None = quantity(
        "Failures (interruptions) seen over the days", "dimensionless", default=None, above=0,
        words=("failures", "interruptions", "crashes", "faults", "incidents"),
    )  # fmt: skip
    days: float | None = quantity(
        "Days that the failures are counted over", "day", default=None, above=0,
        words=("days", "over", "in", "weeks", "period", "run of", "in a year", "within a year"),
    )  # fmt: skip
    mtbf_hours: float | None = quantity(
        "Mean time between failures of the whole job", "hour", default=None, above=0,
        words=("MTBF", "mean time between failures", "job crashes every"),
    )  # fmt: skip
    chip_mtbf_hours: float | None = quantity(
        "Chip-hours between failures", "chip*hour", default=None, above=0,
        words=("chip-hours per failure", "GPU-hours between failures", "MTBF of one GPU", "per-chip MTBF",
               "one GPU fails every", "each GPU fails every", "a GPU lasts"),
    )  # fmt: skip
    hours_per_chip_failure: float | None = quantity(
        "Hours that one chip runs between its failures", "hour", default=None, above=0,
        words=("one GPU fails every", "a GPU fails once every", "each GPU fails every", "a chip lasts", "chip MTBF",
               "MTBF of one GPU", "a card dies every"),
    )  # fmt: skip
    annual_failure_percent: float | None = quantity(
        "Share of the chips that fail in a year", "percent", default=None, above=0,
        words=("annual failure rate", "per year", "AFR", "annualised", "yearly failure rate"),
    )  # fmt: skip
    checkpoint_s: float | None = quantity(
        "Time to write a checkpoint", "second", default=None, above=0,
        words=("checkpoint", "checkpoint write", "checkpoint takes", "save time"),
    )  # fmt: skip
    restart_s: float | None = quantity(
        "Time to restart after a failure", "second", default=None, min=0,
        words=("restart", "recovery", "recover", "restart takes"),
    )  # fmt: skip
    interval_s: float | None = quantity(
        "Work between two checkpoints (the best one unless said)", "second", default=None, above=0,
        words=("checkpoint every", "checkpoint interval", "interval"),
    )  # fmt: skip
    usd_per_chip: float | None = quantity(
        "Price of a replacement chip", "USD/chip", default=None, above=0,
        words=("price per GPU", "each card costs", "a card", "at $ each", "replacement price"),
    )  # fmt: skip
    usd_per_chip_hour: float | None = quantity(
        "Price of a chip-hour, to price the lost time", "USD/chip/hour", default=None, above=0,
        words=("rent", "per GPU-hour", "price per chip-hour"),
    )  # fmt: skip


class ClusterReliabilityResult(Result):
    """What the failures come to."""

    replacement_usd: float | None = quantity(
        "Cost of the replacements", "USD", default=None, role="headline",
        words=("replacement cost", "cost of failures", "replacement bill", "dollars"),
    )  # fmt: skip
    failed_chips: float | None = quantity(
        "Chips that fail and must be replaced", "chip", default=None, role="headline",
        words=("dead GPUs", "failed chips", "how many GPUs fail", "pulled", "replacements", "number of failed"),
    )  # fmt: skip
    failure_percent: float | None = quantity(
        "Share of the chips that fail", "percent", default=None, role="headline",
        words=("failure rate", "share that fails", "percent failed", "failed in percent"),
    )  # fmt: skip
    n_chips: float | None = quantity(
        "Chips of the cluster", "chip", default=None, words=("cluster size", "size of the cluster")
    )
    mtbf_hours: float | None = quantity(
        "Mean time between failures of the job", "hour", default=None, role="headline",
        words=("MTBF", "mean time between failures", "how often", "time between failures", "hours between", "hours between failures", "every how many hours"),
    )  # fmt: skip
    other_mtbf_hours: float | None = quantity(
        "Mean time between failures of the second cluster", "hour", default=None, role="headline",
        words=("MTBF at that size", "time between failures on the larger cluster", "then fails every", "minutes between failures"),
    )  # fmt: skip
    other_failures_per_day: float | None = quantity(
        "Failures a day of the second cluster", "1/day", default=None, role="detail",
        words=("failures a day at that size", "interruptions per day on the larger cluster"),
    )  # fmt: skip
    other_failures: float | None = quantity(
        "Failures of the second cluster over the days", "dimensionless", default=None, role="detail",
        words=("failures at that size", "interruptions on the larger cluster"),
    )  # fmt: skip
    chip_mtbf_hours: float | None = quantity(
        "Chip-hours between failures", "chip*hour", default=None,
        words=("chip-hours per failure", "GPU-hours per failure", "per-chip MTBF"),
    )  # fmt: skip
    hours_per_chip_failure: float | None = quantity(
        "Hours that one chip runs between its failures", "hour", default=None,
        words=("MTBF of a single GPU", "hours between failures of one chip", "a single GPU runs between failures"),
    )  # fmt: skip
    annual_failure_percent: float | None = quantity(
        "Failures in a year for each hundred chips", "percent", default=None,
        words=("annual failure rate", "annualised", "per year", "AFR"),
    )  # fmt: skip
    failures_per_day: float | None = quantity(
        "Failures a day", "1/day", default=None, words=("failures per day", "a day", "daily failures")
    )
    failures_per_year: float | None = quantity(
        "Failures a year", "1/year", default=None,
        words=("failures per year", "fail in a year", "fail each year", "a year", "annually"),
    )  # fmt: skip
    failures: float | None = quantity(
        "Failures over the days", "dimensionless", default=None, role="headline",
        words=("failures", "interruptions", "expected failures", "how many failures", "failures expected", "over the days"),
    )  # fmt: skip
    goodput_percent: float | None = quantity(
        "Share of wall time that is kept work", "percent", default=None, role="headline",
        words=("goodput", "effective training time", "useful time", "share of time"),
    )  # fmt: skip
    interval_s: float | None = quantity(
        "Checkpoint interval that loses least", "second", default=None,
        words=("checkpoint interval", "how often to checkpoint", "best interval"),
    )  # fmt: skip
    young_interval_s: float | None = quantity(
        "Young's checkpoint interval", "second", default=None,
        words=("Young interval", "Young's formula", "square-root rule"),
    )  # fmt: skip
    lost_percent: float | None = quantity(
        "Share of wall time lost to failures, restarts and checkpoints", "percent", default=None,
        words=("lost", "wasted", "overhead", "time lost"),
    )  # fmt: skip
    lost_usd: float | None = quantity(
        "Price of the chip-hours lost", "USD", default=None,
        words=("cost of lost time", "wasted dollars", "money lost"),
    )  # fmt: skip


RELATIONS = Relations(
    Rule("failed_chips", ("n_chips", "failure_percent"), lambda n, f: n * f / 100, "{n_chips} × {failure_percent}"),
    Rule("failure_percent", ("failed_chips", "n_chips"), lambda x, n: 100 * x / n, "{failed_chips} / {n_chips}"),
    Rule("n_chips", ("failed_chips", "failure_percent"), lambda x, f: 100 * x / f,
         "{failed_chips} / {failure_percent}"),
    product("replacement_usd", "failed_chips", "usd_per_chip"),
    Rule("mtbf_hours", ("days", "failures"), lambda d, f: 24 * d / f, "{days} × 24 h / {failures}"),
    Rule("failures", ("days", "mtbf_hours"), lambda d, m: 24 * d / m, "{days} × 24 h / {mtbf_hours}"),
    Rule("mtbf_hours", ("failures_per_day",), lambda f: 24 / f, "24 h / {failures_per_day}"),
    Rule("failures_per_day", ("mtbf_hours",), lambda m: 24 / m, "24 h / {mtbf_hours}"),
    product("chip_mtbf_hours", "mtbf_hours", "n_chips"),
    Rule("chip_mtbf_hours", ("hours_per_chip_failure",), lambda h: h, "{hours_per_chip_failure} of one chip"),
    Rule("hours_per_chip_failure", ("chip_mtbf_hours",), lambda h: h, "{chip_mtbf_hours}, one chip", restates=True),
    Rule("failures", ("failed_chips", "days"), lambda x, _: x, "{failed_chips}, each a failure within {days}"),
    Rule("other_mtbf_hours", ("chip_mtbf_hours", "other_n_chips"), lambda h, n: h / n,
         "{chip_mtbf_hours} / {other_n_chips}"),
    Rule("other_failures_per_day", ("other_mtbf_hours",), lambda m: 24 / m, "24 h / {other_mtbf_hours}"),
    Rule("other_failures", ("days", "other_mtbf_hours"), lambda d, m: 24 * d / m, "{days} × 24 h / {other_mtbf_hours}"),
    Rule("failures_per_year", ("n_chips", "annual_failure_percent"), lambda n, a: n * a / 100,
         "{n_chips} × {annual_failure_percent} a year"),
    Rule("chip_mtbf_hours", ("annual_failure_percent",), lambda a: HOURS_PER_YEAR * 100 / a,
         "8,760 h / {annual_failure_percent}"),
    Rule("annual_failure_percent", ("chip_mtbf_hours",), lambda h: HOURS_PER_YEAR * 100 / h,
         "8,760 h / {chip_mtbf_hours}"),
    Rule("young_interval_s", ("mtbf_hours", "checkpoint_s"), lambda m, c: (2 * 3600 * m * c) ** 0.5,
         "√(2 × {mtbf_hours} × {checkpoint_s})"),
)  # fmt: skip
_ANSWERS = (
    "failed_chips", "replacement_usd", "failure_percent", "mtbf_hours", "failures", "n_chips",
    "annual_failure_percent", "failures_per_day", "chip_mtbf_hours", "young_interval_s",
)  # fmt: skip
_UNITS = units_of(ClusterReliabilityQuery, ClusterReliabilityResult)


def cluster_reliability(query: ClusterReliabilityQuery, catalog: Catalog) -> ClusterReliabilityResult:
    """Failures of a GPU cluster: how many chips die early and what replacing them costs, MTBF, goodput.

    Also failures per day, the annual failure rate, what the same rate means for a cluster of another size, the best checkpoint interval and the share of time lost;
    any of chips, rate, days and failures can be solved for. Llama 3's rate when none is given.
    """
    pulled = any(v is not None for v in (query.failure_percent, query.failed_chips))
    result, sources = ClusterReliabilityResult(), []
    only_size = query.model_fields_set - {"chip", "n_chips", "usd_per_chip"} == set()
    early = {}
    if query.n_chips is not None and only_size:
        early["failure_percent"] = EARLY_FAILURE_PERCENT
        result.assumptions.append(f"{EARLY_FAILURE_PERCENT:.0f} % of new chips have to be replaced early")
        sources.append(EARLY_SOURCE)
    defaults = [] if pulled else _rate_defaults(query)
    solution = RELATIONS.solve_query(query, defaults, **early)
    RELATIONS.require(solution, query, *_ANSWERS)
    if pulled and query.usd_per_chip is None and query.chip is not None:
        sources += _price_replacements(query, catalog, solution, result)
    if solution.defaults:
        sources.append(LLAMA_3_SOURCE)
    return _filled(result, query, solution, sources)


def _rate_defaults(query: ClusterReliabilityQuery) -> list[Default]:
    says = f"One failure per {LLAMA_3_CHIP_MTBF_HOURS:,.0f} chip-hours, as Llama 3's training had"
    return [Default("chip_mtbf_hours", LLAMA_3_CHIP_MTBF_HOURS, says)] if query.n_chips is not None else []


def _price_replacements(
    query: ClusterReliabilityQuery, catalog: Catalog, solution: Solution, result: ClusterReliabilityResult
) -> list[Source]:
    """Put the catalogue's purchase price on the dead chips, when a chip is named and one is known."""
    try:
        price = catalog.purchase_price(str(query.chip))
    except FactAbsent:
        return []
    failed = solution.get("failed_chips")
    if failed is None:
        return []
    result.replacement_usd = failed * float(price.value)
    result.assumptions.append(f"${price.value:,.0f} a chip, as of {price.as_of}")
    return list(price.sources)[:2]


def _filled(
    result: ClusterReliabilityResult,
    query: ClusterReliabilityQuery,
    solution: Solution,
    sources: list[Source],
) -> ClusterReliabilityResult:
    found = {n: v for n, v in solution.found().items() if n in type(result).model_fields}
    result = result.model_copy(update=found)
    result.formula = solution.formula(_UNITS).replace("chip*hour", "chip-hours")
    result.assumptions += solution.assumptions()
    result.sources = sources
    mtbf_hours = solution.get("mtbf_hours")
    if mtbf_hours is not None:
        _add_goodput(result, query, mtbf_hours)
    return result


def _add_goodput(result: ClusterReliabilityResult, query: ClusterReliabilityQuery, mtbf_hours: float) -> None:
    checkpoint_s = query.checkpoint_s or CHECKPOINT_S
    restart_s = RESTART_S if query.restart_s is None else query.restart_s
    if query.checkpoint_s is None or query.restart_s is None:
        result.assumptions.append(f"Checkpoint {checkpoint_s:g} s, restart {restart_s:g} s")
    try:
        share, interval_s = _core.goodput(3600.0 * mtbf_hours, checkpoint_s, restart_s, query.interval_s)
    except _core.CoreError as error:
        field, value, allowed = error.args
        raise InputError(str(field), value, str(allowed)) from error
    result.goodput_percent, result.lost_percent = 100.0 * share, 100.0 * (1.0 - share)
    if query.interval_s is None:
        result.interval_s = interval_s
    result.young_interval_s = (2 * 3600 * mtbf_hours * checkpoint_s) ** 0.5
    if query.usd_per_chip_hour is not None and query.n_chips is not None and query.days is not None:
        result.lost_usd = (1.0 - share) * query.n_chips * query.days * 24.0 * query.usd_per_chip_hour
    result.formula += (
        f"; goodput = T/(M e^(R/M) (e^((T+C)/M) − 1)) = {100 * share:.3g} % with M {3600 * mtbf_hours:,.0f} s, "
        f"C {checkpoint_s:g} s, R {restart_s:g} s, T {interval_s:,.0f} s"
    )
    result.chart = _chart(mtbf_hours, checkpoint_s, restart_s)


def _chart(mtbf_hours: float, checkpoint_s: float, restart_s: float) -> dict[str, Any]:
    """Goodput as the cluster grows, at the same rate per chip."""
    rows = []
    for doubling in range(-4, 7):
        scale = 2.0**doubling
        share, _ = _core.goodput(3600.0 * mtbf_hours / scale, checkpoint_s, restart_s)
        rows.append({"size": scale, "goodput": 100.0 * share})
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": "Goodput as the cluster grows",
        "data": {"values": rows},
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": {
                "field": "size", "type": "quantitative", "title": "times this cluster",
                "scale": {"type": "log", "base": 2},
            },
            "y": {"field": "goodput", "type": "quantitative", "title": "goodput, %"},
        },
    }  # fmt: skip
