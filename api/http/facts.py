"""The catalogue's facts and the claims ledger, for the page and for programs."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from fastapi import APIRouter, Request

from api.http.guard import Reader, service_of
from tools.catalog import Catalog
from tools.catalog.describe import chip_row, describe, model_row, price_chart, price_row
from tools.errors import FactAbsent

router = APIRouter(prefix="/v1", tags=["facts"])

Kind = Literal["chips", "models", "prices"]
TERM = "on-demand"


@router.get("/catalog/{kind}")
async def listing(kind: Kind, request: Request, _: Reader) -> list[dict[str, Any]]:
    """Chips, models, or the latest rent of every chip."""
    catalog = service_of(request).agent.toolbox.catalog
    if kind == "models":
        return [model_row(model) for model in catalog.models.values()]
    if kind == "chips":
        return [_flat(chip_row(catalog, chip)) for chip in catalog.chips.values()]
    return _rents(catalog)


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """A chip as one line: the peaks people compare, and the latest rent."""
    peaks, rental = row.pop("peak_tflops"), row.pop("rental") or {}
    row |= {f"{name}_tflops": peaks.get(name) for name in ("bf16", "fp8", "fp4")}
    return row | {"rent_usd_per_hour": rental.get("usd_per_chip_hour"), "rent_as_of": rental.get("as_of")}


def _rents(catalog: Catalog) -> list[dict[str, Any]]:
    rows = []
    for chip in catalog.chips.values():
        try:
            price = price_row(catalog.rental_price(chip))
        except FactAbsent:
            continue
        names = ("value", "low", "high", "unit", "as_of", "kind", "term", "n", "providers", "sources")
        rows.append({"chip": chip.id, "name": chip.name, **{name: price[name] for name in names}})
    return rows


@router.get("/catalog/prices/{chip}")
async def rent_history(chip: str, request: Request, _: Reader) -> dict[str, Any]:
    """What a chip rents for on demand, quarter by quarter and kind of provider, with sources and a chart."""
    catalog = service_of(request).agent.toolbox.catalog
    found = catalog.chip(chip)
    rows = catalog.rental_history(found, None, TERM)
    return {
        "chip": found.id, "name": found.name, "history": [price_row(p) for p in rows],
        "chart": price_chart(found, rows, TERM) if rows else None,
    }  # fmt: skip


@router.get("/catalog/entry/{name}")
async def entry(name: str, request: Request, _: Reader) -> dict[str, Any]:
    """Everything known about a name: each fact with source, date and what other sources say."""
    return describe(service_of(request).agent.toolbox.catalog, name)


@router.get("/claims")
async def claims(request: Request, _: Reader) -> list[dict[str, Any]]:
    """Every claim of the built-in pack, computed again."""
    service = service_of(request)
    if service.claims is None:
        from agent.claims import check_claims, load_claims

        found = await asyncio.to_thread(check_claims, load_claims(), service.agent.toolbox.catalog)
        service.claims = [check.model_dump(mode="json") for check in found]
    return service.claims
