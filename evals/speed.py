"""Measure the speeds of the core and of the offline agent, beside the same work written well in numpy.

Each function returns plain numbers whose names carry their unit. CPU seconds count all threads of this process.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evals import numpy_twins
from tools import _core

if TYPE_CHECKING:
    from tools.scaling.fit import Runs

Array = NDArray[np.float64]

# The law that synthetic runs follow: the replication's parameters (A, B, E, alpha, beta).
LAW = (477.8, 2143.4, 1.8172, 0.3473, 0.3672)


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "load_1min": os.getloadavg()[0],
        "machine": platform.machine(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "core": _core.VERSION,
    }


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """The result, and the wall and CPU seconds it took."""
    wall, cpu = time.perf_counter(), cpu_s()
    found = work()
    return found, time.perf_counter() - wall, cpu_s() - cpu


def least(work: Callable[[], Any], count: int, rounds: int = 5) -> float:
    """CPU microseconds per item: the least of some rounds, which other programs disturb least."""
    return min(timed(work)[2] for _ in range(rounds)) / count * 1e6


def estimates(rows: int = 100_000) -> dict[str, float]:
    """One full estimate (TTFT, TPOT, throughput): in Rust, through Python, from the catalogue, in numpy."""
    from tools.catalog import load
    from tools.serving import deployment

    catalog = load()
    laid = deployment.Deployment(
        catalog.model("llama-3.1-70b"), catalog.chip("h100"), 8, "fp8", tensor_parallel=8
    )
    core = deployment.core_deployment(laid)
    tuning = deployment.tuning_for(laid.chip, "vllm-cuda", 8)
    draws = np.random.default_rng(0)
    work = np.column_stack(
        [draws.uniform(100, 8000, rows), draws.uniform(50, 2000, rows), np.ones(rows), draws.integers(1, 128, rows), np.ones(rows)]
    )  # fmt: skip
    constants = np.array([tuning.values()])
    batch = [core] * rows

    def through_python() -> None:
        for _ in range(10_000):
            core.estimate(tuning, input_tokens=1000.0, output_tokens=500.0, load="closed", count=32.0)

    def from_catalogue() -> None:
        for _ in range(2_000):
            deployment.estimate(laid, 1000.0, 500.0, 32.0)

    rust = least(lambda: _core.estimate_batch(batch, constants, work), rows)
    twin = numpy_twins.ServingTwin(laid, dict(zip(_core.Tuning.NAMES, tuning.values(), strict=True)))
    off = twin.estimate(work) / _core.estimate_batch(batch, constants, work)[:, 2]
    numpy_us = least(lambda: twin.estimate(work), rows)
    inputs, outputs, clients = np.linspace(100, 8000, 50), np.linspace(50, 2000, 40), np.arange(1.0, 101.0)
    grid = 50 * 40 * 100
    grid_us = least(lambda: _core.sweep_grid(core, tuning, inputs, outputs, clients, 0, grid), grid)
    return {
        "rust_us": rust,
        "rust_grid_us": grid_us,
        "through_python_us": least(through_python, 10_000),
        "from_catalogue_us": least(from_catalogue, 2_000),
        "numpy_vectorised_us": numpy_us,
        "numpy_over_rust_grid": numpy_us / grid_us,
        "numpy_agrees_within": float(np.abs(np.log(off)).max()),
    }


def sweep(rows: int) -> dict[str, float] | None:
    """`rackrate sweep` to Parquet in a process of its own; None where the command fails."""
    batches = 500
    outputs = 40
    inputs = max(1, round(rows / (batches * outputs * 4)))
    spec = {
        "model": ["llama-3.1-70b", "mixtral-8x7b"], "chip": ["h100", "h200"], "n_chips": [8], "precision": ["fp8"],
        "kv_precision": ["bf16"], "usd_per_chip_hour": [2.0], "batch": {"from": 1, "to": 500, "count": batches},
        "input_tokens": {"from": 100, "to": 8000, "count": inputs}, "output_tokens": {"from": 50, "to": 2000, "count": outputs},
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spec.json"
        path.write_text(json.dumps(spec), encoding="utf-8")
        code = (
            "import resource,sys;from api.cli import run;"
            f"status=run(['sweep',{str(path)!r},'--out',{str(path.with_suffix('.parquet'))!r},'--json']);"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr);sys.exit(status)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    found = json.loads(done.stdout)
    return {
        "rows": found["rows"],
        "seconds": found["seconds"],
        "rows_per_s": found["rows_per_s"],
        "peak_memory_mb": float(done.stderr.split()[-1]) / 1024,
    }


def synthetic_runs(count: int = 245) -> Runs:
    """Runs that follow `LAW` with one per cent of noise, where no file of measured runs is given."""
    from tools.scaling.fit import Runs

    draws = np.random.default_rng(1)
    params = np.exp(draws.uniform(np.log(5e7), np.log(1.6e10), count))
    tokens = np.exp(draws.uniform(np.log(2e9), np.log(3e11), count))
    a, b, e, alpha, beta = LAW
    loss = (e + a / params**alpha + b / tokens**beta) * np.exp(0.01 * draws.standard_normal(count))
    return Runs(params, tokens, loss)


def fits(runs: Runs, resamples: int = 4000) -> dict[str, Any]:
    """The fit's 4,500 starts and its bootstrap, and both as one numpy minimiser that moves all starts at once."""
    from tools.scaling import fit as fitting

    found = fitting.fit(runs)
    fitting.add_bootstrap(found, runs, resamples=resamples, seed=42)
    used = runs.without_highest(fitting.DROPPED)
    twin = numpy_twins.LawTwin(used.params, used.tokens, used.loss)
    (best, objective), wall, cpu = timed(twin.fit_grid)
    start = np.array([np.log(found.A), np.log(found.B), np.log(found.E), found.alpha, found.beta])
    draws = np.random.RandomState(42).randint(0, len(used), (resamples, len(used)))
    refits, boot_wall, boot_cpu = timed(lambda: twin.bootstrap(start, draws))
    return {
        "runs": len(used),
        "grid_starts": 4500,
        "objective": found.objective,
        **{f"{name}_s": value for name, value in found.seconds.items()},
        "resamples": resamples,
        "alpha_ci80": found.intervals["alpha"]["ci80"],
        "numpy_objective": objective,
        "numpy_alpha": float(best[3]),
        "numpy_fit_wall_s": wall,
        "numpy_fit_cpu_s": cpu,
        "numpy_bootstrap_wall_s": boot_wall,
        "numpy_bootstrap_cpu_s": boot_cpu,
        "numpy_alpha_ci80": np.percentile(refits[:, 3], [10, 90]).tolist(),
    }


def simulation(requests: int = 20_000) -> dict[str, float]:
    """A Poisson trace served request by request."""
    from tools.catalog import load
    from tools.serving import deployment, trace
    from tools.serving import simulation as simulating

    catalog = load()
    laid = deployment.Deployment(catalog.model("llama-3.1-70b"), catalog.chip("h100"), 8, "fp8")
    drawn = trace.poisson(6.0, requests, 0, input_tokens=1000, output_tokens=300, spread=0.5)
    made, wall, _ = timed(lambda: simulating.run(drawn, laid))
    return {
        "requests": requests,
        "seconds": wall,
        "requests_per_s": requests / wall,
        "steps_per_s": made.totals["steps"] / wall,
    }


def questions(count: int) -> list[str]:
    """Built-in worked questions, taken evenly from every calculator."""
    from tools import registry

    found = [str(example["question"]) for c in registry.calculators().values() for example in c.examples]
    return found[:: max(1, len(found) // count)][:count]


def answers(ask: Callable[[str], Any], asked: list[str]) -> dict[str, Any]:
    """Answers a second, and the spread of the time each took, after one round to warm up."""
    for question in asked:
        ask(question)
    took, statuses = [], dict[str, int]()
    for question in asked:
        found, wall, cpu = timed(partial(ask, question))
        took.append((wall, cpu))
        statuses[found.status] = statuses.get(found.status, 0) + 1
    wall_ms, cpu_ms = (np.array(column) * 1e3 for column in zip(*took, strict=True))
    return {
        "questions": len(asked),
        "answers_per_s": float(len(asked) / (wall_ms.sum() / 1e3)),
        "p50_ms": float(np.percentile(wall_ms, 50)),
        "p99_ms": float(np.percentile(wall_ms, 99)),
        "cpu_p50_ms": float(np.percentile(cpu_ms, 50)),
        "cpu_p99_ms": float(np.percentile(cpu_ms, 99)),
        "statuses": statuses,
    }
