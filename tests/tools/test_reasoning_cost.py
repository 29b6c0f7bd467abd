"""Cost of thinking: the product by hand, its inverses, batches, refused input."""

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
FACTOR = st.floats(0.1, 1000)
L405 = {"model": "llama-3.1-405b", "chip": "h100-sxm", "n_chips": 8, "weight_precision": "fp8",
        "kv_precision": "fp8", "reserve_fraction": 0.1}  # fmt: skip


def run(**given_: Any) -> CalculatorRun:
    return registry.run("reasoning_cost", given_, catalog=CATALOG)


def out(**given_: Any) -> dict[str, Any]:
    return run(**given_).output


def test_ten_times_the_tokens_at_five_times_the_price() -> None:
    assert out(token_factor=10, per_token_factor=5)["cost_factor"] == pytest.approx(50)


def test_a_range_in_gives_a_range_out() -> None:
    cost = run(token_factor=10, per_token_factor={"low": 4, "high": 5}).figures[0]
    assert (cost.low, cost.high) == (pytest.approx(40), pytest.approx(50))


@pytest.mark.parametrize(("base", "longer", "factor"), [(2575, 12_575, 256 / 52), (1300, 11_300, 507 / 58)])
def test_batches_of_405b_by_hand(base: int, longer: int, factor: float) -> None:
    """floor(170.15e9 / (258,048 × context)) at both contexts."""
    got = out(**L405, base_context_tokens=base, thinking_tokens=longer - base)
    assert got["batch_factor"] == pytest.approx(factor)
    assert got["per_token_factor"] == pytest.approx(factor)


@pytest.mark.parametrize("thinking", [2000, 10_000, 50_000])
def test_by_the_serving_model_a_token_costs_less_than_the_batch_falls(thinking: int) -> None:
    """The ratio of batches is the bound where a smaller batch steps no faster; it does, and one prompt serves a
    longer answer, so a little thinking may even make a token cheaper."""
    got = out(**L405, base_context_tokens=2500, thinking_tokens=thinking)
    assert 0.5 < got["modelled_per_token_factor"] < got["batch_factor"]


def test_by_the_serving_model_much_thinking_makes_a_token_dearer() -> None:
    at = [
        out(**L405, base_context_tokens=2500, thinking_tokens=t)["modelled_per_token_factor"]
        for t in (5e3, 2e4, 8e4)
    ]
    assert at == sorted(at)
    assert at[-1] > 1.5


def test_thinking_in_dollars() -> None:
    """11,000 × 60 / 1e6 against 1,000 × 10 / 1e6."""
    got = out(
        output_tokens=1000, thinking_tokens=10_000, usd_per_mtok_output=60, plain_usd_per_mtok_output=10
    )
    assert got["usd_with_thinking"] == pytest.approx(0.66)
    assert got["usd_without_thinking"] == pytest.approx(0.01)
    assert got["cost_factor"] == pytest.approx(66)


def test_something_said_is_checked_not_believed() -> None:
    done = run(token_factor=10, per_token_factor=10, cost_factor=50)
    assert done.output["cost_factor"] == pytest.approx(100)
    assert any("50" in text for text in done.warnings)


@settings(max_examples=80, deadline=None)
@given(FACTOR, FACTOR)
def test_every_direction_of_the_product(tokens: float, each: float) -> None:
    cost = out(token_factor=tokens, per_token_factor=each)["cost_factor"]
    assert out(cost_factor=cost, token_factor=tokens)["per_token_factor"] == pytest.approx(each)
    assert out(cost_factor=cost, per_token_factor=each)["token_factor"] == pytest.approx(tokens)


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 10**6), st.integers(0, 10**6))
def test_thinking_tokens_from_the_factor(answer: int, thinking: int) -> None:
    factor = out(output_tokens=answer, thinking_tokens=thinking)["token_factor"]
    back = out(output_tokens=answer, token_factor=factor)["thinking_tokens"]
    assert back == pytest.approx(thinking, rel=1e-6, abs=1e-3)


@settings(max_examples=30, deadline=None)
@given(st.integers(500, 5000), st.integers(0, 50_000), st.integers(0, 50_000))
def test_more_thinking_never_fits_more(base: int, one: int, two: int) -> None:
    less, more = sorted((one, two))
    at = [
        out(**L405, base_context_tokens=base, thinking_tokens=t)["batch_with_thinking"] for t in (less, more)
    ]
    assert at[0] >= at[1]


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"token_factor": 0, "per_token_factor": 5}, "token_factor"),
        ({"token_factor": 10, "per_token_factor": -5}, "per_token_factor"),
        ({"thinking_tokens": -1, "output_tokens": 10}, "thinking_tokens"),
        ({"thinking_tokens": 1, "output_tokens": 0}, "output_tokens"),
        ({"token_factor": float("inf"), "per_token_factor": 1}, "token_factor"),
        ({**L405, "n_chips": 0, "base_context_tokens": 1, "thinking_tokens": 1}, "n_chips"),
    ],
)
def test_bad_input_names_the_field(bad: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as error:
        run(**bad)
    assert error.value.field == field


def test_nothing_at_all_is_asked_about() -> None:
    with pytest.raises(MissingInput):
        run()


@pytest.mark.parametrize("example", registry.get("reasoning_cost").examples, ids=lambda e: e["question"][:40])
def test_examples_give_what_they_ask_for(example: dict[str, Any]) -> None:
    assert out(**example["input"])[example["want"]] > 0
