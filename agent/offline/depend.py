"""Whether a result depends on every number the question gave: calculators are pure, so a change shows it.

A reading that fills a field with a stated number which its result then ignores has not understood the question.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.offline.fitting.frame import Frame
from agent.offline.trial import Trial, Trials

STEPS = (1.5, 0.6, 4.0)  # large enough to move a result that is rounded to whole things, if not up then down


def idle_fields(frame: Frame, trial: Trial, names: Sequence[str], trials: Trials) -> dict[str, set[str]]:
    """For each result of `names`, the fields given by stated numbers that it does not depend on."""
    idle: dict[str, set[str]] = {name: set() for name in names}
    for field, fill in frame.fills.items():
        if not fill.quantities or isinstance(fill.value, bool) or not isinstance(fill.value, int | float):
            continue
        moved = _moved(frame, trial, field, fill.value, names, trials)
        for name in names:
            if name not in moved:
                idle[name].add(field)
    return idle


def _moved(
    frame: Frame, trial: Trial, field: str, value: float, names: Sequence[str], trials: Trials
) -> set[str]:
    """The results that change when `field` does. A value that can be changed to nothing else counts as one that matters."""
    moved: set[str] = set()
    came_out = False
    for step in STEPS:
        changed = trials(frame.spec.name, {**frame.arguments, field: _stepped(value, step)})
        if changed.kind != "ok":
            continue
        came_out = True
        moved |= {name for name in names if not _same(trial.output.get(name), changed.output.get(name))}
        if not any(_whole(trial.output.get(name)) for name in names if name not in moved):
            break
    return moved if came_out else set(names)


def _stepped(value: float, step: float) -> float:
    if isinstance(value, int) or float(value).is_integer():
        return max(1, round(value * step)) if abs(value) >= 2 else value + (1 if step > 1 else 0)
    return value * step


def _whole(value: Any) -> bool:
    """Whether a result may be rounded, so that a small step need not show."""
    return not isinstance(value, float) or value.is_integer()


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, int | float) and isinstance(b, int | float):
        return abs(a - b) <= 1e-9 * max(abs(a), abs(b))
    return bool(a == b)
