"""Letting a producer run ahead of whoever reads what it makes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TypeVar

T = TypeVar("T")


async def ahead(source: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """The items of `source`, made as fast as it can: a reader that is slow, as a stream's client may be, holds up
    nobody but itself. The source is cancelled when the reader stops early; what it raises, the reader gets.
    """
    items: asyncio.Queue[tuple[T] | None] = asyncio.Queue()  # None ends them

    async def make() -> None:
        try:
            async for item in source:
                items.put_nowait((item,))
        finally:
            items.put_nowait(None)

    making = asyncio.create_task(make())
    try:
        while (item := await items.get()) is not None:
            yield item[0]
        await making
    finally:
        making.cancel()
        await asyncio.gather(making, return_exceptions=True)
