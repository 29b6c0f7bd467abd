"""How much memory a conversation takes: the KV cache per token, per request, for many users, and its growth.

Memory grows linearly with context; what grows with the square is the arithmetic of attention over a whole
sequence (each of t tokens attends to those before it: t²/2 pairs) and the bytes read while writing one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import ConfigDict

from tools.catalog import Catalog
from tools.contract import Result, entity, quantity
from tools.errors import MissingInput
from tools.finite import finite
from tools.serving.charts import curves
from tools.serving.precision import Precision, bytes_per_element, precision_field
from tools.serving.served import GB, Notes, Served, ShapeQuery, resolve_model
from tools.units import format_number

KIB = 1024.0
CHART_CONTEXTS = (1_000, 4_000, 16_000, 32_000, 64_000, 128_000)

EXAMPLES: list[Any] = [
    {"question": "bytes of kv cache that every token costs on llama 3.1 8b in 16 bit",
     "input": {"model": "llama-3.1-8b", "kv_precision": "bf16"}, "want": "kv_bytes_per_token"},
    {"question": "In KiB, what does a single token add to the cache of Qwen3 32B with an fp8 cache?",
     "input": {"model": "qwen3-32b", "kv_precision": "fp8"}, "want": "kv_bytes_per_token"},
    {"question": "how many gigabytes is a 64k conversation with Llama 70B, bf16 cache",
     "input": {"model": "llama-3.1-70b", "kv_precision": "bf16", "context_tokens": 64000},
     "want": "kv_gb_per_request"},
    {"question": "what does a 60,000 token chain of thought take up in the KV cache of Llama 70B, fp8 cache",
     "input": {"model": "llama-3.3-70b", "kv_precision": "fp8", "context_tokens": 60000},
     "want": "kv_gb_per_request"},
    {"question": "KV cache in GB of llama 8b at 20,000 tokens, 16 bit",
     "input": {"model": "llama-3.1-8b", "kv_precision": "bf16", "context_tokens": 20000},
     "want": "kv_gb_per_request"},
    {"question": "will the KV cache quadruple when the context doubles from 8k to 16k? times more memory",
     "input": {"context_tokens": 8000, "other_context_tokens": 16000}, "want": "growth_factor"},
    {"question": "how many times bigger is the cache at 64k than at 4k",
     "input": {"context_tokens": 64000, "other_context_tokens": 4000}, "want": "growth_factor"},
    {"question": "memory for the KV cache of 200 users at 8,000 tokens each, Llama 405B fp8",
     "input": {"model": "llama-3.1-405b", "kv_precision": "fp8", "context_tokens": 8000, "n_requests": 200},
     "want": "kv_gb_total"},
    {"question": "going from a 4k to a 32k prompt, by what factor does KV memory rise?",
     "input": {"context_tokens": 4000, "other_context_tokens": 32000}, "want": "growth_factor"},
    {"question": "how many times more attention FLOPs does a 50k context need than 5k?",
     "input": {"context_tokens": 5000, "other_context_tokens": 50000}, "want": "attention_flop_growth"},
    {"question": "how many tokens of fp8 cache of Llama 70B go into 24 GB",
     "input": {"model": "llama-3.1-70b", "kv_precision": "fp8", "memory_gb": 24}, "want": "max_tokens"},
    {"question": "KV cache per token of a model with 60 layers, 8 KV heads and head size 128 in bf16",
     "input": {"layers": 60, "kv_heads": 8, "head_dim": 128, "kv_precision": "bf16"},
     "want": "kv_bytes_per_token"},
    {"question": "how much smaller is DeepSeek V3's cache than Llama 405B's at the same precision?",
     "input": {"model": "deepseek-v3", "other_model": "llama-3.1-405b", "kv_precision": "bf16"},
     "want": "model_ratio"},
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plain:
    """A cache of which only the bytes of a token are known."""

    kv_bytes_per_token: float

    def kv_bytes(self, context_tokens: float) -> float:
        """Bytes of `context_tokens` tokens."""
        return self.kv_bytes_per_token * context_tokens


class KvCacheQuery(ShapeQuery):
    """The KV cache of a model: per token, at a context, for many requests, or how far a memory reaches."""

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})

    kv_precision: Precision | None = precision_field(
        "Number format of the KV cache", ("KV", "cache", "precision", "in", "at")
    )
    context_tokens: float | None = quantity(
        "Context length of one request, prompt plus answer", "token", default=None, above=0,
        words=("context", "tokens", "sequence length", "prompt plus answer", "conversation", "chain of thought", "thinking tokens", "from"),
        ask="At what context length?",
    )  # fmt: skip
    other_context_tokens: float | None = quantity(
        "A second context length, to compare with the first", "token", default=None, above=0,
        words=("to context", "second context", "grows to", "versus context"),
    )  # fmt: skip
    n_requests: float | None = quantity(
        "Requests held at once", "request", default=None, above=0,
        words=("users", "requests", "sequences", "concurrent", "batch", "branches", "conversations"),
    )  # fmt: skip
    memory_gb: float | None = quantity(
        "Memory given to the KV cache", "GB", default=None, above=0,
        words=("memory for the cache", "fits in", "goes into", "free memory", "cache budget"),
    )  # fmt: skip
    kv_kib_per_token: float | None = quantity(
        "Cache of one token, when it is known instead of a model", "KiB/token", default=None, above=0,
        words=("cache per token", "per token of cache", "takes per token", "KV per token"),
    )  # fmt: skip
    other_layers: int | None = quantity(
        "Layers of the second model (as the first unless said)", "dimensionless", default=None, min=1, max=10_000,
        words=("the other's layers", "versus layers"),
    )  # fmt: skip
    other_kv_heads: int | None = quantity(
        "Key-value heads of the second model (as the first unless said)", "dimensionless", default=None, min=1,
        max=1_024, words=("the other's heads", "versus heads", "grouped heads", "heads shared"),
    )  # fmt: skip
    other_head_dim: int | None = quantity(
        "Size of one head of the second model (as the first unless said)", "dimensionless", default=None, min=1,
        max=4_096, words=("the other's head size",),
    )  # fmt: skip
    other_model: str | None = entity(
        "A second model, whose cache is compared with the first's", "model", default=None,
        words=("compared with", "versus", "than"),
    )  # fmt: skip


class KvCacheResult(Result):
    """Sizes of the KV cache. What was not asked for is absent."""

    kv_gb_total: float | None = quantity(
        "KV cache of all requests together", "GB", default=None, role="headline",
        words=("all users", "total KV cache", "together", "in total"),
    )  # fmt: skip
    kv_gb_per_request: float | None = quantity(
        "KV cache of one request at the context", "GB", default=None, role="headline",
        words=("per user", "per request", "one user", "per sequence", "size of the KV cache", "conversation", "a single request", "one conversation"),
    )  # fmt: skip
    growth_factor: float | None = quantity(
        "KV cache memory at the longer context over the shorter (linear in tokens)", "dimensionless",
        default=None, role="headline",
        words=("times more memory", "factor", "growth", "how many times", "KV growth"),
    )  # fmt: skip
    attention_flop_growth: float | None = quantity(
        "Attention arithmetic of the whole sequence at the longer context over the shorter (quadratic)",
        "dimensionless", default=None, role="headline",
        words=("attention FLOP growth", "attention compute", "quadratic", "attention work", "attention FLOPs", "attention score", "attention arithmetic", "factor", "how many times", "growth"),
    )  # fmt: skip
    cumulative_read_growth: float | None = quantity(
        "Bytes of cache read while writing the whole sequence, longer context over shorter", "dimensionless",
        default=None, role="detail", words=("cache reads", "cumulative reads", "bytes read growth"),
    )  # fmt: skip
    model_ratio: float | None = quantity(
        "Cache per token of the larger of the two models (or shapes) over the smaller", "dimensionless",
        default=None, role="headline",
        words=("times smaller", "times larger", "cache ratio", "compared with", "times the cache per token", "shrinks the cache"),
    )  # fmt: skip
    context_each_tokens: float | None = quantity(
        "Context that each of the requests named can have in the given memory", "token", default=None,
        role="headline", words=("context each", "tokens each", "how long may each be", "longest context for each"),
    )  # fmt: skip
    max_tokens: float | None = quantity(
        "Tokens whose cache the given memory holds", "token", default=None, role="headline",
        words=("how many tokens fit", "tokens", "token capacity", "longest context"),
    )  # fmt: skip
    max_requests: float | None = quantity(
        "Requests of the given context that the given memory holds", "request", default=None, role="detail",
        words=("how many users fit", "requests", "sequences", "conversations"),
    )  # fmt: skip
    kv_gb_at_other_context: float | None = quantity(
        "KV cache of one request at the second context", "GB", default=None, role="detail",
        words=("at the longer context", "at the second context"),
    )  # fmt: skip
    kv_bytes_per_token: float | None = quantity(
        "KV cache that one token adds", "byte", default=None, role="headline",
        words=("per token", "bytes per token", "one token", "each token", "single token"),
    )  # fmt: skip
    other_kv_bytes_per_token: float | None = quantity(
        "KV cache that one token adds in the second model", "byte", default=None, role="detail",
        words=("other model per token",),
    )  # fmt: skip


def kv_cache(query: KvCacheQuery, catalog: Catalog) -> KvCacheResult:
    """KV cache size: bytes per token, GB per request or for many users, growth with context, tokens that fit.

    Two models or head counts compared; the context each of many requests gets in a memory.

    Memory is linear in context; attention arithmetic and cumulative cache reads are quadratic. Grouped-query,
    multi-head latent and sliding-window attention are told apart by the catalogue's shapes.
    """
    notes = Notes()
    result = KvCacheResult()
    _growth(query, result, notes)
    if query.kv_kib_per_token is not None and query.model is None and query.layers is None:
        _sizes(query, Plain(query.kv_kib_per_token * KIB), result, notes)
    elif query.model is not None or query.params is not None or query.layers is not None:
        served = resolve_model(query, catalog, notes, weights=False)
        _sizes(query, served, result, notes)
        _compare(query, served, catalog, result, notes)
    elif result.growth_factor is None:
        raise MissingInput("model", "which model, or its layers, KV heads and head size?")
    result.assumptions, result.warnings, result.sources = notes.assumptions, notes.warnings, notes.sources
    result.taken = notes.taken
    return finite(result)


def _growth(query: KvCacheQuery, result: KvCacheResult, notes: Notes) -> None:
    if query.other_context_tokens is None:
        return
    if query.context_tokens is None:
        raise MissingInput("context_tokens", "the first of the two context lengths")
    base, other = sorted((query.context_tokens, query.other_context_tokens))
    result.growth_factor = other / base
    result.attention_flop_growth = (other / base) ** 2
    result.cumulative_read_growth = other * (other + 1) / (base * (base + 1))
    result.formula = (
        f"memory: {other:,.0f} / {base:,.0f} = {format_number(other / base)}x (linear); attention FLOP: "
        f"({other:,.0f} / {base:,.0f})² = {format_number(result.attention_flop_growth)}x"
    )
    notes.assumptions.append(
        "Growth of a cache that keeps every token; sliding-window layers stop growing at their window"
    )


def _sizes(query: KvCacheQuery, served: Served | Plain, result: KvCacheResult, notes: Notes) -> None:
    per_token = served.kv_bytes_per_token
    result.kv_bytes_per_token = per_token
    lines = [_per_token_formula(served, per_token)]
    if query.context_tokens is not None:
        lines.append(_at_context(query, served, result))
    if query.memory_gb is not None:
        lines.append(_into_memory(query, served, result))
    if query.n_requests is not None and query.context_tokens is None and query.memory_gb is None:
        raise MissingInput("context_tokens", "the context length of each request")
    result.formula = "; ".join([*lines, *([result.formula] if result.formula else [])])
    if isinstance(served, Served):
        result.table, result.chart = _table(served), _chart([served])
    notes.sources[:] = dict.fromkeys(notes.sources)


def _at_context(query: KvCacheQuery, served: Served | Plain, result: KvCacheResult) -> str:
    context = query.context_tokens or 0.0
    per_request = served.kv_bytes(context)
    result.kv_gb_per_request = per_request / GB
    text = f"per request at {context:,.0f} tokens: {format_number(per_request / GB, 5)} GB"
    if query.other_context_tokens is not None:
        at_other = served.kv_bytes(query.other_context_tokens)
        result.kv_gb_at_other_context = at_other / GB
        result.growth_factor = max(at_other, per_request) / min(at_other, per_request)
    if query.n_requests is not None:
        result.kv_gb_total = per_request * query.n_requests / GB
        text += f"; × {query.n_requests:,.0f} requests = {format_number(result.kv_gb_total, 5)} GB"
    return text


def _into_memory(query: KvCacheQuery, served: Served | Plain, result: KvCacheResult) -> str:
    memory = (query.memory_gb or 0.0) * GB
    if query.n_requests is not None and query.context_tokens is None:
        result.context_each_tokens = float(
            int(memory / served.kv_bytes_per_token / query.n_requests * (1 + 1e-12))
        )
    result.max_tokens = float(int(memory / served.kv_bytes_per_token * (1 + 1e-12)))
    if query.context_tokens is not None:
        result.max_requests = float(int(memory / served.kv_bytes(query.context_tokens) * (1 + 1e-12)))
    return f"{query.memory_gb:g} GB / {served.kv_bytes_per_token:,.0f} B = {result.max_tokens:,.0f} tokens"


def _compare(
    query: KvCacheQuery, served: Served, catalog: Catalog, result: KvCacheResult, notes: Notes
) -> None:
    changes = _second(query, served)
    if changes is None:
        return
    second = query.model_copy(update=changes)
    other = resolve_model(second, catalog, notes, weights=False)
    mine, theirs = served.kv_bytes_per_token, other.kv_bytes_per_token
    result.other_kv_bytes_per_token = theirs
    result.model_ratio = max(mine, theirs) / min(mine, theirs)
    larger = served if mine >= theirs else other
    result.formula += f"; {larger.name} takes {format_number(result.model_ratio)}x the bytes per token"
    result.chart = _chart([served, other])


def _second(query: KvCacheQuery, served: Served) -> dict[str, Any] | None:
    """What a second model or shape changes in the query; None when none is named."""
    names = ("other_model", "other_layers", "other_kv_heads", "other_head_dim")
    given = {name.removeprefix("other_"): getattr(query, name) for name in names}
    changes = {name: value for name, value in given.items() if value is not None}
    if not changes:
        return None
    if query.other_model is None and query.model is not None and served.entry is not None:
        shape = {name: getattr(served.entry, name) for name in ("layers", "kv_heads", "head_dim")}
        changes = shape | changes | {"model": None} if changes.keys() & shape.keys() else changes
    return {"kv_precision": served.kv_precision} | changes


def _per_token_formula(served: Served | Plain, per_token: float) -> str:
    if isinstance(served, Plain):
        return f"{per_token:,.0f} B per token"
    size = bytes_per_element(served.kv_precision)
    entry = served.entry
    if entry is not None and entry.kv_lora_rank:
        return (
            f"{entry.layers} layers × ({entry.kv_lora_rank} latent + {entry.rope_head_dim or 0} rotary) × {size:g} B "
            f"= {per_token:,.0f} B per token"
        )
    shape = (entry.layers or 0, entry.kv_heads or 0, entry.head_dim or 0) if entry is not None else (0, 0, 0)
    whole = 2.0 * shape[0] * shape[1] * shape[2] * size
    text = f"2 × {shape[0]} layers × {shape[1]} KV heads × {shape[2]} × {size:g} B = {whole:,.0f} B per token"
    if abs(whole - per_token) > 0.5:
        text += f", of which {per_token:,.0f} B in layers whose cache keeps growing"
    return text


def _table(served: Served) -> dict[str, Any]:
    rows = [[context, round(served.kv_bytes(context) / GB, 4)] for context in CHART_CONTEXTS]
    return {
        "columns": ["context (tokens)", f"KV cache of one request (GB, {served.kv_precision})"],
        "rows": rows,
    }


def _chart(models: list[Served]) -> dict[str, Any]:
    series = [(m.name, [(c, m.kv_bytes(c) / GB) for c in CHART_CONTEXTS]) for m in models]
    return curves("KV cache of one request", "context (tokens)", "GB", series, log_y=True)
