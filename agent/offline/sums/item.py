"""A word problem and its partly read stretches: the value they come to, and how it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.offline.reading.words import stem
from agent.offline.sums import words as say
from agent.offline.sums.asked import Asked
from agent.offline.sums.dims import Dims
from agent.offline.sums.terms import Term


@dataclass(frozen=True, slots=True)
class Item:
    """Terms `first` … `last` joined: `form` with `{0}`, `{1}` for its parts, or one term when it has none.

    `kind`: amount, count, percent (as stated), part (a share taken of something), factor, ratio, change, growth or years.
    `weight` is the product of how clear each join is, 0 … 1.
    """

    first: int
    last: int
    value: float
    dims: Dims
    kind: str
    weight: float
    form: str = ""
    parts: tuple[Item, ...] = ()
    term: Term | None = None
    absorbed: int = (
        -1
    )  # the part whose counted things are not part of the unit: 400 servers × 350 W is a power
    loose: bool = False  # additive, so that it needs brackets within a product

    @property
    def leaf(self) -> bool:
        return not self.parts

    def written(self, plain: bool) -> str:
        """The expression; `plain` leaves out the units of things counted."""
        if self.term is not None:
            text = self.term.plain if plain else self.term.full
            return self.form.format(text) if self.form else text
        return self.form.format(
            *(p.bracketed(plain or k == self.absorbed, self.form) for k, p in enumerate(self.parts))
        )

    def bracketed(self, plain: bool, within: str) -> str:
        text = self.written(plain)
        if self.leaf and not self.loose:
            return text
        if self.loose and not within.startswith("{0} + {1}"):
            return f"({text})"
        return text if within.startswith(("{0} * {1}", "{0} + {1}", "{0} - {1}")) else f"({text})"


@dataclass(frozen=True, slots=True)
class Problem:
    """The terms, the words between neighbours, and what is asked for."""

    terms: tuple[Term, ...]
    gaps: tuple[tuple[str, ...], ...]
    asked: Asked

    def between(self, a: Item, b: Item) -> tuple[str, ...]:
        return self.gaps[a.last]

    def bound(self, k: int) -> bool:
        """Whether a bare "times" stands between terms `k` and `k + 1`."""
        gap = self.gaps[k] if 0 <= k < len(self.gaps) else ()
        return 0 < len(gap) <= 2 and bool(frozenset(gap) & say.TIMES)

    def whole(self, a: Item, b: Item) -> bool:
        """Whether the join would be the last one."""
        return a.first == 0 and b.last == len(self.terms) - 1


def leaf(
    k: int, term: Term, kind: str = "", weight: float = 1.0, form: str = "", value: float | None = None
) -> Item:
    return Item(
        k,
        k,
        term.value if value is None else value,
        term.dims,
        kind or term.kind,
        weight,
        form,
        (),
        term,
        loose=bool(form) and not form.startswith("("),
    )


def join(
    a: Item, b: Item, form: str, value: float, dims: Dims, kind: str, clear: float, *, absorbed: int = -1
) -> Item:
    """Two neighbours made one, in the order in which they are written."""
    span = min(a.first, b.first), max(a.last, b.last)
    loose = " + " in form or " - " in form
    return Item(*span, value, dims, kind, a.weight * b.weight * clear, form, (a, b), None, absorbed, loose)


SCALARS = frozenset({"part", "factor", "ratio", "growth"})


def near_words(item: Item) -> frozenset[str]:
    return frozenset() if item.term is None else frozenset((*item.term.before[-4:], *item.term.after[:4]))


def stem_of(word: str) -> str:
    return stem(word) if word.isalpha() and len(word) > 3 else ""


def whole_item(
    problem: Problem, value: float, dims: Dims, kind: str, weight: float, form: str, terms: Sequence[int]
) -> Item:
    parts = tuple(leaf(k, problem.terms[k]) for k in terms)
    return Item(0, len(problem.terms) - 1, value, dims, kind, weight, form, parts)


__all__ = ["SCALARS", "Item", "Problem", "join", "leaf", "near_words", "stem_of", "whole_item"]
