"""The OpenAI-compatible chat, used through the openai SDK."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from running import running

CACHE = "How many tokens can one H200 cache for Llama 3.1 8B in bf16?"
SAID = "what was said about neoclouds?"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("chat")) as address:
        yield address


@pytest.fixture(scope="module")
def client(base: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{base}/v1", api_key="unused", timeout=60, max_retries=0)


def asked(client: openai.OpenAI, *messages: tuple[str, str], **more: Any) -> Any:
    said: Any = [{"role": role, "content": text} for role, text in messages]
    return client.chat.completions.create(model="rackrate", messages=said, **more)


def test_the_agent_is_the_one_model(client: openai.OpenAI) -> None:
    assert [m.id for m in client.models.list()] == ["rackrate"]
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "hi"}])
    assert "rackrate" in str(caught.value)


def test_a_plain_completion_holds_the_answer(client: openai.OpenAI) -> None:
    done = asked(client, ("user", CACHE))
    answer = done.model_extra["rackrate"]
    assert done.choices[0].message.content == answer["text"]
    assert done.choices[0].finish_reason == "stop"
    assert answer["headline"]["unit"] == "token"
    assert done.usage.total_tokens >= 0


def test_citations_are_annotations_of_the_text(client: openai.OpenAI) -> None:
    message = asked(client, ("user", SAID)).choices[0].message
    assert message.annotations
    for annotation in message.annotations:
        cited = annotation.url_citation
        assert annotation.type == "url_citation"
        assert cited.url.startswith("rackrate:")
        assert cited.title
        assert message.content[cited.start_index : cited.end_index] in cited.title


def test_a_stream_adds_up_to_the_plain_text(client: openai.OpenAI) -> None:
    plain = asked(client, ("user", SAID)).choices[0].message
    chunks = list(asked(client, ("user", SAID), stream=True, stream_options={"include_usage": True}))
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == plain.content
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].usage.total_tokens >= 0
    told = next(
        c.choices[0].delta.model_extra["annotations"]
        for c in chunks
        if c.choices and c.choices[0].finish_reason
    )
    assert len(told) == len(plain.annotations)


def test_earlier_messages_are_the_conversation(client: openai.OpenAI, base: str) -> None:
    first = asked(client, ("user", CACHE))
    turns = [
        ("system", "Answer in French."),
        ("user", CACHE),
        ("assistant", first.choices[0].message.content),
    ]
    second = asked(client, *turns, ("user", "and on an H100?"))
    call = second.model_extra["rackrate"]["tool_calls"][0]
    assert call["input"]["chip"].startswith("h100")
    assert call["input"]["model"] == "llama-3.1-8b"
    assert second.model_extra["rackrate"]["thread"] is None


def test_a_named_thread_is_the_same_as_over_ask(client: openai.OpenAI, base: str) -> None:
    asked(client, ("user", CACHE), metadata={"thread": "shared"})
    follow = httpx.post(
        f"{base}/v1/ask", json={"question": "and on an H100?", "thread": "shared"}, timeout=60
    )
    assert follow.json()["tool_calls"][0]["input"]["chip"].startswith("h100")
    with pytest.raises(openai.UnprocessableEntityError):
        asked(client, ("user", CACHE), metadata={"thread": "../x"})


def test_what_cannot_be_a_request_is_refused_as_one(client: openai.OpenAI) -> None:
    with pytest.raises(openai.UnprocessableEntityError):
        asked(client, ("user", "x"), ("assistant", "y"))
    with pytest.raises(openai.UnprocessableEntityError):
        client.chat.completions.create(model="rackrate", messages=[])


def test_text_parts_of_a_message_are_read(client: openai.OpenAI) -> None:
    parts: Any = [{"type": "text", "text": CACHE}]
    done = client.chat.completions.create(model="rackrate", messages=[{"role": "user", "content": parts}])
    assert done.model_extra["rackrate"]["status"] == "answered"
