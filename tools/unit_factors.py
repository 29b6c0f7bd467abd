"""Writes `unit_factors.json`: what pint says of the units in daily use (`python -m tools.unit_factors`)."""

from __future__ import annotations

import itertools
import json

from tools import registry, units
from tools.errors import UnitError

_COUNTS = ("token", "request", "chip", "person", "rack", "server", "param", "link", "hop", "sample", "core")
_BYTES = tuple(f"{prefix}B" for prefix in ("k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti"))
_FLOP = tuple(f"{prefix}FLOP" for prefix in ("", "G", "T", "P", "E", "Z"))
_TIMES = ("second", "s", "ms", "us", "minute", "hour", "day", "week", "month", "quarter", "year")
_POWER = ("W", "kW", "MW", "GW", "TW", "Wh", "kWh", "MWh", "GWh", "TWh", "J", "kJ", "MJ")
_MONEY = ("USD", "kUSD", "cent")
_TOKENS = ("token", "ktoken", "Mtoken", "Gtoken")


def daily_units() -> list[str]:
    """The units of every calculator's fields, and those people type, alone and in the usual quotients."""
    plain = (
        *_COUNTS,
        *_BYTES,
        "byte",
        "bit",
        "Gbit",
        *_FLOP,
        *_TIMES,
        *_POWER,
        *_MONEY,
        *_TOKENS,
        "percent",
        "m",
        "t",
    )
    over_time = (*_COUNTS, *_BYTES, "byte", "bit", "Gbit", *_FLOP, *_MONEY, *_TOKENS)
    pairs = [
        f"{a}/{b}" for a, b in itertools.product(over_time, ("s", "second", "hour", "day", "month", "year"))
    ]
    money = [f"USD/{u}" for u in (*_TOKENS, *_POWER, *_COUNTS, "GB", "percent")]
    rents = [f"USD/{a}/{b}" for a in ("chip", "server", "rack") for b in ("hour", "month", "year")]
    fields = {
        extra["unit"]
        for calculator in registry.calculators().values()
        for extra in (*calculator.fields.values(), *calculator.outputs.values())
        if "unit" in extra
    }
    return sorted(
        {
            *plain,
            *pairs,
            *money,
            *rents,
            *fields,
            "chip*hour",
            "server*hour",
            "token/s/chip",
            "token/s/person",
        }
    )


def table() -> dict[str, tuple[float, dict[str, float]]]:
    """Unit → factor to root units and dimensions, for every daily unit that pint parses."""
    rows = {}
    for unit in daily_units():
        try:
            factor, dims = units.by_pint(unit)
        except UnitError:
            continue
        rows[unit] = (factor, dict(dims))
    return rows


if __name__ == "__main__":
    units.FACTORS.write_text(
        json.dumps(table(), separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8"
    )
