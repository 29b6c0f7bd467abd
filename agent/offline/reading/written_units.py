"""Units as people write them after a number: `$/hr`, `tok/s per GPU`, `cents per million tokens`, `GPU-hours`."""

from __future__ import annotations

from agent.offline.reading.numbers import Number
from agent.offline.reading.reading import Reading
from agent.offline.reading.words import STOP, Token

# Words and symbols people write for a unit → the contract's spelling.
UNIT_WORDS: dict[str, str] = {}


for _unit, _words in {
    "USD": "dollar dollars usd buck bucks", "cent": "cent cents", "percent": "percent pct percents",
    "token": "token tokens tok toks", "chip": "gpu gpus chip chips card cards accelerator accelerators tpu tpus xpu xpus",
    "request": "user users request requests req reqs query queries tickets messages questions replies sequence sequences call calls prompt prompts session sessions "
    "conversation conversations chats task tasks job jobs answer answers",
    "person": "person people persons human humans employee employees engineer engineers developer developers analyst "
    "analysts worker workers programmer programmers coder coders inhabitants staff devs dev lawyers agents seats colleagues customers clients students teachers teammates visitors",
    "param": "param params parameter parameters weight weights", "server": "server servers host hosts machine machines node nodes boxes box",
    "rack": "rack racks", "link": "link links", "hop": "hop hops", "core": "core cores",
    "byte": "byte bytes", "bit": "bit bits", "kB": "kb kilobyte kilobytes", "KiB": "kib kibibyte kibibytes", "MB": "mb megabyte megabytes", "MiB": "mib mebibyte mebibytes",
    "GB": "gb gig gigs gigabyte gigabytes", "GiB": "gib gibibyte gibibytes", "TB": "tb terabyte terabytes", "TiB": "tib", "PB": "pb petabyte petabytes",
    "second": "second seconds sec secs s", "ms": "ms millisecond milliseconds msec", "us": "us microsecond microseconds",
    "minute": "minute minutes min mins", "hour": "hour hours hr hrs h", "day": "day days", "week": "week weeks",
    "month": "month months mo mos", "year": "year years yr yrs annum", "quarter_year": "quarter quarters",
    "W": "w watt watts", "kW": "kw kilowatt kilowatts", "MW": "mw megawatt megawatts", "GW": "gw gigawatt gigawatts",
    "Wh": "wh", "kWh": "kwh", "MWh": "mwh", "GWh": "gwh", "TWh": "twh", "J": "joule joules",
    "FLOP": "flop flops operations", "GFLOP/s": "gflops gigaflops", "TFLOP/s": "tflops teraflops teraflop tflop tf",
    "PFLOP/s": "pflops petaflops petaflop pflop", "EFLOP/s": "eflops exaflops exaflop eflop", "ZFLOP/s": "zettaflops zflops",
    "token/s": "tps", "Gbit/s": "gbps", "Tbit/s": "tbps", "Mbit/s": "mbps", "Gbit": "gbit gbits", "Tbit": "tbit",
    "tonne": "ton tons tonne tonnes", "pound": "lb lbs pounds", "km": "km", "kg": "kg kilo kilos kilogram kilograms", "dimensionless": "x times fold",
}.items():  # fmt: skip
    UNIT_WORDS |= dict.fromkeys(_words.split(), _unit)


CASED = {"Gb": "Gbit", "Tb": "Tbit", "Mb": "Mbit", "B": "byte", "TFLOP": "TFLOP", "PFLOP": "PFLOP", "EFLOP": "EFLOP", "Mtok": "Mtoken",
          "Mtoken": "Mtoken", "MTok": "Mtoken", "Mtokens": "Mtoken", "mtok": "Mtoken", "ktok": "ktoken", "Gtok": "Gtoken",
          "J": "J", "ND": "FLOP/param/token", "KB": "kB", "GFLOP": "GFLOP"}  # fmt: skip


_PER = frozenset({"/", "per", "a", "an", "each", "every"})


# "$2 a request" is a rate, "3 people a rack" too, but "2 dollars a good deal" is not.
_PER_UNITS_AFTER_A = frozenset([
    "hour", "hr", "day", "week", "month", "year", "second", "minute", "quarter", "token", "million",
    "user", "request", "gpu", "chip", "card", "query", "call", "person", "head", "seat", "engineer",
    "developer", "employee", "piece", "mwh", "kwh", "pop", "box", "server", "node", "rack", "accelerator",
    "gig", "gb", "sec", "yr", "mo", "wk", "param", "parameter", "weight", "kilowatt", "megawatt",
    "ticket", "answer", "chat", "conversation",
])  # fmt: skip


_EACH = frozenset({"each", "apiece", "piece", "individually", "ea"})


ADJECTIVES = frozenset([
    "input", "output", "prompt", "completion", "thinking", "reasoning", "cached", "generated", "billed",
    "paid", "live", "concurrent", "daily", "active", "old", "new", "extra", "more", "hidden", "visible",
    "gpu", "chip", "nvidia", "amd", "training", "generation", "shipped", "installed", "hardware", "us",
    "idle", "visible", "total", "unique", "monthly", "h100", "equivalent", "software", "dense", "such",
    "useful", "junior", "senior", "full", "raw", "api", "chat", "rollout", "parallel", "simultaneous",
    "decode", "prefill", "context", "free",
])  # fmt: skip


def unit_after(reading: Reading, number: Number, currency: str) -> tuple[int, str, set[str]]:
    """(token after the quantity, unit in the contract's spelling, marks)."""
    tokens, i = reading.tokens, number.last
    marks: set[str] = set()
    unit = currency
    if currency:
        if i < len(tokens) and tokens[i].low in ("usd", "dollars", "dollar", "bucks"):
            i += 1
    else:
        i, unit = _numerator(reading, number, marks)
        if not unit and (beyond := _past_direction(tokens, i)) > i:
            i = beyond  # "14 out per mtok"
    if (
        not unit
        and i + 1 < len(tokens)
        and tokens[i].low in ("per", "/")
        and tokens[i + 1].low in ("param", "parameter", "params", "weight")
    ):
        return i + 2, "token/param", marks
    if "USD" in unit or unit == "cent":
        i = _past_direction(tokens, i)
        i, unit = _adjective_rate(tokens, i, unit)
    if unit and (beyond := _past_of(reading, i)) > i:
        i = beyond  # "1.1 MB of KV per token"
    if unit or (i < len(tokens) and tokens[i].low in ("/", "per", "a", "an") and not number.glued):
        i, unit = denominators(reading, i, unit)
    if "times" in marks and unit.startswith("dimensionless/") and unit.split("/")[1] not in _TIMES_OVER:
        unit = "dimensionless"  # "pays 10x per token"
    if (i < len(tokens) and tokens[i].low in _EACH) or (
        (
            i + 1 < len(tokens)
            and tokens[i].low in ("all", "a")
            and tokens[i + 1].low in ("in", "piece", "pop")
        )
        or [t.low for t in tokens[i : i + 3]] == ["all", "-", "in"]
    ):
        marks.add("each")
    return i, unit, marks


_GLUED_CENTS = frozenset({"c", "ct", "cts"})  # "50c per million"
_TIMES_OVER = frozenset({"year", "month", "day", "week", "quarter_year"})
_DIRECTIONS = frozenset({"in", "out", "input", "output", "prompt", "completion"})


_RATE_ADJECTIVES = {"monthly": "month", "yearly": "year", "annual": "year", "hourly": "hour", "daily": "day"}


def _adjective_rate(tokens: list[Token], i: int, unit: str) -> tuple[int, str]:
    """ "$200 monthly seat", "a $60-a-month plan", "$150 of tokens a month"."""
    words = [t.low for t in tokens[i : i + 4]]
    if words[:1] and words[0] in _RATE_ADJECTIVES:
        return i + 1, f"{unit}/{_RATE_ADJECTIVES[words[0]]}"
    if words[:2] == ["-", "a"] and len(words) == 4 and words[2] == "-" and words[3] in UNIT_WORDS:
        return i + 4, f"{unit}/{UNIT_WORDS[words[3]]}"
    if (
        words[:1] == ["of"]
        and len(words) == 4
        and words[2] in ("a", "per")
        and UNIT_WORDS.get(words[3]) in ("month", "year", "day")
    ):
        return i + 4, f"{unit}/{UNIT_WORDS[words[3]]}"
    return i, unit


def _past_of(reading: Reading, i: int) -> int:
    """Past "of KV cache" between a unit and the "per" of its rate; `i` when none follows."""
    tokens = reading.tokens
    if i >= len(tokens) or tokens[i].low != "of":
        return i
    for j in range(i + 2, min(i + 4, len(tokens) - 1)):
        if tokens[j].low == "per":
            return (
                j
                if spelled_unit(tokens[j + 1].text) in ("token", "request", "chip", "person", "server")
                else i
            )
        if not tokens[j - 1].is_word or reading.masked(j - 1) is not None:
            break
    return i


def _past_direction(tokens: list[Token], i: int) -> int:
    """ "$10 out per mtok": the rate begins after the word for the side of the call."""
    if i + 2 < len(tokens) and tokens[i].low in _DIRECTIONS and tokens[i + 1].low in ("per", "/"):
        return (
            i + 1
            if tokens[i + 2].low in ("m", "mm", "million", "mtok", "mtoken", "mtokens", "1m", "k")
            else i
        )
    return i


def _numerator(reading: Reading, number: Number, marks: set[str]) -> tuple[int, str]:
    tokens, i = reading.tokens, number.last
    if i >= len(tokens):
        return i, ""
    token = tokens[i]
    if token.text == "%":
        marks.add("percent")
        return i + 1, "percent"
    if token.low == "per" and i + 1 < len(tokens) and tokens[i + 1].low == "cent":
        return i + 2, "percent"
    if token.low == "percentage" and i + 1 < len(tokens) and tokens[i + 1].low.startswith("point"):
        return i + 2, "percent"
    if token.text == "¢" or (number.glued and token.text in _GLUED_CENTS):
        return i + 1, "cent"
    if token.low in ("x", "×", "*") or token.text in "×*":
        named = reading.masked(i + 1) if i + 1 < len(tokens) else None
        if named is not None and "chip" in named.kinds and not _compared(tokens, number.first, named.text):
            return i, "chip"
        if token.text in "×*" or (i + 1 < len(tokens) and tokens[i + 1].is_number):
            return i, ""
        marks.add("times")
        return i + 1, "dimensionless"
    if token.text == "-" and i + 1 < len(tokens):
        return _hyphenated(reading, i, marks)
    named = reading.masked(i)
    if named is not None:
        if "chip" not in named.kinds or named.bare_size:
            return i, ""
        lead = tokens[number.first - 1].low if number.first else ""
        after = next((t.low for t in tokens if t.start >= named.end), "")
        group = after in (
            "cluster",
            "fleet",
            "system",
            "pod",
            "job",
            "machine",
            "installation",
            "build",
            "supercomputer",
            "order",
            "run",
        )
        if (
            lead in ("a", "an", "the")
            and 1000 <= number.value < 90_000
            and not group
            and not named.text.lower().endswith("s")
        ):
            return i, "USD"  # "a 5k Trainium2"
        j = i
        while j < len(tokens) and tokens[j].start < named.end:
            j += 1
        while j < len(tokens) and tokens[j].low in ("-", "gpu", "gpus", "chip", "chips"):
            j += 1
        if j < len(tokens) and tokens[j].low in ("hour", "hours", "hrs"):
            return j + 1, "chip*hour"
        return i, "chip"
    return _unit_word(reading, i, marks, glued=bool(number.glued), number_value=number.value)


def _compared(tokens: list[Token], first: int, name: str) -> bool:
    """ "more than 2x hopper": as much again, not two of them."""
    return not any(c.isdigit() for c in name) and any(
        t.low in ("than", "costs", "over", "about") for t in tokens[max(0, first - 2) : first]
    )


def _hyphenated(reading: Reading, i: int, marks: set[str]) -> tuple[int, str]:
    """`8-GPU box`, `3-year contract`, `forty-thousand-dollar`, `70-billion-parameter`."""
    after = reading.tokens[i + 1]
    if after.is_word and after.low in UNIT_WORDS and after.start == reading.tokens[i].end:
        if after.low in ("fold", "times"):
            marks.add("times")
        return i + 2, UNIT_WORDS[after.low]
    if after.low == "way" and i + 2 < len(reading.tokens):
        named = reading.masked(i + 2)
        if (named is not None and "chip" in named.kinds) or UNIT_WORDS.get(
            reading.tokens[i + 2].low
        ) == "chip":
            return i + 2, "chip"  # "an eight-way H100 box"
    return i, ""


def _unit_word(
    reading: Reading, i: int, marks: set[str], *, glued: bool, number_value: float = 1.0
) -> tuple[int, str]:
    tokens = reading.tokens
    for skip in range(3):  # "500 input tokens", "200 live concurrent users"
        if i + skip >= len(tokens):
            break
        token = tokens[i + skip]
        if not token.is_word or (skip and reading.masked(i + skip) is not None):
            break
        unit = spelled_unit(token.text)
        if unit and not (skip == 0 and token.low in ("a", "an")):
            if unit == "dimensionless":
                marks.add("times")
            if token.low in ("us", "weight") and not glued:
                break
            if unit == "chip" and number_value != 1 and _part_of_noun(tokens, i + skip, number_value):
                break
            if token.low == "quarter" and number_value != 1:
                break
            if (
                unit in ("request", "person", "server", "core", "link")
                and not token.low.endswith(("s", "e"))
                and token.low != "staff"
                and number_value != 1
            ):
                break  # "a 32k prompt", "a 240k engineer": the noun is what the number describes, not what it counts
            return _compound(tokens, i + skip, unit)
        if skip == 0 and token.low not in STOP and i + 1 < len(tokens) and _people_follow(tokens[i + 1].low):
            continue
        if token.low not in ADJECTIVES:
            break
        nxt = tokens[i + skip + 1].low if i + skip + 1 < len(tokens) else ""
        if token.low in ("gpu", "chip") and nxt not in ("hour", "hours", "-"):
            break
    return i, ""


def _people_follow(word: str) -> bool:
    """ "120 support people", "90 sales staff": whatever kind of people they are."""
    return UNIT_WORDS.get(word) == "person" and (word.endswith("s") or word in ("people", "staff"))


_GROUPS = frozenset(["box", "boxes", "node", "nodes", "server", "servers", "cluster", "clusters", "pod", "pods", "rack", "racks", "system", "systems", "domain", "machine", "machines", "job", "jobs", "run", "runs", "fleet", "hour", "hours", "day", "days", "week", "weeks", "month", "months", "year", "years"])  # fmt: skip
_VERBS = frozenset([
    "costs", "needs", "does", "has", "was", "is", "serves", "runs", "draws", "makes", "takes", "uses",
    "gets", "puts", "pulls", "yields", "holds", "fits", "was",
])  # fmt: skip


def _part_of_noun(tokens: list[Token], i: int, value: float) -> bool:
    """ "900 chip factories", "130 GPU and network faults", "2026 accelerator budget": chips are not what is counted."""
    if tokens[i].low.endswith("s") or i + 1 >= len(tokens):
        return False
    after = tokens[i + 1].low
    if 2000 <= value <= 2050 and tokens[i + 1].is_word and after not in _GROUPS:
        return True
    if after == "and" and i + 3 < len(tokens):
        return (
            tokens[i + 3].low.endswith("s") and tokens[i + 3].is_word and tokens[i + 3].low not in UNIT_WORDS
        )
    return (
        len(after) > 3
        and after.endswith("s")
        and tokens[i + 1].is_word
        and after not in _GROUPS | _VERBS
        and after not in UNIT_WORDS
    )


def spelled_unit(word: str) -> str:
    return CASED.get(word) or UNIT_WORDS.get(word.lower(), "")


def _compound(tokens: list[Token], i: int, unit: str) -> tuple[int, str]:
    """`GPU-hours`, `chip hours`, `watt hours`; otherwise the unit alone."""
    j = i + 1
    if j < len(tokens) and tokens[j].text == "-":
        j += 1
    if j < len(tokens) and tokens[j].low in ("hour", "hours", "hrs", "hr", "years", "days"):
        if unit == "chip":
            return j + 1, f"chip*{UNIT_WORDS[tokens[j].low]}"
        if unit in ("W", "kW", "MW", "GW"):
            return j + 1, unit + "h"
    return i + 1, unit


def _for_every(tokens: list[Token], i: int) -> bool:
    """ "25 tokens for every parameter"; "for each of the 24" is no rate."""
    words = [t.low for t in tokens[i : i + 3]]
    return len(words) == 3 and words[0] == "for" and words[1] in ("every", "each") and words[2] != "of"


_TEXTS = frozenset({"prompt", "prompts", "answer", "answers", "input", "output", "completion"})


def denominators(reading: Reading, i: int, unit: str) -> tuple[int, str]:
    """`/hr/GPU`, `per million tokens`, `an hour per chip`, `/M`."""
    tokens = reading.tokens
    while i < len(tokens) and (tokens[i].low in _PER or _for_every(tokens, i)):
        joint, j = tokens[i].low, i + 1
        if joint == "for":
            joint, j = "per", i + 2
        if j >= len(tokens):
            break
        if joint in ("a", "an", "each", "every") and tokens[j].low not in _PER_UNITS_AFTER_A:
            break
        if tokens[j].low in ("a", "an", "1", "one") and j + 1 < len(tokens):
            j += 1
        scale = ""
        if tokens[j].is_number and tokens[j].text == "1000":
            scale, j = "k", j + 1
        if tokens[j].low in (
            "m",
            "mm",
            "mn",
            "million",
            "mil",
            "k",
            "thousand",
            "b",
            "billion",
        ) and not reading.masked(j):
            scale = {"m": "M", "mm": "M", "mn": "M", "mil": "M", "k": "k", "t": "k", "b": "G"}[
                tokens[j].low[0] if tokens[j].low not in ("mm", "mn", "mil") else tokens[j].low
            ]
            nxt = tokens[j + 1].low if j + 1 < len(tokens) else ""
            unit_next = spelled_unit(tokens[j + 1].text) if nxt else ""
            if unit_next not in ("token", "request", "param") and nxt in ADJECTIVES and j + 2 < len(tokens):
                step = 3 if spelled_unit(tokens[j + 2].text) == "token" else 1
                unit, i = f"{unit}/{scale}token", j + step
            elif unit_next == "request" and nxt in _TEXTS:
                unit, i = f"{unit}/{scale}token", j + 2
            elif unit_next in ("token", "request", "param"):
                unit, i = f"{unit}/{scale}{unit_next}", j + 2
            else:
                unit, i = f"{unit}/{scale}token", j + 1
            continue
        named = reading.masked(j)
        if named is not None and "chip" in named.kinds and not named.bare_size:
            last = j
            while last < len(tokens) and tokens[last].start < named.end:
                last += 1
            unit, i = f"{unit}/chip", last
            if i < len(tokens) and tokens[i].low in ("hour", "hr", "hours"):
                unit, i = f"{unit}/hour", i + 1
            continue
        if tokens[j].low in ("head", "seat", "dev", "capita"):
            unit, i = f"{unit}/person", j + 1
            continue
        if (
            tokens[j].low in ADJECTIVES
            and j + 1 < len(tokens)
            and spelled_unit(tokens[j + 1].text) in ("token", "request", "chip")
            and tokens[j].low != "gpu"
        ):
            j += 1
        word = spelled_unit(tokens[j].text) if tokens[j].is_word else ""
        if not word or word == "dimensionless":
            break
        i, word = _compound(tokens, j, word)
        unit += "".join(f"/{part}" for part in word.split("*"))
    return i, unit.replace("percent/percent", "percent") if unit else unit
