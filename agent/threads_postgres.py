"""Threads in PostgreSQL, for several replicas: what `agent.threads` keeps in SQLite, behind the same methods.

SQLite keeps its plain `sqlite3` path, since importing SQLAlchemy costs 0.3 s that `rackrate ask` would pay. The
tables are made and brought up to date by Alembic on first use, one replica at a time.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.answer import Answer
from agent.chat import Message
from agent.errors import ThreadError
from agent.threads import Threads, as_json, message_of, named, now

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 7_261_902  # any number, the same for every replica: one migrates, the others wait


class PostgresThreads(Threads):
    """The threads of one database. Calls block on the network: `blocking` tells the agent to leave the event loop."""

    blocking = True

    def __init__(self, url: str) -> None:
        super().__init__(Path("postgresql"))
        self._url = url
        self._engine: Engine | None = None
        self._opening = threading.Lock()

    def history(self, thread: str, turns: int = 20) -> list[Message]:
        """The messages of the last `turns` turns, oldest first."""
        rows = self._fetch(
            "SELECT messages FROM turns WHERE thread = :thread ORDER BY turn DESC LIMIT :turns",
            thread=named(thread),
            turns=turns,
        )
        return [message_of(m) for (text,) in reversed(rows) for m in json.loads(text)]

    def append(self, thread: str, messages: Sequence[Message], answer: Answer) -> None:
        """Keep one turn; replicas that add to one thread take turns."""
        values = {
            "thread": named(thread),
            "asked_at": now(),
            "question": answer.question,
            "messages": json.dumps([as_json(m) for m in messages], ensure_ascii=False).replace("\\u0000", ""),
            "answer": answer.model_dump_json().replace("\\u0000", ""),
        }
        with self._begun("write") as connection:
            _run(connection, "SELECT pg_advisory_xact_lock(hashtextextended(:thread, 0))", thread=thread)
            _run(
                connection,
                "INSERT INTO turns (thread, turn, asked_at, question, messages, answer) SELECT CAST(:thread AS text), "
                "COALESCE(MAX(turn), 0) + 1, :asked_at, :question, :messages, :answer FROM turns WHERE thread = :thread",
                **values,
            )

    def answers(self, thread: str) -> list[Answer]:
        """Every Answer of a thread, oldest first."""
        rows = self._fetch(
            "SELECT answer FROM turns WHERE thread = :thread ORDER BY turn", thread=named(thread)
        )
        return [Answer.model_validate_json(text) for (text,) in rows]

    def last(self, thread: str) -> Answer | None:
        """The latest Answer of a thread; None for a thread nobody has used."""
        rows = self._fetch(
            "SELECT answer FROM turns WHERE thread = :thread ORDER BY turn DESC LIMIT 1", thread=named(thread)
        )
        return Answer.model_validate_json(rows[0][0]) if rows else None

    def delete(self, thread: str) -> int:
        """Forget a thread; how many turns it had."""
        with self._begun("write") as connection:
            return int(
                _run(connection, "DELETE FROM turns WHERE thread = :thread", thread=named(thread)).rowcount
            )

    def names(self) -> list[str]:
        """Every thread, the latest used first."""
        rows = self._fetch("SELECT thread FROM turns GROUP BY thread ORDER BY MAX(asked_at) DESC")
        return [name for (name,) in rows]

    def close(self) -> None:
        with self._opening:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    def _fetch(self, statement: str, **values: Any) -> list[Any]:
        with self._begun("read") as connection:
            return list(_run(connection, statement, **values).all())

    @contextmanager
    def _begun(self, doing: str) -> Iterator[Connection]:
        """A transaction. Any fault becomes a ThreadError of one line, without the URL and its password."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self._opened().begin() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            cause = getattr(error, "orig", None) or error
            line = (str(cause).splitlines() or [""])[0][:200]
            raise ThreadError(
                f"cannot {doing} threads in PostgreSQL: {type(cause).__name__}: {line}"
            ) from error

    def _opened(self) -> Engine:
        with self._opening:
            if self._engine is None:
                from sqlalchemy import create_engine

                engine = create_engine(self._url, pool_pre_ping=True, pool_size=10, max_overflow=20)
                migrate(engine)
                self._engine = engine
            return self._engine


def migrate(engine: Engine) -> None:
    """Bring the tables up to date."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        _run(connection, "SELECT pg_advisory_xact_lock(:lock)", lock=_LOCK)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _run(connection: Connection, statement: str, **values: Any) -> Any:
    from sqlalchemy import text

    return connection.execute(text(statement), values)
