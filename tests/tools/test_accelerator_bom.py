"""Bill of materials: published estimates, own silicon, inverse questions, bad input."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.accelerator_bom import AcceleratorBomQuery, AcceleratorBomResult, accelerator_bom
from tools.catalog import load
from tools.errors import InputError
from tools.registry import Calculator, run

MONEY = st.floats(1, 1e6)


def ask(**known: Any) -> AcceleratorBomResult:
    return accelerator_bom(AcceleratorBomQuery(**known), load())


def test_examples_answer_what_they_ask() -> None:
    for example in Calculator("accelerator_bom", accelerator_bom).examples:
        assert getattr(ask(**example["input"]), example["want"]) is not None, example["question"]


@pytest.mark.parametrize(
    ("known", "field", "value"),
    [
        # published model of an H100 (siliconanalysts.com, 2026-02): 3,320 USD, HBM 41 %
        ({"cost_usd": 3320, "hbm_share_percent": 41}, "hbm_usd", 1361.2),
        ({"cost_usd": 3320, "hbm_usd": 1361}, "hbm_share_percent", 40.994),
        # and of a B200 (Epoch): 6,400 USD, HBM 2,900 for 192 GB
        ({"cost_usd": 6400, "hbm_usd": 2900}, "hbm_share_percent", 45.3125),
        ({"hbm_usd": 2900, "hbm_gb": 192}, "usd_per_gb_hbm", 15.104),
        ({"cost_usd": 6400, "earlier_cost_usd": 3320}, "cost_ratio", 1.92771),
        ({"hbm_usd": 2900, "earlier_hbm_usd": 1361}, "hbm_cost_ratio", 2.13079),
        # bottom up: 192 GB × 15, two dies at 300, packaging 1,100
        (
            {"hbm_gb": 192, "usd_per_gb_hbm": 15, "dies": 2, "usd_per_die": 300, "packaging_usd": 1100},
            "cost_usd",
            4580,
        ),
        ({"hbm_usd": 1361, "logic_usd": 250, "packaging_usd": 750}, "hbm_over_silicon", 1.361),
        ({"cost_usd": 3320, "price_usd": 28000}, "gross_margin_percent", 88.1429),
        ({"cost_usd": 3320, "gross_margin_percent": 88}, "price_usd", 27666.67),
        ({"price_usd": 28000, "gross_margin_percent": 88}, "cost_usd", 3360),
        ({"own_cost_usd": 3000, "partner_margin_percent": 60, "price_usd": 30000}, "own_unit_usd", 7500),
        ({"own_cost_usd": 3000, "partner_margin_percent": 60, "price_usd": 30000}, "saving_percent", 75),
        (
            {
                "own_cost_usd": 3000,
                "partner_margin_percent": 60,
                "price_usd": 30000,
                "development_usd": 4.5e8,
            },
            "break_even_chips",
            20000,
        ),
        ({"hbm_stacks": 8, "gb_per_stack": 24, "usd_per_gb_hbm": 15}, "hbm_usd", 2880),
    ],
)
def test_oracle_values(known: dict[str, float], field: str, value: float) -> None:
    assert getattr(ask(**known), field) == pytest.approx(value, rel=1e-3)


@given(MONEY, st.floats(1, 99))
def test_price_and_cost_are_inverse(cost: float, margin: float) -> None:
    price = ask(cost_usd=cost, gross_margin_percent=margin).price_usd
    assert ask(price_usd=price, gross_margin_percent=margin).cost_usd == pytest.approx(cost, rel=1e-6)
    assert ask(price_usd=price, cost_usd=cost).gross_margin_percent == pytest.approx(margin, abs=1e-6)


@given(MONEY, MONEY, MONEY, MONEY)
def test_parts_add_up_and_the_missing_part_comes_back(
    hbm: float, logic: float, package: float, other: float
) -> None:
    parts = {"hbm_usd": hbm, "logic_usd": logic, "packaging_usd": package}
    cost = ask(**parts, other_usd=other).cost_usd
    assert cost == pytest.approx(hbm + logic + package + other)
    assert ask(**parts, cost_usd=cost).other_usd == pytest.approx(other, rel=1e-6, abs=1e-3)


@given(MONEY, MONEY)
def test_dearer_hbm_is_a_larger_share(a: float, b: float) -> None:
    cheap, dear = sorted((a, b))
    if dear / cheap < 1.0001:
        return
    low, high = (
        ask(hbm_usd=hbm, logic_usd=500, packaging_usd=800, other_usd=300).hbm_share_percent
        for hbm in (cheap, dear)
    )
    assert low is not None
    assert high is not None
    assert low < high


def test_parts_left_out_of_a_sum_are_named() -> None:
    result = ask(hbm_usd=2880, logic_usd=600, packaging_usd=1100)
    assert result.cost_usd == 4580
    assert any("other" in line for line in result.assumptions)
    assert result.table is not None
    assert result.chart is not None


def test_a_named_chip_brings_memory_and_build_cost_with_sources() -> None:
    result = ask(chip="b200", usd_per_gb_hbm=15)
    assert result.hbm_usd == pytest.approx(2880)
    assert result.hbm_share_percent == pytest.approx(45, abs=6)
    assert result.sources


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"cost_usd": 3320},
        {"cost_usd": 0, "price_usd": 10},
        {"cost_usd": -1, "price_usd": 10},
        {"cost_usd": 10, "gross_margin_percent": 100},
        {"hbm_usd": 500, "cost_usd": 100},
        {"hbm_gb": 0, "usd_per_gb_hbm": 15},
        {"usd_per_gb_hbm": "3 km", "hbm_gb": 80},
        {"own_cost_usd": 3000, "partner_margin_percent": 100, "price_usd": 1},
        {"chip": "warp-core", "usd_per_gb_hbm": 15},
        {"cost_usd": 100, "price_usd": 200, "gross_margin_percent": 80},
    ],
)
def test_bad_input_is_one_clear_error(bad: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        run("accelerator_bom", bad)
    assert "\n" not in str(error.value)
