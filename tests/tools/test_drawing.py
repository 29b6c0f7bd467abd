"""Left out is only what is for eyes: the numbers of a run without drawings are those of the run with them."""

from __future__ import annotations

from typing import Any

import pytest

from tools import drawing, registry
from tools.catalog import load

CASES: list[tuple[str, dict[str, Any]]] = [
    ("serving_performance", {"model": "llama-3.1-70b", "chip": "h200", "n_chips": 4, "weight_precision": "fp8"}),
    ("batch_size", {"model": "llama-3.1-8b", "chip": "h100", "n_chips": 2, "context_tokens": 6000}),
    ("token_cost", {"model": "llama-3.1-70b", "chip": "h100", "n_chips": 8, "usd_per_chip_hour": 2.5}),
]  # fmt: skip


@pytest.mark.parametrize(("tool", "given"), CASES)
def test_numbers_stay_and_drawings_go(tool: str, given: dict[str, Any]) -> None:
    catalog = load()
    whole = registry.run(tool, given, catalog=catalog)
    with drawing.numbers_only():
        assert not drawing.wanted()
        bare = registry.run(tool, given, catalog=catalog)
    assert drawing.wanted()
    assert whole.chart is not None
    assert bare.chart is None
    drawn = {"chart": None, "table": None}
    assert bare.model_copy(update=drawn) == whole.model_copy(update=drawn)
