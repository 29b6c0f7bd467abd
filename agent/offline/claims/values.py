"""The figures of the built-in claims, and the runs that they give values to.

A claim's figures (`quantities` of the pack) have a name, a value or a range, and a unit. A *derivation* is one
calculation on them: the claim's own check, or one of `derived.yaml`. Its numeric inputs are slots, each with what is
known of it: a figure that was said, a number chosen for the run, or nothing, when the question must bring it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from agent.offline.reading.measure import NUMBER, Unit, parse_unit, without_counts
from agent.offline.reading.words import stem, stems
from agent.offline.schema import Field, Spec

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
_FACTORS = frozenset(["x", "x/year", "ratio"])
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
    words: frozenset[str] = frozenset()  # stems of what people call it
    against: frozenset[str] = frozenset()  # ... and of what is left of it: "fail" of those that survive
    factor: bool = False  # "ten times": a factor on something, no number of things
    yearly: bool = False  # "five times each year", "30 % a year"

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
    op: str = ""  # the operation, where it is a plain relation of numbers (`relations`)
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
    from knowledge import pack  # on first use: it brings numpy with it

    checks, derived = pack.read_yaml(pack.CHECKS), pack.read_yaml(pack.DERIVED)
    called = pack.read_yaml(pack.FIGURES)
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
            tuple(_amounts(key, entry.get("quantities") or (), checks.get(key), called.get(key) or {})),
            tuple(derived.get(key) or ()),
            checks.get(key),
        )
    return found


@lru_cache(maxsize=1)
def claim_names() -> frozenset[str]:
    """Stems of the names in the claims: words that are written with a capital within a sentence, and nowhere without."""
    names, plain = set[str](), set[str]()
    for facts in all_claims().values():
        for word in re.findall(r"(?<=[a-z,;'] )[A-Z][a-zA-Z]{2,}|\b[a-z]+[A-Z][A-Za-z]+", facts.text):
            if not word.isupper():
                names.add(stem(word))
        plain |= {stem(w) for w in re.findall(r"\b[a-z]{3,}\b", facts.text)}
    return frozenset(names - plain - _MAKERS)


# Names that questions of every kind carry; they do not tell that a question is on the conversation.
_MAKERS = frozenset(
    stem(w) for w in ("NVIDIA", "Llama", "Blackwell", "Hopper", "Trainium", "Intel", "Broadcom")
)


def _amounts(
    claim: str,
    rows: Iterable[Mapping[str, Any]],
    check: Mapping[str, Any] | None,
    called: Mapping[str, str],
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
        name = str(row["name"])
        own, _, left = called.get(name, "").partition("|")
        words = frozenset(stems(f"{name} {own}".replace("_", " ")))
        yield Amount(
            claim,
            name,
            *ends,
            unit,
            typical,
            words,
            frozenset(stems(left)),
            written in _FACTORS,
            written.endswith("x/year") or written == "%/year",
        )


def _seconds(stamp: str) -> float:
    total = 0.0
    for part in stamp.split(":"):
        total = total * 60 + float(part)
    return total


@lru_cache(maxsize=1)
def all_amounts() -> Mapping[str, tuple[Amount, ...]]:
    """The figures of every claim."""
    return {key: facts.amounts for key, facts in all_claims().items()}


def same_kind(one: str, other: str) -> bool:
    """Whether two units are of one kind, things counted aside; a percentage is no plain factor."""
    a, b = parse_unit(one), parse_unit(other)
    if not a.dims and not b.dims:
        return a.factor == b.factor
    return without_counts(a) == without_counts(b)
