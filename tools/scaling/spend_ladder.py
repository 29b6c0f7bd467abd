"""The ladder of training budgets: each step so many times the one before.

end = start × factor^steps; decades = log10(end / start); years = ln(end / start) / ln(growth per year).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tools.errors import InputError
from tools.solve import Relations, Rule

LADDER_ANSWERS = (
    "next_usd",
    "end_usd",
    "steps",
    "decades",
    "years",
    "factor",
    "growth_per_year",
    "start_usd",
)
MAX_STEPS = 60  # 1e60 times anything is past every meaning of money

LADDER = Relations(
    Rule("next_usd", ("start_usd", "factor"), lambda s, f: s * f, "{start_usd} × {factor}"),
    Rule("end_usd", ("start_usd", "factor", "steps"), lambda s, f, n: s * f**n, "{start_usd} × {factor}^{steps}"),
    Rule("start_usd", ("end_usd", "factor", "steps"), lambda e, f, n: e / f**n, "{end_usd} / {factor}^{steps}"),
    Rule(
        "end_usd", ("start_usd", "growth_per_year", "years"), lambda s, g, y: s * g**y,
        "{start_usd} × {growth_per_year}^{years}",
    ),
    Rule("overall_factor", ("start_usd", "end_usd"), lambda s, e: e / s, "{end_usd} / {start_usd}"),
    Rule("decades", ("overall_factor",), math.log10, "log10({overall_factor})"),
    Rule(
        "steps", ("overall_factor", "factor"), lambda k, f: round(math.log(k) / math.log(f), 12),
        "ln({overall_factor}) / ln({factor})",
    ),
    Rule(
        "years", ("overall_factor", "growth_per_year"), lambda k, g: math.log(k) / math.log(g),
        "ln({overall_factor}) / ln({growth_per_year})",
    ),
    Rule("growth_per_year", ("overall_factor", "years"), lambda k, y: k ** (1 / y), "{overall_factor}^(1/{years})"),
    Rule("factor", ("overall_factor", "steps"), lambda k, n: k ** (1 / n), "{overall_factor}^(1/{steps})"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ladder:
    """A sum of runs, first to last."""

    runs_usd: tuple[float, ...]

    @property
    def total_usd(self) -> float:
        return math.fsum(self.runs_usd)

    @property
    def last_share_percent(self) -> float:
        return 100.0 * self.runs_usd[-1] / self.total_usd


def of_runs(runs_usd: Sequence[float]) -> Ladder:
    """A ladder of stated runs. InputError when one is not a positive finite amount."""
    for run in runs_usd:
        if not (math.isfinite(run) and run > 0):
            raise InputError("runs_usd", run, "positive amounts in USD")
    return Ladder(tuple(runs_usd))


def between(start_usd: float, factor: float, steps: float) -> Ladder | None:
    """Every rung from `start_usd` over `steps` whole steps; None when the steps are not whole."""
    whole = round(steps)
    if abs(steps - whole) > 1e-6 or not 1 <= whole <= MAX_STEPS:
        return None
    return Ladder(tuple(start_usd * factor**step for step in range(whole + 1)))
