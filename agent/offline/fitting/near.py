"""The words that belong to a quantity: those near it, nearer ones heavier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.offline.reading.features import Features
from agent.offline.reading.reading import Reading

# Words in a field's name that make it a special one, and what a text says when it means that one.
QUALIFIERS: dict[str, frozenset[str]] = {
    "new": frozenset(
        [
            "new",
            "now",
            "then",
            "later",
            "next",
            "becomes",
            "drops",
            "falls",
            "rises",
            "to",
            "goes",
            "instead",
            "after",
            "left",
        ]
    ),
    "other": frozenset(
        [
            "than",
            "vs",
            "versus",
            "against",
            "to",
            "compared",
            "compare",
            "relative",
            "over",
            "other",
            "and",
            "another",
            "second",
        ]
    ),
    "change": frozenset(
        [
            "change",
            "changes",
            "changed",
            "fall",
            "falls",
            "rise",
            "rises",
            "drop",
            "drops",
            "grow",
            "grows",
            "growth",
            "up",
            "down",
            "double",
            "doubles",
            "points",
        ]
    ),
    "points": frozenset(["point", "points"]),
    "earlier": frozenset(["earlier", "previous", "before", "last", "old", "from", "than", "against"]),
    "failed": frozenset(
        [
            "failed",
            "fail",
            "fails",
            "dead",
            "broken",
            "replaced",
            "pulled",
            "lost",
            "die",
            "dies",
            "died",
            "bad",
        ]
    ),
    "saving": frozenset(["save", "saves", "saving", "savings", "saved"]),
    "tensor": frozenset(["tensor", "tp", "tp8", "parallel", "parallelism"]),
    "freed": frozenset(["freed", "free", "frees"]),
    "kv": frozenset(["kv", "cache", "key", "attention", "gqa"]),
    "list": frozenset(["list", "listed", "rack", "sticker", "official", "quoted", "catalogue"]),
    "plain": frozenset(["plain", "without", "ordinary", "normal", "non", "against"]),
    "teacher": frozenset(["teacher"]),
    "cached": frozenset(["cached", "cache"]),
    "draft": frozenset(["draft", "speculative"]),
    "target": frozenset(["target", "reach", "hit", "keep", "goal", "keeps"]),
    "residual": frozenset(["residual", "resale", "salvage"]),
}


UNITS_ONLY = frozenset(
    ["percent", "percentage", "pct", "cent", "cents", "dollar", "dollars", "usd", "bucks", "times", "fold"]
)
SHARES = frozenset({"share", "percent", "margin", "util"})


def money_near(near: Mapping[str, float]) -> float:
    """0 … 1: whether a bare number stands beside a word of money ("costing 3k", "a 240k salary")."""
    strongest = max(
        (near.get(s, 0.0) for s in ("cost", "salari", "revenu", "spend", "charg", "fund", "worth", "wag")),
        default=0.0,
    )
    return strongest if strongest >= 0.55 else 0.0


_HELD = frozenset(
    ["unchanged", "constant", "fixed", "held", "stays", "stay", "stayed", "flat", "steady", "unaltered"]
)
_BREAKS = frozenset([",", ".", ";", ":", "?", "!", "and", "but", "while", "whereas", "(", ")"])


def _held(reading: Reading, spans: list[tuple[int, int]]) -> frozenset[int]:
    """The words of clauses without a number that say something stays as it is: "price unchanged, …", "the price does not move"."""
    tokens, held, start = reading.tokens, set[int](), 0
    numbered = {i for a, b in spans for i in range(a, b)}
    for k in range(len(tokens) + 1):
        if k < len(tokens) and tokens[k].low not in _BREAKS:
            continue
        words = [t.low for t in tokens[start:k]]
        still = bool(_HELD & set(words)) or (
            bool({"not", "doesn't", "don't", "won't"} & set(words))
            and bool({"move", "change", "moves", "changes"} & set(words))
        )
        if still and not numbered & set(range(start, k)):
            held |= set(range(start, k))
        start = k + 1
    return frozenset(held)


class Words:
    """Words near each quantity or name of a reading, nearer ones heavier."""

    def __init__(self, reading: Reading, features: Features) -> None:
        self.reading, self.features = reading, features
        self._spans = [(q.first, q.last) for q in reading.quantities]
        self._cache: dict[tuple[int, int], dict[str, float]] = {}
        self.memo: dict[tuple[str, ...], Any] = {}  # what is worked out once a question and calculator
        self.present = frozenset(s for s, _ in features.stems)
        low = {t.low for t in reading.tokens}
        self.qualifiers = frozenset(q for q, said in QUALIFIERS.items() if low & said)
        self._held = _held(reading, self._spans)
        self.given = frozenset(s for s, i in features.stems if self._beside(i))

    def _beside(self, i: int) -> bool:
        """Whether a word stands beside a quantity ("10B revenue", "margin is 50 percent"): it is given, not asked for."""
        for q in self.reading.quantities:
            first = q.first - 1 if q.first and self.reading.tokens[q.first - 1].text == "$" else q.first
            if first - 1 <= i <= q.last:
                return True
            if i == first - 2 and self.reading.tokens[first - 1].low in ("is", "of", "at", "=", ":", "was"):
                return True
        return False

    def near(self, first: int, last: int) -> dict[str, float]:
        """Stem → weight for the words around tokens first..last."""
        key = (first, last)
        if key not in self._cache:
            self._cache[key] = self._near(first, last)
        return self._cache[key]

    def _near(self, first: int, last: int) -> dict[str, float]:
        near: dict[str, float] = {}
        for stem_, i in self.features.stems:
            if first <= i < last:
                near[stem_] = max(near.get(stem_, 0.0), self._inside(i))
                continue
            left = i < first
            money = 1 if left and first - 1 > i and self.reading.tokens[first - 1].text == "$" else 0
            distance = first - i - money if left else i - last + 1
            between = range(i + 1, first) if left else range(last, i)
            weight = self._barrier(between, first, last) / (1 + 0.22 * (distance - 1))
            weight *= 0.85 if left and self._belongs_left(i, first) else 1.0
            weight *= 0.2 if i in self._held else 1.0
            if any(a <= i < b for a, b in self._spans if (a, b) != (first, last)):
                weight *= 0.35  # "500 output tokens at $2.5": that word is the other number's
            if i == last + 1 and self.reading.tokens[last].low == "of":
                weight = 1.1  # "2,900 dollars of HBM"
            near[stem_] = max(near.get(stem_, 0.0), weight)
        self._in_out(last, near)
        return near

    def _inside(self, i: int) -> float:
        """A word inside a quantity says what is counted ("500 input tokens"); one that is only its unit tells no field apart."""
        return 0.0 if self.reading.tokens[i].low in UNITS_ONLY else 1.0

    def _belongs_left(self, i: int, first: int) -> bool:
        """Whether a word stands right after another quantity, which it then describes rather than ours."""
        return any(b == i for _, b in self._spans if b <= first)

    def _barrier(self, between: range, first: int, last: int) -> float:
        weight = 1.0
        for i in between:
            text = self.reading.tokens[i].low
            if text in ".;?!":
                weight *= 0.3
            elif (
                text in ("-", "–", "—")
                and 0 < i < len(self.reading.tokens) - 1
                and self.reading.tokens[i].start > self.reading.tokens[i - 1].end
            ):
                weight *= 0.5
            elif text in (",", ":", "(", ")", "vs", "versus", "->", "→"):
                weight *= 0.6
            elif text in ("and", "but"):
                weight *= 0.7
            elif text in ("while", "whereas", "when", "as"):
                weight *= 0.5
        for a, b in self._spans:
            if (a, b) != (first, last) and a in between:
                weight *= 0.45
        return weight

    def _in_out(self, last: int, near: dict[str, float]) -> None:
        """`$15/M in and $60/M out`: the particles say which side of the call."""
        tokens = self.reading.tokens
        word = tokens[last].low if last < len(tokens) else ""
        after = tokens[last + 1].low if last + 1 < len(tokens) else ""
        if word in ("in", "out") and not (
            word == "in" and after[:1].isalpha() and after not in ("and", "what", "how", "but", "then")
        ):
            near["prompt" if word == "in" else "output"] = 1.0
