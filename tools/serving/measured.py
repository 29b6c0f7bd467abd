"""Measured serving rows (published benchmarks) as deployments and workloads of the serving model.

A file has the columns of `COLUMNS`; what a row leaves blank is filled as its publisher's practice says, and
what cannot be read gives the row a reason instead of a prediction.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tools import _core
from tools.errors import InputError, RackrateError
from tools.serving import constants as serving_constants
from tools.serving.deployment import Deployment, core_deployment, weight_bytes

if TYPE_CHECKING:
    from tools.catalog import Catalog, Chip, Model

COLUMNS = (
    "id", "model", "model_key", "chip", "chip_key", "n_chips", "tp", "pp", "ep", "precision", "kv_precision",
    "isl", "osl", "concurrency_or_batch", "metric", "value", "engine", "engine_version", "date", "regime",
)  # fmt: skip
NEEDED = ("model", "chip", "n_chips", "metric", "regime")
METRICS = ("output_tok_s_total", "total_tok_s", "ttft_ms", "tpot_ms")
LOADS = {"fixed_batch": 0, "fixed_concurrency": 1, "max_throughput_offline": 2, "mlperf_offline_max": 2}

# Mean prompt and answer lengths of the MLPerf Inference data sets (tokens), by model id.
MLPERF_LENGTHS = {
    "llama-2-70b": (295.0, 290.0),
    "llama-3.1-8b": (778.0, 73.0),
    "llama-3.1-405b": (9400.0, 684.0),
    "mixtral-8x7b": (300.0, 145.0),
    "deepseek-r1": (800.0, 3880.0),
}
# Requests in a published offline run: some 7.7 million tokens, 1,000 requests at least (TensorRT-LLM's tables
# queue 30,000 requests of 128 + 128 tokens, 3,000 of 128 + 2,048, 1,000 of 20,000 + 2,000).
QUEUED_TOKENS = 7.7e6
LEAST_QUEUED = 1000.0
# InferenceX draws both lengths evenly from 0.8 to 1.0 of the nominal ones.
INFERENCEX_MEAN = 0.9
# JetStream's published runs state no lengths: its default data set's means.
UNSTATED_LENGTHS = (1024.0, 1024.0)


class Unreadable(RackrateError):
    """A row that cannot be predicted; `str(e)` says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measured row, ready for the core."""

    id: str
    pair: tuple[str, str]
    chip: Chip
    model: Model
    metric: str
    regime: str
    engine: str | None
    family: str
    link: str
    deployment: Deployment
    core: _core.Deployment
    input_tokens: float
    output_tokens: float
    load: int
    count: float
    server: bool
    value: float | None

    @property
    def workload(self) -> tuple[float, float, float, float, float]:
        """A row of `_core.estimate_batch`'s workloads."""
        return (self.input_tokens, self.output_tokens, float(self.load), self.count, float(self.server))

    def from_estimate(self, found: Sequence[float]) -> float:
        """The row's metric from a row of `_core.estimate_batch`: TTFT s, TPOT s, output tok/s, requests/s."""
        if self.metric == "ttft_ms":
            return found[0] * 1e3
        if self.metric == "tpot_ms":
            return found[1] * 1e3
        tokens = self.output_tokens + (self.input_tokens if self.metric == "total_tok_s" else 0.0)
        return found[3] * tokens


def read(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Header and rows of a measured CSV. InputError when it is not one (missing columns, not text)."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            header = list(reader.fieldnames or ())
            rows = [{k: (v or "") for k, v in row.items() if k is not None} for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError("file", str(path), f"a UTF-8 CSV file ({error})") from error
    except OSError as error:
        raise InputError("file", str(path), f"a file that can be read ({error.strerror})") from error
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise InputError("columns", ", ".join(header) or "none", f"at least {', '.join(NEEDED)}")
    return header, rows


def parse(raw: Mapping[str, str], catalog: Catalog) -> Row:
    """A row of the file as a deployment and a workload.

    Raises:
        Unreadable: a name nobody knows, a number that cannot be, a metric or regime that is not modelled.
    """
    get = {name: (raw.get(name) or "").strip() for name in COLUMNS}
    metric, regime = get["metric"], get["regime"]
    if metric not in METRICS:
        raise Unreadable(f"metric is {metric!r}; allowed: {', '.join(METRICS)}")
    if regime not in LOADS:
        raise Unreadable(f"regime is {regime!r}; allowed: {', '.join(LOADS)}")
    chip, model = _chip(get, catalog), _model(get, catalog)
    family = serving_constants.chip_family(chip)
    engine = serving_constants.engine_family(
        get["engine"], family, get["engine_version"], _engine_regime(get, regime)
    )
    lengths = _lengths(get, raw.get("source", ""), model, regime)
    count = _count(get, regime, sum(lengths))
    deployment = _deployment(get, chip, model, engine, regime, count)
    try:
        core = core_deployment(deployment)
    except RackrateError as error:
        raise Unreadable(str(error)) from error
    group = (
        (deployment.tensor_parallel or 1) if not deployment.attention_data_parallel else deployment.n_chips
    )
    return Row(
        id=get["id"],
        pair=(get["model_key"] or model.id, get["chip_key"] or chip.id),
        chip=chip,
        model=model,
        metric=metric,
        regime=regime,
        engine=engine,
        family=family,
        link=serving_constants.link_kind(chip, group),
        deployment=deployment,
        core=core,
        input_tokens=lengths[0],
        output_tokens=lengths[1],
        load=LOADS[regime],
        count=count,
        server=regime == "fixed_concurrency",
        value=positive(get["value"]),
    )


def parse_all(rows: Sequence[Mapping[str, str]], catalog: Catalog) -> Iterator[Row | str]:
    """Each row parsed, or the reason why not."""
    for raw in rows:
        try:
            yield parse(raw, catalog)
        except RackrateError as error:
            yield str(error)


def _chip(get: Mapping[str, str], catalog: Catalog) -> Chip:
    for name in ("chip", "chip_key"):
        try:
            return catalog.chip(get[name])
        except InputError as error:
            last = error
    raise Unreadable(str(last))


def _model(get: Mapping[str, str], catalog: Catalog) -> Model:
    for name in ("model", "model_key"):
        try:
            found = catalog.model(get[name])
        except InputError as error:
            last = error
            continue
        if not found.has_shape:
            raise Unreadable(f"the architecture of {found.name} is not public")
        return found
    raise Unreadable(str(last))


def _number(field: str, text: str, low: float, high: float, *, blank: float | None = None) -> float:
    """A cell as a number within [low, high]; `blank` for an empty one."""
    if not text and blank is not None:
        return blank
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise Unreadable(f"{field} is {text or 'blank'}; allowed: a number from {low:g} to {high:g}")
    return value


def positive(text: str) -> float | None:
    """A cell as a finite number above 0; None when it is not one."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def _engine_regime(get: Mapping[str, str], regime: str) -> str:
    """`server` for TensorRT-LLM behind InferenceX's client, whose name there is ``trt``."""
    return "server" if regime == "fixed_concurrency" else regime


def _lengths(get: Mapping[str, str], source: str, model: Model, regime: str) -> tuple[float, float]:
    prompt_only = get["metric"] == "ttft_ms" or get["osl"] == "0"
    if regime.startswith("mlperf"):
        usual = MLPERF_LENGTHS.get(model.id)
        if usual is None and not (get["isl"] and get["osl"]):
            raise Unreadable(f"isl is blank and the MLPerf data set of {model.name} is not known")
        mean_input, mean_output = usual or (0.0, 0.0)
    else:
        mean_input, mean_output = UNSTATED_LENGTHS
    prompt = _number("isl", get["isl"], 0, 10_000_000, blank=mean_input)
    answer = _number("osl", get["osl"], 0, 10_000_000, blank=1.0 if prompt_only else mean_output)
    if _drawn_short(source):
        prompt, answer = prompt * INFERENCEX_MEAN, answer * INFERENCEX_MEAN
    return prompt, answer


def _drawn_short(source: str) -> bool:
    return bool(re.search(r"inference(x|max)", source, re.I)) and "token_position" not in source


def _count(get: Mapping[str, str], regime: str, tokens: float) -> float:
    if LOADS[regime] == 2:
        mlperf = regime.startswith("mlperf")  # its queue is the whole data set, drawn many times over
        queued = 1e5 if mlperf else max(LEAST_QUEUED, QUEUED_TOKENS / max(tokens, 1.0))
        return _number("concurrency_or_batch", get["concurrency_or_batch"], 1, 1e7, blank=queued)
    if get["osl"] == "0" and not get["concurrency_or_batch"]:
        # Prefill alone, as fast as it goes: enough prompts to keep every chip busy.
        return 8.0 * _number("n_chips", get["n_chips"], 1, 1e6)
    return _number("concurrency_or_batch", get["concurrency_or_batch"], 1, 1e7)


def _deployment(
    get: Mapping[str, str], chip: Chip, model: Model, engine: str | None, regime: str, count: float
) -> Deployment:
    n = int(_number("n_chips", get["n_chips"], 1, 1e6))
    pp = int(_number("pp", get["pp"], 1, n, blank=1.0))
    ep = int(_number("ep", get["ep"], 1, 1e6, blank=1.0))
    weights = weight_precision(get["precision"], chip, model, regime)
    if not get["precision"]:
        weights = _narrowed(weights, chip, model, n)
    laid = Deployment(
        model=model,
        chip=chip,
        n_chips=n,
        weight_precision=weights,
        kv_precision=kv_precision(get["kv_precision"], weights, engine),
        pipeline_parallel=pp,
        expert_parallel=min(ep, n),
        engine=get["engine"] or None,
    )
    return _laid_out(laid, get["tp"], engine, count)


def _narrowed(precision: str, chip: Chip, model: Model, n: int) -> str:
    """The widest format not above `precision` that the chips of a run can hold at all."""
    memory = 0.95 * n * (chip.device_memory_bytes or chip.memory_bytes or 0.0)
    order = ("bf16", "fp8", "fp4")
    for name in order[order.index(precision) :] if precision in order else ():
        if weight_bytes(model, name) <= memory:
            return name
    return precision


def _laid_out(laid: Deployment, stated: str, engine: str | None, count: float) -> Deployment:
    """Tensor parallelism and data-parallel attention of a row.

    A stated split counts cores on Trainium, Inferentia and TPU v7 (several to a chip), so it is capped by the
    chips. Experts over several chips with no tensor parallelism mean data-parallel attention; so do TensorRT-LLM
    servers with expert parallelism and 64 clients or more. Without a statement engines without replicas use
    every chip, others the smallest group that holds the weights.
    """
    available = max(1, laid.n_chips // laid.pipeline_parallel)
    tensor = min(int(_number("tp", stated, 1, 1e6, blank=0.0) if stated else 0), available)
    spread = laid.expert_parallel > 1 and laid.model.is_moe
    attention_dp = spread and (tensor <= 1 or ((engine or "").startswith("trtllm-server") and count >= 64))
    if attention_dp:
        laid = replace(laid, expert_parallel=min(available, max(laid.expert_parallel, tensor)))
        return replace(laid, tensor_parallel=1, attention_data_parallel=True)
    if not tensor:
        whole = engine in ("jetstream", "pytorch") or (engine or "").endswith("tpu")
        tensor = available if whole else _group_that_holds(laid, available)
    elif laid.model.is_moe and tensor < available and not _holds(laid, tensor):
        # A split that cannot hold the weights: experts must lie over all chips, attention on each.
        return replace(laid, tensor_parallel=tensor, expert_parallel=available, attention_data_parallel=True)
    return replace(laid, tensor_parallel=tensor)


def _holds(laid: Deployment, group: int) -> bool:
    memory = laid.chip.device_memory_bytes or laid.chip.memory_bytes or 0.0
    need = weight_bytes(laid.model, _nominal(laid.weight_precision))
    return need <= 0.9 * memory * group * laid.pipeline_parallel


def _group_that_holds(laid: Deployment, available: int) -> int:
    memory = laid.chip.device_memory_bytes or laid.chip.memory_bytes or 0.0
    need = weight_bytes(laid.model, _nominal(laid.weight_precision)) / laid.pipeline_parallel
    group = 1
    while group < available and need > 0.6 * memory * group:
        group *= 2
    return min(group, available)


def _nominal(precision: str) -> str:
    return {"q4_k_m": "int4", "mxfp4": "fp4"}.get(precision, precision)


def weight_precision(text: str, chip: Chip, model: Model, regime: str) -> str:
    """Storage format of the weights of a row; blank is the checkpoint's own, or MLPerf's usual for the chip."""
    name = re.sub(r"[^a-z0-9_]", "", text.lower().split("(")[0])
    known = {
        "f16": "fp16", "half": "fp16", "uint4": "int4", "nvfp4": "fp4", "mxfp4": "fp4", "w8a8": "int8",
        "f32": "fp32", "float16": "fp16", "bfloat16": "bf16", "q4_k_m": "q4_k_m", "q4km": "q4_k_m", "q8_0": "int8",
    }  # fmt: skip
    name = known.get(name, name)
    if name in ("fp32", "bf16", "fp16", "fp8", "int8", "fp6", "fp4", "int4", "q4_k_m"):
        return name
    if name.startswith("checkpoint"):
        return model.native_precision
    if name:
        raise Unreadable(
            f"precision is {text!r}; allowed: fp32, bf16, fp16, fp8, int8, fp6, fp4, int4, Q4_K_M"
        )
    if regime.startswith("mlperf"):
        eight = chip.peak_flops.get("fp8") or chip.family == "hopper"
        return "fp4" if chip.peak_flops.get("fp4") else "fp8" if eight else "fp16"
    return "fp8" if chip.vendor == "Google" and chip.peak_flops.get("fp8") else model.native_precision


def kv_precision(text: str, weights: str, engine: str | None) -> str:
    """Format of the cache: as stated; 8 bits beside 8- and 4-bit weights in TensorRT-LLM; else 16 bits."""
    name = text.strip().lower()
    if name in ("fp8", "int8", "fp4", "fp16", "bf16"):
        return name
    if (engine or "").startswith("trtllm") and weights in ("fp8", "fp4"):
        return "fp8"
    return "bf16"
