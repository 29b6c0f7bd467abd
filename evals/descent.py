"""Adam, for the small and nearly convex fits of the reader's weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

SLOWER_FROM = 0.6  # of the steps


def descend(
    gradient: Callable[[Array], Array], size: int, *, steps: int, rate: float, slower: float, floor: float
) -> Array:
    """The point that `steps` steps down a gradient lead to from 0; the last of them are `slower` times as short."""
    w, m, v = np.zeros(size), np.zeros(size), np.zeros(size)
    for t in range(1, steps + 1):
        g = gradient(w)
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g
        step = rate if t < SLOWER_FROM * steps else rate / slower
        w -= step * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.99**t)) + floor)
    return w
