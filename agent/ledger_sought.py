"""Patterns that look before they search.

The ledger's patterns are many and find something in few texts. `Sought` reads in a pattern's own parse tree which
words stand in whatever it matches ("Jan", "Feb" … of a date), and searches only texts with one of them: a substring
is found at a twentieth of a pattern's cost. What is found is what the pattern alone would find.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

MOST_LETTERS = 5  # of a set that is spelled out: [Yy]ear is Year and year
MOST_WORDS = 70  # more are no cheaper to look for than the pattern


class Sought:
    """A compiled pattern, and the words of which a text must have one."""

    __slots__ = ("_folded", "needs", "pattern")

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self.pattern = re.compile(pattern, flags)
        tree = parser.parse(pattern, flags)
        self._folded = bool(tree.state.flags & re.IGNORECASE) or _folds(tree)
        words = {word.casefold() for word in needed(tree)} if self._folded else needed(tree)
        self.needs = tuple(sorted(words)) if 0 < len(words) <= MOST_WORDS else ()

    def may(self, text: str) -> bool:
        """Whether the pattern can match anywhere in the text."""
        if not self.needs:
            return True
        return any(map((text.casefold() if self._folded else text).__contains__, self.needs))

    def sub(self, replaced: Callable[[re.Match[str]], str], text: str) -> str:
        return self.pattern.sub(replaced, text) if self.may(text) else text

    def finditer(self, text: str, start: int = 0, end: int = sys.maxsize) -> Iterator[re.Match[str]]:
        return self.pattern.finditer(text, start, end) if self.may(text) else iter(())


def needed(tree: Iterable[tuple[Any, Any]]) -> frozenset[str]:
    """Words of which at least one stands in every match of a parsed pattern; none when nothing is sure."""
    best, words = frozenset[str](), frozenset([""])
    for kind, what in tree:
        letters = _letters(kind, what)
        if letters and len(words) * len(letters) <= MOST_LETTERS:
            words = frozenset(word + letter for word in words for letter in letters)
            continue
        best = _better(best, words)
        words = letters or frozenset([""])
        best = _better(best, _inside(kind, what))
    return _better(best, words)


def _letters(kind: Any, what: Any) -> frozenset[str]:
    """The letters that stand here, when they are few."""
    if kind is op.LITERAL:
        return frozenset([chr(what)])
    if kind is op.IN and len(what) <= MOST_LETTERS and all(k is op.LITERAL for k, _ in what):
        return frozenset(chr(code) for _, code in what)
    return frozenset()


def _inside(kind: Any, what: Any) -> frozenset[str]:
    """The words needed by a part that has parts."""
    if kind is op.SUBPATTERN:
        return needed(what[3])
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT) and what[0] > 0:
        return needed(what[2])
    if kind is op.ASSERT and what[0] > 0:  # (?=…): it stands after the match, in the text all the same
        return needed(what[1])
    if kind is op.BRANCH:
        ways = [needed(way) for way in what[1]]
        return frozenset().union(*ways) if all(ways) else frozenset()
    return frozenset()


def _better(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    """The choice whose shortest word is longer: it will be in fewer texts."""

    def worth(words: frozenset[str]) -> tuple[int, int]:
        return min(map(len, words), default=0), -len(words)

    return max(one, other, key=worth) if "" not in other else one


def _folds(tree: Any) -> bool:
    """Whether a part of the pattern ignores case: (?i:…)."""
    for kind, what in tree:
        if kind is op.SUBPATTERN and (what[1] & re.IGNORECASE or _folds(what[3])):
            return True
        if kind is op.BRANCH and any(map(_folds, what[1])):
            return True
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT) and _folds(what[2]):
            return True
    return False
