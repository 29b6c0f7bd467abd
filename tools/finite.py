"""No calculator hands out an infinite number: input too large or too small to compute with is refused."""

from __future__ import annotations

import math
from typing import TypeVar

from tools.contract import Result

ResultT = TypeVar("ResultT", bound=Result)


def finite(result: ResultT) -> ResultT:
    """The result itself. Raises OverflowError naming the field that is not finite (the registry's input error)."""
    for name in type(result).model_fields:
        value = getattr(result, name)
        if isinstance(value, float) and not math.isfinite(value):
            raise OverflowError(f"{name.replace('_', ' ')} would not be finite")
    return result
