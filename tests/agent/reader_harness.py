"""Runs the offline model the way the graph does, without the graph: stream, run the calls, stream again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.chat import ChatRequest, Done, Message, TextDelta, ToolCall, ToolSpec
from agent.headline import in_unit
from agent.offline.model import OfflineModel
from agent.offline.reading.measure import parse_unit
from agent.toolbox import told
from tools import registry
from tools.catalog import Catalog
from tools.contract import CalculatorRun

STATUSES = {
    "clarify": {"clarify", "invalid"},
    "reject-input": {"invalid", "clarify"},
    "out-of-scope": {"out_of_scope", "refused"},
    "refuse": {"refused", "out_of_scope"},
}
UNITS = {
    "sequences": ("request", 1), "bytes": ("byte", 1), "GPUs": ("chip", 1), "chips": ("chip", 1), "x": ("", 1), "ratio": ("", 1),
    "EFLOPS": ("EFLOP/s", 1), "%": ("percent", 1), "cents": ("USD/Mtoken", 0.01), "M USD": ("USD", 1e6), "B USD": ("USD", 1e9),
    "M GPUs": ("chip", 1e6), "tokens/s": ("token/s", 1), "tokens/s/person": ("token/s/person", 1), "tokens/s/GPU": ("token/s/chip", 1),
    "GB/kUSD": ("GB/kUSD", 1), "TFLOPS/kUSD": ("TFLOP/s/kUSD", 1), "B params": ("param", 1e9), "M GPU-hours": ("chip*hour", 1e6),
    "t": ("metric_ton", 1), "decades": ("", 1), "USD/Mtok": ("USD/Mtoken", 1),
}  # fmt: skip
COUNTED = {"request", "chip", "person", "rack", "link", "hop", "param", "token"}


@dataclass
class Reply:
    status: str
    text: str
    headline: tuple[float, str] | None
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    citations: list[Mapping[str, Any]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)


def specs(calculators: Mapping[str, Any] | None = None) -> tuple[ToolSpec, ...]:
    found = (calculators or registry.calculators()).values()
    own = tuple(
        ToolSpec(c.name, c.description, c.input_schema | {"examples": c.examples}, c.output_schema)
        for c in found
    )
    return (*own, ToolSpec("search_knowledge", "Search", {}), ToolSpec("report", "Report", {}))


def ask(
    model: OfflineModel, tools: Sequence[ToolSpec], catalog: Catalog, text: str,
    history: Sequence[Message] = (), search: Any = None, run: Any = None,
) -> Reply:  # fmt: skip
    messages = [*history, Message("user", text)]
    runs: dict[str, CalculatorRun] = {}
    calls: list[tuple[str, dict[str, Any]]] = []
    citations: list[Mapping[str, Any]] = []
    for _ in range(6):
        events = list(model.events(ChatRequest(messages, tools)))
        assert isinstance(events[-1], Done)
        said = "".join(e.text for e in events if isinstance(e, TextDelta))
        asked = [e for e in events if isinstance(e, ToolCall)]
        messages.append(Message("assistant", said, tuple(asked)))
        report = next((c for c in asked if c.name == "report"), None)
        if report is not None:
            return Reply(
                str(report.arguments["status"]),
                said,
                _headline(report.arguments, runs),
                calls,
                citations,
                messages,
            )
        for call in asked:
            messages.append(
                Message(
                    "tool", call_id=call.id, result=_run(call, catalog, runs, calls, citations, search, run)
                )
            )
    raise AssertionError("the model never reported")


def _run(
    call: ToolCall,
    catalog: Catalog,
    runs: dict[str, CalculatorRun],
    calls: list[Any],
    citations: list[Any],
    search: Any,
    run: Any,
) -> Mapping[str, Any]:
    if call.name == "search_knowledge":
        found = (
            [c.model_dump(mode="json", exclude_none=True) for c in search(call.arguments["query"], top=5)]
            if search
            else []
        )
        citations.extend(found)
        return {"citations": found}
    calls.append((call.name, dict(call.arguments)))
    try:
        done = (
            run(call.name, call.arguments)
            if run
            else registry.run(call.name, call.arguments, catalog=catalog)
        )
    except Exception as error:
        return told(error)
    runs[call.id] = done
    return done.model_dump(mode="json")  # type: ignore[no-any-return]


def _headline(report: Mapping[str, Any], runs: Mapping[str, CalculatorRun]) -> tuple[float, str] | None:
    done = runs.get(str(report.get("headline_call")))
    if report["status"] != "answered" or done is None:
        return None
    figure = next((f for f in done.figures if f.name == report.get("headline_name")), None)
    if figure is None:
        return None
    shown, _ = in_unit(figure, report.get("headline_unit"))
    return shown.value, shown.unit


def matches(headline: tuple[float, str] | None, expected: Mapping[str, Any]) -> bool:
    """Whether the headline, in the expected unit, is within the tolerance."""
    if headline is None:
        return False
    unit, factor = UNITS.get(str(expected["unit"]), (str(expected["unit"]), 1))
    mine, wanted = parse_unit(headline[1]), parse_unit(unit)
    if mine.dims != wanted.dims and not (not mine.dims and unit in COUNTED):
        if expected["unit"] != "cents" or mine.dims != (("USD", 1),):
            return False
        wanted, factor = parse_unit("USD"), 0.01
    value = headline[0] * mine.factor / wanted.factor / factor
    tolerance = max(float(expected.get("rel_tol") or 0), 1e-9) * abs(expected["value"])
    return bool(abs(value - expected["value"]) <= tolerance)
