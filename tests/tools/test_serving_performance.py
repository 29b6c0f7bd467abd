"""Speed of serving: floors against published specifications, physics, refused input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools import registry
from tools.catalog import load
from tools.contract import CalculatorRun
from tools.errors import InputError, MissingInput

CATALOG = load(Path("/no-such-home"))
MODELS = ("llama-3.1-8b", "llama-3.1-70b", "mixtral-8x7b", "deepseek-v3")
L70 = {"model": "llama-3.1-70b", "chip": "h100-sxm", "n_chips": 4, "weight_precision": "fp8"}


def run(**given_: Any) -> CalculatorRun:
    return registry.run("serving_performance", given_, catalog=CATALOG)


def out(**given_: Any) -> dict[str, Any]:
    return run(**given_).output


@pytest.mark.parametrize(
    ("chip", "n", "precision", "field", "published"),
    [
        # AWS on Trn2 UltraServers (64 Trainium2): 83.2 dense fp8 petaflops, 6 TB of HBM, 185 TB/s
        ("trainium2", 64, "fp8", "cluster_pflops_per_s", 83.2),
        ("trainium2", 64, "fp8", "cluster_memory_gb", 6_144),
        ("trainium2", 64, "fp8", "cluster_bandwidth_tb_per_s", 185.6),
        # NVIDIA DGX H100 data sheet: 640 GB; 32 petaflops fp8 with sparsity, half of it dense
        ("h100-sxm", 8, "fp8", "cluster_memory_gb", 640),
        ("h100-sxm", 8, "fp8", "cluster_pflops_per_s", 15.8),
        # NVIDIA HGX H200: 1.1 TB; 8 × 4.8 TB/s
        ("h200", 8, "fp8", "cluster_bandwidth_tb_per_s", 38.4),
    ],
)
def test_sums_over_chips_as_published(
    chip: str, n: int, precision: str, field: str, published: float
) -> None:
    assert out(chip=chip, n_chips=n, weight_precision=precision)[field] == pytest.approx(published, rel=0.005)


def test_floors_by_hand() -> None:
    """70e9 B / 4.8e12 B/s; 1e12 B / 8e12 B/s; 2 × 70.55e9 × 1000 / 1979e12."""
    assert out(weights_gb=70, chip="h200")["decode_floor_ms"] == pytest.approx(14.5833, rel=1e-4)
    b200 = out(params=1e12, weight_precision="fp8", chip="b200", n_chips=1)
    assert b200["decode_floor_ms"] == pytest.approx(125)
    prefill = out(model="llama-3.1-70b", weight_precision="fp8", chip="h100", n_chips=1, input_tokens=1000)
    assert prefill["prefill_floor_ms"] == pytest.approx(2 * 70.55e9 * 1000 / 1979e12 * 1e3, rel=1e-3)


def test_ridge_of_the_h100() -> None:
    """989e12 / 3.35e12 = 295 FLOP a byte: at two bytes a weight, batch 295 (and 295 in fp8 too)."""
    assert out(chip="h100", weight_precision="bf16")["compute_bound_batch"] == pytest.approx(295.2, rel=1e-3)


def test_a_mixture_of_experts_reads_its_active_weights() -> None:
    dense = out(model="llama-3.1-405b", weight_precision="fp8", chip="h200", n_chips=8)["decode_floor_ms"]
    sparse = out(model="deepseek-v3", weight_precision="fp8", chip="h200", n_chips=8)["decode_floor_ms"]
    assert sparse < dense / 9  # 37.5e9 of 671e9 against 405.85e9


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(MODELS), st.sampled_from(("h100-sxm", "h200", "mi300x", "b200")),
    st.integers(1, 256), st.integers(16, 8000), st.integers(16, 2000),
)  # fmt: skip
def test_no_estimate_beats_the_floors(model: str, chip: str, batch: int, prompt: int, answer: int) -> None:
    got = out(model=model, chip=chip, n_chips=8, weight_precision="fp8", batch=batch, input_tokens=prompt,
              output_tokens=answer)  # fmt: skip
    if got["tpot_s"] is None:
        return
    assert got["tpot_s"] * 1e3 >= got["decode_floor_ms"]
    assert got["ttft_s"] * 1e3 >= got["prefill_floor_ms"]
    assert got["tpot_s_low"] <= got["tpot_s"] <= got["tpot_s_high"]
    assert got["output_tokens_per_s"] > 0


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 128), st.integers(1, 128))
def test_a_bigger_batch_is_never_faster_for_one_user(one: int, two: int) -> None:
    small, big = sorted((one, two))
    at = [out(**L70, batch=b, input_tokens=1000, output_tokens=500)["tpot_s"] for b in (small, big)]
    assert at[0] <= at[1] * (1 + 1e-9)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.1, 1e5), st.floats(0.1, 100), st.floats(0.05, 1))
def test_floor_and_rate_are_inverses(gigabytes: float, terabytes_per_s: float, share: float) -> None:
    got = out(weights_gb=gigabytes, bandwidth_tb_per_s=terabytes_per_s, bandwidth_fraction=share)
    assert got["bandwidth_bound_tokens_per_s"] * got["decode_floor_ms"] == pytest.approx(1000)


def test_intervals_and_what_binds() -> None:
    done = run(**L70, batch=64, input_tokens=1000, output_tokens=500)
    rate = next(f for f in done.figures if f.name == "output_tokens_per_s")
    assert rate.low is not None
    assert rate.high is not None
    assert rate.low < rate.value < rate.high
    assert done.output["limited_by"]
    assert done.output["tokens_per_s_per_chip"] == pytest.approx(rate.value / 4)
    assert done.chart is not None
    assert done.sources


def test_a_model_too_large_leaves_the_floors() -> None:
    done = run(model="llama-3.1-405b", chip="h100", n_chips=1, weight_precision="bf16")
    assert done.output["output_tokens_per_s"] is None
    assert done.output["decode_floor_ms"] > 0
    assert any("does not fit" in text for text in done.warnings)


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"chip": "h100", "n_chips": 0}, "n_chips"),
        ({"chip": "h100", "n_chips": -1}, "n_chips"),
        ({"chip": "h100", "n_chips": 1.5}, "n_chips"),
        ({"chip": "h100", "weights_gb": 0}, "weights_gb"),
        ({"chip": "h100", "weights_gb": 1, "bandwidth_fraction": 1.5}, "bandwidth_fraction"),
        ({**L70, "batch": 0}, "batch"),
        ({**L70, "batch": 1e9}, "batch"),
        ({**L70, "input_tokens": -5}, "input_tokens"),
        ({**L70, "output_tokens": 1e300}, "output_tokens"),
        ({**L70, "tensor_parallel": 64}, "tensor_parallel"),
        ({"chip": "z80"}, "chip"),
    ],
)
def test_bad_input_names_the_field(bad: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as error:
        run(**bad)
    assert error.value.field == field


def test_what_is_missing_is_asked_for() -> None:
    for given_, field in (({}, "chip"), ({"model": "llama-3.1-8b"}, "chip")):
        with pytest.raises(MissingInput) as error:
            run(**given_)
        assert error.value.field == field


@pytest.mark.parametrize(
    "example", registry.get("serving_performance").examples, ids=lambda e: e["question"][:40]
)
def test_examples_give_what_they_ask_for(example: dict[str, Any]) -> None:
    assert out(**example["input"])[example["want"]] > 0


@pytest.mark.parametrize("speed", [15.0, 30.0, 60.0])
def test_a_stated_speed_gives_the_largest_batch_that_keeps_it(speed: float) -> None:
    given = {"model": "llama-3.3-70b", "chip": "h100-sxm", "n_chips": 8, "weight_precision": "fp8"}
    batch = registry.run("serving_performance", {**given, "tokens_per_s_per_user": speed}).output[
        "served_requests"
    ]
    kept = registry.run("serving_performance", {**given, "batch": batch}).output
    more = registry.run("serving_performance", {**given, "batch": batch + 1}).output
    assert kept["tpot_s"] <= 1 / speed < more["tpot_s"] or more["served_requests"] < batch + 1


def test_a_speed_no_batch_reaches_is_said() -> None:
    given = {"model": "llama-3.1-405b", "chip": "h100-sxm", "n_chips": 8, "weight_precision": "fp8"}
    done = registry.run("serving_performance", {**given, "tokens_per_s_per_user": 5000})
    assert done.output["served_requests"] == 1
    assert any("Not even one" in w for w in done.warnings)


def test_chips_nobody_counted_hold_the_weights_and_the_requests_named() -> None:
    given = {"model": "llama-3.3-70b", "chip": "h100-sxm", "weight_precision": "bf16"}
    alone = registry.run("serving_performance", given)
    many = registry.run("serving_performance", {**given, "batch": 256, "input_tokens": 4000})
    assert alone.taken["n_chips"] == 2
    assert many.taken["n_chips"] > 2
    assert many.output["served_requests"] == 256
