"""The Answer: what every way in returns, exactly as the contract's JSON."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from knowledge.citation import Citation
from tools.contract import Figure

Status = Literal["answered", "clarify", "invalid", "out_of_scope", "refused"]
Origin = Literal["question", "thread", "catalogue", "default", "claim"]


class ToolResult(BaseModel):
    """A calculator run as it appears in an Answer: the run plus where each input came from."""

    model_config = ConfigDict(extra="forbid")
    tool: str
    input: dict[str, Any]
    origins: dict[str, Origin] = Field(default_factory=dict)
    output: dict[str, Any] = Field(default_factory=dict)
    figures: list[Figure] = Field(default_factory=list)
    formula: str = ""
    warnings: list[str] = Field(default_factory=list)
    assumptions: list[str] = Field(default_factory=list)
    taken: dict[str, int | float | str] = Field(default_factory=dict)
    sources: list[dict[str, Any]] = Field(default_factory=list)
    table: dict[str, Any] | None = None
    chart: dict[str, Any] | None = None
    error: str | None = None


class Ledger(BaseModel):
    """How many numbers of the text were checked, and which of them nothing supports."""

    checked: int = 0
    unsupported: list[str] = Field(default_factory=list)


class Usage(BaseModel):
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0


class Answer(BaseModel):
    """One answered question."""

    model_config = ConfigDict(extra="forbid")
    question: str
    status: Status
    text: str
    headline: Figure | None = None
    figures: list[Figure] = Field(default_factory=list)
    tool_calls: list[ToolResult] = Field(default_factory=list)
    citations: list[Citation] = Field(default_factory=list)
    assumptions: list[str] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)
    ledger: Ledger = Field(default_factory=Ledger)
    provider: str
    model: str | None = None
    usage: Usage = Field(default_factory=Usage)
    thread: str | None = None
    elapsed_ms: float = 0.0
