"""Rates of serving that need no model: what a step time, a batch and a number of chips say of each other.

A request gets one token a step, so tokens/s of a user = 1 / step time; tokens/s in all = requests × tokens/s of a
user; tokens/s of a chip = tokens/s in all / chips; time of an answer = its tokens × step time. Any one of them can
be asked for.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tools.solve import Relations, Rule, Solution, product, units_of

if TYPE_CHECKING:
    from tools.serving_performance import ServingPerformanceQuery, ServingPerformanceResult

STEP = Relations(
    Rule("tokens_per_s_per_user", ("tpot_ms",), lambda t: 1e3 / t, "1 token / {tpot_ms}"),
    Rule("tpot_ms", ("tokens_per_s_per_user",), lambda r: 1e3 / r, "1 token / {tokens_per_s_per_user}"),
    product("tokens_per_s", "batch", "tokens_per_s_per_user"),
    product("tokens_per_s", "tokens_per_s_per_chip", "n_chips"),
    product("answer_s", "output_tokens", per=("tokens_per_s_per_user",)),
)
_SAID = ("tpot_ms", "tokens_per_s_per_user", "tokens_per_s", "tokens_per_s_per_chip")
_RESULTS = {
    "tokens_per_s": "output_tokens_per_s",
    "tokens_per_s_per_user": "tokens_per_s_per_user",
    "tokens_per_s_per_chip": "tokens_per_s_per_chip",
    "batch": "served_requests",
    "n_chips": "chips_needed",
    "answer_s": "answer_s",
    "output_tokens": "answer_tokens",
}


def states_rates(query: ServingPerformanceQuery) -> bool:
    """Whether the question states a rate or a step time itself, so that none is to be estimated."""
    return any(getattr(query, name) is not None for name in _SAID)


def fill_rates(query: ServingPerformanceQuery, result: ServingPerformanceResult) -> list[str]:
    """Put what follows from the rates stated into `result`; returns the formula text, [] when nothing follows."""
    from tools.serving_performance import ServingPerformanceQuery as Query

    solution = STEP.solve_query(query)
    found = solution.found()
    for name, target in _RESULTS.items():
        if name in found:
            setattr(result, target, _whole(name, found[name]))
    if "tpot_ms" in found:
        result.tpot_s = found["tpot_ms"] / 1e3
    text = solution.formula(units_of(Query))
    return [text] if text else []


def target_step_s(query: ServingPerformanceQuery) -> float | None:
    """Seconds a token that the question states, by step time or by the speed one user sees."""
    solution: Solution = STEP.solve_query(query)
    step_ms = solution.get("tpot_ms")
    return None if step_ms is None else step_ms / 1e3


def _whole(name: str, value: float) -> float:
    """Chips are counted whole; requests may be a mean."""
    return float(math.ceil(value * (1 - 1e-12))) if name == "n_chips" else value
