"""The numbers of a question in the places of a derivation.

A number that says a value again confirms it; another number of the same kind replaces it ("at 1.2 kW each"); words
near it choose between two places of one kind. Every number must have a place, or say a figure of the claim again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agent.offline.claims.asked import counts_only
from agent.offline.claims.ends import chosen_end
from agent.offline.claims.values import STATED, Amount, Derivation, Slot, all_claims
from agent.offline.reading.measure import parse_unit, without_counts
from agent.offline.reading.reading import Quantity
from agent.offline.reading.words import STOP, stem
from agent.offline.score import Question, is_salient

NEAR = 6  # tokens on either side of a number whose words are the number's
LARGE = 1000  # a bare number of this size may be an amount of money, where words near it say so
FAR = 300  # times a figure; another value for it is no further off
SAME = 2e-3  # relative; a value said again


@dataclass(frozen=True)
class Place:
    """A slot with its value, and the quantity of the question that gave or confirmed it (−1: none did)."""

    slot: Slot
    low: float | None
    high: float | None
    quantity: int = -1
    said_again: bool = False

    @property
    def origin(self) -> str:
        if self.quantity >= 0:
            return "question"
        return "claim" if self.slot.origin == "claim" else "default"


class Numbers:
    """What derivations ask of a question's numbers, each worked out once: words near them, figures they say again."""

    def __init__(self, question: Question) -> None:
        self.quantities = question.reading.quantities
        self.near = [_near_words(question, q) for q in self.quantities]
        self.salient = [
            is_salient(question, i) and not _of_that_many(question, q) for i, q in enumerate(self.quantities)
        ]
        self._again: dict[tuple[int, str], tuple[bool, bool]] = {}

    def says_figure(self, i: int, claims: Iterable[str]) -> bool:
        """Whether number `i` is a figure of one of the claims."""
        return any(self._says(i, c)[0] for c in claims)

    def says_amount(self, i: int, claims: Iterable[str]) -> bool:
        """Whether number `i` is an amount of one of the claims, its own figures or those worked out from them."""
        return any(self._says(i, c)[1] for c in claims)

    def _says(self, i: int, claim: str) -> tuple[bool, bool]:
        key = (i, claim)
        if key not in self._again:
            q, facts = self.quantities[i], all_claims().get(claim)
            figures, amounts = (facts.figures, facts.amounts) if facts is not None else ((), ())
            self._again[key] = any(says_again(q, a) for a in figures), any(says_again(q, a) for a in amounts)
        return self._again[key]


_THAT_MANY = re.compile(r"\b(two|both|three|four)\s+(millions|billions|trillions)$", re.I)


def _of_that_many(question: Question, q: Quantity) -> bool:
    """ "Jensen's two trillions": two figures of a trillion, not a number of 2e12."""
    return bool(_THAT_MANY.search(question.text[q.start : q.end].strip()))


def numbers_of(question: Question) -> Numbers:
    """The question's numbers, kept with the question."""
    memo, key = question.words.memo, ("numbers",)
    if key not in memo:
        memo[key] = Numbers(question)
    found: Numbers = memo[key]
    return found


def placed(
    question: Question, d: Derivation, ranked: Mapping[str, float]
) -> tuple[list[Place], float] | None:
    """Every number of the question in a place, or None; with how well they fit."""
    numbers = numbers_of(question)
    qs = numbers.quantities
    if len(qs) < sum(1 for slot in d.slots if slot.origin == STATED):
        return None
    pairs: list[tuple[float, int, int]] = []
    for i in range(len(qs)):
        said = numbers.says_figure(i, d.claims)
        for k, slot in enumerate(d.slots):
            fit = _pair(question, i, numbers, slot, said)
            if fit is not None:
                pairs.append((fit, i, k))
    taken = _best_assignment(pairs, len(qs))
    if _INSTEAD.search(question.text):
        _supposed(question, d, taken)
    places: list[Place] = []
    by_slot = {k: (i, fit) for i, (k, fit) in taken.items()}
    total = 0.0
    for k, slot in enumerate(d.slots):
        if k in by_slot:
            i, fit = by_slot[k]
            low, high, again = _stated(question, qs[i], slot)
            places.append(Place(slot, low, high, i, again))
            total += fit
        elif slot.origin == STATED:
            return None
        else:
            low, high = _picked(question, slot, places)
            places.append(Place(slot, low, high))
    for i, q in enumerate(qs):
        if i in taken or not numbers.salient[i] or names_model(question, q) or _names_format(q, d):
            continue
        if numbers.says_figure(i, d.claims):
            total += 0.4
        elif numbers.says_amount(i, (*d.claims, *ranked)) or _placed_already(q, places):
            total -= 0.8
        else:
            return None
    return places, min(total, 5.0)


_INSTEAD = re.compile(r"\b(instead|rather than|in place of|replaced? by)\b", re.I)


def _supposed(question: Question, d: Derivation, taken: dict[int, tuple[int, float]]) -> None:
    """ "With 30,000 instead of his 10,000": a number of the kind of one said again takes its place."""
    numbers = numbers_of(question)
    for i, q in enumerate(numbers.quantities):
        if i in taken or not numbers.salient[i] or numbers.says_figure(i, d.claims):
            continue
        for j, (k, fit) in list(taken.items()):
            other, slot = question.reading.quantities[j], d.slots[k]
            value, mine = _in_slot(other, slot), _in_slot(q, slot)
            alike = q.unit_text == other.unit_text or not q.marked
            if (
                value is not None
                and mine is not None
                and alike
                and slot.low is not None
                and _is_end(value, slot)
            ):
                del taken[j]
                taken[i] = (k, fit)
                break


def _best_assignment(pairs: list[tuple[float, int, int]], n: int) -> dict[int, tuple[int, float]]:
    """Each quantity at most one slot and each slot at most one quantity, the sum of fits as high as it goes."""
    by_quantity: dict[int, list[tuple[float, int]]] = {}
    for fit, i, k in pairs:
        by_quantity.setdefault(i, []).append((fit, k))
    order = sorted(by_quantity)
    best: tuple[float, dict[int, tuple[int, float]]] = (0.0, {})

    def go(at: int, used: frozenset[int], total: float, chosen: dict[int, tuple[int, float]]) -> None:
        nonlocal best
        if total > best[0]:
            best = (total, dict(chosen))
        if at == len(order) or at > 7:
            return
        i = order[at]
        for fit, k in by_quantity[i]:
            if k not in used:
                go(at + 1, used | {k}, total + fit, {**chosen, i: (k, fit)})
        go(at + 1, used, total, chosen)

    go(0, frozenset(), 0.0, {})
    return best[1]


def _pair(question: Question, i: int, numbers: Numbers, slot: Slot, said: bool) -> float | None:
    """How well a number of the question fits a slot; None when it cannot be the slot's.

    `said`: the number says a figure of the claim again, so it is no other value for another slot.
    """
    q = numbers.quantities[i]
    if q.marks & {"checked", "axes"} or (q.low is not None and not slot.ranged):
        return None
    salient = numbers.salient[i]
    value = _in_slot(q, slot)
    if value is None:
        return None
    alike = min(len(numbers.near[i] & slot.words), 2) + 1.5 * _named_before(question, q, slot)
    if slot.low is not None and (_is_end(value, slot) or _is_range(q, value, slot)):
        return 1.6 + 0.3 * alike
    if said:
        return None
    if not salient:
        if "verbal" in q.marks and not slot.unit.dims and slot.unit_text != "percent":
            return 0.5 + 0.3 * alike  # "tripled"
        if slot.origin != STATED or (q.value == 1 and slot.unit.dims == (("s", 1),)):
            return None  # "30 percent a year" states no number of years
        return 0.4 + 0.3 * alike
    bare = not q.marked and ("scaled" not in q.marks or value < LARGE)
    if not q.marked and slot.unit.dims and not counts_only(slot.unit) and not slot.unit.has("USD"):
        return None  # a number without a unit may be money or things, not watts or hours
    if bare and slot.unit.dims and not counts_only(slot.unit) and not (alike and value >= LARGE):
        return None  # a bare small number states no amount of dollars or time
    if not q.marked and slot.unit_text == "percent" and not alike:
        return None
    if slot.limits is not None and not slot.limits.allows(value):
        return None
    if slot.origin == "claim" and slot.low and not 1 / FAR <= value / slot.low <= FAR:
        return None  # $120B is no price of a chip
    if slot.origin == STATED:
        return 1.2 + 0.4 * alike
    if slot.origin == "chosen":
        return 0.9 + 0.4 * alike
    return 0.1 + 0.5 * alike if alike or q.marked else None


_PIECES = frozenset([("chip", 1), ("server", 1), ("rack", 1), ("person", 1), ("core", 1)])


def _in_slot(q: Quantity, slot: Slot) -> float | None:
    """The number in the slot's unit, or None when it is of another kind."""
    unit = slot.unit
    if not q.marked:
        return q.value
    if not unit.dims and slot.limits is not None and slot.limits.high <= 1 and q.unit_text == "percent":
        return q.value / 100  # a share given as a percentage
    if (q.unit_text == "percent") != (slot.unit_text == "percent"):
        return None
    if not q.unit.dims and not unit.dims:
        return q.value
    if q.unit.dims == unit.dims:
        return q.value * q.unit.factor / unit.factor
    if without_counts(q.unit) == without_counts(unit):
        if unit.has("USD") and unit.has("token") != q.unit.has("token"):
            return q.value * q.unit.factor if unit.has("token") else None  # "27 cents", per million as before
        if without_counts(unit):
            return q.value * q.unit.factor / unit.factor
        if not unit.dims and len(q.unit.dims) == 1 and q.unit.dims[0] in _PIECES:
            return q.value  # "80 servers" where things of any kind are counted
        if not q.unit.dims and len(unit.dims) == 1:
            return q.value
        return None  # chips are no tokens
    if q.unit.has("USD") and "/year" in q.unit_text and unit.dims == (("USD", 1),):
        return q.value
    return None


def _is_end(value: float, slot: Slot) -> bool:
    return any(e is not None and abs(value - e) <= SAME * max(abs(e), 1e-12) for e in (slot.low, slot.high))


def _is_range(q: Quantity, value: float, slot: Slot) -> bool:
    """ "ten to twenty thousand": the range of the slot said again."""
    if q.low is None or q.high is None or not q.value:
        return False
    return all(_is_end(value * end / q.value, slot) for end in (q.low, q.high))


def _stated(question: Question, q: Quantity, slot: Slot) -> tuple[float | None, float | None, bool]:
    """The value that a number gives a slot, and whether it only says it again; of a range the end asked for."""
    value = _in_slot(q, slot)
    assert value is not None
    again = slot.low is not None and (_is_end(value, slot) or _is_range(q, value, slot))
    if q.low is not None and q.high is not None and q.value:
        low, high = value * q.low / q.value, value * q.high / q.value
        end = chosen_end(question, slot.words)
        return (
            (high, high, again)
            if end == "high"
            else (low, low, again)
            if end == "low"
            else (low, high, again)
        )
    return value, value, again


def _picked(question: Question, slot: Slot, places: Iterable[Place]) -> tuple[float | None, float | None]:
    """The value of a slot the question does not state: the end it asks for, the whole range, or the value named."""
    low, high = slot.low, slot.high
    if low is None or high is None:
        value = low if low is not None else high
        return value, value
    if slot.unit_text == "percent" and low != high and (high == 100 or low == 0):
        value = low if high == 100 else high  # "more than 70 %", "close to none": one bound was named
        return value, value
    if low != high:
        end = chosen_end(question, slot.words if slot.amount is None else slot.amount.words)
        if end == "high":
            return high, high
        if end == "low":
            return low, low
        if slot.typical is not None:
            return slot.typical, slot.typical
    return low, high


def _placed_already(q: Quantity, places: Sequence[Place]) -> bool:
    """Whether a number only says again one that has a place."""
    return any(p.low is not None and _in_slot(q, p.slot) == p.low for p in places)


def says_again(q: Quantity, a: Amount) -> bool:
    unit = parse_unit(a.unit_text)
    if (
        q.marked
        and unit.has("s")
        and not q.unit.has("s")
        and q.unit.dims == tuple(d for d in unit.dims if d[0] != "s")
    ):
        return q.value in (
            a.low,
            a.high,
        )  # "100 tokens for every human": by the second or the minute, as was said
    if q.marked and q.unit.dims and unit.dims and without_counts(q.unit) != without_counts(unit):
        return False
    if q.marked and (q.unit_text == "percent") != (a.unit_text == "percent"):
        return False
    ratio = unit.factor / q.unit.factor if q.marked and q.unit.dims else 1.0
    ends = [e * ratio for e in (a.low, a.high) if e is not None]
    mine = [v for v in (q.value, q.low, q.high) if v is not None]
    return any(abs(v - e) <= SAME * max(abs(e), 1e-12) for v in mine for e in ends)


def _named_before(question: Question, q: Quantity, slot: Slot) -> bool:
    """ "a PUE of 1.2": the word just before a number is its own."""
    words = [
        t for t in question.reading.tokens[max(0, q.first - 3) : q.first] if t.is_word and t.low not in STOP
    ]
    return bool(words) and stem(words[-1].text) in slot.words


def names_model(question: Question, q: Quantity) -> bool:
    """ "the 70b example": a size that names a model."""
    return q.unit.dims == (("param", 1),) and any(
        "model" in m.kinds and m.start < q.end and q.start < m.end for m in question.reading.mentions
    )


def _names_format(q: Quantity, d: Derivation) -> bool:
    """ "an eight-bit cache": a number format, where the calculation takes one."""
    return q.unit_text == "bit" and any(n.endswith("precision") for n in d.fixed)


def _near_words(question: Question, q: Quantity) -> frozenset[str]:
    tokens = question.reading.tokens
    found = set()
    for i in [*range(max(0, q.first - NEAR), q.first), *range(q.last, min(len(tokens), q.last + NEAR))]:
        t = tokens[i]
        if t.is_word and t.low not in STOP:
            found.add(stem(t.text))
    for i in range(q.first, q.last):
        if tokens[i].is_word:
            found.add(stem(tokens[i].text))
    return frozenset(found)
