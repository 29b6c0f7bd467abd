"""Units: what people type, and that no conversion loses or invents anything."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools import units
from tools.errors import UnitError


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("$2/hr", "USD/chip/hour", 2.0),
        ("2 dollars an hour", "USD/chip/hour", 2.0),
        ("$2.10 per GPU hour", "USD/chip/hour", 2.1),
        ("12k", "token", 12_000),
        ("8k tokens", "token", 8_000),
        ("1.5M GPUs", "chip", 1.5e6),
        ("30B dollars", "USD", 30e9),
        ("forty thousand", "USD", 40_000),
        ("two hundred and fifty thousand dollars", "USD", 250_000),
        ("10 pct", "dimensionless", 0.1),
        ("90%", "percent", 90),
        ("1.4 kW", "W", 1400),
        ("$15 per million tokens", "USD/Mtoken", 15),
        ("$15/Mtok", "USD/Mtoken", 15),
        ("$15/M", "USD/Mtoken", 15),
        ("$2 per 1k", "USD/Mtoken", 2000),
        ("3.35TB/s", "GB/s", 3350),
        ("989 TFLOPS", "TFLOP/s", 989),
        ("1 GiB", "byte", 2**30),
        ("1,024", "chip", 1024),
        ("4.5 cents", "USD", 0.045),
        ("-3", "chip", -3),
        ("3 m", "meter", 3),
    ],
)
def test_people_type_quantities_in_many_ways(text: str, unit: str, value: float) -> None:
    assert units.parse_quantity(text, unit) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("8k tokens", "chip"),
        ("3 hours", "USD"),
        ("many", "chip"),
        ("5 furlongs", "GB"),
        ("$5", "GB"),
        ("2 GB", "USD/hour"),
    ],
)
def test_a_unit_that_does_not_fit_is_refused_by_field_and_value(text: str, unit: str) -> None:
    with pytest.raises(UnitError, match="context_tokens"):
        units.parse_quantity(text, unit, "context_tokens")


def test_counts_left_unsaid_are_allowed_but_never_swapped() -> None:
    assert units.compatible("USD/hour", "USD/chip/hour")
    assert not units.compatible("USD/chip/hour", "USD/server/hour")
    assert not units.compatible("token", "chip")


@given(
    st.floats(1e-9, 1e15),
    st.sampled_from([("GB", "GiB"), ("USD/hour", "USD/year"), ("MW", "kW"), ("TFLOP", "FLOP")]),
)
def test_conversion_round_trips(value: float, pair: tuple[str, str]) -> None:
    there = units.convert(value, *pair)
    assert units.convert(there, pair[1], pair[0]) == pytest.approx(value, rel=1e-12)


@given(
    st.integers(1, 999), st.sampled_from([("k", 1e3), ("M", 1e6), ("B", 1e9), ("T", 1e12), (" million", 1e6)])
)
def test_magnitudes_scale(number: int, scale: tuple[str, float]) -> None:
    assert units.parse_number(f"{number}{scale[0]}") == number * scale[1]


@given(st.floats(min_value=1e-6, max_value=1e14))
def test_formatting_keeps_the_value_to_three_digits(value: float) -> None:
    text = units.format_number(value).replace(",", "")
    assert math.isclose(float(text), value, rel_tol=1e-3)


def test_every_unit_of_the_contract_parses() -> None:
    contract = (
        "USD/chip/hour USD/Mtoken token/s token/s/person GB/kUSD GB/s/USD TFLOP/s/kUSD EFLOP/s chip*hour GW "
        "MWh USD/MWh KiB PB rack link hop person percent dimensionless metric_ton request param FLOP cent"
    )
    for unit in contract.split():
        assert units.factor(unit, unit) == 1.0
        units.dimensions(unit)


def test_the_kept_factors_are_pints_own() -> None:
    import json

    kept = json.loads(units.FACTORS.read_text(encoding="utf-8"))
    assert len(kept) > 300
    for unit, (factor, dims) in kept.items():
        by_pint = units.by_pint(unit)
        assert (factor, dims) == (by_pint[0], dict(by_pint[1])), unit


def test_every_field_of_every_calculator_has_a_kept_factor() -> None:
    from tools.unit_factors import daily_units

    kept = units._known_factors()
    missing = [u for u in daily_units() if u not in kept and u not in ("", "dimensionless", "1")]
    assert not missing, "run python -m tools.unit_factors"


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (54, "request", "54 requests"), (1, "year", "1 year"), (1.005, "year", "1.005 years"), (0.02552, "s", "25.52 ms"),
        (2.7e6, "token/USD", "2.7 million tokens/$"), (516096, "byte", "516,096 bytes"), (4.0585e11, "byte", "405.9 GB"),
        (41.38, "GB*hour/USD", "41.38 GB·hour/$"), (4.625, "request/chip", "4.625 requests/chip"), (0, "s", "0 s"),
        (0.3704, "USD/Mtoken", "$0.3704/Mtoken"), (75, "percent", "75 %"), (1.2e24, "FLOP", "1.2e24 FLOP"),
        (989, "TFLOP/s", "989 TFLOP/s"), (1.36, "metric_ton", "1.36 t"), (-3, "second", "-3 seconds"),
    ],
)  # fmt: skip
def test_quantities_for_people(value: float, unit: str, said: str) -> None:
    assert units.format_quantity(value, unit) == said
