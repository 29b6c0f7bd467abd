"""The numbers of a word problem as terms: value, what it is a number of, the words around it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

from agent.offline.reading.measure import parse_unit
from agent.offline.reading.reading import Quantity, Reading
from agent.offline.sums.dims import Dims, is_count, literal, plain_unit
from agent.offline.sums.stated import (
    is_fraction,
    is_result,
    must_use,
    one_in,
    says_odds,
    words_after,
    words_before,
)
from agent.offline.sums.units import (
    compared_rate,
    counts_things_of_a_list,
    noun_after,
    shared_scale,
    unit_of_term,
)


@dataclass(frozen=True, slots=True)
class Term:
    """One number. `value` is in base units; `kind`: amount (has a unit), count, percent, factor or growth."""

    index: int
    value: float
    dims: Dims
    kind: str
    full: str  # as the expression language writes it
    plain: str  # the same without the things counted
    first: int
    last: int
    before: tuple[str, ...]  # words of the same clause, nearest last
    after: tuple[str, ...]  # words of the same clause up to the next number
    scale: float = 1.0  # value / the number as written
    bare: bool = False  # the text names no unit
    from_: bool = False
    to: bool = False
    series: int = -1
    period: float = 0.0  # seconds that a growth takes
    unit_text: str = ""
    verbal: bool = False  # said in a word: "doubles"
    odds: bool = False  # "six to one"
    counts: bool = False  # a bare number of some plural: no amount of money
    within: tuple[str, ...] = ()  # the words between the number and its unit


def with_unit(term: Term, like: Term) -> Term:
    """A bare number in the unit of the one it is compared with."""
    number = float(term.plain)
    text = like.unit_text
    return replace(
        term, value=number * like.scale, dims=like.dims, kind=like.kind, scale=like.scale, bare=False, unit_text=text,
        full=literal(number, plain_unit(text) if "#" in text else text), plain=literal(number, plain_unit(text)),
    )  # fmt: skip


def read_terms(reading: Reading, wanted: list[int], money: bool) -> list[Term]:
    """The terms that must be used, in the order of the text, periods attached to the growth they belong to."""
    qs = reading.quantities
    use = sorted(set(wanted) | {i for i, q in enumerate(qs) if i not in wanted and must_use(reading, i)})
    use = [i for i in use if not (qs[i].value == 1 and is_count(qs[i].unit.dims))]  # "a single card"
    stated = [i for i in use if is_result(reading, i)]
    use = [i for i in use if i not in stated] if len(use) - len(stated) > 1 else use
    terms = [_term(reading, use, k, money) for k in range(len(use))]
    return _with_periods(reading, terms)


def _term(reading: Reading, use: list[int], k: int, money: bool) -> Term:
    qs = reading.quantities
    q = qs[use[k]]
    last = qs[use[k - 1]].last if k else 0
    ahead = qs[use[k + 1]].first if k + 1 < len(use) else len(reading.tokens)
    unit, text = unit_of_term(reading, use, k, money)
    if text == "USD" and k and compared_rate(reading, use, k):
        text = unit_of_term(reading, use, k - 1, money)[1]
        unit = parse_unit(text)
    elif text == "USD" and k + 1 < len(use) and compared_rate(reading, use, k + 1):
        unit, text = unit_of_term(reading, use, k + 1, money)
    value = q.value * shared_scale(reading, use, k)
    value = 1 / value if one_in(reading, q) else abs(value) if _taken_away(reading, q) else value
    percent = q.unit_text == "percent" and not counts_things_of_a_list(reading, q)
    kind = (
        "percent"
        if percent or is_fraction(q) or one_in(reading, q)
        else "factor"
        if "times" in q.marks
        else "worked"
        if text.endswith("/year") and not unit.dims
        else "amount"
        if unit.dims
        else "count"
    )
    return Term(
        use[k], value * unit.factor, unit.dims, kind, literal(value, text if "#" not in text else plain_unit(text)),
        literal(value, plain_unit(text)), q.first, q.last, words_before(reading, q.first, last), words_after(reading, q.last, ahead),
        unit.factor, not text, "from" in q.marks, "to" in q.marks, q.series, unit_text=text, verbal="verbal" in q.marks, odds=says_odds(reading, q), counts=not text and bool(noun_after(reading, q)),
        within=tuple(t.low for t in reading.tokens[q.first + 1 : q.last - 1]),
    )  # fmt: skip


def _taken_away(reading: Reading, q: Quantity) -> bool:
    """ "… minus 300 × 2 kW": the sign joins two numbers, it is not of one."""
    return q.value < 0 and words_before(reading, q.first, 0)[-1:] in (("minus",), ("less",))


def _with_periods(reading: Reading, terms: list[Term]) -> list[Term]:
    """ "30% a year", "triples every 18 months": how long a growth takes, taken out of the list of terms."""
    out: list[Term] = []
    skip = -1
    for k, t in enumerate(terms):
        if k == skip:
            continue
        if t.kind in ("percent", "factor"):
            nxt = terms[k + 1] if k + 1 < len(terms) else None
            seconds = _own_period(reading, t)
            if (
                not seconds
                and nxt is not None
                and nxt.dims == (("s", 1),)
                and nxt.before[-1:]
                and nxt.before[-1] in ("every", "each", "per")
            ):
                seconds, skip = nxt.value, k + 1
            before = out[-1] if out else None
            if (
                not seconds
                and before is not None
                and before.kind == "growth"
                and _listed_growth(t, before, terms)
            ):
                seconds = before.period  # "A gains 2.5x a year, B 1.5x"
            if seconds:
                t = replace(t, period=seconds, kind="growth")
        out.append(t)
    return out


def _listed_growth(t: Term, before: Term, terms: list[Term]) -> bool:
    """Whether a factor right after one with a period has the same: both of a kind, and some time is said for both."""
    alike = t.unit_text == before.unit_text and t.first - before.last <= 8
    return alike and len(terms) == 3 and any(o.dims == (("s", 1),) for o in terms)


_PERIODS = {
    "year": "year",
    "yr": "year",
    "annum": "year",
    "month": "month",
    "quarter": "quarter_year",
    "week": "week",
    "day": "day",
    "generation": "",
}


def _own_period(reading: Reading, t: Term) -> float:
    for q in reading.quantities:
        if "period" in q.marks and t.last <= q.first <= t.last + 3:
            return q.unit.factor
    words = list(t.after)
    for a, b in itertools.pairwise(words):
        if a in ("every", "each", "per", "a") and _PERIODS.get(b):
            return parse_unit(_PERIODS[b]).factor
    for w in words[:3]:
        if w in ("annually", "yearly"):
            return parse_unit("year").factor
        if w == "monthly":
            return parse_unit("month").factor
    return 0.0


__all__ = ["Term", "read_terms", "with_unit"]
