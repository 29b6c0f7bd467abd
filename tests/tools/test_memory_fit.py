"""What fits in memory: chips, gaps, largest models; inverses and refused input."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools import registry
from tools.catalog import load
from tools.errors import FactAbsent, InputError, MissingInput

CATALOG = load(Path("/no-such-home"))


def out(**given_: Any) -> dict[str, Any]:
    return registry.run("memory_fit", given_, catalog=CATALOG).output


@pytest.mark.parametrize(
    ("model", "precision", "gigabytes"),
    [
        ("llama-3.1-8b", "fp16", 16), ("llama-3.1-70b", "fp16", 140), ("llama-3.1-405b", "fp16", 810),
        ("llama-3.1-8b", "fp8", 8), ("llama-3.1-70b", "fp8", 70), ("llama-3.1-405b", "fp8", 405),
        ("llama-3.1-8b", "int4", 4), ("llama-3.1-70b", "int4", 35), ("llama-3.1-405b", "int4", 203),
    ],
)  # fmt: skip
def test_weights_as_hugging_face_published(model: str, precision: str, gigabytes: float) -> None:
    """Hugging Face's post on Llama 3.1 (July 2024): memory of the weights, rounded by them."""
    assert out(model=model, weight_precision=precision)["weight_gb"] == pytest.approx(gigabytes, rel=0.012)


@pytest.mark.parametrize(("precision", "chips"), [("fp8", 14), ("bf16", 28), ("fp4", 7)])
def test_a_trillion_parameters_on_h100(precision: str, chips: int) -> None:
    """ceil(1e12 × bytes / (80e9 × 0.9))."""
    got = out(params=1e12, chip="h100", weight_precision=precision, usable_fraction=0.9)
    assert got["chips_needed"] == chips


def test_the_gap_when_it_does_not_fit() -> None:
    got = out(model="llama-3.1-70b", chip="h100", n_chips=1, weight_precision="bf16")
    assert got["fits"] is False
    assert got["shortfall_gb"] == pytest.approx(141.1 - 80, abs=0.02)
    assert got["headroom_gb"] == -got["shortfall_gb"]


@pytest.mark.parametrize(
    ("chip", "fits"), [("h100", False), ("h200", False), ("mi300x", True), ("b200", True)]
)
def test_70b_in_bf16_on_one_chip(chip: str, fits: bool) -> None:
    """141.1 GB against 80, 141, 192 and 192 GB."""
    assert out(model="llama-3.1-70b", chip=chip, n_chips=1, weight_precision="bf16")["fits"] is fits


def test_replicas_in_a_cluster() -> None:
    """5,000 H100 in groups of eight hold 625 copies of 405B in fp8."""
    got = out(model="llama-3.1-405b", weight_precision="fp8", chip="h100", n_chips=5000, reserve_fraction=0.1)
    assert got["replicas"] == 625
    assert got["usable_gb"] == pytest.approx(360_000)


def test_whole_servers() -> None:
    got = out(model="llama-3.1-405b", weight_precision="bf16", chip="h100")
    assert (got["chips_needed"], got["servers_needed"]) == (11, 2)


@settings(max_examples=60, deadline=None)
@given(st.floats(1e8, 1e14), st.sampled_from(("bf16", "fp8", "fp4")), st.floats(0, 0.8))
def test_the_chips_needed_hold_it_and_one_fewer_does_not(
    params: float, precision: str, reserve: float
) -> None:
    base = {"params": params, "chip": "h200", "weight_precision": precision, "reserve_fraction": reserve}
    chips = int(out(**base)["chips_needed"])
    assert out(**base, n_chips=chips)["fits"] or math.isclose(
        out(**base, n_chips=chips)["headroom_gb"], 0, abs_tol=1e-6
    )
    if chips > 1:
        assert not out(**base, n_chips=chips - 1)["fits"]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 10_000), st.sampled_from(("bf16", "fp8", "fp4")), st.floats(0, 0.8))
def test_the_largest_model_needs_just_these_chips(n_chips: int, precision: str, reserve: float) -> None:
    base = {"chip": "mi300x", "weight_precision": precision, "reserve_fraction": reserve}
    largest = out(**base, n_chips=n_chips)["largest_params"]
    assert out(**base, params=largest)["chips_needed"] == n_chips


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 500), st.integers(1, 500))
def test_more_users_never_need_fewer_chips(few: int, many: int) -> None:
    few, many = sorted((few, many))
    base = {"model": "llama-3.1-70b", "chip": "h100", "weight_precision": "fp8", "context_tokens": 4000}
    assert out(**base, n_requests=few)["chips_needed"] <= out(**base, n_requests=many)["chips_needed"]


def test_no_reserve_is_said_when_none_was_named() -> None:
    done = registry.run("memory_fit", {"model": "llama-3.1-405b", "weight_precision": "bf16", "chip": "h200"},
                        catalog=CATALOG)  # fmt: skip
    assert done.output["chips_needed"] == 6
    assert any("7 chips" in text for text in done.assumptions)


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"params": 0, "chip": "h100"}, "params"),
        ({"params": -1e9, "chip": "h100"}, "params"),
        ({"params": 1e9, "chip": "h100", "n_chips": 0}, "n_chips"),
        ({"params": 1e9, "chip": "h100", "usable_fraction": 0}, "usable_fraction"),
        ({"params": 1e9, "chip": "h100", "usable_fraction": 1.2}, "usable_fraction"),
        ({"params": 1e9, "chip_memory_gb": -80}, "chip_memory_gb"),
        ({"params": 1e9, "chip": "h100", "overhead_gb": 80}, "overhead_gb"),
        ({"model": "llama-3.1-8b", "chip": "abacus"}, "chip"),
        ({"model": "llama-3.1-8b", "n_requests": 5}, "context_tokens"),
    ],
)
def test_bad_input_names_the_field(bad: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as error:
        out(**bad)
    assert error.value.field == field


def test_nothing_at_all_is_asked_about() -> None:
    with pytest.raises(MissingInput):
        out()


def test_a_closed_model_has_no_size() -> None:
    closed = next(
        (m.id for m in CATALOG.models.values() if not m.open_weights and m.params_total is None), None
    )
    if closed is None:
        pytest.skip("the catalogue lists no closed model")
    with pytest.raises(FactAbsent):
        out(model=closed, chip="h100")


@pytest.mark.parametrize("example", registry.get("memory_fit").examples, ids=lambda e: e["question"][:40])
def test_examples_give_what_they_ask_for(example: dict[str, Any]) -> None:
    assert out(**example["input"])[example["want"]] > 0
