"""How fast a model serves: TTFT, TPOT, tokens per second, what bounds them; and the floors nothing can beat.

The estimate is the compiled serving model's (`tools.serving.deployment.estimate`, constants and intervals fitted on
published measurements); the floors are plain arithmetic (`tools.serving.floors`), and so are rates that are stated
(`tools.serving.step_rates`). A chip with no model gives the summed peaks of that many chips.
"""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from tools import drawing
from tools.catalog import Catalog, Chip
from tools.contract import Result, Source, entity, quantity
from tools.errors import FactAbsent, InputError, MissingInput
from tools.finite import finite
from tools.serving import constants as serving_constants
from tools.serving import deployment, estimators
from tools.serving.charts import curve
from tools.serving.floors import Machine, fill_cluster, fill_floors, machine
from tools.serving.served import ModelQuery, Notes, Served, fewest_chips, resolve_model
from tools.serving.step_rates import fill_rates, states_rates, target_step_s
from tools.units import format_number

SWEPT_BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
ASSUMED_INPUT, ASSUMED_OUTPUT = 1000.0, 1000.0
INTERVAL_FIELDS = ("ttft_s", "tpot_s", "output_tokens_per_s")

EXAMPLES: list[Any] = [
    {"question": "output tokens per second of Llama 70B in fp8 on four H200 at batch 64, 2,000 in and 500 out",
     "input": {"model": "llama-3.1-70b", "chip": "h200", "n_chips": 4, "weight_precision": "fp8", "batch": 64,
               "input_tokens": 2000, "output_tokens": 500}, "want": "output_tokens_per_s"},
    {"question": "time to first token for mixtral 8x7b on 2 H100 with an 8k prompt and vLLM",
     "input": {"model": "mixtral-8x7b", "chip": "h100-sxm", "n_chips": 2, "input_tokens": 8000,
               "engine": "vllm", "batch": 1}, "want": "ttft_s"},
    {"question": "how many ms per output token does Llama 405B take on 8 MI300X with 32 users",
     "input": {"model": "llama-3.1-405b", "chip": "mi300x", "n_chips": 8, "batch": 32}, "want": "tpot_s"},
    {"question": "how long does it take to stream 140 GB of weights once from an MI300X's memory",
     "input": {"weights_gb": 140, "chip": "mi300x"}, "want": "decode_floor_ms"},
    {"question": "upper limit of tokens/s for one user of Llama 8B bf16 on an L40S from bandwidth alone",
     "input": {"model": "llama-3.1-8b", "chip": "l40s", "weight_precision": "bf16"},
     "want": "bandwidth_bound_tokens_per_s"},
    {"question": "max tok/s at batch 1 of Llama 405B in fp8 on one MI300X, memory bandwidth only",
     "input": {"model": "llama-3.1-405b", "chip": "mi300x", "n_chips": 1, "weight_precision": "fp8", "batch": 1},
     "want": "bandwidth_bound_tokens_per_s"},
    {"question": "TTFT of Llama 70B fp8 on 4 H200 for a 3,000 token prompt",
     "input": {"model": "llama-3.3-70b", "chip": "h200", "n_chips": 4, "weight_precision": "fp8",
               "input_tokens": 3000}, "want": "ttft_s"},
    {"question": "lower bound on time to first token: 6k prompt, Llama 70B, 4 H200, fp8, full peak, in ms",
     "input": {"model": "llama-3.3-70b", "chip": "h200", "n_chips": 4, "weight_precision": "fp8",
               "input_tokens": 6000}, "want": "prefill_floor_ms"},
    {"question": "what decode speed limit does Mixtral 8x22B in bf16 on 4 H200 have for one stream?",
     "input": {"model": "mixtral-8x22b", "chip": "h200", "n_chips": 4, "weight_precision": "bf16"},
     "want": "bandwidth_bound_tokens_per_s"},
    {"question": "FLOPs to prefill 30,000 tokens with Llama 70B",
     "input": {"model": "llama-3.1-70b", "input_tokens": 30000}, "want": "prefill_flop"},
    {"question": "least time to process a 4k prompt of a 13B model in bf16 on one A100",
     "input": {"params": 13e9, "weight_precision": "bf16", "chip": "a100-sxm", "input_tokens": 4000},
     "want": "prefill_floor_ms"},
    {"question": "what do 50,000 H200 add up to in exaflops, fp8 dense?",
     "input": {"chip": "h200", "n_chips": 50000, "weight_precision": "fp8"}, "want": "cluster_pflops_per_s"},
    {"question": "combined memory bandwidth of 72 B200",
     "input": {"chip": "b200", "n_chips": 72}, "want": "cluster_bandwidth_tb_per_s"},
    {"question": "at which batch does decode on an H100 in fp8 turn from memory bound to compute bound",
     "input": {"chip": "h100-sxm", "weight_precision": "fp8"}, "want": "compute_bound_batch"},
]  # fmt: skip


class ServingPerformanceQuery(ModelQuery):
    """A model on chips with a workload; or bytes, parameters and peaks for the floors; or chips alone."""

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})

    chip: str | None = entity(
        "Accelerator", "chip", default=None, words=("chip", "GPU", "on", "accelerator"), ask="On which chip?"
    )
    n_chips: int | None = quantity(
        "Number of chips",
        "chip",
        default=None,
        min=1,
        max=1_000_000_000,
        words=("chips", "GPUs", "from", "of"),
    )
    input_tokens: float | None = quantity(
        "Prompt length", "token", default=None, above=0, max=1e9,
        words=("input", "prompt", "in", "prefill", "context"),
    )  # fmt: skip
    output_tokens: float | None = quantity(
        "Answer length",
        "token",
        default=None,
        above=0,
        max=1e9,
        words=("output", "answer", "out", "generated"),
    )
    batch: float | None = quantity(
        "Requests served at once", "request", default=None, min=1, max=1e6,
        words=("batch", "users", "concurrent", "concurrency", "batch size"),
    )  # fmt: skip
    engine: str | None = Field(
        None,
        description="Serving engine (vllm, sglang, trt-llm, …)",
        json_schema_extra={"words": ["engine", "vllm", "sglang", "tensorrt-llm", "trt-llm"]},
    )
    tensor_parallel: int | None = quantity(
        "Chips each layer is split over", "chip", default=None, min=1, words=("TP", "tensor parallel")
    )
    weights_gb: float | None = quantity(
        "Bytes of weights read per step, when the model is not named", "GB", default=None, above=0,
        words=("weights", "read", "stream", "GB of weights"),
    )  # fmt: skip
    active_params: float | None = quantity(
        "Parameters a token passes through (mixture of experts)", "param", default=None, above=0,
        words=("active parameters", "active params", "activated"),
    )  # fmt: skip
    bandwidth_tb_per_s: float | None = quantity(
        "Memory bandwidth of one chip, instead of the catalogue's", "TB/s", default=None, above=0,
        words=("bandwidth", "memory bandwidth", "TB/s"),
    )  # fmt: skip
    peak_tflops: float | None = quantity(
        "Dense peak of one chip, instead of the catalogue's", "TFLOP/s", default=None, above=0,
        words=("peak", "TFLOPS", "FLOP/s"),
    )  # fmt: skip
    bandwidth_fraction: float | None = quantity(
        "Fraction of the bandwidth that is reached (for the decode floor)", "dimensionless", default=None,
        above=0, max=1, words=("of peak bandwidth", "MBU", "bandwidth utilisation"),
    )  # fmt: skip
    flop_per_param: float | None = quantity(
        "The 2 of a forward pass, when it is said", "FLOP/param/token", default=None, above=0, max=20,
        words=("per parameter per token", "per param per token", "per parameter and token"),
    )  # fmt: skip
    tpot_ms: float | None = quantity(
        "Time of one decode step (per output token), when it is stated", "ms", default=None, above=0,
        words=("ms per token", "per output token", "a step takes", "step time", "TPOT of", "inter-token latency of", "measured"),
    )  # fmt: skip
    prefill_ms: float | None = quantity(
        "Time to first token, when it is stated (asks for the MFU reached)", "ms", default=None, above=0,
        words=("measured time to first token", "prefill took", "TTFT was", "first token came after"),
    )  # fmt: skip
    tokens_per_s_per_user: float | None = quantity(
        "Output tokens per second that each user sees, when it is stated", "token/s/request", default=None, above=0,
        words=("each user gets", "tok/s each", "per user", "each streaming", "every stream", "per stream", "to each user"),
    )  # fmt: skip
    tokens_per_s: float | None = quantity(
        "Output tokens per second of all chips, when it is stated", "token/s", default=None, above=0,
        words=("in all", "the box does", "the node makes", "total throughput", "altogether", "whole server makes"),
    )  # fmt: skip
    tokens_per_s_per_chip: float | None = quantity(
        "Output tokens per second of one chip, when it is stated", "token/s/chip", default=None, above=0,
        words=("tok/s per GPU", "each GPU makes", "per chip", "a card does"),
    )  # fmt: skip
    flop_fraction: float | None = quantity(
        "Fraction of the FLOP/s that is reached (for the prefill floor)", "dimensionless", default=None,
        above=0, max=1, words=("MFU", "of peak FLOPS", "compute utilisation"),
    )  # fmt: skip


class ServingPerformanceResult(Result):
    """Estimates with 10-90 % intervals, floors, and sums over chips; what could not be known is absent."""

    output_tokens_per_s: float | None = quantity(
        "Output tokens per second of all chips together", "token/s", default=None, role="headline",
        words=("throughput", "tokens per second", "tok/s", "output tokens per second"),
    )  # fmt: skip
    output_tokens_per_s_low: float | None = quantity("Low end", "token/s", default=None, role="detail")
    output_tokens_per_s_high: float | None = quantity("High end", "token/s", default=None, role="detail")
    ttft_s: float | None = quantity(
        "Time to first token", "s", default=None, role="detail",
        words=("TTFT", "time to first token", "first token"),
    )  # fmt: skip
    ttft_s_low: float | None = quantity("Low end", "s", default=None, role="detail")
    ttft_s_high: float | None = quantity("High end", "s", default=None, role="detail")
    tpot_s: float | None = quantity(
        "Time per output token", "s", default=None, role="detail",
        words=("TPOT", "per output token", "inter-token latency", "ms per token"),
    )  # fmt: skip
    tpot_s_low: float | None = quantity("Low end", "s", default=None, role="detail")
    tpot_s_high: float | None = quantity("High end", "s", default=None, role="detail")
    tokens_per_s_per_user: float | None = quantity(
        "Output tokens per second that one user sees", "token/s", default=None, role="detail",
        words=("per user", "each user", "speed a user sees", "one user"),
    )  # fmt: skip
    tokens_per_s_per_chip: float | None = quantity(
        "Output tokens per second of one chip", "token/s/chip", default=None, role="detail",
        words=("per chip", "per GPU", "each GPU", "throughput per GPU", "throughput per chip", "throughput of each card", "faster", "fastest", "speed-up"),
    )  # fmt: skip
    answer_s: float | None = quantity(
        "Time to write the answer at the speed stated", "s", default=None, role="headline",
        words=("time to write", "how long to stream", "seconds for the answer", "how long does the answer take"),
    )  # fmt: skip
    answer_tokens: float | None = quantity(
        "Tokens written in the time stated", "token", default=None, role="detail", words=("tokens written",)
    )
    chips_needed: float | None = quantity(
        "Chips that make the tokens per second, or that read the weights as fast as stated", "chip", default=None,
        role="headline", words=("how many GPUs", "chips needed", "GPUs for the speed", "how many chips"),
    )  # fmt: skip
    request_latency_s: float | None = quantity(
        "Time of a whole request", "s", default=None, role="detail",
        words=("latency", "end to end", "whole answer", "request latency"),
    )  # fmt: skip
    limited_by: str | None = None
    second_opinion_tokens_per_s: float | None = quantity(
        "Output tokens per second that another installed estimator says", "token/s", default=None, role="detail",
        words=("second opinion", "aiconfigurator"),
    )  # fmt: skip
    served_requests: float | None = quantity(
        "Concurrency of the estimate, or that the rates stated give",
        "request",
        default=None,
        role="detail",
        words=("how many users", "concurrent streams", "users served", "batch", "how many streams"),
    )
    bandwidth_bound_tokens_per_s: float | None = quantity(
        "Most tokens per second for one request that reading the weights allows", "token/s", default=None,
        role="headline",
        words=("upper limit", "theoretical maximum", "bandwidth only", "bandwidth bound", "single stream", "ceiling", "memory-bound tokens per second", "speed limit for one stream"),
    )  # fmt: skip
    decode_floor_ms: float | None = quantity(
        "Time to read the weights once: the least time of a decode step", "ms", default=None, role="headline",
        words=("time to read", "read once", "decode floor", "stream the weights", "minimum per token", "per step"),
    )  # fmt: skip
    prefill_floor_ms: float | None = quantity(
        "Least time to process the prompt", "ms", default=None, role="headline",
        words=("prefill floor", "time to first token lower bound", "lower bound", "full peak", "least time", "prefill time", "best case prefill time", "fastest prefill", "least time to first token"),
    )  # fmt: skip
    bandwidth_needed_tb_per_s: float | None = quantity(
        "Memory bandwidth of all chips that the speed stated takes at batch 1", "TB/s", default=None,
        role="headline", words=("bandwidth needed", "how much bandwidth", "bandwidth it takes", "TB/s needed"),
    )  # fmt: skip
    bandwidth_share: float | None = quantity(
        "Share of the peak bandwidth that the speed stated uses at batch 1", "dimensionless", default=None,
        role="headline", words=("MBU", "bandwidth utilisation", "share of the bandwidth", "of peak bandwidth"),
    )  # fmt: skip
    largest_weights_gb: float | None = quantity(
        "Most weights that can be read in the step time stated", "GB", default=None, role="headline",
        words=("largest model", "how many GB can be read", "weights readable", "GB of weights at most"),
    )  # fmt: skip
    prefill_mfu: float | None = quantity(
        "Share of the peak FLOP/s that the time to first token stated means", "dimensionless", default=None,
        role="headline", words=("prefill MFU", "utilisation of the prefill", "what MFU", "compute utilisation"),
    )  # fmt: skip
    answer_flop: float | None = quantity(
        "Arithmetic of writing the answer", "FLOP", default=None, role="headline",
        words=("FLOPs of the answer", "compute of an answer", "arithmetic of the answer", "FLOPs to generate", "raw compute"),
    )  # fmt: skip
    request_flop: float | None = quantity(
        "Arithmetic of prompt and answer together", "FLOP", default=None, role="detail",
        words=("FLOPs of the request", "whole request FLOPs", "prompt and answer"),
    )  # fmt: skip
    prefill_flop: float | None = quantity(
        "Arithmetic of the prompt", "FLOP", default=None, role="headline",
        words=("FLOPs to prefill", "prompt FLOPs", "arithmetic of the prompt"),
    )  # fmt: skip
    max_prefill_tokens_per_s: float | None = quantity(
        "Most prompt tokens per second the arithmetic allows", "token/s", default=None, role="detail",
        words=("prefill tokens per second", "prompt tokens per second", "compute ceiling"),
    )  # fmt: skip
    flop_per_token: float | None = quantity(
        "Arithmetic of one token",
        "FLOP",
        default=None,
        role="detail",
        words=("FLOPs per token", "forward pass"),
    )
    cluster_pflops_per_s: float | None = quantity(
        "Dense peak of all chips together", "PFLOP/s", default=None, role="headline",
        words=("exaflops", "petaflops", "total FLOPS", "total compute", "cluster FLOPS", "add up to"),
    )  # fmt: skip
    cluster_memory_gb: float | None = quantity(
        "Memory of all chips together", "GB", default=None, role="detail",
        words=("total HBM", "total memory", "petabytes of HBM", "combined memory"),
    )  # fmt: skip
    cluster_bandwidth_tb_per_s: float | None = quantity(
        "Memory bandwidth of all chips together", "TB/s", default=None, role="detail",
        words=("total bandwidth", "combined bandwidth", "aggregate bandwidth"),
    )  # fmt: skip
    compute_bound_batch: float | None = quantity(
        "Batch from which decode is bound by arithmetic, not by reading weights", "request", default=None,
        role="detail", words=("compute bound", "ridge point", "roofline batch", "turns compute bound"),
    )  # fmt: skip


def serving_performance(query: ServingPerformanceQuery, catalog: Catalog) -> ServingPerformanceResult:
    """TTFT, TPOT, tokens per second and what bounds them, for a model on chips; floors; FLOP/s of many chips.

    Estimates carry 10-90 % intervals. Floors need only bytes or parameters and a bandwidth or peak: time to
    read the weights once, tokens per second at batch 1, least prefill time (or at an MFU), FLOP of a prompt or an
    answer. Rates stated (step time, users, tokens/s each, chips) give one another: throughput of a server or a
    GPU, speed of a user, time of an answer. Chips alone give their summed peaks (exaFLOP/s, petabytes, TB/s).
    """
    notes, result = Notes(), ServingPerformanceResult()
    rates = _only_rates(query, result)
    if rates:
        result.formula = "; ".join(rates)
        return finite(result)
    has_model = query.model is not None or query.params is not None
    chip = catalog.chip(query.chip) if query.chip is not None else None
    served = resolve_model(query, catalog, notes, kv=chip is not None) if has_model else None
    _require(query, chip, has_model)
    on = machine(query, chip, _weight_format(query, served, notes), notes)
    lines = fill_floors(query, on, served, result)
    if served is None and chip is not None and query.weights_gb is None:
        lines += fill_cluster(on, result)
    if served is not None and chip is not None:
        lines = [_estimate(query, served, chip, on, result, notes), *lines]
    result.formula = "; ".join(line for line in lines if line)
    result.assumptions, result.warnings = notes.assumptions, notes.warnings
    result.taken = notes.taken
    result.sources = list(dict.fromkeys(notes.sources))
    return finite(result)


def _only_rates(query: ServingPerformanceQuery, result: ServingPerformanceResult) -> list[str]:
    """What rates stated give one another, where no model is named whose speed could be estimated."""
    models = (query.model, query.params, query.active_params, query.weights_gb)
    if any(value is not None for value in models) or not states_rates(query):
        return []
    return fill_rates(query, result)


def _require(query: ServingPerformanceQuery, chip: Chip | None, has_model: bool) -> None:
    peaks = query.bandwidth_tb_per_s is not None or query.peak_tflops is not None
    tokens = query.input_tokens is not None or query.output_tokens is not None
    weighed = (has_model or query.weights_gb is not None) and target_step_s(query) is not None
    if chip is None and not peaks and not (has_model and tokens) and not weighed:
        raise MissingInput("chip", "on which chip?")
    known = (query.weights_gb, query.active_params, target_step_s(query))
    if chip is None and not has_model and all(value is None for value in known):
        raise MissingInput("model", "which model, or how many GB of weights?")


def _weight_format(query: ServingPerformanceQuery, served: Served | None, notes: Notes) -> str:
    if served is not None:
        return served.weight_precision
    if query.weight_precision is None and query.weights_gb is None:
        notes.assumptions.append("Dense bf16 peaks (no precision was named)")
    return query.weight_precision or "bf16"


def _estimate(
    query: ServingPerformanceQuery, served: Served, chip: Chip, on: Machine, result: ServingPerformanceResult,
    notes: Notes,
) -> str:  # fmt: skip
    if served.entry is None or not served.entry.has_shape:
        notes.warnings.append(f"No estimate: the architecture of {served.name} is not known; floors only")
        return ""
    prompt, answer = _lengths(query, notes)
    laid = _deployment(query, served, chip, notes, prompt + answer)
    batch, target = query.batch, target_step_s(query)
    try:
        if batch is None and target is not None:
            batch = _batch_at_speed(laid, prompt, answer, target, notes)
        found = deployment.estimate(laid, prompt, answer, batch)
    except FactAbsent as error:
        notes.warnings.append(f"No estimate: {error}")
        return ""
    if not found.fits:
        notes.warnings.append(
            f"{served.name} ({format_number(served.weight_bytes / 1e9)} GB) does not fit on {laid.n_chips} × "
            f"{chip.name}: the floors stand, the estimate is left out"
        )
        return ""
    if batch is None:
        notes.assumptions.append(
            f"At the largest batch that fits, {found.batch:,.0f} request{'s' * (found.batch >= 1.5)} (none was named)"
        )
        notes.taken["batch"] = found.batch
    elif query.batch is not None and found.batch < 0.999 * query.batch:
        notes.warnings.append(
            f"Only {found.batch:,.0f} of the {query.batch:,.0f} requests run at once; the rest wait, and TTFT counts it"
        )
    notes.assumptions.extend(found.assumptions)
    notes.sources.extend(_model_source())
    _put(found, laid, prompt, answer, result)
    _second_opinion(found, laid, (prompt, answer), result, notes)
    if drawing.wanted():
        sweep = _sweep(laid, prompt, answer)
        result.table, result.chart = _table(sweep), _chart(laid, sweep)
    return (
        f"{found.batch:,.0f} requests × {prompt:,.0f} in / {answer:,.0f} out on {laid.n_chips} × {chip.name}: TPOT "
        f"{format_number(found.tpot_s * 1e3)} ms, {format_number(found.output_tokens_per_s)} output tokens/s, "
        f"bound by {found.limited_by} (a step: {_parts(found.breakdown)})"
    )


def _batch_at_speed(
    laid: deployment.Deployment, prompt: float, answer: float, target_s: float, notes: Notes
) -> float | None:
    """The most requests at once whose decode steps still take `target_s` or less (steps grow with the batch)."""
    most = deployment.estimate(laid, prompt, answer, None)
    if not most.fits:
        return None
    low, high = 1, max(1, int(most.batch))
    while low < high:
        middle = (low + high + 1) // 2
        fast = deployment.estimate(laid, prompt, answer, float(middle)).tpot_s <= target_s
        low, high = (middle, high) if fast else (low, middle - 1)
    said = f"{format_number(1 / target_s)} tokens/s each ({format_number(target_s * 1e3)} ms a token)"
    alone = deployment.estimate(laid, prompt, answer, float(low))
    if alone.tpot_s > target_s:
        notes.warnings.append(f"Not even one request runs at {said}")
    else:
        notes.assumptions.append(f"As many requests as still get {said}")
    return float(low)


def _model_source() -> list[Source]:
    """The serving model itself, dated by its calibration; nothing before a first one."""
    constants = serving_constants.load()
    if constants.fitted_on is None:
        return []
    return [
        Source(
            title="rackrate's serving model, constants fitted on published measurements",
            as_of=str(constants.fitted_on),
            says=f"{constants.rows:,} measured rows",
        )
    ]


def _lengths(query: ServingPerformanceQuery, notes: Notes) -> tuple[float, float]:
    prompt, answer = query.input_tokens, query.output_tokens
    if prompt is None or answer is None:
        missing = [("input", ASSUMED_INPUT)] * (prompt is None) + [("output", ASSUMED_OUTPUT)] * (
            answer is None
        )
        said = " and ".join(f"{value:,.0f} {name} tokens" for name, value in missing)
        notes.assumptions.append(f"{said} a request (not named)")
        notes.taken |= {f"{name}_tokens": float(value) for name, value in missing}
    return prompt or ASSUMED_INPUT, answer or ASSUMED_OUTPUT


def _deployment(
    query: ServingPerformanceQuery, served: Served, chip: Chip, notes: Notes, context_tokens: float
) -> deployment.Deployment:
    assert served.entry is not None
    n_chips = query.n_chips
    if n_chips is None:
        n_chips = fewest_chips(served, chip, query.batch or 0.0, context_tokens)
        what = "weights and cache" if query.batch else "weights"
        notes.assumptions.append(
            f"On {n_chips} × {chip.name}, the fewest that hold the {what} (no number given)"
        )
        notes.taken["n_chips"] = n_chips
    if query.tensor_parallel is not None and query.tensor_parallel > n_chips:
        raise InputError("tensor_parallel", query.tensor_parallel, f"at most the {n_chips} chips")
    return deployment.Deployment(
        model=served.entry,
        chip=chip,
        n_chips=n_chips,
        weight_precision=served.weight_precision,
        kv_precision=served.kv_precision,
        tensor_parallel=query.tensor_parallel,
        engine=query.engine,
    )


def _put(
    found: deployment.Estimate, laid: deployment.Deployment, prompt: float, answer: float,
    result: ServingPerformanceResult,
) -> None:  # fmt: skip
    for name in INTERVAL_FIELDS:
        setattr(result, name, getattr(found, name))
        if name in found.intervals:
            low, high = found.intervals[name]
            setattr(result, f"{name}_low", low)
            setattr(result, f"{name}_high", high)
    result.served_requests, result.limited_by = found.batch, found.limited_by
    result.tokens_per_s_per_user = 1.0 / found.tpot_s if found.tpot_s > 0 else None
    result.tokens_per_s_per_chip = found.output_tokens_per_s / laid.n_chips
    result.request_latency_s = found.ttft_s + found.tpot_s * max(0.0, answer - 1)


def _second_opinion(
    found: deployment.Estimate, laid: deployment.Deployment, lengths: tuple[float, float],
    result: ServingPerformanceResult, notes: Notes,
) -> None:  # fmt: skip
    """What installed estimators (extra `silicon`, other plugins) say beside ours; nothing where there are none."""
    request = {
        "model": laid.model.id, "chip": laid.chip.id, "n_chips": laid.n_chips,
        "tensor_parallel": found.tensor_parallel, "weight_precision": laid.weight_precision,
        "kv_precision": laid.kv_precision, "input_tokens": lengths[0], "output_tokens": lengths[1],
        "batch": found.batch, "engine": laid.engine,
    }  # fmt: skip
    for opinion in estimators.opinions(request):
        if result.second_opinion_tokens_per_s is None:
            result.second_opinion_tokens_per_s = opinion.output_tokens_per_s
            if opinion.source:
                notes.sources.append(Source(title=opinion.source))
        if estimators.far(found.output_tokens_per_s, opinion.output_tokens_per_s):
            notes.warnings.append(
                f"{opinion.name} says {format_number(opinion.output_tokens_per_s)} output tokens/s, "
                f"{format_number(opinion.output_tokens_per_s / found.output_tokens_per_s)} times ours"
            )


def _sweep(laid: deployment.Deployment, prompt: float, answer: float) -> list[deployment.Estimate]:
    """Estimates at batches 1 to 512, as far as they run at once."""
    found = (deployment.estimate(laid, prompt, answer, float(batch)) for batch in SWEPT_BATCHES)
    return [e for e, batch in zip(found, SWEPT_BATCHES, strict=True) if e.batch >= 0.999 * batch]


def _table(sweep: list[deployment.Estimate]) -> dict[str, Any] | None:
    rows = [
        [round(e.batch), *(_short(v) for v in (e.ttft_s * 1e3, e.tpot_s * 1e3, e.output_tokens_per_s))]
        for e in sweep
    ]
    columns = ["requests at once", "TTFT (ms)", "TPOT (ms)", "output tokens/s"]
    return {"columns": columns, "rows": rows} if len(rows) > 1 else None


def _chart(laid: deployment.Deployment, sweep: list[deployment.Estimate]) -> dict[str, Any] | None:
    points = [(e.tpot_s * 1e3, e.output_tokens_per_s) for e in sweep]
    if len(points) < 2:
        return None
    title = f"{laid.model.name} on {laid.n_chips} × {laid.chip.name}: speed against throughput by batch"
    return curve(title, "time per output token (ms)", "output tokens/s", points, log_y=True)


def _parts(breakdown: dict[str, float]) -> str:
    """Where the time of a decode step goes, largest first."""
    parts = sorted(breakdown.items(), key=lambda part: -part[1])
    return ", ".join(
        f"{name.removesuffix('_s').replace('_', ' ')} {_short(seconds * 1e3)} ms"
        for name, seconds in parts
        if seconds > 0
    )


def _short(value: float) -> float:
    return float(f"{value:.4g}")
