"""Claude through Anthropic's own SDK: streaming, tools, prompt caching."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from agent.chat import ChatRequest, Done, Event, Message, StopReason, TextDelta, ToolCall, ToolSpec
from agent.errors import ProviderError
from agent.providers.attempts import attempts
from agent.providers.faults import ProviderFault
from agent.providers.parts import ToolList, result_text, system_text, tool_call, tool_description, tool_schema

if TYPE_CHECKING:
    from agent.settings import Settings

PROVIDER = "anthropic"
DEFAULT_MODEL = "claude-sonnet-5-5"  # as of 2026-11-23; a model the price library knows

_STOPS: dict[str, StopReason] = {
    "end_turn": "end_turn",
    "stop_sequence": "end_turn",
    "tool_use": "tool_use",
    "max_tokens": "max_tokens",
    "model_context_window_exceeded": "max_tokens",
    "refusal": "refusal",
}


class AnthropicModel:
    """A ChatModel. Raises ProviderFault (see faults.py); the graph fails over on it."""

    provider = PROVIDER

    def __init__(self, settings: Settings, model: str | None = None) -> None:
        if settings.anthropic_api_key is None:
            raise ProviderError(
                "provider anthropic has no key; set ANTHROPIC_API_KEY, or use --provider offline"
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
            from anthropic import AsyncAnthropic

            key = self._settings.anthropic_api_key
            self._client = AsyncAnthropic(
                api_key=key.get_secret_value() if key else None,
                base_url=self._settings.anthropic_base_url,
                max_retries=0,
                timeout=self._settings.provider_deadline_s,
            )
        return self._client

    async def _attempt(self, request: ChatRequest) -> AsyncIterator[Event]:
        stream = await self._connected().messages.create(**self._body(request), stream=True)
        turn = _Turn()
        async with stream:
            async for event in stream:
                text = turn.take(event)
                if text:
                    yield TextDelta(text)
        for call in turn.finished():
            yield call
        yield turn.done()

    def _body(self, request: ChatRequest) -> dict[str, Any]:
        tools = self._tools.of(request.tools)
        if tools:  # the tools and the system prompt are the same for every question: cached by the API
            tools[-1] = tools[-1] | {"cache_control": {"type": "ephemeral"}}
        system = system_text(request.messages)
        return {
            "model": self.model,
            "max_tokens": request.max_output_tokens,
            "system": [{"type": "text", "text": system, "cache_control": {"type": "ephemeral"}}]
            if system
            else [],
            "tools": tools,
            "messages": _messages(request),
        }


def _tool(spec: ToolSpec) -> dict[str, Any]:
    return {"name": spec.name, "description": tool_description(spec), "input_schema": tool_schema(spec)}


class _Turn:
    """The parts of one streamed turn. Text passes through; calls count only once the turn is known to be whole."""

    def __init__(self) -> None:
        self._calls: dict[int, tuple[str, str, list[str]]] = {}
        self._stop: str | None = None
        self._whole = False
        self._input = self._output = self._cached = self._written = 0

    def take(self, event: Any) -> str:
        """Read one raw event; the text it says, if any."""
        kind = event.type
        if kind == "message_start":
            self._usage(event.message.usage)
        elif kind == "content_block_start" and event.content_block.type == "tool_use":
            block = event.content_block
            self._calls[event.index] = (block.id, block.name, [])
        elif kind == "content_block_delta":
            if event.delta.type == "text_delta":
                return str(event.delta.text)
            if event.delta.type == "input_json_delta" and event.index in self._calls:
                self._calls[event.index][2].append(event.delta.partial_json)
        elif kind == "message_delta":
            self._stop = event.delta.stop_reason
            self._usage(event.usage)
        elif kind == "message_stop":
            self._whole = True
        return ""

    def _usage(self, usage: Any) -> None:
        read = getattr(usage, "cache_read_input_tokens", None) or 0
        written = getattr(usage, "cache_creation_input_tokens", None) or 0
        if getattr(usage, "input_tokens", None):
            self._input = usage.input_tokens + read + written
            self._cached, self._written = read, written
        self._output = max(self._output, getattr(usage, "output_tokens", None) or 0)

    def finished(self) -> list[ToolCall]:
        """The calls of the turn. ProviderFault when the stream broke off or the arguments are no object."""
        if not self._whole or self._stop is None:
            raise ProviderFault(PROVIDER, "truncated", "the stream ended before message_stop")
        if self._stop != "tool_use":
            return []
        return [tool_call(PROVIDER, i, name, "".join(json)) for i, name, json in self._calls.values()]

    def done(self) -> Done:
        stop = _STOPS.get(self._stop or "", "error")
        return Done(stop, self._input, self._output, self._cached, self._written)


def _messages(request: ChatRequest) -> list[dict[str, Any]]:
    """The conversation in Anthropic's shape: tool results travel in user messages, neighbours merged."""
    shaped: list[dict[str, Any]] = []
    for message in request.messages:
        role, content = _shaped(message)
        if not content:
            continue
        if shaped and shaped[-1]["role"] == role:
            shaped[-1]["content"].extend(content)
        else:
            shaped.append({"role": role, "content": content})
    return shaped


def _shaped(message: Message) -> tuple[str, list[dict[str, Any]]]:
    if message.role == "system":
        return "system", []
    if message.role == "tool":
        failed = "error" in (message.result or {})
        block = {"type": "tool_result", "tool_use_id": message.call_id, "content": result_text(message)}
        return "user", [block | ({"is_error": True} if failed else {})]
    content: list[dict[str, Any]] = [{"type": "text", "text": message.text}] if message.text.strip() else []
    content += [
        {"type": "tool_use", "id": c.id, "name": c.name, "input": dict(c.arguments)}
        for c in message.tool_calls
    ]
    return message.role, content
