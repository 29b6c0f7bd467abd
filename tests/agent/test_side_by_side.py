"""Several things side by side: every one run, ranked by what the question looks for, each said with how many of it."""

from __future__ import annotations

import re

import pytest

from agent.answer import Answer
from agent.graph import Agent
from agent.settings import Settings


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Agent:
    return Agent(Settings(home=tmp_path_factory.mktemp("home"), provider="offline"))


def figures(answer: Answer, name: str) -> list[float]:
    return [next(f.value for f in run.figures if f.name == name) for run in answer.tool_calls]


def sound(answer: Answer) -> None:
    assert answer.status == "answered", answer.text
    assert answer.headline is not None
    assert answer.ledger.unsupported == []


@pytest.mark.parametrize(
    ("question", "result", "best"),
    [
        ("cheapest chip to serve Mixtral 8x7B on per million tokens: A100, H200 or MI325X?", "usd_per_mtok_output", min),
        ("compare the throughput of Llama 3.1 8B on L40S, A100, H100 and B200 at batch 16", "output_tokens_per_s", max),
        ("which needs the most memory in bf16: Mixtral 8x22B, Llama 70B or DeepSeek V3?", "needed_gb", max),
        ("which needs the least memory in fp8: Mixtral 8x22B, Llama 405B or DeepSeek V3?", "needed_gb", min),
    ],
)  # fmt: skip
def test_the_best_of_several_is_told_first_and_all_are_ranked(
    offline: Agent, question: str, result: str, best: type
) -> None:
    answer = offline.ask_now(question)
    sound(answer)
    found = figures(answer, result)
    assert len(found) >= 3
    assert answer.headline is not None
    assert answer.headline.value == best(found)
    rows = re.findall(r"^- (.+?): ", answer.text, re.M)
    assert len(rows) == len(found)


@pytest.mark.parametrize(
    ("question", "result"),
    [
        ("which is faster on Llama 3.1 8B, an A100 or an MI300X?", "tokens_per_s_per_chip"),
        ("how much faster is a B200 than an H200 on Llama 70B?", "tokens_per_s_per_chip"),
        ("is Mixtral 8x7B cheaper to serve on an MI300X than on an H100, per million tokens?", "usd_per_mtok_output"),
    ],
)  # fmt: skip
def test_two_are_told_by_how_many_times_and_each(offline: Agent, question: str, result: str) -> None:
    answer = offline.ask_now(question)
    sound(answer)
    a, b = figures(
        Answer.model_validate(answer.model_copy(update={"tool_calls": answer.tool_calls[:2]})), result
    )
    assert answer.headline is not None
    assert answer.headline.value == pytest.approx(max(a, b) / min(a, b), rel=1e-9)
    assert " over " in answer.text.split("\n")[0]


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("which has more HBM bandwidth, an MI325X or a B200?", "bandwidth"),
        ("is an MI325X cheaper per GB of memory than an H100 to rent?", "gb_per_usd"),
        ("which costs less for 4k in and 300 out, gpt-4o or claude 3.5 sonnet?", "request_cost"),
    ],
)
def test_a_question_which_of_two_is_computed(offline: Agent, question: str, name: str) -> None:
    answer = offline.ask_now(question)
    sound(answer)
    assert answer.headline is not None
    assert name in answer.headline.name


def test_a_factor_in_a_word_that_no_field_takes_is_asked_about(offline: Agent) -> None:
    answer = offline.ask_now(
        "how many requests of Llama 70B fit 8 H100 in fp8 at 16k of context if the memory triples?"
    )
    assert answer.status == "clarify"
    assert "triples" in answer.text


@pytest.mark.parametrize(
    ("question", "unit"),
    [
        ("how many GPU failures per day should a 30k H100 cluster expect?", "1/day"),
        ("interruptions a year of 12,000 H100s?", "1/year"),
        ("how long does it take to train a 13B model on 3T tokens with 512 H100 at 40% MFU?", "day"),
    ],
)
def test_how_often_and_how_long_have_a_unit_of_people(offline: Agent, question: str, unit: str) -> None:
    answer = offline.ask_now(question)
    sound(answer)
    assert answer.headline is not None
    assert answer.headline.unit == unit
