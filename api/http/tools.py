"""Calculators without an agent, the catalogue's facts and the knowledge base's passages."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel, ConfigDict, Field

from api.http.guard import Asker, Reader, service_of
from knowledge.citation import Citation
from tools import registry
from tools.contract import CalculatorRun
from tools.sensitivity import Sensitivity, sensitivity

router = APIRouter(prefix="/v1", tags=["tools"])


class ToolInfo(BaseModel):
    """A calculator: what it answers, what it takes, what it gives."""

    name: str
    description: str
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]
    examples: list[dict[str, Any]]


class SearchBody(BaseModel):
    """What to look for."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"query": "neoclouds", "top": 3}]}
    )
    query: str = Field(min_length=1, max_length=2000)
    top: int = Field(5, ge=1, le=20)


@router.get("/tools")
async def list_tools(_: Reader) -> list[ToolInfo]:
    """Every calculator."""
    return [
        ToolInfo(
            name=c.name,
            description=c.description,
            input_schema=c.input_schema,
            output_schema=c.output_schema,
            examples=c.examples,
        )
        for c in registry.calculators().values()
    ]


@router.post("/tools/{name}")
async def run_tool(
    name: str, request: Request, _: Asker, body: Annotated[dict[str, Any], Body()]
) -> CalculatorRun:
    """One run of a calculator. Numbers may be text with units ("$2/hr"); names may be aliases."""
    return registry.run(name, body, catalog=service_of(request).agent.toolbox.catalog)


class Moved(BaseModel):
    """A run whose result is to be moved."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"input": {"site_power_mw": 150, "chip": "h100-sxm"}, "figure": "chips"}]
        },
    )
    input: dict[str, Any] = Field(description="The calculator's input, as for a run")
    figure: str | None = Field(
        None, max_length=120, description="The figure that moves; default: the headline"
    )


@router.post("/tools/{name}/sensitivity")
async def what_moves(name: str, body: Moved, request: Request, _: Asker) -> Sensitivity | None:
    """What changes a result most: each input a fifth lower and higher, choices replaced, the strongest first."""
    catalog = service_of(request).agent.toolbox.catalog
    return await asyncio.to_thread(sensitivity, name, body.input, body.figure, catalog=catalog)


@router.post("/knowledge/search")
async def search(body: SearchBody, request: Request, _: Reader) -> list[Citation]:
    """Passages and claims nearest to the query, each citable to the minute or the page."""
    return await service_of(request).agent.toolbox.search(body.query, body.top)
