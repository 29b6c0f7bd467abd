"""Questions answered in several processes: the offline reader computes and does not wait, so each core takes its own."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.graph import Agent
    from agent.settings import Settings
    from api.cli.batch import Line

WORTH_A_PROCESS = 60  # questions; a process takes as long to start as so many take to answer
MOST = 16

Work = Callable[["Line", bool], Awaitable[tuple[bytes, bool]]]


def count_for(questions: int, settings: Settings, wanted: int | None = None) -> int:
    """How many processes: as many as `wanted`, else one a core where there are questions enough; hosted models wait, so one."""
    if settings.chosen_provider() != "offline":
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, wanted or min(cores, MOST, questions // WORTH_A_PROCESS))


@contextmanager
def spread(settings: Settings, processes: int, as_of: str | None) -> Iterator[Work]:
    """What answers a line in one of several processes, each with an agent of its own; they end with this one."""
    import asyncio

    pool = ProcessPoolExecutor(
        processes, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(settings,)
    )

    async def work(line: Line, begun: bool) -> tuple[bytes, bool]:
        return await asyncio.get_running_loop().run_in_executor(pool, _answer_line, line, begun, as_of)

    try:
        yield work
    finally:
        pool.shutdown(cancel_futures=True)


_AGENT: list[Agent] = []  # this process's own


def _begin(settings: Settings) -> None:
    from agent import heap
    from agent.graph import Agent

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the first process's to handle
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _AGENT.append(Agent(settings))
    _AGENT[0].warm()
    heap.settle()


def _end_with_parent() -> None:
    """A first process that was killed cannot end the others; nobody is left to write what they answer."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _answer_line(line: Line, begun: bool, as_of: str | None) -> tuple[bytes, bool]:
    from api.cli.batch import answer_row

    return _AGENT[0].run(answer_row(_AGENT[0], line, begun, as_of))
