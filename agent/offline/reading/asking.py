"""Which sentences of a text ask, where their parts begin, and the words around the asking."""

from __future__ import annotations

from agent.offline.reading.asked_units import tokens_at
from agent.offline.reading.reading import Reading
from agent.offline.reading.words import STOP, Token, stem

_ASK_WORDS = frozenset([
    "how", "what", "what's", "whats", "which", "give", "tell", "compute", "calculate", "find", "convert",
    "express", "answer", "show", "need", "want", "like", "wants", "know", "work",
])  # fmt: skip


_RELATIVE = frozenset(["of", "to", "from", "with", "than", "in", "for", "on", "at", "by"])


OPENERS = frozenset(["how", "what", "what's", "whats", "which", "give", "compute", "calculate", "find"])


def asking_spans(tokens: list[Token]) -> list[tuple[int, int]]:
    """The sentences that ask (token spans, exclusive end): those with a question mark or an asking word; else the last."""
    spans, start = [], 0
    for i, t in enumerate(tokens):
        if (
            t.text in "?!"
            or t.text == ";"
            or (t.text == "." and i + 1 < len(tokens) and tokens[i + 1].start > t.end)
        ):
            spans.append((start, i + 1))
            start = i + 1
    if start < len(tokens):
        spans.append((start, len(tokens)))
    asking = [
        s
        for s in spans
        if tokens[s[1] - 1].text == "?" or any(t.low in _ASK_WORDS for t in tokens[s[0] : s[1]])
    ]
    sure = [
        s
        for s in asking
        if tokens[s[1] - 1].text == "?"
        or any(opens(tokens, i) or tokens[i].low in ("tell", "convert", "express") for i in range(*s))
    ]
    return sure or asking or spans[-1:]


def part_starts(tokens: list[Token], asked: list[tuple[int, int]]) -> set[int]:
    """Where the text, an asking sentence and its last part begin, the latter where no asking word is said."""
    starts = {0}
    for a, b in asked:
        if any(opens(tokens, i) for i in range(a, b)):
            continue
        breaks = [i + 1 for i in range(a, b - 1) if tokens[i].text in ",:;–—" or dash(tokens, i)]
        starts |= {a, *breaks[-1:], *(i for i in breaks if tokens[i - 1].text == ":")}
    return starts


def opens(tokens: list[Token], i: int) -> bool:
    """An asking word that asks: "of which", "with what's left" and ", which draws 900 W" only refer."""
    if tokens[i].low not in OPENERS:
        return False
    before = tokens[i - 1].low if i else ""
    if tokens[i].low == "which":
        return (
            not before or (not before[0].isalnum() and before != ",") or before in ("and", "so", "by", "but")
        )
    return not (
        tokens[i].low in ("what's", "whats", "what") and before in _RELATIVE - {"by", "to", "for", "at"}
    )


def inside(i: int, spans: list[tuple[int, int]]) -> bool:
    return any(a <= i < b for a, b in spans)


def full_stop(tokens: list[Token], k: int) -> bool:
    return tokens[k].text == "." and (k + 1 >= len(tokens) or tokens[k + 1].start > tokens[k].end)


def dash(tokens: list[Token], k: int) -> bool:
    return tokens[k].text == "-" and 0 < k < len(tokens) - 1 and tokens[k].start > tokens[k - 1].end


_OF = frozenset(["for", "of", "at", "with", "on", "from", "under", "in", "to"])


def focus_words(reading: Reading, taken: set[int], asked: list[tuple[int, int]]) -> dict[str, float]:
    """Content words near the asking word, nearer ones heavier."""
    tokens = reading.tokens
    near: dict[str, float] = {}
    anchors = [i for i in range(len(tokens)) if opens(tokens, i) and inside(i, asked)]
    if not anchors:
        anchors = [_last_clause(tokens, taken)]
    leading = not any(t.low in OPENERS for t in tokens) and -1 not in anchors and 0 not in taken
    for a in [*anchors, -1] if leading else anchors:
        if a < 0 and anchors != [-1] and max(near.values(), default=0.0) >= 0.7:
            break  # the asking clause itself says what is asked
        reach = 1.0
        for i in range(a + 1, min(a + 14, len(tokens))):
            token = tokens[i]
            if token.text in ".;?!:" or token.low in ("if", "when", "assuming", "given"):
                break
            if token.text == "," or token.low in ("at", "with", "on", "for", "from", "under"):
                reach *= 0.6
            if a < 0 and anchors != [-1] and (i in taken or token.text == "," or token.low in _OF):
                break  # "training compute for a 70B model": what a question without an asking word opens with
            if i in taken:
                reach *= 0.75
                continue
            if token.low in ("memory", "hbm") and tokens_at(tokens, i + 1) in ("bandwidth", "bw"):
                continue
            if (
                token.is_word
                and token.low not in STOP
                and token.low not in ("many", "much", "long", "x")
                and reading.masked(i) is None
            ):
                s = stem(token.text)
                near[s] = max(near.get(s, 0.0), reach)
                reach *= 0.93
    return near


def _last_clause(tokens: list[Token], taken: set[int]) -> int:
    """Where the asking clause of a question without an asking word begins: "…on 10B revenue, cost of serving in $B?"."""
    marks = [i for i, t in enumerate(tokens) if t.text == "?"]
    if not marks and not taken:
        return -1
    end = max(marks) if marks else len(tokens)
    start = max(
        (i for i in range(end) if tokens[i].text in ",.;:?!" or (tokens[i].low in ("if", "at", "with"))),
        default=-1,
    )
    if not marks and (start < 0 or tokens[start].text not in ",:;" or taken & set(range(start + 1, end))):
        return -1
    words = [
        i for i in range(start + 1, end) if tokens[i].is_word and i not in taken and tokens[i].low not in STOP
    ]
    return start if words else -1
