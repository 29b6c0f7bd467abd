"""Rental economics: bills, payback, discounts and returns against hand-computed values; inverse questions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.catalog import load
from tools.errors import InputError, MissingInput
from tools.registry import Calculator, run
from tools.rental_economics import RentalEconomicsQuery, RentalEconomicsResult, rental_economics

RENT = st.floats(0.1, 50)
SHARE = st.floats(5, 100)


def ask(**known: Any) -> RentalEconomicsResult:
    return rental_economics(RentalEconomicsQuery(**known), load())


def test_examples_answer_what_they_ask() -> None:
    for example in Calculator("rental_economics", rental_economics).examples:
        assert getattr(ask(**example["input"]), example["want"]) is not None, example["question"]


@pytest.mark.parametrize(
    ("known", "field", "value"),
    [
        ({"chips": 1024, "usd_per_chip_hour": 2}, "bill_usd", 17940480),
        ({"chips": 1024, "usd_per_chip_hour": 2}, "yearly_bill_usd", 17940480),
        ({"chips": 8, "usd_per_chip_hour": 2, "hours": 24}, "bill_usd", 384),
        ({"chips": 64, "usd_per_chip_hour": 2.5}, "monthly_bill_usd", 64 * 2.5 * 730),
        ({"chips": 1, "usd_per_chip_hour": 2, "hours": 17520}, "bill_usd", 35040),
        ({"usd_per_chip_hour": 2, "capex_usd_per_chip": 40000}, "payback_years", 2.2831),
        ({"usd_per_chip_hour": 4, "capex_usd_per_chip": 40000}, "payback_years", 1.1416),
        (
            {"usd_per_chip_hour": 2, "capex_usd_per_chip": 40000, "utilisation_percent": 70},
            "payback_years",
            3.261579,
        ),
        ({"usd_per_chip_hour": 2, "list_usd_per_chip_hour": 4}, "discount_percent", 50),
        ({"usd_per_chip_hour": 2, "list_usd_per_chip_hour": 4}, "list_ratio", 2),
        ({"list_usd_per_chip_hour": 4, "discount_percent": 45}, "usd_per_chip_hour", 2.2),
        # 1,024 chips at 4 for four years: 143.5 M, a quarter of it 35.9 M
        (
            {"chips": 1024, "usd_per_chip_hour": 4, "hours": 35040, "prepay_percent": 25},
            "prepay_usd",
            35880960,
        ),
        # 40,000 over 35,040 h plus 0.3: 1.4416 an hour, 27.9 % margin at 2
        (
            {"capex_usd_per_chip": 40000, "life_years": 4, "opex_usd_per_chip_hour": 0.3},
            "break_even_usd_per_chip_hour",
            1.441553,
        ),
        (
            {
                "capex_usd_per_chip": 40000,
                "life_years": 4,
                "opex_usd_per_chip_hour": 0.3,
                "usd_per_chip_hour": 2,
            },
            "gross_margin_percent",
            27.9223,
        ),
        ({"usd_per_chip_hour": 2, "utilisation_percent": 50}, "revenue_usd_per_chip_year", 8760),
        ({"bill_usd": 1e6, "usd_per_chip_hour": 2, "hours": 730}, "chips", 684.9315),
        # 0.0826 USD/kWh × 1.4 kW
        (
            {"w_per_chip_all_in": 1400, "usd_per_mwh": 82.6, "capex_usd_per_chip": 1, "usd_per_chip_hour": 2},
            "running_usd_per_chip_hour",
            0.11564,
        ),
    ],
)
def test_oracle_values(known: dict[str, float], field: str, value: float) -> None:
    assert getattr(ask(**known), field) == pytest.approx(value, rel=1e-4)


def test_irr_agrees_with_the_annuity_it_came_from() -> None:
    # -1000, then 400 a year for 3 years: 9.7010 % (Brealey, Myers, Allen: annuity tables; solved by hand)
    result = ask(capex_usd_per_chip=1000, usd_per_chip_hour=400 / 8760, life_years=3)
    assert result.irr_percent == pytest.approx(9.7010, abs=1e-3)


@settings(deadline=None, max_examples=50)
@given(st.floats(1000, 1e5), st.integers(1, 10), SHARE, st.floats(0, 80), st.floats(0, 30))
def test_the_rent_for_a_return_earns_that_return(
    capex: float, life: int, sold: float, target: float, decline: float
) -> None:
    known = {
        "capex_usd_per_chip": capex,
        "life_years": life,
        "utilisation_percent": sold,
        "rent_decline_percent": decline,
    }
    rent = ask(**known, target_irr_percent=target).required_usd_per_chip_hour
    assert rent is not None
    assert ask(**known, usd_per_chip_hour=rent).irr_percent == pytest.approx(target, abs=1e-4)


def test_years_that_lose_money_are_warned_of() -> None:
    result = ask(
        capex_usd_per_chip=1000,
        usd_per_chip_hour=0.3,
        opex_usd_per_chip_hour=0.2,
        life_years=4,
        rent_decline_percent=23,
    )
    assert any("more than one rate" in line for line in result.warnings)


@given(RENT, SHARE, st.floats(100, 1e6), st.floats(0, 0.01))
def test_payback_and_rent_are_inverse(rent: float, sold: float, capex: float, opex: float) -> None:
    known = {"capex_usd_per_chip": capex, "utilisation_percent": sold, "opex_usd_per_chip_hour": opex}
    if rent * sold / 100 <= opex * 1.01:
        return
    years = ask(**known, usd_per_chip_hour=rent).payback_years
    assert ask(**known, payback_years=years).usd_per_chip_hour == pytest.approx(rent, rel=1e-6)


@given(RENT, RENT, SHARE)
def test_a_higher_rent_pays_back_sooner(a: float, b: float, sold: float) -> None:
    low, high = sorted((a, b))
    if high / low < 1.001:
        return
    slow = ask(capex_usd_per_chip=30000, usd_per_chip_hour=low, utilisation_percent=sold).payback_years
    fast = ask(capex_usd_per_chip=30000, usd_per_chip_hour=high, utilisation_percent=sold).payback_years
    assert fast is not None
    assert slow is not None
    assert fast < slow


def test_a_named_chip_brings_its_prices_with_their_source() -> None:
    result = ask(chip="h100-sxm", chips=8, hours=24)
    assert result.bill_usd is not None
    assert result.bill_usd > 0
    assert any("Rent of h100-sxm" in line for line in result.assumptions)
    assert result.sources
    assert all(source.as_of for source in result.sources)


def test_a_stated_rent_takes_no_fact_from_the_catalogue() -> None:
    result = ask(chip="h100-sxm", chips=8, hours=24, usd_per_chip_hour=2)
    assert result.bill_usd == 384
    assert result.sources == []


def test_a_chip_that_never_pays_back_is_said_so() -> None:
    with pytest.raises(InputError, match=r"payback|net|above"):
        ask(capex_usd_per_chip=30000, usd_per_chip_hour=1, opex_usd_per_chip_hour=1.5)


def test_a_return_needs_price_and_life() -> None:
    with pytest.raises(MissingInput):
        ask(target_irr_percent=20, usd_per_chip_hour=2)
    with pytest.raises(MissingInput):
        ask(target_irr_percent=20, capex_usd_per_chip=30000, usd_per_chip_hour=2)


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"chips": 8},
        {"chips": 0, "usd_per_chip_hour": 2},
        {"chips": -8, "usd_per_chip_hour": 2},
        {"chips": 8, "usd_per_chip_hour": 0},
        {"chips": 8, "usd_per_chip_hour": "3 GB"},
        {"chips": 8, "usd_per_chip_hour": 2, "utilisation_percent": 120},
        {"chips": 8, "usd_per_chip_hour": 2, "utilisation_percent": 0},
        {"chips": 8, "usd_per_chip_hour": 2, "hours": -1},
        {"list_usd_per_chip_hour": 4, "discount_percent": 100},
        {"chips": 8, "usd_per_chip_hour": 2, "hours": 24, "bill_usd": 1000},
        {"chips": float("nan"), "usd_per_chip_hour": 2},
        {"chips": 1e300, "usd_per_chip_hour": 1e300},
        {"chip": "h100-sxm", "as_of": "last week"},
        {"chip": "no-such-chip", "chips": 8},
        {"capex_usd_per_chip": 30000, "usd_per_chip_hour": 0.01, "payback_years": 1},
        {"life_years": 0, "capex_usd_per_chip": 1},
    ],
)
def test_bad_input_is_one_clear_error(bad: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        run("rental_economics", bad)
    assert "\n" not in str(error.value)


def test_a_price_said_without_an_hour_still_meets_the_list_price() -> None:
    assert ask(list_usd_per_chip_hour=100, paid_price_usd=40).discount_percent == pytest.approx(60)
    assert ask(usd_per_chip_hour=40, list_price_usd=100).discount_percent == pytest.approx(60)
    assert ask(list_price_usd=40000, discount_percent=25).paid_price_usd == pytest.approx(30000)


def test_a_term_has_one_bill() -> None:
    result = ask(chips=8, usd_per_chip_hour=2, hours=100)
    assert result.bill_usd == 1600
    assert result.yearly_bill_usd is None


def test_a_time_beside_a_purchase_price_is_the_chip_s_life() -> None:
    known = {"capex_usd_per_chip": 40000, "opex_usd_per_chip_hour": 0.3}
    by_time, by_life = ask(**known, hours=35040), ask(**known, life_years=4)
    assert by_time.break_even_usd_per_chip_hour == by_life.break_even_usd_per_chip_hour
    assert by_time.chip_hours is None
