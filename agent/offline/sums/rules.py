"""How two neighbouring parts of a word problem may be joined: times, over, plus, minus, a change, a power.

Each rule looks at the units of the two parts and at the words between and around them, and says how clear the join
is. No rule knows a subject: "drawing", "each" and "at" join a count to what each of the counted has, whatever it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from agent.offline.sums.compare import alike_pair, comparisons, percents_joined, sums_of
from agent.offline.sums.item import Item, Problem
from agent.offline.sums.products import products, quotients
from agent.offline.sums.roles import step_of


def joined(a: Item, b: Item, problem: Problem) -> Iterator[Item]:
    """Every way to join two neighbours."""
    gap = problem.between(a, b)
    words = frozenset(gap)
    if "growth" in (a.kind, b.kind):
        yield from _powers(a, b)
        return
    if a.kind == "percent" or b.kind == "percent":
        yield from percents_joined(a, b, words, problem)
        return
    torn = 0.6 if _torn(a, b) or _compared_elsewhere(a, b, problem) else 1.0
    for made in (*products(a, b, gap, words, problem), *quotients(a, b, gap, words, problem)):
        yield made if torn == 1.0 else replace(made, weight=made.weight * torn)
    alike = alike_pair(a, b)
    if alike is not None:
        apart = 0.5 if torn != 1.0 and not (a.leaf and b.leaf) else 1.0
        for made in (*sums_of(*alike, words, problem), *comparisons(*alike, gap, words, problem)):
            yield made if apart == 1.0 else replace(made, weight=made.weight * apart)


def _torn(a: Item, b: Item) -> bool:
    """Whether one end of "from A to B" is joined with something else than its other end."""
    return any(
        x.leaf and x.term is not None and (x.term.from_ or x.term.to) and x.kind != "part" for x in (a, b)
    )


_VERSUS = frozenset({"vs", "versus", "against"})


def _compared_elsewhere(a: Item, b: Item, problem: Problem) -> bool:
    """Whether one of "5k versus 30k" is joined with something else than the other."""
    n = len(problem.gaps)
    sides = ((a, a.first - 1, a.first - 1), (b, b.last, b.last + 1))
    return any(
        x.leaf and 0 <= gap < n and bool(_VERSUS & frozenset(problem.gaps[gap])) and problem.terms[k].dims == x.dims
        for x, gap, k in sides
    )  # fmt: skip


def _powers(a: Item, b: Item) -> Iterator[Item]:
    """Growth by so much every period, for so long; and what grows."""
    if a.kind == "growth" and b.kind == "growth":
        return
    g, other = (a, b) if a.kind == "growth" else (b, a)
    if g.term is None or g.form:
        return
    if other.dims == (("s", 1),) and other.leaf:
        step, base = step_of(g.term)
        n = other.value / g.term.period
        yield Item(
            min(a.first, b.first),
            max(a.last, b.last),
            step**n,
            (),
            "factor",
            0.95 * other.weight,
            f"{base} ^ {n:.12g}",
            (g,),
            None,
        )


__all__ = ["joined"]
