"""LangGraph checkpoints, so that an interrupted answer of a paid model goes on where it was cut off.

Kept only for answers in a thread by a model behind a network: what the offline reader had done is done again in
milliseconds, and a checkpoint at every node would cost more. One answer's checkpoints go under its turn's `run` and
are deleted when it is whole. They lie in `checkpoints.sqlite` beside the threads (a file of their own, since a second
writer of the same file in one process would wait for the first), or in PostgreSQL beside the turns.

A checkpoint that cannot be written costs the way back, never the answer.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from agent.database import is_postgres, sqlite_file

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from agent.settings import Settings

log = logging.getLogger("rackrate.agent")

T = TypeVar("T")
WRITE_S = 5.0
_KEPT = (  # what a State holds; nothing else is made from a stored checkpoint
    ("agent.chat", "Message"), ("agent.chat", "ToolCall"), ("agent.state", "Outcome"),
    ("agent.answer", "Answer"), ("agent.answer", "ToolResult"), ("agent.answer", "Ledger"),
    ("agent.answer", "Usage"), ("knowledge.citation", "Citation"), ("tools.contract", "Figure"),
)  # fmt: skip
_LOCK = 7_261_903  # any number, the same for every replica: one makes the tables, the others wait


class Checkpoints:
    """The checkpoints of one agent, opened on first use."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._saver: Any = None
        self._close: Callable[[], object] | None = None
        self._opening = asyncio.Lock()

    async def saver(self) -> Any:
        """The saver, or None while it cannot be opened (said in the log)."""
        async with self._opening:
            if self._saver is None:
                try:
                    made, self._close = await asyncio.to_thread(self._open)
                except Exception as error:  # drivers raise many kinds
                    log.warning("checkpoints are not kept: %s", type(error).__name__)
                    return None
                self._saver = forgiving(made)
            return self._saver

    async def forget(self, run: str) -> None:
        """An answer is whole, or given up: its checkpoints go."""
        if self._saver is not None:
            await self._saver.adelete_thread(run)

    async def sweep(self, wanted: Callable[[], Collection[str]]) -> int:
        """Forget the checkpoints of answers that nobody will go on with; how many answers those were.

        `wanted` tells the runs of the unanswered turns. It is asked last: a run has its turn before its checkpoints.
        """
        saver = await self.saver()
        if saver is None:
            return 0
        runs = {c.config["configurable"]["thread_id"] async for c in saver.alist(None)}
        useless = runs - set(wanted()) if runs else set()
        for run in useless:
            await saver.adelete_thread(run)
        return len(useless)

    def close(self) -> None:
        close, self._close, self._saver = self._close, None, None
        if close is not None:
            close()

    def _open(self) -> tuple[BaseCheckpointSaver[str], Callable[[], object]]:
        return (self._postgres if is_postgres(self._settings.database_url) else self._sqlite)()

    def _sqlite(self) -> tuple[BaseCheckpointSaver[str], Callable[[], object]]:
        from langgraph.checkpoint.sqlite import SqliteSaver

        path = sqlite_file(self._settings, "checkpoints")
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=WRITE_S, check_same_thread=False)
        saver = SqliteSaver(connection, serde=_serializer())
        saver.setup()
        connection.execute("PRAGMA synchronous = NORMAL")
        return saver, connection.close

    def _postgres(self) -> tuple[BaseCheckpointSaver[str], Callable[[], object]]:
        from langgraph.checkpoint.postgres import PostgresSaver
        from psycopg.rows import dict_row
        from psycopg_pool import ConnectionPool

        _, _, rest = (self._settings.database_url or "").partition("://")
        how = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row, "connect_timeout": 5}
        pool: Any = ConnectionPool(
            f"postgresql://{rest}", kwargs=how, min_size=1, max_size=4, timeout=WRITE_S, open=True,
            check=ConnectionPool.check_connection,
        )  # fmt: skip
        try:
            saver = PostgresSaver(pool, serde=_serializer())
            with pool.connection() as connection:
                connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
                try:
                    saver.setup()
                finally:
                    connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))
        except BaseException:
            pool.close()
            raise
        return saver, pool.close


def _serializer() -> Any:
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

    return JsonPlusSerializer(allowed_msgpack_modules=_KEPT)


def forgiving(saver: BaseCheckpointSaver[str]) -> BaseCheckpointSaver[str]:
    """The saver in threads, so that one serves every event loop; its failed writes are logged: an answer does not
    fail for want of a way back to it.
    """
    from langgraph.checkpoint.base import BaseCheckpointSaver

    class Forgiving(BaseCheckpointSaver[str]):
        async def aget_tuple(self, config: Any) -> Any:
            return await asyncio.to_thread(saver.get_tuple, config)

        async def alist(self, config: Any, **how: Any) -> AsyncIterator[Any]:
            for one in await asyncio.to_thread(lambda: list(saver.list(config, **how))):
                yield one

        async def aput(
            self, config: Any, checkpoint: Any, metadata: Any, new_versions: Mapping[str, Any]
        ) -> Any:
            kept = await _tried(saver.put, config, checkpoint, metadata, dict(new_versions))
            named = {**config["configurable"], "checkpoint_id": checkpoint["id"]}
            return kept or {**config, "configurable": named}

        async def aput_writes(
            self, config: Any, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
        ) -> None:
            await _tried(saver.put_writes, config, writes, task_id, task_path)

        async def adelete_thread(self, thread_id: str) -> None:
            await _tried(saver.delete_thread, thread_id)

        def get_next_version(self, current: Any, channel: None) -> Any:
            return saver.get_next_version(current, channel)

    return Forgiving(serde=saver.serde)


async def _tried(write: Callable[..., T], *arguments: Any) -> T | None:
    try:
        async with asyncio.timeout(2 * WRITE_S):
            return await asyncio.to_thread(write, *arguments)
    except Exception as error:
        log.warning("a checkpoint was not kept: %s", type(error).__name__)
        return None
