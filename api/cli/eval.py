"""`rackrate eval`: the eval suite, and its gate."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from rich.table import Table

    from evals.cases import EvalCase
    from evals.mocked import Behaviour
    from evals.report import Change, Report
    from evals.run import Outcome, Way

WAYS = ("offline", "anthropic", "openai", "mocked", "live")


@click.command("eval")
@click.argument("suite", required=False)
@click.option(
    "--way",
    type=click.Choice(WAYS),
    default="offline",
    show_default=True,
    help="Offline, a mocked API, the whole mocked suite (both, every behaviour, the fault table), or live.",
)
@click.option(
    "--behaviour", default="good", show_default=True, help="How a mocked API behaves, such as wrong_number."
)
@click.option(
    "--epochs", type=click.IntRange(1, 100), default=1, show_default=True, help="Runs of each case."
)
@click.option("--parallel", type=click.IntRange(1, 64), default=4, show_default=True, help="Cases at a time.")
@click.option("--baseline", type=click.Path(path_type=Path), help="A report or baseline to compare with.")
@click.option(
    "--fail-on-regression", is_flag=True, help="Exit with 1 when a case passed in the baseline and fails now."
)
@click.option("--html", "page", type=click.Path(path_type=Path), help="Write the report as a page.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the report as JSON.")
@click.option(
    "--write-baseline",
    type=click.Path(path_type=Path),
    help="Write which cases passed, to compare with later.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON and nothing else.")
def command(
    suite: str | None,
    way: Way | Literal["mocked"],
    behaviour: Behaviour,
    epochs: int,
    parallel: int,
    baseline: Path | None,
    fail_on_regression: bool,
    page: Path | None,
    out: Path | None,
    write_baseline: Path | None,
    as_json: bool,
) -> int:
    """Run the eval suite (or SUITE: a name or a YAML file) and print the scores.

    Example: rackrate eval --baseline last.json --fail-on-regression --html report.html
    """
    from evals import report as reports
    from evals.cases import suite as load_suite
    from evals.mocked import BEHAVIOURS

    if behaviour not in BEHAVIOURS:
        raise click.UsageError(f"behaviour is {behaviour!r}; allowed: {', '.join(BEHAVIOURS)}")
    if fail_on_regression and baseline is None:
        raise click.UsageError("--fail-on-regression needs --baseline FILE")
    before = reports.read(baseline) if baseline else None
    cases = load_suite(suite)
    began = time.perf_counter()
    outcomes = _run(cases, way, behaviour, epochs, parallel)
    report = reports.make(outcomes, way=way, behaviour=behaviour, seconds=time.perf_counter() - began)
    change = reports.compare(report, before) if before is not None else None
    if out:
        out.write_text(report.model_dump_json(indent=1), encoding="utf-8")
    if write_baseline:
        passed = dict(sorted(reports.by_case(report).items()))
        write_baseline.write_text(json.dumps(passed, indent=0) + "\n", encoding="utf-8")
    if page:
        from evals.page import page as as_page

        page.write_text(as_page(report, change), encoding="utf-8")
    if as_json:
        click.echo(report.model_dump_json())
    else:
        _print(report, change)
    return 1 if fail_on_regression and change and change.broken else 0


def _run(
    cases: list[EvalCase], way: Way | Literal["mocked"], behaviour: Behaviour, epochs: int, parallel: int
) -> list[Outcome]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from agent.settings import Settings
    from evals import mocked_suite
    from evals.run import Runner

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        whole = mocked_suite.size(cases, epochs) if way == "mocked" else len(cases) * epochs
        task = bar.add_task(f"eval {way}", total=whole)
        if way not in (
            "offline",
            "live",
        ):  # faults are played on purpose: what the log says of them is not news
            logging.getLogger("rackrate").setLevel(logging.ERROR)
        if way == "mocked":
            return asyncio.run(
                mocked_suite.run(Settings(), cases, epochs=epochs, progress=lambda: bar.advance(task))
            )
        runner = Runner(Settings(), way, behaviour)
        try:
            return asyncio.run(
                runner.run(cases, epochs=epochs, parallel=parallel, progress=lambda: bar.advance(task))
            )
        finally:
            runner.close()


def _print(report: Report, change: Change | None) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table(title=f"{report.passed} of {len(report.outcomes)} passed", title_justify="left")
    for heading in ("kind", "passed", "checks"):
        table.add_column(heading)
    for kind, score in report.scores.items():
        checks = ", ".join(f"{name} {good}/{of}" for name, (good, of) in score.checks.items())
        table.add_row(kind, f"{score.passed}/{score.n}", checks)
    console.print(table)
    faulty = [outcome for outcome in report.outcomes if outcome.kind == "fault"]
    if faulty:
        console.print(_fault_table(faulty))
    for outcome in report.outcomes:
        if not outcome.passed:
            failed = "; ".join(f"{n}: {reason}" for n, (ok, reason) in outcome.checks.items() if not ok)
            console.print(f"✗ {outcome.case}: {outcome.question} — {outcome.error or failed}", markup=False)
    console.print(
        f"answered but wrong: {report.answered_but_wrong} · p50 {report.p50_ms:.1f} ms · p99 {report.p99_ms:.1f} ms · "
        f"{report.seconds:.1f} s · ${report.usd:.4f}"
    )
    if change is not None:
        console.print(
            f"against the baseline: {len(change.broken)} broken {change.broken}, {len(change.mended)} mended",
            markup=False,
        )


def _fault_table(outcomes: list[Outcome]) -> Table:
    """What went wrong on the wire, how each provider's answer ended, and the time it took."""
    from rich.table import Table

    table = Table(title="faults at the wire", title_justify="left")
    for heading in ("", "fault", "provider", "took", "ended"):
        table.add_column(heading, justify="right" if heading == "took" else "left")
    for outcome in outcomes:
        mark = "✓" if outcome.passed else "✗"
        name, took = outcome.case.rsplit(" (", 1)[0], f"{outcome.elapsed_ms / 1000:.2f} s"
        table.add_row(mark, name, outcome.way, took, outcome.checks["fault"][1])
    return table
