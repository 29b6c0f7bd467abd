"""A calculator with its filled fields: one reading of a question."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agent.offline.reading.entities import Mention
from agent.offline.schema import Field, Spec


@dataclass(frozen=True, slots=True)
class Fill:
    """A field's value, where it came from, and the quantities that gave it."""

    value: Any
    origin: str = "question"
    quantities: tuple[int, ...] = ()
    fit: float = 0.0


@dataclass
class Frame:
    """One reading of a question: a calculator, its filled fields, what is left over, and how good it looks."""

    spec: Spec
    fills: dict[str, Fill] = field(default_factory=dict)
    unused: list[int] = field(default_factory=list)
    unused_names: list[Mention] = field(default_factory=list)
    score: float = 0.0
    parts: dict[str, float] = field(default_factory=dict)
    want: Field | None = None
    want_margin: float = 0.0
    rivals: list[Frame] = field(default_factory=list)  # other fillings of the same calculator, best first
    ranked: list[tuple[float, Field]] = field(
        default_factory=list, init=False
    )  # the results, most wanted first
    pattern_want: str = ""
    alike: float = 0.0  # how alike the example is that fills just these fields
    disorder: bool = False  # against the order that the wording gives
    pairs: dict[str, tuple[Any, ...]] = field(
        default_factory=dict
    )  # fields with two values or more: runs to compare

    @property
    def arguments(self) -> dict[str, Any]:
        return {name: fill.value for name, fill in self.fills.items()}

    @property
    def origins(self) -> dict[str, str]:
        return {name: fill.origin for name, fill in self.fills.items()}
