"""A calculator that looks facts up: what a chip is and costs, how large a model is, what its tokens cost.

Not declared as an entry point here; `catalog_fact = "tools.catalog.lookup:catalog_fact"` in the group
`rackrate.calculators` makes it one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import ConfigDict, Field

from tools.catalog import Catalog
from tools.contract import Query, Result, entity, quantity
from tools.errors import FactAbsent, MissingInput, UnknownName

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.catalog.chips import Chip
    from tools.catalog.models import Model

Kind = Literal["hyperscaler", "neocloud", "marketplace", "managed", "index", "user"]
Term = Literal["on-demand", "spot", "reserved-1y", "reserved-3y", "capacity-block"]
EXAMPLES: list[Any] = [
    {"question": "what did an H100 rent for per hour at the end of 2024?",
     "input": {"chip": "h100-sxm", "as_of": "2024-12-31"}, "want": "rent_usd_per_chip_hour"},
    {"question": "what did renting an L40S cost per hour in 2025?",
     "input": {"chip": "l40s", "as_of": "2025"}, "want": "rent_usd_per_chip_hour"},
    {"question": "spot rent of an A100 in late 2026",
     "input": {"chip": "a100-sxm", "as_of": "2026-09-30", "term": "spot"}, "want": "rent_usd_per_chip_hour"},
    {"question": "list price to buy one MI300X",
     "input": {"chip": "mi300x"}, "want": "purchase_usd_per_chip"},
    {"question": "how much HBM is on a B200?", "input": {"chip": "b200"}, "want": "memory_gb"},
    {"question": "memory bandwidth of a Trainium2 in TB/s",
     "input": {"chip": "trainium2"}, "want": "bandwidth_tb_per_s"},
    {"question": "dense bf16 rate of TPU v5p", "input": {"chip": "tpu-v5p"}, "want": "bf16_tflops"},
    {"question": "TDP of an MI355X in watts", "input": {"chip": "mi355x"}, "want": "tdp_w"},
    {"question": "NVLink speed of an H200, one way", "input": {"chip": "h200"}, "want": "scale_up_gb_per_s"},
    {"question": "how many parameters has DeepSeek V3 in all?",
     "input": {"model": "deepseek-v3"}, "want": "params_total"},
    {"question": "how many parameters are active per token in Qwen3 235B?",
     "input": {"model": "qwen3-235b-a22b"}, "want": "params_active"},
    {"question": "list price of GPT-4o output tokens in June 2024",
     "input": {"api_model": "gpt-4o", "as_of": "2024-06-15"}, "want": "usd_per_mtok_output"},
]  # fmt: skip


class CatalogFactQuery(Query):
    """One chip, model or hosted model to look up, at a date where prices are wanted."""

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})

    chip: str | None = entity("The chip", "chip", default=None, words=("chip", "GPU", "accelerator"))
    model: str | None = entity("The model whose size is wanted", "model", default=None, words=("model",))
    api_model: str | None = entity(
        "The hosted model whose token price is wanted", "api_model", default=None, words=("API", "tokens of")
    )
    as_of: str | None = entity(
        "Prices up to this date: 2024-12-31, 2024-Q4 or 2024",
        "period",
        default=None,
        words=("in", "at the end of"),
    )
    kind: Kind | None = Field(None, description="Kind of provider; the open market when absent")
    term: Term = Field("on-demand", description="Rental term")


class CatalogFactResult(Result):
    """What the catalogue knows of it. What nobody sourced is absent."""

    rent_usd_per_chip_hour: float | None = quantity(
        "Median rent over providers", "USD/chip/hour", default=None, role="headline",
        words=("rent", "rent for", "rental price", "hourly price", "per hour", "to rent", "renting"),
    )  # fmt: skip
    rent_usd_per_chip_hour_low: float | None = quantity(
        "Lowest provider", "USD/chip/hour", default=None, role="detail", words=("cheapest rent",)
    )
    rent_usd_per_chip_hour_high: float | None = quantity(
        "Dearest provider", "USD/chip/hour", default=None, role="detail", words=("dearest rent",)
    )
    purchase_usd_per_chip: float | None = quantity(
        "Median purchase price of the year", "USD/chip", default=None, role="headline",
        words=("list price", "purchase price", "to buy", "price of one", "cost to buy", "what does it cost to buy"),
    )  # fmt: skip
    purchase_usd_per_chip_low: float | None = quantity(
        "Lowest", "USD/chip", default=None, role="detail", words=("lowest price",)
    )
    purchase_usd_per_chip_high: float | None = quantity(
        "Highest", "USD/chip", default=None, role="detail", words=("highest price",)
    )
    memory_gb: float | None = quantity(
        "Memory on the vendor's label", "GB", default=None, role="headline",
        words=("HBM", "memory", "VRAM", "memory capacity", "how much memory"),
    )  # fmt: skip
    memory_gb_low: float | None = quantity(
        "Memory, lowest source", "GB", default=None, role="detail", words=("usable memory",)
    )
    bandwidth_tb_per_s: float | None = quantity(
        "Memory bandwidth",
        "TB/s",
        default=None,
        role="headline",
        words=("memory bandwidth", "HBM bandwidth", "HBM speed", "memory speed"),
    )
    bf16_tflops: float | None = quantity(
        "Dense bf16 peak", "TFLOP/s", default=None, role="headline",
        words=("bf16", "dense peak", "peak FLOPs", "compute"),
    )  # fmt: skip
    fp8_tflops: float | None = quantity(
        "Dense fp8 peak", "TFLOP/s", default=None, role="headline", words=("fp8 peak", "fp8 rate")
    )
    fp4_tflops: float | None = quantity(
        "Dense fp4 peak", "TFLOP/s", default=None, role="detail", words=("fp4 peak", "fp4 rate")
    )
    scale_up_gb_per_s: float | None = quantity(
        "Scale-up link, one way per chip", "GB/s", default=None, role="detail",
        words=("NVLink", "link speed", "scale-up bandwidth", "ICI", "Infinity Fabric"),
    )  # fmt: skip
    scale_up_domain_chips: float | None = quantity(
        "Chips one scale-up network joins", "chip", default=None, role="detail", words=("scale-up domain",)
    )
    tdp_w: float | None = quantity(
        "Power the chip may draw", "W", default=None, role="headline", words=("TDP", "power", "watts", "draw")
    )
    params_total: float | None = quantity(
        "All parameters", "param", default=None, role="headline", words=("parameters", "how large", "size")
    )
    params_active: float | None = quantity(
        "Parameters one token passes through", "param", default=None, role="headline",
        words=("active parameters", "active per token", "activated"),
    )  # fmt: skip
    layers: float | None = quantity(
        "Layers", "dimensionless", default=None, role="detail", words=("layers", "depth", "how many layers")
    )
    context_tokens: float | None = quantity(
        "Longest context", "token", default=None, role="detail", words=("context window", "longest context")
    )
    usd_per_mtok_input: float | None = quantity(
        "List price of input tokens",
        "USD/Mtoken",
        default=None,
        role="headline",
        words=("input tokens", "input price"),
    )
    usd_per_mtok_output: float | None = quantity(
        "List price of output tokens", "USD/Mtoken", default=None, role="headline",
        words=("output tokens", "output price", "token price"),
    )  # fmt: skip


def catalog_fact(query: CatalogFactQuery, catalog: Catalog) -> CatalogFactResult:
    """Looks a chip, a model or a hosted model up: memory, speed, power, rent, price, size, token price.

    Raises:
        MissingInput: nothing named.
        FactAbsent: a closed model's size, or a token price before the model's release.
    """
    result = CatalogFactResult()
    if query.chip:
        _chip_facts(result, query, catalog, catalog.chip(query.chip))
    if query.model:
        _model_facts(result, catalog.model(query.model))
    if query.api_model:
        _token_prices(result, query, catalog)
    if not (query.chip or query.model or query.api_model):
        raise MissingInput("chip", "a chip, a model or a hosted model")
    result.sources = list(dict.fromkeys(result.sources))
    return result


_CHIP_FIELDS = {
    "memory_gb": "memory",
    "bandwidth_tb_per_s": "bandwidth",
    "bf16_tflops": "peak_bf16",
    "fp8_tflops": "peak_fp8",
    "fp4_tflops": "peak_fp4",
    "scale_up_gb_per_s": "scale_up",
    "scale_up_domain_chips": "scale_up_domain",
    "tdp_w": "tdp",
}


def _chip_facts(result: CatalogFactResult, query: CatalogFactQuery, catalog: Catalog, chip: Chip) -> None:
    for field, name in _CHIP_FIELDS.items():
        fact = chip.facts.get(name)
        if fact is None:
            continue
        setattr(result, field, float(fact.value))
        result.sources.append(fact.source)
        if field == "memory_gb":
            result.memory_gb_low = fact.low
        if fact.low is not None or fact.high is not None:
            low, high = fact.low or fact.value, fact.high or fact.value
            result.warnings.append(
                f"{name.replace('_', ' ')}: sources range from {low} to {high} {fact.unit}"
            )
    result.formula = f"{chip.name}: facts of the catalogue"
    _price(
        result,
        "rent_usd_per_chip_hour",
        lambda: catalog.rental_price(chip, query.as_of, query.kind, query.term),
    )
    _price(result, "purchase_usd_per_chip", lambda: catalog.purchase_price(chip, query.as_of))


def _price(result: CatalogFactResult, field: str, look: Callable[[], Any]) -> None:
    try:
        price = look()
    except FactAbsent as absent:
        result.warnings.append(str(absent))
        return
    setattr(result, field, price.value)
    setattr(result, f"{field}_low", price.low)
    setattr(result, f"{field}_high", price.high)
    said = f"; {price.note}" if price.note else ""
    result.assumptions.append(f"{price.kind} {price.term} price of {price.as_of} from {price.n} rows{said}")
    result.sources += price.sources


def _model_facts(result: CatalogFactResult, model: Model) -> None:
    if model.params_total is None:
        raise FactAbsent(f"the size of {model.name} is not public")
    result.params_total, result.params_active = model.params_total, model.params_active
    result.layers, result.context_tokens = model.layers, model.context_length
    result.formula = f"{model.name}: counted from its published shape"
    result.sources += model.sources("params_total", "layers", "context_length")


def _token_prices(result: CatalogFactResult, query: CatalogFactQuery, catalog: Catalog) -> None:
    try:
        price = catalog.api_price(str(query.api_model), query.as_of)
    except UnknownName as unknown:
        raise UnknownName("api_model", query.api_model, unknown.nearest) from unknown
    result.usd_per_mtok_input, result.usd_per_mtok_output = price.input, price.output
    result.formula = f"{price.model} at {price.provider} on {price.as_of}"
    result.assumptions += [price.note] if price.note else []
    result.sources += price.sources
