"""The page about the catalogue: its Python runs, its YAML is accepted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.catalog import load
from tools.catalog.additions import add
from tools.catalog.catalog import reload

PAGE = Path(__file__).parents[2] / "docs" / "catalogue.md"
_BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def _blocks(language: str) -> list[str]:
    return [body for kind, body in _BLOCK.findall(PAGE.read_text(encoding="utf-8")) if kind == language]


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RACKRATE_HOME", str(tmp_path / "home"))
    reload()
    return tmp_path / "home"


def test_the_python_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = _blocks("python")
    assert blocks
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), {})
    assert "405853388800" in capsys.readouterr().out


def test_the_yaml_of_the_page_is_accepted(tmp_path: Path, own_home: Path) -> None:
    blocks = _blocks("yaml")
    assert len(blocks) == 3
    for position, block in enumerate(blocks):
        file = tmp_path / f"{position}.yaml"
        file.write_text(block)
        assert add(file, own_home).ids
    catalog = load(own_home)
    assert catalog.chip("the box").peak("fp8") == 8e15
    assert catalog.rental_price("h100", None, "user", "reserved-1y").value == 1.95


def test_what_the_page_says_is_missing_is_missing(own_home: Path) -> None:
    catalog = load(own_home)
    assert not {"tpu-v7", "trainium3", "gaudi3", "gb300"} & set(catalog.rentals.chips())
    assert catalog.chip("trainium3").tdp_w is None
    assert not catalog.chip("cerebras").peak_flops
    assert max(p.as_of for chip in catalog.rentals.chips() for p in catalog.rental_history(chip)) == "2026-Q3"
