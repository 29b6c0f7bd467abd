"""Reads the unit written after a number: `GB/s`, `tokens per second per GPU`, `% of revenue`, `x`, `an hour`."""

from __future__ import annotations

import re
from functools import lru_cache

from agent.offline.measure import Unit, parse_unit

# Spellings → the contract's unit. Case matters where it carries meaning (Gb is not GB, m is not M).
_SPELLINGS: dict[str, str] = {}
for _unit, _words in {
    "percent": "% percent pct per-cent percentage-points percentage-point pp ppt",
    "dimensionless": "x X × -fold fold times",
    "USD": "$ USD dollars dollar US-dollars bucks", "cent": "cents cent ¢",
    "byte": "bytes byte B", "kB": "kB KB kilobytes", "KiB": "KiB kibibytes", "MB": "MB megabytes megabyte",
    "MiB": "MiB", "GB": "GB gigabytes gigabyte gigs", "GiB": "GiB", "TB": "TB terabytes terabyte", "TiB": "TiB",
    "PB": "PB petabytes petabyte", "EB": "EB exabytes", "bit": "bits bit", "Gbit": "Gbit Gb gigabits gigabit",
    "Gbit/s": "Gbps Gb/s", "Tbit/s": "Tbps", "Tbit": "Tb Tbit",
    "GFLOP/s": "GFLOPS GFLOPs GFLOP/s", "TFLOP/s": "TFLOPS TFLOPs TFLOP/s teraflops TF", "TFLOP": "TFLOP",
    "PFLOP/s": "PFLOPS PFLOPs PFLOP/s petaflops", "PFLOP": "PFLOP", "EFLOP/s": "EFLOPS EFLOPs EFLOP/s exaflops",
    "EFLOP": "EFLOP", "ZFLOP": "ZFLOP", "FLOP": "FLOP FLOPs flops flop operations",
    "ns": "ns nanoseconds", "us": "µs us μs microseconds microsecond", "ms": "ms milliseconds millisecond",
    "s": "s sec secs seconds second", "minute": "min mins minutes minute", "hour": "h hr hrs hours hour",
    "day": "d days day", "week": "weeks week wk", "month": "months month mo mos", "year": "years year yr yrs annum",
    "quarter_year": "quarters quarter",
    "W": "W watts watt", "kW": "kW kilowatts kilowatt", "MW": "MW megawatts megawatt", "GW": "GW gigawatts gigawatt",
    "TW": "TW terawatts", "Wh": "Wh", "kWh": "kWh kilowatt-hours", "MWh": "MWh megawatt-hours", "GWh": "GWh",
    "TWh": "TWh", "J": "J joules joule", "kJ": "kJ", "MJ": "MJ", "GJ": "GJ", "TJ": "TJ",
    "token": "tokens token tok toks", "token/s": "tok/s tps tokens/s", "Mtoken": "Mtok Mtoken Mtokens MTok mtok Mtokens",
    "ktoken": "ktok ktoken ktokens", "Gtoken": "Gtok Gtoken", "Ttoken": "Ttok Ttoken",
    "request": "requests request users user sequences sequence queries query calls call prompts prompt sessions "
    "session answers answer conversations conversation",
    "chip": "GPUs GPU gpus gpu chips chip accelerators accelerator cards card TPUs TPU devices device",
    "chip*hour": "GPU-hours GPU-hour chip-hours chip-hour GPUh chip*hour chip·hour GPU·hours chip·h", "person": "people persons person humans employees "
    "employee engineers engineer developers developer analysts analyst",
    "param": "parameters parameter params param weights", "server": "servers server nodes node hosts host machines machine boxes",
    "rack": "racks rack", "link": "links link", "hop": "hops hop", "core": "cores core",
    "tonne": "tonnes tonne t tons ton", "km": "km kilometres kilometers", "kg": "kg", "pound": "lb lbs pounds",
}.items():  # fmt: skip
    for _word in _words.split():
        _SPELLINGS[
            _word.replace("-", " ")
            if _word in ("per-cent", "percentage-points", "percentage-point", "US-dollars")
            else _word
        ] = _unit

_SYMBOLS = "%$¢×"
_ALTERNATIVES = "|".join(
    re.escape(word) + ("" if word[-1] in _SYMBOLS else r"(?![A-Za-z])")
    for word in sorted(_SPELLINGS, key=len, reverse=True)
)
_UNIT = rf"(?:{_ALTERNATIVES})"
_ADJECTIVE = (
    r"(?:concurrent|simultaneous|output|input|prompt|generated|cached|total|active|more|additional|extra|H\d+|B\d+|"
    r"A\d+|new|old|free|usable|dense|peak|decode|prefill|thinking|reasoning|parallel|training|inference|live|full)"
)
_FIRST = re.compile(rf"[\s\u00a0\u202f-]?(?:\*\*)?\s?(?:{_ADJECTIVE}\s){{0,2}}(?P<unit>{_UNIT})")
_MAGNITUDE = r"(?:1,000,000|1,000|1k|1K|1M|1m|million|thousand|billion|M|k|1B|100)"
_THEN = re.compile(
    rf"(?P<join>\s?/\s?|[*·]|\s(?:per|an?|each|every)\s|\sa\s)(?P<scale>(?:one\s)?{_MAGNITUDE}\s?)?"
    rf"(?:{_ADJECTIVE}\s){{0,2}}(?P<unit>{_UNIT})"
)
_PER_MANY = re.compile(
    r"\s?(?:/|\bper\b)\s?(?P<scale>million|thousand|billion|M\b|1M\b|1,000\b|1k\b)(?!\s?[A-Za-z]{3})"
)
_SCALES = {"1,000,000": 1e6, "1m": 1e6, "m": 1e6, "million": 1e6, "1,000": 1e3, "1k": 1e3, "k": 1e3, "thousand": 1e3,
           "billion": 1e9, "1b": 1e9, "100": 100.0}  # fmt: skip


def read_unit(text: str, at: int, money: str) -> tuple[Unit | None, int]:
    """The unit that starts at `at` (after a number; `money` when a currency sign stood before it) and its end."""
    unit = parse_unit(money) if money else None
    first = _FIRST.match(text, at)
    if unit is None:
        if first is None:
            return None, at
        unit, at = parse_unit(_SPELLINGS[first["unit"]]), first.end()
    elif first is not None and _SPELLINGS[first["unit"]] == "USD":
        at = first.end()
    while then := _THEN.match(text, at):
        part = _scaled(then["scale"], _SPELLINGS[then["unit"]])
        unit, at = unit * part if then["join"] in ("*", "·") else unit / part, then.end()
    if many := _PER_MANY.match(text, at):  # "$0.37 per million": of what is understood
        unit, at = unit / _scaled(many["scale"], "token"), many.end()
    return unit, at


@lru_cache(maxsize=512)
def _scaled(scale: str | None, unit: str) -> Unit:
    parsed = parse_unit(unit)
    if not scale:
        return parsed
    factor = _SCALES.get(scale.lower().replace("one", "").strip(), 1.0)
    return Unit(parsed.factor * factor, parsed.dims)
