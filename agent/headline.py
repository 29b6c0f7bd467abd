"""The one number that answers the question, in the unit asked for."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.answer import ToolResult
from agent.state import Outcome
from tools.contract import Figure
from tools.errors import UnitError
from tools.units import format_quantity

_OPENING = re.compile(r"^(?P<what>[^*\n]{1,180}): \*\*(?P<amount>[^*\n]+)\*\*(?: \([^()\n]*\))?\.?$")
_BOLD = re.compile(r"\*\*([^*\n]+)\*\*")


def headline(
    report: Mapping[str, Any] | None, outcomes: Sequence[Outcome], text: str = ""
) -> tuple[Figure | None, str | None]:
    """The figure a report names, and a warning when its unit cannot be had.

    Without a report it is the first figure that `text` states, else the last run's own headline.
    """
    good = [o for o in outcomes if o.run is not None and not o.run.error]
    if not good:
        return None, None
    asked = report or {}
    call_id, name = asked.get("headline_call"), asked.get("headline_name")
    if call_id is None and name is None and ("headline_call" in asked or "headline_name" in asked):
        return None, None  # said to have none
    runs = [o.run for o in reversed(good) if o.run is not None]
    if not asked and (stated := _stated(text, runs)) is not None:
        return stated, None
    chosen = next((o.run for o in good if o.call.id == call_id), None)
    figure, complaint = _named(name, [chosen] if chosen is not None else runs, runs)
    if figure is None:
        return None, complaint
    figure, unfit = in_unit(figure, asked.get("headline_unit"))
    return figure, unfit or complaint


def _stated(text: str, runs: Sequence[ToolResult]) -> Figure | None:
    """The figure whose value the text states first, in bold before anywhere else."""
    from agent.ledger import Evidence, names_in, supports
    from agent.ledger_numbers import find_numbers
    from agent.offline.reading.measure import parse_unit

    figures = [figure for run in runs for figure in run.figures]
    bold = " ; ".join(_BOLD.findall(text))
    for part in (bold, text):
        for mention in find_numbers(part, names_in(runs)) if part else ():
            for figure in figures:
                unit = parse_unit(figure.unit)
                if mention.unit is not None and supports(Evidence(figure.value, unit), mention):
                    return figure
    return None


def _named(
    name: Any, chosen: Sequence[ToolResult], runs: Sequence[ToolResult]
) -> tuple[Figure | None, str | None]:
    """The named figure, looked for in the chosen run first; a run's own headline when no name is given or known."""
    own = next((run.figures[0] for run in chosen if run.figures), None)
    if not name:
        return own, None
    for run in (*chosen, *runs):
        for figure in run.figures:
            if figure.name.lower() == str(name).lower():
                return figure, None
    shown = f"shown is {own.name}" if own else "none is shown"
    return own, f"The figure {str(name)[:60]!r} is in no result; {shown}."


def in_unit(figure: Figure, unit: Any) -> tuple[Figure, str | None]:
    """The figure in `unit`; as it is, with a warning, when the unit does not fit."""
    if not unit or not isinstance(unit, str) or unit == figure.unit:
        return figure, None
    from tools.units import convert, normalise_unit

    # "the price of one chip, in dollars": what is counted once in the figure's unit may be left out
    given = (
        figure.unit,
        *(f"{figure.unit}*{one}" for one in ("chip", "server", "rack", "person", "request")),
    )
    for wanted, per in itertools.product(dict.fromkeys((unit, normalise_unit(unit))), given):
        if per != figure.unit and f"/{per.rpartition('*')[2]}" not in figure.unit:
            continue
        try:
            ends = {
                end: None if value is None else convert(value, per, wanted)
                for end, value in (("value", figure.value), ("low", figure.low), ("high", figure.high))
            }
        except UnitError:
            continue
        return figure.model_copy(update={**ends, "unit": wanted}), None
    return figure, f"The unit asked for ({unit}) does not fit {figure.name}, which is in {figure.unit}."


def opening(text: str, figure: Figure | None) -> tuple[str, str] | None:
    """What a text's first paragraph says the headline is, and the amount as it stands there; None when it does not.

    Ways in that show the headline large show it with these words, and the text from its second paragraph on.
    """
    first = _OPENING.match(text.split("\n\n", 1)[0])
    if first is None or figure is None:
        return None
    number = format_quantity(figure.value, figure.unit)
    return (first["what"], first["amount"]) if first["amount"].rstrip("×") == number else None
