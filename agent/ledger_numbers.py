"""Finds every quantity of a text, as people write them: `$1.2M`, `3–5 B$`, `40 %`, `a quarter of`, `10^25`.

`find_numbers` gives Mentions from left to right, each with its value, the rounding its digits allow and the unit
written beside it. What has digits but is no quantity (agent/ledger_masks.py) is left alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from agent.ledger_masks import hide
from agent.ledger_units import read_unit
from agent.offline.measure import Unit, parse_unit

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d{1,3}(?:[\u202f\u2009\u00a0']\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+"
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_POWER = r"(?:[eE][+-]?\d{1,3}(?!\w|\.\d)|\s?[×x*·]\s?10(?:\^|\*\*)\{?[-+−]?\d{1,3}\}?|\s?[×x*·]\s?10[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)"
_NUMBER = re.compile(
    rf"(?P<money>(?:US)?\$|€|£|¥|USD\s?|US\$)?\s?(?<![\w.])(?P<sign>[-−+])?(?P<money2>(?:US)?\$|€|£)?"
    rf"(?P<digits>{_DIGITS})(?P<power>{_POWER})?"
)
_BASE_POWER = re.compile(
    r"(?<![\w.])(?P<base>10|2)(?:(?:\^|\*\*)\{?(?P<exp>[-+−]?\d{1,3})\}?|(?P<sup>[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+))"
)
_MAGNITUDE = re.compile(
    r"[\s-]?(?P<word>thousand|million|billion|trillion|quadrillion|hundred|dozen|mn|bn|tn|mio)s?\b"
    r"|(?P<letter>\s?[kKMBT])(?![A-Za-z²³])",
    re.IGNORECASE,
)
_SCALE = {
    "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "quadrillion": 1e15, "hundred": 1e2,
    "dozen": 12.0, "mn": 1e6, "mio": 1e6, "bn": 1e9, "tn": 1e12, "k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12,
}  # fmt: skip
_BEFORE = r"\s*(?:\*\*|__|\*|`)?(?:US)?\$?\s*$"
_ABOUT = re.compile(
    r"(?:about|around|roughly|approximately|approx\.?|close to|some|circa|ca\.?|~|≈|just|a little|order of)"
    + _BEFORE,
    re.IGNORECASE,
)
_ABOVE = re.compile(
    r"(?:over|more than|at least|north of|upwards of|above|beyond|exceeds|exceeding|>|≥)" + _BEFORE,
    re.IGNORECASE,
)
_BELOW = re.compile(
    r"(?:nearly|almost|under|less than|at most|up to|below|just short of|fewer than|<|≤)" + _BEFORE,
    re.IGNORECASE,
)
_JOIN = re.compile(r"\s*(?:[–—-]|to|and|or|through|up to)\s*", re.IGNORECASE)
_TO = re.compile(r"\s*(?:[–—-]|to)\s*")
_DENOMINATOR = re.compile(r"(?:\bper|/|\bevery|\beach)\s*(?:\*\*)?$", re.IGNORECASE)

_PER_SO_MANY = frozenset({"1", "10", "100", "1,000", "1000", "10,000", "100,000", "1,000,000", "1000000"})
_SUPPOSED = re.compile(r"\b(?:would|could|if|when|whenever|each time|every|were)\b", re.IGNORECASE)

_ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_WORDS = {w: float(i) for i, w in enumerate(_ONES)} | {w: 10.0 * i for i, w in enumerate(_TENS, 2)}
_SPELLED = re.compile(
    r"\b(?:(?:an?|{w})[\s-])?(?:(?:{w}|hundred|thousand|million|billion|trillion|dozen)(?:[\s-](?:and[\s-])?|\b))+".replace(
        "{w}", "|".join(sorted(_WORDS, key=len, reverse=True))
    ),
    re.IGNORECASE,
)
_FRACTION = re.compile(
    r"\b(?:(?P<count>an?|one|two|three|four)[\s-])?(?P<part>half|halves|thirds?|quarters?|fifths?|sixths?|eighths?|tenths?)"
    r"(?=\s+(?:of|the|as|that|its|their|a\b)|\b\s*(?:[.,;:)]|$))",
    re.IGNORECASE,
)
_SHARE_BEFORE = re.compile(
    r"\b(?:by|than|nearly|almost|about|roughly|around|over|under|is|only|just)\s+$", re.IGNORECASE
)
_FOR_SO_MANY = re.compile(r"\b(?:for|of|per|each|every)\s+$", re.IGNORECASE)
_THE = re.compile(r"\b(?:the|these|those|both|all|any|of|between)\s+$", re.IGNORECASE)
_PRICED = re.compile(r"\s+(?:of \w+ )?(?:costs?|for|at)\b")
_OF = re.compile(r"\s+(?:of|the|as)\b")
_OF_ITS = re.compile(r"\s+(?:of|the|as|that|its|their)\b")
_NO_FACTOR = re.compile(r"\s+(?:time|rate|check|count|precision|down|digit|figure|edged|from)")
_PARTS = {"hal": 0.5, "thi": 1 / 3, "qua": 0.25, "fif": 0.2, "six": 1 / 6, "eig": 0.125, "ten": 0.1}
_TIMES = re.compile(
    r"\b(?P<word>twice|thrice|doubl(?:e|es|ed|ing)|tripl(?:e|es|ed|ing)|quadrupl(?:e|es|ed|ing)|halv(?:e|es|ed|ing)|"
    r"(?:two|three|four|five|six|seven|eight|nine|ten|twenty|hundred)-?fold|(?:an|one) order of magnitude|"
    r"(?:two|three|four|five) orders of magnitude)\b(?!-check)",
    re.IGNORECASE,
)
_TIMES_VALUE = {"twi": 2.0, "thr": 3.0, "dou": 2.0, "tri": 3.0, "qua": 4.0, "hal": 0.5}
TIMES = parse_unit("dimensionless")
PERCENT = parse_unit("percent")
ABOUT_TOLERANCE = 0.05


@dataclass(frozen=True, slots=True)
class Mention:
    """One quantity of a text. `value ± slack` is what its digits can stand for; `readings` are other values."""

    text: str
    start: int
    end: int
    value: float
    slack: float
    unit: Unit | None = None
    about: bool = False
    bound: int = 0  # 1: "more than", the truth may lie above; -1: "nearly", below
    readings: tuple[float, ...] = ()
    relative: bool = False  # a factor or a share: `twice`, `a third`, `3x`, `40 %`
    ends: tuple[float, float] | None = None  # of the range it is one end of


def find_numbers(text: str, names: Iterable[str] = ()) -> list[Mention]:
    """Every quantity of the text, in order. `names` are names with digits to leave alone."""
    hidden = hide(text, names)
    digits = list(_with_digits(text, hidden))
    taken = [(m.start, m.end) for m in digits]
    spelled = [
        m
        for found in (
            _powers(text, hidden),
            _fractions(text, hidden),
            _times(text, hidden),
            _spelled(text, hidden),
        )
        for m in found
    ]
    kept: list[Mention] = []
    for mention in spelled:
        if not any(mention.start < end and start < mention.end for start, end in taken):
            kept.append(mention)
            taken.append((mention.start, mention.end))
    return sorted(_shared_scale(text, digits) + kept, key=lambda m: m.start)


def _with_digits(text: str, hidden: str) -> Iterator[Mention]:
    at = 0
    while match := _NUMBER.search(hidden, at):
        at = match.end()
        if _BASE_POWER.match(hidden, match.start("digits")) and not match["power"]:
            at = max(at, _BASE_POWER.match(hidden, match.start("digits")).end())  # type: ignore[union-attr]
            continue
        if match["digits"] in _PER_SO_MANY and _DENOMINATOR.search(_tail(hidden, match.start())):
            continue  # "per 1,000 tokens": the number belongs to the unit
        mention, at = _mention(text, hidden, match)
        yield mention


def _mention(text: str, hidden: str, match: re.Match[str]) -> tuple[Mention, int]:
    plain = re.sub(r"[,'\s\u202f\u2009\u00a0]", "", match["digits"])
    value, step = float(plain), _step(plain)
    power = _exponent(match["power"])
    end = match.end()
    scale, readings = 10.0**power, []
    magnitude = _MAGNITUDE.match(hidden, end)
    if magnitude:
        word = (magnitude["word"] or magnitude["letter"]).strip()
        if magnitude["word"] or _scales(word, hidden, magnitude):
            readings += [value] if word == "B" and not (match["money"] or match["money2"]) else []
            scale *= _SCALE[word.lower()]
            end = magnitude.end()
    money = match["money"] or match["money2"]
    unit, end = read_unit(hidden, end, "USD" if money else "")
    # A sign is a minus unless it joins two words or two ends of a range.
    negative = (match["sign"] or "") in ("-", "−") and not _joins(hidden, match.start("sign"))
    sign = -1.0 if negative else 1.0
    start = match.start() + (len(match.group()) - len(match.group().lstrip()))
    about, bound = _hedges(hidden, start)
    mention = Mention(
        text[start:end].strip(), start, end, sign * value * scale, step * scale, unit, about, bound,
        tuple(sign * r for r in readings), unit is not None and unit.bare,
    )  # fmt: skip
    return mention, end


def _tail(text: str, end: int) -> str:
    """The words just before a place; rules that look back never read the whole text."""
    return text[max(0, end - 24) : end]


def _hedges(hidden: str, at: int) -> tuple[bool, int]:
    """Whether the words before a number say "about", and whether they make it a bound."""
    tail = _tail(hidden, at)
    return bool(_ABOUT.search(tail)), 1 if _ABOVE.search(tail) else -1 if _BELOW.search(tail) else 0


def _scales(letter: str, hidden: str, match: re.Match[str]) -> bool:
    """Whether a letter after a number scales it: 12k, 1.5M, 30 B, 2T; not the `m` of metres or a list's `B`."""
    attached = not match["letter"].startswith(" ")
    if letter == "m":
        return attached and "$" in hidden[max(0, match.start() - 16) : match.start()]
    return attached or letter in "MBT"


def _joins(hidden: str, at: int) -> bool:
    return at > 0 and (hidden[at - 1].isalnum() or hidden[at - 1] in "\x00)%$")


def _step(digits: str) -> float:
    """Half of the last place that is written: 1.2 → 0.05, 54 → 0.5, 40000 → 5 (zeros may be rounding)."""
    if "." in digits:
        return 0.5 * 10.0 ** -len(digits.split(".")[1])
    zeros = len(digits) - len(digits.rstrip("0")) if digits.strip("0") else 0
    value = float(digits)
    # Trailing zeros of a round number may be rounding, but never more than half a percent.
    return max(0.5, min(0.5 * 10.0**zeros, 0.005 * value)) if zeros >= 2 else 0.5


def _exponent(power: str | None) -> int:
    if not power:
        return 0
    digits = re.search(r"10\s*(?:\^|\*\*)?\{?([-+−]?\d+|[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)\}?\s*$", power) or re.search(
        r"[eE]([+-]?\d+)$", power
    )
    return max(-300, min(300, int(digits[1].translate(_SUPERSCRIPT).replace("−", "-")))) if digits else 0


def _shared_scale(text: str, found: list[Mention]) -> list[Mention]:
    """In `3–5 B$` and `between 3 and 5 billion` the first number has the second's scale and unit."""
    out = list(found)
    for i in range(len(out) - 1):
        first, second = out[i], out[i + 1]
        if not _JOIN.fullmatch(text[first.end : second.start]):
            continue
        plain = re.sub(r"[^\d.]", "", second.text) or "1"
        written = float(plain) if plain.count(".") <= 1 and plain != "." else 1.0
        scale = abs(second.value) / written if written else 1.0
        bare = first.text.lstrip("$€£-−~ ").replace(",", "").replace(".", "").isdigit()
        unit = first.unit if first.unit is not None and second.unit is None else second.unit
        if bare and (first.unit is None or first.text.startswith("$")):
            value = first.value * scale if scale > 1 else first.value
            out[i] = replace(
                first, value=value, slack=first.slack * (scale if scale > 1 else 1.0), unit=unit,
                readings=(*first.readings, first.value) if scale > 1 else first.readings, relative=second.relative,
            )  # fmt: skip
        if second.unit is None and first.unit is not None:
            out[i + 1] = replace(second, unit=first.unit, relative=first.relative)
        if _TO.fullmatch(text[first.end : second.start]) and 0 < out[i].value < out[i + 1].value:
            ends = (out[i].value, out[i + 1].value)
            out[i], out[i + 1] = replace(out[i], ends=ends), replace(out[i + 1], ends=ends)
    return out


def _powers(text: str, hidden: str) -> Iterator[Mention]:
    for match in _BASE_POWER.finditer(hidden):
        exponent = int((match["exp"] or match["sup"]).translate(_SUPERSCRIPT).replace("−", "-"))
        value = float(match["base"]) ** max(-300, min(300, exponent))
        unit, end = read_unit(hidden, match.end(), "")
        yield Mention(text[match.start() : end].strip(), match.start(), end, value, value * 1e-6, unit,
                      *_hedges(hidden, match.start()))  # fmt: skip


def _fractions(text: str, hidden: str) -> Iterator[Mention]:
    for match in _FRACTION.finditer(hidden):
        part, count = match["part"].lower(), (match["count"] or "").lower()
        singular = not part.endswith("s")
        period = part.startswith("qua") and not _OF.match(hidden, match.end())
        if period and not _SHARE_BEFORE.search(_tail(hidden, match.start())):
            continue  # a quarter is a period too: "last quarter", "a quarter's shipments"
        if not count and (part not in ("half",) or not _OF_ITS.match(hidden, match.end())):
            continue
        if count in ("a", "an", "one", "") and not singular:
            continue
        times = {"two": 2.0, "three": 3.0, "four": 4.0}.get(count, 1.0)
        value = times * _PARTS[part[:3]]
        yield Mention(
            match.group().strip(),
            match.start(),
            match.end(),
            value,
            0.02 * value,
            TIMES,
            True,
            _hedges(hidden, match.start())[1],
            (),
            True,
        )


def _times(text: str, hidden: str) -> Iterator[Mention]:
    for match in _TIMES.finditer(hidden):
        word = match["word"].lower()
        if "order" in word:
            value = 10.0 ** (1.0 if word.startswith(("an", "one")) else _WORDS[word.split()[0]])
        elif "fold" in word:
            value = _WORDS.get(word.split("fold")[0].strip("-"), 100.0)
        elif word.startswith("hundred"):
            value = 100.0
        else:
            value = _TIMES_VALUE[word[:3]]
        if _NO_FACTOR.match(hidden, match.end()):
            continue  # "the doubling time", "double digits"
        if _SUPPOSED.search(_sentence(hidden, match.start())):
            continue  # "twice the context would halve it": a relation, not a result
        yield Mention(
            match.group(), match.start(), match.end(), value, 0.05 * value, TIMES, True, 0, (1 / value,), True
        )


def _sentence(text: str, at: int) -> str:
    start = max(text.rfind(mark, 0, at) for mark in (". ", "\n", "! ", "? "))
    ends = [end for mark in (". ", "\n", "! ", "? ") if (end := text.find(mark, at)) >= 0]
    return text[start + 1 : min(ends) if ends else len(text)]


def _spelled(text: str, hidden: str) -> Iterator[Mention]:
    for match in _SPELLED.finditer(hidden):
        words = re.findall(r"[a-z]+", match.group().lower())
        while words and words[-1] == "and":
            words.pop()
        value = spelled_value(words)
        end = match.start() + len(match.group().rstrip(" -"))
        unit, after = read_unit(hidden, end, "")
        big = any(w in _SCALE for w in words)
        if value is None or (words in (["one"], ["a"], ["an"]) and unit is None):
            continue
        if not big and unit is None and value < 13:
            continue  # "two ways", "the three of them"
        if value < 5 and not big and _THE.search(_tail(hidden, match.start())):
            continue  # "between the two chips"
        many = words[0] in ("a", "one") and len(words) == 2 and unit is not None
        if many and (_PRICED.match(hidden, after) or _FOR_SO_MANY.search(_tail(hidden, match.start()))):
            continue  # "a million tokens cost …": what a price is given for
        if words == ["one"] and unit is not None and not unit.bare:
            continue  # "one user", "one chip": an article more than an amount
        about, bound = _hedges(hidden, match.start())
        yield Mention(text[match.start() : after].strip(), match.start(), after, value,
                      0.5 if not big else 1e-3 * value, unit, about or big, bound, (), unit is not None and unit.bare)  # fmt: skip


def spelled_value(words: list[str]) -> float | None:
    """`['two', 'hundred', 'and', 'fifty', 'thousand']` → 250000; None when the words are no number."""
    total, group, seen = 0.0, 0.0, False
    for word in words:
        if word in ("a", "an", "and"):
            continue
        if word in _WORDS:
            group, seen = group + _WORDS[word], True
        elif word in ("hundred", "dozen"):
            group, seen = (group or 1.0) * _SCALE[word], True
        elif word in _SCALE and not group and total:  # "four thousand million"
            total *= _SCALE[word]
        elif word in _SCALE:
            total, group, seen = total + (group or 1.0) * _SCALE[word], 0.0, True
        else:
            return None
    return total + group if seen and math.isfinite(total + group) else None
