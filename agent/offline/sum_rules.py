"""How two neighbouring parts of a word problem may be joined: times, over, plus, minus, a change, a power.

Each rule looks at the units of the two parts and at the words between and around them, and says how clear the join
is. No rule knows a subject: "drawing", "each" and "at" join a count to what each of the counted has, whatever it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from agent.offline import sum_words as say
from agent.offline.measure import Unit
from agent.offline.sum_asked import Asked
from agent.offline.sum_item import Item, join, leaf
from agent.offline.sum_terms import Dims, Term, is_count, with_unit, without_things
from agent.offline.words import stem
from agent.offline.written_units import spelled_unit

_PLAIN_KINDS = frozenset({"amount", "count", "sum"})
_SCALARS = frozenset({"part", "factor", "ratio", "growth"})


@dataclass(frozen=True, slots=True)
class Problem:
    """The terms, the words between neighbours, and what is asked for."""

    terms: tuple[Term, ...]
    gaps: tuple[tuple[str, ...], ...]
    asked: Asked

    def between(self, a: Item, b: Item) -> tuple[str, ...]:
        return self.gaps[a.last]

    def whole(self, a: Item, b: Item) -> bool:
        """Whether the join would be the last one."""
        return a.first == 0 and b.last == len(self.terms) - 1


def leaves(k: int, problem: Problem) -> list[Item]:
    """A term as it stands, and for a percentage or a factor what it does to an amount."""
    term = problem.terms[k]
    if term.kind == "percent" and not term.period:
        return [leaf(k, term), *_percent_roles(k, term, problem)]
    if term.kind == "factor":
        return _factor_roles(k, term)
    if term.kind == "worked":
        return [leaf(k, term, "part", 0.97, "(1 / {0})", 1 / term.value)]  # a yearly cost by the hour worked
    return [leaf(k, term)]


def _percent_roles(k: int, term: Term, problem: Problem) -> Iterator[Item]:
    """p of it, 1 − p of it, 1 + p times it: by the nearest word around that says which."""
    p = term.value
    near = [w for w in (*term.after[:4], *reversed(term.before[-3:])) if not (w == "up" and "front" in term.after)]
    role = next((name for w in near for name, words in (("less", say.LESS), ("used", say.USED), ("more", say.MORE)) if w in words), "")
    if term.after[:1] == ("of",):
        yield leaf(k, term, "part", 0.97)
        if role == "less":
            yield leaf(k, term, "part", 0.75, "(1 - {0})", 1 - p)
        return
    lost = problem.asked.says(say.LESS) and not problem.asked.says(say.LEFT) and problem.asked.kind in ("unit", "count")
    clear = {"less": (0.5, 0.95, 0.2), "more": (0.5, 0.2, 0.95), "used": (0.93, 0.4, 0.1), "": (0.6, 0.45, 0.3)}[role]
    counts = problem.asked.kind == "count" or (problem.asked.unit is not None and is_count(problem.asked.unit.dims))
    if role == "less" and counts and not problem.asked.says(say.LEFT):
        clear = (0.65, 0.65, 0.1)
    if role == "less" and (lost or _noun_lost(term, problem)):
        clear = (0.95, 0.4, 0.1)
    if role == "more" and problem.asked.says(say.APART):
        clear = (0.93, 0.1, 0.6)
    elif role == "more" and problem.asked.mentions(say.GAINED):
        clear = (0.9, 0.1, 0.6)
    if role == "more" and problem.asked.mentions(say.NEEDED) and problem.asked.kind in ("unit", "count", "open"):
        yield leaf(k, term, "part", 0.85, "(1 / (1 + {0}))", 1 / (1 + p))  # a gain that fewer are needed for
        clear = (0.3, 0.1, 0.3)
    if role == "used" and problem.asked.says(frozenset({"idle", "unused", "wasted", "lost"})):
        clear = (0.4, 0.93, 0.1)
    if clear[0] > 0.3:
        yield leaf(k, term, "part", clear[0])
    if clear[1] > 0.3:
        yield leaf(k, term, "part", clear[1], "(1 - {0})", 1 - p)
    if clear[2] > 0.25:
        yield leaf(k, term, "part", clear[2], "(1 + {0})", 1 + p)


def _noun_lost(term: Term, problem: Problem) -> bool:
    """ "5% fail …: how many failed", "early swap rate … how many swapped": the lost ones are what is asked for."""
    return bool(
        problem.asked.labels & {w for w in map(_stem, term.after[:4])} - {""}
    ) and not problem.asked.says(say.LEFT)


def _stem(word: str) -> str:
    return stem(word) if word.isalpha() and len(word) > 3 else ""


def _factor_roles(k: int, term: Term) -> list[Item]:
    """ "12x the tokens" multiplies; "3x cheaper", "fell sixfold" divides."""
    if term.odds:
        return [leaf(k, term, "factor", 0.6), leaf(k, term, "factor", 0.6, "(1 / {0})", 1 / term.value)]
    if term.before[-1:] and term.before[-1] in ("on", "at") and not term.after:
        return [leaf(k, term, "factor", 0.5)]  # "valued at 25x": a multiple of something
    near = [*term.after[:2], *term.before[-3:]]
    fewer = any(w in say.FEWER for w in near)
    made = [leaf(k, term, "factor", 0.55 if fewer else 1.0)]
    if fewer and term.value > 1:
        made.append(leaf(k, term, "factor", 0.95, "(1 / {0})", 1 / term.value))
    return made


def joined(a: Item, b: Item, problem: Problem) -> Iterator[Item]:
    """Every way to join two neighbours."""
    gap = problem.between(a, b)
    words = frozenset(gap)
    if "growth" in (a.kind, b.kind):
        yield from _powers(a, b)
        return
    if a.kind == "percent" or b.kind == "percent":
        yield from _percents(a, b, words, problem)
        return
    torn = 0.6 if _torn(a, b) else 1.0
    for made in (*_products(a, b, gap, words, problem), *_quotients(a, b, gap, words, problem)):
        yield made if torn == 1.0 else replace(made, weight=made.weight * torn)
    alike = _alike(a, b)
    if alike is not None:
        apart = 0.5 if torn != 1.0 and not (a.leaf and b.leaf) else 1.0
        for made in (*_additive(*alike, words, problem), *_compared(*alike, gap, words, problem)):
            yield made if apart == 1.0 else replace(made, weight=made.weight * apart)


def _torn(a: Item, b: Item) -> bool:
    """Whether one end of "from A to B" is joined with something else than its other end."""
    return any(
        x.leaf and x.term is not None and (x.term.from_ or x.term.to) and x.kind != "part" for x in (a, b)
    )


def _alike(a: Item, b: Item) -> tuple[Item, Item] | None:
    """Both, when they are of one kind; a bare number takes the unit of the other ("45 dollars, the other 18")."""
    if {a.kind, b.kind} & {"ratio", "change", "part"}:
        return None
    if "factor" in (a.kind, b.kind):
        ends = a.term is not None and b.term is not None and (a.term.from_ or b.term.to)
        return (a, b) if ends and a.kind == b.kind and a.leaf and b.leaf and not a.form and not b.form else None
    if a.dims == b.dims:
        return a, b
    for x, y, first in ((a, b, True), (b, a, False)):
        if (
            x.dims
            and x.term is not None
            and y.term is not None
            and y.term.bare
            and y.kind == "count"
            and y.leaf
        ):
            if not 1e-3 <= y.value * x.term.scale / (x.value or 1.0) <= 1e3:
                continue
            shared = leaf(y.first, with_unit(y.term, x.term), weight=y.weight * 0.95)
            return (x, shared) if first else (shared, x)
    return None


def _times(a: Dims, b: Dims) -> Dims:
    return (Unit(1.0, a) * Unit(1.0, b)).dims


def _per(a: Dims, b: Dims) -> Dims:
    return (Unit(1.0, a) / Unit(1.0, b)).dims


def _cancels(a: Dims, b: Dims) -> bool:
    """Whether a unit of one is below the line in the other: $/h and h, W/chip and chip."""
    powers = dict(a)
    return any(powers.get(n, 0) * p < 0 for n, p in b)


def _shares(a: Dims, b: Dims) -> bool:
    powers = dict(a)
    return any(powers.get(n, 0) * p > 0 for n, p in b)


def _products(
    a: Item, b: Item, gap: tuple[str, ...], words: frozenset[str], problem: Problem
) -> Iterator[Item]:
    value, dims = a.value * b.value, _times(a.dims, b.dims)
    said = 1.0 if words & say.TIMES and len(gap) <= 3 else 0.0
    if a.term is not None and a.term.kind == "factor" and not gap:
        said = 0.0 if a.term.verbal else 1.0  # "8 times 7", but "doubles three times"
    scalar = a.kind in _SCALARS or b.kind in _SCALARS
    if scalar:
        yield from _scaled(a, b, gap, words, problem, said)
        return
    if a.kind == "change" or b.kind == "change":
        return
    if _cancels(a.dims, b.dims):
        yield join(a, b, "{0} * {1}", value, dims, "amount", max(said, 0.97))
        return
    for x, y, k in ((a, b, 0), (b, a, 1)):
        if (is_count(x.dims) or (not x.dims and x.kind == "count")) and (y.dims or (k == 0 and said)):
            if is_count(x.dims) and is_count(y.dims) and (k == 1 or x.dims == y.dims or not (words & _HOLDING or not gap)):
                continue
            clear = max(said, _had(x, y, gap, words, k == 0))
            if clear and any(n in problem.asked.one for n, _ in x.dims):
                clear *= 0.4  # asked for one of them
            if clear:
                each = (
                    tuple((n, p) for n, p in y.dims if p > 0 or without_things(((n, 1),)))
                    if not gap
                    else y.dims
                )
                yield join(a, b, "{0} * {1}", value, each, "amount", clear, absorbed=k)
    if dims and (("s", 1),) in (a.dims, b.dims) and {a.dims, b.dims} & {(("chip", 1),), (("person", 1),), (("server", 1),)}:
        yield join(a, b, "{0} * {1}", value, dims, "amount", max(said, 0.9))  # chips for hours
    elif dims and not is_count(a.dims) and not is_count(b.dims) and a.dims and b.dims and a.dims != b.dims:
        yield join(a, b, "{0} * {1}", value, dims, "amount", max(said, 0.75))
    if not a.dims and not b.dims and (said or words & {"of", "each", "with"}):
        yield join(a, b, "{0} * {1}", value, dims, "count", max(said, 0.85))


_HOLDING = frozenset("with of each x × * times holding having has hold have at contain containing per".split())


def _had(x: Item, y: Item, gap: tuple[str, ...], words: frozenset[str], forward: bool) -> float:
    """How clearly each of the counted `x` has `y`: "400 servers drawing 350 W", "at $2 on 256 cards", "32 of 72"."""
    if not x.leaf or (y.dims == (("s", 1),)):
        return 0.0
    if not gap and forward:
        return 0.97 if y.leaf else 0.3
    if any(_is_thing(n) and p < 0 for n, p in y.dims):
        return 0.35
    if words & {".", ";", "and"} and not words & {"each", "every"}:
        return 0.45
    if not gap:
        return 0.3
    if forward and (words & say.HAVING):
        return 0.9
    if not forward and words & {"on", "for", "times", "across", "x", "by"} and len(gap) <= 3:
        return 0.8
    return 0.6


def _is_thing(name: str) -> bool:
    return without_things(((name, 1),)) == ()


def _scaled(
    a: Item, b: Item, gap: tuple[str, ...], words: frozenset[str], problem: Problem, said: float
) -> Iterator[Item]:
    """A share or a factor times what it is said of; and what it was before that."""
    value, dims = a.value * b.value, _times(a.dims, b.dims)
    s, other = (a, b) if a.kind in _SCALARS else (b, a)
    both = other.kind in _SCALARS
    if s.term is not None and s.term.kind == "worked" and (both or ("s", -1) not in other.dims):
        return
    if other.kind == "change" or ("ratio" in (a.kind, b.kind) and "factor" not in (a.kind, b.kind)):
        return
    if a.kind == "part" and words & {"of"} and len(gap) <= 4 and gap[0] == "of":
        said = 1.0
    clear = 0.93
    kind = ("factor" if "factor" in (a.kind, b.kind) else "part") if both else other.kind
    if both and any(x.form.startswith("(1 /") for x in (a, b)):
        said, clear = 0.0, 0.5  # "fewer", "cheaper": of what, and so which way, only the subject says
    clear = max(said, 0.4 if both and a.term is not None and a.term.verbal and not gap else clear)
    told = problem.asked.every - problem.asked.words
    if both and {bool(a.form), bool(b.form)} == {True, False} and a.kind == b.kind == "part":
        clear *= 0.55  # a share of a change, or a change of a share
    if both and a.kind == b.kind == "part" and not a.form and not b.form and "of" not in words and problem.asked.kind == "percent":
        clear *= 0.55
    told = told | (say.WHOLE_FACTOR if problem.asked.says(say.LEFT_OVER) else frozenset())
    whole = both and problem.whole(a, b) and bool(told & say.WHOLE_FACTOR) and a.kind == b.kind == "factor"
    if not both and s.leaf and _whole_asked(s, other, gap, problem):
        clear *= 0.5
    yield join(a, b, "{0} * {1}", value, dims, kind, clear * (0.5 if whole or (both and a.kind == b.kind == "factor" and (_traded(a, b, words) or _per_asked(problem) or _asks_for_a_part(a, b, problem))) else 1.0))
    if both and a.kind == b.kind == "factor":
        high, low = (a, b) if abs(a.value) >= abs(b.value) else (b, a)
        part_asked = _asks_for_a_part(a, b, problem)
        traded = _traded(a, b, words) or _per_asked(problem)
        clear = 0.9 if whole or traded or part_asked else 0.4
        if traded and problem.asked.words & {"cost", "costs", "price"} and not whole:
            clear *= 0.6
        first, second = (high, low) if whole or part_asked else _gain_over_cost(a, b)
        yield join(first, second, "{0} / {1}", first.value / second.value, (), "factor", clear)
    elif not both and s.leaf and s.value and _whole_asked(s, other, gap, problem):
        yield join(s, other, "{1} / {0}", other.value / s.value, other.dims, other.kind, 1.0)
    elif not both and s.value and problem.asked.mentions(say.BEFORE) and s.leaf:
        yield join(s, other, "{1} / {0}", other.value / s.value, other.dims, other.kind, _earlier(problem, s))


def _whole_asked(s: Item, other: Item, gap: tuple[str, ...], problem: Problem) -> bool:
    """ "9 billion is 30 % of the market: how large is the market?"; "need 50k good ones and 8 % pass: how many …?"."""
    if s.term is None or s.form or s.kind != "part":
        return False
    of = {stem(w) for w in s.term.after[1:4] if w.isalpha()} if s.term.after[:1] == ("of",) else set()
    direct = s.first < other.first and gap[:1] == ("of",) and len(gap) <= 4
    if of & problem.asked.labels and not direct:
        return True
    if other.first < s.first and of and frozenset(gap) & {"is", "are", "was", "makes", "equals"} and problem.asked.sure:
        return problem.asked.kind != "percent" and bool(problem.asked.words & {"whole", "total", "market", "all"})
    passed = frozenset((*s.term.after[:3],)) & frozenset("survive survives pass passes accepted kept keep succeed succeeds usable".split())
    return bool(passed) and problem.asked.mentions(say.MUST - {"have"}) and problem.asked.kind in ("count", "unit", "open")


def _near(item: Item) -> frozenset[str]:
    return frozenset() if item.term is None else frozenset((*item.term.before[-4:], *item.term.after[:4]))


def _asks_for_a_part(a: Item, b: Item, problem: Problem) -> bool:
    """ "36x more expensive with 9x the tokens; what happened to the price of a token?": what one factor counts is asked about."""
    if len(problem.terms) != 2:
        return False
    things = {stem(w) for item in (a, b) for w in _near(item) if spelled_unit(w) not in ("", "dimensionless", "USD")}
    return bool(things & problem.asked.labels)


def _per_asked(problem: Problem) -> bool:
    """Whether a rate of two things is asked for: "gain in performance per dollar"."""
    return problem.asked.per_cost and len(problem.terms) == 2


_COSTS = frozenset("cost costs price priced tco dearer expensive power watts money dollar dollars".split())


def _gain_over_cost(a: Item, b: Item) -> tuple[Item, Item]:
    return (b, a) if _near(a) & _COSTS and not _near(b) & _COSTS else (a, b)


def _traded(a: Item, b: Item, words: frozenset[str]) -> bool:
    """ "9x faster but costs 2.25x as much": a gain against what it costs."""
    costs = b.term is not None and bool(frozenset(b.term.before) & frozenset("cost costs price tco power".split()))
    gains = bool(words & frozenset("fast quick faster quicker better performance throughput speed".split()))
    return bool(words & {"but", "though", "whereas", "yet", "only"}) or (costs and gains)


def _earlier(problem: Problem, s: Item) -> float:
    """How clearly the amount before the change, or the whole of a part, is asked for."""
    if problem.asked.says(say.BEFORE):
        return 1.05
    return 0.35


def _quotients(
    a: Item, b: Item, gap: tuple[str, ...], words: frozenset[str], problem: Problem
) -> Iterator[Item]:
    if not a.value or not b.value or {a.kind, b.kind} & {"part", "factor", "ratio", "change", "percent"}:
        return
    said = 1.0 if words & say.OVER and not (a.dims == b.dims and "between" in words) else 0.0
    if {"out", "of"} <= words or (words & {"over", "across"} and _cancels(a.dims, b.dims)):
        said = 0.0  # a rate over a time is kept up for it
    like = a.dims == b.dims
    if said and (not like or words & {"divided", "÷", "/"}):
        yield join(
            a,
            b,
            "{0} / {1}",
            a.value / b.value,
            _per(a.dims, b.dims),
            "amount" if _per(a.dims, b.dims) else "count",
            said,
        )
        return
    if like:
        return
    for x, y, swap in ((a, b, False), (b, a, True)):
        dims = _per(x.dims, y.dims)
        if _cancels(x.dims, y.dims) and not _shares(x.dims, y.dims):
            continue
        if _shares(x.dims, y.dims):
            clear = 0.93
        elif (is_count(y.dims) or y.dims == (("s", 1),) or not y.dims) and x.dims and not is_count(x.dims):
            per = (bool(problem.asked.per) and (problem.asked.per != "second" or ("s", 1) in y.dims)) or any(n in problem.asked.one for n, _ in y.dims) or (problem.asked.unit is not None and any(p < 0 and (n, 1) in y.dims for n, p in problem.asked.unit.dims))
            clear = 0.9 if per and problem.whole(a, b) else 0.8 if per else 0.4
        else:
            clear = 0.6
        soft = without_things(x.dims) == without_things(y.dims) and bool(without_things(x.dims))
        yield (
            join(
                x,
                y,
                "{0} / {1}",
                x.value / y.value,
                dims,
                "amount" if without_things(dims) else "count",
                clear,
                absorbed=-1,
            )
            if not soft
            else join(x, y, "{0} / {1}", x.value / y.value, dims, "count", 0.93)
        )


def _additive(a: Item, b: Item, words: frozenset[str], problem: Problem) -> Iterator[Item]:
    """Sums and differences of amounts of one kind."""
    asked, whole = problem.asked, problem.whole(a, b)
    if "factor" in (a.kind, b.kind):
        return
    plus = 0.97 if words & say.PLUS and not words & say.MINUS else 0.0
    if not plus and words & say.LISTED and len(words) <= 8:
        plus = 0.93 if asked.mentions(say.TOTAL) else 0.35 if whole else 0.55
    elif not plus and asked.mentions(say.TOTAL):
        plus = 0.8
    if asked.says(say.STRONGLY_APART) and plus < 0.97:
        plus *= 0.5
    if plus and not words & say.AGAINST or plus > 0.9:
        yield join(
            a,
            b,
            "{0} + {1}",
            a.value + b.value,
            a.dims,
            "sum",
            plus * (0.6 if whole and asked.says(say.APART | say.LEFT) and not asked.says(say.TOTAL) else 1.0),
        )
    minus = 0.97 if words & say.MINUS else 0.0
    if not minus and asked.mentions(say.APART | say.LEFT) and (asked.kind != "open" or asked.says(say.STRONGLY_APART | say.LEFT)):
        minus = (0.93 if asked.says(say.APART | say.LEFT) else 0.75) if whole else 0.8 if words & say.AGAINST or asked.says(say.APART) else 0.5
    if not minus and whole and ((a.term and a.term.from_) or (b.term and b.term.to)):
        minus = 0.8
    if a.dims == (("s", 1),) and not whole:
        minus *= 0.4  # "over four years vs six": each has its own
    if not minus:
        return
    high, low = (a, b) if a.value >= b.value or words & say.MINUS else (b, a)
    yield join(high, low, "{0} - {1}", high.value - low.value, a.dims, "sum", minus)


def _compared(
    a: Item, b: Item, gap: tuple[str, ...], words: frozenset[str], problem: Problem
) -> Iterator[Item]:
    """A share, a change or a multiple of amounts of one kind."""
    if not a.value or not b.value or a.value < 0 or b.value < 0:
        return
    kind = problem.asked.kind
    if kind in ("percent", "points"):
        yield from _share(a, b, gap, words, problem)
        yield from _change(a, b, words, problem)
    elif problem.whole(a, b):
        yield from _multiple(a, b, gap, words, problem)


def _share(a: Item, b: Item, gap: tuple[str, ...], words: frozenset[str], problem: Problem) -> Iterator[Item]:
    asked = problem.asked
    part, total = (a, b) if a.value <= b.value else (b, a)
    taken = b.term is not None and b.term.from_ and not (a.term is not None and a.term.to)  # "800 pulled from 16k"
    changing = not taken and (asked.says(say.CHANGED - say.SHARE) or (a.term is not None and a.term.from_))
    said = {"out", "of"} <= words or gap[:1] == ("of",) or words & {"which"} or asked.mentions(say.SHARE)
    said = said or taken
    shares = asked.mentions(frozenset({"first", "percent", "percentage", "%"})) and "second" in asked.every
    if shares:
        part, total, said = a, b, True
    clear = 0.97 if said else 0.85 if not changing else 0.35
    if changing and said and not {"out", "of"} <= words and gap[:1] != ("of",):
        clear = 0.7
    if len(problem.terms) == 2 and asked.mentions(frozenset({"together", "combined", "both"})):
        clear *= 0.5
    if part.kind == "sum" and total.kind != "sum":
        clear *= 0.7
    if not {"out", "of"} <= words and gap[:1] != ("of",) and _names_another(problem):
        clear *= 0.5
    rest = asked.says(say.LEFT | frozenset({"idle", "unused", "lost"})) and not _is_rest(part, total, gap, problem)
    value = part.value / total.value
    yield join(part, total, "{0} / {1}", value, (), "ratio", clear * (0.5 if rest else 1.0))
    if rest:
        yield join(part, total, "1 - {0} / {1}", 1 - value, (), "ratio", 0.95 if clear > 0.5 else 0.5)


_PLAIN_ASKING = frozenset(
    stem(w)
    for w in "percent percentage pct share fraction part many much total first second that this out sit sat number".split()
)


def _names_another(problem: Problem, *, strict: bool = False) -> bool:
    """Whether what is asked about is named nowhere among the numbers ("free cash flow as a percentage of …")."""
    if not problem.asked.labels:
        return False
    around = {stem(w) for t in problem.terms for w in (*t.before, *t.after, *t.unit_text.split("/")) if w.isalpha()}
    around |= {stem(w) for gap in problem.gaps for w in gap if w.isalpha()}
    known = {stem(w) for w in say.CHANGED | say.SHARE | say.LEFT | say.APART | say.USED | say.GROWING | {"annual", "relative", "rate", "value", "price", "year", "amount"} | (frozenset() if strict else say.MONEY)}
    named = problem.asked.labels - _PLAIN_ASKING - known
    return bool(named) and not named & around


def _is_rest(part: Item, total: Item, gap: tuple[str, ...], problem: Problem) -> bool:
    """Whether the smaller amount is itself what is asked for ("48 sat idle, what share is idle")."""
    if part.term is None:
        return False
    words = [*part.term.after, *part.term.before]
    if gap[:1] in (("of",), ("out",)) and total.term is not None:
        words += total.term.after  # "15 of the 120 survive"
    around = {_stem(w) for w in words} - {""}
    if around & {_stem(w) for w in say.LEFT - {"over", "after", "yet", "not"}}:
        return True
    return bool({_stem(w) for w in problem.asked.words & (say.LEFT | {"idle", "unused", "lost"})} & around)


def _change(a: Item, b: Item, words: frozenset[str], problem: Problem) -> Iterator[Item]:
    asked = problem.asked
    marked = (a.term is not None and a.term.from_) or (b.term is not None and b.term.to)
    old, new = (b, a) if _reversed(a, b, words) else (a, b)
    changing = asked.says(say.CHANGED)
    clear = 0.97 if marked and changing else 0.93 if changing or marked else 0.5
    down, up = asked.says(say.LESS), asked.says(say.MORE - {"more", "up", "above", "over"})
    if down != up and (new.value > old.value) == down:
        if marked:
            clear *= 0.35  # the other way round: what falls is not what rises
        else:
            old, new = new, old
    if _names_another(problem, strict=True):
        clear *= 0.5
    if b.term is not None and b.term.from_ and not (a.term is not None and a.term.to):
        clear *= 0.4
    if new.value >= old.value:
        yield join(old, new, "({1} - {0}) / {0}", new.value / old.value - 1, (), "change", clear)
    else:
        yield join(old, new, "({0} - {1}) / {0}", 1 - new.value / old.value, (), "change", clear)


def _reversed(a: Item, b: Item, words: frozenset[str]) -> bool:
    if a.term is None or b.term is None:
        return False
    if "than" in words or (a.term.to and b.term.from_):
        return True
    later = frozenset({"now", "today", "currently"})
    return bool(later & frozenset(a.term.after[:2] + a.term.before[-2:])) and bool(
        say.BEFORE & frozenset(b.term.after + b.term.before)
    )


def _multiple(
    a: Item, b: Item, gap: tuple[str, ...], words: frozenset[str], problem: Problem
) -> Iterator[Item]:
    """How many times: the larger over the smaller, or as the text puts it."""
    asked = problem.asked
    if asked.kind not in ("ratio", "count", "open") and not (
        asked.unit is not None and is_count(asked.unit.dims) and not is_count(a.dims)
    ):
        return
    high, low = (a, b) if a.value >= b.value else (b, a)
    clear = {"ratio": 0.97, "count": 0.88, "open": 0.95 if {"over", "that"} <= words or {"over", "those"} <= words else 0.3}.get(asked.kind, 0.85)
    if asked.kind in ("ratio", "open") and ("over" in gap[-3:] or ({"ratio", "to"} <= asked.words and "to" in words)):
        high, low = a, b
    if asked.kind == "ratio" and (words & say.ADDED or (b.term is not None and "top" in b.term.after)) and a.dims and not asked.mentions(frozenset({"after"})):
        added_later = "another" in words or (b.term is not None and bool(frozenset(b.term.after) & {"top", "extra", "additional"}))
        base = a if added_later else b
        yield join(a, b, "({0} + {1}) / {0}" if added_later else "({0} + {1}) / {1}", (a.value + b.value) / base.value, (), "ratio", 0.93)
        clear *= 0.5
    yield join(high, low, "{0} / {1}", high.value / low.value, (), "ratio" if asked.kind != "unit" else "count", clear)


def _percents(a: Item, b: Item, words: frozenset[str], problem: Problem) -> Iterator[Item]:
    """Two stated percentages: points apart, how much one changed, or one after the other."""
    if a.kind != "percent" or b.kind != "percent":
        return
    asked = problem.asked
    if asked.kind == "points":
        high, low = (a, b) if a.value >= b.value else (b, a)
        yield join(high, low, "{0} - {1}", high.value - low.value, (), "change", 0.97)
        return
    if asked.kind != "percent" or not a.value or not b.value:
        return
    marked = a.term is not None and a.term.from_ and b.term is not None and b.term.to
    if marked:
        yield from _change(a, b, words, problem)
        yield join(
            a,
            b,
            "{1} - {0}" if b.value > a.value else "{0} - {1}",
            abs(b.value - a.value),
            (),
            "change",
            0.5 if asked.mentions(frozenset({"relative"})) else 0.85,
        )


def _powers(a: Item, b: Item) -> Iterator[Item]:
    """Growth by so much every period, for so long; and what grows."""
    if a.kind == "growth" and b.kind == "growth":
        return
    g, other = (a, b) if a.kind == "growth" else (b, a)
    if g.term is None or g.form:
        return
    if other.dims == (("s", 1),) and other.leaf:
        step, base = _step(g.term)
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


def _step(term: Term) -> tuple[float, str]:
    """The factor of one period, and how it is written."""
    near = [*term.before[-3:], *term.after[:2]]
    falls = any(w in say.LESS for w in near)
    if term.unit_text == "percent":
        return (1 - term.value, "(1 - {0})") if falls else (1 + term.value, "(1 + {0})")
    if falls and term.value > 1:
        return 1 / term.value, "(1 / {0})"
    return term.value, "{0}"


__all__ = ["Problem", "joined", "leaves"]
