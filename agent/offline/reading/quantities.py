"""Quantities of a question: numbers with their signs, units and the marks that tell them apart."""

from __future__ import annotations

import re

from agent.offline.reading.entities import Mention
from agent.offline.reading.measure import NUMBER, parse_unit
from agent.offline.reading.numbers import SPELLED, Number, as_many, digits, read_number
from agent.offline.reading.ratios import chips_of_rack, into_one
from agent.offline.reading.reading import Quantity, Reading
from agent.offline.reading.series import (
    each_hour,
    each_of,
    mark_changes,
    mark_reported,
    merge_ranges,
    one_in_passing,
    per_million,
    pin_ranges,
    share_units,
    shares_by_name,
)
from agent.offline.reading.unsaid_units import is_amount, rate_of, said_once, supply_units
from agent.offline.reading.words import STOP, Token
from agent.offline.reading.written_units import CASED, UNIT_WORDS, denominators, spelled_unit, unit_after

_DESCRIBED = frozenset([
    "request", "prompt", "query", "conversation", "sequence", "session", "user", "call", "engineer",
    "employee", "developer", "worker", "person", "server", "answer", "task",
])  # fmt: skip


_MODEL_NOUNS = frozenset({"model", "models", "llm", "transformer", "dense", "network", "moe"})


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
            if [t.text for t in reading.tokens[i : i + 2]] == [":", "1"] and reading.tokens[i - 1].is_number:
                i += 2  # "Chinchilla 20:1"
            continue
        quantity = _quantity_at(reading, i) or _verbal(reading, i) or _one_large(reading, i)
        if quantity is None:
            i += 1
            continue
        found.extend(quantity if isinstance(quantity, list) else [quantity])
        i = found[-1].last
    found = each_hour(each_of(per_million(reading.tokens, found), reading.tokens), reading.tokens)
    found = mark_changes(reading.tokens, share_units(reading.tokens, merge_ranges(reading.tokens, found)))
    found = shares_by_name(reading.tokens, supply_units(reading, found))
    found = chips_of_rack(reading, into_one(reading, one_in_passing(found, reading.tokens)))
    return mark_reported(reading, pin_ranges(said_once(reading, found)))


def _size_reading(reading: Reading, mention: Mention, i: int) -> Quantity | None:
    """ "70b" may name a model or count parameters: both readings are kept, one will be used."""
    if not mention.bare_size or not reading.tokens[i].is_number:
        return None
    number = read_number(reading.tokens, i)
    if number is None:
        return None
    return Quantity(number.value, parse_unit("param"), "param", mention.start, mention.end, i, i + 2,
                    marks=frozenset({"params", "scaled"}))  # fmt: skip


_FOLD = re.compile(r"(two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|hundred)fold$")
_LARGE = frozenset(
    [
        "terabyte",
        "petabyte",
        "gigabyte",
        "kilowatt",
        "megawatt",
        "gigawatt",
        "terawatt",
        "petaflop",
        "exaflop",
        "zettaflop",
    ]
)


def _one_large(reading: Reading, i: int) -> Quantity | None:
    """ "A terabyte of weights", "a gigawatt campus": one of a large unit, said with an article."""
    tokens = reading.tokens
    if tokens[i].low not in ("a", "one") or i + 1 >= len(tokens) or tokens[i + 1].low not in _LARGE:
        return None
    if i and (tokens[i - 1].low in ("per", "of", "for", "/") or tokens[i - 1].is_number):
        return None
    unit = spelled_unit(tokens[i + 1].text)
    return Quantity(
        1.0,
        parse_unit(unit),
        unit,
        tokens[i].start,
        tokens[i + 1].end,
        i,
        i + 2,
        marks=frozenset({"spelled"}),
    )


_VERBAL = {"twice": 2.0, "doubles": 2.0, "doubled": 2.0, "doubling": 2.0, "double": 2.0, "triples": 3.0, "tripled": 3.0, "triple": 3.0,
           "thrice": 3.0, "quadruples": 4.0, "quadrupled": 4.0, "quadruple": 4.0, "halves": 0.5, "halved": 0.5, "halve": 0.5}  # fmt: skip


def _verbal(reading: Reading, i: int) -> Quantity | None:
    """ "doubles", "twice as dear", "tenfold": a factor said in a word; "months to double" asks instead."""
    token = reading.tokens[i]
    if token.low == "in" and [t.low for t in reading.tokens[i + 1 : i + 2]] == ["half"]:
        end = reading.tokens[i + 1].end
        return Quantity(
            50.0,
            parse_unit("percent"),
            "percent",
            token.start,
            end,
            i,
            i + 2,
            marks=frozenset({"percent", "verbal"}),
        )
    if token.low == "after" and (two := _after_next(reading, i)) is not None:
        return two
    fold = _FOLD.match(token.low)
    follow = reading.tokens[i + 1].low if i + 1 < len(reading.tokens) else ""
    if follow in ("step", "steps", "jump", "jumps"):
        return None  # "tenfold steps" are counted, not multiplied by
    if fold is not None:
        times = SPELLED.get(fold.group(1), 100.0)
        return Quantity(
            times,
            NUMBER,
            "dimensionless",
            token.start,
            token.end,
            i,
            i + 1,
            marks=frozenset({"times", "spelled"}),
        )
    if token.low not in _VERBAL:
        return None
    before = reading.tokens[i - 1].low if i else ""
    lead = {t.low for t in reading.tokens[max(0, i - 7) : i]}
    after = [t.low for t in reading.tokens[i + 1 : i + 2]]
    if (
        after == ["to"]
        and i + 2 < len(reading.tokens)
        and (reading.tokens[i + 2].is_number or reading.tokens[i + 2].text == "$")
    ):
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


_NEXT_ONE = frozenset(["one", "run", "generation", "model", "round", "step", "training"])


def _after_next(reading: Reading, i: int) -> Quantity | None:
    """ "The one after the next", "the run after next": two steps on."""
    tokens = reading.tokens
    words = [t.low for t in tokens[i + 1 : i + 4]]
    k = 2 if words[:2] == ["the", "next"] else 1 if words[:1] == ["next"] else 0
    before = tokens[i - 1].low if i else ""
    after = tokens[i + 1 + k].low if i + 1 + k < len(tokens) else "?"
    ends = (
        not after[0].isalnum()
        or after in _NEXT_ONE
        or after in ("cost", "costs", "be", "is", "will", "would")
    )
    if not k or before not in _NEXT_ONE or not ends:
        return None
    start, end = tokens[i].start, tokens[i + k].end
    return Quantity(2.0, NUMBER, "", start, end, i, i + 1 + k, marks=frozenset({"spelled", "steps"}))


def _per_money(tokens: list[Token], i: int, number: Number) -> bool:
    """ "per $1000", "per thousand dollars": a unit asked for, no quantity."""
    if number.value not in (1.0, 1000.0, 1e6):
        return False
    after = [t.low for t in tokens[number.last : number.last + 2]]
    if (
        number.spelled
        and len(after) == 2
        and after[0] in ("dollars", "dollar")
        and after[1] in ("buy", "buys", "get", "gets", "bring")
    ):
        return True  # "what does a thousand dollars buy"
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


_AFTER_CHIP = frozenset([
    "in", "at", "with", "for", "if", "and", "or", "on", "to", "can", "could", "hold", "fit", "have",
    "using", "running", "run", "that", "which", "is", "when", "be",
])  # fmt: skip


def _quantity_at(reading: Reading, i: int) -> Quantity | list[Quantity] | None:
    tokens = reading.tokens
    number = read_number(tokens, i) or _one_dollar(tokens, i)
    if number is None or _is_label(reading, i, number) or _per_money(tokens, i, number):
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
    if number.spelled and number.value == int(number.value):
        marks.add("spelled")
    currency, start, sign = _before(tokens, i, start)
    value *= sign
    last, unit_text, extra = unit_after(reading, number, currency)
    if (
        not unit_text
        and last < len(tokens)
        and tokens[last].text == "$"
        and tokens[last].start == tokens[last - 1].end
    ):
        unit_text, last = "USD", last + 1  # "25M$"
    if unit_text.startswith("/"):
        unit_text = rate_of(reading, number, unit_text, tokens[number.last].text == "/")
        last = last if unit_text else number.last
    if unit_text == "USD" and (cents := _and_cents(reading, last)) is not None:
        value, last, unit_text = value + cents[0], cents[1], cents[2]
    part = number.spelled and 0 < value < 1 and not currency
    if part and unit_text in _COUNTED:
        unit_text, last = "", number.last  # "four of every ten cards": a share of them
    if part and not unit_text and as_many(tokens, last):
        unit_text, extra = "dimensionless", extra | {"times", "fraction"}  # "an eighth as many users"
    elif part and not unit_text:
        value, last, unit_text = _share(reading, value, last)
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
    if (
        not unit_text
        and not currency
        and (
            tokens[last - 1].low == "grand"
            or _price_of_chip(reading, i, number)
            or is_amount(reading, number)
        )
    ):
        unit_text = "USD"
    if (
        not unit_text
        and number.scaled
        and value >= 5e7
        and last < len(tokens)
        and tokens[last].low in _MODEL_NOUNS
    ):
        unit_text, extra = "param", extra | {"params"}  # "a 7B model"
    if number.spelled and value == 1 and not unit_text and not currency and not _kept_one(tokens, i, last):
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


_PAYING = frozenset([
    "earning", "earn", "earns", "paid", "paying", "costing", "costs", "cost", "charging", "priced",
    "spending", "spend", "spent", "worth", "salary",
])  # fmt: skip


_SELLING = frozenset(
    ["goes", "go", "going", "went", "sells", "sell", "selling", "sold", "listed", "lists", "offered"]
)


def _price_of_chip(reading: Reading, i: int, number: Number) -> bool:
    """ "an H100 at 40k"."""
    if i and number.scaled and number.value >= 1000 and reading.tokens[i - 1].low in _PAYING:
        return True
    if (
        i < 2
        or not number.scaled
        or not 1000 <= number.value <= 1e6
        or reading.tokens[i - 1].low not in ("at", "for", "@", "costing", "bought")
    ):
        return False
    sold = reading.tokens[i - 1].low == "for" and reading.tokens[i - 2].low in _SELLING
    named = reading.masked(i - 3 if sold and i > 2 else i - 2)
    after = reading.tokens[number.last].low if number.last < len(reading.tokens) else ""
    return (
        named is not None
        and "chip" in named.kinds
        and after not in ("context", "ctx", "tokens", "token", "input", "prompt", "length")
    )


def _one_dollar(tokens: list[Token], i: int) -> Number | None:
    """ "a dollar twenty", "a dollar per million"; "a dollar of revenue" is no amount."""
    words = [t.low for t in tokens[i : i + 3]]
    if words[:2] != ["a", "dollar"] or len(words) < 3:
        return None
    more = read_number(tokens, i + 2)
    if words[2] in ("per", "an", "each", "a") or (more is not None and more.spelled):
        return Number(1.0, i, i + 1, spelled=True)
    return None


def _and_cents(reading: Reading, i: int) -> tuple[float, int, str] | None:
    """ "two dollars and ten cents an hour", "three dollars fifty per million": (dollars to add, token after, unit)."""
    tokens = reading.tokens
    if not i or tokens[i - 1].low not in ("dollar", "dollars", "buck", "bucks"):
        return None
    joined = i < len(tokens) and tokens[i].low == "and"
    start = i + joined
    number = read_number(tokens, start) if start < len(tokens) else None
    if (
        number is None
        or not number.spelled
        or number.scaled
        or not 1 <= number.value < 100
        or number.value != int(number.value)
    ):
        return None
    last = number.last
    cents = last < len(tokens) and tokens[last].low in ("cent", "cents")
    follow = tokens[last].low if last < len(tokens) else "."
    ends = follow in STOP or follow in ("/", "apiece") or (not follow[:1].isalnum() and follow not in "-–")
    if not cents and (joined or not ends):
        return None
    last, unit = denominators(reading, last + cents, "USD")
    return number.value / 100, last, unit


_COUNTED = frozenset({"chip", "server", "person", "request", "rack"})


def _share(reading: Reading, value: float, last: int) -> tuple[float, int, str]:
    """ "a tenth of the memory" is 10 percent; "two-thirds of a day" has the unit of the day."""
    tokens = reading.tokens
    if [t.low for t in tokens[last : last + 2]] in (["of", "a"], ["of", "an"]) and last + 2 < len(tokens):
        unit = spelled_unit(tokens[last + 2].text)
        if unit:
            return value, last + 3, unit
    return float(f"{value * 100:.12g}"), last, "percent"


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


_COEFFICIENT = re.compile(r"\b(\d+(?:\.\d+)?) ?ND\b")


def _is_label(reading: Reading, i: int, number: Number) -> bool:
    """Numbers that are names: `FP8`, `Q3`, `24/7`, `H1`, a list index `1)`, "one of", "no one"."""
    tokens = reading.tokens
    before = tokens[i - 1] if i else None
    named = reading.masked(number.last) if number.last < len(tokens) else None
    if _round_the_clock(tokens, i):
        return True
    if before is not None and before.is_word and before.end == tokens[i].start:
        return True
    after = tokens[number.last].low if number.last < len(tokens) else ""
    if (
        before is not None
        and before.text == "-"
        and i > 1
        and tokens[i - 2].is_word
        and tokens[i - 2].end == before.start == tokens[i].start - 1
    ):
        return True  # "GPT-4", "top-5"
    if number.glued == "ND" and len(set(_COEFFICIENT.findall(reading.text))) < 2:
        return True  # "by C = 6ND": the usual one; two of them ("2ND against 6ND") are set apart
    if (
        number.glued
        and number.glued.lower() not in UNIT_WORDS
        and number.glued not in CASED
        and number.glued.isupper()
    ):
        return number.glued not in ("X",)  # the coefficient of a formula: "6ND"
    if tokens[i].low == "one" and number.value == 1:
        if _kept_one(tokens, i, number.last):
            return False
        if number.last < len(tokens) and (tokens[number.last].text[:1].isupper() or named is not None):
            return False  # "one H100", "one mi300x"
        return (
            after not in UNIT_WORDS and after not in ("million", "billion", "trillion") and not number.scaled
        )
    return False


def _kept_one(tokens: list[Token], i: int, last: int) -> bool:
    """ "32 drawn, keep one", "only one kept": one of those counted before, by itself."""
    before = tokens[i - 1].low if i else ""
    after = tokens[last] if last < len(tokens) else None
    if after is not None and after.low in ("kept", "used", "survives", "passes"):
        return tokens[i].low == "one"
    ends = after is None or after.text in ",.;:?!)" or after.low in ("and", "to", "for", "out")
    return ends and before in ("keep", "keeps", "keeping", "kept", "use", "uses")


def _round_the_clock(tokens: list[Token], i: int) -> bool:
    """The 24 and the 7 of `24/7` and `24x7`."""
    start = i if tokens[i].text == "24" else i - 2
    words = [t.low for t in tokens[start : start + 3]] if start >= 0 else []
    return len(words) == 3 and words[0] == "24" and words[1] in ("/", "x", "×") and words[2] == "7"


_SIZES = frozenset(
    {
        "W",
        "kW",
        "MW",
        "GB",
        "TB",
        "MB",
        "USD",
        "cent",
        "percent",
        "hour",
        "day",
        "month",
        "year",
        "second",
        "ms",
        "token",
    }
)


def _dimensions(reading: Reading, i: int, number: Number) -> list[Quantity] | None:
    """`4x4x4` or `4 by 4 by 4`: one quantity per axis, marked as a list of axes."""
    tokens, values, j = reading.tokens, [number.value], number.first
    if number.scaled:
        return None  # "7 x 10^23"
    while (
        j + 2 < len(tokens)
        and tokens[j].is_number
        and tokens[j + 1].low in ("x", "×", "by", "*")
        and tokens[j + 2].is_number
    ):
        if reading.masked(j + 2) is not None:
            break
        values.append(digits(tokens[j + 2].text))
        j += 2
    if len(values) < 2 or (len(values) == 2 and tokens[i + 1].low == "*"):
        return None
    if j + 1 < len(tokens) and tokens[j + 1].is_word and tokens[j + 1].start == tokens[j].end:
        return None
    if (
        len(values) == 2
        and j + 1 < len(tokens)
        and (tokens[j + 1].text == "%" or spelled_unit(tokens[j + 1].text) in _SIZES)
    ):
        return None  # "6,000 x 800 W" is a product
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


def _noun(tokens: list[Token], i: int) -> str:
    return tokens[i].low if i < len(tokens) and tokens[i].is_word else ""
