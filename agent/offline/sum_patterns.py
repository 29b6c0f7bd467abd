"""Word problems that take all their numbers at once: averages, a share of a total, growth rates, repeated steps.

Every function gives whole readings of the problem, or none. They stand beside the joins of two neighbours.
"""

from __future__ import annotations

import math
from dataclasses import replace
from collections.abc import Callable, Iterator, Sequence

from agent.offline import sum_words as say
from agent.offline.measure import Unit
from agent.offline.sum_item import Item, leaf
from agent.offline.sum_rules import Problem
from agent.offline.sum_terms import Dims, Term, with_unit
from agent.offline.words import stem

YEAR = 365 * 86400.0


def _item(
    problem: Problem, value: float, dims: Dims, kind: str, weight: float, form: str, terms: Sequence[int]
) -> Item:
    parts = tuple(leaf(k, problem.terms[k]) for k in terms)
    return Item(0, len(problem.terms) - 1, value, dims, kind, weight, form, parts)


def wholes(problem: Problem) -> Iterator[Item]:
    for pattern in _PATTERNS:
        yield from pattern(problem)


def _mean(problem: Problem) -> Iterator[Item]:
    """The mean of like amounts; with weights before each ("200 at $2 and 100 at $3.50", "70% at …") the weighted one."""
    terms = problem.terms
    if not problem.asked.mentions(say.AVERAGE) or len(terms) < 2:
        return
    if len({t.dims for t in terms}) == 1 and all(t.kind in ("amount", "count") for t in terms):
        n = len(terms)
        form = "mean(" + ", ".join(f"{{{k}}}" for k in range(n)) + ")"
        yield _item(problem, sum(t.value for t in terms) / n, terms[0].dims, "amount", 0.97, form, range(n))
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
    yield _item(
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
    named = _named(problem)
    if len(terms) == 2 and named is None and asked.mentions(say.REST):
        rest = [k for k, t in enumerate(terms) if say.REST & frozenset((*t.before, *t.after[:3]))]
        named = 1 - rest[-1] if rest else None
    elif len(terms) == 2 and not asked.mentions(say.REST | frozenset({"together", "combined", "total", "both", "sum"})):
        return
    if named is None:
        return
    n = len(terms)
    if any(t.from_ or t.to for t in terms):
        return
    form = f"{{{named}}} / (" + " + ".join(f"{{{k}}}" for k in range(n)) + ")"
    yield _item(
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


def _named(problem: Problem) -> int | None:
    """The one term whose own words the asking clause repeats."""
    words = problem.asked.words
    for said, k in (("last", -1), ("final", -1), ("first", 0)):
        if said in words and "second" not in words:
            return k % len(problem.terms)
    labels = [_label(t) for t in problem.terms]
    score = []
    for k, label in enumerate(labels):
        others = frozenset().union(*(x for j, x in enumerate(labels) if j != k))
        score.append(len((label - others) & problem.asked.labels))
    best = max(score)
    return score.index(best) if best and score.count(best) == 1 else None


def _label(term: Term) -> frozenset[str]:
    before, after = list(term.before), list(term.after)
    if "and" in before:
        before = before[len(before) - before[::-1].index("and") :]
    if "and" in after:
        after = after[: after.index("and")]
    words = [*before[-3:], *after[:3]]
    return frozenset(
        stem(w)
        for w in words
        if w.isalpha() and w not in ("and", "to", "the", "of", "for", "with", "in", "is", "from")
    )


def _yearly_growth(problem: Problem) -> Iterator[Item]:
    """From A to B in so many years: the growth of one year; "4x in two years": the factor of one."""
    terms, asked = problem.terms, problem.asked
    spans = [k for k, t in enumerate(terms) if t.dims == (("s", 1),)]
    if len(spans) != 1 or not (
        asked.says(say.GROWING) or asked.per or asked.says(frozenset({"year", "month", "quarter"}))
    ):
        return
    if not asked.says(
        say.GROWING | frozenset({"factor", "rate", "yearly", "percent", "%"})
    ) or asked.kind not in ("percent", "ratio"):
        return
    others = [k for k in range(len(terms)) if k not in spans]
    period = {"month": YEAR / 12, "quarter": YEAR / 4, "day": 86400.0}.get(asked.per, YEAR)
    n = terms[spans[0]].value / period
    if len(others) == 2 and terms[others[0]].dims == terms[others[1]].dims and n > 0:
        a, b = terms[others[0]], terms[others[1]]
        if a.value <= 0 or b.value <= 0 or a.kind == "percent" or spans[0] < others[0]:
            return
        if problem.gaps[others[0]][:1] in (("of",), ("out",)):
            if asked.kind == "percent":
                yield _item(problem, a.value / b.value / n, (), "ratio", 0.9, f"{{0}} / {{1}} / {n:.12g}", others)
            return
        factor = (b.value / a.value) ** (1 / n)
        core = f"({{1}} / {{0}}) ^ (1 / {n:.12g})"
    elif len(others) == 1 and terms[others[0]].kind in ("factor", "growth"):
        factor, core = terms[others[0]].value ** (1 / n), f"{{0}} ^ (1 / {n:.12g})"
    else:
        return
    if asked.kind == "percent":
        yield _item(problem, factor - 1, (), "change", 0.97, f"{core} - 1", others)
    else:
        yield _item(problem, factor, (), "ratio", 0.97, core, others)


def _points_between(problem: Problem) -> Iterator[Item]:
    """Two changes, each from one number to another, and how many points lie between them."""
    terms = problem.terms
    if problem.asked.kind != "points" or len(terms) != 4:
        return
    a, b, c, d = (t.value for t in terms)
    if not a or not c or not (terms[1].to and terms[3].to):
        return
    first, second = b / a - 1, d / c - 1
    form = (
        "({1} - {0}) / {0} - ({3} - {2}) / {2}"
        if first >= second
        else "({3} - {2}) / {2} - ({1} - {0}) / {0}"
    )
    yield _item(problem, abs(first - second), (), "change", 0.97, form, range(4))


def _one_after_the_other(problem: Problem) -> Iterator[Item]:
    """Two rises or two cuts in a row, and what they come to."""
    terms, asked = problem.terms, problem.asked
    if asked.kind != "percent" or len(terms) != 2 or any(t.kind != "percent" for t in terms):
        return
    if not asked.mentions(say.TOTAL | frozenset({"then", "again", "row", "successive"})):
        return
    if not (frozenset(problem.gaps[0]) & {"then", "again", "another", "followed"} or asked.mentions(frozenset({"row", "successive"}))):
        return
    if asked.mentions(frozenset({"holds", "share", "player"})):
        return
    around = asked.every
    signs = (
        (1 if around & say.MORE and not around & (say.LESS - {"down"}) else -1)
        if bool(around & say.MORE) != bool(around & say.LESS)
        else 0
    )
    if not signs:
        return
    p, q = terms[0].value, terms[1].value
    if signs > 0:
        yield _item(problem, (1 + p) * (1 + q) - 1, (), "change", 0.95, "(1 + {0}) * (1 + {1}) - 1", (0, 1))
    else:
        yield _item(problem, 1 - (1 - p) * (1 - q), (), "change", 0.95, "1 - (1 - {0}) * (1 - {1})", (0, 1))


def _part_changes(problem: Problem) -> Iterator[Item]:
    """A total, the share of a part, and by how much the part changes: the new total, or by how much it changes."""
    terms, asked = problem.terms, problem.asked
    amounts = [k for k, t in enumerate(terms) if t.kind == "amount"]
    shares = [k for k, t in enumerate(terms) if t.kind == "percent"]
    if len(terms) != 3 or len(amounts) != 1 or len(shares) != 2 or asked.kind not in ("unit", "open"):
        return
    share, change = (terms[k] for k in shares)
    near = frozenset((*change.before[-4:], *change.after[:3]))
    up, down = bool(near & say.MORE), bool(near & (say.LESS - {"reserve", "free"}))
    own = frozenset((*share.before[-3:], *share.after[:3]))
    if up == down or own & (say.MORE | say.LESS):
        return
    total, moved = terms[amounts[0]], share.value * change.value
    order = (amounts[0], *shares)
    if asked.says(frozenset({"new", "now", "afterwards", "then"})):
        sign = 1 if up else -1
        yield _item(
            problem,
            total.value * (1 + sign * moved),
            total.dims,
            "amount",
            0.95,
            f"{{0}} * (1 {'+' if up else '-'} {{1}} * {{2}})",
            order,
        )
    elif asked.says(say.CHANGED | say.APART):
        yield _item(problem, total.value * moved, total.dims, "amount", 0.98, "{0} * {1} * {2}", order)


def _two_spans(problem: Problem) -> Iterator[Item]:
    """An amount spread over one time against another: how much less a year, and in percent."""
    terms, asked = problem.terms, problem.asked
    spans = [k for k, t in enumerate(terms) if t.dims == (("s", 1),)]
    amounts = [k for k, t in enumerate(terms) if t.dims and t.kind == "amount" and k not in spans]
    if len(terms) != 3 or len(spans) != 2 or len(amounts) != 1 or ("s", -1) in terms[amounts[0]].dims:
        return
    between = frozenset(problem.gaps[spans[0]])
    if not between & (say.AGAINST | {"instead", "over"}) or not asked.says(say.STRONGLY_APART) or asked.kind == "percent":
        return
    short, long = sorted(spans, key=lambda k: terms[k].value)
    amount = terms[amounts[0]]
    value = amount.value / terms[short].value - amount.value / terms[long].value
    dims = (Unit(1.0, amount.dims) / Unit(1.0, (("s", 1),))).dims
    yield _item(problem, value, dims, "sum", 0.95, "{0} / {1} - {0} / {2}", (amounts[0], short, long))


def _part_of_change(problem: Problem) -> Iterator[Item]:
    """ "Memory is 48 % of the cost and goes up 15 %, how many percent does the whole rise?"."""
    terms, asked = problem.terms, problem.asked
    if asked.kind != "percent" or len(terms) != 2 or any(t.kind != "percent" for t in terms) or not asked.says(say.CHANGED):
        return
    share, change = terms
    near = frozenset((*change.before[-4:], *change.after[:3]))
    if share.after[:1] == ("of",) and near & (say.MORE | say.LESS):
        yield _item(problem, share.value * change.value, (), "part", 0.97, "{0} * {1}", (0, 1))


def _survival(problem: Problem) -> Iterator[Item]:
    """So much lost every period, for so long: the share that is left, or is gone."""
    terms, asked = problem.terms, problem.asked
    if (
        asked.kind != "percent"
        or len(terms) != 2
        or terms[0].kind != "growth"
        or terms[0].unit_text != "percent"
        or terms[1].dims != (("s", 1),)
    ):
        return
    n = terms[1].value / terms[0].period
    near = frozenset((*terms[0].before[-3:], *terms[0].after[:2]))
    if near & say.LESS:
        left = asked.says(say.LEFT)
        value = (1 - terms[0].value) ** n
        form = f"(1 - {{0}}) ^ {n:.12g}"
        yield _item(
            problem, value if left else 1 - value, (), "change", 0.95, form if left else f"1 - {form}", (0,)
        )
    elif near & say.MORE:
        yield _item(
            problem, (1 + terms[0].value) ** n - 1, (), "change", 0.95, f"(1 + {{0}}) ^ {n:.12g} - 1", (0,)
        )


_OWN_FACTOR = {"doubling": 2.0, "doublings": 2.0, "halving": 0.5, "halvings": 0.5, "tripling": 3.0}


def _repeated(problem: Problem) -> Iterator[Item]:
    """ "Two doublings from 100k", "ten times more each generation, two generations later"."""
    terms = problem.terms
    counts = [k for k, t in enumerate(terms) if (t.kind == "count" or not _bare_times(problem, k)) and t.value <= 12 and float(t.value).is_integer() and _step_word(t) and not t.verbal and t.kind in ("count", "factor")]
    if not 2 <= len(terms) <= 3 or len(counts) != 1:
        return
    n = counts[0]
    word = _step_word(terms[n])
    rest = [k for k in range(len(terms)) if k != n]
    factors = [k for k in rest if terms[k].kind in ("factor", "growth")]
    bases = [k for k in rest if k not in factors]
    own = _OWN_FACTOR.get(word)
    if (
        len(bases) != 1
        or (own is None) != (len(factors) == 1)
        or (word == "times" and not _verbal(problem, factors))
    ):
        return
    base, factor = terms[bases[0]], own if own else terms[factors[0]].value
    power = terms[n].value
    yield _item(
        problem,
        base.value * factor**power,
        base.dims,
        base.kind,
        0.95,
        f"{{0}} * {factor:.12g} ^ {power:g}",
        bases,
    )


def _bare_times(problem: Problem, k: int) -> bool:
    """Whether "10x" stands alone, without a "doubles" before it that it would count."""
    return problem.terms[k].kind == "factor" and (k == 0 or not problem.terms[k - 1].verbal)


def _verbal(problem: Problem, factors: list[int]) -> bool:
    """ "doubles three times": the factor is a word right before the count of its steps."""
    return (
        len(factors) == 1
        and problem.terms[factors[0]].value in (2.0, 3.0, 0.5, 4.0)
        and len(problem.gaps[factors[0]]) <= 1
    )


def _step_word(term: Term) -> str:
    if "times" in term.after[:1] or (term.kind == "factor" and term.after[:1] == ()):
        return "times"
    return term.after[0] if term.after and term.after[0] in say.STEPS else ""


def _orders(problem: Problem) -> Iterator[Item]:
    """How many powers of ten lie between two amounts."""
    terms = problem.terms
    if len(terms) != 2 or problem.asked.kind != "orders" or terms[0].kind == "factor" or terms[1].kind == "factor":
        return
    base = 2 if {"doublings", "halvings"} & problem.asked.every else 10
    low, high = sorted((0, 1), key=lambda k: terms[k].value)
    if terms[low].value <= 0 or (terms[0].dims != terms[1].dims and terms[0].dims and terms[1].dims):
        return
    value = math.log(terms[high].value / terms[low].value, base)
    yield _item(problem, value, (), "ratio", 1.0, f"log{base}({{1}} / {{0}})", (low, high))


_NEXT = frozenset({"next", "further", "following", "more", "subsequent", "other"})


def _ladder(problem: Problem) -> Iterator[Item]:
    """The first costs so much, each of the next four k times the one before: the last of them, or all together."""
    terms, asked = problem.terms, problem.asked
    steps = [
        k
        for k, t in enumerate(terms)
        if t.kind == "count" and t.value <= 12 and t.before[-1:] and t.before[-1] in _NEXT
    ]
    factors = [k for k, t in enumerate(terms) if t.kind == "factor"]
    bases = [k for k, t in enumerate(terms) if t.kind == "amount"]
    if not (len(steps) == len(factors) == len(bases) == 1) or not asked.mentions(
        frozenset("first start starts starting begins initial".split())
    ):
        return
    k, n, base = terms[factors[0]].value, int(terms[steps[0]].value), terms[bases[0]]
    if k == 1 or any(
        t.value != n + 1 for j, t in enumerate(terms) if j not in (steps[0], factors[0], bases[0])
    ):
        return
    if asked.mentions(say.TOTAL):
        value, form = (
            base.value * (k ** (n + 1) - 1) / (k - 1),
            f"{{0}} * ({k:g} ^ {n + 1} - 1) / ({k:g} - 1)",
        )
    else:
        value, form = base.value * k**n, f"{{0}} * {k:g} ^ {n}"
    yield _item(problem, value, base.dims, "amount", 1.05, form, bases)


_PATTERNS: tuple[Callable[[Problem], Iterator[Item]], ...] = (
    _mean, _share_of_all, _part_changes, _two_spans, _part_of_change, _yearly_growth, _points_between, _one_after_the_other, _survival, _repeated, _orders, _ladder,
)  # fmt: skip


__all__ = ["wholes"]
