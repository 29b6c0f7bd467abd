"""Concurrent requests: exact arithmetic, inverses, monotone limits, refused input."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools import registry
from tools.catalog import load
from tools.contract import CalculatorRun
from tools.errors import FactAbsent, InputError, MissingInput, UnknownName

CATALOG = load(Path("/no-such-home"))
L405 = {"model": "llama-3.1-405b", "chip": "h100-sxm", "n_chips": 8, "weight_precision": "fp8",
        "kv_precision": "fp8", "reserve_fraction": 0.1}  # fmt: skip
L70 = {
    "model": "llama-3.1-70b",
    "chip": "h200",
    "n_chips": 2,
    "weight_precision": "fp8",
    "kv_precision": "fp8",
}
MODELS = ("llama-3.1-8b", "llama-3.1-70b", "mixtral-8x7b", "qwen3-32b", "gpt-oss-20b")


def run(**given_: Any) -> CalculatorRun:
    return registry.run("batch_size", given_, catalog=CATALOG)


def out(**given_: Any) -> dict[str, Any]:
    return run(**given_).output


@pytest.mark.parametrize(
    ("context", "requests"),
    [(2575, 256), (12_575, 52), (1300, 507), (11_300, 58), (200_000, 3), (12_000, 54)],
)
def test_405b_on_eight_h100(context: int, requests: int) -> None:
    """By hand: floor((8 × 80e9 × 0.9 − 405.85e9) / (2 × 126 × 8 × 128 × context)) = floor(170.15e9 / …)."""
    assert out(**L405, context_tokens=context)["max_requests"] == requests


def test_the_contract_fields_are_there() -> None:
    got = out(**L405, context_tokens=12_000)
    assert got["kv_bytes_per_token"] == 2 * 126 * 8 * 128
    assert got["weight_bytes"] == pytest.approx(405.85e9, rel=1e-4)
    assert got["kv_capacity_tokens"] == pytest.approx(659_373, rel=1e-4)
    assert got["limited_by"] == "memory"


@pytest.mark.parametrize(
    ("chip", "tokens"), [("h100-sxm", 8_850), ("h200", 343_933), ("mi300x", 624_084), ("trainium2", 96_740)]
)
def test_tokens_beside_70b_on_one_chip(chip: str, tokens: int) -> None:
    """(memory × 0.9 − 70.55e9) / (2 × 80 × 8 × 128): what is left on one chip in fp8."""
    got = out(model="llama-3.1-70b", chip=chip, n_chips=1, weight_precision="fp8", kv_precision="fp8",
              reserve_fraction=0.1, count_tokens=True)  # fmt: skip
    assert got["kv_capacity_tokens"] == pytest.approx(tokens, rel=0.003)


def test_latent_cache_is_kept_by_every_chip_unless_attention_is_data_parallel() -> None:
    """DeepSeek-V3 under tensor parallelism of 8 holds an eighth of what data-parallel attention holds."""
    base = {"model": "deepseek-v3", "chip": "h200", "n_chips": 8, "weight_precision": "fp8",
            "kv_precision": "bf16", "context_tokens": 4000}  # fmt: skip
    replicated = out(**base)["max_requests"]
    shared = out(**base, attention_data_parallel=True)["max_requests"]
    assert shared == pytest.approx(8 * replicated, rel=0.01)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(MODELS), st.integers(100, 200_000), st.sampled_from((1, 2, 4, 8)))
def test_longest_context_is_the_inverse_of_the_batch(model: str, context: int, n_chips: int) -> None:
    base = {
        "model": model,
        "chip": "h200",
        "n_chips": n_chips,
        "weight_precision": "fp8",
        "kv_precision": "fp8",
    }
    requests = out(**base, context_tokens=context)["max_requests"]
    if requests:
        longest = out(**base, n_requests=requests)["longest_context_tokens"]
        assert longest >= context
        assert out(**base, context_tokens=longest)["max_requests"] >= requests


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(MODELS), st.integers(10, 100_000), st.integers(10, 100_000), st.integers(1, 16))
def test_more_context_never_more_requests(model: str, one: int, two: int, n_chips: int) -> None:
    base = {
        "model": model,
        "chip": "mi300x",
        "n_chips": n_chips,
        "weight_precision": "bf16",
        "kv_precision": "bf16",
    }
    short, long = sorted((one, two))
    assert (
        out(**base, context_tokens=short)["max_requests"] >= out(**base, context_tokens=long)["max_requests"]
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 32), st.integers(1, 32), st.floats(0, 0.6), st.floats(0, 0.6))
def test_more_chips_and_less_reserve_never_hurt(few: int, many: int, one: float, two: float) -> None:
    few, many = sorted((few, many))
    low, high = sorted((one, two))
    base = {"model": "llama-3.1-70b", "chip": "h100-sxm", "weight_precision": "fp8", "context_tokens": 4000}
    small = out(**base, n_chips=few, reserve_fraction=high)["max_requests"]
    assert out(**base, n_chips=many, reserve_fraction=low)["max_requests"] >= small


def test_a_tighter_latency_limit_never_allows_more() -> None:
    batches = [
        out(**L70, context_tokens=2000, max_tpot_ms=limit)["max_requests"] for limit in (5, 15, 30, 60, 1e6)
    ]
    assert batches == sorted(batches)
    assert batches[-1] == out(**L70, context_tokens=2000)["max_requests"]
    tight = out(**L70, context_tokens=2000, max_tpot_ms=25)
    assert tight["limited_by"] == "tpot"
    assert out(**L70, context_tokens=2000, max_ttft_ms=0.001)["max_requests"] == 0


def test_a_described_model_on_a_described_card() -> None:
    got = out(params=7e9, layers=32, kv_heads=8, head_dim=128, chip_memory_gb=24, n_chips=1,
              weight_precision="bf16", kv_precision="bf16", context_tokens=4000, reserve_fraction=0.0)  # fmt: skip
    assert got["max_requests"] == math.floor((24e9 - 14e9) / (2 * 32 * 8 * 128 * 2 * 4000))


def test_weights_that_do_not_fit_say_what_would() -> None:
    done = run(
        model="llama-3.1-405b", chip="h100-sxm", n_chips=2, weight_precision="fp8", context_tokens=1000
    )
    assert done.output["max_requests"] == 0
    assert done.output["limited_by"] == "weights"
    assert any("6 chips" in text for text in done.warnings)


def test_defaults_are_named() -> None:
    done = run(model="llama-3.1-8b", chip="h100", context_tokens=8000)
    said = " ".join(done.assumptions)
    assert all(part in said for part in ("Weights in", "KV cache in", "no reserve", "kept free", "one chip"))


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"n_chips": -8}, "n_chips"),
        ({"n_chips": 0}, "n_chips"),
        ({"n_chips": 2.5}, "n_chips"),
        ({"context_tokens": -4096}, "context_tokens"),
        ({"context_tokens": float("inf")}, "context_tokens"),
        ({"reserve_fraction": 1.0}, "reserve_fraction"),
        ({"reserve_fraction": -0.1}, "reserve_fraction"),
        ({"reserve_fraction": 0.1, "usable_fraction": 0.5}, "usable_fraction"),
        ({"max_tpot_ms": 0}, "max_tpot_ms"),
        ({"weight_precision": "fp5"}, "weight_precision"),
        ({"chip": "H1000 ultra max"}, "chip"),
        ({"n_chips": "8 gallons"}, "n_chips"),
        ({"colour": "red"}, "colour"),
        ({"overhead_gb": 500}, "overhead_gb"),
    ],
)
def test_bad_input_names_the_field(bad: dict[str, Any], field: str) -> None:
    base = {"model": "llama-3.1-8b", "chip": "h100-sxm", "n_chips": 1, "context_tokens": 1000}
    with pytest.raises(InputError) as error:
        run(**(base | bad))
    assert error.value.field == field


def test_what_is_missing_is_asked_for() -> None:
    for given_, field in (({}, "model"), ({"model": "llama-3.1-8b", "chip": "h100"}, "context_tokens"),
                          ({"model": "llama-3.1-8b", "context_tokens": 10}, "chip")):  # fmt: skip
        with pytest.raises(MissingInput) as error:
            run(**given_)
        assert error.value.field == field


def test_a_closed_model_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(FactAbsent, match="not public"):
        run(model="gpt-4", chip="h100", n_chips=8)


def test_a_misspelt_chip_offers_the_nearest() -> None:
    with pytest.raises(UnknownName) as error:
        run(model="llama-3.1-8b", chip="h10", context_tokens=1000)
    assert error.value.nearest


@pytest.mark.parametrize("example", registry.get("batch_size").examples, ids=lambda e: e["question"][:40])
def test_examples_give_what_they_ask_for(example: dict[str, Any]) -> None:
    assert run(**example["input"]).output[example["want"]] > 0
