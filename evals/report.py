"""The report of a run: JSON that is the product, an HTML page of it, and what changed against a baseline."""

from __future__ import annotations

import html
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


_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1c2430;background:#fff}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #dde}
summary{cursor:pointer;padding:.35rem 0}.ok{color:#0a7a3f}.no{color:#b3261e}pre{white-space:pre-wrap;background:#f5f6fa;padding:.7rem}
@media(prefers-color-scheme:dark){body{background:#12161c;color:#dfe5ee}td,th{border-color:#2c3542}pre{background:#1b222c}
.ok{color:#5ad38c}.no{color:#ff8a80}}
"""


def as_html(report: Report, change: Change | None = None) -> str:
    """The report as one page without scripts: scores, then every case with its steps."""
    rows = "".join(
        f"<tr><td>{html.escape(kind)}<td>{s.passed}/{s.n}<td>"
        + ", ".join(f"{html.escape(n)} {good}/{of}" for n, (good, of) in s.checks.items())
        for kind, s in report.scores.items()
    )
    changes = ""
    if change is not None:
        changes = f"<p>Against the baseline: {len(change.broken)} broken, {len(change.mended)} mended.</p>"
    cases = "".join(_case(o) for o in sorted(report.outcomes, key=lambda o: (o.passed, o.case)))
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>rackrate eval</title>"
        f"<style>{_STYLE}</style><h1>{report.passed} of {len(report.outcomes)} passed</h1>"
        f"<p>{html.escape(report.way)} ({html.escape(report.behaviour)}), {report.made_at}; p50 {report.p50_ms:.1f} ms, "
        f"p99 {report.p99_ms:.1f} ms; {report.seconds:.1f} s; ${report.usd:.4f}; answered but wrong: "
        f"{report.answered_but_wrong}</p>{changes}<table><tr><th>kind<th>passed<th>checks{rows}</table>{cases}"
    )


def _case(outcome: Outcome) -> str:
    mark = "<b class=ok>pass</b>" if outcome.passed else "<b class=no>FAIL</b>"
    checks = "".join(
        f"<li class={'ok' if ok else 'no'}>{html.escape(name)}: {html.escape(reason)}"
        for name, (ok, reason) in outcome.checks.items()
    )
    steps = ""
    if outcome.answer:
        calls = "\n".join(
            f"{i}. {t.tool} {t.input}\n   → {t.error or t.formula or t.output}"
            for i, t in enumerate(outcome.answer.tool_calls, 1)
        )
        cited = "\n".join(f"[{c.source} {c.start or c.page}] {c.text}" for c in outcome.answer.citations[:3])
        steps = f"<pre>{html.escape(calls)}</pre><pre>{html.escape(outcome.answer.text)}</pre><pre>{html.escape(cited)}</pre>"
    error = f"<p class=no>{html.escape(outcome.error)}</p>" if outcome.error else ""
    return (
        f"<details><summary>{mark} {html.escape(outcome.case)}: {html.escape(outcome.question)}</summary>"
        f"<ul>{checks}</ul>{error}{steps}</details>"
    )
