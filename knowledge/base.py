"""The knowledge base: the built-in claims and the caller's own documents, searched together."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge import pack as packs
from knowledge import ranking, search
from knowledge.citation import Citation
from knowledge.embedding import Embedder, EmbeddingUnavailable, embedder
from knowledge.errors import SourceError, UnknownSource
from knowledge.ingest import AddReport, Ingest, Naming, Progress, files_of, sync_chroma
from knowledge.lexical import LexicalHits
from knowledge.pack import Pack
from knowledge.query import analyse
from knowledge.ranking import Candidate
from knowledge.search import PassageVectors, Question, clock
from knowledge.store import Store
from knowledge.vectors import ChromaIndex, ChromaUnavailable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

RELEVANT = 0.5
"""When none of the first three citations scores this much, the knowledge base holds nothing on the question."""
EXACT_LIMIT = 5000
"""Up to this many passages are scanned exactly (5 ms) when Chroma is not open already (3 s to import)."""
CHROMA_REST_S = 5.0
"""A Chroma that failed is left alone for so long, lest every search wait for it."""
MAX_QUERY = 2000
"""Characters of a query that are read."""

# `KnowledgeBase.list` hides the builtin inside the class body.
Citations = list[Citation]
Notes = list[str]
Candidates = list[Candidate]


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


def relevant(citations: Sequence[Citation]) -> bool:
    """Whether what a search found bears on its question, or is only the nearest there was."""
    return any(citation.score >= RELEVANT for citation in citations[:3])


class KnowledgeBase:
    """Documents and claims of one data folder. Safe to share between threads."""

    def __init__(
        self, home: Path, *, chroma_url: str | None = None, progress: Progress | None = None
    ) -> None:
        """Nothing is opened or written until it is needed: the claims can be searched from a read-only home."""
        self.home = home
        self._folder = home / "knowledge"
        self._chroma_url = chroma_url
        self._progress: Progress = progress or (lambda what, done, total: None)
        self._lock = threading.RLock()
        self._opened: Store | None = None
        self._writable = False
        self._chroma: ChromaIndex | None = None
        self._chroma_generation = ""
        self._cached: tuple[int, PassageVectors] | None = None
        self.notes: Notes = []
        self.fault: str | None = None
        """Why the last search could not be what it should be; None when it was."""
        self._chroma_fault = ""
        self._chroma_rests_until = 0.0

    # ---- documents

    def add(
        self,
        path: Path | str,
        *,
        title: str | None = None,
        as_of: str | None = None,
        source_id: str | None = None,
    ) -> AddReport:
        """Index a file, or every file of a folder. What is there already is left alone.

        A changed file takes the place of its old text. Raises SourceError when a file named cannot be read,
        HomeError when the data folder cannot be written. Files of a folder that cannot be read are reported,
        and the others are indexed.
        """
        root = Path(path).expanduser()
        files, report = files_of(root), AddReport()
        naming = Naming(title, as_of, source_id if len(files) == 1 else None)
        with self._lock:
            store = self._writing()
            ingest = Ingest(store, self._embedder(), self._progress, self._pack.source)
            for file in files:
                try:
                    ingest.add_file(file, naming, report)
                except SourceError as error:
                    if not root.is_dir():
                        raise
                    report.failed.append((str(file), str(error)))
            ingest.fill_vectors()
            self._sync(store, report.notes)
        return report

    def list(self) -> list[SourceInfo]:
        """The built-in pack, then the documents, oldest first."""
        pack = self._pack
        first = SourceInfo(pack.source, pack.title, pack.as_of, len(pack.claims), "claims", None, None, True)
        with self._lock:
            store = self._store()
            rows = store.documents() if store else []
        found = [SourceInfo(r.id, r.title, r.as_of, r.passages, r.loader, r.path, r.added_at) for r in rows]
        return [first, *found]

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
            self._sync(store, self.notes)
        return known[identifier]

    # ---- search

    @property
    def mode(self) -> str:
        """`fused`, or `lexical` when the embedding model cannot be used (`notes` then says why)."""
        return "fused" if self._embedder() else "lexical"

    def search(self, query: str, top: int = 5) -> Citations:
        """The claims and passages that bear on a question, best first, each moment once.

        `score` is the relevance in 0..1; see `relevant` for "nothing here bears on it".
        """
        if not query.strip() or top < 1:
            return []
        query = query[:MAX_QUERY]
        model = self._embedder()
        vector = model.query(query) if model else None
        question = Question(analyse(query), vector)
        with self._lock:
            self.fault = None if model else self.notes[-1]
            hits = self._pack.lexical.search(question.analysis.groups)
            vectors = self._claim_vectors if model else None
            claims = search.claim_candidates(self._pack, vectors, hits, question)
            passages = self._passages(question, hits)
            chosen = ranking.moments([*claims, *passages], top)
            arranged = ranking.arrange(chosen, passages, top)
            return [self._citation(candidate) for candidate in arranged]

    def warm(self) -> None:
        """Load what a first search would: for a server, so that its first question is quick."""
        self.search("warm up", 1)
        with self._lock:
            store = self._store()
            if store and store.counts()[0]:
                try:
                    self._open_chroma(store)
                except ChromaUnavailable as error:
                    self._note_chroma(error, self.notes)

    def _passages(self, question: Question, hits: LexicalHits) -> Candidates:
        store = self._store()
        if store is None:
            return []
        cached = self._vectors(store)
        cosine = self._cosine(store, cached, question)
        found = search.passage_candidates(store, cosine, cached.recordings, hits, self._pack, question)
        return sorted(found, key=lambda c: -c.score)

    def _cosine(self, store: Store, cached: PassageVectors, question: Question) -> Mapping[int, float]:
        """Passage id → cosine, from Chroma when it is open or the index is large, else by an exact scan."""
        if question.vector is None:
            return {}
        if self._chroma is not None or not cached.ids:
            found = self._from_chroma(store, question.vector)
            if found:
                return found
            if not cached.ids and self._chroma_fault:
                self.fault = (
                    f"Chroma cannot be used ({self._chroma_fault}); passages were found by their words only"
                )
        return dict(zip(cached.ids, (cached.matrix @ question.vector).tolist(), strict=True))

    def _from_chroma(self, store: Store, vector: Vectors) -> Mapping[int, float]:
        """Nearest passages from Chroma; nothing when it lags behind the index or cannot be used."""
        if not store.chroma_synced(self._target) or time.monotonic() < self._chroma_rests_until:
            return {}
        try:
            found = self._open_chroma(store).query(vector, search.DEPTH * 5)
        except ChromaUnavailable as error:
            self._chroma_fault, self._chroma_rests_until = str(error), time.monotonic() + CHROMA_REST_S
            self._chroma = None  # a server that comes back is another one
            self._note_chroma(error, self.notes)
            return {}
        self._chroma_fault = ""
        keys = store.vector_keys()
        return {keys[key][0]: cosine for key, cosine in found.items() if key in keys}

    def _citation(self, candidate: Candidate) -> Citation:
        if candidate.kind == "claim":
            return self._claim_citation(candidate)
        store = self._store()
        assert store is not None
        (p,) = store.passages([candidate.row])
        recorded = self._pack.as_of if p.document in self._vectors(store).recordings else None
        document = next(d for d in store.documents() if d.id == p.document)
        locator = p.locator or (f"page {p.page}" if p.page else clock(p.start) or "")
        return Citation(
            source=document.id,
            title=document.title,
            start=clock(p.start),
            end=clock(p.end, up=True),
            page=p.page,
            locator=locator,
            text=p.text,
            as_of=document.as_of or recorded,
            score=round(candidate.relevance, 4),
        )

    def _claim_citation(self, candidate: Candidate) -> Citation:
        members = sorted([candidate, *candidate.also], key=lambda c: c.row)
        claim = self._pack.claims[candidate.row]
        told = [self._pack.claims[member.row] for member in members]
        return Citation(
            source=self._pack.source,
            title=self._pack.title,
            start=clock(min(m.start or 0.0 for m in members)),
            end=clock(max(m.end or 0.0 for m in members), up=True),
            locator=clock(claim.start) or "",
            claim_id=claim.id,
            text=" ".join(c.claim for c in told),
            as_of=claim.as_of,
            score=round(candidate.relevance, 4),
            speaker=", ".join(dict.fromkeys(c.speaker for c in told if c.speaker)) or None,
        )

    # ---- parts, each opened when first needed

    @cached_property
    def _pack(self) -> Pack:
        return Pack()

    @cached_property
    def _claim_vectors(self) -> Vectors:
        stored = self._pack.stored_vectors()
        return stored if stored is not None else packs.embed(self._pack.claims)

    def _vectors(self, store: Store) -> PassageVectors:
        """The passage vectors, kept until the index changes."""
        version = store.version()
        if self._cached is None or self._cached[0] != version:
            _, count = store.counts()
            rows = store.vectors() if count <= EXACT_LIMIT else {}
            matrix = search.as_vectors([*rows.values()])
            same = search.recordings(store, self._pack, self._claim_vectors[0]) if count else frozenset[str]()
            self._cached = (version, PassageVectors([*rows], matrix, same))
        return self._cached[1]

    def _embedder(self) -> Embedder | None:
        try:
            return embedder()
        except EmbeddingUnavailable as error:
            note = f"lexical search only: the embedding model cannot be used ({error})"
            if note not in self.notes:
                self.notes.append(note)
            return None

    def _store(self) -> Store | None:
        """The open index, or None while nothing was ever added."""
        path = self._folder / "index.sqlite3"
        if self._opened is None and path.exists():
            self._opened, self._writable = Store(path, create=False), False
        return self._opened

    def _writing(self) -> Store:
        if self._opened is None or not self._writable:
            self._close_store()
            self._opened, self._writable = Store(self._folder / "index.sqlite3", create=True), True
        return self._opened

    def _close_store(self) -> None:
        if self._opened is not None:
            self._opened.close()
        self._opened, self._cached = None, None

    def close(self) -> None:
        """Let go of every file; what is needed is opened again."""
        with self._lock:
            self._close_store()
            self._close_chroma()

    # ---- Chroma

    @property
    def _target(self) -> str:
        return self._chroma_url or "embedded"

    def _sync(self, store: Store, notes: Notes) -> None:
        if store.chroma_synced(self._target):
            return
        try:
            sync_chroma(store, lambda: self._open_chroma(store), self._target)
        except ChromaUnavailable as error:
            self._note_chroma(error, notes)

    def _open_chroma(self, store: Store) -> ChromaIndex:
        """The open collection; opened anew when another process has written, which this one would not see."""
        generation = store.meta("generation")
        if self._chroma is not None and generation != self._chroma_generation:
            self._close_chroma()
        if self._chroma is None:
            folder = None if self._chroma_url else self._folder / "chroma"
            self._chroma = ChromaIndex(store.meta("collection"), folder=folder, url=self._chroma_url)
            self._chroma_generation = generation
        return self._chroma

    def _close_chroma(self) -> None:
        if self._chroma is not None:
            self._chroma.close()
        self._chroma = None

    @staticmethod
    def _note_chroma(error: ChromaUnavailable, notes: Notes) -> None:
        note = f"Chroma cannot be used ({error}); vectors are scanned in the index file instead"
        if note not in notes:
            notes.append(note)
