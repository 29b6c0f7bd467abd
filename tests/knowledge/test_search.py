"""How well questions find what was said, and whether a question about something else is seen to be one.

The numbers are floors a little under what was measured (docs/knowledge.md); a change that falls through one
has made search worse.
"""

from __future__ import annotations

import importlib.util
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from knowledge import Citation, KnowledgeBase, relevant
from knowledge.pack import Pack, embed
from knowledge.query import analyse

QUESTIONS = yaml.safe_load((Path(__file__).parent / "questions.yaml").read_text(encoding="utf-8"))
CLAIMS = Pack().by_id
BEFORE_S, AFTER_S = 8.0, 20.0  # what counts as the same place, as the graders have it


@dataclass(frozen=True)
class Scores:
    """Shares of questions answered within the first 1, 3, 5 citations, and the mean reciprocal rank."""

    first: float
    third: float
    fifth: float
    mrr: float


def seconds(stamp: str) -> float:
    hours, minutes, rest = stamp.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def hits(citation: Citation, spans: list[tuple[float, float]]) -> bool:
    if citation.start is None or citation.end is None:
        return False
    start, end = seconds(citation.start), seconds(citation.end)
    return any(min(end, b) - max(start, a) >= min(5.0, (b - a) / 2) for a, b in spans)


def measure(base: KnowledgeBase, questions: list[dict[str, Any]]) -> Scores:
    ranks = []
    for question in questions:
        spans = [(CLAIMS[c].start - BEFORE_S, CLAIMS[c].end + AFTER_S) for c in question["claims"]]
        found = base.search(question["q"], 5)
        ranks.append(next((i for i, c in enumerate(found, 1) if hits(c, spans)), 0))
    n = len(ranks)
    first, third, fifth = (sum(0 < rank <= top for rank in ranks) / n for top in (1, 3, 5))
    return Scores(first, third, fifth, sum(1 / rank for rank in ranks if rank) / n)


@pytest.fixture(scope="module")
def claims_only(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeBase:
    return KnowledgeBase(tmp_path_factory.mktemp("claims"))


@pytest.fixture(scope="module")
def with_transcript(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> KnowledgeBase:
    base = KnowledgeBase(tmp_path_factory.mktemp("transcript"))
    begun, cpu = time.monotonic(), time.process_time()
    base.add(shared / "transcript" / "bg2-2024-12-dylan-patel.txt")
    wall, used = time.monotonic() - begun, time.process_time() - cpu
    assert min(wall, used) < 60, f"indexing took {wall:.0f} s, {used:.0f} CPU seconds"
    base.close()
    return base


def test_shipped_vectors_are_those_of_the_claims() -> None:
    """Rebuild with `python -m knowledge.pack` after changing claims.yaml."""
    pack = Pack()
    stored = pack.stored_vectors()
    assert stored is not None
    sample = pack.claims[::45]
    assert np.allclose(stored[:, ::45], embed(sample), atol=2e-3)


def test_every_question_names_claims_that_exist() -> None:
    named = {c for part in ("answerable", "fresh", "mixed") for q in QUESTIONS[part] for c in q["claims"]}
    assert named <= set(CLAIMS)
    assert len(QUESTIONS["answerable"]) >= 120
    assert len(QUESTIONS["unanswerable"]) >= 30


def test_held_out_questions_find_their_claims(claims_only: KnowledgeBase) -> None:
    scores = measure(claims_only, QUESTIONS["answerable"][1::2])
    assert scores.third >= 0.93, scores
    assert scores.mrr >= 0.88, scores


def test_fresh_questions_find_their_claims(claims_only: KnowledgeBase) -> None:
    scores = measure(claims_only, QUESTIONS["fresh"])
    assert scores.third >= 0.90, scores
    assert scores.mrr >= 0.83, scores


def test_questions_with_a_figure_in_them_find_their_claims(claims_only: KnowledgeBase) -> None:
    scores = measure(claims_only, QUESTIONS["mixed"])
    assert scores.third >= 0.95, scores


def test_questions_about_something_else_are_told_apart(claims_only: KnowledgeBase) -> None:
    def accepted(questions: list[str]) -> float:
        return sum(relevant(claims_only.search(q, 3)) for q in questions) / len(questions)

    assert accepted([q["q"] for q in QUESTIONS["answerable"][1::2]]) >= 0.94
    assert accepted([q["q"] for q in QUESTIONS["fresh"]]) >= 0.90
    assert accepted(QUESTIONS["unanswerable"][1::2]) <= 0.16


@pytest.mark.shared
@pytest.mark.parametrize("which", ["claims_only", "with_transcript"])
def test_the_public_questions_cite_a_gold_span(
    which: str, shared: Path, request: pytest.FixtureRequest
) -> None:
    spec = importlib.util.spec_from_file_location("score_questions", shared / "score_questions.py")
    assert spec
    assert spec.loader
    score = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(score)
    base: KnowledgeBase = request.getfixturevalue(which)
    path = shared / "claims" / "questions_public.yaml"
    asked = [q for q in yaml.safe_load(path.read_text(encoding="utf-8")) if q.get("gold_spans")]
    missed = [
        q["question"]
        for q in asked
        if not score.cited(
            {"citations": [c.model_dump() for c in base.search(q["question"], 5)]}, q["gold_spans"]
        )
    ]
    assert len(missed) <= 1, missed


@pytest.mark.shared
def test_a_transcript_beside_its_claims_is_cited_and_does_not_hide_them(
    with_transcript: KnowledgeBase,
) -> None:
    found = with_transcript.search("what was said about neoclouds?", 5)
    assert {c.source for c in found[:3]} == {"bg2-2024-12"}
    passages = [c for c in found if c.source == "bg2-2024-12-dylan-patel"]
    assert passages
    assert all(c.start and c.end and seconds(c.end) - seconds(c.start) <= 61 for c in passages)
    held_out = measure(with_transcript, QUESTIONS["answerable"][1::2])
    assert held_out.third >= 0.92, held_out


@pytest.mark.shared
def test_what_only_the_transcript_tells_is_found(with_transcript: KnowledgeBase) -> None:
    first = with_transcript.search("how did a broken Xbox get him into hardware?", 1)[0]
    assert first.source == "bg2-2024-12-dylan-patel"
    assert first.start is not None
    assert seconds(first.start) < 150


def test_three_citations_cover_three_moments(claims_only: KnowledgeBase) -> None:
    for question in QUESTIONS["answerable"][:20]:
        found = [c for c in claims_only.search(question["q"], 3) if c.start and c.end]
        for i, one in enumerate(found):
            for other in found[i + 1 :]:
                a, b = seconds(one.start or ""), seconds(one.end or "")
                c, d = seconds(other.start or ""), seconds(other.end or "")
                assert min(b, d) - max(a, c) <= 0.8 * min(b - a, d - c)


def test_a_speaker_named_is_preferred(claims_only: KnowledgeBase) -> None:
    found = claims_only.search("what did Bill Gurley say about who wins from reasoning?", 3)
    assert found[0].speaker == "Bill Gurley"


@pytest.mark.parametrize(
    "query", ["", "   ", "?", "???!!", '"', "a OR b AND (", "NEAR(", "claim:", "x" * 5000, "💸"]
)
def test_no_query_breaks_the_search(claims_only: KnowledgeBase, query: str) -> None:
    assert isinstance(claims_only.search(query, 3), list)


def test_a_very_long_question_is_still_quick(claims_only: KnowledgeBase) -> None:
    words = " ".join(f"word{i} neoclouds" for i in range(50_000))
    begun = time.process_time()
    claims_only.search(words, 3)
    assert time.process_time() - begun < 1.0


def test_lexical_search_alone_is_useful(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from knowledge import base as base_module
    from knowledge.embedding import EmbeddingUnavailable

    def missing() -> None:
        raise EmbeddingUnavailable("not installed")

    monkeypatch.setattr(base_module, "embedder", missing)
    scores = measure(KnowledgeBase(tmp_path), QUESTIONS["fresh"])
    assert scores.third >= 0.8, scores


def test_typing_errors_still_find(claims_only: KnowledgeBase) -> None:
    assert claims_only.search("what is said about neoclowds", 1)[0].claim_id in {
        "neoclouds-80",
        "neocloud-survivors",
    }


def test_warm_search_is_quick(claims_only: KnowledgeBase) -> None:
    claims_only.search("warm up", 3)
    begun = time.process_time()
    for question in QUESTIONS["answerable"][:30]:
        claims_only.search(question["q"], 5)
    assert (time.process_time() - begun) / 30 < 0.06


def test_analysis_keeps_content_and_drops_the_frame() -> None:
    read = analyse("What did Dylan say about the HBM supply, according to the podcast?")
    assert [group.term for group in read.groups] == ["hbm", "supply"]
    assert read.speakers == {"Dylan Patel"}
    assert "high bandwidth memory" in read.groups[0].equals
    assert [g.term for g in analyse("cost of goods of a GPU").groups] == ["cost of goods", "gpu"]
