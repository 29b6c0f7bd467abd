"""`rackrate claims`: the contract's JSON, one claim in full, a file of one's own, one line for a mistake."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from api.cli.claims import command


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


def test_check_all_as_json() -> None:
    rows = json.loads(run("check", "--json").stdout)
    assert len(rows) >= 111
    assert all(set(row) >= {"id", "verdict", "said", "computed", "calculator", "note"} for row in rows)
    assert {row["verdict"] for row in rows} == {"reproduced", "plausible", "inconsistent", "not_checkable"}


def test_one_claim_shows_its_inputs_and_formula() -> None:
    result = run("check", "kv-quadratic")
    assert result.exit_code == 0
    assert "inconsistent  kv-quadratic" in result.stdout
    assert "model = llama-3.1-405b (catalogue)" in result.stdout
    assert "kv_cache: " in result.stdout


def test_a_claim_without_a_calculation_is_not_checkable() -> None:
    (row,) = json.loads(run("check", "asic-risk", "--json").stdout)
    assert (row["verdict"], row["computed"], row["calculator"]) == ("not_checkable", None, None)


def test_list_has_every_claim() -> None:
    assert len(json.loads(run("list", "--json").stdout)) == 225
    assert "neocloud-survivors" in run("list").stdout


def test_an_unknown_id_offers_the_nearest() -> None:
    result = run("check", "kv-quadratik")
    assert result.exit_code == 2
    assert "kv-quadratic" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_missing_file_is_one_line_and_status_2(tmp_path: Path) -> None:
    result = run("check", "--file", str(tmp_path / "none.yaml"))
    assert result.exit_code == 2
    assert result.stderr.startswith("error: file is ")
    assert result.stderr.count("\n") == 1
