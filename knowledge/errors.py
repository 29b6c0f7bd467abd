"""The error tree of the knowledge base.

    KnowledgeError
    ├── SourceError        the caller's: a file that cannot be read as a document (field, value, allowed)
    │   └── UnknownSource  no document of that id; carries the nearest ids
    └── HomeError          the data folder cannot be read or written

`str(e)` is always one line a person can act on.
"""

from __future__ import annotations

from collections.abc import Sequence


class KnowledgeError(Exception):
    """Root of every error this package raises on purpose."""


class SourceError(KnowledgeError):
    """Something the caller named cannot be used; names the field, its value and what is allowed."""

    def __init__(self, field: str, value: object, allowed: str) -> None:
        self.field, self.value, self.allowed = field, value, allowed
        super().__init__(f"{field} is {_one_line(str(value))!r}; allowed: {_one_line(allowed, 200)}")


class UnknownSource(SourceError):
    """No document has this id."""

    def __init__(self, value: str, nearest: Sequence[str] = ()) -> None:
        self.nearest = tuple(nearest)
        hint = ", ".join(nearest) or "none is indexed yet"
        super().__init__("id", value, f"the id of an indexed document ({hint})")


class HomeError(KnowledgeError):
    """The data folder cannot be read or written."""


def _one_line(text: str, limit: int = 120) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
