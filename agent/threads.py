"""Threads: conversations kept in SQLite (WAL), shared by every process that has the same home folder.

One row a turn: the question, the messages that answered it (so that a follow-up sees the earlier calls and their
inputs) and the Answer. Reading the last turns of a thread takes well under a millisecond.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.answer import Answer
from agent.chat import Message, ToolCall
from agent.errors import ThreadError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS turns (
    thread TEXT NOT NULL, turn INTEGER NOT NULL, asked_at TEXT NOT NULL,
    question TEXT NOT NULL, messages TEXT NOT NULL, answer TEXT NOT NULL,
    PRIMARY KEY (thread, turn)
) WITHOUT ROWID
"""
_NAME = re.compile(r"[\w.:@/+-]{1,200}")
BUSY_S = 10.0


class Threads:
    """The threads of one database file. Opened on first use; safe to share between Python threads."""

    blocking = False  # a read takes well under a millisecond: not worth leaving the event loop for

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def history(self, thread: str, turns: int = 20) -> list[Message]:
        """The messages of the last `turns` turns, oldest first; empty for a thread nobody has used."""
        with self._rows("read") as connection:
            rows = connection.execute(
                "SELECT messages FROM turns WHERE thread = ? ORDER BY turn DESC LIMIT ?",
                (named(thread), turns),
            ).fetchall()
        return [message_of(m) for (text,) in reversed(rows) for m in json.loads(text)]

    def append(self, thread: str, messages: Sequence[Message], answer: Answer) -> None:
        """Keep one turn."""
        kept = json.dumps([as_json(m) for m in messages], ensure_ascii=False)
        with self._rows("write") as connection, connection:
            connection.execute("BEGIN IMMEDIATE")  # two processes may add to one thread
            (last,) = connection.execute(
                "SELECT COALESCE(MAX(turn), 0) FROM turns WHERE thread = ?", (named(thread),)
            ).fetchone()
            connection.execute(
                "INSERT INTO turns VALUES (?, ?, ?, ?, ?, ?)",
                (thread, last + 1, now(), answer.question, kept, answer.model_dump_json()),
            )

    def answers(self, thread: str) -> list[Answer]:
        """Every Answer of a thread, oldest first."""
        with self._rows("read") as connection:
            rows = connection.execute(
                "SELECT answer FROM turns WHERE thread = ? ORDER BY turn", (named(thread),)
            ).fetchall()
        return [Answer.model_validate_json(text) for (text,) in rows]

    def last(self, thread: str) -> Answer | None:
        """The latest Answer of a thread; None for a thread nobody has used."""
        with self._rows("read") as connection:
            row = connection.execute(
                "SELECT answer FROM turns WHERE thread = ? ORDER BY turn DESC LIMIT 1", (named(thread),)
            ).fetchone()
        return Answer.model_validate_json(row[0]) if row else None

    def delete(self, thread: str) -> int:
        """Forget a thread; how many turns it had."""
        with self._rows("write") as connection, connection:
            return connection.execute("DELETE FROM turns WHERE thread = ?", (named(thread),)).rowcount

    def names(self) -> list[str]:
        """Every thread, the latest used first."""
        with self._rows("read") as connection:
            rows = connection.execute(
                "SELECT thread FROM turns GROUP BY thread ORDER BY MAX(asked_at) DESC"
            ).fetchall()
        return [name for (name,) in rows]

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def _rows(self, doing: str) -> Iterator[sqlite3.Connection]:
        """The connection, under the lock; any fault becomes a ThreadError of one line that names the file."""
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = _open(self.path)
                yield self._connection
            except (sqlite3.Error, OSError, ValueError) as error:
                raise ThreadError(f"cannot {doing} threads in {self.path}: {error}") from error


def named(thread: str) -> str:
    """A thread name that may be used; ThreadError otherwise."""
    if not _NAME.fullmatch(thread):
        raise ThreadError(f"thread is {thread[:80]!r}; allowed: 1 to 200 letters, digits and . : @ / + - _")
    return thread


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=BUSY_S, check_same_thread=False, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # a power cut may lose the last turn, never the file
    connection.execute(_SCHEMA)
    return connection


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def as_json(message: Message) -> dict[str, Any]:
    said: dict[str, Any] = {"role": message.role}
    if message.text:
        said["text"] = message.text
    if message.tool_calls:
        said["tool_calls"] = [
            {"id": c.id, "name": c.name, "arguments": dict(c.arguments), "origins": dict(c.origins)}
            for c in message.tool_calls
        ]
    if message.call_id is not None:
        said |= {"call_id": message.call_id, "result": dict(message.result or {})}
    return said


def message_of(said: Mapping[str, Any]) -> Message:
    return Message(
        said["role"],
        said.get("text", ""),
        tuple(
            ToolCall(c["id"], c["name"], c["arguments"], c.get("origins", {}))
            for c in said.get("tool_calls", ())
        ),
        said.get("call_id"),
        said.get("result"),
    )
