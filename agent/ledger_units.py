"""Reads the unit written after a number: `GB/s`, `tokens per second per GPU`, `% of revenue`, `x`, `an hour`."""

from __future__ import annotations

import re
from functools import lru_cache

from agent.offline.reading.measure import NUMBER, Unit, parse_unit

BASIS_POINT = Unit(1e-4, ())
_SECOND = parse_unit("s")

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
    "basis point": "bps bp basis-points basis-point",
    "quarter_year": "quarters quarter",
    "W": "W watts watt", "kW": "kW kilowatts kilowatt", "MW": "MW megawatts megawatt", "GW": "GW gigawatts gigawatt",
    "TW": "TW terawatts", "Wh": "Wh", "kWh": "kWh kilowatt-hours", "MWh": "MWh megawatt-hours", "GWh": "GWh",
    "TWh": "TWh", "J": "J joules joule", "kJ": "kJ", "MJ": "MJ", "GJ": "GJ", "TJ": "TJ",
    "token": "tokens token tok toks", "token/s": "tok/s tps tokens/s", "Mtoken": "Mtok Mtoken Mtokens MTok mtok Mtokens",
    "ktoken": "ktok ktoken ktokens", "Gtoken": "Gtok Gtoken", "Ttoken": "Ttok Ttoken",
    "request": "requests request users user sequences sequence queries query calls call prompts prompt sessions "
    "session answers answer conversations conversation",
    "chip": "GPUs GPU gpus gpu chips chip accelerators accelerator cards card TPUs TPU devices device",
    "chip*hour": "GPU-hours GPU-hour chip-hours chip-hour GPUh chip*hour chip·hour GPU·hours chip·h accelerator-hours GPU-hr GPU-hrs chip-hr chip-hrs GPU-h",
    "chip*day": "GPU-days GPU-day chip-days chip-day", "chip*year": "GPU-years GPU-year chip-years chip-year",
    "person": "people persons person humans employees "
    "employee engineers engineer developers developer analysts analyst",
    "param": "parameters parameter params param weights", "server": "servers server nodes node hosts host machines machine boxes",
    "rack": "racks rack", "link": "links link", "hop": "hops hop", "core": "cores core",
    "tonne": "tonnes tonne t tons ton", "km": "km kilometres kilometers", "kg": "kg", "pound": "lb lbs pounds",
}.items():  # fmt: skip
    for _word in _words.split():
        _SPELLINGS[
            _word.replace("-", " ")
            if _word
            in (
                "per-cent",
                "percentage-points",
                "percentage-point",
                "US-dollars",
                "basis-points",
                "basis-point",
            )
            else _word
        ] = _unit

_SPELLINGS |= {word.replace("-", " "): unit for word, unit in _SPELLINGS.items() if unit.startswith("chip*")}
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
    rf"(?P<join>\s?/\s?|[*·]|-(?:per|a)-|\s(?:per|an?|each|every)\s|\sa\s)(?P<scale>(?:one\s)?{_MAGNITUDE}\s?)?"
    rf"(?:{_ADJECTIVE}\s){{0,2}}(?P<unit>{_UNIT})"
)
_ADVERB = re.compile(
    r"\s(?P<adverb>annually|yearly|monthly|weekly|daily|hourly|per annum|p\.a\.)(?!\s(?:bill|cost|spend|rate|revenue|run))"
)
_ADVERBS = {"annually": "year", "yearly": "year", "per annum": "year", "p.a.": "year", "monthly": "month",
            "weekly": "week", "daily": "day", "hourly": "hour"}  # fmt: skip
_PERIOD = "second|sec|s|minute|min|hour|hr|h|day|week|month|mo|quarter|year|yr"
# "360 failures per week", "11.8 a day": what is counted has no unit of ours, the period has
_EVENTS = re.compile(
    rf"(?:\s(?!(?:of|is|in|and|or|to|for|at|the|on|with|from|by|than|as|that|are|was|will)\b)[a-z]{{3,}}){{0,2}}"
    rf"(?:\s(?:per|an?|each|every)\s|\s?/\s?)(?P<period>{_PERIOD})\b"
)
_DOLLARS_BELOW = re.compile(
    r"\s?(?:/|\bper\b|\ba\b)\s?(?:\$\s?(?P<count>1,000,000|1,000|1k|k|K|M|1M|million|thousand)?|(?P<before>[kKM])\$)(?!\d|,\d)"
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
            return _events(text, at)
        unit, at = _spelled(_SPELLINGS[first["unit"]]), first.end()
    elif first is not None and _SPELLINGS[first["unit"]] == "USD":
        at = first.end()
    while then := _THEN.match(text, at):
        if then["unit"] == "$":
            break
        part = _scaled(then["scale"], _SPELLINGS[then["unit"]])
        if unit.bare and part.dims == _SECOND.dims:  # "45 % a year": a share still
            return unit, then.end()
        unit, at = unit * part if then["join"] in ("*", "·") else unit / part, then.end()
    if below := _DOLLARS_BELOW.match(text, at):  # "12.8 GB per $1,000", "GB/k$"
        unit, at = unit / _scaled(below["count"] or below["before"], "USD"), below.end()
    if many := _PER_MANY.match(text, at):  # "$0.37 per million": of what is understood
        unit, at = unit / _scaled(many["scale"], "token"), many.end()
    adverb = _ADVERB.match(text, at)
    if adverb and unit.dims and not unit.has("s"):
        unit, at = unit / parse_unit(_ADVERBS[adverb["adverb"]]), adverb.end()
    return unit, at


def _events(text: str, at: int) -> tuple[Unit | None, int]:
    """A rate of things that have no unit of their own: 1/week for "failures per week"."""
    match = _EVENTS.match(text, at)
    return (NUMBER / parse_unit(_SPELLINGS[match["period"]]), match.end()) if match else (None, at)


def _spelled(name: str) -> Unit:
    return BASIS_POINT if name == "basis point" else parse_unit(name)


@lru_cache(maxsize=512)
def _scaled(scale: str | None, unit: str) -> Unit:
    parsed = parse_unit(unit)
    if not scale:
        return parsed
    factor = _SCALES.get(scale.lower().replace("one", "").strip(), 1.0)
    return Unit(parsed.factor * factor, parsed.dims)
