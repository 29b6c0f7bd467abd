"""Fit the serving model's constants to measured rows, and say how well it predicts what it never saw.

Robust least squares on log error with log-normal priors: minimise `sum w rho(ln(predicted / measured))` plus
`sum (ln(constant / prior) / width)^2`, by Gauss-Newton steps with damping over the core's batch kernel. `rho`
grows like the square below `KNEE`, like the absolute value beyond it and slower still beyond `HOPELESS`, so that a
run that went wrong does not bend the constants. Rows of a crowded (model, chip) pair weigh less than those of a
rare one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tools import _core
from tools.serving.constants import FEW_ROWS, GROUPS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tools.serving.measured import Row

    Array = NDArray[np.float64]

KNEE = 0.06
HOPELESS = 1.0
SCALE = 0.1
CROWDING = 0.25
STEP = 1e-4

# Prior widths (standard deviation of the logarithm). A constant not listed has 0.3; zero holds it fixed.
WIDTHS: dict[str, float] = {
    "bandwidth_share": 0.15,
    "flop_share": 0.2,
    "fp8_factor": 0.08,
    "fp4_factor": 0.15,
    "overlap_norm": 0.25,
    "chunk_tokens": 0.3,
    "latency_growth": 0.5,
    "network_share": 0.3,
    "memory_share": 0.02,
    "output_reserved": 0.15,
    "cycle_prefill": 0.1,
    "interference": 0.3,
    "wait": 0.5,
    "wait_exponent": 0.4,
    "lockstep": 0.5,
    "steps_waited": 0.7,
    "dequantised": 0.2,
    "dequantised_expert": 0.4,
    "narrow_expert": 0.7,
    "recurrence": 0.7,
    "request_s": 0.5,
    "layer_s": 0.5,
    "moe_layer_s": 0.5,
    "host_step_s": 0.5,
    "host_sequence_s": 0.5,
    "reserve_bytes": 0.3,
    "max_sequences": 0.5,
}
FACTOR_WIDTHS: dict[str, float] = {
    "engines.speed": 0.15,
    "engines.prefill": 0.3,
    "engines.cache": 0.2,
    "engines.overhead": 0.4,
    "engines.wait": 0.6,
    "engines.interference": 0.5,
    "families.bandwidth": 0.12,
    "families.flop": 0.2,
    "links.latency": 0.4,
    "links.share": 0.3,
}
# Upper limits of globals: never more than the physics, or more than the meaning allows.
CAPS = {"bandwidth_share": 0.92, "flop_share": 0.75, "fp8_factor": 1.0, "fp4_factor": 1.0, "link_share": 0.95,
        "memory_share": 0.98, "output_reserved": 1.0, "cycle_prefill": 1.2,
        "lockstep": 1.0, "dequantised": 1.0, "dequantised_expert": 1.0, "steps_waited": 6.0}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parameter:
    """One fitted number: where it lives, its prior and the tuning columns it multiplies."""

    group: str  # "global", "engines", "families" or "links"
    member: str
    name: str
    prior: float
    width: float
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Fit:
    """Fitted logarithms of `parameters` relative to their priors."""

    parameters: tuple[Parameter, ...]
    x: Array
    objective: float
    iterations: int

    def value(self, parameter: Parameter) -> float:
        return parameter.prior * math.exp(float(self.x[self.parameters.index(parameter)]))


def parameters_of(rows: Sequence[Row]) -> tuple[Parameter, ...]:
    """Every constant that the rows can speak of."""
    names = _core.Tuning.NAMES
    priors = dict(zip(names, _core.Tuning().values(), strict=True))
    found = [
        Parameter("global", "", name, priors[name], WIDTHS.get(name, 0.3), (names.index(name),))
        for name in names
    ]
    members = {
        "engines": _frequent([row.engine for row in rows if row.engine]),
        "families": _frequent([row.family for row in rows]),
        "links": _frequent([row.link for row in rows if row.link != "none"]),
    }
    for group, factors in GROUPS.items():
        for member in members[group]:
            for factor, targets in factors.items():
                columns = tuple(names.index(t) for t in targets)
                width = FACTOR_WIDTHS[f"{group}.{factor}"]
                found.append(Parameter(group, member, factor, 1.0, width, columns))
    return tuple(found)


def _frequent(members: Sequence[str]) -> list[str]:
    """Members with rows enough to speak of factors of their own."""
    return sorted(member for member in set(members) if members.count(member) >= FEW_ROWS)


class Problem:
    """Rows, parameters and what links them; predictions and their derivatives."""

    def __init__(self, rows: Sequence[Row], parameters: Sequence[Parameter]) -> None:
        self.rows, self.parameters = list(rows), list(parameters)
        self.cores = [row.core for row in rows]
        self.work = np.array([row.workload for row in rows])
        self.measured = np.log(np.array([row.value or math.nan for row in rows]))
        self.weights = _row_weights(rows)
        self.base = np.log(np.array(_core.Tuning().values()))
        self.member = np.array([self._applies(p) for p in parameters], dtype=bool)
        self.width = np.array([p.width for p in parameters])
        self.kinds = _kinds(rows)

    def _applies(self, parameter: Parameter) -> list[bool]:
        if parameter.group == "global":
            return [True] * len(self.rows)
        own = {"engines": "engine", "families": "family", "links": "link"}[parameter.group]
        return [getattr(row, own) == parameter.member for row in self.rows]

    def tunings(self, x: Array) -> Array:
        """Log constants of each row (rows x constants)."""
        logs = np.tile(self.base, (len(self.rows), 1))
        for value, parameter, applies in zip(x, self.parameters, self.member, strict=True):
            for column in parameter.columns:
                logs[applies, column] += value
        return logs

    def predict(self, logs: Array) -> Array:
        """Log predictions from log constants."""
        return self._predict(np.exp(logs))

    def _predict(self, values: Array) -> Array:
        found = _core.estimate_batch(self.cores, values, self.work)
        return np.asarray(np.log(np.choose(self.kinds[0], found[:, :4].T) * self.kinds[1]))

    def jacobian(self, logs: Array, at: Array) -> Array:
        """d log prediction / d x (rows x parameters), by forward differences of each constant."""
        values, slopes = np.exp(logs), np.empty_like(logs)
        for column in range(logs.shape[1]):
            kept = values[:, column].copy()
            values[:, column] *= math.exp(STEP)
            slopes[:, column] = (self._predict(values) - at) / STEP
            values[:, column] = kept
        columns = [slopes[:, list(p.columns)].sum(axis=1) for p in self.parameters]
        return np.asarray(np.column_stack(columns) * self.member.T)


def _row_weights(rows: Sequence[Row]) -> Array:
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        counts[row.pair] = counts.get(row.pair, 0) + 1
    weights = np.array([counts[row.pair] ** -CROWDING for row in rows])
    return np.asarray(weights / weights.mean())


def _kinds(rows: Sequence[Row]) -> tuple[NDArray[np.int64], Array]:
    """Column of the estimate each row's metric comes from, and what it is multiplied by."""
    column = {"ttft_ms": 0, "tpot_ms": 1, "output_tok_s_total": 3, "total_tok_s": 3}
    which = np.array([column[row.metric] for row in rows], dtype=np.int64)
    probe = (1.0, 1.0, 1.0, 1.0)
    return which, np.array([row.from_estimate(probe) for row in rows])


def _irls(residual: Array) -> Array:
    """Weights under which least squares has the minimum of `_loss`: its slope over the residual."""
    size = np.abs(residual)
    return np.asarray(KNEE / np.maximum(size, KNEE) / (1.0 + (size / HOPELESS) ** 2))


def _loss(residual: Array, weights: Array) -> float:
    """Squares below KNEE, absolute values beyond, flattening like a logarithm beyond HOPELESS."""
    size = np.abs(residual)
    near, far = np.minimum(size, KNEE), np.maximum(size, KNEE)
    square = HOPELESS**2 * np.log1p((near / HOPELESS) ** 2)
    beyond = 2 * KNEE * HOPELESS * (np.arctan(far / HOPELESS) - math.atan(KNEE / HOPELESS))
    return float((weights * (square + beyond)).sum())


def fit(
    rows: Sequence[Row], parameters: Sequence[Parameter] | None = None, *, iterations: int = 25
) -> tuple[Fit, Problem]:
    """Fit from the priors. The rows must hold a value."""
    chosen = tuple(parameters or parameters_of(rows))
    problem = Problem(rows, chosen)
    free = problem.width > 0
    precision = np.where(free, 1.0 / np.maximum(problem.width, 1e-9) ** 2, 0.0) * 2 * KNEE * SCALE
    caps = np.array([_cap(p) for p in chosen])
    x, damping = np.zeros(len(chosen)), 1e-2
    logs = problem.tunings(x)
    at = problem.predict(logs)

    def objective(predicted: Array, at_x: Array) -> float:
        return _loss(predicted - problem.measured, problem.weights) + float((precision * at_x**2).sum())

    best, count = objective(at, x), 0
    for count in range(1, iterations + 1):  # noqa: B007 - the number of iterations is reported
        residual = at - problem.measured
        slopes = problem.jacobian(logs, at)[:, free]
        weight = problem.weights * _irls(residual)
        normal = slopes.T @ (slopes * weight[:, None]) + np.diag(precision[free])
        gradient = slopes.T @ (weight * residual) + precision[free] * x[free]
        before = best
        for _ in range(6):
            step = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), -gradient)
            trial = x.copy()
            trial[free] += np.clip(step, -0.5, 0.5)
            trial = np.minimum(trial, caps)
            trial_logs = problem.tunings(trial)
            trial_at = problem.predict(trial_logs)
            value = objective(trial_at, trial)
            if value < best:
                x, logs, at, best, damping = trial, trial_logs, trial_at, value, max(damping / 4, 1e-6)
                break
            damping *= 5
        if before - best < 1e-5 * before:
            break
    return Fit(chosen, x, best, count), problem


def _cap(parameter: Parameter) -> float:
    cap = CAPS.get(parameter.name) if parameter.group == "global" else None
    return math.log(cap / parameter.prior) if cap else math.inf


def residuals(fitted: Fit, rows: Sequence[Row]) -> Array:
    """ln(predicted / measured) of rows, which may hold engines and chips the fit never saw."""
    problem = Problem(rows, fitted.parameters)
    return np.asarray(problem.predict(problem.tunings(fitted.x)) - problem.measured)


def cross_validate(
    rows: Sequence[Row],
    key: Callable[[Row], Hashable],
    *,
    folds: int | None = None,
    iterations: int = 12,
    progress: Callable[[int, int], Any] | None = None,
) -> Array:
    """Residual of each row under a fit, from the priors, without the rows that share its `key`.

    `folds` bunches keys together to save time; None leaves one key out at a time.
    """
    keys = list(dict.fromkeys(key(row) for row in rows))
    bunch = {k: (i if folds is None else i % folds) for i, k in enumerate(keys)}
    fold_of = np.array([bunch[key(row)] for row in rows])
    parameters = parameters_of(rows)
    out = np.full(len(rows), math.nan)
    total = int(fold_of.max()) + 1
    for fold in range(total):
        inside = fold_of != fold
        train = [row for row, keep in zip(rows, inside, strict=True) if keep]
        fitted, _ = fit(train, parameters, iterations=iterations)
        test = [row for row, keep in zip(rows, inside, strict=True) if not keep]
        out[~inside] = residuals(fitted, test)
        if progress:
            progress(fold + 1, total)
    return out


def summary(errors: Array, rows: Sequence[Row]) -> dict[str, float]:
    """Median and 90th percentile of |error|, and the mean over (model, chip) of the group's median."""
    size = np.abs(errors)
    groups: dict[tuple[str, str], list[float]] = {}
    for row, error in zip(rows, size, strict=True):
        groups.setdefault(row.pair, []).append(float(error))
    return {
        "rows": float(len(size)),
        "median": round(float(np.median(size)), 4),
        "p90": round(float(np.sort(size)[int(0.9 * len(size))]), 4),
        "groups": round(float(np.mean([np.median(g) for g in groups.values()])), 4),
    }
