"""Whole conversations: the share of turns understood stays above its bar, the share answered wrongly below it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from reader_harness import Reply, ask, matches

from agent.offline.model import OfflineModel
from agent.offline.talk.parts import asking_parts
from agent.offline.talk.thread import BLOCK, decide_message
from agent.tool_specs import tool_specs
from tools.catalog import load

CASES: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("thread_cases.yaml").read_text(encoding="utf-8")
)
STRANGERS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[2] / "evals" / "strangers" / "conversations_g.yaml").read_text(encoding="utf-8")
)
RIGHT, WRONG = 0.95, 0.02


def _talk(texts: list[str], model: OfflineModel, tools: Any, catalog: Any) -> list[Reply]:
    replies: list[Reply] = []
    for text in texts:
        replies.append(ask(model, tools, catalog, text, replies[-1].messages if replies else ()))
    return replies


@pytest.fixture(scope="module")
def parts() -> tuple[OfflineModel, Any, Any]:
    catalog = load()
    return OfflineModel(catalog), tool_specs(None), catalog


def _graded(cases: list[dict[str, Any]], parts: tuple[OfflineModel, Any, Any]) -> tuple[int, int, list[str]]:
    """Turns right, turns in all, and what was answered wrongly.

    Turns that ask for words are asked here (no source is indexed) and graded by `evals.turns`.
    """
    right, wrong, total = 0, [], 0
    for case in cases:
        replies = _talk([t["question"] for t in case["turns"]], *parts)
        for turn, reply in zip(case["turns"], replies, strict=True):
            if "expected" not in turn and turn.get("status") != "clarify":
                continue
            total += 1
            passed = (
                matches(reply.headline, turn["expected"])
                if "expected" in turn
                else reply.status == turn["status"]
            )
            if passed:
                right += 1
            elif reply.status == "answered":
                wrong.append(f"{case['id']}: {turn['question']} {reply.headline}")
    return right, total, wrong


def test_follow_ups_are_understood(parts: tuple[OfflineModel, Any, Any]) -> None:
    right, total, wrong = _graded(CASES, parts)
    assert right >= RIGHT * total, f"{right} of {total}"
    assert len(wrong) <= WRONG * total, wrong


def test_a_strangers_conversations_keep_their_floor(parts: tuple[OfflineModel, Any, Any]) -> None:
    right, total, wrong = _graded(STRANGERS, parts)
    assert right >= 0.85 * total, f"{right} of {total}"
    assert len(wrong) <= 0.06 * total, wrong


def test_what_was_read_of_a_thread_is_not_read_again(parts: tuple[OfflineModel, Any, Any]) -> None:
    """A turn reads its own message only, and comes to what reading the whole thread comes to."""
    decider = parts[0].decider()
    for case in CASES[:12]:
        texts = tuple(t["question"] for t in case["turns"])
        known: dict[tuple[str, ...], Any] = {}
        for n in range(1, len(texts) + 1):
            kept = decide_message(decider, texts[:n], known)
            anew = decide_message(decider, texts[:n])
            assert len(known) == n
            assert [(d.kind, d.choice and d.choice.value) for d in kept] == [
                (d.kind, d.choice and d.choice.value) for d in anew
            ]


def test_a_long_thread_is_read_from_whole_blocks(parts: tuple[OfflineModel, Any, Any]) -> None:
    decider = parts[0].decider()
    texts = tuple(f"what is {n}% of $500?" for n in range(1, 31))
    known: dict[tuple[str, ...], Any] = {}
    for n in range(1, len(texts) + 1):
        (decision,) = decide_message(decider, texts[:n], known)
        assert decision.choice is not None
        assert decision.choice.value == (pytest.approx(5.0 * n), "USD")
    assert max(len(key) for key in known) < 3 * BLOCK


@pytest.mark.parametrize(
    ("text", "headline", "other"),
    [
        (
            "A part sells for $20 and costs $8. What is the gross margin, and how many times the cost is the price?",
            (60.0, "percent"),
            2.5,
        ),
        (
            "How many links are in an 8x8x8 torus? And what is the diameter in hops?",
            (1536.0, "link"),
            12.0,
        ),
        (
            "2% of 40,000 GPUs fail early. How many is that, and what do they cost at $25,000 each?",
            (800.0, "dimensionless"),
            20e6,
        ),
    ],
)
def test_two_questions_of_one_message_are_both_answered(
    parts: tuple[OfflineModel, Any, Any], text: str, headline: tuple[float, str], other: float
) -> None:
    from tools.registry import run

    (reply,) = _talk([text], *parts)
    assert reply.headline is not None
    assert reply.headline == pytest.approx(headline[0]) or reply.headline[0] == pytest.approx(headline[0])
    figures = [f.value for name, given in reply.calls for f in run(name, given, catalog=parts[2]).figures]
    assert any(value == pytest.approx(other) for value in figures)
    assert len(reply.calls) == 2


@pytest.mark.parametrize(
    "text",
    [
        "We have 64 H100s at $2 an hour. What is the yearly bill?",
        "What if the price drops to $1.50?",
        "Which is cheaper per GB, and by how much",
        "He said racks are dense. At 72 GPUs a rack, how many racks hold 7,200 GPUs?",
    ],
)
def test_one_question_stays_one(text: str) -> None:
    assert asking_parts(text) == (text,)


def test_a_new_topic_carries_nothing_over(parts: tuple[OfflineModel, Any, Any]) -> None:
    replies = _talk(
        [
            "gross margin of $5B cost on $20B revenue?",
            "how many links has a 4x4x4 torus?",
            "what is 5% of $80M?",
        ],
        *parts,
    )
    assert [r.headline[0] if r.headline else None for r in replies] == pytest.approx([75.0, 192.0, 4e6])
