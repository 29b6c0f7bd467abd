"""From the catalogue to the core: a model on chips, what it holds and how fast it serves.

Memory is exact arithmetic on labelled sizes (decimal GB, bytes per parameter), as people compute with it;
speed comes from the core with the fitted constants, real device memory and storage sizes with scales.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from tools import _core, serving_constants
from tools.errors import FactAbsent, InputError
from tools.precision import bytes_per_element

if TYPE_CHECKING:
    from tools.catalog import Chip, Model

# Bytes per stored weight with its block scales: NVFP4 one fp8 scale per 16, MXFP4 one per 32, llama.cpp Q4_K_M.
STORED_BYTES = {"fp4": 0.5625, "mxfp4": 0.53125, "int4": 0.53125, "q4_k_m": 0.61, "fp6": 0.78}
DEFAULT_NETWORK = 50e9
UNSHARED_LINK = 16e9
SERVER_CHIPS = 8


@dataclass(frozen=True, slots=True)
class Deployment:
    """A model laid over chips. None lets `layout` choose: tensor parallelism over all chips of a replica."""

    model: Model
    chip: Chip
    n_chips: int = 1
    weight_precision: str = "bf16"
    kv_precision: str = "bf16"
    tensor_parallel: int | None = None
    pipeline_parallel: int = 1
    expert_parallel: int = 1
    attention_data_parallel: bool | None = None
    engine: str | None = None


@dataclass(frozen=True, slots=True)
class Capacity:
    """What fits. `limited_by` is ``weights`` when nothing does, else ``kv cache``."""

    max_requests: int
    kv_capacity_tokens: float
    weight_bytes: float
    free_bytes: float
    kv_bytes_per_token: float
    limited_by: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """Steady state, with 10-90 % intervals `(low, high)` by field name in `intervals`."""

    ttft_s: float
    tpot_s: float
    output_tokens_per_s: float
    total_tokens_per_s: float
    batch: float
    limited_by: str
    fits: bool
    breakdown: dict[str, float]
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    engine_family: str | None = None
    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    assumptions: tuple[str, ...] = ()


def weight_bytes(model: Model, precision: str) -> float:
    """Bytes of all weights: parameters x bytes per parameter. FactAbsent when the count is not public."""
    if model.params_total is None:
        raise FactAbsent(f"the parameter count of {model.name} is not public")
    return float(model.params_total) * bytes_per_element(precision)


def kv_bytes_per_token(model: Model, precision: str) -> float:
    """Bytes of KV cache one more token adds to a long request: layers whose cache grows without end.

    A model that has none (a sliding window in every layer) grows by all its layers until the window is full.
    """
    kv = _kv_shape(model)
    return (kv.growing or kv.windowed) * bytes_per_element(precision)


def kv_bytes_per_request(model: Model, precision: str, context_tokens: float) -> float:
    """Bytes of KV cache of one request: full layers to `context_tokens`, sliding layers to their window, and
    the fixed 16-bit state of linear-attention layers."""
    kv = _kv_shape(model)
    seen = min(context_tokens, kv.window) if kv.window else context_tokens
    elements = kv.growing * context_tokens + kv.windowed * seen
    return elements * bytes_per_element(precision) + 2.0 * kv.state


def capacity(
    deployment: Deployment, context_tokens: float, reserve_fraction: float = 0.0, overhead_bytes: float = 0.0
) -> Capacity:
    """Requests of `context_tokens` that fit on labelled memory.

    `floor((n x memory x (1 - reserve) - overhead - weights) / KV per request)`. MLA's latent is kept whole by
    every chip of a tensor-parallel group unless attention is data-parallel, so it divides by less memory.
    """
    model, chip, n = deployment.model, deployment.chip, deployment.n_chips
    if chip.memory_bytes is None:
        raise FactAbsent(f"the catalogue has no sourced memory capacity for {chip.name}")
    if context_tokens <= 0:
        raise InputError("context_tokens", context_tokens, "more than 0 tokens")
    weights = weight_bytes(model, deployment.weight_precision)
    free = n * chip.memory_bytes * (1.0 - reserve_fraction) - n * overhead_bytes - weights
    copies = latent_copies(deployment)
    per_request = kv_bytes_per_request(model, deployment.kv_precision, context_tokens) * copies
    per_token = kv_bytes_per_token(model, deployment.kv_precision) * copies
    if free <= 0:
        return Capacity(0, 0.0, weights, free, per_token, "weights")
    requests = math.floor(free / per_request * (1 + 1e-12))
    return Capacity(requests, free / per_token, weights, free, per_token, "kv cache")


def latent_copies(deployment: Deployment) -> int:
    """Chips that each keep the whole MLA latent of a request: the tensor-parallel group unless attention is
    data-parallel; 1 for every other attention, whose cache splits over heads."""
    if not deployment.model.is_mla or deployment.attention_data_parallel:
        return 1
    return deployment.tensor_parallel or max(1, deployment.n_chips // deployment.pipeline_parallel)


def estimate(
    deployment: Deployment, input_tokens: float, output_tokens: float, batch: float | None = None
) -> Estimate:
    """TTFT, TPOT and throughput of a server under `batch` closed-loop clients; None takes what fits.

    Raises FactAbsent when a chip's bandwidth or a model's shape is not known.
    """
    laid, assumptions = layout(deployment)
    family = serving_constants.chip_family(deployment.chip)
    engine = serving_constants.engine_family(deployment.engine, family, regime="server")
    tuning = tuning_for(deployment.chip, engine, laid.tensor_parallel or 1)
    core = core_deployment(laid)
    count = batch or max(1.0, math.floor(core.room(tuning, input_tokens + output_tokens)))
    try:
        found = core.estimate(
            tuning, input_tokens=input_tokens, output_tokens=output_tokens, load="closed", count=count
        )
    except _core.CoreError as error:
        raise InputError(*error.args) from error
    constants = serving_constants.load()
    known = constants.known(engine, family)
    return _estimate(laid, found, engine, input_tokens, output_tokens, assumptions, known, count)


def _estimate(
    laid: Deployment,
    found: _core.Estimate,
    engine: str | None,
    input_tokens: float,
    output_tokens: float,
    assumptions: list[str],
    known: bool,
    count: float,
) -> Estimate:
    values = {
        "ttft_s": found.ttft_s,
        "tpot_s": found.tpot_s,
        "output_tokens_per_s": found.output_tokens_per_s,
        "total_tokens_per_s": found.requests_per_s * (input_tokens + output_tokens),
    }
    metrics = {"ttft_s": "ttft_ms", "tpot_s": "tpot_ms"}
    near = 0.85 * found.room < count < 1.2 * found.room
    intervals = {}
    for name, value in values.items():
        metric = metrics.get(name, "output_tok_s_total")
        low, high = serving_constants.interval(
            serving_constants.load(), metric, "fixed_concurrency", unknown=not known, near_limit=near
        )
        intervals[name] = (value * low, value * high)
    return Estimate(
        **values,
        batch=found.batch,
        limited_by=found.limited_by,
        fits=found.room >= 1.0,
        breakdown=found.breakdown,
        intervals=intervals,
        engine_family=engine,
        tensor_parallel=laid.tensor_parallel or 1,
        pipeline_parallel=laid.pipeline_parallel,
        assumptions=tuple(assumptions),
    )


def layout(deployment: Deployment) -> tuple[Deployment, list[str]]:
    """Fill the parallelism that was not stated: tensor parallelism over the chips of one server, over more only
    when a server cannot hold the weights; replicas beside each other; attention never data-parallel unsaid."""
    said: list[str] = []
    tensor = deployment.tensor_parallel
    if tensor is None:
        tensor = _default_group(deployment)
        if deployment.n_chips > 1:
            replicas = max(1, deployment.n_chips // (tensor * deployment.pipeline_parallel))
            beside = "" if replicas == 1 else f", {replicas} replicas"
            said.append(f"Tensor parallelism over {tensor} chips{beside} (no split was named)")
    tensor = max(1, min(tensor, deployment.n_chips))
    return _with(deployment, tensor), said


def _default_group(deployment: Deployment) -> int:
    chip, available = deployment.chip, max(1, deployment.n_chips // deployment.pipeline_parallel)
    need = weight_bytes(deployment.model, deployment.weight_precision) / deployment.pipeline_parallel
    server = chip.chips_per_server or SERVER_CHIPS
    group = min(available, server if server <= 2 * SERVER_CHIPS else SERVER_CHIPS)
    while group < available and need > 0.85 * (chip.memory_bytes or 0.0) * group:
        group = min(2 * group, available)
    return group


def _with(deployment: Deployment, tensor: int) -> Deployment:
    return replace(deployment, tensor_parallel=tensor)


def tuning_for(chip: Chip, engine: str | None, group: int) -> _core.Tuning:
    """The constants of an engine family on a chip, for tensor parallelism over `group` chips."""
    family = serving_constants.chip_family(chip)
    return _tuning(engine, family, serving_constants.link_kind(chip, group))


@lru_cache(maxsize=512)
def _tuning(engine: str | None, family: str, link: str) -> _core.Tuning:
    return _core.Tuning(serving_constants.load().combined(engine, family, link))


def core_deployment(deployment: Deployment) -> _core.Deployment:
    """The core's view of a deployment whose tensor parallelism is set."""
    chip, model = core_chip(deployment.chip), core_model(deployment.model)
    return _core.Deployment(chip, model, core_plan(deployment))


# Catalogue entries hold mappings and so have no hash: what was made of one is kept by id, and used again
# only for that very entry.
_CHIPS: dict[str, tuple[Chip, _core.Chip]] = {}
_MODELS: dict[str, tuple[Model, _core.Model]] = {}


def core_chip(chip: Chip) -> _core.Chip:
    """The core's chip. FactAbsent when memory, bandwidth or a matrix rate is not sourced."""
    kept = _CHIPS.get(chip.id)
    if kept is None or kept[0] is not chip:
        kept = _CHIPS[chip.id] = (chip, _make_chip(chip))
    return kept[1]


def core_model(model: Model) -> _core.Model:
    """The core's model: parameters by what a step does with them. FactAbsent when the shape is not public."""
    kept = _MODELS.get(model.id)
    if kept is None or kept[0] is not model:
        kept = _MODELS[model.id] = (model, _make_model(model))
    return kept[1]


def _make_chip(chip: Chip) -> _core.Chip:
    peaks = chip.peak_flops or {}
    half = peaks.get("bf16") or peaks.get("fp16") or _scaled_half(chip)
    memory = chip.device_memory_bytes or chip.memory_bytes
    if not (memory and chip.bandwidth_bytes_per_s and half):
        raise FactAbsent(f"the catalogue has no sourced memory, bandwidth and 16-bit rate for {chip.name}")
    return _core.Chip(
        memory_bytes=memory,
        bandwidth=chip.bandwidth_bytes_per_s,
        fp16=half,
        fp32=peaks.get("fp32") or 0.0,
        fp8=peaks.get("fp8") or (2.0 * half if chip.family == "hopper" else 0.0),
        int8=peaks.get("int8") or 0.0,
        fp4=peaks.get("fp4") or 0.0,
        link=chip.scale_up_bytes_per_s or UNSHARED_LINK,
        domain=float(_domain(chip)),
        network=float(chip.nic_bytes_per_s or DEFAULT_NETWORK),
    )


# Dense 16-bit matrix rate over FP32 shader rate of one die: the same for every card cut from it.
_HALF_OVER_FP32 = {"hopper": 989.0 / 67.0}


def _scaled_half(chip: Chip) -> float:
    """16-bit matrix rate of a card for which only the shader rate is sourced, by its die's ratio; else 0."""
    return _HALF_OVER_FP32.get(chip.family, 0.0) * (chip.peak_flops.get("fp32") or 0.0)


def _domain(chip: Chip) -> int:
    """Chips reached over the scale-up link; PCIe cards reach those of their server (8 when unsourced)."""
    if chip.link in ("pcie", None):
        return max(chip.scale_up_domain or 1, chip.chips_per_server or 8)
    return chip.scale_up_domain or 1


def core_plan(deployment: Deployment) -> _core.Plan:
    """The core's plan: parallelism, and the stored size and arithmetic of each group of weights."""
    precision = deployment.weight_precision
    formats = weight_formats(deployment.model, deployment.chip, precision)
    return _core.Plan(
        chips=float(deployment.n_chips),
        tp=float(deployment.tensor_parallel or 1),
        pp=float(deployment.pipeline_parallel),
        ep=float(deployment.expert_parallel),
        attention_dp=bool(deployment.attention_data_parallel),
        kv_bytes=bytes_per_element(deployment.kv_precision),
        **formats,
    )


def weight_formats(model: Model, chip: Chip, precision: str) -> dict[str, tuple[float, str]]:
    """(bytes, arithmetic) of attention, dense, expert and vocabulary weights in a checkpoint of `precision`.

    Four-bit checkpoints keep attention at 8 bits and the vocabulary at 16; GPT-OSS keeps all but its experts
    at 16 bits. Arithmetic is 16-bit where the chip has no unit for the format.
    """
    peaks = chip.peak_flops or {}
    half = (2.0, "bf16")
    if precision in ("bf16", "fp16", "fp32"):
        wide = (4.0, "fp32") if precision == "fp32" else half
        return dict.fromkeys(("attention", "dense", "expert", "head"), wide)
    stored = STORED_BYTES.get(precision, 1.0)
    if precision in ("fp4", "mxfp4"):
        experts_only = (model.native_precision or "") == "fp4" and model.id.startswith("gpt-oss")
        narrow = (STORED_BYTES["mxfp4"] if experts_only else stored, _arithmetic("fp4", peaks, experts_only))
        if experts_only:
            return {"attention": half, "dense": half, "expert": narrow, "head": half}
        attention = (1.0, "fp8" if peaks.get("fp8") else "bf16") if model.kv_lora_rank else narrow
        return {"attention": attention, "dense": narrow, "expert": narrow, "head": half}
    each = (stored, _arithmetic(precision, peaks, False))
    head = (0.82, "bf16") if precision == "q4_k_m" else half  # llama.cpp stores the output matrix in Q6_K
    return {"attention": each, "dense": each, "expert": each, "head": head}


def _arithmetic(precision: str, peaks: Mapping[str, float], eight_bit_activations: bool) -> str:
    if precision == "fp4" and peaks.get("fp4"):
        return "fp8" if eight_bit_activations else "fp4"
    if precision in ("fp8", "int8") and peaks.get(precision):
        return precision
    return "bf16"


@dataclass(frozen=True, slots=True)
class _KvShape:
    """Cache elements a token adds: over all growing layers, and over all layers with a window."""

    growing: float
    windowed: float
    window: float
    state: float


def _kv_shape(model: Model) -> _KvShape:
    growing = model.kv_elements_per_token
    if not model.layers or growing is None:
        raise FactAbsent(f"the attention shape of {model.name} is not public")
    return _KvShape(
        growing=growing,
        windowed=model.sliding_elements_per_token,
        window=float(model.sliding_window or 0),
        state=float(model.linear_layers) * model.linear_state_elements,
    )


def _make_model(model: Model) -> _core.Model:
    """Llama 4 attends in chunks in three layers of four: its time counts them as windows of that length, its
    memory does not. Layers with a shape of their own count as so many plain ones."""
    if not model.has_shape:
        raise FactAbsent(f"the architecture of {model.name} is not public")
    kv, hidden, layers = _kv_shape(model), float(model.hidden or 0), float(model.layers or 1)
    plain = _elements_per_layer(model)
    growing, windowed = kv.growing / plain, kv.windowed / plain
    chunk = float(model.attention_chunk or 0)
    if chunk and not windowed:
        growing, windowed = 0.25 * growing, 0.75 * growing
    return _core.Model(
        layers=layers,
        hidden=hidden,
        heads=float(model.heads or 1),
        kv_heads=float(model.kv_heads or 1),
        head_dim=0.5 * plain / float(model.kv_heads or 1)
        if not model.is_mla
        else float(model.head_dim or 128),
        moe_layers=float(model.moe_layers),
        experts=float(model.experts or 0),
        experts_per_token=float(model.experts_per_token or 0),
        full_layers=growing,
        window_layers=windowed,
        window=kv.window or chunk,
        latent_rank=float(model.kv_lora_rank or 0),
        rope_dim=float(model.rope_head_dim or 0) if model.is_mla else 0.0,
        state_elements=kv.state,
        **_parameter_groups(model),
    )


def _elements_per_layer(model: Model) -> float:
    if model.is_mla:
        return float((model.kv_lora_rank or 0) + (model.rope_head_dim or 0))
    return 2.0 * float(model.kv_heads or 1) * float(model.head_dim or 128)


def _parameter_groups(model: Model) -> dict[str, float]:
    """Parameters of attention, dense feed-forward (shared experts too), routed experts and vocabulary."""
    total, hidden = float(model.params_total or 0.0), float(model.hidden or 0)
    vocabulary = float(model.embedding_params or (model.vocab or 0) * hidden)
    embedding = 0.0 if model.tied_embeddings else vocabulary
    head = float(model.lm_head_params or 0.0) or vocabulary
    experts = float(model.expert_params or 0.0) if model.is_moe else 0.0
    rest = max(0.0, total - experts - head - embedding)
    attention = min(_attention_params(model), 0.95 * rest)
    return {
        "attention_params": attention,
        "dense_params": rest - attention,
        "expert_params": experts,
        "head_params": head,
        "embedding_params": embedding,
    }


def _attention_params(model: Model) -> float:
    """Projection weights of all attention layers; linear-attention layers are counted alike."""
    hidden, heads = float(model.hidden or 0), float(model.heads or 0)
    if model.kv_lora_rank:
        rank, rope = float(model.kv_lora_rank), float(model.rope_head_dim or 0)
        nope, value = float(model.nope_head_dim or 128), float(model.v_head_dim or 128)
        query = float(model.q_lora_rank or 0)
        q = hidden * query + query * heads * (nope + rope) if query else hidden * heads * (nope + rope)
        per_layer = q + hidden * (rank + rope) + rank * heads * (nope + value) + heads * value * hidden
    else:
        head_dim, kv_heads = float(model.head_dim or 0), float(model.kv_heads or 0)
        per_layer = hidden * head_dim * (2.0 * heads + 2.0 * kv_heads)
    return per_layer * float(model.layers or 0)
