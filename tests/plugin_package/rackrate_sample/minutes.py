"""A loader for `.minutes` files: one `MM:SS text` line each."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace


def load(path: Path) -> SimpleNamespace | None:
    """The document, or None when the file is not one."""
    if path.suffix != ".minutes":
        return None
    segments = []
    for line in path.read_text(encoding="utf-8").splitlines():
        stamp, _, text = line.partition(" ")
        minute, _, second = stamp.partition(":")
        at = int(minute) * 60.0 + int(second)
        segments.append(SimpleNamespace(text=text, start=at, end=at + 5, page=None, locator=""))
    return SimpleNamespace(segments=segments, title="")
