"""How many requests run at once: memory first, then latency limits if any are named.

usable = chips × memory × (1 − reserve) − overhead; free = usable − weights;
requests = floor(free / KV bytes of one request at the context). Under a TPOT or TTFT limit the serving model is
asked for the largest batch that keeps it. Multi-head latent attention keeps the whole cache on every chip of a
tensor-parallel group unless attention is data-parallel, so there the cache counts once per chip.
"""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import ConfigDict, Field

from tools import drawing
from tools.catalog import Catalog
from tools.contract import Result, entity, quantity
from tools.errors import InputError, MissingInput
from tools.finite import finite
from tools.serving import deployment
from tools.serving.deployment import Deployment
from tools.serving.room import Room, context_chart, context_table
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
    {"question": "how many people can chat at once with Llama 70B in fp8 on four H200 at 8k tokens, fp8 cache, "
                 "keeping 10 % of memory free",
     "input": {"model": "llama-3.1-70b", "chip": "h200", "n_chips": 4, "weight_precision": "fp8",
               "kv_precision": "fp8", "context_tokens": 8000, "reserve_fraction": 0.1},
     "want": "max_requests"},
    {"question": "biggest batch of mixtral 8x7b on a single MI300X with 4096 token sequences",
     "input": {"model": "mixtral-8x7b", "chip": "mi300x", "n_chips": 1, "context_tokens": 4096},
     "want": "max_requests"},
    {"question": "concurrent users for llama 8b bf16 on one L40S at 2k context if every token must come "
                 "within 40 ms",
     "input": {"model": "llama-3.1-8b", "chip": "l40s", "n_chips": 1, "weight_precision": "bf16",
               "context_tokens": 2000, "max_tpot_ms": 40}, "want": "max_requests"},
    {"question": "longest context for 32 simultaneous requests of Llama 405B fp8 on 8 H200",
     "input": {"model": "llama-3.1-405b", "chip": "h200", "n_chips": 8, "weight_precision": "fp8",
               "n_requests": 32}, "want": "longest_context_tokens"},
    {"question": "64 people share four H200 with Llama 70B fp8: how long may each context get, fp8 cache?",
     "input": {"model": "llama-3.3-70b", "chip": "h200", "n_chips": 4, "weight_precision": "fp8",
               "kv_precision": "fp8", "n_requests": 64}, "want": "longest_context_tokens"},
    {"question": "longest context one user alone gets with Llama 8B bf16 on an 18 GB GPU with 5% reserved?",
     "input": {"model": "llama-3.1-8b", "chip_memory_gb": 18, "n_chips": 1, "weight_precision": "bf16",
               "single_user": True, "reserve_fraction": 0.05}, "want": "longest_context_tokens"},
    {"question": "how many tokens of cache in all fit next to the weights of Llama 70B fp8 on an MI300X, fp8 kv",
     "input": {"model": "llama-3.1-70b", "chip": "mi300x", "n_chips": 1, "weight_precision": "fp8",
               "kv_precision": "fp8", "count_tokens": True}, "want": "kv_capacity_tokens"},
    {"question": "users at 4k on a 48 GB card with a 7B model (32 layers, 8 kv heads, head dim 128) in fp8?",
     "input": {"params": 7e9, "layers": 32, "kv_heads": 8, "head_dim": 128, "chip_memory_gb": 48,
               "n_chips": 1, "weight_precision": "fp8", "context_tokens": 4000}, "want": "max_requests"},
    {"question": "how many times fewer users at 20k context than at 5k for Llama 405B fp8 on 8xB200",
     "input": {"model": "llama-3.1-405b", "chip": "b200", "n_chips": 8, "weight_precision": "fp8",
               "context_tokens": 5000, "other_context_tokens": 20000}, "want": "batch_ratio"},
]  # fmt: skip


class BatchSizeQuery(ModelQuery, ChipQuery):
    """A model on chips at a context: how many requests run at once."""

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})

    context_tokens: float | None = quantity(
        "Context length of each request, prompt plus answer", "token", default=None, above=0,
        words=("context", "sequence length", "tokens each", "prompt plus answer", "context length", "at"),
        ask="At what context length (prompt plus answer)?",
    )  # fmt: skip
    other_context_tokens: float | None = quantity(
        "A second context length, whose batch is compared with the first's", "token", default=None, above=0,
        words=("versus context", "compared with context", "second context", "than at"),
    )  # fmt: skip
    other_chip: str | None = entity(
        "A second accelerator, whose batch is compared with the first's", "chip", default=None,
        words=("versus", "compared with", "against", "than"),
    )  # fmt: skip
    other_n_chips: int | None = quantity(
        "Number of second accelerators (as many as the first unless said)", "chip", default=None, min=1,
        max=10_000_000, words=("versus chips", "compared with chips", "instead of"),
    )  # fmt: skip
    n_requests: float | None = quantity(
        "Requests that must run at once (asks for the longest context)", "request", default=None, min=1,
        words=("users", "people", "simultaneous requests", "concurrent", "batch of", "sequences", "share"),
    )  # fmt: skip
    single_user: bool | None = Field(
        None,
        description="Only one request runs (asks for its longest context)",
        json_schema_extra={
            "words": ["single user", "one user", "single request", "single conversation", "alone"]
        },
    )
    max_tpot_ms: float | None = quantity(
        "Longest time per output token allowed", "ms", default=None, above=0,
        words=("TPOT", "per token", "inter-token latency", "every token within", "ms per token"),
    )  # fmt: skip
    max_ttft_ms: float | None = quantity(
        "Longest time to first token allowed", "ms", default=None, above=0,
        words=("TTFT", "first token", "time to first token"),
    )  # fmt: skip
    output_tokens: float | None = quantity(
        "Part of the context that is answer (for latency limits)", "token", default=None, above=0,
        words=("output", "answer", "generated"),
    )  # fmt: skip
    count_tokens: bool | None = Field(
        None,
        description="Ask for the tokens of cache in all, which needs no context length",
        json_schema_extra={
            "words": ["KV tokens", "tokens of cache", "tokens of KV", "cacheable tokens", "token capacity",
                      "total tokens", "tokens in all", "tokens fit", "cache tokens"]
        },
    )  # fmt: skip
    attention_data_parallel: bool | None = Field(
        None, description="Attention is data-parallel: a latent (MLA) cache is shared out, not repeated"
    )


class BatchSizeResult(Result):
    """What fits. Fields that were not asked for are absent."""

    batch_ratio: float | None = quantity(
        "Requests at the first context or on the first chip over those of the second (the larger over the smaller)",
        "dimensionless", default=None, role="headline",
        words=("times fewer", "times more", "ratio", "how many times", "falls by", "times more users", "times as many concurrent users"),
    )  # fmt: skip
    max_requests: float | None = quantity(
        "Requests that run at once", "request", default=None, role="headline",
        words=("batch", "concurrent requests", "users at once", "sequences", "max batch", "how many users"),
    )  # fmt: skip
    longest_context_tokens: float | None = quantity(
        "Longest context the requests named can each have", "token", default=None, role="headline",
        words=("longest context", "max context", "how long can each context be", "context each", "tokens each"),
    )  # fmt: skip
    kv_capacity_tokens: float | None = quantity(
        "Tokens of KV cache that fit in all", "token", default=None, role="headline",
        words=("total tokens", "cacheable tokens", "KV tokens", "token capacity", "cache tokens in all"),
    )  # fmt: skip
    limited_by: Literal["memory", "tpot", "ttft", "weights"] | None = None
    memory_max_requests: float | None = quantity(
        "Requests that memory alone allows", "request", default=None, role="detail",
        words=("memory limit", "by memory"),
    )  # fmt: skip
    other_max_requests: float | None = quantity(
        "Requests at the second context or on the second chips", "request", default=None, role="detail",
        words=("at the second context", "on the second chip"),
    )  # fmt: skip
    kv_bytes_per_token: float | None = quantity(
        "KV cache that one token adds", "byte", default=None, role="detail", words=("per token",)
    )
    kv_gb_per_request: float | None = quantity(
        "KV cache of one request at the context", "GB", default=None, role="detail",
        words=("per request", "per user", "each user takes"),
    )  # fmt: skip
    weight_bytes: float | None = quantity(
        "Weights", "byte", default=None, role="detail", words=("weights", "weights take")
    )
    usable_gb: float | None = quantity(
        "Memory that may be used", "GB", default=None, role="detail", words=("usable memory", "usable HBM")
    )
    free_gb: float | None = quantity(
        "Memory left for the KV cache beside the weights", "GB", default=None, role="detail",
        words=("left for the cache", "free for KV", "remaining memory", "left after weights", "room"),
    )  # fmt: skip
    chips_needed: float | None = quantity(
        "Fewest chips that hold the weights", "chip", default=None, role="detail",
        words=("chips needed", "GPUs needed"),
    )  # fmt: skip
    requests_per_chip: float | None = quantity(
        "Requests at once for each chip", "request/chip", default=None, role="detail",
        words=("per chip", "per GPU", "users per GPU"),
    )  # fmt: skip


def batch_size(query: BatchSizeQuery, catalog: Catalog) -> BatchSizeResult:
    """Concurrent requests that fit: HBM, weights, KV cache, reserve; under a TPOT or TTFT limit; what limits it.

    Also the longest context for a number of requests, the tokens of cache in all, and how a second context or
    second chips change the batch. For catalogue models and chips, or a size, shape and memory given as numbers.
    """
    if query.model is None and query.params is None:
        raise MissingInput("model", "which model, on which chips, in what precision and at what context?")
    if query.single_user and query.n_requests is None and query.context_tokens is None:
        query = query.model_copy(update={"n_requests": 1.0})
    notes, result = Notes(), BatchSizeResult()
    served = resolve_model(
        query, catalog, notes
    )  # first, as for a closed model no other detail is worth asking
    if query.context_tokens is None and query.n_requests is None and not query.count_tokens:
        raise MissingInput(
            "context_tokens", "at what context length (prompt plus answer) does each request run?"
        )
    memory = resolve_memory(query, catalog, notes)
    room = _room(query, served, memory, notes)
    _static(room, result, notes)
    _note_device_memory(room, notes)
    if query.context_tokens is not None:
        _at_context(query, room, catalog, result, notes)
    if query.n_requests is not None:
        _longest(query, room, result)
    result.assumptions, result.warnings, result.sources = notes.assumptions, notes.warnings, notes.sources
    result.taken = notes.taken
    return finite(result)


def _room(query: BatchSizeQuery, served: Served, memory: Memory, notes: Notes) -> Room:
    n_chips = query.n_chips
    if n_chips is None:
        n_chips = 1 << (memory.chips_to_hold(served.weight_bytes) - 1).bit_length()
        which = (
            "one chip"
            if n_chips == 1
            else f"{n_chips} chips, the smallest power of two that holds the weights"
        )
        notes.assumptions.append(f"On {which} (no number was given)")
        notes.taken["n_chips"] = n_chips
    laid = _laid(query, served, memory, n_chips)
    if laid.model.is_mla and n_chips > 1:
        if query.attention_data_parallel:
            notes.assumptions.append("Data-parallel attention: each chip caches its own requests")
        else:
            notes.assumptions.append(
                f"Tensor parallelism over {n_chips} chips keeps the whole latent (MLA) cache on each; with "
                "data-parallel attention it would be shared out"
            )
    return Room(served, memory, laid)


def _laid(query: BatchSizeQuery, served: Served, memory: Memory, n_chips: int) -> Deployment:
    """One copy of the model, split over all the chips."""
    if served.entry is None or served.params is None:
        raise MissingInput("model", "which model, or its parameters, layers, KV heads and head size?")
    return Deployment(
        model=served.entry,
        chip=memory.chip,
        n_chips=n_chips,
        weight_precision=served.weight_precision,
        kv_precision=served.kv_precision,
        tensor_parallel=n_chips,
        attention_data_parallel=query.attention_data_parallel,
    )


def _note_device_memory(room: Room, notes: Notes) -> None:
    """Say so where the device reports noticeably less than its label (B200: 180 of 192 GB)."""
    chip = room.laid.chip
    if not chip.device_memory_bytes:
        return
    less = 1.0 - chip.device_memory_bytes / room.memory.bytes_per_chip
    if less > 0.02:
        notes.warnings.append(
            f"{chip.name} reports {chip.device_memory_bytes / GB:,.0f} GB to programs, {less:.0%} less than its label; "
            "the label is used"
        )


def _static(room: Room, result: BatchSizeResult, notes: Notes) -> None:
    served, memory = room.served, room.memory
    result.weight_bytes = served.weight_bytes
    result.usable_gb = memory.usable(room.n_chips) / GB
    result.free_gb = room.free_bytes / GB
    result.kv_bytes_per_token = served.kv_bytes_per_token
    result.chips_needed = float(memory.chips_to_hold(served.weight_bytes))
    result.kv_capacity_tokens = float(math.floor(room.capacity().kv_capacity_tokens))
    result.formula = room.formula()
    if room.free_bytes <= 0:
        result.limited_by = "weights"
        notes.warnings.append(
            f"The weights ({format_number(served.weight_bytes / GB)} GB) do not fit in the "
            f"{format_number(result.usable_gb)} GB usable; {result.chips_needed:.0f} chips would hold them"
        )


def _at_context(
    query: BatchSizeQuery, room: Room, catalog: Catalog, result: BatchSizeResult, notes: Notes
) -> None:
    context = query.context_tokens or 0.0
    each = room.served.kv_bytes(context) * room.copies
    fits = room.requests(context)
    result.kv_gb_per_request = each / GB
    result.max_requests = result.memory_max_requests = float(fits)
    result.limited_by = "weights" if room.free_bytes <= 0 else "memory"
    result.formula += (
        f"; requests = floor({format_number(room.free_bytes / GB, 5)} GB / {format_number(each / GB, 5)} GB "
        f"at {context:,.0f} tokens) = {fits:,}"
    )
    if fits and (query.max_tpot_ms is not None or query.max_ttft_ms is not None):
        _under_latency(query, room, catalog, fits, result, notes)
    _note_usual_reserve(room, context, notes)
    result.requests_per_chip = result.max_requests / room.n_chips
    if query.other_context_tokens is not None:
        _second(
            f"{query.other_context_tokens:,.0f} tokens",
            room.requests(query.other_context_tokens),
            result,
            notes,
        )
    elif query.other_chip is not None or query.other_n_chips is not None:
        other = _other_room(query, catalog, notes)
        _second(f"{other.n_chips} × {other.memory.name}", other.requests(context), result, notes)
    if drawing.wanted():
        result.table, result.chart = context_table(room, context), context_chart(room)


def _note_usual_reserve(room: Room, context: float, notes: Notes) -> None:
    """Where nobody named a reserve, say what the one that engines keep would leave."""
    if NO_RESERVE_NAMED in notes.assumptions:
        kept = deployment.capacity(room.laid, context, USUAL_RESERVE, room.memory.overhead_bytes)
        notes.assumptions.append(
            f"With {USUAL_RESERVE:.0%} kept free, as serving engines do, {kept.max_requests:,} requests fit"
        )


def _other_room(query: BatchSizeQuery, catalog: Catalog, notes: Notes) -> Room:
    """The room on the second chips."""
    changes: dict[str, Any] = {
        "chip": query.other_chip or query.chip,
        "n_chips": query.other_n_chips or query.n_chips,
        "chip_memory_gb": query.chip_memory_gb if query.other_chip is None else None,
    }
    second = query.model_copy(update=changes)
    served = resolve_model(second, catalog, Notes())
    return _room(second, served, resolve_memory(second, catalog, notes), Notes())


def _second(where: str, second: int, result: BatchSizeResult, notes: Notes) -> None:
    """The batch `where` the second context, chip or format is, and its ratio to the first."""
    result.other_max_requests = float(second)
    first = result.memory_max_requests or 0.0
    if not first or not second:
        notes.warnings.append("No request fits in one of the two cases, so there is no ratio")
        return
    result.batch_ratio = max(first, second) / min(first, second)
    result.formula += f"; at {where} {second:,}; {max(first, second):,.0f} / {min(first, second):,.0f}"
    result.formula += f" = {format_number(result.batch_ratio)}x"


def _longest(query: BatchSizeQuery, room: Room, result: BatchSizeResult) -> None:
    requests = query.n_requests or 1.0
    longest = room.longest_context(requests)
    result.longest_context_tokens = float(longest)
    held = "request may hold" if requests == 1 else "requests may each hold"
    result.formula += f"; {requests:,.0f} {held} {longest:,} tokens"


def _under_latency(
    query: BatchSizeQuery, room: Room, catalog: Catalog, fits: int, result: BatchSizeResult, notes: Notes
) -> None:
    """Cut the batch to what keeps the latency limits, by the serving model (latency rises with batch)."""
    from tools.serving.limits import largest_batch

    if room.laid.chip.bandwidth_bytes_per_s is None:
        raise InputError(
            "max_tpot_ms", query.max_tpot_ms, "with a chip of the catalogue, whose speed is known"
        )
    found = largest_batch(query, room.laid, fits, notes)
    result.max_requests = float(found.batch)
    if found.batch < fits:
        result.limited_by = found.limited_by
    result.formula += f"; {found.says}"
