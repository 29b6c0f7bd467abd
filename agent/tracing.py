"""OpenTelemetry spans of an answer, by the GenAI semantic conventions: invoke_agent, chat, execute_tool.

Off by default, and then nothing of OpenTelemetry is imported: every span is one shared null context. On with
RACKRATE_TRACING=true, or by OpenTelemetry's own variables (OTEL_TRACES_EXPORTER, OTEL_EXPORTER_OTLP_ENDPOINT). Texts
(questions, answers, arguments, results) are recorded only with RACKRATE_TRACE_CONTENT=true or the conventions'
OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT, and never with a key in them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from agent.chat import ChatRequest, Done, Message, ToolCall
from agent.defences import redact

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

    from agent.answer import Answer
    from agent.settings import Settings

AGENT_NAME = "rackrate"
LONGEST_CONTENT = 20_000  # characters of one recorded text

Set = Callable[[Mapping[str, Any]], None]
"""Adds attributes to a span; what is None is left out."""


def _unset(attributes: Mapping[str, Any]) -> None:
    """No span, no attributes."""


OFF: AbstractContextManager[Set] = nullcontext(_unset)


def enabled(settings: Settings) -> bool:
    """Whether spans are made: our setting decides, else OpenTelemetry's own variables."""
    if settings.tracing is not None:
        return settings.tracing
    env = os.environ
    if env.get("OTEL_SDK_DISABLED", "").lower() == "true" or env.get("OTEL_TRACES_EXPORTER") == "none":
        return False
    names = ("OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    return any(env.get(name) for name in names)


class Tracing:
    """Makes the spans of one agent. `of(settings)` gives None when tracing is off."""

    def __init__(self, tracer: Tracer, *, content: bool, secrets: Sequence[str]) -> None:
        self._tracer, self._content, self._secrets = tracer, content, secrets

    @classmethod
    def of(cls, settings: Settings, secrets: Sequence[str]) -> Tracing | None:
        if not enabled(settings):
            return None
        env = os.environ.get("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "")
        content = settings.trace_content or env.lower() in ("true", "span_only", "span_and_event")
        return cls(_tracer(), content=content, secrets=secrets)

    def begin(self, question: str, thread: str | None) -> Answering:
        """The span of one answer. It is ended by `Answering.end`, since an answer may be streamed."""
        from opentelemetry.trace import SpanKind

        span = self._tracer.start_span(f"invoke_agent {AGENT_NAME}", kind=SpanKind.INTERNAL)
        answering = Answering(self, span)
        answering.set(
            {
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.agent.name": AGENT_NAME,
                "gen_ai.conversation.id": thread,
                "gen_ai.input.messages": self.told([Message("user", question)]),
            }
        )
        return answering

    def told(self, messages: Sequence[Message]) -> str | None:
        """Messages as the conventions write them; None unless texts are to be recorded."""
        if not self._content:
            return None
        return self.text([{"role": m.role, "parts": _parts(m)} for m in messages])

    def text(self, value: Any) -> str | None:
        """A value as JSON without keys; None unless texts are to be recorded."""
        if not self._content:
            return None
        said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        return redact(said, self._secrets)[:LONGEST_CONTENT]

    @contextmanager
    def child(self, parent: Span, name: str, kind: Any, attributes: Mapping[str, Any]) -> Iterator[Set]:
        """A span under another, current while it lasts; an exception is recorded by its type alone."""
        from opentelemetry import trace

        span = self._tracer.start_span(name, context=trace.set_span_in_context(parent), kind=kind)
        set_on(span, attributes)
        try:
            with trace.use_span(
                span, end_on_exit=False, record_exception=False, set_status_on_exception=False
            ):
                yield lambda more: set_on(span, more)
        except BaseException as error:
            failed(span, type(error).__name__)
            raise
        finally:
            span.end()


class Answering:
    """The trace of one answer; `chat` and `tool` are spans under it."""

    def __init__(self, tracing: Tracing, span: Span) -> None:
        self._tracing, self._span = tracing, span
        self._ended = False

    def set(self, attributes: Mapping[str, Any]) -> None:
        set_on(self._span, attributes)

    def chat(self, provider: str, model: str | None, request: ChatRequest) -> AbstractContextManager[Set]:
        """A model's turn."""
        from opentelemetry.trace import SpanKind

        attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": model,
            "gen_ai.request.max_tokens": request.max_output_tokens,
            "gen_ai.request.stream": True,
            "gen_ai.input.messages": self._tracing.told(request.messages),
        }
        kind = SpanKind.INTERNAL if provider == "offline" else SpanKind.CLIENT
        return self._tracing.child(self._span, f"chat {model or provider}", kind, attributes)

    def tool(self, call: ToolCall) -> AbstractContextManager[Set]:
        """One tool call."""
        from opentelemetry.trace import SpanKind

        attributes = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": call.name,
            "gen_ai.tool.type": "function",
            "gen_ai.tool.call.id": call.id,
            "gen_ai.tool.call.arguments": self._tracing.text(dict(call.arguments)),
        }
        return self._tracing.child(self._span, f"execute_tool {call.name}", SpanKind.INTERNAL, attributes)

    def said(self, text: str, calls: Sequence[ToolCall], done: Done, usd: float) -> Mapping[str, Any]:
        """What a chat span is given at its end."""
        return {
            "gen_ai.response.finish_reasons": (done.stop_reason,),
            "gen_ai.usage.input_tokens": done.input_tokens,
            "gen_ai.usage.output_tokens": done.output_tokens,
            "gen_ai.usage.cache_read.input_tokens": done.cache_read_tokens or None,
            "rackrate.usd": usd or None,
            "gen_ai.output.messages": self._tracing.told([Message("assistant", text, tuple(calls))]),
        }

    def result(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a tool span is given at its end: the kind of an error, and the result where texts are recorded."""
        error = message.get("error")
        return {
            "error.type": error.get("kind") if isinstance(error, Mapping) else None,
            "gen_ai.tool.call.result": self._tracing.text(dict(message)),
        }

    def end(self, answer: Answer | None = None, error: BaseException | None = None) -> None:
        """Close the answer's span; a second call does nothing."""
        if self._ended:
            return
        self._ended = True
        if answer is not None:
            self.set(
                {
                    "gen_ai.provider.name": answer.provider,
                    "gen_ai.response.model": answer.model,
                    "gen_ai.usage.input_tokens": answer.usage.input_tokens,
                    "gen_ai.usage.output_tokens": answer.usage.output_tokens,
                    "rackrate.usd": answer.usage.usd,
                    "rackrate.status": answer.status,
                    "rackrate.numbers.checked": answer.ledger.checked,
                    "rackrate.numbers.unsupported": len(answer.ledger.unsupported),
                    "gen_ai.output.messages": self._tracing.told([Message("assistant", answer.text)]),
                }
            )
        if error is not None:
            failed(self._span, type(error).__name__)
        self._span.end()


def set_on(span: Span, attributes: Mapping[str, Any]) -> None:
    kept = {name: value for name, value in attributes.items() if value is not None}
    if "error.type" in kept:
        failed(span, str(kept["error.type"]))
    span.set_attributes(kept)


def failed(span: Span, kind: str) -> None:
    from opentelemetry.trace import Status, StatusCode

    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR))


def _parts(message: Message) -> list[dict[str, Any]]:
    """A message's parts in the conventions' shape."""
    parts: list[dict[str, Any]] = [{"type": "text", "content": message.text}] if message.text else []
    parts += [
        {"type": "tool_call", "id": c.id, "name": c.name, "arguments": dict(c.arguments)}
        for c in message.tool_calls
    ]
    if message.result is not None:
        parts.append({"type": "tool_call_response", "id": message.call_id, "result": dict(message.result)})
    return parts


@lru_cache(maxsize=1)
def _tracer() -> Tracer:
    """The tracer. Where nobody has set up a provider, one is made that exports as OpenTelemetry's variables say."""
    from opentelemetry import trace

    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        provider = _provider()
        if provider is not None:
            trace.set_tracer_provider(provider)
    return trace.get_tracer("rackrate")


def _provider() -> Any:
    """An SDK provider; None without the SDK."""
    try:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        return None
    name = os.environ.get("OTEL_SERVICE_NAME", AGENT_NAME)
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(BatchSpanProcessor(_exporter()))
    return provider


def _exporter() -> Any:
    """OTLP over gRPC, or the console's error stream (standard output is the answer's)."""
    import sys

    if os.environ.get("OTEL_TRACES_EXPORTER", "otlp") in ("console", "stderr"):
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        return ConsoleSpanExporter(out=sys.stderr)
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()
