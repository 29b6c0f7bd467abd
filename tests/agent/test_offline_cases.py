"""The reader on questions of the project's own: how many it reads rightly, and how seldom it answers wrongly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from reader_harness import STATUSES, ask, matches, specs

from agent.offline.gate import refuse
from agent.offline.model import OfflineModel
from tools.catalog import load

CASES = yaml.safe_load((Path(__file__).parent / "reader_cases.yaml").read_text(encoding="utf-8"))
LEAST_RIGHT, MOST_WRONG = 0.86, 0.06


@pytest.fixture(scope="module")
def replies() -> dict[str, Any]:
    catalog = load()
    model, tools = OfflineModel(catalog), specs()
    return {q["id"]: ask(model, tools, catalog, q["question"]) for q in CASES if q["kind"] != "narrative"}


def _right(case: dict[str, Any], reply: Any) -> bool:
    if case["kind"] == "refuse":
        return reply.status in STATUSES[case["expected_behaviour"]]
    return matches(reply.headline, case["expected"])


def test_most_questions_are_read_rightly(replies: dict[str, Any]) -> None:
    cases = [c for c in CASES if c["id"] in replies and c["kind"] == "calculator"]
    right = [c["id"] for c in cases if _right(c, replies[c["id"]])]
    missed = [f"{c['id']} {c['question']}" for c in cases if c["id"] not in right]
    assert len(right) >= LEAST_RIGHT * len(cases), "\n".join(missed)


def test_few_questions_are_answered_wrongly(replies: dict[str, Any]) -> None:
    cases = [c for c in CASES if c["id"] in replies and c["kind"] == "calculator"]
    wrong = [c for c in cases if replies[c["id"]].status == "answered" and not _right(c, replies[c["id"]])]
    assert len(wrong) <= MOST_WRONG * len(cases), "\n".join(f"{c['id']} {c['question']}" for c in wrong)


def test_a_strangers_questions_keep_their_floor(replies: dict[str, Any]) -> None:
    cases = [c for c in CASES if c["id"].startswith("bl2-") and c["kind"] == "calculator"]
    right = [c for c in cases if _right(c, replies[c["id"]])]
    wrong = [c for c in cases if replies[c["id"]].status == "answered" and c not in right]
    # asking back is better than a wrong number: fewer are answered than once were, and hardly one wrongly
    assert len(right) >= 0.80 * len(cases), "\n".join(c["question"] for c in cases if c not in right)
    assert len(wrong) <= 0.03 * len(cases), "\n".join(c["question"] for c in wrong)


def test_what_cannot_be_answered_is_not(replies: dict[str, Any]) -> None:
    cases = [c for c in CASES if c["kind"] == "refuse"]
    failed = [
        f"{c['id']} {c['question']}: {replies[c['id']].status}"
        for c in cases
        if not _right(c, replies[c["id"]])
    ]
    assert len(failed) <= 3, "\n".join(failed)


def test_every_case_has_an_id_of_its_own() -> None:
    ids = [c["id"] for c in CASES]
    assert len(ids) == len(set(ids)) >= 180


ADVICE = (
    "is broadcom worth holding in my ira",
    "Nvidia calls or puts before earnings?",
    "would you short CoreWeave here?",
    "How much of my savings should I put into Micron?",
    "Is 140 a good entry for $NVDA?",
)
FAIR = (
    "who does Nvidia buy its memory from",
    "should I rent or buy H100s at $2 an hour against $30k",
    "how much does Microsoft invest in OpenAI",
    "96% without Google and 68% with it: what share does Google hold",
)


@pytest.mark.parametrize("text", ADVICE)
def test_advice_on_a_security_is_refused_in_any_wording(text: str) -> None:
    found = refuse(text)
    assert found is not None
    assert found.kind == "advice"


@pytest.mark.parametrize("text", FAIR)
def test_a_calculation_or_a_report_about_a_company_is_not_advice(text: str) -> None:
    assert refuse(text) is None


@pytest.mark.parametrize(
    "text", ["How long until my GPUs have paid for themselves?", "how long is the payback on my GPUs?"]
)
def test_a_bare_question_of_ones_own_is_asked_back(text: str) -> None:
    catalog = load()
    assert ask(OfflineModel(catalog), specs(), catalog, text).status == "clarify"


def test_a_number_that_the_result_would_ignore_is_used_or_asked_about() -> None:
    catalog = load()
    text = "20 MW of grid power at a PUE of 1.25, racks drawing 100 kW each. how many racks"
    reply = ask(OfflineModel(catalog), specs(), catalog, text)
    assert reply.headline is not None
    assert reply.headline[0] == pytest.approx(160, rel=1e-6)
