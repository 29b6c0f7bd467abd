"""A turn of a thread while it is worked on, and how others can tell that its process is gone.

A turn's row is written before the work begins, without an answer, and completed in one statement when the answer
is whole. Until then its process owns it: the row carries who that is and until when others should believe it. The
owner renews the lease while it lives; a kill leaves a row whose owner is dead (same machine: seen at once) or whose
lease runs out (other machines: within `LEASE_S`). Such a turn is interrupted.
"""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

LEASE_S = 20.0  # of a process that renews
RENEW_S = 5.0


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn that is being worked on. `token` is its owner's and its own, and never used again."""

    thread: str
    number: int
    token: str

    @property
    def run(self) -> str:
        """What stays the same when another process takes the turn over."""
        return self.token.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A turn without an answer: still worked on, or interrupted."""

    turn: Turn
    question: str
    as_of: str | None
    interrupted: bool


def new_token(run: str | None = None) -> str:
    """``host/process/started/random/run``: who works on a turn, for the first time or in a run begun elsewhere."""
    return f"{_me()}/{uuid.uuid4().hex[:12]}/{run or uuid.uuid4().hex}"


def owner_gone(token: str) -> bool:
    """Whether the process that made a token is known to have ended. False for processes of other machines."""
    host, _, rest = token.partition("/")
    process, _, rest = rest.partition("/")
    if host != _host() or not process.isdigit():
        return False
    return _started(int(process)) != rest.partition("/")[0]


@lru_cache(maxsize=1)
def _host() -> str:
    return socket.gethostname()


def _me() -> str:
    return f"{_host()}/{os.getpid()}/{_started(os.getpid())}"


def _started(process: int) -> str:
    """When a process began, in the kernel's ticks, as ids are used again; "" when there is none."""
    try:
        state, *rest = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return "" if state in "ZX" else rest[18]  # a zombie does no more work
    except OSError:
        pass
    try:  # no /proc here
        os.kill(process, 0)
    except ProcessLookupError:
        return ""
    except OSError:
        pass
    return "0"
