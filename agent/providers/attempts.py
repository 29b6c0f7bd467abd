"""Deadlines and counted retries around one provider's stream.

The first attempt's events pass through as they come. When an attempt fails after something was said, a
`Restarted` event tells the graph that it is void, and the next attempt begins. A Retry-After longer than the
time left is not slept: the fault is raised at once, so that the graph can fail over.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable

from agent.chat import Event, Restarted
from agent.providers.faults import ProviderFault, fault_of

log = logging.getLogger("rackrate.providers")

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 8.0


async def attempts(
    provider: str,
    open_stream: Callable[[], AsyncIterator[Event]],
    *,
    deadline_s: float,
    max_attempts: int,
    longest_pause_s: float = LONGEST_PAUSE_S,
) -> AsyncIterator[Event]:
    """Events of the first attempt that finishes within the deadline. Raises ProviderFault, nothing else."""
    clock = asyncio.get_running_loop().time
    end = clock() + deadline_s
    for attempt in range(1, max_attempts + 1):
        said = False
        stream = open_stream()
        try:
            async for event in _before(end, stream):
                said = True
                yield event
            return
        except Exception as error:
            fault = (
                _timed_out(provider, deadline_s)
                if isinstance(error, TimeoutError)
                else fault_of(provider, error)
            )
        finally:
            await _close(stream)
        pause = _pause(fault, attempt, longest_pause_s)
        if not fault.retriable or attempt == max_attempts or pause is None or clock() + pause >= end:
            raise fault
        log.warning("%s; attempt %d of %d in %.1f s", fault, attempt + 1, max_attempts, pause)
        yield Restarted(str(fault)) if said else Restarted(str(fault), nothing_said=True)
        await asyncio.sleep(pause)


async def _before(end: float, stream: AsyncIterator[Event]) -> AsyncIterator[Event]:
    """The stream's events, each awaited no longer than until `end` (a loop time). TimeoutError past it."""
    iterator = aiter(stream)
    while True:
        try:
            async with asyncio.timeout_at(end):
                event = await anext(iterator)
        except StopAsyncIteration:
            return
        yield event


async def _close(stream: AsyncIterator[Event]) -> None:
    close = getattr(stream, "aclose", None)
    if close is not None:
        try:
            async with asyncio.timeout(1.0):
                await close()
        except Exception:
            log.debug("a stream did not close in time")


def _pause(fault: ProviderFault, attempt: int, longest_s: float) -> float | None:
    """Seconds to wait before the next attempt; None when the server asks for more than we would ever wait."""
    if fault.retry_after_s is not None:
        return fault.retry_after_s if fault.retry_after_s <= longest_s else None
    backoff = min(longest_s, FIRST_PAUSE_S * 2.0 ** (attempt - 1))
    return float(backoff * (0.5 + random.random() / 2))


def _timed_out(provider: str, deadline_s: float) -> ProviderFault:
    return ProviderFault(provider, "timeout", f"no complete answer within {deadline_s:g} s")
