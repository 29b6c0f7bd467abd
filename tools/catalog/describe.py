"""What the catalogue knows, as plain data: rows of lists, every fact about a name, a chart of prices.

The command line prints it and the HTTP service may return it as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tools.errors import FactAbsent, UnknownName

if TYPE_CHECKING:
    from tools.catalog.catalog import Catalog
    from tools.catalog.chips import Chip
    from tools.catalog.facts import Fact
    from tools.catalog.models import Model
    from tools.catalog.prices import Price


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
    facts: list[dict[str, Any]] = [
        {
            "name": p.label or p.at,
            "value": p.value,
            "unit": p.unit,
            "low": p.low,
            "high": p.high,
            "as_of": p.at,
            "note": p.note,
            "source": p.source.model_dump(),
            "others": [],
        }
        for p in series.points
    ]
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
                  "axis": {"format": "d", "tickMinStep": 1}},
            "y": {"field": "usd", "type": "quantitative", "title": "USD per chip-hour"},
            "color": {"field": "kind", "type": "nominal", "title": "provider"},
        },
    }  # fmt: skip


def _scaled(value: float | None, unit: float) -> float | None:
    return None if value is None else round(value / unit, 6)
