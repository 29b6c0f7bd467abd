"""Words that say an operation, and whether an expression has it: a sum that leaves one unread is less to be trusted.

Every cue is a way of speaking and the sign that reads it: "together" wants a plus, "shared by" an over, "the others" a
minus. How many of them a sum leaves unread is evidence against it (`sum_unread`); no cue makes a sum.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from agent.offline.reading.reading import Reading
from agent.offline.sums import words as say
from agent.offline.sums.asked import Asked
from agent.offline.sums.terms import Term


@dataclass(frozen=True, slots=True)
class _Signs:
    """The operations of an expression, and what its numbers are."""

    plus: int
    minus: bool
    over: bool
    power: bool
    mean: bool
    scalars: bool  # nothing but percentages and factors
    raised: bool  # by a percentage
    shares: bool  # a percentage or a fraction is among them


def _signs(expression: str, terms: tuple[Term, ...]) -> _Signs:
    kinds = {t.kind for t in terms}
    return _Signs(
        expression.count(" + ") - expression.count("(1 + "), " - " in expression, " / " in expression, "^" in expression, "mean(" in expression,
        kinds <= {"factor", "percent", "growth"}, "(1 + " in expression, any(t.kind == "percent" for t in terms),
    )  # fmt: skip


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(rf"\b(?:{p})\b" for p in patterns), re.I)


_COMPARED = _any(r"\d[\w.,]*(?: [a-z]+)? (?:more|less|fewer) than")
# said anywhere in the text
_TOLD: tuple[tuple[re.Pattern[str], Callable[[_Signs], bool]], ...] = (
    (_any(r"shared (?:by|among|between|equally|evenly)", r"split", r"instal?ments?", r"divided", r"each pays"), lambda s: s.over),
    (_any(r"the (?:others|rest|remainder|other (?:\d|two|three))", r"other(?: \w+)? (?:half|third)", r"without", r"except(?: for)?", r"strip(?:ped)?", r"ignoring", r"leaving out", r"net of", r"minus", r"less the"), lambda s: s.minus),
    (_any(r"on top(?: of)?", r"in front", r"extra", r"additional(?:ly)?", r"another", r"\d more (?!than|expensive|efficient)\w+"), lambda s: s.plus > 0 or s.minus or s.scalars or s.raised),
    (_COMPARED, lambda s: s.plus > 0 or s.minus or s.scalars),
    (_any(r"other way (?:a?round)", r"double.?count\w*", r"or rather", r"not [$]?\d[\w.,%]*", r"unless", r"but (?:one|not)", r"no longer"), lambda s: s.minus),
    (_any(r"(?<!each )(?<!every )(?<!which )(?<!that )one (?:is|was|of (?:them|which|these|those)(?! says| said| asks| thinks))", r"every (?:second|third|other)", r"a (?:dozen|couple|pair)", r"each of the other"), lambda s: False),
    (_any(r"(?:percent|%|half|third) (?:twice|two times|three times|thrice)", r"compound(?:ed|ing|s)?"), lambda s: s.power or s.plus > 1),
    (_any(r"for (?:every|each) [$]?(?:\d|one|two|three|dollar)"), lambda s: s.over),
    (_any(r"(?:months|years|weeks|days|hours|more) to go"), lambda s: s.minus or s.over),
    (_any(r"together (?:have|has|make|hold|cost|draw)"), lambda s: s.plus > 0 or s.minus or s.over),
)  # fmt: skip
_HOW_MANY_MORE = _any(r"how (?:many|much) (?:more|fewer|extra)(?! (?:expensive|costly|efficient))")
_IN_ALL = frozenset(["total", "altogether", "combined"])
_SHORTER = frozenset(["month", "monthly", "week", "weekly", "day", "daily", "quarter"])
_MOORE = _any(r"moore'?s")
_BOTH = frozenset(["together", "combined", "both", "altogether", "add", "adds"])
_BEFORE = frozenset(["before", "originally", "original", "initially", "previously", "start", "started", "begin", "earlier"])  # fmt: skip
_FIRST_PAID = frozenset(["upfront", "prepayment", "prepaid", "prepay", "deposit", "advance", "signing"])
_EFFORT = frozenset(["must", "needed", "start", "order", "interview", "generate", "crawl", "begin"])
_LEFT = frozenset(["left", "remaining", "remain", "remains", "remainder", "others", "leftover", "unused", "wasted", "rest"])  # fmt: skip


_CHANGED = frozenset(
    [
        "doubled",
        "doubles",
        "doubling",
        "tripled",
        "triples",
        "tripling",
        "halved",
        "halves",
        "halving",
        "quadrupled",
        "quadruples",
        "halve",
        "triple",
        "quadruple",
        "twice",
        "thrice",
    ]
)


def unread(reading: Reading, asked: Asked, terms: tuple[Term, ...], expression: str) -> int:
    """How many of the operations that the text speaks of the expression does not have, 0 … 3."""
    s, text = _signs(expression, terms), reading.text
    found = sum(1 for pattern, reads in _TOLD if not reads(s) and pattern.search(text))
    found += bool(_MOORE.search(text)) and "2 ^" not in expression and not any(t.value == 2 for t in terms)
    found += (
        any(t.verbal and t.after[-1:] == ("to",) for t in terms[:-1]) and not s.over
    )  # "tripled to 9,600"
    inside = {k for t in terms for k in range(t.first, t.last)}
    found += sum(t.low in _CHANGED and k not in inside for k, t in enumerate(reading.tokens))
    return min(found + sum(_asked_unread(text, asked, terms, s)), 3)


def _asked_unread(text: str, asked: Asked, terms: tuple[Term, ...], s: _Signs) -> list[bool]:
    """What the asking clause says is to be done, each with whether the expression fails to."""
    compared = bool(_COMPARED.search(text))
    multiplied = s.shares and not s.over and not s.minus and not s.plus
    return [
        asked.says(_BOTH) and not (s.plus > compared or s.mean or s.scalars),
        asked.says(_BEFORE) and (s.shares or any(t.kind == "factor" for t in terms)) and not s.over,
        asked.says(_FIRST_PAID) and not s.shares and not s.over,
        asked.says(_EFFORT) and multiplied,
        asked.says(_LEFT) and not (s.minus or (s.scalars and s.over)) and not _labelled(terms, _LEFT),
        asked.says(say.AVERAGE) and not (s.mean or s.plus),
        asked.kind == "ratio" and asked.says(_IN_ALL) and not s.plus and not s.scalars,
        asked.kind in ("unit", "count") and not (s.minus or s.plus) and bool(_HOW_MANY_MORE.search(text)),
        asked.kind == "percent"
        and asked.per == "year"
        and asked.mentions(_SHORTER)
        and not s.power
        and not any(t.period or t.unit_text in _SHORTER for t in terms),
    ]


def _labelled(terms: tuple[Term, ...], words: frozenset[str]) -> bool:
    """Whether a number is itself said to be the one asked for: "48 are left", "20 GB remaining"."""
    return any(words & frozenset((*t.before[-2:], *t.after[:4])) for t in terms)


__all__ = ["unread"]
