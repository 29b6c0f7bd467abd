"""Units without `pint`: the reader compares the unit of every quantity with every field, thousands of times a
question, so a unit here is a factor and a tuple of exponents over named base units.

The strings are those of the contract (``"USD/chip/hour"``, ``"USD/Mtoken"``, ``"GB/s"``, ``"TFLOP/s"``): factors
joined by ``*`` and ``/``, an optional ``**n``, SI or IEC prefixes. A name nobody knows becomes a base unit of its
own, so a plugin may bring units of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

PREFIXES = {
    "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18, "Z": 1e21, "m": 1e-3, "u": 1e-6, "n": 1e-9,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50,
    "kilo": 1e3, "mega": 1e6, "giga": 1e9, "tera": 1e12, "peta": 1e15, "exa": 1e18, "zetta": 1e21, "milli": 1e-3,
}  # fmt: skip
DAY = 86400.0
YEAR = 365 * DAY  # as tools/units.txt has it
BASES: dict[str, tuple[float, str]] = {
    "USD": (1, "USD"), "cent": (0.01, "USD"), "token": (1, "token"), "request": (1, "request"),
    "chip": (1, "chip"), "param": (1, "param"), "FLOP": (1, "FLOP"), "person": (1, "person"),
    "rack": (1, "rack"), "link": (1, "link"), "hop": (1, "hop"), "server": (1, "server"), "core": (1, "core"),
    "byte": (1, "byte"), "B": (1, "byte"), "bit": (0.125, "byte"),
    "second": (1, "s"), "s": (1, "s"), "minute": (60, "s"), "hour": (3600, "s"), "h": (3600, "s"), "hr": (3600, "s"),
    "day": (DAY, "s"), "week": (7 * DAY, "s"), "month": (YEAR / 12, "s"), "quarter_year": (YEAR / 4, "s"),
    "year": (YEAR, "s"), "quarter": (YEAR / 4, "s"),
    "g": (1, "g"), "gram": (1, "g"), "tonne": (1e6, "g"), "metric_ton": (1e6, "g"), "pound": (453.59237, "g"),
    "meter": (1, "m"), "percent": (0.01, ""), "dimensionless": (1, ""),
}  # fmt: skip
ALIASES = {
    "bytes": "byte", "tokens": "token", "tok": "token", "requests": "request", "sequence": "request",
    "user": "request", "chips": "chip", "GPU": "chip", "gpu": "chip", "params": "param", "people": "person",
    "years": "year", "months": "month", "hours": "hour", "days": "day", "seconds": "second", "minutes": "minute",
    "sec": "second", "min": "minute", "racks": "rack", "links": "link", "hops": "hop", "servers": "server",
    "cents": "cent", "flop": "FLOP", "flops": "FLOP", "FLOPs": "FLOP", "%": "percent", "t": "tonne", "x": "dimensionless",
    "": "dimensionless", "ratio": "dimensionless", "count": "dimensionless", "bits": "bit", "parameters": "param",
    "metric_tons": "metric_ton", "tonnes": "tonne",
}  # fmt: skip
DERIVED: dict[str, tuple[float, dict[str, int]]] = {
    "W": (1, {"J": 1, "s": -1}), "watt": (1, {"J": 1, "s": -1}), "J": (1, {"J": 1}), "joule": (1, {"J": 1}),
    "Wh": (3600, {"J": 1}), "watt_hour": (3600, {"J": 1}), "FLOPS": (1, {"FLOP": 1, "s": -1}),
}  # fmt: skip

COUNTS = frozenset(
    {
        "token",
        "request",
        "chip",
        "param",
        "person",
        "rack",
        "link",
        "hop",
        "server",
        "core",
        "share",
        "sample",
    }
)
_PART = re.compile(r"([*/]?)\s*([^*/\s]+)(?:\*\*(-?\d+))?")


@dataclass(frozen=True, slots=True)
class Unit:
    """A factor and the exponents of the base units, sorted by name. `Unit(1, ())` is a bare number."""

    factor: float
    dims: tuple[tuple[str, int], ...]

    def __mul__(self, other: Unit) -> Unit:
        return _combine(self, other, 1)

    def __truediv__(self, other: Unit) -> Unit:
        return _combine(self, other, -1)

    @property
    def bare(self) -> bool:
        return not self.dims

    def has(self, base: str) -> bool:
        return any(name == base for name, _ in self.dims)


NUMBER = Unit(1.0, ())


@lru_cache(maxsize=4096)
def _combine(a: Unit, b: Unit, sign: int) -> Unit:
    dims = dict(a.dims)
    for name, power in b.dims:
        dims[name] = dims.get(name, 0) + sign * power
    factor = a.factor * b.factor if sign > 0 else a.factor / b.factor
    return Unit(factor, tuple(sorted((n, p) for n, p in dims.items() if p)))


@lru_cache(maxsize=4096)
def parse_unit(text: str) -> Unit:
    """``"USD/chip/hour"`` → its factor and exponents. Never fails: an unknown name is its own base unit."""
    unit = NUMBER
    for sign, name, power in _PART.findall(text.replace("·", "*").replace("(", "").replace(")", "")):
        if name == "1":
            continue
        part, times = _atom(name), int(power or 1)
        for _ in range(abs(times)):
            unit = unit / part if (sign == "/") == (times > 0) else unit * part
    return unit


@lru_cache(maxsize=1024)
def _atom(name: str) -> Unit:
    known = _known(name)
    if known is not None:
        return known
    for size in (5, 4, 2, 1):
        prefix, rest = name[:size], name[size:]
        base = _known(rest) if rest and prefix in PREFIXES else None
        if base is not None:
            return Unit(base.factor * PREFIXES[prefix], base.dims)
    return Unit(1.0, ((name, 1),))


def _known(name: str) -> Unit | None:
    name = ALIASES.get(name, name)
    if name in BASES:
        factor, base = BASES[name]
        return Unit(factor, ((base, 1),) if base else ())
    if name in DERIVED:
        factor, dims = DERIVED[name]
        return Unit(factor, tuple(sorted(dims.items())))
    return None


@lru_cache(maxsize=2048)
def count_factor(text: str) -> float:
    """The part of a unit's factor that belongs to things counted: 1e-6 for ``USD/Mtoken``, 1 for ``USD/chip/hour``."""
    factor = 1.0
    for sign, name, power in _PART.findall(text.replace("·", "*")):
        part = _atom(name) if name != "1" else NUMBER
        if len(part.dims) == 1 and part.dims[0][0] in COUNTS:
            times = int(power or 1) * (-1 if sign == "/" else 1)
            factor *= part.factor**times
    return factor


def same_dimension(a: Unit, b: Unit) -> bool:
    return a.dims == b.dims


@lru_cache(maxsize=2048)
def without_counts(unit: Unit) -> tuple[tuple[str, int], ...]:
    """The exponents less the things counted: $/h and $/chip/h agree here, bytes and tokens do not."""
    return tuple((n, p) for n, p in unit.dims if n not in COUNTS)


def convert(value: float, source: Unit, target: Unit) -> float:
    """The number in the target unit; the caller has checked that the dimensions fit (or waives counts)."""
    ratio = source.factor / target.factor
    if 0 < abs(ratio) < 1 and abs(round(1 / ratio) * ratio - 1) < 1e-12:
        return value / round(1 / ratio)  # 7 percent is 0.07, not 0.07000000000000001
    return value * ratio
