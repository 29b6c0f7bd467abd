"""`rackrate simulate`: a request-level serving simulation of a trace."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tools.catalog import Catalog, Chip
    from tools.serving.deployment import Deployment
    from tools.serving.simulation import Run
    from tools.serving.trace import Trace

LONG_TRACE = 2_000


@click.command("simulate")
@click.argument("trace_csv", metavar="[TRACE.csv]", required=False, type=click.Path(path_type=Path))
@click.option("--model", required=True, help="The model served.")
@click.option("--chip", required=True, help="The accelerator.")
@click.option(
    "--n-chips", type=click.IntRange(1, 1_000_000), help="Default: the fewest that hold the weights."
)
@click.option("--tensor-parallel", type=click.IntRange(1, 1_000_000), help="Chips a layer is split over.")
@click.option("--precision", help="Weights: bf16, fp8, fp4, int4 … Default: the checkpoint's own.")
@click.option("--kv-precision", default="bf16", show_default=True, help="KV cache.")
@click.option("--engine", help="Serving engine: vllm, sglang, trt-llm …")
@click.option("--poisson", type=float, metavar="RATE", help="Draw arrivals at RATE requests per second.")
@click.option("--requests", type=int, default=1000, show_default=True, help="Requests to draw.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True)
@click.option(
    "--input-tokens",
    type=click.FloatRange(1, 1e7),
    default=1000,
    show_default=True,
    help="Mean prompt drawn.",
)
@click.option(
    "--output-tokens",
    type=click.FloatRange(1, 1e7),
    default=500,
    show_default=True,
    help="Mean answer drawn.",
)
@click.option("--spread", type=float, default=0.5, show_default=True,
              help="Standard deviation of drawn lengths over their mean.")  # fmt: skip
@click.option(
    "--clients",
    type=click.IntRange(1, 1_000_000),
    help="Closed loop: so many clients, each sends when answered.",
)
@click.option("--reserve-output", type=click.FloatRange(0, 1), default=0.0, show_default=True,
              help="Share of an answer's cache set aside at admission; 0 may preempt.")  # fmt: skip
@click.option(
    "--usd-per-chip-hour", type=click.FloatRange(0, 1e6), help="Default: the catalogue's rental price."
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Write every request with its times to this CSV."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def command(trace_csv: Path | None, out: Path | None, as_json: bool, usd_per_chip_hour: float | None,
            clients: int | None, reserve_output: float, **options: Any) -> None:  # fmt: skip
    """Serve a trace of requests one by one, with continuous batching, and print what people would see.

    TRACE.csv has the columns arrival_s, input_tokens, output_tokens. Without it --poisson draws one; with both,
    the lengths come from the file and the arrivals are drawn.
    """
    from tools.catalog import load
    from tools.serving import simulation, trace

    catalog = load()
    requests = _trace(trace_csv, options)
    deployment, said = _deployment(catalog, options)
    price, source = _price(catalog, deployment.chip, usd_per_chip_hour)
    started = time.perf_counter()
    with _bar(len(requests), quiet=as_json) as advance:
        made = simulation.run(
            requests, deployment, clients=clients, output_reserved=reserve_output, progress=advance
        )
    found = simulation.summary(made, price)
    found["assumptions"] = [*said, *found["assumptions"], *source]
    found["seconds"] = time.perf_counter() - started
    if out is not None:
        trace.write(out, requests, made.outcomes)
    if as_json:
        click.echo(json.dumps(found, allow_nan=False))
    else:
        _print(found, made)


def _trace(path: Path | None, options: dict[str, Any]) -> Trace:
    from tools.errors import MissingInput
    from tools.serving import trace

    rate = options["poisson"]
    lengths = trace.read(path) if path is not None else None
    if rate is None:
        if lengths is None:
            raise MissingInput("TRACE.csv", "a trace file, or --poisson RATE to draw one")
        return lengths
    drawn = {name: options[name] for name in ("input_tokens", "output_tokens", "spread")}
    return trace.poisson(rate, options["requests"], options["seed"], lengths=lengths, **drawn)


def _deployment(catalog: Catalog, options: dict[str, Any]) -> tuple[Deployment, list[str]]:
    """The deployment asked for, and what had to be assumed."""
    from tools.errors import InputError
    from tools.serving.deployment import Deployment, weight_bytes

    model, chip = catalog.model(options["model"]), catalog.chip(options["chip"])
    said = []
    given = options["precision"]
    precision = _format(given or model.native_precision, "precision")
    if given is None:
        said.append(f"Weights in {precision}, as the checkpoint stores them")
    n_chips = options["n_chips"]
    if n_chips is None:
        need = weight_bytes(model, precision) / (0.85 * (chip.memory_bytes or float("inf")))
        n_chips = 1
        while n_chips < need:
            n_chips *= 2
        said.append(f"On {n_chips} × {chip.name}, the fewest that hold the weights")
    if (options["tensor_parallel"] or 1) > n_chips:
        raise InputError("tensor_parallel", options["tensor_parallel"], f"at most the {n_chips} chips")
    return Deployment(
        model=model, chip=chip, n_chips=n_chips, weight_precision=precision,
        kv_precision=_format(options["kv_precision"], "kv_precision"), tensor_parallel=options["tensor_parallel"],
        engine=options["engine"],
    ), said  # fmt: skip


def _format(given: str, field: str) -> str:
    from tools.errors import InputError
    from tools.serving.precision import NAMES, canonical

    found = canonical(given)
    if found not in NAMES:
        raise InputError(field, given, ", ".join(NAMES))
    return str(found)


def _price(catalog: Catalog, chip: Chip, given: float | None) -> tuple[float | None, list[str]]:
    """USD per chip-hour, and where it is from; nothing where no price is known."""
    from tools.errors import RackrateError

    if given is not None:
        return given, []
    try:
        price = catalog.rental_price(chip)
    except RackrateError:
        return None, [f"No rental price of {chip.name} is known, so no cost"]
    return price.value, [f"${price.value:.2f} per chip-hour, the catalogue's rental price of {price.as_of}"]


@contextmanager
def _bar(total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error for a long trace; nothing for a short one."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("requests"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    hidden = quiet or total < LONG_TRACE
    with Progress(*columns, console=Console(stderr=True), disable=hidden, transient=True) as bar:
        task = bar.add_task("requests", total=total)
        yield lambda done: bar.update(task, completed=done)


def _print(found: dict[str, Any], made: Run) -> None:
    from api.cli import plot, render
    from tools.serving import simulation
    from tools.units import format_number

    out = render.console()
    out.print(
        f"[bold]{found['finished']:,} of {found['requests']:,} requests[/bold] of {found['model']} on "
        f"{found['n_chips']} × {found['chip']} in {format_number(found['duration_s'])} s: "
        f"{_rate(found['output_tokens_per_s'])} output tokens/s, {_rate(found['requests_per_s'])} requests/s"
    )
    names = {"ttft_s": "time to first token (ms)", "tpot_s": "time per output token (ms)",
             "latency_s": "whole answer (ms)", "queue_s": "waiting to start (ms)"}  # fmt: skip
    columns = ("mean", "p50", "p90", "p95", "p99", "max")
    rows = [[said, *(1e3 * found[key][c] for c in columns)] for key, said in names.items() if found[key]]
    out.print(render.table({"columns": ["", *columns], "rows": rows}))
    specification = simulation.chart(made)
    drawn = plot.draw(specification, min(out.width - 2, 72)) if specification else None
    if drawn is not None:
        out.print(drawn)
    lines = [
        f"At most {found['peak_requests_in_server']:,} requests at once, {_rate(found['mean_requests_in_server'])} on "
        f"average; busy {100 * (found['busy_share'] or 0):.0f} % of the time; cache at most "
        f"{100 * found['peak_cache_share']:.0f} % full; {found['preemptions']:,} preemptions"
    ]
    cost = found["cost"]
    if cost and "usd_per_request" in cost:
        lines.append(
            f"${format_number(cost['usd_total'])} of chips: ${format_number(cost['usd_per_mtok_output'])} per million "
            f"output tokens, ${format_number(cost['usd_per_request'])} a request"
        )
    for line in (
        *lines,
        *(f"Warning: {w}" for w in found["warnings"]),
        *(f"Assumed: {a}" for a in found["assumptions"]),
    ):
        out.print(line, markup=False)


def _rate(value: float | None) -> str:
    from tools.units import format_number

    return "–" if value is None else format_number(value)
