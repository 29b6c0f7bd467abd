"""Multiples: compression, price from earnings and multiple, growth into a multiple, scenarios, bad input."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.errors import InputError
from tools.registry import Calculator, run
from tools.valuation_multiple import ValuationMultipleQuery, ValuationMultipleResult, valuation_multiple

MULTIPLE = st.floats(1, 500)


def ask(**known: Any) -> ValuationMultipleResult:
    return valuation_multiple(ValuationMultipleQuery(**known))


def test_examples_answer_what_they_ask() -> None:
    for example in Calculator("valuation_multiple", valuation_multiple).examples:
        assert getattr(ask(**example["input"]), example["want"]) is not None, example["question"]


@pytest.mark.parametrize(
    ("known", "field", "value"),
    [
        ({"multiple_before": 120, "multiple_after": 30}, "compression_percent", 75),
        ({"multiple_before": 120, "compression_percent": 70}, "multiple_after", 36),
        ({"multiple_before": 30, "compression_percent": 70}, "multiple_after", 9),
        ({"multiple_after": 30, "compression_percent": 75}, "multiple_before", 120),
        # earnings double, the multiple halves: the price stands still
        ({"multiple_before": 60, "multiple_after": 30, "earnings_ratio": 2}, "price_change_percent", 0),
        (
            {"multiple_before": 120, "multiple_after": 30, "earnings_change_percent": 0},
            "price_change_percent",
            -75,
        ),
        ({"compression_percent": 50, "price_change_percent": 0}, "earnings_change_percent", 100),
        ({"share_price_usd": 132, "eps_usd": 4.4}, "multiple_before", 30),
        ({"eps_usd": 4.4, "multiple_before": 30}, "share_price_usd", 132),
        ({"market_cap_usd": 3e12, "multiple_before": 30}, "earnings_usd", 1e11),
        ({"multiple_before": 30, "growth_percent": 50}, "forward_multiple", 20),
        ({"multiple_before": 30, "growth_percent": 50}, "peg", 0.6),
        ({"multiple_before": 25, "growth_percent": 10}, "earnings_yield_percent", 4),
        # 40 % a year brings 120 to 30 in ln 4 / ln 1.4 years
        (
            {"multiple_before": 120, "multiple_after": 30, "growth_percent": 40},
            "years_to_grow_into",
            math.log(4) / math.log(1.4),
        ),
        ({"multiple_before": 120, "multiple_after": 30, "years_to_grow_into": 2}, "growth_percent", 100),
        # 165 → 232 against 142 → 134: +40.6 % and −5.6 %
        (
            {
                "start_price_usd": 165,
                "end_price_usd": 232,
                "other_start_price_usd": 142,
                "other_end_price_usd": 134,
            },
            "spread_points",
            46.24,
        ),
        ({"return_percent": 41, "other_return_percent": -6}, "spread_points", 47),
        ({"loss_if_over_usd": 20e9, "loss_if_under_usd": 60e9}, "break_even_probability_percent", 25),
    ],
)
def test_oracle_values(known: dict[str, float], field: str, value: float) -> None:
    assert getattr(ask(**known), field) == pytest.approx(value, rel=1e-3, abs=1e-9)


@given(MULTIPLE, MULTIPLE)
def test_compression_and_multiple_are_inverse(before: float, after: float) -> None:
    fall = ask(multiple_before=before, multiple_after=after).compression_percent
    assert ask(multiple_before=before, compression_percent=fall).multiple_after == pytest.approx(
        after, rel=1e-6
    )
    assert ask(multiple_after=after, compression_percent=fall).multiple_before == pytest.approx(
        before, rel=1e-6
    )


@given(MULTIPLE, MULTIPLE, st.floats(-90, 500))
def test_price_change_is_earnings_change_times_multiple_change(
    before: float, after: float, earnings: float
) -> None:
    price = ask(
        multiple_before=before, multiple_after=after, earnings_change_percent=earnings
    ).price_change_percent
    assert price == pytest.approx(100 * ((1 + earnings / 100) * after / before - 1), rel=1e-6, abs=1e-6)


@given(st.floats(50, 500), st.floats(1, 40), st.floats(1, 100), st.floats(1, 100))
def test_faster_growth_grows_into_a_multiple_sooner(high: float, low: float, a: float, b: float) -> None:
    slow, fast = sorted((a, b))
    if fast - slow < 1e-3:
        return
    later, sooner = (
        ask(multiple_before=high, multiple_after=low, growth_percent=g).years_to_grow_into
        for g in (slow, fast)
    )
    assert later is not None
    assert sooner is not None
    assert sooner < later


def test_scenarios_are_weighted() -> None:
    result = ask(
        scenarios=[
            {"name": "wins", "probability_percent": 30, "value_usd": 40e9},
            {"name": "loses", "probability_percent": 70, "value_usd": -10e9},
        ]
    )
    assert result.expected_value_usd == pytest.approx(5e9)
    assert result.table is not None
    assert sum(row[3] for row in result.table["rows"]) == pytest.approx(5e9)


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"multiple_before": 0, "multiple_after": 30},
        {"multiple_before": -5, "multiple_after": 30},
        {"multiple_before": 30, "compression_percent": 100},
        {"multiple_before": 120, "multiple_after": 30, "compression_percent": 70},
        {"share_price_usd": 100, "eps_usd": -2},
        {"share_price_usd": 100, "eps_usd": 0},
        {"multiple_before": "3 GB", "multiple_after": 1},
        {"multiple_before": 20, "multiple_after": 60, "growth_percent": 25},
        {"scenarios": [{"probability_percent": 30, "value_usd": 1}]},
        {
            "scenarios": [
                {"probability_percent": -30, "value_usd": 1},
                {"probability_percent": 130, "value_usd": 1},
            ]
        },
    ],
)
def test_bad_input_is_one_clear_error(bad: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        run("valuation_multiple", bad, catalog=object())  # type: ignore[arg-type]
    assert "\n" not in str(error.value)
