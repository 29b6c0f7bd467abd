"""OpenAI's chat completions through its own SDK, and every server that speaks the same protocol (by base URL)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from agent.chat import ChatRequest, Done, Event, Message, StopReason, TextDelta, ToolCall, ToolSpec
from agent.errors import ProviderError
from agent.providers.attempts import attempts
from agent.providers.faults import ProviderFault
from agent.providers.parts import ToolList, result_text, tool_call, tool_description, tool_schema

if TYPE_CHECKING:
    from agent.settings import Settings

PROVIDER = "openai"
DEFAULT_MODEL = "gpt-5.5"  # as of 2026-11-23; a model the price library knows

CACHE_KEY = "rackrate-tools"

_STOPS: dict[str, StopReason] = {
    "stop": "end_turn",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "length": "max_tokens",
    "content_filter": "refusal",
}


class OpenAIModel:
    """A ChatModel. A key is not needed where a base URL names a server of the user's own."""

    provider = PROVIDER

    def __init__(self, settings: Settings, model: str | None = None) -> None:
        if settings.openai_api_key is None and settings.openai_base_url is None:
            raise ProviderError(
                "provider openai has no key; set OPENAI_API_KEY (or OPENAI_BASE_URL), or use --provider offline"
            )
        self.model: str | None = model or DEFAULT_MODEL
        self._settings = settings
        self._client: Any = None
        self._tools = ToolList(_tool)

    def stream(self, request: ChatRequest) -> AsyncIterator[Event]:
        return attempts(
            PROVIDER,
            lambda: self._attempt(request),
            deadline_s=self._settings.provider_deadline_s,
            max_attempts=self._settings.provider_attempts,
        )

    def _connected(self) -> Any:
        if self._client is None:
            from openai import AsyncOpenAI

            key = self._settings.openai_api_key
            self._client = AsyncOpenAI(
                api_key=key.get_secret_value() if key else "none",
                base_url=self._settings.openai_base_url,
                max_retries=0,
                timeout=self._settings.provider_deadline_s,
            )
        return self._client

    async def _attempt(self, request: ChatRequest) -> AsyncIterator[Event]:
        stream = await self._connected().chat.completions.create(**self._body(request), stream=True)
        turn = _Turn()
        async with stream:
            async for chunk in stream:
                text = turn.take(chunk)
                if text:
                    yield TextDelta(text)
        for call in turn.finished():
            yield call
        yield turn.done()

    def _body(self, request: ChatRequest) -> dict[str, Any]:
        tools = self._tools.of(request.tools)
        # OpenAI caches the beginning that requests share by itself; the key sends them where it is cached
        ours = {} if self._settings.openai_base_url else {"prompt_cache_key": CACHE_KEY}
        return {
            "model": self.model,
            "messages": [_shaped(m) for m in request.messages],
            "max_completion_tokens": request.max_output_tokens,
            "stream_options": {"include_usage": True},
            **ours,
        } | ({"tools": tools, "parallel_tool_calls": True} if tools else {})


def _tool(spec: ToolSpec) -> dict[str, Any]:
    described = {"name": spec.name, "description": tool_description(spec), "parameters": tool_schema(spec)}
    return {"type": "function", "function": described}


class _Turn:
    """The parts of one streamed turn; calls count only once `finish_reason` says the model stopped to use tools."""

    def __init__(self) -> None:
        self._calls: dict[int, dict[str, str]] = {}
        self._stop: str | None = None
        self._input = self._output = self._cached = 0

    def take(self, chunk: Any) -> str:
        """Read one chunk; the text it says, if any."""
        if getattr(chunk, "usage", None):
            self._input = chunk.usage.prompt_tokens or 0
            self._output = chunk.usage.completion_tokens or 0
            details = getattr(chunk.usage, "prompt_tokens_details", None)
            self._cached = getattr(details, "cached_tokens", None) or 0
        if not chunk.choices:
            return ""
        choice = chunk.choices[0]
        self._stop = choice.finish_reason or self._stop
        delta = choice.delta
        for part in getattr(delta, "tool_calls", None) or []:
            self._part(part)
        return str(getattr(delta, "content", None) or "")

    def _part(self, part: Any) -> None:
        call = self._calls.setdefault(part.index, {"id": "", "name": "", "arguments": ""})
        call["id"] = part.id or call["id"]
        if part.function is not None:
            call["name"] = part.function.name or call["name"]
            call["arguments"] += part.function.arguments or ""

    def finished(self) -> list[ToolCall]:
        """The calls of the turn. ProviderFault when the stream broke off or the arguments are no object."""
        if self._stop is None:
            raise ProviderFault(PROVIDER, "truncated", "the stream ended without a finish reason")
        if self._stop not in ("tool_calls", "function_call", "stop"):
            return []
        # some compatible servers end a turn of calls with "stop"; the calls are whole either way
        return [
            tool_call(PROVIDER, c["id"] or f"call_{i}", c["name"], c["arguments"])
            for i, c in self._calls.items()
        ]

    def done(self) -> Done:
        stop = _STOPS.get(self._stop or "", "error")
        if self._calls and stop == "end_turn":
            stop = "tool_use"
        return Done(stop, self._input, self._output, self._cached)


def _shaped(message: Message) -> dict[str, Any]:
    """One message in OpenAI's shape."""
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.call_id, "content": result_text(message)}
    shaped: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.tool_calls:
        shaped["content"] = message.text or None
        shaped["tool_calls"] = [
            {
                "id": c.id,
                "type": "function",
                "function": {"name": c.name, "arguments": json.dumps(dict(c.arguments), ensure_ascii=False)},
            }
            for c in message.tool_calls
        ]
    return shaped
