"""A third party's calculator, known by its schema alone, among the built-in ones."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field
from reader_harness import ask, specs

from agent.offline.model import OfflineModel
from tools import registry
from tools.catalog import load
from tools.contract import CalculatorRun, Figure


class CoolingQuery(BaseModel):
    """Nothing of the project's own but plain `json_schema_extra`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "question": "litres of water a minute to carry off 120 kW of rack heat with a 10 degree rise",
                    "input": {"heat_kw": 120, "temperature_rise_k": 10},
                }
            ]
        }
    )
    heat_kw: float = Field(description="Heat to carry away", gt=0, json_schema_extra={"unit": "kW", "words": ["heat", "rack heat", "thermal load"]})  # fmt: skip
    temperature_rise_k: float = Field(10, description="Temperature rise of the water", gt=0, json_schema_extra={"unit": "K", "words": ["rise", "degrees", "delta T"]})  # fmt: skip


class CoolingResult(BaseModel):
    litres_per_minute: float = Field(description="Coolant flow", json_schema_extra={"unit": "litre/minute", "words": ["coolant flow", "water flow", "litres"], "role": "headline"})  # fmt: skip


def coolant_flow(query: CoolingQuery) -> CoolingResult:
    """Coolant flow that carries off the heat of a liquid-cooled rack."""
    return CoolingResult(litres_per_minute=query.heat_kw / (4.186 * query.temperature_rise_k) * 60)


def _run(name: str, arguments: Mapping[str, Any]) -> CalculatorRun:
    if name != "coolant_flow":
        return registry.run(name, arguments, catalog=load())
    query = CoolingQuery.model_validate(dict(arguments))
    value = coolant_flow(query).litres_per_minute
    figure = Figure(name="litres_per_minute", value=value, unit="litre/minute")
    return CalculatorRun(tool=name, input=dict(arguments), output={figure.name: value}, figures=[figure])


def _tried(name: str, arguments: Mapping[str, Any]) -> registry.Outcome:
    if name != "coolant_flow":
        return registry.outcome(name, arguments, catalog=load())
    done = _run(name, arguments)
    return registry.Outcome(done.output, {f.name: (f.value, f.unit) for f in done.figures}, 0, 0)


@pytest.mark.parametrize(
    ("question", "heat"),
    [
        ("what coolant flow does a 132 kW rack need, in litres per minute?", 132),
        ("water flow for 0.5 MW of heat from liquid-cooled racks?", 500),
    ],
)
def test_a_plugin_is_understood_from_its_schema(question: str, heat: float) -> None:
    plugin = registry.Calculator("coolant_flow", coolant_flow)
    calculators = {**registry.calculators(), "coolant_flow": plugin}
    model = OfflineModel(load(), calculators, run=_tried)
    reply = ask(model, specs(calculators), load(), question, run=_run)
    assert [name for name, _ in reply.calls] == ["coolant_flow"]
    assert reply.calls[0][1]["heat_kw"] == pytest.approx(heat)


def test_reading_imports_nothing_heavy() -> None:
    code = (
        "import sys; import agent.offline.model; "
        "print([m for m in ('chromadb', 'langgraph', 'pint', 'onnxruntime', 'numpy', 'anthropic', 'openai') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
