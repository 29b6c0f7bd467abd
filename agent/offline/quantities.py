"""Quantities of a question: numbers with their units, signs, ranges and the words that belong to them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from agent.offline.entities import Mention
from agent.offline.measure import NUMBER, YEAR, Unit, parse_unit
from agent.offline.numbers import ATTACHED, Number, read_number
from agent.offline.words import Token

# Words and symbols people write for a unit → the contract's spelling.
UNIT_WORDS: dict[str, str] = {}
for _unit, _words in {
    "USD": "dollar dollars usd buck bucks", "cent": "cent cents", "percent": "percent pct percents",
    "token": "token tokens tok toks", "chip": "gpu gpus chip chips card cards accelerator accelerators tpu tpus xpu xpus",
    "request": "user users request requests query queries sequence sequences call calls prompt prompts session sessions "
    "conversation conversations chats task tasks job jobs answer answers",
    "person": "person people persons human humans employee employees engineer engineers developer developers analyst "
    "analysts worker workers programmer programmers coder coders inhabitants staff devs dev lawyers agents seats",
    "param": "param params parameter parameters weight weights", "server": "server servers host hosts machine machines node nodes boxes box",
    "rack": "rack racks", "link": "link links", "hop": "hop hops", "core": "core cores",
    "byte": "byte bytes", "bit": "bit bits", "kB": "kb kilobyte kilobytes", "KiB": "kib", "MB": "mb megabyte megabytes", "MiB": "mib",
    "GB": "gb gig gigs gigabyte gigabytes", "GiB": "gib", "TB": "tb terabyte terabytes", "TiB": "tib", "PB": "pb petabyte petabytes",
    "second": "second seconds sec secs s", "ms": "ms millisecond milliseconds msec", "us": "us microsecond microseconds",
    "minute": "minute minutes min mins", "hour": "hour hours hr hrs h", "day": "day days", "week": "week weeks",
    "month": "month months mo", "year": "year years yr yrs annum", "quarter_year": "quarter quarters",
    "W": "w watt watts", "kW": "kw kilowatt kilowatts", "MW": "mw megawatt megawatts", "GW": "gw gigawatt gigawatts",
    "Wh": "wh", "kWh": "kwh", "MWh": "mwh", "GWh": "gwh", "TWh": "twh", "J": "joule joules",
    "FLOP": "flop flops operations", "GFLOP/s": "gflops gigaflops", "TFLOP/s": "tflops teraflops teraflop tflop tf",
    "PFLOP/s": "pflops petaflops petaflop pflop", "EFLOP/s": "eflops exaflops exaflop eflop", "ZFLOP/s": "zettaflops zflops",
    "token/s": "tps", "Gbit/s": "gbps", "Tbit/s": "tbps", "Mbit/s": "mbps", "Gbit": "gbit gbits", "Tbit": "tbit",
    "tonne": "ton tons tonne tonnes", "pound": "lb lbs pounds", "km": "km", "dimensionless": "x times fold",
}.items():  # fmt: skip
    UNIT_WORDS |= dict.fromkeys(_words.split(), _unit)
_CASED = {"Gb": "Gbit", "Tb": "Tbit", "Mb": "Mbit", "B": "byte", "TFLOP": "TFLOP", "PFLOP": "PFLOP", "EFLOP": "EFLOP", "Mtok": "Mtoken",
          "Mtoken": "Mtoken", "MTok": "Mtoken", "Mtokens": "Mtoken", "mtok": "Mtoken", "ktok": "ktoken", "Gtok": "Gtoken",
          "J": "J", "KB": "kB", "GFLOP": "GFLOP"}  # fmt: skip
_PER = frozenset({"/", "per", "a", "an", "each", "every"})
# "$2 a request" is a rate, "3 people a rack" too, but "2 dollars a good deal" is not.
_PER_UNITS_AFTER_A = frozenset(
    [
        "hour",
        "hr",
        "day",
        "week",
        "month",
        "year",
        "second",
        "minute",
        "quarter",
        "token",
        "million",
        "user",
        "request",
        "gpu",
        "chip",
        "card",
        "query",
        "call",
        "person",
        "head",
        "seat",
        "engineer",
        "developer",
        "employee",
        "piece",
        "mwh",
        "kwh",
        "pop",
        "box",
        "server",
        "node",
        "rack",
        "accelerator",
        "gig",
        "gb",
        "sec",
    ]
)
_EACH = frozenset({"each", "apiece", "piece", "individually", "ea"})
_ADJECTIVES = frozenset(
    [
        "input",
        "output",
        "prompt",
        "completion",
        "thinking",
        "reasoning",
        "cached",
        "generated",
        "billed",
        "paid",
        "live",
        "concurrent",
        "daily",
        "active",
        "old",
        "new",
        "extra",
        "more",
        "hidden",
        "visible",
        "gpu",
        "chip",
        "nvidia",
        "amd",
        "training",
        "generation",
        "shipped",
        "installed",
        "hardware",
        "us",
        "idle",
        "visible",
        "total",
        "unique",
        "monthly",
        "h100",
        "equivalent",
        "software",
        "junior",
        "senior",
        "full",
        "raw",
        "parallel",
        "simultaneous",
        "decode",
        "prefill",
        "context",
        "free",
    ]
)
_DESCRIBED = frozenset(
    [
        "request",
        "prompt",
        "query",
        "conversation",
        "sequence",
        "session",
        "user",
        "call",
        "engineer",
        "employee",
        "developer",
        "worker",
        "person",
        "server",
        "answer",
        "task",
    ]
)
_MODEL_NOUNS = frozenset({"model", "models", "llm", "transformer", "dense", "network", "moe"})
_CHANGE_VERBS = frozenset(
    [
        "goes",
        "go",
        "going",
        "went",
        "rises",
        "rise",
        "rose",
        "falls",
        "fall",
        "fell",
        "drops",
        "drop",
        "dropped",
        "grows",
        "grow",
        "grew",
        "moves",
        "move",
        "moved",
        "compresses",
        "compress",
        "jumps",
        "jumped",
        "slips",
        "slipped",
        "cut",
        "cuts",
        "increases",
        "increased",
        "decreases",
        "decreased",
        "shrinks",
        "shrank",
        "climbs",
        "climbed",
        "compression",
        "from",
        "derates",
        "slides",
        "slid",
        "dropping",
        "falling",
        "rising",
        "growing",
        "expands",
        "expanded",
    ]
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number of the question. `unit.bare` and not `marked`: the text names no unit for it."""

    value: float
    unit: Unit = NUMBER
    unit_text: str = ""
    start: int = 0
    end: int = 0
    first: int = 0  # token span, exclusive end
    last: int = 0
    low: float | None = None
    high: float | None = None
    marks: frozenset[str] = frozenset()  # from to versus each times percent scaled spelled list params named
    series: int = -1
    noun: str = ""

    @property
    def marked(self) -> bool:
        return bool(self.unit_text)

    @property
    def time_factor(self) -> float:
        """Seconds of the time unit a rate is given in, so that "$5B a year" can fill a field of plain dollars."""
        return YEAR if "/year" in self.unit_text else parse_unit(self.unit_text.split("/")[-1]).factor


@dataclass(slots=True)
class Reading:
    """Text, tokens, names and quantities of one question."""

    text: str
    tokens: list[Token]
    mentions: list[Mention]
    quantities: list[Quantity] = field(default_factory=list)
    all_stems: frozenset[str] | None = None

    def masked(self, i: int) -> Mention | None:
        token = self.tokens[i]
        for m in self.mentions:
            if m.start <= token.start < m.end:
                return m
        return None


def read_quantities(reading: Reading) -> list[Quantity]:
    """All quantities from left to right, ranges merged, series marked, units shared along lists."""
    found: list[Quantity] = []
    i = 0
    while i < len(reading.tokens):
        mention = reading.masked(i)
        if mention is not None:
            article = _article(reading, mention, i)
            if article is not None:
                found.append(article)
            size = _size_reading(reading, mention, i)
            if size is not None:
                found.append(size)
            while i < len(reading.tokens) and reading.tokens[i].start < mention.end:
                i += 1
            continue
        quantity = _quantity_at(reading, i) or _verbal(reading, i)
        if quantity is None:
            i += 1
            continue
        found.extend(quantity if isinstance(quantity, list) else [quantity])
        i = found[-1].last
    found = _each_of(_per_million(reading.tokens, found))
    found = _mark_changes(reading.tokens, _share_units(reading.tokens, _merge_ranges(reading.tokens, found)))
    return _mark_reported(reading, found)


_REPORT = re.compile(r"\b(says?|said|claims?|claimed|quoted|thinks|argues|told)\b", re.I)
_TEST = re.compile(r"\b(check|verify|test)\b|\bis (that|it|this) (right|true)", re.I)


def _mark_reported(reading: Reading, found: list[Quantity]) -> list[Quantity]:
    """ "He says it falls to 1/4. Check: …": what was said comes before what it is to be checked with."""
    test = _TEST.search(reading.text)
    said = _REPORT.search(reading.text)
    if (
        test is None
        or said is None
        or said.start() > test.start()
        or all(q.start < test.start() for q in found)
    ):
        return found
    return [replace(q, marks=q.marks | {"reported"}) if q.start < test.start() else q for q in found]


def _size_reading(reading: Reading, mention: Mention, i: int) -> Quantity | None:
    """ "70b" may name a model or count parameters: both readings are kept, one will be used."""
    if not mention.bare_size or not reading.tokens[i].is_number:
        return None
    number = read_number(reading.tokens, i)
    if number is None:
        return None
    return Quantity(number.value, parse_unit("param"), "param", mention.start, mention.end, i, i + 2,
                    marks=frozenset({"params", "scaled"}))  # fmt: skip


_VERBAL = {"twice": 2.0, "doubles": 2.0, "doubled": 2.0, "doubling": 2.0, "double": 2.0, "triples": 3.0, "tripled": 3.0, "triple": 3.0,
           "thrice": 3.0, "quadruples": 4.0, "quadrupled": 4.0, "halves": 0.5, "halved": 0.5, "tenfold": 10.0, "fivefold": 5.0}  # fmt: skip


def _verbal(reading: Reading, i: int) -> Quantity | None:
    """ "doubles", "twice as dear", "tenfold": a factor said in a word; "months to double" asks instead."""
    token = reading.tokens[i]
    if token.low not in _VERBAL:
        return None
    before = reading.tokens[i - 1].low if i else ""
    lead = {t.low for t in reading.tokens[max(0, i - 7) : i]}
    after = [t.low for t in reading.tokens[i + 1 : i + 2]]
    if after == ["to"] and i + 2 < len(reading.tokens) and (reading.tokens[i + 2].is_number or reading.tokens[i + 2].text == "$"):
        return None  # "doubles to 20B" says the 20B
    if before in ("to", "does", "it", "until", "till") or (lead & {"how", "when"} and token.low == "double"):
        return None
    return Quantity(
        _VERBAL[token.low],
        NUMBER,
        "dimensionless",
        token.start,
        token.end,
        i,
        i + 1,
        marks=frozenset({"times", "verbal"}),
    )


def _per_money(tokens: list[Token], i: int, number: Number) -> bool:
    """ "per $1000", "per thousand dollars": a unit asked for, no quantity."""
    if number.value not in (1.0, 1000.0, 1e6):
        return False
    j = i - 1
    if j >= 0 and tokens[j].text == "$":
        j -= 1
        money = True
    else:
        money = number.last < len(tokens) and tokens[number.last].low in ("dollars", "dollar", "usd", "bucks")
    return (
        money
        and j >= 0
        and tokens[j].low in ("per", "a", "each", "every")
        and (tokens[j].low == "per" or number.value == 1000)
    )


def _article(reading: Reading, mention: Mention, i: int) -> Quantity | None:
    """ "a single H100", "an MI300X": one chip, said in passing."""
    if "chip" not in mention.kinds or not i or mention.text.lower().endswith("s"):
        return None
    before = reading.tokens[i - 1]
    if before.low not in ("a", "an", "single"):
        return None
    after = next((t.low for t in reading.tokens if t.start >= mention.end), "")
    lead = reading.tokens[i - 2].low if i > 1 else ""
    if before.low != "single" and lead not in ("on", "onto", "in", "with", "for", "of", "into"):
        return None
    if (
        after in ("gpu", "chip", "card")
        or before.low == "single"
        or not after.isalpha()
        or after in _AFTER_CHIP
    ):
        marks = frozenset({"single"} if before.low == "single" else {"article"})
        return Quantity(1.0, parse_unit("chip"), "chip", before.start, before.end, i - 1, i, marks=marks)
    return None


_AFTER_CHIP = frozenset(
    [
        "in",
        "at",
        "with",
        "for",
        "if",
        "and",
        "or",
        "on",
        "to",
        "can",
        "could",
        "hold",
        "fit",
        "have",
        "using",
        "running",
        "run",
        "that",
        "which",
        "is",
        "when",
        "be",
    ]
)


def _quantity_at(reading: Reading, i: int) -> Quantity | list[Quantity] | None:
    tokens = reading.tokens
    number = read_number(tokens, i)
    if number is None or _is_label(tokens, i, number) or _per_money(tokens, i, number):
        return None
    dims = _dimensions(reading, i, number)
    if dims:
        return dims
    number = _times(reading, number)
    odds = _to_one(reading, number)
    if odds is not None:
        return odds
    start = tokens[number.first].start
    value, marks = number.value, set()
    if number.scaled:
        marks.add("scaled")
    if number.spelled:
        marks.add("spelled")
    currency, start, sign = _before(tokens, i, start)
    value *= sign
    last, unit_text, extra = _unit_after(reading, number, currency)
    period: Quantity | None = None
    base, _, per = unit_text.partition("/")
    if base in ("percent", "dimensionless") and per in ("year", "month", "day", "quarter_year", "week"):
        unit_text = base  # "5x a year", "30% per year": a factor, and the time it takes
        period = Quantity(
            1.0,
            parse_unit(per),
            per,
            tokens[last - 1].start,
            tokens[last - 1].end,
            last - 1,
            last,
            marks=frozenset({"article", "period"}),
        )
    if not unit_text and not currency and _price_of_chip(reading, i, number):
        unit_text = "USD"
    if not unit_text and _of_them(reading, last):
        unit_text = "chip"
    if (
        not unit_text
        and number.scaled
        and value >= 5e7
        and last < len(tokens)
        and tokens[last].low in _MODEL_NOUNS
    ):
        unit_text, extra = "param", extra | {"params"}  # "a 7B model"
    if number.spelled and value == 1 and not unit_text and not currency:
        return None
    marks |= extra
    if not unit_text and number.scaled and last < len(tokens) and tokens[last].low in _DESCRIBED:
        marks.add("describes")
    end = tokens[last - 1].end
    if period is not None:
        last -= 1
        end = tokens[last - 1].end
        main = Quantity(
            value, parse_unit(unit_text), unit_text, start, end, number.first, last, marks=frozenset(marks)
        )
        return [main, period]
    return Quantity(value, parse_unit(unit_text) if unit_text else NUMBER, unit_text, start, end, number.first, last,
                    marks=frozenset(marks), noun=_noun(tokens, last))  # fmt: skip


_PAYING = frozenset(
    [
        "earning",
        "earn",
        "earns",
        "paid",
        "paying",
        "costing",
        "costs",
        "cost",
        "charging",
        "priced",
        "spending",
        "spend",
        "spent",
        "worth",
        "salary",
    ]
)


def _price_of_chip(reading: Reading, i: int, number: Number) -> bool:
    """ "an H100 at 40k"."""
    if i and number.scaled and number.value >= 1000 and reading.tokens[i - 1].low in _PAYING:
        return True
    if (
        i < 2
        or not number.scaled
        or not 1000 <= number.value <= 1e6
        or reading.tokens[i - 1].low not in ("at", "for", "@", "costing")
    ):
        return False
    named = reading.masked(i - 2)
    after = reading.tokens[number.last].low if number.last < len(reading.tokens) else ""
    return (
        named is not None
        and "chip" in named.kinds
        and after not in ("context", "ctx", "tokens", "token", "input", "prompt", "length")
    )


def _of_them(reading: Reading, i: int) -> bool:
    """ "1,024 of them" after a chip was named."""
    words = [t.low for t in reading.tokens[i : i + 2]]
    if words not in (["of", "them"], ["of", "those"], ["of", "these"]):
        return False
    named = any("chip" in m.kinds and m.start < reading.tokens[i].start for m in reading.mentions)
    return named or any(t.low in ("gpu", "gpus", "chip", "chips") for t in reading.tokens[:i])


def _to_one(reading: Reading, number: Number) -> Quantity | None:
    """ "six to one", "6:1"."""
    tokens, i = reading.tokens, number.last
    words = [t.low for t in tokens[i : i + 2]]
    if words not in (["to", "one"], ["to", "1"], [":", "1"]) or number.scaled:
        return None
    start, end = tokens[number.first].start, tokens[i + 1].end
    return Quantity(
        number.value, NUMBER, "dimensionless", start, end, number.first, i + 2, marks=frozenset({"times"})
    )


def _times(reading: Reading, number: Number) -> Number:
    """`2*7e9` is one number."""
    tokens = reading.tokens
    while (
        number.last + 1 < len(tokens)
        and tokens[number.last].text in "*×·"
        and tokens[number.last + 1].is_number
    ):
        if reading.masked(number.last + 1) is not None:
            break
        other = read_number(tokens, number.last + 1)
        if other is None:
            break
        number = Number(number.value * other.value, number.first, other.last, True, False, other.glued)
    return number


def _is_label(tokens: list[Token], i: int, number: Number) -> bool:
    """Numbers that are names: `FP8`, `Q3`, `24/7`, `H1`, a list index `1)`, "one of", "no one"."""
    before = tokens[i - 1] if i else None
    if before is not None and before.is_word and before.end == tokens[i].start:
        return True
    after = tokens[number.last].low if number.last < len(tokens) else ""
    if (
        i > 1
        and before is not None
        and before.text == "/"
        and tokens[i - 2].text == "24"
        and tokens[i].text == "7"
    ):
        return True
    if (
        before is not None
        and before.text == "-"
        and i > 1
        and tokens[i - 2].is_word
        and tokens[i - 2].end == before.start == tokens[i].start - 1
    ):
        return True  # "GPT-4", "top-5"
    if (
        number.glued
        and number.glued.lower() not in UNIT_WORDS
        and number.glued not in _CASED
        and number.glued.isupper()
    ):
        return number.glued not in ("X",)  # the coefficient of a formula: "6ND"
    if tokens[i].low == "one":
        if number.last < len(tokens) and tokens[number.last].text[:1].isupper():
            return False  # "one H100"
        return (
            after not in UNIT_WORDS and after not in ("million", "billion", "trillion") and not number.scaled
        )
    return (
        number.value == 24 and after == "/" and tokens[number.last + 1].text == "7"
        if number.last + 1 < len(tokens)
        else False
    )


def _dimensions(reading: Reading, i: int, number: Number) -> list[Quantity] | None:
    """`4x4x4` or `4 by 4 by 4`: one quantity per axis, marked as a list of axes."""
    tokens, values, j = reading.tokens, [number.value], number.first
    while (
        j + 2 < len(tokens)
        and tokens[j].is_number
        and tokens[j + 1].low in ("x", "×", "by", "*")
        and tokens[j + 2].is_number
    ):
        if reading.masked(j + 2) is not None:
            break
        values.append(float(tokens[j + 2].text.replace(",", "")))
        j += 2
    if len(values) < 2 or (len(values) == 2 and tokens[i + 1].low == "*"):
        return None
    if j + 1 < len(tokens) and tokens[j + 1].is_word and tokens[j + 1].start == tokens[j].end:
        return None
    start, end = tokens[i].start, tokens[j].end
    marks = frozenset({"axes"})
    return [
        Quantity(v, start=start, end=end, first=i, last=j + 1, marks=marks, series=1000 + i) for v in values
    ]


def _before(tokens: list[Token], i: int, start: int) -> tuple[str, int, float]:
    """Currency and sign written before the number."""
    currency, sign, j = "", 1.0, i - 1
    if j >= 0 and tokens[j].text == "$":
        currency, start, j = "USD", tokens[j].start, j - 1
        if j >= 0 and tokens[j].low in ("us", "usd") and tokens[j].end == tokens[j + 1].start:
            start, j = tokens[j].start, j - 1
    elif j >= 0 and tokens[j].low == "usd":
        currency, start, j = "USD", tokens[j].start, j - 1
    if (j >= 0 and tokens[j].text in "-−–" and tokens[j].end == start and not _joined(tokens, j)) or (
        j >= 0 and tokens[j].low in ("minus", "negative")
    ):
        sign, start = -1.0, tokens[j].start
    return currency, start, sign


def _joined(tokens: list[Token], j: int) -> bool:
    """Whether the dash at `j` joins what stands before it ("10-15", "Llama-70B") instead of being a sign."""
    return j > 0 and tokens[j - 1].end == tokens[j].start and tokens[j - 1].text not in "(=:,"


def _unit_after(reading: Reading, number: Number, currency: str) -> tuple[int, str, set[str]]:
    """(token after the quantity, unit in the contract's spelling, marks)."""
    tokens, i = reading.tokens, number.last
    marks: set[str] = set()
    unit = currency
    if currency:
        if i < len(tokens) and tokens[i].low in ("usd", "dollars", "dollar", "bucks"):
            i += 1
    else:
        i, unit = _numerator(reading, number, marks)
    if (
        not unit
        and i + 1 < len(tokens)
        and tokens[i].low in ("per", "/")
        and tokens[i + 1].low in ("param", "parameter", "params", "weight")
    ):
        return i + 2, "token/param", marks
    if unit or (i < len(tokens) and tokens[i].text == "/"):
        i, unit = _denominators(reading, i, unit)
    if (i < len(tokens) and tokens[i].low in _EACH) or (
        i + 1 < len(tokens) and tokens[i].low in ("all", "a") and tokens[i + 1].low in ("in", "piece", "pop")
    ):
        marks.add("each")
    return i, unit, marks


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
    if token.text == "¢":
        return i + 1, "cent"
    if token.low in ("x", "×", "*") or token.text in "×*":
        named = reading.masked(i + 1) if i + 1 < len(tokens) else None
        if named is not None and "chip" in named.kinds:
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
        if lead in ("a", "an", "the") and number.value >= 1000 and not named.text.lower().endswith("s"):
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


def _hyphenated(reading: Reading, i: int, marks: set[str]) -> tuple[int, str]:
    """`8-GPU box`, `3-year contract`, `forty-thousand-dollar`, `70-billion-parameter`."""
    after = reading.tokens[i + 1]
    if after.is_word and after.low in UNIT_WORDS and after.start == reading.tokens[i].end:
        if after.low in ("fold", "times"):
            marks.add("times")
        return i + 2, UNIT_WORDS[after.low]
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
        unit = _spelled_unit(token.text)
        if unit and not (skip == 0 and token.low in ("a", "an")):
            if unit == "dimensionless":
                marks.add("times")
            if token.low in ("us", "weight") and not glued:
                break
            if token.low == "quarter" and number_value != 1:
                break
            if (
                unit in ("request", "person", "server", "core", "link")
                and not token.low.endswith(("s", "e"))
                and number_value != 1
            ):
                break  # "a 32k prompt", "a 240k engineer": the noun is what the number describes, not what it counts
            return _compound(tokens, i + skip, unit)
        if token.low not in _ADJECTIVES:
            break
        nxt = tokens[i + skip + 1].low if i + skip + 1 < len(tokens) else ""
        if token.low in ("gpu", "chip") and nxt not in ("hour", "hours", "-"):
            break
    return i, ""


def _spelled_unit(word: str) -> str:
    return _CASED.get(word) or UNIT_WORDS.get(word.lower(), "")


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


def _denominators(reading: Reading, i: int, unit: str) -> tuple[int, str]:
    """`/hr/GPU`, `per million tokens`, `an hour per chip`, `/M`."""
    tokens = reading.tokens
    while i < len(tokens) and tokens[i].low in _PER:
        joint, j = tokens[i].low, i + 1
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
            unit_next = _spelled_unit(tokens[j + 1].text) if nxt else ""
            if unit_next not in ("token", "request", "param") and nxt in _ADJECTIVES and j + 2 < len(tokens):
                step = 3 if _spelled_unit(tokens[j + 2].text) == "token" else 1
                unit, i = f"{unit}/{scale}token", j + step
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
            tokens[j].low in _ADJECTIVES
            and j + 1 < len(tokens)
            and _spelled_unit(tokens[j + 1].text) in ("token", "request")
            and tokens[j].low != "gpu"
        ):
            j += 1
        word = _spelled_unit(tokens[j].text) if tokens[j].is_word else ""
        if not word or word == "dimensionless":
            break
        i, word = _compound(tokens, j, word)
        unit += "".join(f"/{part}" for part in word.split("*"))
    return i, unit.replace("percent/percent", "percent") if unit else unit


def _noun(tokens: list[Token], i: int) -> str:
    return tokens[i].low if i < len(tokens) and tokens[i].is_word else ""


def _each_of(found: list[Quantity]) -> list[Quantity]:
    """ "2.8 million GPU-hours at 2 dollars each": a price per chip and hour."""
    out = list(found)
    for i in range(1, len(out)):
        if "each" in out[i].marks and out[i].unit_text == "USD" and out[i - 1].unit_text == "chip*hour":
            out[i] = replace(out[i], unit=parse_unit("USD/chip/hour"), unit_text="USD/chip/hour")
    return out


def _per_million(tokens: list[Token], found: list[Quantity]) -> list[Quantity]:
    """ "a million tokens at $0.10", "a million tokens costs us $1.30": a price per million tokens."""
    out = list(found)
    for i, q in enumerate(found):
        if q.value != 1e6 or q.unit_text != "token" or "range" in q.marks:
            continue
        for j in (i + 1, i - 1):
            if not 0 <= j < len(found) or found[j].unit_text not in ("USD", "cent"):
                continue
            a, b = sorted((q, found[j]), key=lambda x: x.first)
            between = [t.low for t in tokens[a.last : b.first] if t.text != "$"]
            if len(between) <= 3 and not set(between) & {",", ".", "and", "?"}:
                price = found[j]
                unit = f"{price.unit_text}/Mtoken"
                out[j] = replace(price, unit=parse_unit(unit), unit_text=unit)
                out[i] = replace(q, marks=q.marks | {"dropped"})
                break
    return [q for q in out if "dropped" not in q.marks]


def _merge_ranges(tokens: list[Token], found: list[Quantity]) -> list[Quantity]:
    """`4-5x`, `50 to 70 percent`, `between 2 and 3`: one quantity with low and high; `from 120 to 30` stays two."""
    out: list[Quantity] = []
    for q in found:
        if out and _is_range(tokens, out[-1], q):
            a = out.pop()
            scale = 1.0
            if "scaled" in q.marks and "scaled" not in a.marks and a.value < q.value / 100:
                scale = _shared_scale(q.value)
            low, high = sorted((a.value * scale, q.value))
            unit = a if a.marked and not q.marked else q
            q = replace(q, unit=unit.unit, unit_text=unit.unit_text, value=(low + high) / 2, low=low, high=high, start=a.start, first=a.first,
                        marks=q.marks | a.marks | {"range"})  # fmt: skip
        out.append(q)
    return out


def _shared_scale(value: float) -> float:
    for scale in (1e12, 1e9, 1e6, 1e3):
        if value >= scale:
            return scale
    return 1.0


def _is_range(tokens: list[Token], a: Quantity, b: Quantity) -> bool:
    between = [t.low for t in tokens[a.last : b.first] if t.text != "$"]
    if a.series >= 1000 or b.series >= 1000 or "range" in a.marks or a.value < 0:
        return False
    if a.marked and b.marked and a.unit.dims != b.unit.dims:
        return False
    if a.marked and not b.marked and not (a.unit_text == "USD" and between in (["-"], ["–"])):
        return False
    lead = [t.low for t in tokens[max(0, a.first - 4) : a.first]]
    if between in (["-"], ["–"], ["—"]):
        return a.value < b.value
    if between == ["and"] and "between" in lead:
        return a.value < b.value
    if between in (["to"], ["or"]):
        if "from" in lead or (between == ["to"] and any(w in _CHANGE_VERBS for w in lead)):
            return False
        return a.value < b.value <= a.value * 20 or (
            a.value < b.value and not a.marked and "scaled" in b.marks and a.value < 1000
        )
    return False


def _share_units(tokens: list[Token], found: list[Quantity]) -> list[Quantity]:
    """Lists share the unit of one member: `30M, 300M, 3B and 30B dollars`, `500 input and 11000 output tokens`."""
    out = list(found)
    series = 0
    for i in range(len(out) - 2, -1, -1):
        a, b = out[i], out[i + 1]
        if not _listed(tokens, a, b):
            continue
        series = b.series if b.series >= 0 else i
        if not a.marked and b.marked and b.unit_text != "dimensionless":
            a = replace(a, unit=b.unit, unit_text=b.unit_text, marks=a.marks | {"shared"})
        out[i], out[i + 1] = replace(a, series=series), replace(b, series=series)
    for i in range(len(out) - 1):
        a, b = out[i], out[i + 1]
        between = {t.low for t in tokens[a.last : b.first]}
        if (
            a.unit_text == "USD"
            and b.unit_text.startswith("USD/")
            and between & {"vs", "versus", "against", "to", "->", "than"}
            and len(between) <= 3
        ):
            out[i] = a = replace(a, unit=b.unit, unit_text=b.unit_text, marks=a.marks | {"shared"})
        if b.unit_text == "USD" and a.unit_text.startswith("USD/") and _same_rate(tokens, a, b):
            out[i + 1] = b = replace(b, unit=a.unit, unit_text=a.unit_text, marks=b.marks | {"shared"})
        if a.series >= 0 and a.series == b.series and a.marked and not b.marked and _passes_on(tokens, a, b):
            out[i + 1] = replace(b, unit=a.unit, unit_text=a.unit_text, marks=b.marks | {"shared"})
    return out


def _same_rate(tokens: list[Token], a: Quantity, b: Quantity) -> bool:
    """ "list price $4 per hour but the market pays $2": the second price is by the hour as well."""
    between = [t.low for t in tokens[a.last : b.first]]
    close = len(between) <= 7 and not set(between) & {".", ";", "?"}
    contrast = bool(
        set(between)
        & {"but", "vs", "versus", "against", "while", "to", "than", "clear", "clears", "market", "whereas"}
    )
    return close and contrast and b.value < 50 * max(a.value, 1e-9) and b.value * 50 > a.value


def _passes_on(tokens: list[Token], a: Quantity, b: Quantity) -> bool:
    """Whether the unit of the first of a list holds for the next, which names none."""
    if "times" in a.marks or a.unit_text in ("request", "person", "chip", "param"):
        return False
    if tokens[b.first - 1].low in ("about", "around", "roughly", "only", "just"):
        return True
    only_comma = [t.low for t in tokens[a.last : b.first]] == [","]
    return not only_comma or ("scaled" in b.marks and a.unit_text == "USD")


_LIST_JOINTS = frozenset(
    {",", "and", "or", "then", "vs", "versus", "against", "->", "→", "=>", "to", "&", "+", "/", "than"}
)


def _listed(tokens: list[Token], a: Quantity, b: Quantity) -> bool:
    between = [
        t.low for t in tokens[a.last : b.first] if t.text not in ("$", "-", ".") and t.low not in ("a", "an")
    ]
    if "params" in (a.marks ^ b.marks) or a.series >= 1000 or b.series >= 1000:
        return False
    if a.marked and b.marked and a.unit.dims != b.unit.dims:
        return False
    joints = [w for w in between if w in _LIST_JOINTS]
    rest = [w for w in between if w not in _LIST_JOINTS]
    if not joints:
        return False
    lead = tokens[a.first - 1].text if a.first else ""
    if not a.marked and len(lead) > 1 and lead.isupper() and joints == ["and"]:
        return False  # "PUE 1.25 and 1 kW each"
    if not rest:
        return True
    if (
        rest[-1] in ("about", "around", "roughly", "only", "just")
        and len(between) <= 9
        and "USD" in a.unit_text
        and not b.marked
    ):
        return True  # "one costs 40,000 dollars, the other about 5,000"
    return len(rest) <= 2 and "," not in joints and all(w in _ADJECTIVES for w in rest) and b.marked


def _mark_changes(tokens: list[Token], found: list[Quantity]) -> list[Quantity]:
    """`from A to B`, `A -> B` and `A vs B` leave marks that tell the two ends apart."""
    out = list(found)
    for i in range(len(out)):
        lead = [
            t.low
            for t in tokens[max(0, out[i].first - 4) : out[i].first]
            if t.text != "$" and t.low not in ("a", "an", "about", "around", "roughly", "only", "just")
        ]
        if lead[-1:] == ["from"] or (lead and lead[-1] in ("from",)):
            out[i] = replace(out[i], marks=out[i].marks | {"from"})
        if lead[-1:] == ["to"] and i:
            out[i] = replace(out[i], marks=out[i].marks | {"to"})
    for i in range(len(out) - 1):
        a, b = out[i], out[i + 1]
        between = [
            t.low
            for t in tokens[a.last : b.first]
            if t.text != "$" and t.low not in ("a", "an", "about", "around", "roughly", "only", "just")
        ]
        if "than" in between and a.unit.dims == b.unit.dims:
            out[i], out[i + 1] = replace(a, marks=a.marks | {"to"}), replace(b, marks=b.marks | {"from"})
        elif any(w in ("->", "→", "=>") for w in between) and len(between) <= 4:
            out[i], out[i + 1] = replace(a, marks=a.marks | {"from"}), replace(b, marks=b.marks | {"to"})
        elif (
            "to" in b.marks
            and between[-1:] == ["to"]
            and len(between) <= 4
            and "from" not in a.marks
            and a.unit.dims == b.unit.dims
        ):
            out[i] = replace(a, marks=a.marks | {"from"})
        elif any(w in ("vs", "versus", "against", "compared") for w in between) and len(between) <= 8:
            out[i], out[i + 1] = replace(a, marks=a.marks | {"first"}), replace(b, marks=b.marks | {"second"})
    return out


__all__ = ["ATTACHED", "Quantity", "Reading", "read_quantities"]
