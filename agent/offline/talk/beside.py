"""The words of an answer that puts several runs of one calculator side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agent.offline.decide import Choice, Decider, Decision, figure_of, readable
from agent.offline.side_by_side import argument_sets
from agent.offline.talk import say


def two(
    decider: Decider,
    decision: Decision,
    choice: Choice,
    runs: Sequence[Mapping[str, Any]],
    headline: Mapping[str, Any],
) -> str:
    """Two runs against each other: "Requests that run at once, 2,575 tokens over 12,575 tokens: 4.923×", then each."""
    figures, names = _figures(choice, runs), _names(decider, choice, runs)
    if len(figures) != 2 or figures[0] is None or figures[1] is None:
        return ""
    amount = say.glued(float(headline["value"]), str(headline["unit"]), ratio=True)
    high, low = (0, 1) if figures[0][0] >= figures[1][0] else (1, 0)
    f = decision.question.features
    if f.ratio or not (f.percent or f.difference):
        how = f"{names[high]} over {names[low]}"
    else:
        how = f"{names[0]} against {names[1]}"
    sides = "; ".join(f"{names[i]}: {say.shown(*figures[i])}" for i in (0, 1))  # type: ignore[misc]
    return f"{_label(choice)}, {how}: **{amount}**.\n\n{sides}."


def several(decider: Decider, choice: Choice, runs: Sequence[Mapping[str, Any]], order: Sequence[int]) -> str:
    """More than two runs: the first of `order` as the answer, then all of them, last those that did not come out."""
    figures, names = _figures(choice, runs), _names(decider, choice, runs)
    lines = [f"- {names[i]}: {say.shown(*figure)}" for i in order if (figure := figures[i]) is not None]
    lines += [f"- {names[i]}: {run['error']['message']}" for i, run in enumerate(runs) if "error" in run]
    best = figures[order[0]]
    amount = say.glued(*best) if best is not None else ""
    return f"{_label(choice)} ({names[order[0]]}): **{amount}**.\n\n" + "\n".join(lines)


def _label(choice: Choice) -> str:
    return readable(choice.want) if choice.want is not None else "Result"


def _figures(choice: Choice, runs: Sequence[Mapping[str, Any]]) -> list[tuple[float, str] | None]:
    name = choice.want.name if choice.want is not None else ""
    return [figure_of(run, name) for run in runs]


def _names(decider: Decider, choice: Choice, runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """What tells the runs apart, in words; of chips also how many, which need not be the same."""
    names = []
    for run, arguments in zip(runs, argument_sets(choice.frame), strict=False):
        said = ", ".join(_said(decider, choice, name, arguments[name]) for name in choice.frame.pairs)
        chips = {**run.get("input", {}), **run.get("taken", {})}.get("n_chips")
        names.append(f"{chips:g} × {said}" if chips and "chip" in choice.frame.pairs else said)
    return names


def _said(decider: Decider, choice: Choice, name: str, value: Any) -> str:
    if isinstance(value, int | float):
        return say.shown(value, choice.frame.spec.by_name[name].unit_text)
    return decider.titles.get(str(value), str(value))
