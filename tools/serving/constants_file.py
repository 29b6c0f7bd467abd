"""Writing the fitted constants: each with its meaning, the rows it was fitted on, and the intervals."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tools.serving.calibrate import Fit, Parameter, cross_validate, fit, parameters_of, residuals, summary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tools.serving.measured import Row

    Array = NDArray[np.float64]

MEANINGS: dict[str, str] = {
    "bandwidth_share": "share of peak memory bandwidth reached when dense weights stream",
    "flop_share": "share of the dense 16-bit peak reached by large matrices",
    "fp8_factor": "8-bit arithmetic against 16-bit, as shares of their peaks",
    "fp4_factor": "4-bit arithmetic against 16-bit, as shares of their peaks",
    "expert_bandwidth": "bandwidth of grouped expert matrices against dense ones",
    "expert_flop": "FLOP rate of grouped expert matrices against dense ones",
    "cache_bandwidth": "bandwidth of reading the KV cache against weights",
    "mla_bandwidth": "bandwidth of reading an MLA latent against an ordinary cache",
    "prefill_attention": "FLOP rate of attention in prefill against matrices",
    "decode_attention": "FLOP rate of attention in decode against matrices",
    "overlap_norm": "exponent with which memory and compute time combine (1 adds, large overlaps)",
    "layer_s": "seconds a layer beyond bytes and FLOP: launches, norms, rotary, small kernels",
    "moe_layer_s": "seconds a layer with experts more: routing, permutation",
    "host_step_s": "seconds of scheduler and sampling a step",
    "host_sequence_s": "seconds of scheduler and sampling a sequence and step",
    "collective_latency_s": "seconds of one all-reduce of few bytes, skew between chips included",
    "link_share": "share of the one-way link rate an all-reduce reaches",
    "latency_growth": "growth of collective latency per doubling beyond 8 chips",
    "all_to_all_share": "rate of expert dispatch against all-reduce",
    "network_share": "share of the network rate reached beyond the scale-up domain",
    "imbalance": "load of the busiest expert rank against an even split",
    "prefill_speed": "FLOP rate of prefill matrices against decode ones",
    "chunk_tokens": "prompt tokens that share one prefill step",
    "interference": "share of the joining requests' prefill that delays the others' tokens",
    "wait": "share of the other requests' prefill that a new request waits for",
    "wait_exponent": "growth of that wait with the share of time prefill takes",
    "lockstep": "fading of interference with that share",
    "steps_waited": "decode steps before a new request's prefill starts",
    "cycle_prefill": "share of the others' prefill that a closed loop's cycle pays",
    "request_s": "seconds around a request in a server: HTTP, tokenizer, scheduler",
    "memory_share": "share of device memory an engine uses",
    "reserve_bytes": "bytes an engine keeps per chip for activations and graphs",
    "max_sequences": "sequences an attention rank holds at most",
    "output_reserved": "share of the answer a request's cache room is set aside for",
    "dequantised": "speed of matrices whose weights are widened before multiplying",
    "dequantised_expert": "the same for grouped expert matrices",
    "narrow_expert": "width of a slice of an expert at which it reaches half the dense FLOP rate",
    "recurrence": "share of the FLOP peak reached by linear-attention recurrences in prefill",
    "engines.speed": "bandwidth and FLOP shares",
    "engines.prefill": "prefill FLOP rate",
    "engines.cache": "bandwidth of reading the KV cache",
    "engines.overhead": "time per layer, step and sequence",
    "engines.wait": "waiting before the first token",
    "engines.interference": "delay of tokens by joining prefills",
    "families.bandwidth": "bandwidth share",
    "families.flop": "FLOP share",
    "links.latency": "collective latency",
    "links.share": "share of the link rate",
}
# A factor this near to 1 says nothing and is left out of the file.
NEAR_ONE = 0.03


def document(
    fitted: Fit,
    rows: Sequence[Row],
    intervals: dict[str, Any],
    errors: dict[str, Any],
    widen: float,
    date: str,
) -> dict[str, Any]:
    """The file as a mapping: about, global, engines, families, links, intervals."""
    written: dict[str, Any] = {
        "about": {
            "fitted_on": date,
            "rows": len(rows),
            "method": "robust least squares on log error with log-normal priors (rackrate calibrate)",
            "constants": sum(1 for p in fitted.parameters if p.width > 0 and _speaks(fitted, p)),
            "widen_unknown": round(widen, 3),
            "errors": errors,
        },
        "global": {},
        "meaning_of_factors": {k: v for k, v in MEANINGS.items() if "." in k},
        "engines": {},
        "families": {},
        "links": {},
        "intervals": intervals,
    }
    seen = {group: Counter(getattr(row, own) for row in rows) for group, own in _OWN.items()}
    for parameter in fitted.parameters:
        value = _rounded(fitted.value(parameter))
        if parameter.group == "global":
            entry = {"value": value, "prior": _rounded(parameter.prior), "meaning": MEANINGS[parameter.name]}
            written["global"][parameter.name] = entry
            continue
        member = written[parameter.group].setdefault(parameter.member, {})
        member["rows"] = seen[parameter.group][parameter.member]
        if _speaks(fitted, parameter):
            member[parameter.name] = value
    return written


_OWN = {"engines": "engine", "families": "family", "links": "link"}


def _speaks(fitted: Fit, parameter: Parameter) -> bool:
    return parameter.group == "global" or abs(fitted.value(parameter) - 1.0) > NEAR_ONE


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def kept_back(rows: Sequence[Row], seeds: int = 8, iterations: int = 14) -> tuple[Array, list[Row]]:
    """Residuals of rows kept back as an outside test would: an eighth in whole (model, chip) pairs, and a
    quarter of the others; refitted without them from the priors, `seeds` times over."""
    parameters, errors, tested = parameters_of(rows), [], []
    for seed in range(seeds):
        out = _draw(rows, random.Random(seed))
        fitted, _ = fit(
            [r for r, o in zip(rows, out, strict=True) if not o], parameters, iterations=iterations
        )
        test = [r for r, o in zip(rows, out, strict=True) if o]
        errors.append(residuals(fitted, test))
        tested.extend(test)
    return np.concatenate(errors), tested


def _draw(rows: Sequence[Row], rng: random.Random) -> list[bool]:
    size = Counter(row.pair for row in rows)
    pairs = sorted(pair for pair in size if size[pair] <= 70)
    rng.shuffle(pairs)
    chosen: set[tuple[str, str]] = set()
    total = 0
    for pair in pairs:
        if total > 0.125 * len(rows):
            break
        chosen.add(pair)
        total += size[pair]
    return [row.pair in chosen or rng.random() < 0.25 for row in rows]


def intervals_of(errors: Array, rows: Sequence[Row], coverage: float = 0.8) -> dict[str, dict[str, float]]:
    """Factors around a prediction that held `coverage` of the measured values, by metric and regime."""
    groups: dict[str, list[float]] = {"all": [float(e) for e in errors]}
    for row, error in zip(rows, errors, strict=True):
        groups.setdefault(row.metric, []).append(float(error))
        groups.setdefault(f"{row.metric}|{row.regime}", []).append(float(error))
    tail = (1.0 - coverage) / 2.0
    return {
        key: {
            "low": round(math.exp(-float(np.quantile(values, 1.0 - tail))), 3),
            "high": round(math.exp(-float(np.quantile(values, tail))), 3),
            "rows": len(values),
        }
        for key, values in sorted(groups.items())
        if len(values) >= 40
    }


def errors_of(
    fitted: Fit, rows: Sequence[Row], *, full: bool, progress: Callable[[int, int], Any] | None = None
) -> tuple[dict[str, Any], dict[str, dict[str, float]], float]:
    """Error summaries (in the sample, kept back, pairs out, chips out), the intervals of the rows kept back, and
    how much wider rows of a chip nobody measured spread."""
    inside = residuals(fitted, rows)
    tested_errors, tested = kept_back(rows)
    folds = None if full else 12
    pair = cross_validate(rows, lambda row: row.pair, folds=folds, progress=progress)
    chip = cross_validate(rows, lambda row: row.pair[1], folds=folds, progress=progress)
    widen = float(np.quantile(np.abs(chip), 0.8) / np.quantile(np.abs(tested_errors), 0.8))
    said = {
        "in_sample": by_metric(inside, rows),
        "kept_back": by_metric(tested_errors, tested),
        "one_pair_out" if full else "twelfth_of_pairs_out": by_metric(pair, rows),
        "one_chip_out" if full else "twelfth_of_chips_out": by_metric(chip, rows),
    }
    return said, intervals_of(tested_errors, tested), max(1.0, widen)


def by_metric(errors: Array, rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """`calibrate.summary` over all rows and over each metric."""
    out = {"all": summary(errors, rows)}
    for metric in ("output_tok_s_total", "total_tok_s", "tpot_ms", "ttft_ms"):
        own = np.array([row.metric == metric for row in rows])
        if own.any():
            out[metric] = summary(errors[own], [row for row in rows if row.metric == metric])
    return out


def write(document: dict[str, Any], path: Path) -> None:
    """Write the file beside itself first, so that a reader never sees half of it."""
    import yaml

    text = (
        "# Fitted constants of the serving model; written by `rackrate calibrate`, read by the calculators.\n"
    )
    text += yaml.safe_dump(document, sort_keys=False, width=110, allow_unicode=True)
    draft = path.with_suffix(".draft")
    draft.write_text(text, "utf-8")
    draft.replace(path)
