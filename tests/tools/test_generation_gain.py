"""Growth rates: known doubling times and factors, inverse questions, chip ratios, bad input."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tools.catalog import load
from tools.errors import InputError
from tools.generation_gain import GenerationGainQuery, GenerationGainResult, generation_gain
from tools.registry import Calculator, run

FACTOR = st.floats(1.01, 100)
YEARS = st.floats(0.1, 20)


def ask(**known: Any) -> GenerationGainResult:
    return generation_gain(GenerationGainQuery(**known), load())


def test_examples_answer_what_they_ask() -> None:
    for example in Calculator("generation_gain", generation_gain).examples:
        assert getattr(ask(**example["input"]), example["want"]) is not None, example["question"]


@pytest.mark.parametrize(
    ("known", "field", "value"),
    [
        ({"growth_factor": 5}, "doubling_months", 12 * math.log(2) / math.log(5)),
        ({"growth_factor": 2, "period_years": 2}, "annual_factor", math.sqrt(2)),
        ({"growth_factor": 2, "period_years": 2}, "doubling_months", 24),
        ({"annual_percent": 30}, "doubling_months", 12 * 2.6419),
        ({"annual_percent": 30, "years": 5}, "total_factor", 3.71293),
        # 5 times a year against Moore's 2 in 2 years, after 2 years: 25 / 2
        ({"growth_factor": 5, "other_growth_factor": 2, "other_period_years": 2, "years": 2}, "gap", 12.5),
        ({"growth_factor": 5, "other_doubling_months": 24}, "annual_gap", 5 / math.sqrt(2)),
        ({"start_usd": 8e9, "total_factor": 2}, "end_usd", 16e9),
        ({"start_usd": 1e9, "end_usd": 8e9, "years": 3}, "annual_percent", 100),
        # 60 to 10 dollars per million tokens in 17 months
        (
            {"start_usd_per_mtok": 60, "end_usd_per_mtok": 10, "years": 17 / 12},
            "annual_factor",
            (1 / 6) ** (12 / 17),
        ),
        (
            {"annual_decline_factor": 10, "start_usd_per_mtok": 60, "years": 0.5},
            "end_usd_per_mtok",
            60 / math.sqrt(10),
        ),
        ({"annual_decline_factor": 4}, "halving_months", 6),
        ({"annual_fall_percent": 90, "start_usd_per_mtok": 30, "years": 2}, "end_usd_per_mtok", 0.3),
        ({"annual_fall_percent": 90, "start_usd_per_mtok": 30, "years": 2}, "times_cheaper", 100),
        ({"doublings": 2, "start_chips": 1e5}, "end_chips", 4e5),
        ({"halving_months": 12, "years": 3}, "total_factor", 0.125),
        ({"growth_factor": 2, "generations": 3}, "total_factor", 8),
        ({"growth_factor": 10, "generations": 3}, "decades", 3),
        ({"start_value": 100000, "end_value": 400000}, "doublings", 2),
        ({"annual_percent": 100, "total_factor": 1024}, "years", 10),
        # 10 to 15 times the speed at 5 times the performance per TCO: TCO up 2 to 3 times
        ({"speedup": 10, "combined_gain": 5}, "tco_ratio", 2),
        ({"speedup": 15, "combined_gain": 5}, "tco_ratio", 3),
    ],
)
def test_oracle_values(known: dict[str, float], field: str, value: float) -> None:
    assert getattr(ask(**known), field) == pytest.approx(value, rel=1e-4)


@pytest.mark.parametrize(
    ("new", "old", "field", "value"),
    [
        ("mi300x", "h100-sxm", "memory_ratio", 2.4),
        ("mi300x", "h100-sxm", "bandwidth_ratio", 1.582),
        ("mi300x", "h100-sxm", "bf16_ratio", 1.3215),
        ("mi300x", "h200", "memory_ratio", 1.3617),
        ("trainium2", "h100-sxm", "memory_ratio", 1.2),
        ("trainium2", "h100-sxm", "bandwidth_ratio", 0.8657),
        ("b200", "h100-sxm", "bandwidth_ratio", 2.388),
    ],
)
def test_chip_ratios_from_vendor_data_sheets(new: str, old: str, field: str, value: float) -> None:
    result = ask(chip_a=new, chip_b=old)
    assert getattr(result, field) == pytest.approx(value, rel=1e-3)
    assert result.sources
    assert result.table is not None


@given(FACTOR, YEARS)
def test_rate_and_doubling_time_are_inverse(factor: float, period: float) -> None:
    months = ask(growth_factor=factor, period_years=period).doubling_months
    assert ask(doubling_months=months, period_years=period).growth_factor == pytest.approx(factor, rel=1e-6)


@given(st.floats(1, 1e12), FACTOR, YEARS)
def test_start_rate_and_time_come_back_from_the_end(start: float, factor: float, years: float) -> None:
    annual_percent = 100 * (factor ** (1 / years) - 1)
    assume(annual_percent < 1e5)
    end = ask(start_usd=start, annual_percent=annual_percent, years=years).end_usd
    assert end == pytest.approx(start * factor, rel=1e-6)
    assert ask(start_usd=start, end_usd=end, years=years).annual_percent == pytest.approx(
        annual_percent, rel=1e-6, abs=1e-6
    )
    assert ask(start_usd=start, end_usd=end, annual_percent=annual_percent).years == pytest.approx(
        years, rel=1e-6
    )


@given(FACTOR, FACTOR)
def test_faster_growth_doubles_sooner(a: float, b: float) -> None:
    slow, fast = sorted((a, b))
    if fast / slow < 1.0001:
        return
    later, sooner = ask(growth_factor=slow).doubling_months, ask(growth_factor=fast).doubling_months
    assert later is not None
    assert sooner is not None
    assert sooner < later


def test_a_period_that_was_not_said_is_named() -> None:
    assert any("per year" in line for line in ask(growth_factor=5).assumptions)
    assert ask(growth_factor=5, period_years=1).assumptions == []


def test_the_two_paces_are_drawn() -> None:
    chart = ask(growth_factor=5, other_growth_factor=2, other_period_years=2, years=3).chart
    assert chart is not None
    assert {point["pace"] for point in chart["data"]["values"]} == {"this", "compared with"}


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"years": 3},
        {"growth_factor": 0},
        {"growth_factor": -2},
        {"growth_factor": 5, "period_years": 0},
        {"annual_percent": -100, "years": 2},
        {"doubling_months": -1},
        {"start_usd": 1, "end_usd": 0, "years": 1},
        {"start_usd": 5, "end_usd": 1, "annual_percent": 20},
        {"growth_factor": 1e300, "years": 1e3},
        {"growth_factor": "3 GB"},
        {"chip_a": "no-such-chip", "chip_b": "h100"},
        {"speedup": 10},
    ],
)
def test_bad_input_is_one_clear_error(bad: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        run("generation_gain", bad)
    assert "\n" not in str(error.value)
