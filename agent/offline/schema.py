"""What the reader knows of a calculator: read from its JSON schemas alone, plugins included."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from agent.offline.reading.measure import NUMBER, Unit, parse_unit
from agent.offline.reading.words import stems

_LATER = frozenset(["new", "other", "second", "after", "end", "final", "later", "next", "target", "to"])
_EARLIER = frozenset(
    ["old", "first", "before", "start", "initial", "base", "from", "earlier", "previous", "today"]
)
_RESERVED = frozenset({"formula", "assumptions", "taken", "warnings", "sources", "figures", "table", "chart"})


class Described(Protocol):
    """A tool as the graph or the registry describes it (ToolSpec and Calculator both fit)."""

    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def input_schema(self) -> Mapping[str, Any]: ...
    @property
    def output_schema(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Field:
    """An input or output field of a calculator."""

    name: str
    kind: str  # number entity enum bool text, or a list of them: numbers entities objects map
    description: str
    unit: Unit | None
    unit_text: str
    entity: str
    words: Mapping[str, float]  # stem → weight
    phrases: tuple[tuple[str, ...], ...]
    options: tuple[str, ...] = ()
    required: bool = False
    ask: str = ""
    role: str = ""
    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    direction: int = 0  # −1 the earlier of a pair, +1 the later
    items: tuple[Field, ...] = ()
    default: Any = None
    whole: bool = False
    name_stems: tuple[str, ...] = ()
    qualifiers: frozenset[str] = frozenset()
    literals: tuple[tuple[str, ...], ...] = ()  # phrases made of small words only: "with", "all in", "out of"
    spoken: tuple[tuple[str, ...], ...] = ()  # every phrase as it is written, in small letters
    aside: bool = False  # said along with others: a result need not depend on it

    def allows(self, value: float) -> bool:
        above = value > self.low if self.low_open else value >= self.low
        below = value < self.high if self.high_open else value <= self.high
        return above and below

    def bound(self, value: float) -> str:
        """The limit that `value` breaks, in words."""
        if value < self.low or (self.low_open and value == self.low):
            return f"{'above' if self.low_open else 'at least'} {self.low:g}"
        return f"{'below' if self.high_open else 'at most'} {self.high:g}"

    @property
    def allowed(self) -> str:
        parts = []
        if self.low > -math.inf:
            parts.append(f"{'above' if self.low_open else 'at least'} {self.low:g}")
        if self.high < math.inf:
            parts.append(f"{'below' if self.high_open else 'at most'} {self.high:g}")
        return " and ".join(parts) or "a number"


@dataclass(frozen=True)
class Example:
    question: str
    input: Mapping[str, Any]
    want: str


@dataclass
class Spec:
    """One calculator as the reader sees it."""

    name: str
    description: str
    fields: tuple[Field, ...]
    outputs: tuple[Field, ...]
    examples: tuple[Example, ...]
    text_weights: dict[str, float] = field(default_factory=dict)  # stem → how strongly it speaks for this one

    @cached_property
    def by_name(self) -> dict[str, Field]:
        return {f.name: f for f in self.fields}

    @cached_property
    def out_by_name(self) -> dict[str, Field]:
        return {f.name: f for f in self.outputs}

    @property
    def required(self) -> list[Field]:
        return [f for f in self.fields if f.required]

    @property
    def summary(self) -> str:
        return self.description.split("\n\n")[0].replace("\n", " ")


def read_spec(tool: Described) -> Spec:
    """The spec of one tool. Never fails on a strange schema: what it cannot read it leaves out."""
    inputs, outputs = dict(tool.input_schema), dict(tool.output_schema or {})
    fields = _fields(inputs)
    outs = tuple(f for f in _fields(outputs) if f.name not in _RESERVED and not _is_bound(f.name, outputs))
    spec = Spec(tool.name, tool.description, fields, outs, _examples(inputs, tool))
    spec.text_weights = _weights(spec)
    return spec


def _is_bound(name: str, schema: Mapping[str, Any]) -> bool:
    stem_ = name.removesuffix("_low").removesuffix("_high")
    return stem_ != name and stem_ in schema.get("properties", {})


def _examples(schema: Mapping[str, Any], tool: Described) -> tuple[Example, ...]:
    rows = getattr(tool, "examples", None) or schema.get("examples") or []
    return tuple(
        Example(str(r["question"]), dict(r.get("input", {})), str(r.get("want", "") or ""))
        for r in rows
        if isinstance(r, Mapping) and "question" in r
    )


def _fields(schema: Mapping[str, Any], defs: Mapping[str, Any] | None = None) -> tuple[Field, ...]:
    defs = defs if defs is not None else schema.get("$defs", {})
    needed = set(schema.get("required", []))
    names = list(schema.get("properties", {}))
    return tuple(
        _field(name, prop, name in needed, defs, names) for name, prop in schema.get("properties", {}).items()
    )


def _field(
    name: str, prop: Mapping[str, Any], required: bool, defs: Mapping[str, Any], names: list[str]
) -> Field:
    core = _core(prop, defs)
    unit_text = str(prop.get("unit") or core.get("unit") or "")
    entity = str(prop.get("entity") or core.get("entity") or "")
    kind, items, options = _kind(core, entity, unit_text, defs)
    low, low_open = _limit(core, prop, "minimum", "exclusiveMinimum")
    high, high_open = _limit(core, prop, "maximum", "exclusiveMaximum")
    phrases = [str(w) for w in prop.get("words", core.get("words", []))]
    description = str(prop.get("description") or core.get("description") or "")
    words, stemmed = _field_words(name, description, phrases)
    return Field(
        name, kind, description, parse_unit(unit_text) if unit_text else None, unit_text, entity, words, stemmed, options,
        required, str(prop.get("ask") or ""), str(prop.get("role") or ""),
        -math.inf if low is None else low, math.inf if high is None else high, low_open, high_open,
        _direction(name, phrases, names), items, prop.get("default"), core.get("type") == "integer",
        tuple(s for part in name.split("_") if part not in _UNIT_NAMES for s in stems(part)),
        frozenset(name.split("_")) & _QUALIFYING,
        tuple(tuple(p.lower().split()) for p in phrases if not stems(p)),
        tuple(tuple(p.lower().split()) for p in phrases if p.strip()),
        bool(prop.get("aside")),
    )  # fmt: skip


def _core(prop: Mapping[str, Any], defs: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema behind ``$ref`` and ``X | None``; of several alternatives the numeric one."""
    if "$ref" in prop:
        return _core(defs.get(str(prop["$ref"]).rsplit("/", 1)[-1], {}), defs)
    choices = [c for key in ("anyOf", "oneOf", "allOf") for c in prop.get(key, ()) if c.get("type") != "null"]
    if choices:
        resolved = [_core(c, defs) for c in choices]
        return next((c for c in resolved if c.get("type") in ("number", "integer")), resolved[0])
    return prop


def _kind(
    core: Mapping[str, Any], entity: str, unit: str, defs: Mapping[str, Any]
) -> tuple[str, tuple[Field, ...], tuple[str, ...]]:
    options = tuple(str(o) for o in core.get("enum", ()) if isinstance(o, str)) or (
        (str(core["const"]),) if "const" in core else ()
    )
    kind = core.get("type")
    if kind == "array":
        inner = _core(core.get("items", {}) or {}, defs)
        if inner.get("type") == "object" or "properties" in inner:
            return "objects", _fields(inner, defs), ()
        if entity or inner.get("entity"):
            return "entities", (), ()
        if inner.get("type") in ("number", "integer"):
            return "numbers", (), ()
        return "texts", (), tuple(str(o) for o in inner.get("enum", ()))
    if entity:
        return "entity", (), ()
    if options:
        return "enum", (), options
    if kind == "boolean":
        return "bool", (), ()
    if kind in ("number", "integer"):
        return "number", (), ()
    if kind == "object":
        return ("object", _fields(core, defs), ()) if "properties" in core else ("map", (), ())
    return ("number" if unit and kind != "string" else "text"), (), ()


def _limit(
    core: Mapping[str, Any], prop: Mapping[str, Any], closed: str, opened: str
) -> tuple[float | None, bool]:
    for source in (core, prop):
        if isinstance(source.get(opened), int | float):
            return float(source[opened]), True
        if isinstance(source.get(closed), int | float):
            return float(source[closed]), False
    return None, False


_QUALIFYING = frozenset(
    [
        "new",
        "other",
        "change",
        "points",
        "earlier",
        "list",
        "plain",
        "teacher",
        "cached",
        "draft",
        "target",
        "residual",
        "failed",
        "saving",
        "tensor",
        "freed",
        "kv",
    ]
)
_UNIT_NAMES = frozenset(
    [
        "usd",
        "percent",
        "gb",
        "tb",
        "mb",
        "kw",
        "mw",
        "gw",
        "s",
        "ms",
        "tokens",
        "per",
        "hours",
        "years",
        "months",
        "bytes",
        "tflops",
        "flop",
    ]
)


def _field_words(
    name: str, description: str, phrases: list[str]
) -> tuple[dict[str, float], tuple[tuple[str, ...], ...]]:
    words: dict[str, float] = {}
    for s in stems(description):
        words[s] = max(words.get(s, 0), 0.45)
    for part in name.split("_"):
        if part not in _UNIT_NAMES:
            for s in stems(part):
                words[s] = max(words.get(s, 0), 0.8)
    stemmed = []
    for phrase in phrases:
        ss = stems(phrase)
        if ss:
            stemmed.append(ss)
        for s in ss:
            words[s] = max(words.get(s, 0), 1.0 if len(ss) == 1 else 0.75)
    return words, tuple(stemmed)


def _direction(name: str, phrases: Iterable[str], names: list[str]) -> int:
    for part in reversed(name.split("_")):  # in "other_start_usd" it is the start that tells the sides apart
        if part in _LATER:
            return 1
        if part in _EARLIER:
            return -1
    if any(_sibling(name, other) for other in names):
        return -1
    said = {w for p in phrases for w in re.findall(r"[a-z]+", p.lower())}
    return -1 if "from" in said else 1 if "to" in said & {"to"} and "from" not in said else 0


def _sibling(name: str, other: str) -> bool:
    parts = other.split("_")
    rest = [p for p in parts if p not in _LATER]
    return len(rest) < len(parts) and "_".join(rest) == name


def _weights(spec: Spec) -> dict[str, float]:
    """How strongly each stem speaks for the calculator: name, summary, fields, results, examples."""
    weights: dict[str, float] = {}

    def add(words: Iterable[str], weight: float) -> None:
        for s in words:
            weights[s] = max(weights.get(s, 0.0), weight)

    for example in spec.examples:
        add(stems(example.question), 0.5)
    add(stems(spec.description), 0.55)
    for f in (*spec.fields, *spec.outputs, *(item for owner in spec.fields for item in owner.items)):
        for s, w in f.words.items():
            add((s,), 0.6 * w)
    add(stems(spec.summary), 0.9)
    add(stems(spec.name.replace("_", " ")), 1.0)
    return weights


class Library:
    """All calculators of a request, with the weight of every stem (rare ones tell calculators apart)."""

    def __init__(self, tools: Iterable[Described]) -> None:
        self.specs: dict[str, Spec] = {}
        for tool in tools:
            self.specs[tool.name] = read_spec(tool)
        counts: dict[str, float] = {}
        for spec in self.specs.values():
            for s, w in spec.text_weights.items():
                counts[s] = counts.get(s, 0.0) + w
        self._n = max(len(self.specs), 2)
        self._counts = counts
        self.long_stems: dict[str, list[str]] = {}  # by first letter: what a misspelt word may have meant
        for s in counts:
            if len(s) >= 6:
                self.long_stems.setdefault(s[0], []).append(s)

    @property
    def weights(self) -> Mapping[str, float]:
        """How often each stem speaks for a calculator, in all."""
        return self._counts

    def idf(self, stem_: str) -> float:
        """0.15 for a word of every calculator, up to 1 for a word of one; words of none count as rare."""
        seen = self._counts.get(stem_, 0.0)
        return max(0.15, min(1.0, math.log((self._n + 1) / (seen + 0.5)) / math.log(self._n + 1)))

    def knows(self, stem_: str) -> bool:
        return stem_ in self._counts


__all__ = ["NUMBER", "Example", "Field", "Library", "Spec", "read_spec"]
