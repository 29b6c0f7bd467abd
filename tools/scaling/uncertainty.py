"""Intervals of a result whose inputs are uncertain: quasi-Monte-Carlo draws of the core, the same every time.

An input is given by its 10 and 90 % points and drawn log-normally; the result's interval is again 10 to 90 %.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from tools import _core

DRAWS = 1024
SEED = 20241223

Draws = Mapping[str, NDArray[np.float64]]


def interval(
    inputs: Mapping[str, tuple[float, float]],
    result: Callable[[Draws], NDArray[np.float64]],
    *,
    draws: int = DRAWS,
    seed: int = SEED,
) -> tuple[float, float]:
    """The 10 and 90 % points of `result` over draws of `inputs` (name → positive low and high).

    Raises CoreError when an interval is out of order or not positive.
    """
    table = _core.quasi_random([("lognormal", low, low, high) for low, high in inputs.values()], draws, seed)
    values = result({name: table[:, i] for i, name in enumerate(inputs)})
    low, high = np.percentile(values, [10.0, 90.0])
    return float(low), float(high)
