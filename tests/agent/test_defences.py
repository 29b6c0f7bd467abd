"""What a model's text may not carry out, and what it may not say unnoticed."""

from __future__ import annotations

import logging

import pytest
from pydantic import SecretStr

from agent.answer import Answer
from agent.defences import (
    REDACTED,
    Sieve,
    cleaned,
    guard_logs,
    redact,
    redacted,
    secrets_of,
    without_links,
)
from agent.prompt import SYSTEM
from agent.settings import Settings
from knowledge.citation import Citation

PASSAGE = Citation(
    source="talk",
    title="A talk",
    start="00:01:00",
    end="00:01:40",
    speaker="Ada Byron",
    text="Chillers fail in summer.",
)


def answer(text: str, *citations: Citation, question: str = "?") -> Answer:
    return Answer(question=question, status="answered", text=text, citations=list(citations), provider="test")


@pytest.mark.parametrize(
    "text",
    [
        "see [here](https://x.example/a)", "![i](http://x.example/i.png)", "<img src=x.example/i>", "www.x.example/a",
        "[a][1]\n\n[1]: https://x.example", "[a. b](https://x.example/q)", "[a](javascript:alert(1))", "x.example/path?q=1",
        "<https://x.example|open>", "![b](//x.example/b)", "data:text/html,x.example",
    ],
)  # fmt: skip
def test_links_and_images_are_taken_out(text: str) -> None:
    sieve = Sieve()
    streamed = "".join(sieve.take(c) for c in text) + sieve.rest()
    for shown in (without_links(text), streamed):
        assert "x.example" not in shown
        assert "javascript:" not in shown


@pytest.mark.parametrize(
    "text",
    [
        "54 requests at 12,000 tokens (405.85e9 × 1 B)", "a < b and c > d", "16 GB/s per chip [1]", "ratio 3:1, 2/3 of it",
        "cost [per hour] (list)", "USD/Mtoken and GB/kUSD", "**5** | 6 |\n|--|--|",
    ],
)  # fmt: skip
def test_plain_text_is_left_alone(text: str) -> None:
    assert cleaned(text, ("other-secret",)) == text


def test_keys_are_redacted_everywhere() -> None:
    secrets = secrets_of(
        Settings(anthropic_api_key=SecretStr("plain-secret-value"), api_keys=SecretStr("abcdefgh,ijklmnop"))
    )
    assert set(secrets) >= {"plain-secret-value", "abcdefgh", "ijklmnop"}
    said = answer("plain-secret-value and ijklmnop", question="my key sk-ant-api03-AbCdEf0123456789 ?")
    seen = redacted(said, secrets).model_dump_json()
    assert "plain-secret" not in seen
    assert "ijklmnop" not in seen
    assert "AbCdEf" not in seen


@pytest.mark.parametrize("text", ["bg2-sk-hynix-margins", "task-based pricing", "risk-free 2024 rate"])
def test_words_that_only_look_like_keys_stay(text: str) -> None:
    assert redact(text) == text


def test_the_instructions_are_withheld_and_the_rest_stays() -> None:
    shown = cleaned(f"It is 5 GB.\n{SYSTEM}\nThat was all.")
    assert "You never calculate in your head" not in shown
    assert shown.startswith("It is 5 GB.")
    assert "That was all." in shown


def test_logs_hold_no_keys(caplog: pytest.LogCaptureFixture) -> None:
    guard_logs(("log-secret-0001",))
    with caplog.at_level(logging.WARNING, logger="rackrate.providers"):
        logging.getLogger("rackrate.providers").warning("failed with %s", "log-secret-0001")
    assert "log-secret" not in caplog.text
    assert REDACTED in caplog.text
