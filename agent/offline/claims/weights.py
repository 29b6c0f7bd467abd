"""What each kind of evidence for a reading on claims is worth."""

from __future__ import annotations

from collections.abc import Mapping

# log-odds per unit of each part
WEIGHTS: Mapping[str, float] = {"relation": 1.0, "placed": 1.4, "op": 1.0, "meant": 0.8, "three": 0.0, "loose": 0.0}


def weighed(parts: Mapping[str, float]) -> float:
    """The parts of a reading's evidence added up."""
    return sum(WEIGHTS.get(name, 1.0) * value for name, value in parts.items())
