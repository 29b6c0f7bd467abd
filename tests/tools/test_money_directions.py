"""Relations of the money calculators asked from every side: hand-computed values, round trips, what cannot be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tools.catalog import load
from tools.errors import InputError
from tools.registry import run

PERCENT = st.floats(1, 90)


def value_of(tool: str, want: str, **known: Any) -> float:
    done = run(tool, known, catalog=load())
    found = {f.name: f.value for f in done.figures}
    assert want in found, f"{tool} gives no {want}: {sorted(found)}"
    return found[want]


@pytest.mark.parametrize(
    ("tool", "known", "want", "value"),
    [
        # 4,000 / 0.22 − 4,000 / 0.5
        ("accelerator_bom", {"cost_usd": 3000, "gross_margin_percent": 75, "partner_margin_percent": 40}, "saving_per_chip_usd", 7000),
        ("accelerator_bom", {"cost_usd": 5000, "hbm_share_percent": 40, "hbm_price_rise_percent": 10}, "new_cost_usd", 5200),
        ("accelerator_bom", {"cost_usd": 5000, "hbm_usd": 2000, "hbm_price_fall_percent": 10}, "new_cost_usd", 4800),
        ("accelerator_bom", {"hbm_share_percent": 40, "hbm_price_rise_percent": 10}, "cost_rise_percent", 4),
        ("accelerator_bom", {"hbm_usd": 600, "usd_per_die": 200, "packaging_usd": 200}, "hbm_share_percent", 60),
        ("margin", {"gross_margin_percent": 80, "new_gross_margin_percent": 75}, "cost_per_revenue_change_percent", 25),
        ("margin", {"cost_share_percent": 35}, "gross_margin_percent", 65),
        ("margin", {"gross_margin_percent": 50, "cost_rise_percent": 20}, "new_gross_margin_percent", 40),
        ("margin", {"gross_margin_percent": 50, "cost_fall_percent": 20}, "new_gross_margin_percent", 60),
        ("margin", {"gross_margin_percent": 60, "price_cut_percent": 20}, "new_gross_margin_percent", 50),
        ("margin", {"gross_margin_percent": 50, "price_rise_percent": 25}, "new_gross_margin_percent", 60),
        ("margin", {"price_usd_per_month": 20, "cost_usd_per_month": 5}, "gross_margin_percent", 75),
        ("margin", {"price_usd_per_chip_hour": 2, "cost_usd": 1.5}, "gross_margin_percent", 25),
        ("margin", {"cost_usd_per_mtok": 1, "revenue_usd": 4}, "gross_margin_percent", 75),
        ("model_price_stack", {"cost_fraction": 0.1, "gross_margin_percent": 50}, "price_ratio", 20),
        ("model_price_stack", {"price_fraction": 0.025, "cost_ratio": 10}, "gross_margin_percent", 75),
        ("model_price_stack", {"size_fraction": 0.1, "cost_ratio": 15}, "efficiency_factor", 1.5),
        ("model_price_stack", {"price_before": 30, "cost_ratio": 5, "gross_margin_percent": 50}, "price_after", 3),
        ("market_share", {"share_including_percent": 60, "excluded_share_percent": 20}, "share_excluding_percent", 75),
        ("market_share", {"share_percent": 60, "rival_share_percent": 15}, "share_of_two_percent", 80),
        ("market_share", {"share_percent": 60, "rival_share_percent": 15}, "others_percent", 25),
        ("market_share", {"part_usd": 5e9, "second_usd": 80e9, "third_usd": 15e9}, "share_percent", 5),
        ("market_share", {"share_percent": 10, "part_growth_percent": 20, "market_growth_percent": 50}, "new_share_percent", 8),
        ("valuation_multiple", {"price_fall_percent": 40, "earnings_change_percent": 20, "multiple_before": 40}, "multiple_after", 20),
        ("valuation_multiple", {"earnings_fall_percent": 50, "multiple_before": 20, "multiple_after": 30}, "price_change_percent", -25),
        ("valuation_multiple", {"price_fall_percent": 40, "growth_percent": 20, "multiple_before": 40}, "multiple_after", 20),
        ("valuation_multiple", {"return_percent": 20, "other_loss_percent": 5}, "spread_points", 25),
        ("valuation_multiple", {"start_value": 100, "end_value": 130, "rival_start_value": 80, "rival_end_value": 72}, "spread_points", 40),
        ("valuation_multiple", {"market_cap_usd": 2e12, "price_fall_percent": 15}, "market_cap_lost_usd", 3e11),
        ("capex_return", {"operating_cash_flow_usd": 100e9, "capex_usd": 70e9}, "fcf_over_cash_flow_percent", 30),
        ("capex_return", {"operating_cash_flow_usd": 100e9, "fcf_over_cash_flow_percent": 30}, "capex_usd", 70e9),
        ("capex_return", {"capex_usd": 60e9, "life_years": 4, "new_life_years": 6}, "depreciation_saved_usd_per_year", 5e9),
        ("capex_return", {"capex_usd": 50e9, "life_years": 5, "revenue_usd": 40e9}, "depreciation_share_percent", 25),
        ("capex_return", {"capex_growth_percent": 100}, "capex_doubling_years", 1),
        ("rental_economics", {"chips": 8, "capex_usd": 240e3, "usd_per_chip_hour": 3, "utilisation_percent": 80, "opex_usd_per_chip_hour": 0.4}, "payback_years", 30000 / (2 * 8760)),
        ("rental_economics", {"chips": 10, "usd_per_chip_hour": 3, "rent_usd": 2, "hours": 100}, "saving_usd", 1000),
        ("rental_economics", {"capex_usd_per_chip": 17520, "payback_years": 2, "usd_per_chip_hour": 2}, "utilisation_percent", 50),
        ("productivity_roi", {"people": 10, "salary_usd": 100e3, "uplift_percent": 10, "tools_usd_per_person_year": 2000}, "net_gain_usd_per_year", 80e3),
        ("productivity_roi", {"people": 10, "salary_usd": 100e3, "uplift_percent": 10, "seat_usd_per_month": 50, "tokens_usd_per_person_month": 50}, "net_gain_usd_per_year", 88e3),
        ("productivity_roi", {"salary_usd": 180e3, "person_hours": 1800, "usd_per_query": 0.5}, "queries_per_hour_of_pay", 200),
        ("productivity_roi", {"person_hours": 300, "hour_cost_usd": 100}, "labour_usd", 30e3),
    ],
)  # fmt: skip
def test_hand_computed(tool: str, known: dict[str, Any], want: str, value: float) -> None:
    assert value_of(tool, want, **known) == pytest.approx(value, rel=1e-9)


@given(PERCENT, PERCENT)
def test_striking_a_player_out_and_counting_it_again(share: float, struck: float) -> None:
    assume(share + struck < 99)
    left = value_of(
        "market_share",
        "share_excluding_percent",
        share_including_percent=share,
        excluded_share_percent=struck,
    )
    back = value_of(
        "market_share", "share_including_percent", share_excluding_percent=left, excluded_share_percent=struck
    )
    assert back == pytest.approx(share)


@given(PERCENT, st.floats(-50, 200), st.floats(5, 200))
def test_a_fall_and_the_earnings_give_the_multiple_and_back(
    fall: float, earnings: float, multiple: float
) -> None:
    known = {"earnings_change_percent": earnings, "multiple_before": multiple}
    after = value_of("valuation_multiple", "multiple_after", price_fall_percent=fall, **known)
    change = value_of("valuation_multiple", "price_change_percent", multiple_after=after, **known)
    assert change == pytest.approx(-fall, abs=1e-6)


@given(st.floats(1000, 1e5), PERCENT, PERCENT)
def test_the_larger_margin_costs_more_per_chip(cost: float, merchant: float, partner: float) -> None:
    known = {"cost_usd": cost, "gross_margin_percent": merchant, "partner_margin_percent": partner}
    saving = value_of("accelerator_bom", "saving_per_chip_usd", **known)
    assert (saving > 0) == (merchant > partner) or saving == pytest.approx(0, abs=1e-6)


def test_what_only_restates_a_given_number_is_no_result() -> None:
    done = run(
        "valuation_multiple", {"price_fall_percent": 40, "earnings_change_percent": 20, "multiple_before": 40}
    )
    names = {f.name for f in done.figures}
    assert "price_change_percent" not in names
    assert "multiple_after" in names


def test_spending_that_was_not_named_counts_as_nothing() -> None:
    done = run(
        "productivity_roi", {"people": 5, "salary_usd": 1e5, "uplift_percent": 10, "seat_usd_per_month": 20}
    )
    assert any("what was named" in a for a in done.assumptions)


@pytest.mark.parametrize(
    ("tool", "known"),
    [
        ("margin", {"gross_margin_percent": 60, "price_usd_per_month": 20}),
        ("valuation_multiple", {"multiple_before": 20, "multiple_after": 30}),
        ("capex_return", {"operating_cash_flow_usd": 50e9, "capex_usd": 70e9}),
        ("productivity_roi", {"people": 10, "people_after": 12}),
        ("rental_economics", {"list_usd_per_chip_hour": 2, "usd_per_chip_hour": 3}),
        ("rental_economics", {"capex_usd_per_chip": 40000, "usd_per_chip_hour": 0.1}),
        (
            "model_price_stack",
            {"cost_ratio": 2, "gross_margin_percent": 10, "gross_margin_after_percent": 80},
        ),
    ],
)
def test_an_odd_result_is_warned_of(tool: str, known: dict[str, Any]) -> None:
    fine = tool == "margin"
    assert bool(run(tool, known, catalog=load()).warnings) != fine


@pytest.mark.parametrize(
    ("tool", "bad", "named"),
    [
        ("market_share", {"share_percent": 70, "rival_share_percent": 60}, "rival_share_percent"),
        ("market_share", {"rival_share_percent": 120, "share_percent": 1}, "rival_share_percent"),
        ("model_price_stack", {"price_ratio": 10, "cost_ratio": 20}, "price_ratio"),
        ("model_price_stack", {"cost_ratio": 0.1, "gross_margin_percent": 50}, "cost_ratio"),
        ("model_price_stack", {"cost_fraction": 1.5, "gross_margin_percent": 50}, "cost_fraction"),
        ("capex_return", {"excess_usd": 90e9, "capex_usd": 80e9}, "excess"),
        ("valuation_multiple", {"price_fall_percent": 120, "multiple_before": 20}, "price_fall_percent"),
        ("valuation_multiple", {"earnings_fall_percent": 10, "earnings_change_percent": 10, "multiple_before": 9}, "earnings"),
        ("accelerator_bom", {"cost_usd": 100, "hbm_share_percent": 40, "hbm_price_fall_percent": 100}, "hbm_price_fall_percent"),
        ("rental_economics", {"rent_usd": 2, "usd_per_chip_hour": 3, "list_usd_per_chip_hour": 4, "chips": 1}, "rent_usd"),
        ("productivity_roi", {"salary_usd": 150, "uplift_percent": 10}, "salary_usd"),
        ("margin", {"price_cut_percent": 100, "gross_margin_percent": 50}, "price_cut_percent"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_clear_error(tool: str, bad: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError) as error:
        run(tool, bad, catalog=load())
    assert named in str(error.value)
    assert "\n" not in str(error.value)
