"""Questions that combine a number with what was said: a claim's derivation, with what the question states put in.

Each derivation of the claims that were found is one candidate reading. The question's numbers take the places of the
derivation's: a number that says a value again confirms it, another number of the same kind replaces it ("at 1.2 kW
each"), and words near it choose between two places of one kind. A reading stands only when every number the question
states has a place, when nothing the question must bring is missing, and when the result is what is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent.offline.claim_values import ARITHMETIC, STATED, Amount, Derivation, Derivations, Slot, all_claims
from agent.offline.measure import COUNTS, Unit, parse_unit, without_counts
from agent.offline.reading import Quantity
from agent.offline.score import Question, is_salient
from agent.offline.words import STOP, stem
from agent.offline.written_units import spelled_unit

if TYPE_CHECKING:
    from agent.offline.decide import Decider
    from agent.offline.trial import Trial

RUN = 5  # derivations that are run before choosing
NEAR = 6  # tokens on either side of a number whose words are the number's
LARGE = 1000  # a bare number of this size may be an amount of money, where words near it say so
SAME = 2e-3  # relative; a value said again

_HIGH = re.compile(
    r"\b(top|upper|high(er|est)?[- ]?(end|bound|side|figure|one)?|maximum|max|at most|up to|as many as|as much as|"
    r"optimistic\w*|best|most generous|ceiling|rosi\w+)\b",
    re.I,
)
_LOW = re.compile(
    r"\b(bottom|low(er|est)?[- ]?(end|bound|side|figure|one)|low|minimum|min|at (the )?(very )?least|floor|pessimistic\w*|"
    r"worst|conservative\w*|cautious\w*)\b",
    re.I,
)
_SPREAD = re.compile(r"\b(two|both) ends\b|\bbetween the (low|high|two|top|bottom)\w*\b|\bends of\b", re.I)
# Words that ask for something to be worked out of what was said, rather than for what was said.
_WORKS_OUT = re.compile(
    r"\b(per|each|apiece|a piece|times|over|versus|vs|against|compared|relative|ratio|multiple|multipl\w+|factor|percent\w*|pct|share|fraction|"
    r"proportion|total|altogether|together|sum|combined|add|difference|gap|saved?|savings?|divid\w+|spread|split|convert\w*|impl\w+|work out|compute|"
    r"calculat\w+|how many|how much|what would|what will|if|at|double\w*|decades?|orders? of magnitude|compounded|worth|equivalent|left)\b|[%$]",
    re.I,
)


_DECADES = re.compile(r"\b(orders? of magnitude|decades?|powers? of (ten|10))\b", re.I)
_LAST_PER = re.compile(r"\b([a-z]+) (?:per|for each|in each) ([a-z]+)\W*$", re.I)
_OVER = re.compile(r"\b(over|divided by|relative to|versus|vs\.?|against|compared (to|with))\b", re.I)
_ADDS = re.compile(
    r"\b(together|both|combined|altogether|in all|sum of|sum|add(ed)?( up| them)?|in total|plus|the two)\b", re.I
)
_MAGNITUDE = re.compile(r"\b(in|how many|,) ?(\$ ?)?(bn|billions?|millions?|trillions?|\$[bm]n?)\b|\$ ?(bn|b|m|mn)\b(?![\w-])", re.I)


@dataclass(frozen=True)
class Asked:
    """The unit asked for, as far as claims are concerned: the last thing asked wins."""

    unit_text: str
    explicit: bool
    percent: bool
    ratio: bool
    adds: bool

    @property
    def unit(self) -> Unit | None:
        return parse_unit(self.unit_text) if self.unit_text else None


def read_asked(question: Question) -> Asked:
    """What the question wants a number of."""
    f = question.features
    unit_text, explicit = f.wanted.unit_text, f.wanted.explicit
    if _DECADES.search(question.text):
        unit_text, explicit = "dimensionless", True
    elif (last := _LAST_PER.search(question.text)) is not None and (counted := spelled_unit(last.group(1))):
        unit_text, explicit = counted, True
    elif not unit_text and _MAGNITUDE.search(_outside_numbers(question)):
        unit_text, explicit = "USD", False
    ratio = f.ratio or (not unit_text and bool(_OVER.search(question.text)))
    return Asked(unit_text, explicit, f.percent, ratio, f.total or bool(_ADDS.search(question.text)))


def _outside_numbers(question: Question) -> str:
    """The text without its numbers, so that "$3 billion" asks for nothing."""
    chars = list(question.text)
    for q in question.reading.quantities:
        chars[q.start : q.end] = " " * (q.end - q.start)
    return "".join(chars)


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


@dataclass
class ClaimReading:
    """One reading of the question on a claim's figures, after its run."""

    derivation: Derivation
    places: list[Place]
    arguments: dict[str, Any]
    origins: dict[str, str]
    result: str
    unit: str
    value: float
    score: float
    trial: Trial | None = None
    parts: dict[str, float] = field(default_factory=dict)
    rank: int = 0

    @property
    def confirmed(self) -> int:
        """How many of its values the question says."""
        return sum(1 for p in self.places if p.quantity >= 0)

    @property
    def from_claim(self) -> int:
        """How many of its values only the claim has."""
        return sum(1 for p in self.places if p.origin == "claim")

    @property
    def used(self) -> list[str]:
        """The claims to cite: its own, and those of other figures that only they have."""
        other = [p.slot.amount.claim for p in self.places if p.origin == "claim" and p.slot.amount is not None]
        return list(dict.fromkeys([self.derivation.claim, *other]))

    @property
    def chosen(self) -> list[Place]:
        """Values that neither the question nor the claim has."""
        return [p for p in self.places if p.origin == "default"]


class ClaimReader:
    """Reads questions on the claims that a search found."""

    def __init__(self, decider: Decider) -> None:
        self._decider = decider
        self.derivations = Derivations(decider.reader.library)

    def readings(self, question: Question, citations: Sequence[Mapping[str, Any]]) -> list[ClaimReading]:
        """Readings that stand, best first."""
        ranked, asked = ranked_claims(citations), read_asked(question)
        found: list[ClaimReading] = []
        for claim, rank in ranked.items():
            for d in self.derivations.of(claim):
                placed = _placed(question, d, ranked)
                if placed is not None:
                    found += self._results(question, asked, d, placed, rank)
        found.sort(key=lambda r: -r.score)
        standing = [r for r in found[: 2 * RUN] if self._run(r)]
        return sorted((r for r in standing if _stands(question, r)), key=lambda r: -r.score)

    def _results(
        self, question: Question, asked: Asked, d: Derivation, placed: tuple[list[Place], float], rank: int
    ) -> list[ClaimReading]:
        """The derivation's own result, and others of its calculator in the unit asked for."""
        places, fit = placed
        fixed, named = _fixed(question, d)
        outs = [d.result]
        if d.spec.name != ARITHMETIC and asked.unit is not None and asked.explicit:
            given = {p.slot.name for p in places}
            outs += [
                f.name
                for f in d.spec.outputs
                if f.name not in (*outs, *given) and f.unit is not None and f.unit.dims == asked.unit.dims
                and (f.unit_text == "percent") == (asked.unit_text == "percent")
            ]  # fmt: skip
        made = []
        for k, name in enumerate(outs):
            unit = d.unit or (d.spec.out_by_name[name].unit_text if name in d.spec.out_by_name else "")
            said = _unit_score(asked, unit)
            if said is None:
                continue
            parts = {
                "rank": (2.0, 1.4, 1.0, 0.6, 0.4)[min(rank, 4)],
                "fit": fit,
                "unit": said,
                "words": _words_score(question, d, name, own=k == 0),
                "named": named,
                "own": 0.6 if k == 0 else 0.0,
                "chosen": -0.5 * sum(1 for p in places if p.origin == "default"),
                "check": -0.2 if d.is_check else 0.0,
                "sums": _sums_score(asked, d),
                "ground": 0.0 if any(p.origin != "default" for p in places) else -1.5,
            }
            arguments, origins = _arguments(d, places, fixed, question)
            made.append(
                ClaimReading(
                    d, places, arguments, origins, name, unit, 0.0, sum(parts.values()), None, parts, rank
                )
            )
        return made

    def _run(self, reading: ClaimReading) -> bool:
        trial = self._decider.trials(reading.derivation.spec.name, reading.arguments)
        figure = trial.figures.get(reading.result)
        if trial.kind != "ok" or figure is None:
            return False
        reading.trial, (reading.value, reading.unit) = trial, figure
        return True


def ranked_claims(citations: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """The claims that a search found, each with its place among the citations; of a merged one all its members."""
    ranked: dict[str, int] = {}
    facts = all_claims()
    for rank, c in enumerate(citations):
        key = str(c.get("claim_id") or "")
        if key not in facts:
            continue
        ranked.setdefault(key, rank)
        start, end = _clock(c.get("start")), _clock(c.get("end"))
        for other in facts.values():
            if start <= other.start and other.end <= end and _told(other.id, c):
                ranked.setdefault(other.id, rank)
    return ranked


def _told(claim: str, citation: Mapping[str, Any]) -> bool:
    """Whether a citation's text tells of a claim beside its own."""
    return True


def _clock(stamp: Any) -> float:
    total = 0.0
    for part in str(stamp or "0").split(":"):
        total = total * 60 + float(part)
    return total


# ---- the question's numbers and the derivation's places


def _placed(
    question: Question, d: Derivation, ranked: Mapping[str, int]
) -> tuple[list[Place], float] | None:
    """Every number of the question in a place, or None; with how well they fit."""
    qs = question.reading.quantities
    pairs: list[tuple[float, int, int]] = []
    own = [a for c in d.claims for a in all_claims()[c].amounts]
    for i, q in enumerate(qs):
        said = any(_says_again(q, a) for a in own)
        for k, slot in enumerate(d.slots):
            fit = _pair(question, i, q, slot, said)
            if fit is not None:
                pairs.append((fit, i, k))
    taken = _best_assignment(pairs, len(qs))
    places: list[Place] = []
    by_slot = {k: (i, fit) for i, (k, fit) in taken.items()}
    total = 0.0
    for k, slot in enumerate(d.slots):
        if k in by_slot:
            i, fit = by_slot[k]
            low, high, again = _stated(qs[i], slot)
            places.append(Place(slot, low, high, i, again))
            total += fit
        elif slot.origin == STATED:
            return None
        else:
            low, high = _picked(question, slot, places)
            places.append(Place(slot, low, high))
    for i, q in enumerate(qs):
        if i in taken or not is_salient(question, i) or _names_model(question, q):
            continue
        if any(_says_again(q, a) for a in own):
            total += 0.4
        elif _said_elsewhere(question, q, d, places, ranked):
            total -= 0.8
        else:
            return None
    return places, min(total, 5.0)


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


def _pair(question: Question, i: int, q: Quantity, slot: Slot, said: bool) -> float | None:
    """How well a number of the question fits a slot; None when it cannot be the slot's.

    `said`: the number says a figure of the claim again, so it is no other value for another slot.
    """
    if q.marks & {"checked", "axes"} or (q.low is not None and not slot.ranged):
        return None
    salient = is_salient(question, i)
    value = _in_slot(q, slot)
    if value is None:
        return None
    alike = min(len(_near_words(question, q) & slot.words), 2)
    if slot.low is not None and _is_end(value, slot):
        return 1.6 + 0.3 * alike
    if said:
        return None
    if not salient:
        return None if slot.origin != STATED else 0.4 + 0.3 * alike
    bare = not q.marked and "scaled" not in q.marks
    if bare and slot.unit.dims and not _counts_only(slot.unit) and not (alike and value >= LARGE):
        return None  # a bare small number states no amount of dollars or time
    if not q.marked and slot.unit_text == "percent" and not alike:
        return None
    if slot.limits is not None and not slot.limits.allows(value):
        return None
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


def _counts_only(unit: Unit) -> bool:
    return all(name in COUNTS for name, _ in unit.dims)


def _is_end(value: float, slot: Slot) -> bool:
    return any(e is not None and abs(value - e) <= SAME * max(abs(e), 1e-12) for e in (slot.low, slot.high))


def _stated(q: Quantity, slot: Slot) -> tuple[float | None, float | None, bool]:
    value = _in_slot(q, slot)
    assert value is not None
    again = slot.low is not None and _is_end(value, slot)
    if q.low is not None and q.high is not None and q.value:
        return value * q.low / q.value, value * q.high / q.value, again
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
        end = asked_end(question.text)
        if end == "high":
            return high, high
        if end == "low":
            return low, low
    return low, high


def asked_end(text: str) -> str:
    """ "top", "best case" → high; "at least", "lower bound" → low; "" when neither or both are named."""
    up, down = bool(_HIGH.search(text)), bool(_LOW.search(text))
    return "high" if up and not down else "low" if down and not up else ""


def _said_elsewhere(
    question: Question, q: Quantity, d: Derivation, places: Sequence[Place], ranked: Mapping[str, int]
) -> bool:
    """Whether a number only says again a figure of the claims that were found, or one that already has a place."""
    facts = all_claims()
    known = [a for c in dict.fromkeys((*d.claims, *ranked)) if c in facts for a in facts[c].amounts]
    if any(_says_again(q, a) for a in known):
        return True
    return any(p.low is not None and _in_slot(q, p.slot) == p.low for p in places)


def _says_again(q: Quantity, a: Amount) -> bool:
    unit = parse_unit(a.unit_text)
    if q.marked and q.unit.dims and unit.dims and without_counts(q.unit) != without_counts(unit):
        return False
    if q.marked and (q.unit_text == "percent") != (a.unit_text == "percent"):
        return False
    ratio = unit.factor / q.unit.factor if q.marked and q.unit.dims else 1.0
    ends = [e * ratio for e in (a.low, a.high) if e is not None]
    mine = [v for v in (q.value, q.low, q.high) if v is not None]
    return any(abs(v - e) <= SAME * max(abs(e), 1e-12) for v in mine for e in ends)


def _names_model(question: Question, q: Quantity) -> bool:
    """ "the 70b example": a size that names a model."""
    return q.unit.dims == (("param", 1),) and any(
        "model" in m.kinds and m.start < q.end and q.start < m.end for m in question.reading.mentions
    )


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


# ---- what is asked for


def _unit_score(asked: Asked, unit_text: str) -> float | None:
    """How well a result's unit is the one asked for; None when it is not."""
    unit = parse_unit(unit_text) if unit_text else parse_unit("dimensionless")
    wanted = asked.unit
    if wanted is None:
        if asked.percent:
            return 1.0 if unit_text == "percent" else -0.5
        if asked.ratio:
            return 0.6 if not unit.dims and unit_text != "percent" else -0.4
        return 0.0
    strong = 2.0 if asked.explicit else 1.2
    if unit.dims == wanted.dims:
        if unit.dims or (unit_text == "percent") == (asked.unit_text == "percent"):
            return strong
        return 0.3 if asked.percent or asked.ratio else -0.4
    if without_counts(unit) == without_counts(wanted) and without_counts(unit):
        return 0.5 * strong
    if not unit.dims and unit_text != "percent" and _counts_only(wanted):
        return 0.3 * strong
    if unit.has("USD") and wanted.dims == (("USD", 1),):
        return 0.8 * strong if unit.dims == (("USD", 1), ("s", -1)) else None
    return None if asked.explicit else -1.0


def _words_score(question: Question, d: Derivation, result: str, *, own: bool) -> float:
    """The words of the result that the question says, nearer to the asking word heavier."""
    near = question.features.wanted.near
    said = {s for s, _ in question.features.stems}
    score = 0.0
    if own:
        hits = d.asks & said
        score += sum(0.4 + 0.8 * near.get(s, 0.0) for s in hits)
    f = d.spec.out_by_name.get(result)
    if f is not None and d.spec.name != ARITHMETIC:
        score += sum(w * (0.2 + 0.6 * near.get(s, 0.0)) for s, w in f.words.items() if s in said and s not in d.asks)
    return min(score, 3.0)


def _sums_score(asked: Asked, d: Derivation) -> float:
    """A sum where one is asked for ("the two together"), and none where none is."""
    if not d.expression:
        return 0.0
    adds = "+" in d.expression
    return (1.2 if adds else -0.4) if asked.adds else (-0.6 if adds else 0.0)


def _stands(question: Question, r: ClaimReading) -> bool:
    """Whether something in the question asks for this to be worked out."""
    if not _WORKS_OUT.search(question.text):
        return False
    asked = r.parts["unit"] >= 0.5
    if r.value == 0 or (asked is False and r.parts["words"] < 0.5 and not r.confirmed):
        return False
    return not _is_figure(r)


def _is_figure(r: ClaimReading) -> bool:
    """A result that only says a figure of the claim again is no calculation."""
    unit = parse_unit(r.unit)
    for p in r.places:
        if p.low is None or without_counts(p.slot.unit) != without_counts(unit):
            continue
        if abs(p.low * p.slot.unit.factor - r.value * unit.factor) <= 1e-9 * abs(r.value * unit.factor):
            return len(r.places) > 1 and p.quantity < 0
    return False


def _fixed(question: Question, d: Derivation) -> tuple[dict[str, Any], float]:
    """Chips, models and formats: those the question names take the places of the derivation's."""
    fixed = dict(d.fixed)
    score = 0.0
    for kind in ("chip", "model"):
        places = [n for n in fixed if (f := d.spec.by_name.get(n)) is not None and f.entity == kind]
        named = list(dict.fromkeys(m.kinds[kind] for m in question.reading.mentions if kind in m.kinds))
        left = [n for n in named if n not in [fixed[p] for p in places]]
        free = [p for p in places if fixed[p] not in named]
        score += 0.4 * (len(named) - len(left))
        for p, n in zip(reversed(free), left, strict=False):
            fixed[p] = n
            score += 0.3
        score -= 0.2 * max(0, len(left) - len(free)) if places else 0.0
    for p in question.precisions:
        for name in ("weight_precision", "kv_precision", "precision"):
            if name in fixed and (not p.of or p.of in name):
                fixed[name] = p.value
    return fixed, score


def _arguments(
    d: Derivation, places: Sequence[Place], fixed: Mapping[str, Any], question: Question
) -> tuple[dict[str, Any], dict[str, str]]:
    """The call's arguments with their origins."""
    if d.expression:
        variables = {p.slot.name: _literal(d, p) for p in places}
        unit = None if d.unit == "dimensionless" else d.unit
        arguments: dict[str, Any] = {"expression": d.expression, "variables": variables}
        if unit:
            arguments["unit"] = unit
        origin = "claim" if any(p.origin == "claim" for p in places) else "question"
        return arguments, {"expression": origin, "variables": origin, "unit": "question"}
    arguments = dict(fixed)
    origins = {n: _origin_of(question, n, v) for n, v in fixed.items()}
    for p in places:
        arguments[p.slot.name] = _number(p)
        origins[p.slot.name] = p.origin
    return arguments, origins


def _origin_of(question: Question, name: str, value: Any) -> str:
    named = any(value in m.kinds.values() for m in question.reading.mentions)
    said = any(p.value == value for p in question.precisions)
    return "question" if named or said else "default"


def _number(p: Place) -> Any:
    whole = p.slot.limits is not None and p.slot.limits.whole
    if p.low is not None and p.high is not None and p.low != p.high:
        return {"low": p.low, "high": p.high}
    value = p.low if p.low is not None else p.high
    return round(value) if whole and value is not None else value


def _literal(d: Derivation, p: Place) -> float | str:
    """A variable of a sum as the expression language takes it; of a range the end that was named first."""
    value = p.low if p.low is not None else p.high
    unit = p.slot.unit_text
    assert value is not None
    if unit == "USD/year" and d.unit == "USD":
        unit = "USD"
    if unit == "pound":
        return f"{value * 0.45359237:.15g} kg"
    return value if p.slot.bare or unit in ("", "dimensionless") else f"{value:.15g} {unit}"
