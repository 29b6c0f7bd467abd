"""What a thing that is written off evenly is still worth, or has lost, after part of its life."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from agent.offline.sums.clause import TIME
from agent.offline.sums.item import Item, Problem, whole_item
from agent.offline.sums.shares import CERTAIN
from agent.offline.sums.terms import Term, with_unit

_EVENLY = frozenset(["straight", "linear", "linearly", "evenly", "schedule", "depreciation", "depreciate", "depreciated", "depreciates", "depreciating"])  # fmt: skip
_BOOKS = frozenset(["book", "books", "worth", "carrying", "undepreciated", "remaining", "remains", "left", "unamortised", "unamortized"])  # fmt: skip
_GONE = frozenset(["accumulated", "written", "depreciated", "expensed", "charged"])


def book_value(problem: Problem) -> Iterator[Item]:
    """ "$90k over five years straight line, what is it worth after two?", or what part of it: price × (1 − 2 / 5)."""
    asked = problem.asked
    if not asked.mentions(_EVENLY) and not {"written", "off"} <= asked.every:
        return
    ways = asked.words or asked.every
    left, gone = bool(ways & _BOOKS), bool(ways & _GONE)
    found = _life_and_age(problem) if left or gone else None
    if found is None:
        return
    terms, life, age = found
    problem = replace(problem, terms=terms)
    share = terms[age].value / terms[life].value
    part, form = (1 - share, "(1 - {0} / {1})") if left else (share, "{0} / {1}")
    amounts = [k for k in range(len(terms)) if k not in (life, age)]
    if not amounts and asked.kind == "percent":
        yield whole_item(problem, part, (), "ratio", CERTAIN, form, (age, life))
    elif len(amounts) == 1 and asked.kind != "percent" and terms[amounts[0]].dims:
        price = terms[amounts[0]]
        yield whole_item(problem, price.value * part, price.dims, "amount", CERTAIN, f"{{2}} * {form}", (age, life, amounts[0]))  # fmt: skip


def _life_and_age(problem: Problem) -> tuple[tuple[Term, ...], int, int] | None:
    """The terms with the age in the unit of the life, and which are these two; None when they cannot be told."""
    terms = problem.terms
    spans = [k for k, t in enumerate(terms) if t.dims == TIME]
    bare = [k for k, t in enumerate(terms) if t.bare and t.kind == "count" and t.value <= 40]
    if len(spans) == 1 and len(bare) == 1:
        shared = with_unit(terms[bare[0]], terms[spans[0]])
        terms = tuple(shared if k == bare[0] else t for k, t in enumerate(terms))
        spans = sorted([*spans, *bare])
    if len(spans) != 2 or any(t.from_ or t.to for t in terms):
        return None
    life, age = sorted(spans, key=lambda k: -terms[k].value)
    return (terms, life, age) if terms[age].value < terms[life].value else None


__all__ = ["book_value"]
