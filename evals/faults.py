"""The fault table: what goes wrong on the wire, what the caller must get, and how long it took.

Each fault is played by a mocked API to the real SDK and the whole graph. It must end in an Answer, within the deadline,
that says what happened: nothing hangs, nothing wrong passes silently.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from pydantic import SecretStr

from agent.answer import Answer
from agent.chat import ChatModel
from agent.graph import Agent
from agent.models import Calculators, chat_model
from evals import wire
from evals.mocked import PROVIDERS, TURNS, URLS, Provider

QUESTION = "How much KV cache does one token of Llama 3.1 8B take in bf16, in KiB?"
CALL: wire.Call = ("kv_cache", {"model": "llama-3.1-8b", "kv_precision": "bf16", "context_tokens": 1})
RIGHT = "**128 KiB** a token."
DEADLINE_S = 20.0
PLANTED = "planted-key-12345678"
HANG = "hang"

Step = bytes | httpx.Response | Exception | str
Turns = Callable[..., bytes]
Complaint = str | None


@dataclass
class Seen:
    """What a fault came to."""

    answer: Answer
    provider: Provider
    asked: int  # requests that reached the API
    seconds: float


@dataclass(frozen=True)
class Fault:
    """One row: the steps the API plays (the last again and again) and what is wrong with the result, if anything."""

    name: str
    steps: Callable[[Provider, Turns], Sequence[Step]]
    check: Callable[[Seen], Complaint]
    question: str = QUESTION
    settings: Mapping[str, Any] = field(default_factory=dict)


def _failed_over(reason: str, tries: int | None = None) -> Callable[[Seen], Complaint]:
    def check(seen: Seen) -> Complaint:
        said = any(f"{seen.provider} failed (" in w and reason in w for w in seen.answer.warnings)
        if seen.answer.provider != "offline" or seen.answer.headline is None:
            return f"answered by {seen.answer.provider}"
        if tries is not None and seen.asked != tries:
            return f"{seen.asked} requests, expected {tries}"
        return None if said else f"no warning names {reason!r}: {seen.answer.warnings}"

    return check


def _mended(word: str) -> Callable[[Seen], Complaint]:
    """The right text in the end, and a warning that holds a word."""

    def check(seen: Seen) -> Complaint:
        if seen.answer.text != RIGHT or seen.answer.ledger.unsupported:
            return f"said {seen.answer.text!r}"
        loud = any(word in w for w in seen.answer.warnings)
        return None if loud else f"no warning has {word!r}: {seen.answer.warnings}"

    return check


def _warned(*words: str) -> Callable[[Seen], Complaint]:
    def check(seen: Seen) -> Complaint:
        missing = [word for word in words if not any(word in w for w in seen.answer.warnings)]
        return f"no warning has {missing}: {seen.answer.warnings}" if missing else None

    return check


def _never_ran(seen: Seen) -> Complaint:
    return "the cut call ran" if seen.answer.tool_calls else _warned("ended early (max_tokens)")(seen)


def _told_and_mended(seen: Seen) -> Complaint:
    errors = [bool(call.error) for call in seen.answer.tool_calls]
    return None if errors == [True, False] and seen.answer.text == RIGHT else f"calls {errors}"


def _all_twenty(seen: Seen) -> Complaint:
    contexts = [call.input.get("context_tokens") for call in seen.answer.tool_calls if not call.error]
    return None if contexts == [1000 * n for n in range(1, 21)] else f"ran {contexts}"


def _stopped(seen: Seen) -> Complaint:
    if seen.answer.status != "out_of_scope" or seen.asked > 10:
        return f"{seen.answer.status} after {seen.asked} requests"
    return _warned("too many")(seen)


def _twice_at_most(seen: Seen) -> Complaint:
    runs = len(seen.answer.tool_calls)
    return f"{runs} calls" if runs != 3 else _warned("failed calls")(seen)


def _marked(seen: Seen) -> Complaint:
    if seen.asked != 3 or seen.answer.ledger.unsupported != ["417 KiB"]:
        return f"{seen.asked} requests, unsupported {seen.answer.ledger.unsupported}"
    return _warned("417 KiB")(seen)


def _mid_stream(provider: Provider) -> bytes:
    return wire.anthropic_error_event() if provider == "anthropic" else wire.openai_error_event()


def _always(step: Step) -> Callable[[Provider, Turns], Sequence[Step]]:
    return lambda provider, turn: [step]


def _played(*first: Step | Callable[[Provider, Turns], Step]) -> Callable[[Provider, Turns], Sequence[Step]]:
    """These steps, then the right call and the right text."""

    def steps(provider: Provider, turn: Turns) -> Sequence[Step]:
        begun = [step(provider, turn) if callable(step) else step for step in first]
        return [*begun, turn("", [CALL]), turn(RIGHT)]

    return steps


def _calls(*calls: wire.Call) -> Callable[[Provider, Turns], Step]:
    return lambda provider, turn: turn("", list(calls))


_CUT: wire.Call = ("kv_cache", '{"model": "llama-3.1-8b", "kv_precision": "bf16", "context_tokens": 12}')
_MANY = [("kv_cache", {"model": "llama-3.1-8b", "context_tokens": 1000 * n}) for n in range(1, 21)]
_SAID = "Dylan Patel said at 00:41:17 that purple elephants will run every fab."
_LONG_WAIT = httpx.Response(
    429, headers={"retry-after": "120"}, json={"error": {"message": "slow down", "type": "rate_limit_error"}}
)
_OVERLOADED = httpx.Response(529, json={"error": {"type": "overloaded_error", "message": "Overloaded"}})
_NO_KEY = httpx.Response(401, json={"error": {"type": "authentication_error", "message": "invalid key"}})

FAULTS: tuple[Fault, ...] = (
    Fault("429 with Retry-After 120", _always(_LONG_WAIT), _failed_over("rate limited", 1)),
    Fault("529 overloaded", _always(_OVERLOADED), _failed_over("overloaded", 2)),
    Fault("error event in mid-stream", _played(lambda p, turn: _mid_stream(p)), _mended("tried 2 times")),
    Fault("truncated stream", _played(lambda p, turn: turn("It is 99", cut=3)), _mended("tried 2 times")),
    Fault(
        "truncated tool JSON whose cut number parses",
        lambda p, turn: [turn("", [_CUT], stop="max_tokens" if p == "anthropic" else "length")],
        _never_ran,
    ),
    *(
        Fault(f"tool input is {kind}", _played(_calls(("kv_cache", text))), _mended("malformed"))
        for kind, text in (("a list", "[1, 2]"), ("a text", '"text"'), ("a number", "12"), ("null", "null"))
    ),
    Fault("unknown tool", _played(_calls(("kv_cash", {"model": "llama-3.1-8b"}))), _told_and_mended),
    Fault("20 parallel calls", lambda p, turn: [turn("", _MANY), turn("All done.")], _all_twenty),
    Fault("endless tool loop", lambda p, turn: [turn("", [CALL])], _stopped),
    Fault(
        "a call that keeps failing",
        lambda p, turn: [turn("", [("kv_cache", {"model": "no-such-model-9000"})])],
        _twice_at_most,
    ),
    Fault("hang", _always(HANG), _failed_over("timeout", 1), settings={"provider_deadline_s": 0.5}),
    Fault(
        "hang within one answer's deadline",
        _always(HANG),
        _failed_over("took too long"),
        settings={"provider_deadline_s": 60.0, "answer_deadline_s": 2.0},
    ),
    Fault(
        "DNS failure",
        _always(httpx.ConnectError("[Errno -2] Name or service not known")),
        _failed_over("connection", 2),
    ),
    Fault("invalid key", _always(_NO_KEY), _failed_over("auth", 1)),
    Fault("wrong number", lambda p, turn: [turn("", [CALL]), turn("**417 KiB** a token.")], _marked),
    Fault(
        "wrong number, mended",
        lambda p, turn: [turn("", [CALL]), turn("**417 KiB** a token."), turn(RIGHT)],
        lambda seen: None if seen.answer.text == RIGHT and seen.asked == 3 else f"said {seen.answer.text!r}",
    ),
    Fault(
        "a passage it never saw",
        lambda p, turn: [turn(_SAID)],
        _warned("No cited passage supports", "00:41:17"),
        question="What does he say about fabs?",
    ),
)


async def run(fault: Fault, provider: Provider, base: Agent, offline: ChatModel) -> Seen:
    """Play one fault. `base` lends its toolbox and `offline` the model to fail over to: both take a second to load."""
    changes = {"provider_deadline_s": 10.0, "provider_attempts": 2, "answer_deadline_s": DEADLINE_S}
    key = {f"{provider}_api_key": SecretStr(PLANTED), f"{provider}_base_url": None}
    settings = base.settings.model_copy(update={"provider": provider, **key, **changes, **fault.settings})
    model = chat_model(provider, settings, catalog=lambda: base.toolbox.catalog, calculators=Calculators())
    agent = Agent(settings, models=[model, offline], threads=base.threads)
    agent.toolbox = base.toolbox
    asked = 0
    steps = fault.steps(provider, TURNS[provider])

    async def respond(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        step = steps[min(asked, len(steps) - 1)]
        asked += 1
        if isinstance(step, Exception):
            raise step
        if step == HANG:
            await asyncio.sleep(60)
        return step if isinstance(step, httpx.Response) else _stream(step)

    began = time.monotonic()
    answer = await _asked(agent, provider, fault.question, respond)
    return Seen(answer, provider, asked, time.monotonic() - began)


def complaint(fault: Fault, seen: Seen) -> Complaint:
    """What is wrong with how a fault ended; None when it ended as it must."""
    if seen.seconds >= DEADLINE_S:
        return f"took {seen.seconds:.1f} s"
    if PLANTED in seen.answer.model_dump_json():
        return "the key is in the answer"
    return fault.check(seen)


async def _asked(agent: Agent, provider: Provider, question: str, respond: Callable[..., Any]) -> Answer:
    import pytest_httpx2  # noqa: F401  (teaches respx the transport that both SDKs use)
    import respx

    with respx.mock(using="httpcore2", assert_all_called=False) as router:
        router.post(URLS[provider]).mock(side_effect=respond)
        return await agent.ask(question)


def _stream(body: Any) -> httpx.Response:
    return httpx.Response(200, content=body, headers={"content-type": "text/event-stream"})


def rows() -> list[tuple[Fault, Provider]]:
    """Every fault at every provider."""
    return [(fault, provider) for fault in FAULTS for provider in PROVIDERS]
