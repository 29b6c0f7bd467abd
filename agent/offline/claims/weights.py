"""What each kind of evidence for a reading on claims is worth, and how sure that makes the best of them.

The weights were fitted on questions with known answers (a multinomial logit): a reading's weighted sum is its log-odds against the other readings, what the
question comes to without the claims, and no number at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

# evidence that calculations of the pack and plain relations both have, and that is not worth the same to both
_OF_BOTH = frozenset(["rank", "unit", "about", "names", "against", "order", "covers", "loose"])


@lru_cache(maxsize=1)
def _by_kind() -> Mapping[str, Mapping[str, float]]:
    """For each kind of reading the weight of each part under its plain name."""
    found = weights()
    return {
        kind: {n: w for n, w in found.items() if "." not in n}
        | {n: found.get(f"{kind}.{n}", 0.0) for n in _OF_BOTH}
        for kind in ("r", "c")
    }


@lru_cache(maxsize=1)
def weights() -> Mapping[str, float]:
    """The weights by name; a part of both kinds of reading has one for each, `c.rank` and `r.rank`."""
    import yaml

    text = Path(__file__).with_name("weights.yaml").read_text(encoding="utf-8")
    return {str(name): float(weight) for name, weight in yaml.safe_load(text)["weights"].items()}


def named(parts: Mapping[str, float]) -> dict[str, float]:
    """The parts of a reading under the names that the weights have."""
    kind = "r" if "relation" in parts else "c"
    return {f"{kind}.{name}" if name in _OF_BOTH else name: value for name, value in parts.items()}


def weighed(parts: Mapping[str, float]) -> float:
    """The parts of a reading's evidence weighed and added up."""
    worth = _by_kind()["r" if "relation" in parts else "c"]
    return sum(worth.get(name, 0.0) * value for name, value in parts.items() if value)


def shares(odds: Iterable[float]) -> list[float]:
    """Log-odds as probabilities that add up to one."""
    rows = list(odds)
    most = max(rows, default=0.0)
    powers = [math.exp(o - most) for o in rows]
    return [p / sum(powers) for p in powers]
