"""The one number that answers the question, in the unit asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agent.answer import ToolResult
from agent.state import Outcome
from tools.contract import Figure
from tools.errors import UnitError


def headline(
    report: Mapping[str, Any] | None, outcomes: Sequence[Outcome]
) -> tuple[Figure | None, str | None]:
    """The figure a report names (else the last run's own headline), and a warning when its unit cannot be had."""
    good = [o for o in outcomes if o.run is not None and not o.run.error]
    if not good:
        return None, None
    asked = report or {}
    chosen = _chosen(asked.get("headline_call"), good)
    if report is not None and chosen is None and not asked.get("headline_name"):
        return None, None
    figure = _named(asked.get("headline_name"), chosen, good)
    if figure is None:
        return None, None
    return in_unit(figure, asked.get("headline_unit"))


def _chosen(call_id: Any, good: Sequence[Outcome]) -> ToolResult | None:
    return next((o.run for o in good if o.call.id == call_id), None)


def _named(name: Any, chosen: ToolResult | None, good: Sequence[Outcome]) -> Figure | None:
    """The named figure of the chosen run; of any run when the call is not known; the first when neither is."""
    latest = [o.run for o in reversed(good) if o.run is not None]
    runs = [chosen] if chosen is not None else latest
    if name:
        for run in runs:
            for figure in run.figures:
                if figure.name.lower() == str(name).lower():
                    return figure
    return next((run.figures[0] for run in runs if run.figures), None)


def in_unit(figure: Figure, unit: Any) -> tuple[Figure, str | None]:
    """The figure in `unit`; as it is, with a warning, when the unit does not fit."""
    if not unit or not isinstance(unit, str) or unit == figure.unit:
        return figure, None
    from tools.units import convert, normalise_unit

    for wanted in dict.fromkeys((unit, normalise_unit(unit))):
        try:
            ends = {
                end: None if value is None else convert(value, figure.unit, wanted)
                for end, value in (("value", figure.value), ("low", figure.low), ("high", figure.high))
            }
        except UnitError:
            continue
        return figure.model_copy(update={**ends, "unit": wanted}), None
    return figure, f"The unit asked for ({unit}) does not fit {figure.name}, which is in {figure.unit}."
