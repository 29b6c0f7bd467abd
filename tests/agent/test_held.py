"""What was said and whether it holds: claims computed again beside their citation, by the reader and for any model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ScriptedModel, calls, says

from agent.answer import Answer
from agent.graph import Agent
from agent.settings import Settings

UNSOUND = "Does not hold"


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Agent:
    return Agent(Settings(home=tmp_path_factory.mktemp("home"), provider="offline"))


def sound(answer: Answer) -> None:
    assert answer.status == "answered"
    assert answer.headline is None, "no one number is the answer"
    assert answer.ledger.unsupported == []
    assert answer.citations[0].start


@pytest.mark.parametrize(
    "question",
    [
        "What was said about the growth of the KV cache with context, and does it hold?",
        "the remarks on how cache memory grows with the context: do they add up?",
        "What does a longer context do to the KV cache, according to the podcast?",
    ],
)
def test_claims_are_computed_again_where_the_question_asks_whether_they_hold(
    offline: Agent, question: str
) -> None:
    answer = offline.ask_now(question)
    sound(answer)
    assert UNSOUND in answer.text
    assert "**Holds**" in answer.text or "**Plausible**" in answer.text
    assert all(run.error is None and run.output["verdict"] for run in answer.tool_calls)
    assert {run.output["claim"] for run in answer.tool_calls} <= {c.text for c in answer.citations}


def test_what_does_not_hold_is_never_told_without_a_word(offline: Agent) -> None:
    answer = offline.ask_now("Where did he speak of a KV cache that grows with the square of the context?")
    sound(answer)
    assert answer.text.count(UNSOUND) == len(answer.tool_calls) >= 1
    assert "Holds" not in answer.text


def test_nothing_is_computed_where_nobody_asks_and_nothing_is_wrong(offline: Agent) -> None:
    answer = offline.ask_now("What was said about cooling with water?")
    assert answer.status == "answered"
    assert answer.tool_calls == []


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [({}, "missing"), ({"id": 5}, "missing"), ({"id": "no-such-claim"}, "unknown")],
)
def test_a_model_that_asks_wrongly_is_told(
    make_agent: Callable[..., Agent], arguments: dict[str, Any], kind: str
) -> None:
    model = ScriptedModel(calls(("check_claim", arguments)), says("I cannot check that."))
    make_agent(model).ask_now("does it hold?")
    result = next(m.result for m in model.requests[1].messages if m.role == "tool")
    assert result is not None
    assert result["error"]["kind"] == kind


def test_any_model_can_have_a_claim_computed_again(make_agent: Callable[..., Agent], home: Path) -> None:
    model = ScriptedModel(
        calls(("check_claim", {"id": "kv-quadratic"})), says("It grows 10 times, not with the square.")
    )
    answer = make_agent(model).ask_now("does the cache grow with the square?")
    result = next(m.result for m in model.requests[1].messages if m.role == "tool")
    assert result is not None
    assert result["verdict"] == "inconsistent"
    assert answer.tool_calls[0].figures
    assert answer.ledger.unsupported == []
