"""Conversations: what a follow-up keeps, replaces and asks anew."""

from __future__ import annotations

from typing import Any

import pytest
from reader_harness import Reply, ask, specs

from agent.offline.model import OfflineModel
from tools.catalog import load

CAPACITY = (8 * 80e9 * 0.9 - 405.85e9) / 258048
CONVERSATIONS: list[list[tuple[str, float, str]]] = [
    [
        ("max batch of llama 405b fp8 on 8xH100 at 12k context, fp8 cache, 10% reserve", CAPACITY // 12000, "request"),
        ("and on H200?", (8 * 141e9 * 0.9 - 405.85e9) / 258048 // 12000, "request"),
        ("make that bf16 cache", (8 * 141e9 * 0.9 - 405.85e9) / 516096 // 12000, "request"),
        ("what about 4k context?", (8 * 141e9 * 0.9 - 405.85e9) / 516096 // 4000, "request"),
    ],
    [
        ("How many years to pay back a $40k GPU that rents at $2/hr with 70% utilisation", 40000 / (2 * 0.7 * 8760), "year"),
        ("what if it rents at $1.50?", 40000 / (1.5 * 0.7 * 8760), "year"),
        ("in months?", 12 * 40000 / (1.5 * 0.7 * 8760), "month"),
    ],
    [
        ("gross margin is 70% on 10B revenue, what is the cost?", 3e9, "USD"),
        ("and at 50%?", 5e9, "USD"),
        ("what if revenue doubles to 20B?", 10e9, "USD"),
    ],
    [
        ("5% early failures in a 100k cluster, how many GPUs?", 5000, "chip"),
        ("and for 250k?", 12500, "chip"),
        ("what does that cost at $30k each?", 375e6, "USD"),
    ],
    [
        ("memory ratio of the MI300X to the H100?", 2.4, "dimensionless"),
        ("and the bandwidth ratio?", 5.3 / 3.35, "dimensionless"),
        ("against H200?", 5.3 / 4.8, "dimensionless"),
    ],
    [
        ("rent 64 H100 at $2.50/hr for a year: total?", 64 * 2.5 * 8760, "USD"),
        ("what if the price drops to $1.50?", 64 * 1.5 * 8760, "USD"),
        ("and with 128 GPUs?", 128 * 1.5 * 8760, "USD"),
    ],
    [
        ("20% uplift for 100 engineers at $200k: value per year?", 4e6, "USD/year"),
        ("and with a 10% uplift", 2e6, "USD/year"),
    ],
]  # fmt: skip


@pytest.fixture(scope="module")
def talk() -> Any:
    catalog = load()
    model, tools = OfflineModel(catalog), specs()

    def converse(texts: list[str]) -> list[Reply]:
        replies: list[Reply] = []
        for text in texts:
            history = replies[-1].messages if replies else ()
            replies.append(ask(model, tools, catalog, text, history))
        return replies

    return converse


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda c: c[0][0][:40])
def test_a_follow_up_keeps_what_it_does_not_change(
    talk: Any, conversation: list[tuple[str, float, str]]
) -> None:
    replies = talk([text for text, _, _ in conversation])
    for (text, value, unit), reply in zip(conversation, replies, strict=True):
        assert reply.headline is not None, text
        assert reply.headline[0] == pytest.approx(value, rel=0.02), text
        assert reply.headline[1] == unit, text


def test_the_answer_to_a_question_asked_back_is_put_in(talk: Any) -> None:
    asked, given = talk(["max batch?", "llama 70b on one H200, fp8 weights and cache, 8k context"])
    assert asked.status == "clarify"
    assert given.status == "answered"
    assert given.calls[0][0] == "batch_size"


def test_an_origin_says_what_came_from_the_thread(talk: Any) -> None:
    _, second = talk(["gross margin is 70% on 10B revenue, what is the cost?", "and at 50%?"])
    (call,) = [c for m in second.messages for c in m.tool_calls if c.name == "margin"][-1:]
    assert call.origins["gross_margin_percent"] == "question"
    assert call.origins["revenue_usd"] == "thread"


def test_the_same_question_gets_the_same_answer(talk: Any) -> None:
    first, second = (
        talk(["at a 65% gross margin, the price is what multiple of cost?"])[0] for _ in range(2)
    )
    assert (first.text, first.headline) == (second.text, second.headline)
