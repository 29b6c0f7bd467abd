"""The knowledge base: the built-in claims and the caller's own documents, searched together."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge import ranking
from knowledge.chunks import Passage, approximate_tokens, passages
from knowledge.citation import Citation
from knowledge.embedding import DIMENSIONS, Embedder, EmbeddingUnavailable, embedder
from knowledge.errors import SourceError, UnknownSource
from knowledge.lexical import LexicalIndex
from knowledge.loaders import check_file, load_document
from knowledge.pack import Pack
from knowledge.query import Analysis, analyse
from knowledge.ranking import Candidate
from knowledge.store import Store, StoredDocument, now, text_hash
from knowledge.vectors import ChromaIndex, ChromaUnavailable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

# `KnowledgeBase.list` hides the builtin inside the class body.
Citations = list[Citation]
Bytes = list[bytes]
Rows = list[int]
Notes = list[str]
Progress = Callable[[str, int, int], None]
"""Called with (what is being done, units done, units in all)."""

# A claim's span is the sentence itself; the citation opens a little before it and runs a little on.
LEAD_S, TAIL_S = 5.0, 12.0
RELEVANT = 0.5
EXACT_LIMIT = 5000
_EMBED_BATCH = 32


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """A searchable source, as `list` shows it."""

    id: str
    title: str
    as_of: str | None
    passages: int
    loader: str
    path: str | None
    added_at: str | None
    built_in: bool = False


@dataclass(frozen=True, slots=True)
class _Names:
    title: str | None
    as_of: str | None
    source_id: str | None


@dataclass(slots=True)
class AddReport:
    """What `add` did: ids added, files already there, files that could not be read (path, why)."""

    added: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    passages: int = 0
    notes: list[str] = field(default_factory=list)


class KnowledgeBase:
    """Documents and claims of one data folder. Safe to share between threads."""

    def __init__(
        self, home: Path, *, chroma_url: str | None = None, progress: Progress | None = None
    ) -> None:
        self.home = home
        self._folder = home / "knowledge"
        self._chroma_url = chroma_url
        self._progress: Progress = progress or (lambda what, done, total: None)
        self._lock = threading.RLock()
        self._opened: Store | None = None
        self._writable = False
        self._chroma: ChromaIndex | None = None
        self._matrix: tuple[int, Rows, Vectors] | None = None
        self.notes: Notes = []

    # ---- documents

    def add(
        self,
        path: Path | str,
        *,
        title: str | None = None,
        as_of: str | None = None,
        source_id: str | None = None,
    ) -> AddReport:
        """Index a file, or every file of a folder. What is already there is left alone; what changed is replaced.

        Raises SourceError when a single file cannot be read, HomeError when the data folder cannot be written.
        Files of a folder that cannot be read are reported, and the others are indexed.
        """
        root = Path(path).expanduser()
        report = AddReport()
        names = _Names(title, as_of, source_id)
        with self._lock:
            store = self._writing()
            files = _files(root)
            for file in files:
                try:
                    self._add_file(store, file, report, names)
                except SourceError as error:
                    if len(files) == 1 and not root.is_dir():
                        raise
                    report.failed.append((str(file), str(error)))
            self._fill_vectors(store)
            if not store.chroma_synced(self._chroma_target):
                self._sync_chroma(store, report.notes)
        return report

    def list(self) -> list[SourceInfo]:
        """The built-in pack and the documents, oldest first."""
        pack = self._pack
        built_in = SourceInfo(
            pack.source, pack.title, pack.as_of, len(pack.claims), "claims", None, None, True
        )
        with self._lock:
            store = self._store()
            rows = store.documents() if store else []
        found = [SourceInfo(r.id, r.title, r.as_of, r.passages, r.loader, r.path, r.added_at) for r in rows]
        return [built_in, *found]

    def remove(self, identifier: str) -> SourceInfo:
        """Forget a document. Raises UnknownSource, or SourceError for the built-in pack."""
        if identifier == self._pack.source:
            raise SourceError("id", identifier, "an added document (this one is built in)")
        with self._lock:
            known = {info.id: info for info in self.list() if not info.built_in}
            if identifier not in known:
                raise UnknownSource(identifier, sorted(known)[:5])
            store = self._writing()
            store.delete(identifier)
            self._sync_chroma(store, self.notes)
        return known[identifier]

    # ---- search

    @property
    def mode(self) -> str:
        """`fused`, or `lexical` when the embedding model cannot be used (`notes` then says why)."""
        return "fused" if self._embedder() else "lexical"

    def search(self, query: str, top: int = 5) -> Citations:
        """The passages and claims that bear on a question, best first, each moment once.

        `score` is the relevance in 0..1; below `RELEVANT` for the first citation, nothing in the knowledge
        base bears on the question.
        """
        analysis = analyse(query)
        if not query.strip() or top < 1:
            return []
        model = self._embedder()
        vector = model.embed([query])[0] if model else None
        with self._lock:
            candidates = [
                *self._claim_candidates(analysis, vector),
                *self._passage_candidates(analysis, vector),
            ]
            candidates.sort(key=lambda c: -c.score)
            return [self._citation(c) for c in ranking.distinct(candidates, top)]

    def _claim_candidates(self, analysis: Analysis, vector: Vectors | None) -> Iterator[Candidate]:
        pack = self._pack
        lexical = pack.lexical.search(analysis.groups)
        dense = dict(enumerate((self._pack_vectors @ vector).tolist())) if vector is not None else {}
        for row, score in ranking.fuse(dense, lexical.scores).items():
            claim = pack.claims[row]
            yield Candidate(
                f"claim:{row}",
                pack.source,
                max(0.0, claim.start - LEAD_S),
                claim.end + TAIL_S,
                score,
                dense.get(row, 0.0),
                lexical.coverage.get(row, 0.0),
            )

    def _passage_candidates(self, analysis: Analysis, vector: Vectors | None) -> Iterator[Candidate]:
        store = self._store()
        if store is None:
            return
        index = LexicalIndex(store.db, "passages_text", "passages_terms", (1.0, 0.5))
        lexical = index.search(analysis.groups)
        dense: dict[int, float] = {}
        if vector is not None:
            ids, matrix = self._passage_matrix(store)
            if ids:
                dense = dict(zip(ids, (matrix @ vector).tolist(), strict=True))
        fused = ranking.fuse(dense, lexical.scores)
        for p in store.passages(fused):
            yield Candidate(
                f"passage:{p.id}",
                p.document,
                p.start,
                p.end,
                fused[p.id],
                dense.get(p.id, 0.0),
                lexical.coverage.get(p.id, 0.0),
            )

    def _citation(self, candidate: Candidate) -> Citation:
        kind, key = candidate.key.split(":")
        score = round(
            ranking.relevance(candidate.cosine if self._embedder() else None, candidate.coverage), 4
        )
        if kind == "claim":
            claim = self._pack.claims[int(key)]
            return Citation(
                source=self._pack.source,
                title=self._pack.title,
                start=clock(candidate.start),
                end=clock(candidate.end),
                locator=clock(claim.start) or "",
                claim_id=claim.id,
                text=claim.claim,
                as_of=claim.as_of,
                score=score,
                speaker=claim.speaker or None,
            )
        store = self._store()
        assert store is not None
        (p,) = store.passages([int(key)])
        document = next(d for d in store.documents() if d.id == p.document)
        locator = p.locator or (f"page {p.page}" if p.page else clock(p.start) or "")
        return Citation(
            source=document.id,
            title=document.title,
            start=clock(p.start),
            end=clock(p.end),
            page=p.page,
            locator=locator,
            text=p.text,
            as_of=document.as_of,
            score=score,
        )

    # ---- parts

    @cached_property
    def _pack(self) -> Pack:
        return Pack()

    @cached_property
    def _pack_vectors(self) -> Vectors:
        stored = self._pack.stored_vectors()
        if stored is not None:
            return stored
        texts = [claim.embedded() for claim in self._pack.claims]
        return self._embed("built-in claims", texts)

    def _passage_matrix(self, store: Store) -> tuple[Rows, Vectors]:
        """All passage vectors, kept until the index changes."""
        import numpy as np

        version = store.version()
        if self._matrix is None or self._matrix[0] != version:
            rows = store.vectors()
            buffer = b"".join(rows.values())
            matrix = np.frombuffer(buffer, dtype="<f4").reshape(len(rows), DIMENSIONS)
            self._matrix = (version, [*rows], matrix)
        return self._matrix[1], self._matrix[2]

    def _embed(self, what: str, texts: Sequence[str]) -> Vectors:
        done = 0

        def tell(more: int) -> None:
            nonlocal done
            done += more
            self._progress(what, done, len(texts))

        return embedder().embed(texts, tell)

    def _embedder(self) -> Embedder | None:
        try:
            return embedder()
        except EmbeddingUnavailable as error:
            self._note(f"lexical search only: the embedding model cannot be used ({error})")
            return None

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def _store(self, *, create: bool = False) -> Store | None:
        """The open index; without `create` None while nothing was ever added."""
        if self._opened is not None and (self._writable or not create):
            return self._opened
        path = self._folder / "index.sqlite3"
        if not create and not path.exists():
            return None
        self.close()
        self._opened, self._writable = Store(path, create=create), create
        return self._opened

    def _writing(self) -> Store:
        store = self._store(create=True)
        assert store is not None
        return store

    def close(self) -> None:
        """Close the database; the object opens it again when needed."""
        if self._opened is not None:
            self._opened.close()
        self._opened, self._matrix = None, None

    # ---- adding

    def _add_file(self, store: Store, file: Path, report: AddReport, names: _Names) -> None:
        check_file(file)
        digest = _digest(file)
        location = str(file.resolve())
        known = store.documents()
        same = next((d for d in known if d.sha256 == digest), None)
        if same:
            report.unchanged.append(same.id)
            return
        loader, document = load_document(file)
        model = self._embedder()
        parts = passages(list(document.segments), model.count_tokens if model else approximate_tokens)
        if not parts:
            raise SourceError("path", file, "a file with text in it")
        before = next((d for d in known if d.path == location), None)
        identifier = names.source_id or (
            before.id if before else _free_id(file.stem, known, self._pack.source)
        )
        title = names.title or " ".join(document.title.split()) or file.stem
        row = StoredDocument(identifier, location, title, names.as_of, loader, digest, len(parts), now())
        store.write_document(row, parts, self._passage_vectors(store, identifier, parts) if model else None)
        report.added.append(identifier)
        report.passages += len(parts)

    def _passage_vectors(self, store: Store, what: str, parts: Sequence[Passage]) -> Bytes:
        """Vectors of a document's passages; computed ones are kept as it goes, so that a killed run resumes."""
        hashes = [text_hash(part.text) for part in parts]
        known = store.cached_vectors(hashes)
        todo = [i for i, digest in enumerate(hashes) if digest not in known]
        total, done = len(parts), len(parts) - len(todo)
        self._progress(what, done, total)
        for at in range(0, len(todo), _EMBED_BATCH):
            rows = todo[at : at + _EMBED_BATCH]
            vectors = embedder().embed([parts[i].text for i in rows])
            fresh = {hashes[i]: vector.tobytes() for i, vector in zip(rows, vectors, strict=True)}
            known |= fresh
            store.cache_vectors(fresh)
            done += len(rows)
            self._progress(what, done, total)
        return [known[digest] for digest in hashes]

    def _fill_vectors(self, store: Store) -> None:
        """Embed passages that were added while the model could not be used."""
        if not self._embedder():
            return
        missing = store.without_vector()
        for at in range(0, len(missing), _EMBED_BATCH):
            part = missing[at : at + _EMBED_BATCH]
            vectors = embedder().embed([text for _, text in part])
            store.set_vectors({row: v.tobytes() for (row, _), v in zip(part, vectors, strict=True)})

    def _sync_chroma(self, store: Store, notes: Notes) -> None:
        """Make Chroma hold exactly the stored vectors. Without Chroma they are scanned, and `notes` says so."""
        import numpy as np

        try:
            with store.exclusive():
                generation = store.meta("generation")
                chroma = self._open_chroma(store)
                wanted = store.vector_keys()
                there = chroma.ids()
                if gone := sorted(there - wanted.keys()):
                    chroma.delete(gone)
                new = [key for key in wanted if key not in there]
                for at in range(0, len(new), 500):
                    part = new[at : at + 500]
                    rows = store.vectors([wanted[key][0] for key in part])
                    matrix = np.stack([np.frombuffer(rows[wanted[key][0]], dtype="<f4") for key in part])
                    chroma.upsert(part, matrix, [wanted[key][1] for key in part])
            store.mark_chroma(generation, self._chroma_target)
        except ChromaUnavailable as error:
            notes.append(f"Chroma cannot be used ({error}); vectors are scanned from the index file instead")

    @property
    def _chroma_target(self) -> str:
        return self._chroma_url or "embedded"

    def _open_chroma(self, store: Store) -> ChromaIndex:
        if self._chroma is None:
            folder = None if self._chroma_url else self._folder / "chroma"
            self._chroma = ChromaIndex(store.meta("collection"), folder=folder, url=self._chroma_url)
        return self._chroma


def clock(seconds: float | None) -> str | None:
    """Seconds as ``HH:MM:SS``."""
    if seconds is None:
        return None
    whole = int(seconds)
    return f"{whole // 3600:02d}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def _files(root: Path) -> list[Path]:
    if root.is_dir():
        files = sorted(p for p in root.rglob("*") if p.is_file() and not p.name.startswith("."))
        if not files:
            raise SourceError("path", root, "a folder with files in it (this one is empty)")
        return files
    return [root]


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SourceError("path", path, f"an existing, readable file ({error.strerror or error})") from error


def _free_id(stem: str, known: Sequence[StoredDocument], built_in: str) -> str:
    """A readable id from the file name, numbered when another document has it."""
    base = re.sub(r"[^a-z0-9._]+", "-", stem.lower()).strip("-.") or "document"
    taken = {d.id for d in known} | {built_in}
    if base not in taken:
        return base
    return next(f"{base}-{n}" for n in range(2, len(taken) + 3) if f"{base}-{n}" not in taken)
