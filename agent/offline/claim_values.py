"""The figures of the built-in claims, and the runs that they give values to.

A claim's figures (`quantities` of the pack) have a name, a value or a range, and a unit. A *derivation* is one
calculation on them: the claim's own check, or one of `derived.yaml`. Its numeric inputs are slots, each with what is
known of it: a figure that was said, a number chosen for the run, or nothing, when the question must bring it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from agent.offline.measure import NUMBER, Unit, parse_unit, without_counts
from agent.offline.schema import Field, Library, Spec
from agent.offline.words import stems
from knowledge import pack

ARITHMETIC = "arithmetic"
CALENDAR = range(1900, 2101)  # a year of the calendar is no amount
STATED = "stated"
_UNITS = {
    "%": "percent", "%/year": "percent", "x": "dimensionless", "x/year": "dimensionless", "ratio": "dimensionless",
    "GPUs": "chip", "chips": "chip", "XPU": "chip", "nodes": "chip", "USD/h": "USD/chip/hour", "params": "param",
    "tokens": "token", "tokens/s/person": "token/s/person", "tokens/min/person": "token/minute/person",
    "tokens/param": "token/param", "requests": "request", "people": "person", "t": "metric_ton", "years": "year",
    "months": "month", "hours": "hour", "days": "day",
}  # fmt: skip
_KNOWN = frozenset(["TB", "GW", "USD", "USD/year", "year", *_UNITS.values()])  # the rest are counts


@dataclass(frozen=True, slots=True)
class Amount:
    """A figure of a claim. One end is None where the claim leaves it open ("more than")."""

    claim: str
    name: str
    low: float | None
    high: float | None
    unit_text: str
    typical: float | None = None  # the value of a range that the claim's check works with

    @property
    def ranged(self) -> bool:
        return self.low is not None and self.high is not None and self.low != self.high

    @property
    def value(self) -> float:
        """The value that stands for it when no end is asked for: the one that was named."""
        return self.low if self.low is not None else self.high if self.high is not None else 0.0


@dataclass(frozen=True, slots=True)
class Slot:
    """One numeric input of a derivation. `origin`: claim, chosen, or stated (the question must bring it)."""

    name: str
    unit_text: str
    origin: str
    words: frozenset[str]
    low: float | None = None
    high: float | None = None
    amount: Amount | None = None
    bare: bool = False  # the sum leaves its unit out
    limits: Field | None = None
    typical: float | None = None

    @property
    def unit(self) -> Unit:
        return parse_unit(self.unit_text) if self.unit_text else NUMBER

    @property
    def ranged(self) -> bool:
        return self.low is not None and self.high is not None and self.low != self.high


@dataclass(frozen=True, slots=True)
class Derivation:
    """One calculation on a claim's figures. `fixed` are its inputs that are no numbers (chip, model, precision …)."""

    claim: str
    spec: Spec
    slots: tuple[Slot, ...]
    fixed: Mapping[str, Any]
    result: str
    unit: str | None
    expression: str
    asks: frozenset[str]
    also_from: tuple[str, ...]  # other claims whose figures it uses
    is_check: bool = False
    said: tuple[float, str] | None = None  # what a check holds its result against
    phrases: tuple[str, ...] = ()  # words for the result that are too small to be stems: "go under"

    @property
    def claims(self) -> tuple[str, ...]:
        return (self.claim, *self.also_from)


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """One claim as the reader needs it."""

    id: str
    start: float
    end: float
    claim: str
    text: str  # the claim and its index terms
    stems: frozenset[str]
    amounts: tuple[Amount, ...]
    runs: tuple[Mapping[str, Any], ...]  # as written in the pack
    check: Mapping[str, Any] | None

    @property
    def figures(self) -> tuple[Amount, ...]:
        """Its amounts, and what its check is held against: numbers that a question may say again."""
        held = held_against(self.check)
        return (
            self.amounts
            if held is None
            else (*self.amounts, Amount(self.id, "said", held[0], held[0], held[1]))
        )


def held_against(check: Mapping[str, Any] | None) -> tuple[float, str] | None:
    """What was said, where the check compares its result with one value."""
    said = (check or {}).get("said")
    value = None if not said else said.get("value", said.get("high"))
    return None if said is None or value is None else (float(value), str(said["unit"]))


@lru_cache(maxsize=1)
def all_claims() -> Mapping[str, ClaimFacts]:
    """Every claim of the built-in pack, by id, in the order of the recording."""
    checks, derived = pack.read_yaml(pack.CHECKS), pack.read_yaml(pack.DERIVED)
    found: dict[str, ClaimFacts] = {}
    for entry in pack.read_yaml(pack.CLAIMS)["claims"]:
        key = str(entry["id"])
        claim = str(entry["claim"])
        found[key] = ClaimFacts(
            key,
            _seconds(str(entry["start"])),
            _seconds(str(entry["end"])),
            claim,
            f"{claim} {entry.get('about') or ''}",
            frozenset(stems(f"{claim} {entry.get('about') or ''}")),
            tuple(_amounts(key, entry.get("quantities") or (), checks.get(key))),
            tuple(derived.get(key) or ()),
            checks.get(key),
        )
    return found


def _amounts(
    claim: str, rows: Iterable[Mapping[str, Any]], check: Mapping[str, Any] | None
) -> Iterable[Amount]:
    worked_with = {v for v in ((check or {}).get("input") or {}).values() if isinstance(v, int | float)}
    for row in rows:
        value, written = row["value"], str(row["unit"])
        low, high = (value[0], value[1]) if isinstance(value, list) else (value, value)
        if not isinstance(low, int | float) or isinstance(low, bool):
            continue
        if written == "year" and int(low) in CALENDAR:
            continue
        unit = _UNITS.get(written, written if written in _KNOWN else "dimensionless")
        ends = (float(low), None if high is None else float(high))
        typical = next((e for e in ends if e in worked_with), None) if ends[0] != ends[1] else None
        yield Amount(claim, str(row["name"]), *ends, unit, typical)


def _seconds(stamp: str) -> float:
    total = 0.0
    for part in stamp.split(":"):
        total = total * 60 + float(part)
    return total


class Derivations:
    """The derivations of each claim, made on first use against the calculators that are there."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._made: dict[str, tuple[Derivation, ...]] = {}

    def of(self, claim: str) -> tuple[Derivation, ...]:
        """The derivations of a claim; none for one that carries no figures or that nobody knows."""
        if claim not in self._made:
            facts = all_claims().get(claim)
            rows: list[Derivation | None] = []
            if facts is not None:
                rows = [self._derived(facts, row) for row in facts.runs]
                if facts.check is not None:
                    rows += self._checks(facts, facts.check)
            self._made[claim] = tuple(r for r in rows if r is not None)
        return self._made[claim]

    def _derived(self, facts: ClaimFacts, row: Mapping[str, Any]) -> Derivation | None:
        spec = self._library.specs.get(str(row["calculator"]))
        if spec is None:
            return None
        asks = frozenset(stems(str(row.get("asks", ""))))
        if "expression" in row:
            bare = frozenset(row.get("bare", ()))
            values = [_variable(facts, name, said, name in bare) for name, said in row["values"].items()]
            others = _others(facts.id, values)
            return Derivation(
                facts.id, spec, tuple(values), {}, "value", str(row["unit"]), str(row["expression"]), asks, others,
                phrases=tuple(row.get("phrases", ())),
            )  # fmt: skip
        slots, fixed = [], {}
        for name, said in row["input"].items():
            f = spec.by_name.get(name)
            if f is None:
                return None
            if f.kind == "number":
                slots.append(_field_slot(facts, f, said))
            else:
                fixed[name] = said
        return Derivation(
            facts.id, spec, tuple(slots), fixed, str(row["result"]), None, "", asks, _others(facts.id, slots)
        )

    def _checks(self, facts: ClaimFacts, check: Mapping[str, Any]) -> list[Derivation | None]:
        """The claim's check and its further runs; sums with the numbers written in are left to `derived.yaml`."""
        base = dict(check.get("input") or {})
        runs = [("", check)] + [(name, run) for name, run in (check.get("also") or {}).items()]
        found: list[Derivation | None] = []
        for name, run in runs:
            calculator = str(run.get("calculator") or check.get("calculator"))
            merged = {k: v for k, v in {**base, **(run.get("input") or {})}.items() if v is not None}
            if calculator == ARITHMETIC or "expression" in merged:
                continue
            spec = self._library.specs.get(calculator)
            if spec is not None:
                held = None if name else check.get("said")
                found.append(_check_run(facts, spec, merged, str(run["result"]), name, held))
        return found


def _check_run(
    facts: ClaimFacts,
    spec: Spec,
    given: Mapping[str, Any],
    result: str,
    name: str,
    held: Mapping[str, Any] | None,
) -> Derivation | None:
    slots: list[Slot] = []
    fixed: dict[str, Any] = {}
    for key, value in given.items():
        f = spec.by_name.get(key)
        if f is None:
            return None
        span = _span(value)
        if f.kind == "number" and span is not None:
            slots.append(_found_slot(facts, f, span))
        else:
            fixed[key] = value
    asks = frozenset(stems(name.replace("_", " ")))
    said = held_against({"said": held})
    return Derivation(facts.id, spec, tuple(slots), fixed, result, None, "", asks, (), True, said)


def _span(value: Any) -> tuple[float, float] | None:
    if isinstance(value, Mapping):
        return float(value["low"]), float(value["high"])
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value), float(value)
    return None


def _found_slot(facts: ClaimFacts, f: Field, span: tuple[float, float]) -> Slot:
    """An input of a check: the claim's figure where it has that value, else a number chosen for the check."""
    for amount in facts.amounts:
        if not same_kind(amount.unit_text, f.unit_text):
            continue
        slot = _amount_slot(f.name, f.unit_text, amount, "", f)
        ends = [e for e in (slot.low, slot.high) if e is not None]
        if ends and all(any(abs(s - e) <= 1e-6 * max(abs(e), 1e-12) for e in ends) for s in span):
            return slot
    return Slot(f.name, f.unit_text, "chosen", _words(f), span[0], span[1], limits=f)


def _field_slot(facts: ClaimFacts, f: Field, said: Any) -> Slot:
    if isinstance(said, str) and said.startswith("$"):
        amount, end = _amount(facts, said)
        return _amount_slot(f.name, f.unit_text, amount, end, f)
    if said == STATED:
        return Slot(f.name, f.unit_text, STATED, _words(f), limits=f)
    low, high = _span(said) or (None, None)
    return Slot(f.name, f.unit_text, "chosen", _words(f), low, high, limits=f)


def _variable(facts: ClaimFacts, name: str, said: Any, bare: bool) -> Slot:
    """A value of a sum: `$figure`, `stated UNIT`, or a number with its unit."""
    words = frozenset(stems(name.replace("_", " ")))
    if isinstance(said, str) and said.startswith("$"):
        amount, end = _amount(facts, said)
        return _amount_slot(name, amount.unit_text, amount, end, None, bare)
    head, _, unit = str(said).partition(" ")
    if head == STATED:
        return Slot(name, unit or "dimensionless", STATED, words, bare=bare)
    return Slot(name, unit or "dimensionless", "chosen", words, float(head), float(head), bare=bare)


def _amount(facts: ClaimFacts, said: str) -> tuple[Amount, str]:
    """`$name`, `$name.low`, `$claim-id.name`, `$claim-id.name.high` → the figure and the end that is meant."""
    parts = said[1:].split(".")
    end = parts.pop() if parts[-1] in ("low", "high") else ""
    amounts = facts.amounts if len(parts) == 1 else all_amounts()[parts[0]]
    return next(a for a in amounts if a.name == parts[-1]), end


@lru_cache(maxsize=1)
def all_amounts() -> Mapping[str, tuple[Amount, ...]]:
    """The figures of every claim."""
    return {key: facts.amounts for key, facts in all_claims().items()}


def _amount_slot(
    name: str, unit_text: str, amount: Amount, end: str, f: Field | None, bare: bool = False
) -> Slot:
    """A slot that a claim's figure fills, in the slot's unit."""
    source, target = parse_unit(amount.unit_text), parse_unit(unit_text)
    ratio = source.factor / target.factor if without_counts(source) == without_counts(target) else 1.0
    if amount.unit_text == "USD/year" and unit_text == "USD":
        ratio = 1.0  # a year's revenue
    low, high = (None if v is None else v * ratio for v in (amount.low, amount.high))
    if end == "low":
        high = low
    elif end == "high":
        low = high
    words = frozenset(stems(f"{name} {amount.name}".replace("_", " "))) | (_words(f) if f else frozenset())
    typical = None if amount.typical is None or end else amount.typical * ratio
    return Slot(name, unit_text, "claim", words, low, high, amount, bare, f, typical)


def same_kind(one: str, other: str) -> bool:
    """Whether two units are of one kind, things counted aside; a percentage is no plain factor."""
    a, b = parse_unit(one), parse_unit(other)
    if not a.dims and not b.dims:
        return a.factor == b.factor
    return without_counts(a) == without_counts(b)


def _words(f: Field) -> frozenset[str]:
    return frozenset(s for s, w in f.words.items() if w >= 0.5)


def _others(own: str, slots: Iterable[Slot]) -> tuple[str, ...]:
    found = (s.amount.claim for s in slots if s.amount is not None and s.amount.claim != own)
    return tuple(dict.fromkeys(found))
