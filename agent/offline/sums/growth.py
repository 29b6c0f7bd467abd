"""Word problems of growth and steps: a yearly rate, what survives, doublings, powers of ten, ladders."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from agent.offline.reading.measure import Unit
from agent.offline.sums import words as say
from agent.offline.sums.clause import TIME
from agent.offline.sums.item import Item, Problem, whole_item
from agent.offline.sums.roles import step_of
from agent.offline.sums.shares import CERTAIN
from agent.offline.sums.terms import Term

YEAR = 365 * 86400.0


def yearly_growth(problem: Problem) -> Iterator[Item]:
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
                yield whole_item(
                    problem, a.value / b.value / n, (), "ratio", 0.9, f"{{0}} / {{1}} / {n:.12g}", others
                )
            return
        factor = (b.value / a.value) ** (1 / n)
        core = f"({{1}} / {{0}}) ^ (1 / {n:.12g})"
    elif len(others) == 1 and terms[others[0]].kind in ("factor", "growth"):
        factor, core = terms[others[0]].value ** (1 / n), f"{{0}} ^ (1 / {n:.12g})"
    else:
        return
    if asked.kind == "percent":
        yield whole_item(problem, factor - 1, (), "change", 0.97, f"{core} - 1", others)
    else:
        yield whole_item(problem, factor, (), "ratio", 0.97, core, others)


def of_one_period(problem: Problem) -> Iterator[Item]:
    """ "Three times better every 18 months": the factor, or the percentage, of a year."""
    terms, asked = problem.terms, problem.asked
    if len(terms) != 1 or terms[0].kind != "growth" or not asked.says(_YEARLY):
        return
    n = YEAR / terms[0].period
    factor, base = step_of(terms[0])
    if asked.kind == "percent":
        yield whole_item(problem, factor**n - 1, (), "change", 0.97, f"{base} ^ {n:.12g} - 1", (0,))
    elif asked.kind in ("ratio", "open") and abs(n - 1) > 1e-6:
        yield whole_item(problem, factor**n, (), "ratio", 0.97, f"{base} ^ {n:.12g}", (0,))


def race(problem: Problem) -> Iterator[Item]:
    """Two growths, each with its own period, for the same time: how far the one is ahead of the other."""
    terms, asked = problem.terms, problem.asked
    spans = [t for t in terms if t.dims == TIME and not _every(t)]
    growths = _racers(problem)
    if len(growths) != 2 or len(spans) != 1 or asked.kind not in ("ratio", "open"):
        return
    made = []
    for g in growths:
        factor, base = _step_of_racer(g, growths)
        n = spans[0].value / g.period
        made.append((factor**n, base, n))
    (a, base_a, n_a), (b, base_b, n_b) = made
    first, second = f"{base_a} ^ {n_a:.12g}", f"{base_b} ^ {n_b:.12g}".replace("{0}", "{1}")
    form = f"{first} / {second}" if a >= b else f"{second} / {first}"
    problem = replace(problem, terms=tuple(growths))
    item = whole_item(problem, max(a, b) / min(a, b), (), "ratio", CERTAIN, form, (0, 1))
    yield replace(item, last=len(terms) - 1)


def _racers(problem: Problem) -> list[Term]:
    """The two growths: "the other every two years" is by the factor of the first, Moore's law needs no number."""
    terms = problem.terms
    growths = [t for t in terms if t.kind == "growth"]
    others = [t for t in terms if t.kind != "growth" and t.dims != TIME]
    if others or not growths:
        return []
    again = [t for t in terms if t.dims == TIME and _every(t)]
    if len(growths) == 1 and len(again) == 1:
        return [growths[0], replace(growths[0], period=again[0].value)]
    if len(growths) == 1 and not again and any(w.startswith("moore") for w in problem.asked.every):
        return [*growths, replace(growths[0], value=2.0, period=2 * YEAR, full="2", plain="2", unit_text="", before=(), after=())]  # fmt: skip
    return growths if not again else []


def _every(term: Term) -> bool:
    """ "… every two years": a period, not how long it goes on."""
    return term.before[-1:] in (("every",), ("each",))


def _step_of_racer(growth: Term, both: list[Term]) -> tuple[float, str]:
    """The factor of a period; what falls is said once: "4x a year for them, 2x a year for us"."""
    ways = [_falls(t) for t in both]
    if any(ways) and not all(ways):
        silent = both[ways.index(False)]
        if not frozenset((*silent.before[-3:], *silent.after[:2])) & say.MORE:
            return (growth.value, "{0}") if growth.unit_text != "percent" else (1 - growth.value, "(1 - {0})")
    return step_of(growth)


def _falls(term: Term) -> bool:
    return bool(frozenset((*term.before[-3:], *term.after[:2])) & say.LESS)


def grown(problem: Problem) -> Iterator[Item]:
    """A growth, an amount and a time in any order: what the amount comes to after it."""
    terms, asked = problem.terms, problem.asked
    growths = [k for k, t in enumerate(terms) if t.kind == "growth"]
    spans = [k for k, t in enumerate(terms) if t.dims == TIME]
    amounts = [k for k, t in enumerate(terms) if k not in growths and k not in spans and t.kind == "amount"]
    if (
        len(terms) != 3
        or not len(growths) == len(spans) == len(amounts) == 1
        or asked.kind not in ("unit", "open")
    ):
        return
    g, amount = terms[growths[0]], terms[amounts[0]]
    if asked.says(say.APART) or ("s", -1) in amount.dims:
        return
    factor, base = step_of(g)
    n = terms[spans[0]].value / g.period
    form = f"{{1}} * {base} ^ {n:.12g}"
    yield whole_item(
        problem, amount.value * factor**n, amount.dims, "amount", 0.93, form, (growths[0], amounts[0])
    )


_YEARLY = frozenset({"year", "yearly", "annual", "annually", "annum"})


def survival(problem: Problem) -> Iterator[Item]:
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
        yield whole_item(
            problem, value if left else 1 - value, (), "change", 0.95, form if left else f"1 - {form}", (0,)
        )
    elif near & say.MORE:
        yield whole_item(
            problem, (1 + terms[0].value) ** n - 1, (), "change", 0.95, f"(1 + {{0}}) ^ {n:.12g} - 1", (0,)
        )


_OWN_FACTOR = {"doubling": 2.0, "doublings": 2.0, "halving": 0.5, "halvings": 0.5, "tripling": 3.0}


def repeated(problem: Problem) -> Iterator[Item]:
    """ "Two doublings from 100k", "ten times more each generation, two generations later"."""
    terms = problem.terms
    counts = [
        k
        for k, t in enumerate(terms)
        if (t.kind == "count" or not _bare_times(problem, k))
        and t.value <= 12
        and float(t.value).is_integer()
        and _step_word(t)
        and not t.verbal
        and t.kind in ("count", "factor")
    ]
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
    yield whole_item(
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


def orders(problem: Problem) -> Iterator[Item]:
    """How many powers of ten lie between two amounts."""
    terms = problem.terms
    if (
        len(terms) != 2
        or problem.asked.kind != "orders"
        or terms[0].kind == "factor"
        or terms[1].kind == "factor"
    ):
        return
    base = 2 if {"doublings", "halvings"} & problem.asked.every else 10
    low, high = sorted((0, 1), key=lambda k: terms[k].value)
    if terms[low].value <= 0 or (terms[0].dims != terms[1].dims and terms[0].dims and terms[1].dims):
        return
    value = math.log(terms[high].value / terms[low].value, base)
    yield whole_item(problem, value, (), "ratio", 1.0, f"log{base}({{1}} / {{0}})", (low, high))


_NEXT = frozenset({"next", "further", "following", "more", "subsequent", "other"})


def ladder(problem: Problem) -> Iterator[Item]:
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
        frozenset(["first", "start", "starts", "starting", "begins", "initial"])
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
    yield whole_item(problem, value, base.dims, "amount", 1.05, form, bases)


_FALLS = frozenset(["fall", "falls", "drop", "drops", "decline", "declines", "shrink", "shrinks", "decrease"])


def two_spans(problem: Problem) -> Iterator[Item]:
    """An amount spread over one time against another: how much less a year, and in percent."""
    terms, asked = problem.terms, problem.asked
    spans = [k for k, t in enumerate(terms) if t.dims == (("s", 1),)]
    amounts = [k for k, t in enumerate(terms) if t.dims and t.kind == "amount" and k not in spans]
    if len(terms) != 3 or len(spans) != 2 or len(amounts) != 1 or ("s", -1) in terms[amounts[0]].dims:
        return
    between = frozenset(problem.gaps[spans[0]])
    if (
        not between & (say.AGAINST | {"instead", "over", "now", "then"})
        or not asked.says(say.STRONGLY_APART | _FALLS)
        or asked.kind == "percent"
    ):
        return
    short, long = sorted(spans, key=lambda k: terms[k].value)
    amount = terms[amounts[0]]
    value = amount.value / terms[short].value - amount.value / terms[long].value
    dims = (Unit(1.0, amount.dims) / Unit(1.0, (("s", 1),))).dims
    yield whole_item(problem, value, dims, "sum", 0.95, "{0} / {1} - {0} / {2}", (amounts[0], short, long))


def points_between(problem: Problem) -> Iterator[Item]:
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
    yield whole_item(problem, abs(first - second), (), "change", CERTAIN, form, range(4))


__all__ = [
    "YEAR",
    "grown",
    "ladder",
    "of_one_period",
    "orders",
    "points_between",
    "race",
    "repeated",
    "survival",
    "two_spans",
    "yearly_growth",
]
