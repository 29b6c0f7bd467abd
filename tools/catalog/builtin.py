"""The built-in catalogue, declared in the same entry-point group as anyone else's."""

from __future__ import annotations

from tools.catalog.store import DATA, SECTIONS, Document, parse


def load() -> list[Document]:
    """The built-in documents, each a mapping with a `kind`."""
    files = [path for pattern in SECTIONS.values() for path in sorted(DATA.glob(pattern))]
    return [parse(path.read_bytes(), path.name) for path in files]
