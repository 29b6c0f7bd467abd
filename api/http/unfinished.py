"""Answers that are being worked on, so that one cut off by a killed process is told of and not silently gone.

A row is written when work on a threaded question begins and removed when it ends, however it ends. A row whose
process is gone (same host), or that is older than any answer may take, is an interrupted answer.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
import uuid
from typing import TYPE_CHECKING

from agent.database import engine_of
from agent.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


class Unfinished:
    """The answers now worked on by every process of one database."""

    def __init__(self, settings: Settings) -> None:
        from sqlalchemy import Column, Float, Integer, MetaData, String, Table, Text

        self._settings = settings
        self._engine: AsyncEngine | None = None
        self._opening = asyncio.Lock()
        self._tables = MetaData()
        self._rows = Table(
            "unfinished",
            self._tables,
            Column("token", String(32), primary_key=True),
            Column("thread", Text, nullable=False, index=True),
            Column("question", Text, nullable=False),
            Column("began_at", Float, nullable=False),
            Column("host", Text, nullable=False),
            Column("process", Integer, nullable=False),
        )

    async def begin(self, thread: str, question: str) -> str:
        """Work on a question begins; the token ends it."""
        token = uuid.uuid4().hex
        row = {
            "token": token,
            "thread": thread,
            "question": question.replace("\x00", "")[:2000],
            "began_at": time.time(),
            "host": socket.gethostname(),
            "process": os.getpid(),
        }
        async with (await self._opened()).begin() as connection:
            await connection.execute(self._rows.insert().values(**row))
        return token

    async def end(self, token: str) -> None:
        async with (await self._opened()).begin() as connection:
            await connection.execute(self._rows.delete().where(self._rows.c.token == token))

    async def interrupted(self, thread: str) -> list[str]:
        """Questions of a thread whose answers were cut off, oldest first."""
        chosen = self._rows.select().where(self._rows.c.thread == thread).order_by(self._rows.c.began_at)
        async with (await self._opened()).connect() as connection:
            rows = (await connection.execute(chosen)).all()
        return [row.question for row in rows if self._gone(row.host, row.process, row.began_at)]

    async def forget(self, thread: str) -> None:
        async with (await self._opened()).begin() as connection:
            await connection.execute(self._rows.delete().where(self._rows.c.thread == thread))

    async def close(self) -> None:
        if self._engine is not None:
            await self._engine.dispose()
            self._engine = None

    def _gone(self, host: str, process: int, began_at: float) -> bool:
        if time.time() - began_at > self._settings.answer_deadline_s + 60:
            return True
        if host != socket.gethostname():
            return False
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return False

    async def _opened(self) -> AsyncEngine:
        async with self._opening:
            if self._engine is None:
                engine = engine_of(self._settings)
                async with engine.begin() as connection:
                    await connection.run_sync(self._tables.create_all)
                self._engine = engine
        return self._engine
