"""Market shares: decompositions, parts of a whole, concentration, HBM demand; inverse questions; bad input."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.catalog import load
from tools.errors import InputError
from tools.market_share import MarketShareQuery, MarketShareResult, market_share
from tools.registry import Calculator, run

SHARE = st.floats(1, 99)


def ask(**known: Any) -> MarketShareResult:
    return market_share(MarketShareQuery(**known), load())


def test_examples_answer_what_they_ask() -> None:
    for example in Calculator("market_share", market_share).examples:
        assert getattr(ask(**example["input"]), example["want"]) is not None, example["question"]


@pytest.mark.parametrize(
    ("known", "field", "value"),
    [
        ({"share_excluding_percent": 98, "share_including_percent": 70}, "excluded_share_percent", 28.5714),
        ({"share_excluding_percent": 98, "share_including_percent": 70}, "everyone_else_percent", 1.42857),
        ({"share_excluding_percent": 98, "excluded_share_percent": 28.5714}, "share_including_percent", 70),
        ({"share_including_percent": 70, "excluded_share_percent": 28.5714}, "share_excluding_percent", 98),
        ({"part_usd": 5e9, "rest_usd": 115e9}, "share_percent", 4.16667),
        ({"part_count": 50, "total_count": 1500}, "share_percent", 3.3333),
        ({"part_count": 5, "total_count": 80}, "share_percent", 6.25),
        ({"part_count": 10, "total_count": 80}, "rest_count", 70),
        ({"total_usd": 30.8e9, "share_percent": 50}, "part_usd", 15.4e9),
        ({"part_usd": 15.4e9, "share_percent": 50}, "total_usd", 30.8e9),
        ({"part_usd": 0.486e9, "total_usd": 30.8e9}, "share_percent", 1.5779),
        ({"share_percent": 5, "new_share_percent": 4}, "share_change_points", -1),
    ],
)
def test_oracle_values(known: dict[str, float], field: str, value: float) -> None:
    assert getattr(ask(**known), field) == pytest.approx(value, rel=1e-4)


@given(SHARE, st.floats(0, 95))
def test_the_three_shares_are_inverse(without: float, excluded: float) -> None:
    everything = ask(share_excluding_percent=without, excluded_share_percent=excluded).share_including_percent
    back = ask(share_excluding_percent=without, share_including_percent=everything).excluded_share_percent
    assert back == pytest.approx(excluded, abs=1e-6)


@given(st.floats(1, 1e12), SHARE)
def test_part_and_share_are_inverse(whole: float, share: float) -> None:
    part = ask(total_usd=whole, share_percent=share).part_usd
    assert ask(total_usd=whole, part_usd=part).share_percent == pytest.approx(share, rel=1e-6)


@given(st.lists(st.floats(0.1, 1000), min_size=1, max_size=20))
def test_concentration_stays_between_equal_shares_and_a_monopoly(sizes: list[float]) -> None:
    players = [{"name": str(i), "revenue_usd": size} for i, size in enumerate(sizes)]
    result = ask(players=players)
    assert result.hhi is not None
    assert 1e4 / len(sizes) * (1 - 1e-9) <= result.hhi <= 1e4 * (1 + 1e-9)
    assert sum(f.value for f in result.figures) == pytest.approx(100)


def test_hbm_demand_comes_from_units_and_capacity() -> None:
    result = ask(
        players=[
            {"name": "nvidia", "units": 1000, "chip": "h100"},
            {"name": "own", "units": 500, "hbm_gb_per_chip": 96},
        ]
    )
    assert result.hbm_total_gb == pytest.approx(1000 * 80 + 500 * 96)
    assert result.sources


def test_shares_that_do_not_fill_the_market_are_told() -> None:
    result = ask(players=[{"name": "a", "share_percent": 55}, {"name": "b", "share_percent": 30}])
    assert result.hhi == pytest.approx(55**2 + 30**2)
    assert any("15" in line for line in result.warnings)


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"share_excluding_percent": 98},
        {"share_excluding_percent": 60, "share_including_percent": 90},
        {"share_excluding_percent": 0, "share_including_percent": 0},
        {"share_excluding_percent": 120, "share_including_percent": 70},
        {"part_usd": 5, "total_usd": 0},
        {"part_usd": 50, "total_usd": 5},
        {"part_usd": -5, "total_usd": 5},
        {"share_percent": 101, "total_usd": 5},
        {"part_usd": "3 GB", "total_usd": 5},
        {"players": [{"name": "a", "revenue_usd": 1}, {"name": "b", "units": 4}]},
        {"players": [{"name": "a", "revenue_usd": 0}]},
        {"players": [{"name": "a", "share_percent": 80}, {"name": "b", "share_percent": 70}]},
        {"players": [{"name": "a", "units": 5, "chip": "warp-core"}]},
        {"players": [{"revenue_usd": 1}]},
    ],
)
def test_bad_input_is_one_clear_error(bad: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        run("market_share", bad)
    assert "\n" not in str(error.value)
