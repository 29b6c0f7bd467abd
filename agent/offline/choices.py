"""The readings of a question: calculators with their fields filled in several ways, and plain sums, each run and weighed.

Calculators are pure, so every reading is tried: what comes out, which stated numbers it ignores and what else speaks
against it is evidence (`agent.offline.evidence`). Readings that come to the same number speak for each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agent.offline.depend import idle_fields
from agent.offline.doubt import faults, ignored
from agent.offline.evidence import before_run, evidence, log_odds
from agent.offline.fitting.frame import Fill, Frame
from agent.offline.reading.measure import parse_unit, without_counts
from agent.offline.reading.reading import Quantity
from agent.offline.schema import Field
from agent.offline.score import Question, Reader, is_salient
from agent.offline.side_by_side import argument_sets, comparison, ranked
from agent.offline.sums.find import Sum, find_sum
from agent.offline.trial import Trial, Trials

TRIED = 4  # calculators looked at
OWN = 5  # fillings of one calculator that are run
RESULTS = 3  # results of one run that may be the one asked for
NEAR = 2.4  # how far behind the result that fits best, in the measure of `rank_outputs`
NO_CHANCE = 4.0  # log-odds behind the best reading from which another is not run or examined: 2 % of its odds
EXAMINE = 2.5  # ... from which its dependence on the stated numbers is not tried
CHECKED = 2  # numbers of a question that may be the one to check
ALSO_CHECKED = 3  # calculators that may give it: the likeliest for the question as it stands
ARITHMETIC = "arithmetic"
EVEN = 9.0  # the score of a reading as likely as none: the log-odds are added to it


@dataclass
class Choice:
    """One reading that was run. `score` is its log-odds above `EVEN`; `sure` the share of all readings that say the same."""

    frame: Frame
    trial: Trial
    score: float
    want: Field | None
    sum: Sum | None = None
    idle: frozenset[str] = frozenset()  # filled fields that the wanted result ignores
    faults: list[str] = field(default_factory=list)
    wanted: float = 0.0  # how much the question wants this result
    lost: float = 0.0  # how much more it wants one that did not come out
    checked: float = 0.0  # how well it agrees with a number that the question asks to check
    sure: float = 0.0
    evidence: dict[str, float] = field(default_factory=dict)
    compared: tuple[float, str] | None = None  # what the two runs of a pair come to

    @property
    def ok(self) -> bool:
        return self.trial.kind == "ok"

    @property
    def value(self) -> tuple[float, str] | None:
        """The number it comes to, with its unit."""
        if self.frame.pairs:
            return self.compared
        found = self.trial.figures.get(self.want.name) if self.want is not None else None
        if found is None and self.sum is not None:
            found = next(iter(self.trial.figures.values()), None)
        return found


NOT_RUN = Trial("missing", {}, {})


class Chooser:
    """Makes and weighs the readings of questions, given a reader and a way to try calculators."""

    def __init__(self, reader: Reader, trials: Trials) -> None:
        self.reader, self.trials = reader, trials
        self.titles: dict[str, str] = {}  # catalogue id → the name people read
        self.open_models: frozenset[str] = frozenset()  # ids of models whose shape is public

    def choices(self, question: Question, *, exclude: str = "", closely: bool = False) -> list[Choice]:
        """Readings, the surest first; in a question that checks a number, that number may be the result.

        `closely` tries out those too that have next to no chance.
        """
        found = self._weighed(question, exclude, closely)
        f = question.features
        if f.yes_no or f.check or f.strong_source:
            quantities = question.reading.quantities
            claimed = [i for i, q in enumerate(quantities) if self._may_be_claimed(question, q)]
            claimed.sort(key=lambda i: "reported" not in quantities[i].marks)
            among = list(dict.fromkeys(c.frame.spec.name for c in found if c.sum is None))[:ALSO_CHECKED]
            for i in claimed[:CHECKED]:
                found += self._checking(question, i, exclude, among)
        return _surest_first(found)

    def _checking(self, question: Question, i: int, exclude: str, among: Sequence[str]) -> list[Choice]:
        """Readings whose result is the stated number `i`, where they come near it."""
        asked, agreeing = question.checking(i), []
        for choice in self._weighed(asked, exclude, among=among)[:2]:
            if choice.ok and choice.want is not None:
                choice.checked = _agrees(question.reading.quantities[i], choice)
                if choice.checked:
                    choice.evidence["checked"] = choice.checked
                    choice.score = EVEN + log_odds(choice.evidence)
                    agreeing.append(choice)
        return agreeing

    def _weighed(
        self, question: Question, exclude: str, closely: bool = False, among: Sequence[str] = ()
    ) -> list[Choice]:
        """The readings that were run, best first; unless `closely`, none that has next to no chance."""
        frames = [f for f in self.reader.candidates(question, exclude, among) if f.spec.name != ARITHMETIC]
        route = max((f.parts.get("words", 0.0) + f.parts.get("example", 0.0) for f in frames), default=0.0)
        pool = self._run(question, frames, route, math.inf if closely else NO_CHANCE)
        pool.sort(key=lambda c: -c.score)
        seen: set[int] = set()
        while front := _to_examine(pool, seen, math.inf if closely else EXAMINE):
            self._look_closer(question, front)
            pairs = [p for c in front if c.idle and (p := self._paired(question, c)) is not None]
            self._look_closer(question, pairs)
            pool += pairs
            for c in [*front, *pairs]:
                seen.add(id(c))
                self._weigh(question, c, route)
            pool.sort(key=lambda c: -c.score)
        return pool

    def _run(self, question: Question, frames: list[Frame], route: float, behind: float) -> list[Choice]:
        """The plain sum and the fillings of the first calculators, run in the order of their odds before a run."""
        plain = self._plain(question)
        pool = {_key(plain): plain} if plain is not None else {}
        for choice in pool.values():
            self._weigh(question, choice, route)
        most = max((c.score for c in pool.values() if c.ok), default=-math.inf)
        waiting: list[tuple[float, Frame]] = []
        for first in frames[:TRIED]:
            near = [f for f in first.rivals if f.score > first.score - 4.0][: OWN - 1]
            waiting += [(_odds_before(question, frame, route), frame) for frame in [first, *near]]
        for odds, frame in sorted(waiting, key=lambda w: -w[0]):
            if odds < most - behind:
                break
            for choice in self.results(frame, question):
                self._weigh(question, choice, route)
                pool.setdefault(_key(choice), choice)
                most = max(most, choice.score) if choice.ok else most
        return list(pool.values())

    def _weigh(self, question: Question, choice: Choice, route: float) -> None:
        choice.evidence = evidence(question, choice, route)
        choice.score = EVEN + log_odds(choice.evidence)

    def _look_closer(self, question: Question, choices: Iterable[Choice]) -> None:
        """Which stated numbers each result ignores, and what else speaks against it."""
        runs: dict[int, list[Choice]] = {}
        for c in choices:
            if c.ok and c.sum is None and c.want is not None:
                runs.setdefault(id(c.trial), []).append(c)
            elif c.sum is not None:
                c.faults = ignored(question, c)
        for of_one in runs.values():
            first = of_one[0]
            names = [c.want.name for c in of_one if c.want is not None]
            idle = idle_fields(first.frame, first.trial, names, self.trials)
            for c in of_one:
                c.idle = frozenset(idle[c.want.name]) if c.want is not None else frozenset()
                c.faults = self._faults(question, c)

    def _faults(self, question: Question, choice: Choice) -> list[str]:
        """Faults of the result, and of a comparison both sides of which come to the same."""
        found = faults(question, choice)
        if choice.frame.pairs and (choice.compared is None or choice.compared[0] in (0.0, 1.0)):
            found = [*found, "same"]
        return found

    def _compare(self, question: Question, choice: Choice) -> None:
        """Run the others of a comparison and work out what they come to: two against each other, of more the best."""
        name = choice.want.name if choice.want is not None else ""
        sets = argument_sets(choice.frame)
        figures = [self.trials(choice.frame.spec.name, s).figures.get(name) for s in sets]
        there = [figure for figure in figures if figure is not None]
        if len(sets) == 2 and len(there) == 2:
            choice.compared = comparison(question, there[0], there[1])
        elif len(sets) > 2 and len(there) > 1:
            choice.compared = figures[ranked(question, figures)[0]]
        else:
            choice.compared = None

    def results(self, frame: Frame, question: Question) -> list[Choice]:
        """The frame run: a reading for each of its results that may be the one asked for, or one that says why none came out."""
        trial = self.trials(frame.spec.name, frame.arguments)
        ranked = frame.ranked
        if trial.kind == "missing" and ranked and trial.field and trial.field in ranked[0][1].name:
            frame, trial = self._switched(frame, trial)  # what is missing is what is asked for
        closed = self._closed_model(frame) if trial.kind == "missing" else ""
        if closed:
            trial = Trial("absent", {}, {}, message=f"the architecture of {closed} is not public")
        if trial.kind != "ok":
            if trial.kind == "invalid" and not self._forbidden(frame, trial):
                trial = Trial("contradiction", {}, {}, trial.field, trial.value, trial.allowed, trial.message)
            want = ranked[0] if ranked else (0.0, None)
            return [Choice(frame, trial, 0.0, want[1], wanted=want[0])]
        there = [
            (s, f)
            for s, f in ranked
            if f.name not in frame.fills
            and isinstance(trial.output.get(f.name), int | float)
            and not isinstance(trial.output.get(f.name), bool)
        ]
        found = [
            Choice(frame, trial, 0.0, f, wanted=s, lost=max(0.0, ranked[0][0] - s))
            for s, f in there[:RESULTS]
            if s > there[0][0] - NEAR
        ]
        for choice in found if frame.pairs else ():
            self._compare(question, choice)
        return found

    def _switched(self, frame: Frame, trial: Trial) -> tuple[Frame, Trial]:
        """The frame with one of its switches on, where it then comes out ("longest context": of a single user)."""
        for f in frame.spec.fields:
            if f.kind == "bool" and f.name not in frame.fills:
                other = replace(frame, fills={**frame.fills, f.name: Fill(True, fit=0.1)})
                done = self.trials(frame.spec.name, other.arguments)
                if done.kind == "ok":
                    return other, done
        return frame, trial

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

    def _paired(self, question: Question, choice: Choice) -> Choice | None:
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
            trial = self.trials(spec.name, frame.arguments)
            if trial.kind == "ok":
                made = Choice(frame, trial, 0.0, choice.want, wanted=choice.wanted, lost=choice.lost)
                self._compare(question, made)
                return made
        return None

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
        return Choice(frame, trial, 0.0, spec.out_by_name.get("value"), found)


def _odds_before(question: Question, frame: Frame, route: float) -> float:
    """The score of a frame's most wanted result if the run speaks neither for nor against it."""
    wanted = frame.ranked[0][0] if frame.ranked else 0.0
    return EVEN + log_odds(before_run(question, Choice(frame, NOT_RUN, 0.0, None, wanted=wanted), route))


def _to_examine(pool: list[Choice], seen: set[int], behind: float) -> list[Choice]:
    """The runs not looked at closely yet that may still come to the front: first the best alone, then its rivals."""
    known = [c.score for c in pool if id(c) in seen and c.ok]
    least = max(known) - behind if known else pool[0].score if pool else 0.0
    return [c for c in pool if id(c) not in seen and c.score >= least]


def _key(choice: Choice) -> tuple[str, str, str]:
    want = choice.want.name if choice.want is not None else ""
    return (
        choice.frame.spec.name,
        repr(sorted(choice.frame.arguments.items())),
        f"{want} {sorted(choice.frame.pairs)}",
    )


def _surest_first(choices: list[Choice]) -> list[Choice]:
    """By the share of all that is said for the number (or the way of failing) each comes to, then by its own odds."""
    if not choices:
        return []
    top = max(0.0, *(c.score - EVEN for c in choices))
    whole = math.exp(-top) + sum(math.exp(c.score - EVEN - top) for c in choices)
    groups: list[list[Choice]] = []
    for c in choices:
        group = next((g for g in groups if same_answer(g[0], c)), None)
        if group is None:
            groups.append([c])
        else:
            group.append(c)
    for group in groups:
        share = sum(math.exp(c.score - EVEN - top) for c in group) / whole
        for c in group:
            c.sure = share
    return sorted(choices, key=lambda c: (-c.sure, -c.score))


def same_answer(a: Choice, b: Choice) -> bool:
    """The same number in the same kind of unit; two that do not come out are the same when they fail the same way in one calculator."""
    if not a.ok or not b.ok:
        return a.trial.kind == b.trial.kind and a.frame.spec.name == b.frame.spec.name
    x, y = a.value, b.value
    if x is None or y is None:
        return False
    u, v = parse_unit(x[1]), parse_unit(y[1])
    p, q = x[0] * u.factor, y[0] * v.factor
    return without_counts(u) == without_counts(v) and abs(p - q) <= 2e-3 * max(abs(p), abs(q), 1e-30)


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
