"""Scoring claims and passages for one question."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge import ranking
from knowledge.lexical import LexicalIndex
from knowledge.pack import Pack
from knowledge.query import Analysis
from knowledge.ranking import Candidate, Logistic
from knowledge.store import Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

# A claim's span is the sentence itself; its citation opens a little before it and runs a little on.
LEAD_S, TAIL_S = 5.0, 12.0
DEPTH = 40
# Claims and passages of one recording: how much more alike at the same minute than elsewhere (cosine).
# The recording itself measures 0.27, the same shifted by a minute 0.12, by five 0.05.
SAME_RECORDING = 0.17
SPEAKER_BONUS = 0.04


@dataclass(frozen=True, slots=True)
class Question:
    """A question read and embedded; `vector` is None in lexical mode."""

    analysis: Analysis
    vector: Vectors | None


@dataclass(frozen=True, slots=True)
class PassageVectors:
    """All passage vectors of the index, row by row, and which documents are recordings of the pack."""

    ids: list[int]
    matrix: Vectors
    recordings: frozenset[str]


def claim_candidates(
    pack: Pack, vectors: tuple[Vectors, Vectors] | None, question: Question
) -> list[Candidate]:
    """Claims by fused score. A claim has two vectors, of its text and of its index terms: the nearer counts."""
    hits = pack.lexical.search(question.analysis.groups)
    cosine: dict[int, float] = {}
    if vectors is not None and question.vector is not None:
        import numpy as np

        nearer = np.maximum(vectors[0] @ question.vector, vectors[1] @ question.vector)
        cosine = dict(enumerate(nearer.tolist()))
    fused = ranking.fuse(cosine, hits.scores, len(pack.claims))
    for row, claim in enumerate(pack.claims):
        if row in fused and any(name in claim.speaker for name in question.analysis.speakers):
            fused[row] += SPEAKER_BONUS
    found = []
    for row in ranking.best(fused, DEPTH):
        claim = pack.claims[row]
        relevance = _relevance(ranking.CLAIM_RELEVANCE, cosine, hits.coverage, hits.unknown, row)
        start, end = max(0.0, claim.start - LEAD_S), claim.end + TAIL_S
        found.append(Candidate("claim", row, pack.source, start, end, fused[row], relevance))
    return found


def passage_candidates(
    store: Store, cosine: Mapping[int, float], recordings: frozenset[str], pack: Pack, question: Question
) -> Iterator[Candidate]:
    """Passages by fused score; `cosine` by passage id, from Chroma or an exact scan."""
    index = LexicalIndex(store.db, "passages_text", "passages_terms", (1.0, 0.5))
    hits = index.search(question.analysis.groups)
    total, _ = store.counts()
    fused = ranking.fuse(cosine, hits.scores, total)
    chosen = ranking.best(fused, DEPTH)
    for p in store.passages(chosen):
        timeline = pack.source if p.document in recordings else p.document
        relevance = _relevance(ranking.PASSAGE_RELEVANCE, cosine, hits.coverage, hits.unknown, p.id)
        yield Candidate("passage", p.id, timeline, p.start, p.end, fused[p.id], relevance)


def _relevance(
    model: Logistic, cosine: Mapping[int, float], coverage: Mapping[int, float], unknown: float, row: int
) -> float:
    if not cosine:
        model = ranking.LEXICAL_RELEVANCE
    return model(cosine.get(row, 0.0), coverage.get(row, 0.0), unknown)


def recordings(
    store: Store, ids: Sequence[int], matrix: Vectors, pack: Pack, claims: Vectors
) -> frozenset[str]:
    """Documents that are the recording the claims were made in: alike at the same minute, not elsewhere."""
    import numpy as np

    by_document: dict[str, list[tuple[int, float, float]]] = {}
    row_of = {identifier: row for row, identifier in enumerate(ids)}
    for p in store.passages():
        if p.start is not None and p.end is not None and p.id in row_of:
            by_document.setdefault(p.document, []).append((row_of[p.id], p.start, p.end))
    found = set()
    for document, places in by_document.items():
        alike = matrix[[row for row, _, _ in places]] @ claims.T
        gains = []
        for column, claim in enumerate(pack.claims):
            middle = (claim.start + claim.end) / 2
            here = [i for i, (_, start, end) in enumerate(places) if start <= middle <= end]
            if here:
                gains.append(float(alike[here, column].max() - alike[:, column].mean()))
        enough = len(gains) >= max(8, len(pack.claims) // 4)
        if enough and float(np.mean(gains)) >= SAME_RECORDING:
            found.add(document)
    return frozenset(found)


def clock(seconds: float | None, *, up: bool = False) -> str | None:
    """Seconds as ``HH:MM:SS``, rounded down, or up for the end of a span."""
    if seconds is None:
        return None
    whole = math.ceil(seconds) if up else int(seconds)
    return f"{whole // 3600:02d}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
