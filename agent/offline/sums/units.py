"""What a number is of, and of each of what: "1.4 kW apiece", "24-core servers", "45 million a month"."""

from __future__ import annotations

from agent.offline.reading.measure import NUMBER, Unit, parse_unit
from agent.offline.reading.reading import Quantity, Reading
from agent.offline.reading.words import STOP, stem
from agent.offline.reading.written_units import denominators, spelled_unit
from agent.offline.sums import words as say
from agent.offline.sums.dims import counts_things, is_count
from agent.offline.sums.stated import words_before

_NOT_NOUNS = frozenset(
    [
        "was",
        "has",
        "less",
        "plus",
        "minus",
        "versus",
        "times",
        "this",
        "is",
        "does",
        "its",
        "as",
        "us",
        "yes",
        "thus",
        "across",
        "always",
        "gpus",
    ]
)


def unit_of_term(reading: Reading, use: list[int], k: int, money: bool) -> tuple[Unit, str]:
    """The unit with what it is of each: "1.4 kW apiece", "24-core servers", "10k tokens in every branch"."""
    q = reading.quantities[use[k]]
    text = "" if counts_things_of_a_list(reading, q) else q.unit_text
    worker_hours = _worker_hours(reading, q) if not text else ""
    if worker_hours:
        return parse_unit(worker_hours), worker_hours
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
        noun = noun_after(reading, q)
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


def _worker_hours(reading: Reading, q: Quantity) -> str:
    """ "3,200 engineer hours"."""
    words = [t.low for t in reading.tokens[q.last : q.last + 3] if t.text != "-"][:2]
    unit = spelled_unit(words[0]) if len(words) == 2 and words[1] in ("hour", "hours") else ""
    return f"{unit}*hour" if unit in ("person", "chip") else ""


def _as_money(reading: Reading, q: Quantity) -> str:
    """ "45 million a month", "paid 210,000 a year": a large bare amount, or one that is paid, is money."""
    if "times" in q.marks or noun_after(reading, q):
        return ""
    _, text = denominators(reading, q.last, "USD")
    paid = bool({t.low for t in reading.tokens[max(0, q.first - 2) : q.first]} & _PAID)
    asked = bool({t.low for t in reading.tokens} & {"dollar", "dollars", "$"})
    large = "scaled" in q.marks and q.value >= (1e3 if asked else 1e6)
    return text if large or (paid and text != "USD") or (text != "USD" and "scaled" in q.marks) else ""


def counts_things_of_a_list(reading: Reading, q: Quantity) -> bool:
    """ "60 dies, 15 % of them": the unit of the next number is not shared by one that counts something itself."""
    if "shared" not in q.marks or q.unit_text != "percent" or q.last >= len(reading.tokens):
        return False
    follows = reading.tokens[q.last].low
    return (
        follows.isalpha() and len(follows) > 3 and follows.endswith("s") and follows not in _NOT_NOUNS | STOP
    )


def compared_rate(reading: Reading, use: list[int], k: int) -> bool:
    """ "$2.10 market vs $3.75 contract per GPU hour": the second of two compared prices, one of them a rate."""
    a, b = reading.quantities[use[k - 1]], reading.quantities[use[k]]
    between = {t.low for t in reading.tokens[a.last : b.first]}
    plain = a.unit.dims != b.unit.dims and len(use) == 2 and 0.001 < a.value / (b.value or 1.0) < 1000
    return (plain or bool(between & {"vs", "versus", "against"})) and a.unit.has("USD") and b.unit.has("USD")


_PAID = frozenset(
    ["paid", "pay", "pays", "paying", "costs", "cost", "costing", "earns", "earn", "earning", "salary", "at"]
)


def shared_scale(reading: Reading, use: list[int], k: int) -> float:
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


def noun_after(reading: Reading, q: Quantity) -> str:
    """The plural that a bare number counts."""
    if "scaled" in q.marks and q.last < len(reading.tokens) and reading.tokens[q.last].low == "of":
        return ""  # "60B of servers" is money, not servers
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
        and counts_things(own[0][0])
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
    led = _led_by_each(words_before(reading, q.first, before.last if before else 0)) and (
        before is None or "each" not in before.marks
    )
    if not subject and (led or "each" in q.marks or words[:1] == ["each"] or "apiece" in words[:2]):
        return _nearest_counted(reading, use, k)
    if (
        words
        and not counts_things(own[0][0])
        and "USD" not in text
        and (described := spelled_unit(words[0]))
        and words[0].endswith("s")
        and _counted_unit(described)
        and described != "request"
    ):
        return described  # "40 kW racks"
    return _one_of(reading, q)


def _led_by_each(words: tuple[str, ...]) -> bool:
    """ "Each pushes 7,500", not "for each of 8 billion"."""
    return "each" in words and words[words.index("each") + 1 :][:1] != ("of",)


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
    if any(q.unit.has(piece) or _worker_hours(reading, q).startswith(piece) for q in reading.quantities):
        return True
    lows = [t.low for t in reading.tokens]
    return any(w == "many" and piece in map(spelled_unit, lows[i + 1 : i + 4]) for i, w in enumerate(lows))


_ONE_HAS = frozenset(
    [
        "is",
        "costs",
        "cost",
        "takes",
        "uses",
        "draws",
        "needs",
        "burns",
        "eats",
        "gets",
        "does",
        "pulls",
        "has",
        "holds",
        "goes",
        "delivers",
        "makes",
        "at",
        "for",
    ]
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
        if other is not q and not other.marked and (noun := noun_after(reading, other)) and stem(noun) == s:
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
    return next(
        (
            u
            for i, w in enumerate(lows)
            if w == "many"
            for x in lows[i + 1 : i + 4]
            if _counted_unit(u := spelled_unit(x))
        ),
        "",
    )


__all__ = ["compared_rate", "shared_scale", "unit_of_term"]
