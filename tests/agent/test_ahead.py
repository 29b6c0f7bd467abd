"""A producer that runs ahead: slow readers hold nobody up, faults and early ends reach the other side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from agent.ahead import ahead


async def test_the_source_ends_before_a_slow_reader_has_read_on() -> None:
    made: list[int] = []
    done = asyncio.Event()

    async def source() -> AsyncIterator[int]:
        for number in range(5):
            made.append(number)
            yield number
            await asyncio.sleep(0)
        done.set()

    read: list[int] = []
    async with aclosing(ahead(source())) as items:
        async for item in items:
            await asyncio.wait_for(done.wait(), 5)
            read.append(item)
    assert read == made == [0, 1, 2, 3, 4]


async def test_what_the_source_raises_the_reader_gets_after_the_items_before_it() -> None:
    async def source() -> AsyncIterator[int]:
        yield 1
        raise LookupError("gone")

    items = ahead(source())
    assert await anext(items) == 1
    with pytest.raises(LookupError, match="gone"):
        await anext(items)


async def test_a_reader_that_stops_early_cancels_the_source() -> None:
    ended = asyncio.Event()

    async def source() -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.sleep(3600)
        finally:
            ended.set()

    async with aclosing(ahead(source())) as items:
        async for _ in items:
            break
    await asyncio.wait_for(ended.wait(), 5)
