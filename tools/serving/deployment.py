"""From the catalogue to the core: a model on chips, what it holds and how fast it serves.

Memory is exact arithmetic on labelled sizes (decimal GB, bytes per parameter), as people compute with it;
speed comes from the core with the fitted constants, real device memory and storage sizes with scales.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from tools import _core
from tools.errors import FactAbsent, InputError
from tools.serving import constants as serving_constants
from tools.serving.core_inputs import core_chip, core_model, kv_shape, weight_formats
from tools.serving.precision import bytes_per_element

if TYPE_CHECKING:
    from tools.catalog import Chip, Model

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
    kv = kv_shape(model)
    return (kv.growing or kv.windowed) * bytes_per_element(precision)


def kv_bytes_per_request(model: Model, precision: str, context_tokens: float) -> float:
    """Bytes of KV cache of one request: full layers to `context_tokens`, sliding layers to their window, and
    the fixed 16-bit state of linear-attention layers."""
    kv = kv_shape(model)
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
    deployment: Deployment,
    input_tokens: float,
    output_tokens: float,
    batch: float | None = None,
    *,
    tokens_per_step: float = 1.0,
) -> Estimate:
    """TTFT, TPOT and throughput of a server under `batch` closed-loop clients; None takes what fits.

    `tokens_per_step` is what speculative decoding yields a step on average, as stated by the caller: no measured
    row has it, and the cost of drafting and checking is not added. Raises FactAbsent when a chip's bandwidth or
    a model's shape is not known, InputError for what cannot be.
    """
    if not 1.0 <= tokens_per_step <= 16.0:
        raise InputError("tokens_per_step", tokens_per_step, "from 1 (no speculation) to 16")
    laid, assumptions = layout(deployment)
    family = serving_constants.chip_family(deployment.chip)
    engine = serving_constants.engine_family(deployment.engine, family, regime="server")
    tuning = tuning_for(deployment.chip, engine, laid.tensor_parallel or 1)
    core = core_deployment(laid)
    count = batch or max(1.0, math.floor(core.room(tuning, input_tokens + output_tokens)))
    try:
        found = core.estimate(
            tuning,
            input_tokens=input_tokens,
            output_tokens=output_tokens / tokens_per_step,
            load="closed",
            count=count,
        )
    except _core.CoreError as error:
        raise InputError(*error.args) from error
    if tokens_per_step > 1.0:
        assumptions.append(f"Speculative decoding yields {tokens_per_step:g} tokens a step, as stated")
    known = serving_constants.load().known(engine, family)
    values = {
        "ttft_s": found.ttft_s,
        "tpot_s": found.tpot_s / tokens_per_step,
        "output_tokens_per_s": found.requests_per_s * output_tokens,
        "total_tokens_per_s": found.requests_per_s * (input_tokens + output_tokens),
    }
    near = 0.85 * found.room < count < 1.2 * found.room
    return Estimate(
        **values,
        batch=found.batch,
        limited_by=found.limited_by,
        fits=found.room >= 1.0,
        breakdown=found.breakdown,
        intervals=_intervals(values, unknown=not known or tokens_per_step > 1.0, near_limit=near),
        engine_family=engine,
        tensor_parallel=laid.tensor_parallel or 1,
        pipeline_parallel=laid.pipeline_parallel,
        assumptions=tuple(assumptions),
    )


_METRICS = {"ttft_s": "ttft_ms", "tpot_s": "tpot_ms", "total_tokens_per_s": "total_tok_s"}


def _intervals(
    values: dict[str, float], *, unknown: bool, near_limit: bool
) -> dict[str, tuple[float, float]]:
    """10-90 % interval of each value of a server's estimate."""
    constants, found = serving_constants.load(), {}
    for name, value in values.items():
        metric = _METRICS.get(name, "output_tok_s_total")
        low, high = serving_constants.interval(
            constants, metric, "fixed_concurrency", unknown=unknown, near_limit=near_limit
        )
        found[name] = (value * low, value * high)
    return found


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
