"""Units and the numbers people type.

Units are strings that `pint` parses with ``tools/units.txt`` (a small file of our own, so loading takes
milliseconds). Conversions are factors, cached by pair: no unit here has an offset.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from tools.errors import UnitError

if TYPE_CHECKING:
    import pint

DEFINITIONS = Path(__file__).with_name("units.txt")
FACTORS = Path(__file__).with_name("unit_factors.json")

# A field that counts things accepts a number that does not say what it counts ("$2/hr" for USD/chip/hour).
_COUNTED = frozenset(
    f"[{name}]"
    for name in (
        "chips_",
        "requests_",
        "tokens_",
        "persons_",
        "racks_",
        "servers_",
        "params_",
        "links_",
        "hops_",
        "operation",
        "cores_",
        "samples_",
        "shares_",
    )
)

_MAGNITUDES = {
    "k": 1e3,
    "thousand": 1e3,
    "grand": 1e3,
    "m": 1e6,
    "mm": 1e6,
    "mn": 1e6,
    "mio": 1e6,
    "million": 1e6,
    "millions": 1e6,
    "b": 1e9,
    "bn": 1e9,
    "billion": 1e9,
    "billions": 1e9,
    "t": 1e12,
    "tn": 1e12,
    "trillion": 1e12,
    "trillions": 1e12,
    "quadrillion": 1e15,
    "hundred": 1e2,
    "dozen": 12.0,
}

_SPELLED = {
    word: float(value)
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
} | {
    word: 10.0 * value
    for value, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
_SPELLED |= {"a": 1.0, "an": 1.0, "half": 0.5, "quarter": 0.25}

_NUMBER = re.compile(
    r"^(?P<sign>[-+−])?\s*(?P<digits>\d{1,3}(?:[,_]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?:[eE](?P<exp>[-+]?\d+))?"
)

_PHRASES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        (r"\b(?:1\s*)?(?:million|mio|mn|m)\s+tok(?:en)?s?\b", "Mtoken"),
        (r"\b(?:1\s*)?(?:thousand|k)\s+tok(?:en)?s?\b", "ktoken"),
        (r"\b(?:1\s*)?(?:billion|bn|b)\s+tok(?:en)?s?\b", "Gtoken"),
        (r"\b(?:us\s*)?dollars?\b|\busd\b|\bbucks?\b", "USD"),
        (r"\$", "USD"),
        (r"\bcents?\b|¢", "cent"),
        (r"\bper\s*cent\b|\bpercent\b|\bpct\b|\bprozent\b", "percent"),
        (r"%", "percent"),
        (r"\b(?:hrs?|hours?)\b", "hour"),
        (r"\b(?:secs?|seconds?)\b", "second"),
        (r"\bmins?\b|\bminutes?\b", "minute"),
        (r"\b(?:yrs?|years?|annum|annually|yearly)\b", "year"),
        (r"\bmonths?\b|\bmo\b|\bmonthly\b", "month"),
        (r"\bdays?\b|\bdaily\b", "day"),
        (r"\bweeks?\b", "week"),
        (r"\b(?:gpus?|chips?|accelerators?|tpus?|cards?)\b", "chip"),
        (r"\b([kmgtpe]?)tok(?:en)?s?\b", r"\1token"),
        (r"\b(?:requests?|reqs?|users?|sequences?|seqs?|calls?)\b", "request"),
        (r"\b(?:params?|parameters?|weights?)\b", "param"),
        (r"\b(?:people|persons?|heads?|employees?)\b", "person"),
        (r"\bservers?\b|\bhosts?\b", "server"),
        (r"\bracks?\b", "rack"),
        (r"\b([kmgtpez]?)flops/s\b|\b([kmgtpez]?)flops\b|\b([kmgtpez])flop/s\b", r"\1\2\3FLOP/s"),
        (r"\b([kmgtpez]?)flop\b", r"\1FLOP"),
        (r"\bexaflop(?:s|/s)?\b", "EFLOP/s"),
        (r"\bpetaflop(?:s|/s)?\b", "PFLOP/s"),
        (r"\bgigawatts?\b", "GW"),
        (r"\bmegawatts?\b", "MW"),
        (r"\bkilowatts?\b", "kW"),
        (r"\bwatts?\b", "W"),
        (r"\bgigabytes?\b", "GB"),
        (r"\bterabytes?\b", "TB"),
        (r"\bmegabytes?\b", "MB"),
        (r"\bkilobytes?\b", "kB"),
        (r"\bKB\b", "kB"),
        (r"\bbytes?\b", "byte"),
        (r"\btonnes?\b", "metric_ton"),
        (r"\s+(?:per|an?|each)\s+", "/"),
        (r"^\s*(?:per|an?)\s+", "1/"),
        (r"/\s*(?:per|an?)\s+", "/"),
    )
)


@lru_cache(maxsize=1)
def registry() -> pint.UnitRegistry[float]:
    """The project's unit registry (loaded once, on first use)."""
    import pint

    return pint.UnitRegistry(str(DEFINITIONS), preprocessors=[lambda text: text.replace("%", "percent")])


@lru_cache(maxsize=4096)
def _factor_and_dims(unit: str) -> tuple[float, tuple[tuple[str, float], ...]]:
    """Factor to root units and dimensionality of a unit string; UnitError when it does not parse."""
    text = unit.strip()
    if text in ("", "dimensionless", "1"):
        return 1.0, ()
    known = _known_factors().get(text)
    return known if known is not None else by_pint(text)


@lru_cache(maxsize=1)
def _known_factors() -> dict[str, tuple[float, tuple[tuple[str, float], ...]]]:
    """What pint says of the units in daily use, kept in a file since importing pint costs half a second.

    `python -m tools.unit_factors` writes the file; a test holds it to pint.
    """
    import json

    rows = json.loads(FACTORS.read_text(encoding="utf-8")) if FACTORS.exists() else {}
    return {unit: (factor, tuple((d, p) for d, p in dims.items())) for unit, (factor, dims) in rows.items()}


def by_pint(unit: str) -> tuple[float, tuple[tuple[str, float], ...]]:
    """Factor to root units and dimensionality, by pint itself."""
    text = unit.strip()
    try:
        quantity = registry().parse_expression(text, case_sensitive=True)
        root = (quantity * registry().Quantity(1.0)).to_root_units()
    except Exception as error:
        raise UnitError("unit", unit, "a unit such as GB, USD/hour, token/s") from error
    dims = tuple(sorted((str(k), float(v)) for k, v in root.dimensionality.items()))
    return float(root.magnitude), dims


@lru_cache(maxsize=4096)
def factor(from_unit: str, to_unit: str) -> float:
    """What a number in `from_unit` is multiplied by to be in `to_unit`. UnitError when they do not agree."""
    if from_unit == to_unit:
        return 1.0
    from_factor, from_dims = _factor_and_dims(from_unit)
    to_factor, to_dims = _factor_and_dims(to_unit)
    if not _fits(dict(from_dims), dict(to_dims)):
        raise UnitError("unit", from_unit, f"a unit that converts to {to_unit}")
    return from_factor / to_factor


def _fits(given: dict[str, float], wanted: dict[str, float]) -> bool:
    """Whether a quantity may fill a field: the same dimensions, or counts that the text left unsaid."""
    differing = {d for d in given.keys() | wanted.keys() if given.get(d, 0.0) != wanted.get(d, 0.0)}
    return all(d in _COUNTED and given.get(d, 0.0) == 0.0 for d in differing)


def convert(value: float, from_unit: str, to_unit: str) -> float:
    """`value` in `from_unit`, expressed in `to_unit`; UnitError when the units do not agree."""
    return value * factor(from_unit, to_unit)


def compatible(from_unit: str, to_unit: str) -> bool:
    """Whether `from_unit` converts to `to_unit` (counts left unsaid are allowed, see `_fits`)."""
    try:
        factor(from_unit, to_unit)
    except UnitError:
        return False
    return True


def dimensions(unit: str) -> dict[str, float]:
    """Dimensions of a unit: `{"[currency]": 1, "[time]": -1}`."""
    return dict(_factor_and_dims(unit)[1])


@lru_cache(maxsize=2048)
def normalise_unit(text: str) -> str:
    """The unit people wrote, as pint reads it: `dollars an hour` → `USD/hour`, `tok/s` → `token/s`."""
    unit = text.strip()
    for pattern, replacement in _PHRASES:
        unit = pattern.sub(replacement, unit)
    unit = re.sub(r"\s*/\s*", "/", unit.strip())
    unit = re.sub(r"(?<=[A-Za-z_])\s+(?=[A-Za-z_])", "*", unit).strip("*- ")
    above, slash, below = unit.partition("/")
    return above + slash + below.replace("*", "/")  # "per GPU hour": both words are below the line


def parse_number(text: str) -> float:
    """A plain number as typed: `12k`, `1,024`, `forty thousand`, `1.5M`. ValueError when it is none."""
    value, rest = _leading_number(text.strip())
    if rest.strip():
        raise ValueError(f"not a number: {text!r}")
    return value


def parse_quantity(text: str, unit: str | None, field: str = "value") -> float:
    """A quantity as typed, in `unit` (None: a plain number). UnitError when the unit does not fit the field.

    A number without a unit is taken to be in `unit` already.
    """
    body, prefix = text.strip(), ""
    money = re.match(r"^([-+−]?)\s*(?:US)?\$\s*", body)
    if money:
        body, prefix = money.group(1) + body[money.end() :], "USD"
    try:
        value, rest = _leading_number(body)
    except ValueError as error:
        raise UnitError(field, text, f"a number in {unit or 'plain digits'}") from error
    rest = _per_count(rest, unit)
    given = normalise_unit(f"{prefix} {rest}" if not rest.startswith("/") else f"{prefix}{rest}")
    given = re.sub(r"USD\*", "USD/", given) if given.startswith("USD*") else given
    if not given or unit is None:
        return value
    try:
        return convert(value, given, unit)
    except UnitError as error:
        raise UnitError(field, text, f"a quantity in {unit}") from error


_PER_COUNT = re.compile(r"^\s*(?:/|per)\s*1?\s*(k|m|mm|b|thousand|million|billion)\s*$", re.IGNORECASE)
_PREFIXES = {"k": "k", "thousand": "k", "m": "M", "mm": "M", "million": "M", "b": "G", "billion": "G"}


def _per_count(rest: str, unit: str | None) -> str:
    """`/M` after a price of tokens means per million tokens."""
    found = _PER_COUNT.match(rest)
    if found is None or unit is None or "token" not in unit:
        return rest
    return f"/{_PREFIXES[found.group(1).lower()]}token"


def _leading_number(text: str) -> tuple[float, str]:
    """The number at the start of `text` (digits or words, with k/M/B/T) and what follows it."""
    match = _NUMBER.match(text)
    if match is None:
        return _spelled_number(text)
    value = float(re.sub(r"[,_]", "", match["digits"]))
    if match["exp"]:
        value *= 10.0 ** int(match["exp"]) if abs(int(match["exp"])) < 308 else math.inf
    if match["sign"] in ("-", "−"):
        value = -value
    rest = text[match.end() :]
    suffix = re.match(r"\s?([A-Za-z]+)(?![A-Za-z/])", rest)
    if suffix and _is_magnitude(suffix.group(1), attached=not rest.startswith(" ")):
        return value * _MAGNITUDES[suffix.group(1).lower()], rest[suffix.end() :]
    return value, rest


def _is_magnitude(word: str, *, attached: bool) -> bool:
    """Whether a word after a number scales it: `12k`, `3 billion`, but not the metre of `3 m`."""
    if word.lower() not in _MAGNITUDES:
        return False
    return attached or len(word) > 1 or word in "MBTK"


def _spelled_number(text: str) -> tuple[float, str]:
    """`forty thousand dollars` → (40000, ' dollars')."""
    total, group, used, found = 0.0, 0.0, 0, False
    for match in re.finditer(r"[A-Za-z]+|[-\s]+", text):
        word = match.group().lower()
        if match.start() != used:
            break
        if re.fullmatch(r"[-\s]+|and", word):
            used = match.end()
            continue
        if word in _SPELLED and not (found and word in ("a", "an")):
            group += _SPELLED[word]
        elif found and word in _MAGNITUDES and len(word) > 1:
            scale = _MAGNITUDES[word]
            if scale <= 100:
                group = (group or 1.0) * scale
            else:
                total, group = total + (group or 1.0) * scale, 0.0
        else:
            break
        found, used = True, match.end()
    if not found:
        raise ValueError(f"not a number: {text!r}")
    return total + group, text[used:]


_HEAD_AND_REST = re.compile(r"([^/*]*)([/*]?)(.*)")
_MONEY_STEPS = ((1e12, "T"), (1e9, "B"), (1e6, "M"))


def format_number(value: float, digits: int = 4) -> str:
    """A number for people: thousands separated, at most `digits` significant figures below 1,000."""
    if not math.isfinite(value):
        return str(value)
    magnitude = abs(value)
    if value == 0:
        return "0"
    if magnitude >= 1e15 or magnitude < 1e-4:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    if magnitude >= 1000:
        return f"{value:,.0f}"
    decimals = max(0, digits - 1 - math.floor(math.log10(magnitude)))
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_quantity(value: float, unit: str) -> str:
    """A quantity for people: `$0.3704/Mtoken`, `17.94 GB`, `75 %`, `54 requests`, `25.5 ms`, `2.7 million tokens/$`."""
    unit = unit.strip()
    if unit in ("", "dimensionless"):
        return format_number(value)
    if unit == "percent":
        return f"{format_number(value)} %"
    if unit == "USD" or unit.startswith("USD/"):
        return _money(value) + unit[3:]
    for step, name in _STEPS.get(unit, ()):
        if abs(value) >= step and value != 0:
            return f"{format_number(value / step)} {name}"
    if unit.startswith("1/"):
        return f"{format_number(value)} per {unit[2:]}"
    head, mark, rest = _HEAD_AND_REST.match(unit).groups()  # type: ignore[union-attr]
    counted = head in _PLURALS or head == "FLOP"
    number = _scaled(value) if counted else format_number(value)
    said = head if value == 1 else _PLURALS.get(head, head)
    return f"{number} {said}{mark.replace('*', '·')}{rest.replace('*', '·').replace('USD', '$')}".rstrip()


_PLURALS = {
    "person": "people",
    "metric_ton": "t",
    **{
        name: f"{name}s"
        for name in (
            "chip", "request", "token", "rack", "link", "hop", "server", "param", "core", "sample", "byte",
            "second", "minute", "hour", "day", "week", "month", "year",
        )
    },
}  # fmt: skip
# Units in which a figure of another size is read more easily, the largest first.
_STEPS: dict[str, tuple[tuple[float, str], ...]] = {
    "byte": ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")),
    "s": ((1, "s"), (1e-3, "ms"), (1e-6, "us")),
}


def _money(value: float) -> str:
    sign, magnitude = ("-" if value < 0 else ""), abs(value)
    for step, letter in _MONEY_STEPS:
        if magnitude >= step:
            return f"{sign}${format_number(magnitude / step)}{letter}"
    if magnitude >= 1000 or magnitude == 0:
        return f"{sign}${magnitude:,.0f}"
    return f"{sign}${magnitude:.2f}" if magnitude >= 1 else f"{sign}${format_number(magnitude)}"


def _scaled(value: float) -> str:
    for step, word in ((1e15, None), (1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if abs(value) >= step:
            return format_number(value) if word is None else f"{format_number(value / step)} {word}"
    return format_number(value)
