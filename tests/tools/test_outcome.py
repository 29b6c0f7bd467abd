"""An outcome is a run without its papers."""

from __future__ import annotations

import pytest

from tools import registry
from tools.catalog import load
from tools.errors import InputError


def test_an_outcome_has_the_numbers_of_the_run() -> None:
    given = {"revenue_usd": 8e9, "cost_usd": 3e9}
    catalog = load()
    done, tried = (
        registry.run("margin", given, catalog=catalog),
        registry.outcome("margin", given, catalog=catalog),
    )
    assert tried.figures == {f.name: (f.value, f.unit) for f in done.figures}
    assert (tried.assumed, tried.warned) == (len(done.assumptions), len(done.warnings))
    with pytest.raises(InputError):
        registry.outcome("margin", {"revenue_usd": -1}, catalog=catalog)
