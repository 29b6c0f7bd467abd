"""Fitting the quantities, names and words of a question to the fields of one calculator."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agent.offline.fitting.assign import alternatives, assign, beside_names, in_order, own_periods, priced
from agent.offline.fitting.fits import (
    direction_fit,
    end_fit,
    far_from,
    filled_value,
    literal_fit,
    of_what_fit,
    pace_fit,
    piece_fit,
    range_fit,
    rate_unsaid,
    rest_fit,
    steps_fit,
    unit_fit,
    value_in,
)
from agent.offline.fitting.frame import Fill, Frame
from agent.offline.fitting.near import QUALIFIERS, SHARES, Words, money_near
from agent.offline.fitting.options import fill_options, fill_precisions
from agent.offline.reading.entities import Mention
from agent.offline.reading.periods import KIND as PERIOD
from agent.offline.reading.precisions import PrecisionMention
from agent.offline.reading.reading import Quantity, Reading
from agent.offline.reading.words import stem as _stem
from agent.offline.schema import Field, Library, Spec

MIN_FIT = 0.9
COMPARED = 6  # things of one kind that are run side by side
LEFT = 4.0  # what a quantity left over costs, in the measure of `quality`


def _ranked(options: list[tuple[float, int, Field]]) -> dict[int, list[tuple[float, str]]]:
    """For every quantity the fields it may fill, those that suit it best first."""
    found: dict[int, list[tuple[float, str]]] = {}
    for fit, i, f in options:
        found.setdefault(i, []).append((fit, f.name))
    for rows in found.values():
        rows.sort(reverse=True)
    return found


def quality(fit: float) -> float:
    """A filling that only its unit speaks for says little; one against the words says the calculator is wrong."""
    return min(1.6 * (fit - 1.5), 4.5)


def fit_key(q: Quantity) -> str:
    """What tells a quantity of a text from the others, where its fits are kept."""
    return f"{q.first}.{q.last}.{q.value}"


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
        key = ("fit", spec.name, f.name, fit_key(q))
        if key not in words.memo:
            words.memo[key] = self._quantity_fit(q, f, spec, words)
        fit: float = words.memo[key]
        return fit

    def _quantity_fit(self, q: Quantity, f: Field, spec: Spec, words: Words) -> float:
        if f.kind not in ("number", "numbers") or q.marks & {"checked", "aside"}:
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
            and words.present & SHARES
            and words.features.wanted.unit_text != "percent"
        ):
            unit = max(unit, 1.5)
        if f.unit_text == "percent" and not q.marked and words.features.wanted.unit_text == "percent":
            unit -= 0.7  # what is asked for in percent is hardly given without the sign
        money = money_near(near) if not q.marked else 0.0
        if money and f.unit is not None:
            unit = (
                max(unit, 1.1 + money)
                if f.unit.has("USD")
                else (unit - 0.7 * money if not f.unit.bare else unit)
            )
        if q.value == 1 and not q.marked:
            unit -= 0.6
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
        said += literal_fit(q, f, words)
        if q.marked and f.unit_text and q.unit_text == f.unit_text and q.unit.dims:
            unit += 0.35  # said in the very unit: "4 years" for years rather than hours
        score = (
            unit
            + said
            + piece_fit(q, f)
            + of_what_fit(q, f, words)
            + direction_fit(q, f, words)
            + range_fit(q, f)
            + rest_fit(q, f, words)
            + steps_fit(q, f)
            + end_fit(q, f, words)
            + pace_fit(q, f, words)
            + self._name_fit(near, f, words)
            - (0.6 if "claim" in q.marks else 0.0)  # the asker's own number first
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
            if not any(near.get(_stem(w), 0.0) >= 0.5 for w in QUALIFIERS[q]) and q == "list"
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
        return self.fits(spec, reading, words, precisions, skip, prefer)[0]

    def fits(
        self,
        spec: Spec,
        reading: Reading,
        words: Words,
        precisions: list[PrecisionMention],
        skip: frozenset[str] = frozenset(),
        prefer: Mapping[str, Any] | None = None,
        k: int = 0,
    ) -> list[Frame]:
        """The best filling of the calculator's fields first, then up to `k` others that come near it."""
        base = Frame(spec)
        used_names = self._fill_names(base, reading, words, skip)
        fill_precisions(base, precisions, skip)
        fill_options(base, reading, words.features)
        taken_spans = [(m.start, m.end) for m in used_names]
        free = [
            i for i, q in enumerate(reading.quantities)
            if not ("params" in q.marks and any(a <= q.start < b for a, b in taken_spans))
        ]  # fmt: skip
        self._fill_axes(base, reading, free, skip)
        options, fits = self._options(base, reading, words, free, skip, prefer or {})
        frames: list[Frame] = []
        for chosen, disorder in self._assignments(options, fits, reading, base, k):
            frame = Frame(spec, dict(base.fills), pairs=dict(base.pairs), disorder=disorder)
            for i, f in chosen.items():
                frame.fills[f.name] = Fill(
                    filled_value(reading.quantities[i], f), quantities=(i,), fit=fits[i, f.name]
                )
            self._fill_objects(frame, reading, words, free, skip)
            self._fill_pairs(frame, reading, free)
            self._fill_prices(frame, reading, free, skip)
            self._fill_lists(frame, reading, words, free, skip)
            used = {i for fill in frame.fills.values() for i in fill.quantities}
            frame.unused = [i for i in free if i not in used]
            sizes = [reading.quantities[i] for i in used]  # "70B" is a size that was used, not a name left
            frame.unused_names = [
                m
                for m in reading.mentions
                if m not in used_names
                and PERIOD not in m.kinds
                and not any(q.start < m.end and m.start < q.end for q in sizes)
            ]
            frames.append(frame)
        return frames

    @staticmethod
    def _assignments(
        options: list[tuple[float, int, Field]],
        fits: dict[tuple[int, str], float],
        reading: Reading,
        frame: Frame,
        k: int,
    ) -> list[tuple[dict[int, Field], bool]]:
        """The assignment in the order of the wording, then the `k` best by fit alone, and whether each is against that order."""

        def ordered(chosen: dict[int, Field]) -> dict[int, Field]:
            in_order(chosen, fits, reading, frame.spec)
            beside_names(chosen, fits, reading, frame)
            own_periods(chosen, fits, reading, frame.spec)
            return chosen

        first = ordered(assign(options, fits))
        found = [(first, False)]
        if k and len(options) > 1:
            worth = {key: quality(fit) for key, fit in fits.items()}
            left = {i: LEFT if reading.quantities[i].marked else 0.6 * LEFT for _, i, _ in options}
            seen = {frozenset((i, f.name) for i, f in first.items())}
            for other in alternatives(options, worth, left, k + 1):
                priced(other, fits, reading, frame)
                key = frozenset((i, f.name) for i, f in other.items())
                if key not in seen:
                    seen.add(key)
                    found.append((other, ordered(dict(other)) != other))
        return found

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
                frame.pairs[singles[0].name] = tuple(m.kinds[kind] for m in mentions[:COMPARED])
                used += mentions[1:COMPARED]
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

    def _options(
        self,
        frame: Frame,
        reading: Reading,
        words: Words,
        free: list[int],
        skip: frozenset[str],
        prefer: Mapping[str, Any],
    ) -> tuple[list[tuple[float, int, Field]], dict[tuple[int, str], float]]:
        """Every quantity with every field it may fill, and how well."""
        spec = frame.spec
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
                    fit = max(fit, rate_unsaid(reading.quantities[i], f, prefer[f.name])) + 1.2
                    fit -= (
                        1.6
                        if far_from(
                            value_in(reading.quantities[i], reading.quantities[i].value, f), prefer[f.name]
                        )
                        else 0.0
                    )
                    fit = fit if fit > 1.2 else 0.0
                if fit >= MIN_FIT:
                    options.append((fit, i, f))
                    fits[i, f.name] = fit
        if not skip and not prefer:
            words.memo.setdefault(("suits", spec.name), _ranked(options))
        return options, fits

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
            if any(_became(reading, i) for i in members):
                continue  # "88 % of $120B … falls to 70 %": one thing before and after
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
            pair = tuple(filled_value(reading.quantities[k], f) for k in (a, b))
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


_BECAME = frozenset(
    ["grows", "grew", "falls", "fell", "rises", "rose", "drops", "dropped", "shrinks", "goes", "went"]
)


def _became(reading: Reading, i: int) -> bool:
    """Whether a quantity is what another one has grown or fallen to."""
    q = reading.quantities[i]
    return "to" in q.marks and bool(_BECAME & {t.low for t in reading.tokens[max(0, q.first - 3) : q.first]})


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
