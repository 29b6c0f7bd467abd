"""The fault table: what goes wrong on the wire, and what the caller gets, through the real SDKs and the whole graph.

Each row ends with an Answer (never an exception, never past the deadline) that says what happened; the time each took is
printed with `pytest -s`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_httpx2  # noqa: F401  (teaches respx the SDKs' transport)
import respx
from pydantic import SecretStr

from agent.answer import Answer
from agent.graph import Agent
from agent.providers import attempts
from agent.settings import Settings
from evals import wire

QUESTION = "How much KV cache does one token of Llama 3.1 8B take in bf16, in KiB?"
CALL: wire.Call = ("kv_cache", {"model": "llama-3.1-8b", "kv_precision": "bf16", "context_tokens": 1})
URLS = {"anthropic": wire.ANTHROPIC_URL, "openai": wire.OPENAI_URL}
TURNS: dict[str, Callable[..., bytes]] = {"anthropic": wire.anthropic_turn, "openai": wire.openai_turn}
DEADLINE_S = 20.0


def sse(body: bytes) -> httpx.Response:
    return httpx.Response(200, content=body, headers={"content-type": "text/event-stream"})


@dataclass
class Wire:
    """One provider's mocked API and an agent on it."""

    provider: str
    home: Path
    asked: int = 0

    async def ask(self, *steps: Any, question: str = QUESTION, **changes: Any) -> tuple[Answer, float]:
        """The Answer when the API plays `steps` (the last one again and again), and the seconds it took."""
        changes = {
            "provider_deadline_s": 10.0,
            "provider_attempts": 2,
            "answer_deadline_s": DEADLINE_S,
        } | changes
        key: dict[str, Any] = {f"{self.provider}_api_key": SecretStr("planted-key-12345678")}
        settings = Settings(home=self.home, provider=self.provider, **key, **changes)
        agent = Agent(settings)
        agent.warm()

        async def respond(request: httpx.Request) -> httpx.Response:
            step = steps[min(self.asked, len(steps) - 1)]
            self.asked += 1
            if isinstance(step, Exception):
                raise step
            if step == "hang":
                await asyncio.sleep(60)
            return step if isinstance(step, httpx.Response) else sse(step)

        with respx.mock(using="httpcore2", assert_all_called=False) as router:
            router.post(URLS[self.provider]).mock(side_effect=respond)
            began = time.monotonic()
            answer = await agent.ask(question)
            took = time.monotonic() - began
        agent.toolbox.close()
        assert took < DEADLINE_S
        assert "planted-key" not in answer.model_dump_json()
        return answer, took

    def turn(self, *args: Any, **kwargs: Any) -> bytes:
        return TURNS[self.provider](*args, **kwargs)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FIRST_PAUSE_S", 0.01)


Clock = Callable[[float], None]
TABLE: list[str] = []


@pytest.fixture
def clock(request: pytest.FixtureRequest) -> Clock:
    """Keeps how long a row took; `pytest -s` prints the table at the end of the module."""

    def note(seconds: float) -> None:
        TABLE.append(f"{seconds:8.2f} s  {request.node.name}")

    return note


@pytest.fixture(scope="module", autouse=True)
def _table() -> Iterator[None]:
    yield
    print("\n" + "\n".join(TABLE))


@pytest.fixture(params=["anthropic", "openai"])
def api(request: pytest.FixtureRequest, tmp_path: Path) -> Wire:
    return Wire(request.param, tmp_path / "home")


def offline_said_so(answer: Answer, api: Wire, reason: str) -> None:
    assert answer.provider == "offline"
    assert answer.headline is not None
    assert any(f"{api.provider} failed (" in w and reason in w for w in answer.warnings), answer.warnings


FAILOVER = [
    pytest.param(
        httpx.Response(429, headers={"retry-after": "120"}, json={"error": {"message": "slow down"}}),
        "rate limited",
        1,
        id="429 with Retry-After 120",
    ),
    pytest.param(
        httpx.Response(529, json={"error": {"type": "overloaded_error", "message": "Overloaded"}}),
        "overloaded",
        2,
        id="529",
    ),
    pytest.param(
        httpx.Response(401, json={"error": {"type": "authentication_error", "message": "invalid key"}}),
        "auth",
        1,
        id="invalid key",
    ),
    pytest.param(
        httpx.ConnectError("[Errno -2] Name or service not known"), "connection", 2, id="DNS failure"
    ),
]


@pytest.mark.parametrize(("step", "reason", "tries"), FAILOVER)
async def test_a_lasting_fault_fails_over(
    api: Wire, step: Any, reason: str, tries: int, clock: Clock
) -> None:
    answer, took = await api.ask(step)
    clock(took)
    offline_said_so(answer, api, reason)
    assert api.asked == tries


async def test_a_hang_ends_at_our_deadline(api: Wire, clock: Clock) -> None:
    answer, took = await api.ask("hang", provider_deadline_s=0.5)
    clock(took)
    offline_said_so(answer, api, "timeout")


async def test_the_answer_has_one_deadline_whatever_a_turn_may_take(api: Wire, clock: Clock) -> None:
    answer, took = await api.ask("hang", provider_deadline_s=60.0, answer_deadline_s=2.0)
    clock(took)
    offline_said_so(answer, api, "took too long")
    assert took < 12


async def test_a_mid_stream_error_and_a_cut_stream_are_tried_again(api: Wire, clock: Clock) -> None:
    broken = [api.turn("It is 99", cut=3)]
    if api.provider == "anthropic":
        broken.append(wire.anthropic_error_event())
    answer, took = await api.ask(
        *broken, api.turn("", [CALL]), api.turn("**128 KiB** a token."), provider_attempts=3
    )
    clock(took)
    assert answer.provider == api.provider
    assert answer.text == "**128 KiB** a token."
    assert answer.ledger.unsupported == []
    assert any(f"tried {len(broken) + 1} times" in w for w in answer.warnings)


async def test_cut_tool_arguments_that_parse_never_run(api: Wire, clock: Clock) -> None:
    stop = "max_tokens" if api.provider == "anthropic" else "length"
    cut = ("kv_cache", '{"model": "llama-3.1-8b", "kv_precision": "bf16", "context_tokens": 12}')
    answer, took = await api.ask(api.turn("", [cut], stop=stop))
    clock(took)
    assert answer.tool_calls == []
    assert any("ended early (max_tokens)" in w for w in answer.warnings)


@pytest.mark.parametrize("arguments", ["[1, 2]", '"text"', "12", "null"])
async def test_tool_input_that_is_no_object_is_tried_again(api: Wire, arguments: str, clock: Clock) -> None:
    answer, took = await api.ask(
        api.turn("", [("kv_cache", arguments)]), api.turn("", [CALL]), api.turn("**128 KiB** a token.")
    )
    clock(took)
    assert answer.text == "**128 KiB** a token."
    assert len(answer.tool_calls) == 1
    assert any("malformed" in w for w in answer.warnings)


async def test_an_unknown_tool_is_told_and_mended(api: Wire, clock: Clock) -> None:
    answer, took = await api.ask(
        api.turn("", [("kv_cash", {"model": "llama-3.1-8b"})]),
        api.turn("", [CALL]),
        api.turn("**128 KiB** a token."),
    )
    clock(took)
    assert [bool(t.error) for t in answer.tool_calls] == [True, False]
    assert answer.provider == api.provider


async def test_twenty_calls_at_once_all_run(api: Wire, clock: Clock) -> None:
    many = [("kv_cache", {"model": "llama-3.1-8b", "context_tokens": 1000 * n}) for n in range(1, 21)]
    answer, took = await api.ask(api.turn("", many), api.turn("All done."))
    clock(took)
    assert [t.input["context_tokens"] for t in answer.tool_calls] == [1000 * n for n in range(1, 21)]
    assert not any(t.error for t in answer.tool_calls)


async def test_an_endless_tool_loop_is_stopped_and_said(api: Wire, clock: Clock) -> None:
    answer, took = await api.ask(api.turn("", [CALL]))
    clock(took)
    assert answer.status == "out_of_scope"
    assert any("too many" in w for w in answer.warnings)
    assert api.asked <= 10


async def test_a_call_that_keeps_failing_is_mended_twice_at_most(api: Wire, clock: Clock) -> None:
    answer, took = await api.ask(api.turn("", [("kv_cache", {"model": "no-such-model-9000"})]))
    clock(took)
    assert any("failed calls" in w for w in answer.warnings)
    assert len(answer.tool_calls) == 3


async def test_a_wrong_number_is_sent_back_once_then_marked(api: Wire, clock: Clock) -> None:
    answer, took = await api.ask(api.turn("", [CALL]), api.turn("**417 KiB** a token."))
    clock(took)
    assert api.asked == 3  # the call, the text, the one repair
    assert answer.ledger.unsupported == ["417 KiB"]
    assert any("supports" in w and "417 KiB" in w for w in answer.warnings)


async def test_a_wrong_number_that_is_mended_leaves_no_mark(api: Wire, clock: Clock) -> None:
    answer, took = await api.ask(api.turn("", [CALL]), api.turn("**417 KiB**."), api.turn("**128 KiB**."))
    clock(took)
    assert answer.text == "**128 KiB**."
    assert answer.ledger.unsupported == []


async def test_a_passage_never_seen_is_named(api: Wire, clock: Clock) -> None:
    said = "Dylan Patel said at 00:41:17 that purple elephants will run every fab."
    answer, took = await api.ask(api.turn(said), question="What does he say about fabs?")
    clock(took)
    assert answer.citations == []
    assert any("No cited passage supports" in w for w in answer.warnings)
    assert any("00:41:17" in w and "No citation holds" in w for w in answer.warnings)
