"""Quantities that belong together: ranges, lists that share a unit, changes and comparisons, reported numbers."""

from __future__ import annotations

import re
from dataclasses import replace

from agent.offline.reading.measure import parse_unit
from agent.offline.reading.reading import Quantity, Reading
from agent.offline.reading.words import STOP, Token
from agent.offline.reading.written_units import ADJECTIVES

_CHANGE_VERBS = frozenset([
    "goes", "go", "going", "went", "rises", "rise", "rose", "falls", "fall", "fell", "drops", "drop",
    "dropped", "grows", "grow", "grew", "moves", "move", "moved", "compresses", "compress", "jumps",
    "jumped", "slips", "slipped", "cut", "cuts", "increases", "increased", "decreases", "decreased",
    "shrinks", "shrank", "climbs", "climbed", "compression", "from", "derates", "slides", "slid",
    "dropping", "falling", "rising", "growing", "expands", "expanded",
])  # fmt: skip


_REPORT = re.compile(r"\b(says?|said|claims?|claimed|quoted|thinks|argues|told)\b", re.I)


_TEST = re.compile(r"\b(check|verify|test)\b|\bis (that|it|this) (right|true)", re.I)


_GETS = re.compile(
    r"\b(he|she|they|dylan|brad|bill|guest|host|somebody|someone)\b[^.?;]{0,16}\b(gets?|got|comes?|came|lands?|arrives?|says?|said|claims?|claimed|"
    r"makes?|calls?)( it| that)?( to| at| up to| about)? ?[$~]?$",
    re.I,
)


def _claimed_last(reading: Reading, found: list[Quantity]) -> Quantity | None:
    """ "10x per token on 10x the tokens, and he gets to 50x?? multiply it out": the last number is what somebody makes of the others."""
    if len(found) < 3 or not _GETS.search(reading.text[: found[-1].start]):
        return None
    after = reading.text[found[-1].end :]
    return found[-1] if re.match(r"\s*[?,;:]", after) and len(after.strip(" ?!.,")) > 3 else None


def mark_reported(reading: Reading, found: list[Quantity]) -> list[Quantity]:
    """ "He says it falls to 1/4. Check: …": what was said comes before what it is to be checked with."""
    claimed = _claimed_last(reading, found)
    if claimed is not None:
        return [replace(q, marks=q.marks | {"reported"}) if q is claimed else q for q in found]
    test = _TEST.search(reading.text)
    said = _REPORT.search(reading.text)
    if (
        test is None
        or said is None
        or said.start() > test.start()
        or all(q.start < test.start() for q in found)
    ):
        return found
    return [replace(q, marks=q.marks | {"reported"}) if q.start < test.start() else q for q in found]


def each_of(found: list[Quantity], tokens: list[Token]) -> list[Quantity]:
    """ "2.8 million GPU-hours at 2 dollars each": a price per chip and hour."""
    out = list(found)
    for i in range(1, len(out)):
        if out[i].unit_text != "USD" or out[i - 1].unit_text != "chip*hour" or out[i].value > 100:
            continue
        between = [t.low for t in tokens[out[i - 1].last : out[i].first] if t.text != "$"]
        if "each" in out[i].marks or (len(between) <= 2 and set(between) & {"at", "@", "for"}):
            out[i] = replace(out[i], unit=parse_unit("USD/chip/hour"), unit_text="USD/chip/hour")
    return out


def each_hour(found: list[Quantity], tokens: list[Token]) -> list[Quantity]:
    """ "Every hour it runs costs us 40 cents": a price per hour; the hour is said before it."""
    out = list(found)
    for i, q in enumerate(out):
        if q.unit_text not in ("USD", "cent"):
            continue
        k = q.first - 1
        while k > 0 and tokens[k].text not in ",.;:?!" and not tokens[k].is_number and q.first - k < 9:
            k -= 1
        lead = [t.low for t in tokens[k + 1 : q.first] if t.text != "$"]
        at = next((j for j, word in enumerate(lead) if word == "hour"), -1)
        if at > 0 and {"each", "every", "per"} & set(lead[max(0, at - 2) : at]) and _COST & set(lead[at:]):
            unit = f"{q.unit_text}/hour"
            out[i] = replace(q, unit=parse_unit(unit), unit_text=unit)
    return out


_COST = frozenset(["costs", "cost", "costing", "brings", "earns", "burns", "takes", "eats"])


def one_in_passing(found: list[Quantity], tokens: list[Token]) -> list[Quantity]:
    """ "One card dies every 40,000 hours": how often, of any one of them, and not how many there are."""
    return [
        q
        for q in found
        if not (
            q.value == 1
            and "spelled" in q.marks
            and q.unit_text in ("chip", "server", "link", "rack")
            and {t.low for t in tokens[q.last : q.last + 4]} & {"every", "per", "once"}
            and any(p.unit_text == q.unit_text and p.value > 1 for p in found)
        )
    ]


def per_million(tokens: list[Token], found: list[Quantity]) -> list[Quantity]:
    """ "a million tokens at $0.10", "a million tokens costs us $1.30": a price per million tokens."""
    out = list(found)
    for i, q in enumerate(found):
        if q.value != 1e6 or q.unit_text != "token" or "range" in q.marks:
            continue
        for j in (i + 1, i - 1):
            if not 0 <= j < len(found) or found[j].unit_text not in ("USD", "cent"):
                continue
            a, b = sorted((q, found[j]), key=lambda x: x.first)
            between = [t.low for t in tokens[a.last : b.first] if t.text != "$"]
            if len(between) <= 3 and not set(between) & {",", ".", "and", "?"}:
                price = found[j]
                unit = f"{price.unit_text}/Mtoken"
                out[j] = replace(price, unit=parse_unit(unit), unit_text=unit)
                out[i] = replace(q, marks=q.marks | {"dropped"})
                break
    return [q for q in out if "dropped" not in q.marks]


def merge_ranges(tokens: list[Token], found: list[Quantity]) -> list[Quantity]:
    """`4-5x`, `50 to 70 percent`, `between 2 and 3`: one quantity with low and high; `from 120 to 30` stays two."""
    out: list[Quantity] = []
    for q in found:
        if out and _is_range(tokens, out[-1], q):
            a = out.pop()
            scale = 1.0
            if "scaled" in q.marks and "scaled" not in a.marks and a.value < q.value / 100:
                scale = _shared_scale(q.value)
            low, high = sorted((a.value * scale, q.value))
            unit = a if a.marked and not q.marked else q
            q = replace(q, unit=unit.unit, unit_text=unit.unit_text, value=(low + high) / 2, low=low, high=high, start=a.start, first=a.first,
                        marks=q.marks | a.marks | {"range"})  # fmt: skip
        out.append(q)
    return out


def pin_ranges(found: list[Quantity]) -> list[Quantity]:
    """ "five to ten survive: at ten, what share?": an end of a range said again on its own picks that end."""
    out = list(found)
    for i, q in enumerate(found):
        if q.low is None or q.high is None or q.low == q.high:
            continue
        again = [
            k for k, p in enumerate(found)
            if k != i and p.low is None and p.value in (q.low, q.high) and p.unit_text in ("", q.unit_text) and "times" not in p.marks
        ]  # fmt: skip
        again = [k for k in again if k < i][:1] or again  # the asker's number stands before what was said
        if len(again) != 1 or out[again[0]] is not found[again[0]]:
            continue
        out[i] = replace(q, value=found[again[0]].value, low=None, high=None, marks=q.marks - {"range"})
        out[again[0]] = replace(found[again[0]], marks=found[again[0]].marks | {"pins"})
    return [q for q in out if "pins" not in q.marks]


def _shared_scale(value: float) -> float:
    for scale in (1e12, 1e9, 1e6, 1e3):
        if value >= scale:
            return scale
    return 1.0


def _is_range(tokens: list[Token], a: Quantity, b: Quantity) -> bool:
    between = [t.low for t in tokens[a.last : b.first] if t.text != "$"]
    if a.series >= 1000 or b.series >= 1000 or "range" in a.marks or a.value < 0:
        return False
    if a.marked and b.marked and a.unit.dims != b.unit.dims:
        return False
    if a.marked and not b.marked and not (a.unit_text == "USD" and between in (["-"], ["–"])):
        return False
    lead = [t.low for t in tokens[max(0, a.first - 4) : a.first]]
    if between in (["-"], ["–"], ["—"]):
        return a.value < b.value
    if between == ["and"] and "between" in lead:
        return a.value < b.value
    if between in (["to"], ["or"]):
        if "from" in lead or (between == ["to"] and any(w in _CHANGE_VERBS for w in lead)):
            return False
        return a.value < b.value <= a.value * 20 or (
            a.value < b.value and not a.marked and "scaled" in b.marks and a.value < 1000
        )
    return False


def share_units(tokens: list[Token], found: list[Quantity]) -> list[Quantity]:
    """Lists share the unit of one member: `30M, 300M, 3B and 30B dollars`, `500 input and 11000 output tokens`."""
    out = list(found)
    series = 0
    for i in range(len(out) - 2, -1, -1):
        a, b = out[i], out[i + 1]
        if not _listed(tokens, a, b):
            continue
        series = b.series if b.series >= 0 else i
        if not a.marked and b.marked and b.unit_text != "dimensionless":
            a = replace(a, unit=b.unit, unit_text=b.unit_text, marks=a.marks | {"shared"})
        out[i], out[i + 1] = replace(a, series=series), replace(b, series=series)
    for i in range(len(out) - 1):
        a, b = out[i], out[i + 1]
        if a.unit_text in ("USD", "") and b.unit_text == "USD/Mtoken" and a.value < 1000:
            gap = {t.low for t in tokens[a.last : b.first] if t.text != "$"}
            counted = (
                i and out[i - 1].unit_text == "token" and a.first - out[i - 1].last <= 4
            )  # "800 tokens in and 400 out, $2 per M"
            if not counted and gap & {"and", "/", ","} and gap <= _SIDES and b.first - a.last <= 5:
                out[i] = a = replace(
                    a, unit=b.unit, unit_text=b.unit_text, series=i, marks=a.marks | {"shared"}
                )
                out[i + 1] = b = replace(b, series=i)
        between = {t.low for t in tokens[a.last : b.first]}
        if (
            a.unit_text == "USD"
            and b.unit_text.startswith("USD/")
            and between & {"vs", "versus", "against", "to", "->", "than"}
            and len(between) <= 3
        ):
            out[i] = a = replace(a, unit=b.unit, unit_text=b.unit_text, marks=a.marks | {"shared"})
        if b.unit_text == "USD" and a.unit_text.startswith("USD/") and _same_rate(tokens, a, b):
            out[i + 1] = b = replace(b, unit=a.unit, unit_text=a.unit_text, marks=b.marks | {"shared"})
        if a.series >= 0 and a.series == b.series and a.marked and not b.marked and _passes_on(tokens, a, b):
            out[i + 1] = replace(b, unit=a.unit, unit_text=a.unit_text, marks=b.marks | {"shared"})
    return out


_BY_NAME = frozenset(
    {
        "has",
        "holds",
        "is",
        "with",
        "gets",
        "other",
        "remaining",
        "rest",
        "another",
        "the",
        "at",
        "takes",
        "owns",
    }
)


def shares_by_name(tokens: list[Token], found: list[Quantity]) -> list[Quantity]:
    """ "A has 55 %, B 25 and C the remaining 20": bare numbers of a list of shares that make up at most the whole."""
    plain = [q for q in found if "spelled" not in q.marks or q.marked]
    shares = [q for q in plain if q.unit_text == "percent" and q.value > 0 and "verbal" not in q.marks]
    bare = [q for q in plain if not q.marked]
    if (
        len(plain) < 3
        or not shares
        or not bare
        or len(shares) + len(bare) != len(plain)
        or not all(_of_a_name(tokens, q) for q in bare)
    ):
        return found
    if sum(q.value for q in plain) > 100.5:
        return found
    unit = shares[0].unit
    return [
        replace(q, unit=unit, unit_text="percent", marks=q.marks | {"shared"}) if q in bare else q
        for q in found
    ]


def _of_a_name(tokens: list[Token], q: Quantity) -> bool:
    """Whether a bare number stands right after a name ("micron 25", "C the remaining 20") and counts nothing."""
    after = tokens[q.last] if q.last < len(tokens) else None
    if (
        q.marks & {"scaled", "from", "to"}
        or not 1 <= q.value < 100
        or (after is not None and after.is_word and after.low != "and")
    ):
        return False
    k = q.first - 1
    while k > 0 and tokens[k].low in _BY_NAME:
        k -= 1
    return k >= 0 and tokens[k].is_word and tokens[k].low not in STOP


_SIDES = frozenset(
    {"and", "/", ",", "in", "out", "input", "output", "prompt", "completion", "for", "tokens", "or"}
)


_RENTING = frozenset(["rent", "rents", "rented", "renting", "rental", "charge", "charges", "pays", "pay"])


def _same_rate(tokens: list[Token], a: Quantity, b: Quantity) -> bool:
    """ "list price $4 per hour but the market pays $2": the second price is by the hour as well."""
    between = [t.low for t in tokens[a.last : b.first]]
    close = len(between) <= 7 and not set(between) & {".", ";", "?"}
    contrast = bool(
        set(between)
        & {"but", "vs", "versus", "against", "while", "to", "than", "clear", "clears", "market", "whereas"}
    )
    led = len(between) <= 16 and bool(_RENTING & {t.low for t in tokens[max(0, b.first - 6) : b.first]})
    if led and a.unit_text in ("USD/hour", "USD/chip/hour"):
        return 0.05 < b.value / (a.value or 1.0) < 20  # "owning costs $1.43 an hour; I rent it out at $2.20"
    return close and contrast and b.value < 250 * max(a.value, 1e-9) and b.value * 250 > a.value


def _passes_on(tokens: list[Token], a: Quantity, b: Quantity) -> bool:
    """Whether the unit of the first of a list holds for the next, which names none."""
    if "times" in a.marks or a.unit_text in ("request", "person", "chip", "param"):
        return False
    if tokens[b.first - 1].low in ("about", "around", "roughly", "only", "just"):
        return True
    only_comma = [t.low for t in tokens[a.last : b.first]] == [","]
    return not only_comma or ("scaled" in b.marks and a.unit_text == "USD")


_LIST_JOINTS = frozenset(
    {",", "and", "or", "then", "vs", "versus", "against", "->", "→", "=>", "to", "&", "+", "/", "than"}
)


_NEUTRAL = frozenset({"rather", "instead", "of", "not", "just", "only"})


def _listed(tokens: list[Token], a: Quantity, b: Quantity) -> bool:
    between = [
        t.low for t in tokens[a.last : b.first] if t.text not in ("$", "-", ".") and t.low not in ("a", "an")
    ]
    if "params" in (a.marks ^ b.marks) or a.series >= 1000 or b.series >= 1000:
        return False
    if a.marked and b.marked and a.unit.dims != b.unit.dims:
        return False
    if "than" in between or "not" in between:
        between = [w for w in between if w not in _NEUTRAL]
    if between == [","] and not a.marked and b.marked and b.series < 0 and not _alike(a, b):
        return False  # "a batch of 256, 24 ms a token": no list, two numbers
    if _names_between(tokens, a, b, between):
        return True
    joints = [w for w in between if w in _LIST_JOINTS]
    rest = [w for w in between if w not in _LIST_JOINTS]
    if not joints:
        return False
    if not a.marked and set(joints) <= {"and", ","} and _named_factor(tokens, a):
        return False  # "PUE 1.25 and 1 kW each"
    if not rest:
        return True
    if (
        rest[-1] in ("about", "around", "roughly", "only", "just")
        and len(between) <= 9
        and "USD" in a.unit_text
        and not b.marked
    ):
        return True  # "one costs 40,000 dollars, the other about 5,000"
    return len(rest) <= 2 and "," not in joints and all(w in ADJECTIVES for w in rest) and b.marked


def _alike(a: Quantity, b: Quantity) -> bool:
    """Whether two numbers are written alike and near each other in size, as in a list."""
    return (
        ("scaled" in a.marks) == ("scaled" in b.marks)
        and b.unit_text in ("percent", "USD", "token")
        and 0.02 < a.value / (b.value or 1) < 50
    )


def _names_between(tokens: list[Token], a: Quantity, b: Quantity, between: list[str]) -> bool:
    """ "hynix 54, micron 25, samsung 21 percent": shares listed by name."""
    words = [w for w in between if w not in (",", "and")]
    if (
        a.marked
        or b.unit_text != "percent"
        or "," not in between
        or len(words) != 1
        or not words[0].isalpha()
    ):
        return False
    return a.first > 0 and tokens[a.first - 1].is_word and a.value <= 100 and not _named_factor(tokens, a)


_FACTORS = frozenset(
    ["utilisation", "utilization", "factor", "multiple", "ratio", "efficiency", "mfu", "pue", "peg", "p/e"]
)


def _named_factor(tokens: list[Token], q: Quantity) -> bool:
    """Whether the words right before the number name a plain factor: "PUE of 1.25", "MFU 0.4"."""
    lead = [
        t for t in tokens[max(0, q.first - 3) : q.first] if t.low not in ("of", "at", "is", "=", "a", "an")
    ]
    return bool(lead) and (lead[-1].low in _FACTORS or (len(lead[-1].text) > 1 and lead[-1].text.isupper()))


def mark_changes(tokens: list[Token], found: list[Quantity]) -> list[Quantity]:
    """`from A to B`, `A -> B` and `A vs B` leave marks that tell the two ends apart."""
    out = list(found)
    for i in range(len(out)):
        lead = [
            t.low
            for t in tokens[max(0, out[i].first - 4) : out[i].first]
            if t.text != "$" and t.low not in ("a", "an", "about", "around", "roughly", "only", "just")
        ]
        if lead[-1:] == ["from"] or (lead and lead[-1] in ("from",)):
            out[i] = replace(out[i], marks=out[i].marks | {"from"})
        if lead[-1:] == ["to"] and i:
            out[i] = replace(out[i], marks=out[i].marks | {"to"})
    for i in range(len(out) - 1):
        a, b = out[i], out[i + 1]
        between = [
            t.low
            for t in tokens[a.last : b.first]
            if t.text != "$" and t.low not in ("a", "an", "about", "around", "roughly", "only", "just")
        ]
        same = a.unit_text == b.unit_text or not (a.marked and b.marked) or bool(a.unit.dims)
        if "than" in between and a.unit.dims == b.unit.dims and same and not set(between) & {".", "?", ";"}:
            out[i], out[i + 1] = replace(a, marks=a.marks | {"to"}), replace(b, marks=b.marks | {"from"})
        elif any(w in ("->", "→", "=>") for w in between) and len(between) <= 4:
            out[i], out[i + 1] = replace(a, marks=a.marks | {"from"}), replace(b, marks=b.marks | {"to"})
        elif (
            "to" in b.marks
            and between[-1:] == ["to"]
            and len(between) <= 4
            and "from" not in a.marks
            and a.unit.dims == b.unit.dims
        ):
            out[i] = replace(a, marks=a.marks | {"from"})
        elif any(w in ("vs", "versus", "against", "compared") for w in between) and len(between) <= 8:
            a, b = _both_money(a, b)
            out[i], out[i + 1] = replace(a, marks=a.marks | {"first"}), replace(b, marks=b.marks | {"second"})
    return out


def _both_money(a: Quantity, b: Quantity) -> tuple[Quantity, Quantity]:
    """ "a 6.6 billion round against a 30-billion-dollar run": amounts that are compared are both money."""
    for x, y in ((a, b), (b, a)):
        if (
            y.unit_text == "USD"
            and not x.marked
            and "scaled" in x.marks
            and x.value >= 1e6
            and y.value >= 1e6
        ):
            money = replace(x, unit=y.unit, unit_text=y.unit_text, marks=x.marks | {"shared"})
            return (money, b) if x is a else (a, money)
    return a, b
