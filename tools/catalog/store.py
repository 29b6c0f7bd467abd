"""Reads the catalogue's YAML once and keeps a compiled copy beside the user's data.

The compiled copy is JSON named by the hash of the YAML it came from, so a changed file is never
answered from an old copy, and a folder that cannot be written only costs the parse.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tools.errors import InputError

Document = dict[str, Any]
DATA = Path(__file__).parent / "data"
SECTIONS = {
    "chips": "chips-*.yaml",
    "models": "models*.yaml",
    "rental": "prices-rental.yaml",
    "purchase": "prices-purchase.yaml",
    "api": "prices-api.yaml",
    "market": "market.yaml",
}


def default_home() -> Path:
    """The data folder when the caller names none: `RACKRATE_HOME`, else the platform's."""
    if home := os.environ.get("RACKRATE_HOME"):
        return Path(home)
    import platformdirs

    return platformdirs.user_data_path("rackrate", appauthor=False)


def parse(text: bytes, where: str) -> Document:
    """One YAML document as a mapping of plain values.

    Raises:
        InputError: not YAML, or not a mapping.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = yaml.load(text, loader)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise InputError("file", where, f"a YAML file that can be read ({_first_line(error)})") from error
    if not isinstance(document, dict):
        raise InputError("file", where, "a YAML mapping with a `kind`")
    return document


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:160]


class Store:
    """The catalogue's files: the built-in ones and the user's own under `<home>/catalog/`."""

    def __init__(self, home: Path, data: Path = DATA) -> None:
        self.home, self.data = home, data
        self._user: list[Document] | None = None

    def builtin(self, section: str) -> list[Document]:
        """The documents of one section."""
        return self._compiled(section, sorted(self.data.glob(SECTIONS[section])))

    def user(self) -> list[Document]:
        """The user's documents, oldest name first; a later one wins."""
        if self._user is None:
            self._user = self._compiled("user", self.user_files())
        return self._user

    def user_files(self) -> list[Path]:
        """The files under `<home>/catalog/`; none when the folder is absent or cannot be read."""
        try:
            return sorted((self.home / "catalog").glob("*.yaml"))
        except OSError:
            return []

    def yaml_file(self, path: Path) -> Document:
        """One YAML file, compiled like the rest; empty when it is absent."""
        found = self._compiled(path.stem, [path]) if path.exists() else []
        return found[0] if found else {}

    def _compiled(self, name: str, files: list[Path]) -> list[Document]:
        if not files:
            return []
        texts = [path.read_bytes() for path in files]
        copy = self.cache_folder / f"{name}-{_digest(texts)}.json"
        documents = _read_copy(copy)
        if documents is None:
            documents = [parse(text, path.name) for text, path in zip(texts, files, strict=True)]
            documents = json.loads(json.dumps(documents, default=str))
            _write_copy(copy, documents)
        return documents

    @property
    def cache_folder(self) -> Path:
        """Where compiled copies are kept."""
        return self.home / "cache" / "catalog"


def _digest(texts: Iterable[bytes]) -> str:
    digest = hashlib.blake2b(digest_size=12)
    for text in texts:
        digest.update(len(text).to_bytes(8, "little"))
        digest.update(text)
    return digest.hexdigest()


def _read_copy(path: Path) -> list[Document] | None:
    try:
        documents = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return documents if isinstance(documents, list) else None


def _write_copy(path: Path, documents: list[Document]) -> None:
    """Keeps the compiled copy, unless the folder cannot be written: then every start parses."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(documents, separators=(",", ":")))
        for old in path.parent.glob(f"{path.name.rsplit('-', 1)[0]}-*.json"):
            if old != path and old.name.rsplit("-", 1)[0] == path.name.rsplit("-", 1)[0]:
                old.unlink(missing_ok=True)
    except OSError:
        return


def write_atomically(path: Path, text: str) -> None:
    """Writes a file so that a reader sees the old one or the new one, never half of it.

    Raises:
        OSError: the folder cannot be written.
    """
    import tempfile

    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
