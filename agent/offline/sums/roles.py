"""What a percentage or a factor does to an amount: by the nearest word that says it takes away, adds or is used."""

from __future__ import annotations

from collections.abc import Iterator

from agent.offline.sums import words as say
from agent.offline.sums.dims import is_count
from agent.offline.sums.item import Item, Problem, leaf, stem_of
from agent.offline.sums.shares import leaves_a_rest, of_the_rest
from agent.offline.sums.sides import near_of, opposite
from agent.offline.sums.terms import Term


def leaves(k: int, problem: Problem) -> list[Item]:
    """A term as it stands, and for a percentage or a factor what it does to an amount."""
    term = problem.terms[k]
    if term.kind == "percent" and not term.period:
        return [leaf(k, term), *_percent_roles(k, term, problem)]
    if term.kind == "factor":
        return _as_many_roles(k, term, problem) if 0 < term.value < 1 else _factor_roles(k, term)
    if term.kind == "worked":
        return [leaf(k, term, "part", 0.97, "(1 / {0})", 1 / term.value)]  # a yearly cost by the hour worked
    return [leaf(k, term)]


def _percent_roles(k: int, term: Term, problem: Problem) -> Iterator[Item]:
    """p of it, 1 − p of it, 1 + p times it: by the nearest word around that says which."""
    p = term.value
    near = [
        w for w in (*term.after[:4], *reversed(term.before[-3:])) if not (w == "up" and "front" in term.after)
    ]
    if p >= 0.75 and term.after[:1] == ("up",) and not frozenset(term.after[1:3]) & _COMPARED:
        near = ["uptime"]  # "95 % up at any time"
    role = next(
        (
            name
            for w in near
            for name, words in (("less", say.LESS), ("used", say.USED), ("more", say.MORE))
            if w in words
        ),
        "",
    )
    if term.before[-1:] == ("to",) and not term.to and p < 1:
        yield leaf(k, term, "part", 0.95)  # "dropped to a fifth"
        return
    if leaves_a_rest(problem, k):
        yield leaf(k, term, "part", 0.97, "(1 - {0})", 1 - p)  # "25 % is Google's; 96 % of what is left"
        return
    if of_the_rest(problem, k):
        yield leaf(k, term, "part", 0.97)
        return
    if _up_front(term, problem):
        left = problem.asked.says(say.LEFT)
        yield leaf(k, term, "part", 0.97, *(("(1 - {0})", 1 - p) if left else ()))
        return
    if role == "used" and p > 1:
        return  # more than all of it
    if problem.asked.of_rest and sum(t.kind == "percent" for t in problem.terms) == 1:
        yield leaf(k, term, "part", 0.97, "(1 - {0})", 1 - p)  # "two thirds on delivery, the rest upfront"
        return
    if (
        "profit" in term.after[:3]
        and problem.asked.says(_SPENT)
        and not problem.asked.says(frozenset(["profit"]))
    ):
        yield leaf(k, term, "part", 0.95, "(1 - {0})", 1 - p)  # "25 % is profit: what does it cost to make?"
        return
    if term.before[-2:] in _ONE_IN and not problem.asked.says(say.LEFT):
        yield leaf(k, term, "part", 0.97)
        return
    if any(f"un{w}" in problem.asked.every for w in term.after[:5]):
        yield leaf(k, term, "part", 0.95, "(1 - {0})", 1 - p)  # "8 % get flagged: how many are unflagged?"
        return
    if problem.asked.kind != "percent" and opposite(near_of(term), problem.asked):
        yield leaf(k, term, "part", 0.95, "(1 - {0})", 1 - p)  # "15 % of them bad: cost of a good one"
        return
    if term.after[:1] == ("of",):
        yield leaf(k, term, "part", 0.6 if "rest" in problem.asked.every else 0.97)
        if "rest" in problem.asked.every:
            yield leaf(k, term, "part", 0.95, "(1 - {0})", 1 - p)  # "30 % of them …, and the rest"
        elif role == "less":
            yield leaf(k, term, "part", 0.75, "(1 - {0})", 1 - p)
        return
    lost = (
        problem.asked.says(say.LESS)
        and not problem.asked.says(say.LEFT)
        and problem.asked.kind in ("unit", "count", "open")
    )
    clear = {
        "less": (0.5, 0.95, 0.2),
        "more": (0.5, 0.2, 0.95),
        "used": (0.93, 0.4, 0.1),
        "": (0.6, 0.45, 0.3),
    }[role]
    counts = problem.asked.kind == "count" or (
        problem.asked.unit is not None and is_count(problem.asked.unit.dims)
    )
    if role == "less" and counts and not problem.asked.says(say.LEFT):
        clear = (0.65, 0.65, 0.1)
    if role == "less" and term.after[:1] != ("below",) and (lost or _noun_lost(term, problem)):
        clear = (0.95, 0.4, 0.1)
    if role == "more" and problem.asked.says(say.APART):
        clear = (0.93, 0.1, 0.6)
    elif role == "more" and problem.asked.mentions(say.GAINED):
        clear = (0.9, 0.1, 0.6)
    if (
        role == "more"
        and problem.asked.mentions(say.NEEDED)
        and problem.asked.kind in ("unit", "count", "open")
    ):
        yield leaf(k, term, "part", 0.85, "(1 / (1 + {0}))", 1 / (1 + p))  # a gain that fewer are needed for
        clear = (0.3, 0.1, 0.3)
    if role == "used" and problem.asked.says(say.WASTED):
        clear = (0.3, 0.97, 0.1)
    if clear[0] > 0.3:
        yield leaf(k, term, "part", clear[0])
    if clear[1] > 0.3:
        yield leaf(k, term, "part", clear[1], "(1 - {0})", 1 - p)
    if clear[2] > 0.25:
        yield leaf(k, term, "part", clear[2], "(1 + {0})", 1 + p)


_SPENT = frozenset(["cost", "costs", "spend", "spent", "expense", "expenses"])
_COMPARED = frozenset(["on", "from", "by", "over", "since", "against"])
_ONE_IN = (("one", "in"), ("1", "in"))
_UP_FRONT = frozenset(["upfront", "advance", "prepaid", "prepayment", "deposit", "signing", "down", "front"])
_PAID_FIRST = _UP_FRONT | frozenset(
    ["due", "cheque", "check", "today", "first", "prepay", "sign", "pay", "owe"]
)


def _up_front(term: Term, problem: Problem) -> bool:
    """ "10 % prepaid …, how much is the prepayment?"."""
    said = frozenset((*term.before[-2:], *term.after[:5])) & _UP_FRONT
    return (
        bool(said - {"down"} or (said and term.after[:1] == ("down",)))
        and problem.asked.mentions(_PAID_FIRST)
        and problem.asked.kind in ("unit", "open", "count")
    )


def _noun_lost(term: Term, problem: Problem) -> bool:
    """ "5% fail …: how many failed", "early swap rate … how many swapped": the lost ones are what is asked for."""
    named = bool(problem.asked.labels & (set(map(stem_of, term.after[:4])) - {""}))
    return (named or problem.asked.says(say.REPLACED)) and not problem.asked.says(say.LEFT)


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


_SHARING = frozenset(
    [
        "user",
        "users",
        "person",
        "people",
        "request",
        "requests",
        "customer",
        "customers",
        "sequence",
        "sequences",
        "query",
        "queries",
        "client",
        "clients",
        "session",
        "sessions",
        "caller",
        "callers",
    ]
)
_DEARER = frozenset(["dearer", "expensive", "cost", "costs", "costlier", "price", "pay", "pays"])


def _as_many_roles(k: int, term: Term, problem: Problem) -> list[Item]:
    """ "Half as many GPUs" multiplies; what fewer share the same machine costs the more: "an eighth as many users"."""
    shared = bool(_SHARING & frozenset(term.after[:5])) and problem.asked.mentions(_DEARER)
    plain = leaf(k, term, "factor", 0.3 if shared else 0.95)
    return [plain, leaf(k, term, "factor", 0.95, "(1 / {0})", 1 / term.value)] if shared else [plain]


def step_of(term: Term) -> tuple[float, str]:
    """The factor of one period, and how it is written."""
    near = [*term.before[-3:], *term.after[:2]]
    falls = any(w in say.LESS for w in near)
    if term.unit_text == "percent":
        return (1 - term.value, "(1 - {0})") if falls else (1 + term.value, "(1 + {0})")
    if falls and term.value > 1:
        return 1 / term.value, "(1 / {0})"
    return term.value, "{0}"


__all__ = ["leaves", "step_of"]
