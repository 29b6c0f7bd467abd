"""What models are told of the calculators, and how it is kept."""

from __future__ import annotations

import os
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from agent import tool_specs as module
from agent.tool_specs import tool_specs
from tools import registry


def kept(home: Path) -> list[Path]:
    return sorted((home / "cache").glob("tools-*.json"))


def test_every_calculator_and_the_three_others_are_offered(home: Path) -> None:
    specs = tool_specs(None)
    assert {s.name for s in specs} == {*registry.calculators(), "search_knowledge", "check_claim", "report"}
    assert not home.exists()


def test_kept_descriptions_are_the_same(home: Path) -> None:
    if registry.broken():
        pytest.skip("a calculator is broken, so nothing is kept")
    made = tool_specs(home)
    assert len(kept(home)) == 1
    assert tool_specs(home) == made


def test_damaged_file_is_made_anew(home: Path) -> None:
    if registry.broken():
        pytest.skip("a calculator is broken, so nothing is kept")
    made = tool_specs(home)
    for damage in (b"", b"{", b"[1]", b'{"a": 1}', b"\xff\xfe"):
        kept(home)[0].write_bytes(damage)
        assert tool_specs(home) == made


def test_changed_source_makes_another_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = tmp_path / "some_plugin_of_a_test.py"
    plugin.write_text("def calculator(): ...\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    point = EntryPoint("some", "some_plugin_of_a_test:calculator", registry.GROUP)
    monkeypatch.setattr(module, "entry_points", lambda group: [point])
    first = module._key()
    assert module._key() == first
    os.utime(plugin, ns=(1, 1))
    assert module._key() != first


def test_home_that_cannot_be_written_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert tool_specs(tmp_path / "file")
