"""Memory arithmetic as people do it by hand, and estimates with their intervals."""

from __future__ import annotations

import math

import pytest

from tools.catalog import load
from tools.errors import FactAbsent, InputError
from tools.serving import constants as serving_constants
from tools.serving import deployment as dep
from tools.serving.deployment import Deployment

CATALOG = load()


def on(model: str, chip: str, n: int, weights: str = "fp8", cache: str = "fp8", **more: object) -> Deployment:
    return Deployment(CATALOG.model(model), CATALOG.chip(chip), n, weights, cache, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("model", "cache", "expected"),
    [
        ("llama-3.1-8b", "bf16", 2 * 32 * 8 * 128 * 2),
        ("llama-3.1-70b", "fp8", 2 * 80 * 8 * 128),
        ("llama-3.1-405b", "bf16", 2 * 126 * 8 * 128 * 2),
        ("deepseek-v3", "bf16", 61 * (512 + 64) * 2),
        ("gpt-oss-120b", "bf16", 18 * 2 * 8 * 64 * 2),
        ("mistral-7b-v0.1", "bf16", 2 * 32 * 8 * 128 * 2),
    ],
)
def test_cache_bytes_per_token(model: str, cache: str, expected: float) -> None:
    assert dep.kv_bytes_per_token(CATALOG.model(model), cache) == expected


def test_sliding_layers_stop_at_their_window() -> None:
    model = CATALOG.model("gpt-oss-120b")
    per_layer = 2 * 8 * 64 * 2
    assert dep.kv_bytes_per_request(model, "bf16", 100) == 36 * per_layer * 100
    assert dep.kv_bytes_per_request(model, "bf16", 10_000) == 18 * per_layer * 10_000 + 18 * per_layer * 128


def test_hybrid_layers_keep_a_fixed_state() -> None:
    model = CATALOG.model("qwen3.5-397b-a17b")
    state = model.linear_layers * model.linear_state_elements * 2
    longer = dep.kv_bytes_per_request(model, "bf16", 2000) - dep.kv_bytes_per_request(model, "bf16", 1000)
    assert dep.kv_bytes_per_request(model, "bf16", 1000) == pytest.approx(longer + state)


def test_capacity_by_hand() -> None:
    found = dep.capacity(on("llama-3.1-70b", "h100-sxm", 4), 12_000, 0.1)
    weights = CATALOG.model("llama-3.1-70b").params_total
    assert weights is not None
    free = 4 * 80e9 * 0.9 - weights
    assert found.weight_bytes == weights
    assert found.max_requests == math.floor(free / (2 * 80 * 8 * 128 * 12_000))
    assert found.kv_capacity_tokens == pytest.approx(free / (2 * 80 * 8 * 128))
    assert found.limited_by == "kv cache"


def test_weights_that_do_not_fit() -> None:
    found = dep.capacity(on("llama-3.1-405b", "h100-sxm", 2, "bf16"), 8000)
    assert (found.max_requests, found.limited_by) == (0, "weights")


def test_latent_cache_is_copied_by_tensor_parallelism_unless_attention_is_data_parallel() -> None:
    split = dep.capacity(on("deepseek-v3", "h200", 8, tensor_parallel=8), 8000)
    ranks = dep.capacity(on("deepseek-v3", "h200", 8, attention_data_parallel=True), 8000)
    assert ranks.max_requests // split.max_requests == pytest.approx(8, abs=1)


@pytest.mark.parametrize("context", [0, -1])
def test_a_context_that_cannot_be(context: float) -> None:
    with pytest.raises(InputError, match="context_tokens"):
        dep.capacity(on("llama-3.1-8b", "h100-sxm", 1), context)


def test_closed_models_have_no_shape() -> None:
    with pytest.raises(FactAbsent, match="not public"):
        dep.estimate(on("gpt-4", "h100-sxm", 8), 1000, 1000, 8)


def test_estimate_orders_and_intervals() -> None:
    found = dep.estimate(on("llama-3.1-70b", "h100-sxm", 4, engine="TensorRT-LLM"), 1000, 1000, 64)
    assert 0.01 < found.tpot_s < 0.06
    assert 0.05 < found.ttft_s < 3.0
    assert found.total_tokens_per_s == pytest.approx(2 * found.output_tokens_per_s)
    assert found.engine_family == "trtllm-server"
    for name in ("ttft_s", "tpot_s", "output_tokens_per_s", "total_tokens_per_s"):
        low, high = found.intervals[name]
        assert low < getattr(found, name) < high


def test_an_engine_nobody_measured_gets_a_wider_interval() -> None:
    named = dep.estimate(on("llama-3.1-70b", "h100-sxm", 4, engine="TensorRT-LLM"), 1000, 1000, 64)
    other = dep.estimate(on("llama-3.1-70b", "h100-sxm", 4, engine="my-engine"), 1000, 1000, 64)

    def ratio(found: dep.Estimate) -> float:
        low, high = found.intervals["tpot_s"]
        return high / low

    assert other.engine_family is None
    assert ratio(other) > 1.1 * ratio(named)


def test_speculation_is_a_stated_factor_with_a_wider_interval() -> None:
    on_h200 = on("llama-3.1-70b", "h200", 4, engine="TensorRT-LLM")
    plain = dep.estimate(on_h200, 500, 2000, 4)
    faster = dep.estimate(on_h200, 500, 2000, 4, tokens_per_step=2.0)
    assert faster.tpot_s == pytest.approx(plain.tpot_s / 2, rel=0.05)
    assert 1.8 < faster.output_tokens_per_s / plain.output_tokens_per_s < 2.05
    assert faster.intervals["tpot_s"][1] / faster.tpot_s > plain.intervals["tpot_s"][1] / plain.tpot_s
    assert "as stated" in faster.assumptions[-1]
    with pytest.raises(InputError, match="tokens_per_step"):
        dep.estimate(on_h200, 500, 2000, 4, tokens_per_step=0.5)


def test_no_batch_means_what_fits() -> None:
    found = dep.estimate(on("llama-3.1-8b", "h100-sxm", 1, engine="vllm"), 2000, 500)
    assert found.batch > 50
    assert found.fits


def test_a_faster_chip_is_faster_and_more_chips_too() -> None:
    tpot = [
        dep.estimate(
            on("llama-3.1-70b", chip, 8, engine="TensorRT-LLM", tensor_parallel=8), 2000, 500, 16
        ).tpot_s
        for chip in ("a100-sxm", "h100-sxm", "h200", "b200")
    ]
    assert tpot == sorted(tpot, reverse=True)


@pytest.mark.parametrize(
    ("model", "chip", "n", "group"),
    [
        ("llama-3.1-70b", "h100-sxm", 4, 4),
        ("llama-3.1-70b", "h100-sxm", 64, 8),
        ("deepseek-v3", "h100-sxm", 32, 16),
        ("llama-3.1-8b", "h100-sxm", 1, 1),
    ],
)
def test_layout_takes_a_server_and_more_only_when_it_must(model: str, chip: str, n: int, group: int) -> None:
    laid, said = dep.layout(on(model, chip, n))
    assert laid.tensor_parallel == group
    assert bool(said) == (n > 1)


@pytest.mark.parametrize(
    ("name", "family", "version", "regime", "expected"),
    [
        ("TensorRT-LLM", "hopper", "0.9.0", "", "trtllm-0.9"),
        ("TensorRT-LLM", "hopper", "1.0", "", "trtllm-1"),
        ("trt", "blackwell", "", "server", "trtllm-server"),
        ("TensorRT 10.11, CUDA 12.9", "blackwell", "", "mlperf_offline_max", "trtllm-mlperf"),
        ("SGLang", "cdna4", "", "", "sglang-rocm"),
        ("sglang", "blackwell", "", "", "sglang-blackwell"),
        ("vLLM (ROCm fork)", "cdna", "", "", "vllm-rocm"),
        ("vLLM TPU", "tpu", "", "", "vllm-tpu"),
        ("vllm-gaudi", "gaudi", "", "", "vllm-gaudi"),
        ("Transformers NeuronX", "neuron", "", "", "neuronx"),
        ("llama.cpp", "apple", "", "", "llama-cpp"),
        ("", "hopper", "", "", None),
    ],
)
def test_engine_families(name: str, family: str, version: str, regime: str, expected: str | None) -> None:
    assert serving_constants.engine_family(name, family, version, regime) == expected


def test_fitted_constants_are_about_a_hundred_and_have_a_meaning() -> None:
    constants = serving_constants.load()
    assert constants.fitted_on
    assert constants.rows > 1000
    raw = serving_constants._read(serving_constants.DATA)
    assert all(entry["meaning"] for entry in raw["global"].values())
    assert set(raw["global"]) == set(serving_constants._core.Tuning.NAMES)
