"""Everything sent to Slack keeps Slack's limits, whatever an answer holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.answer import Answer, Ledger, ToolResult
from agent.graph import Agent
from agent.settings import Settings
from api.slack import blocks
from knowledge.citation import Citation
from tools import registry
from tools.contract import Figure

QUESTIONS = (
    "max batch of Llama 405B FP8 on 8xH100 at 12k context?",
    "rank H100, H200, MI300X and Trainium2 by HBM per dollar",
    "what was said about neoclouds, and does it hold?",
    "TTFT and TPOT of Llama 3.1 70B on 4xH200 fp8, 2k in 500 out, batch 64",
    "what did an H100 rent for in early 2024 against 2026?",
    "how many concurrent users can I serve with my H100s?",
    "max batch of Llama 70B on 0 H100s at 8k context?",
    "should I buy shares of a chip maker?",
    "<!channel> <@U1> what is 2 & 3?",
)
# https://docs.slack.dev/reference/block-kit: the most characters, or elements, of each part.
TEXT = {
    "section": 3000,
    "header": 150,
    "button": 75,
    "option": 75,
    "label": 2000,
    "hint": 2000,
    "context": 3000,
}


def check(part: list[dict[str, Any]], most: int) -> None:
    """Fails where Slack would answer invalid_blocks."""
    assert 0 < len(part) <= most
    ids = [block["block_id"] for block in part if "block_id" in block]
    assert len(ids) == len(set(ids))
    for block in part:
        assert len(block.get("block_id", "b")) <= 255
        _CHECKS[block["type"]](block)
    assert len(json.dumps(part)) < (13_000 if most == 50 else 250_000)


def _text(text: dict[str, Any], kind: str, types: tuple[str, ...] = ("plain_text", "mrkdwn")) -> None:
    assert text["type"] in types
    assert 0 < len(text["text"]) <= TEXT[kind]
    assert text["text"].count("```") % 2 == 0, "a fence that is opened is closed"


def _section(block: dict[str, Any]) -> None:
    _text(block["text"], "section")
    if "accessory" in block:
        _button(block["accessory"])


def _header(block: dict[str, Any]) -> None:
    _text(block["text"], "header", ("plain_text",))


def _context(block: dict[str, Any]) -> None:
    assert 0 < len(block["elements"]) <= 10
    for element in block["elements"]:
        _text(element, "context")


def _actions(block: dict[str, Any]) -> None:
    assert 0 < len(block["elements"]) <= 25
    names = [element["action_id"] for element in block["elements"]]
    assert len(names) == len(set(names))
    for element in block["elements"]:
        _button(element)


def _button(button: dict[str, Any]) -> None:
    _text(button["text"], "button", ("plain_text",))
    assert len(button["value"]) <= 2000
    assert len(button["action_id"]) <= 255
    assert len(button.get("accessibility_label", "")) <= 75


def _input(block: dict[str, Any]) -> None:
    _text(block["label"], "label", ("plain_text",))
    if "hint" in block:
        _text(block["hint"], "hint", ("plain_text",))
    element = block["element"]
    if element["type"] == "plain_text_input":
        assert len(element["initial_value"]) <= 3000
        return
    assert 0 < len(element["options"]) <= 100
    for option in element["options"]:
        _text(option["text"], "option", ("plain_text",))
        assert len(option["value"]) <= 150
    assert element["initial_option"] in element["options"]


_CHECKS = {"section": _section, "header": _header, "context": _context, "actions": _actions, "input": _input}


def check_modal(view: dict[str, Any]) -> None:
    check(view["blocks"], 100)
    assert len(view["private_metadata"]) <= 3000
    for name in ("title", "submit", "close"):
        assert 0 < len(view[name]["text"]) <= 24


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    made = Agent(Settings(home=tmp_path_factory.mktemp("blocks"), provider="offline"))
    yield made
    made.close()


@pytest.mark.parametrize("question", QUESTIONS)
def test_answers_keep_the_limits(agent: Agent, question: str) -> None:
    answer = agent.ask_now(question)
    thread = f"slack/T1/C1/{'1' * 40}"
    shown = blocks.answer_blocks(answer, thread, 3)
    check(shown, 50)
    assert 0 < len(blocks.fallback(answer)) <= 4000
    for call in answer.tool_calls:
        check_modal(
            blocks.assumptions_modal(call, {"thread": thread, "turn": 3, "channel": "C1", "root": "1.1"})
        )
        run = registry.run(call.tool, call.input)
        check(blocks.run_blocks(run, call.input, call, {"thread": thread, "turn": 3}), 50)


def test_an_answer_says_what_matters_once(agent: Agent) -> None:
    shown = blocks.answer_blocks(agent.ask_now(QUESTIONS[0]), "t", 0)
    assert shown[0]["text"]["text"] == "37 requests"
    said = json.dumps(shown, ensure_ascii=False)
    assert said.count("37 requests") == 1
    assert "What would change it most" in said
    assert "*Assumed*" in said
    assert "(2026" in said, "sources have dates"


def test_what_was_not_answered_cites_nothing(agent: Agent) -> None:
    said = json.dumps(blocks.answer_blocks(agent.ask_now(QUESTIONS[5]), "t", 0))
    assert "podcast" not in said


def huge() -> Answer:
    figure = Figure(name="x", value=1.5, unit="USD/" + "a_very_long_unit" * 20, low=1, high=2)
    table = {"columns": ["name", "value"], "rows": [["n" * 300, i] for i in range(400)]}
    call = ToolResult(
        tool="batch_size", input={f"field_{i}": "v" * 5000 for i in range(90)}, figures=[figure], table=table,
        formula="1 + " * 5000, sources=[{"title": "t" * 400}] * 30,
    )  # fmt: skip
    text = "word " * 8000 + "\n\n```\n" + "code\n" * 3000 + "```\n" + "|a|b|\n" * 2000
    cited = Citation(source="s", title="T" * 500, start="00:00:01", text="said " * 900)
    return Answer(
        question="q", status="answered", text=text, headline=figure, tool_calls=[call], citations=[cited] * 20,
        assumptions=["a" * 900] * 40, warnings=["w" * 5000] * 9, ledger=Ledger(checked=3), provider="offline",
    )  # fmt: skip


def test_an_enormous_answer_is_cut_to_fit() -> None:
    answer = huge()
    check(blocks.answer_blocks(answer, "t" * 250, 9), 50)
    check_modal(blocks.assumptions_modal(answer.tool_calls[0], {"thread": "t" * 250, "turn": 9}))


def test_the_home_tab_keeps_the_limits() -> None:
    check(blocks.home_view()["blocks"], 100)


def test_empty_text_is_still_a_block() -> None:
    answer = huge().model_copy(
        update={"text": "", "headline": None, "tool_calls": [], "citations": [], "warnings": []}
    )
    check(blocks.answer_blocks(answer, "t", 0), 50)


def test_the_manifest_is_where_the_guide_says() -> None:
    assert Path(blocks.__file__).with_name("manifest.yaml").exists()
