"""What thinking does to the cost of a token by the serving model, beside the bound that memory alone gives.

Chips cost the same an hour whatever they do, so the cost of a token goes as 1 / throughput: the factor is the
throughput of the full batch without thinking over that of the full (smaller) batch with it. Weights read once a
step make a small batch dearer; its faster steps and the fixed arithmetic of a token make it cheaper than the ratio
of batches says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from tools import drawing
from tools.errors import RackrateError
from tools.serving_performance import ServingPerformanceQuery, serving_performance

if TYPE_CHECKING:
    from tools.catalog import Catalog
    from tools.reasoning_cost import ReasoningCostQuery
    from tools.serving.served import Notes

USUAL_ANSWER = 1000.0


@dataclass(frozen=True, slots=True)
class Batches:
    """Contexts (tokens) and the requests that fit at each: without thinking and with it."""

    base_context: float
    long_context: float
    base_requests: float
    long_requests: float


def modelled_factor(query: ReasoningCostQuery, at: Batches, catalog: Catalog, notes: Notes) -> float | None:
    """Cost of a token with thinking over without, by the serving model; None when it cannot be estimated."""
    if query.chip is None or query.model is None or query.chip_memory_gb is not None:
        return None
    answer = query.output_tokens or min(USUAL_ANSWER, at.base_context / 2)
    if answer >= at.base_context:
        return None
    prompt = at.base_context - answer
    rates = [
        _rate(query, catalog, prompt, context - prompt, requests)
        for context, requests in ((at.base_context, at.base_requests), (at.long_context, at.long_requests))
    ]
    if rates[0] is None or not rates[1]:
        return None
    notes.assumptions.append(
        f"By the serving model: {prompt:,.0f} tokens in and {answer:,.0f} out at full batch, "
        f"{at.base_requests:,.0f} against {at.long_requests:,.0f} requests"
    )
    return rates[0] / rates[1]


def _rate(
    query: ReasoningCostQuery, catalog: Catalog, prompt: float, answer: float, requests: float
) -> float | None:
    """Output tokens per second of the deployment at a full batch."""
    try:
        asked = ServingPerformanceQuery(
            model=query.model,
            chip=query.chip,
            n_chips=query.n_chips,
            weight_precision=query.weight_precision,
            kv_precision=query.kv_precision,
            input_tokens=prompt,
            output_tokens=answer,
            batch=min(requests, 1e6),
        )
        with drawing.numbers_only():
            return serving_performance(asked, catalog).output_tokens_per_s
    except (RackrateError, ValidationError):  # no estimate: the bound by memory stands alone
        return None
