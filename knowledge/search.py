"""Scoring claims and passages for one question."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge import ranking
from knowledge.lexical import LexicalHits, LexicalIndex
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
# A passage of a recording whose claims are indexed must fit clearly better than they do to go before them:
# its minute of talk matches many questions in part. Words that only the recording knows speak for it.
COVERED_MALUS = 0.15
NEW_WORDS_BONUS = 0.3
SPEAKER_BONUS = 0.04
SHARPNESS = 8.0
_CLAIMS = (ranking.CLAIM_RELEVANCE, ranking.LEXICAL_CLAIM_RELEVANCE)
_PASSAGES = (ranking.PASSAGE_RELEVANCE, ranking.LEXICAL_PASSAGE_RELEVANCE)


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
    pack: Pack, vectors: Vectors | None, hits: LexicalHits, question: Question
) -> list[Candidate]:
    """Claims by fused score. `vectors` are those of the claims' views, shape (views, claims, 384)."""
    cosine: dict[int, float] = {}
    if vectors is not None and question.vector is not None:
        cosine = dict(enumerate(_nearest_view(vectors @ question.vector)))
    fused = ranking.fuse(cosine, hits, len(pack.claims))
    for row, claim in enumerate(pack.claims):
        if row in fused and any(name in claim.speaker for name in question.analysis.speakers):
            fused[row] += SPEAKER_BONUS
    found = []
    for row in ranking.best(fused, DEPTH):
        claim = pack.claims[row]
        relevance = _relevance(_CLAIMS, cosine, hits, row)
        start, end = max(0.0, claim.start - LEAD_S), claim.end + TAIL_S
        found.append(Candidate("claim", row, pack.source, start, end, fused[row], relevance))
    return found


def _nearest_view(cosine: Vectors) -> list[float]:
    """Soft maximum over the views (axis 0): near the best one, a little higher when the others agree."""
    import numpy as np

    values: list[float] = (np.log(np.exp(SHARPNESS * cosine).mean(axis=0)) / SHARPNESS).tolist()
    return values


def passage_candidates(
    store: Store,
    cosine: Mapping[int, float],
    recordings: frozenset[str],
    claims: LexicalHits,
    pack: Pack,
    question: Question,
) -> Iterator[Candidate]:
    """Passages by fused score; `cosine` by passage id, from Chroma or an exact scan.

    `claims` are the lexical hits among the claims, which `recordings` (document ids) are covered by.
    """
    index = LexicalIndex(store.db, "passages_text", "passages_terms", (1.0, 0.5))
    hits = index.search(question.analysis.groups)
    total, _ = store.counts()
    malus = COVERED_MALUS - NEW_WORDS_BONUS * max(0.0, claims.unknown - hits.unknown)
    fused = ranking.fuse(cosine, hits, total)
    chosen = ranking.best(fused, DEPTH)
    for p in store.passages(chosen):
        timeline = pack.source if p.document in recordings else p.document
        relevance = _relevance(_PASSAGES, cosine, hits, p.id)
        score = fused[p.id] - (malus if p.document in recordings else 0.0)
        yield Candidate("passage", p.id, timeline, p.start, p.end, score, relevance)


def _relevance(
    models: tuple[Logistic, Logistic], cosine: Mapping[int, float], hits: LexicalHits, row: int
) -> float:
    """Relevance by the first model, or by the second when there are no vectors to compare."""
    model = models[0] if cosine else models[1]
    return model(cosine.get(row, 0.0), hits.coverage.get(row, 0.0), hits.unknown)


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
