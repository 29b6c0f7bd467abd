"""The report of a run: JSON that is the product, and what changed against a baseline. `page.py` shows it."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from evals.run import Outcome
from tools.errors import InputError


class Score(BaseModel):
    """Of one kind of case: how many passed, and how often each check did."""

    n: int
    passed: int
    checks: dict[str, tuple[int, int]]


class Report(BaseModel):
    """One run of the suite."""

    made_at: str
    way: str
    behaviour: str
    scores: dict[str, Score]
    answered_but_wrong: int
    p50_ms: float
    p99_ms: float
    seconds: float
    usd: float
    outcomes: list[Outcome]

    @property
    def passed(self) -> int:
        return sum(o.passed for o in self.outcomes)


def make(outcomes: Sequence[Outcome], *, way: str, behaviour: str, seconds: float) -> Report:
    """The report of these outcomes."""
    kinds: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        kinds[outcome.kind].append(outcome)
    times = sorted(o.answer.elapsed_ms for o in outcomes if o.answer)
    wrong = [
        o
        for o in outcomes
        if o.answer and o.answer.status == "answered" and not o.checks.get("number", (True,))[0]
    ]
    return Report(
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        way=way,
        behaviour=behaviour,
        scores={kind: _score(of) for kind, of in sorted(kinds.items())},
        answered_but_wrong=len(wrong),
        p50_ms=statistics.median(times) if times else 0.0,
        p99_ms=times[min(len(times) - 1, int(0.99 * len(times)))] if times else 0.0,
        seconds=seconds,
        usd=sum(o.answer.usage.usd for o in outcomes if o.answer),
        outcomes=list(outcomes),
    )


def _score(outcomes: Sequence[Outcome]) -> Score:
    checks: dict[str, tuple[int, int]] = {}
    for outcome in outcomes:
        for name, (passed, _) in outcome.checks.items():
            good, of = checks.get(name, (0, 0))
            checks[name] = (good + passed, of + 1)
    return Score(n=len(outcomes), passed=sum(o.passed for o in outcomes), checks=checks)


class Change(BaseModel):
    """What a run does that its baseline did not."""

    broken: list[str]
    mended: list[str]
    new: list[str]


def compare(report: Report, before: Mapping[str, bool]) -> Change:
    """Cases that passed in the baseline and fail now, the other way round, and those it did not have.

    With several epochs a case counts as passed when it passed in most of them.
    """
    now = by_case(report)
    return Change(
        broken=[c for c, ok in now.items() if not ok and before.get(c)],
        mended=[c for c, ok in now.items() if ok and before.get(c) is False],
        new=[c for c in now if c not in before],
    )


def by_case(report: Report) -> dict[str, bool]:
    """Which cases passed: all that a committed baseline keeps."""
    runs: dict[str, list[bool]] = defaultdict(list)
    for outcome in report.outcomes:
        runs[outcome.case].append(outcome.passed)
    return {case: sum(passed) * 2 > len(passed) for case, passed in runs.items()}


def read(path: Path) -> dict[str, bool]:
    """Which cases passed, from a report or a baseline written earlier. InputError when it is neither."""
    try:
        text = path.read_text(encoding="utf-8")
        try:
            return by_case(Report.model_validate_json(text))
        except ValidationError:
            return TypeAdapter(dict[str, bool]).validate_json(text, strict=True)
    except (OSError, ValueError) as error:
        allowed = "a file that `rackrate eval --out` or `--write-baseline` wrote"
        raise InputError("baseline", str(path), allowed) from error
