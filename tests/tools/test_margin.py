"""Margin: published and hand-computed values, inverse questions, bad input."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tools.errors import InputError
from tools.margin import MarginQuery, MarginResult, margin
from tools.registry import Calculator, run

MONEY = st.floats(1, 1e12)
MARGIN = st.floats(-50, 99)


def ask(**known: Any) -> MarginResult:
    return margin(MarginQuery(**known))


def test_examples_answer_what_they_ask() -> None:
    for example in Calculator("margin", margin).examples:
        assert getattr(ask(**example["input"]), example["want"]) is not None, example["question"]


@pytest.mark.parametrize(
    ("known", "field", "value"),
    [
        # 10 B revenue at 50 and 70 % leaves 5 and 3 B of cost (plain arithmetic)
        ({"revenue_usd": 10e9, "gross_margin_percent": 50}, "cost_usd", 5e9),
        ({"revenue_usd": 10e9, "gross_margin_percent": 70}, "cost_usd", 3e9),
        ({"gross_margin_percent": 70}, "price_multiple", 10 / 3),
        ({"gross_margin_percent": 67}, "markup_percent", 100 * 0.67 / 0.33),
        ({"markup_percent": 150}, "gross_margin_percent", 60),
        ({"price_multiple": 4}, "gross_margin_percent", 75),
        ({"gross_profit_usd": 3, "cost_usd": 7}, "gross_margin_percent", 30),
        ({"gross_profit_usd": 3, "gross_margin_percent": 30}, "revenue_usd", 10),
        # a rent of 2 against 40,000 / 35,040 h + 0.3 of running cost: 28 %
        (
            {"price_usd_per_chip_hour": 2, "cost_usd_per_chip_hour": 40000 / 35040 + 0.3},
            "gross_margin_percent",
            27.92,
        ),
        ({"cost_usd_per_mtok": 0.6, "gross_margin_percent": 40}, "price_usd_per_mtok", 1.0),
        # at a fixed price a 60 % margin is gone once cost is 2.5 times what it was
        ({"gross_margin_percent": 60}, "break_even_cost_multiple", 2.5),
        ({"gross_margin_percent": 60, "cost_ratio": 2.5}, "new_gross_margin_percent", 0),
        ({"gross_margin_percent": 75, "margin_change_points": -1.5}, "new_gross_margin_percent", 73.5),
        ({"gross_margin_percent": 75, "new_gross_margin_percent": 73.5}, "margin_change_points", -1.5),
        # removing a 50 % margin halves the price
        ({"gross_margin_percent": 50, "new_gross_margin_percent": 0}, "price_ratio", 0.5),
        ({"gross_margin_percent": 70, "revenue_share_percent": 20}, "margin_after_share_percent", 50),
    ],
)
def test_oracle_values(known: dict[str, float], field: str, value: float) -> None:
    assert getattr(ask(**known), field) == pytest.approx(value, rel=1e-3, abs=1e-9)


@given(MONEY, MARGIN)
def test_round_trip_of_revenue_and_cost(revenue: float, percent: float) -> None:
    cost = ask(revenue_usd=revenue, gross_margin_percent=percent).cost_usd
    assert cost is not None
    assert ask(revenue_usd=revenue, cost_usd=cost).gross_margin_percent == pytest.approx(percent, abs=1e-6)
    assert ask(cost_usd=cost, gross_margin_percent=percent).revenue_usd == pytest.approx(revenue, rel=1e-6)


@given(MARGIN, MARGIN)
def test_a_higher_margin_is_a_higher_price_multiple(a: float, b: float) -> None:
    assume(b - a > 1e-6)
    low, high = ask(gross_margin_percent=a).price_multiple, ask(gross_margin_percent=b).price_multiple
    assert low is not None
    assert high is not None
    assert low < high


@given(MARGIN, MARGIN)
def test_price_change_reaches_the_new_margin(before: float, after: float) -> None:
    ratio = ask(gross_margin_percent=before, new_gross_margin_percent=after).price_ratio
    back = ask(gross_margin_percent=before, price_ratio=ratio).new_gross_margin_percent
    assert back == pytest.approx(after, abs=1e-6)


def test_segments_blend_by_revenue() -> None:
    result = ask(
        segments=[
            {"name": "chips", "revenue_usd": 3e9, "gross_margin_percent": 75},
            {"name": "services", "revenue_usd": 1e9, "cost_usd": 0.6e9},
        ]
    )
    assert result.gross_margin_percent == pytest.approx(66.25)
    assert result.gross_profit_usd == pytest.approx(2.65e9)
    assert result.table is not None
    assert sum(row[5] for row in result.table["rows"]) == pytest.approx(100)
    assert result.chart is not None


def test_a_range_of_margins_gives_a_range_of_costs() -> None:
    done = run(
        "margin", {"revenue_usd": "$10B", "gross_margin_percent": {"low": 50, "high": 70}}, catalog=object()
    )  # type: ignore[arg-type]
    cost = next(f for f in done.figures if f.name == "cost_usd")
    assert (cost.low, cost.value, cost.high) == pytest.approx((3e9, 4e9, 5e9))


def test_a_negative_margin_is_warned_of() -> None:
    assert "negative" in ask(gross_margin_percent=60, cost_ratio=3).warnings[0]


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"revenue_usd": 10},
        {"gross_margin_percent": 100},
        {"gross_margin_percent": 120, "revenue_usd": 10},
        {"revenue_usd": 0, "cost_usd": 1},
        {"revenue_usd": -5, "cost_usd": 1},
        {"revenue_usd": 5, "cost_usd": -1},
        {"revenue_usd": float("inf"), "cost_usd": 1},
        {"revenue_usd": float("nan"), "cost_usd": 1},
        {"revenue_usd": 10, "cost_usd": 4, "gross_margin_percent": 70},
        {"price_multiple": 0},
        {"cost_usd": "a lot", "revenue_usd": 1},
        {"revenue_usd": "3 GB", "cost_usd": 1},
        {"no_such_field": 1},
        {"segments": [{"name": "x", "revenue_usd": 1}]},
        {"segments": [{"revenue_usd": 1, "cost_usd": 1}]},
    ],
)
def test_bad_input_is_one_clear_error(bad: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        run("margin", bad, catalog=object())  # type: ignore[arg-type]
    assert "\n" not in str(error.value)
