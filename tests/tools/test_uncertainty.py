"""Quasi-Monte-Carlo intervals: known answers, the same every time."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tools import _core, registry
from tools.scaling.uncertainty import interval


def test_one_input_keeps_its_own_points() -> None:
    low, high = interval({"price": (1.5, 3.0)}, lambda d: d["price"])
    assert low == pytest.approx(1.5, rel=5e-3)
    assert high == pytest.approx(3.0, rel=5e-3)


def test_independent_factors_add_in_quadrature() -> None:
    low, high = interval({"a": (0.5, 2.0), "b": (0.5, 2.0)}, lambda d: d["a"] / d["b"])
    assert math.log(high / low) == pytest.approx(math.sqrt(2) * math.log(4), rel=0.01)


def test_the_same_seed_the_same_interval() -> None:
    first, again, other = (interval({"a": (1, 2)}, lambda d: d["a"] ** 2, seed=s) for s in (1, 1, 2))
    assert first == again
    assert first != other


def test_quasi_random_is_far_better_than_random() -> None:
    errors = []
    for seed in range(10):
        table = _core.quasi_random([("uniform", 0.0, 0.0, 1.0)] * 2, 4096, seed)
        errors.append(abs(float(np.mean(table[:, 0] * table[:, 1])) - 0.25))
    assert max(errors) < 0.0005  # a random sample's standard error is 0.0034


@pytest.mark.parametrize("wrong", [(2.0, 1.0), (0.0, 1.0), (-1.0, 1.0), (1.0, math.inf), (math.nan, 1.0)])
def test_intervals_that_cannot_be(wrong: tuple[float, float]) -> None:
    with pytest.raises(_core.CoreError):
        interval({"a": wrong}, lambda d: d["a"])


def test_cost_of_a_run_has_rent_and_speed_in_its_interval() -> None:
    known = registry.run("training_run", {"params": 70e9, "tokens": 15e12, "chip": "h100-sxm", "mfu": 0.4})
    guessed = registry.run("training_run", {"params": 70e9, "tokens": 15e12, "chip": "h100-sxm"})
    widths = []
    for run in (known, guessed):
        usd = next(f for f in run.figures if f.name == "usd")
        assert usd.low is not None
        assert usd.high is not None
        assert usd.low < usd.value < usd.high
        widths.append(usd.high / usd.low)
    assert widths[1] > widths[0]
