"""Arithmetic: the grammar, units, bounds, and that plain numbers stay fast."""

from __future__ import annotations

import math
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.arithmetic import ArithmeticQuery, arithmetic
from tools.errors import InputError, MissingInput, UnitError
from tools.expression import MAX_LENGTH, evaluate


def compute(expression: str, unit: str | None = None, **variables: float | str) -> tuple[float, str]:
    result = arithmetic(ArithmeticQuery(expression=expression, unit=unit, variables=variables))
    return result.value, result.unit


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("2 ^ 3 ^ 2", 512),
        ("2 ** 10", 1024),
        ("-2 ^ 2", -4),
        ("2 ^ -1", 0.5),
        ("10 - 4 - 3", 3),
        ("100 / 10 / 2", 5),
        ("6 × 7 ÷ 2 − 1", 20),
        ("50%", 0.5),
        ("20% of 300k", 60000),
        ("1,024 * 2", 2048),
        ("1.5M + 2B", 2001500000),
        ("3 million / 2 thousand", 1500),
        ("1e3 + 1E-3", 1000.001),
        ("max(3, 1, 2) - min(3, 1, 2)", 2),
        ("sum(1, 2, 3, 4) / mean(2, 4)", 10 / 3),
        ("ceil(7.2) + floor(7.8) + round(7.5)", 23),
        ("round(2 / 3, 2)", 0.67),
        ("log10(1000) + log2(8) + ln(exp(2))", 8),
        ("log(1000)", 3),
        ("log(8, 2)", 3),
        ("sqrt(16) + abs(0 - 2)", 6),
        ("2 * pi", 2 * math.pi),
        ("8 x 80", 640),
    ],
)
def test_plain_expressions(expression: str, value: float) -> None:
    assert compute(expression) == (pytest.approx(value), "dimensionless")


@pytest.mark.parametrize(
    ("expression", "unit", "value", "given_unit"),
    [
        ("2 USD/hour * 8760 hour", None, 17520, "USD"),
        ("40000 USD / 2 USD/hour", "year", 20000 / 8760, "year"),
        ("$2/hr * 8760 hr * 1,024", "USD", 17940480, "USD"),
        ("20% of $300k", None, 60000, "USD"),
        ("512 * 141 GB", "TB", 72.192, "TB"),
        ("1 TB / 8 TB/s", "ms", 125, "ms"),
        ("2 GW / 1.4 kW", None, 2e9 / 1400, "dimensionless"),
        ("2 GW / 1400 W/chip", "chip", 2e9 / 1400, "chip"),
        ("75 / 1200", "percent", 6.25, "percent"),
        ("(1 - 30/120) * 100", "percent", 75, "percent"),
        ("sum(12M, 45M, 1.2B) USD", None, 1.257e9, "USD"),
        ("sum(30M, 300M, 3B, 30B)", "USD", 33.33e9, "USD"),
        ("300 tok/s * 1 day", None, 25.92e6, "token"),
        ("5 GB per s * 3 s", None, 15, "GB"),
        ("3000 * 0.45359237 kg", "tonne", 1.36077711, "tonne"),
        ("min(3 GB, 2000 MB)", "GB", 2, "GB"),
        ("40000 / 5000", "x", 8, "dimensionless"),
    ],
)
def test_units_travel_through(expression: str, unit: str | None, value: float, given_unit: str) -> None:
    number, found = compute(expression, unit)
    assert (number, found) == (pytest.approx(value), given_unit)


def test_names_take_numbers_or_quantities() -> None:
    assert compute("price * hours", price="2 USD/hour", hours="8760 hour") == (17520, "USD")
    assert compute("k * 2", k=3) == (6, "dimensionless"), "a variable hides the suffix of the same letter"


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("", MissingInput),
        ("   ", MissingInput),
        ("1 / 0", InputError),
        ("1 / (2 - 2)", InputError),
        ("0 ^ -1", InputError),
        ("(-8) ^ 0.5", InputError),
        ("9 ** 9 ** 9", InputError),
        ("10 ^ 999", InputError),
        ("exp(10000)", InputError),
        ("ln(0)", InputError),
        ("sqrt(0 - 1)", InputError),
        ("1 +", InputError),
        ("* 2", InputError),
        ("(1 + 2", InputError),
        ("1 + 2)", InputError),
        ("1 2", InputError),
        ("2 $ 3", InputError),
        ("max()", InputError),
        ("sqrt(1, 2)", InputError),
        ("max(1,200)", InputError),
        ("__import__('os')", InputError),
        ("a.b", InputError),
        ("1; 2", InputError),
        ("[1]", InputError),
        ("unheard_of + 1", MissingInput),
        ("3 USD + 4 hour", UnitError),
        ("2 ^ (3 GB)", UnitError),
        ("1 " + "+ 1" * MAX_LENGTH, InputError),
        ("+".join(["1"] * 300), InputError),
        ("(" * 60 + "1" + ")" * 60, InputError),
    ],
)
def test_what_cannot_be_computed_is_refused(expression: str, error: type[InputError]) -> None:
    with pytest.raises(error):
        compute(expression)


def test_a_unit_that_does_not_fit_is_refused() -> None:
    with pytest.raises(UnitError):
        compute("3 GB", "USD")
    with pytest.raises(UnitError):
        compute("3 * 4", "no such unit")


def test_a_tower_of_powers_ends_at_once() -> None:
    started = time.perf_counter()
    with pytest.raises(InputError):
        compute("9^9^9^9^9^9")
    assert time.perf_counter() - started < 0.5


def test_plain_numbers_do_not_load_pint() -> None:
    code = (
        "import sys; from tools.arithmetic import *;"
        "arithmetic(ArithmeticQuery(expression='sum(30, 300) * 10% + 2^8'));"
        "sys.exit('pint' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9), st.floats(1e-3, 1e6))
def test_agrees_with_python(a: float, b: float, c: float) -> None:
    assert evaluate("a + b * c - (a - b) / c", {"a": a, "b": b, "c": c}) == pytest.approx(
        a + b * c - (a - b) / c, rel=1e-12, abs=1e-6
    )


@given(st.text(alphabet="0123456789+-*/^()., eEkMB%$xyzGsqrt", max_size=40))
def test_no_text_escapes_the_error_tree(text: str) -> None:
    try:
        value = evaluate(text)
    except InputError:
        return
    assert math.isfinite(float(getattr(value, "magnitude", value)))
