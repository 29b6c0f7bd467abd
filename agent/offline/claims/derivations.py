"""The derivations of a claim: its check, what the pack says follows from it, and plain relations of its figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from agent.offline.claims.values import (
    ARITHMETIC,
    STATED,
    Amount,
    ClaimFacts,
    Derivation,
    Slot,
    all_amounts,
    all_claims,
    held_against,
    same_kind,
)
from agent.offline.reading.measure import parse_unit, without_counts
from agent.offline.reading.words import stems
from agent.offline.schema import Field, Library, Spec


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
    return Derivation(
        facts.id, spec, tuple(slots), fixed, result, None, "", asks, (), is_check=True, said=said
    )


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


def _words(f: Field) -> frozenset[str]:
    return frozenset(s for s, w in f.words.items() if w >= 0.5) | set(stems(f.name.replace("_", " ")))


def _others(own: str, slots: Iterable[Slot]) -> tuple[str, ...]:
    found = (s.amount.claim for s in slots if s.amount is not None and s.amount.claim != own)
    return tuple(dict.fromkeys(found))
