"""`rackrate catalog`: chips, models and prices with their sources and dates; adding one's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tools.errors import FactAbsent, UnknownName

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from tools.catalog import Catalog, Chip, Fact, Model, Price

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
_AS_OF = click.option("--as-of", "as_of", help="Prices up to this date, such as 2024-12-31, 2024-Q4 or 2024.")


@click.group("catalog")
def command() -> None:
    """Chips, models and prices, each fact with its source and date."""


@command.command()
@_JSON
def chips(as_json: bool) -> None:
    """Every chip: memory, bandwidth, dense peaks, link, power, latest rent."""
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
    catalog = _catalog()
    rows = [model_row(model) for model in catalog.models.values()]
    if as_json:
        return _print_json(rows)
    table = _table("model", "params B", "active B", "layers", "KV/token", "context", "weights", "released")
    for row in rows:
        table.add_row(
            row["id"], _billions(row["params_total"]), _billions(row["params_active"]), _n(row["layers"]),
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


# What the commands show, as plain data


def chip_row(catalog: Catalog, chip: Chip) -> dict[str, Any]:
    """One line of `catalog chips`."""
    try:
        price: Price | None = catalog.rental_price(chip)
    except FactAbsent:
        price = None
    return {
        "id": chip.id,
        "name": chip.name,
        "vendor": chip.vendor,
        "release_date": chip.release_date,
        "memory_gb": _scaled(chip.memory_bytes, 1e9),
        "bandwidth_tb_per_s": _scaled(chip.bandwidth_bytes_per_s, 1e12),
        "peak_tflops": {name: _scaled(rate, 1e12) for name, rate in chip.peak_flops.items()},
        "scale_up_gb_per_s": _scaled(chip.scale_up_bytes_per_s, 1e9),
        "tdp_w": chip.tdp_w,
        "rental": {"usd_per_chip_hour": price.value, "as_of": price.as_of} if price else None,
    }


def model_row(model: Model) -> dict[str, Any]:
    """One line of `catalog models`."""
    names = (
        "id", "name", "maker", "open_weights", "params_total", "params_active", "layers",
        "kv_elements_per_token", "context_length", "native_precision", "release_date",
    )  # fmt: skip
    return {name: getattr(model, name) for name in names}


def price_row(price: Price) -> dict[str, Any]:
    """One price of the history, with its sources."""
    names = ("as_of", "kind", "term", "value", "low", "high", "unit", "n", "note")
    row = {name: getattr(price, name) for name in names}
    return {**row, "providers": list(price.providers), "sources": [s.model_dump() for s in price.sources]}


def describe(catalog: Catalog, name: str) -> dict[str, Any]:
    """Everything known about a name, whatever it names.

    Raises:
        UnknownName: neither a chip, a model, a hosted model, a law nor a market series; nearest of all.
    """
    nearest: list[str] = []
    for look in (_describe_chip, _describe_model, _describe_law, _describe_series, _describe_api):
        try:
            return look(catalog, name)
        except UnknownName as error:
            nearest += error.nearest
    raise UnknownName("name", name, tuple(dict.fromkeys(nearest))[:4])


def _describe_chip(catalog: Catalog, name: str) -> dict[str, Any]:
    chip = catalog.chip(name)
    facts = [fact_row(fact) for fact in chip.facts.values()]
    facts += _price_facts(catalog, chip)
    return {
        "kind": "chip", "id": chip.id, "name": chip.name, "aliases": list(chip.aliases), "facts": facts,
        "remarks": ["Peaks are dense; the link is one way per chip; memory is the vendor's label in decimal GB."],
    }  # fmt: skip


def _price_facts(catalog: Catalog, chip: Chip) -> list[dict[str, Any]]:
    looks: dict[str, Callable[[Chip], Price]] = {
        "rental_price": catalog.rental_price,
        "purchase_price": catalog.purchase_price,
        "build_cost": catalog.build_cost,
    }
    rows = []
    for label, look in looks.items():
        try:
            price = look(chip)
        except FactAbsent:
            continue
        spread = price.high > price.low
        rows.append(
            {
                "name": label,
                "value": price.value,
                "unit": price.unit,
                "low": price.low if spread else None,
                "high": price.high if spread else None,
                "as_of": price.as_of,
                "note": price.note,
                "source": price.sources[0].model_dump(),
                "others": [],
            }
        )
    return rows


def _describe_model(catalog: Catalog, name: str) -> dict[str, Any]:
    model = catalog.model(name)
    remarks = []
    if not model.open_weights:
        remarks.append("Its architecture is not public, so memory and speed cannot be computed.")
    elif (elements := model.kv_elements_per_token) is not None:
        remarks.append(f"A token adds {elements:,.0f} numbers to the KV cache.")
    return {
        "kind": "model",
        "id": model.id,
        "name": model.name,
        "aliases": list(model.aliases),
        "facts": [*(fact_row(fact) for fact in model.facts.values()), *_token_prices(catalog, name)],
        "remarks": remarks,
    }


def _token_prices(catalog: Catalog, name: str) -> list[dict[str, Any]]:
    """What the maker or hosts charge for a model's tokens, as facts; none when nobody lists it."""
    try:
        price = catalog.api_price(name)
    except (FactAbsent, UnknownName):
        return []
    named = (("input_price", price.input, 0), ("cached_input_price", price.cached_input, None))
    rows = []
    for label, value, side in (*named, ("output_price", price.output, 1)):
        if value is None:
            continue
        low = price.low[side] if price.low and side is not None else None
        high = price.high[side] if price.high and side is not None else None
        rows.append(
            {
                "name": label,
                "value": value,
                "unit": price.unit,
                "low": low,
                "high": high,
                "as_of": price.as_of,
                "note": price.note,
                "source": price.source.model_dump(),
                "others": [],
            }
        )
    return rows


def _describe_law(catalog: Catalog, name: str) -> dict[str, Any]:
    law = catalog.law(name)
    source = law.source.model_dump()
    values = {
        "parameters": law.parameters, "tokens_per_param": law.tokens_per_param, "coefficient": law.coefficient,
        "exponent": law.exponent,
    }  # fmt: skip
    facts = [
        {"name": n, "value": str(v), "unit": None, "low": None, "high": None, "as_of": source["as_of"] or "",
         "note": law.note, "source": source, "others": []}
        for n, v in values.items() if v is not None
    ]  # fmt: skip
    return {
        "kind": "law",
        "id": law.id,
        "name": law.name,
        "aliases": list(law.aliases),
        "facts": facts,
        "remarks": [],
    }


def _describe_series(catalog: Catalog, name: str) -> dict[str, Any]:
    series = catalog.market.get(name)
    facts = [
        {"name": p.label or p.at, "value": p.value, "unit": p.unit, "low": p.low, "high": p.high, "as_of": p.at,
         "note": p.note, "source": p.source.model_dump(), "others": []}
        for p in series.points
    ]  # fmt: skip
    return {
        "kind": "series",
        "id": series.id,
        "name": series.what,
        "aliases": [],
        "facts": facts,
        "remarks": [],
    }


def _describe_api(catalog: Catalog, name: str) -> dict[str, Any]:
    price = catalog.api_price(name)
    return {
        "kind": "api_model",
        "id": price.model,
        "name": f"{price.model} at {price.provider}",
        "aliases": [],
        "facts": _token_prices(catalog, name),
        "remarks": [f"Released {price.released}."] if price.released else [],
    }


def fact_row(fact: Fact) -> dict[str, Any]:
    """A fact as plain data: value, unit, range, source, and what other sources say."""
    return {
        "name": fact.name, "value": fact.value, "unit": fact.unit, "low": fact.low, "high": fact.high,
        "as_of": fact.as_of, "note": fact.note, "source": fact.source.model_dump(),
        "others": [{"value": o.value, "source": o.source.title, "why_not": o.why_not} for o in fact.others],
    }  # fmt: skip


def price_chart(chip: Chip, rows: list[Price], term: str) -> dict[str, Any]:
    """Vega-Lite lines of the history, one per kind of provider; the quarter is drawn at its middle."""
    values = [
        {"year": round(int(p.as_of[:4]) + (int(p.as_of[-1]) - 0.5) / 4, 3), "quarter": p.as_of, "usd": p.value,
         "kind": p.kind} for p in rows
    ]  # fmt: skip
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": f"{chip.name}, {term} rent",
        "data": {"values": values},
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": {"field": "year", "type": "quantitative", "title": "year", "scale": {"zero": False},
                  "axis": {"format": ".2f"}},
            "y": {"field": "usd", "type": "quantitative", "title": "USD per chip-hour"},
            "color": {"field": "kind", "type": "nominal", "title": "provider"},
        },
    }  # fmt: skip


# Printing


def _all_prices(catalog: Catalog, kind: str | None, term: str, as_of: str | None, as_json: bool) -> None:
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
    from api.cli.plot import draw, write_spec

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


def _scaled(value: float | None, unit: float) -> float | None:
    return None if value is None else round(value / unit, 6)


def _n(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"


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
