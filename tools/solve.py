"""Relations solved for whatever is absent.

A calculator states how its quantities hang together once, and any unknown may be asked for::

    MARGIN = Relations(
        total("revenue_usd", "cost_usd", "gross_profit_usd"),
        Rule("cost_usd", ("revenue_usd", "gross_margin_percent"), lambda r, m: r * (1 - m / 100)),
    )
    MARGIN.solve({"revenue_usd": 10e9, "gross_margin_percent": 50}).values["cost_usd"]   # 5e9

`product` and `total` write out every direction of ``a = b × c / d`` and ``a = b + c``. Solving is forward
chaining: a rule whose needs are known gives its target, until nothing more follows; then defaults are taken
one by one where a quantity is still unknown, so that a default never displaces what the caller gave.
Quantities given twice over must agree, or the caller is told which do not.
"""

from __future__ import annotations

import itertools
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import BaseModel

from tools.errors import InputError, MissingInput
from tools.units import format_number, format_quantity

AGREES_WITHIN = 0.01  # people round what they quote; further apart than this is a contradiction

_ROUNDING = 1e-9  # a limit is not broken by the last digits of a float
_NOISE = 1e-6
_FULL_SHARE = 100.0
_LIMITS: dict[str, tuple[str, Callable[[float, float], bool]]] = {
    "gt": ("above", operator.gt),
    "ge": ("of at least", lambda value, bound: value >= bound - _ROUNDING),
    "lt": ("below", operator.lt),
    "le": ("of at most", lambda value, bound: value <= bound + _ROUNDING),
}

ResultT = TypeVar("ResultT", bound=BaseModel)


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One direction of a relation: `target` from `needs`.

    `text` shows the right-hand side with names in braces; without it the needs are listed. A rule that `restates`
    says its one need in other words (a fall of 40 % as a change of −40 %): of a given number that is no result.
    """

    target: str
    needs: tuple[str, ...]
    compute: Callable[..., float]
    text: str = ""
    restates: bool = False

    def shown(self, values: Mapping[str, float], units: Mapping[str, str]) -> str:
        """The right-hand side with the numbers and their units put in."""
        template = self.text or ", ".join(f"{{{name}}}" for name in self.needs)
        return template.format(
            **{name: format_quantity(values[name], units.get(name) or unit_of(name)) for name in self.needs}
        )


@dataclass(frozen=True, slots=True)
class Default:
    """A value taken when nobody gave one; `says` names it in the answer's assumptions.

    A `fact` is a catalogue value of something the caller named: what follows from it is an answer.
    """

    name: str
    value: float
    says: str
    fact: bool = False


def product(
    target: str,
    *factors: str,
    per: Sequence[str] = (),
    scale: float = 1.0,
    constant: float = 1.0,
    constant_unit: str = "dimensionless",
) -> tuple[Rule, ...]:
    """Every direction of ``target = scale × constant × factors / per``.

    `scale` only converts units and stays out of the text (0.01 for a percentage); `constant` is a number of
    the relation itself (8,760 hours) and is shown.
    """
    power = {target: -1, **dict.fromkeys(factors, 1), **dict.fromkeys(per, -1)}
    shown = format_quantity(constant, constant_unit) if constant != 1.0 else ""
    return tuple(_product_rule(unknown, power, scale * constant, shown) for unknown in power)


def _product_rule(unknown: str, power: Mapping[str, int], scale: float, shown: str) -> Rule:
    """Solve ``1 = scale × Π x^power`` for `unknown`; `shown` is the part of `scale` that people see."""
    sign = -power[unknown]
    needs = tuple(name for name in power if name != unknown)
    up = [n for n in needs if power[n] * sign > 0]
    down = [n for n in needs if power[n] * sign < 0]
    factor = scale if sign > 0 else 1.0 / scale

    def compute(*values: float) -> float:
        known = dict(zip(needs, values, strict=True))
        return factor * math.prod(known[n] for n in up) / math.prod(known[n] for n in down)

    above = [*(f"{{{n}}}" for n in up), *([shown] if shown and sign > 0 else [])]
    below = [*(f"{{{n}}}" for n in down), *([shown] if shown and sign < 0 else [])]
    return Rule(unknown, needs, compute, (" × ".join(above) or "1") + "".join(f" / {n}" for n in below))


def total(target: str, *parts: str) -> tuple[Rule, ...]:
    """Every direction of ``target = Σ parts``."""
    forward = Rule(target, parts, lambda *v: math.fsum(v), " + ".join(f"{{{p}}}" for p in parts))
    return (forward, *(_remainder(target, part, parts) for part in parts))


def _remainder(target: str, part: str, parts: Sequence[str]) -> Rule:
    others = tuple(p for p in parts if p != part)
    text = f"{{{target}}}" + "".join(f" − {{{p}}}" for p in others)
    return Rule(part, (target, *others), lambda whole, *v: whole - math.fsum(v), text)


@dataclass(slots=True)
class Solution:
    """Everything that follows from what was given."""

    given: dict[str, float]
    values: dict[str, float]
    steps: list[Rule]
    defaults: list[Default] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> float | None:
        """A value, given or found; None when it stayed unknown."""
        return self.values.get(name)

    def found(self) -> dict[str, float]:
        """What was worked out from what the caller said; what follows from defaults alone is no finding."""
        said = {*self.given, *(d.name for d in self.defaults if d.fact)}
        found: dict[str, float] = {}
        for rule in self.steps:
            if not said.isdisjoint(rule.needs):
                said.add(rule.target)
                found[rule.target] = self.values[rule.target]
        return found

    def from_input(self) -> set[str]:
        """What was given or follows from it with no default in between."""
        known = set(self.given)
        for rule in self.steps:
            if known.issuperset(rule.needs):
                known.add(rule.target)
        return known

    def restated(self) -> set[str]:
        """What only says a given number in other words."""
        said: set[str] = set()
        for rule in self.steps:
            if rule.restates and all(n in self.given or n in said for n in rule.needs):
                said.add(rule.target)
        return said

    def origin(self, rule: Rule) -> str:
        """A given quantity that a rule's needs rest on (its target when there is none)."""
        return next((n for n in self.given if n in self.ancestors(rule.needs)), rule.target)

    def unused(self) -> list[str]:
        """What the caller said and no step needed."""
        needed = {name for rule in self.steps for name in rule.needs}
        return [name for name in self.given if name not in needed]

    def ancestors(self, names: Iterable[str]) -> set[str]:
        """Everything that `names` were worked out from, themselves included."""
        seen = set(names)
        for rule in reversed(self.steps):
            if rule.target in seen:
                seen.update(rule.needs)
        return seen

    def formula(
        self, units: Mapping[str, str], names: Iterable[str] | None = None, *, first: str | None = None
    ) -> str:
        """The steps with the numbers put in: only those that lead to `names` when given, `first`'s before others."""
        found = self.found()
        wanted = self.ancestors(found if names is None else names)
        leading = self.ancestors([first]) if first else set()
        steps = [rule for rule in self.steps if rule.target in found and rule.target in wanted]
        steps.sort(
            key=lambda rule: rule.target not in leading
        )  # stable: else in the order they were worked out
        return "; ".join(
            f"{label(rule.target)} = {rule.shown(self.values, units)} = "
            f"{format_quantity(self.values[rule.target], units.get(rule.target) or unit_of(rule.target))}"
            for rule in steps
        )

    def assumptions(self, names: Iterable[str] | None = None) -> list[str]:
        """The defaults that the found values (or only `names`) rest on."""
        used = self.ancestors(self.found() if names is None else names)
        return [d.says for d in self.defaults if d.name in used]


class Relations:
    """A set of rules; see the module text."""

    def __init__(self, *rules: Rule | Iterable[Rule]) -> None:
        nested = ((r,) if isinstance(r, Rule) else tuple(r) for r in rules)
        self.rules: tuple[Rule, ...] = tuple(itertools.chain.from_iterable(nested))
        self._needing = [(rule, frozenset(rule.needs)) for rule in self.rules]

    def names(self) -> frozenset[str]:
        """Every quantity the rules speak of."""
        return frozenset(itertools.chain.from_iterable((r.target, *r.needs) for r in self.rules))

    def solve(self, known: Mapping[str, float | None], defaults: Sequence[Default] = ()) -> Solution:
        """All that follows from `known` (None: unknown).

        Raises InputError when quantities given together contradict each other, or a result is not finite.
        """
        given = {n: float(v) for n, v in known.items() if v is not None}
        solution = Solution(given, dict(given), [])
        self._chain(solution)
        for default in defaults:
            if default.name not in solution.values:
                solution.values[default.name] = default.value
                solution.defaults.append(default)
                self._chain(solution)
        self._check_agreement(solution)
        return solution

    def solve_query(
        self, query: BaseModel, defaults: Sequence[Default] = (), **more: float | None
    ) -> Solution:
        """`solve` over the fields of a query that the rules speak of, and `more`.

        A result outside the limits of the query field of its name is an InputError too.
        """
        names = self.names()
        known = {n: getattr(query, n) for n in type(query).model_fields if n in names}
        solution = self.solve({**known, **more}, defaults)
        _check_limits(type(query), solution)
        return solution

    def _chain(self, solution: Solution) -> None:
        """Apply rules until none adds anything; each is tried once its needs are known."""
        values, pending, moved = solution.values, self._needing, True
        known = values.keys()
        while moved:
            moved, waiting = False, []
            for row in pending:
                rule, needs = row
                if rule.target in values:
                    continue
                if needs <= known:
                    moved |= _apply(rule, solution)
                else:
                    waiting.append(row)
            pending = waiting

    def _check_agreement(self, solution: Solution) -> None:
        """Raise when quantities given together contradict each other, directly or in what follows from them."""
        said = solution.from_input()
        for rule in self.rules:
            if rule.target in said and said.issuperset(rule.needs) and _well_posed(rule, solution):
                known, value = solution.values[rule.target], _evaluate(rule, solution)
                if value is not None and not math.isclose(known, value, rel_tol=AGREES_WITHIN, abs_tol=1e-9):
                    field = rule.target if rule.target in solution.given else solution.origin(rule)
                    names = " and ".join(label(n) for n in rule.needs)
                    allowed = f"a {label(rule.target)} of {format_number(value, 5)}, which {names} give"
                    raise InputError(field, solution.given.get(field, known), allowed)

    def require(self, solution: Solution, query: BaseModel, *targets: str) -> None:
        """Raise unless one of `targets` was found: MissingInput for what would lead there soonest."""
        if not solution.found().keys().isdisjoint(targets):
            return
        if solution.failed:
            name, why = next(iter(solution.failed.items()))
            raise InputError(name, None, why)
        fields = type(query).model_fields
        # the rule with the fewest gaps that uses most of what was said, the first target's before the others'
        gaps = sorted(
            (len(gap), -sum(n in solution.given for n in rule.needs), targets.index(rule.target), gap[0])
            for rule in self.rules
            if rule.target in targets and rule.target not in solution.values
            if (gap := [n for n in rule.needs if n not in solution.values]) and gap[0] in fields
        )
        name = gaps[0][3] if gaps else next((t for t in targets if t in fields), next(iter(fields)))
        extra = fields[name].json_schema_extra
        ask = extra.get("ask") if isinstance(extra, dict) else None
        raise MissingInput(name, str(ask or fields[name].description or label(name)))


def _well_posed(rule: Rule, solution: Solution) -> bool:
    """Whether a rule's needs are more than rounding noise (a margin of 1e-14 % cannot check a revenue)."""
    given = all(n in solution.given for n in rule.needs)
    return given or all(abs(solution.values[n]) > _NOISE for n in rule.needs)


def _check_limits(query: type[BaseModel], solution: Solution) -> None:
    """Raise when a found quantity breaks a limit of its own field (a count below zero, a margin of 100 %)."""
    for name in solution.found().keys() & query.model_fields.keys():
        value = solution.values[name]
        for limit in query.model_fields[name].metadata:
            allowed = _broken(limit, value)
            if allowed:
                rule = next(r for r in solution.steps if r.target == name)
                first = next((n for n in rule.needs if n in solution.given), name)
                given = ", ".join(f"{label(n)} {format_number(solution.values[n])}" for n in rule.needs)
                raise InputError(
                    first,
                    solution.values.get(first),
                    f"values that give a {label(name)} {allowed}; {given} give {format_number(value)}",
                )


def _broken(limit: Any, value: float) -> str | None:
    """What an annotated limit allows, when `value` breaks it."""
    for name, (words, holds) in _LIMITS.items():
        bound = getattr(limit, name, None)
        # a high upper limit keeps misread input out; what follows from good input may lie beyond it
        plausible_only = name in ("lt", "le") and bound is not None and bound > _FULL_SHARE
        if bound is not None and not plausible_only and not holds(value, bound):
            return f"{words} {format_number(float(bound))}"
    return None


def _apply(rule: Rule, solution: Solution) -> bool:
    value = _evaluate(rule, solution)
    if value is None:
        return False
    if not math.isfinite(value):
        raise InputError(
            rule.needs[0], solution.values[rule.needs[0]], f"a value that keeps {label(rule.target)} finite"
        )
    solution.values[rule.target] = value
    solution.steps.append(rule)
    return True


def _evaluate(rule: Rule, solution: Solution) -> float | None:
    """The rule's value; None where it has none (a zero divisor, the logarithm of 0), which is remembered."""
    try:
        return rule.compute(*(solution.values[n] for n in rule.needs))
    except (ZeroDivisionError, ValueError):
        names = ", ".join(f"{label(n)} {format_number(solution.values[n])}" for n in rule.needs)
        solution.failed.setdefault(rule.target, f"a {label(rule.target)} exists; with {names} it does not")
        return None
    except OverflowError:
        return math.inf


_UNIT_TAIL = re.compile(
    r"(?<!_per)_(?:(?:usd|w|mwh|mw|kw|kwh|gb)(?:_per_(?:chip_hour|chip_year|chip|hour|day|month|year|mtok|gb|mwh|kwh))?"
    r"|percent|years|months|hours)$"
)


@lru_cache(maxsize=2048)
def label(name: str) -> str:
    """A field name as people read it, its unit left off: `gross_margin_percent` → `gross margin`."""
    return re.sub(r"^w_per_", "power_per_", _UNIT_TAIL.sub("", name)).replace("_", " ").strip()


@lru_cache(maxsize=2048)
def unit_of(name: str) -> str:
    """The unit that a quantity's name ends with: `net_usd_per_chip_year` → `USD/chip/year`."""
    match = _UNIT_TAIL.search(name)
    if match is None:
        return "dimensionless"
    spelled = {
        "usd": "USD",
        "w": "W",
        "mw": "MW",
        "kw": "kW",
        "mwh": "MWh",
        "kwh": "kWh",
        "gb": "GB",
        "mtok": "Mtoken",
    }
    parts = match[0].strip("_").replace("_per_", "_").split("_")
    return "/".join(
        spelled.get(part, part.removesuffix("s") if part != "hours" else "hour") for part in parts
    )


@lru_cache(maxsize=64)
def units_of(*models: type[BaseModel]) -> dict[str, str]:
    """Unit of every unit-carrying field of the models."""
    return {
        name: str(info.json_schema_extra["unit"])
        for model in models
        for name, info in model.model_fields.items()
        if isinstance(info.json_schema_extra, dict) and "unit" in info.json_schema_extra
    }


def fill(result: type[ResultT], solution: Solution, units: Mapping[str, str], **more: Any) -> ResultT:
    """A result model from what was worked out: its fields, the formula, the assumptions, and `more`."""
    found, restated = solution.found(), solution.restated()
    known = {name: _clean(found[name]) for name in result.model_fields if name in found}
    known = {name: value for name, value in known.items() if name not in restated} or known
    headline = next((name for name in known if _role(result, name) == "headline"), next(iter(known), None))
    more["assumptions"] = [*solution.assumptions(known or None), *more.pop("assumptions", [])]
    steps = [more.pop("formula", ""), solution.formula(units, known, first=headline)]
    return result(**{"formula": "; ".join(s for s in steps if s), **known, **more})


def _role(result: type[BaseModel], name: str) -> object:
    extra = result.model_fields[name].json_schema_extra
    return extra.get("role") if isinstance(extra, dict) else None


def _clean(value: float) -> float:
    """Without the last digits' rounding noise: 30, not 30.000000000000004."""
    return float(f"{value:.13g}")


def answer(
    relations: Relations,
    query: BaseModel,
    result: type[ResultT],
    *,
    defaults: Sequence[Default] = (),
    ask_first: Sequence[str] = (),
    **more: Any,
) -> ResultT:
    """Solve a query and fill its result: what most calculators are.

    Raises MissingInput when nothing follows from what was given; `ask_first` names the targets to ask for.
    """
    solution = relations.solve_query(query, defaults)
    relations.require(solution, query, *ask_first, *result.model_fields)
    units = units_of(type(query), result)
    unused = [
        f"{label(n).capitalize()} ({format_quantity(solution.given[n], units.get(n) or unit_of(n))}) was not needed."
        for n in solution.unused()
    ]
    return fill(result, solution, units, warnings=[*unused, *more.pop("warnings", [])], **more)


def bisect(function: Callable[[float], float], low: float, high: float, *, iterations: int = 200) -> float:
    """A root of a continuous function whose signs at `low` and `high` differ (else ValueError)."""
    at_low, at_high = function(low), function(high)
    if at_low == 0:
        return low
    if at_low * at_high > 0:
        raise ValueError("no sign change between the ends")
    for _ in range(iterations):
        middle = (low + high) / 2
        at_middle = function(middle)
        if at_middle == 0 or middle in (low, high):
            return middle
        if at_low * at_middle < 0:
            high = middle
        else:
            low, at_low = middle, at_middle
    return (low + high) / 2
