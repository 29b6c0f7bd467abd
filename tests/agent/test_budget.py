"""What an answer may cost: counted by the price library, shown as it grows, and never overdrawn; at the wire."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_httpx2  # noqa: F401  (teaches respx the SDKs' transport)
import respx
from genai_prices import Usage as PricedUsage
from genai_prices import calc_price
from pydantic import SecretStr

from agent.answer import Answer
from agent.chat import Done
from agent.cost import usd
from agent.graph import Agent
from agent.providers import anthropic, openai
from agent.settings import Settings
from evals import wire

QUESTION = "How much KV cache does one token of Llama 3.1 8B take in bf16, in KiB?"
CALL: wire.Call = ("kv_cache", {"model": "llama-3.1-8b", "kv_precision": "bf16", "context_tokens": 1})
FIRST_READ = 36_000  # tokens: rather more than the tools and the system prompt are estimated at
PROVIDERS: list[tuple[str, str, Callable[..., bytes], str]] = [
    ("anthropic", wire.ANTHROPIC_URL, wire.anthropic_turn, anthropic.DEFAULT_MODEL),
    ("openai", wire.OPENAI_URL, wire.openai_turn, openai.DEFAULT_MODEL),
]


async def asked(
    home: Path, provider: str, url: str, *turns: bytes, events: list[Any] | None = None, **changes: Any
) -> tuple[Answer, list[dict[str, Any]]]:
    """The Answer while the API plays `turns` (the last one again and again), and the bodies it was sent."""
    key: dict[str, Any] = {f"{provider}_api_key": SecretStr("planted-key-12345678")}
    agent = Agent(Settings(home=home, provider=provider, **key, **changes))
    sent: list[dict[str, Any]] = []

    def respond(request: httpx.Request) -> httpx.Response:
        body = turns[min(len(sent), len(turns) - 1)]
        sent.append(json.loads(request.content))
        return httpx.Response(200, content=body, headers={"content-type": "text/event-stream"})

    with respx.mock(using="httpcore2", assert_all_called=False) as router:
        router.post(url).mock(side_effect=respond)
        async for name, data in agent.stream(QUESTION):
            if events is not None:
                events.append((name, data))
            if name == "answer":
                answer = data
    agent.close()
    return answer, sent


def first_turn(provider: str, model: str) -> float:
    """Dollars that a first turn may come to: the tools and the question read, a little written."""
    return usd(provider, model, Done("end_turn", FIRST_READ, 600))


@pytest.mark.parametrize(("provider", "url", "turn", "model"), PROVIDERS)
async def test_cost_is_the_price_librarys_and_grows_in_view(
    home: Path, provider: str, url: str, turn: Callable[..., bytes], model: str
) -> None:
    events: list[Any] = []
    answer, sent = await asked(
        home, provider, url, turn("", [CALL]), turn("**128 KiB** a token."), events=events
    )
    each = PricedUsage(input_tokens=1200, output_tokens=77, cache_read_tokens=300)
    price = float(calc_price(each, model_ref=model, provider_id=provider).total_price)
    assert price > 0
    assert len(sent) == 2
    assert answer.usage.usd == pytest.approx(2 * price, rel=1e-6)
    shown = [data["usage"]["usd"] for name, data in events if name == "status" and "usage" in data]
    assert shown == pytest.approx([price, 2 * price], rel=1e-6)


@pytest.mark.parametrize(("provider", "url", "turn", "model"), PROVIDERS)
async def test_a_loop_stops_within_the_dollars(
    home: Path, provider: str, url: str, turn: Callable[..., bytes], model: str
) -> None:
    """An endless loop of calls: no turn is begun that the dollars might not pay for, and the answer says why it ended."""
    each = usd(provider, model, Done("end_turn", 1200, 77, 300))
    budget = first_turn(provider, model) + 8 * each
    answer, sent = await asked(
        home, provider, url, turn("", [CALL]), max_usd_per_answer=budget, max_rounds=90, max_tool_calls=200
    )
    assert answer.usage.usd <= budget
    assert 5 < len(sent) < 90
    assert any("too many dollars" in w or "budget" in w for w in answer.warnings), answer.warnings


@pytest.mark.parametrize(("provider", "url", "turn", "model"), PROVIDERS)
async def test_a_budget_that_pays_for_no_turn_is_answered_offline(
    home: Path, provider: str, url: str, turn: Callable[..., bytes], model: str
) -> None:
    answer, sent = await asked(home, provider, url, turn("never sent"), max_usd_per_answer=0.0001)
    assert sent == []
    assert answer.provider == "offline"
    assert answer.usage.usd == 0
    assert any("budget" in w for w in answer.warnings)


@pytest.mark.parametrize(("provider", "url", "turn", "model"), PROVIDERS)
async def test_a_turn_may_write_only_what_is_left(
    home: Path, provider: str, url: str, turn: Callable[..., bytes], model: str
) -> None:
    field = "max_tokens" if provider == "anthropic" else "max_completion_tokens"
    _, sent = await asked(home, provider, url, turn("**128 KiB**"))
    assert sent[0][field] == 4096
    each = usd(provider, model, Done("end_turn", 0, 1000)) / 1000
    tight = usd(provider, model, Done("end_turn", FIRST_READ, 0)) + 1000 * each
    _, sent = await asked(home, provider, url, turn("**128 KiB**"), max_usd_per_answer=tight)
    assert 256 <= sent[0][field] < 4096


@pytest.mark.parametrize(("provider", "url", "turn", "model"), PROVIDERS)
async def test_no_repair_is_bought_beyond_the_budget(
    home: Path, provider: str, url: str, turn: Callable[..., bytes], model: str
) -> None:
    wrong = turn("**417 KiB** a token.")
    answer, sent = await asked(home, provider, url, turn("", [CALL]), wrong)
    assert len(sent) == 3  # the call, the text, the one repair
    assert answer.ledger.unsupported == ["417 KiB"]
    big = _reading(wrong, 150_000)
    answer, sent = await asked(home, provider, url, turn("", [CALL]), big)
    assert len(sent) == 2
    assert answer.ledger.unsupported == ["417 KiB"]
    assert any("417 KiB" in w for w in answer.warnings)


def _reading(body: bytes, tokens: int) -> bytes:
    """The same turn, said to have read so many tokens."""
    return body.replace(b'"input_tokens": 900', b'"input_tokens": %d' % tokens).replace(
        b'"prompt_tokens": 1200', b'"prompt_tokens": %d' % tokens
    )


async def test_what_every_question_shares_is_marked_for_the_cache(home: Path) -> None:
    """Anthropic caches what is marked: the tools and the system prompt. OpenAI caches by itself; the key helps it."""
    _, sent = await asked(home, "anthropic", wire.ANTHROPIC_URL, wire.anthropic_turn("ok"))
    assert sent[0]["system"][-1]["cache_control"] == {"type": "ephemeral"}
    assert sent[0]["tools"][-1]["cache_control"] == {"type": "ephemeral"}
    assert not any("cache_control" in tool for tool in sent[0]["tools"][:-1])
    _, sent = await asked(home, "openai", wire.OPENAI_URL, wire.openai_turn("ok"))
    assert sent[0]["prompt_cache_key"]


def test_cached_tokens_cost_less_and_written_ones_more() -> None:
    model = anthropic.DEFAULT_MODEL
    plain = usd("anthropic", model, Done("end_turn", 10_000, 0))
    assert usd("anthropic", model, Done("end_turn", 10_000, 0, cache_read_tokens=9_000)) < 0.3 * plain
    assert usd("anthropic", model, Done("end_turn", 10_000, 0, cache_write_tokens=9_000)) > 1.1 * plain


@pytest.mark.parametrize(("provider", "url", "turn", "model"), PROVIDERS)
def test_the_default_models_have_a_price(
    provider: str, url: str, turn: Callable[..., bytes], model: str
) -> None:
    assert usd(provider, model, Done("end_turn", 1000, 1000)) > 0
