"""Finds every quantity of a text, as people write them: `$1.2M`, `3–5 B$`, `40 %`, `a quarter of`, `10^25`.

`find_numbers` gives Mentions from left to right, each with its value, the rounding its digits allow and the unit
written beside it. What has digits but is no quantity (agent/ledger_masks.py) is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from agent.ledger_around import per_many_spans, with_others
from agent.ledger_masks import hide
from agent.ledger_mention import TIMES, Mention, hedges, place_of, tail
from agent.ledger_sought import Sought
from agent.ledger_units import read_unit
from agent.ledger_words import SCALE, in_words
from agent.offline.reading.measure import parse_unit

__all__ = ["Mention", "find_numbers"]

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d{1,3}(?:[\u202f\u2009\u00a0']\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+"
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_POWER = r"(?:[eE][+-]?\d{1,3}(?!\w|\.\d)|\s?[×x*·]\s?10(?:\^|\*\*)\{?[-+−]?\d{1,3}\}?|\s?[×x*·]\s?10[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)"
_NUMBER = re.compile(
    rf"(?P<money>(?:US)?\$|€|£|¥|(?:USD|EUR|GBP|CHF|JPY)\s?)?\s?(?<![\w.])(?P<sign>[-−+])?(?P<money2>(?:US)?\$|€|£)?"
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
_CURRENCIES = {"€": "EUR", "£": "GBP", "¥": "JPY", "EUR": "EUR", "GBP": "GBP", "CHF": "CHF", "JPY": "JPY"}
SMALL_SLACK = 0.12
_GROUPS = re.compile(r"(?: \d{3})+(?![\d.,]\d|\d)")
_JOIN = re.compile(r"\s*(?:[–—-]|to|and|or|through|up to)\s*", re.IGNORECASE)
_TO = re.compile(r"\s*(?:[–—-]|to)\s*")
_DENOMINATOR = re.compile(r"(?:\bper|/|\bevery|\beach)\s*(?:\*\*)?$", re.IGNORECASE)

_PER_SO_MANY = frozenset({"1", "10", "100", "1,000", "1000", "10,000", "100,000", "1,000,000", "1000000"})
_RATE = (("s", -1),)
_FRACTION_SIGNS = {"½": 0.5, "¼": 0.25, "¾": 0.75, "⅓": 1 / 3, "⅔": 2 / 3}
_SIGNED_FRACTION = Sought(r"(?<![\w.])(?P<whole>\d{1,3})?(?P<sign>[½¼¾⅓⅔])")
_TIMES_BEFORE = re.compile(r"(?<!\w)[x×](?P<digits>\d{1,6}(?:\.\d{1,3})?)(?![\w.×^]\w?)")
_RATIO_TO_ONE = Sought(r"(?<![\w.:])(?P<digits>\d{1,4}(?:\.\d{1,3})?)\s?:\s?1(?![\d.:])")
_CLOCK = re.compile(r"(?<![\w.])(?P<hours>\d{1,4})\s?h(?:rs?)?\s?(?P<minutes>\d{1,2})\s?m(?:ins?)?\b")
_SLASHED = re.compile(r"(?<![\w./])(?P<over>\d)/(?P<under>\d{1,2})(?=\s(?:of|the|as)\b)")


def find_numbers(text: str, names: Iterable[str] = ()) -> list[Mention]:
    """Every quantity of the text, in order. `names` are names with digits to leave alone."""
    hidden = masked = hide(text, names)
    for start, end in per_many_spans(hidden):
        hidden = hidden[:start] + "\x00" * (end - start) + hidden[end:]
    kept = list[Mention]()
    taken = bytearray(len(text))
    for mention in _by_kind(text, hidden):
        if not any(taken[mention.start : mention.end]):
            kept.append(mention)
            taken[mention.start : mention.end] = b"\x01" * (mention.end - mention.start)
    ordered = sorted(kept, key=lambda m: m.start)
    return with_others(text, masked, _shared_scale(text, ordered))


def _by_kind(text: str, hidden: str) -> Iterator[Mention]:
    """Signs of fractions, digits, powers, words: the earlier kind wins where two overlap."""
    worded = list(in_words(text, hidden))
    yield from (m for m in worded if any(c.isdigit() for c in m.text))  # "1 in 10"
    yield from _signed_fractions(text, hidden)
    yield from _factors(text, hidden)
    yield from _clock_times(text, hidden)
    yield from _with_digits(text, hidden)
    yield from _powers(text, hidden)
    yield from worded


def _with_digits(text: str, hidden: str) -> Iterator[Mention]:
    at = 0
    while match := _NUMBER.search(hidden, at):
        at = match.end()
        if _BASE_POWER.match(hidden, match.start("digits")) and not match["power"]:
            at = max(at, _BASE_POWER.match(hidden, match.start("digits")).end())  # type: ignore[union-attr]
            continue
        share = hidden[match.end() : match.end() + 2].lstrip().startswith("%")
        if match["digits"] in _PER_SO_MANY and not share and _DENOMINATOR.search(tail(hidden, match.start())):
            continue  # "per 1,000 tokens": the number belongs to the unit
        mention, at = _mention(text, hidden, match)
        yield mention


def _mention(text: str, hidden: str, match: re.Match[str]) -> tuple[Mention, int]:
    digits, end = _spaced(hidden, match)
    plain = re.sub(r"[,'\s\u202f\u2009\u00a0]", "", digits)
    value, step = float(plain), _step(plain)
    power = _exponent(match["power"])
    scale, readings = 10.0**power, []
    magnitude = _MAGNITUDE.match(hidden, end)
    if magnitude:
        word = (magnitude["word"] or magnitude["letter"]).strip()
        if magnitude["word"] or _scales(word, hidden, magnitude):
            readings += [value] if word == "B" and not (match["money"] or match["money2"]) else []
            scale *= SCALE[word.lower()]
            end = magnitude.end()
    money = match["money"] or match["money2"]
    unit, end = read_unit(hidden, end, _CURRENCIES.get(money.strip(), "USD") if money else "")
    # A sign is a minus unless it joins two words or two ends of a range.
    negative = (match["sign"] or "") in ("-", "−") and not _joins(hidden, match.start("sign"))
    sign = -1.0 if negative else 1.0
    start = match.start() + (len(match.group()) - len(match.group().lstrip()))
    about, bound = hedges(hidden, start, end)
    mention = Mention(
        text[start:end].strip(), start, end, sign * value * scale, step * scale, unit, about, bound,
        tuple(sign * r for r in readings), unit is not None and unit.bare, None, _place(plain, value) * scale,
    )  # fmt: skip
    return mention, end


def _spaced(hidden: str, match: re.Match[str]) -> tuple[str, int]:
    """The digits and where they end; `35 000` is one number where it is money or a unit follows."""
    groups = _GROUPS.match(hidden, match.end())
    if groups is None or match["power"] or not match["digits"].isdigit() or len(match["digits"]) > 3:
        return match["digits"], match.end()
    if match["money"] or match["money2"] or read_unit(hidden, groups.end(), "")[0] is not None:
        return match["digits"] + groups.group(), groups.end()
    return match["digits"], match.end()


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
    if value and value < 5:  # "1" may stand for 1.1, not for 1.4, which nobody would write so
        return min(0.5, SMALL_SLACK * value)
    # Trailing zeros of a round number may be rounding, but never more than half a percent.
    return max(0.5, min(0.5 * 10.0**zeros, 0.005 * value)) if zeros >= 2 else 0.5


def _place(digits: str, value: float) -> float:
    """The size of the last digit that says something: 50 → 10, 1.20 → 0.01."""
    return 10.0 ** -len(digits.split(".")[1]) if "." in digits else place_of(value)


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
        if (
            second.unit is not None
            and second.unit.dims == _RATE
            and first.unit is not None
            and first.unit.dims
        ):
            unit = first.unit * second.unit  # "$3–5B a year"
            out[i], out[i + 1] = replace(out[i], unit=unit), replace(second, unit=unit)
        elif second.unit is None and first.unit is not None:
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
                      *hedges(hidden, match.start()))  # fmt: skip


def _signed_fractions(text: str, hidden: str) -> Iterator[Mention]:
    """`2½ hours`, `¾`, `2/3 of`."""
    for match in _SIGNED_FRACTION.finditer(hidden):
        value = float(match["whole"] or 0) + _FRACTION_SIGNS[match["sign"]]
        unit, end = read_unit(hidden, match.end(), "")
        yield Mention(text[match.start() : end].strip(), match.start(), end, value, 0.05, unit or TIMES,
                      *hedges(hidden, match.start()), (), unit is None, None, 0.25)  # fmt: skip
    for match in _SLASHED.finditer(hidden):
        over, under = int(match["over"]), int(match["under"])
        if 0 < over < under <= 20:
            value = over / under
            yield Mention(match.group(), match.start(), match.end(), value, 0.02 * value, TIMES, True,
                          hedges(hidden, match.start())[1], (), True, None, 0.25 * value)  # fmt: skip


def _factors(text: str, hidden: str) -> Iterator[Mention]:
    """`x2`, `×2.2`, `20:1`."""
    for pattern in (_TIMES_BEFORE, _RATIO_TO_ONE):
        for match in pattern.finditer(hidden):
            digits = match["digits"]
            yield Mention(text[match.start() : match.end()], match.start(), match.end(), float(digits), _step(digits),
                          TIMES, *hedges(hidden, match.start()), (), True, None, _place(digits, float(digits)))  # fmt: skip


def _clock_times(text: str, hidden: str) -> Iterator[Mention]:
    """`2h 2m`, `1h34m`: one duration, in minutes."""
    for match in _CLOCK.finditer(hidden):
        value = 60.0 * int(match["hours"]) + int(match["minutes"])
        yield Mention(text[match.start() : match.end()], match.start(), match.end(), value, 0.5, parse_unit("minute"),
                      *hedges(hidden, match.start()), (), False, None, 1.0)  # fmt: skip
