"""Fit L(N, D) = E + A/N^α + B/D^β to measured training runs, with bootstrap intervals.

The rules of Besiroglu et al. 2024 (arXiv:2404.10102) are the default: the five highest losses are left out,
D = C/(6N), the sum of a Huber loss (δ = 1e-3) on log loss, the best of 4,500 starts, and a bootstrap whose
resamples are those of numpy's RandomState.
"""

from __future__ import annotations

import csv
import math
import resource
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools import _core
from tools.errors import InputError

Array = NDArray[np.float64]

DROPPED = 5
DELTA = 1e-3
MIN_RUNS = 8
MAX_BYTES = 256 * 1024 * 1024
_NAMES = {
    "params": ("Model Size", "N", "params", "parameters"),
    "flop": ("Training FLOP", "C", "flop", "compute"),
    "tokens": ("D", "tokens", "Training Tokens"),
    "loss": ("loss", "L"),
}


@dataclass(frozen=True, slots=True)
class Runs:
    """Measured runs: parameters, tokens, loss in nats per token; three arrays of one length."""

    params: Array
    tokens: Array
    loss: Array

    def __len__(self) -> int:
        return len(self.params)

    def without_highest(self, count: int) -> Runs:
        """All but the `count` highest losses, order kept."""
        if count == 0:
            return self
        kept = np.sort(np.argsort(self.loss, kind="stable")[:-count])
        return Runs(self.params[kept], self.tokens[kept], self.loss[kept])


@dataclass(slots=True)
class LawFit:
    """The fitted law, its objective, intervals by name, and the CPU and wall seconds it took."""

    A: float
    B: float
    E: float
    alpha: float
    beta: float
    objective: float
    n: int
    intervals: dict[str, dict[str, Any]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    evaluations: int = 0

    def as_json(self) -> dict[str, Any]:
        """The contract's shape."""
        names = ("A", "B", "E", "alpha", "beta", "objective", "n", "intervals", "seconds", "evaluations")
        return {name: getattr(self, name) for name in names}


def read_runs(path: Path) -> Runs:
    """Runs from a CSV with `Model Size, Training FLOP, loss` or `N, C | D, L`.

    Raises InputError for a missing file or column, and for a cell that is not a positive finite number.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError("RUNS.csv", str(path), f"a file of at most {MAX_BYTES // 2**20} MiB")
        with path.open(newline="", encoding="utf-8-sig") as file:
            return _parse(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError("RUNS.csv", str(path), f"a readable CSV file ({_reason(error)})") from error


def _reason(error: Exception) -> str:
    return error.strerror or "unreadable" if isinstance(error, OSError) else type(error).__name__


def _parse(reader: csv.DictReader[str]) -> Runs:
    header = reader.fieldnames or []
    columns = {name: next((c for c in known if c in header), None) for name, known in _NAMES.items()}
    if columns["params"] is None or columns["loss"] is None or (columns["flop"] or columns["tokens"]) is None:
        raise InputError(
            "columns", ", ".join(header)[:80], "'Model Size', 'Training FLOP', 'loss' or N, C or D, L"
        )
    values: dict[str, list[float]] = {name: [] for name, column in columns.items() if column}
    for number, row in enumerate(reader, 2):
        for name in values:
            values[name].append(_cell(row, str(columns[name]), number))
    arrays = {name: np.array(column, dtype=np.float64) for name, column in values.items()}
    tokens = arrays["tokens"] if "tokens" in arrays else arrays["flop"] / (6.0 * arrays["params"])
    return Runs(arrays["params"], tokens, arrays["loss"])


def _cell(row: Mapping[str, str | None], column: str, line: int) -> float:
    text = row.get(column)
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"{column} in line {line}", text, "a positive finite number")
    return value


def fit(runs: Runs, *, dropped: int = DROPPED, delta: float = DELTA) -> LawFit:
    """The best of the 4,500 starts. InputError when too few runs are left."""
    if len(runs) - dropped < MIN_RUNS:
        raise InputError(
            "RUNS.csv", f"{len(runs)} runs", f"at least {MIN_RUNS + dropped} runs ({dropped} are dropped)"
        )
    used = runs.without_highest(dropped)
    seconds: dict[str, float] = {}
    with _timed(seconds, "fit"):
        a, b, e, alpha, beta, objective, evaluations = _core.fit_law(
            used.params, used.tokens, used.loss, None, delta
        )
    return LawFit(
        A=math.exp(a), B=math.exp(b), E=math.exp(e), alpha=alpha, beta=beta, objective=objective, n=len(used),
        seconds=seconds, evaluations=evaluations,
    )  # fmt: skip


def add_bootstrap(
    found: LawFit, runs: Runs, *, resamples: int, seed: int, dropped: int = DROPPED, delta: float = DELTA
) -> None:
    """Add the intervals of `resamples` refits; the resamples are numpy's `RandomState(seed)` draws."""
    used = runs.without_highest(dropped)
    start = [math.log(found.A), math.log(found.B), math.log(found.E), found.alpha, found.beta]
    with _timed(found.seconds, "bootstrap"):
        rows = list(_refits(used, start, resamples, seed, delta))
    table = np.concatenate(rows)
    columns = {
        "A": np.exp(table[:, 0]), "B": np.exp(table[:, 1]), "E": np.exp(table[:, 2]),
        "alpha": table[:, 3], "beta": table[:, 4], "a_N_opt_exponent": table[:, 4] / (table[:, 3] + table[:, 4]),
    }  # fmt: skip
    found.intervals = {name: _summary(column) for name, column in columns.items()}


def _refits(runs: Runs, start: Sequence[float], resamples: int, seed: int, delta: float) -> Iterator[Array]:
    """Refits in blocks, so that a million resamples need no million-row table of draws."""
    source = np.random.RandomState(seed)
    block = max(1, 4_000_000 // len(runs))
    for first in range(0, resamples, block):
        shape = (min(block, resamples - first), len(runs))
        draws = source.randint(0, len(runs), shape).astype(np.uint32)
        yield _core.fit_bootstrap(runs.params, runs.tokens, runs.loss, draws, start, delta)


def _summary(values: Array) -> dict[str, Any]:
    ends = np.percentile(values, [10.0, 90.0, 2.5, 97.5])
    return {
        "mean": float(np.mean(values)),
        "median": float(np.median(values)),
        "se": float(np.std(values, ddof=1)) if len(values) > 1 else 0.0,
        "ci80": [float(ends[0]), float(ends[1])],
        "ci95": [float(ends[2]), float(ends[3])],
    }


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    """Wall and CPU seconds (of all threads together) of a block."""
    wall, cpu = time.perf_counter(), _cpu_s()
    yield
    seconds[f"{name}_wall"] = time.perf_counter() - wall
    seconds[f"{name}_cpu"] = _cpu_s() - cpu


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
