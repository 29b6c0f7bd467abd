"""Structured logs: one JSON object a line on the error stream (RACKRATE_LOG_FORMAT=json), keys redacted.

Besides what the product warns of, every answer gives one line: request id, thread, provider, model, tools, status,
milliseconds, tokens and dollars. Never the question or the answer.
"""

from __future__ import annotations

import json
import logging
import sys
import uuid
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agent.defences import redact

if TYPE_CHECKING:
    from agent.answer import Answer
    from agent.settings import Settings

ROOT = "rackrate"  # the parent of every logger of this product
answers = logging.getLogger("rackrate.answers")

request_id: ContextVar[str | None] = ContextVar("rackrate_request_id", default=None)
"""The id of the request being served; an answer asked for without one is given one in its log line."""


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON. What a caller passes as `extra={"fields": {...}}` is laid out beside it."""

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        super().__init__()
        self.secrets = tuple(secrets)

    def format(self, record: logging.LogRecord) -> str:
        fields: Mapping[str, Any] = getattr(record, "fields", {})
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
            **fields,
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        kept = {key: value for key, value in line.items() if value is not None}
        return redact(json.dumps(kept, ensure_ascii=False, default=str), self.secrets)


def configure(settings: Settings, secrets: Sequence[str]) -> None:
    """Set up the product's logging as the settings say; once a process, later secrets are added."""
    if settings.log_format != "json":
        return
    root = logging.getLogger(ROOT)
    ours = next((h for h in root.handlers if isinstance(h.formatter, JsonFormatter)), None)
    if ours is None:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonFormatter(secrets))
        root.addHandler(handler)
        root.propagate = False
    elif isinstance(ours.formatter, JsonFormatter):
        ours.formatter.secrets = tuple(dict.fromkeys((*ours.formatter.secrets, *secrets)))
    root.setLevel(settings.log_level.upper())


def answered(answer: Answer) -> None:
    """The line of one answer."""
    if not answers.isEnabledFor(logging.INFO):
        return
    fields = {
        "request_id": request_id.get() or uuid.uuid4().hex,
        "thread": answer.thread,
        "provider": answer.provider,
        "model": answer.model,
        "status": answer.status,
        "tools": [run.tool for run in answer.tool_calls],
        "citations": len(answer.citations),
        "unsupported": len(answer.ledger.unsupported),
        "ms": answer.elapsed_ms,
        "input_tokens": answer.usage.input_tokens,
        "output_tokens": answer.usage.output_tokens,
        "usd": answer.usage.usd,
    }
    answers.info("answered", extra={"fields": fields})
