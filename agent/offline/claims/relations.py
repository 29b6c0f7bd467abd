"""What two or three of the numbers named come to: every operation whose units agree and that gives what is asked for.

Nothing here knows a claim: figures and stated numbers are operands, operations are tried by the kind of number and
weighed by the question's words for them (`cues`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from agent.offline.claims.operands import Operand, either_end
from agent.offline.reading.measure import COUNTS, Unit, parse_unit, without_counts

_IN_A_YEAR = {"month": "12", "day": "365", "week": "52", "quarter": "4", "hour": "8760"}


@dataclass(frozen=True, slots=True)
class Relation:
    """One sum over operands. `form` has {0}, {1} … for them; `bare` are those whose unit it leaves out.

    `ordered`: the first over the second, as the question may order them.
    """

    op: str
    form: str
    unit: str
    operands: tuple[Operand, ...]
    bare: tuple[int, ...] = ()
    ordered: bool = False

    @property
    def names(self) -> list[str]:
        """A variable for each operand: what the claim calls it."""
        names: list[str] = []
        for o in self.operands:
            name = o.amount.name if o.amount is not None else "given"
            if o.end and sum(1 for p in self.operands if p.amount is o.amount) > 1:
                name = o.end
            names.append(name if name not in names else f"{name}_{len(names)}")
        return names


def relations(
    figures: Sequence[Operand], stated: Sequence[Operand], asked: Unit | None, period: str
) -> Iterator[Relation]:
    """Every relation with at least one figure of a claim. `asked`: the unit wanted; `period`: "month" of "a month"."""
    for f in figures:
        yield from _of_one(f, asked, period)
        for n in stated:
            if n.quantity != f.quantity:
                yield from _of_two(f, n, asked, period)
        for m, n in combinations(stated, 2):
            yield from _of_three(f, m, n)
    for f, g in combinations(figures, 2):
        if f.amount is g.amount:
            continue
        yield from _of_two(f, g, asked, period)
        for n in (*stated, *(h for h in figures if h is not f and h is not g)):
            if n.quantity < 0 or n.quantity not in (f.quantity, g.quantity):
                yield from _of_three(f, g, n)


# ---- kinds


def _dims(o: Operand) -> tuple[tuple[str, int], ...]:
    """The unit's exponents less the things counted."""
    return _dims_of(o.unit_text)


@lru_cache(maxsize=256)
def _dims_of(unit_text: str) -> tuple[tuple[str, int], ...]:
    return without_counts(parse_unit(unit_text or "dimensionless"))


def _money(o: Operand) -> bool:
    return o.kind == "amount" and _dims(o) == (("USD", 1),)


def _time(o: Operand) -> bool:
    return o.kind == "amount" and _dims(o) == (("s", 1),)


def _alike(a: Operand, b: Operand) -> bool:
    """Whether two numbers are of one kind: both shares, both counts, both factors, or amounts of one unit."""
    if a.kind != b.kind:
        bare = a if a.kind == "count" else b
        return {a.kind, b.kind} == {"count", "factor"} and not bare.unit_text
    return _dims(a) == _dims(b) and _counted_alike(a.unit, b.unit)


def _counted_alike(a: Unit, b: Unit) -> bool:
    """Chips and racks are compared, tokens and chips are not."""
    ones, others = ({n for n, _ in u.dims if n in ("token", "param", "person", "request")} for u in (a, b))
    return ones == others or not (ones and others)


def _unit(o: Operand) -> str:
    return o.unit_text or "dimensionless"


def _made(
    op: str, form: str, unit: str, *operands: Operand, bare: tuple[int, ...] = (), ordered: bool = False
) -> Relation:
    return Relation(op, form, unit, operands, bare, ordered)


_ONE = {(("USD", 1),): 1e7, (("J", 1), ("s", -1)): 1e6}  # the most that one thing costs, and draws (W)


def _of_a_piece(o: Operand) -> bool:
    """Whether an amount is that of one thing, by its size: a price, a salary, a chip's draw; not a budget or a site."""
    return abs(o.base) < _ONE.get(_dims(o), 0.0)


def _of_all(o: Operand, n: Operand) -> bool:
    """Whether an amount may be that of all `n` things: it is large, or both were said together."""
    return (bool(o.claim) and o.claim == n.claim) or not _of_a_piece(o)


# ---- operations


def _of_one(f: Operand, asked: Unit | None, period: str) -> Iterator[Relation]:
    if f.kind == "share":
        yield _made("left", "1 - {0}", "percent", f)
    if (
        asked is not None
        and f.kind == "amount"
        and not _money(f)
        and asked.dims
        and f.unit.dims == asked.dims
        and f.unit.factor != asked.factor
    ):
        yield _made("convert", "{0}", f.unit_text, f)
    if f.amount is not None and f.amount.unit_text == "USD/year" and period in _IN_A_YEAR:
        yield _made("period", f"{{0}} / {_IN_A_YEAR[period]}", f"USD/{period}", f)
    ends = either_end(f)
    if ends is not None:
        high, low = ends
        yield _made("ratio", "{0} / {1}", "dimensionless", high, low, bare=(0, 1))
        yield _made("less", "{0} - {1}", _unit(f), high, low)
        if f.kind != "share":
            yield _made(
                "rise", "({0} - {1}) / {1}", "percent", high, low, bare=(0, 1) if f.kind != "amount" else ()
            )
            yield _made(
                "fall", "({0} - {1}) / {0}", "percent", high, low, bare=(0, 1) if f.kind != "amount" else ()
            )
        if f.kind == "share" and f.amount is not None and "margin" in f.amount.words:
            yield _made("price_ends", "(1 - {1}) / (1 - {0})", "dimensionless", high, low)
        if _growing(f):
            yield _made("decades", "log10({0} / {1})", "dimensionless", high, low, bare=(0, 1))


def _growing(o: Operand) -> bool:
    return o.kind in ("count", "amount") and not _time(o)


def _of_two(a: Operand, b: Operand, asked: Unit | None, period: str) -> Iterator[Relation]:
    if _alike(a, b):
        yield from _compared(a, b)
    for one, other in ((a, b), (b, a)):
        if one.kind == "share":
            yield from _share_with(one, other)
        elif one.kind == "factor":
            yield from _factor_with(one, other)
        elif one.kind == "count":
            yield from _count_with(one, other)
        elif _time(one):
            yield from _time_with(one, other, period)
    if (a.kind == b.kind == "count" and not _counted_alike(a.unit, b.unit)) or _racks(a, b):
        more, less = sorted((a, b), key=lambda o: -o.value)
        yield _made("each", "{0} / {1}", _unit(more), more, less, bare=(1,))
    if asked is not None and asked.dims:
        yield from _as_asked(a, b, asked)


def _count_with(count: Operand, other: Operand) -> Iterator[Relation]:
    """So many at a price, all of them together, or what each comes to."""
    if other.kind != "amount":
        return
    if _of_a_piece(other):
        yield _made("cost", "{0} * {1}", _told(other.unit), count, other, bare=(0,))
    else:
        yield _made("all", "{0} * {1}", _unit(other), count, other, bare=(0,))
    if _of_all(other, count):
        yield _made("each", "{1} / {0}", _unit(other), count, other, bare=(0,))


def _time_with(time: Operand, other: Operand, period: str) -> Iterator[Relation]:
    """An amount by the year; what a gain over some years comes to in one."""
    if other.kind in ("amount", "count", "share") and not _time(other):
        if other.amount is None or other.amount.unit_text != "USD/year":
            yield _made("yearly", "{1} / {0}", f"{_unit(other)}/{period or time.unit_text}", time, other)
    elif other.kind == "factor" and time.claim and time.claim == other.claim:
        yield _made("each_year", "{0} ^ ((1 year) / {1})", "dimensionless", other, time, bare=(0,))


def _as_asked(a: Operand, b: Operand, asked: Unit) -> Iterator[Relation]:
    """What the units alone suggest: money over the price of one, a product of the unit asked for."""
    more, less = sorted((a, b), key=lambda o: -o.base)
    if _money(a) and _money(b) and _of_a_piece(less) and not _of_a_piece(more) and _counts_one(asked):
        thing = asked.dims[0][0]
        yield _made("buys", f"({{0}} / {{1}}) * (1 {thing})", thing, more, less)
    if a.unit.dims and b.unit.dims and "share" not in (a.kind, b.kind):
        product = a.unit * b.unit
        if without_counts(product) == without_counts(asked):
            yield _made("product", "{0} * {1}", _told(product), a, b, bare=_counts(a, b))


def _counts_one(unit: Unit) -> bool:
    return len(unit.dims) == 1 and unit.dims[0][0] in COUNTS and unit.dims[0][1] == 1


def _racks(a: Operand, b: Operand) -> bool:
    """Things in so many boxes: a count of chips and a bare count of the same claim."""
    return a.kind == b.kind == "count" and bool(a.claim) and a.claim == b.claim and a.unit_text != b.unit_text


def _counts(*operands: Operand) -> tuple[int, ...]:
    return tuple(k for k, o in enumerate(operands) if o.kind == "count")


def _told(unit: Unit) -> str:
    """A unit written out of its base units, things counted left out."""
    up = "*".join(n if p == 1 else f"{n}**{p}" for n, p in unit.dims if p > 0 and n not in COUNTS)
    down = "".join(f"/{n}" if p == -1 else f"/{n}**{-p}" for n, p in unit.dims if p < 0 and n not in COUNTS)
    return f"{up or '1'}{down}" if up or down else "dimensionless"


def _compared(a: Operand, b: Operand) -> Iterator[Relation]:
    """Ratio, part, fall, rise, difference and sum of two numbers of one kind."""
    more, less = sorted((a, b), key=lambda o: -o.base)
    bare = (0, 1) if "amount" not in (a.kind, b.kind) and a.kind != "share" else ()
    if more.base == less.base:
        yield _made("sum", "{0} + {1}", _unit(more), more, less)
        return
    yield _made("ratio", "{0} / {1}", "dimensionless", more, less, bare=bare, ordered=True)
    yield _made("ratio", "{0} / {1}", "dimensionless", less, more, bare=bare, ordered=True)
    if a.kind != "share":
        yield _made("part", "{0} / {1}", "percent", less, more, bare=bare, ordered=True)
    if a.kind != "share":
        yield _made("fall", "({0} - {1}) / {0}", "percent", more, less, bare=bare)
        yield _made("rise", "({0} - {1}) / {1}", "percent", more, less, bare=bare)
    unit = _unit(more)
    yield _made("less", "{0} - {1}", unit, more, less, bare=bare if not parse_unit(unit).dims else ())
    yield _made("sum", "{0} + {1}", unit, more, less)
    if a.kind == "count" and a.claim and a.claim == b.claim:
        yield _made("left", "({0} - {1}) / {0}", "percent", more, less, bare=bare)
        yield _made("left", "{0} - {1}", unit, more, less)
    if a.kind in ("count", "amount") and not _time(a):
        yield _made("decades", "log10({0} / {1})", "dimensionless", more, less, bare=bare)
        yield _made("doublings", "log2({0} / {1})", "dimensionless", more, less, bare=bare)


def _share_with(share: Operand, other: Operand) -> Iterator[Relation]:
    if other.kind not in ("amount", "count") or (other.kind == "count" and other.base <= 1):
        return
    unit = _unit(other)
    if _time(other) and (not share.claim or share.claim != other.claim):
        return
    yield _made("share_of", "{0} * {1}", unit, share, other)
    yield _made("rest_of", "(1 - {0}) * {1}", unit, share, other)
    if other.amount is None:
        yield _made("gross", "{1} / (1 - {0})", unit, share, other)
    if share.amount is None or share.amount.yearly:
        yield _made("grown", "(1 + {0}) * {1}", unit, share, other)


def _factor_with(factor: Operand, other: Operand) -> Iterator[Relation]:
    if other.kind == "factor":
        yield _made("product", "{0} * {1}", "dimensionless", factor, other, bare=(0, 1))
    if other.kind in ("amount", "count") and not _time(other):
        unit = _unit(other)
        yield _made("scale", "{0} * {1}", unit, factor, other, bare=(0,))
        yield _made("shrink", "{1} / {0}", unit, factor, other, bare=(0,))
    if other.kind == "count" and not other.amount and 1 < other.value <= 12:
        yield _made("power", "{0} ^ {1}", "dimensionless", factor, other, bare=(0, 1))
    if factor.amount is not None and factor.amount.yearly and _time(other) and not other.amount:
        yield _made("power", "{0} ^ ({1} / (1 year))", "dimensionless", factor, other, bare=(0,))
    if factor.amount is not None and factor.amount.yearly and other.kind == "factor" and other.amount is None:
        yield _made("until", "(1 year) * log({1}) / log({0})", "year", factor, other, bare=(0, 1))


def _of_three(a: Operand, b: Operand, n: Operand) -> Iterator[Relation]:
    """So many times a difference, what each of two comes to against a third, the two together by the year."""
    money = [o for o in (a, b, n) if _money(o)]
    if len(money) == 2:
        yield from _money_with(money[0], money[1], next(o for o in (a, b, n) if not _money(o)))
    elif len(money) == 1:
        box, count = (o for o in (a, b, n) if o is not money[0])
        yield from _price_of_boxes(money[0], box, count)
    for one in (a, b, n):
        if one.kind == "factor" and one.claim:
            first, second = (o for o in (a, b, n) if o is not one)
            yield from _gain_over(one, first, second)
            yield from _gain_over(one, second, first)


def _money_with(a: Operand, b: Operand, n: Operand) -> Iterator[Relation]:
    """Two amounts of money and a number of things or a time."""
    more, less = sorted((a, b), key=lambda o: -o.base)
    if n.kind == "count" and a.claim and a.claim == b.claim and more.base != less.base:
        yield _made("saving", "{2} * ({0} - {1})", "USD", more, less, n, bare=(2,))
    if _time(n) and a.claim and b.claim:
        yield _made("both_yearly", "({0} + {1}) / {2}", f"USD/{n.unit_text}", a, b, n)
    for one, third in ((a, b), (b, a)):
        if one.claim and _time(n):
            yield _made("each_ratio", "{0} / ({1} / (1 year)) / {2}", "dimensionless", one, n, third)
        elif one.claim and n.kind == "count" and n.claim in ("", one.claim):
            yield _made("each_ratio", "{0} / {1} / {2}", "dimensionless", one, n, third, bare=(1,))


def _price_of_boxes(price: Operand, a: Operand, b: Operand) -> Iterator[Relation]:
    """What so many cost that are sold by the box: the price and the box were said together."""
    for box, count in ((a, b), (b, a)):
        together = (
            bool(price.claim)
            and box.claim == price.claim
            and count.unit.dims == box.unit.dims
            and not count.claim
        )
        if together and box.kind == count.kind == "count" and _of_a_piece(price):
            yield _made("cost", "{2} / {1} * {0}", _told(price.unit), price, box, count, bare=(1, 2))


def _gain_over(gain: Operand, period: Operand, other: Operand) -> Iterator[Relation]:
    """A gain over a period: what it comes to over a time, and how long until it comes to a factor."""
    if not _time(period) or period.claim != gain.claim:
        return
    if _time(other):
        yield _made("power", "{0} ^ ({2} / {1})", "dimensionless", gain, period, other, bare=(0,))
    elif other.kind == "factor" and not other.claim:
        yield _made("until", "{1} * log({2}) / log({0})", period.unit_text, gain, period, other, bare=(0, 2))
