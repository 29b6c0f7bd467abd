"""Adding documents: read, cut, embed, write as one, then bring Chroma up to date."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path
from typing import TypeVar

from knowledge.chunks import Passage, approximate_tokens, passages
from knowledge.embedding import Embedder
from knowledge.errors import SourceError
from knowledge.loaders import check_file, load_document
from knowledge.store import Store, StoredDocument, now, text_hash
from knowledge.vectors import ChromaIndex

Progress = Callable[[str, int, int], None]
"""Called with (what is being done, units done, units in all)."""

T = TypeVar("T")

_EMBED_BATCH = 32
_CHROMA_BATCH = 500


@dataclass(slots=True)
class AddReport:
    """What `add` did: ids added, ids already there, files that could not be read (path, why)."""

    added: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    passages: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Naming:
    """What the caller wants a document called, where not its own title and file name."""

    title: str | None = None
    as_of: str | None = None
    source_id: str | None = None


@dataclass(frozen=True, slots=True)
class Ingest:
    """One writer: a store, the embedder (None in lexical mode) and somebody to tell the progress."""

    store: Store
    model: Embedder | None
    progress: Progress
    reserved: str

    def add_file(self, path: Path, naming: Naming, report: AddReport) -> None:
        """Index one file unless its very bytes are there already; a changed file takes its old place.

        Raises SourceError, HomeError.
        """
        check_file(path)
        digest, location = _digest(path), str(path.resolve())
        known = self.store.documents()
        same = next((d for d in known if d.sha256 == digest), None)
        if same:
            report.unchanged.append(same.id)
            return
        loader, document = load_document(path)
        parts = passages(
            list(document.segments), self.model.count_tokens if self.model else approximate_tokens
        )
        before = next((d.id for d in known if d.path == location), None)
        wanted = naming.source_id or before or _identifier(path.stem)
        if wanted == self.reserved:
            wanted = f"{wanted}-document"
        title = naming.title or " ".join(document.title.split()) or path.stem
        row = StoredDocument(wanted, location, title, naming.as_of, loader, digest, len(parts), now())
        report.added.append(self.store.write_document(row, parts, self._vectors(path.name, parts)))
        report.passages += len(parts)

    def _vectors(self, what: str, parts: Sequence[Passage]) -> list[bytes] | None:
        """Vectors of a document's passages, kept batch by batch, so that a killed run goes on where it was."""
        if self.model is None:
            return None
        hashes = [text_hash(part.text) for part in parts]
        known = self.store.cached_vectors(hashes)
        todo = [i for i, digest in enumerate(hashes) if digest not in known]
        self.progress(what, len(parts) - len(todo), len(parts))
        for rows in _batches(todo, _EMBED_BATCH):
            vectors = self.model.embed([parts[i].text for i in rows])
            fresh = {hashes[i]: vector.tobytes() for i, vector in zip(rows, vectors, strict=True)}
            self.store.cache_vectors(fresh)
            known |= fresh
            self.progress(what, sum(digest in known for digest in hashes), len(parts))
        return [known[digest] for digest in hashes]

    def fill_vectors(self) -> None:
        """Embed passages that were added while the model could not be used."""
        if self.model is None:
            return
        for part in _batches(self.store.without_vector(), _EMBED_BATCH):
            vectors = self.model.embed([text for _, text in part])
            self.store.set_vectors({row: v.tobytes() for (row, _), v in zip(part, vectors, strict=True)})


def sync_chroma(store: Store, open_chroma: Callable[[], ChromaIndex], target: str) -> None:
    """Make the collection hold exactly the stored vectors, whatever a kill left behind.

    One process at a time: embedded Chroma is not made for several writers. Raises ChromaUnavailable.
    """
    import numpy as np

    with store.exclusive():
        generation = store.meta("generation")
        chroma, wanted = open_chroma(), store.vector_keys()
        there = chroma.ids()
        chroma.delete(sorted(there - wanted.keys()))
        for keys in _batches([key for key in wanted if key not in there], _CHROMA_BATCH):
            rows = store.vectors([wanted[key][0] for key in keys])
            matrix = np.stack([np.frombuffer(rows[wanted[key][0]], dtype="<f4") for key in keys])
            chroma.upsert(keys, matrix, [wanted[key][1] for key in keys])
    store.mark_chroma(generation, target)


def files_of(root: Path) -> list[Path]:
    """The file itself, or the files of a folder at any depth (hidden ones left out). Raises SourceError."""
    if not root.is_dir():
        return [root]
    inside = (p for p in sorted(root.rglob("*")) if p.is_file())
    files = [p for p in inside if not any(part.startswith(".") for part in p.relative_to(root).parts)]
    if not files:
        raise SourceError("path", root, "a folder with files in it")
    return files


def _identifier(stem: str) -> str:
    """A readable id from a file name."""
    return re.sub(r"[^a-z0-9._]+", "-", stem.lower()).strip("-.") or "document"


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SourceError("path", path, f"an existing, readable file ({error.strerror or error})") from error


def _batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for at in range(0, len(items), size):
        yield items[at : at + size]
