"""Tables and charts are for eyes: who runs a calculator for its numbers alone leaves the costly ones out.

The reader of questions tries dozens of inputs, and calculators ask one another; a table over many batches took them
longer than the number itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_wanted: ContextVar[bool] = ContextVar("drawing_wanted", default=True)


def wanted() -> bool:
    """Whether somebody will look at a table or a chart."""
    return _wanted.get()


@contextmanager
def numbers_only() -> Iterator[None]:
    """Runs in here may leave tables and charts out; every number stays what it is."""
    token = _wanted.set(False)
    try:
        yield
    finally:
        _wanted.reset(token)
