"""Cost of tokens: bills by hand, list prices, inverses, refused input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools import registry
from tools.catalog import load
from tools.contract import CalculatorRun
from tools.errors import FactAbsent, InputError, MissingInput, UnknownName

CATALOG = load(Path("/no-such-home"))
MONEY = st.floats(0.01, 1000)


def run(**given_: Any) -> CalculatorRun:
    return registry.run("token_cost", given_, catalog=CATALOG)


def out(**given_: Any) -> dict[str, Any]:
    return run(**given_).output


def test_a_reasoning_call_by_hand() -> None:
    """(500 × 15 + 11,000 × 60) / 1e6."""
    got = out(input_tokens=500, output_tokens=11_000, usd_per_mtok_input=15, usd_per_mtok_output=60)
    assert got["usd_per_request"] == pytest.approx(0.6675)
    assert got["usd_total"] == pytest.approx(0.6675)


def test_reasoning_tokens_are_billed_as_output() -> None:
    apart = out(input_tokens=500, output_tokens=1000, reasoning_tokens=10_000, usd_per_mtok_input=15,
                usd_per_mtok_output=60)  # fmt: skip
    assert apart["usd_per_request"] == pytest.approx(0.6675)
    assert apart["reasoning_share"] == pytest.approx(0.6 / 0.6675)


def test_cached_tokens_have_their_own_price() -> None:
    """(200 × 2.50 + 800 × 1.25 + 100 × 10) / 1e6."""
    got = out(input_tokens=1000, cached_input_tokens=800, output_tokens=100, usd_per_mtok_input=2.5,
              usd_per_mtok_cached=1.25, usd_per_mtok_output=10)  # fmt: skip
    assert got["usd_per_request"] == pytest.approx(2.5e-3)


@pytest.mark.parametrize(
    ("model", "day", "prices"),
    [
        # OpenAI's price page in December 2024
        ("o1", "2024-12-20", (15, 60)),
        ("gpt-4o", "2024-12-20", (2.5, 10)),
        ("gpt-4o-mini", "2024-12-20", (0.15, 0.6)),
    ],
)
def test_list_prices_by_date(model: str, day: str, prices: tuple[float, float]) -> None:
    done = run(api_model=model, as_of=day, input_tokens=1_000_000, output_tokens=1_000_000)
    assert (done.output["usd_per_mtok_input"], done.output["usd_per_mtok_output"]) == prices
    assert done.output["usd_per_request"] == pytest.approx(sum(prices))
    assert any(model in text for text in done.assumptions)
    assert done.sources


def test_no_price_before_the_model_existed() -> None:
    with pytest.raises(FactAbsent):
        out(api_model="o1", as_of="2023-01-01", output_tokens=1)


def test_eight_rented_h100_by_hand() -> None:
    """16 $/hour / (12,000 × 3600) × 1e6."""
    got = out(chip="h100", n_chips=8, usd_per_chip_hour=2, tokens_per_s=12_000)
    assert got["usd_per_mtok_output"] == pytest.approx(0.370370, rel=1e-5)
    assert got["tokens_per_usd"] == pytest.approx(2.7e6)


def test_own_chips_against_a_list_price() -> None:
    """8 $/hour / (6,000 × 3600) × 1e6 = 0.37 against 10; 8 × 24 / 10 × 1e6 = 19.2M tokens a day."""
    got = out(n_chips=4, usd_per_chip_hour=2, tokens_per_s=6000, usd_per_mtok_output=10)
    assert got["list_over_own"] == pytest.approx(27)
    assert got["break_even_tokens_per_day"] == pytest.approx(19.2e6)


def test_tokens_sold_leave_a_margin() -> None:
    """15,000 × 3600 × 0.80 / 1e6 = 43.20 an hour against 18."""
    got = out(usd_per_server_hour=18, tokens_per_s=15_000, sale_usd_per_mtok=0.8)
    assert got["revenue_usd_per_hour"] == pytest.approx(43.2)
    assert got["gross_margin_percent"] == pytest.approx(100 * (1 - 18 / 43.2))


def test_chips_for_a_volume() -> None:
    """ceil(10e9 / 86,400 / 2,000) = 58."""
    assert out(tokens_per_day=10e9, tokens_per_s_per_chip=2000)["chips_needed"] == 58


def test_volumes() -> None:
    """50,000 × (1,500 × 0.15 + 400 × 0.60) / 1e6 = 23.25 a day."""
    got = out(requests_per_day=50_000, input_tokens=1500, output_tokens=400, usd_per_mtok_input=0.15,
              usd_per_mtok_output=0.6)  # fmt: skip
    assert got["usd_per_day"] == pytest.approx(23.25)
    assert got["usd_per_month"] == pytest.approx(23.25 * 30)
    assert got["usd_per_year"] == pytest.approx(23.25 * 365)


def test_self_hosted_by_the_serving_model_has_a_range() -> None:
    done = run(
        model="llama-3.1-70b", weight_precision="fp8", chip="h100", n_chips=4, usd_per_chip_hour=2, batch=64
    )
    cost = next(f for f in done.figures if f.name == "usd_per_mtok_output")
    assert cost.low is not None
    assert cost.high is not None
    assert cost.low < cost.value < cost.high
    rate = done.output["output_tokens_per_s"]
    assert cost.value == pytest.approx(8 / (3600 * rate) * 1e6)


def test_more_requests_at_once_are_cheaper_a_token() -> None:
    base = {
        "model": "llama-3.1-70b",
        "weight_precision": "fp8",
        "chip": "h200",
        "n_chips": 4,
        "usd_per_chip_hour": 3,
    }
    costs = [out(**base, batch=batch)["usd_per_mtok_output"] for batch in (1, 4, 16, 64)]
    assert costs == sorted(costs, reverse=True)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 64), MONEY, st.floats(1, 1e6), st.floats(0.05, 1))
def test_throughput_and_rent_needed_are_inverses(chips: int, rent: float, rate: float, busy: float) -> None:
    cost = out(n_chips=chips, usd_per_chip_hour=rent, tokens_per_s=rate, utilisation=busy)[
        "usd_per_mtok_output"
    ]
    needed = out(n_chips=chips, usd_per_chip_hour=rent, target_usd_per_mtok=cost, utilisation=busy)
    assert needed["tokens_per_s_needed"] == pytest.approx(rate)
    allowed = out(n_chips=chips, tokens_per_s=rate, target_usd_per_mtok=cost, utilisation=busy)
    assert allowed["usd_per_chip_hour_allowed"] == pytest.approx(rent)


@settings(max_examples=60, deadline=None)
@given(MONEY, st.floats(0, 95))
def test_a_margin_leaves_its_share(cost: float, margin: float) -> None:
    price = out(cost_usd_per_mtok=cost, gross_margin_percent=margin)["price_usd_per_mtok"]
    assert (price - cost) / price * 100 == pytest.approx(margin, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 10**6), MONEY, MONEY, st.floats(1, 1e6))
def test_a_budget_buys_what_it_costs(tokens_in: int, tokens_out: int, price_in: float, price_out: float,
                                     budget: float) -> None:  # fmt: skip
    base = {"input_tokens": tokens_in, "output_tokens": tokens_out, "usd_per_mtok_input": price_in,
            "usd_per_mtok_output": price_out}  # fmt: skip
    got = out(**base, budget_usd=budget)
    assert out(**base, n_requests=got["requests_for_budget"])["usd_total"] == pytest.approx(budget)


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"cost_usd_per_mtok": 1, "gross_margin_percent": 100}, "gross_margin_percent"),
        ({"cost_usd_per_mtok": 0, "gross_margin_percent": 10}, "cost_usd_per_mtok"),
        ({"n_chips": 0, "usd_per_chip_hour": 2, "tokens_per_s": 10}, "n_chips"),
        ({"n_chips": 8, "usd_per_chip_hour": -2, "tokens_per_s": 10}, "usd_per_chip_hour"),
        ({"n_chips": 8, "usd_per_chip_hour": 2, "tokens_per_s": 0}, "tokens_per_s"),
        ({"n_chips": 8, "usd_per_chip_hour": 2, "tokens_per_s": 10, "utilisation": 1.5}, "utilisation"),
        ({"input_tokens": -1, "usd_per_mtok_input": 1}, "input_tokens"),
        ({"output_tokens": float("nan"), "usd_per_mtok_output": 1}, "output_tokens"),
        ({"usd_per_chip_hour": "2 GB"}, "usd_per_chip_hour"),
    ],
)
def test_bad_input_names_the_field(bad: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as error:
        run(**bad)
    assert error.value.field == field


@pytest.mark.parametrize(
    ("given_", "field"),
    [
        ({"input_tokens": 10, "output_tokens": 5, "usd_per_mtok_output": 1}, "usd_per_mtok_input"),
        ({"n_chips": 8, "tokens_per_s": 100}, "usd_per_chip_hour"),
        ({"n_chips": 8, "usd_per_chip_hour": 2}, "tokens_per_s"),
        ({}, "usd_per_mtok_output"),
    ],
)
def test_what_is_missing_is_asked_for(given_: dict[str, Any], field: str) -> None:
    with pytest.raises(MissingInput) as error:
        run(**given_)
    assert error.value.field == field


def test_an_unknown_api_model_offers_names() -> None:
    with pytest.raises(UnknownName):
        run(api_model="gtp-4oo", output_tokens=1)


@pytest.mark.parametrize("example", registry.get("token_cost").examples, ids=lambda e: e["question"][:40])
def test_examples_give_what_they_ask_for(example: dict[str, Any]) -> None:
    assert out(**example["input"])[example["want"]] > 0


def test_a_model_too_large_for_one_chip_is_priced_on_the_fewest_that_hold_it() -> None:
    found = registry.run(
        "token_cost", {"model": "llama-3.3-70b", "chip": "h100-sxm", "usd_per_chip_hour": 2.0}
    )
    two = registry.run(
        "token_cost", {"model": "llama-3.3-70b", "chip": "h100-sxm", "usd_per_chip_hour": 2.0, "n_chips": 2}
    )
    assert found.taken["n_chips"] == 2
    assert found.output["usd_per_mtok_output"] == pytest.approx(two.output["usd_per_mtok_output"])
    assert any("fewest that hold" in a for a in found.assumptions)
