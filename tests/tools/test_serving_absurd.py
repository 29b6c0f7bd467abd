"""Absurd values anywhere give an answer with finite numbers or one line that names the field; nothing else."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tools import registry
from tools.catalog import load
from tools.errors import FactAbsent, InputError

CATALOG = load(Path("/no-such-home"))
NAMES = (
    "token_cost", "batch_size", "memory_fit", "kv_cache", "serving_performance", "reasoning_cost", "hbm_per_dollar",
    "model_price_stack", "fleet_supply",
)  # fmt: skip
SETTINGS = [
    (name, example["input"], field)
    for name in NAMES
    for example in registry.get(name).examples
    for field in registry.get(name).fields
]
ABSURD: tuple[Any, ...] = (
    1e300, 1e-300, 1e18, 2**70, 0.5, 0, -1, 1, float("nan"), float("inf"), "", "∞", "12k", "1e400", "ten", True, [], {},
    {"low": 1, "high": 2}, {"low": 1e-9, "high": 1e12}, {"low": 5, "high": 1}, "9" * 400, "'; DROP TABLE chips",
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(SETTINGS), st.sampled_from(ABSURD))
def test_one_absurd_value(setting: tuple[str, dict[str, Any], str], value: Any) -> None:
    name, base, field = setting
    try:
        done = registry.run(name, {**base, field: value}, catalog=CATALOG)
    except (InputError, FactAbsent) as error:
        said, numbers = str(error), [0.0]
    else:
        said, numbers = "", [figure.value for figure in done.figures]
    assert "\n" not in said
    assert len(said) < 2000
    assert all(math.isfinite(number) for number in numbers)
