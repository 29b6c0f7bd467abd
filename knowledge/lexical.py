"""Lexical scores from SQLite FTS5: BM25 by term group, where a group is a query word and its equals.

A plain OR query counts a word and its synonyms as separate evidence. Here each group adds once, by its best
member, so that expansion helps a passage that uses the other word without drowning the rest of the query.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from knowledge.query import Group

_FUZZY_WEIGHT = 0.8
_FUZZY_MIN_LENGTH = 4
_FUZZY_SCORE = 82.0


@dataclass(slots=True)
class LexicalHits:
    """BM25 by row, and by row the share of the question's weight that it matches (0..1).

    Words weigh by rarity (inverse document frequency); `unknown` is the share of the weight whose words occur
    nowhere in the index.
    """

    scores: dict[int, float] = field(default_factory=dict)
    coverage: dict[int, float] = field(default_factory=dict)
    unknown: float = 0.0


class LexicalIndex:
    """One FTS5 table and its vocabulary table."""

    def __init__(self, db: sqlite3.Connection, table: str, terms: str, weights: Sequence[float]) -> None:
        """`weights` are BM25's, one for each column of the table."""
        self._db, self._table, self._terms = db, table, terms
        self._weights = ",".join(map(str, weights))
        self._vocabulary: list[str] | None = None

    def search(self, groups: Sequence[Group]) -> LexicalHits:
        """Score every row that matches a group."""
        (rows,) = self._db.execute(f"SELECT count(*) FROM {self._table}").fetchone()
        matches = [(group, self._group(group)) for group in groups]
        rarity = [group.weight * _idf(len(matched), rows) for group, matched in matches]
        total = sum(rarity) or 1.0
        hits = LexicalHits()
        for (group, matched), weight in zip(matches, rarity, strict=True):
            if not matched:
                hits.unknown += weight / total
            for row, score in matched.items():
                hits.scores[row] = hits.scores.get(row, 0.0) + score * group.weight
                hits.coverage[row] = hits.coverage.get(row, 0.0) + weight / total
        return hits

    def _group(self, group: Group) -> dict[int, float]:
        best = self._match(group.term)
        if not best:
            for term in self._near(group.term):
                _merge(best, self._match(term), _FUZZY_WEIGHT)
        for term in group.equals:
            _merge(best, self._match(term), group.equal_weight)
        return best

    def _match(self, term: str) -> dict[int, float]:
        quoted = '"' + term.replace('"', '""') + '"'
        query = f"SELECT rowid, -bm25({self._table}, {self._weights}) FROM {self._table} WHERE {self._table} MATCH ?"
        try:
            return {int(row): float(score) for row, score in self._db.execute(query, (quoted,))}
        except sqlite3.OperationalError:  # a term without a letter or digit
            return {}

    def _near(self, term: str) -> list[str]:
        """Indexed words that a misspelled term may mean."""
        if len(term) < _FUZZY_MIN_LENGTH or not term.isalpha():
            return []
        from rapidfuzz import fuzz, process

        if self._vocabulary is None:
            self._vocabulary = [str(t) for (t,) in self._db.execute(f"SELECT term FROM {self._terms}")]
        close = [t for t in self._vocabulary if t[:1] == term[:1] and abs(len(t) - len(term)) <= 3]
        found = process.extract(term, close, scorer=fuzz.ratio, score_cutoff=_FUZZY_SCORE, limit=3)
        return [str(match[0]) for match in found]


def _idf(matching: int, rows: int) -> float:
    return math.log(1 + (rows - matching + 0.5) / (matching + 0.5))


def _merge(into: dict[int, float], more: dict[int, float], weight: float) -> None:
    for row, score in more.items():
        into[row] = max(into.get(row, 0.0), score * weight)
