"""Times and over: units that cancel, counts and what each of the counted has, shares and factors of an amount."""

from __future__ import annotations

from collections.abc import Iterator

from agent.offline.reading.words import stem
from agent.offline.reading.written_units import spelled_unit
from agent.offline.sums import words as say
from agent.offline.sums.dims import (
    cancels,
    is_count,
    is_thing,
    product_dims,
    quotient_dims,
    shares_unit,
    without_things,
)
from agent.offline.sums.item import SCALARS, Item, Problem, join, near_words
from agent.offline.sums.passing import passed
from agent.offline.sums.shares import of_the_rest
from agent.offline.sums.sides import subset

_SIGNS = frozenset({"plus", "minus", "+", "−"})


def products(
    a: Item, b: Item, gap: tuple[str, ...], words: frozenset[str], problem: Problem
) -> Iterator[Item]:
    if words & _SIGNS:
        return
    value, dims = a.value * b.value, product_dims(a.dims, b.dims)
    said = 1.0 if words & say.TIMES and len(gap) <= 3 else 0.0
    if a.term is not None and a.term.kind == "factor" and not gap:
        said = 0.0 if a.term.verbal else 1.0  # "8 times 7", but "doubles three times"
    scalar = a.kind in SCALARS or b.kind in SCALARS
    if scalar:
        yield from _scaled(a, b, gap, words, problem, said)
        return
    if a.kind == "change" or b.kind == "change":
        return
    if cancels(a.dims, b.dims):
        yield join(a, b, "{0} * {1}", value, dims, "amount", max(said, 0.97))
        return
    for x, y, k in ((a, b, 0), (b, a, 1)):
        if (is_count(x.dims) or (not x.dims and x.kind == "count")) and (y.dims or (k == 0 and said)):
            if (
                is_count(x.dims)
                and is_count(y.dims)
                and (k == 1 or x.dims == y.dims or not (words & _HOLDING or not gap))
            ):
                continue
            clear = max(said, _had(x, y, gap, words, k == 0))
            if words & say.OVER and is_count(b.dims) and (is_count(a.dims) or not a.dims):
                clear = 0.0  # "64 chips over two racks"
            if subset(a, b, gap) and is_count(b.dims):
                clear = 0.0
            if clear and any(n in problem.asked.one for n, _ in x.dims):
                clear *= 0.4  # asked for one of them
            if clear:
                each = (
                    tuple((n, p) for n, p in y.dims if p > 0 or without_things(((n, 1),)))
                    if not gap
                    else y.dims
                )
                yield join(a, b, "{0} * {1}", value, each, "amount", clear, absorbed=k)
    if (
        dims
        and (("s", 1),) in (a.dims, b.dims)
        and {a.dims, b.dims} & {(("chip", 1),), (("person", 1),), (("server", 1),)}
    ):
        yield join(a, b, "{0} * {1}", value, dims, "amount", max(said, 0.9))  # chips for hours
    elif dims and not is_count(a.dims) and not is_count(b.dims) and a.dims and b.dims and a.dims != b.dims:
        yield join(a, b, "{0} * {1}", value, dims, "amount", max(said, 0.75))
    if not a.dims and not b.dims and (said or words & {"of", "each", "with"}):
        yield join(a, b, "{0} * {1}", value, dims, "count", max(said, 0.85))


_HOLDING = frozenset(
    [
        "with",
        "of",
        "each",
        "x",
        "×",
        "*",
        "times",
        "holding",
        "having",
        "has",
        "hold",
        "have",
        "at",
        "contain",
        "containing",
        "per",
    ]
)


def _had(x: Item, y: Item, gap: tuple[str, ...], words: frozenset[str], forward: bool) -> float:
    """How clearly each of the counted `x` has `y`: "400 servers drawing 350 W", "at $2 on 256 cards", "32 of 72"."""
    if not x.leaf or (y.dims == (("s", 1),)):
        return 0.0
    if not gap and forward:
        return 0.97 if y.leaf else 0.3
    if any(is_thing(n) and p < 0 for n, p in y.dims):
        return 0.35
    if any(p < 0 and n != "s" for n, p in y.dims):
        return 0.35  # a price per token or per kWh is of no card
    if words & {".", ";", "and"} and not words & {"each", "every"}:
        return 0.45
    if not gap:
        return 0.3
    if forward and (words & say.HAVING):
        return 0.9
    if not forward and words & {"on", "for", "times", "across", "x", "by"} and len(gap) <= 3:
        return 0.8
    return 0.6


def _scaled(
    a: Item, b: Item, gap: tuple[str, ...], words: frozenset[str], problem: Problem, said: float
) -> Iterator[Item]:
    """A share or a factor times what it is said of; and what it was before that."""
    value, dims = a.value * b.value, product_dims(a.dims, b.dims)
    s, other = (a, b) if a.kind in SCALARS else (b, a)
    both = other.kind in SCALARS
    if s.term is not None and s.term.kind == "worked" and (both or ("s", -1) not in other.dims):
        return
    if other.kind == "change" or ("ratio" in (a.kind, b.kind) and "factor" not in (a.kind, b.kind)):
        return
    if a.kind == "part" and words & {"of"} and len(gap) <= 4 and gap[0] == "of":
        said = 1.0
    clear = 0.93
    kind = ("factor" if "factor" in (a.kind, b.kind) else "part") if both else other.kind
    shared = [x for x in (a, b) if x.leaf and x.form == "(1 / {0})" and x.value > 1]
    if shared:
        clear = 0.95  # a half as many share it, so that each bears twice as much
    elif both and any(x.form.startswith("(1 /") for x in (a, b)):
        said, clear = 0.0, 0.5  # "fewer", "cheaper": of what, and so which way, only the subject says
    clear = max(said, 0.4 if both and a.term is not None and a.term.verbal and not gap else clear)
    told = problem.asked.every - problem.asked.words
    rest = both and b.leaf and of_the_rest(problem, b.first)
    if both and not rest and {bool(a.form), bool(b.form)} == {True, False} and a.kind == b.kind == "part":
        clear *= 0.55  # a share of a change, or a change of a share
    if both and not rest and a.kind == b.kind == "part" and _of_another_whole(a, b):
        clear *= 0.5
    elif (
        both
        and a.kind == b.kind == "part"
        and not a.form
        and not b.form
        and (gap[:1] != ("of",) or len(gap) > 4)
        and problem.asked.kind == "percent"
    ):
        clear *= 0.55
    told = told | (say.WHOLE_FACTOR if problem.asked.says(say.LEFT_OVER) else frozenset())
    whole = both and problem.whole(a, b) and bool(told & say.WHOLE_FACTOR) and a.kind == b.kind == "factor"
    told_of = not both and s.leaf and _tells_of_another(a, b, gap)
    if told_of or (not both and s.leaf and _whole_asked(s, other, gap, problem)):
        clear *= 0.4
    yield join(
        a,
        b,
        "{0} * {1}",
        value,
        dims,
        kind,
        clear
        * (
            1.0
            if shared
            else 0.5
            if whole
            or (
                both
                and a.kind == b.kind == "factor"
                and not shared
                and (_traded(a, b, words) or _per_asked(problem) or _asks_for_a_part(a, b, problem))
            )
            else 1.0
        ),
    )
    if both and a.kind == b.kind == "factor" and not shared:
        high, low = (a, b) if abs(a.value) >= abs(b.value) else (b, a)
        part_asked = _asks_for_a_part(a, b, problem)
        traded = _traded(a, b, words) or _per_asked(problem)
        clear = 0.4 if shared else 0.9 if whole or traded or part_asked else 0.4
        if traded and problem.asked.words & {"cost", "costs", "price"} and not whole:
            clear *= 0.6
        first, second = (high, low) if whole or part_asked else _gain_over_cost(a, b)
        yield join(first, second, "{0} / {1}", first.value / second.value, (), "factor", clear)
    elif told_of and s.value:
        yield join(s, other, "{1} / {0}", other.value / s.value, other.dims, other.kind, 0.95)
    elif not both and s.leaf and s.value and _whole_asked(s, other, gap, problem):
        yield join(s, other, "{1} / {0}", other.value / s.value, other.dims, other.kind, 1.0)
    elif not both and s.value and s.leaf and (problem.asked.mentions(say.BEFORE) or _last_asked(problem)):
        yield join(s, other, "{1} / {0}", other.value / s.value, other.dims, other.kind, _earlier(problem, s))


def _tells_of_another(a: Item, b: Item, gap: tuple[str, ...]) -> bool:
    """ "$288k, 50 % more than its rival", "$1.5B, that is 12x the last one": the other is what is not said."""
    if (
        b.term is None
        or not a.leaf
        or a.kind not in ("amount", "count")
        or not frozenset(gap) <= _IN_APPOSITION
    ):
        return False
    after = b.term.after
    if b.kind == "part":
        return b.form.startswith("(1 ") and ("than" in after[:4] or after[:1] in (("below",), ("above",)))
    return b.kind == "factor" and ("as" in after[2:4] or bool(frozenset(after[:3]) & _EARLIER_ONE))


_IN_APPOSITION = frozenset(
    [",", "that", "is", "which", "or", "about", "(", "-", "–", "roughly", "some", "'s"]
)
_EARLIER_ONE = frozenset(["last", "previous", "predecessor", "former", "old"])


def _whole_asked(s: Item, other: Item, gap: tuple[str, ...], problem: Problem) -> bool:
    """ "9 billion is 30 % of the market: how large is the market?"; "need 50k good ones and 8 % pass: how many …?"."""
    if s.term is None or s.form or s.kind != "part":
        return False
    of = {stem(w) for w in s.term.after[1:4] if w.isalpha()} if s.term.after[:1] == ("of",) else set()
    if _THOSE & frozenset(s.term.after[1:2]):
        of = set()  # "2 % of them hot spares"
    direct = s.first < other.first and gap[:1] == ("of",) and len(gap) <= 4
    if (
        other.term is not None
        and other.term.before[-1:] == ("of",)
        and {"much", "many"} & frozenset(other.term.before)
    ):
        return False  # "how much of $2B …"
    told = {stem(w) for w in s.term.after[2:5] if w.isalpha()}
    if len(of & problem.asked.labels) > 1 and told & problem.asked.labels:
        return False  # "1.5 % of cards broken: how many cards are broken?"
    if of & problem.asked.labels and not direct:
        return True
    if (
        other.first < s.first
        and of
        and frozenset(gap) & {"is", "are", "was", "makes", "equals"}
        and problem.asked.sure
    ):
        return problem.asked.kind != "percent" and bool(
            problem.asked.words & {"whole", "total", "market", "all"}
        )
    return passed(s.term, other, problem)


_THOSE = frozenset(["those", "them", "these", "which", "that", "it", "its", "whom"])


def _of_another_whole(a: Item, b: Item) -> bool:
    """ "80 % of the tokens and a fifth of the cost": the second is no share of the first."""
    if a.term is None or b.term is None or a.term.after[:1] != ("of",) or b.term.after[:1] != ("of",):
        return False
    told = {stem(w) for w in (*a.term.after, *a.term.before) if w.isalpha()}
    of = b.term.after[1:4]
    return not _THOSE & frozenset(of) and not told & {stem(w) for w in of if len(w) > 3 and w.isalpha()}


def _asks_for_a_part(a: Item, b: Item, problem: Problem) -> bool:
    """ "36x more expensive with 9x the tokens; what happened to the price of a token?": what one factor counts is asked about."""
    if len(problem.terms) != 2:
        return False
    things = {
        stem(w)
        for item in (a, b)
        for w in near_words(item)
        if spelled_unit(w) not in ("", "dimensionless", "USD")
    }
    return bool(things & problem.asked.labels)


def _per_asked(problem: Problem) -> bool:
    """Whether a rate of two things is asked for: "gain in performance per dollar"."""
    return problem.asked.per_cost and len(problem.terms) == 2


_COSTS = frozenset(
    [
        "cost",
        "costs",
        "price",
        "priced",
        "tco",
        "dearer",
        "expensive",
        "power",
        "watts",
        "money",
        "dollar",
        "dollars",
    ]
)


def _gain_over_cost(a: Item, b: Item) -> tuple[Item, Item]:
    return (b, a) if near_words(a) & _COSTS and not near_words(b) & _COSTS else (a, b)


def _traded(a: Item, b: Item, words: frozenset[str]) -> bool:
    """ "9x faster but costs 2.25x as much": a gain against what it costs."""
    costs = b.term is not None and bool(
        frozenset(b.term.before) & frozenset(["cost", "costs", "price", "tco", "power"])
    )
    gains = bool(
        words
        & frozenset(["fast", "quick", "faster", "quicker", "better", "performance", "throughput", "speed"])
    )
    return bool(words & {"but", "though", "whereas", "yet", "only"}) or (costs and gains)


def _last_asked(problem: Problem) -> bool:
    """ "65B this year, up 70 %: how much last year?"."""
    return "last" in problem.asked.words and problem.asked.says(
        frozenset({"year", "quarter", "month", "week"})
    )


def _earlier(problem: Problem, s: Item) -> float:
    """How clearly the amount before the change, or the whole of a part, is asked for."""
    if problem.asked.says(say.BEFORE) or _last_asked(problem):
        return 1.05
    return 0.35


def quotients(
    a: Item, b: Item, gap: tuple[str, ...], words: frozenset[str], problem: Problem
) -> Iterator[Item]:
    if (
        words & _SIGNS
        or not a.value
        or not b.value
        or {a.kind, b.kind} & {"part", "factor", "ratio", "change", "percent"}
    ):
        return
    said = 1.0 if words & say.OVER and not (a.dims == b.dims and "between" in words) else 0.0
    if {"out", "of"} <= words or (words & {"over", "across"} and cancels(a.dims, b.dims)):
        said = 0.0  # a rate over a time is kept up for it
    like = a.dims == b.dims
    if said and (not like or words & {"divided", "÷", "/"}):
        yield _ratio_of(a, b, said)
        return
    if like:
        return
    for x, y in ((a, b), (b, a)):
        if shares_unit(x.dims, y.dims):
            yield _ratio_of(x, y, 0.93)
        elif not cancels(x.dims, y.dims):
            yield _ratio_of(x, y, _spread(x, y, problem))


def _ratio_of(x: Item, y: Item, clear: float) -> Item:
    dims = quotient_dims(x.dims, y.dims)
    kind = "amount" if without_things(dims) else "count"
    return join(x, y, "{0} / {1}", x.value / y.value, dims, kind, clear)


def _spread(x: Item, y: Item, problem: Problem) -> float:
    """How clear it is that `x` is split over `y`: a bill over so many people, when one of them is asked about."""
    if not x.dims or is_count(x.dims) or not (is_count(y.dims) or not y.dims or y.dims == (("s", 1),)):
        return 0.6
    if not _one_of_asked(y, problem):
        return 0.4
    return 0.9 if problem.whole(x, y) or problem.whole(y, x) else 0.8


def _one_of_asked(y: Item, problem: Problem) -> bool:
    asked = problem.asked
    if asked.per and (asked.per != "second" or ("s", 1) in y.dims):
        return True
    if any(n in asked.one for n, _ in y.dims):
        return True
    return asked.unit is not None and any(p < 0 and (n, 1) in y.dims for n, p in asked.unit.dims)


__all__ = ["products", "quotients"]
