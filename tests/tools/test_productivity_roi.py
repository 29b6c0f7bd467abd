"""Productivity: what an uplift is worth against tokens and seats; inverse questions; bad input."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.errors import InputError
from tools.productivity_roi import ProductivityRoiQuery, ProductivityRoiResult, productivity_roi
from tools.registry import Calculator, run

PAY = st.floats(1e4, 1e6)
PEOPLE = st.floats(1, 1e5)
UPLIFT = st.floats(0.1, 200)


def ask(**known: Any) -> ProductivityRoiResult:
    return productivity_roi(ProductivityRoiQuery(**known))


def test_examples_answer_what_they_ask() -> None:
    for example in Calculator("productivity_roi", productivity_roi).examples:
        assert getattr(ask(**example["input"]), example["want"]) is not None, example["question"]


@pytest.mark.parametrize(
    ("known", "field", "value"),
    [
        ({"salary_usd": 300e3, "uplift_percent": 20}, "value_usd_per_year", 60e3),
        ({"salary_usd": 300e3, "uplift_percent": 20, "usd_per_mtok": 60}, "tokens_bought", 1e9),
        (
            {"salary_usd": 300e3, "uplift_percent": 20, "usd_per_query": 0.6675},
            "queries_bought",
            89888,
        ),
        # 300,000 a year over 2,000 hours is 150 an hour: 224.7 queries of 0.6675
        ({"salary_usd": 300e3, "usd_per_query": 0.6675}, "wage_usd_per_hour", 150),
        ({"salary_usd": 300e3, "usd_per_query": 0.6675}, "queries_per_hour_of_pay", 224.72),
        ({"people": 100, "people_after": 75}, "uplift_percent", 33.3333),
        ({"person_hours": 5000, "wage_usd_per_hour": 150}, "labour_usd", 750e3),
        ({"people": 100, "people_after": 50}, "uplift_percent", 100),
        ({"people": 100, "uplift_percent": 20}, "people_after", 83.3333),
        (
            {"people": 100, "people_after": 75, "salary_usd": 300e3},
            "payroll_saved_usd",
            7.5e6,
        ),
        (
            {"people": 100, "people_after": 50, "salary_usd": 300e3},
            "payroll_saved_usd",
            15e6,
        ),
        (
            {"people": 10, "seat_usd_per_month": 20, "salary_usd": 1e5, "uplift_percent": 1},
            "spend_usd",
            2400,
        ),
        (
            {"people": 10, "seat_usd_per_month": 20, "salary_usd": 1e5, "uplift_percent": 1},
            "roi_multiple",
            4.16667,
        ),
        (
            {"people": 10, "seat_usd_per_month": 20, "salary_usd": 1e5, "uplift_percent": 1},
            "net_gain_usd_per_year",
            7600,
        ),
        (
            {"people": 10, "spend_usd": 2400, "salary_usd": 1e5},
            "break_even_uplift_percent",
            0.24,
        ),
        ({"uplift_percent": 10, "people": 5}, "hours_saved_per_year", 1000),
        (
            {
                "people": 4,
                "tokens_per_person_day": 1e6,
                "usd_per_mtok": 3,
                "salary_usd": 1e5,
                "uplift_percent": 5,
            },
            "spend_usd",
            3000,
        ),
    ],
)
def test_oracle_values(known: dict[str, float], field: str, value: float) -> None:
    assert getattr(ask(**known), field) == pytest.approx(value, rel=1e-4)


@given(PEOPLE, UPLIFT)
def test_team_size_and_uplift_are_inverse(people: float, uplift: float) -> None:
    fewer = ask(people=people, uplift_percent=uplift).people_after
    assert ask(people=people, people_after=fewer).uplift_percent == pytest.approx(uplift, rel=1e-6, abs=1e-6)


@given(PEOPLE, PAY, UPLIFT)
def test_spending_what_the_gain_is_worth_breaks_even(people: float, pay: float, uplift: float) -> None:
    value = ask(people=people, salary_usd=pay, uplift_percent=uplift).value_usd_per_year
    result = ask(people=people, salary_usd=pay, uplift_percent=uplift, spend_usd=value)
    assert result.roi_multiple == pytest.approx(1, rel=1e-6)
    assert result.break_even_uplift_percent == pytest.approx(uplift, rel=1e-6)


@given(PAY, UPLIFT, UPLIFT)
def test_a_larger_uplift_is_worth_more(pay: float, a: float, b: float) -> None:
    small, large = sorted((a, b))
    if large / small < 1.0001:
        return
    less, more = (ask(salary_usd=pay, uplift_percent=u).value_usd_per_year for u in (small, large))
    assert less is not None
    assert more is not None
    assert less < more


def test_what_was_not_said_is_named() -> None:
    assumed = ask(salary_usd=300e3, usd_per_query=0.5).assumptions
    assert any("2,000 hours" in line for line in assumed)
    assert any("one person" in line for line in ask(salary_usd=1e5, uplift_percent=5).assumptions)


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"uplift_percent": -100, "people": 5},
        {"people": 0, "salary_usd": 1, "uplift_percent": 1},
        {"people": -3, "salary_usd": 1, "uplift_percent": 1},
        {"salary_usd": 0, "uplift_percent": 1},
        {"salary_usd": "3 GB", "uplift_percent": 1},
        {"people": 100, "people_after": 0},
        {"people": 100, "people_after": 50, "uplift_percent": 20},
        {"salary_usd": 1e5, "usd_per_query": 0},
        {"salary_usd": float("inf"), "uplift_percent": 1},
    ],
)
def test_bad_input_is_one_clear_error(bad: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        run("productivity_roi", bad, catalog=object())  # type: ignore[arg-type]
    assert "\n" not in str(error.value)
