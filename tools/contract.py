"""The plugin contract of a calculator, and the one shape every number travels in.

A calculator is a function ``f(query: QueryModel) -> ResultModel`` (optionally ``f(query, catalog)``) with
pydantic models and a docstring. Its name, description, JSON schema, CLI, HTTP route, MCP tool and what the
offline reader understands of it all come from that one definition. Typing is structural: a plugin need not
import this file; what it says about a field is plain ``json_schema_extra``:

=============  =====================================================================================
key            meaning
=============  =====================================================================================
``unit``       unit of the number, parsed by `pint` with ``tools/units.txt`` (``"USD/chip/hour"``)
``entity``     the field names a catalogue entry: ``"chip"``, ``"model"``, ``"law"``, ``"api_model"``
``words``      words people use for the field ("context", "sequence length", "prompt plus answer")
``ask``        the question to ask when the field is needed and absent ("At what context length?")
``min``        smallest value that can be (inclusive); ``above`` the same, exclusive
``max``        largest value that can be (inclusive); ``below`` the same, exclusive
``alternatives``  values worth trying in place of the one taken (a precision), for the sensitivity
``role``       result fields only: ``"headline"`` (the default answer), ``"detail"`` or ``"table"``
=============  =====================================================================================

A query model's ``model_config["json_schema_extra"]["examples"]`` is a list of
``{"question": "...", "input": {...}}``: documentation, test and reading material for the offline model.

A result model's fields that carry ``unit`` become Figures. These field names are reserved and optional:
``formula`` str, ``assumptions`` list[str], ``taken`` dict (inputs nobody gave and the value taken for each), ``warnings`` list[str], ``sources`` list[Source-like],
``chart`` dict | None (Vega-Lite), ``figures`` list[Figure-like] (extra figures, such as rows of a table),
``table`` ``{"columns": [...], "rows": [[...], ...]}`` | None.
Ranges of a result field ``x`` travel as ``x_low`` / ``x_high`` (same unit, role "detail").
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Role = Literal["headline", "detail", "table"]


class Figure(BaseModel):
    """One number that leaves the program."""

    model_config = ConfigDict(extra="forbid")
    name: str
    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    note: str | None = None


class Source(BaseModel):
    """Where a fact comes from: what was read, and as of when."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    title: str
    url: str | None = None
    as_of: str | None = None
    says: str | None = None


class Query(BaseModel):
    """Base of the built-in query models: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Result(BaseModel):
    """Base of the built-in result models: the reserved fields, all optional."""

    model_config = ConfigDict(extra="forbid")
    formula: str = Field("", description="The formula with the numbers put in")
    assumptions: list[str] = Field(default_factory=list)
    taken: dict[str, int | float | str] = Field(
        default_factory=dict,
        description="Inputs nobody gave and the value the calculator took, by field name",
    )
    warnings: list[str] = Field(default_factory=list)
    sources: list[Source] = Field(default_factory=list)
    figures: list[Figure] = Field(default_factory=list, description="Further figures, such as table rows")
    table: dict[str, Any] | None = Field(None, description="{'columns': [...], 'rows': [[...]]} for people")
    chart: dict[str, Any] | None = Field(None, description="Vega-Lite specification")


def quantity(
    description: str,
    unit: str,
    *,
    default: Any = ...,
    words: tuple[str, ...] = (),
    ask: str | None = None,
    min: float | None = None,
    above: float | None = None,
    max: float | None = None,
    below: float | None = None,
    role: Role | None = None,
) -> Any:
    """A pydantic field that holds a number in `unit` (see the module table for the keys).

    The limits become pydantic constraints too, so that a bad value is refused whoever calls.
    """
    extra: dict[str, Any] = {"unit": unit}
    if words:
        extra["words"] = list(words)
    if ask:
        extra["ask"] = ask
    if role:
        extra["role"] = role
    return Field(
        default, description=description, ge=min, gt=above, le=max, lt=below, json_schema_extra=extra
    )


def entity(
    description: str,
    kind: str,
    *,
    default: Any = ...,
    words: tuple[str, ...] = (),
    ask: str | None = None,
) -> Any:
    """A pydantic field that names a catalogue entry (`chip`, `model`, `law`, `api_model`), by id or alias."""
    extra: dict[str, Any] = {"entity": kind}
    if words:
        extra["words"] = list(words)
    if ask:
        extra["ask"] = ask
    return Field(default, description=description, json_schema_extra=extra)


class CalculatorRun(BaseModel):
    """One run of a calculator: what `tools run --json` prints and every other way in passes on."""

    tool: str
    input: dict[str, Any]
    output: dict[str, Any]
    figures: list[Figure]
    formula: str = ""
    assumptions: list[str] = Field(default_factory=list)
    taken: dict[str, int | float | str] = Field(default_factory=dict)
    sources: list[Source] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)
    table: dict[str, Any] | None = None
    chart: dict[str, Any] | None = None
