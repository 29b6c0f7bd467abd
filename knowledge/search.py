"""Scoring claims and passages for one question."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge import ranking
from knowledge.embedding import DIMENSIONS
from knowledge.lexical import LexicalHits, LexicalIndex
from knowledge.pack import Pack
from knowledge.query import Analysis
from knowledge.ranking import Candidate, Logistic
from knowledge.store import Store, StoredPassage

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
SPEAKER_BONUS = 0.12  # for a speaker who said one claim in a hundred; less for one who said most
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
    """The passage vectors of a small index, row by row, and which documents are recordings of the pack.

    A large index leaves them in Chroma: `ids` is then empty.
    """

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
    for speaker in question.analysis.speakers:
        own = [row for row, claim in enumerate(pack.claims) if speaker in claim.speaker]
        rarity = 1 - len(own) / len(pack.claims)
        for row in fused.keys() & set(own):
            fused[row] += SPEAKER_BONUS * rarity
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
    cosine = {**cosine, **_cosine_of_matches(store, cosine, hits, question)}
    fused = ranking.fuse(cosine, hits, total)
    chosen = ranking.best(fused, DEPTH)
    for p in store.passages(chosen):
        timeline = pack.source if p.document in recordings else p.document
        relevance = _relevance(_PASSAGES, cosine, hits, p.id)
        score = fused[p.id] - (malus if p.document in recordings else 0.0)
        yield Candidate("passage", p.id, timeline, p.start, p.end, score, relevance)


def _cosine_of_matches(
    store: Store, cosine: Mapping[int, float], hits: LexicalHits, question: Question
) -> dict[int, float]:
    """Cosine of the best lexical matches that the nearest-neighbour search did not reach."""
    if question.vector is None:
        return {}
    rows = [row for row in ranking.best(hits.scores, DEPTH) if row not in cosine]
    return {row: float(as_vectors([raw])[0] @ question.vector) for row, raw in store.vectors(rows).items()}


def as_vectors(rows: Sequence[bytes]) -> Vectors:
    """Stored vectors as an array of shape (rows, 384)."""
    import numpy as np

    return np.frombuffer(b"".join(rows), dtype="<f4").reshape(len(rows), DIMENSIONS)


def _relevance(
    models: tuple[Logistic, Logistic], cosine: Mapping[int, float], hits: LexicalHits, row: int
) -> float:
    """Relevance by the first model, or by the second when there are no vectors to compare."""
    model = models[0] if cosine else models[1]
    return model(cosine.get(row, 0.0), hits.coverage.get(row, 0.0), hits.unknown)


def recordings(store: Store, pack: Pack, claims: Vectors) -> frozenset[str]:
    """Documents that are the recording the claims were made in: alike at the same minute, not elsewhere.

    `claims` are the vectors of the claims' texts, shape (claims, 384).
    """
    return frozenset(
        document.id
        for document in store.documents()
        if _is_recording(store, store.passages(document=document.id), pack, claims)
    )


def _is_recording(store: Store, passages: Sequence[StoredPassage], pack: Pack, claims: Vectors) -> bool:
    places = [(p.id, p.start, p.end) for p in passages if p.start is not None and p.end is not None]
    if not places or max(end for _, _, end in places) < pack.claims[-1].start / 2:
        return False
    vectors = store.vectors([row for row, _, _ in places])
    places = [place for place in places if place[0] in vectors]
    if not places:
        return False
    alike = as_vectors([vectors[row] for row, _, _ in places]) @ claims.T
    gains = []
    for column, claim in enumerate(pack.claims):
        middle = (claim.start + claim.end) / 2
        here = [i for i, (_, start, end) in enumerate(places) if start <= middle <= end]
        if here:
            gains.append(float(alike[here, column].max() - alike[:, column].mean()))
    return len(gains) >= len(pack.claims) // 4 and sum(gains) / len(gains) >= SAME_RECORDING


def clock(seconds: float | None, *, up: bool = False) -> str | None:
    """Seconds as ``HH:MM:SS``, rounded down, or up for the end of a span."""
    if seconds is None:
        return None
    whole = math.ceil(seconds) if up else int(seconds)
    return f"{whole // 3600:02d}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
