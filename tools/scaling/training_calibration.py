"""Fit the training constants to measured runs again: `python -m tools.scaling.training_calibration ROWS.csv`.

Robust least squares on log error with log-normal priors (Levenberg and Marquardt); every (model, chip) pair
counts alike, however many rows it has. Reported in-sample, leaving each pair out, and leaving each chip out.
The rows are somebody's published measurements: they are read, never stored.
"""

from __future__ import annotations

import csv
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools.catalog import Catalog, load
from tools.errors import RackrateError
from tools.scaling.training_speed import Constants, Layout, Setup, make_setup, seconds_per_token

Array = NDArray[np.float64]

DELTA = 0.12  # error beyond which a row pulls no harder
# Priors: what a published kernel or framework study would lead one to expect, and how firmly (log units).
PRIORS: dict[str, tuple[float, float]] = {
    "ampere.bf16": (0.65, 0.3), "hopper.bf16": (0.6, 0.3), "hopper.fp8": (0.5, 0.3),
    "blackwell.bf16": (0.65, 0.3), "blackwell.fp8": (0.55, 0.3), "blackwell.fp4": (0.4, 0.3),
    "tpu.bf16": (0.55, 0.3), "tpu.fp8": (0.45, 0.3), "trainium.bf16": (0.35, 0.3),
    "ampere.attention": (0.5, 0.3), "hopper.attention": (0.4, 0.3), "blackwell.attention": (0.4, 0.3),
    "tpu.attention": (0.3, 0.3), "trainium.attention": (0.3, 0.3),
    "experts": (0.5, 0.5), "activation_bytes": (100.0, 0.7), "routed_bytes": (100.0, 0.7),
    "tensor_exposed": (0.3, 0.8), "expert_exposed": (0.5, 0.8), "data_exposed": (0.1, 0.8), "bubble": (1.0, 0.5),
}  # fmt: skip
_CHIPS = {"H100": "h100-sxm", "A100-80GB": "a100-sxm", "A100-40GB": "a100-sxm-40gb"}
_MPT = {"125m": (12, 768), "350m": (24, 1024), "760m": (24, 1536), "1b": (24, 2048), "3b": (32, 2560),
        "7b": (32, 4096), "13b": (40, 5120), "30b": (48, 7168), "70b": (80, 8192)}  # fmt: skip
_MODELS = {
    "LLAMA3_70B": "llama-3-70b", "LLAMA3.1_405B": "llama-3.1-405b", "DeepSeekV3": "deepseek-v3",
    "Kimi_K2": "kimi-k2", "Nemotron_3_Nano": "nemotron-3-nano-30b-a3b",
    "Nemotron_3_Super": "nemotron-3-super-120b-a12b", "gemma4-26b": "gemma-4-26b-a4b",
    "GPT3-175B-MaxText": "gpt-3", "DeepSeek3-671B-MaxText": "deepseek-v3",
    "Llama4-Maverick-17B-128E-Maxtext": "llama-4-maverick", "Llama4-Scout-17B-16E-Maxtext": "llama-4-scout",
    "Gemma3-12B-MaxText": "gemma-3-12b",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """One published run: what was run and how fast."""

    row_id: str
    model: str
    chip: str
    setup: Setup
    tokens_per_s_per_chip: float


def read_rows(path: Path, catalog: Catalog) -> tuple[list[Measured], dict[str, str]]:
    """The rows with a speed that can be predicted, and why each of the others cannot."""
    rows, skipped = [], {}
    with path.open(newline="", encoding="utf-8") as file:
        for raw in csv.DictReader(file):
            try:
                speed = float(raw.get("tokens_s_per_chip") or "")
                rows.append(
                    Measured(raw["id"], raw["model"], raw["chip_key"], row_setup(raw, catalog), speed)
                )
            except ValueError:
                skipped[raw["id"]] = "no tokens/s per chip"
            except RackrateError as error:
                skipped[raw["id"]] = str(error)
    return rows, skipped


def row_setup(raw: dict[str, str], catalog: Catalog) -> Setup:
    """The setup a row describes; RackrateError when its chip or model is unknown."""
    chip = catalog.chip(_CHIPS.get(raw["chip_key"], raw["chip_key"]))
    sequence = float(raw["seq_len"] or 0) or (2048.0 if "GPT3" in raw["model"] else 8192.0)
    split = raw["parallelism"]
    tensor, pipeline, context = (_degree(split, name) for name in ("TP", "PP", "CP"))
    chips, batch = float(raw["n_chips"]), float(raw["global_batch_seqs"] or 0)
    ranks = chips / (tensor * pipeline * context)
    layout = Layout(
        n_chips=chips, tensor_parallel=tensor, pipeline_parallel=pipeline, context_parallel=context,
        expert_parallel=_degree(split, "EP"), tokens_per_step=batch * float(raw["seq_len"] or 0),
        microbatches=max(1.0, batch / (ranks * _degree(split, "MBS"))) * _degree(split, "VP"),
        recompute="act.ckpt=True" in split or "full AC" in split,
    )  # fmt: skip
    precision = next((p for p in ("fp4", "fp8") if p in raw["precision"].lower()), "bf16")
    mpt = _MPT.get(raw["model"].removeprefix("MPT-"))
    if mpt:
        return make_setup(chip, float(raw["params"]), precision=precision, sequence=sequence, layout=layout,
                          vocabulary=50_368.0, shape=(float(mpt[0]), float(mpt[1])))  # fmt: skip
    name = _MODELS.get(raw["model"], raw["model"].removesuffix("-MaxText").removesuffix(" pre-training"))
    return make_setup(chip, catalog.model(name), precision=precision, sequence=sequence, layout=layout)


def _degree(text: str, name: str) -> float:
    found = re.search(rf"{name}=?(\d+)", text)
    return float(found[1]) if found else 1.0


def constants_of(x: Array) -> Constants:
    """The constants a point of the search stands for."""
    values = dict(zip(PRIORS, np.exp(x).tolist(), strict=True))
    families: dict[str, dict[str, float]] = defaultdict(dict)
    for name, value in values.items():
        if "." in name:
            family, kind = name.split(".")
            families[family][kind] = min(1.0, value)
    default = {
        kind: math.exp(float(np.mean([math.log(f[kind]) for f in families.values() if kind in f])))
        for kind in ("bf16", "fp8", "fp4", "attention")
    }
    shared = {n: min(1.0, v) if n == "experts" else v for n, v in values.items() if "." not in n}
    return Constants(dict(families), shared, default, (1.0, 1.0), (1.0, 1.0))


def log_errors(x: Array, rows: Sequence[Measured]) -> Array:
    """ln(predicted / measured) of each row."""
    constants = constants_of(x)
    return np.array(
        [-math.log(seconds_per_token(r.setup, constants) * r.tokens_per_s_per_chip) for r in rows]
    )


def fit(rows: Sequence[Measured], iterations: int = 25) -> Array:
    """The constants, as logarithms in the order of PRIORS."""
    middle = np.log([value for value, _ in PRIORS.values()])
    firm = np.array([width for _, width in PRIORS.values()])
    pairs = Counter((r.model, r.chip) for r in rows)
    weight = np.array([pairs[r.model, r.chip] ** -0.5 for r in rows]) / (2 * DELTA**2)

    def cost(x: Array) -> float:
        errors = log_errors(x, rows)
        robust = 2 * DELTA**2 * (np.sqrt(1 + (errors / DELTA) ** 2) - 1)
        return float(np.sum(weight * robust) / 2 + np.sum(((x - middle) / firm) ** 2) / 4)

    x, damping = middle.copy(), 1e-2
    least = cost(x)
    for _ in range(iterations):
        errors = log_errors(x, rows)
        jacobian = np.stack(
            [(log_errors(x + step, rows) - errors) / 1e-4 for step in 1e-4 * np.eye(len(x))], axis=1
        )
        pull = weight / np.sqrt(1 + (errors / DELTA) ** 2)
        normal = jacobian.T @ (jacobian * pull[:, None]) + np.diag(0.5 / firm**2)
        gradient = jacobian.T @ (pull * errors) + 0.5 * (x - middle) / firm**2
        x, least, damping, moved = _step(x, least, damping, normal, gradient, cost)
        if not moved:
            break
    return x


def _step(
    x: Array, least: float, damping: float, normal: Array, gradient: Array, cost: Callable[[Array], float]
) -> tuple[Array, float, float, bool]:
    for _ in range(8):
        trial = x + np.linalg.solve(normal + damping * np.diag(np.diag(normal)), -gradient)
        value = cost(trial)
        if value < least:
            return trial, value, damping * 0.3, True
        damping *= 4
    return x, least, damping, False


def left_out(rows: Sequence[Measured], group: Callable[[Measured], object]) -> Array:
    """Errors of each row by constants fitted without its group."""
    errors = np.zeros(len(rows))
    for key in {group(r) for r in rows}:
        inside = [i for i, r in enumerate(rows) if group(r) == key]
        x = fit([r for r in rows if group(r) != key], iterations=10)
        errors[inside] = log_errors(x, [rows[i] for i in inside])
    return errors


def summary(errors: Array, rows: Sequence[Measured]) -> dict[str, float]:
    """Median, 90th percentile, mean of group medians, and the signed 10 and 90 % points."""
    groups: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row, error in zip(rows, np.abs(errors), strict=True):
        groups[row.model, row.chip].append(float(error))
    return {
        "rows": float(len(rows)),
        "median": float(np.median(np.abs(errors))),
        "p90": float(np.quantile(np.abs(errors), 0.9)),
        "mean_of_group_medians": float(np.mean([np.median(g) for g in groups.values()])),
        "q10": float(np.quantile(errors, 0.1)),
        "q90": float(np.quantile(errors, 0.9)),
    }


def main(argv: Sequence[str]) -> int:
    """Print the fitted constants and how far they are off."""
    import yaml

    rows, skipped = read_rows(Path(argv[0]), load())
    x = fit(rows)
    constants = constants_of(x)
    report = {
        "in_sample": summary(log_errors(x, rows), rows),
        "leave_pair_out": summary(left_out(rows, lambda r: (r.model, r.chip)), rows),
        "leave_chip_out": summary(left_out(rows, lambda r: r.chip), rows),
        "families": {k: dict(v) for k, v in constants.families.items()},
        "shared": dict(constants.shared), "default": dict(constants.default), "skipped": len(skipped),
    }  # fmt: skip
    print(yaml.safe_dump(report, sort_keys=False))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
