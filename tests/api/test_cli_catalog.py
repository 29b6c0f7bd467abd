"""`rackrate catalog`: lists, history, chart, every fact shown with its source, adding, and exit statuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api.cli import run
from tools.catalog.catalog import reload


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RACKRATE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "100")
    reload()
    return tmp_path / "home"


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> object:
    assert run(["catalog", *arguments, "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    return json.loads(printed.out)


def _text(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["catalog", *arguments]) == 0
    return capsys.readouterr().out


def test_chips_as_json_and_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    rows = _json(capsys, "chips")
    assert isinstance(rows, list)
    h200 = next(row for row in rows if row["id"] == "h200")
    assert (h200["memory_gb"], h200["bandwidth_tb_per_s"], h200["peak_tflops"]["bf16"]) == (141, 4.8, 989)
    assert h200["rental"]["usd_per_chip_hour"] > 0
    assert "trainium2" in _text(capsys, "chips")


def test_models_as_json_and_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    rows = _json(capsys, "models")
    assert isinstance(rows, list)
    model = next(row for row in rows if row["id"] == "llama-3.1-405b")
    assert model["params_total"] == 405_853_388_800
    assert next(row for row in rows if row["id"] == "gpt-4o")["params_total"] is None
    assert "closed" in _text(capsys, "models")


def test_prices_of_one_chip_with_history_and_sources(capsys: pytest.CaptureFixture[str]) -> None:
    found = _json(capsys, "prices", "h100", "--as-of", "2024-12-31")
    assert isinstance(found, dict)
    assert found["chip"] == "h100-sxm"
    assert found["price"]["as_of"] == "2024-Q4"
    assert all(row["as_of"] <= "2024-Q4" for row in found["history"])
    assert all(row["sources"][0]["title"] for row in found["history"])
    text = _text(capsys, "prices", "H100", "--kind", "neocloud", "--chart")
    assert "2024-Q4" in text
    assert "source:" in text
    assert "USD per chip-hour" in text


def test_prices_of_every_chip(capsys: pytest.CaptureFixture[str]) -> None:
    rows = _json(capsys, "prices")
    assert isinstance(rows, list)
    assert {"h100-sxm", "mi300x", "tpu-v5e"} <= {row["chip"] for row in rows}


@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<svg")])
def test_a_chart_in_a_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, suffix: str, start: bytes
) -> None:
    target = tmp_path / f"rents{suffix}"
    assert str(target) in _text(capsys, "prices", "a100", "--chart", str(target)).replace("\n", "")
    assert target.read_bytes().startswith(start)


def test_show_prints_every_fact_with_source_and_range(capsys: pytest.CaptureFixture[str]) -> None:
    entry = _json(capsys, "show", "b300")
    assert isinstance(entry, dict)
    facts = {fact["name"]: fact for fact in entry["facts"]}
    assert all(fact["source"]["title"] and fact["as_of"] for fact in entry["facts"])
    assert (facts["peak_fp4"]["low"], facts["peak_fp4"]["high"]) == (12600, 15000)
    text = _text(capsys, "show", "blackwell ultra")
    assert "12,600 to 15,000" in text
    assert "sources part by more than 10 %" in text


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("405b", "model", "KV cache"),
        ("gpt-4o", "model", "not public"),
        ("chinchilla", "law", "tokens_per_param"),
        ("capex-alphabet", "series", "2024-Q4"),
        ("claude-v1", "api_model", "input_price"),
    ],
)
def test_show_finds_whatever_has_the_name(
    capsys: pytest.CaptureFixture[str], name: str, kind: str, says: str
) -> None:
    entry = _json(capsys, "show", name)
    assert isinstance(entry, dict)
    assert entry["kind"] == kind
    assert says in _text(capsys, "show", name)


def test_an_unknown_name_is_one_line_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["show", "h1000"], ["prices", "h1000"]):
        assert run(["catalog", *arguments]) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.count("\n") == 1
        assert "'h1000'" in printed.err
        assert "h100-sxm" in printed.err


def test_a_bad_date_or_kind_is_status_2_and_an_absent_price_status_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["catalog", "prices", "h100", "--as-of", "someday"]) == 2
    assert "as_of is 'someday'" in capsys.readouterr().err
    assert run(["catalog", "prices", "h100", "--kind", "friend"]) == 2
    assert "neocloud" in capsys.readouterr().err
    assert run(["catalog", "prices", "h100", "--as-of", "2019"]) == 1
    assert "first one is of" in capsys.readouterr().err


def test_add_then_show(capsys: pytest.CaptureFixture[str], tmp_path: Path, own_home: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "kind: chips\nsource: a quote\nas_of: 2026-10\nchips: [{id: own-chip, facts: {memory: 96}}]\n"
    )
    added = _json(capsys, "add", str(own))
    assert isinstance(added, dict)
    assert added["ids"] == ["own-chip"]
    assert Path(added["file"]).parent == own_home / "catalog"
    assert "96 GB" in _text(capsys, "show", "own chip")


@pytest.mark.parametrize(
    "content", ["kind: [", "\x00", "kind: chips\nsource: s\nchips: [{id: x, facts: {memory: no}}]"]
)
def test_a_broken_file_is_one_line_and_status_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: str
) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(content)
    assert run(["catalog", "add", str(broken)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "broken.yaml" in error
    assert "Traceback" not in error


def test_a_home_that_cannot_be_written_is_status_2_for_add_and_fine_for_show(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RACKRATE_HOME", str(tmp_path / "file" / "home"))
    own = tmp_path / "own.yaml"
    own.write_text("kind: chips\nsource: s\nchips: [{id: own-chip, facts: {memory: 96}}]\n")
    assert run(["catalog", "add", str(own)]) == 2
    assert "can be written" in capsys.readouterr().err
    assert run(["catalog", "show", "h100"]) == 0
