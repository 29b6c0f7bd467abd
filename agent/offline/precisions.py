"""Number formats named in a question ("FP8 weights and bf16 KV", "4-bit") and which field each is for."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FORMAT = re.compile(
    r"(?<![\w])(?:(?:nv|mx)?(?:fp|bf|tf|int|float|bfloat)[- ]?(?:4|6|8|16|32)(?:[- ]bit)?|(?:4|6|8|16|32)[- ]?bits?\b|"
    r"w(?:4|8|16)a(?:4|8|16)|awq|gptq|half precision|e[45]m[23])(?![\w])",
    re.I,
)
_KV = re.compile(r"\b(kv|cache|key[- ]value)\b", re.I)
_WEIGHTS = re.compile(r"\b(weights?|params?|parameters?|model)\b", re.I)


@dataclass(frozen=True, slots=True)
class PrecisionMention:
    """A number format and what it is said of: `weights`, `kv`, `both` or nothing."""

    value: str
    of: str
    start: int
    end: int


def find_precisions(text: str) -> list[PrecisionMention]:
    matches = list(_FORMAT.finditer(text))
    out = []
    for k, match in enumerate(matches):
        left = matches[k - 1].end() if k else 0
        right = matches[k + 1].start() if k + 1 < len(matches) else len(text)
        out.append(
            PrecisionMention(
                _singular(match.group()), _said_of(text, match, left, right), match.start(), match.end()
            )
        )
    return out


def _own_side(after: str, followed: bool) -> str:
    """What is said before a "but" or "while"; "fp8 weights and the KV in" belongs from the "and" on to the next format."""
    piece = re.split(r"\b(?:but|while|whereas|except|though)\b", after, maxsplit=1, flags=re.I)[0]
    joint = re.search(r"\band\b[\w\s]*\b(?:kv|cache)\b[\w\s]*$", piece, re.I)
    return piece[: joint.start()] if followed and joint is not None else piece


def _singular(said: str) -> str:
    """ "8 bits" is the format that calculators know as "8 bit"."""
    return re.sub(r"bits$", "bit", said, flags=re.I)


def _said_of(text: str, match: re.Match[str], left: int, right: int) -> str:
    """What the format belongs to: the words right after it first, then those right before."""
    after = re.split(
        r"[,;.?!]|\b(?:and|with|at|on|plus)\b(?!\s*(?:the )?(?:kv|cache))",
        _own_side(
            text[match.end() : min(right, match.end() + 34)], right < len(text) and right <= match.end() + 34
        ),
        maxsplit=1,
        flags=re.I,
    )[0]
    before = re.split(
        r"[,;.?!]|\b(?:and|with|on|plus)\b", text[max(left, match.start() - 30) : match.start()], flags=re.I
    )[-1]
    for piece in (after, before):
        kv, weights = bool(_KV.search(piece)), bool(re.search(r"\bweights?\b", piece, re.I))
        both = bool(re.search(r"\b(everything|both|all|throughout|everywhere)\b", piece, re.I))
        if both or (kv and weights):
            return "both"
        if kv:
            return "kv"
        if weights:
            return "weights"
    return ""
