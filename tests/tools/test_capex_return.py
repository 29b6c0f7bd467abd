"""Capital spending: depreciation, payback, cash flow and growth against hand-computed values; bad input."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.capex_return import CapexReturnQuery, CapexReturnResult, capex_return
from tools.errors import InputError
from tools.registry import Calculator, run

MONEY = st.floats(1e3, 1e12)


def ask(**known: Any) -> CapexReturnResult:
    return capex_return(CapexReturnQuery(**known))


def test_examples_answer_what_they_ask() -> None:
    for example in Calculator("capex_return", capex_return).examples:
        assert getattr(ask(**example["input"]), example["want"]) is not None, example["question"]


@pytest.mark.parametrize(
    ("known", "field", "value"),
    [
        ({"capex_usd": 10e3, "life_years": 3}, "depreciation_usd_per_year", 3333.33),
        ({"capex_usd": 10e3, "life_years": 6}, "depreciation_usd_per_year", 1666.67),
        ({"life_years": 3, "new_life_years": 6}, "depreciation_change_percent", -50),
        ({"capex_usd": 300e3, "life_years": 5}, "depreciation_usd_per_year", 60e3),
        # 300,000 over five years for eight chips: 0.856 an hour
        ({"capex_usd": 300e3, "life_years": 5, "chips": 8}, "depreciation_usd_per_chip_hour", 0.856164),
        ({"capex_usd": 80e9, "excess_usd": 20e9}, "excess_share_percent", 25),
        ({"capex_usd": 80e9, "excess_usd": 50e9}, "excess_share_percent", 62.5),
        ({"operating_cash_flow_usd": 90e9, "capex_usd": 90e9}, "free_cash_flow_usd", 0),
        ({"operating_cash_flow_usd": 100e9, "capex_usd": 80e9}, "capex_rise_to_zero_fcf_percent", 25),
        ({"operating_cash_flow_usd": 100e9, "free_cash_flow_usd": 30e9}, "capex_usd", 70e9),
        ({"growth_percent": 30, "growth_years": 5}, "growth_factor", 3.71293),
        ({"growth_percent": 30}, "doubling_years", 2.6419),
        (
            {"revenue_usd": 10e9, "growth_percent": 30, "growth_years": 5},
            "later_revenue_usd",
            37.1293e9,
        ),
        ({"total_usd": 1e12, "growth_years": 4}, "usd_per_year", 250e9),
        ({"capex_usd": 30e9, "revenue_usd": 12e9, "gross_margin_percent": 50}, "payback_years", 5),
        (
            {"capex_usd": 50e9, "gross_margin_percent": 60, "payback_years": 5},
            "revenue_usd",
            16.6667e9,
        ),
        (
            {"capex_usd": 100, "revenue_usd": 100, "gross_margin_percent": 50, "life_years": 4},
            "roi_percent",
            100,
        ),
        ({"capex_usd": 100, "life_years": 4, "residual_percent": 20}, "depreciation_usd_per_year", 20),
        ({"units": 5, "usd_per_unit": 300e3, "life_years": 5}, "depreciation_usd_per_year", 300e3),
        # 100 + 130 + 169
        ({"capex_usd": 100, "capex_growth_percent": 30, "growth_years": 3}, "cumulative_capex_usd", 399),
    ],
)
def test_oracle_values(known: dict[str, float], field: str, value: float) -> None:
    assert getattr(ask(**known), field) == pytest.approx(value, rel=1e-4, abs=1e-9)


@given(MONEY, MONEY, st.floats(1, 99))
def test_payback_and_revenue_are_inverse(capex: float, revenue: float, margin: float) -> None:
    years = ask(capex_usd=capex, revenue_usd=revenue, gross_margin_percent=margin).payback_years
    back = ask(capex_usd=capex, payback_years=years, gross_margin_percent=margin).revenue_usd
    assert back == pytest.approx(revenue, rel=1e-6)


@given(MONEY, st.floats(0.5, 50), st.floats(0.5, 50))
def test_a_longer_life_is_a_smaller_expense(capex: float, a: float, b: float) -> None:
    short, long = sorted((a, b))
    if long / short < 1.0001:
        return
    more, less = (ask(capex_usd=capex, life_years=life).depreciation_usd_per_year for life in (short, long))
    assert more is not None
    assert less is not None
    assert less < more


@given(MONEY, st.floats(0.1, 200), st.floats(0.5, 20))
def test_growth_comes_back_from_both_ends(revenue: float, growth: float, years: float) -> None:
    later = ask(revenue_usd=revenue, growth_percent=growth, growth_years=years).later_revenue_usd
    known = {"revenue_usd": revenue, "later_revenue_usd": later}
    assert ask(**known, growth_years=years).growth_percent == pytest.approx(growth, rel=1e-6, abs=1e-6)
    assert ask(**known, growth_percent=growth).growth_years == pytest.approx(years, rel=1e-5)


def test_payback_is_drawn() -> None:
    assert ask(capex_usd=30e9, revenue_usd=12e9, gross_margin_percent=50).chart is not None


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"capex_usd": 1e9},
        {"capex_usd": 0, "life_years": 5},
        {"capex_usd": -1e9, "life_years": 5},
        {"capex_usd": 1e9, "life_years": 0},
        {"capex_usd": 1e9, "gross_margin_percent": 100, "payback_years": 5},
        {"capex_usd": "3 GB", "life_years": 5},
        {"capex_usd": 1e9, "life_years": 5, "residual_percent": 100},
        {"revenue_usd": 10, "later_revenue_usd": 5, "growth_percent": 20},
        {"operating_cash_flow_usd": 10, "free_cash_flow_usd": 30},
        {"growth_percent": -100, "growth_years": 2},
    ],
)
def test_bad_input_is_one_clear_error(bad: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        run("capex_return", bad, catalog=object())  # type: ignore[arg-type]
    assert "\n" not in str(error.value)
