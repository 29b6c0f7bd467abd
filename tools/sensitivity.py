"""What moves a result most: each input a fifth lower and higher, the calculation run again, ranked by the swing.

Finite differences over a calculator run, which is possible for any calculator, plugins too, since all are pure.
Three kinds of input are moved: numbers that were given; numbers the calculator took itself and reports, as ``taken``
or under the input's own name (a rent from the catalogue); and choices whose field lists ``alternatives`` (a precision).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

from pydantic import BaseModel, ConfigDict, Field

from tools import registry
from tools.contract import CalculatorRun, Figure
from tools.errors import RackrateError
from tools.units import format_quantity

if TYPE_CHECKING:
    from tools.catalog import Catalog
    from tools.registry import Calculator

STEP = 0.2
MAX_FIELDS = 12  # inputs looked at: each costs two runs, of 0.1 to 0.3 ms
SHOWN = 5
LEAST_PERCENT = 0.1
_WHOLE_UNITS = frozenset({"chip", "rack", "server", "person", "request", "link", "hop", "sample"})


class Change(BaseModel):
    """One input moved: what it became, what the result then is, and by how much that differs in percent."""

    model_config = ConfigDict(frozen=True)
    input: float | str
    value: float
    percent: float


class Lever(BaseModel):
    """An input and what the result does when it alone moves. `base` is None where only alternatives are known."""

    field: str
    label: str
    unit: str
    given: bool
    base: float | str | None
    less: Change | None = None
    more: Change | None = None
    instead: list[Change] = Field(default_factory=list)

    @property
    def swing(self) -> float:
        """The largest change either way, in percent."""
        return max((abs(c.percent) for c in (self.less, self.more, *self.instead) if c), default=0.0)


class Sensitivity(BaseModel):
    """The levers of one figure, the strongest first."""

    tool: str
    figure: str
    value: float
    unit: str
    levers: list[Lever]


def sensitivity(
    tool: str,
    given: Mapping[str, Any],
    figure: str | None = None,
    *,
    catalog: Catalog | None = None,
    shown: int = SHOWN,
) -> Sensitivity | None:
    """What moves `figure` (the headline when None) of a run of `tool` on `given`; None when nothing can be said.

    Raises:
        InputError and its kin: `tool` is unknown or `given` cannot be computed.
    """
    calculator = registry.get(tool)
    run = registry.run(tool, given, catalog=catalog)
    at = _figure(run, figure)
    if at is None or at.value == 0 or not math.isfinite(at.value):
        return None
    probe = _Probe(tool, run, at.name, at.value, catalog)
    levers = [lever for lever in _levers(calculator, run, probe) if lever.swing >= LEAST_PERCENT]
    levers.sort(key=lambda lever: -lever.swing)
    if not levers:
        return None
    return Sensitivity(tool=tool, figure=at.name, value=at.value, unit=at.unit, levers=levers[:shown])


def _figure(run: CalculatorRun, name: str | None) -> Figure | None:
    if name is None:
        return run.figures[0] if run.figures else None
    return next((f for f in run.figures if f.name == name), None)


class _Probe:
    """Runs of one calculator with one input replaced; remembers which results move with the inputs tried."""

    def __init__(
        self, tool: str, run: CalculatorRun, figure: str, base: float, catalog: Catalog | None
    ) -> None:
        self._tool, self._run, self._figure = tool, run, figure
        self._base, self._catalog = base, catalog
        self._moved: set[str] = set()

    def __call__(self, field: str, value: float | str) -> Change | None:
        """The change; None where the calculator refuses the value or then has no such figure."""
        try:
            run = registry.run(self._tool, {**self._run.input, field: value}, catalog=self._catalog)
        except RackrateError:
            return None
        self._moved |= {name for name, was in self._run.output.items() if run.output.get(name) != was}
        found = _figure(run, self._figure)
        if found is None or not math.isfinite(found.value):
            return None
        percent = (found.value - self._base) / abs(self._base) * 100
        return Change(input=value, value=found.value, percent=round(percent, 4))

    def follows(self, field: str, base: float) -> bool:
        """Whether a reported number follows from the inputs, rather than standing beside them as an assumption."""
        if field in self._moved and field not in self._run.taken:
            return True
        again = self(field, base)
        return again is None or abs(again.percent) > 1e-3


def _levers(calculator: Calculator, run: CalculatorRun, probe: _Probe) -> Iterator[Lever]:
    """Given inputs first, so that what follows from them is known when the others are looked at."""
    fields = sorted(calculator.fields.items(), key=lambda item: item[0] not in run.input)
    looked_at = 0
    for field, extra in fields:
        base = run.input.get(field, run.taken.get(field, run.output.get(field)))
        if looked_at >= MAX_FIELDS:
            return
        lever = Lever(
            field=field, label=_label(calculator, field), unit=str(extra.get("unit", "")),
            given=field in run.input, base=base if isinstance(base, int | float | str) else None,
        )  # fmt: skip
        if extra.get("alternatives"):
            lever.instead = _alternatives(lever, extra["alternatives"], probe)
        elif "unit" in extra and _moves(base) and (lever.given or not probe.follows(field, base)):
            low, high = _ends(base, lever.unit)
            lever.less, lever.more = (probe(field, end) if end != base else None for end in (low, high))
        else:
            continue
        looked_at += 1
        yield lever


def _moves(base: Any) -> TypeGuard[float]:
    return isinstance(base, int | float) and not isinstance(base, bool) and base != 0


def _alternatives(lever: Lever, values: Any, probe: _Probe) -> list[Change]:
    """What other choices give; a choice that gives what another gives (no faster format on that chip) is left out."""
    tried = [probe(lever.field, str(value)) for value in values if value != lever.base]
    told = {c.percent: c for c in reversed(tried) if c is not None and abs(c.percent) >= LEAST_PERCENT}
    return list(reversed(told.values()))


def _ends(base: float, unit: str) -> tuple[float, float]:
    """A fifth less and more; what is counted in few whole pieces is halved and doubled."""
    if unit in _WHOLE_UNITS and float(base).is_integer() and 0 < base <= 64:
        return max(1, base // 2), base * 2
    low, high = base * (1 - STEP), base * (1 + STEP)
    if float(base).is_integer() and abs(base) >= 10:
        return float(round(low)), float(round(high))
    return low, high


def _label(calculator: Calculator, field: str) -> str:
    """What the field is, in few words of its own description."""
    info = calculator.query_model.model_fields.get(field)
    said = (info.description or "") if info else ""
    said = re.sub(r"\s*\([^)]*\)", "", said)
    for mark in (";", ",", ":", " of each request", " of one request", " the model is spread over"):
        said = said.split(mark)[0]
    said = said.strip().rstrip(".")
    if not 0 < len(said) <= 64:
        return field.replace("_", " ")
    return said if said[1:2].isupper() else said[:1].lower() + said[1:]


def told(lever: Lever) -> str:
    """A lever as one line: `context length (12,000 tokens): +24 % at 9,600, −19 % at 14,400`."""
    base = "" if lever.base is None else f" ({shown_input(lever.base, lever.unit)})"
    changes = [c for c in (lever.less, lever.more, *lever.instead) if c is not None]
    said = ", ".join(f"{percent(c.percent)} at {shown_input(c.input, lever.unit)}" for c in changes)
    return f"{lever.label}{base}: {said}"


def shown_input(value: float | str, unit: str) -> str:
    """An input for people; a whole number without decimals."""
    return value if isinstance(value, str) else format_quantity(value, unit)


def percent(value: float) -> str:
    """A change for people: `+24 %`, `−3.1 %`, `×12` past tenfold."""
    if value >= 900:
        return f"×{1 + value / 100:,.0f}"
    size = f"{abs(value):.0f}" if abs(value) >= 10 else f"{abs(value):.1f}"
    return f"{'−' if value < 0 else '+'}{size} %" if float(size) else "±0 %"
