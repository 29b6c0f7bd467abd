"""`rackrate fit-scaling` and `rackrate sweep` as a shell sees them: output, files, exit status."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from api.cli import run
from tools.catalog.laws import law


@pytest.fixture
def runs_csv(tmp_path: Path) -> Path:
    source = np.random.default_rng(1)
    lines = ["N,D,L"]
    for _ in range(40):
        params, tokens = 10 ** source.uniform(8, 10), 10 ** source.uniform(9.5, 12)
        lines.append(f"{params},{tokens},{law('besiroglu').loss(params, tokens)}")
    path = tmp_path / "runs.csv"
    path.write_text("\n".join(lines))
    return path


def test_fit_scaling_prints_the_contracts_json(runs_csv: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fit-scaling", str(runs_csv), "--bootstrap", "20", "--seed", "7", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"A", "B", "E", "alpha", "beta", "objective", "n", "intervals", "seconds"} <= set(found)
    assert found["n"] == 35
    assert found["E"] == pytest.approx(1.8172, rel=1e-3)
    assert set(found["intervals"]["alpha"]) == {"mean", "median", "se", "ci80", "ci95"}


def test_fit_scaling_for_people(runs_csv: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fit-scaling", str(runs_csv), "--drop", "0"]) == 0
    assert "L(N, D) = 1.81" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["none.csv"], ["runs.csv", "--drop", "-1"], ["runs.csv", "--delta", "0"], []]
)
def test_fit_scaling_bad_input_is_one_line_and_2(
    arguments: list[str], runs_csv: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(runs_csv.parent)
    assert run(["fit-scaling", *arguments]) == 2
    said = capsys.readouterr()
    assert len(said.err.strip().splitlines()) == 1
    assert not said.out


SPEC = {"model": ["llama-3.1-8b"], "chip": ["h100"], "n_chips": [1], "precision": ["fp8"], "input_tokens": [1000],
        "output_tokens": [200], "batch": [1, 8, 64], "usd_per_chip_hour": [2]}  # fmt: skip


def test_sweep_writes_rows_fronts_and_a_chart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import pyarrow.parquet as pq

    (tmp_path / "spec.json").write_text(json.dumps(SPEC))
    out, chart = tmp_path / "out.parquet", tmp_path / "front.json"
    arguments = [
        "sweep",
        str(tmp_path / "spec.json"),
        "--out",
        str(out),
        "--pareto",
        "--chart",
        str(chart),
        "--json",
    ]
    assert run(arguments) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["rows"] == pq.read_table(out).num_rows == 3
    assert pq.read_table(said["pareto"]).num_rows == said["front_rows"] >= 1
    assert json.loads(chart.read_text())["data"]["values"]


@pytest.mark.parametrize("change", [{"batch": [-1]}, {"chip": ["nothing like a chip"]}, {"model": None}])
def test_sweep_bad_spec_is_one_line_and_2(
    change: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "spec.json").write_text(json.dumps({**SPEC, **change}))
    assert run(["sweep", str(tmp_path / "spec.json"), "--out", str(tmp_path / "o.parquet")]) == 2
    said = capsys.readouterr()
    assert len(said.err.strip().splitlines()) == 1
    assert next(iter(change)) in said.err
    assert not (tmp_path / "o.parquet").exists()
