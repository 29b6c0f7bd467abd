"""What the words of a question say against one reading of it, whatever the calculator.

"The cost rises by half" in a field of falls, hours "burned for nothing" answered with the hours that were of use, a
number beside the words of another field, a gigawatt asked for and a millionth of one found: each is a number from 0
up, part of the evidence of a reading.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.offline.reading.asking import asking_spans
from agent.offline.reading.measure import parse_unit
from agent.offline.reading.reading import Quantity
from agent.offline.reading.words import stem
from agent.offline.schema import Spec
from agent.offline.score import Question, is_salient
from agent.offline.sums.stated import number_unread

if TYPE_CHECKING:
    from agent.offline.choices import Choice

_UP = frozenset(
    [
        "rise",
        "rises",
        "rose",
        "risen",
        "rising",
        "raise",
        "raises",
        "raised",
        "raising",
        "up",
        "grow",
        "grows",
        "grew",
        "grown",
        "growing",
        "growth",
        "increase",
        "increases",
        "increased",
        "climb",
        "climbs",
        "climbed",
        "climbing",
        "jump",
        "jumps",
        "jumped",
        "gain",
        "gains",
        "gained",
        "higher",
        "dearer",
        "double",
        "doubles",
        "doubled",
        "uplift",
        "hike",
    ]
)
_DOWN = frozenset(
    [
        "fall",
        "falls",
        "fell",
        "fallen",
        "falling",
        "drop",
        "drops",
        "dropped",
        "dropping",
        "down",
        "cut",
        "cuts",
        "cutting",
        "decline",
        "declines",
        "declined",
        "decrease",
        "decreases",
        "decreased",
        "shrink",
        "shrinks",
        "shrank",
        "slip",
        "slips",
        "slipped",
        "slide",
        "slides",
        "slid",
        "lower",
        "cheaper",
        "halve",
        "halves",
        "halved",
        "compress",
        "compresses",
        "compressed",
        "contract",
        "contracts",
        "contracted",
        "plunge",
        "plunges",
        "plunged",
        "slump",
        "slumps",
        "slumped",
        "crash",
        "crashes",
        "crashed",
        "lose",
        "loses",
        "lost",
        "discount",
        "reduction",
    ]
)
_LOST = frozenset(
    [
        "waste",
        "wasted",
        "wastes",
        "lost",
        "lose",
        "loses",
        "idle",
        "unused",
        "disappear",
        "disappears",
        "vanish",
        "vanishes",
        "vanished",
        "die",
        "dies",
        "dead",
        "away",
        "nothing",
        "gone",
        "bust",
        "bankrupt",
        "under",
        "fail",
        "fails",
        "failed",
        "burned",
        "squandered",
        "unproductive",
        "stranded",
        "thrown",
        "perish",
    ]
)
LOST_STEMS = frozenset(stem(w) for w in _LOST) | {stem("rest"), stem("remainder")}
_FAR = 1e-3  # of the unit asked for: less than a thousandth of it is no answer in it


def against(question: Question, choice: Choice) -> dict[str, float]:
    """The evidence against a reading that its words give."""
    quantities = question.reading.quantities
    found = {
        "turned": float(_turned(question, choice)),
        "bettered": _bettered(question, choice),
        "backwards": float(_backwards(question, choice)),
        "dropped_negative": float(any(quantities[i].value < 0 for i in choice.frame.unused)),
    }
    if choice.ok:
        found["minute"] = float(_minute(question, choice))
        found["overfull"] = float(_overfull(question, choice))
        found["kept"] = float(_kept(question, choice))
        found["rate_unsaid"] = float(_rate_unsaid(question, choice))
    found["outnamed"] = float(_outnamed(question, choice))
    if choice.sum is None:
        found["unread"] = float(unread(question))
    return found


def _turned(question: Question, choice: Choice) -> int:
    """How many numbers that rise fill a field of falls, or the other way round."""
    quantities = question.reading.quantities
    turned = 0
    for name, fill in choice.frame.fills.items():
        if len(fill.quantities) != 1 or not isinstance(fill.value, int | float):
            continue
        parts, q = frozenset(name.split("_")), quantities[fill.quantities[0]]
        way = _way_of(parts)
        turned += bool(way) and way == -_way_said(question, q)
        turned += not way and not parts & _CHANGES and _by_so_much(question, q)
    return turned


_CHANGES = frozenset(
    [
        "change",
        "changes",
        "points",
        "gain",
        "discount",
        "saving",
        "factor",
        "ratio",
        "multiple",
        "times",
        "lift",
        "uplift",
        "boost",
        "decline",
        "compression",
        "rate",
        "cut",
        "improvement",
        "premium",
        "markup",
    ]
)


def _by_so_much(question: Question, q: Quantity) -> bool:
    """ "Falls by half", "up by 20 %": the size of a change, not what is reached."""
    tokens = question.reading.tokens
    if q.unit_text != "percent" or not q.first or tokens[q.first - 1].low != "by":
        return False
    return bool(_way_of(frozenset(t.low for t in tokens[max(0, q.first - 4) : q.first - 1])))


def _way_of(words: frozenset[str]) -> int:
    return bool(words & _UP) - bool(words & _DOWN)


def _way_said(question: Question, q: Quantity) -> int:
    """+1 where the words beside a number say that something rises, −1 that it falls, 0 where neither or both."""
    key = ("way", f"{q.first}")
    if key not in question.words.memo:
        tokens = question.reading.tokens
        words: list[str] = []
        for k in range(q.first - 1, max(-1, q.first - 5), -1):
            if tokens[k].text in ",.;:?!" or tokens[k].is_number or tokens[k].low in ("and", "but", "while"):
                break
            words.append(tokens[k].low)
        words += [t.low for t in tokens[q.last : q.last + 2]]
        question.words.memo[key] = _way_of(frozenset(words))
    way: int = question.words.memo[key]
    return way


def _bettered(question: Question, choice: Choice) -> float:
    """By how much, at most, a field that stays empty suits one of the numbers better than the one it fills."""
    if choice.sum is not None:
        return 0.0
    ranked: dict[int, list[tuple[float, str]]] = question.words.memo.get(
        ("suits", choice.frame.spec.name), {}
    )
    fills, most = choice.frame.fills, 0.0
    for fill in fills.values():
        if len(fill.quantities) != 1 or fill.quantities[0] not in ranked:
            continue
        best = next((fit for fit, name in ranked[fill.quantities[0]] if name not in fills), 0.0)
        most = max(most, best - fill.fit)
    return min(most, 3.0)


_FROM = re.compile(r"\bfrom\b|->|→", re.I)


def _backwards(question: Question, choice: Choice) -> bool:
    """Whether "from A to B" fills the earlier field with B and the later one with A."""
    if not _FROM.search(question.text):
        return False  # "more … than" has two sides as well, in no order of time
    quantities, sides = question.reading.quantities, dict[str, int]()
    for name, fill in choice.frame.fills.items():
        f = choice.frame.spec.by_name.get(name)
        if f is None or not f.direction or len(fill.quantities) != 1:
            continue
        marks = quantities[fill.quantities[0]].marks & {"from", "to"}
        if len(marks) == 1:
            sides[next(iter(marks))] = f.direction
    return sides.get("from", 0) > 0 > sides.get("to", 0)


_FULLER: dict[int, dict[str, tuple[frozenset[str], ...]]] = {}


def _fuller_names(spec: Spec) -> dict[str, tuple[frozenset[str], ...]]:
    """For every result, what the names of others of its unit say beyond its own: {"bandwidth"} for the price at break-even."""
    if id(spec) not in _FULLER:
        names = [(f, frozenset(f.name_stems)) for f in spec.outputs if f.name_stems and f.unit_text]
        _FULLER[id(spec)] = {
            f.name: tuple(n - own for g, n in names if g.unit_text == f.unit_text and own < n)
            for f, own in names
        }
    return _FULLER[id(spec)]


def _outnamed(question: Question, choice: Choice) -> bool:
    """Whether another result has all of this one's name and more, and the question says that more."""
    if choice.sum is not None or choice.want is None:
        return False
    present = question.words.present - question.words.given
    return any(more <= present for more in _fuller_names(choice.frame.spec).get(choice.want.name, ()))


_RATES = frozenset(stem(w) for w in ("annual", "yearly", "monthly", "daily"))
_RATE_SAID = re.compile(
    r"\b(annual\w*|yearly|monthly|daily|cagr|pace|rate|compound\w*|(a|per|each|every|one|in a) (year|month|day))\b|/ ?(yr|year|mo|month)\b",
    re.I,
)


def _rate_unsaid(question: Question, choice: Choice) -> bool:
    """Whether a yearly figure is taken where none is asked for and the whole change is a result as well."""
    want = choice.want
    if choice.sum is not None or want is None or not _RATES & set(want.name_stems):
        return False
    core = frozenset(want.name_stems) - _RATES
    twin = any(
        g.unit_text == want.unit_text and frozenset(g.name_stems) == core for g in choice.frame.spec.outputs
    )
    return twin and not _RATE_SAID.search(question.text)


def _minute(question: Question, choice: Choice) -> bool:
    """Whether the result is less than a thousandth of the unit that is named in the question."""
    wanted, value = question.features.wanted, choice.value
    if value is None or not value[0] or not wanted.explicit or wanted.unit is None or not wanted.unit.dims:
        return False
    unit = parse_unit(value[1])
    named = wanted.unit.factor > 1 or unit.dims != wanted.unit.dims
    return (
        named
        and wanted.unit.has(unit.dims[0][0] if unit.dims else "")
        and (abs(value[0]) * unit.factor < _FAR * wanted.unit.factor)
    )


_SHARE_OF = re.compile(
    r"\b(share|fraction|proportion|portion|slice|part|percent|%) (of|is|goes|sits?)\b", re.I
)


def _overfull(question: Question, choice: Choice) -> bool:
    """Whether a share of something comes to more than all of it, or "how many times cheaper" to less than once."""
    value = choice.value
    if value is None:
        return False
    if value[1] == "percent" or question.features.wanted.unit_text == "percent":
        size = value[0] if value[1] == "percent" else 100 * value[0]
        return (
            size > 100.5
            and bool(_SHARE_OF.search(question.text))
            and not any(q.unit_text == "percent" and q.value > 100 for q in question.reading.quantities)
        )
    return value[1] in ("", "dimensionless") and 0 < value[0] < 1 and bool(_TIMES_LESS.search(question.text))


_TIMES_LESS = re.compile(
    r"\bhow many times (cheaper|fewer|smaller|lower|less|dearer|more|larger|bigger|faster|greater|higher)\b",
    re.I,
)


def _kept(question: Question, choice: Choice) -> bool:
    """Whether what is lost is asked for and the result is what is kept: nothing of the reading is about a loss."""
    if not asks_lost(question):
        return False
    if choice.sum is not None:
        return "-" not in choice.sum.expression
    if choice.want is None or any(w for s, w in choice.want.words.items() if s in LOST_STEMS):
        return False
    shares = [f for f in choice.frame.fills if _is_share(choice, f)]
    return bool(shares) or choice.want.unit_text == "percent"


def _is_share(choice: Choice, name: str) -> bool:
    f = choice.frame.spec.by_name.get(name)
    if f is None or LOST_STEMS & frozenset(f.name_stems):
        return False
    return f.unit_text == "percent" or (f.kind == "number" and f.high <= 1)


def asks_lost(question: Question) -> bool:
    """Whether the asking sentence asks for what is lost, beside no number ("3 % fail" is given, not asked for)."""
    key = ("asks lost",)
    if key not in question.words.memo:
        tokens = question.reading.tokens
        told = [
            range(q.first - 3, q.last + 4)
            for i, q in enumerate(question.reading.quantities)
            if is_salient(question, i)
        ]
        question.words.memo[key] = any(
            tokens[k].low in _LOST and not any(k in near for near in told)
            for a, b in asking_spans(tokens)
            for k in range(a, b)
        )
    return bool(question.words.memo[key])


def unread(question: Question) -> bool:
    """Whether the text states a number that no quantity holds: "that million-chip cluster", "three quarters of them"."""
    key = ("unread",)
    if key not in question.words.memo:
        question.words.memo[key] = number_unread(question.reading)
    return bool(question.words.memo[key])


__all__ = ["LOST_STEMS", "against", "asks_lost", "unread"]
