"""`rackrate sweep`: the serving model over a product of lists, to Parquet."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click

CHART_KINDS = (".json", ".png", ".svg")


@click.command("sweep")
@click.argument("spec_json", metavar="SPEC.json", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The Parquet file to write.")
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Where to compute.",
)
@click.option("--pareto", is_flag=True, help="Also write the fronts of cost against speed, by model.")
@click.option(
    "--chart",
    type=click.Path(path_type=Path),
    help="Draw the fronts to a .png, .svg or .json (Vega-Lite) file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON summary and nothing else.")
def command(spec_json: Path, out: Path, engine: str, pareto: bool, chart: Path | None, as_json: bool) -> None:
    """Estimate every combination of the lists in SPEC.json.

    A run that was cut short goes on where it stopped. With --pareto the fronts are written beside the output
    as NAME.pareto.parquet.
    """
    from tools.catalog import load
    from tools.errors import InputError
    from tools.serving.sweep import Sweep
    from tools.serving.sweep_spec import read_spec

    if chart is not None and chart.suffix not in CHART_KINDS:
        raise InputError("--chart", str(chart), f"a file ending in {', '.join(CHART_KINDS)}")
    catalog = load()
    sweep = Sweep(read_spec(spec_json, catalog), catalog)
    started = time.perf_counter()
    rows = _run(sweep, out, engine, quiet=as_json)
    seconds = time.perf_counter() - started
    summary: dict[str, Any] = {
        "out": str(out), "rows": rows, "seconds": seconds, "rows_per_s": rows / seconds if seconds else 0.0,
    }  # fmt: skip
    if pareto or chart is not None:
        summary |= _fronts(out, pareto, chart)
    _report(summary, as_json)


def _run(sweep: Any, out: Path, engine: str, *, quiet: bool) -> int:
    """The sweep with a progress bar on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from tools.serving import sweep as sweeping

    columns = (TextColumn("rows"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as bar:
        task = bar.add_task("rows", total=sweep.spec.rows)
        return sweeping.run(sweep, out, progress=lambda done: bar.advance(task, done), engine=engine)


def _fronts(out: Path, pareto: bool, chart: Path | None) -> dict[str, Any]:
    from tools.serving import sweep_front

    target = out.with_suffix(".pareto.parquet")
    said: dict[str, Any] = {"front_rows": sweep_front.write_fronts(out, target)}
    if chart is not None:
        _draw(sweep_front.chart(target), chart)
        said["chart"] = str(chart)
    if pareto:
        said["pareto"] = str(target)
    else:
        target.unlink()
    return said


def _draw(specification: dict[str, Any], path: Path) -> None:
    from tools.errors import InputError

    if path.suffix == ".json":
        drawn = json.dumps(specification).encode()
    else:
        import vl_convert

        draw = vl_convert.vegalite_to_png if path.suffix == ".png" else vl_convert.vegalite_to_svg
        made = draw(specification)
        drawn = made if isinstance(made, bytes) else made.encode()
    try:
        path.write_bytes(drawn)
    except OSError as error:
        raise InputError("--chart", str(path), f"a path that can be written ({error.strerror})") from error


def _report(summary: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(summary))
        return
    click.echo(
        f"{summary['rows']:,} rows in {summary['seconds']:.1f} s ({summary['rows_per_s']:,.0f}/s): {summary['out']}"
    )
    if "front_rows" in summary:
        where = summary.get("pareto") or summary.get("chart")
        click.echo(f"{summary['front_rows']} rows on the fronts of cost against speed: {where}")
