"""Why the smaller model is so much cheaper: size, margin and competition, multiplied step by step.

price ratio = cost ratio × margin step × competition, with cost ratio = size ratio × efficiency (what a smaller
model gains beyond its size: bigger batches, fewer chips) and margin step = (1 − margin after) / (1 − margin before).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, Field

from tools.catalog import Catalog
from tools.contract import Query, Result, Source, entity, quantity
from tools.errors import FactAbsent, InputError, MissingInput
from tools.finite import finite
from tools.money.api_prices import api_quote
from tools.serving.charts import bars
from tools.serving.precision import Precision, precision_field
from tools.serving_performance import ServingPerformanceQuery, serving_performance
from tools.solve import Default, Relations, Rule, Solution, fill, product, units_of
from tools.units import format_number

EXAMPLES: list[Any] = [
    {"question": "a model a tenth the size is 12 times cheaper to run; how much cheaper is it once a 60 % margin "
                 "is dropped to nothing?",
     "input": {"size_ratio": 10, "cost_ratio": 12, "gross_margin_percent": 60}, "want": "price_ratio"},
    {"question": "running cost falls 20x and the seller's 75 percent gross margin goes away, total price cut?",
     "input": {"cost_ratio": 20, "gross_margin_percent": 75}, "want": "price_ratio"},
    {"question": "how much cheaper is Llama 70B to serve than Llama 405B on 8 H200 in fp8?",
     "input": {"model": "llama-3.1-405b", "other_model": "llama-3.3-70b", "chip": "h200", "n_chips": 8,
               "weight_precision": "fp8"}, "want": "cost_ratio"},
    {"question": "if it is 24x cheaper overall and a 40% margin was removed, how much of it is the smaller model?",
     "input": {"price_ratio": 24, "gross_margin_percent": 40}, "want": "cost_ratio"},
    {"question": "prices came down 40x of which 16x is cheaper serving; what gross margin was given up?",
     "input": {"price_ratio": 40, "cost_ratio": 16}, "want": "gross_margin_percent"},
    {"question": "a price fell 24x, 8x of that is a cheaper model; what gross margin was removed?",
     "input": {"price_ratio": 24, "cost_ratio": 8}, "want": "gross_margin_percent"},
    {"question": "how many times the output price of GPT-4o mini is o1's list price",
     "input": {"api_model": "o1", "other_api_model": "gpt-4o-mini"}, "want": "output_price_ratio"},
    {"question": "a 25x cheaper model plus a 60% margin removed makes how much cheaper?",
     "input": {"cost_ratio": 25, "gross_margin_percent": 60}, "want": "price_ratio"},
    {"question": "what factor does losing a 50% gross margin take off a price",
     "input": {"gross_margin_percent": 50}, "want": "margin_factor"},
    {"question": "if an 8x smaller model costs 11x less, how much is gained beyond its size",
     "input": {"size_ratio": 8, "cost_ratio": 11}, "want": "efficiency_factor"},
    {"question": "10x smaller, 1.5x more efficient, margin from 70 % to 20 %, and rivals halve it: price ratio?",
     "input": {"size_ratio": 10, "efficiency_factor": 1.5, "gross_margin_percent": 70,
               "gross_margin_after_percent": 20, "competition_factor": 2}, "want": "price_ratio"},
]  # fmt: skip


def _margin_before(factor: float, after: float) -> float:
    """The margin (percent) whose fall to `after` takes `factor` off a price; a factor below 1 is no fall."""
    if factor < 1:
        raise ValueError("the price fell by less than the cost")
    return 100 * (1 - (1 - after / 100) / factor)


def _beyond(price: float, cost: float, margin: float) -> float:
    """What the price fell by beyond cost and margin; below 1 it fell by less, and nothing is left to explain."""
    if price < 0.995 * cost * margin:
        raise ValueError("the price fell by less than cost and margin")
    return price / cost / margin


STACK = Relations(
    product("size_ratio", "params_before", per=("params_after",)),
    product("cost_ratio", "size_ratio", "efficiency_factor"),
    Rule("margin_factor", ("gross_margin_percent", "gross_margin_after_percent"),
         lambda before, after: (1 - after / 100) / (1 - before / 100),
         "(1 − {gross_margin_after_percent}) / (1 − {gross_margin_percent})"),
    Rule("gross_margin_percent", ("margin_factor", "gross_margin_after_percent"),
         _margin_before,
         "1 − (1 − {gross_margin_after_percent}) / {margin_factor}"),
    [r for r in product("price_ratio", "cost_ratio", "margin_factor", "competition_factor")
     if r.target != "competition_factor"],
    Rule("competition_factor", ("price_ratio", "cost_ratio", "margin_factor"), _beyond,
         "{price_ratio} / {cost_ratio} / {margin_factor}"),
    product("price_ratio", "price_before", per=("price_after",)),
    Rule("price_ratio", ("price_fraction",), lambda f: 1 / f, "1 / {price_fraction}"),
    Rule("size_ratio", ("size_fraction",), lambda f: 1 / f, "1 / {size_fraction}"),
    Rule("cost_ratio", ("cost_fraction",), lambda f: 1 / f, "1 / {cost_fraction}"),
)  # fmt: skip


class ModelPriceStackQuery(Query):
    """Factors are "times cheaper" (above 1 means the second model or the later price is lower)."""

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})

    size_ratio: float | None = quantity(
        "How many times smaller the model is", "dimensionless", default=None, above=0,
        words=("times smaller", "smaller model", "size ratio"),
    )  # fmt: skip
    params_before: float | None = quantity(
        "Parameters of the larger model", "param", default=None, above=0, words=("large model", "from")
    )
    params_after: float | None = quantity(
        "Parameters of the smaller model", "param", default=None, above=0, words=("small model", "to")
    )
    efficiency_factor: float | None = quantity(
        "What a smaller model gains beyond its size (batch, chips)", "dimensionless", default=None, above=0,
        words=("more efficient", "beyond its size", "batching gain"),
    )  # fmt: skip
    cost_ratio: float | None = quantity(
        "How many times cheaper it is to run", "dimensionless", default=None, above=0,
        words=("times cheaper to run", "cheaper model", "cheaper to serve", "cheaper serving", "running cost falls", "is efficiency"),
    )  # fmt: skip
    gross_margin_percent: float | None = quantity(
        "Gross margin of the seller before", "percent", default=None, below=100, min=-1000,
        words=("gross margin", "margin removed", "margin dropped", "proprietary margin", "margin"),
    )  # fmt: skip
    gross_margin_after_percent: float | None = quantity(
        "Gross margin of the seller after", "percent", default=None, below=100, min=-1000,
        words=("margin afterwards", "margin after", "down to", "takes only", "host takes", "host keeps", "hoster margin",
               "open weights host"),
    )  # fmt: skip
    competition_factor: float | None = quantity(
        "How many times competition lowers the price beyond that", "dimensionless", default=None, above=0,
        words=("competition", "rivals", "price war"),
    )  # fmt: skip
    price_ratio: float | None = quantity(
        "How many times lower the price is in all", "dimensionless", default=None, above=0,
        words=("price ratio", "cheaper overall", "overall", "prices came down", "price fell", "price drop", "total",
               "once the margin is gone", "after the margin", "in the end"),
    )  # fmt: skip
    price_fraction: float | None = quantity(
        "The later price as a fraction of the first: 0.05 for a twentieth", "dimensionless", default=None,
        above=0, max=1, words=("of the price", "sells for a fraction of", "priced at a fraction", "price is a"),
    )  # fmt: skip
    cost_fraction: float | None = quantity(
        "Running cost of the smaller model as a fraction of the larger one's", "dimensionless", default=None,
        above=0, max=1, words=("of the cost", "costs a fraction to run", "fraction of the serving cost"),
    )  # fmt: skip
    size_fraction: float | None = quantity(
        "Size of the smaller model as a fraction of the larger one's", "dimensionless", default=None,
        above=0, max=1, words=("the size", "of the parameters", "fraction of the size"),
    )  # fmt: skip
    price_before: float | None = quantity(
        "Price of the first model", "USD/Mtoken", default=None, above=0, words=("first price", "was", "from")
    )
    price_after: float | None = quantity(
        "Price of the second model", "USD/Mtoken", default=None, above=0, words=("second price", "now", "to")
    )
    model: str | None = entity(
        "Larger open-weights model, whose serving cost is estimated", "model", default=None,
        words=("larger model", "from", "big model"),
    )  # fmt: skip
    other_model: str | None = entity(
        "Smaller open-weights model, whose serving cost is estimated", "model", default=None,
        words=("smaller model", "to", "small model"),
    )  # fmt: skip
    chip: str | None = entity(
        "Accelerator both are served on", "chip", default=None, words=("on", "chip", "GPU")
    )
    n_chips: int | None = quantity(
        "Chips both are served on", "chip", default=None, min=1, max=100_000, words=("chips", "GPUs")
    )
    weight_precision: Precision | None = precision_field("Number format of the weights", ("weights", "in"))
    api_model: str | None = entity(
        "First API model, priced by its list price",
        "api_model",
        default=None,
        words=("dearer", "first model"),
    )
    other_api_model: str | None = entity(
        "Second API model, priced by its list price",
        "api_model",
        default=None,
        words=("cheaper", "versus", "than"),
    )
    as_of: str | None = Field(
        None, description="Date of the list prices (YYYY-MM-DD)", json_schema_extra={"words": ["as of", "in"]}
    )


class ModelPriceStackResult(Result):
    """The steps; quantities that were given are not repeated."""

    price_ratio: float | None = quantity(
        "How many times lower the price is in all", "dimensionless", default=None, role="headline",
        words=("price ratio", "times cheaper", "in all", "total price cut", "overall"),
    )  # fmt: skip
    output_price_ratio: float | None = quantity(
        "List price of output tokens, first API model over second", "dimensionless", default=None,
        role="headline", words=("output price ratio", "times dearer", "times the price", "costs more per token"),
    )  # fmt: skip
    input_price_ratio: float | None = quantity(
        "List price of input tokens, first API model over second", "dimensionless", default=None, role="detail",
        words=("input price ratio",),
    )  # fmt: skip
    gross_margin_percent: float | None = quantity(
        "Gross margin given up", "percent", default=None, role="headline",
        words=("gross margin", "margin given up", "what margin"),
    )  # fmt: skip
    cost_ratio: float | None = quantity(
        "How many times cheaper it is to run", "dimensionless", default=None, role="headline",
        words=("cheaper to run", "serving cost ratio", "how much of it is the smaller model"),
    )  # fmt: skip
    margin_factor: float | None = quantity(
        "What the margin step alone takes off the price, as a factor", "dimensionless", default=None,
        role="headline", words=("margin factor", "factor of the margin", "margin step"),
    )  # fmt: skip
    efficiency_factor: float | None = quantity(
        "What the smaller model gains beyond its size", "dimensionless", default=None, role="headline",
        words=("beyond its size", "efficiency gain"),
    )  # fmt: skip
    competition_factor: float | None = quantity(
        "What is left to competition, as a factor", "dimensionless", default=None, role="headline",
        words=("competition", "left to competition"),
    )  # fmt: skip
    price_after: float | None = quantity(
        "Price after the steps", "USD/Mtoken", default=None, role="headline",
        words=("price after", "new price", "ends up at", "price per million afterwards"),
    )  # fmt: skip
    price_before: float | None = quantity(
        "Price before the steps", "USD/Mtoken", default=None, role="headline",
        words=("price before", "old price", "original price"),
    )  # fmt: skip
    size_ratio: float | None = quantity(
        "How many times smaller the model is",
        "dimensionless",
        default=None,
        role="detail",
        words=("size ratio",),
    )


def model_price_stack(query: ModelPriceStackQuery, catalog: Catalog) -> ModelPriceStackResult:
    """Price ratio of two models step by step: smaller model, margin removed, competition; list price ratios.

    Price ratio = cost ratio × (1 − margin after) / (1 − margin before) × competition, solved for whichever step is
    not given: the total, the margin given up, the gain beyond size; factors or fractions ("a twentieth of the cost").
    """
    more: dict[str, Any] = {"assumptions": [], "sources": []}
    known = {n: getattr(query, n) for n in STACK.names() if n in ModelPriceStackQuery.model_fields}
    _check_factors(known)
    stated = query.price_before is not None and query.price_after is not None  # then the names are only names
    if not stated and (query.api_model is not None or query.other_api_model is not None):
        more |= _list_prices(query, catalog, known)
    if query.model is not None and query.other_model is not None:
        more |= _served(query, catalog, known)
    solution = STACK.solve(known, _defaults(known))
    if query.gross_margin_percent is None and "gross_margin_percent" in solution.failed:
        least = (
            f"at least {format_number(solution.values['cost_ratio'])}, the cost ratio, for a margin given up"
        )
        raise InputError("price_ratio", query.price_ratio or query.price_fraction, least)
    if solution.values.get("price_ratio", 1.0) < 1:
        more["warnings"] = ["The second price is the higher one: the ratio is below 1."]
    if not more["sources"]:
        STACK.require(solution, query, "price_ratio", "cost_ratio", "margin_factor", "gross_margin_percent",
                      "efficiency_factor", "competition_factor", "size_ratio", "price_after", "price_before")  # fmt: skip
    return finite(
        fill(ModelPriceStackResult, solution, units_of(ModelPriceStackQuery, ModelPriceStackResult),
                chart=_chart(solution), table=_table(solution), **more)
    )  # fmt: skip


_TIMES = ("size_ratio", "cost_ratio", "price_ratio", "competition_factor")


def _check_factors(known: Mapping[str, float | None]) -> None:
    """A factor says how many times smaller or cheaper; what is below 1 is a fraction, and has its own field."""
    for name in _TIMES:
        value = known.get(name)
        if value is not None and value < 1:
            raise InputError(
                name, value, "at least 1: how many times smaller or cheaper (else give the fraction)"
            )


def _defaults(known: dict[str, float | None]) -> list[Default]:
    sized, cheaper = (
        any(known[f"{what}_{form}"] is not None for form in ("ratio", "fraction"))
        for what in ("size", "cost")
    )
    if known["price_before"] is not None and not cheaper and not sized:
        return []  # two prices alone: nothing says how the gap splits into steps
    if sized and cheaper and known["gross_margin_percent"] is None:
        return []  # the two give the gain beyond size, and no margin was spoken of
    neutral = [
        Default("gross_margin_after_percent", 0.0, "No margin is left afterwards (none was named)"),
        Default("competition_factor", 1.0, "No further cut by competition"),
        Default("gross_margin_percent", 0.0, "No margin step (none was named)"),
    ]
    if sized or known["params_before"] is not None:
        neutral.insert(2, Default("efficiency_factor", 1.0, "The smaller model is cheaper only by its size"))
    return [default for default in neutral if known.get(default.name) is None]


def _served(query: ModelPriceStackQuery, catalog: Catalog, known: dict[str, float | None]) -> dict[str, Any]:
    """Size and cost ratio of two open models on the same chips, by the serving model at the batch that fits.

    A token costs chips × rent / throughput, so the cost ratio is the inverse ratio of throughputs.
    """
    if query.chip is None:
        raise MissingInput("chip", "on which chips are both models served?")
    shared = {"chip": query.chip, "n_chips": query.n_chips or 8, "weight_precision": query.weight_precision}
    large, small = (
        serving_performance(ServingPerformanceQuery(model=name, **shared), catalog)
        for name in (query.model, query.other_model)
    )
    sizes = [catalog.model(str(name)).params_total for name in (query.model, query.other_model)]
    if large.output_tokens_per_s is None or small.output_tokens_per_s is None:
        raise FactAbsent("; ".join([*large.warnings, *small.warnings]) or "no throughput can be estimated")
    known["params_before"], known["params_after"] = (float(size) if size else None for size in sizes)
    ratio = known["cost_ratio"] = small.output_tokens_per_s / large.output_tokens_per_s
    on = [] if query.n_chips is not None else ["On 8 chips each (no number was named)"]
    return {
        "assumptions": [*on, *dict.fromkeys([*large.assumptions, *small.assumptions])],
        "sources": list(dict.fromkeys([*large.sources, *small.sources])),
        "cost_ratio": ratio,
        "formula": f"{format_number(small.output_tokens_per_s)} / {format_number(large.output_tokens_per_s)} output "
        f"tokens/s on the same chips = {format_number(ratio)}x cheaper",
    }


def _list_prices(
    query: ModelPriceStackQuery, catalog: Catalog, known: dict[str, float | None]
) -> dict[str, Any]:
    if query.api_model is None or query.other_api_model is None:
        raise InputError("other_api_model", query.other_api_model, "two API models to compare")
    first, second = (
        api_quote(catalog, name, query.as_of) for name in (query.api_model, query.other_api_model)
    )
    known["price_before"], known["price_after"] = first.output, second.output
    sources: list[Source] = [*first.sources, *second.sources]
    return {
        "output_price_ratio": _ratio(first.output, second.output),
        "input_price_ratio": _ratio(first.input, second.input),
        "assumptions": [first.says(), second.says()],
        "sources": sources,
        "formula": f"output: ${format_number(first.output)} / ${format_number(second.output)} per Mtoken = "
        f"{format_number(first.output / second.output)}x",
    }


def _ratio(a: float, b: float) -> float | None:
    return a / b if b else None


def _table(solution: Solution) -> dict[str, Any]:
    rows = [[label, solution.values[name]] for name, label in _STEPS if solution.values.get(name)]
    return {"columns": ["step", "times cheaper"], "rows": rows}


def _chart(solution: Solution) -> dict[str, Any] | None:
    rows = [(label, solution.values[name]) for name, label in _STEPS if solution.values.get(name)]
    return bars("Price steps", "", "times cheaper", rows) if len(rows) > 1 else None


_STEPS = (
    ("size_ratio", "smaller model"),
    ("efficiency_factor", "gain beyond size"),
    ("cost_ratio", "cheaper to run"),
    ("margin_factor", "margin removed"),
    ("competition_factor", "competition"),
    ("price_ratio", "in all"),
)
