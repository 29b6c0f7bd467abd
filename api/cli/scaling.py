"""`rackrate fit-scaling`: fit a scaling law to a file of training runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tools.scaling.fit import LawFit

MAX_RESAMPLES = 10_000_000


@click.command("fit-scaling")
@click.argument("runs_csv", metavar="RUNS.csv", type=click.Path(path_type=Path))
@click.option("--bootstrap", "resamples", type=click.IntRange(0, MAX_RESAMPLES), default=0, metavar="N",
              help="Refit N resamples for intervals (the replication takes 4000).")  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=42, show_default=True,
              help="Seed of the resamples, as numpy's RandomState takes it.")  # fmt: skip
@click.option("--drop", "dropped", type=click.IntRange(0), default=5, show_default=True,
              help="Highest losses to leave out.")  # fmt: skip
@click.option("--delta", type=click.FloatRange(0, min_open=True), default=1e-3, show_default=True,
              help="Where the Huber loss on log loss turns linear.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def command(runs_csv: Path, resamples: int, seed: int, dropped: int, delta: float, as_json: bool) -> None:
    """Fit L(N, D) = E + A/N^alpha + B/D^beta to training runs.

    RUNS.csv has the columns "Model Size", "Training FLOP" and "loss" (or N, C or D, L).
    """
    from tools.scaling import fit as scaling_fit

    runs = scaling_fit.read_runs(runs_csv)
    found = scaling_fit.fit(runs, dropped=dropped, delta=delta)
    if resamples:
        scaling_fit.add_bootstrap(found, runs, resamples=resamples, seed=seed, dropped=dropped, delta=delta)
    if as_json:
        click.echo(json.dumps(found.as_json(), allow_nan=False))
    else:
        _print(found)


def _print(found: LawFit) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.print(
        f"[bold]L(N, D) = {found.E:.5g} + {found.A:.5g}/N^{found.alpha:.5g} + {found.B:.5g}/D^{found.beta:.5g}[/bold]"
    )
    table = Table("parameter", "value", "median", "80 %", "95 %")
    for name in ("A", "B", "E", "alpha", "beta"):
        spread = found.intervals.get(name)
        ends = (
            [f"{spread[k][0]:.5g} to {spread[k][1]:.5g}" for k in ("ci80", "ci95")] if spread else ["–", "–"]
        )
        table.add_row(
            name, f"{getattr(found, name):.6g}", f"{spread['median']:.6g}" if spread else "–", *ends
        )
    console.print(table)
    took = ", ".join(f"{name.replace('_', ' ')} {value:.2f} s" for name, value in found.seconds.items())
    console.print(f"Objective {found.objective:.13g} over {found.n} runs; {took}")
