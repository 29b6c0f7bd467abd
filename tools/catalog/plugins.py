"""Catalogues of other packages: entry points of the group `rackrate.catalogs`.

A catalogue is a function without arguments that returns documents of the schema. Looking through every
installed package costs more than reading the facts, so what was found is kept until a folder of the
import path changes.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from tools.catalog.store import Document, write_atomically

GROUP = "rackrate.catalogs"
_OWN = "tools.catalog.builtin:load"


def declared(cache: Path) -> dict[str, str]:
    """Entry points that other packages declare: name to `module:function`."""
    copy = cache / f"plugins-{_path_mark()}.json"
    try:
        kept: dict[str, str] = json.loads(copy.read_bytes())
        return kept
    except (OSError, ValueError):
        pass
    found = _scan()
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        for old in copy.parent.glob("plugins-*.json"):
            old.unlink(missing_ok=True)
        write_atomically(copy, json.dumps(found))
    except OSError:
        pass
    return found


def _path_mark() -> str:
    marks = []
    for entry in sys.path:
        try:
            marks.append(f"{entry}:{Path(entry or '.').stat().st_mtime_ns}")
        except OSError:
            continue
    return hashlib.blake2b("\n".join(marks).encode(), digest_size=12).hexdigest()


def _scan() -> dict[str, str]:
    from importlib.metadata import entry_points

    return {point.name: point.value for point in entry_points(group=GROUP) if point.value != _OWN}


def documents(cache: Path, taken: Iterable[str]) -> tuple[list[Document], dict[str, str]]:
    """What the plugins give, and why each broken one gives nothing. Ids in `taken` are not theirs to use."""
    from tools.catalog.validation import validate

    good: list[Document] = []
    broken: dict[str, str] = {}
    ids = set(taken)
    for name, target in declared(cache).items():
        try:
            given = _call(target)
            for document in given:
                validate(document, name)
            new = [entry["id"] for d in given for kind in ("chips", "models") for entry in d.get(kind, ())]
            if twice := ids.intersection(new):
                raise ValueError(f"{', '.join(sorted(twice))} is already in the catalogue")
        except Exception as error:  # a plugin may fail in any way; it takes nothing else down
            broken[name] = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
            continue
        ids.update(new)
        good += given
    return good, broken


def _call(target: str) -> list[Document]:
    module, _, attribute = target.partition(":")
    given = getattr(importlib.import_module(module), attribute)()
    return [dict(document) for document in given]
