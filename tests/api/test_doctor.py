"""`rackrate doctor`: says what is there, what is broken, and never a secret."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from api.cli import doctor, run
from tools import registry


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RACKRATE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def findings(capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, str]]]:
    status = run(["doctor", "--json"])
    out, err = capsys.readouterr()
    assert err == ""
    return status, json.loads(out)


def test_says_versions_core_catalogue_and_index(capsys: pytest.CaptureFixture[str]) -> None:
    _, found = findings(capsys)
    topics = {f["topic"] for f in found}
    assert topics >= {
        "version",
        "core",
        "modules",
        "calculators",
        "catalogue",
        "provider",
        "home",
        "knowledge",
        "keys",
    }
    assert not [
        f for f in found if f["level"] == "problem" and f["topic"] in ("core", "modules", "home", "catalogue")
    ]


def test_no_other_distribution_owns_our_names() -> None:
    assert doctor.name_clashes() == {}


def test_clash_of_a_top_level_name_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    info = tmp_path / "site" / "intruder-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: intruder\nVersion: 1.0\n")
    (info / "RECORD").write_text("tools/__init__.py,,\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    status, found = findings(capsys)
    assert status == 1
    assert any("module tools is also installed by intruder" in f["text"] for f in found)


def test_keys_are_named_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-very-secret")
    monkeypatch.setenv("RACKRATE_SLACK_BOT_TOKEN", "xoxb-very-secret")
    for argv in (["doctor"], ["doctor", "--json"]):
        run(argv)
        out, err = capsys.readouterr()
        assert "very-secret" not in out + err
        assert "ANTHROPIC_API_KEY" in out


def test_broken_calculator_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    point = EntryPoint("bad_plugin", "no_such_module:thing", registry.GROUP)
    points = {**registry._points(), "bad_plugin": [point]}
    monkeypatch.setattr(registry, "_points", lambda: points)
    registry._loaded.cache_clear()
    try:
        status, found = findings(capsys)
    finally:
        registry._loaded.cache_clear()
    assert status == 1
    assert any(f["level"] == "problem" and "bad_plugin" in f["text"] for f in found)


def test_home_that_cannot_be_written_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("RACKRATE_HOME", str(tmp_path / "file" / "deep"))
    status, found = findings(capsys)
    assert status == 1
    assert any(f["topic"] == "home" and f["level"] == "problem" for f in found)


def test_damaged_threads_are_a_problem(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.mkdir()
    (home / "threads.sqlite").write_bytes(b"no database" * 1000)
    _, found = findings(capsys)
    assert any(f["topic"] == "threads" and f["level"] == "problem" for f in found)


def test_bad_setting_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RACKRATE_MAX_ROUNDS", "many")
    status, found = findings(capsys)
    assert status == 1
    assert any(f["level"] == "problem" and "max_rounds" in f["text"].lower() for f in found)
