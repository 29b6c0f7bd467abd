"""Numbers as people write them: digits with suffixes, spelled-out, fractions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.offline.reading.words import STOP, Token

_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
SPELLED: dict[str, float] = {w: float(i) for i, w in enumerate(_ONES.split())}
SPELLED |= {
    w: 10.0 * (i + 2)
    for i, w in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"])
}
SPELLED |= {"fourty": 40.0}
SCALES: dict[str, float] = {
    "hundred": 1e2, "thousand": 1e3, "grand": 1e3, "million": 1e6, "millions": 1e6, "mln": 1e6, "billion": 1e9,
    "billions": 1e9, "trillion": 1e12, "trillions": 1e12, "quadrillion": 1e15, "dozen": 12.0, "dozens": 12.0,
}  # fmt: skip
ATTACHED = {
    "k": 1e3,
    "m": 1e6,
    "mm": 1e6,
    "mn": 1e6,
    "mln": 1e6,
    "mio": 1e6,
    "b": 1e9,
    "bn": 1e9,
    "t": 1e12,
    "tn": 1e12,
}
_UNITS_TH = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth"
_TENS_TH = "twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth hundredth"
ORDINALS: dict[str, float] = {w: float(i + 1) for i, w in enumerate(_UNITS_TH.split())}
ORDINALS |= {w: 10.0 * (i + 2) for i, w in enumerate(_TENS_TH.split())}
_PARTS = {"half": 0.5, "quarter": 0.25} | {w: 1 / n for w, n in ORDINALS.items() if n > 2}
_PARTS |= {f"{w}s": part for w, part in _PARTS.items()}
# A few that are counted by a noun: "a pair of cards", "a couple of hundred".
_GROUPS = {"pair": 2.0, "couple": 2.0, "trio": 3.0}


@dataclass(frozen=True, slots=True)
class Number:
    """A value and the tokens it covers (`first` inclusive, `last` exclusive); `glued` is an attached unit or name."""

    value: float
    first: int
    last: int
    scaled: bool = False
    spelled: bool = False
    glued: str = ""


def digits(text: str) -> float:
    """The value of a token of digits: `12,000`, `1 500 000`, `1.500.000` and `2,5` as well."""
    if re.fullmatch(r"\d+,\d{1,2}", text):
        return float(text.replace(",", "."))
    if text.count(".") > 1:
        return float(text.replace(".", ""))
    return float(re.sub(r"[,\s]", "", text))


def _priced(tokens: list[Token], i: int) -> bool:
    """Whether "per M" follows: "3/12 per M" are two prices, no fraction."""
    words = [t.low for t in tokens[i : i + 2]]
    return (
        len(words) == 2
        and words[0] in ("per", "/", "a")
        and words[1] in ("m", "mtok", "million", "mm", "mil", "1m", "1")
    )


def _power_of_ten(tokens: list[Token], i: int, value: float) -> Number | None:
    """`7 x 10^23`, `3 times ten to the twenty-fourth`, `10**24`, `10^24`; None when no power follows."""
    j = i
    if value != 10:
        if j + 2 >= len(tokens) or tokens[j + 1].low not in ("x", "×", "*", "times", "·"):
            return None
        j += 2
    if tokens[j].text != "10" and tokens[j].low != "ten":
        return None
    signs = [t.low for t in tokens[j + 1 : j + 3]]
    if signs[:1] == ["^"]:
        j += 2
    elif signs in (["*", "*"], ["to", "the"]):
        j += 3
    else:
        return None
    if signs == ["to", "the"] and [t.low for t in tokens[j : j + 2]] == ["power", "of"]:
        j += 2
    power = _exponent(tokens, j)
    if power is None or not 0 < power[0] < 40:
        return None
    return Number(
        (1.0 if tokens[i].low in ("10", "ten") else value) * 10 ** power[0], i, power[1], scaled=True
    )


def _exponent(tokens: list[Token], i: int) -> tuple[float, int] | None:
    """`23`, `23rd`, `twenty-third`, `twenty three` as an exponent and the token after it."""
    if i >= len(tokens):
        return None
    if tokens[i].is_number:
        nth = i + 1 < len(tokens) and tokens[i + 1].low in ("st", "nd", "rd", "th")
        return digits(tokens[i].text), i + 1 + nth
    total, last = 0.0, i
    while last < len(tokens) and (
        tokens[last].low in SPELLED or tokens[last].low in ORDINALS or tokens[last].text == "-"
    ):
        low = tokens[last].low
        total += SPELLED.get(low, ORDINALS.get(low, 0.0))
        last += 1
        if low in ORDINALS:
            break
    return (total, last) if last > i else None


def read_number(tokens: list[Token], i: int) -> Number | None:
    """The number that starts at token `i`, with its scale words; None when there is none."""
    if tokens[i].is_number:
        return _one_of_many(tokens, i) or _digits(tokens, i)
    return _spelled(tokens, i)


def _one_of_many(tokens: list[Token], i: int) -> Number | None:
    """`1 in 20`, where it is a share of something."""
    if (
        tokens[i].text != "1"
        or i + 2 >= len(tokens)
        or tokens[i + 1].low != "in"
        or not tokens[i + 2].is_number
    ):
        return None
    below = digits(tokens[i + 2].text)
    follow = tokens[i + 3].low if i + 3 < len(tokens) else "."
    many = follow in _FROM_SO_MANY or (follow.endswith("s") and follow not in _TIMES)
    return Number(1 / below, i, i + 3, spelled=True) if below > 1 and many else None


_TIMES = frozenset(["seconds", "minutes", "hours", "days", "weeks", "months", "years", "quarters"])


def _glued(tokens: list[Token], i: int) -> bool:
    return i > 0 and i < len(tokens) and tokens[i].start == tokens[i - 1].end


def _digits(tokens: list[Token], i: int) -> Number:
    value, last = digits(tokens[i].text), i + 1
    power = _power_of_ten(tokens, i, value)
    if power is not None:
        return power
    if (
        _glued(tokens, last)
        and tokens[last].text == "/"
        and _glued(tokens, last + 1)
        and tokens[last + 1].is_number
    ):
        below = digits(tokens[last + 1].text)
        if below and not (_glued(tokens, last + 2) and tokens[last + 2].text == "/") and value < below <= 100:
            return Number(value, i, last) if _priced(tokens, last + 2) else Number(value / below, i, last + 2)
    if _glued(tokens, last) and tokens[last].is_word:
        word = tokens[last].text
        scale = (
            ATTACHED.get(word.lower())
            if not (word in ("T", "t", "b") and _unit_follows(tokens, last))
            else None
        )
        if scale:
            return _scale_words(tokens, Number(value * scale, i, last + 1, scaled=True))
        return Number(value, i, last, glued=word)
    if _glued(tokens, last + 1) and last + 1 < len(tokens) and tokens[last + 1].is_number:
        return Number(value, i, last)  # "72 B200"
    if (
        last < len(tokens)
        and tokens[last].text in ("M", "B", "T", "K", "k", "bn", "mn", "Bn", "tn", "m", "b")
        and not (_unit_follows(tokens, last))
    ):
        if tokens[last].text in ("m", "b", "t") and not (i and tokens[i - 1].text == "$"):
            return Number(value, i, last)
        return Number(value * ATTACHED[tokens[last].low], i, last + 1, scaled=True)
    return _scale_words(tokens, Number(value, i, last))


def _unit_follows(tokens: list[Token], i: int) -> bool:
    """Whether the letter at `i` starts a unit such as `B/param` or `B per weight` (bytes, not billions)."""
    after = tokens[i + 1].low if i + 1 < len(tokens) else ""
    beyond = tokens[i + 2].low if i + 2 < len(tokens) else ""
    return after in ("/", "per") and beyond in (
        "param",
        "params",
        "parameter",
        "weight",
        "weights",
        "s",
        "token",
        "value",
    )


def _scale_words(tokens: list[Token], number: Number) -> Number:
    """`3` + `hundred` + `million`: every following scale word multiplies; `2 and a half million` too."""
    value, last, scaled = number.value, number.last, number.scaled
    more = [t.low for t in tokens[last : last + 3]]
    if more[:2] == ["and", "a"] and more[2:] and more[2] in ("half", "quarter", "third"):
        value, last = value + _PARTS[more[2]], last + 3
    if [t.low for t in tokens[last : last + 2]] == ["-", "odd"] and _glued(tokens, last):
        last += 2  # "forty-odd thousand"
    while last < len(tokens):
        word = tokens[last].low
        step = 1 if word in SCALES else 0
        if word == "-" and last + 1 < len(tokens) and tokens[last + 1].low in SCALES:
            step, word = 2, tokens[last + 1].low
        if not step:
            break
        value, last, scaled = value * SCALES[word], last + step, True
    return Number(value, number.first, last, scaled, number.spelled)


def _spelled(tokens: list[Token], i: int) -> Number | None:
    word = tokens[i].low
    after = tokens[i + 1].low if i + 1 < len(tokens) else ""
    if word in SPELLED or word in ("a", "an", "half", "quarter"):
        part = _fraction(tokens, i)
        if part is not None:
            return part
    group = _group_of(tokens, i)
    if group is not None:
        return group
    if word in ("a", "an") and after not in SCALES:
        return None
    if word not in SPELLED and word not in ("a", "an"):
        return None
    if word in SPELLED:
        power = _power_of_ten(tokens, i, SPELLED[word])
        if power is not None:
            return power
        every = _of_every(tokens, i)
        if every is not None:
            return every
        if after == "in" and i + 2 < len(tokens) and _one_in(tokens, i):
            return Number(SPELLED[word] / SPELLED[tokens[i + 2].low], i, i + 3, spelled=True)
    return _words(tokens, i)


def _of_every(tokens: list[Token], i: int) -> Number | None:
    """`four of every ten`, `three out of ten`: a share."""
    words = [t.low for t in tokens[i + 1 : i + 4]]
    if words[:2] == ["of", "every"] or words[:2] == ["out", "of"]:
        j = i + 3 + (words[2:] == ["every"])
        below = SPELLED.get(tokens[j].low, 0.0) if j < len(tokens) else 0.0
        if SPELLED[tokens[i].low] < below <= 100 and (
            j + 1 >= len(tokens) or tokens[j + 1].low not in SCALES
        ):
            return Number(SPELLED[tokens[i].low] / below, i, j + 1, spelled=True)
    return None


def _words(tokens: list[Token], i: int) -> Number:
    """`forty-two thousand five hundred`, `a hundred and eighty`, `thirty point eight billion`, `three fifty`."""
    total = group = 0.0
    scaled = False
    last = i
    if tokens[i].low in ("a", "an"):
        group, last = 1.0, i + 1
    while last < len(tokens):
        low = tokens[last].low
        if low in SPELLED:
            if 0 < group < 10 and SPELLED[low] >= 10:
                return _hundreds(tokens, i, last, group)
            group += SPELLED[low]
        elif low in SCALES and SCALES[low] <= 100:
            group = (group or 1) * SCALES[low]
        elif low in SCALES:
            total, group, scaled = total + (group or 1) * SCALES[low], 0.0, True
        elif low == "point" and (decimals := _decimals(tokens, last + 1)) is not None:
            group, last = group + decimals[0], decimals[1]
            continue
        elif low in ("-", "and") and last + 1 < len(tokens) and _continues(tokens, last, low):
            pass
        else:
            break
        last += 1
    return _scale_words(tokens, Number(total + group, i, last, scaled=scaled, spelled=True))


def _hundreds(tokens: list[Token], i: int, last: int, group: float) -> Number:
    """ "three-fifty an hour" is a price of 3.50; "three fifty" otherwise 350."""
    value, end = SPELLED[tokens[last].low], last + 1
    while end < len(tokens) and (
        tokens[end].low in SPELLED or (tokens[end].text == "-" and _continues(tokens, end, "-"))
    ):
        value += SPELLED.get(tokens[end].low, 0.0)
        end += 1
    rate = end < len(tokens) and tokens[end].low in ("a", "an", "per", "each", "/")
    return Number(group + value / 100 if rate else group * 100 + value, i, end, spelled=True)


def _decimals(tokens: list[Token], i: int) -> tuple[float, int] | None:
    """The digits after a spelled "point" and the token after them; None when none follow."""
    places = ""
    while i < len(tokens) and tokens[i].low in SPELLED and SPELLED[tokens[i].low] < 100:
        places += str(int(SPELLED[tokens[i].low]))
        i += 1
        if i + 1 < len(tokens) and tokens[i].text == "-" and tokens[i + 1].low in SPELLED:
            i += 1
            places = places[:-1] if places.endswith("0") else places
    return (float(f"0.{places}"), i) if places else None


def _group_of(tokens: list[Token], i: int) -> Number | None:
    """`a pair of`, `a couple of hundred`, `pair of`: the `of` is taken in."""
    j = i + 1 if tokens[i].low in ("a", "one", "the") else i
    words = [t.low for t in tokens[j : j + 2]]
    if (
        len(words) < 2
        or words[0] not in _GROUPS
        or words[1] != "of"
        or (j == i and i and tokens[i - 1].low in SPELLED)
    ):
        return None
    return _scale_words(tokens, Number(_GROUPS[words[0]], i, j + 2, spelled=True))


_FROM_SO_MANY = frozenset(
    [
        "of",
        ".",
        ",",
        ";",
        "?",
        "!",
        ":",
        ")",
        "is",
        "are",
        "was",
        "were",
        "fails",
        "fail",
        "dies",
        "die",
        "has",
        "have",
        "had",
        "must",
        "needs",
        "need",
        "gets",
        "get",
        "goes",
        "go",
        "breaks",
        "break",
        "will",
        "ends",
        "survives",
        "survive",
        "makes",
        "make",
    ]
)


def _one_in(tokens: list[Token], i: int) -> bool:
    """Whether "one in ten" is a share: of something, or at the end of a clause."""
    below = SPELLED.get(tokens[i + 2].low, 0.0)
    follow = tokens[i + 3].low if i + 3 < len(tokens) else "."
    many = follow in _FROM_SO_MANY or (follow.endswith("s") and follow not in _TIMES)
    return SPELLED[tokens[i].low] < below and many


def _continues(tokens: list[Token], i: int, joint: str) -> bool:
    """Whether `forty-two`, `hundred and five`, `forty-thousand` goes on after the hyphen or the `and`."""
    after, before = tokens[i + 1].low, tokens[i - 1].low
    if joint == "and":
        return after in SPELLED and before in SCALES
    return (after in SPELLED or after in SCALES) and _glued(tokens, i + 1)


_KEPT_ASIDE = frozenset(
    ["kept", "held", "reserved", "free", "spare", "left", "idle", "wasted", "lost", "cached", "busy"]
)
_HALVED = frozenset(
    [
        "gigawatt",
        "megawatt",
        "kilowatt",
        "terabyte",
        "gigabyte",
        "petabyte",
        "megabyte",
        "gw",
        "mw",
        "tb",
        "gb",
        "year",
        "month",
        "day",
        "week",
        "hour",
        "minute",
        "second",
        "dollar",
        "cent",
        "percent",
    ]
)
_AFTER_PART = _KEPT_ASIDE | frozenset(
    {
        "?",
        ".",
        ",",
        ";",
        ")",
        ":",
        "went",
        "goes",
        "go",
        "is",
        "are",
        "was",
        "of",
        "as",
        "the",
        "to",
        "off",
        "less",
    }
)


def _fraction(tokens: list[Token], i: int) -> Number | None:
    """`half a million`, `a tenth of`, `two thirds`, `nine tenths`, `a half`, `quarter of the total`."""
    words = [t.low for t in tokens[i : i + 4]]
    if words[0] == "half" and words[1:2] == ["a"] and len(words) > 2 and words[2] in SCALES:
        return _scale_words(tokens, Number(0.5, i, i + 2, spelled=True))
    if words[0] == "half" and words[1:2] == ["a"] and len(words) > 2 and words[2] in _HALVED:
        return Number(0.5, i, i + 2, spelled=True)  # "half a gigawatt"
    if words[0] in ("half", "quarter"):
        return _bare_part(tokens, i)
    top = 1.0 if words[0] in ("a", "an") else SPELLED.get(words[0])
    step = 2 if words[1:2] == ["-"] else 1
    if top is None or len(words) <= step or words[step] not in _PARTS:
        return None
    if (top == 1) == words[step].endswith("s") or top >= 100:
        return None
    follow = words[step + 1] if len(words) > step + 1 else "?"
    if (
        top == 1
        and follow not in _AFTER_PART
        and words[step] not in ("half", "quarter")
        and words[step + 1 : step + 2] not in (["of"], ["as"], ["the"], ["to"])
    ):
        return None  # "a third cluster", "a tenth run" are counted off
    if (
        words[step] == "quarter"
        and top == 1
        and not _part_of_whole(tokens, i + step + 1)
        and not as_many(tokens, i + step + 1)
        and not (i and tokens[i - 1].low == "by")
    ):
        return None  # "a quarter of shipments", "one quarter" is three months
    return Number(top * _PARTS[words[step]], i, i + step + 1, spelled=True)


_SPENT = frozenset({"time", "hours", "day", "week", "month", "year"})
_ARE = frozenset(
    {"are", "is", "were", "was", "hit", "hits", "come", "comes", "get", "gets", "go", "goes", "fail"}
)


def _bare_part(tokens: list[Token], i: int) -> Number | None:
    """ "half of the contract", "quarter of the total": a share said without an article."""
    before = tokens[i - 1].low if i else ""
    if (
        before in ("a", "an", "one", "the", "this", "last", "next", "per", "each", "and", "or")
        or before in SPELLED
        or before in ORDINALS
    ):
        return None
    if tokens[i].low == "half" and (before == "by" or as_many(tokens, i + 1)):
        return Number(0.5, i, i + 1, spelled=True)
    if tokens[i].low == "half" and [t.low for t in tokens[i + 1 : i + 3]] in (
        ["that", "for"],
        ["that", "when"],
    ):
        return Number(0.5, i, i + 1, spelled=True)  # "half that for cached ones"
    if tokens[i].low == "half" and i + 1 < len(tokens) and tokens[i + 1].low in _ARE | {"price"}:
        return Number(0.5, i, i + 1, spelled=True)  # "half are cache hits"
    if (
        [t.low for t in tokens[i + 1 : i + 2]] == ["the"]
        and i + 2 < len(tokens)
        and tokens[i + 2].low in _SPENT
    ):
        return Number(0.5, i, i + 1, spelled=True)  # "busy half the time"
    if tokens[i].low == "half" and not (i + 2 < len(tokens) and tokens[i + 1].low == "of"):
        return None
    return Number(_PARTS[tokens[i].low], i, i + 1, spelled=True) if _part_of_whole(tokens, i + 1) else None


def as_many(tokens: list[Token], i: int) -> bool:
    """Whether "as many", "as much", "as long" follows at `i`: one thing measured by another of its kind."""
    words = [t.low for t in tokens[i : i + 2]]
    return len(words) == 2 and words[0] == "as" and words[1].isalpha() and words[1] not in STOP


def _part_of_whole(tokens: list[Token], i: int) -> bool:
    words = [t.low for t in tokens[i : i + 3]]
    if words[:1] == ["or"]:
        return True
    return (
        len(words) > 1
        and words[0] == "of"
        and words[1] in ("the", "all", "it", "its", "that", "what", "total", "this", "every", "my", "our")
    )
