"""The end of a range that a question means: "the biggest new CPU over the old part", "worst case", "at least"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from agent.offline.reading.words import stem
from agent.offline.score import Question

REACH = 8  # tokens from a figure's name to a word that chooses an end of it

Positions = Mapping[str, Sequence[int]]


def positions(question: Question) -> Positions:
    """Every word of the question by its stem, names among them: stem → tokens."""
    memo, key = question.words.memo, ("positions",)
    if key not in memo:
        found: dict[str, list[int]] = {}
        for i, token in enumerate(question.reading.tokens):
            if token.is_word:
                found.setdefault(stem(token.text.removesuffix("'s").removesuffix("’s")), []).append(i)
        memo[key] = found
    done: Positions = memo[key]
    return done


_ENDS = (
    ("high", re.compile(r"\b(top|upper|high(?:er|est)?|maximum|max|at most|most|optimistic\w*|best|ceiling|rosi\w+|biggest|largest|larger|bigger|longest|longer|long|greatest)\b", re.I)),
    ("low", re.compile(r"\b(bottom|low(?:er|est)?|minimum|min|at (?:the )?(?:very )?least|floor|pessimistic\w*|worst|conservative\w*|cautious\w*|smallest|smaller|shortest|short(?:er)?(?= (?:end|one|side|figure|horizon|version))|short|fewest|milder|mildest)\b", re.I)),
)  # fmt: skip
_NOT_ENDS = re.compile(
    r"\b(most (common|of)|low(er)? (does|is|would|in)|(how|%|percent|times|much|dollars?|billion|million) (many )?(more|lower|higher|longer|larger|bigger|smaller|shorter))\b",
    re.I,
)


def end_words(question: Question) -> list[tuple[str, int]]:
    """The words that choose an end of a range, with the token each stands at."""
    memo, key = question.words.memo, ("end words",)
    if key not in memo:
        text = question.text
        not_ends = [m.span() for m in _NOT_ENDS.finditer(text)]
        at = {t.start: i for i, t in enumerate(question.reading.tokens)}
        memo[key] = [
            (end, at[m.start()])
            for end, pattern in _ENDS
            for m in pattern.finditer(text)
            if m.start() in at and not any(a <= m.start() < b for a, b in not_ends)
        ]
    done: list[tuple[str, int]] = memo[key]
    return done


def chosen_end(question: Question, words: Iterable[str]) -> str:
    """ "high" or "low" for a figure of these words: what the nearest word says, or the only one; "" where none does."""
    chosen = end_words(question)
    ends = {end for end, _ in chosen}
    if len(ends) < 2:
        return next(iter(ends), "")
    said = positions(question)
    places = [i for w in words for i in said.get(w, ())]
    apart, end = min((min((abs(i - at) for i in places), default=99), end) for end, at in chosen)
    return end if apart <= REACH else ""
