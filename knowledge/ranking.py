"""From scores to citations: fusion, relevance in 0..1, and one citation for each moment.

Fusion is a weighted sum, cosine plus a share of BM25 and of the question's words matched, rather than
reciprocal rank: on the same questions it orders better (docs/knowledge.md has both), and it keeps the scores
of claims and of passages comparable, which ranks cannot.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from knowledge.lexical import LexicalHits

# BM25 grows with the log of the collection's size; divided by it, one weight serves every collection.
BM25_WEIGHT = 0.08
COVERAGE_WEIGHT = 0.1
# Candidates of one moment: another citation that shares half of the shorter span adds nothing new.
SAME_MOMENT = 0.5
MERGE_SCORE = 0.85  # a neighbour this close to the best score is told together with it
MERGE_SECONDS = 75.0
MERGE_CLAIMS = 3


@dataclass(frozen=True, slots=True)
class Logistic:
    """Relevance from cosine, matched share of the question's weight, and its share of unknown words."""

    intercept: float
    cosine: float
    coverage: float
    unknown: float

    def __call__(self, cosine: float, coverage: float, unknown: float) -> float:
        z = self.intercept + self.cosine * cosine + self.coverage * coverage + self.unknown * unknown
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, z))))


# Fitted on the tuning half of tests/knowledge/questions.yaml; how, and the other half's rates: docs/knowledge.md.
CLAIM_RELEVANCE = Logistic(-4.5, 10.1, 6.3, -3.5)
PASSAGE_RELEVANCE = Logistic(-5.2, 14.8, 7.3, -2.7)
LEXICAL_CLAIM_RELEVANCE = Logistic(-0.6, 0.0, 9.0, -4.9)
LEXICAL_PASSAGE_RELEVANCE = Logistic(-1.3, 0.0, 9.9, -2.1)


@dataclass(slots=True)
class Candidate:
    """A claim or passage. Times in seconds; `timeline` is shared by sources of one recording."""

    kind: str
    row: int
    timeline: str
    start: float | None
    end: float | None
    score: float
    relevance: float
    also: list[Candidate] = field(default_factory=list)

    def overlap(self, other: Candidate) -> float:
        """Shared seconds over the shorter of the two; 0 on other timelines or without times."""
        if self.timeline != other.timeline:
            return 0.0
        if self.start is None or self.end is None or other.start is None or other.end is None:
            return 0.0
        shared = min(self.end, other.end) - max(self.start, other.start)
        return max(0.0, shared) / max(1e-9, min(self.end - self.start, other.end - other.start))


def fuse(cosine: Mapping[int, float], hits: LexicalHits, rows: int) -> dict[int, float]:
    """The fused score of every row that either side holds; `rows` is the size of the collection."""
    weight = BM25_WEIGHT / math.log(1 + max(rows, 2))
    fused = dict(cosine)
    for row, score in hits.scores.items():
        lexical = weight * score + COVERAGE_WEIGHT * hits.coverage.get(row, 0.0)
        fused[row] = fused.get(row, 0.0) + lexical
    return fused


def best(scores: Mapping[int, float], depth: int) -> list[int]:
    """The rows of the highest scores, best first; ties by row."""
    return sorted(scores, key=lambda row: (-scores[row], row))[:depth]


def moments(candidates: Iterable[Candidate], top: int) -> list[Candidate]:
    """The best `top` moments; a claim that tells of a chosen moment nearly as well is told with it."""
    chosen: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda c: -c.score):
        same = next((c for c in chosen if c.overlap(candidate) >= SAME_MOMENT), None)
        if same is None:
            if len(chosen) < top:
                chosen.append(candidate)
        elif _joins(same, candidate):
            same.also.append(candidate)
    return chosen


def _joins(best_one: Candidate, other: Candidate) -> bool:
    if not best_one.kind == other.kind == "claim" or len(best_one.also) + 1 >= MERGE_CLAIMS:
        return False
    members = [best_one, *best_one.also, other]
    start = min(c.start for c in members if c.start is not None)
    end = max(c.end for c in members if c.end is not None)
    return other.score >= MERGE_SCORE * best_one.score and end - start <= MERGE_SECONDS


def arrange(chosen: Sequence[Candidate], passages: Sequence[Candidate], top: int) -> list[Candidate]:
    """The citations in order: three moments, the passages of the same recording that carry them, the rest.

    So a transcript that was added beside claims about it is cited too, without taking the place of a
    different moment among the first three.
    """
    first, rest = list(chosen[:3]), list(chosen[3:])
    carrying: list[Candidate] = []
    for moment in first:
        if moment.kind != "claim" or len(carrying) == 2:
            continue
        over = [p for p in passages if p.overlap(moment) >= SAME_MOMENT and p not in carrying]
        if over:
            carrying.append(max(over, key=lambda p: p.score))
    return [*first, *carrying, *rest][:top]
