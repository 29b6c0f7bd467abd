"""Amounts of one kind side by side: sums, differences, shares, changes, multiples."""

from __future__ import annotations

from collections.abc import Iterator

from agent.offline.reading.words import stem
from agent.offline.sums import words as say
from agent.offline.sums.dims import is_count
from agent.offline.sums.item import Item, Problem, join, leaf, stem_of
from agent.offline.sums.sides import other_side, subset
from agent.offline.sums.terms import Term, with_unit


def alike_pair(a: Item, b: Item) -> tuple[Item, Item] | None:
    """Both, when they are of one kind; a bare number takes the unit of the other ("45 dollars, the other 18")."""
    if {a.kind, b.kind} & {"ratio", "change", "part"}:
        return None
    if "factor" in (a.kind, b.kind):
        ends = a.term is not None and b.term is not None and (a.term.from_ or b.term.to)
        return (
            (a, b) if ends and a.kind == b.kind and a.leaf and b.leaf and not a.form and not b.form else None
        )
    if a.dims == b.dims:
        return a, b
    for x, y, first in ((a, b, True), (b, a, False)):
        named = _first_term(x)
        if x.dims and named is not None and y.term is not None and y.term.bare and y.kind == "count":
            if y.term.counts or not 1e-3 <= y.value * named.scale / (x.value or 1.0) <= 1e3:
                continue
            shared = leaf(y.first, with_unit(y.term, named), weight=y.weight * 0.95)
            return (x, shared) if first else (shared, x)
    return None


def _first_term(item: Item) -> Term | None:
    """The first term of the item's own unit."""
    if item.term is not None:
        return item.term
    found = (_first_term(p) for p in item.parts if p.dims == item.dims)
    return next((t for t in found if t is not None), None)


def sums_of(a: Item, b: Item, words: frozenset[str], problem: Problem) -> Iterator[Item]:
    """Sums and differences of amounts of one kind."""
    asked, whole = problem.asked, problem.whole(a, b)
    if problem.bound(a.first - 1) or problem.bound(b.last):
        return  # "… × 450 W minus 6,000 × 800 W": times binds tighter
    if "factor" in (a.kind, b.kind):
        return
    if subset(a, b, problem.between(a, b)) and (other_side(a, b, asked) or asked.says(say.LEFT)):
        yield join(b, a, "{0} - {1}", b.value - a.value, b.dims, "sum", 0.95)
        return
    way = changed_by(b)
    if way and (way > 0 or a.value > b.value):
        form, value = ("{0} + {1}", a.value + b.value) if way > 0 else ("{0} - {1}", a.value - b.value)
        yield join(a, b, form, value, a.dims, "sum", 0.95)
        return
    plus = 0.97 if words & say.PLUS and not words & say.MINUS else 0.0
    if not plus and words & say.LISTED and len(words) <= 8:
        plus = 0.93 if asked.mentions(say.TOTAL) else 0.35 if whole else 0.55
    elif not plus and asked.mentions(say.TOTAL):
        plus = 0.8
    if asked.says(say.STRONGLY_APART) and plus < 0.97:
        plus *= 0.5
    if (plus and not words & say.AGAINST) or plus > 0.9:
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
    if (
        not minus
        and asked.mentions(say.APART | say.LEFT)
        and (asked.kind != "open" or asked.says(say.STRONGLY_APART | say.LEFT))
    ):
        minus = (
            (0.93 if asked.says(say.APART | say.LEFT) else 0.75)
            if whole
            else 0.8
            if words & say.AGAINST or asked.says(say.APART)
            else 0.5
        )
    if not minus and whole and ((a.term and a.term.from_) or (b.term and b.term.to)):
        minus = 0.8
    if not whole and asked.says(say.LEFT) and not words & say.MINUS and a.first:
        minus *= 0.5  # "of 40, 6 go here and 2 there": both are taken from the first
    if a.dims == (("s", 1),) and not whole:
        minus *= 0.4  # "over four years vs six": each has its own
    if not minus:
        return
    high, low = (a, b) if a.value >= b.value or words & say.MINUS else (b, a)
    yield join(high, low, "{0} - {1}", high.value - low.value, a.dims, "sum", minus)


def comparisons(
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
    taken = (
        b.term is not None and b.term.from_ and not (a.term is not None and a.term.to)
    )  # "800 pulled from 16k"
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
    if len(problem.terms) == 2 and asked.mentions(say.REST) and not asked.says(say.REST):
        clear *= 0.6  # "everybody else sells 115": that is no whole
    if asked.says(_APART_BY) and not asked.mentions(say.SHARE):
        clear *= 0.5  # by how much one is above the other is no share
    if part.kind == "sum" and total.kind != "sum":
        clear *= 0.7
    if (gap[:2] == ("of", "which") or (not {"out", "of"} <= words and gap[:1] != ("of",))) and _names_another(
        problem
    ):
        clear *= 0.5
    rest = other_side(part, total, asked) or (
        asked.says((say.LEFT - {"without"}) | frozenset({"idle", "unused", "lost"}))
        and not _is_rest(part, total, gap, problem)
    )
    if asked.says(say.WASTED) and _near(part) & say.KEPT and not _near(part) & say.WASTED:
        rest, clear = True, 0.97  # "9 of 60 make it: what share disappears"
    value = part.value / total.value
    yield join(part, total, "{0} / {1}", value, (), "ratio", clear * (0.5 if rest else 1.0))
    if rest:
        yield join(part, total, "1 - {0} / {1}", 1 - value, (), "ratio", 0.95 if clear > 0.5 else 0.5)


_PLAIN_ASKING = frozenset(
    stem(w)
    for w in [
        "percent",
        "percentage",
        "pct",
        "share",
        "fraction",
        "part",
        "many",
        "much",
        "total",
        "first",
        "second",
        "that",
        "this",
        "out",
        "sit",
        "sat",
        "number",
    ]
)


def _names_another(problem: Problem, *, strict: bool = False) -> bool:
    """Whether what is asked about is named nowhere among the numbers ("free cash flow as a percentage of …")."""
    if not problem.asked.labels:
        return False
    around = {
        stem(w) for t in problem.terms for w in (*t.before, *t.after, *t.unit_text.split("/")) if w.isalpha()
    }
    around |= {stem(w) for gap in problem.gaps for w in gap if w.isalpha()}
    known = {
        stem(w)
        for w in say.MINUS
        | say.CHANGED
        | say.SHARE
        | say.LEFT
        | say.APART
        | say.USED
        | say.GROWING
        | {"annual", "relative", "rate", "value", "price", "year", "amount"}
        | (frozenset() if strict else say.MONEY)
    }
    named = problem.asked.labels - _PLAIN_ASKING - known
    return bool(named) and not named & around


def _near(item: Item) -> frozenset[str]:
    return frozenset() if item.term is None else frozenset((*item.term.before[-3:], *item.term.after[:4]))


def _is_rest(part: Item, total: Item, gap: tuple[str, ...], problem: Problem) -> bool:
    """Whether the smaller amount is itself what is asked for ("48 sat idle, what share is idle")."""
    if part.term is None:
        return False
    words = [*part.term.after, *part.term.before]
    if gap[:1] in (("of",), ("out",)) and total.term is not None:
        words += total.term.after  # "15 of the 120 survive"
    around = {stem_of(w) for w in words} - {""}
    if around & {stem_of(w) for w in say.LEFT - {"over", "after", "yet", "not"}}:
        return True
    return bool({stem_of(w) for w in problem.asked.words & (say.LEFT | say.WASTED)} & around)


def _change(a: Item, b: Item, words: frozenset[str], problem: Problem) -> Iterator[Item]:
    asked = problem.asked
    marked = (a.term is not None and a.term.from_) or (b.term is not None and b.term.to)
    old, new = (b, a) if _reversed(a, b, words) else (a, b)
    changing = asked.says(say.CHANGED)
    clear = 0.97 if marked and changing else 0.93 if changing or marked else 0.5
    down, up = asked.says(say.LESS), asked.says(say.MORE - {"more", "up", "above", "over"})
    if not marked and not (down or up) and asked.says(_MORE_OF) and old.value > new.value:
        old, new = new, old  # "how much more memory in percent"
    if down != up and (new.value > old.value) == down:
        if marked:
            clear *= 0.35  # the other way round: what falls is not what rises
        else:
            old, new = new, old
    if _names_another(problem, strict=True):
        clear *= 0.5
    if b.term is not None and b.term.from_ and not (a.term is not None and a.term.to):
        clear *= 0.4
    if any(
        x.term is not None and x.term.before[-1:] == ("of",) and _CHANGE_NOUNS & frozenset(x.term.before[-2:])
        for x in (a, b)
    ):
        clear *= 0.3  # "after a rise of $1.2M": the difference itself
    if new.value >= old.value:
        yield join(old, new, "({1} - {0}) / {0}", new.value / old.value - 1, (), "change", clear)
    else:
        yield join(old, new, "({0} - {1}) / {0}", 1 - new.value / old.value, (), "change", clear)


_APART_BY = frozenset(["overpay", "overpaying", "overpaid", "overspend", "gap", "difference", "premium"])
_CHANGE_NOUNS = frozenset(
    [
        "rise",
        "increase",
        "cut",
        "drop",
        "fall",
        "discount",
        "gain",
        "jump",
        "decline",
        "reduction",
        "growth",
        "loss",
    ]
)
_MORE_OF = frozenset(["more", "above"])


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
    clear = {
        "ratio": 0.97,
        "count": 0.88,
        "open": 0.95 if {"over", "that"} <= words or {"over", "those"} <= words else 0.3,
    }.get(asked.kind, 0.85)
    if asked.kind in ("ratio", "open") and (
        "over" in gap[-3:] or ({"ratio", "to"} <= asked.words and "to" in words)
    ):
        high, low = a, b
    if (
        asked.kind == "ratio"
        and ((words & say.ADDED and a.dims) or adds(a) or adds(b))
        and not asked.mentions(frozenset({"after"}))
    ):
        added_later = "another" in words or adds(b)
        base = a if added_later else b
        yield join(
            a,
            b,
            "({0} + {1}) / {0}" if added_later else "({0} + {1}) / {1}",
            (a.value + b.value) / base.value,
            (),
            "ratio",
            0.93,
        )
        clear *= 0.5
    yield join(
        high,
        low,
        "{0} / {1}",
        high.value / low.value,
        (),
        "ratio" if asked.kind != "unit" else "count",
        clear,
    )


def changed_by(item: Item) -> int:
    """+1 for "grows by 6", −1 for "cut by 50 cents", 0 where no amount is added or taken off."""
    if item.term is None or item.term.before[-1:] != ("by",):
        return 0
    near = frozenset(item.term.before[-3:-1])
    return bool(near & say.MORE) - bool(near & say.LESS)


_FURTHER = frozenset({"another", "extra", "additional", "further"})
_ON_TOP = frozenset({"top", "front", "ahead", "extra", "additional"})


def adds(item: Item) -> bool:
    """Whether an amount comes to the one before it: "7,200 more in front of it", "another 5,600", "6k on top"."""
    if item.term is None:
        return False
    before, after = item.term.before, item.term.after
    more = after[:1] == ("more",) and after[1:2] != ("than",)
    on_top = any(w in _ON_TOP and _of_no_number(after[k + 1 :]) for k, w in enumerate(after))
    return more or on_top or bool(frozenset((*before[-1:], *item.term.within)) & _FURTHER)


def _of_no_number(words: tuple[str, ...]) -> bool:
    """Whether "on top" is not followed by the number that it is on top of."""
    return words[:1] != ("of",) or bool(frozenset(words[1:]) - {"a", "an", "the", "about", "some"})


def percents_joined(a: Item, b: Item, words: frozenset[str], problem: Problem) -> Iterator[Item]:
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


__all__ = ["alike_pair", "comparisons", "percents_joined", "sums_of"]
