"""Fitting the quantities, names and words of a question to the fields of one calculator."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agent.offline.entities import Mention
from agent.offline.features import Features
from agent.offline.measure import COUNTS, Unit, convert, count_factor, without_counts
from agent.offline.precisions import PrecisionMention
from agent.offline.quantities import Quantity, Reading
from agent.offline.schema import Field, Library, Spec
from agent.offline.words import stem as _stem

MIN_FIT = 0.9


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
    pattern_want: str = ""
    pairs: dict[str, tuple[Any, Any]] = field(
        default_factory=dict
    )  # fields with two values: two runs to compare

    @property
    def arguments(self) -> dict[str, Any]:
        return {name: fill.value for name, fill in self.fills.items()}

    @property
    def origins(self) -> dict[str, str]:
        return {name: fill.origin for name, fill in self.fills.items()}


# Words in a field's name that make it a special one, and what a text says when it means that one.
_QUALIFIERS: dict[str, frozenset[str]] = {
    "new": frozenset(
        [
            "new",
            "now",
            "then",
            "later",
            "next",
            "becomes",
            "drops",
            "falls",
            "rises",
            "to",
            "goes",
            "instead",
            "after",
            "left",
        ]
    ),
    "other": frozenset(
        [
            "than",
            "vs",
            "versus",
            "against",
            "to",
            "compared",
            "compare",
            "relative",
            "over",
            "other",
            "and",
            "another",
            "second",
        ]
    ),
    "change": frozenset(
        [
            "change",
            "changes",
            "changed",
            "fall",
            "falls",
            "rise",
            "rises",
            "drop",
            "drops",
            "grow",
            "grows",
            "growth",
            "up",
            "down",
            "double",
            "doubles",
            "points",
        ]
    ),
    "points": frozenset(["point", "points"]),
    "earlier": frozenset(["earlier", "previous", "before", "last", "old", "from", "than", "against"]),
    "failed": frozenset(
        [
            "failed",
            "fail",
            "fails",
            "dead",
            "broken",
            "replaced",
            "pulled",
            "lost",
            "die",
            "dies",
            "died",
            "bad",
        ]
    ),
    "saving": frozenset(["save", "saves", "saving", "savings", "saved"]),
    "tensor": frozenset(["tensor", "tp", "tp8", "parallel", "parallelism"]),
    "freed": frozenset(["freed", "free", "frees"]),
    "kv": frozenset(["kv", "cache", "key", "attention", "gqa"]),
    "list": frozenset(["list", "listed", "rack", "sticker", "official", "quoted", "catalogue"]),
    "plain": frozenset(["plain", "without", "ordinary", "normal", "non", "against"]),
    "teacher": frozenset(["teacher"]),
    "cached": frozenset(["cached", "cache"]),
    "draft": frozenset(["draft", "speculative"]),
    "target": frozenset(["target", "reach", "hit", "keep", "goal", "keeps"]),
    "residual": frozenset(["residual", "resale", "salvage"]),
}


_SHARES = frozenset({"share", "percent", "margin", "util"})


def _money_near(near: Mapping[str, float]) -> float:
    """0 … 1: whether a bare number stands beside a word of money ("costing 3k", "a 240k salary")."""
    strongest = max(
        (near.get(s, 0.0) for s in ("cost", "salari", "revenu", "spend", "charg", "fund", "worth", "wag")),
        default=0.0,
    )
    return strongest if strongest >= 0.55 else 0.0


class Words:
    """Words near each quantity or name of a reading, nearer ones heavier."""

    def __init__(self, reading: Reading, features: Features) -> None:
        self.reading, self.features = reading, features
        self._spans = [(q.first, q.last) for q in reading.quantities]
        self._cache: dict[tuple[int, int], dict[str, float]] = {}
        self.memo: dict[tuple[str, ...], Any] = {}  # what is worked out once a question and calculator
        self.present = frozenset(s for s, _ in features.stems)
        low = {t.low for t in reading.tokens}
        self.qualifiers = frozenset(q for q, said in _QUALIFIERS.items() if low & said)
        self.given = frozenset(s for s, i in features.stems if self._beside(i))

    def _beside(self, i: int) -> bool:
        """Whether a word stands beside a quantity ("10B revenue", "margin is 50 percent"): it is given, not asked for."""
        for q in self.reading.quantities:
            first = q.first - 1 if q.first and self.reading.tokens[q.first - 1].text == "$" else q.first
            if first - 1 <= i <= q.last:
                return True
            if i == first - 2 and self.reading.tokens[first - 1].low in ("is", "of", "at", "=", ":", "was"):
                return True
        return False

    def near(self, first: int, last: int) -> dict[str, float]:
        """Stem → weight for the words around tokens first..last."""
        key = (first, last)
        if key not in self._cache:
            self._cache[key] = self._near(first, last)
        return self._cache[key]

    def _near(self, first: int, last: int) -> dict[str, float]:
        near: dict[str, float] = {}
        for stem_, i in self.features.stems:
            if first <= i < last:
                near[stem_] = 1.0
                continue
            left = i < first
            distance = first - i if left else i - last + 1
            between = range(i + 1, first) if left else range(last, i)
            weight = self._barrier(between, first, last) / (1 + 0.22 * (distance - 1))
            weight *= 0.85 if left and self._belongs_left(i, first) else 1.0
            if i == last + 1 and self.reading.tokens[last].low == "of":
                weight = 1.1  # "2,900 dollars of HBM"
            near[stem_] = max(near.get(stem_, 0.0), weight)
        self._in_out(last, near)
        return near

    def _belongs_left(self, i: int, first: int) -> bool:
        """Whether a word stands right after another quantity, which it then describes rather than ours."""
        return any(b == i for _, b in self._spans if b <= first)

    def _barrier(self, between: range, first: int, last: int) -> float:
        weight = 1.0
        for i in between:
            text = self.reading.tokens[i].low
            if text in ".;?!":
                weight *= 0.3
            elif (
                text in ("-", "–", "—")
                and 0 < i < len(self.reading.tokens) - 1
                and self.reading.tokens[i].start > self.reading.tokens[i - 1].end
            ):
                weight *= 0.5
            elif text in (",", ":", "(", ")", "vs", "versus", "->", "→"):
                weight *= 0.6
            elif text in ("and", "but"):
                weight *= 0.7
        for a, b in self._spans:
            if (a, b) != (first, last) and a in between:
                weight *= 0.45
        return weight

    def _in_out(self, last: int, near: dict[str, float]) -> None:
        """`$15/M in and $60/M out`: the particles say which side of the call."""
        tokens = self.reading.tokens
        word = tokens[last].low if last < len(tokens) else ""
        after = tokens[last + 1].low if last + 1 < len(tokens) else ""
        if word in ("in", "out") and not (
            word == "in" and after[:1].isalpha() and after not in ("and", "what", "how", "but", "then")
        ):
            near["prompt" if word == "in" else "output"] = 1.0


def unit_fit(q: Quantity, f: Field) -> float:
    """How well the unit of a quantity suits a field, 0 (not at all) to 3 (the same)."""
    if f.unit is None:
        return 1.0 if not q.marked else 0.6
    if not q.marked:
        return _bare_fit(q, f.unit)
    if q.unit.dims == f.unit.dims:
        return _same_dims(q, f)
    if q.unit.bare:
        if "times" in q.marks and not f.unit.dims:
            return 2.5
        return 0.0
    if without_counts(q.unit) == without_counts(f.unit):
        return _counts_differ(q.unit, f.unit)
    if "USD" in q.unit_text and q.unit_text.endswith("/year") and f.unit.dims == (("USD", 1),):
        return 1.8
    if (
        f.unit_text.endswith("/year")
        and q.unit.dims == (("USD", 1),)
        and without_counts(f.unit) == (("USD", 1), ("s", -1))
    ):
        return 1.9  # a salary of $180k, revenue of $5B
    if _only_counts(q.unit) and _only_counts(f.unit):
        return 0.9  # "64 answers" for samples
    return 0.0


def _only_counts(unit: Unit) -> bool:
    return (len(unit.dims) == 1 and unit.dims[0][1] == 1 and not without_counts(unit)) or unit.dims in (
        (("sample", 1),),
        (("share", 1),),
    )


def _same_dims(q: Quantity, f: Field) -> float:
    if q.unit.dims:
        return 3.0
    is_percent = q.unit_text == "percent"
    wants_percent = f.unit_text == "percent"
    if is_percent == wants_percent:
        return 3.0 if is_percent else 2.6
    return 1.3 if is_percent else 0.4


def _bare_fit(q: Quantity, unit: Unit) -> float:
    if unit.bare:
        return 1.6 if unit.factor == 1 else (0.8 if 0 < abs(q.value) <= 100 else 0.3)
    bases = {name for name, _ in unit.dims}
    if len(unit.dims) == 1 and bases <= COUNTS:
        return 1.4
    if bases == {"USD"}:
        return 1.1 if "scaled" in q.marks else 0.6
    return 0.35


def _counts_differ(a: Unit, b: Unit) -> float:
    """Units alike but for what is counted: an unsaid "per chip" costs little, tokens for requests a lot."""
    mine, theirs = dict(a.dims), dict(b.dims)
    below = {n for n, p in a.dims if p < 0 and n in COUNTS}, {n for n, p in b.dims if p < 0 and n in COUNTS}
    if below[0] and below[1] and not below[0] & below[1]:
        return 0.0  # dollars per chip are not dollars per token
    above = (
        {n: p for n, p in a.dims if p > 0 and n in COUNTS},
        {n: p for n, p in b.dims if p > 0 and n in COUNTS},
    )
    if above[0] != above[1] and above[0] and above[1]:
        return 0.0
    score = 2.5
    for name in set(mine) | set(theirs):
        if name in COUNTS and mine.get(name, 0) != theirs.get(name, 0):
            if mine.get(name, 0) and theirs.get(name, 0):
                return 0.0
            extra = mine.get(name, 0) or theirs.get(name, 0)
            score -= (0.4 if name in ("chip", "server") else 0.7) if extra < 0 else 2.5
    if not without_counts(a) and above[0] != above[1]:
        return 0.0
    return max(score, 0.0)


def value_in(q: Quantity, value: float, f: Field) -> float:
    """The number in the field's unit; a bare number is taken to be in it already."""
    if f.unit is None or not q.marked:
        return value
    if q.unit.dims == f.unit.dims:
        return tidy(convert(value, q.unit, f.unit))
    if without_counts(q.unit) == without_counts(
        f.unit
    ):  # "$15" for dollars per million tokens: what is counted goes unsaid
        return tidy(
            value * (q.unit.factor / count_factor(q.unit_text)) / (f.unit.factor / count_factor(f.unit_text))
        )
    if q.unit_text.endswith("/year") and not f.unit.has("s"):
        return tidy(convert(value * q.time_factor, q.unit, f.unit))
    return value


def tidy(value: float) -> float:
    """Undo the last bits of a conversion: 7.000000000000001 is 7."""
    return float(f"{value:.13g}")


class Matcher:
    """Fits one reading to calculators of a library."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._local: dict[str, dict[str, float]] = {}

    def local_idf(self, spec: Spec) -> Mapping[str, float]:
        """How well a stem tells the fields of one calculator apart."""
        if spec.name not in self._local:
            counts: dict[str, float] = {}
            for f in spec.fields:
                for s, w in f.words.items():
                    counts[s] = counts.get(s, 0.0) + w
            n = max(len(spec.fields), 3)
            self._local[spec.name] = {
                s: max(0.25, min(1.0, math.log((n + 1) / (c + 0.4)) / math.log(n + 1)))
                for s, c in counts.items()
            }
        return self._local[spec.name]

    def word_fit(self, near: Mapping[str, float], f: Field, spec: Spec) -> float:
        """0 … 2.4 by how much the words around a quantity are those of the field."""
        idf = self.local_idf(spec)
        total = sum(w**1.6 * f.words[s] * idf.get(s, 1.0) for s, w in near.items() if s in f.words)
        return 2.4 * (1 - math.exp(-1.1 * total))

    def quantity_fit(self, q: Quantity, f: Field, spec: Spec, words: Words) -> float:
        """How well a quantity suits a field: its unit, the words around it, sides, pieces and limits."""
        key = ("fit", spec.name, f.name, f"{q.first}.{q.last}.{q.value}")
        if key not in words.memo:
            words.memo[key] = self._quantity_fit(q, f, spec, words)
        fit: float = words.memo[key]
        return fit

    def _quantity_fit(self, q: Quantity, f: Field, spec: Spec, words: Words) -> float:
        if f.kind not in ("number", "numbers") or "checked" in q.marks:
            return 0.0
        if "reported" in q.marks and not q.marked:
            return 0.0
        if "describes" in q.marks and f.unit_text in ("request", "person", "server"):
            return 0.0  # "one 32k request" is no 32,000 requests
        unit = unit_fit(q, f)
        if unit <= 0:
            return 0.0
        near = words.near(q.first, q.last)
        said = self.word_fit(near, f, spec)
        if (
            f.unit_text == "percent"
            and not q.marked
            and 0 < q.value <= 100
            and words.present & _SHARES
            and words.features.wanted.unit_text != "percent"
        ):
            unit = max(unit, 1.5)
        if f.unit_text == "percent" and not q.marked and words.features.wanted.unit_text == "percent":
            unit -= 0.7  # what is asked for in percent is hardly given without the sign
        money = _money_near(near) if not q.marked else 0.0
        if money and f.unit is not None:
            unit = (
                max(unit, 1.1 + money)
                if f.unit.has("USD")
                else (unit - 0.7 * money if not f.unit.bare else unit)
            )
        if "verbal" in q.marks:
            unit = min(unit, 1.7)
        if "article" in q.marks:
            unit = min(unit, 1.6)
        if unit <= 0:
            return 0.0
        if said >= 1.0 and not q.marked and not f.allows(q.value):
            unit += 1.4  # "PUE of 0.5": no doubt which field is meant, and it cannot be
        if not q.marked and said < 0.35 and not (f.unit is None or f.unit.bare):
            said -= 0.5
        said += _literal_fit(q, f, words)
        if q.marked and f.unit_text and q.unit_text == f.unit_text and q.unit.dims:
            unit += 0.35  # said in the very unit: "4 years" for years rather than hours
        score = (
            unit
            + said
            + _piece_fit(q, f)
            + _direction_fit(q, f)
            + _range_fit(q, f)
            + self._name_fit(near, f, words)
        )
        if "params" in q.marks and f.unit_text != "param" and "param" not in (f.unit_text or ""):
            return 0.0
        return score

    @staticmethod
    def _name_fit(near: Mapping[str, float], f: Field, words: Words) -> float:
        """A field all of whose name is in the text suits better than one that says more than the text does."""
        bonus = sum(
            0.35 for p in f.phrases if all(near.get(s, 0.0) > (0.4 if len(p) > 1 else 0.9) for s in p)
        )
        if not f.name_stems:
            return min(bonus, 0.7)
        here = sum(min(1.0, 1.7 * near.get(s, 0.0)) for s in f.name_stems) / len(f.name_stems)
        missing = f.qualifiers - words.qualifiers
        far = sum(
            1
            for q in f.qualifiers - missing
            if not any(near.get(_stem(w), 0.0) >= 0.5 for w in _QUALIFIERS[q]) and q == "list"
        )
        return min(bonus, 0.7) + 0.7 * (here - 0.5) - 0.7 * len(missing) - 0.4 * far

    def fit(
        self,
        spec: Spec,
        reading: Reading,
        words: Words,
        precisions: list[PrecisionMention],
        skip: frozenset[str] = frozenset(),
        prefer: Mapping[str, Any] | None = None,
    ) -> Frame:
        """The best filling of the calculator's fields."""
        frame = Frame(spec)
        used_names = self._fill_names(frame, reading, words, skip)
        _fill_precisions(frame, precisions, skip)
        _fill_options(frame, reading, words.features)
        taken_spans = [(m.start, m.end) for m in used_names]
        free = [
            i for i, q in enumerate(reading.quantities)
            if not ("params" in q.marks and any(a <= q.start < b for a, b in taken_spans))
        ]  # fmt: skip
        self._fill_quantities(frame, reading, words, free, skip, prefer or {})
        used = {i for fill in frame.fills.values() for i in fill.quantities}
        frame.unused = [i for i in free if i not in used]
        frame.unused_names = [m for m in reading.mentions if m not in used_names]
        return frame

    def _fill_names(
        self, frame: Frame, reading: Reading, words: Words, skip: frozenset[str]
    ) -> list[Mention]:
        used: list[Mention] = []
        fields = [
            f
            for f in frame.spec.fields
            if f.entity and f.name not in skip and f.kind in ("entity", "entities")
        ]
        numbers = [f for f in frame.spec.fields if f.unit_text == "param" and f.name not in skip]
        by_kind: dict[str, list[Field]] = {}
        for f in fields:
            by_kind.setdefault(f.entity, []).append(f)
        for kind, wanted in by_kind.items():
            mentions = [m for m in reading.mentions if kind in m.kinds and m not in used]
            mentions = _unique(mentions, kind) or self._closed(frame.spec, kind, reading)
            if (
                kind == "model"
                and numbers
                and all(m.bare_size for m in mentions)
                and _is_generic_size(mentions, reading)
            ):
                continue
            lists = [f for f in wanted if f.kind == "entities"]
            singles = sorted((f for f in wanted if f.kind == "entity"), key=lambda f: f.direction > 0)
            if lists and (len(mentions) > max(len(singles), 1) or not singles):
                if mentions:
                    frame.fills[lists[0].name] = Fill([m.kinds[kind] for m in mentions], fit=2.0)
                    used += mentions
                continue
            if (
                len(singles) >= 2
                and len(mentions) == 2
                and not _counted(reading, mentions[0])
                and _counted(reading, mentions[1])
            ):
                mentions = mentions[::-1]
            for f, m in zip(singles, mentions, strict=False):
                frame.fills[f.name] = Fill(m.kinds[kind], fit=2.0 if m.exact else 1.6)
                used.append(m)
            if len(mentions) > len(singles) == 1:
                frame.pairs[singles[0].name] = (mentions[0].kinds[kind], mentions[1].kinds[kind])
                used.append(mentions[1])
        # the same name in several kinds (gpt-4o is a model and an API model): all are covered by one use
        return [m for m in reading.mentions if any(m.start == u.start for u in used)] + _repeats(
            reading.mentions, used
        )

    @staticmethod
    def _closed(spec: Spec, kind: str, reading: Reading) -> list[Mention]:
        """A model known by its API price only: named where a shape is needed, so that the answer can say it is not public."""
        if kind != "model":
            return []
        if any(f.entity == "api_model" for f in spec.fields):
            return []
        return [
            replace(m, kinds={**m.kinds, "model": m.kinds["api_model"]})
            for m in reading.mentions
            if "api_model" in m.kinds and "model" not in m.kinds
        ][:1]

    def _fill_quantities(
        self, frame: Frame, reading: Reading, words: Words, free: list[int], skip: frozenset[str], prefer: Mapping[str, Any]
    ) -> None:
        spec = frame.spec
        self._fill_axes(frame, reading, free, skip)
        taken = {i for fill in frame.fills.values() for i in fill.quantities}
        options: list[tuple[float, int, Field]] = []
        fits: dict[tuple[int, str], float] = {}
        for f in spec.fields:
            if f.kind != "number" or f.name in skip or f.name in frame.fills:
                continue
            for i in free:
                if i in taken:
                    continue
                fit = self.quantity_fit(reading.quantities[i], f, spec, words)
                if f.name in prefer:
                    fit = max(fit, _rate_unsaid(reading.quantities[i], f, prefer[f.name])) + 1.2
                    fit -= 1.6 if _far_from(value_in(reading.quantities[i], reading.quantities[i].value, f), prefer[f.name]) else 0.0
                    fit = fit if fit > 1.2 else 0.0
                if fit >= MIN_FIT:
                    options.append((fit, i, f))
                    fits[i, f.name] = fit
        chosen = _assign(options, fits)
        _in_order(chosen, fits, reading, spec)
        for i, f in chosen.items():
            frame.fills[f.name] = Fill(
                _filled_value(reading.quantities[i], f), quantities=(i,), fit=fits[i, f.name]
            )
        self._fill_objects(frame, reading, words, free, skip)
        self._fill_pairs(frame, reading, free)
        self._fill_prices(frame, reading, free, skip)
        self._fill_lists(frame, reading, words, free, skip)

    def _fill_axes(self, frame: Frame, reading: Reading, free: list[int], skip: frozenset[str]) -> None:
        axes = [i for i in free if "axes" in reading.quantities[i].marks]
        lists = [f for f in frame.spec.fields if f.kind == "numbers" and f.name not in skip]
        if axes and lists:
            best = max(
                lists,
                key=lambda f: sum(
                    w
                    for s, w in f.words.items()
                    if s in ("torus", "dimension", "ax", "axis", "dim", "topolog", "mesh", "shap")
                ),
            )
            frame.fills[best.name] = Fill(
                [int(reading.quantities[i].value) for i in axes], quantities=tuple(axes), fit=3.0
            )

    def _fill_prices(self, frame: Frame, reading: Reading, free: list[int], skip: frozenset[str]) -> None:
        """A price for each of three or more chips goes to the list of prices."""
        chips = sum(
            len(fill.value) if isinstance(fill.value, list) else 1
            for n, fill in frame.fills.items()
            if frame.spec.by_name[n].entity == "chip"
        )
        prices = [
            i for i in free if reading.quantities[i].unit.dims in ((("USD", 1),), (("USD", 1), ("chip", -1)))
        ]
        field_ = next(
            (
                f
                for f in frame.spec.fields
                if f.kind == "numbers" and f.unit is not None and f.unit.has("USD") and f.name not in skip
            ),
            None,
        )
        if field_ is None or chips < 3 or len(prices) != chips:
            return
        for name in [n for n, fill in frame.fills.items() if set(fill.quantities) & set(prices)]:
            del frame.fills[name]
        values = [value_in(reading.quantities[i], reading.quantities[i].value, field_) for i in prices]
        frame.fills[field_.name] = Fill(values, quantities=tuple(prices), fit=3.5)

    def _fill_lists(
        self, frame: Frame, reading: Reading, words: Words, free: list[int], skip: frozenset[str]
    ) -> None:
        """A list field takes a whole series of one unit, when nothing better takes its members."""
        for f in frame.spec.fields:
            if f.kind != "numbers" or f.name in frame.fills or f.name in skip:
                continue
            groups: dict[int, list[int]] = {}
            for i in free:
                q = reading.quantities[i]
                if q.series >= 0 and "axes" not in q.marks and unit_fit(q, f) > 1:
                    groups.setdefault(q.series, []).append(i)
            for members in groups.values():
                if len(members) < 2 or (len(members) == 2 and not _both_unused(frame, members)):
                    continue
                fit = sum(
                    self.quantity_fit(reading.quantities[i], f, frame.spec, words) for i in members
                ) / len(members)
                taken = [name for name, fill in frame.fills.items() if set(fill.quantities) & set(members)]
                if len(members) > 2 or fit > 3.2 or not taken:
                    for name in taken:
                        del frame.fills[name]
                    frame.fills[f.name] = Fill([value_in(reading.quantities[i], reading.quantities[i].value, f) for i in members],
                                               quantities=tuple(members), fit=fit)  # fmt: skip
                    break

    def _fill_objects(
        self, frame: Frame, reading: Reading, words: Words, free: list[int], skip: frozenset[str]
    ) -> None:
        """A list of things ("$3B chips at 75% and $1B services at 40%"): when the same kinds of quantities repeat."""
        used = {i for fill in frame.fills.values() for i in fill.quantities}
        for f in frame.spec.fields:
            if f.kind != "objects" or f.name in skip:
                continue
            items, members = _items(
                f, reading, [i for i in free if "article" not in reading.quantities[i].marks]
            )
            weak = [n for n, fill in frame.fills.items() if set(fill.quantities) & set(members)]
            forced = all(
                o.name in skip or o.name == f.name
                for o in frame.spec.fields
                if o.kind == "number" and o.unit is not None and o.name in frame.fills
            )
            if len(items) < 2 or (used & set(members) and not forced and len(items) < 3 and len(members) < 4):
                continue
            for name in weak:
                del frame.fills[name]
            frame.fills[f.name] = Fill(items, quantities=tuple(members), fit=2.6)
            return

    def _fill_pairs(self, frame: Frame, reading: Reading, free: list[int]) -> None:
        """Two values for one field ("context 2,575 vs 12,575"): kept for two runs of the calculator."""
        used = {i for fill in frame.fills.values() for i in fill.quantities}
        for name, fill in list(frame.fills.items()):
            if len(fill.quantities) != 1 or frame.spec.by_name[name].kind != "number":
                continue
            i = fill.quantities[0]
            mate = _mate(reading.quantities, i)
            if mate is None or mate in used or mate not in free:
                continue
            f = frame.spec.by_name[name]
            a, b = sorted((i, mate))
            pair = tuple(_filled_value(reading.quantities[k], f) for k in (a, b))
            frame.pairs[name] = (pair[0], pair[1])
            frame.fills[name] = Fill(pair[0], quantities=(a, b), fit=fill.fit)
            used |= {a, b}


def _items(f: Field, reading: Reading, free: list[int]) -> tuple[list[dict[str, Any]], list[int]]:
    """Quantities dealt out to the number fields of an item; a field that comes round again begins the next item."""
    numbers = [n for n in f.items if n.kind == "number"]
    texts = [n for n in f.items if n.kind == "text" and n.required]
    entities = [n for n in f.items if n.kind == "entity"]
    items: list[dict[str, Any]] = []
    members: list[int] = []
    current: dict[str, Any] = {}
    for i in free:
        q = reading.quantities[i]
        best = max(numbers, key=lambda n: unit_fit(q, n), default=None)
        if best is None or unit_fit(q, best) < 1.2:
            continue
        if best.name in current:
            items.append(current)
            current = {}
        current[best.name] = value_in(q, q.value, best)
        members.append(i)
    if current:
        items.append(current)
    kinds = {frozenset(i) for i in items}
    if len(kinds) != 1 or len(items) < 2:
        return [], []
    for k, item in enumerate(items):
        for t in texts:
            item[t.name] = chr(ord("a") + k)
    if any(e.required for e in entities):
        named = [m for m in reading.mentions if entities[0].entity in m.kinds]
        if len(named) != len(items):
            return [], []
        for item, m in zip(items, named, strict=True):
            item[entities[0].name] = m.kinds[entities[0].entity]
    return items, members


def _far_from(value: float, before: Any) -> bool:
    """Whether a new value is so far from the old one that another field is meant."""
    if not isinstance(before, int | float) or not before or not value:
        return False
    return not 0.01 < abs(value / before) < 100


def _rate_unsaid(q: Quantity, f: Field, before: Any) -> float:
    """ "what if it rents at $1.50?" after $2 an hour: the same field, the hour unsaid."""
    if f.unit is None or not isinstance(before, int | float) or not before or q.value <= 0:
        return 0.0
    same_money = q.unit.dims == (("USD", 1),) and f.unit.has("USD")
    near = 0.02 < q.value / before < 50
    return 2.4 if same_money and near and not f.unit.dims == (("USD", 1),) else 0.0


def _both_unused(frame: Frame, members: list[int]) -> bool:
    used = {i for fill in frame.fills.values() for i in fill.quantities}
    return not used & set(members)


def _mate(quantities: list[Quantity], i: int) -> int | None:
    """The quantity that stands in comparison with quantity `i`."""
    q = quantities[i]
    for j in (i - 1, i + 1):
        if 0 <= j < len(quantities):
            other = quantities[j]
            pair = {"first", "second"} if {"first", "second"} & q.marks else {"from", "to"}
            if (
                q.unit.dims == other.unit.dims
                and pair & q.marks
                and pair & other.marks
                and (q.marks & pair) != (other.marks & pair)
            ):
                return j
    return None


def _direction_fit(q: Quantity, f: Field) -> float:
    later = bool({"to", "second"} & q.marks)
    earlier = bool({"from", "first"} & q.marks)
    if later == earlier or not f.direction:
        return 0.0
    return 0.9 if (f.direction > 0) == later else -0.9


def _literal_fit(q: Quantity, f: Field, words: Words) -> float:
    """Small words right beside the number that the field lists: "15 in", "98 without", "out of 300"."""
    tokens = words.reading.tokens
    before = [t.low for t in tokens[max(0, q.first - 6) : q.first] if t.text not in "$-"]
    for k in range(len(before) - 1, -1, -1):
        if before[k] in (",", ".", ";", "?", ":", "and"):
            before = before[k + 1 :]
            break
    after = [t.low for t in tokens[q.last : q.last + 3]]
    best = 0.0
    for phrase in f.literals:
        n = len(phrase)
        if tuple(before[-n:]) == phrase or tuple(after[:n]) == phrase:
            best = max(best, 0.8)
        elif n == 1 and len(phrase[0]) > 2 and phrase[0] in before:
            best = max(best, 0.5)
    return best


_PIECES = (
    "per_chip",
    "per_gpu",
    "per_server",
    "per_user",
    "per_rack",
    "per_request",
    "per_call",
    "per_person",
)


def _piece_fit(q: Quantity, f: Field) -> float:
    """ "$2 an hour each" suits a field that is per chip, and one that is for all of them less."""
    per = any(power < 0 and name in COUNTS for name, power in f.unit.dims) if f.unit is not None else False
    per = per or any(p in f.name for p in _PIECES)
    said = "each" in q.marks or any(
        power < 0 and name in ("chip", "server", "request", "person", "rack") for name, power in q.unit.dims
    )
    if said and "person" in f.words and f.unit is not None and f.unit.has("USD"):
        return 0.4
    if said:
        return 0.8 if per else -0.9
    return 0.0


def _range_fit(q: Quantity, f: Field) -> float:
    """A value the field forbids is a poor fit, unless the text leaves no doubt (then it is invalid input)."""
    value = value_in(q, q.value, f)
    if q.marked and f.unit is not None and f.unit.dims and 0 < abs(value) < 0.01 <= abs(q.value):
        return -0.9  # 1.4 kW in a field of megawatts
    if not f.allows(value):
        return -0.8 if q.marked or value <= 0 else -2.0
    if f.whole and value != int(value):
        return -0.6
    return 0.0


def _filled_value(q: Quantity, f: Field) -> Any:
    if q.low is not None and q.high is not None:
        return {"low": value_in(q, q.low, f), "high": value_in(q, q.high, f)}
    value = value_in(q, q.value, f)
    if (
        q.unit_text == "percent"
        and f.unit is not None
        and f.unit.bare
        and f.unit.factor == 1
        and f.high > 1
        and "percent" in f.name
    ):
        return q.value
    return int(value) if float(value).is_integer() and abs(value) < 2**53 else value


def _assign(
    options: list[tuple[float, int, Field]], fits: Mapping[tuple[int, str], float]
) -> dict[int, Field]:
    """One field a quantity and one quantity a field: best first, then swaps while they gain."""
    chosen: dict[int, Field] = {}
    taken: set[str] = set()
    for _, i, f in sorted(options, key=lambda o: -o[0]):
        if i not in chosen and f.name not in taken:
            chosen[i] = f
            taken.add(f.name)
    for _ in range(3):
        if not _improve(chosen, taken, options, fits):
            break
    return chosen


def _in_order(
    chosen: dict[int, Field], fits: Mapping[tuple[int, str], float], reading: Reading, spec: Spec
) -> None:
    """Numbers of one list ("at 0.15 and 0.60 per million") go to their fields in order, when words do not decide."""
    order = {f.name: k for k, f in enumerate(spec.fields)}
    for i in sorted(chosen):
        for j in sorted(chosen):
            a, b = reading.quantities[i], reading.quantities[j]
            if j <= i:
                continue
            f, g = chosen[i], chosen[j]
            paired = f.direction > g.direction and not {"from", "to", "first", "second"} & (a.marks | b.marks)
            listed = (
                a.series >= 0
                and a.series == b.series
                and order[f.name] > order[g.name]
                and not f.direction
                and not g.direction
            )
            if not paired and not listed:
                continue
            now = fits[i, f.name] + fits[j, g.name]
            then = fits.get((i, g.name), -9.0) + fits.get((j, f.name), -9.0)
            if f.unit_text == g.unit_text and now - then < (0.9 if paired else 0.15):
                chosen[i], chosen[j] = g, f


def _improve(
    chosen: dict[int, Field],
    taken: set[str],
    options: list[tuple[float, int, Field]],
    fits: Mapping[tuple[int, str], float],
) -> bool:
    changed = False
    owner = {f.name: i for i, f in chosen.items()}
    for fit, i, f in options:
        j = owner.get(f.name)
        if j is None or j == i:
            continue
        mine = fits.get((i, chosen[i].name), 0.0) if i in chosen else 0.0
        theirs = fits[j, f.name]
        # j may move to i's field, or to any free field
        moves = [(fits.get((j, chosen[i].name), -9.0), chosen[i])] if i in chosen else []
        moves += [(g, h) for g, k, h in options if k == j and h.name not in taken]
        best = max(moves, key=lambda m: m[0], default=(0.0, None))
        if fit + best[0] > mine + theirs + 1e-9:
            old = chosen.get(i)
            chosen[i] = f
            if best[1] is not None and best[0] > -9:
                chosen[j] = best[1]
            else:
                del chosen[j]
            taken.clear()
            taken.update(g.name for g in chosen.values())
            owner = {g.name: k for k, g in chosen.items()}
            changed = changed or old is not f
    return changed


def _counted(reading: Reading, mention: Mention) -> bool:
    """Whether a number stands right before a name ("400k Trainium2", "a $5,000 Trainium2"): the first of a comparison."""
    first = next((i for i, t in enumerate(reading.tokens) if t.start >= mention.start), 0)
    after = next((i for i, t in enumerate(reading.tokens) if t.start >= mention.end), len(reading.tokens))
    for q in reading.quantities:
        if "article" in q.marks or "params" in q.marks:
            continue
        if q.last == first or (
            q.last == first - 1 and reading.tokens[first - 1].low in ("nvidia", "amd", "aws", "google", "x")
        ):
            return True
        if (
            q.unit.has("USD")
            and 0 <= q.first - after <= 2
            and "," not in [t.text for t in reading.tokens[after : q.first]]
        ):
            return True
    return False


def _unique(mentions: list[Mention], kind: str) -> list[Mention]:
    seen: set[str] = set()
    out = []
    for m in mentions:
        if m.kinds[kind] not in seen:
            seen.add(m.kinds[kind])
            out.append(m)
    return out


def _repeats(mentions: list[Mention], used: list[Mention]) -> list[Mention]:
    ids = {i for m in used for i in m.kinds.values()}
    return [m for m in mentions if m not in used and ids & set(m.kinds.values())]


def _is_generic_size(mentions: list[Mention], reading: Reading) -> bool:
    """ "a 70B model" is any model of that size; "70B on H100" or "llama 70b" is the well-known one."""
    for m in mentions:
        lead = reading.text[max(0, m.start - 3) : m.start].lower()
        after = reading.text[m.end : m.end + 12].lower()
        if lead.endswith((" a ", "a ", "an ")) and any(
            w in after for w in ("model", "param", "dense", "llm", "transf", "-param")
        ):
            return True
        if "param" in after:
            return True
    return False


def _fill_precisions(frame: Frame, precisions: list[PrecisionMention], skip: frozenset[str]) -> None:
    fields = [
        f
        for f in frame.spec.fields
        if ("precision" in f.name or "dtype" in f.name or "quantization" in f.name) and f.name not in skip
    ]
    if not fields or not precisions:
        return
    kv = [f for f in fields if "kv" in f.name or "cache" in f.name]
    rest = [f for f in fields if f not in kv]
    for p in precisions:
        targets = {"kv": kv, "weights": rest, "both": fields}.get(p.of) or (rest[:1] or kv[:1])
        if p.of == "" and rest[:1] and rest[0].name in frame.fills:
            other = [f for f in rest[1:] + kv if f.name not in frame.fills]
            targets = other[:1]
        for f in targets:
            if f.name not in frame.fills:
                frame.fills[f.name] = Fill(p.value, fit=1.0)


_NOT_YES = frozenset({"no", "not", "without", "ignore", "ignoring", "excluding", "exclude", "except"})


def _fill_options(frame: Frame, reading: Reading, features: Features) -> None:
    """Choices ("rental" or "purchase") and switches that the text names."""
    present = {s for s, _ in features.stems}
    low = reading.text.lower()
    for f in frame.spec.fields:
        if f.name in frame.fills:
            continue
        if f.kind == "enum" and "precision" not in f.name:
            option = _option(f, low, present)
            if option:
                frame.fills[f.name] = Fill(option, fit=0.8)
        elif f.kind == "text" and f.name == "engine":
            named = next((p[0] for p in f.phrases if len(p) == 1 and p[0] in present), "")
            word = next((t.low for t in reading.tokens if t.is_word and named and _stem(t.text) == named), "")
            if word:
                frame.fills[f.name] = Fill(word, fit=0.5)
        elif f.kind == "bool":
            value = _switch(f, reading)
            if value is not None:
                frame.fills[f.name] = Fill(value, fit=0.5)


def _option(f: Field, low: str, present: set[str]) -> str:
    from agent.offline.words import stems

    for option in f.options:
        words = stems(option.replace("_", " ").replace("-", " "))
        if option.lower().replace("_", " ") in low and len(option) > 3:
            return option
        if words and len(words[0]) > 3 and all(w in present for w in words):
            return option
    return ""


def _switch(f: Field, reading: Reading) -> bool | None:
    low = reading.text.lower()
    for phrase in f.phrases:
        text_stems = [s for s in phrase if len(s) > 2]
        if text_stems and all(s in _all_stems(reading) for s in text_stems):
            return all(not (f" {word} " in f" {low} " and len(text_stems) == 1) for word in _NOT_YES)
    return None


def _all_stems(reading: Reading) -> frozenset[str]:
    if reading.all_stems is None:
        reading.all_stems = frozenset(_stem(t.text) for t in reading.tokens if t.is_word)
    return reading.all_stems
