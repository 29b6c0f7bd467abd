"""Rental history: ends, crossings and what has no source."""

from __future__ import annotations

import pytest

from tools import registry
from tools.errors import FactAbsent, InputError


def run(**given: object) -> dict[str, object]:
    return registry.run("price_history", given).output


def test_then_and_now_and_the_fall_between_them_agree() -> None:
    out = run(chip="a100", then="2024-Q1", now="2026")
    then, now = out["usd_per_chip_hour_then"], out["usd_per_chip_hour_now"]
    assert isinstance(then, float)
    assert isinstance(now, float)
    assert 1 < now < then < 6
    assert out["fall_percent"] == pytest.approx((1 - now / then) * 100)
    assert out["ratio"] == pytest.approx(then / now)


def test_a_crossing_names_its_quarter_and_the_cheapest_offer_is_never_later() -> None:
    done = registry.run("price_history", {"chip": "a100", "below_usd": 2})
    assert done.output["usd_when_first_below"] < 2
    assert "first below $2.00 in 20" in done.formula
    rows = {row[0]: row for row in done.table["rows"]}  # type: ignore[index]
    first_median = min(q for q, row in rows.items() if row[1] < 2)
    first_offer = min(q for q, row in rows.items() if row[2] < 2)
    assert first_offer <= first_median
    assert first_median in done.formula


def test_a_median_that_never_fell_so_far_says_so() -> None:
    done = registry.run("price_history", {"chip": "h100", "below_usd": 0.01})
    assert done.output["usd_when_first_below"] is None
    assert "never was below $0.01" in done.formula


def test_every_figure_has_a_dated_source() -> None:
    done = registry.run("price_history", {"chip": "h100"})
    assert done.sources
    assert all(s.as_of for s in done.sources)


def test_dates_the_wrong_way_round_and_chips_without_rents() -> None:
    with pytest.raises(InputError, match="then"):
        run(chip="h100", then="2026", now="2024")
    with pytest.raises(FactAbsent):
        run(chip="tpu-v7")
    with pytest.raises(InputError):
        run(chip="h100", below_usd=0)


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.4])
def test_an_offer_is_held_against_the_last_median(factor: float) -> None:
    market = registry.run("price_history", {"chip": "h100-sxm"}).output["usd_per_chip_hour_now"]
    done = registry.run("price_history", {"chip": "h100-sxm", "offer_usd": factor * market})
    assert done.output["offer_over_market_percent"] == pytest.approx(100 * (factor - 1), abs=1e-9)
    assert ("above" if factor > 1 else "below" if factor < 1 else "at") in done.formula.split(";")[0]
