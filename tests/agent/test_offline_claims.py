"""Questions that combine a number with what was said: the number, the claim it rests on, and what is left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from reader_harness import Reply, ask, matches, specs

from agent.offline.claims.derivations import Derivations
from agent.offline.claims.reading import ClaimReader, ranked_claims
from agent.offline.claims.values import all_claims
from agent.offline.model import OfflineModel
from knowledge.base import KnowledgeBase
from tools import registry
from tools.catalog import Catalog, load

CASES = yaml.safe_load((Path(__file__).parent / "claim_cases.yaml").read_text(encoding="utf-8"))
LEAST_RIGHT, MOST_WRONG, LEAST_CITED = 0.85, 0.08, 0.93


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load()


@pytest.fixture(scope="module")
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeBase:
    return KnowledgeBase(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def replies(catalog: Catalog, knowledge: KnowledgeBase) -> dict[str, Reply]:
    model, tools = OfflineModel(catalog), specs()
    return {c["id"]: ask(model, tools, catalog, c["question"], search=knowledge.search) for c in CASES}


def _said(cases: list[dict[str, Any]], replies: dict[str, Reply]) -> str:
    return "\n".join(f"{c['id']} {c['question']}: {replies[c['id']].headline}" for c in cases)


def test_most_are_answered_with_the_right_number(replies: dict[str, Reply]) -> None:
    missed = [c for c in CASES if not matches(replies[c["id"]].headline, c["expected"])]
    assert len(missed) <= (1 - LEAST_RIGHT) * len(CASES), _said(missed, replies)


def test_few_are_answered_with_a_wrong_number(replies: dict[str, Reply]) -> None:
    wrong = [
        c
        for c in CASES
        if replies[c["id"]].headline is not None and not matches(replies[c["id"]].headline, c["expected"])
    ]
    assert len(wrong) <= MOST_WRONG * len(CASES), _said(wrong, replies)


def test_the_claim_is_cited_among_the_first_three(replies: dict[str, Reply]) -> None:
    missed = [c for c in CASES if c["claim"] not in ranked_claims(replies[c["id"]].citations[:3])]
    assert len(missed) <= (1 - LEAST_CITED) * len(CASES), _said(missed, replies)


def test_every_derivation_is_made_and_runs_where_it_has_all_its_values(catalog: Catalog) -> None:
    model = OfflineModel(catalog)
    decider = model._decider(())
    derivations = Derivations(decider.reader.library)
    for claim, facts in all_claims().items():
        made = [d for d in derivations.of(claim) if not d.is_check]
        assert len(made) == len(facts.runs), claim
        for d in made:
            if d.expression or any(s.origin == "stated" for s in d.slots):
                continue
            given = {s.name: s.low if s.low is not None else s.high for s in d.slots}
            whole = {k: round(v) if d.spec.by_name[k].whole else v for k, v in given.items()}
            run = registry.run(d.spec.name, {**d.fixed, **whole}, catalog=catalog)
            assert any(f.name == d.result for f in run.figures), (claim, d.result)


@pytest.mark.parametrize(
    "text",
    [
        "how many chip plants does he say the firm follows?",
        "what share of AI workloads did Dylan say runs on NVIDIA?",
        "do margins suffer when models think more?",
        "which companies did they name as Broadcom's custom chip customers?",
    ],
)
def test_what_was_said_is_told_and_not_computed_with(
    text: str, catalog: Catalog, knowledge: KnowledgeBase
) -> None:
    reply = ask(OfflineModel(catalog), specs(), catalog, text, search=knowledge.search)
    assert reply.headline is None
    assert reply.citations


def test_a_stated_number_takes_the_place_of_the_one_in_the_claim(
    catalog: Catalog, knowledge: KnowledgeBase
) -> None:
    decider = OfflineModel(catalog)._decider(())
    text = "On the show there's a lift on a developer's pay of 20 percent; at $250,000 each, worth how much a year?"
    found = [c.model_dump(mode="json") for c in knowledge.search(text, top=5)]
    best = ClaimReader(decider).readings(decider.reader.read(text), found)[0]
    assert best.value == pytest.approx(50_000)
    assert best.origins["salary_usd"] == "question"


def test_ends_of_a_range(catalog: Catalog, knowledge: KnowledgeBase) -> None:
    model, tools = OfflineModel(catalog), specs()
    ask_for = "of the neoclouds Dylan counts, what percentage survives {}?"
    low, high = (
        ask(model, tools, catalog, ask_for.format(end), search=knowledge.search).headline
        for end in ("in the worst case", "at the upper end of his range")
    )
    assert low is not None
    assert high is not None
    assert low[0] == pytest.approx(6.25)
    assert high[0] == pytest.approx(12.5)
