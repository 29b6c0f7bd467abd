"""Ask, ask as a stream of events, and the threads that follow-ups live in."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from agent.answer import Answer
from api.http.guard import Asker, Reader, service_of
from api.http.keys import ApiKey
from api.http.problems import Problem, members_of, status_of
from api.http.service import Service, thread_of
from tools.errors import RackrateError

log = logging.getLogger("rackrate.http")
router = APIRouter(prefix="/v1", tags=["ask"])

THREAD = r"^[\w.:@+-]{1,120}$"
ThreadId = Annotated[str, Path(pattern=THREAD, description="A thread's id")]


class AskBody(BaseModel):
    """A question."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"question": "How many H100s hold a 1T parameter model in FP8?", "thread": "demo"}]
        },
    )
    question: str = Field(description="The question, as a person types it")
    thread: str | None = Field(
        None, pattern=THREAD, description="Follow-ups in one thread know what came before"
    )
    as_of: str | None = Field(
        None, pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$", description="Prices as of this date"
    )


class Thread(BaseModel):
    """A thread: its answers, oldest first."""

    thread: str
    answers: list[Answer]
    running: list[str] = Field(default_factory=list, description="Questions worked on now")
    interrupted: list[str] = Field(
        default_factory=list,
        description="Questions whose answers were cut off; ask them again, or resume the thread",
    )


@router.post("/ask")
async def ask(body: AskBody, request: Request, key: Asker) -> Answer:
    """One answer."""
    answer = await service_of(request).ask(
        body.question, thread=thread_of(key, body.thread), as_of=body.as_of
    )
    return answer.model_copy(update={"thread": body.thread})


@router.post("/ask/stream", response_class=StreamingResponse)
async def ask_stream(body: AskBody, request: Request, key: Asker) -> StreamingResponse:
    """Server-sent events: status, tool_call, tool_result, citation, text, then answer or error."""
    events = _events(service_of(request), body, thread_of(key, body.thread))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


async def _events(service: Service, body: AskBody, thread: str | None) -> AsyncIterator[str]:
    try:
        async for event, data in service.stream(body.question, thread=thread, as_of=body.as_of):
            if isinstance(data, Answer):
                data = data.model_copy(update={"thread": body.thread})
            yield _sse(event, data)
    except RackrateError as error:
        yield _sse("error", {"status": status_of(error), "detail": str(error), **members_of(error)})
    except Exception:
        log.exception("a stream failed")
        yield _sse("error", {"status": 500, "detail": "internal error"})


def _sse(event: str, data: Any) -> str:
    text = (
        data.model_dump_json()
        if isinstance(data, BaseModel)
        else json.dumps(data, ensure_ascii=False, default=str)
    )
    return f"event: {event}\ndata: {text}\n\n"


@router.get("/threads/{thread}")
async def read_thread(thread: ThreadId, request: Request, key: Reader) -> Thread:
    """The answers of a thread of this key, and the questions of it that have none: running, or interrupted."""
    return await _read(service_of(request), key, thread)


@router.post("/threads/{thread}/resume")
async def resume_thread(thread: ThreadId, request: Request, key: Asker) -> Thread:
    """Finish what was interrupted, from where it was cut off where that was kept; then the thread."""
    service = service_of(request)
    await service.resume(f"{key.name}/{thread}")
    return await _read(service, key, thread)


@router.delete("/threads/{thread}", status_code=204)
async def delete_thread(thread: ThreadId, request: Request, key: Asker) -> Response:
    """Forget a thread of this key; an answer that is worked on is not kept."""
    threads = service_of(request).agent.threads
    if not await asyncio.to_thread(threads.delete, f"{key.name}/{thread}"):
        raise Problem(404, f"no thread {thread!r}")
    return Response(status_code=204)


async def _read(service: Service, key: ApiKey, thread: str) -> Thread:
    threads, name = service.agent.threads, f"{key.name}/{thread}"
    # what is unanswered first: a turn that ends in between is then shown twice at worst, never not at all
    left = await asyncio.to_thread(threads.unanswered, name)
    answers = await asyncio.to_thread(threads.answers, name)
    if not answers and not left:
        raise Problem(404, f"no thread {thread!r}")
    return Thread(
        thread=thread,
        answers=[a.model_copy(update={"thread": thread}) for a in answers],
        running=[one.question for one in left if not one.interrupted],
        interrupted=[one.question for one in left if one.interrupted],
    )
