"""From candidates to a decision: calculate, search, both, ask, or say why not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.offline.depend import idle_fields
from agent.offline.doubt import faults, ignored, withheld
from agent.offline.frame import Fill, Frame
from agent.offline.gate import Refusal, refuse
from agent.offline.measure import Unit, parse_unit, without_counts
from agent.offline.periods import KIND as PERIOD
from agent.offline.reading import Quantity
from agent.offline.schema import Field
from agent.offline.score import WEIGHTS, Question, Reader, is_salient, rank_outputs
from agent.offline.sums import Sum, find_sum
from agent.offline.trial import Trial, Trials

SURE = 9.0  # a frame at least this good is an answer
LIKELY = 7.0  # at least this good: worth asking for what is missing
TRIED = 5  # candidates run before choosing
IDLE = 1.5  # what a stated number that the result ignores costs
FAULT = 1.0  # what each fault of a reading costs
MENDED = 6  # fields that are left empty in turn to mend a reading
ARITHMETIC = "arithmetic"


@dataclass
class Choice:
    """A frame with its trial, or a plain sum; `score` after trial."""

    frame: Frame
    trial: Trial
    score: float
    want: Field | None
    sum: Sum | None = None
    idle: frozenset[str] = frozenset()  # filled fields that the wanted result ignores
    faults: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.trial.kind == "ok"


@dataclass
class Decision:
    """What to do about one question. `kind`: refuse, invalid, calculate, narrative, mixed, clarify, live."""

    kind: str
    question: Question
    choice: Choice | None = None
    rival: Choice | None = None
    refusal: Refusal | None = None
    problem: str = ""
    search: str = ""
    from_claims: bool = False
    followed: bool = False
    others: list[Choice] = field(default_factory=list)


class Decider:
    """Decides about questions, given a reader and a way to try calculators."""

    def __init__(self, reader: Reader, trials: Trials) -> None:
        self.reader, self.trials = reader, trials
        self.titles: dict[str, str] = {}  # catalogue id → the name people read
        self.open_models: frozenset[str] = frozenset()  # ids of models whose shape is public

    def choices(self, question: Question, *, exclude: str = "") -> list[Choice]:
        """Candidates after trial, best first; in a question that checks a number, that number may be the result."""
        found = self._choices(question, exclude)
        if (
            not question.features.yes_no
            and not question.features.check
            and not question.features.strong_source
        ):
            return found
        for i, q in enumerate(question.reading.quantities):
            if not self._may_be_claimed(question, q):
                continue
            for choice in self._choices(question.checking(i), exclude)[:2]:
                if choice.ok and choice.want is not None and (bonus := _agrees(q, choice)):
                    choice.score += bonus
                    found.append(choice)
        return sorted(found, key=lambda c: -c.score)

    @staticmethod
    def _may_be_claimed(question: Question, q: Quantity) -> bool:
        if q.marks & {"article", "claim", "axes", "from", "to"} or len(question.reading.quantities) < 2:
            return False
        if "reported" in q.marks and q.unit.dims:
            return True
        if (
            not q.marked
            and "scaled" in q.marks
            and question.features.yes_no
            and q is question.reading.quantities[-1]
        ):
            return True
        if not q.marked:
            return False
        wanted = question.features.wanted.unit
        if q.unit_text == "percent" or "times" in q.marks:
            return wanted is None or not wanted.dims
        return wanted is not None and bool(q.unit.dims) and without_counts(q.unit) == without_counts(wanted)

    def _choices(self, question: Question, exclude: str) -> list[Choice]:
        frames = [f for f in self.reader.candidates(question, exclude) if f.spec.name != ARITHMETIC]
        tried = [self._attempt_best(f, question, exclude, frames[0].score) for f in frames[:TRIED]]
        plain = self._plain(question)
        if plain is not None:
            tried.append(plain)
        _weigh_together(question, tried, plain)
        tried.sort(key=lambda c: -c.score)
        for k, choice in enumerate(tried[:3]):
            if choice.ok and choice.sum is None and choice.score > tried[0].score - 3.0:
                weighed = self.attempt(choice.frame, question, exclude, depend=True)
                unweighed = self.attempt(choice.frame, question, exclude)
                weighed.score += choice.score - unweighed.score
                tried[k] = weighed
        for k, choice in enumerate(tried[:2]):
            if choice.score > tried[0].score - 3.0:
                tried[k] = self._mended(question, choice, exclude)
        return sorted(tried, key=lambda c: -c.score)

    def _mended(self, question: Question, choice: Choice, exclude: str) -> Choice:
        """The reading, or another filling of the same calculator that has fewer faults."""
        if choice.sum is not None or choice.trial.kind not in ("ok", "invalid"):
            choice.faults = ignored(question, choice) if choice.sum is not None else []
            return choice
        choice.faults = self._faults(question, choice)
        if choice.ok and not choice.faults:
            return choice
        best = choice
        others = self._other_results(question, choice, exclude) + self._other_fillings(
            question, choice, exclude
        )
        for other in others:
            other.faults = self._faults(question, other)
            if (choice.ok and (len(other.faults), -other.score) < (len(best.faults), -best.score)) or (
                not choice.ok and not other.faults and (not best.ok or other.score > best.score)
            ):
                best = other
        if best is not choice:
            best.score = max(best.score, choice.score - 1.0)
        best.score -= FAULT * len(best.faults)
        return best

    def _faults(self, question: Question, choice: Choice) -> list[str]:
        """Faults of the result, and of a comparison both sides of which come to the same."""
        found = faults(question, choice)
        if choice.ok and choice.frame.pairs and choice.want is not None:
            second = self.trials(
                choice.frame.spec.name,
                choice.frame.arguments | {k: v[1] for k, v in choice.frame.pairs.items()},
            )
            name = choice.want.name
            if second.kind == "ok" and choice.trial.output.get(name) == second.output.get(name):
                found = [*found, "same"]
        return found

    def _other_results(self, question: Question, choice: Choice, exclude: str) -> list[Choice]:
        """The same run, another of its results taken for the one asked for."""
        if not choice.ok or choice.want is None:
            return []
        ranked = rank_outputs(
            choice.frame, question, self.reader.similar(question, choice.frame.spec, exclude)
        )
        there = [
            (s, f) for s, f in ranked if f.name in choice.trial.figures and f.name not in choice.frame.fills
        ]
        top = next((s for s, f in there if f.name == choice.want.name), 0.0)
        near = [(s, f) for s, f in there if f.name != choice.want.name and s > top - 3.0][:4]
        idle = idle_fields(choice.frame, choice.trial, [f.name for _, f in near], self.trials)
        return [
            Choice(
                choice.frame,
                choice.trial,
                choice.score - 0.5 * max(0.0, top - s),
                f,
                idle=frozenset(idle[f.name]),
            )
            for s, f in near
        ]

    def _other_fillings(self, question: Question, choice: Choice, exclude: str) -> list[Choice]:
        """The same calculator with one of the filled fields left empty, or run once for each of two values."""
        given = [n for n, f in choice.frame.fills.items() if f.quantities]
        found = []
        for skip in given[:MENDED]:
            frame = self.reader.refilled(question, choice.frame, frozenset({skip}), exclude)
            other = self.attempt(frame, question, exclude, depend=True)
            if other.ok and other.score >= choice.score - 5.0:
                found.append(other)
        if "inverse" in choice.faults:
            found += self._swapped(question, choice, exclude)
        paired = self._paired(question, choice, exclude)
        return [*found, paired] if paired is not None else found

    def _swapped(self, question: Question, choice: Choice, exclude: str) -> list[Choice]:
        """The two sides of a comparison exchanged."""
        spec, fills = choice.frame.spec, choice.frame.fills
        found = []
        for a in fills:
            for b in fills:
                f, g = spec.by_name.get(a), spec.by_name.get(b)
                if f is None or g is None or not f.direction < g.direction or f.unit_text != g.unit_text:
                    continue
                frame = Frame(spec, {**fills, a: fills[b], b: fills[a]})
                frame.parts, frame.score, frame.unused = choice.frame.parts, choice.frame.score, choice.frame.unused  # fmt: skip
                made = self.attempt(frame, question, exclude)
                if made.ok:
                    found.append(made)
        return found

    def _paired(self, question: Question, choice: Choice, exclude: str) -> Choice | None:
        """ "from four years to six: how much lower": a result that knows one of two values, run for each of them."""
        if not (question.features.difference or question.features.ratio) or choice.frame.pairs:
            return None
        spec, fills = choice.frame.spec, choice.frame.fills
        for name in choice.idle:
            f = spec.by_name[name]
            base = next((b for n in fills if (b := spec.by_name[n]).unit_text == f.unit_text and b.direction < f.direction and b.kind == "number"), None)  # fmt: skip
            if base is None:
                continue
            frame = Frame(spec, {n: v for n, v in fills.items() if n != name})
            frame.parts, frame.score, frame.unused = (
                choice.frame.parts,
                choice.frame.score,
                choice.frame.unused,
            )
            both = fills[base.name].quantities + fills[name].quantities
            frame.pairs = {base.name: (fills[base.name].value, fills[name].value)}
            frame.fills[base.name] = Fill(fills[base.name].value, quantities=both, fit=fills[base.name].fit)
            made = self.attempt(frame, question, exclude)
            if made.ok:
                made.want, made.score = choice.want, choice.score
                return made
        return None

    def _attempt_best(self, frame: Frame, question: Question, exclude: str, top: float) -> Choice:
        """The frame, or another filling of the same calculator when that one runs better."""
        best = self.attempt(frame, question, exclude)
        if frame.score < top - 6.0:
            return best
        for other in frame.rivals[:4] if best.ok else frame.rivals[:7]:
            if other.score + (3.0 if best.ok else 6.0) < best.score:
                break
            rival = self.attempt(other, question, exclude)
            if rival.score > best.score + 1e-9:
                best = rival
        return best

    def attempt(self, frame: Frame, question: Question, exclude: str = "", *, depend: bool = False) -> Choice:
        """Run the frame; prefer the wanted result that really comes out."""
        trial = self.trials(frame.spec.name, frame.arguments)
        similar = self.reader.similar(question, frame.spec, exclude)
        ranked = rank_outputs(frame, question, similar)
        base = frame.score - frame.parts.get("want", 0.0)
        closed = self._closed_model(frame) if trial.kind == "missing" else ""
        if closed:
            trial = Trial("absent", {}, {}, message=f"the architecture of {closed} is not public")
        if trial.kind == "ok":
            there = [
                (s, f)
                for s, f in ranked
                if f.name not in frame.fills
                and isinstance(trial.output.get(f.name), int | float)
                and not isinstance(trial.output.get(f.name), bool)
            ]
            if not there:
                return Choice(frame, trial, base - 4.0, None)
            idle: dict[str, set[str]] = {}
            best = self._depending(frame, trial, there, idle) if depend else there[0]
            lost = ranked[0][0] - best[0]
            frame.want_margin = best[0] - there[1][0] if len(there) > 1 else 3.0
            score = base + WEIGHTS.want * min(best[0], 5.0) - 0.8 * min(lost, 4.0) + 1.0
            return Choice(frame, trial, score, best[1], idle=frozenset(idle.get(best[1].name, ())))
        want = ranked[0][1] if ranked else None
        if trial.kind == "invalid" and not self._forbidden(frame, trial):
            return Choice(
                frame, trial, frame.score - 4.0, want
            )  # values that contradict each other: a wrong reading
        cost = {"missing": 2.2, "invalid": 0.6, "unknown": 1.0, "absent": 0.4, "unit": 2.5}.get(
            trial.kind, 6.0
        )
        return Choice(frame, trial, frame.score - cost, want)

    def _depending(
        self, frame: Frame, trial: Trial, there: list[tuple[float, Field]], idle: dict[str, set[str]]
    ) -> tuple[float, Field]:
        """The wanted result, results that ignore a stated number counted down."""
        near = [row for row in there if row[0] >= there[0][0] - 3.0][:6]
        idle.update(idle_fields(frame, trial, [f.name for _, f in near], self.trials))
        weighed = [(score - IDLE * len(idle[f.name]), f) for score, f in near]
        there[: len(weighed)] = sorted(weighed, key=lambda row: -row[0])
        return there[0]

    def _closed_model(self, frame: Frame) -> str:
        """The name of a model without a public shape, where the calculator needs a shape."""
        for name, fill in frame.fills.items():
            f = frame.spec.by_name.get(name)
            if (
                f is not None
                and f.entity == "model"
                and self.titles
                and str(fill.value) not in self.open_models
            ):
                return str(self.titles.get(str(fill.value), fill.value))
        return ""

    @staticmethod
    def _forbidden(frame: Frame, trial: Trial) -> bool:
        """Whether the field the calculator complains of holds a value its own limits forbid."""
        f, fill = frame.spec.by_name.get(trial.field), frame.fills.get(trial.field)
        return (
            f is not None
            and fill is not None
            and isinstance(fill.value, int | float)
            and not f.allows(fill.value)
        )

    def _plain(self, question: Question) -> Choice | None:
        spec = self.reader.library.specs.get(ARITHMETIC)
        if spec is None:
            return None
        quantities = question.reading.quantities
        salient = [i for i in range(len(quantities)) if is_salient(question, i)] or [
            i for i, q in enumerate(quantities) if "claim" in q.marks
        ]
        found = find_sum(question.reading, question.features, salient)
        if found is None:
            return None
        arguments: dict[str, Any] = {"expression": found.expression}
        if found.unit:
            arguments["unit"] = {"quarter_year": "quarter"}.get(found.unit, found.unit)
        frame = Frame(spec, {k: Fill(v, quantities=found.used) for k, v in arguments.items()})
        frame.unused = [i for i in salient if i not in found.used]
        trial = self.trials(spec.name, arguments)
        score = 13.0 * found.clarity - 2.0 * len(frame.unused) - (0 if trial.kind == "ok" else 8)
        if question.reading.mentions:
            score -= 1.5
        return Choice(frame, trial, score, spec.out_by_name.get("value"), found)

    def decide(self, question: Question, choices: list[Choice] | None = None) -> Decision:
        """The decision about a question on its own (follow-ups are merged before this)."""
        refusal = refuse(question.text)
        if refusal is not None:
            return Decision("refuse", question, refusal=refusal)
        choices = self.choices(question) if choices is None else choices
        best = choices[0] if choices else None
        problem = self._impossible(question, choices)
        if problem:
            return Decision("invalid", question, best, problem=problem)
        return self._route(question, choices, best)

    def _route(self, question: Question, choices: list[Choice], best: Choice | None) -> Decision:
        f = question.features
        numbers = [i for i in range(len(question.reading.quantities)) if is_salient(question, i)]
        search = search_text(question.text)
        rival = choices[1] if len(choices) > 1 else None
        if best is not None and best.trial.kind == "absent" and len(numbers) > 1:
            best = next((c for c in choices if c.ok and c.score >= SURE - 1.0 and not c.frame.unused), best)
        runs = (
            best is not None
            and best.ok
            and best.score >= (SURE if f.source or len(numbers) < 2 or best.frame.unused else SURE - 2.0)
        )
        computes = runs and self._computes(question, best, numbers)  # type: ignore[arg-type]
        if f.now_price and not numbers and not computes:
            return Decision("live", question, best, search=search)
        if f.now_price and not numbers and _asks_going_price(question.text):
            return Decision("live", question, best, search=search)
        doubt = self._withheld(best) if computes and best is not None else ""
        if doubt:
            return Decision("clarify", question, best, problem=doubt)
        if computes:
            if f.check or f.where_said or f.strong_source or (f.source and f.ratio):
                return Decision("mixed", question, best, rival, search=search)
            return Decision("calculate", question, best, rival)
        if (_derives(question) and (f.source or f.strong_source) and f.asks_number) or (f.source and numbers):
            return Decision("mixed", question, best, rival, search=search, from_claims=True)
        if best is not None and best.trial.kind == "absent" and best.score >= LIKELY and not f.strong_source:
            return Decision("absent", question, best, problem=best.trial.message)
        if (
            best is not None
            and best.trial.kind in ("invalid", "unknown")
            and best.score >= LIKELY
            and numbers
            and not f.strong_source
        ):
            return Decision("invalid", question, best, problem=best.trial.message)
        if (
            best is not None
            and best.trial.kind == "missing"
            and (best.score >= LIKELY or self._bare_ask(question, best))
            and not f.strong_source
            and self._asks_calculation(question, best, numbers)
        ):
            return Decision("clarify", question, best, search=search)
        bare = self._bare_own(question, choices) if not numbers else None
        if bare is not None:
            return Decision("clarify", question, bare)
        return Decision("narrative", question, best, search=search)

    @staticmethod
    def _bare_own(question: Question, choices: list[Choice]) -> Choice | None:
        """ "How long until my GPUs have paid for themselves?", "payback of an H100?": a result, and nothing to work it out from."""
        f = question.features
        if f.source or f.strong_source or f.where_said or f.yes_no or (f.explain and not f.asks_number):
            return None
        own = bool(_OWN.search(question.text)) and bool(_HOW.search(question.text))
        brief = len(question.reading.tokens) <= 6 and not _proper_noun(question)
        if not own and not brief:
            return None
        for c in choices:
            named = c.want is not None and any(c.want.words.get(s, 0.0) >= 0.7 for s, _ in f.stems)
            if c.trial.kind == "missing" and named:
                return c
        return None

    @staticmethod
    def _withheld(best: Choice) -> str:
        """Why the best reading is not answered with, in words that ask for what would settle it."""
        return withheld(best.faults, readable(best.want)) if best.want is not None else ""

    @staticmethod
    def _computes(question: Question, choice: Choice, numbers: list[int]) -> bool:
        """Whether the run answers this question: it used numbers or names of it, and is asked for a number."""
        used = {i for fill in choice.frame.fills.values() for i in fill.quantities}
        named = any(
            choice.frame.spec.by_name[n].entity for n in choice.frame.fills if n in choice.frame.spec.by_name
        )
        f = question.features
        if not used and f.strong_source and not f.check:
            return False
        if used & set(numbers):
            return True
        if any(
            choice.frame.spec.by_name[n].entity == PERIOD
            for n in choice.frame.fills
            if n in choice.frame.spec.by_name
        ):
            return True  # "what did it rent for in early 2024": the date is the number of the question
        return bool(named) and (f.asks_number or not f.explain) and not (f.explain and not f.asks_number)

    @staticmethod
    def _asks_calculation(question: Question, choice: Choice, numbers: list[int]) -> bool:
        f = question.features
        if numbers:
            return True
        if f.explain and not f.asks_number:
            return False
        names = [
            n
            for n in choice.frame.fills
            if n in choice.frame.spec.by_name and choice.frame.spec.by_name[n].entity
        ]
        said = choice.want is not None and any(
            s in choice.want.words and choice.want.words[s] >= 0.7 for s, _ in f.stems
        )
        return bool(names) or (f.asks_number and said) or (said and len(f.stems) <= 5 and not f.source)

    def _bare_ask(self, question: Question, choice: Choice) -> bool:
        """ "And the gross margin?": nothing but the name of a result of one calculator."""
        f = question.features
        if not f.stems or f.yes_no or (f.explain and not f.asks_number) or choice.want is None or f.source:
            return False
        if (
            any(q.value != 1 for q in question.reading.quantities)
            or question.reading.mentions
            or len(f.stems) > 4
            or _proper_noun(question)
        ):
            return False
        said = [s for s, _ in f.stems if s not in _GENERIC]
        known = sum(1 for s in said if choice.frame.spec.text_weights.get(s, 0.0) >= 0.3)
        return (
            bool(said)
            and 2 * known >= len(said)
            and any(choice.want.words.get(s, 0.0) >= 0.7 for s, _ in f.stems)
        )

    def _impossible(self, question: Question, choices: list[Choice]) -> str:
        """A value that cannot be, whatever else is missing: −8 GPUs, zero chips, 120 % of memory."""
        for c in choices[:3]:
            if c.score < choices[0].score - 2.5 or c.frame.spec.name == ARITHMETIC:
                continue
            for name, fill in c.frame.fills.items():
                f = c.frame.spec.by_name.get(name)
                if f is None or not fill.quantities or f.kind != "number":
                    continue
                q = question.reading.quantities[fill.quantities[0]]
                value = fill.value
                if (
                    isinstance(value, int | float)
                    and not f.allows(value)
                    and fill.fit >= (0.9 if value <= 0 else 2.4)
                ):
                    said = question.text[q.start : q.end].strip()
                    return f"{readable(f)} cannot be {said}: it must be {f.bound(value)}{_unit_words(f)}."
        for q in question.reading.quantities:
            if (
                q.value < 0
                and q.unit.dims
                and q.unit.dims[0][0] in ("chip", "token", "request", "byte", "param", "person", "server")
            ):
                return f"{question.text[q.start : q.end].strip()} cannot be: a count must be above 0."
            if q.value == 0 and q.unit.dims == (("chip", 1),):
                return "The number of chips cannot be 0: it must be at least 1."
        return ""


_OWN = re.compile(r"\b(my|our|we|i|us|mine|ours)\b", re.I)
_HOW = re.compile(
    r"\b(how (long|much|many|soon|fast|big|expensive)|what (will|would|does|do)|when (will|do|does))\b", re.I
)
_GENERIC = frozenset(
    ["siz", "number", "valu", "amount", "rough", "period", "figur", "need", "requir", "tak", "us"]
)


def _proper_noun(question: Question) -> bool:
    """Whether the question names somebody or something that no calculator knows."""
    return any(
        t.text[:1].isupper() and t.text[1:].islower()
        for t in question.reading.tokens[1:]
        if t.is_word and len(t.text) > 2
    )


def _weigh_together(question: Question, tried: list[Choice], plain: Choice | None) -> None:
    """Readings that come to the same number speak for each other; one that must ask may be the better reading."""
    if plain is not None and plain.ok:
        for c in tried:
            if c is not plain and c.ok and _same_value(c, plain):
                c.score += 1.6
    numbers = sum(1 for i in range(len(question.reading.quantities)) if is_salient(question, i))
    asking = max((c.frame.score for c in tried if c.trial.kind == "missing"), default=-9.0)
    for c in tried:
        if c.ok and numbers <= 1 and c is not plain and c.frame.score + 1.0 < asking:
            c.score -= 2.4


def _same_value(a: Choice, b: Choice) -> bool:
    values = []
    for c in (a, b):
        figure = c.trial.figures.get(c.want.name) if c.want is not None else None
        if figure is None:
            figure = next(iter(c.trial.figures.values()), None)
        if figure is None:
            return False
        unit = parse_unit(figure[1])
        values.append((abs(figure[0] * unit.factor), without_counts(unit)))
    (x, dims_x), (y, dims_y) = values
    return dims_x == dims_y and abs(x - y) <= 2e-3 * max(x, y, 1e-30)


def _agrees(q: Quantity, choice: Choice) -> float:
    """How much a computed result looks like the number that was to be checked: the same kind, then the same size."""
    figure = choice.trial.figures.get(choice.want.name) if choice.want is not None else None
    if figure is None:
        return 0.0
    unit = parse_unit(figure[1])
    if not q.marked:
        return 3.0 if figure[0] and 0.66 < abs(q.value / figure[0]) < 1.5 else 0.0
    if unit.dims != q.unit.dims and not (
        without_counts(unit) and without_counts(unit) == without_counts(q.unit)
    ):
        return 0.0
    if (unit.factor == 1) != (q.unit.factor == 1) and not unit.dims:
        return 0.0
    said, got = abs(q.value * q.unit.factor), abs(figure[0] * unit.factor)
    if not said or not got:
        return 0.3
    return 3.0 if 0.66 < got / said < 1.5 or (unit.dims and choice.want is not None) else 1.2


def readable(f: Field) -> str:
    """What a field is, in words: its description's first clause."""
    text = re.split(r"[;:(,]", f.description or f.name.replace("_", " "))[0].strip().rstrip(".")
    return text[:1].upper() + text[1:]


def _unit_words(f: Field) -> str:
    return (
        "" if not f.unit_text or f.unit_text == "dimensionless" else f" {f.unit_text.replace('percent', '%')}"
    )


_DERIVE = re.compile(
    r"\b(implied|imply|implies|infer|work out|compute|calculate|ratio|discount|number of|what does that (make|mean|give)|how many|how much|gap|difference|"
    r"multiple|markup|total|in dollars|per (gpu|chip|year|hour)|percent|%|compare|times)\b",
    re.I,
)


def _derives(question: Question) -> bool:
    return bool(_DERIVE.search(question.text))


def _asks_going_price(text: str) -> bool:
    return bool(
        re.search(
            r"\b(what|what's|whats|how much|give me|tell me|current|today's|latest|live|real[- ]time)\b",
            text,
            re.I,
        )
    )


_FRAMING = re.compile(
    r"\b(what (did|does|do|was|were) (they|he|she|dylan|brad|bill|the (guest|guests|host|hosts|speakers?))( patel| gurley| gerstner)? (say|said|think|mention|argue|claim|tell us|have to say)( about| on| of)?|"
    r"according to (the )?(podcast|episode|interview|dylan|guest|conversation|talk)|in the (podcast|episode|interview|discussion|conversation|talk|show)|on the (show|podcast)|"
    r"(show me and )?say where (he|she|they) said (it|that)|please|can you|could you|tell me|summari[sz]e|explain)\b",
    re.I,
)


def search_text(text: str) -> str:
    """The question without the words that only frame it."""
    bare = re.sub(r"\s+", " ", _FRAMING.sub(" ", text)).strip(" ?,.!")
    return bare if len(bare) >= 6 else text


def unit_of(text: str) -> Unit:
    return parse_unit(text)


def figure_of(trial: Trial | Mapping[str, Any], name: str) -> tuple[float, str] | None:
    if isinstance(trial, Trial):
        return trial.figures.get(name)
    for figure in trial.get("figures", ()):
        if figure.get("name") == name:
            return float(figure["value"]), str(figure["unit"])
    return None
