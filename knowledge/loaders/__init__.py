"""Loaders by entry point (group ``rackrate.loaders``): the built-in ones are plugins like everybody else's.

Each loader is asked in turn and answers None when the format is not its own; the loader named ``text`` is
asked last, since it takes anything that reads as text. A plugin that fails to import takes nothing else
down: `broken` names it.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from knowledge.document import DocumentLike, Loader
from knowledge.errors import SourceError

GROUP = "rackrate.loaders"
LAST = "text"
MAX_BYTES = 64 * 1024 * 1024


def _entries() -> list[EntryPoint]:
    return sorted(entry_points(group=GROUP), key=lambda e: (e.name == LAST, e.name))


@cache
def _loaders() -> tuple[dict[str, Loader], dict[str, str]]:
    found: dict[str, Loader] = {}
    failed: dict[str, str] = {}
    for entry in _entries():
        if entry.name in found:
            failed[entry.name] = f"two loaders are called {entry.name!r}; the first is used"
            continue
        try:
            found[entry.name] = entry.load()
        except Exception as error:  # a plugin may fail in any way and must take nothing else down
            failed[entry.name] = f"{type(error).__name__}: {error}"
    return found, failed


def broken() -> dict[str, str]:
    """Loader plugins that cannot be used, and why."""
    return dict(_loaders()[1])


def names() -> list[str]:
    """The loaders in the order they are asked."""
    return list(_loaders()[0])


def load_document(path: Path) -> tuple[str, DocumentLike]:
    """Read one file with the first loader that knows it.

    Returns the loader's name and the document. Raises SourceError when nobody can read the file, it is empty,
    too large or broken.
    """
    for name, loader in _loaders()[0].items():
        try:
            document = loader(path)
        except OSError as error:
            raise SourceError("path", path, f"a readable file ({error.strerror or error})") from error
        except Exception as error:  # a parser's own error types are many; the reader gets one line
            raise SourceError("path", path, f"a whole {name} file ({error})") from error
        if document is None:
            continue
        if not any(segment.text.strip() for segment in document.segments):
            raise SourceError("path", path, f"a file with text in it (the {name} loader found none)")
        return name, document
    raise SourceError(
        "path", path, "a transcript, SRT, VTT, PDF, HTML, Markdown or text file (this one is binary)"
    )


def check_file(path: Path) -> None:
    """Raise SourceError for a file that is missing, empty or too large."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise SourceError("path", path, f"an existing, readable file ({error.strerror or error})") from error
    if size == 0:
        raise SourceError("path", path, "a file with text in it (this one is empty)")
    if size > MAX_BYTES:
        megabytes = size / 1e6
        raise SourceError(
            "path", path, f"a file of at most {MAX_BYTES // 2**20} MiB (this one has {megabytes:.0f} MB)"
        )
