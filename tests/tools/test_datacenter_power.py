"""Data-centre power: site, chips, racks and energy against hand-computed values; inverse questions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.catalog import load
from tools.datacenter_power import DatacenterPowerQuery, DatacenterPowerResult, datacenter_power
from tools.errors import InputError
from tools.registry import Calculator, run

WATTS = st.floats(100, 5000)


def ask(**known: Any) -> DatacenterPowerResult:
    return datacenter_power(DatacenterPowerQuery(**known), load())


def test_examples_answer_what_they_ask() -> None:
    for example in Calculator("datacenter_power", datacenter_power).examples:
        assert getattr(ask(**example["input"]), example["want"]) is not None, example["question"]


@pytest.mark.parametrize(
    ("known", "field", "value"),
    [
        ({"site_power_mw": 2000, "w_per_chip_all_in": 1400}, "chips", 1428571.43),
        ({"site_power_mw": 100, "w_per_chip_all_in": 1400}, "chips", 71428.57),
        ({"chips": 1e6, "w_per_chip_all_in": 1400}, "site_power_mw", 1400),
        ({"chips": 2e5, "w_per_chip_all_in": 1400}, "site_power_mw", 280),
        ({"w_per_chip_all_in": 1400}, "chips_per_mw", 714.2857),
        # 2 GW of 72-chip racks at 132 kW and PUE 1.25: 12,121 racks, 872,727 chips
        ({"site_power_mw": 2000, "rack_power_kw": 132, "chips_per_rack": 72, "pue": 1.25}, "racks", 12121.21),
        (
            {"site_power_mw": 2000, "rack_power_kw": 132, "chips_per_rack": 72, "pue": 1.25},
            "chips",
            872727.27,
        ),
        # 700 W × 1.457 × 1.25
        ({"tdp_w": 700, "server_factor": 1.457, "pue": 1.25}, "w_per_chip_all_in", 1274.875),
        ({"site_power_mw": 100, "usd_per_mwh": 80}, "energy_mwh", 876000),
        ({"site_power_mw": 100, "usd_per_mwh": 80}, "energy_cost_usd", 70080000),
        (
            {"site_power_mw": 100, "usd_per_mwh": 80, "load_percent": 50, "hours": 24},
            "energy_cost_usd",
            96000,
        ),
        ({"w_per_chip_all_in": 1400, "usd_per_mwh": 100}, "energy_cost_usd", 1226.4),
        ({"site_power_mw": 125, "it_power_mw": 100}, "pue", 1.25),
        ({"chips": 7200, "chips_per_rack": 72}, "racks", 100),
    ],
)
def test_oracle_values(known: dict[str, float], field: str, value: float) -> None:
    assert getattr(ask(**known), field) == pytest.approx(value, rel=1e-4)


def test_a_named_chip_brings_its_power_with_its_source() -> None:
    # DGX H100: 10.2 kW for eight, at PUE 1.1: 1.40 kW all in
    result = ask(chip="h100-sxm", chips=1000)
    assert result.site_power_mw == pytest.approx(1.4025)
    assert result.sources
    assert any("PUE" in line for line in result.assumptions)


def test_a_site_without_a_chip_is_answered_with_the_chip_named() -> None:
    result = ask(site_power_mw=1000)
    assert result.chips == pytest.approx(713012.5, rel=1e-4)
    assert any("no chip" in line for line in result.assumptions)


@given(st.floats(1, 1e5), WATTS)
def test_site_and_chips_are_inverse(site: float, watts: float) -> None:
    chips = ask(site_power_mw=site, w_per_chip_all_in=watts).chips
    assert ask(chips=chips, w_per_chip_all_in=watts).site_power_mw == pytest.approx(site, rel=1e-6)
    assert ask(chips=chips, site_power_mw=site).w_per_chip_all_in == pytest.approx(watts, rel=1e-6)


@given(st.floats(1, 1e4), st.floats(1, 3), st.floats(1, 3))
def test_a_worse_pue_feeds_fewer_chips(site: float, a: float, b: float) -> None:
    good, bad = sorted((a, b))
    if bad - good < 1e-3:
        return
    more, fewer = (
        ask(site_power_mw=site, tdp_w=700, server_factor=1.5, pue=pue).chips for pue in (good, bad)
    )
    assert more is not None
    assert fewer is not None
    assert fewer < more


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"hours": 24},
        {"site_power_mw": 0},
        {"site_power_mw": -2},
        {"chips": 0},
        {"site_power_mw": 100, "pue": 0.9, "tdp_w": 700},
        {"site_power_mw": 100, "w_per_chip_all_in": 0},
        {"site_power_mw": 100, "load_percent": 120},
        {"site_power_mw": "3 GB"},
        {"site_power_mw": float("inf")},
        {"site_power_mw": 100, "it_power_mw": 200},
        {"chip": "warp-core", "chips": 10},
        {"chips": 10, "w_per_chip_all_in": 1000, "site_power_mw": 5},
    ],
)
def test_bad_input_is_one_clear_error(bad: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        run("datacenter_power", bad)
    assert "\n" not in str(error.value)
