"""`rackrate catalog`: chips, models and prices with their sources and dates; adding one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tools.errors import FactAbsent

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from tools.catalog import Catalog, Price

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
_AS_OF = click.option("--as-of", "as_of", help="Prices up to this date, such as 2024-12-31, 2024-Q4 or 2024.")


@click.group("catalog")
def command() -> None:
    """Chips, models and prices, each fact with its source and date."""


@command.command()
@_JSON
def chips(as_json: bool) -> None:
    """Every chip: memory, bandwidth, dense peaks, link, power, latest rent."""
    from tools.catalog.describe import chip_row

    catalog = _catalog()
    rows = [chip_row(catalog, chip) for chip in catalog.chips.values()]
    if as_json:
        return _print_json(rows)
    table = _table("chip", "GB", "TB/s", "bf16 TF", "fp8 TF", "link", "W", "$/h", "quarter")
    for row in rows:
        table.add_row(
            row["id"], _n(row["memory_gb"]), _n(row["bandwidth_tb_per_s"]), _n(row["peak_tflops"].get("bf16")),
            _n(row["peak_tflops"].get("fp8")), _n(row["scale_up_gb_per_s"]), _n(row["tdp_w"]),
            _n((row["rental"] or {}).get("usd_per_chip_hour")), (row["rental"] or {}).get("as_of", ""),
        )  # fmt: skip
    console = _console()
    console.print(table)
    console.print(
        "[dim]TF: dense TFLOP/s. link: GB/s one way. $/h: median rent over providers, on demand.[/]"
    )
    return None


@command.command()
@_JSON
def models(as_json: bool) -> None:
    """Every model: parameters, layers, KV cache per token, context length."""
    from tools.catalog.describe import model_row

    catalog = _catalog()
    rows = [model_row(model) for model in catalog.models.values()]
    if as_json:
        return _print_json(rows)
    table = _table("model", "B", "active", "KV/token", "context", "weights", "released")
    for row in rows:
        table.add_row(
            row["id"], _billions(row["params_total"]), _billions(row["params_active"]),
            _n(row["kv_elements_per_token"]), _n(row["context_length"]),
            row["native_precision"] if row["open_weights"] else "closed", row["release_date"] or "",
        )  # fmt: skip
    _console().print(table)
    return None


@command.command()
@click.argument("chip", required=False)
@click.option("--kind", help="hyperscaler, neocloud, marketplace, managed or index (default: all).")
@click.option("--term", default="on-demand", show_default=True, help="on-demand, spot, reserved-1y, …")
@_AS_OF
@click.option(
    "--chart", is_flag=False, flag_value="-", metavar="[FILE]", help="Plot it; to FILE as .png or .svg."
)
@_JSON
def prices(
    chip: str | None, kind: str | None, term: str, as_of: str | None, chart: str | None, as_json: bool
) -> None:
    """Rental prices: of every chip now, or one chip's history by kind of provider."""
    from tools.catalog.describe import price_chart, price_row

    catalog = _catalog()
    if chip is None:
        return _all_prices(catalog, kind, term, as_of, as_json)
    found = catalog.chip(chip)
    now = catalog.rental_price(found, as_of, kind, term)
    rows = [
        p
        for p in catalog.rental_history(found, None if kind in (None, "market") else kind, term)
        if p.as_of <= now.as_of
    ]
    if as_json:
        return _print_json(
            {"chip": found.id, "price": price_row(now), "history": [price_row(p) for p in rows]}
        )
    console = _console()
    console.print(f"[bold]{found.name}[/]: {_money(now)} per chip-hour, {now.term}, {now.as_of}")
    console.print(_history_table(rows))
    if now.note:
        console.print(f"[dim]{now.note}[/]")
    if chart is not None:
        _chart(console, price_chart(found, rows, term), chart)
    _print_sources(console, [s for p in rows[-6:] for s in p.sources])
    return None


@command.command()
@click.argument("name")
@_JSON
def show(name: str, as_json: bool) -> None:
    """Every fact about a chip, model, hosted model, law or market series: value, source, date, contradictions."""
    from tools.catalog.describe import describe

    entry = describe(_catalog(), name)
    if as_json:
        return _print_json(entry)
    console = _console()
    console.print(f"[bold]{entry['name']}[/]  [dim]{entry['kind']} {entry['id']}[/]")
    if entry["aliases"]:
        console.print(f"[dim]also: {', '.join(entry['aliases'][:12])}[/]")
    numbers: dict[str, int] = {}
    table = _table("fact", "value", "range", "as of", "source")
    for fact in entry["facts"]:
        number = numbers.setdefault(_source_line(fact["source"]), len(numbers) + 1)
        table.add_row(fact["name"], _value(fact), _range(fact), fact["as_of"], f"({number})")
    console.print(table)
    noted: dict[str, list[str]] = {}
    for fact in entry["facts"]:
        if note := _note(fact):
            noted.setdefault(note, []).append(fact["name"])
    for note, names in noted.items():
        about = ", ".join(names) if len(names) < 4 else f"{names[0]} to {names[-1]}"
        console.print(f"[bold]{about}[/] {note}", highlight=False)
    for line in entry["remarks"]:
        console.print(line, highlight=False)
    for line, number in numbers.items():
        console.print(f"[dim]({number}) {line}[/]", highlight=False, soft_wrap=True)
    return None


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--id", "entry_id", help="Id of a model read from config.json (default: from the file).")
@_JSON
def add(file: Path, entry_id: str | None, as_json: bool) -> None:
    """Add a Hugging Face config.json, or a YAML of your own chips, models or prices."""
    from tools.catalog.additions import add as add_file
    from tools.catalog.store import default_home

    added = add_file(file, default_home(), entry_id=entry_id)
    if as_json:
        return _print_json(
            {"kind": added.kind, "ids": list(added.ids), "file": str(added.file), "notes": list(added.notes)}
        )
    for name in added.ids:
        click.echo(f"added {added.kind} {name}")
    for note in added.notes:
        click.echo(f"note: {note}")
    return None


# Printing


def _all_prices(catalog: Catalog, kind: str | None, term: str, as_of: str | None, as_json: bool) -> None:
    from tools.catalog.describe import price_row

    rows = []
    for chip in catalog.rentals.chips():
        try:
            rows.append((chip, catalog.rental_price(chip, as_of, kind, term)))
        except FactAbsent:
            continue
    if as_json:
        return _print_json([{"chip": chip, **price_row(price)} for chip, price in rows])
    table = _table("chip", "$/chip-hour", "low", "high", "quarter", "rows", "providers")
    for chip, p in rows:
        table.add_row(
            chip,
            f"{p.value:.2f}",
            f"{p.low:.2f}",
            f"{p.high:.2f}",
            p.as_of,
            str(p.n),
            ", ".join(p.providers[:4]),
        )
    console = _console()
    console.print(table)
    console.print(f"[dim]Median over providers, {term}; `rackrate catalog prices CHIP` gives the history.[/]")
    return None


def _history_table(rows: list[Price]) -> Table:
    table = _table("quarter", "kind", "median", "low", "high", "rows", "providers")
    for p in rows:
        table.add_row(
            p.as_of,
            p.kind,
            f"{p.value:.2f}",
            f"{p.low:.2f}",
            f"{p.high:.2f}",
            str(p.n),
            ", ".join(p.providers[:4]),
        )
    return table


def _chart(console: Console, spec: dict[str, Any], target: str) -> None:
    from api.charts import write_spec
    from api.cli.plot import draw

    if target == "-":
        plot = draw(spec, console.width)
        if plot is not None:
            console.print(plot)
        return
    write_spec(spec, Path(target))
    console.print(f"chart written to {target}")


def _source_line(source: dict[str, Any]) -> str:
    return f"{source['title']}, {source['url']}" if source["url"] else str(source["title"])


def _print_sources(console: Console, sources: list[Any]) -> None:
    unique = {source.title: source for source in sources}
    for source in unique.values():
        console.print(
            f"[dim]source: {source.title}{f', {source.url}' if source.url else ''}[/]", soft_wrap=True
        )


def _catalog() -> Catalog:
    from tools.catalog import load

    return load()


def _console() -> Console:
    from rich.console import Console

    return Console()


def _table(*columns: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), collapse_padding=True)
    words = (
        "fact",
        "chip",
        "model",
        "source",
        "providers",
        "kind",
        "quarter",
        "range",
        "weights",
        "released",
    )
    for column in columns:
        wraps = column in ("providers", "value")
        table.add_column(
            column, justify="left" if column in words else "right", overflow="fold", no_wrap=not wraps
        )
    return table


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def _n(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1e3 else f"{value:.4g}"


def _billions(value: float | None) -> str:
    return "" if value is None else f"{value / 1e9:,.4g}"


def _money(price: Price) -> str:
    return f"${price.value:.2f} ({price.low:.2f} to {price.high:.2f}, {price.n} rows)"


def _value(fact: dict[str, Any]) -> str:
    value = fact["value"] if isinstance(fact["value"], str) else _n(fact["value"])
    return f"{value} {fact['unit'] or ''}".strip()


def _range(fact: dict[str, Any]) -> str:
    if fact["low"] is None and fact["high"] is None:
        return ""
    low = fact["low"] if fact["low"] is not None else fact["value"]
    high = fact["high"] if fact["high"] is not None else fact["value"]
    return f"{_n(low)} to {_n(high)}"


def _note(fact: dict[str, Any]) -> str:
    others = [f"{_n(o['value']) if not isinstance(o['value'], str) else o['value']} ({o['why_not'] or o['source']})"
              for o in fact["others"]]  # fmt: skip
    return "; ".join(
        [*([fact["note"]] if fact["note"] else []), *(["others: " + ", ".join(others)] if others else [])]
    )
