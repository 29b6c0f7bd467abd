"""Simulate a trace of requests on a deployment and sum it up: TTFT, TPOT, latency, queueing, throughput, cost.

The core (`core/src/simulate.rs`) moves requests through continuous batching with the serving model's step times.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools import _core
from tools.errors import InputError
from tools.serving import constants as serving_constants
from tools.serving import deployment as deploying
from tools.serving.trace import Trace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STEPS_A_TURN = 20_000
PERCENTILES = (50, 90, 95, 99)


@dataclass(frozen=True, slots=True)
class Run:
    """A finished simulation: outcome rows as `_core.Simulation.outcomes`, totals, and what was assumed."""

    trace: Trace
    outcomes: NDArray[np.float64]
    totals: dict[str, float]
    deployment: deploying.Deployment
    assumptions: list[str]


def run(
    trace: Trace,
    deployment: deploying.Deployment,
    *,
    clients: int | None = None,
    output_reserved: float = 0.0,
    progress: Callable[[int], None] | None = None,
) -> Run:
    """Serve every request of `trace`; `clients` makes a closed loop of it and leaves its times aside.

    Raises InputError when the chips cannot hold the weights, FactAbsent when a shape or bandwidth is not known.
    """
    laid, assumptions = deploying.layout(deployment)
    family = serving_constants.chip_family(laid.chip)
    engine = serving_constants.engine_family(laid.engine, family, regime="server")
    tuning = deploying.tuning_for(laid.chip, engine, laid.tensor_parallel or 1)
    try:
        simulation = _core.Simulation(
            deploying.core_deployment(laid),
            tuning,
            trace.arrival_s,
            trace.input_tokens,
            trace.output_tokens,
            output_reserved=output_reserved,
            clients=clients,
        )
    except _core.CoreError as error:
        raise InputError(*error.args) from error
    through = -1
    while through < len(trace):
        now = simulation.advance(STEPS_A_TURN)
        if progress is not None:
            progress(now)
        through = now
    return Run(trace, simulation.outcomes(), simulation.totals(), laid, assumptions)


def summary(made: Run, usd_per_chip_hour: float | None) -> dict[str, Any]:
    """Everything the command prints, as JSON values; seconds, tokens, USD."""
    import numpy as np

    rows, trace = made.outcomes, made.trace
    served = rows[:, 5] == 0
    arrival, start, first, finish = rows[served, 0], rows[served, 1], rows[served, 2], rows[served, 3]
    answers = trace.output_tokens[served]
    several = answers > 1
    tpot = (finish - first)[several] / (answers[several] - 1)
    took = float(finish.max() - rows[:, 0].min()) if served.any() else 0.0
    tokens = float(answers.sum())
    lanes = made.totals["lanes"]
    found: dict[str, Any] = {
        "model": made.deployment.model.id,
        "chip": made.deployment.chip.id,
        "n_chips": made.deployment.n_chips,
        "requests": len(trace),
        "finished": int(served.sum()),
        "rejected": int((~served).sum()),
        "preemptions": int(made.totals["preemptions"]),
        "duration_s": took,
        "requests_per_s": _per(float(served.sum()), took),
        "output_tokens_per_s": _per(tokens, took),
        "total_tokens_per_s": _per(tokens + float(trace.input_tokens[served].sum()), took),
        "ttft_s": _spread(first - arrival),
        "tpot_s": _spread(tpot),
        "latency_s": _spread(finish - arrival),
        "queue_s": _spread(start - arrival),
        "mean_requests_in_server": _per(float((finish - arrival).sum()), took),
        "peak_requests_in_server": _peak(np.sort(arrival), np.sort(finish)),
        "busy_share": _per(made.totals["busy_s"], took * lanes),
        "peak_cache_share": made.totals["peak_cache_share"],
        "recomputed_tokens": made.totals["prefilled_tokens"] - float(trace.input_tokens[served].sum()),
        "steps": int(made.totals["steps"]),
        "cost": _cost(made, usd_per_chip_hour, took, tokens, int(served.sum())),
        "assumptions": list(made.assumptions),
        "warnings": _warnings(start - arrival, int((~served).sum())),
    }
    return found


def _per(amount: float, seconds: float) -> float | None:
    return amount / seconds if seconds > 0 else None


def _spread(values: NDArray[np.float64]) -> dict[str, float] | None:
    """Mean, percentiles and largest; None where there is nothing."""
    import numpy as np

    if not len(values):
        return None
    ends = np.percentile(values, PERCENTILES).tolist()
    named = {f"p{p}": value for p, value in zip(PERCENTILES, ends, strict=True)}
    return {"mean": float(values.mean()), **named, "max": float(values.max())}


def _peak(arrivals: NDArray[np.float64], ends: NDArray[np.float64]) -> int:
    """Most requests in the server at once; both arrays sorted."""
    import numpy as np

    gone = np.searchsorted(ends, arrivals, side="right")
    return int((np.arange(1, len(arrivals) + 1) - gone).max(initial=0))


def _cost(
    made: Run, usd_per_chip_hour: float | None, took: float, tokens: float, served: int
) -> dict[str, float] | None:
    if usd_per_chip_hour is None:
        return None
    total = usd_per_chip_hour * made.deployment.n_chips * took / 3600.0
    found = {"usd_per_chip_hour": usd_per_chip_hour, "usd_total": total}
    if served:
        found |= {"usd_per_mtok_output": total / tokens * 1e6, "usd_per_request": total / served}
    return found


def _warnings(queued: NDArray[np.float64], rejected: int) -> list[str]:
    import numpy as np

    said = []
    if rejected:
        said.append(
            f"{rejected:,} requests were rejected: their cache does not fit on the chips of a replica"
        )
    tenth = len(queued) // 10
    if tenth >= 10:
        early, late = float(np.median(queued[:tenth])), float(np.median(queued[-tenth:]))
        if late > 1.0 and late > 3 * early:
            said.append(
                f"The queue keeps growing (median wait {early:.3g} s at first, {late:.3g} s at the end): "
                "requests come faster than they are served, and the figures depend on the trace's length"
            )
    return said


def chart(made: Run) -> dict[str, Any] | None:
    """Share of requests within so many seconds: time to first token, and whole latency."""
    import numpy as np

    from tools.serving.charts import curves

    rows = made.outcomes[made.outcomes[:, 5] == 0]
    if len(rows) < 2:
        return None
    shares = np.linspace(0.01, 1.0, 34)
    series = [
        (
            name,
            [
                (float(at), float(100 * s))
                for at, s in zip(np.quantile(values, shares), shares, strict=True)
                if at > 0
            ],
        )
        for name, values in (
            ("time to first token", rows[:, 2] - rows[:, 0]),
            ("whole answer", rows[:, 3] - rows[:, 0]),
        )
    ]
    return curves("Requests served within a time", "seconds", "% of requests", series)
