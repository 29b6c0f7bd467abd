"""What numbers of a word problem are of: exponents of units, things counted, and how both are written."""

from __future__ import annotations

import re
from functools import lru_cache

from agent.offline.reading.measure import COUNTS, Unit, parse_unit

Dims = tuple[tuple[str, int], ...]


KEPT = frozenset({"token", "FLOP", "byte"})  # counts that stay in what is written out


def is_count(dims: Dims) -> bool:
    """Whether these are things counted only: 8 chips, 40 people, 12 of something."""
    return bool(dims) and all(counts_things(n) and p == 1 for n, p in dims) and len(dims) == 1


def counts_things(name: str) -> bool:
    return (name in COUNTS and name not in KEPT) or name.startswith("#")


@lru_cache(maxsize=1024)
def without_things(dims: Dims) -> Dims:
    """The exponents less chips, people and other things counted; tokens, bytes and operations stay."""
    return tuple((n, p) for n, p in dims if not counts_things(n))


def is_thing(name: str) -> bool:
    return without_things(((name, 1),)) == ()


def product_dims(a: Dims, b: Dims) -> Dims:
    return (Unit(1.0, a) * Unit(1.0, b)).dims


def quotient_dims(a: Dims, b: Dims) -> Dims:
    return (Unit(1.0, a) / Unit(1.0, b)).dims


def cancels(a: Dims, b: Dims) -> bool:
    """Whether a unit of one is below the line in the other: $/h and h, W/chip and chip."""
    powers = dict(a)
    return any(powers.get(n, 0) * p < 0 for n, p in b)


def shares_unit(a: Dims, b: Dims) -> bool:
    powers = dict(a)
    return any(powers.get(n, 0) * p > 0 for n, p in b)


def literal(value: float, unit_text: str) -> str:
    """A quantity as the expression language writes it."""
    number = f"{value:.15g}"
    if unit_text in ("", "dimensionless"):
        return number
    if unit_text.startswith("1/"):
        return f"({number} / (1 {unit_text[2:].replace('quarter_year', 'quarter')}))"
    if unit_text == "pound":
        return f"({value * 0.45359237:.15g} kg)"
    return f"({number} {unit_text.replace('quarter_year', 'quarter')})"


@lru_cache(maxsize=1024)
def plain_unit(text: str) -> str:
    """`USD/chip/hour` → `USD/hour`: the unit without things counted."""
    out = ""
    for sign, name in re.findall(r"([*/]?)([^*/]+)", text):
        dims = parse_unit(name).dims
        if len(dims) == 1 and counts_things(dims[0][0]):
            continue
        out += f"{sign or ''}{name}" if out else (name if sign != "/" else f"1/{name}")
    return out


__all__ = [
    "KEPT",
    "Dims",
    "cancels",
    "counts_things",
    "is_count",
    "is_thing",
    "literal",
    "plain_unit",
    "product_dims",
    "quotient_dims",
    "shares_unit",
    "without_things",
]
