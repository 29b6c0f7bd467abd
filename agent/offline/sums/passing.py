"""How many must be made so that enough of them pass."""

from __future__ import annotations

from agent.offline.sums import words as say
from agent.offline.sums.item import Item, Problem
from agent.offline.sums.terms import Term


def passed(share: Term, other: Item, problem: Problem) -> bool:
    """ "4 % pass and I want 50k good ones: how many must I make?": what is wanted is what passes of the made."""
    near = frozenset((*share.after[:6], *share.before[-3:]))
    asked = problem.asked
    effort = (asked.words or asked.every) & say.EFFORT
    if not near & say.PASSES or not effort or asked.kind not in ("count", "unit", "open"):
        return False
    terms = _terms_of(other)
    return any(frozenset(t.before[-4:]) & say.WANTED or frozenset(t.after[:2]) & say.WELL for t in terms)


def _terms_of(item: Item) -> list[Term]:
    return [item.term] if item.term is not None else [t for p in item.parts for t in _terms_of(p)]


__all__ = ["passed"]
