"""What replicas of the Slack app share: the events taken, so that each is answered once, and the feedback given.

An event is taken by inserting its id, which only one replica can do. Its work is kept until it is finished, and
renewed by whoever works on it: what a killed replica left behind is taken over after RACKRATE_SLACK_LEASE_S.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

from agent.database import engine_of
from agent.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

KEPT_S = 7 * 86_400.0


class SqlStore:
    """Events and feedback in the project's database (SQLite or PostgreSQL)."""

    def __init__(self, settings: Settings) -> None:
        from sqlalchemy import Column, Float, Integer, MetaData, String, Table, Text

        self._settings = settings
        self._engine: AsyncEngine | None = None
        self._opening = asyncio.Lock()
        self._renewing = asyncio.Lock()
        self._mine: dict[str, float] = {}  # events worked on here, and since when their rows say so
        self._tables = MetaData()
        self._events = Table(
            "slack_events",
            self._tables,
            Column("event_id", String(200), primary_key=True),
            Column("taken_at", Float, nullable=False),
            Column("finished_at", Float),
            Column("work", Text),
        )
        self._feedback = Table(
            "slack_feedback",
            self._tables,
            Column("id", Integer, primary_key=True, autoincrement=True),
            Column("given_at", Float, nullable=False),
            Column("person", String(64), nullable=False),
            Column("thread", String(250), nullable=False),
            Column("turn", Integer, nullable=False),
            Column("verdict", String(8), nullable=False),
        )

    async def claim_event(self, event_id: str, work: dict[str, Any] | None = None) -> bool:
        """True for the first replica that asks about an event, False ever after."""
        from sqlalchemy.exc import IntegrityError

        now = time.time()
        row = {
            "event_id": event_id[:200],
            "taken_at": now,
            "finished_at": None if work else now,
            "work": json.dumps(work) if work else None,
        }
        try:
            async with (await self._open()).begin() as connection:
                await connection.execute(self._events.insert().values(**row))
        except IntegrityError:
            return False
        if work:
            self._mine[event_id[:200]] = now
        return True

    async def renew(self) -> None:
        """What is worked on here still is. Another replica that thought otherwise keeps what it took."""
        for event_id in list(self._mine):
            await self.still_mine(event_id)

    async def still_mine(self, event_id: str) -> bool:
        """Whether an event is worked on here and nowhere else; if so, its lease begins anew."""
        event_id = event_id[:200]
        async with self._renewing:
            taken_at, now = self._mine.get(event_id), time.time()
            if taken_at is None:
                return False
            events = self._events.c
            held = (
                (events.event_id == event_id) & (events.taken_at == taken_at) & events.finished_at.is_(None)
            )
            async with (await self._open()).begin() as connection:
                renewed = await connection.execute(self._events.update().where(held).values(taken_at=now))
            if renewed.rowcount == 1:
                self._mine[event_id] = now
                return True
            self._mine.pop(event_id, None)
            return False

    def let_go(self, event_id: str) -> None:
        """An event is worked on here no more; unfinished, it is taken over when its lease has run out."""
        self._mine.pop(event_id[:200], None)

    async def finish_event(self, event_id: str) -> None:
        """The event has been answered: nobody takes it over."""
        update = self._events.update().where(self._events.c.event_id == event_id[:200])
        async with (await self._open()).begin() as connection:
            await connection.execute(update.values(finished_at=time.time(), work=None))
        self.let_go(event_id)

    async def abandoned(self, lease_s: float | None = None) -> list[tuple[str, dict[str, Any]]]:
        """Events nobody finished in time, now taken by the caller; and forgets those long finished."""
        events, now = self._events.c, time.time()
        lease_s = self._settings.slack_lease_s if lease_s is None else lease_s
        late = self._events.update().where(events.finished_at.is_(None), events.taken_at < now - lease_s)
        if self._mine:  # late ourselves, but at work
            late = late.where(events.event_id.not_in(list(self._mine)))
        async with (await self._open()).begin() as connection:
            await connection.execute(self._events.delete().where(events.finished_at < now - KEPT_S))
            taken = await connection.execute(
                late.values(taken_at=now).returning(events.event_id, events.work)
            )
            left = [(event_id, json.loads(work)) for event_id, work in taken.all() if work]
        self._mine |= {event_id: now for event_id, _ in left}
        return left

    async def keep_feedback(self, *, user: str, thread: str, turn: int, verdict: str) -> None:
        """What somebody thought of an answer; a second thought replaces the first."""
        feedback = self._feedback
        same = (feedback.c.person == user) & (feedback.c.thread == thread) & (feedback.c.turn == turn)
        row = {"given_at": time.time(), "person": user, "thread": thread, "turn": turn, "verdict": verdict}
        async with (await self._open()).begin() as connection:
            await connection.execute(feedback.delete().where(same))
            await connection.execute(feedback.insert().values(**row))

    async def feedback(self) -> list[dict[str, Any]]:
        """All feedback, oldest first."""
        async with (await self._open()).connect() as connection:
            rows = await connection.execute(self._feedback.select().order_by(self._feedback.c.given_at))
            return [dict(row) for row in rows.mappings()]

    async def close(self) -> None:
        if self._engine is not None:
            await self._engine.dispose()
            self._engine = None

    async def _open(self) -> AsyncEngine:
        async with self._opening:
            if self._engine is None:
                engine = engine_of(self._settings, "slack")
                await self._create(engine)
                self._engine = engine
        return self._engine

    async def _create(self, engine: AsyncEngine) -> None:
        """The tables, where they are not yet; two replicas may start at once."""
        from sqlalchemy.exc import DBAPIError

        for attempt in range(3):
            try:
                async with engine.begin() as connection:
                    await connection.run_sync(self._tables.create_all)
                return
            except DBAPIError:
                if attempt == 2:
                    raise
                await asyncio.sleep(0.2)
