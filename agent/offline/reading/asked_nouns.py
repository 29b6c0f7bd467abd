"""Nouns that have a unit by themselves ("gross margin", "monthly bill", "throughput") and counted nouns that open a sentence."""

from __future__ import annotations

import re

from agent.offline.reading.asked_units import SCALE_ONLY, tokens_at, unit_phrase
from agent.offline.reading.asking import dash, opens
from agent.offline.reading.reading import Reading
from agent.offline.reading.words import Token

Candidate = tuple[float, str, bool]  # strength, unit, whether the text names it

# Nouns that have a unit by themselves, by the stem they are asked with.
NOUNS: dict[str, str] = {}


for _unit, _said in {
    "percent": "margin margins gm yield utilisation utilization mfu discount proportion fraction share irr slice",
    "dimensionless": "multiple multiplier ratio pue speedup p/e",
    "USD": "charge price cost bill revenue savings cheque prepayment payroll profit outlay benefit owe depreciation payment salary "
    "overpayment bom invoice tco",
    "second": "latency ttft tpot mtbf interval duration mttf",
    "token": "context",
    "request": "concurrency",
    "token/second": "throughput",
}.items():
    NOUNS |= dict.fromkeys(_said.split(), _unit)


_BEFORE_NOUN = frozenset([
    "concurrent", "total", "yearly", "annual", "max", "maximum", "number", "of", "the", "worst", "case",
    "-", "best", "most", "simultaneous", "and", "so", "mean", "average", "full", "whole",
])  # fmt: skip


def leading_noun(reading: Reading, taken: set[int], start: int) -> str:
    """ "Days to train …", "users at 4k …", "H100s needed to …": a sentence or its last part that opens with what it counts."""
    tokens = reading.tokens
    i = start
    while i < min(start + 4, len(tokens)) and i not in taken and tokens[i].low in _BEFORE_NOUN:
        i += 1
    if i >= len(tokens) or i in taken:
        return ""
    first, mention = tokens[i].low, reading.masked(i)
    unit, end = unit_phrase(reading, i, taken, money=False)
    if mention is not None:
        plural = mention.text.lower().endswith("s") and not mention.text.lower().endswith("ss")
        if unit == "chip*hour":
            return unit
        return "chip" if "chip" in mention.kinds and plural and mention.start == tokens[i].start else ""
    if first in ("time", "latency", "duration") and i == start == 0:
        return "second"
    if unit == "chip*hour" and tokens[end - 1].low in ("hours", "hrs"):
        return unit
    if not first.endswith("s") and first not in (
        "gb",
        "tb",
        "twh",
        "mwh",
        "kwh",
        "mw",
        "gw",
        "kw",
        "gib",
        "kib",
    ):
        return ""
    if unit.startswith(SCALE_ONLY) or (
        unit in ("dimensionless", "USD") and first not in ("dollars", "orders")
    ):
        return ""
    closed = end >= len(tokens) or tokens[end].low in _AFTER_COUNT or not tokens[end].is_word
    return unit if start == 0 or closed else ""


_AFTER_COUNT = frozenset([
    "between", "at", "on", "with", "for", "in", "to", "from", "if", "when", "that", "it", "of", "needed",
    "short", "left", "over", "freed", "saved", "per", "required", "i",
])  # fmt: skip


def noun_candidates(reading: Reading, taken: set[int], asked: list[tuple[int, int]]) -> list[Candidate]:
    """Nouns that have a unit of their own: the one nearest to the asking word, or in the last part of the sentence."""
    tokens, found = reading.tokens, []
    for a, b in asked:
        last_break = max(
            (i for i in range(a, b - 1) if tokens[i].text in ",:;–—" or dash(tokens, i)), default=a - 1
        )
        compared = _COMPARED.search(" ".join(t.low for t in tokens[a:b])) is not None
        tail_free = not any(i in taken for i in range(last_break + 1, b))
        anchor = -99
        opened = any(opens(tokens, i) for i in range(a, b))
        for i in range(a, b):
            if opens(tokens, i) or tokens[i].low in ("new", "implied"):
                anchor = i
            unit = _noun_at(tokens, i)
            if (
                not unit
                or i in taken
                or (_given(reading, i) and not (i == a and tokens_at(tokens, i + 1) == "at"))
            ):
                continue
            near = i - anchor <= 5 and not any(tokens[k].text in ",;:" for k in range(anchor, i))
            if unit == "USD" and compared:
                continue  # "how much lower is the price" is no amount of money
            leads = not opened and ((i - a <= 3 and last_break < a) or (i - a <= 1 and unit != "USD"))
            if near or (i > last_break and tail_free) or leads:
                found.append((2.6 - 0.02 * (i - anchor) if near else 2.3, unit, False))
    return found


_COMPARED = re.compile(
    r"how (?:much|many) \w+er\b|how much (?:did|does|do|has|have|can|could|must|would) .{1,50}\b(?:go up|go down|rise|fall|drop|grow|increase|decrease|shrink|multiply)\b"
)


_CHANGES = frozenset([
    "rise", "fall", "drop", "go", "goes", "cut", "increase", "decrease", "change", "growth", "ratio",
    "grow", "shrink", "gain", "gap", "decline", "reduction", "multiple", "over", "divided", "versus",
])  # fmt: skip


_PREPOSITIONS = frozenset(
    ["per", "/", "on", "of", "for", "with", "to", "in", "by", "at", "over", "from", "share"]
)


def _noun_at(tokens: list[Token], i: int) -> str:
    word = tokens[i].low.removesuffix("'s")
    if word == "p" and [t.low for t in tokens[i + 1 : i + 3]] == ["/", "e"]:
        return "dimensionless"
    unit = NOUNS.get(word, "")
    if word == "price" and i and tokens[i - 1].low == "share" and tokens_at(tokens, i + 1) not in _CHANGES:
        return "USD"
    if word == "gap" and any(t.low in ("x", "times", "doubles", "triples", "fold") for t in tokens):
        return "dimensionless"
    before, after = tokens[i - 1].low if i else "", tokens_at(tokens, i + 1)
    if (
        not unit
        or (word == "share" and after in ("price", "prices"))
        or after in _CHANGES
        or after in NOUNS
        or (after == "per" and tokens_at(tokens, i + 2) in ("dollar", "$", "usd"))
    ):
        return ""
    if (
        unit == "USD"
        and before in ("the", "a", "its", "share", "my", "our", "your")
        and tokens[i - 2].low in _PREPOSITIONS
        and i > 1
    ):
        return ""  # "return on the payment", "what happens to the price"
    return "" if unit == "USD" and before in _PREPOSITIONS | {"share"} else unit


def _given(reading: Reading, i: int) -> bool:
    """Whether a number says it already: "a 60% gross margin", "margin is 60", "price of $4"."""
    tokens = reading.tokens
    for q in reading.quantities:
        first = q.first - 1 if q.first and tokens[q.first - 1].text == "$" else q.first
        if q.last <= i <= q.last + 1 and not any(tokens[k].text in ",.;?:" for k in range(q.last, i)):
            return True
        gap = [t.low for t in tokens[i + 1 : first]] if i < first else ["?"]
        if len(gap) <= 2 and set(gap) <= {"is", "of", "at", "=", ":", "was", "be", "about", "stays", "to"}:
            return True
    return False
