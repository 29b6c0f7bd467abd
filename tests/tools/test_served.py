"""Models and chips that are only described, and defaults that are said aloud."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.batch_size import BatchSizeQuery, batch_size
from tools.catalog import load
from tools.errors import FactAbsent, MissingInput
from tools.serving import deployment
from tools.serving.served import GB, ChipQuery, ModelQuery, Notes, resolve_memory, resolve_model

CATALOG = load(Path("/no-such-home"))
SHAPED = sorted(m.id for m in CATALOG.models.values() if m.has_shape and m.kv_elements_per_token is not None)


def test_a_bare_size_borrows_the_shape_of_its_neighbour_and_says_so() -> None:
    notes = Notes()
    served = resolve_model(ModelQuery(params=70e9), CATALOG, notes)
    assert served.weight_bytes == 140e9
    assert served.kv_bytes_per_token == 2 * 80 * 8 * 128 * 2
    assert any("Shaped like" in text for text in notes.assumptions)
    assert notes.sources


def test_a_given_shape_is_not_borrowed() -> None:
    notes = Notes()
    query = ModelQuery(
        params=7e9, layers=10, kv_heads=2, head_dim=64, weight_precision="fp8", kv_precision="fp8"
    )
    assert resolve_model(query, CATALOG, notes).kv_bytes_per_token == 2 * 10 * 2 * 64
    assert not notes.assumptions


def test_half_a_shape_is_asked_about() -> None:
    with pytest.raises(MissingInput) as error:
        resolve_model(ModelQuery(params=7e9, layers=10), CATALOG, Notes())
    assert error.value.field == "kv_heads"


def test_the_checkpoints_own_format_is_the_default() -> None:
    notes = Notes()
    assert resolve_model(ModelQuery(model="deepseek-v3"), CATALOG, notes).weight_precision == "fp8"
    assert resolve_model(ModelQuery(model="llama-3.1-8b"), CATALOG, notes).weight_precision == "bf16"
    assert sum("Weights in" in text for text in notes.assumptions) == 2


def test_a_closed_model_is_refused_by_name() -> None:
    with pytest.raises(FactAbsent, match="not public"):
        resolve_model(ModelQuery(model="gpt-4"), CATALOG, Notes())


@pytest.mark.parametrize(
    ("query", "reserve", "said"),
    [
        ({}, 0.0, "no reserve"),
        ({"reserve_fraction": 0.2}, 0.2, ""), ({"usable_fraction": 0.85}, 0.15, ""),
        ({"reserve_fraction": 0.2, "usable_fraction": 0.8}, 0.2, ""),
    ],
)  # fmt: skip
def test_reserves(query: dict[str, float], reserve: float, said: str) -> None:
    notes = Notes()
    memory = resolve_memory(ChipQuery(chip="h100-sxm", **query), CATALOG, notes)
    assert memory.reserve == pytest.approx(reserve)
    assert said in " ".join(notes.assumptions)
    assert bool(notes.assumptions) == bool(said)


def test_a_described_chip() -> None:
    memory = resolve_memory(
        ChipQuery(chip_memory_gb=24, reserve_fraction=0.5, overhead_gb=2), CATALOG, Notes()
    )
    assert memory.usable(2) == pytest.approx(2 * (12 - 2) * GB)
    assert memory.chips_to_hold(30 * GB) == 3


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SHAPED), st.integers(1, 64), st.integers(1, 100_000), st.floats(0, 0.5))
def test_the_batch_is_the_cores_capacity(model: str, n_chips: int, context: int, reserve: float) -> None:
    """One arithmetic of memory: what the calculator says is what `deployment.capacity` says, for every model."""
    query = BatchSizeQuery(model=model, chip="mi300x", n_chips=n_chips, weight_precision="fp8", kv_precision="fp8",
                           context_tokens=context, reserve_fraction=reserve)  # fmt: skip
    laid = deployment.Deployment(CATALOG.model(model), CATALOG.chip("mi300x"), n_chips, "fp8", "fp8", n_chips)
    expected = deployment.capacity(laid, context, reserve)
    found = batch_size(query, CATALOG)
    assert found.max_requests == expected.max_requests
    assert found.weight_bytes == pytest.approx(expected.weight_bytes)
