"""`rackrate benchmark`: one JSON of the speeds of the core and of the offline agent on this machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

PARTS = ("estimate", "sweep", "fit", "simulate", "agent")


@click.command("benchmark")
@click.option(
    "--only", type=click.Choice(PARTS), multiple=True, help="Parts to measure; all of them by default."
)
@click.option(
    "--runs", type=click.Path(path_type=Path), help="Training runs to fit; drawn from a known law by default."
)
@click.option(
    "--sweep-rows", type=click.IntRange(10_000, 1_000_000_000), default=5_000_000, show_default=True
)
@click.option("--resamples", type=click.IntRange(10, 1_000_000), default=4000, show_default=True)
@click.option("--questions", type=click.IntRange(1, 10_000), default=60, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Only JSON on standard output (it is JSON either way).")
def command(
    only: tuple[str, ...], runs: Path | None, sweep_rows: int, resamples: int, questions: int, as_json: bool
) -> None:
    """Measure the speeds of the core, beside numpy, and of the offline agent; print one JSON."""
    from evals import speed
    from tools.scaling.fit import read_runs

    source = read_runs(runs) if runs is not None else speed.synthetic_runs()
    parts: dict[str, Callable[[], Any]] = {
        "estimate": speed.estimates,
        "sweep": lambda: speed.sweep(sweep_rows),
        "fit": lambda: speed.fits(source, resamples),
        "simulate": speed.simulation,
        "agent": lambda: _agent(questions),
    }
    found: dict[str, Any] = {"machine": speed.machine()}
    for name in only or PARTS:
        if not as_json:
            click.echo(f"measuring {name} …", err=True)
        found[name] = parts[name]()
    click.echo(json.dumps(found, indent=None if as_json else 2))


def _agent(count: int) -> dict[str, Any]:
    from api.cli.session import open_agent
    from evals import speed

    agent = open_agent("offline")
    try:
        return speed.answers(agent.ask_now, speed.questions(count))
    finally:
        agent.close()
