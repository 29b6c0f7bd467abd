"""Threads: conversations kept in SQLite (WAL), shared by every process that has the same home folder.

One row a turn: the question, the messages that answered it (so that a follow-up sees the earlier calls and their
inputs) and the Answer. The row is there before the work begins, without an Answer (agent.turns), and is completed
in one statement: a kill leaves it unanswered, never half answered. A turn begun or completed costs some 0.1 ms.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.answer import Answer
from agent.chat import Message, ToolCall
from agent.errors import ThreadError
from agent.turns import Turn, Unanswered, new_token, owner_gone

_SCHEMA = """
CREATE TABLE IF NOT EXISTS turns (
    thread TEXT NOT NULL, turn INTEGER NOT NULL, asked_at TEXT NOT NULL,
    question TEXT NOT NULL, messages TEXT NOT NULL, answer TEXT NOT NULL,
    token TEXT NOT NULL DEFAULT '', lease_until REAL NOT NULL DEFAULT 0, as_of TEXT,
    PRIMARY KEY (thread, turn)
) WITHOUT ROWID
"""
_LATER = (  # columns that files of an earlier version lack
    "ALTER TABLE turns ADD COLUMN token TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE turns ADD COLUMN lease_until REAL NOT NULL DEFAULT 0",
    "ALTER TABLE turns ADD COLUMN as_of TEXT",
)
_UNANSWERED = "CREATE INDEX IF NOT EXISTS unanswered ON turns (thread) WHERE answer = ''"
_NAME = re.compile(r"[\w.:@/+-]{1,200}")
BUSY_S = 10.0
LAST = 2**31 - 1  # no turn's number


class Threads:
    """The threads of one database file. Opened on first use; safe to share between Python threads."""

    blocking = False  # a read takes well under a millisecond: not worth leaving the event loop for

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def history(self, thread: str, turns: int = 20, before: int = LAST) -> list[Message]:
        """The messages of the last `turns` answered turns, oldest first; empty for a thread nobody has used."""
        with self._rows("read") as connection:
            rows = connection.execute(
                "SELECT messages FROM turns WHERE thread = ? AND turn < ? AND answer <> '' ORDER BY turn DESC LIMIT ?",
                (named(thread), before, turns),
            ).fetchall()
        return [message_of(m) for (text,) in reversed(rows) for m in json.loads(text)]

    def begin(self, thread: str, question: str, lease_s: float, as_of: str | None = None) -> Turn:
        """A new turn, to be worked on until it is finished or abandoned."""
        with self._rows("write") as connection, connection:
            return self._added(connection, named(thread), question, time.time() + lease_s, as_of)

    def finish(self, turn: Turn, messages: Sequence[Message], answer: Answer) -> bool:
        """Complete a turn. False when it is no longer there or somebody else's: the thread was deleted meanwhile."""
        values = (kept(messages), answer.model_dump_json(), turn.thread, turn.number, turn.token)
        statement = "UPDATE turns SET messages = ?, answer = ? WHERE thread = ? AND turn = ? AND token = ? AND answer = ''"
        with self._rows("write") as connection, connection:
            return connection.execute(statement, values).rowcount == 1

    def append(self, thread: str, messages: Sequence[Message], answer: Answer) -> None:
        """Keep a turn that is whole already."""
        with self._rows("write") as connection, connection:
            turn = self._added(connection, named(thread), answer.question, 0.0)
            connection.execute(
                "UPDATE turns SET messages = ?, answer = ? WHERE thread = ? AND turn = ?",
                (kept(messages), answer.model_dump_json(), thread, turn.number),
            )

    def abandon(self, turn: Turn, *, forget: bool) -> None:
        """The work on a turn ended without an answer: forget it, or leave it as interrupted."""
        which = "thread = ? AND turn = ? AND token = ? AND answer = ''"
        what = "DELETE FROM turns" if forget else "UPDATE turns SET lease_until = 0"
        with self._rows("write") as connection, connection:
            connection.execute(f"{what} WHERE {which}", (turn.thread, turn.number, turn.token))

    def renew(self, turns: Collection[Turn], lease_s: float) -> None:
        """Whoever works on these turns still does."""
        until = time.time() + lease_s
        with self._rows("write") as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "UPDATE turns SET lease_until = ? WHERE thread = ? AND turn = ? AND token = ? AND answer = ''",
                [(until, turn.thread, turn.number, turn.token) for turn in turns],
            )

    def unanswered(self, thread: str) -> list[Unanswered]:
        """The turns of a thread that have no answer, oldest first."""
        with self._rows("read") as connection:
            return _unanswered(connection, named(thread))

    def open_runs(self) -> list[str]:
        """The runs of every turn without an answer."""
        with self._rows("read") as connection:
            rows = connection.execute("SELECT token FROM turns WHERE answer = ''").fetchall()
        return [token.rpartition("/")[2] for (token,) in rows]

    def take(self, turn: Turn, lease_s: float) -> Turn | None:
        """An interrupted turn, now to be worked on here; None when somebody else was first."""
        mine = Turn(turn.thread, turn.number, new_token(turn.run))
        values = (mine.token, time.time() + lease_s, turn.thread, turn.number, turn.token)
        statement = "UPDATE turns SET token = ?, lease_until = ? WHERE thread = ? AND turn = ? AND token = ? AND answer = ''"
        with self._rows("write") as connection, connection:
            return mine if connection.execute(statement, values).rowcount == 1 else None

    def answers(self, thread: str) -> list[Answer]:
        """Every Answer of a thread, oldest first."""
        with self._rows("read") as connection:
            rows = connection.execute(
                "SELECT answer FROM turns WHERE thread = ? AND answer <> '' ORDER BY turn", (named(thread),)
            ).fetchall()
        return [Answer.model_validate_json(text) for (text,) in rows]

    def last(self, thread: str) -> Answer | None:
        """The latest Answer of a thread; None for a thread nobody has used."""
        with self._rows("read") as connection:
            row = connection.execute(
                "SELECT answer FROM turns WHERE thread = ? AND answer <> '' ORDER BY turn DESC LIMIT 1",
                (named(thread),),
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

    def _added(
        self,
        connection: sqlite3.Connection,
        thread: str,
        question: str,
        until: float,
        as_of: str | None = None,
    ) -> Turn:
        """A row without an answer, in the caller's transaction. The same question interrupted before gives way."""
        connection.execute("BEGIN IMMEDIATE")  # two processes may add to one thread
        for left in _unanswered(connection, thread):
            if left.interrupted and left.question == question:
                connection.execute(
                    "DELETE FROM turns WHERE thread = ? AND turn = ?", (thread, left.turn.number)
                )
        (last,) = connection.execute(
            "SELECT COALESCE(MAX(turn), 0) FROM turns WHERE thread = ?", (thread,)
        ).fetchone()
        turn = Turn(thread, last + 1, new_token())
        connection.execute(
            "INSERT INTO turns VALUES (?, ?, ?, ?, '', '', ?, ?, ?)",
            (thread, turn.number, now(), question, turn.token, until, as_of),
        )
        return turn

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


def _unanswered(connection: sqlite3.Connection, thread: str) -> list[Unanswered]:
    rows = connection.execute(
        "SELECT turn, token, question, as_of, lease_until < ? FROM turns WHERE thread = ? AND answer = '' ORDER BY turn",
        (time.time(), thread),
    )
    return [
        Unanswered(Turn(thread, number, token), question, as_of, bool(late) or owner_gone(token))
        for number, token, question, as_of, late in rows
    ]


def named(thread: str) -> str:
    """A thread name that may be used; ThreadError otherwise."""
    if not _NAME.fullmatch(thread):
        raise ThreadError(f"thread is {thread[:80]!r}; allowed: 1 to 200 letters, digits and . : @ / + - _")
    return thread


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=BUSY_S, check_same_thread=False, isolation_level=None)
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous = NORMAL")  # a power cut may lose the last turn, never the file
    with connection:
        connection.execute("BEGIN IMMEDIATE")  # another process may open the file for the first time, too
        connection.execute(_SCHEMA)
        known = {row[1] for row in connection.execute("PRAGMA table_info(turns)")}
        for statement in _LATER if "token" not in known else ():
            connection.execute(statement)
        connection.execute(_UNANSWERED)
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """The change of the journal's mode does not wait for a lock as other statements do: it is tried again."""
    until = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def kept(messages: Sequence[Message]) -> str:
    """Messages as they are stored."""
    return json.dumps([as_json(m) for m in messages], ensure_ascii=False)


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
