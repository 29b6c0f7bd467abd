"""Changes one after the other, and amounts that grow from step to step: what they come to together."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from agent.offline.sums import words as say
from agent.offline.sums.item import Item, Problem, whole_item
from agent.offline.sums.shares import CERTAIN
from agent.offline.sums.terms import Term, with_unit

_AGAIN = frozenset(["again", "another", "further", "then", "followed", "after", "later", "next", "second"])
_NET = say.CHANGED | say.TOTAL | frozenset(["net", "happens", "end", "ends", "now", "new"])
_SIGNED = say.MORE | frozenset(["net", "change", "changes", "changed", "happens"])
_SHARED = frozenset(["holds", "share", "player", "stake"])
_COUNTED = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "2": 2, "3": 3, "4": 4, "5": 5, "6": 6}
_ADDED_UP = say.TOTAL | frozenset(["add", "adds"])


def one_after_the_other(problem: Problem) -> Iterator[Item]:
    """Rises and cuts in a row: what they come to in percent, as a factor, or what becomes of an amount."""
    asked = problem.asked
    if asked.mentions(_SHARED) or not 2 <= len(problem.terms) <= 4:
        return
    base = 1 if problem.terms[0].kind == "amount" else 0
    steps = _steps(problem, base)
    if steps is None or len(steps) < 2:
        return
    carried = any(s.carried for s in steps)
    value = math.prod(s.factor for s in steps)
    terms = (*problem.terms[:base], *(s.term for s in steps))
    order = range(len(terms))
    form = " * ".join(s.form.format(f"{{{k + base}}}") for k, s in enumerate(steps))
    problem = replace(problem, terms=terms)
    if base and carried and asked.kind in ("unit", "open"):
        first = terms[0]
        yield whole_item(
            problem, first.value * value, first.dims, "amount", CERTAIN, f"{{0}} * {form}", order
        )
    elif not base and asked.kind == "percent" and asked.mentions(_NET) and _plain(steps):
        down = all(s.factor < 1 for s in steps) or (value < 1 and not asked.says(_SIGNED))
        yield whole_item(problem, 1 - value if down else value - 1, (), "change", CERTAIN, f"1 - {form}" if down else f"{form} - 1", order)  # fmt: skip
    elif not base and asked.kind == "ratio" and carried and all(s.term.kind == "factor" for s in steps):
        whole = math.prod(s.term.value for s in steps)
        yield whole_item(problem, whole, (), "ratio", CERTAIN, " * ".join(f"{{{k}}}" for k in order), order)


class Step:
    """One change: its factor, how that is written, and whether its direction was said of the one before."""

    def __init__(self, term: Term, way: int, carried: bool) -> None:
        self.term, self.carried, x = term, carried, term.value
        if term.kind == "percent" and term.before[-1:] == ("to",):
            self.factor, self.form = x, "{}"  # "dropped to a fifth"
        elif term.kind == "percent":
            self.factor, self.form = (1 + x, "(1 + {})") if way > 0 else (1 - x, "(1 - {})")
        else:
            self.factor, self.form = (1 / x, "(1 / {})") if way < 0 < 1 < x else (x, "{}")


def _plain(steps: list[Step]) -> bool:
    """Whether one of them is a percentage: two factors make a factor."""
    return any(s.term.kind == "percent" for s in steps)


def _steps(problem: Problem, base: int) -> list[Step] | None:
    """Every term as a change; None where one is none, or its direction is not said."""
    found: list[Step] = []
    way = _way_of_all(problem)
    for k, term in enumerate(problem.terms[base:], base):
        again = k > base and bool(_AGAIN & frozenset((*problem.gaps[k - 1][-5:], *term.after[:2])))
        if term.kind == "count" and term.bare and again and found and found[-1].term.kind == "percent" and 0 < term.value < 100:  # fmt: skip
            term = with_unit(term, found[-1].term)
        if term.kind not in ("percent", "factor") or term.after[:1] == ("of",) or (term.kind == "percent" and not term.value > 0):  # fmt: skip
            return None
        own = way_of(term)
        if not own and not (way and (again or k == base)):
            return None
        found.append(Step(term, own or way, not own))
        way = own or way
    return found


def _way_of_all(problem: Problem) -> int:
    """The direction of "two rises in a row, of …"."""
    every = problem.asked.every
    in_a_row = every & {"row", "successive", "consecutive"} or any(
        _AGAIN & frozenset(g) for g in problem.gaps
    )
    up, down = bool(every & say.MORE), bool(every & (say.LESS - {"down"}))
    return up - down if in_a_row else 0


def way_of(term: Term) -> int:
    """+1 where the words beside a change say that it adds, −1 that it takes away."""
    if term.verbal or (term.kind == "factor" and 0 < term.value < 1):
        return 1 if term.value > 1 else -1
    near = frozenset(w for w in (*term.before[-4:], *term.after[:2]) if w not in ("over", "above"))
    up, down = bool(near & (say.MORE - {"over", "above"})), bool(near & say.LESS)
    return up - down


def added_up(problem: Problem) -> Iterator[Item]:
    """The first costs so much and each next one k times that: the next two, or the first three, together."""
    asked, terms = problem.asked, problem.terms
    if not asked.says(_ADDED_UP) or not asked.counted:
        return
    bases = [k for k, t in enumerate(terms) if t.kind == "amount"]
    factors = [t for t in terms if t.kind in ("factor", "growth")]
    if (
        len(bases) != 1
        or not factors
        or len({t.value for t in factors}) != 1
        or len(factors) + 1 != len(terms)
    ):
        return
    led, count = asked.counted
    n, k = _COUNTED.get(count, 0), factors[0].value
    if not 2 <= n <= 6 or (len(factors) > 1 and n != len(factors)):
        return
    powers = range(1, n + 1) if led == "next" else range(n)
    base = terms[bases[0]]
    form = " + ".join(f"{k:g} ^ {p}" for p in powers)
    yield whole_item(problem, base.value * sum(k**p for p in powers), base.dims, "amount", CERTAIN, f"{{0}} * ({form})", bases)  # fmt: skip


__all__ = ["Step", "added_up", "one_after_the_other", "way_of"]
