"""What a fleet serves: the ceiling by hand, every direction, refused input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools import registry
from tools.catalog import load
from tools.contract import CalculatorRun
from tools.errors import InputError, MissingInput

CATALOG = load(Path("/no-such-home"))
EARTH = {"chip": "h100-sxm", "precision": "fp8", "params": 7e9, "people": 8e9}


def run(**given_: Any) -> CalculatorRun:
    return registry.run("fleet_supply", given_, catalog=CATALOG)


def out(**given_: Any) -> dict[str, Any]:
    return run(**given_).output


@pytest.mark.parametrize(("chips", "rate"), [(0.5e6, 8.834821), (1e6, 17.669643)])
def test_the_ceiling_per_person_by_hand(chips: float, rate: float) -> None:
    """chips × 1979e12 / (2 × 7e9) / 8e9."""
    assert out(**EARTH, n_chips=chips)["tokens_per_s_per_person"] == pytest.approx(rate, rel=1e-4)


def test_a_hundred_a_second_is_past_the_ceiling_and_a_hundred_a_minute_is_not() -> None:
    second = run(**EARTH, n_chips=5e5, tokens_per_s_per_person=100)
    assert second.output["over_ceiling"] == pytest.approx(11.32, rel=1e-3)
    assert second.output["possible"] is False
    assert any("ceiling" in text for text in second.warnings)
    assert second.output["ceiling_tokens_per_s_per_person"] == pytest.approx(8.835, rel=1e-3)
    minute = run(**EARTH, n_chips=5e5, tokens_per_s_per_person="100 tokens/minute/person")
    assert minute.output["utilisation"] == pytest.approx(0.1887, rel=1e-3)
    assert minute.output["possible"] is True


def test_peaks_given_in_the_question_are_used() -> None:
    got = out(n_chips=5e5, people=8e9, flop_per_token=14e9, peak_tflops=1979)
    assert got["tokens_per_s_per_person"] == pytest.approx(8.834821, rel=1e-5)
    assert got["ceiling_tokens_per_s_per_chip"] == pytest.approx(141_357, rel=1e-4)


def test_everyone_is_the_catalogues_population() -> None:
    done = run(chip="h100", precision="fp8", params=7e9, n_chips=1e6, everyone=True)
    assert done.output["tokens_per_s_per_person"] == pytest.approx(17.67 * 8e9 / 8.18e9, rel=0.01)
    assert any("population" in text for text in done.assumptions)


def test_a_quarters_shipments_come_from_the_catalogue() -> None:
    done = run(chip="h100", precision="fp8", params=7e9, people=8e9, quarter="2024-Q3")
    assert 1e5 < done.output["tokens_per_s"] / 141_357 < 2e6
    assert any("shipped in 2024-Q3" in text for text in done.assumptions)


def test_energy() -> None:
    """141,357 tokens/s / 700 W."""
    assert out(**EARTH, watts_per_chip=700)["tokens_per_joule"] == pytest.approx(201.94, rel=1e-3)


@settings(max_examples=60, deadline=None)
@given(st.floats(1, 1e8), st.floats(1e8, 1e13), st.floats(1e3, 1e10), st.floats(0.01, 1))
def test_every_quantity_can_be_asked_for(chips: float, params: float, people: float, used: float) -> None:
    base = {"chip": "h200", "precision": "fp8"}
    full = {"n_chips": chips, "params": params, "people": people, "utilisation": used}
    rate = out(**base, **full)["tokens_per_s_per_person"]
    for name, expected in full.items():
        rest = {key: number for key, number in full.items() if key != name}
        found = out(**base, **rest, tokens_per_s_per_person=rate)
        assert found[name] == pytest.approx(expected, rel=1e-6), name


@settings(max_examples=40, deadline=None)
@given(st.floats(1, 1e8), st.floats(1, 1e8))
def test_more_chips_never_serve_less(one: float, two: float) -> None:
    few, many = sorted((one, two))
    assert out(**EARTH, n_chips=few)["tokens_per_s"] <= out(**EARTH, n_chips=many)["tokens_per_s"]


def test_the_assumed_utilisation_is_named() -> None:
    done = run(**EARTH, n_chips=1000)
    assert any("ceiling" in text for text in done.assumptions)
    assert done.sources


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({**EARTH, "n_chips": 0}, "n_chips"),
        ({**EARTH, "n_chips": -1}, "n_chips"),
        ({**EARTH, "n_chips": 10, "people": 0}, "people"),
        ({**EARTH, "n_chips": 10, "params": -1}, "params"),
        ({**EARTH, "n_chips": float("inf")}, "n_chips"),
        ({**EARTH, "n_chips": 10, "tokens_per_s_per_person": "5 GB"}, "tokens_per_s_per_person"),
        ({"chip": "warp core", "n_chips": 10}, "chip"),
    ],
)
def test_bad_input_names_the_field(bad: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as error:
        run(**bad)
    assert error.value.field == field


def test_nothing_at_all_is_asked_about() -> None:
    with pytest.raises(MissingInput):
        run()


@pytest.mark.parametrize("example", registry.get("fleet_supply").examples, ids=lambda e: e["question"][:40])
def test_examples_give_what_they_ask_for(example: dict[str, Any]) -> None:
    assert out(**example["input"])[example["want"]] > 0
