"""Price steps: by hand, in every direction, list price ratios, refused input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools import registry
from tools.catalog import load
from tools.errors import InputError, MissingInput

CATALOG = load(Path("/no-such-home"))


def out(**given_: Any) -> dict[str, Any]:
    return registry.run("model_price_stack", given_, catalog=CATALOG).output


@pytest.mark.parametrize(("margin", "ratio"), [(50, 30), (70, 50), (0, 15)])
def test_cheaper_serving_and_a_margin_removed(margin: float, ratio: float) -> None:
    """15 / (1 − margin)."""
    assert out(cost_ratio=15, gross_margin_percent=margin)["price_ratio"] == pytest.approx(ratio)


def test_two_served_models_are_compared_by_throughput() -> None:
    """A 70B model costs less to serve than a 405B one, by something like its size."""
    got = out(
        model="llama-3.1-405b", other_model="llama-3.1-70b", chip="h200", n_chips=8, weight_precision="fp8"
    )
    assert got["size_ratio"] == pytest.approx(5.75, rel=0.01)
    assert 2 < got["cost_ratio"] < 20


def test_the_gain_beyond_size() -> None:
    assert out(size_ratio=10, cost_ratio=15)["efficiency_factor"] == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("first", "second", "ratio"),
    [("o1", "gpt-4o", 6), ("gpt-4o", "gpt-4o-mini", 10 / 0.6), ("o1", "gpt-4o-mini", 100)],
)
def test_list_price_ratios_of_december_2024(first: str, second: str, ratio: float) -> None:
    """OpenAI's list: o1 60, GPT-4o 10, GPT-4o mini 0.60 dollars per million output tokens."""
    got = out(api_model=first, other_api_model=second, as_of="2024-12-20")
    assert got["output_price_ratio"] == pytest.approx(ratio)


@settings(max_examples=80, deadline=None)
@given(st.floats(1.1, 100), st.floats(1, 95), st.floats(1, 10))
def test_every_step_can_be_asked_for(cost: float, margin: float, rivals: float) -> None:
    total = out(cost_ratio=cost, gross_margin_percent=margin, competition_factor=rivals)["price_ratio"]
    back = out(price_ratio=total, cost_ratio=cost, competition_factor=rivals)
    assert back["gross_margin_percent"] == pytest.approx(margin, abs=1e-6)
    left = out(price_ratio=total, cost_ratio=cost, gross_margin_percent=margin)
    assert left["competition_factor"] == pytest.approx(rivals)
    assert out(price_ratio=total, gross_margin_percent=margin, competition_factor=rivals)[
        "cost_ratio"
    ] == pytest.approx(cost)


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 98), st.floats(0, 98))
def test_a_bigger_margin_removed_never_saves_less(one: float, two: float) -> None:
    low, high = sorted((one, two))
    at = [out(cost_ratio=10, gross_margin_percent=m)["price_ratio"] for m in (low, high)]
    assert at[0] <= at[1] * (1 + 1e-9)


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"cost_ratio": 15, "gross_margin_percent": 100}, "gross_margin_percent"),
        ({"cost_ratio": 0, "gross_margin_percent": 50}, "cost_ratio"),
        ({"cost_ratio": -1, "gross_margin_percent": 50}, "cost_ratio"),
        ({"size_ratio": float("nan")}, "size_ratio"),
        ({"api_model": "o1"}, "other_api_model"),
    ],
)
def test_bad_input_names_the_field(bad: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as error:
        out(**bad)
    assert error.value.field == field


def test_nothing_at_all_is_asked_about() -> None:
    with pytest.raises(MissingInput):
        out()


@pytest.mark.parametrize(
    "example", registry.get("model_price_stack").examples, ids=lambda e: e["question"][:40]
)
def test_examples_give_what_they_ask_for(example: dict[str, Any]) -> None:
    assert out(**example["input"])[example["want"]] > 0
