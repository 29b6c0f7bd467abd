"""Which side of a split is asked about: the part that is told of, or what is left beside it."""

from __future__ import annotations

from agent.offline.sums import words as say
from agent.offline.sums.asked import Asked
from agent.offline.sums.item import Item
from agent.offline.sums.terms import Term

_WELL = frozenset(
    ["use", "used", "usable", "up", "work", "works", "working", "running", "run", "busy", "alive", "available", "live", "well",
     "healthy", "productive", "good", "active", "online", "sold", "rented", "paid", "independent", "busy", "serve", "serving"]
)  # fmt: skip
_BADLY = frozenset(
    ["dead", "down", "idle", "broken", "failed", "fail", "fails", "lost", "offline", "unused", "empty", "waste", "wasted",
     "defective", "bad", "maintenance", "missing", "faulty", "scrapped", "spare", "spares", "reserved", "reserve", "vacant", "died", "die"]
)  # fmt: skip
_OTHERS = frozenset(["others", "rest", "else", "remainder", "everybody", "everyone", "remaining"])


def other_side(part: Item, total: Item, asked: Asked) -> bool:
    """Whether a part is told to be down and what is up is asked for, or the part and "the others" are."""
    near = near_of(part.term) | (near_of(total.term) if total.first > part.last else frozenset())
    if asked.says(_OTHERS) and not near & _OTHERS:
        return True
    return opposite(near, asked)


def opposite(near: frozenset[str], asked: Asked) -> bool:
    """Whether what is told beside a number is bad and what is good is asked for, or the other way round."""
    told_bad, told_well = bool(near & _BADLY), bool(near & (_WELL - {"up", "run", "use"}))
    ask_bad, ask_well = asked.says(_BADLY), asked.says(_WELL)
    return (told_bad and ask_well and not ask_bad) or (
        told_well and not told_bad and ask_bad and not ask_well
    )


def near_of(term: Term | None) -> frozenset[str]:
    return frozenset() if term is None else frozenset((*term.before[-2:], *term.after[:6]))


def subset(a: Item, b: Item, gap: tuple[str, ...]) -> bool:
    """ "5 of 40 racks": some of the counted, not so many times as many."""
    if not (a.leaf and b.leaf and a.value < b.value and gap[:1] == ("of",) and len(gap) <= 2):
        return False
    counted = all(x.term is not None and x.kind in ("count", "amount") for x in (a, b))
    return counted and a.dims in ((), b.dims) and not (frozenset(gap) & say.HAVING - {"of"})


__all__ = ["near_of", "opposite", "other_side", "subset"]
