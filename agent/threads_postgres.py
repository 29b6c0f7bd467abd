"""Threads in PostgreSQL, for several replicas: what `agent.threads` keeps in SQLite, behind the same methods.

SQLite keeps its plain `sqlite3` path, since importing SQLAlchemy costs 0.3 s that `rackrate ask` would pay. The
tables are made and brought up to date by Alembic on first use, one replica at a time.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.answer import Answer
from agent.chat import Message
from agent.database import CONNECT_S
from agent.errors import ThreadError
from agent.threads import LAST, Threads, kept, message_of, named, now
from agent.turns import Turn, Unanswered, new_token, owner_gone

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

MIGRATIONS = Path(__file__).parent / "migrations"
_THIS = "thread = :thread AND turn = :number AND token = :token AND answer = ''"
_NOW = "extract(epoch FROM clock_timestamp())"  # the database's clock: those of replicas may differ
_LOCK = 7_261_902  # any number, the same for every replica: one migrates, the others wait


class PostgresThreads(Threads):
    """The threads of one database. Calls block on the network: `blocking` tells the agent to leave the event loop."""

    blocking = True

    def __init__(self, url: str) -> None:
        super().__init__(Path("postgresql"))
        self._url = url
        self._engine: Engine | None = None
        self._opening = threading.Lock()

    def history(self, thread: str, turns: int = 20, before: int = LAST) -> list[Message]:
        """The messages of the last `turns` answered turns, oldest first."""
        rows = self._fetch(
            "SELECT messages FROM turns WHERE thread = :thread AND turn < :before AND answer <> '' "
            "ORDER BY turn DESC LIMIT :turns",
            thread=named(thread),
            before=before,
            turns=turns,
        )
        return [message_of(m) for (text,) in reversed(rows) for m in json.loads(text)]

    def begin(self, thread: str, question: str, lease_s: float, as_of: str | None = None) -> Turn:
        """A new turn, to be worked on until it is finished or abandoned."""
        with self._begun("write") as connection:
            return self._new(connection, named(thread), question, lease_s, as_of)

    def finish(self, turn: Turn, messages: Sequence[Message], answer: Answer) -> bool:
        """Complete a turn. False when it is no longer there or somebody else's: the thread was deleted meanwhile."""
        with self._begun("write") as connection:
            return self._completed(connection, turn, messages, answer)

    def append(self, thread: str, messages: Sequence[Message], answer: Answer) -> None:
        """Keep a turn that is whole already."""
        with self._begun("write") as connection:
            turn = self._new(connection, named(thread), answer.question, 0.0)
            self._completed(connection, turn, messages, answer)

    def abandon(self, turn: Turn, *, forget: bool) -> None:
        """The work on a turn ended without an answer: forget it, or leave it as interrupted."""
        what = "DELETE FROM turns" if forget else "UPDATE turns SET lease_until = 0"
        with self._begun("write") as connection:
            _run(connection, f"{what} WHERE {_THIS}", **asdict(turn))

    def renew(self, turns: Collection[Turn], lease_s: float) -> None:
        """Whoever works on these turns still does."""
        from sqlalchemy import text

        statement = text(f"UPDATE turns SET lease_until = {_NOW} + :lease_s WHERE {_THIS}")
        with self._begun("write") as connection:
            connection.execute(statement, [{**asdict(turn), "lease_s": lease_s} for turn in turns])

    def unanswered(self, thread: str) -> list[Unanswered]:
        """The turns of a thread that have no answer, oldest first."""
        with self._begun("read") as connection:
            return _unanswered(connection, named(thread))

    def open_runs(self) -> list[str]:
        """The runs of every turn without an answer."""
        return [
            token.rpartition("/")[2] for (token,) in self._fetch("SELECT token FROM turns WHERE answer = ''")
        ]

    def take(self, turn: Turn, lease_s: float) -> Turn | None:
        """An interrupted turn, now to be worked on here; None when somebody else was first."""
        mine = Turn(turn.thread, turn.number, new_token(turn.run))
        statement = f"UPDATE turns SET token = :mine, lease_until = {_NOW} + :lease_s WHERE {_THIS}"
        with self._begun("write") as connection:
            taken = _run(connection, statement, **asdict(turn), mine=mine.token, lease_s=lease_s)
        return mine if taken.rowcount == 1 else None

    def _new(
        self, connection: Connection, thread: str, question: str, lease_s: float, as_of: str | None = None
    ) -> Turn:
        """A row without an answer, in the caller's transaction; replicas that add to one thread take turns."""
        question = question.replace("\x00", "")
        _run(connection, "SELECT pg_advisory_xact_lock(hashtextextended(:thread, 0))", thread=thread)
        for left in _unanswered(connection, thread):
            if left.interrupted and left.question == question:
                _run(connection, f"DELETE FROM turns WHERE {_THIS}", **asdict(left.turn))
        token = new_token()
        row = _run(
            connection,
            "INSERT INTO turns (thread, turn, asked_at, question, messages, answer, token, as_of, lease_until) "
            "SELECT CAST(:thread AS text), COALESCE(MAX(turn), 0) + 1, :asked_at, :question, '', '', :token, CAST(:as_of AS text), "
            f"{_NOW} + :lease_s FROM turns WHERE thread = :thread RETURNING turn",
            thread=thread, asked_at=now(), question=question, token=token, as_of=as_of,
            lease_s=lease_s,
        )  # fmt: skip
        return Turn(thread, int(row.scalar_one()), token)

    def _completed(
        self, connection: Connection, turn: Turn, messages: Sequence[Message], answer: Answer
    ) -> bool:
        done = _run(
            connection,
            f"UPDATE turns SET messages = :messages, answer = :answer WHERE {_THIS}",
            **asdict(turn),
            messages=kept(messages).replace("\\u0000", ""),
            answer=answer.model_dump_json().replace("\\u0000", ""),
        )
        return bool(done.rowcount == 1)

    def answers(self, thread: str) -> list[Answer]:
        """Every Answer of a thread, oldest first."""
        rows = self._fetch(
            "SELECT answer FROM turns WHERE thread = :thread AND answer <> '' ORDER BY turn",
            thread=named(thread),
        )
        return [Answer.model_validate_json(text) for (text,) in rows]

    def last(self, thread: str) -> Answer | None:
        """The latest Answer of a thread; None for a thread nobody has used."""
        rows = self._fetch(
            "SELECT answer FROM turns WHERE thread = :thread AND answer <> '' ORDER BY turn DESC LIMIT 1",
            thread=named(thread),
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

                engine = create_engine(
                    self._url,
                    pool_pre_ping=True,
                    pool_size=10,
                    max_overflow=20,
                    connect_args={"connect_timeout": CONNECT_S},
                )
                migrate(engine)
                self._engine = engine
            return self._engine


def _unanswered(connection: Connection, thread: str) -> list[Unanswered]:
    rows = _run(
        connection,
        f"SELECT turn, token, question, as_of, lease_until < {_NOW} FROM turns WHERE thread = :thread AND answer = '' "
        "ORDER BY turn",
        thread=thread,
    )
    return [
        Unanswered(Turn(thread, number, token), question, as_of, bool(late) or owner_gone(token))
        for number, token, question, as_of, late in rows.all()
    ]


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
