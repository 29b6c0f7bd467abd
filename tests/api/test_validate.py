"""`rackrate validate` and `calibrate`: what a file of measured rows gives, and what a broken one does."""

from __future__ import annotations

import csv
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from api.cli import run
from tools.serving.measured import COLUMNS

HEADER = [*COLUMNS, "spec_decode", "disagg", "source"]
GOOD = {
    "id": "r1", "model": "Llama-3.1-70B", "model_key": "Llama-3.x-70B", "chip": "H100", "chip_key": "H100",
    "n_chips": "4", "tp": "4", "pp": "1", "precision": "fp8", "isl": "1000", "osl": "1000",
    "metric": "output_tok_s_total", "value": "6000", "engine": "TensorRT-LLM", "engine_version": "1.0",
    "regime": "max_throughput_offline",
}  # fmt: skip
MEASURED = Path(__file__).parents[2] / ".." / "shared" / "truth" / "measured_serving.csv"
SCORER = Path(__file__).parents[2] / ".." / "shared" / "score_serving.py"


def write(path: Path, *rows: dict[str, str], header: list[str] = HEADER) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, restval="", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def predicted(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def validate(tmp_path: Path, *rows: dict[str, str]) -> list[dict[str, str]]:
    out = tmp_path / "pred.csv"
    assert run(["validate", str(write(tmp_path / "m.csv", *rows)), "--out", str(out)]) == 0
    return predicted(out)


def test_a_good_row_gets_a_prediction_inside_its_interval(tmp_path: Path) -> None:
    (row,) = validate(tmp_path, GOOD)
    assert row["reason"] == ""
    assert row["id"] == "r1"
    assert float(row["low"]) < float(row["predicted"]) < float(row["high"])
    assert abs(math.log(float(row["predicted"]) / 6000)) < 0.7


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"chip": "Z80", "chip_key": "Z80"}, "chip"),
        ({"model": "gpt-9", "model_key": "gpt-9"}, "model"),
        ({"n_chips": ""}, "n_chips"),
        ({"n_chips": "0"}, "n_chips"),
        ({"n_chips": "nan"}, "n_chips"),
        ({"isl": "1e9"}, "isl"),
        ({"isl": "-3"}, "isl"),
        ({"osl": "many"}, "osl"),
        ({"metric": "joules"}, "metric"),
        ({"regime": "guess"}, "regime"),
        ({"precision": "fp7"}, "precision"),
        ({"regime": "fixed_concurrency", "concurrency_or_batch": ""}, "concurrency_or_batch"),
    ],
)
def test_a_bad_row_gets_a_reason_and_the_run_goes_on(
    tmp_path: Path, change: dict[str, str], said: str
) -> None:
    bad, good = validate(tmp_path, GOOD | change, GOOD)
    assert bad["predicted"] == ""
    assert said in bad["reason"]
    assert good["predicted"]


def test_a_row_without_a_value_is_still_predicted(tmp_path: Path) -> None:
    (row,) = validate(tmp_path, GOOD | {"value": ""})
    assert float(row["predicted"]) > 0


@pytest.mark.parametrize(
    ("text", "said"),
    [("a,b\n1,2\n", "columns"), ("", "columns"), (b"\xff\xfe\x00\x01", "file")],
)
def test_a_file_that_is_not_one_is_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | bytes, said: str
) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert run(["validate", str(path), "--out", str(tmp_path / "p.csv")]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.strip().splitlines()) == 1


def test_a_missing_file_is_status_2(tmp_path: Path) -> None:
    assert run(["validate", str(tmp_path / "none.csv"), "--out", str(tmp_path / "p.csv")]) == 2


def test_a_file_that_cannot_be_written_is_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "m.csv", GOOD)
    assert run(["validate", str(path), "--out", str(tmp_path / "no" / "p.csv")]) == 2
    assert "out is" in capsys.readouterr().err


def test_too_few_rows_cannot_be_fitted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "m.csv", GOOD)
    assert run(["calibrate", str(path), "--date", "2026-11-23", "--out", str(tmp_path / "c.yaml")]) == 2
    assert "at least 50 rows" in capsys.readouterr().err
    assert not (tmp_path / "c.yaml").exists()


@pytest.mark.shared
def test_the_public_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not MEASURED.exists():
        pytest.skip("../shared/truth is not here")
    out = tmp_path / "pred.csv"
    assert run(["validate", str(MEASURED), "--out", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    graded = json.loads(
        subprocess.run(
            [sys.executable, str(SCORER), str(out), "--json"], capture_output=True, text=True, check=True
        ).stdout
    )
    assert graded["predicted"] >= 0.97 * graded["rows"]
    assert graded["median"] <= 0.125
    assert graded["p90"] <= 0.50
    assert graded["mean_of_group_medians"] <= 0.17
    assert 0.75 <= graded["interval_coverage"] <= 0.92
    assert said["median"] == pytest.approx(graded["median"], abs=0.002)
    assert said["median_high_over_low"] <= 2.2
