"""What is worked out once and kept as JSON in the data folder, under a key of everything it is made from."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from pathlib import Path
from typing import Any

log = logging.getLogger("rackrate.agent")
VERSIONS = 3  # files of earlier versions that are left, for those who switch between checkouts


def read(home: Path | None, name: str, key: str) -> Any:
    """What was kept under this name and key; None when nothing was, or it cannot be read."""
    if home is None:
        return None
    try:
        return json.loads(_path(home, name, key).read_bytes())
    except (OSError, ValueError):
        return None


def write(home: Path | None, name: str, key: str, content: Any) -> None:
    """Whole or not at all; a folder that cannot be written is no fault."""
    if home is None:
        return
    path = _path(home, name, key)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, suffix=".part", delete=False, encoding="utf-8"
        ) as file:
            json.dump(content, file, ensure_ascii=False, separators=(",", ":"))
        os.replace(file.name, path)
        for old in sorted(path.parent.glob(f"{name}-*.json"), key=lambda p: p.stat().st_mtime)[:-VERSIONS]:
            old.unlink(missing_ok=True)
    except (OSError, TypeError, ValueError) as error:
        log.debug("%s not kept: %s", name, error)


def _path(home: Path, name: str, key: str) -> Path:
    return home / "cache" / f"{name}-{key}.json"
