"""From hits to citations: fusion by reciprocal rank, one citation a moment, a relevance between 0 and 1."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

RRF_K = 20
# Weight of each list in the fusion.
DENSE_WEIGHT = 1.0
LEXICAL_WEIGHT = 1.0


@dataclass(slots=True)
class Candidate:
    """Something citable. Times in seconds; `score` orders, `cosine` and `coverage` say how well it fits."""

    key: str
    source: str
    start: float | None
    end: float | None
    score: float = 0.0
    cosine: float = 0.0
    coverage: float = 0.0

    def overlap(self, other: Candidate) -> float:
        """Shared seconds over the shorter of the two (0 when either has no times)."""
        if self.start is None or self.end is None or other.start is None or other.end is None:
            return 0.0
        shared = min(self.end, other.end) - max(self.start, other.start)
        return max(0.0, shared) / max(1e-9, min(self.end - self.start, other.end - other.start))


def ranks(scores: Mapping[int, float]) -> dict[int, int]:
    """Row → rank from 1, best score first; ties by row."""
    return {row: i for i, (row, _) in enumerate(sorted(scores.items(), key=lambda x: (-x[1], x[0])), 1)}


def fuse(dense: Mapping[int, float], lexical: Mapping[int, float], depth: int = 50) -> dict[int, float]:
    """Reciprocal rank fusion of two score lists."""
    fused: dict[int, float] = {}
    for scores, weight in ((dense, DENSE_WEIGHT), (lexical, LEXICAL_WEIGHT)):
        for row, rank in ranks(scores).items():
            if rank <= depth:
                fused[row] = fused.get(row, 0.0) + weight / (RRF_K + rank)
    return fused


def relevance(cosine: float | None, coverage: float) -> float:
    """How likely a passage bears on the question, 0..1: logistic in similarity and matched query weight."""
    if cosine is None:  # lexical only
        return 1 / (1 + math.exp(-(8.0 * coverage - 4.0)))
    return 1 / (1 + math.exp(-(10.0 * cosine + 3.0 * coverage - 6.0)))


def distinct(candidates: Iterable[Candidate], top: int, limit: float = 0.5) -> list[Candidate]:
    """The best `top` that do not tell of the same moment of the same source twice."""
    kept: list[Candidate] = []
    for candidate in candidates:
        if len(kept) == top:
            break
        if all(candidate.source != k.source or candidate.overlap(k) < limit for k in kept):
            kept.append(candidate)
    return kept
