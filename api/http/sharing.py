"""How worker processes share the connections of one listening socket: whoever has fewest takes the next.

Left to themselves, workers that share a socket take what waits whenever they wake, so that of 50 clients one may get
40; dealt out by a hash of their address, one gets 32 now and then. A client that stays on its connection then waits
that much longer for every answer. Here each worker says in memory that all of them see how many connections it has,
and one that has more than another leaves a new one to that other for `PATIENCE_S`.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import mmap
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

log = logging.getLogger("rackrate.http")

SEEN = "RACKRATE_SERVE_SHARES"  # environment: where the workers find the memory
PATIENCE_S = 0.1  # a worker that computes does not look up sooner
PAUSE_S = 0.002
SAID_EVERY_S = 0.1
FRESH_S = 1.0  # who has said nothing for longer computes, or is dead: nobody waits for it
SLOTS, FIELDS = 128, 2  # workers; when it was said (monotonic, ns), and how many connections


def shared_memory() -> int:
    """Memory for the workers' counts; the descriptor to keep open while they run."""
    descriptor = os.memfd_create("rackrate-shares")
    os.ftruncate(descriptor, SLOTS * FIELDS * 8)
    return descriptor


class Counts:
    """How many connections each worker has; this process's own are in one slot of its own."""

    def __init__(self, path: str) -> None:
        with Path(path).open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), SLOTS * FIELDS * 8)
            self._rows = memoryview(self._memory).cast("q")
            fcntl.lockf(file, fcntl.LOCK_EX)  # until it is closed: two workers may begin at once
            self._mine = next(slot for slot in range(SLOTS) if not self._fresh(slot)) * FIELDS
            self.say(0)

    def say(self, count: int) -> None:
        self._rows[self._mine], self._rows[self._mine + 1] = time.monotonic_ns(), count

    def least_elsewhere(self) -> int | None:
        """The fewest that another worker has; None when nobody else is there."""
        others = (slot for slot in range(SLOTS) if slot * FIELDS != self._mine and self._fresh(slot))
        return min((self._rows[slot * FIELDS + 1] for slot in others), default=None)

    def leave(self) -> None:
        self._rows[self._mine] = 0

    def _fresh(self, slot: int) -> bool:
        said = self._rows[slot * FIELDS]
        return bool(said) and time.monotonic_ns() - said < FRESH_S * 1e9


class Door:
    """Stands for asyncio's server on one listening socket: accepts when it is this worker's turn."""

    def __init__(self, loop: asyncio.AbstractEventLoop, factory: Any, listening: socket.socket) -> None:
        self._loop, self._factory, self.sockets = loop, factory, (listening,)
        self._counts = Counts(os.environ[SEEN])
        self._open: set[asyncio.BaseTransport] = set()
        self._coming: set[asyncio.Task[None]] = set()
        self._waited_since: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._listen()
        self._say_on()

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self.sockets[0])
        if self._timer is not None:
            self._timer.cancel()
        self._counts.leave()

    async def wait_closed(self) -> None:
        return None

    def _listen(self) -> None:
        if not self._closed:
            self._loop.add_reader(self.sockets[0], self._knock)

    def _say_on(self) -> None:
        self._here()
        self._timer = self._loop.call_later(SAID_EVERY_S, self._say_on)

    def _here(self) -> int:
        """The connections of this worker, said to the others."""
        self._open = {transport for transport in self._open if not transport.is_closing()}
        count = len(self._open) + len(self._coming)
        self._counts.say(count)
        return count

    def _knock(self) -> None:
        """A connection waits: it is taken here, or left for a moment to a worker that has fewer."""
        least, now = self._counts.least_elsewhere(), self._loop.time()
        if least is not None and self._here() > least:
            since = self._waited_since = now if self._waited_since is None else self._waited_since
            if now - since < PATIENCE_S:
                self._again_in(PAUSE_S)
                return
        self._waited_since = None
        try:
            connection, _ = self.sockets[0].accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another worker was first
        except OSError as error:
            log.warning("a connection was not accepted: %s", error)
            self._again_in(1.0)
            return
        self._welcome(connection)

    def _again_in(self, seconds: float) -> None:
        self._loop.remove_reader(self.sockets[0])
        self._loop.call_later(seconds, self._listen)

    def _welcome(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        coming = self._loop.create_task(self._joined(connection))
        self._coming.add(coming)
        coming.add_done_callback(self._coming.discard)
        self._here()

    async def _joined(self, connection: socket.socket) -> None:
        try:
            transport, _ = await self._loop.connect_accepted_socket(self._factory, connection)
        except OSError as error:  # gone already
            log.debug("a connection was lost: %s", error)
            connection.close()
            return
        self._open.add(transport)


def loop_factory() -> asyncio.AbstractEventLoop:
    """The event loop of a worker: as uvicorn would choose it, with `Door` for its server."""
    base: Any = asyncio.SelectorEventLoop
    with suppress(ImportError):
        import uvloop

        base = uvloop.Loop

    class Loop(base):  # type: ignore[misc]
        async def create_server(self, factory: Callable[[], Any], *args: Any, **how: Any) -> Any:
            listening = how.get("sock")
            if listening is None or how.get("ssl") is not None or SEEN not in os.environ:
                return await super().create_server(factory, *args, **how)
            listening.setblocking(False)
            listening.listen(how.get("backlog", 2048))
            return Door(self, factory, listening)

    made: asyncio.AbstractEventLoop = Loop()
    return made
