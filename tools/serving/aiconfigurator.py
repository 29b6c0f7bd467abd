"""NVIDIA's aiconfigurator-core (extra ``silicon``) as an estimator: measured kernel tables of NVIDIA's chips.

It gives the time of a prefill and of decode steps; a closed loop of clients is put together from them here, as in
`core/src/serving.rs`: a cycle of `b` requests costs `b` prefills and the decode steps of one answer. Only models
whose shape the package carries are asked for, so nothing is ever downloaded.
"""

from __future__ import annotations

import importlib.util
import logging
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

PACKAGE = "aiconfigurator_core"
CHUNK_TOKENS = 8192

CHIPS = {
    "h100-sxm": "h100_sxm", "h100-pcie": "h100_pcie", "h200": "h200_sxm", "b200": "b200_sxm", "b300": "b300_sxm",
    "gb200": "gb200", "gb300": "gb300", "a100-sxm": "a100_sxm", "a100-pcie": "a100_pcie", "a30": "a30",
    "l4": "l4", "l40s": "l40s", "rtx-pro-6000": "rtx_pro_6000_server",
}  # fmt: skip
MODELS = {
    "llama-3.1-8b": "meta-llama/Meta-Llama-3.1-8B",
    "llama-3.1-70b": "meta-llama/Meta-Llama-3.1-70B",
    "llama-3.3-70b": "meta-llama/Meta-Llama-3.1-70B",
    "llama-3.1-405b": "meta-llama/Meta-Llama-3.1-405B",
    "llama-4-scout": "meta-llama/Llama-4-Scout-17B-16E-Instruct",
    "llama-4-maverick": "meta-llama/Llama-4-Maverick-17B-128E-Instruct",
    "deepseek-v3": "deepseek-ai/DeepSeek-V3",
    "deepseek-r1": "deepseek-ai/DeepSeek-R1",
    "qwen3-8b": "Qwen/Qwen3-8B",
    "qwen3-32b": "Qwen/Qwen3-32B",
    "qwen3-30b-a3b": "Qwen/Qwen3-30B-A3B",
    "qwen3-235b-a22b": "Qwen/Qwen3-235B-A22B",
    "minimax-m2.5": "MiniMaxAI/MiniMax-M2.5",
    "gpt-oss-20b": "openai/gpt-oss-20b",
    "gpt-oss-120b": "openai/gpt-oss-120b",
}
# Formats of the weights; a checkpoint that is published in a format says its own (None).
FORMATS: dict[str, str | None] = {
    "bf16": "bfloat16",
    "fp16": "bfloat16",
    "fp8": "fp8",
    "fp4": "nvfp4",
    "int4": "int4_wo",
}
OWN_FORMAT = {
    "deepseek-v3": "fp8",
    "deepseek-r1": "fp8",
    "minimax-m2.5": "fp8",
    "gpt-oss-20b": "fp4",
    "gpt-oss-120b": "fp4",
}
BACKENDS = ("trtllm", "sglang", "vllm")

log = logging.getLogger("rackrate.estimators")


def estimate(request: Mapping[str, Any]) -> dict[str, Any] | None:
    """Output tokens/s and time per output token of a closed loop; None for what it does not know."""
    if importlib.util.find_spec(PACKAGE) is None:
        return None
    chip, model = CHIPS.get(request["chip"]), MODELS.get(request["model"])
    precision = request["weight_precision"]
    weights = None if OWN_FORMAT.get(request["model"]) == precision else FORMATS.get(precision, "")
    if chip is None or model is None or weights == "":
        return None
    group = int(request["tensor_parallel"])
    replicas = max(1, int(request["n_chips"]) // group)
    cache = {"fp8": "fp8", "bf16": "bfloat16", "fp16": "bfloat16"}.get(request["kv_precision"])
    clients = max(1, math.ceil(request["batch"] / replicas))
    for backend in _backends(request["engine"]):
        engine = _engine(model, chip, backend, group, weights, cache)
        times = _times(engine, clients, round(request["input_tokens"]), round(request["output_tokens"]))
        if times is not None:
            return _answer(times, clients, replicas, backend, request)
    return None


def _backends(engine: str | None) -> list[str]:
    """The backend asked for first, then the others: tables do not hold every pair."""
    said = (engine or "").lower().replace("-", "").replace("tensorrt", "trt")
    wanted = next((b for b in BACKENDS if b[:4] in said), BACKENDS[0])
    return [wanted, *(b for b in BACKENDS if b != wanted)]


@lru_cache(maxsize=32)
def _engine(model: str, chip: str, backend: str, group: int, weights: str | None, cache: str | None) -> Any:
    """A compiled engine, or None where the tables lack something. Some seconds the first time."""
    from aiconfigurator_core.sdk.common import DefaultHFModels
    from aiconfigurator_core.sdk.engine import EngineHandle

    if model not in DefaultHFModels:
        return None
    noisy = logging.getLogger(PACKAGE)
    level = noisy.level
    noisy.setLevel(logging.CRITICAL)
    try:
        return EngineHandle.compile(
            model, chip, backend, tp_size=group, moe_tp_size=group, moe_ep_size=1, gemm_quant_mode=weights,
            moe_quant_mode=weights, kvcache_quant_mode=cache,
        )  # fmt: skip
    except Exception as error:  # its errors have no common root, and a lacking table is one of them
        log.debug("%s on %s with %s: %s", model, chip, backend, error)
        return None
    finally:
        noisy.setLevel(level)


def _times(engine: Any, clients: int, prompt: int, answer: int) -> tuple[float, float] | None:
    """(one prompt's share of a full prefill, all decode steps of an answer) in seconds."""
    if engine is None:
        return None
    together = max(1, min(clients, CHUNK_TOKENS // max(1, prompt)))
    try:
        prefill = engine.predict_prefill_latency(together, max(1, prompt)) / together
        _, decode, _ = engine.run_static(batch_size=clients, isl=max(1, prompt), osl=max(2, answer))
    except Exception as error:
        log.debug("no figures: %s", error)
        return None
    good = all(math.isfinite(t) and t > 0 for t in (prefill, decode))
    return (prefill / 1e3, decode / 1e3) if good else None


def _answer(
    times: tuple[float, float], clients: int, replicas: int, backend: str, request: Mapping[str, Any]
) -> dict[str, Any]:
    prefill, decode = times
    from importlib.metadata import version

    each = request["batch"] / replicas
    cycle = max(1.0, each) * prefill + decode
    return {
        "output_tokens_per_s": replicas * max(1.0, each) * request["output_tokens"] / cycle,
        "tpot_s": (decode + (clients - 1) * prefill) / max(1.0, request["output_tokens"] - 1),
        "source": f"aiconfigurator-core {version('aiconfigurator-core')}, tables of {backend}",
        "note": f"NVIDIA's kernel tables for {backend}",
    }
