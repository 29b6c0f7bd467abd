"""Unit phrases as they stand in the asking part of a question: "how many million GPUs", "in B params", "$bn",
"GB of HBM per $1000", "tokens per second for each person". No number is in them."""

from __future__ import annotations

import re

from agent.offline.reading.reading import Reading
from agent.offline.reading.words import Token
from agent.offline.reading.written_units import ADJECTIVES, denominators, spelled_unit

MAGNITUDES = {
    "thousand": "k", "thousands": "k", "k": "k", "million": "M", "millions": "M", "mn": "M", "mm": "M", "m": "M", "billion": "G",
    "billions": "G", "bn": "G", "b": "G", "trillion": "T", "trillions": "T", "tn": "T", "t": "T", "quadrillions": "P",
}  # fmt: skip
_LETTERS = frozenset({"k", "m", "b", "t"})
_SKIP = frozenset([
    "metric", "the", "just", "only", "number", "of", "whole", "me", "total", "full", "dense", "decimal",
    "plain", "terms", "units", "us", "answer", "it", "actual",
])  # fmt: skip
_NO_UNIT = frozenset([
    "weight", "weights", "prompt", "prompts", "answer", "answers", "agents", "inputs", "training",
    "quarter", "seats", "min", "sec", "operations", "session", "conversation", "call", "job", "task",
    "box", "boxes", "request", "user", "person", "agent",
])  # fmt: skip
_SHORT = frozenset({"a", "an", "x", "us", "s", "h", "w", "t", "m", "mo", "b"})
_RATIOS = frozenset(["x", "times", "multiple", "factor", "ratio", "multiplier"])
_WHOLE_RATE = re.compile(r"^(?:not (?:a |per )|rather than per |no per )")
_MONEY_AMOUNT = re.compile(
    r"(?:each |every |a |the )?(thousand|k|1 ?000|1,000|1k|grand)? ?(dollars?|usd|\$|bucks?|kusd|k\$)? ?(1,?000|1 ?k|thousand)?(?= |$)"
)
SCALE_ONLY = "*"


def unit_phrase(reading: Reading, j: int, taken: set[int], *, money: bool) -> tuple[str, int]:
    """The unit that starts at token `j` and the token after it; ("", j) when none does.

    A scale without a unit ("in millions") is `*M`: the caller knows what is counted. `money`: dollars and shares count.
    """
    tokens, start = reading.tokens, j
    while j < len(tokens) and tokens[j].low in _SKIP and j not in taken:
        j += 1
    if j >= len(tokens) or j in taken:
        return "", start
    word = tokens[j].low
    after = tokens[j + 1].low if j + 1 < len(tokens) else ""
    if word == "orders" and after == "of":
        return "dimensionless", j + 3
    if word == "decades" or (word == "powers" and after == "of"):
        return "dimensionless", j + 1
    if money and (tokens[j].text == "%" or word in ("percent", "percentage", "pct", "percentages")):
        return "percent", j + 1 + after.startswith("point")
    if money and word in _RATIOS and not (word == "times" and after == "as"):
        return "dimensionless", j + 1
    if (scaled := _dollars(tokens, j)) is not None:
        unit, k = scaled
        k, unit = _divided(reading, k, unit)
        return unit, k
    scale = ""
    if word in MAGNITUDES and reading.masked(j) is None:
        if after in ("of", "us") and j + 2 < len(tokens):
            inner, k = _counted_unit(reading, j + 2)
            return (f"{MAGNITUDES[word]}{inner}", k) if inner else ("", start)
        inner, k = _counted_unit(reading, j + 1) if j + 1 not in taken else ("", j)
        if inner and "/" not in inner and not inner.startswith(("k", "M", "G", "T", "P")):
            scale, j = MAGNITUDES[word], j + 1
        elif word in _LETTERS or (inner and word not in ("bn",)):
            return "", start
        else:
            return f"{SCALE_ONLY}{MAGNITUDES[word]}", j + 1
    unit, k = _counted_unit(reading, j)
    if not unit:
        return "", start
    k, unit = _divided(reading, k, unit)
    if unit.endswith("FLOP/s") and _WHOLE_RATE.match(_rest(tokens, k)):
        unit = unit.removesuffix("/s")
    return f"{scale}{unit}", k


def _rest(tokens: list[Token], k: int) -> str:
    words = [t.low for t in tokens[k : k + 8] if t.text not in "(),.-" and t.low not in ("pls", "please")]
    return " ".join(words)


def _dollars(tokens: list[Token], j: int) -> tuple[str, int] | None:
    """`$`, `$M`, `$ millions`, `M$`, `dollars`, `USD`, `cents`: the unit and the token after it."""
    word = tokens[j].low
    after = tokens[j + 1].low if j + 1 < len(tokens) else ""
    if word in ("m", "b", "k", "bn", "mn") and after == "$":
        return f"{MAGNITUDES[word]}USD", j + 2
    if word in ("cent", "cents", "¢"):
        return "cent", j + 1
    if word not in ("$", "usd", "dollars", "bucks"):
        return None
    if after in MAGNITUDES and not (
        after in _LETTERS and tokens[j + 1].start > tokens[j].end and word != "$"
    ):
        return f"{MAGNITUDES[after]}USD", j + 2
    return "USD", j + 1


def _counted_unit(reading: Reading, j: int) -> tuple[str, int]:
    """One unit word at token `j`, `GPU-hours` as well, without what it is per."""
    tokens = reading.tokens
    if j >= len(tokens) or not tokens[j].is_word:
        return "", j
    word = tokens[j].low
    named = reading.masked(j)
    last = j + 1
    if word in EVENTS:
        return _events_per_time(tokens, last) or ("", j)
    if named is not None:
        if "chip" not in named.kinds:
            return "", j
        while last < len(tokens) and tokens[last].start < named.end:
            last += 1
        last += tokens_at(tokens, last) in ("gpu", "chip") and tokens_at(tokens, last + 1) in (
            "-",
            "hours",
            "hrs",
        )
        unit = "chip"
    else:
        unit = spelled_unit(tokens[j].text)
        if not unit or word in _SHORT or word in _NO_UNIT or unit == "dimensionless":
            return "", j
        if word in ("dollars", "usd", "cents"):
            return unit, last
    if unit == "chip" and tokens_at(tokens, last) in EVENTS:
        return _counted_unit(reading, last)  # "GPU failures a day": what is counted comes last
    if unit == "chip" and named is None and not word.endswith("s") and _heads(tokens, last):
        return "", j  # "chip plants", "GPU makers": what is counted is no chip
    k = last + (last < len(tokens) and tokens[last].text == "-")
    if (
        unit in ("chip", "person")
        and k < len(tokens)
        and tokens[k].low in ("hours", "hour", "hrs", "years", "days")
    ):
        return f"{unit}*{spelled_unit(tokens[k].text)}", k + 1
    if unit in ("kW", "MW", "GW", "W") and k < len(tokens) and tokens[k].low in ("hour", "hours"):
        return f"{unit}h", k + 1
    if named is not None and not named.text.lower().endswith("s"):
        return "", j
    return unit, last


def _heads(tokens: list[Token], k: int) -> bool:
    """Whether the word at `k` is a plural that the one before it describes."""
    word = tokens_at(tokens, k)
    plural = word.endswith("s") and not word.endswith("ss") and word.isalpha()
    return plural and not spelled_unit(word) and word not in _STOPS


EVENTS = frozenset(["failures", "crashes", "interruptions", "outages", "faults", "incidents", "breakdowns"])


def _events_per_time(tokens: list[Token], k: int) -> tuple[str, int] | None:
    """ "failures a day", "interruptions do I get per week", "crashes daily": how often, and the token after it."""
    for i in range(k, min(k + 8, len(tokens))):
        if tokens[i].text in ".?!;":
            break
        if tokens[i].low in ("daily", "yearly"):
            return ("1/day" if tokens[i].low == "daily" else "1/year"), i + 1
        if tokens[i].low in ("a", "per", "each", "every", "/") and tokens_at(tokens, i + 1) in _TIMES:
            return f"1/{tokens[i + 1].low}", i + 2
    return None


_TIMES = frozenset(["hour", "day", "week", "month", "year"])


def _divided(reading: Reading, k: int, unit: str) -> tuple[int, str]:
    """What a unit is per: `per token`, `of HBM per $1000`, `for each thousand dollars`, `a year`."""
    tokens = reading.tokens
    beyond = _past_description(tokens, k)
    if tokens_at(tokens, beyond) in ("per", "/", "for", "a") and beyond < len(tokens):
        step = 2 if tokens[beyond].low == "for" and tokens_at(tokens, beyond + 1) in ("each", "every") else 1
        if tokens[beyond].low != "for" or step == 2:
            words = " ".join(t.low for t in tokens[beyond + step : beyond + step + 4])
            match = _MONEY_AMOUNT.match(words)
            if match and match.group(2) and unit not in ("USD", "cent"):
                scale = "k" if match.group(1) or match.group(3) or match.group(2) in ("kusd", "k$") else ""
                return beyond + step + 1, f"{unit}/{scale}USD"
            if match and match.group(1) and unit in ("GB", "TB", "GB/s", "TFLOP/s", "PFLOP/s"):
                return beyond + step + 1, f"{unit}/kUSD"
            if match and match.group(1) and (counted := _counted_unit(reading, beyond + step + 1))[0]:
                return counted[1], f"{unit}/k{counted[0]}"
    if (
        tokens_at(tokens, k) in ("in", "on")
        and tokens_at(tokens, k + 1) in ("each", "every")
        and (inner := _counted_unit(reading, k + 2))[0]
    ):
        return inner[1], f"{unit}/{inner[0]}"
    end, whole = denominators(reading, beyond if tokens_at(tokens, beyond) in ("per", "/") else k, unit)
    return (end, whole) if whole != unit or end > k else (k, unit)


_DESCRIBING = frozenset([
    "of", "hbm", "memory", "bandwidth", "capacity", "dense", "bf", "fp", "int", "16", "8", "4", "vram",
    "the", "its", "useful", "usable", "output", "input", "generated",
])  # fmt: skip


def _past_description(tokens: list[Token], k: int) -> int:
    """Past "of HBM", "dense bf16" between a unit and its "per"; `k` itself when no "per" follows."""
    for j in range(k, min(k + 5, len(tokens))):
        if tokens[j].low in ("per", "/", "for"):
            return j
        if tokens[j].low not in _DESCRIBING:
            break
    return k


def tokens_at(tokens: list[Token], j: int) -> str:
    return tokens[j].low if j < len(tokens) else ""


def described(reading: Reading, j: int, taken: set[int], reach: int = 5) -> tuple[str, int]:
    """A unit noun after its adjectives: "old servers", "concurrent users", "full NVL72 racks", up to `reach` words on."""
    tokens = reading.tokens
    for k in range(j, min(j + reach, len(tokens))):
        if tokens[k].text in ",.?;:!()" or tokens[k].low in _STOPS or tokens[k].low == "per":
            break
        if k in taken:
            continue  # "how many 130 kW racks"
        named = reading.masked(k)
        after = tokens_at(tokens, k + 1)
        if named is not None and not named.text.lower().endswith("s"):
            if "chip" in named.kinds and tokens[k].start == named.start and _head_follows(reading, k) == "":
                return "chip", k + 1
            continue
        unit, end = unit_phrase(reading, k, taken, money=k == j)
        if unit and not unit.startswith(SCALE_ONLY):
            head = (
                spelled_unit(after)
                if after.endswith("s") and reading.masked(min(k + 1, len(tokens) - 1)) is None
                else ""
            )
            if (
                head
                and unit in ("USD", "chip", "request", "token")
                and head not in ("dimensionless", "second")
                and end == k + 1
            ):
                continue  # "GPU racks", "user tokens": the head of the phrase comes last
            return unit, end
        if tokens[k].low not in ADJECTIVES and not tokens[k].is_word and tokens[k].text not in "-'’$":
            break
    return "", j


def _head_follows(reading: Reading, k: int) -> str:
    """The counted noun that a chip's name describes: "NVL72 racks", "H100-hours"."""
    named = reading.masked(k)
    if named is None:
        return ""
    for i, t in enumerate(reading.tokens):
        if t.start < named.end:
            continue
        if t.low in ("-", "class", "style", "gpu", "based", "full"):
            continue
        return (
            spelled_unit(t.text)
            if t.is_word and reading.masked(i) is None and t.low not in ("h", "s", "w")
            else ""
        )
    return ""


_STOPS = frozenset([
    "do", "does", "did", "is", "are", "can", "could", "would", "should", "will", "i", "we", "you", "it",
    "to", "for", "at", "in", "on", "if", "with", "and", "but", "has", "have", "per", "from",
])  # fmt: skip
