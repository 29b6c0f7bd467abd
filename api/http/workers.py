"""Several worker processes behind one port."""

from __future__ import annotations

import os
import socket
import sys

import uvicorn
from uvicorn.supervisors import Multiprocess

from api.http import sharing
from tools.errors import InputError


def bound(host: str, port: int) -> socket.socket:
    """A socket at the address, which the workers listen on. InputError when somebody else has the address, or it is
    none of this machine's.
    """
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(address)
    except OSError as error:
        one.close()
        raise InputError("port", port, f"a port of {host} that is free ({error.strerror})") from error
    return one


def run(config: uvicorn.Config) -> None:
    """Serve with `config.workers` processes until told to end; a worker that dies is started anew."""
    with bound(config.host, config.port) as port:
        host, number = port.getsockname()[:2]
        uvicorn.config.logger.info("Uvicorn running on http://%s:%d (Press CTRL+C to quit)", host, number)
        if sys.platform == "linux":
            memory = sharing.shared_memory()
            os.environ[sharing.SEEN] = f"/proc/{os.getpid()}/fd/{memory}"
            config.loop = "api.http.sharing:loop_factory"
        Multiprocess(config, sockets=[port]).run()
