"""The numbers of a word problem as terms: value, what it is a number of, what each is of, the words around it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from agent.offline import sum_words as say
from agent.offline.measure import COUNTS, NUMBER, Unit, parse_unit
from agent.offline.numbers import SCALES, SPELLED
from agent.offline.reading import Quantity, Reading
from agent.offline.words import STOP, stem
from agent.offline.written_units import denominators, spelled_unit

Dims = tuple[tuple[str, int], ...]
KEPT = frozenset({"token", "FLOP", "byte"})  # counts that stay in what is written out
_FACTOR_DIMS: Dims = ()
_STOPS = frozenset(",.;:?!()")
_NOT_NOUNS = frozenset(
    "was has less plus minus versus times this is does its as us yes thus across always gpus".split()
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


def with_unit(term: Term, like: Term) -> Term:
    """A bare number in the unit of the one it is compared with."""
    number = float(term.plain)
    text = like.unit_text
    return replace(
        term, value=number * like.scale, dims=like.dims, kind=like.kind, scale=like.scale, bare=False, unit_text=text,
        full=literal(number, plain_unit(text) if "#" in text else text), plain=literal(number, plain_unit(text)),
    )  # fmt: skip


def is_count(dims: Dims) -> bool:
    """Whether these are things counted only: 8 chips, 40 people, 12 of something."""
    return bool(dims) and all(_counted(n) and p == 1 for n, p in dims) and len(dims) == 1


def _counted(name: str) -> bool:
    return (name in COUNTS and name not in KEPT) or name.startswith("#")


@lru_cache(maxsize=1024)
def without_things(dims: Dims) -> Dims:
    """The exponents less chips, people and other things counted; tokens, bytes and operations stay."""
    return tuple((n, p) for n, p in dims if not _counted(n))


def literal(value: float, unit_text: str) -> str:
    """A quantity as the expression language writes it."""
    number = f"{value:.15g}"
    if unit_text in ("", "dimensionless"):
        return number
    if unit_text.startswith("1/"):
        return f"({number} / (1 {unit_text[2:].replace('quarter_year', 'quarter')}))"
    if unit_text == "pound":
        return f"({value * 0.45359237:.15g} kg)"
    return f"({number} {unit_text.replace('quarter_year', 'quarter')})"


@lru_cache(maxsize=1024)
def plain_unit(text: str) -> str:
    """`USD/chip/hour` → `USD/hour`: the unit without things counted."""
    out = ""
    for sign, name in re.findall(r"([*/]?)([^*/]+)", text):
        dims = parse_unit(name).dims
        if len(dims) == 1 and _counted(dims[0][0]):
            continue
        out += f"{sign or ''}{name}" if out else (name if sign != "/" else f"1/{name}")
    return out


def read_terms(reading: Reading, wanted: list[int], money: bool) -> list[Term]:
    """The terms that must be used, in the order of the text, periods attached to the growth they belong to."""
    qs = reading.quantities
    use = sorted(set(wanted) | {i for i, q in enumerate(qs) if i not in wanted and _must_use(reading, i)})
    use = [i for i in use if not (qs[i].value == 1 and is_count(qs[i].unit.dims))]  # "a single card"
    stated = [i for i in use if _is_result(reading, i)]
    use = [i for i in use if i not in stated] if len(use) - len(stated) > 1 else use
    terms = [_term(reading, use, k, money) for k in range(len(use))]
    return _with_periods(reading, terms)


_NUMBER_WORDS = (
    frozenset(SPELLED)
    | frozenset(SCALES)
    | {"half", "third", "thirds", "fifth", "tenth", "twentieth", "eighth", "sixth", "point"}
) - {"one", "zero"}


def all_read(reading: Reading, terms: list[Term]) -> bool:
    """Whether every number the text states is among the terms; a count of the terms themselves need not be."""
    inside = {i for q in reading.quantities for i in range(q.first, q.last)}
    for i, token in enumerate(reading.tokens):
        if i in inside or reading.masked(i) is not None:
            continue
        after = [t.low for t in reading.tokens[i + 1 : i + 3]]
        before = reading.tokens[i - 1].low if i else ""
        if token.low in SCALES and (
            token.low.endswith("s") or before in ("many", "much", "in", "of", "per", "$", "give", "as", "(")
        ):
            continue
        if token.low in _NUMBER_WORDS or (
            token.low == "quarter" and after[:1] == ["of"] and not after[-1][:1].isdigit()
        ):
            return False
        if token.is_number and float(token.text.replace(",", "")) not in (24.0, 7.0):
            return False
    used = {t.index for t in terms}
    if _a_quarter_of(reading) or _year_unsaid(reading, used):
        return False
    alike = max((sum(1 for t in terms if t.dims == u.dims) for u in terms), default=0)
    return all(
        i in used or "spelled" not in q.marks or q.marked or q.value == 1 or (q.value in (alike, len(terms), len(terms) / 2) and not _counts_steps(reading, q))
        for i, q in enumerate(reading.quantities)
    )  # fmt: skip


def _counts_steps(reading: Reading, q: Quantity) -> bool:
    after = {t.low for t in reading.tokens[q.last : q.last + 2]}
    return bool(after & (say.STEPS | {"tenfold", "later", "on"}))


def _a_quarter_of(reading: Reading) -> bool:
    """ "A quarter paid in advance": a fourth that was not read as a number."""
    lows = [t.low for t in reading.tokens]
    return any(
        lows[k] == "quarter" and lows[k - 1] == "a" and (lows[k + 1] in ("paid", "up", "off", "upfront", "down", "goes", "lost")
        or (lows[k + 1] == "of" and lows[k + 2 : k + 3] and not lows[k + 2][:1].isdigit() and not _read(reading, k)))
        for k in range(1, len(lows) - 1)
    )  # fmt: skip


def _read(reading: Reading, k: int) -> bool:
    return any(q.first <= k < q.last and q.value < 1 for q in reading.quantities)


def _year_unsaid(reading: Reading, used: set[int]) -> bool:
    """Whether a number left out as a year does not look like one: no "in", "since", "by" before it."""
    for i, q in enumerate(reading.quantities):
        if i in used or q.marked or not 1990 <= q.value <= 2100 or "scaled" in q.marks or not q.value.is_integer():
            continue
        before = reading.tokens[q.first - 1].low if q.first else "in"
        if before not in _DATED:
            return True
    return False


_DATED = frozenset("in since by until till during for year fy of early late mid end from to jan feb mar apr may jun jul aug sep oct nov dec january february march april june july august september october november december q1 q2 q3 q4 and - ' ( .".split())


def _must_use(reading: Reading, i: int) -> bool:
    """A small spelled count right before another number ("six 24-core servers"), or a factor in a word."""
    q = reading.quantities[i]
    if "verbal" in q.marks or _one_amount(q) or _fraction(q) or _doubling(reading, i) or (not q.marked and "," in reading.tokens[q.first].text):
        return True
    if (
        "spelled" in q.marks
        and not q.marked
        and q.last < len(reading.tokens)
        and reading.tokens[q.last].low in say.STEPS - {"times"}
    ):
        return True
    after = reading.quantities[i + 1] if i + 1 < len(reading.quantities) else None
    return (
        "spelled" in q.marks and not q.marked and 1 < q.value <= 12 and after is not None
        and after.first == q.last and reading.tokens[q.last].is_number
    )  # fmt: skip


def _odds(reading: Reading, q: Quantity) -> bool:
    tail = [t.low for t in reading.tokens[max(q.first, q.last - 2) : q.last]]
    return len(tail) == 2 and tail[0] in ("to", ":") and tail[1] in ("one", "1")


def _doubling(reading: Reading, i: int) -> bool:
    """ "Growing 100 % a year": the whole of something again, not the whole of it."""
    q = reading.quantities[i]
    near = {t.low for t in reading.tokens[max(0, q.first - 3) : q.last + 2]}
    return q.unit_text == "percent" and q.value == 100 and bool(near & (say.GROWING | {"more", "up", "growing"}))


def _fraction(q: Quantity) -> bool:
    """ "A quarter of it", "two thirds"."""
    return "spelled" in q.marks and not q.marked and 0 < q.value < 1


def _one_amount(q: Quantity) -> bool:
    """ "One gigawatt": an amount, not one of something."""
    return q.value == 1 and "spelled" in q.marks and bool(without_things(q.unit.dims)) and q.unit.dims not in ((("s", 1),), (("token", 1),)) and not q.marks & {"period", "article"}


def _is_result(reading: Reading, i: int) -> bool:
    """ "…, so 50x", "= 40": a result somebody states, nothing to reckon with."""
    q = reading.quantities[i]
    for later in reading.quantities[i + 1 :]:
        if (
            later.value == q.value
            and later.unit_text == q.unit_text
            and "so" in _back(reading, later.first, q.last)
        ):
            return True  # "shrinks 3.5x so each costs 3.5 times as much"
    lead = [
        t.low
        for t in reading.tokens[max(0, q.first - 2) : q.first]
        if t.low not in ("around", "about", "roughly", "$", "~")
    ]
    return lead[-1:] in (["so"], ["thus"], ["hence"], ["="], ["equals"])


def _term(reading: Reading, use: list[int], k: int, money: bool) -> Term:
    qs = reading.quantities
    q = qs[use[k]]
    last = qs[use[k - 1]].last if k else 0
    ahead = qs[use[k + 1]].first if k + 1 < len(use) else len(reading.tokens)
    unit, text = _unit(reading, use, k, money)
    if text == "USD" and k and _compared_rate(reading, use, k):
        text = _unit(reading, use, k - 1, money)[1]
        unit = parse_unit(text)
    elif text == "USD" and k + 1 < len(use) and _compared_rate(reading, use, k + 1):
        unit, text = _unit(reading, use, k + 1, money)
    value = q.value * _shared_scale(reading, use, k)
    kind = (
        "percent"
        if q.unit_text == "percent" or _fraction(q)
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
        literal(value, plain_unit(text)), q.first, q.last, _back(reading, q.first, last), _ahead(reading, q.last, ahead),
        unit.factor, not text, "from" in q.marks, "to" in q.marks, q.series, unit_text=text, verbal="verbal" in q.marks, odds=_odds(reading, q),
    )  # fmt: skip


def _unit(reading: Reading, use: list[int], k: int, money: bool) -> tuple[Unit, str]:
    """The unit with what it is of each: "1.4 kW apiece", "24-core servers", "10k tokens in every branch"."""
    q = reading.quantities[use[k]]
    text = q.unit_text
    if not text and money:
        text = _as_money(reading, q)
    elif text == "USD" and q.last + 1 < len(reading.tokens) and reading.tokens[q.last + 1].low == "per":
        text = denominators(reading, q.last + 1, text)[1]  # "$3.75 contract per hour"
    if text.partition("/")[0] in ("percent", "dimensionless"):
        return parse_unit(text.partition("/")[0]), text.partition("/")[0]
    follows = [t.low for t in reading.tokens[q.last : q.last + 2] if t.text != "-"][:1]
    if text in ("person", "chip") and follows and follows[0] in ("hour", "hours"):
        text = f"{text}*hour"
    if not text:
        noun = _noun_after(reading, q)
        text = f"#{stem(noun)}" if noun and _again(reading, noun, q) else ""
    if not text:
        return NUMBER, ""
    if parse_unit(text).dims == (("s", 1),) and {
        t.low for t in reading.tokens[max(0, q.first - 3) : q.first]
    } & {"works", "work", "working", "billable"}:
        return parse_unit(f"{text}/year"), f"{text}/year"
    piece = _piece(reading, use, k, text)
    if piece and f"/{piece}" not in text and text != piece:
        text = f"{text}/{piece}"
    return parse_unit(text), text


def _as_money(reading: Reading, q: Quantity) -> str:
    """ "45 million a month", "paid 210,000 a year": a large bare amount, or one that is paid, is money."""
    if "times" in q.marks or _noun_after(reading, q):
        return ""
    _, text = denominators(reading, q.last, "USD")
    paid = bool({t.low for t in reading.tokens[max(0, q.first - 2) : q.first]} & _PAID)
    asked = bool({t.low for t in reading.tokens} & {"dollar", "dollars", "$"})
    large = "scaled" in q.marks and q.value >= (1e3 if asked else 1e6)
    return text if large or (paid and text != "USD") or (text != "USD" and "scaled" in q.marks) else ""


def _compared_rate(reading: Reading, use: list[int], k: int) -> bool:
    """ "$2.10 market vs $3.75 contract per GPU hour": the second of two compared prices, one of them a rate."""
    a, b = reading.quantities[use[k - 1]], reading.quantities[use[k]]
    between = {t.low for t in reading.tokens[a.last : b.first]}
    plain = a.unit.dims != b.unit.dims and len(use) == 2 and 0.001 < a.value / (b.value or 1.0) < 1000
    return (plain or bool(between & {"vs", "versus", "against"})) and a.unit.has("USD") and b.unit.has("USD")


_PAID = frozenset("paid pay pays paying costs cost costing earns earn earning salary at".split())


def _shared_scale(reading: Reading, use: list[int], k: int) -> float:
    """ "4.2 of 14 billion", "from 3.4 to 4.9 million": the first number is in millions as well."""
    q = reading.quantities[use[k]]
    after = reading.quantities[use[k + 1]] if k + 1 < len(use) else None
    if (
        after is None
        or "scaled" in q.marks
        or "scaled" not in after.marks
        or q.value >= 1000
        or "times" in q.marks
    ):
        return 1.0
    if q.unit_text not in ("", after.unit_text) or (q.unit_text and "shared" not in q.marks):
        return 1.0
    between = [t.low for t in reading.tokens[q.last : after.first] if t.text != "$"]
    if between not in (["of"], ["of", "the"], ["out", "of"], ["to"], ["->"]) or (
        q.value.is_integer() and after.value < 1e9
    ):
        return 1.0
    return next((s for s in (1e12, 1e9, 1e6, 1e3) if after.value >= s), 1.0)


def _noun_after(reading: Reading, q: Quantity) -> str:
    """The plural that a bare number counts."""
    for token in reading.tokens[q.last : q.last + 2]:
        low = token.low
        if (
            token.is_word
            and low.endswith("s")
            and len(low) > 3
            and low not in _NOT_NOUNS
            and low not in STOP
            and low not in say.HAVING | say.LEFT | say.LESS | say.MORE | say.STEPS
        ):
            return low
        if not token.is_word:
            break
    return ""


def _again(reading: Reading, noun: str, q: Quantity) -> bool:
    """Whether one of the counted things is spoken of elsewhere ("each branch", "does a subscriber get")."""
    s = stem(noun)
    return any(
        t.is_word and (i < q.first or i >= q.last + 2) and stem(t.text) == s
        for i, t in enumerate(reading.tokens)
    )


def _piece(reading: Reading, use: list[int], k: int, text: str) -> str:
    """What an amount is of each: the thing named after it, or the one counted nearest before it."""
    q, tokens = reading.quantities[use[k]], reading.tokens
    own = parse_unit(text).dims
    if any(p < 0 and n != "s" for n, p in own) and own != (("token", 1), ("s", -1)):
        return ""
    if not own:
        return ""
    words = [t.low for t in tokens[q.last : q.last + 4]]
    if (
        words[:1]
        and words[0]
        in ("server", "servers", "machine", "machines", "box", "boxes", "node", "nodes", "host", "hosts")
        and _counted(own[0][0])
        and _matters(reading, "server")
    ):
        return "server"  # "eight-GPU boxes"
    if (
        len(words) > 1
        and words[0] in ("per", "in", "for", "to")
        and words[1] in ("each", "every", "a", "one", "per")
    ):
        named = _noun_unit(reading, words[2] if len(words) > 2 else "", q)
        if named:
            return named
    subject = (
        is_count(own)
        and words[:1] == ["each"]
        and len(words) > 1
        and words[1].isalpha()
        and words[1] not in ("and", "or", "at", "for", "with")
    )
    before = reading.quantities[use[k - 1]] if k else None
    led = "each" in _back(reading, q.first, before.last if before else 0) and (
        before is None or "each" not in before.marks
    )
    if not subject and (led or "each" in q.marks or words[:1] == ["each"] or "apiece" in words[:2]):
        return _nearest_counted(reading, use, k)
    if words and not _counted(own[0][0]) and "USD" not in text and (described := spelled_unit(words[0])) and words[0].endswith("s") and _counted_unit(described) and described != "request":
        return described  # "40 kW racks"
    return _one_of(reading, q)


def _one_of(reading: Reading, q: Quantity) -> str:
    """ "A card-hour is $2.50", "every rack takes 40 kW": the amount of one of the things named before it."""
    words = [t.low for t in reading.tokens[max(0, q.first - 7) : q.first] if t.text not in "$-"]
    for k in range(len(words) - 2, -1, -1):
        if words[k] not in ("a", "an", "one", "each", "every", "per"):
            continue
        rest = words[k + 1 :]
        for n in (1, 2, 3):
            if len(rest) < n or not _counted_unit(unit := spelled_unit(rest[n - 1])):
                continue
            tail = rest[n:]
            if tail[:1] == ["hour"] and unit in ("chip", "person"):
                unit, tail = f"{unit}/hour", tail[1:]
            if (
                not tail
                or len(tail) > 2
                or tail[0] not in _ONE_HAS
                or not _matters(reading, unit.partition("/")[0])
            ):
                return ""
            return unit
        return ""
    return ""


def _matters(reading: Reading, piece: str) -> bool:
    """Whether the things are counted: by a number of the text, or by the question."""
    if any(q.unit.has(piece) for q in reading.quantities):
        return True
    lows = [t.low for t in reading.tokens]
    return any(w == "many" and piece in map(spelled_unit, lows[i + 1 : i + 4]) for i, w in enumerate(lows))


_ONE_HAS = frozenset(
    "is costs cost takes uses draws needs burns eats gets does pulls has holds goes delivers makes at for".split()
)


def _counted_unit(unit: str) -> bool:
    dims = parse_unit(unit).dims if unit else ()
    return is_count(dims)


def _noun_unit(reading: Reading, word: str, q: Quantity) -> str:
    """The ad-hoc unit of a noun that another number counts."""
    if not word:
        return ""
    s = stem(word)
    for other in reading.quantities:
        if other is not q and not other.marked and (noun := _noun_after(reading, other)) and stem(noun) == s:
            return f"#{s}"
    return ""


def _nearest_counted(reading: Reading, use: list[int], k: int) -> str:
    own = reading.quantities[use[k]].unit.dims
    for j in [*range(k - 1, -1, -1), *range(k + 1, len(use))]:
        dims = reading.quantities[use[j]].unit.dims
        if is_count(dims):
            served = j + 1 < k and reading.quantities[use[j + 1]].unit.dims[: len(own)] == own
            return (_asked_for(reading) if served else "") or dims[0][0]
    return ""


def _asked_for(reading: Reading) -> str:
    """What "how many …" counts."""
    lows = [t.low for t in reading.tokens]
    return next((u for i, w in enumerate(lows) if w == "many" for x in lows[i + 1 : i + 4] if _counted_unit(u := spelled_unit(x))), "")


def _back(reading: Reading, first: int, limit: int) -> tuple[str, ...]:
    out: list[str] = []
    for i in range(first - 1, max(limit, first - 7) - 1, -1):
        low = reading.tokens[i].low
        if low in _STOPS:
            break
        out.append(low)
    return tuple(reversed(out))


def _ahead(reading: Reading, last: int, limit: int) -> tuple[str, ...]:
    out: list[str] = []
    for i in range(last, min(limit, last + 7)):
        low = reading.tokens[i].low
        if low in _STOPS:
            break
        out.append(low)
    return tuple(out)


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
            if seconds:
                t = replace(t, period=seconds, kind="growth")
        out.append(t)
    return out


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
    for a, b in zip(words, words[1:], strict=False):
        if a in ("every", "each", "per", "a") and _PERIODS.get(b):
            return parse_unit(_PERIODS[b]).factor
    for w in words[:3]:
        if w in ("annually", "yearly"):
            return parse_unit("year").factor
        if w == "monthly":
            return parse_unit("month").factor
    return 0.0


__all__ = ["KEPT", "Dims", "Term", "is_count", "literal", "plain_unit", "read_terms", "say", "without_things"]
