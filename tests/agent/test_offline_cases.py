"""The reader on questions of the project's own: how many it reads rightly, and how seldom it answers wrongly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from reader_harness import STATUSES, ask, matches, specs

from agent.offline.model import OfflineModel
from tools.catalog import load

CASES = yaml.safe_load((Path(__file__).parent / "reader_cases.yaml").read_text(encoding="utf-8"))
LEAST_RIGHT, MOST_WRONG = 0.86, 0.12


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
