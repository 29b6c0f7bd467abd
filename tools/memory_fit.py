"""Does it fit: weights (and KV cache, if asked) against the memory of chips; the gap, the chips, the largest model.

needed = parameters × bytes + KV cache of the requests named; usable per chip = memory × (1 − reserve) − overhead;
chips = ceil(needed / usable per chip).
"""

from __future__ import annotations

import math
from typing import Any

from pydantic import ConfigDict

from tools.catalog import Catalog
from tools.contract import Result, quantity
from tools.errors import MissingInput
from tools.finite import finite
from tools.serving.charts import bars
from tools.serving.precision import bytes_per_element
from tools.serving.served import (
    GB,
    NO_RESERVE_NAMED,
    USUAL_RESERVE,
    ChipQuery,
    Memory,
    ModelQuery,
    Notes,
    Served,
    resolve_memory,
    resolve_model,
)
from tools.units import format_number

EXAMPLES: list[Any] = [
    {"question": "how many H200s do the weights of Llama 405B need in bf16?",
     "input": {"model": "llama-3.1-405b", "chip": "h200", "weight_precision": "bf16"}, "want": "chips_needed"},
    {"question": "GPUs to hold a two trillion parameter network in 4 bit on MI300X with 85 % of HBM usable",
     "input": {"params": 2e12, "chip": "mi300x", "weight_precision": "fp4", "usable_fraction": 0.85},
     "want": "chips_needed"},
    {"question": "does mixtral 8x22b in 16 bit go on two A100 80GB? how much memory is missing?",
     "input": {"model": "mixtral-8x22b", "chip": "a100-sxm-80gb", "n_chips": 2, "weight_precision": "bf16"},
     "want": "shortfall_gb"},
    {"question": "how many GB are left over after loading Llama 70B in fp8 on one MI300X",
     "input": {"model": "llama-3.1-70b", "chip": "mi300x", "n_chips": 1, "weight_precision": "fp8"},
     "want": "headroom_gb"},
    {"question": "GB of memory free for the KV cache with Llama 405B in fp8 on eight H100, a tenth kept free",
     "input": {"model": "llama-3.1-405b", "chip": "h100-sxm", "n_chips": 8, "weight_precision": "fp8",
               "reserve_fraction": 0.1}, "want": "headroom_gb"},
    {"question": "how big are the weights of DeepSeek V3 in fp8, in GB",
     "input": {"model": "deepseek-v3", "weight_precision": "fp8"}, "want": "weight_gb"},
    {"question": "what is the largest model in billions of parameters that eight B200 hold in fp8, 10 % reserve",
     "input": {"chip": "b200", "n_chips": 8, "weight_precision": "fp8", "reserve_fraction": 0.1},
     "want": "largest_params"},
    {"question": "H100s needed for a 13B model in bf16 with 64 users at 4k context",
     "input": {"params": 13e9, "chip": "h100-sxm", "weight_precision": "bf16", "n_requests": 64,
               "context_tokens": 4000}, "want": "chips_needed"},
    {"question": "how many copies of Llama 405B in fp8 run on 5,000 H100 if each takes 8",
     "input": {"model": "llama-3.1-405b", "weight_precision": "fp8", "chip": "h100-sxm", "n_chips": 5000,
               "chips_per_replica": 8}, "want": "replicas"},
    {"question": "total HBM of 20,000 H200 in petabytes",
     "input": {"chip": "h200", "n_chips": 20000}, "want": "total_memory_gb"},
    {"question": "GB left on a 16 GB card with a 7B model in 8 bit",
     "input": {"params": 7e9, "weight_precision": "int8", "chip_memory_gb": 16}, "want": "spare_gb"},
    {"question": "can a 34B model at int4 run on a 24 GB card?",
     "input": {"params": 34e9, "weight_precision": "int4", "chip_memory_gb": 24, "n_chips": 1},
     "want": "headroom_gb"},
]  # fmt: skip


class MemoryFitQuery(ModelQuery, ChipQuery):
    """A model and chips: whether one fits the other. Leave out the model for the largest that fits."""

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})

    context_tokens: float | None = quantity(
        "Context length of each request whose KV cache must fit too", "token", default=None, above=0,
        words=("context", "sequence length", "tokens each"),
    )  # fmt: skip
    n_requests: float | None = quantity(
        "Requests whose KV cache must fit beside the weights", "request", default=None, above=0,
        words=("users", "concurrent requests", "batch", "sequences"),
    )  # fmt: skip
    chips_per_replica: int | None = quantity(
        "Chips that one copy of the model is spread over", "chip", default=None, min=1,
        words=("per replica", "chips per copy", "GPUs per replica", "each takes", "per instance", "GPUs each", "per copy"),
    )  # fmt: skip


class MemoryFitResult(Result):
    """What fits. Negative headroom is a shortfall; fields that were not asked for are absent."""

    fits: bool | None = None
    shortfall_gb: float | None = quantity(
        "Memory missing on the chips given", "GB", default=None, role="headline",
        words=("short", "GB short", "missing", "gap", "over capacity", "too big by", "lacking", "short on weights alone"),
    )  # fmt: skip
    headroom_gb: float | None = quantity(
        "Memory left on the chips given after what must be held (negative: it does not fit)", "GB",
        default=None, role="headline",
        words=("left over", "left", "spare", "remaining", "free", "room left", "headroom"),
    )  # fmt: skip
    chips_needed: float | None = quantity(
        "Fewest chips that hold it", "chip", default=None, role="headline",
        words=("chips needed", "GPUs needed", "how many GPUs", "how many chips", "to hold", "minimum"),
    )  # fmt: skip
    servers_needed: float | None = quantity(
        "Whole servers that hold it, as the chip is sold", "server", default=None, role="detail",
        words=("servers", "nodes", "how many servers", "boxes", "machines"),
    )  # fmt: skip
    spare_gb: float | None = quantity(
        "Memory left on the fewest chips that hold it", "GB", default=None, role="detail",
        words=("left over", "left", "spare", "remaining", "room left"),
    )  # fmt: skip
    largest_params: float | None = quantity(
        "Parameters of the largest model whose weights fit the chips given", "param", default=None,
        role="headline", words=("largest model", "biggest model", "max parameters", "how big a model"),
    )  # fmt: skip
    replicas: float | None = quantity(
        "Copies of the model that the chips given can hold", "dimensionless", default=None, role="detail",
        words=("copies", "replicas", "instances"),
    )  # fmt: skip
    weight_gb: float | None = quantity(
        "Size of the weights", "GB", default=None, role="headline",
        words=("size of the weights", "checkpoint size", "model size in GB", "weights take", "how big"),
    )  # fmt: skip
    kv_gb: float | None = quantity("Part of it that is cache", "GB", default=None, role="detail")
    needed_gb: float | None = quantity(
        "Memory needed in all", "GB", default=None, role="detail", words=("needed", "required", "in all"),
    )  # fmt: skip
    usable_gb: float | None = quantity(
        "Memory of the chips given that may be used", "GB", default=None, role="detail",
        words=("usable memory", "usable HBM", "available memory"),
    )  # fmt: skip
    total_memory_gb: float | None = quantity(
        "Labelled memory of the chips given", "GB", default=None, role="detail",
        words=("total HBM", "total memory", "aggregate memory", "memory capacity of the cluster"),
    )  # fmt: skip


def memory_fit(query: MemoryFitQuery, catalog: Catalog) -> MemoryFitResult:
    """Chips needed to hold a model, the gap in GB when it does not fit, what is left, the largest that fits.

    Counts weights, and the KV cache of the requests named; a catalogue model or a bare number of parameters;
    catalogue chips or a memory size in GB.
    """
    notes, result = Notes(), MemoryFitResult()
    has_model = query.model is not None or query.params is not None
    has_chip = query.chip is not None or query.chip_memory_gb is not None
    if not has_model and not has_chip:
        raise MissingInput("model", "which model (or how many parameters), on which chip?")
    served = _model_side(query, catalog, notes, result) if has_model else None
    if has_chip:
        memory = resolve_memory(query, catalog, notes)
        _chip_side(query, memory, result)
        if served is not None:
            _fit(query, served, memory, result, notes)
        else:
            _largest(query, memory, result, notes)
    result.assumptions, result.warnings, result.sources = notes.assumptions, notes.warnings, notes.sources
    result.taken = notes.taken
    return finite(result)


def _model_side(query: MemoryFitQuery, catalog: Catalog, notes: Notes, result: MemoryFitResult) -> Served:
    if query.n_requests is not None and query.context_tokens is None:
        raise MissingInput("context_tokens", "the context length of each request")
    with_cache = query.context_tokens is not None
    served = resolve_model(query, catalog, notes, kv=with_cache)
    needed = weights = served.weight_bytes
    size = bytes_per_element(served.weight_precision)
    result.weight_gb = weights / GB
    result.formula = (
        f"{served.params or 0:,.0f} parameters × {size:g} B = {format_number(weights / GB, 5)} GB"
    )
    if with_cache:
        requests = query.n_requests or 1.0
        result.kv_gb = served.kv_bytes(query.context_tokens or 0.0) * requests / GB
        needed += result.kv_gb * GB
        result.formula += f" + KV cache {format_number(result.kv_gb, 5)} GB for {requests:,.0f} requests"
    result.needed_gb = needed / GB
    return served


def _chip_side(query: MemoryFitQuery, memory: Memory, result: MemoryFitResult) -> None:
    n_chips = query.n_chips or 1
    if query.n_chips is not None:
        result.total_memory_gb = n_chips * memory.bytes_per_chip / GB
        result.usable_gb = memory.usable(n_chips) / GB


def _fit(
    query: MemoryFitQuery, served: Served, memory: Memory, result: MemoryFitResult, notes: Notes
) -> None:
    needed = (result.needed_gb or 0.0) * GB
    chips = memory.chips_to_hold(needed)
    per_chip = memory.usable_per_chip / GB
    if memory.chip.chips_per_server:
        result.servers_needed = float(math.ceil(chips / memory.chip.chips_per_server))
    step = f"; {format_number(needed / GB, 5)} GB / {format_number(per_chip, 5)} GB usable per chip"
    result.formula += f"{step} = {format_number(needed / GB / per_chip, 4)} → {chips} chips"
    result.chart = _chart(served, memory, needed)
    if query.n_chips is None:
        result.chips_needed, result.spare_gb = float(chips), (memory.usable(chips) - needed) / GB
        _note_reserve(memory, needed, chips, notes)
        return
    room = memory.usable(query.n_chips) - needed
    result.fits, result.headroom_gb, result.chips_needed = room >= 0, room / GB, float(chips)
    if room < 0:
        result.shortfall_gb = -room / GB
        result.formula += f"; {format_number(-room / GB, 5)} GB short on {query.n_chips}"
        notes.warnings.append(f"{served.name} does not fit on {query.n_chips} × {memory.name}")
    else:
        result.formula += f"; {format_number(room / GB, 5)} GB left on {query.n_chips}"
        _replicas(query, chips, result, notes)


def _note_reserve(memory: Memory, needed: float, chips: int, notes: Notes) -> None:
    """Where nobody named a reserve, say what the usual one would change."""
    if NO_RESERVE_NAMED in notes.assumptions:
        usual = math.ceil(needed / (memory.bytes_per_chip * (1 - USUAL_RESERVE)) * (1 - 1e-12))
        if usual > chips:
            notes.assumptions.append(f"With {USUAL_RESERVE:.0%} kept free it would take {usual} chips")


def _replicas(query: MemoryFitQuery, chips: int, result: MemoryFitResult, notes: Notes) -> None:
    each = query.chips_per_replica
    if each is None:
        each = 1 << (chips - 1).bit_length()
        notes.assumptions.append(
            f"A copy takes {each} chips (tensor parallelism splits heads by powers of two)"
        )
    elif each < chips:
        notes.warnings.append(f"{each} chips do not hold a copy; it takes {chips}")
        each = chips
    result.replicas = float((query.n_chips or 0) // each)


def _largest(query: MemoryFitQuery, memory: Memory, result: MemoryFitResult, notes: Notes) -> None:
    if query.n_chips is None:
        notes.assumptions.append("One chip (no number was given)")
        result.total_memory_gb = memory.bytes_per_chip / GB
        result.usable_gb = memory.usable(1) / GB
    precision = query.weight_precision
    if precision is None:
        precision = "bf16"
        notes.assumptions.append("Weights in bf16 (no precision was named)")
        notes.taken["weight_precision"] = "bf16"
    usable = memory.usable(query.n_chips or 1)
    result.largest_params = math.floor(usable / bytes_per_element(precision))
    result.formula = (
        f"{query.n_chips or 1} × {format_number(memory.usable_per_chip / GB, 5)} GB / "
        f"{bytes_per_element(precision):g} B = {result.largest_params / 1e9:,.1f}B parameters"
    )


def _chart(served: Served, memory: Memory, needed: float) -> dict[str, Any]:
    """Bars of what must be held against what 1, 2, 4, 8 and 16 chips offer."""
    rows = [(f"{n} × {memory.name}", memory.usable(n) / GB) for n in (1, 2, 4, 8, 16)]
    return bars("Memory needed against memory usable", "", "GB", [(served.name, needed / GB), *rows])
