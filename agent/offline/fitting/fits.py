"""How well a quantity suits a field: unit, sides of a comparison, pieces, limits; and its value in the unit of the field."""

from __future__ import annotations

import re
from typing import Any

from agent.offline.fitting.near import Words
from agent.offline.reading.measure import COUNTS, Unit, convert, count_factor, without_counts
from agent.offline.reading.reading import Quantity
from agent.offline.reading.words import stem
from agent.offline.schema import Field


def unit_fit(q: Quantity, f: Field) -> float:
    """How well the unit of a quantity suits a field, 0 (not at all) to 3 (the same)."""
    if f.unit is None:
        return 1.0 if not q.marked else 0.6
    if not q.marked:
        return _bare_fit(q, f.unit)
    if q.unit.dims == f.unit.dims:
        return _same_dims(q, f)
    if q.unit.bare:
        if "times" in q.marks and not f.unit.dims:
            return 2.5
        return 0.0
    if without_counts(q.unit) == without_counts(f.unit):
        return _counts_differ(q.unit, f.unit)
    if "USD" in q.unit_text and q.unit_text.endswith("/year") and f.unit.dims == (("USD", 1),):
        return 1.8
    if (
        f.unit_text.endswith("/year")
        and q.unit.dims == (("USD", 1),)
        and without_counts(f.unit) == (("USD", 1), ("s", -1))
    ):
        return 1.9  # a salary of $180k, revenue of $5B
    if q.unit.dims == (("person", 1),) and f.unit.dims == (("request", 1),):
        return 2.0  # people who are served
    if _only_counts(q.unit) and _only_counts(f.unit):
        return 0.9  # "64 answers" for samples
    return 0.0


def _only_counts(unit: Unit) -> bool:
    return (len(unit.dims) == 1 and unit.dims[0][1] == 1 and not without_counts(unit)) or unit.dims in (
        (("sample", 1),),
        (("share", 1),),
    )


def _same_dims(q: Quantity, f: Field) -> float:
    if q.unit.dims:
        return 3.0
    is_percent = q.unit_text == "percent"
    wants_percent = f.unit_text == "percent"
    if is_percent == wants_percent:
        return 3.0 if is_percent else 2.6
    if is_percent and f.high <= 1:
        return 2.8  # a fraction by another name
    return 1.3 if is_percent else 0.4


def _bare_fit(q: Quantity, unit: Unit) -> float:
    if unit.bare:
        return 1.6 if unit.factor == 1 else (0.8 if 0 < abs(q.value) <= 100 else 0.3)
    bases = {name for name, _ in unit.dims}
    if len(unit.dims) == 1 and bases <= COUNTS:
        return 1.4
    if bases == {"USD"}:
        return 1.1 if "scaled" in q.marks else 0.6
    return 0.35


def _counts_differ(a: Unit, b: Unit) -> float:
    """Units alike but for what is counted: an unsaid "per chip" costs little, tokens for requests a lot."""
    mine, theirs = dict(a.dims), dict(b.dims)
    below = {n for n, p in a.dims if p < 0 and n in COUNTS}, {n for n, p in b.dims if p < 0 and n in COUNTS}
    if below[0] and below[1] and not below[0] & below[1]:
        return 0.0  # dollars per chip are not dollars per token
    above = (
        {n: p for n, p in a.dims if p > 0 and n in COUNTS},
        {n: p for n, p in b.dims if p > 0 and n in COUNTS},
    )
    if above[0] != above[1] and above[0] and above[1]:
        return 0.0
    score = 2.5
    for name in set(mine) | set(theirs):
        if name in COUNTS and mine.get(name, 0) != theirs.get(name, 0):
            if mine.get(name, 0) and theirs.get(name, 0):
                return 0.0
            extra = mine.get(name, 0) or theirs.get(name, 0)
            score -= (0.4 if name in ("chip", "server") else 0.7) if extra < 0 else 2.5
    if not without_counts(a) and above[0] != above[1]:
        return 0.0
    return max(score, 0.0)


def value_in(q: Quantity, value: float, f: Field) -> float:
    """The number in the field's unit; a bare number is taken to be in it already."""
    if f.unit is None or not q.marked:
        return value
    if q.unit.dims == f.unit.dims:
        return tidy(convert(value, q.unit, f.unit))
    if without_counts(q.unit) == without_counts(
        f.unit
    ):  # "$15" for dollars per million tokens: what is counted goes unsaid
        return tidy(
            value * (q.unit.factor / count_factor(q.unit_text)) / (f.unit.factor / count_factor(f.unit_text))
        )
    if q.unit_text.endswith("/year") and not f.unit.has("s"):
        return tidy(convert(value * q.time_factor, q.unit, f.unit))
    return value


def tidy(value: float) -> float:
    """Undo the last bits of a conversion: 7.000000000000001 is 7."""
    return float(f"{value:.13g}")


def far_from(value: float, before: Any) -> bool:
    """Whether a new value is so far from the old one that another field is meant."""
    if not isinstance(before, int | float) or not before or not value:
        return False
    return not 0.01 < abs(value / before) < 100


def rate_unsaid(q: Quantity, f: Field, before: Any) -> float:
    """ "what if it rents at $1.50?" after $2 an hour: the same field, the hour unsaid."""
    if f.unit is None or not isinstance(before, int | float) or not before or q.value <= 0:
        return 0.0
    same_money = q.unit.dims == (("USD", 1),) and f.unit.has("USD")
    near = 0.02 < q.value / before < 50
    return 3.4 if same_money and near and f.unit.dims != (("USD", 1),) else 0.0


_OF_REST = re.compile(
    r"\bof (what('s| is| was)? (left|remain\w*)|the (rest|remainder|others|remaining)|those left)\b", re.I
)


def rest_fit(q: Quantity, f: Field, words: Words) -> float:
    """ "Of what is left, B runs 90 %": a share of a remainder is for the field that says so, if there is one."""
    if q.unit_text != "percent" or f.unit_text != "percent":
        return 0.0
    text = words.reading.text
    start = max(text.rfind(mark, 0, q.start) for mark in ".;?!") + 1
    if not (_OF_REST.search(text[start : q.start][-45:]) or _OF_REST.match(text[q.end :].lstrip())):
        return 0.0
    return 1.4 if f.words.get(stem("remainder"), 0.0) >= 0.5 else -0.8


_PACE = frozenset({"every", "per", "a", "each", "/"})


def _paced(q: Quantity, words: Words) -> bool:
    """ "3x a year", "doubling every five months": a factor with its period right behind it."""
    if "times" not in q.marks:
        return False
    after = {t.low for t in words.reading.tokens[q.last : q.last + 3]} | {
        t.low for t in words.reading.tokens[q.last - 1 : q.last]
    }
    soon = (p for p in words.reading.quantities if p.unit.dims == (("s", 1),))
    return bool(after & _PACE) and any(q.last - 1 <= p.first <= q.last + 3 for p in soon)


def pace_fit(q: Quantity, f: Field, words: Words) -> float:
    """Of two factors the one with a period is the pace, the other the whole of it ("till 40x, doubling every 9 months")."""
    if "times" not in q.marks or f.unit is None or not f.unit.bare:
        return 0.0
    factors = [p for p in words.reading.quantities if "times" in p.marks]
    paced = [_paced(p, words) for p in factors]
    if len(factors) < 2 or all(paced) or not any(paced):
        return 0.0
    mine, parts = _paced(q, words), set(f.name.split("_"))
    if "growth" in parts:
        return 0.4 if mine else -1.5
    return -1.5 if mine and "total" in parts else 0.0


_CAME_TO = frozenset(["now", "today", "currently"])
_MOVED = frozenset([
    "fell", "dropped", "rose", "lost", "gained", "grew", "shrank", "climbed", "slid", "slipped", "jumped",
    "halved", "doubled", "tripled", "contracted", "expanded", "declined", "compressed", "cut", "raised", "went",
])  # fmt: skip


def _reached(q: Quantity, words: Words) -> bool:
    """ "Fell by a third and is now 20": what a change told before has led to."""
    tokens = words.reading.tokens
    beside = {t.low for t in tokens[max(0, q.first - 4) : q.first]}
    return bool(beside & _CAME_TO) and any(t.low in _MOVED for t in tokens[: q.first])


def direction_fit(q: Quantity, f: Field, words: Words) -> float:
    """The sides of a comparison: "old" and "new" beside the number first, else its place in the sentence."""
    if f.direction:
        near = words.near(q.first, q.last)
        new, old = near.get("new", 0.0), max(near.get("old", 0.0), near.get("earli", 0.0))
        if max(new, old) > 0.65 and new != old:
            return 1.2 if (f.direction > 0) == (new > old) else -1.2
        if _reached(q, words):
            return 1.0 if f.direction > 0 else -1.0
    if (
        q.unit.has("USD")
        and len({i for m in words.reading.mentions for k, i in m.kinds.items() if k == "chip"}) > 1
    ):
        return 0.0  # the names beside the prices tell whose they are
    later = bool({"to", "second"} & q.marks)
    earlier = bool({"from", "first"} & q.marks)
    if later == earlier or not f.direction:
        return 0.0
    return 0.9 if (f.direction > 0) == later else -0.9


_USED = frozenset({"using", "use", "used", "fill", "filling", "usable", "available"})


def literal_fit(q: Quantity, f: Field, words: Words) -> float:
    """Small words right beside the number that the field lists: "15 in", "98 without", "out of 300"."""
    tokens = words.reading.tokens
    before = [t.low for t in tokens[max(0, q.first - 6) : q.first] if t.text not in "$-"]
    for k in range(len(before) - 1, -1, -1):
        if before[k] in (",", ".", ";", "?", ":", "and"):
            before = before[k + 1 :]
            break
    after = [t.low for t in tokens[q.last : q.last + 4] if t.text != "-"][:3]
    best = 1.2 if "usabl" in f.words and q.unit_text == "percent" and set(before) & _USED else 0.0
    for phrase in f.literals:
        n = len(phrase)
        if tuple(before[-n:]) == phrase or tuple(after[:n]) == phrase:
            best = max(best, 0.8)
        elif n == 1 and len(phrase[0]) > 2 and phrase[0] in before:
            best = max(best, 0.5)
    return best


_PIECES = (
    "per_chip",
    "per_gpu",
    "per_server",
    "per_user",
    "per_rack",
    "per_request",
    "per_call",
    "per_person",
)


def piece_fit(q: Quantity, f: Field) -> float:
    """ "$2 an hour each" suits a field that is per chip, and one that is for all of them less."""
    per = any(power < 0 and name in COUNTS for name, power in f.unit.dims) if f.unit is not None else False
    per = per or any(p in f.name for p in _PIECES)
    said = "each" in q.marks or any(
        power < 0 and name in ("chip", "server", "request", "person", "rack") for name, power in q.unit.dims
    )
    if said and "person" in f.words and f.unit is not None and f.unit.has("USD"):
        return 0.4
    if said:
        return 0.8 if per else -0.9
    return 0.0


def of_what_fit(q: Quantity, f: Field, words: Words) -> float:
    """ "400 W each" after so many servers is of a server; "H100s at 1.4 kW" of a chip."""
    if f.unit is None or q.unit.bare:
        return 0.0
    own = next((n for n, power in f.unit.dims if power < 0 and n in ("chip", "server", "person", "rack")), "")
    if not own or any(power < 0 and n in COUNTS for n, power in q.unit.dims):
        return 0.0
    said = _of_what(q, words)
    return 0.0 if not said else 0.8 if said == own else -0.6


def _of_what(q: Quantity, words: Words) -> str:
    """What stands right before the amount as its owner, or was counted last before an "each"."""
    reading = words.reading
    for k in range(q.first - 1, max(-1, q.first - 4), -1):
        if reading.tokens[k].low in (
            "at",
            "@",
            "draw",
            "drawing",
            "draws",
            "pulling",
            "pull",
            "pulls",
            "with",
            "$",
            "of",
            "that",
            "which",
        ):
            continue
        named = reading.masked(k)
        if named is not None and "chip" in named.kinds:
            return "chip"
        break
    if "each" in q.marks:
        earlier = [
            o
            for o in reading.quantities
            if o.first < q.first and len(o.unit.dims) == 1 and o.unit.dims[0][1] == 1
        ]
        return next(
            (
                o.unit.dims[0][0]
                for o in reversed(earlier)
                if o.unit.dims[0][0] in ("chip", "server", "person", "rack")
            ),
            "",
        )
    return ""


def range_fit(q: Quantity, f: Field) -> float:
    """A value the field forbids is a poor fit, unless the text leaves no doubt (then it is invalid input)."""
    value = value_in(q, q.value, f)
    if q.marked and f.unit is not None and f.unit.dims and 0 < abs(value) < 0.01 <= abs(q.value):
        return -2.0  # 1.4 kW in a field of megawatts
    if not f.allows(value):
        return -0.8 if value <= 0 else -2.0 if not q.marked else -1.6
    if f.whole and value != int(value):
        return -0.6
    return 0.0


_COUNTED_STEPS = frozenset({"steps", "generations", "doublings"})


def steps_fit(q: Quantity, f: Field) -> float:
    """ "The one after the next" counts steps and nothing else; "8x" is the size of one and counts none."""
    counts = bool(_COUNTED_STEPS & set(f.name.split("_")))
    if "steps" in q.marks:
        return 1.5 if counts else -2.0
    return -1.5 if counts and "times" in q.marks else 0.0


_BY_HOW_MUCH = frozenset({"rise", "fall", "cut", "growth", "decline", "change", "drop"})


def end_fit(q: Quantity, f: Field, words: Words) -> float:
    """ "From 72 % to 66 %": what is reached is no size of a change."""
    if not {"from", "to"} & q.marks or not _BY_HOW_MUCH & set(f.name.split("_")):
        return 0.0
    other = {"to"} if "from" in q.marks else {"from"}
    pairs = (p for p in words.reading.quantities if p.unit_text == q.unit_text and other & p.marks)
    return -2.0 if any(p is not q for p in pairs) else 0.0


def filled_value(q: Quantity, f: Field) -> Any:
    if q.low is not None and q.high is not None:
        return {"low": value_in(q, q.low, f), "high": value_in(q, q.high, f)}
    value = value_in(q, q.value, f)
    if "fraction" in q.marks and 0 < value < 1 and "few" in f.words:
        value = tidy(1 / value)  # "an eighth as many users": eight times fewer
    if (
        q.unit_text == "percent"
        and f.unit is not None
        and f.unit.bare
        and f.unit.factor == 1
        and f.high > 1
        and "percent" in f.name
    ):
        return q.value
    return int(value) if float(value).is_integer() and abs(value) < 2**53 else value
