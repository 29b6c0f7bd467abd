"""What scaling costs and buys: the ladder of budgets, and the compute-optimal run of a budget or a size.

C = 6 N D (Kaplan et al. 2020); the optimum by a published law (``tools/catalog/laws.yaml``); repetition by
Muennighoff et al. 2023; the size adjusted for inference by Sardana et al. 2023 (arXiv:2401.00448).
"""

from __future__ import annotations

import math
from typing import Any

from tools import _core
from tools.catalog import Catalog
from tools.catalog.laws import DEFAULT, Law, load_laws
from tools.catalog.laws import law as law_named
from tools.contract import Source
from tools.errors import FactAbsent, InputError, MissingInput
from tools.scaling.spend_ladder import LADDER, LADDER_ANSWERS, Ladder, between, of_runs
from tools.scaling.spend_query import LawOptimum, ScalingSpendQuery, ScalingSpendResult
from tools.serving.charts import bars
from tools.serving.compute_rate import (
    RATE_RULES,
    SIX_N_D,
    ComputeRate,
    chip_hours_text,
    given_rate,
    rental_rate,
)
from tools.solve import Relations, Rule, Solution, product, units_of
from tools.units import format_number, format_quantity

# claim steps-30m-to-30b: budgets of 30M, 300M, 3B and 30B, the 300M ones then behind
PRESENT_STEP_USD = 300e6
DEFAULT_FACTOR = 10.0
TEXT_STOCK_TOKENS = 322e12
CHINCHILLA_RATIO = 20.0
_VILLALOBOS = Source(
    title="Villalobos et al. 2024, Will we run out of data? Limits of LLM scaling based on human-generated data",
    url="https://arxiv.org/abs/2211.04325", as_of="2024-06",
    says="About 322 trillion effective tokens of public text (95 %: 65 to 1,685 trillion)",
)  # fmt: skip
_SARDANA = Source(
    title="Sardana et al. 2023, Beyond Chinchilla-Optimal: Accounting for Inference in Language Model Scaling Laws",
    url="https://arxiv.org/abs/2401.00448", as_of="2023-12",
)  # fmt: skip

_SIZES = Relations(
    SIX_N_D,
    product("tokens", "params", "tokens_per_param"),
    Rule("params", ("flop", "tokens_per_param"), lambda c, r: math.sqrt(c / (6 * r)), "√(FLOP / 6 / ratio)"),
    product("tokens", "unique_tokens", "epochs"),
    RATE_RULES,
)  # fmt: skip
_UNITS = units_of(ScalingSpendQuery, ScalingSpendResult)
_LADDER_FIELDS = ("start_usd", "end_usd", "factor", "steps", "growth_per_year", "years")
_SIZE_FIELDS = ("flop", "params", "tokens", "tokens_per_param", "chip_hours", "unique_tokens", "epochs")


def scaling_spend(query: ScalingSpendQuery, catalog: Catalog) -> ScalingSpendResult:
    """What a training budget buys: compute-optimal parameters, tokens, loss and dollars; what the next 10x costs.

    Also sums a ladder of training runs (30M, 300M, 3B dollars), counts tenfold steps, decades or years between
    two budgets, gives the fall of the loss for more compute, data limits and repeated epochs, and the size that
    is cheapest with inference counted. Chinchilla's 20 tokens per parameter unless another law is named; the
    spread over all published laws is shown.
    """
    query = _with_model(query, catalog)
    if query.runs_usd or _is_ladder(query):
        return _ladder(query, catalog)
    query = _with_growth(query)
    if query.compute_factor is not None or query.loss_drop_percent is not None:
        return _more_compute(query)
    return _run(query, catalog)


def _with_model(query: ScalingSpendQuery, catalog: Catalog) -> ScalingSpendQuery:
    """The query with a catalogue model turned into its parameters at work per token."""
    if query.model is None or query.params is not None:
        return query
    entry = catalog.model(query.model)
    params = entry.params_active or entry.params_total
    if params is None:
        raise FactAbsent(f"the size of {entry.name} is not public")
    return query.model_copy(update={"params": float(params)})


def _with_growth(query: ScalingSpendQuery) -> ScalingSpendQuery:
    """The query with two sizes of a cluster, or two amounts of compute, turned into how many times more it is."""
    for start, end in ((query.start_chips, query.end_chips), (query.start_flop, query.end_flop)):
        if start is not None and end is not None and query.compute_factor is None:
            return query.model_copy(update={"compute_factor": max(start, end) / min(start, end)})
    return query


def _is_ladder(query: ScalingSpendQuery) -> bool:
    moves = (query.factor, query.steps, query.n_runs, query.end_usd, query.growth_per_year, query.years)
    return query.start_usd is not None or any(value is not None for value in moves)


# --- the ladder of budgets -----------------------------------------------------------------------------------


def _ladder(query: ScalingSpendQuery, catalog: Catalog) -> ScalingSpendResult:
    if query.runs_usd:
        return _sum_of_runs(query.runs_usd)
    known: dict[str, float | None] = {name: getattr(query, name) for name in _LADDER_FIELDS}
    if known["start_usd"] is None:
        known["start_usd"] = query.budget_usd
    if known["steps"] is None and query.n_runs is not None:
        known["steps"] = query.n_runs - 1.0
    assumptions = []
    if (
        known["factor"] is None
        and query.growth_per_year is None
        and query.years is None
        and not _pinned(known)
    ):
        known["factor"] = DEFAULT_FACTOR
        assumptions.append("Each step is taken as ten times the one before")
    if known["factor"] is not None and all(
        known[n] is None for n in ("start_usd", "end_usd", "overall_factor") if n in known
    ):
        known["start_usd"] = PRESENT_STEP_USD
        assumptions.append(
            "The step starts from a run of $300M, the present one of the ladder told in December 2024"
        )
    solution = LADDER.solve(known)
    LADDER.require(solution, query, *LADDER_ANSWERS)
    found = {n: v for n, v in solution.found().items() if n in ScalingSpendResult.model_fields}
    rungs = _rungs(solution)
    if rungs:
        found |= {"total_usd": rungs.total_usd, "last_share_percent": rungs.last_share_percent}
    if query.end_usd is not None:
        found.pop("next_usd", None)
    result = ScalingSpendResult(
        **found, formula=solution.formula(_UNITS), assumptions=assumptions,
        table=_rung_table(rungs) if rungs else None,
    )  # fmt: skip
    return _with_losses(result, query, catalog, solution)


def _pinned(known: dict[str, float | None]) -> bool:
    """Whether the factor follows from the rest."""
    return all(known[n] is not None for n in ("start_usd", "end_usd", "steps"))


def _sum_of_runs(runs: list[float]) -> ScalingSpendResult:
    ladder = of_runs(runs)
    decades = math.log10(max(runs) / min(runs))
    sum_text = " + ".join(f"${format_number(run)}" for run in runs)
    return ScalingSpendResult(
        total_usd=ladder.total_usd, last_share_percent=ladder.last_share_percent, decades=decades or None,
        formula=f"{sum_text} = ${format_number(ladder.total_usd)}", table=_rung_table(ladder),
    )  # fmt: skip


def _rungs(solution: Solution) -> Ladder | None:
    start, factor, steps = (solution.get(n) for n in ("start_usd", "factor", "steps"))
    if start is None or factor is None or factor <= 1:
        return None
    return between(start, factor, 1.0 if steps is None else steps)


def _rung_table(ladder: Ladder) -> dict[str, Any]:
    running = 0.0
    rows = []
    for number, run in enumerate(ladder.runs_usd, 1):
        running += run
        rows.append([number, run, running, 100.0 * run / ladder.total_usd])
    return {"columns": ["run", "USD", "USD so far", "% of the total"], "rows": rows}


def _with_losses(
    result: ScalingSpendResult, query: ScalingSpendQuery, catalog: Catalog, solution: Solution
) -> ScalingSpendResult:
    """Add what the next step buys, when the chips that the money rents are named."""
    start, after = solution.get("start_usd"), solution.get("end_usd") or solution.get("next_usd")
    if start is None or after is None:
        return result
    if query.chip is None:
        return _what_it_buys(result, after / start)
    law, (before, later) = _law(query), (_budget_flop(query, catalog, usd)[0] for usd in (start, after))
    result.loss, result.loss_after = law.optimum(before).loss, law.optimum(later).loss
    result.law, result.sources = law.id, [law.source]
    return result


def _what_it_buys(result: ScalingSpendResult, factor: float) -> ScalingSpendResult:
    """What a step buys whatever the chips: compute as the money, reducible loss by each law's exponent."""
    drops = [
        (1.0 - factor**-law.loss_exponent, law)
        for law in load_laws().values()
        if law.loss_exponent is not None and not law.loss_from
    ]
    if not drops or factor <= 1.0:
        return result
    (least, gentle), (most, steep) = min(drops, key=lambda row: row[0]), max(drops, key=lambda row: row[0])
    result.formula += (
        f"; at the same price of compute it buys {format_number(factor)}× the FLOP, which lowers the reducible loss by "
        f"{100 * least:.3g} % ({gentle.name}) to {100 * most:.3g} % ({steep.name})"
    )
    result.sources = [*result.sources, gentle.source, steep.source]
    return result


# --- more compute, less loss ---------------------------------------------------------------------------------


def _more_compute(query: ScalingSpendQuery) -> ScalingSpendResult:
    """(C2/C1) = (1 - drop)^(-1/γ)."""
    law = law_named(query.law or "kaplan-2020")
    exponent = abs(query.loss_exponent) if query.loss_exponent else law.loss_exponent
    assert exponent is not None
    part = "loss" if law.loss_floor == 0 and query.loss_exponent is None else "reducible loss"
    origin = "as given" if query.loss_exponent else f"{law.name}"
    result = ScalingSpendResult(law=None if query.loss_exponent else law.id)
    if query.compute_factor is not None:
        result.loss_drop_percent = 100.0 * (1.0 - query.compute_factor**-exponent)
        result.formula = f"{part} × {format_number(query.compute_factor)}^(−{exponent:.4g}) = −{result.loss_drop_percent:.3g} %"
    else:
        assert query.loss_drop_percent is not None
        result.compute_factor = (1.0 - query.loss_drop_percent / 100.0) ** (-1.0 / exponent)
        shown = format_number(result.compute_factor)
        result.formula = (
            f"(1 − {query.loss_drop_percent:g} %)^(−1/{exponent:.4g}) = {shown} times the compute"
        )
    result.assumptions = [f"The {part} falls as compute^(−{exponent:.4g}): {origin}"]
    result.sources = [] if query.loss_exponent else [law.source]
    result.table = _exponent_table(query)
    return result


def _exponent_table(query: ScalingSpendQuery) -> dict[str, Any]:
    rows = []
    for entry in load_laws().values():
        gamma = entry.loss_exponent
        if gamma is None or entry.loss_from:
            continue
        if query.compute_factor is not None:
            rows.append([entry.name, gamma, 100.0 * (1.0 - query.compute_factor**-gamma)])
        else:
            rows.append(
                [entry.name, gamma, (1.0 - (query.loss_drop_percent or 0.0) / 100.0) ** (-1.0 / gamma)]
            )
    last = "% lower reducible loss" if query.compute_factor is not None else "times the compute"
    return {"columns": ["law", "exponent", last], "rows": rows}


# --- one run -------------------------------------------------------------------------------------------------


def _law(query: ScalingSpendQuery) -> Law:
    if query.law:
        return law_named(query.law)
    if query.inference_tokens is not None:
        return law_named("sardana-2023")
    return law_named(DEFAULT if query.unique_tokens is None else "muennighoff-2023")


def _budget_flop(query: ScalingSpendQuery, catalog: Catalog, usd: float) -> tuple[float, ComputeRate]:
    rate = rental_rate(query, catalog)
    price = rate.known.get("usd_per_chip_hour")
    if price is None:
        raise MissingInput("usd_per_chip_hour", "At what price per chip-hour?")
    return usd / price * 3600e12 * rate.known["peak_tflops"] * rate.known["mfu"], rate


def _run(query: ScalingSpendQuery, catalog: Catalog) -> ScalingSpendResult:
    law = _law(query)
    known: dict[str, float | None] = {name: getattr(query, name) for name in _SIZE_FIELDS}
    known |= given_rate(query)
    known["usd"] = query.budget_usd
    rate = ComputeRate()
    solution = _SIZES.solve(known)
    if not any(solution.get(n) for n in ("flop", "params", "tokens")):
        known["flop"] = _starting_flop(query, catalog, law, rate, known)
        solution = _SIZES.solve({**known, **rate.known})
    solution = _fill_by_law(solution, law, query, {**known, **rate.known})
    if not rate.known:
        rate = rental_rate(query, catalog)
        solution = _SIZES.solve(solution.values | rate.known)
    return _run_result(query, law, solution, rate)


def _starting_flop(
    query: ScalingSpendQuery, catalog: Catalog, law: Law, rate: ComputeRate, known: dict[str, float | None]
) -> float | None:
    """Compute of a question that names no size: from the loss wanted, or from the money or chip-hours."""
    if query.loss is not None:
        return law.flop_for_loss(query.loss)
    if query.budget_usd is None and query.chip_hours is None:
        if query.unique_tokens is not None:  # data is all there is: spend what is optimal for it
            known["tokens"], known["epochs"] = (
                query.unique_tokens * (query.epochs or 1.0),
                query.epochs or 1.0,
            )
            return None
        raise MissingInput("budget_usd", "a training budget, compute, model size, number of tokens or loss")
    if query.budget_usd is not None:
        flop, filled = _budget_flop(query, catalog, query.budget_usd)
    else:
        filled = rental_rate(query, catalog)
        flop = (query.chip_hours or 0.0) * 3600e12 * filled.known["peak_tflops"] * filled.known["mfu"]
    rate.known, rate.assumptions, rate.sources = filled.known, filled.assumptions, filled.sources
    rate.low_price, rate.high_price, rate.warnings = filled.low_price, filled.high_price, filled.warnings
    return flop


def _fill_by_law(
    solution: Solution, law: Law, query: ScalingSpendQuery, known: dict[str, float | None]
) -> Solution:
    """Let the law (or the data limit) choose what the question left open."""
    values = solution.values
    if "params" in values and "tokens" in values:
        return solution
    if "flop" in values:
        best = _limited_optimum(values["flop"], query, law)
        return _SIZES.solve(known | {"flop": values["flop"], "params": best[0], "tokens": best[1]})
    side = "params" if "params" in values else "tokens"
    flop = law.flop_for(**{side: values[side]})
    return _SIZES.solve(known | {side: values[side], "flop": flop})


def _limited_optimum(flop: float, query: ScalingSpendQuery, law: Law) -> tuple[float, float]:
    best = law.optimum(flop)
    if query.unique_tokens is None or best.tokens <= query.unique_tokens:
        return best.params, best.tokens
    data = law_named("muennighoff-2023")
    assert data.parameters is not None
    assert data.half_lives is not None
    params, tokens, _ = _core.law_repeated_optimum(
        data.parameters, data.half_lives, flop, query.unique_tokens
    )
    return params, tokens


def _run_result(
    query: ScalingSpendQuery, law: Law, solution: Solution, rate: ComputeRate
) -> ScalingSpendResult:
    values = solution.values
    params, tokens, flop = values["params"], values["tokens"], values["flop"]
    result = ScalingSpendResult(
        params=params, tokens=tokens, flop=flop, tokens_per_param=tokens / params, law=law.id,
        loss=law.loss(params, tokens), usd=values.get("usd"), chip_hours=values.get("chip_hours"),
        formula=_formula(query, solution, law),
        assumptions=_law_assumptions(query, law) + rate.assumptions, warnings=list(rate.warnings),
        sources=[law.source, *rate.sources],
    )  # fmt: skip
    _add_cost_range(result, rate)
    _add_spread(result, query)
    _add_optimum(result, query, law)
    _add_rule(result, query)
    _add_repetition(result, query, law)
    _add_inference(result, query, law)
    return result


def _formula(query: ScalingSpendQuery, solution: Solution, law: Law) -> str:
    """What chose the split, the identity C = 6ND with the numbers in, and the money."""
    units = {"params": "param", "tokens": "token", "flop": "FLOP"}
    size = {n: format_quantity(solution.values[n], unit) for n, unit in units.items()}
    parts = []
    if query.params is None or query.tokens is None:
        ratio = query.tokens_per_param or law.tokens_per_param
        parts.append(
            f"tokens = {ratio:g} × parameters" if ratio else f"{law.id}: N* ~ C^{law.params_exponent:.3g}"
        )
    parts.append(f"6 × {size['params']} × {size['tokens']} = {size['flop']}")
    money = solution.formula(_UNITS, [n for n in ("usd", "chip_hours") if n in solution.found()])
    return chip_hours_text("; ".join([*parts, *([money] if money else [])]))


def _law_assumptions(query: ScalingSpendQuery, law: Law) -> list[str]:
    chosen = query.law or query.tokens_per_param or (query.params and query.tokens)
    said = [] if chosen else [f"Law: {law.name}"]
    if law.loss_from and query.loss is not None:
        said.append(f"Loss by {law_named(law.loss_from).name}, since {law.id} has none of its own")
    return said + ([law.note] if law.note else [])


def _add_cost_range(result: ScalingSpendResult, rate: ComputeRate) -> None:
    if result.chip_hours is None or result.usd is None or rate.low_price is None or rate.high_price is None:
        return
    result.usd_low, result.usd_high = result.chip_hours * rate.low_price, result.chip_hours * rate.high_price


def _add_spread(result: ScalingSpendResult, query: ScalingSpendQuery) -> None:
    """The same question by every law; Kaplan's superseded law stays out of the range."""
    result.laws = [_by_law(entry, result, query) for entry in load_laws().values()]
    if query.law is None and query.tokens_per_param is None and query.unique_tokens is None:
        modern = [o for o in result.laws if o.law != "kaplan-2020"]
        if query.params is None:
            result.params_low, result.params_high = (
                min(o.params for o in modern),
                max(o.params for o in modern),
            )
        if query.tokens is None:
            result.tokens_low, result.tokens_high = (
                min(o.tokens for o in modern),
                max(o.tokens for o in modern),
            )
    columns = ["law", "params", "tokens", "FLOP", "loss"]
    result.table = {
        "columns": columns,
        "rows": [[o.name, o.params, o.tokens, o.flop, o.loss] for o in result.laws],
    }
    result.chart = _chart(result)


def _by_law(law: Law, result: ScalingSpendResult, query: ScalingSpendQuery) -> LawOptimum:
    if query.params is not None and query.flop is None and query.budget_usd is None and query.tokens is None:
        flop = law.flop_for(params=query.params)
    elif (
        query.tokens is not None and query.params is None and query.flop is None and query.budget_usd is None
    ):
        flop = law.flop_for(tokens=query.tokens)
    else:
        assert result.flop is not None
        flop = result.flop
    best = law.optimum(flop)
    return LawOptimum(
        law=law.id, name=law.name, params=best.params, tokens=best.tokens, flop=flop, loss=best.loss,
        tokens_per_param=best.tokens / best.params,
    )  # fmt: skip


def _chart(result: ScalingSpendResult) -> dict[str, Any]:
    points: list[dict[str, Any]] = [
        {"law": o.law, "params": o.params, "tokens": o.tokens} for o in result.laws
    ]
    if result.params and result.tokens:
        points.append({"law": "this answer", "params": result.params, "tokens": result.tokens})
    if (
        len({round(float(point["params"]), -3) for point in points}) == 1
    ):  # the size was given: only tokens differ
        rows = [(str(point["law"]), float(point["tokens"])) for point in points]
        return bars("Training tokens by published law", "law", "tokens", rows)
    axis = {"type": "quantitative", "scale": {"type": "log"}}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": "Parameters and tokens by published law",
        "data": {"values": points},
        "mark": {"type": "point", "filled": True, "size": 90},
        "encoding": {
            "x": {"field": "params", "title": "parameters", **axis},
            "y": {"field": "tokens", "title": "training tokens", **axis},
            "color": {"field": "law", "type": "nominal", "title": None},
        },
    }


def _add_optimum(result: ScalingSpendResult, query: ScalingSpendQuery, law: Law) -> None:
    """For a run whose size and data were both given: where the optimum of its compute lies."""
    if query.params is None or query.tokens is None:
        return
    assert result.flop is not None
    best = law.optimum(result.flop)
    result.optimal_params, result.optimal_tokens = best.params, best.tokens


def _add_rule(result: ScalingSpendResult, query: ScalingSpendQuery) -> None:
    """How far a run of stated size and data is past a rule of tokens per parameter."""
    if query.params is None or query.tokens is None:
        return
    each = query.rule_tokens_per_param or CHINCHILLA_RATIO
    result.rule_tokens = each * query.params
    result.over_rule_factor = query.tokens / result.rule_tokens
    result.formula += (
        f"; {format_quantity(query.tokens, 'token')} / ({each:g} × {format_quantity(query.params, 'param')}) = "
        f"{format_number(result.over_rule_factor)} times the rule"
    )


def _add_repetition(result: ScalingSpendResult, query: ScalingSpendQuery, law: Law) -> None:
    assert result.tokens is not None
    assert result.params is not None
    if query.unique_tokens is None:
        if result.tokens > TEXT_STOCK_TOKENS:
            result.warnings.append(
                "More tokens than the public stock of text, about 322 trillion effective tokens"
            )
            result.sources.append(_VILLALOBOS)
        return
    data = law if law.half_lives else law_named("muennighoff-2023")
    assert data.half_lives is not None
    assert data.parameters is not None
    result.epochs = max(1.0, result.tokens / query.unique_tokens)
    seen = min(query.unique_tokens, result.tokens)
    result.effective_tokens = _core.effective_tokens(seen, result.epochs - 1.0, data.half_lives[0])
    result.token_worth_percent = 100.0 * result.effective_tokens / result.tokens
    result.loss = _core.law_repeated_loss(
        data.parameters, data.half_lives, result.params, result.tokens, query.unique_tokens
    )
    result.sources.append(data.source)
    ceiling = 1.0 + data.half_lives[0]
    result.assumptions.append(
        f"Repeats are worth D' = U + U R*(1 − e^(−R/R*)), R* = {data.half_lives[0]:.4g}: "
        f"never more than {ceiling:.4g} times the unique tokens; loss by {data.name}"
    )


def _add_inference(result: ScalingSpendResult, query: ScalingSpendQuery, law: Law) -> None:
    if query.inference_tokens is None:
        return
    parametric = law if law.parameters else law_named(law.loss_from or "besiroglu-2024")
    assert parametric.parameters is not None
    assert result.params is not None
    assert result.tokens is not None
    loss = query.loss or _core.law_loss(parametric.parameters, result.params, result.tokens)
    try:
        params, tokens, _ = _core.law_inference_adjusted(parametric.parameters, loss, query.inference_tokens)
    except _core.CoreError as error:
        raise InputError("loss", loss, f"above the irreducible loss of {parametric.id}") from error
    result.adjusted_params, result.adjusted_tokens = params, tokens
    whole = 6 * result.params * result.tokens + 2 * result.params * query.inference_tokens
    result.saved_flop = whole - (6 * params * tokens + 2 * params * query.inference_tokens)
    result.saving_percent = 100.0 * result.saved_flop / whole
    result.assumptions.append(
        f"Training 6ND plus serving 2ND at an equal loss of {loss:.4f} by {parametric.name}"
    )
    result.sources.append(_SARDANA)
