"""A package that brings its own catalogue: found, used, and harmless when it is broken."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from tools.catalog import load
from tools.catalog.catalog import reload
from tools.errors import UnknownName

GOOD = """
def load():
    fact = {"value": 512, "unit": "GB", "source": "s", "as_of": "2026-10"}
    chip = {"id": "plug-chip", "name": "Plug chip", "vendor": "Plug", "facts": {"memory": fact}}
    return [{"kind": "chips", "sources": {"s": {"title": "a sheet"}}, "chips": [chip]}]
"""


def _install(folder: Path, name: str, code: str) -> None:
    (folder / f"{name}.py").write_text(code)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[rackrate.catalogs]\n{name} = {name}:load\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


def test_a_plugin_adds_a_chip(site: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownName):
        load(tmp_path / "home").chip("plug chip")
    _install(site, "plug_good", GOOD)
    importlib.invalidate_caches()
    reload()
    catalog = load(tmp_path / "home")
    assert catalog.chip("plug chip").memory_bytes == 512e9
    assert catalog.broken() == {}


@pytest.mark.parametrize(
    ("name", "code", "why"),
    [
        ("plug_raises", "def load():\n    raise RuntimeError('no luck')\n", "RuntimeError: no luck"),
        ("plug_absent", "x = 1\n", "AttributeError"),
        ("plug_invalid", GOOD.replace('"value": 512', '"value": -1'), "memory"),
        ("plug_taken", GOOD.replace("plug-chip", "h200"), "h200 is already in the catalogue"),
    ],
)
def test_a_broken_plugin_is_named_and_takes_nothing_down(
    site: Path, tmp_path: Path, name: str, code: str, why: str
) -> None:
    _install(site, name, code)
    importlib.invalidate_caches()
    reload()
    catalog = load(tmp_path / "home")
    assert catalog.chip("h200").memory_bytes == 141e9
    assert why in catalog.broken()[name]
    sys.modules.pop(name, None)


def test_what_was_found_is_kept_until_the_path_changes(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tools.catalog import plugins

    assert plugins.declared(tmp_path) == {}
    monkeypatch.setattr(plugins, "_scan", lambda: {"late": "late:load"})
    assert plugins.declared(tmp_path) == {}
    (site / "new-package").mkdir()
    assert plugins.declared(tmp_path) == {"late": "late:load"}
