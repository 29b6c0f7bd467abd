"""Spans by the GenAI conventions and structured logs: what they hold, and what they never hold."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ScriptedModel, calls, says
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from pydantic import SecretStr

from agent import logs, tracing
from agent.chat import ChatRequest, Event
from agent.errors import ProviderError
from agent.graph import Agent
from agent.settings import Settings

MakeAgent = Callable[..., Agent]
SUM = ("arithmetic", {"expression": "3 USD/hour * 720 hour"})
QUESTION = "What do 3 dollars an hour come to in 720 hours of Zanzibar time?"
SECRET = "log-secret-value-1"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[ReadableSpan]]]:
    """The finished spans, oldest first; the process's own tracer provider is left alone."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", lambda: provider.get_tracer("rackrate"))
    yield lambda: sorted(exporter.get_finished_spans(), key=lambda s: s.start_time or 0)
    provider.shutdown()


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


async def test_an_answer_is_an_agent_span_with_chats_and_tools_under_it(
    make_agent: MakeAgent, spans: Callable[[], list[ReadableSpan]]
) -> None:
    model = ScriptedModel(calls(SUM, ("no_such_tool", {})), says("That is $2,160."), provider="anthropic")
    await make_agent(model, tracing=True).ask(QUESTION, thread="t1")
    found = spans()
    assert [s.name for s in found] == [
        "invoke_agent rackrate",
        "chat script-1",
        "execute_tool arithmetic",
        "execute_tool no_such_tool",
        "chat script-1",
    ]
    agent, first, tool, broken, last = found
    assert {s.parent.span_id for s in found[1:] if s.parent} == {agent.context.span_id}
    assert len({s.context.trace_id for s in found}) == 1
    assert attributes(agent)["gen_ai.operation.name"] == "invoke_agent"
    assert attributes(agent)["gen_ai.agent.name"] == "rackrate"
    assert attributes(agent)["gen_ai.conversation.id"] == "t1"
    assert attributes(agent)["gen_ai.usage.input_tokens"] == 10
    assert attributes(agent)["rackrate.status"] == "answered"
    assert attributes(first)["gen_ai.operation.name"] == "chat"
    assert attributes(first)["gen_ai.provider.name"] == "anthropic"
    assert attributes(first)["gen_ai.request.model"] == "script-1"
    assert attributes(first)["gen_ai.response.finish_reasons"] == ("tool_use",)
    assert attributes(last)["gen_ai.usage.output_tokens"] == 5
    assert attributes(tool)["gen_ai.operation.name"] == "execute_tool"
    assert attributes(tool)["gen_ai.tool.name"] == "arithmetic"
    assert attributes(tool)["gen_ai.tool.call.id"] == "c1"
    assert tool.status.status_code is StatusCode.UNSET
    assert broken.status.status_code is StatusCode.ERROR
    assert attributes(broken)["error.type"] == "unknown"


async def test_texts_are_recorded_only_when_asked_for_and_never_keys(
    make_agent: MakeAgent, spans: Callable[[], list[ReadableSpan]]
) -> None:
    def script() -> ScriptedModel:
        return ScriptedModel(calls(SUM), says(f"That is $2,160, said {SECRET}."))

    key = SecretStr(SECRET)
    await make_agent(script(), tracing=True, anthropic_api_key=key).ask(QUESTION)
    plain = json.dumps([attributes(s) for s in spans()], default=str)
    assert "Zanzibar" not in plain
    assert "720" not in plain
    assert "messages" not in plain
    await make_agent(script(), tracing=True, trace_content=True, anthropic_api_key=key).ask(QUESTION)
    full = json.dumps([attributes(s) for s in spans()], default=str)
    assert "Zanzibar" in full
    assert "720 hour" in full
    assert SECRET not in full


async def test_a_failing_provider_is_an_error_span_and_a_stream_ends_its_span(
    make_agent: MakeAgent, spans: Callable[[], list[ReadableSpan]]
) -> None:
    bad = ScriptedModel(ProviderError("it is down"), provider="openai")
    agent = make_agent(bad, ScriptedModel(says("It cannot be told.")), tracing=True)
    events = [event async for event, _ in agent.stream(QUESTION)]
    assert events[-1] == "answer"
    whole, failed, good = spans()
    assert whole.name == "invoke_agent rackrate"
    assert failed.status.status_code is StatusCode.ERROR
    assert attributes(failed)["error.type"] == "ProviderError"
    assert "it is down" not in json.dumps(attributes(failed))
    assert not failed.events
    assert good.status.status_code is StatusCode.UNSET


async def test_a_reader_who_goes_away_ends_the_span(
    make_agent: MakeAgent, spans: Callable[[], list[ReadableSpan]]
) -> None:
    stream = make_agent(ScriptedModel(says("It is 6.")), tracing=True).stream(QUESTION)
    async for _ in stream:
        break
    await stream.aclose()  # type: ignore[attr-defined]
    assert "invoke_agent rackrate" in [s.name for s in spans()]


@pytest.mark.parametrize(
    ("setting", "env", "on"),
    [
        (None, {}, False),
        (True, {}, True),
        (None, {"OTEL_TRACES_EXPORTER": "otlp"}, True),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317"}, True),
        (
            None,
            {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317"},
            False,
        ),
        (None, {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true"}, False),
        (False, {"OTEL_TRACES_EXPORTER": "otlp"}, False),
    ],
)
def test_what_switches_tracing_on(
    monkeypatch: pytest.MonkeyPatch, home: Path, setting: bool | None, env: dict[str, str], on: bool
) -> None:
    for name in ("OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SDK_DISABLED"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert tracing.enabled(Settings(home=home, tracing=setting)) is on


def test_off_means_that_opentelemetry_is_not_even_imported(home: Path) -> None:
    code = (
        "import sys\nfrom agent.graph import Agent\nfrom agent.settings import Settings\n"
        f"a = Agent(Settings(home={str(home)!r}, provider='offline'))\n"
        "assert a.ask_now('What is 2 * 3?').status == 'answered'\n"
        "assert not [m for m in sys.modules if m.startswith('opentelemetry')]\n"
    )
    env_free = {"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin", "RACKRATE_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env_free, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_console_exporter_writes_to_the_error_stream(home: Path) -> None:
    code = (
        "from agent.graph import Agent\nfrom agent.settings import Settings\n"
        f"a = Agent(Settings(home={str(home)!r}, provider='offline'))\n"
        "print(a.ask_now('What is 2 * 3?').status)\n"
    )
    env = {"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin", "OTEL_TRACES_EXPORTER": "console"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "answered", done.stderr
    assert '"name": "invoke_agent rackrate"' in done.stderr
    assert "2 * 3" not in done.stderr


@pytest.fixture
def json_logs(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    root = logging.getLogger(logs.ROOT)
    before = (list(root.handlers), root.level, root.propagate)
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    root.handlers, root.propagate = before[0], before[2]
    root.setLevel(before[1])


async def test_every_answer_is_one_json_line_without_its_text(
    make_agent: MakeAgent, json_logs: Callable[[], list[dict[str, Any]]]
) -> None:
    def leak(request: ChatRequest) -> list[Event]:
        logging.getLogger("rackrate.providers").warning("the server said %s", SECRET)
        return says("That is $2,160.")

    agent = make_agent(ScriptedModel(calls(SUM), leak), log_format="json", openai_api_key=SecretStr(SECRET))
    logs.request_id.set("req-7")
    await agent.ask(QUESTION, thread="t1")
    warned, line = json_logs()
    assert warned["level"] == "warning"
    assert warned["request_id"] == "req-7"
    assert SECRET not in json.dumps(warned)
    assert line["message"] == "answered"
    assert {k: line[k] for k in ("request_id", "thread", "provider", "tools", "status")} == {
        "request_id": "req-7",
        "thread": "t1",
        "provider": "scripted",
        "tools": ["arithmetic"],
        "status": "answered",
    }
    assert line["ms"] > 0
    assert "Zanzibar" not in json.dumps(line)


async def test_logs_are_plain_and_silent_by_default(
    make_agent: MakeAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    await make_agent(ScriptedModel(says("It is 6."))).ask("What is 2*3?")
    assert capsys.readouterr().err == ""
