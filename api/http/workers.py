"""Several worker processes behind one port, each with a listening socket of its own.

Workers that share one socket take connections unevenly: whichever wakes first takes all that wait, so that of 50
clients one worker may serve 40. With SO_REUSEPORT the kernel deals connections out by a hash of their address.
"""

from __future__ import annotations

import socket
import sys
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from tools.errors import InputError


class PortOfEach(socket.socket):
    """An address that is bound here and never listened on; a process that is handed it opens it for itself."""

    def __reduce_ex__(self, _: Any) -> tuple[Any, ...]:
        return opened, (self.family, self.getsockname())


def opened(family: int, address: Any) -> PortOfEach:
    """A socket bound to an address that others may be bound to as well."""
    one = PortOfEach(family, socket.SOCK_STREAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    one.bind(address)
    return one


def reserved(host: str, port: int) -> PortOfEach:
    """The address for the workers. InputError when somebody else has it, or it is none of this machine's."""
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    try:
        with socket.socket(family, socket.SOCK_STREAM) as alone:  # would not share: fails where it is taken
            alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            alone.bind(address)
            address = alone.getsockname()
        return opened(family, address)
    except OSError as error:
        raise InputError("port", port, f"a port of {host} that is free ({error.strerror})") from error


def run(config: uvicorn.Config) -> None:
    """Serve with `config.workers` processes until told to end; a worker that dies is started anew."""
    if sys.platform != "linux":  # elsewhere the last to bind gets everything
        Multiprocess(config, sockets=[config.bind_socket()]).run()
        return
    with reserved(config.host, config.port) as port:
        host, number = port.getsockname()[:2]
        uvicorn.config.logger.info("Uvicorn running on http://%s:%d (Press CTRL+C to quit)", host, number)
        Multiprocess(config, sockets=[port]).run()
