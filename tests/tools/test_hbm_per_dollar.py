"""Chips compared: published ratios, per-dollar ratios by hand, break-even round trips, refused input."""

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
CHIPS = ("h100-sxm", "h200", "b200", "mi300x", "trainium2", "tpu-v5p")
PRICES = st.floats(500, 100_000)


def run(**given_: Any) -> CalculatorRun:
    return registry.run("hbm_per_dollar", given_, catalog=CATALOG)


def out(**given_: Any) -> dict[str, Any]:
    return run(**given_).output


@pytest.mark.parametrize(
    ("first", "second", "field", "published"),
    [
        # AMD's MI300X launch claims against H100: 2.4x the memory, 1.6x the bandwidth, 1.3x the bf16 FLOP/s
        ("mi300x", "h100-sxm", "capacity_ratio", 2.4),
        ("mi300x", "h100-sxm", "bandwidth_ratio", 1.6),
        ("mi300x", "h100-sxm", "flops_ratio", 1.3),
        # NVIDIA's H200 page against H100: nearly double the memory, 1.4x the bandwidth
        ("h200", "h100-sxm", "capacity_ratio", 1.76),
        ("h200", "h100-sxm", "bandwidth_ratio", 1.4),
        # AMD's MI325X against H200: 1.8x the memory, 1.3x the bandwidth
        ("mi325x", "h200", "capacity_ratio", 1.8),
        ("mi325x", "h200", "bandwidth_ratio", 1.3),
    ],
)
def test_ratios_as_vendors_published(first: str, second: str, field: str, published: float) -> None:
    assert out(chip_a=first, chip_b=second)[field] == pytest.approx(published, rel=0.045)


def test_trainium2_against_h100_by_hand() -> None:
    """(96/5000) / (80/40000), (2.9/5000) / (3.35/40000), 40000/5000, and 80 / (96/5000)."""
    got = out(chip_a="trainium2", usd_per_chip=5000, chip_b="h100", other_usd_per_chip=40_000)
    assert got["gb_per_usd_ratio"] == pytest.approx(9.6)
    assert got["bandwidth_per_usd_ratio"] == pytest.approx(6.925373)
    assert got["price_ratio"] == pytest.approx(8)
    assert got["break_even_usd"] == pytest.approx(4166.667)
    assert got["gb_per_kusd"] == pytest.approx(19.2)
    assert got["gbps_per_usd"] == pytest.approx(0.58)


def test_the_contract_ranking() -> None:
    got = out(chip_a="h100", usd_per_chip=40_000, chip_b="trn2", other_usd_per_chip=5000)
    assert [row["chip"] for row in got["ranking"]] == ["trainium2", "h100-sxm"]
    assert set(got["ranking"][0]) >= {"chip", "gb_per_kusd", "gbps_per_usd", "tflops_per_kusd"}
    assert got["best_chip"] == "trainium2"


def test_three_chips_with_their_prices() -> None:
    """80/12 = 6.67, 141/30 = 4.7 and 256/18 = 14.2 GB per thousand dollars."""
    got = out(chip_a="a100", chip_b="h200", chip_c="mi325x", prices_usd=[12_000, 30_000, 18_000])
    assert [row["chip"] for row in got["ranking"]] == ["mi325x", "a100-sxm", "h200"]
    assert got["best_gb_per_kusd"] == pytest.approx(256 / 18)
    with pytest.raises(InputError):
        out(chip_a="a100", chip_b="h200", chip_c="mi325x", prices_usd=[12_000, 30_000])


def test_catalogue_prices_are_dated_and_sourced() -> None:
    done = run(basis="rental")
    rates = [row["gb_per_kusd"] for row in done.output["ranking"] if row["gb_per_kusd"]]
    assert rates == sorted(rates, reverse=True)
    assert len(rates) >= 3
    assert done.sources
    assert any("catalogue" in text for text in done.assumptions)


def test_a_date_changes_the_price() -> None:
    early, late = (
        out(chip_a="h100", basis="rental", as_of=day)["ranking"][0]["usd"]
        for day in ("2024-01-15", "2025-12-15")
    )
    assert early != late


def test_total_cost_adds_the_running_cost() -> None:
    """40,000 + 4 × 8760 × 0.50 = 57,520."""
    got = out(chip_a="h100", usd_per_chip=40_000, running_usd_per_chip_hour=0.5, years=4)
    assert got["ranking"][0]["usd"] == pytest.approx(57_520)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(CHIPS), st.sampled_from(CHIPS), PRICES, PRICES)
def test_at_the_break_even_price_the_two_are_equal(first: str, second: str, one: float, two: float) -> None:
    got = out(chip_a=first, usd_per_chip=one, chip_b=second, other_usd_per_chip=two)
    ratio, even = got["gb_per_usd_ratio"], got["break_even_usd"]
    changed = {"other_usd_per_chip": even} if ratio >= 1 else {"usd_per_chip": even}
    again = {"chip_a": first, "usd_per_chip": one, "chip_b": second, "other_usd_per_chip": two} | changed
    assert out(**again)["gb_per_usd_ratio"] == pytest.approx(1)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(CHIPS), st.sampled_from(CHIPS), PRICES, PRICES)
def test_swapping_the_chips_inverts_the_ratios(first: str, second: str, one: float, two: float) -> None:
    there = out(chip_a=first, usd_per_chip=one, chip_b=second, other_usd_per_chip=two)
    back = out(chip_a=second, usd_per_chip=two, chip_b=first, other_usd_per_chip=one)
    for name in ("gb_per_usd_ratio", "bandwidth_per_usd_ratio", "flops_per_usd_ratio", "capacity_ratio"):
        assert there[name] * back[name] == pytest.approx(1)
    assert there["price_ratio"] == pytest.approx(back["price_ratio"])


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(CHIPS), PRICES, PRICES)
def test_dearer_is_never_more_per_dollar(chip: str, one: float, two: float) -> None:
    cheap, dear = sorted((one, two))
    assert (
        out(chip_a=chip, usd_per_chip=cheap)["gb_per_kusd"]
        >= out(chip_a=chip, usd_per_chip=dear)["gb_per_kusd"]
    )


def test_chips_given_as_numbers() -> None:
    got = out(memory_gb=100, usd_per_chip=1000, other_memory_gb=50, other_usd_per_chip=1000)
    assert got["gb_per_usd_ratio"] == pytest.approx(2)


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"chip_a": "h100", "usd_per_chip": 0}, "usd_per_chip"),
        ({"chip_a": "h100", "usd_per_chip": -5}, "usd_per_chip"),
        ({"chip_a": "h100", "usd_per_chip": "5 GB"}, "usd_per_chip"),
        ({"chip_a": "h100", "usd_per_chip": float("inf")}, "usd_per_chip"),
        ({"chip_a": "h100", "memory_gb": 0}, "memory_gb"),
        ({"chip_a": "h100", "years": 99}, "years"),
        ({"chip_a": "h100", "basis": "barter"}, "basis"),
        ({"chip_a": "no such chip"}, "chip"),
    ],
)
def test_bad_input_names_the_field(bad: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as error:
        run(**bad)
    assert error.value.field in (field, f"{field}_a")


def test_nothing_at_all_is_asked_about() -> None:
    with pytest.raises(MissingInput):
        run()


@pytest.mark.parametrize("example", registry.get("hbm_per_dollar").examples, ids=lambda e: e["question"][:40])
def test_examples_give_what_they_ask_for(example: dict[str, Any]) -> None:
    assert out(**example["input"])[example["want"]] > 0
