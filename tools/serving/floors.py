"""What no software can beat: the time to read the weights, the arithmetic of a prompt, the peaks of many chips.

decode floor = bytes of the weights a token needs / (chips × bandwidth); at batch 1 its inverse is the most tokens
per second; a step time that is stated gives the bandwidth it takes. prefill floor = 2 × active parameters × prompt tokens / (chips × dense peak). The two meet at the batch
where computing a step takes as long as reading the weights: peak × bytes per parameter / (2 × bandwidth)
(Williams et al. 2009, the roofline model, doi:10.1145/1498765.1498785).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.errors import FactAbsent
from tools.serving.precision import bytes_per_element, compute_precision
from tools.serving.served import GB, Notes
from tools.serving.step_rates import target_step_s
from tools.units import format_number

if TYPE_CHECKING:
    from tools.catalog import Chip
    from tools.serving.served import Served
    from tools.serving_performance import ServingPerformanceQuery, ServingPerformanceResult

FLOP_PER_PARAM = 2.0


@dataclass(frozen=True, slots=True)
class Machine:
    """The chips of a query as peaks: bytes/s and FLOP/s of one chip, None where unknown."""

    name: str
    n_chips: int
    bandwidth: float | None
    peak_flops: float | None
    memory_bytes: float | None
    precision: str


def machine(query: ServingPerformanceQuery, chip: Chip | None, weights: str, notes: Notes) -> Machine:
    """The peaks asked about: those given in the question, else the catalogue's."""
    bandwidth = query.bandwidth_tb_per_s * 1e12 if query.bandwidth_tb_per_s is not None else None
    peak = query.peak_tflops * 1e12 if query.peak_tflops is not None else None
    memory, used = None, weights
    if chip is not None:
        memory = chip.memory_bytes
        bandwidth = bandwidth if bandwidth is not None else chip.bandwidth_bytes_per_s
        used = compute_precision(weights, chip.peak_flops) or weights
        if used != weights and {used, weights} != {"bf16", "fp16"} and query.peak_tflops is None:
            notes.warnings.append(f"{chip.name} has no {weights} matrix rate; its {used} peak is used")
        peak = peak if peak is not None else chip.peak_flops.get(used)
        notes.sources.extend(chip.sources("bandwidth_bytes_per_s", used))
    name = chip.name if chip is not None else "the chip"
    return Machine(name, query.n_chips or 1, bandwidth, peak, memory, used)


def fill_floors(
    query: ServingPerformanceQuery, on: Machine, served: Served | None, result: ServingPerformanceResult
) -> list[str]:
    """Put the floors and ceilings that the numbers known allow into `result`; returns their formula texts."""
    lines = []
    each = query.flop_per_param or FLOP_PER_PARAM
    moved = _bytes_moved(query, served)
    if moved is not None and on.bandwidth:
        lines.append(_decode_floor(moved, on, query.bandwidth_fraction or 1.0, result))
    lines += _at_step(query, moved, on, result)
    active = _active_params(query, served)
    if active is not None:
        result.flop_per_token = each * active
        lines += _answer(query, each * active, result)
        lines += _prefill_floor(query, active, on, result)
    if on.bandwidth and on.peak_flops:
        size = bytes_per_element(served.weight_precision if served is not None else on.precision)
        result.compute_bound_batch = on.peak_flops * size / (each * on.bandwidth)
    return lines


def _at_step(
    query: ServingPerformanceQuery, moved: float | None, on: Machine, result: ServingPerformanceResult
) -> list[str]:
    """What a step time (or a user's speed) that is stated means for one request reading all the weights."""
    step = target_step_s(query)
    if step is None:
        return []
    rate = (on.bandwidth or 0.0) * (query.bandwidth_fraction or 1.0)
    if moved is None:
        if not rate:
            return []
        result.largest_weights_gb = rate * on.n_chips * step / GB
        return [f"{format_number(rate * on.n_chips / 1e12)} TB/s × {format_number(step * 1e3)} ms = "
                f"{format_number(result.largest_weights_gb)} GB"]  # fmt: skip
    needed = moved / step
    result.bandwidth_needed_tb_per_s = needed / 1e12
    if rate:
        result.bandwidth_share = needed / (rate * on.n_chips)
        result.chips_needed = float(math.ceil(needed / rate * (1 - 1e-12)))
    return [
        f"{format_number(moved / GB, 5)} GB every {format_number(step * 1e3)} ms takes "
        f"{format_number(needed / 1e12)} TB/s"
    ]


def _answer(query: ServingPerformanceQuery, flop: float, result: ServingPerformanceResult) -> list[str]:
    """The arithmetic of the answer's tokens, at `flop` a token."""
    if query.output_tokens is None:
        return []
    result.answer_flop = flop * query.output_tokens
    result.request_flop = flop * (query.output_tokens + (query.input_tokens or 0.0))
    return [
        f"answer: {query.output_tokens:,.0f} tokens × {format_number(flop / 1e9)} GFLOP = "
        f"{format_number(result.answer_flop / 1e15)} PFLOP"
    ]


def _bytes_moved(query: ServingPerformanceQuery, served: Served | None) -> float | None:
    """Bytes of weights one decode step at batch 1 must read."""
    if query.weights_gb is not None:
        return query.weights_gb * GB
    active = _active_params(query, served)
    return active * bytes_per_element(served.weight_precision) if active is not None and served else None


def _active_params(query: ServingPerformanceQuery, served: Served | None) -> float | None:
    if query.active_params is not None:
        return query.active_params
    if served is None:
        return None
    entry = served.entry
    return entry.params_active if entry is not None and entry.params_active else served.params


def _decode_floor(moved: float, on: Machine, share: float, result: ServingPerformanceResult) -> str:
    rate = (on.bandwidth or 0.0) * on.n_chips * share
    floor = moved / rate
    result.decode_floor_ms = floor * 1e3
    result.bandwidth_bound_tokens_per_s = 1.0 / floor
    chips = f"{on.n_chips} × " if on.n_chips > 1 else ""
    part = f" × {share:g}" if share != 1.0 else ""
    return (
        f"read the weights once: {format_number(moved / GB, 5)} GB / ({chips}{(on.bandwidth or 0.0) / 1e12:g} TB/s"
        f"{part}) = {format_number(floor * 1e3, 5)} ms, so at most {format_number(1 / floor, 5)} tokens/s at batch 1"
    )


def _prefill_floor(
    query: ServingPerformanceQuery, active: float, on: Machine, result: ServingPerformanceResult
) -> list[str]:
    lines = []
    each = query.flop_per_param or FLOP_PER_PARAM
    if query.input_tokens is not None:
        result.prefill_flop = each * active * query.input_tokens
    if on.peak_flops:
        rate = on.peak_flops * on.n_chips * (query.flop_fraction or 1.0)
        result.max_prefill_tokens_per_s = rate / (each * active)
        if query.prefill_ms is not None and result.prefill_flop is not None:
            result.prefill_mfu = result.prefill_flop / (on.peak_flops * on.n_chips * query.prefill_ms / 1e3)
        if result.prefill_flop is not None:
            result.prefill_floor_ms = result.prefill_flop / rate * 1e3
            lines.append(
                f"prefill: {each:g} × {active / 1e9:,.4g}e9 × {query.input_tokens:,.0f} tokens = "
                f"{format_number(result.prefill_flop / 1e15)} PFLOP, at least "
                f"{format_number(result.prefill_floor_ms)} ms at {format_number(rate / 1e12)} TFLOP/s"
            )
    return lines


def fill_cluster(on: Machine, result: ServingPerformanceResult) -> list[str]:
    """The summed peaks of all chips. Raises FactAbsent when none is known."""
    if on.peak_flops is None and on.bandwidth is None and on.memory_bytes is None:
        raise FactAbsent(f"the catalogue has no sourced peaks of {on.name}")
    lines = []
    if on.peak_flops is not None:
        result.cluster_pflops_per_s = on.n_chips * on.peak_flops / 1e15
        lines.append(
            f"{on.n_chips:,} × {on.peak_flops / 1e12:,.5g} dense {on.precision} TFLOP/s = "
            f"{format_number(result.cluster_pflops_per_s, 5)} PFLOP/s"
        )
    if on.memory_bytes is not None:
        result.cluster_memory_gb = on.n_chips * on.memory_bytes / GB
    if on.bandwidth is not None:
        result.cluster_bandwidth_tb_per_s = on.n_chips * on.bandwidth / 1e12
    return lines
