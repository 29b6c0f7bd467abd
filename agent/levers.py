"""What would change an answer most: the sensitivity of the calculation that holds the headline.

Computed by the way in that shows it (1 to 3 ms, a dozen runs of the calculator), so that answering stays fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.answer import Answer, ToolResult
from tools.errors import RackrateError
from tools.sensitivity import Sensitivity, sensitivity

if TYPE_CHECKING:
    from tools.catalog import Catalog


def headline_run(answer: Answer) -> ToolResult | None:
    """The calculation whose figure is the headline."""
    if answer.headline is None:
        return None
    name = answer.headline.name
    good = [run for run in answer.tool_calls if not run.error]
    return next((run for run in good if any(figure.name == name for figure in run.figures)), None)


def levers_of(answer: Answer, catalog: Catalog | None = None) -> Sensitivity | None:
    """What moves the headline most; None when there is none, or the run cannot be repeated as it was."""
    run = headline_run(answer)
    if run is None or answer.headline is None or answer.status != "answered":
        return None
    try:
        found = sensitivity(run.tool, run.input, answer.headline.name, catalog=catalog)
    except RackrateError:
        return None
    if found is None:
        return None
    said = next(figure.value for figure in run.figures if figure.name == found.figure)
    return found if abs(found.value - said) <= 1e-6 * abs(said) else None  # prices as of another day differ
