"""The largest batch that keeps a latency limit, by the serving model (its latencies never fall with the batch)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tools.serving import deployment
from tools.units import format_number

if TYPE_CHECKING:
    from tools.batch_size import BatchSizeQuery
    from tools.serving.served import Notes

ANSWER_SHARE = 0.25  # of a context of which nobody said how much is answer


@dataclass(frozen=True, slots=True)
class Limited:
    """The batch found, which limit binds, and the sentence that says so."""

    batch: int
    limited_by: Literal["memory", "tpot", "ttft"]
    says: str


def largest_batch(query: BatchSizeQuery, laid: deployment.Deployment, fits: int, notes: Notes) -> Limited:
    """At most `fits` requests, cut to what keeps TPOT and TTFT within the query's limits (0: not even one)."""
    prompt, answer = _split(query, notes)
    notes.assumptions.append(f"Latency by the serving model, tensor parallelism over {laid.n_chips} chip(s)")
    best: Limited = Limited(fits, "memory", f"memory binds before latency at {fits:,}")
    for limit_ms, name, attribute in (
        (query.max_tpot_ms, "tpot", "tpot_s"),
        (query.max_ttft_ms, "ttft", "ttft_s"),
    ):
        if limit_ms is None:
            continue

        def latency(batch: int, attribute: str = attribute) -> float:
            found = deployment.estimate(laid, prompt, answer, float(batch))
            return float(getattr(found, attribute)) * 1e3

        batch = _search(latency, limit_ms, best.batch)
        if batch < best.batch:
            best = Limited(batch, "tpot" if name == "tpot" else "ttft", _says(name, batch, latency, limit_ms))
    return best


def _split(query: BatchSizeQuery, notes: Notes) -> tuple[float, float]:
    context = query.context_tokens or 1.0
    if query.output_tokens is not None:
        answer = min(query.output_tokens, context)
    else:
        answer = max(1.0, round(context * ANSWER_SHARE))
        notes.assumptions.append(f"{answer:,.0f} of the {context:,.0f} tokens are answer (not named)")
        notes.taken["output_tokens"] = answer
    return max(1.0, context - answer), answer


def _search(latency: Callable[[int], float], limit: float, high: int) -> int:
    """Largest batch up to `high` whose latency keeps the limit; 0 when one request already breaks it."""
    if latency(high) <= limit:
        return high
    if latency(1) > limit:
        return 0
    low = 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if latency(middle) <= limit else (low, middle)
    return low


def _says(name: str, batch: int, latency: Callable[[int], float], limit: float) -> str:
    if batch == 0:
        return f"one request already takes {format_number(latency(1))} ms {name.upper()}, above {limit:g} ms"
    return (
        f"{batch:,} requests keep {name.upper()} at {format_number(latency(batch))} ms (limit {limit:g} ms)"
    )
