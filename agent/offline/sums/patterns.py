"""Word problems that take all their numbers at once: averages, a share of a total, growth rates, repeated steps.

Every function gives whole readings of the problem, or none. They stand beside the joins of two neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from agent.offline.sums import words as say
from agent.offline.sums.changes import Step, added_up, one_after_the_other, way_of
from agent.offline.sums.growth import (
    grown,
    ladder,
    of_one_period,
    orders,
    points_between,
    race,
    repeated,
    survival,
    two_spans,
    yearly_growth,
)
from agent.offline.sums.item import Item, Problem, whole_item
from agent.offline.sums.shares import CERTAIN, named_term, what_is_left, without_one
from agent.offline.sums.terms import Term, with_unit
from agent.offline.sums.written_off import book_value


def wholes(problem: Problem) -> Iterator[Item]:
    for pattern in _PATTERNS:
        yield from pattern(problem)


def _mean(problem: Problem) -> Iterator[Item]:
    """The mean of like amounts; with weights before each ("200 at $2 and 100 at $3.50", "70% at …") the weighted one."""
    terms = problem.terms
    if not problem.asked.mentions(say.AVERAGE) or len(terms) < 2 or {"does", "mean"} <= problem.asked.every:
        return
    if len({t.dims for t in terms}) == 1 and all(t.kind in ("amount", "count") for t in terms):
        n = len(terms)
        form = "mean(" + ", ".join(f"{{{k}}}" for k in range(n)) + ")"
        yield whole_item(
            problem, sum(t.value for t in terms) / n, terms[0].dims, "amount", 0.97, form, range(n)
        )
        return
    if len(terms) % 2 or len(terms) > 6:
        return
    for start in (0, 1):
        weights, values = terms[start::2], terms[1 - start :: 2]
        if (
            len({t.dims for t in values}) != 1
            or len({(t.dims, t.kind) for t in weights}) != 1
            or values[0].kind != "amount"
        ):
            continue
        yield from _weighted(problem, start, weights, values)


def _weighted(
    problem: Problem, start: int, weights: Sequence[Term], values: Sequence[Term]
) -> Iterator[Item]:
    whole = sum(t.value for t in weights)
    if not whole or (weights[0].kind == "percent" and abs(whole - 1) > 0.011):
        return
    n = len(weights)
    pairs = " + ".join(f"{{{2 * k}}} * {{{2 * k + 1}}}" for k in range(n))
    below = (
        "" if weights[0].kind == "percent" else " / (" + " + ".join(f"{{{2 * k}}}" for k in range(n)) + ")"
    )
    value = sum(w.value * v.value for w, v in zip(weights, values, strict=True)) / whole
    yield whole_item(
        problem, value, values[0].dims, "amount", 0.97, f"({pairs}){below}", range(len(problem.terms))
    )


def _share_of_all(problem: Problem) -> Iterator[Item]:
    """ "30M from training, 45M from inference, 5M from consulting: what percent is inference"."""
    terms, asked = _one_unit(problem.terms), problem.asked
    if (
        asked.kind != "percent"
        or len(terms) < 2
        or len({t.dims for t in terms}) != 1
        or any(t.kind == "percent" for t in terms)
    ):
        return
    problem = replace(problem, terms=terms)
    named = named_term(problem)
    if len(terms) == 2 and named is None and asked.mentions(say.REST):
        rest = [k for k, t in enumerate(terms) if say.REST & frozenset((*t.before, *t.after[:3]))]
        named = 1 - rest[-1] if rest else None
    elif len(terms) == 2 and not asked.mentions(
        say.REST | frozenset({"together", "combined", "total", "both", "sum"})
    ):
        return
    if named is None:
        return
    n = len(terms)
    if any(t.from_ or t.to for t in terms):
        return
    form = f"{{{named}}} / (" + " + ".join(f"{{{k}}}" for k in range(n)) + ")"
    yield whole_item(
        problem,
        terms[named].value / sum(t.value for t in terms),
        (),
        "ratio",
        0.95 if n > 2 else 0.98,
        form,
        range(n),
    )


def _one_unit(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """A list of amounts of which only some name the unit."""
    marked = next((t for t in terms if not t.bare), None)
    if marked is None or marked.kind != "amount":
        return terms
    return tuple(
        with_unit(t, marked) if t.bare and 1e-4 < t.value * marked.scale / marked.value < 1e4 else t
        for t in terms
    )


def _part_changes(problem: Problem) -> Iterator[Item]:
    """A total, the share of a part, and by how much the part changes: the new total, or by how much it changes."""
    terms, asked = problem.terms, problem.asked
    amounts = [k for k, t in enumerate(terms) if t.kind == "amount"]
    others = [k for k in range(len(terms)) if k not in amounts]
    if len(terms) != 3 or len(amounts) != 1 or asked.kind not in ("unit", "open"):
        return
    share, change = (terms[k] for k in others)
    way, own = way_of(change), frozenset((*share.before[-3:], *share.after[:3]))
    if share.kind != "percent" or not way or own & (say.MORE | say.LESS):
        return
    if change.kind == "factor" and not (share.after[:1] == ("of",) and amounts[0] == 0):
        return
    total, step = terms[amounts[0]], Step(change, way, False)
    order = (amounts[0], *others)
    if asked.says(frozenset({"new", "now", "afterwards", "then"})):
        value, form = (
            1 + share.value * (step.factor - 1),
            f"{{0}} * (1 + {{1}} * ({step.form.format('{2}')} - 1))",
        )
        if change.kind == "percent":
            form = f"{{0}} * (1 {'+' if way > 0 else '-'} {{1}} * {{2}})"
        yield whole_item(problem, total.value * value, total.dims, "amount", CERTAIN, form, order)
    elif asked.says(say.CHANGED | say.APART) and change.kind == "percent":
        value = total.value * share.value * change.value
        yield whole_item(problem, value, total.dims, "amount", 0.98, "{0} * {1} * {2}", order)


def _part_of_change(problem: Problem) -> Iterator[Item]:
    """ "Memory is 48 % of the cost and goes up 15 %, how many percent does the whole rise?"."""
    terms, asked = problem.terms, problem.asked
    if (
        asked.kind != "percent"
        or len(terms) != 2
        or any(t.kind != "percent" for t in terms)
        or not asked.says(say.CHANGED)
    ):
        return
    share, change = terms
    near = frozenset((*change.before[-4:], *change.after[:3]))
    if share.after[:1] == ("of",) and near & (say.MORE | say.LESS):
        yield whole_item(problem, share.value * change.value, (), "part", 0.97, "{0} * {1}", (0, 1))


_PATTERNS: tuple[Callable[[Problem], Iterator[Item]], ...] = (
    _mean, _share_of_all, _part_changes, _part_of_change, two_spans, yearly_growth, of_one_period, race, survival,
    points_between, one_after_the_other, repeated, orders, ladder, without_one, what_is_left, book_value, added_up, grown,
)  # fmt: skip


__all__ = ["wholes", "without_one"]
