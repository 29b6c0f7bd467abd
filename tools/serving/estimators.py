"""Other people's estimators: a second opinion beside the serving model's own.

An estimator is a function in the entry-point group ``rackrate.estimators``. It takes one mapping and gives one, or
None for what it does not know, so a plugin need not import this project:

    def estimate(request: Mapping[str, Any]) -> Mapping[str, Any] | None

``request`` holds ``model`` and ``chip`` (catalogue ids), ``n_chips``, ``tensor_parallel``, ``weight_precision``,
``kv_precision``, ``input_tokens``, ``output_tokens``, ``batch`` (clients that each wait for their answer) and
``engine`` (a name or None). The answer holds ``output_tokens_per_s`` (all chips together), and if known ``tpot_s``,
``source`` (what to cite) and ``note``. An estimator that raises is logged and left out; nothing else fails.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol

GROUP = "rackrate.estimators"
# A second opinion this far from ours, either way, is worth a warning.
FAR = 1.5

log = logging.getLogger("rackrate.estimators")
_consulted: ContextVar[bool] = ContextVar("consulted", default=True)


class Estimator(Protocol):
    """What the entry point loads to."""

    def __call__(self, request: Mapping[str, Any], /) -> Mapping[str, Any] | None: ...


@dataclass(frozen=True, slots=True)
class Opinion:
    """What another estimator says of a deployment."""

    name: str
    output_tokens_per_s: float
    tpot_s: float | None = None
    source: str | None = None
    note: str | None = None


@contextmanager
def ours_only() -> Iterator[None]:
    """Ask no other estimator: for the many trial runs of a reader, which must stay fast."""
    token = _consulted.set(False)
    try:
        yield
    finally:
        _consulted.reset(token)


def opinions(request: Mapping[str, Any]) -> list[Opinion]:
    """What every installed estimator says, by name; nothing where none knows."""
    if not _consulted.get():
        return []
    key = tuple(sorted(request.items()))
    return [found for name in _points() if (found := _ask(name, key)) is not None]


@lru_cache(maxsize=1)
def _points() -> dict[str, EntryPoint]:
    found = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return {point.name: point for point in found}


@lru_cache(maxsize=64)
def _load(name: str) -> Callable[[Mapping[str, Any]], Mapping[str, Any] | None] | None:
    try:
        loaded = _points()[name].load()
    except Exception as error:  # a broken plugin takes nothing else down
        log.warning("estimator %s does not load: %s", name, error)
        return None
    return loaded if callable(loaded) else None


@lru_cache(maxsize=256)
def _ask(name: str, key: tuple[tuple[str, Any], ...]) -> Opinion | None:
    estimator = _load(name)
    if estimator is None:
        return None
    try:
        found = estimator(dict(key))
        return None if found is None else _opinion(name, found)
    except Exception as error:
        log.warning("estimator %s failed: %s", name, error)
        return None


def _opinion(name: str, found: Mapping[str, Any]) -> Opinion:
    speed = float(found["output_tokens_per_s"])
    if not (math.isfinite(speed) and speed > 0):
        raise ValueError(f"output_tokens_per_s is {speed}")
    tpot = found.get("tpot_s")
    return Opinion(name, speed, None if tpot is None else float(tpot), found.get("source"), found.get("note"))


def far(ours: float, theirs: float) -> bool:
    """Whether two speeds differ enough to warn."""
    return abs(math.log(theirs / ours)) > math.log(FAR)
