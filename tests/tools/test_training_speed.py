"""Training speed: measured rows, physics, families nobody measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tools import registry
from tools.catalog import load
from tools.errors import RackrateError
from tools.scaling.training_calibration import PRIORS, constants_of, fit, log_errors, read_rows
from tools.scaling.training_speed import Layout, load_constants, make_setup, predict, seconds_per_token

MEASURED = Path(__file__).parents[3] / "shared" / "truth" / "measured_training.csv"


@pytest.mark.shared
def test_median_error_on_published_runs() -> None:
    if not MEASURED.exists():
        pytest.skip("the measured rows are not beside this checkout")
    rows, skipped = read_rows(MEASURED, load())
    constants = load_constants()
    errors = [abs(np.log(seconds_per_token(r.setup, constants) * r.tokens_per_s_per_chip)) for r in rows]
    assert len(rows) >= 340
    assert float(np.median(errors)) <= 0.10
    assert float(np.quantile(errors, 0.9)) <= 0.30
    assert all(skipped.values())


@pytest.mark.shared
def test_median_error_without_knowing_the_split() -> None:
    if not MEASURED.exists():
        pytest.skip("the measured rows are not beside this checkout")
    rows, _ = read_rows(MEASURED, load())
    catalog, errors = load(), []
    for row in rows:
        if row.model.startswith("MPT"):
            continue
        query = {"chip": _chip_id(row.chip), "n_chips": row.setup.split[0], "model": _model_id(row.model)}
        if query["model"] not in catalog.models:
            continue
        run = registry.run("training_run", {**query, "precision": row.setup.arithmetic})
        speed = next(f.value for f in run.figures if f.name == "tokens_per_s_per_chip")
        errors.append(abs(np.log(speed / row.tokens_per_s_per_chip)))
    assert len(errors) >= 30
    assert float(np.median(errors)) <= 0.30


def _chip_id(key: str) -> str:
    return {"H100": "h100-sxm"}.get(key, key.lower().replace(" ", "-"))


def _model_id(name: str) -> str:
    return (
        name.lower()
        .replace("_", "-")
        .replace(" ", "-")
        .removesuffix("-maxtext")
        .replace("llama3-70b", "llama-3-70b")
    )


def test_an_unmeasured_family_has_a_wider_interval() -> None:
    catalog = load()
    known = predict(make_setup(catalog.chip("h100-sxm"), 70e9))
    new = predict(make_setup(catalog.chip("mi300x"), 70e9))
    assert known.measured_family
    assert not new.measured_family
    assert new.high / new.low > known.high / known.low


def test_every_chip_is_within_its_peak() -> None:
    catalog = load()
    for chip in catalog.chips.values():
        for precision in ("bf16", "fp8", "fp4"):
            try:
                setup = make_setup(chip, 8e9, precision=precision)
            except RackrateError:
                continue
            speed = predict(setup)
            assert 0.0 < speed.mfu < 1.0
            assert speed.low < speed.tokens_per_s_per_chip < speed.high


def test_longer_sequences_and_recomputing_are_slower() -> None:
    chip = load().chip("h100-sxm")
    speeds = [
        predict(make_setup(chip, 8e9, sequence=s)).tokens_per_s_per_chip for s in (2048.0, 8192.0, 131072.0)
    ]
    assert speeds[0] > speeds[1] > speeds[2]
    plain = predict(make_setup(chip, 8e9, layout=Layout(recompute=False))).tokens_per_s_per_chip
    again = predict(make_setup(chip, 8e9, layout=Layout(recompute=True))).tokens_per_s_per_chip
    assert again < plain


def test_calibration_finds_constants_that_made_the_rows() -> None:
    from tools.scaling.training_calibration import Measured

    catalog = load()
    truth = np.log([value for value, _ in PRIORS.values()]) + 0.05
    constants = constants_of(truth)
    rows = []
    for i, (chip, size) in enumerate(
        (c, s) for c in ("h100-sxm", "a100-sxm", "b200") for s in (1e9, 8e9, 70e9)
    ):
        setup = make_setup(catalog.chip(chip), size)
        rows.append(Measured(str(i), f"{size:g}", chip, setup, 1.0 / seconds_per_token(setup, constants)))
    before = np.abs(log_errors(np.log([value for value, _ in PRIORS.values()]), rows))
    after = np.abs(log_errors(fit(rows, iterations=15), rows))
    assert float(np.max(after)) < 0.5 * float(np.max(before))
