"""fit-scaling: the oracle's minimum and intervals, the numpy reference, and files that cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tools import _core
from tools.catalog.laws import law
from tools.errors import InputError
from tools.scaling import fit as scaling_fit

SHARED = Path(__file__).parents[3] / "shared" / "scaling"


@pytest.fixture(scope="module")
def besiroglu() -> scaling_fit.Runs:
    path = SHARED / "besiroglu.csv"
    if not path.exists():
        pytest.skip("the shared runs are not beside this checkout")
    return scaling_fit.read_runs(path)


@pytest.fixture(scope="module")
def oracles() -> dict:
    path = SHARED / "oracles.json"
    if not path.exists():
        pytest.skip("the shared oracles are not beside this checkout")
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def fitted(besiroglu: scaling_fit.Runs) -> scaling_fit.LawFit:
    found = scaling_fit.fit(besiroglu)
    scaling_fit.add_bootstrap(found, besiroglu, resamples=4000, seed=42)
    return found


@pytest.mark.shared
def test_reaches_the_oracles_minimum(fitted: scaling_fit.LawFit, oracles: dict) -> None:
    want = oracles["besiroglu_fit"]
    assert fitted.n == want["n_used"]
    assert fitted.objective <= 0.0010182740179
    for name in ("A", "B", "E", "alpha", "beta"):
        assert getattr(fitted, name) == pytest.approx(want[name], rel=1e-5)


@pytest.mark.shared
def test_bootstrap_has_the_oracles_intervals(fitted: scaling_fit.LawFit, oracles: dict) -> None:
    for name in ("A", "B", "E", "alpha", "beta", "a_N_opt_exponent"):
        got, want = fitted.intervals[name], oracles["bootstrap"][name]
        assert got["mean"] == pytest.approx(want["mean"], rel=1e-3)
        assert got["ci95"] == pytest.approx(want["ci95"], rel=5e-3)
        assert got["ci80"] == pytest.approx(want["ci80"], rel=5e-3)


@pytest.mark.shared
def test_all_runs_without_dropping(besiroglu: scaling_fit.Runs, oracles: dict) -> None:
    found = scaling_fit.fit(besiroglu, dropped=0)
    assert found.objective == pytest.approx(oracles["besiroglu_all245"]["objective"], rel=1e-9)


@pytest.mark.shared
def test_published_parameters_are_not_the_minimum(besiroglu: scaling_fit.Runs, oracles: dict) -> None:
    used = besiroglu.without_highest(5)
    published = oracles["besiroglu_published"]
    p = [float(np.log(published[k])) for k in ("A", "B", "E")] + [published["alpha"], published["beta"]]
    rounded = _core.fit_objective(used.params, used.tokens, used.loss, p)
    assert rounded > 0.0010182740179


@pytest.mark.shared
def test_seconds_are_within_the_budget(fitted: scaling_fit.LawFit) -> None:
    assert (
        fitted.seconds["fit_cpu"] < 8.0
    )  # 4 on a quiet core; a busy machine counts its waits for memory too
    assert fitted.seconds["bootstrap_cpu"] < 4.0


def _numpy_objective(runs: scaling_fit.Runs, p: list[float], delta: float = 1e-3) -> float:
    terms = np.stack(
        [p[0] - p[3] * np.log(runs.params), p[1] - p[4] * np.log(runs.tokens), np.full(len(runs), p[2])]
    )
    residual = np.abs(np.logaddexp.reduce(terms, axis=0) - np.log(runs.loss))
    return float(np.sum(np.where(residual <= delta, residual**2 / 2, delta * (residual - delta / 2))))


def _synthetic(noise: float, seed: int = 3) -> scaling_fit.Runs:
    source = np.random.default_rng(seed)
    params, tokens = 10 ** source.uniform(7.5, 10, 60), 10 ** source.uniform(9, 12, 60)
    entry = law("besiroglu")
    loss = np.array([entry.loss(n, d) for n, d in zip(params, tokens, strict=True)])
    return scaling_fit.Runs(params, tokens, loss * np.exp(noise * source.standard_normal(60)))


def test_objective_is_numpys() -> None:
    runs = _synthetic(0.01)
    for p in ([6.0, 7.0, 0.5, 0.3, 0.4], [5.0, 9.0, 0.6, 0.34, 0.5]):
        assert _core.fit_objective(runs.params, runs.tokens, runs.loss, p) == pytest.approx(
            _numpy_objective(runs, p)
        )


def test_recovers_the_law_that_made_the_runs() -> None:
    found = scaling_fit.fit(_synthetic(0.0), dropped=0)
    assert pytest.approx(1.8172, rel=1e-4) == found.E
    assert found.alpha == pytest.approx(0.3478, rel=1e-3)


def test_bootstrap_is_decided_by_its_seed() -> None:
    runs = _synthetic(0.005)
    found = scaling_fit.fit(runs, dropped=0)
    spreads = []
    for seed in (1, 1, 2):
        scaling_fit.add_bootstrap(found, runs, resamples=50, seed=seed, dropped=0)
        spreads.append(found.intervals["alpha"]["ci95"])
    assert spreads[0] == spreads[1] != spreads[2]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "columns"),
        ("a,b,c\n1,2,3\n", "columns"),
        ("N,L\n1,2\n", "columns"),
        ("N,D,L\n1,2,\n", "L in line 2"),
        ("N,D,L\n1,nan,2\n", "D in line 2"),
        ("N,D,L\n1,-5,2\n", "D in line 2"),
        ("N,D,L\n" + "1e9,1e10,2\n" * 6, "runs"),
    ],
)
def test_files_that_cannot_be(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=named):
        scaling_fit.fit(scaling_fit.read_runs(path))


def test_binary_and_missing_files(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_bytes(b"\xff\xfe\x00\x01" * 100)
    for wrong in (path, tmp_path / "none.csv", tmp_path):
        with pytest.raises(InputError):
            scaling_fit.read_runs(wrong)


def test_tokens_follow_from_compute(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("Model Size,Training FLOP,loss,extra\n1e9,1.2e20,3.0,x\n")
    assert scaling_fit.read_runs(path).tokens[0] == pytest.approx(2e10)
