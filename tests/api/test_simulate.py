"""`rackrate simulate`: what a trace gives, that it is the same each time, and what a broken trace does."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api.cli import run
from tools.catalog import load
from tools.errors import InputError
from tools.serving import deployment, simulation, trace

ON = ["--model", "llama-3.1-8b", "--chip", "h100", "--n-chips", "1", "--precision", "fp8"]


def simulated(capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, Any]:
    assert run(["simulate", *args, *ON, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def write(path: Path, *lines: str, header: str = "arrival_s,input_tokens,output_tokens") -> str:
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return str(path)


def test_a_trace_is_served_in_order_and_priced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "t.csv", "0,1000,200", "0.5,3000,100", "0.4,100,1")
    found = simulated(capsys, file, "--usd-per-chip-hour", "3.6")
    assert (found["requests"], found["finished"], found["rejected"]) == (3, 3, 0)
    for name in ("ttft_s", "tpot_s", "latency_s", "queue_s"):
        assert 0 < found[name]["p50"] <= found[name]["p90"] <= found[name]["p99"] <= found[name]["max"]
    assert found["output_tokens_per_s"] == pytest.approx(301 / found["duration_s"])
    assert found["cost"]["usd_total"] == pytest.approx(3.6 * found["duration_s"] / 3600)
    assert found["cost"]["usd_per_mtok_output"] == pytest.approx(found["cost"]["usd_total"] / 301 * 1e6)


def test_one_seed_is_one_run_and_another_another(capsys: pytest.CaptureFixture[str]) -> None:
    drawn = ["--poisson", "5", "--requests", "200", "--seed"]
    first, again, other = (simulated(capsys, *drawn, seed) for seed in ("7", "7", "8"))
    assert {**first, "seconds": 0} == {**again, "seconds": 0}
    assert first["duration_s"] != other["duration_s"]


def test_arrivals_are_poisson_and_lengths_have_their_mean() -> None:
    drawn = trace.poisson(4.0, 20_000, 1, input_tokens=1000, output_tokens=200, spread=0.5)
    gaps = np.diff(drawn.arrival_s)
    assert gaps.mean() == pytest.approx(0.25, rel=0.03)
    assert gaps.std() == pytest.approx(0.25, rel=0.05)
    assert drawn.input_tokens.mean() == pytest.approx(1000, rel=0.03)
    assert drawn.output_tokens.std() == pytest.approx(100, rel=0.08)


def test_more_load_waits_longer_and_makes_tokens_cheaper(capsys: pytest.CaptureFixture[str]) -> None:
    calm, busy = (simulated(capsys, "--poisson", rate, "--requests", "400") for rate in ("1", "12"))
    assert busy["tpot_s"]["p50"] > calm["tpot_s"]["p50"]
    assert busy["ttft_s"]["p90"] > calm["ttft_s"]["p90"]
    assert busy["cost"]["usd_per_mtok_output"] < calm["cost"]["usd_per_mtok_output"]


def test_an_overload_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    found = simulated(capsys, "--poisson", "200", "--requests", "3000", "--output-tokens", "800")
    assert any("queue keeps growing" in line for line in found["warnings"])
    assert found["queue_s"]["max"] > 5


def test_a_closed_loop_agrees_with_the_estimate() -> None:
    catalog = load()
    laid = deployment.Deployment(
        catalog.model("llama-3.1-70b"), catalog.chip("h100"), 4, "fp8", tensor_parallel=4, engine="vllm"
    )
    alike = trace.Trace(np.zeros(400), np.full(400, 1000.0), np.full(400, 300.0))
    made = simulation.run(alike, laid, clients=32, output_reserved=1.0)
    ends = np.sort(made.outcomes[:, 3])
    steady = 32 * 8 * 300 / (ends[32 * 10 - 1] - ends[32 * 2 - 1])
    closed = deployment.estimate(laid, 1000, 300, 32)
    assert steady == pytest.approx(closed.output_tokens_per_s, rel=0.08)


def test_requests_are_written_with_their_times(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "o.csv"
    file = write(tmp_path / "t.csv", "0,1000,5", "0,900000,1000000")
    found = simulated(capsys, file, "--out", str(out))
    served, rejected = list(csv.DictReader(out.open(encoding="utf-8")))
    assert found["rejected"] == 1
    assert (served["rejected"], rejected["rejected"]) == ("0", "1")
    assert 0 < float(served["first_token_s"]) < float(served["finish_s"])
    assert rejected["finish_s"] == ""


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["0,10,x"], "output_tokens in line 2 is 'x'"),
        (["0,10,5", "-1,10,5"], "arrival_s in line 3 is '-1'"),
        (["0,nan,5"], "input_tokens in line 2 is 'nan'"),
        (["0,0,5"], "input_tokens in line 2 is '0'"),
        (["0,1.5,5"], "input_tokens in line 2 is '1.5'"),
        (["0,1000000000,5"], "input_tokens in line 2"),
        (["0,10"], "output_tokens in line 2 is ''"),
        ([], "at least one request"),
    ],
)
def test_a_bad_row_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lines: list[str], says: str
) -> None:
    assert run(["simulate", write(tmp_path / "t.csv", *lines), *ON]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


def test_what_is_missing_or_cannot_be_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = write(tmp_path / "t.csv", "1,2,3", header="a,b,c")
    for args, says in (
        ([*ON], "TRACE.csv is missing"),
        ([wrong, *ON], "a header with arrival_s, input_tokens, output_tokens"),
        ([str(tmp_path / "none.csv"), *ON], "can be read"),
        (["--poisson", "0", *ON], "a rate above 0"),
        (
            ["--poisson", "1", "--model", "llama-3.1-405b", "--chip", "h100", "--n-chips", "1"],
            "hold the weights",
        ),
        (["--poisson", "1", *ON, "--kv-precision", "fp3"], "kv_precision is 'fp3'"),
    ):
        assert run(["simulate", *args]) == 2
        assert says in capsys.readouterr().err


def test_weights_that_do_not_fit_are_refused() -> None:
    catalog = load()
    laid = deployment.Deployment(catalog.model("llama-3.1-405b"), catalog.chip("h100"), 1, "fp8")
    with pytest.raises(InputError, match="hold the weights"):
        simulation.run(trace.Trace(np.zeros(1), np.ones(1), np.ones(1)), laid)


def test_people_get_a_table_and_a_plot(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", "--poisson", "3", "--requests", "50", *ON]) == 0
    out = capsys.readouterr().out
    assert "time to first token (ms)" in out
    assert "% of requests" in out
    assert "per million" in out
