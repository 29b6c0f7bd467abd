"""Which calculator a question is for, and which of its results it wants.

A candidate's score adds four kinds of evidence: its words (name, description, fields, results), its examples
(most alike in words and in the kinds of quantities), how well the question's quantities fill its fields (those left
over count against it), and whether one of its results is what the question asks for, in the unit it asks for.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from agent.offline.fitting.fits import unit_fit
from agent.offline.fitting.frame import Fill, Frame
from agent.offline.fitting.match import Matcher, fit_key, quality
from agent.offline.fitting.near import Words
from agent.offline.likeness import Likeness
from agent.offline.reading.entities import EntityFinder
from agent.offline.reading.features import Features, Wanted, read_features
from agent.offline.reading.measure import parse_unit, without_counts
from agent.offline.reading.periods import with_periods
from agent.offline.reading.precisions import PrecisionMention, find_precisions
from agent.offline.reading.quantities import read_quantities
from agent.offline.reading.reading import Quantity, Reading
from agent.offline.reading.words import stem, tokenize
from agent.offline.reading.written_units import spelled_unit
from agent.offline.schema import Example, Field, Library, Spec


@dataclass(frozen=True)
class Weights:
    """How much each kind of evidence counts; one set for every calculator."""

    words: float = 7.5
    example: float = 5.0
    fill: float = 0.42
    unused: float = 2.0
    unused_name: float = 1.2
    want: float = 0.9
    missing: float = 1.6
    focus: float = 3.0  # words near the asking word that are the result's
    rest: float = 1.4  # its words anywhere else
    vote: float = 1.0  # what the most alike examples want
    pattern: float = 0.4
    headline: float = 0.7
    together: float = 0.4  # fields that an example uses together
    agree: float = 2.6  # the unit asked for


WEIGHTS = Weights()
OTHERS = 6  # fillings of one calculator beside the best
ASTRAY = 3.0  # a calculator whose words and examples are so much less like the question is not filled
FITTED = 7  # calculators that are filled at most
BEHIND = 4.0  # a calculator this far behind the best is not looked at more closely


@dataclass(frozen=True)
class Question:
    """Everything read from one question before calculators are looked at."""

    reading: Reading
    features: Features
    precisions: list[PrecisionMention]
    words: Words
    signature: Mapping[str, float]

    @property
    def text(self) -> str:
        return self.reading.text

    def checking(self, i: int) -> Question:
        """The same question with quantity `i` taken as the result that is to be checked, not as an input."""
        reading = Reading(
            self.reading.text, self.reading.tokens, self.reading.mentions, list(self.reading.quantities)
        )
        checked = reading.quantities[i]
        reading.quantities[i] = replace(checked, marks=checked.marks | {"checked"})
        words = Words(reading, self.features)
        words.memo = {
            key: found
            for key, found in self.words.memo.items()
            if key[0] in ("similar", "outputs") or (key[0] == "fit" and key[3] != fit_key(checked))
        }  # what does not hang on that quantity stays as it is
        return replace(self, reading=reading, words=words)


class Reader:
    """Reads texts against the names of the catalogue and the calculators of a library."""

    def __init__(self, library: Library, finder: EntityFinder, home: Path | None = None) -> None:
        self.library, self.finder, self._home = library, finder, home
        self.matcher = Matcher(library)
        self._typos: dict[str, str] = {}

    def read(self, text: str) -> Question:
        precisions = find_precisions(text)
        masked = _mask(text, precisions)
        tokens = tokenize(masked)
        reading = Reading(masked, tokens, with_periods(masked, self.finder.find(masked, tokens)))
        reading.quantities = read_quantities(reading)
        features = self._spelt(read_features(reading))
        reading.text = text
        features = self._set_aside(reading, features)
        return Question(
            reading,
            features,
            precisions,
            Words(reading, features),
            self._signature(reading, features, precisions),
        )

    def _spelt(self, features: Features) -> Features:
        """The words of the question as the calculators spell them: "bandwith" is bandwidth."""
        mended = {s: self._mended(s) for s, _ in features.stems}
        if all(s == m for s, m in mended.items()):
            return features
        near = {mended.get(s, s): w for s, w in features.wanted.near.items()}
        wanted = replace(features.wanted, near=near, focus=frozenset(near))
        return replace(features, wanted=wanted, stems=tuple((mended[s], i) for s, i in features.stems))

    def _mended(self, stem_: str) -> str:
        if len(stem_) < 6 or not stem_.isascii() or self.library.knows(stem_):
            return stem_
        if stem_ not in self._typos:
            from rapidfuzz.distance import DamerauLevenshtein

            near = (s for s in self.library.long_stems.get(stem_[0], ()) if abs(len(s) - len(stem_)) <= 1)
            one_off = (s for s in near if DamerauLevenshtein.distance(s, stem_, score_cutoff=1) <= 1)
            self._typos[stem_] = next(one_off, stem_)
        return self._typos[stem_]

    def _set_aside(self, reading: Reading, features: Features) -> Features:
        """Numbers that can be no input: a count of things no calculator knows of ("forty slides"), the dollar asked per."""
        per_money = features.wanted.unit_text.endswith("/kUSD")
        for i, q in enumerate(reading.quantities):
            counted = (
                not q.marked
                and not q.series >= 0
                and "scaled" not in q.marks
                and q.noun.endswith("s")
                and len(q.noun) > 3
                and not spelled_unit(q.noun)
                and not self.library.knows(stem(q.noun))
            )
            asked_per = per_money and q.unit_text == "USD" and q.value == 1000 and len(reading.quantities) > 1
            if self._million_asked(q, reading, features):
                per_mtok = replace(features.wanted, unit=parse_unit("USD/Mtoken"), unit_text="USD/Mtoken")
                features, asked_per = replace(features, wanted=per_mtok), True
            if counted or asked_per:
                reading.quantities[i] = replace(q, marks=q.marks | {"aside"})
        return features

    @staticmethod
    def _million_asked(q: Quantity, reading: Reading, features: Features) -> bool:
        """ "What does a million output tokens cost": no request of a million tokens, but the price of them."""
        if (
            q.unit_text != "token"
            or q.value != 1e6
            or features.wanted.unit is None
            or not features.wanted.unit.has("USD")
        ):
            return False
        others = [o for o in reading.quantities if o is not q]
        priced = any(o.unit.has("USD") and o.unit.has("token") for o in others)
        return not any(o.unit_text == "token" for o in others) and (
            not priced or any(o.unit_text == "percent" for o in others)
        )

    def candidates(self, question: Question, exclude: str = "", among: Collection[str] = ()) -> list[Frame]:
        """The best frame of every calculator that may be meant (of those `among` which one is), best first."""
        lexical = self._lexical(question)
        similar = {name: self.similar(question, spec, exclude) for name, spec in self.library.specs.items()}
        route = {
            n: WEIGHTS.words * lexical[n] + WEIGHTS.example * (similar[n][0][0] if similar[n] else 0.0)
            for n in lexical
        }
        rough = sorted(route, key=lambda n: -route[n])[:FITTED]
        first: dict[str, Frame] = {}
        for name in among or [n for n in rough if route[n] >= route[rough[0]] - ASTRAY]:
            frame = self.matcher.fit(
                self.library.specs[name], question.reading, question.words, question.precisions
            )
            frame.parts["words"] = WEIGHTS.words * lexical[name]
            self._score(frame, question, similar[name])
            first[name] = frame
        top = max((f.score for f in first.values()), default=0.0)
        frames = [
            self._best_frame(frame, question, similar[name]) if frame.score > top - BEHIND else frame
            for name, frame in first.items()
        ]
        return sorted(frames, key=lambda f: -f.score)

    def _best_frame(self, free: Frame, question: Question, similar: list[tuple[float, Example]]) -> Frame:
        """The best of several fillings: those that fit best, those without a switch, those an example fills."""
        spec, words = free.spec, free.parts["words"]
        frames = self.matcher.fits(spec, question.reading, question.words, question.precisions, k=OTHERS)
        frames += self._without_switches(frames[0])
        frames += self._with_switches(frames[0], question)
        frames += self._by_pattern(spec, question, similar)
        fewest = min(len(f.unused_names) for f in frames)
        frames = [f for f in frames if len(f.unused_names) == fewest]  # what is named is meant
        unique: dict[str, Frame] = {}
        for frame in frames:
            frame.parts["words"] = words
            self._score(frame, question, similar)
            key = repr(sorted(frame.arguments.items(), key=lambda kv: kv[0]))
            if key not in unique or frame.score > unique[key].score:
                unique[key] = frame
        ideal = max((_filling(f) for f in unique.values()), default=0.0)
        for frame in unique.values():
            frame.parts["ideal"] = 0.35 * (_filling(frame) - ideal)
            frame.score += frame.parts["ideal"]
        ranked = sorted(unique.values(), key=lambda f: -f.score)
        ranked[0].rivals = ranked[1:]
        return ranked[0]

    @staticmethod
    def _without_switches(frame: Frame) -> list[Frame]:
        """The filling without a switch or choice that the text seems to set: words are weak evidence for one."""
        found = []
        for name in frame.fills:
            f = frame.spec.by_name[name]
            if f.kind in ("bool", "enum") and "precision" not in name and not f.required:
                fills = {n: fill for n, fill in frame.fills.items() if n != name}
                found.append(
                    Frame(frame.spec, fills, frame.unused, frame.unused_names, pairs=dict(frame.pairs))
                )
        return found

    @staticmethod
    def _with_switches(frame: Frame, question: Question) -> list[Frame]:
        """The filling with a switch on whose words all stand in the text, though not side by side."""
        present = question.words.present
        found = []
        for f in frame.spec.fields:
            if (
                f.kind == "bool"
                and f.name not in frame.fills
                and any(set(p) <= present for p in f.phrases if len(p) > 1)
            ):
                fills = {**frame.fills, f.name: Fill(True, fit=0.2)}
                found.append(
                    Frame(frame.spec, fills, frame.unused, frame.unused_names, pairs=dict(frame.pairs))
                )
        return found

    def refilled(self, question: Question, frame: Frame, skip: frozenset[str], exclude: str = "") -> Frame:
        """The calculator filled again with some fields left empty."""
        again = self.matcher.fit(frame.spec, question.reading, question.words, question.precisions, skip)
        again.parts["words"] = frame.parts.get("words", 0.0)
        self._score(again, question, self.similar(question, frame.spec, exclude))
        return again

    def _by_pattern(
        self, spec: Spec, question: Question, similar: list[tuple[float, Example]]
    ) -> list[Frame]:
        """Fillings that use just the fields of an example: which fields go together is what examples teach best."""
        frames = []
        seen: set[frozenset[str]] = set()
        for sim, example in similar[:4]:
            pattern = frozenset(example.input)
            if sim < 0.12 or pattern in seen:
                continue
            seen.add(pattern)
            others = frozenset(
                f.name
                for f in spec.fields
                if f.name not in pattern and f.kind in ("number", "numbers", "objects", "entity", "entities")
            )
            frame = self.matcher.fit(spec, question.reading, question.words, question.precisions, others)
            whole = all(
                n in frame.fills
                for n in pattern
                if n in spec.by_name and spec.by_name[n].kind in ("number", "numbers", "objects")
            )
            if whole and frame.fills:
                frame.parts["pattern"] = WEIGHTS.together * sim + 0.1
                frame.pattern_want = example.want
                frames.append(frame)
        return frames

    def _score(self, frame: Frame, question: Question, similar: list[tuple[float, Example]]) -> None:
        best = similar[0][0] if similar else 0.0
        frame.parts["example"] = WEIGHTS.example * best
        frame.parts["fill"] = WEIGHTS.fill * _filling(frame)
        salient = [i for i in frame.unused if is_salient(question, i)]
        frame.parts["unused"] = -WEIGHTS.unused * len(salient) - WEIGHTS.unused_name * len(frame.unused_names)
        missing = [f for f in frame.spec.required if f.name not in frame.fills]
        frame.parts["missing"] = -WEIGHTS.missing * len(missing)
        own = self._told_apart(frame.spec, frame.fills)
        frame.alike = (
            0.0
            if frame.unused_names
            else next((sim for sim, e in similar[:12] if self._told_apart(frame.spec, e.input) == own), 0.0)
        )
        numbers = [fill for fill in frame.fills.values() if fill.quantities]
        if numbers and all(fill.fit < 2.0 for fill in numbers):
            frame.parts["unsaid"] = -2.5
        ranked = frame.ranked = rank_outputs(frame, question, similar)
        if ranked:
            frame.want = ranked[0][1]
            frame.want_margin = ranked[0][0] - ranked[1][0] if len(ranked) > 1 else 3.0
            frame.parts["want"] = WEIGHTS.want * min(ranked[0][0], 5.0)
        frame.score = sum(frame.parts.values())

    @staticmethod
    def _told_apart(spec: Spec, names: Iterable[str]) -> frozenset[str]:
        """The fields that tell one way of asking from another: numbers and things, not formats and switches."""
        kinds = ("number", "numbers", "objects", "entity", "entities")
        return frozenset(n for n in names if n in spec.by_name and spec.by_name[n].kind in kinds)

    def _lexical(self, question: Question) -> dict[str, float]:
        """How much of what the question says each calculator's words say, rare words weighing more."""
        weight = {s: self.library.idf(s) for s in {s for s, _ in question.features.stems}}
        whole = max(sum(weight.values()) or 1.0, 2.0)
        return {
            name: sum(w * spec.text_weights.get(s, 0.0) for s, w in weight.items()) / whole
            for name, spec in self.library.specs.items()
        }

    def similar(self, question: Question, spec: Spec, exclude: str = "") -> list[tuple[float, Example]]:
        """The examples of a calculator that are most like the question, best first."""
        memo, key = question.words.memo, ("similar", exclude)
        if key not in memo:
            memo[key] = self.likeness.of(question.signature, exclude)
        found: dict[str, list[tuple[float, Example]]] = memo[key]
        return found[spec.name]

    @cached_property
    def likeness(self) -> Likeness:
        return Likeness(self.library, lambda text: self.read(text).signature, self._home)

    def _signature(
        self, reading: Reading, features: Features, precisions: list[PrecisionMention]
    ) -> Mapping[str, float]:
        """A bag of stems and of kinds of things: units of quantities, kinds of names, the unit asked for."""
        bag: dict[str, float] = {}
        for s, count in Counter(s for s, _ in features.stems).items():
            bag[s] = self.library.idf(s) * (1 + 0.3 * (count - 1))
        for kind, count in Counter(_kind(q) for q in reading.quantities).items():
            bag[f"<{kind}>"] = 0.55 * (1 + 0.3 * (count - 1))
        for kind, count in Counter(k for m in reading.mentions for k in m.kinds).items():
            bag[f"<name {kind}>"] = 0.4 * (1 + 0.25 * (count - 1))
        if precisions:
            bag["<precision>"] = 0.35
        if features.wanted.unit is not None:
            bag[f"<ask {features.wanted.unit.dims}>"] = 0.6
        for mark in ("ratio", "percent", "difference"):
            if getattr(features, mark):
                bag[f"<{mark}>"] = 0.35
        return bag


def _filling(frame: Frame) -> float:
    return sum(_quality(fill) for fill in frame.fills.values())


def _quality(fill: Fill) -> float:
    return quality(fill.fit) if fill.quantities else fill.fit


def _mask(text: str, precisions: Iterable[PrecisionMention]) -> str:
    """The text with number formats blanked out, so that "fp8" is neither a word nor a number."""
    chars = list(text)
    for p in precisions:
        chars[p.start : p.end] = " " * (p.end - p.start)
    return "".join(chars)


def _kind(q: object) -> str:
    unit = getattr(q, "unit", None)
    text = getattr(q, "unit_text", "")
    if not text:
        return "bare"
    return (
        text
        if unit is not None and unit.bare
        else str(without_counts(unit) or unit.dims)
        if unit is not None
        else "bare"
    )


_BOX = re.compile(r"[\s-]*(box(es)?|servers?|nodes?|machines?|systems?|hosts?)\b", re.I)


def is_salient(question: Question, i: int) -> bool:
    """Whether a quantity is one that an answer must use: a bare "one" or a year need not be."""
    q = question.reading.quantities[i]
    if q.marks & {"claim", "article", "verbal", "checked", "reported", "aside"}:
        return False
    if "spelled" in q.marks and not q.marked and q.value <= 10:
        return False
    if not q.marked and 1990 <= q.value <= 2100 and float(q.value).is_integer() and "scaled" not in q.marks:
        return False
    if q.unit_text == "percent" and q.value == 100 and len(question.reading.quantities) > 1:
        return False  # the whole of something changes nothing
    if q.unit_text == "day" and q.value in (30, 31) and re.match(r"[\s-]*month", question.text[q.end :]):
        return False  # "a 30-day month" is a month
    if (q.unit_text, q.value) in (("day", 365), ("hour", 8760)) and len(question.reading.quantities) > 1:
        return False  # a year, said in days or hours
    if q.unit_text == "chip" and "-" in question.text[q.start : q.end] and _BOX.match(question.text[q.end :]):
        return False  # "an 8-GPU box": what the box is, not what is asked
    return not (q.value == 1 and (not q.marked or "spelled" in q.marks))


def rank_outputs(
    frame: Frame, question: Question, similar: list[tuple[float, Example]]
) -> list[tuple[float, Field]]:
    """The results of a calculator by how much the question wants them, best first."""
    rows = []
    for base, f in _base_scores(frame.spec, question, similar):
        score = base
        if f.name in frame.fills:
            score -= 4.0
        if (
            f.name_stems
            and set(f.name_stems) <= question.words.given
            and not any(s in question.features.wanted.near for s in f.name_stems)
        ):
            score -= 1.2  # said of a number, so not what is asked
        if frame.pattern_want and f.name == frame.pattern_want:
            score += WEIGHTS.pattern
        rows.append((score, f))
    return sorted(rows, key=lambda r: -r[0])


def _base_scores(
    spec: Spec, question: Question, similar: list[tuple[float, Example]]
) -> list[tuple[float, Field]]:
    """What a result is worth to a question before any field is filled; worked out once a calculator."""
    cache = question.words.memo
    key = ("outputs", spec.name, similar[0][1].question if similar else "")
    if key not in cache:
        votes, idf, near = _votes(spec, similar), _output_idf(spec), _focus_words(spec, question)
        present = frozenset(s for s, _ in question.features.stems)
        rows: list[tuple[float, Field]] = []
        headlines = 0
        for f in spec.outputs:
            if f.kind != "number" or f.unit is None:
                continue
            score = votes.get(f.name, 0.0) + _asked_unit(f, question.features)
            score += _said(f, present, idf, question.words.given, near)
            if f.role == "headline":
                score += WEIGHTS.headline - 0.12 * min(headlines, 4)
                headlines += 1
            rows.append((score, f))
        cache[key] = rows
    found: list[tuple[float, Field]] = cache[key]
    return found


def _focus_words(spec: Spec, question: Question) -> Mapping[str, float]:
    """The words near the asking word; when no result knows any of them, all that are not said of a number."""
    near = question.features.wanted.near
    known = {s for f in spec.outputs for s, w in f.words.items() if w >= 0.7}
    if any(w > 0.3 and s in known for s, w in near.items()):
        return near
    return {s: 0.7 for s, _ in question.features.stems if s not in question.words.given}


def _votes(spec: Spec, similar: list[tuple[float, Example]]) -> dict[str, float]:
    votes: dict[str, float] = {}
    if not similar or similar[0][0] < 0.15:
        return votes
    top = similar[0][0]
    for sim, example in similar[:4]:
        if example.want and sim > 0.55 * top:
            votes[example.want] = max(votes.get(example.want, 0.0), WEIGHTS.vote * sim)
    return votes


_SERVED = {(("person", 1),), (("request", 1),)}


def _asked_unit(f: Field, features: Features) -> float:
    wanted: Wanted = features.wanted
    if f.unit is None:
        return 0.0
    if wanted.unit is None:
        if f.unit.bare:
            is_percent = f.unit_text == "percent"
            if features.percent and not features.ratio:
                return 1.2 if is_percent else -0.3
            return 0.8 if features.ratio and not is_percent else 0.0
        return -0.3 if features.ratio else 0.0
    if wanted.unit.dims == f.unit.dims:
        same_kind = not wanted.unit.dims and (wanted.unit_text == "percent") != (f.unit_text == "percent")
        if same_kind:
            return 0.4 if wanted.unit_text == "percent" else -0.8
        same = 0.6 if wanted.explicit and wanted.unit_text == f.unit_text and wanted.unit.dims else 0.0
        return same + (WEIGHTS.agree if wanted.explicit else 0.6 * WEIGHTS.agree)
    if (
        wanted.unit.dims
        and f.unit.dims
        and without_counts(wanted.unit) == without_counts(f.unit)
        and without_counts(f.unit)
    ):
        return 1.1 if wanted.explicit else 0.9
    if {wanted.unit.dims, f.unit.dims} == _SERVED:
        return 0.8 * WEIGHTS.agree  # people who are served are requests
    if wanted.unit.dims == (("USD", 1),) and f.unit_text == "USD/year" and features.per_year:
        return 0.8 * WEIGHTS.agree
    if (wanted.unit.has("USD") and f.unit.has("USD") and wanted.unit.has("s") == f.unit.has("s")) or (
        wanted.unit_text == "USD" and f.unit.has("USD") and not wanted.explicit
    ):
        return -0.2
    return -3.0 if wanted.explicit else -1.2


def _said(
    f: Field,
    present: frozenset[str],
    idf: Mapping[str, float],
    given: frozenset[str],
    near: Mapping[str, float],
) -> float:
    focused = sum(w * f.words[s] * idf.get(s, 1.0) for s, w in near.items() if s in f.words)
    whole = sum(f.words[s] * idf.get(s, 1.0) * (0.3 if s in given else 1.0) for s in present if s in f.words)
    phrases = sum(1 for p in f.phrases if len(p) > 1 and all(s in present and s not in given for s in p))
    named = 0.0
    if f.name_stems and all(s in near for s in f.name_stems):
        named = 1.0 if len(f.name_stems) > 1 else 0.3
    return (
        named
        + min(WEIGHTS.focus * focused, 4.0)
        + WEIGHTS.rest * (1 - math.exp(-0.5 * whole))
        + 0.5 * min(phrases, 2)
    )


_IDF: dict[int, Mapping[str, float]] = {}


def _output_idf(spec: Spec) -> Mapping[str, float]:
    key = id(spec)
    if key not in _IDF:
        counts: dict[str, float] = {}
        for f in spec.outputs:
            for s, w in f.words.items():
                counts[s] = counts.get(s, 0.0) + w
        n = max(len(spec.outputs), 3)
        _IDF[key] = {
            s: max(0.2, min(1.0, math.log((n + 1) / (c + 0.4)) / math.log(n + 1))) for s, c in counts.items()
        }
    return _IDF[key]


__all__ = ["Question", "Reader", "Weights", "rank_outputs", "unit_fit"]
