"""Several workers behind one port: each opens the address for itself, and connections reach them all."""

from __future__ import annotations

import pickle
import socket
import sys

import pytest

from api.http.workers import reserved
from tools.errors import InputError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="SO_REUSEPORT deals connections out on Linux")


def test_workers_listen_each_for_itself_and_share_the_connections() -> None:
    with reserved("127.0.0.1", 0) as port:
        workers = [pickle.loads(pickle.dumps(port)) for _ in range(2)]
        for worker in workers:
            worker.listen(512)
            worker.setblocking(False)
        clients = [socket.create_connection(port.getsockname(), timeout=5) for _ in range(200)]
        taken = [_accepted(worker) for worker in workers]
        for one in (*clients, *workers):
            one.close()
    assert sum(taken) == 200
    assert min(taken) > 40  # 100 ± 7 by chance; one socket for both would give one of them nearly all


def _accepted(listening: socket.socket) -> int:
    count = 0
    while True:
        try:
            listening.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


def test_a_port_that_is_taken_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        number = other.getsockname()[1]
        with pytest.raises(InputError, match=f"port is {number}"):
            reserved("127.0.0.1", number)
    with reserved("127.0.0.1", 0) as first:
        listening = pickle.loads(pickle.dumps(first))
        listening.listen()
        with listening, pytest.raises(InputError):  # another `serve` must not join in unseen
            reserved("127.0.0.1", first.getsockname()[1])
