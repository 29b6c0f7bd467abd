"""Both SDKs against mocked wire responses: good streams, and every way a provider fails."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import respx
from pydantic import SecretStr

from agent.chat import ChatRequest, Done, Event, Message, Restarted, TextDelta, ToolCall, ToolSpec
from agent.errors import ProviderError
from agent.providers import attempts as attempts_module
from agent.providers.anthropic import AnthropicModel
from agent.providers.attempts import attempts
from agent.providers.faults import ProviderFault
from agent.providers.openai import OpenAIModel
from agent.settings import Settings
from evals import wire

TOOL = ToolSpec(
    "batch_size",
    "How many requests fit.",
    {
        "type": "object",
        "properties": {
            "model": {"type": "string", "description": "Model", "entity": "model", "words": ["llm"]},
            "context_tokens": {"type": "integer", "description": "Context.", "unit": "token"},
        },
        "required": ["model"],
    },
)
CALLS = [
    ("batch_size", {"model": "llama-3.1-405b", "context_tokens": 12000}),
    ("batch_size", {"model": "llama-3.1-8b"}),
]


def settings(**changes: Any) -> Settings:
    base = {
        "anthropic_api_key": SecretStr("sk-test-anthropic"),
        "openai_api_key": SecretStr("sk-test-openai"),
        "anthropic_base_url": None,
        "openai_base_url": None,
        "provider_deadline_s": 30.0,  # importing an SDK on a busy machine takes seconds
        "provider_attempts": 3,
    }
    return Settings.model_construct(**(base | changes))


def request(*extra: Message) -> ChatRequest:
    said = (Message("system", "You answer with numbers."), Message("user", "max batch of 405B?"), *extra)
    return ChatRequest(messages=said, tools=[TOOL])


async def collect(stream: AsyncIterator[Event]) -> list[Event]:
    return [event async for event in stream]


def text_of(events: list[Event]) -> str:
    return "".join(e.text for e in events if isinstance(e, TextDelta))


@pytest.fixture
def wired() -> Iterator[Any]:
    with respx.mock(using="httpcore2", assert_all_called=False) as router:
        yield router


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts_module, "FIRST_PAUSE_S", 0.01)


PROVIDERS = [
    pytest.param(AnthropicModel, wire.ANTHROPIC_URL, wire.anthropic_turn, id="anthropic"),
    pytest.param(OpenAIModel, wire.OPENAI_URL, wire.openai_turn, id="openai"),
]


def sse(router: Any, url: str, *bodies: bytes) -> Any:
    import httpx

    answers = [httpx.Response(200, content=b, headers={"content-type": "text/event-stream"}) for b in bodies]
    return router.post(url).mock(side_effect=answers)


@pytest.mark.parametrize(("model", "url", "turn"), PROVIDERS)
async def test_text_streams_and_usage_is_counted(wired: Any, model: Any, url: str, turn: Any) -> None:
    sse(wired, url, turn("It fits 54 requests."))
    events = await collect(model(settings()).stream(request()))
    assert text_of(events) == "It fits 54 requests."
    assert sum(isinstance(e, TextDelta) for e in events) > 1
    assert events[-1] == Done("end_turn", 1200, 77, 300)


@pytest.mark.parametrize(("model", "url", "turn"), PROVIDERS)
async def test_parallel_tool_calls_arrive_whole(wired: Any, model: Any, url: str, turn: Any) -> None:
    sse(wired, url, turn("Let me see.", CALLS))
    events = await collect(model(settings()).stream(request()))
    calls = [e for e in events if isinstance(e, ToolCall)]
    assert [(c.name, dict(c.arguments)) for c in calls] == CALLS
    assert len({c.id for c in calls}) == 2
    assert isinstance(events[-1], Done)
    assert events[-1].stop_reason == "tool_use"


@pytest.mark.parametrize(("model", "url", "turn"), PROVIDERS)
async def test_what_is_sent_is_the_conversation_and_plain_schemas(
    wired: Any, model: Any, url: str, turn: Any
) -> None:
    route = sse(wired, url, turn("ok"))
    call = ToolCall("id1", "batch_size", {"model": "x"})
    after = (
        Message("assistant", "", (call,)),
        Message("tool", call_id="id1", result={"error": {"kind": "unknown", "message": "no model x"}}),
    )
    await collect(model(settings()).stream(request(*after)))
    body = json.loads(route.calls[0].request.content)
    sent = json.dumps(body)
    assert "no model x" in sent
    assert '"words"' not in sent
    assert '"entity"' not in sent
    assert "a model of the catalogue" in sent
    assert "in token" in sent
    assert '"additionalProperties": false' in sent
    assert "sk-test" not in sent


@pytest.mark.parametrize(("model", "url", "turn"), PROVIDERS)
async def test_a_cut_stream_is_void_and_tried_again(wired: Any, model: Any, url: str, turn: Any) -> None:
    route = sse(wired, url, turn("The answer is 12", cut=3), turn("The answer is 12,000."))
    events = await collect(model(settings()).stream(request()))
    at = next(i for i, e in enumerate(events) if isinstance(e, Restarted))
    assert route.call_count == 2
    assert text_of(events[at:]) == "The answer is 12,000."


@pytest.mark.parametrize(("model", "url", "turn"), PROVIDERS)
async def test_cut_tool_arguments_whose_number_parses_never_become_a_call(
    wired: Any, model: Any, url: str, turn: Any
) -> None:
    cut_short = (
        '{"model": "llama-3.1-405b", "context_tokens": 120}'  # 12000, cut and closed by a helpful server
    )
    stop = "max_tokens" if model is AnthropicModel else "length"
    sse(wired, url, turn("", [("batch_size", cut_short)], stop=stop))
    events = await collect(model(settings()).stream(request()))
    assert not [e for e in events if isinstance(e, ToolCall)]
    assert events[-1].stop_reason == "max_tokens"  # type: ignore[union-attr]


@pytest.mark.parametrize("arguments", ['{"model": "llama', "[1, 2]", '"text"', "12"])
@pytest.mark.parametrize(("model", "url", "turn"), PROVIDERS)
async def test_arguments_that_are_no_object_are_a_fault(
    wired: Any, model: Any, url: str, turn: Any, arguments: str
) -> None:
    route = sse(wired, url, *(turn("", [("batch_size", arguments)]) for _ in range(3)))
    with pytest.raises(ProviderFault) as caught:
        await collect(model(settings()).stream(request()))
    assert caught.value.kind == "malformed"
    assert route.call_count == 3


STATUSES = [
    (429, "rate_limited", 3),
    (529, "overloaded", 3),
    (503, "overloaded", 3),
    (401, "auth", 1),
    (400, "rejected", 1),
]


@pytest.mark.parametrize(("status", "kind", "tries"), STATUSES)
@pytest.mark.parametrize(("model", "url", "turn"), PROVIDERS)
async def test_statuses_are_retried_as_the_table_says(
    wired: Any, model: Any, url: str, turn: Any, status: int, kind: str, tries: int
) -> None:
    route = wired.post(url).respond(status, json={"error": {"type": "x", "message": "no"}})
    with pytest.raises(ProviderFault) as caught:
        await collect(model(settings()).stream(request()))
    assert (caught.value.kind, route.call_count) == (kind, tries)


@pytest.mark.parametrize(("model", "url", "turn"), PROVIDERS)
async def test_a_long_retry_after_is_not_slept(wired: Any, model: Any, url: str, turn: Any) -> None:
    wired.post(url).respond(429, headers={"retry-after": "120"}, json={"error": {"message": "slow"}})
    began = time.monotonic()
    with pytest.raises(ProviderFault, match="rate limited") as caught:
        await collect(model(settings()).stream(request()))
    assert caught.value.retry_after_s == 120
    assert time.monotonic() - began < 2.0


@pytest.mark.parametrize(("model", "url", "turn"), PROVIDERS)
async def test_a_short_retry_after_is_honoured(wired: Any, model: Any, url: str, turn: Any) -> None:
    import httpx

    slow = httpx.Response(429, headers={"retry-after": "0.2"}, json={"error": {"message": "slow"}})
    good = httpx.Response(200, content=turn("fine"), headers={"content-type": "text/event-stream"})
    wired.post(url).mock(side_effect=[slow, good])
    began = time.monotonic()
    events = await collect(model(settings()).stream(request()))
    assert text_of(events) == "fine"
    assert time.monotonic() - began >= 0.2


async def test_an_error_event_in_the_middle_of_a_stream_is_retried(wired: Any) -> None:
    sse(wired, wire.ANTHROPIC_URL, wire.anthropic_error_event(), wire.anthropic_turn("whole"))
    events = await collect(AnthropicModel(settings()).stream(request()))
    at = next(i for i, e in enumerate(events) if isinstance(e, Restarted))
    assert text_of(events[:at])
    assert text_of(events[at:]) == "whole"


@pytest.mark.parametrize(("model", "url", "turn"), PROVIDERS)
async def test_nobody_there_is_a_connection_fault(wired: Any, model: Any, url: str, turn: Any) -> None:
    import httpx

    wired.post(url).mock(side_effect=httpx.ConnectError("[Errno -2] Name or service not known"))
    with pytest.raises(ProviderFault) as caught:
        await collect(model(settings(provider_attempts=2)).stream(request()))
    assert caught.value.kind == "connection"
    assert "sk-test" not in str(caught.value)


async def test_a_hang_ends_at_our_deadline() -> None:
    async def hangs() -> AsyncIterator[Event]:
        yield TextDelta("one")
        await asyncio.sleep(60)

    began = time.monotonic()
    with pytest.raises(ProviderFault) as caught:
        await collect(attempts("anthropic", hangs, deadline_s=0.3, max_attempts=3))
    assert caught.value.kind == "timeout"
    assert time.monotonic() - began < 2.0


def test_without_a_key_it_says_which_variable_to_set() -> None:
    with pytest.raises(ProviderError, match="ANTHROPIC_API_KEY"):
        AnthropicModel(settings(anthropic_api_key=None))
    with pytest.raises(ProviderError, match="OPENAI_API_KEY"):
        OpenAIModel(settings(openai_api_key=None))


async def test_a_compatible_server_needs_a_base_url_only(wired: Any) -> None:
    local = settings(openai_api_key=None, openai_base_url="http://127.0.0.1:9/v1")
    sse(wired, "http://127.0.0.1:9/v1/chat/completions", wire.openai_turn("hi"))
    assert text_of(await collect(OpenAIModel(local, "llama").stream(request()))) == "hi"
