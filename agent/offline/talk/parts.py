"""One message with two questions: "What's the max batch …? And what does one token cost at …?"

A message is taken apart where each part has an asking of its own; the parts are then decided like turns of a thread,
so that the second may lean on the first. What surrounds them belongs to the first.
"""

from __future__ import annotations

import re

MOST = 3  # questions answered in one message
_OPENING = re.compile(
    r"(?:(?:and|so|then|also|plus|but|now)\b,? )*(?:what|what's|whats|which|how|where|when|who)\b(?! (?:if|about|i|we|you|they|he)\b)",
    re.I,
)
_HOW = re.compile(r"\bhow (?:many|much|long|big|fast)\b", re.I)
_SENTENCE = re.compile(r"(?<=[?!;])\s+|(?<=[a-z)%\d])\.\s+(?=[A-Z])")
_CLAUSE = re.compile(
    r"[,;]?\s+(?=(?:and|then|also|plus)\b,? (?:then |also |so )?(?:what|which|how (?:many|much|long|big|fast)|where (?:did|does|was))\b(?! (?:if|about)\b))",
    re.I,
)


def asking_parts(text: str) -> tuple[str, ...]:
    """The questions of a message, each with what leads up to it; one when there is but one."""
    pieces = [p.strip() for s in _SENTENCE.split(text) for p in _CLAUSE.split(s) if p and p.strip()]
    if len(pieces) < 2:
        return (text,)
    parts: list[str] = []
    lead: list[str] = []
    for piece in pieces:
        lead.append(piece)
        if asks(piece):
            parts.append(_together(lead))
            lead = []
    if not 2 <= len(parts) <= MOST:
        return (text,)
    if lead:  # "… Assume 10 % is kept free." holds for all
        after = _together(lead)
        parts = [_together([p, after]) for p in parts]
    return tuple(parts)


def asks(piece: str) -> bool:
    """Whether a stretch of text asks: a question mark, an asking word it begins with, or "how many" anywhere."""
    if piece.endswith("?"):
        return len(piece.split()) > 1
    return bool(_OPENING.match(piece)) or bool(_HOW.search(piece))


def _together(pieces: list[str]) -> str:
    return " ".join(
        p if p.endswith((".", "?", "!", ";", ",", ":")) else f"{p}." if k < len(pieces) - 1 else p
        for k, p in enumerate(pieces)
    )
