"""KV cache sizes: published values, linear growth, round trips, refused input."""

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
GIB = 2.0**30
GROUPED = ("llama-3.1-8b", "llama-3.1-70b", "llama-3.1-405b", "qwen3-32b", "mixtral-8x7b", "deepseek-v3")


def run(**given_: Any) -> CalculatorRun:
    return registry.run("kv_cache", given_, catalog=CATALOG)


def value(name: str, **given_: Any) -> float:
    return next(figure.value for figure in run(**given_).figures if figure.name == name)


@pytest.mark.parametrize(
    ("model", "kilobytes"),
    [("deepseek-v3", 70.272), ("qwen2.5-72b", 327.680), ("llama-3.1-405b", 516.096)],
)
def test_bytes_per_token_as_deepseek_published(model: str, kilobytes: float) -> None:
    """Insights into DeepSeek-V3 (arXiv:2505.09343), table 1: KV cache per token in bf16."""
    assert value("kv_bytes_per_token", model=model, kv_precision="bf16") == pytest.approx(kilobytes * 1e3)


@pytest.mark.parametrize(
    ("model", "tokens", "gib"),
    [
        ("llama-3.1-8b", 1_000, 0.125), ("llama-3.1-8b", 16_000, 1.95), ("llama-3.1-8b", 128_000, 15.62),
        ("llama-3.1-70b", 1_000, 0.313), ("llama-3.1-70b", 16_000, 4.88), ("llama-3.1-70b", 128_000, 39.06),
    ],
)  # fmt: skip
def test_request_size_as_hugging_face_published(model: str, tokens: int, gib: float) -> None:
    """Hugging Face's post on Llama 3.1 (July 2024): fp16 KV cache by context, printed in GiB."""
    size = value("kv_gb_per_request", model=model, kv_precision="fp16", context_tokens=tokens)
    assert size * 1e9 / GIB == pytest.approx(gib, rel=0.03)


def test_growth_is_linear_in_memory_and_quadratic_in_attention() -> None:
    done = run(context_tokens=10_000, other_context_tokens=100_000)
    got = {figure.name: figure.value for figure in done.figures}
    assert got["growth_factor"] == pytest.approx(10)
    assert got["attention_flop_growth"] == pytest.approx(100)
    assert "linear" in done.formula


def test_sliding_windows_stop_growing() -> None:
    """GPT-OSS keeps 128 tokens in every second layer, so doubling a long context less than doubles the cache."""
    growth = value(
        "growth_factor",
        model="gpt-oss-120b",
        kv_precision="bf16",
        context_tokens=500,
        other_context_tokens=50_000,
    )
    assert 50 < growth < 100


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(GROUPED), st.integers(1, 1_000_000), st.integers(1, 5_000))
def test_total_is_per_request_times_requests(model: str, context: int, requests: int) -> None:
    done = run(model=model, kv_precision="fp8", context_tokens=context, n_requests=requests)
    got = {figure.name: figure.value for figure in done.figures}
    assert got["kv_gb_total"] == pytest.approx(got["kv_gb_per_request"] * requests)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(GROUPED), st.integers(1, 2_000_000))
def test_tokens_that_fit_is_the_inverse_of_size(model: str, context: int) -> None:
    size = value("kv_gb_per_request", model=model, kv_precision="bf16", context_tokens=context)
    assert value("max_tokens", model=model, kv_precision="bf16", memory_gb=size) == pytest.approx(
        context, abs=1
    )


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(GROUPED), st.integers(1, 500_000), st.integers(1, 500_000))
def test_more_context_never_takes_less(model: str, one: int, two: int) -> None:
    short, long = sorted((one, two))
    at = [
        value("kv_gb_per_request", model=model, kv_precision="fp8", context_tokens=c) for c in (short, long)
    ]
    assert at[0] <= at[1]


def test_a_shape_given_as_numbers() -> None:
    per_token = value("kv_bytes_per_token", layers=60, kv_heads=8, head_dim=128, kv_precision="bf16")
    assert per_token == 2 * 60 * 8 * 128 * 2


def test_an_assumed_format_is_named() -> None:
    done = run(model="llama-3.1-8b")
    assert any("bf16" in text for text in done.assumptions)
    assert done.sources


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"model": "llama-3.1-8b", "context_tokens": 0}, "context_tokens"),
        ({"model": "llama-3.1-8b", "context_tokens": -4096}, "context_tokens"),
        ({"model": "llama-3.1-8b", "n_requests": -1, "context_tokens": 10}, "n_requests"),
        ({"model": "llama-3.1-8b", "memory_gb": float("nan")}, "memory_gb"),
        ({"model": "llama-3.1-8b", "kv_precision": "fp5"}, "kv_precision"),
        ({"model": "no such model at all"}, "model"),
        ({"layers": 10, "kv_heads": 8}, "head_dim"),
        ({"layers": 0, "kv_heads": 8, "head_dim": 128}, "layers"),
        ({"context_tokens": "five apples"}, "context_tokens"),
    ],
)
def test_bad_input_names_the_field(bad: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as error:
        run(**bad)
    assert error.value.field == field


def test_a_memory_below_one_token_holds_none() -> None:
    assert value("max_tokens", model="llama-3.1-8b", kv_precision="bf16", memory_gb=1e-9) == 0


def test_missing_model_is_asked_for() -> None:
    with pytest.raises(MissingInput) as error:
        run(context_tokens=1000)
    assert error.value.field == "model"


@pytest.mark.parametrize("example", registry.get("kv_cache").examples, ids=lambda e: e["question"][:40])
def test_examples_give_what_they_ask_for(example: dict[str, Any]) -> None:
    assert value(example["want"], **example["input"]) > 0
