"""Predict measured rows with the constants in the catalogue, and say how far off each is."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools import _core
from tools.serving import constants as serving_constants
from tools.serving import measured

if TYPE_CHECKING:
    from tools.catalog import Catalog

ADDED = ("predicted", "low", "high", "reason")


@dataclass(frozen=True, slots=True)
class Prediction:
    """The prediction of one row with its 10-90 % interval, or the reason why there is none."""

    predicted: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""


def predict(raw: Sequence[dict[str, str]], catalog: Catalog) -> list[Prediction]:
    """One prediction per row, in order."""
    import numpy as np

    parsed = list(measured.parse_all(raw, catalog))
    rows = [row for row in parsed if isinstance(row, measured.Row)]
    if not rows:
        return [Prediction(reason=str(row)) for row in parsed]
    constants = serving_constants.load()
    tunings = np.array([constants.combined(row.engine, row.family, row.link) for row in rows])
    found = _core.estimate_batch(
        [row.core for row in rows], tunings, np.array([row.workload for row in rows])
    )
    made = iter(
        [_prediction(row, values, constants) for row, values in zip(rows, found.tolist(), strict=True)]
    )
    return [next(made) if isinstance(row, measured.Row) else Prediction(reason=row) for row in parsed]


def _prediction(row: measured.Row, found: list[float], constants: serving_constants.Constants) -> Prediction:
    value = row.from_estimate(found)
    if not (math.isfinite(value) and value > 0):
        return Prediction(reason=f"{row.metric} is not defined for {row.output_tokens:g} output tokens")
    batch, room = found[4], found[5]
    known = constants.known(row.engine, row.family)
    near = row.load == 1 and 0.85 * room < row.count < 1.2 * room and batch > 1
    low, high = serving_constants.interval(
        constants, row.metric, row.regime, unknown=not known, near_limit=near
    )
    return Prediction(value, value * low, value * high)


def write(
    path: Path, header: Sequence[str], raw: Sequence[dict[str, str]], made: Sequence[Prediction]
) -> None:
    """The measured columns with `predicted`, `low`, `high`, `reason` added."""
    columns = [name for name in header if name not in ADDED]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*columns, *ADDED])
        for row, prediction in zip(raw, made, strict=True):
            numbers = (prediction.predicted, prediction.low, prediction.high)
            cells = ["" if number is None else f"{number:.6g}" for number in numbers]
            writer.writerow([*(row.get(name, "") for name in columns), *cells, prediction.reason])


def scores(raw: Sequence[dict[str, str]], made: Sequence[Prediction]) -> dict[str, Any]:
    """Median and 90th percentile of |ln(predicted / value)| over all rows, by metric, chip and model; share of
    values inside their interval; how many rows have no prediction, by reason."""
    groups: dict[str, dict[str, list[float]]] = {"metric": {}, "chip_key": {}, "model_key": {}}
    errors: list[float] = []
    held: list[float] = []
    ratios: list[float] = []
    reasons: dict[str, int] = {}
    pairs: dict[tuple[str, str], list[float]] = {}
    for row, prediction in zip(raw, made, strict=True):
        if prediction.predicted is None or prediction.low is None or prediction.high is None:
            reasons[prediction.reason] = reasons.get(prediction.reason, 0) + 1
            continue
        value = measured.positive(row.get("value", ""))
        if value is None:
            continue
        error = abs(math.log(prediction.predicted / value))
        errors.append(error)
        held.append(float(prediction.low <= value <= prediction.high))
        ratios.append(prediction.high / prediction.low)
        pairs.setdefault((row.get("model_key", ""), row.get("chip_key", "")), []).append(error)
        for name, group in groups.items():
            group.setdefault(row.get(name, "") or "(blank)", []).append(error)
    return {
        "rows": len(raw),
        "predicted": sum(p.predicted is not None for p in made),
        **_spread(errors),
        "mean_of_group_medians": _mean([_spread(group)["median"] for group in pairs.values()]),
        "interval_coverage": _mean(held),
        "median_high_over_low": _spread(ratios)["median"],
        "by": {
            name: {
                k: {"rows": len(v), **_spread(v)} for k, v in sorted(g.items(), key=lambda kv: -len(kv[1]))
            }
            for name, g in groups.items()
        },
        "not_predicted": reasons,
    }


def _spread(errors: Sequence[float]) -> dict[str, float | None]:
    if not errors:
        return {"median": None, "p90": None}
    ordered, n = sorted(errors), len(errors)
    middle = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    return {"median": round(middle, 4), "p90": round(ordered[min(n - 1, int(0.9 * n))], 4)}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 4) if known else None
