"""`rackrate benchmark`: its shape, and the numpy twins it compares with, which must compute the same."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from api.cli import run
from evals import numpy_twins, speed
from tools import _core
from tools.catalog import load
from tools.serving import deployment


def test_parts_are_measured_and_printed_as_one_json() -> None:
    asked = ["benchmark", "--only", "sweep", "--only", "simulate", "--sweep-rows", "20000", "--json"]
    code = "import sys; from api.cli import run; raise SystemExit(run(sys.argv[1:]))"  # its own process: its own peak
    done = subprocess.run([sys.executable, "-c", code, *asked], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) == {"machine", "sweep", "simulate"}
    assert found["sweep"]["rows"] >= 20_000
    assert found["sweep"]["rows_per_s"] > 0
    assert found["sweep"]["peak_memory_mb"] < 500
    assert found["simulate"]["steps_per_s"] > 10_000


def test_the_numpy_serving_model_computes_what_the_core_does() -> None:
    found = speed.estimates(rows=500)
    assert found["numpy_agrees_within"] < 1e-9
    assert 0 < found["rust_us"] < 100


def test_the_numpy_fit_reaches_the_core_s_optimum() -> None:
    runs = speed.synthetic_runs(60)
    twin = numpy_twins.LawTwin(runs.params, runs.tokens, runs.loss)
    best, objective = twin.fit_grid(keep=20)
    *parameters, value, _ = _core.fit_law(runs.params, runs.tokens, runs.loss)
    assert objective == pytest.approx(value, rel=1e-6)
    assert best.tolist() == pytest.approx(parameters, rel=1e-3)


def test_the_numpy_gradient_is_the_slope_of_its_value() -> None:
    runs = speed.synthetic_runs(40)
    twin = numpy_twins.LawTwin(runs.params, runs.tokens, runs.loss)
    at = np.array([[6.2, 7.6, 0.6, 0.35, 0.37], [5.0, 9.0, 0.2, 0.3, 0.45]])
    _, slope = twin.value_and_gradient(at, None)
    for i in range(5):
        shift = np.zeros(5)
        shift[i] = 1e-6
        rise = twin.value_and_gradient(at + shift, None)[0] - twin.value_and_gradient(at - shift, None)[0]
        assert slope[:, i] == pytest.approx(rise / 2e-6, rel=1e-4, abs=1e-7)


def test_questions_come_from_every_part_of_the_tools() -> None:
    asked = speed.questions(40)
    assert len(asked) == len(set(asked)) == 40


def test_answers_are_timed_and_counted() -> None:
    class Said:
        status = "answered"

    found = speed.answers(lambda question: Said(), ["a", "b", "c"])
    assert found["questions"] == 3
    assert found["statuses"] == {"answered": 3}
    assert found["p50_ms"] <= found["p99_ms"]


def test_an_unknown_part_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["benchmark", "--only", "moon"]) == 2
    assert "only" in capsys.readouterr().err


def test_the_twin_and_the_core_share_their_inputs() -> None:
    catalog = load()
    laid = deployment.Deployment(
        catalog.model("llama-3.1-70b"), catalog.chip("h100"), 8, "fp8", tensor_parallel=8
    )
    tuning = deployment.tuning_for(laid.chip, "vllm-cuda", 8)
    twin = numpy_twins.ServingTwin(laid, dict(zip(_core.Tuning.NAMES, tuning.values(), strict=True)))
    few, many = twin.estimate(np.array([[1000.0, 500, 1, 4, 1], [1000.0, 500, 1, 32, 1]]))
    assert 0 < few < many
