"""OpenAI's chat protocol, with the agent itself as the model `rackrate`: plain and streaming.

The last user message is the question; earlier ones are the conversation, unless the client names a thread
(`metadata.thread`), which has its own. Citations travel as annotations, the whole Answer as `rackrate`.
"""

from __future__ import annotations

import json
import logging
import re
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from agent.answer import Answer
from agent.chat import Message
from api.http.ask import THREAD
from api.http.guard import Asker, Reader, service_of
from api.http.problems import Problem
from api.http.service import Service, thread_of
from knowledge.citation import Citation
from tools.errors import RackrateError

router = APIRouter(prefix="/v1", tags=["openai"])

log = logging.getLogger("rackrate.http")

MODEL = "rackrate"
HISTORY_MESSAGES = 40
HISTORY_CHARS = 20_000


class ChatMessage(BaseModel):
    model_config = ConfigDict(extra="allow")
    role: str
    content: str | list[dict[str, Any]] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(str(part.get("text", "")) for part in self.content if part.get("type") == "text")
        return self.content or ""


class ChatBody(BaseModel):
    """The part of OpenAI's request that means something here; the rest (temperature …) is accepted and ignored."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {"model": MODEL, "messages": [{"role": "user", "content": "KV cache per token of Llama 8B?"}]}
            ]
        },
    )
    model: str = MODEL
    messages: list[ChatMessage] = Field(min_length=1)
    stream: bool = False
    stream_options: dict[str, Any] | None = None
    metadata: dict[str, str] | None = None


@router.get("/models")
async def models(_: Reader) -> dict[str, Any]:
    """The one model there is."""
    return {
        "object": "list",
        "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "rackrate"}],
    }


_DOCUMENTED: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/event-stream": {"schema": {}}},
        "description": "With `stream`, chunks",
    }
}


@router.post("/chat/completions", response_model=None, responses=_DOCUMENTED)
async def chat(body: ChatBody, request: Request, key: Asker) -> JSONResponse | StreamingResponse:
    """A chat completion whose content is an answer."""
    if body.model != MODEL:
        raise Problem(404, f"model is {body.model!r}; allowed: {MODEL}", field="model")
    if body.messages[-1].role != "user":
        raise Problem(422, "messages: the last must be the user's", field="messages")
    service = service_of(request)
    named = (body.metadata or {}).get("thread")
    if named is not None and not re.fullmatch(THREAD, named):
        raise Problem(
            422, "metadata.thread: 1 to 120 letters, digits and . : @ + - _", field="metadata.thread"
        )
    turn: dict[str, Any] = {"question": body.messages[-1].text, "thread": thread_of(key, named)}
    if named is None:
        turn["history"] = _history(body.messages[:-1])
    if body.stream:
        usage = bool((body.stream_options or {}).get("include_usage"))
        return StreamingResponse(_chunks(service, turn, usage), media_type="text/event-stream")
    return JSONResponse(_completion(await service.ask(**turn)))


def _history(messages: Sequence[ChatMessage]) -> list[Message]:
    """The conversation so far, as the agent's messages. A client's system prompt is not one: the agent has its own."""
    roles: dict[str, Literal["user", "assistant"]] = {"user": "user", "assistant": "assistant"}
    kept = [(roles[m.role], m.text) for m in messages if m.role in roles and m.text.strip()]
    return [Message(role, text[:HISTORY_CHARS]) for role, text in kept[-HISTORY_MESSAGES:]]


def _annotations(answer: Answer) -> list[dict[str, Any]]:
    return [{"type": "url_citation", "url_citation": _cited(answer.text, c)} for c in answer.citations]


def _cited(text: str, citation: Citation) -> dict[str, Any]:
    """A citation as OpenAI's: where its time stamp or page stands in the text (0, 0 where it does not)."""
    place = citation.start or (f"p. {citation.page}" if citation.page else "")
    at = text.find(place) if place else -1
    return {
        "url": f"rackrate:{citation.source}#{citation.start or citation.page or ''}",
        "title": f"{citation.title} {place}".strip(),
        "start_index": max(at, 0),
        "end_index": at + len(place) if at >= 0 else 0,
    }


def _usage(answer: Answer) -> dict[str, int]:
    used = answer.usage
    return {
        "prompt_tokens": used.input_tokens,
        "completion_tokens": used.output_tokens,
        "total_tokens": used.input_tokens + used.output_tokens,
    }


def _completion(answer: Answer) -> dict[str, Any]:
    message = {
        "role": "assistant",
        "content": answer.text,
        "refusal": None,
        "annotations": _annotations(answer),
    }
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": _usage(answer),
        "rackrate": answer.model_dump(mode="json"),
    }


async def _chunks(service: Service, turn: dict[str, Any], usage: bool) -> AsyncIterator[str]:
    head = {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": MODEL,
    }

    def chunk(delta: dict[str, Any], finish: str | None = None, **extra: Any) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return f"data: {json.dumps({**head, 'choices': [choice], **extra})}\n\n"

    yield chunk({"role": "assistant", "content": ""})
    try:
        async for event, data in service.stream(**turn):
            # the checked text, once it is whole: deltas may still be repaired by the ledger
            if event == "answer" and isinstance(data, Answer):
                for paragraph in data.text.splitlines(keepends=True):
                    yield chunk({"content": paragraph})
                yield chunk({"annotations": _annotations(data)}, "stop")
                if usage:
                    yield f"data: {json.dumps({**head, 'choices': [], 'usage': _usage(data)})}\n\n"
    except RackrateError as error:
        yield f"data: {json.dumps({'error': {'message': str(error), 'type': 'invalid_request_error'}})}\n\n"
    except Exception:
        log.exception("a chat stream failed")
        yield f"data: {json.dumps({'error': {'message': 'internal error', 'type': 'server_error'}})}\n\n"
    yield "data: [DONE]\n\n"
