"""Number formats named in a question ("FP8 weights and bf16 KV", "4-bit", "one byte per weight") and what each is for."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BITS = r"(?:4|6|8|16|32|four|six|eight|sixteen|thirty-two)"
_FORMAT = re.compile(
    r"(?<![\w])(?:(?:nv|mx)?(?:fp|bf|tf|int|float|bfloat)[- ]?(?:4|6|8|16|32)(?:[- ]bit)?|"
    + _BITS
    + r"[- ]?bits?\b|"
    r"w(?:4|8|16)a(?:4|8|16)|awq|gptq|half precision|e[45]m[23]|"
    r"(?:half a|one|1|two|2|four|4)[- ]bytes?\b(?= (?:per|a|an|each|every|for (?:each|every)|apiece)\b))(?![\w])",
    re.I,
)
_BELOW_ZERO = re.compile(r"\b(minus|negative) $|(?<!\w)[-−]$", re.I)  # "minus 8 bits" is no format
_KV = re.compile(r"\b(kv|cache|key[- ]value)\b", re.I)
_EACH_BOTH = re.compile(r"\b(everything|both|all|throughout|everywhere)\b", re.I)
_TOO = re.compile(r"\b(kv |cache )+(too|as well|also|likewise)\b", re.I)
_NAMES = {"half precision": "16 bit", "half": "4 bit", "one": "8 bit", "1": "8 bit", "two": "16 bit", "2": "16 bit", "four": "32 bit", "4": "32 bit"}  # fmt: skip
_SPELLED = {"four": "4", "six": "6", "eight": "8", "sixteen": "16", "thirty-two": "32"}


@dataclass(frozen=True, slots=True)
class PrecisionMention:
    """A number format and what it is said of: `weights`, `kv`, `both` or nothing."""

    value: str
    of: str
    start: int
    end: int


def find_precisions(text: str) -> list[PrecisionMention]:
    """The formats from left to right; beside one that is said of the cache, one said of nothing is the weights'."""
    matches = [m for m in _FORMAT.finditer(text) if not _BELOW_ZERO.search(text[: m.start()])]
    out = []
    for k, match in enumerate(matches):
        left = matches[k - 1].end() if k else 0
        right = matches[k + 1].start() if k + 1 < len(matches) else len(text)
        of = _said_of(text, match, left, right)
        out.append(PrecisionMention(_canonical(match.group()), of, match.start(), match.end()))
    if len(out) == 2 and sorted(p.of for p in out) == ["", "kv"]:
        out = [PrecisionMention(p.value, p.of or "weights", p.start, p.end) for p in out]
    return out


def _canonical(said: str) -> str:
    """The name that calculators know: "eight-bit" and "one byte" are "8 bit"."""
    low = said.lower()
    if "byte" in low:
        return _NAMES[re.split(r"[- ]", low)[0]]
    match = re.match(r"(four|six|eight|sixteen|thirty-two)[- ]?bits?$", low)
    if match is not None:
        return f"{_SPELLED[match.group(1)]} bit"
    return re.sub(r"bits$", "bit", said, flags=re.I)


def _own_side(after: str, followed: bool) -> str:
    """What is said before a "but" or "while"; "fp8 weights and the KV in" belongs from the "and" on to the next format."""
    piece = re.split(r"\b(?:but|while|whereas|except|though)\b", after, maxsplit=1, flags=re.I)[0]
    joint = re.search(r"(?:\band\b[\w\s]*|[(,]\s*|\bwith an?\s*)\b(?:kv|cache)\b[\w\s]*$", piece, re.I)
    return piece[: joint.start()] if followed and joint is not None else piece


_EVERYTHING = re.compile(r"\b(everything|throughout|everywhere)\b", re.I)


def _said_of(text: str, match: re.Match[str], left: int, right: int) -> str:
    """What the format belongs to: the words right after it first, then those right before."""
    if _TOO.search(text[match.end() : min(right, match.end() + 24)]):
        return "both"
    after = re.split(
        r"[,;.?!]|\b(?:and|with|at|on|plus)\b(?!\s*(?:the )?(?:kv|cache))",
        _own_side(
            text[match.end() : min(right, match.end() + 34)], right < len(text) and right <= match.end() + 34
        ),
        maxsplit=1,
        flags=re.I,
    )[0]
    before = re.split(
        r"[,;.?!]|\b(?:with|on|plus)\b", text[max(left, match.start() - 44) : match.start()], flags=re.I
    )[-1]
    if not _EACH_BOTH.search(before) and not re.search(
        r"weights? and (?:the |its )?(?:kv|cache)", before, re.I
    ):
        before = re.split(r"\band\b", before, flags=re.I)[-1][-30:]
    if _EVERYTHING.search(before):
        return "both"
    for piece in (after, before):
        kv, weights = bool(_KV.search(piece)), bool(re.search(r"\b(weights?|param\w*)\b", piece, re.I))
        if _EACH_BOTH.search(piece) or (kv and weights):
            return "both"
        if kv:
            return "kv"
        if weights:
            return "weights"
    return ""
