"""Several workers behind one port: connections reach them all alike, and none waits for a worker that is gone."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from api.http import sharing
from api.http.workers import bound
from tools.errors import InputError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers share their counts on Linux")


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    descriptor = sharing.shared_memory()
    monkeypatch.setenv(sharing.SEEN, f"/proc/{os.getpid()}/fd/{descriptor}")
    yield os.environ[sharing.SEEN]
    os.close(descriptor)


class Kept(asyncio.Protocol):
    """A connection that stays open."""

    def __init__(self, taken: list[asyncio.BaseTransport]) -> None:
        self._taken = taken

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._taken.append(transport)


@contextmanager
def worker(port: socket.socket, busy_s: float = 0.0) -> Iterator[list[asyncio.BaseTransport]]:
    """The connections of a worker on a loop of its own, which computes for `busy_s` at a time."""
    loop, taken, ready = sharing.loop_factory(), list[asyncio.BaseTransport](), threading.Event()

    def compute() -> None:
        time.sleep(busy_s)
        loop.call_later(0.001, compute)

    async def begin() -> asyncio.AbstractServer:
        server = await loop.create_server(lambda: Kept(taken), sock=port.dup())
        if busy_s:
            loop.call_soon(compute)
        ready.set()
        return server

    def work() -> None:
        server = loop.run_until_complete(begin())
        loop.run_forever()
        server.close()
        server.sockets[0].close()
        loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert ready.wait(10)
    try:
        yield taken
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def connected(port: socket.socket, count: int) -> list[socket.socket]:
    return [socket.create_connection(port.getsockname(), timeout=10) for _ in range(count)]


def wait_for(count: int, *taken: list[asyncio.BaseTransport]) -> list[int]:
    deadline = time.monotonic() + 20
    while sum(map(len, taken)) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    return [len(one) for one in taken]


@pytest.mark.parametrize("busy_s", [0.0, 0.02])
def test_of_fifty_clients_each_of_two_workers_gets_half(busy_s: float) -> None:
    with bound("127.0.0.1", 0) as port, worker(port, busy_s) as one, worker(port) as other:
        clients = connected(port, 50)
        counts = wait_for(50, one, other)
        for client in clients:
            client.close()
    assert sum(counts) == 50
    assert min(counts) >= 23


def test_who_has_fewer_after_some_have_left_gets_the_next() -> None:
    with bound("127.0.0.1", 0) as port, worker(port) as one, worker(port) as other:
        clients = connected(port, 20)
        wait_for(20, one, other)
        ours = {t.get_extra_info("peername")[1] for t in one}
        for client in [c for c in clients if c.getsockname()[1] in ours]:
            client.close()
        time.sleep(3 * sharing.SAID_EVERY_S)  # both have said what they have
        before = len(one), len(other)
        more = connected(port, 8)
        wait_for(28, one, other)
        gained = len(one) - before[0], len(other) - before[1]
        for client in (*clients, *more):
            client.close()
    assert sum(gained) == 8
    assert gained[0] >= 6


def test_nobody_waits_for_a_worker_that_is_gone(memory: str) -> None:
    gone = sharing.Counts(memory)  # says that it has none, and never anything again
    with bound("127.0.0.1", 0) as port, worker(port) as one:
        clients = connected(port, 5)
        assert wait_for(5, one) == [5]
        for client in clients:
            client.close()
    gone.say(0)
    time.sleep(sharing.FRESH_S + 0.1)
    assert sharing.Counts(memory).least_elsewhere() is None


def test_counts_are_seen_by_the_others_and_a_place_is_used_again(memory: str) -> None:
    first, second = sharing.Counts(memory), sharing.Counts(memory)
    first.say(7)
    assert (first.least_elsewhere(), second.least_elsewhere()) == (0, 7)
    second.leave()
    assert first.least_elsewhere() is None
    sharing.Counts(memory).say(3)
    assert first.least_elsewhere() == 3


def test_a_port_that_is_taken_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        number = other.getsockname()[1]
        with pytest.raises(InputError, match=f"port is {number}"):
            bound("127.0.0.1", number)
    with bound("127.0.0.1", 0) as first:
        first.listen()
        with pytest.raises(InputError):  # another `serve` must not join in unseen
            bound("127.0.0.1", first.getsockname()[1])
