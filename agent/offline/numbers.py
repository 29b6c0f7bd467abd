"""Numbers as people write them: digits with suffixes, spelled-out, fractions."""

from __future__ import annotations

from dataclasses import dataclass

from agent.offline.words import Token

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
_FRACTIONS = {"half": 0.5, "third": 1 / 3, "quarter": 0.25, "fifth": 0.2, "tenth": 0.1, "thirds": 1 / 3,
              "quarters": 0.25, "fifths": 0.2, "tenths": 0.1, "eighth": 0.125, "sixth": 1 / 6}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Number:
    """A value and the tokens it covers (`first` inclusive, `last` exclusive); `glued` is an attached unit or name."""

    value: float
    first: int
    last: int
    scaled: bool = False
    spelled: bool = False
    glued: str = ""


def read_number(tokens: list[Token], i: int) -> Number | None:
    """The number that starts at token `i`, with its scale words; None when there is none."""
    if tokens[i].is_number:
        return _digits(tokens, i)
    return _spelled(tokens, i)


def _glued(tokens: list[Token], i: int) -> bool:
    return i > 0 and i < len(tokens) and tokens[i].start == tokens[i - 1].end


def _digits(tokens: list[Token], i: int) -> Number:
    value, last = float(tokens[i].text.replace(",", "")), i + 1
    if (
        _glued(tokens, last)
        and tokens[last].text == "/"
        and _glued(tokens, last + 1)
        and tokens[last + 1].is_number
    ):
        below = float(tokens[last + 1].text.replace(",", ""))
        if below and not (_glued(tokens, last + 2) and tokens[last + 2].text == "/") and value < below <= 100:
            return Number(value / below, i, last + 2)
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
    if [t.low for t in tokens[last : last + 3]] == ["and", "a", "half"]:
        value, last = value + 0.5, last + 3
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
    if word in ("a", "an", "half", "one", "two", "three", "four"):
        fraction = _fraction(tokens, i)
        if fraction is not None:
            return fraction
    if word in ("a", "an") and after in SCALES:
        return _scale_words(tokens, Number(1.0, i, i + 1, spelled=True))
    if word not in SPELLED:
        return None
    total = group = 0.0
    scaled = False
    last = i
    while last < len(tokens):
        low = tokens[last].low
        if low in SPELLED:
            group += SPELLED[low]
        elif low in SCALES and SCALES[low] <= 100:
            group = (group or 1) * SCALES[low]
        elif low in SCALES:
            total, group, scaled = total + (group or 1) * SCALES[low], 0.0, True
        elif low in ("-", "and") and last + 1 < len(tokens) and _continues(tokens, last, low):
            pass
        else:
            break
        last += 1
    return _scale_words(tokens, Number(total + group, i, last, scaled=scaled, spelled=True))


def _continues(tokens: list[Token], i: int, joint: str) -> bool:
    """Whether `forty-two`, `hundred and five`, `forty-thousand` goes on after the hyphen or the `and`."""
    after, before = tokens[i + 1].low, tokens[i - 1].low
    if joint == "and":
        return after in SPELLED and before in SCALES
    return (after in SPELLED or after in SCALES) and _glued(tokens, i + 1)


def _fraction(tokens: list[Token], i: int) -> Number | None:
    """`half a million`, `a quarter`, `two thirds`, `a half`."""
    words = [t.low for t in tokens[i : i + 4]]
    if words[0] == "half" and words[1:2] == ["a"] and len(words) > 2 and words[2] in SCALES:
        return _scale_words(tokens, Number(0.5, i, i + 2, spelled=True))
    top = {"a": 1.0, "an": 1.0, "one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0}.get(words[0])
    step = 2 if words[1:2] == ["-"] else 1
    if top is None or len(words) <= step or words[step] not in _FRACTIONS:
        return None
    if (
        words[step] in ("half", "quarter")
        and words[step + 1 : step + 2]
        and words[step + 1] in ("'s", "of")
        and top == 1
    ):
        follow = tokens[i + step + 2].low if i + step + 2 < len(tokens) else ""
        if words[step] == "quarter" and not follow.startswith(("the", "all", "it")):
            return None  # "a quarter of shipments" is three months
    if (
        words[step] == "quarter"
        and top == 1
        and words[0] in ("a", "an")
        and words[step + 1 : step + 2] not in (["of"], ["or"])
    ):
        return None
    return Number(top * _FRACTIONS[words[step]], i, i + step + 1, spelled=True)
