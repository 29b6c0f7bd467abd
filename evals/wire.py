"""Recorded-style streams of both providers, written by us, for respx at the wire."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

ANTHROPIC_URL = "https://api.anthropic.com/v1/messages"
OPENAI_URL = "https://api.openai.com/v1/chat/completions"

Call = tuple[str, dict[str, Any] | str]  # name, arguments (text: sent as it is, cut or broken)


def anthropic_turn(
    text: str = "", calls: Sequence[Call] = (), *, stop: str | None = None, cut: int | None = None
) -> bytes:
    """One Anthropic turn as server-sent events; `cut` drops that many events from its end."""
    usage = {"input_tokens": 900, "output_tokens": 1, "cache_read_input_tokens": 300}
    message = {"id": "m", "type": "message", "role": "assistant", "model": "claude", "content": []}
    events: list[dict[str, Any]] = [
        {
            "type": "message_start",
            "message": {**message, "stop_reason": None, "stop_sequence": None, "usage": usage},
        }
    ]
    index = 0
    if text:
        events.append(
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        )
        for piece in _pieces(text):
            delta = {"type": "text_delta", "text": piece}
            events.append({"type": "content_block_delta", "index": 0, "delta": delta})
        events.append({"type": "content_block_stop", "index": 0})
        index = 1
    for offset, (name, arguments) in enumerate(calls):
        at = index + offset
        block = {"type": "tool_use", "id": f"toolu_{at}", "name": name, "input": {}}
        events.append({"type": "content_block_start", "index": at, "content_block": block})
        for piece in _pieces(arguments if isinstance(arguments, str) else json.dumps(arguments)):
            delta = {"type": "input_json_delta", "partial_json": piece}
            events.append({"type": "content_block_delta", "index": at, "delta": delta})
        events.append({"type": "content_block_stop", "index": at})
    reason = stop or ("tool_use" if calls else "end_turn")
    events += [
        {
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": None},
            "usage": {"output_tokens": 77},
        },
        {"type": "message_stop"},
    ]
    kept = events[: len(events) - (cut or 0)]
    return "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in kept).encode()


def anthropic_error_event(kind: str = "overloaded_error") -> bytes:
    """An error in the middle of a stream whose status was 200."""
    body = {"type": "error", "error": {"type": kind, "message": "Overloaded"}}
    begun = anthropic_turn("The answer is", cut=3)
    return begun + f"event: error\ndata: {json.dumps(body)}\n\n".encode()


def openai_turn(
    text: str = "", calls: Sequence[Call] = (), *, stop: str | None = None, cut: int | None = None
) -> bytes:
    """One turn of chat completions as server-sent events; `cut` drops that many chunks from its end."""
    chunks: list[dict[str, Any]] = [_chunk({"role": "assistant", "content": ""})]
    chunks += [_chunk({"content": piece}) for piece in _pieces(text)]
    for index, (name, arguments) in enumerate(calls):
        function = {"name": name, "arguments": ""}
        chunks.append(
            _chunk(
                {
                    "tool_calls": [
                        {"index": index, "id": f"call_{index}", "type": "function", "function": function}
                    ]
                }
            )
        )
        for piece in _pieces(arguments if isinstance(arguments, str) else json.dumps(arguments)):
            chunks.append(_chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}))
    chunks.append(_chunk({}, finish=stop or ("tool_calls" if calls else "stop")))
    usage = {
        "prompt_tokens": 1200,
        "completion_tokens": 77,
        "total_tokens": 1277,
        "prompt_tokens_details": {"cached_tokens": 300},
    }
    chunks.append({**_chunk({}), "choices": [], "usage": usage})
    kept = chunks[: len(chunks) - (cut or 0)]
    lines = "".join(f"data: {json.dumps(c)}\n\n" for c in kept)
    return (lines + ("" if cut else "data: [DONE]\n\n")).encode()


def openai_error_event() -> bytes:
    """An error in the middle of a stream whose status was 200."""
    body = {
        "error": {"message": "The server had an error", "type": "server_error", "param": None, "code": None}
    }
    return openai_turn("The answer is", cut=2) + f"data: {json.dumps(body)}\n\n".encode()


def _chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt", "choices": [choice]}


def _pieces(text: str, size: int = 7) -> list[str]:
    return [text[i : i + size] for i in range(0, len(text), size)]
