"""The core's two heaviest jobs written well in numpy, to compare speeds with: whole arrays, no Python loops over
rows. The serving twin covers what the benchmark asks (a dense model, tensor parallelism, a closed loop)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tools.serving.deployment import Deployment

Array = NDArray[np.float64]
CEILING = 0.90


class ServingTwin:
    """Output tokens per second of a dense model in 8 bits, by the formulas of `core/src/step.rs` and `serving.rs`."""

    def __init__(self, laid: Deployment, tuning: Mapping[str, float]) -> None:
        from tools.serving.core_inputs import core_model

        self.t, self.shape, self.tp = tuning, laid.model, float(laid.tensor_parallel or 1)
        self.chip, self.elements = laid.chip, core_model(laid.model).kv_elements

    def estimate(self, work: Array) -> Array:
        """Output tokens per second of rows (input, output, load, count, server); the cache is taken to have room."""
        t = self.t
        prompt, output, clients = work[:, 0], work[:, 1], work[:, 3]
        step = self._step(clients, clients, prompt + 0.5 * output, 1.0, clients)
        chunks = np.maximum(prompt / t["chunk_tokens"], 1.0)
        alone = chunks * self._prefill(prompt / chunks, prompt)
        chunk = np.minimum(prompt * np.maximum(clients, 1.0), t["chunk_tokens"])
        shared = self._prefill(chunk, prompt) * prompt / chunk
        cycle = t["request_s"] + alone + t["cycle_prefill"] * (clients - 1.0) * shared + output * step
        return clients / cycle * output

    def _prefill(self, tokens: Array, prompt: Array) -> Array:
        return self._step(tokens, np.maximum(tokens / prompt, 1.0), prompt, self.t["prefill_speed"], None)

    def _step(
        self, tokens: Array, logits: Array, context: Array, speed: float, decoding: Array | None
    ) -> Array:
        t, s, tp = self.t, self.shape, self.tp
        chip, bandwidth = self.chip, float(self.chip.bandwidth_bytes_per_s or 0.0)
        fp16, fp8 = chip.peak_flops["bf16"], chip.peak_flops["fp8"]
        read = bandwidth * min(t["bandwidth_share"], CEILING)

        def rate(relative: float, peak: float = fp16) -> float:
            return peak * min(t["flop_share"] * relative, CEILING)

        head = float(s.vocab or 0) * float(s.hidden or 0)
        body = float(s.params_total or 0) - 2.0 * head
        memory = (body + 2.0 * head) / tp / read  # 8-bit body, 16-bit vocabulary
        compute = 2.0 * body / tp * tokens / rate(
            speed * t["fp8_factor"], fp8
        ) + 2.0 * head / tp * logits / rate(speed)
        dense = self._norm(np.broadcast_to(memory, compute.shape), compute)
        flop = 4.0 * float(s.layers or 0) * float(s.heads or 0) * float(s.head_dim or 0)
        if decoding is not None:
            per_token = self.elements(1.0) * 2.0 / min(tp, float(s.kv_heads or 1))
            cached = (
                decoding
                * per_token
                * context
                / (bandwidth * min(t["bandwidth_share"] * t["cache_bandwidth"], CEILING))
            )
            attention = self._norm(cached, decoding * flop * context / tp / rate(t["decode_attention"]))
            host = t["host_step_s"] + t["host_sequence_s"] * decoding
        else:
            attention = tokens * flop * 0.5 * context / tp / rate(t["prefill_attention"] * speed)
            host = np.full_like(tokens, t["host_step_s"])
        link = float(chip.scale_up_bytes_per_s or 1e9) * min(t["link_share"], 1.0)
        volume = tokens * float(s.hidden or 0) * 2.0 * 2.0 * (tp - 1.0) / tp / link
        collective = 2.0 * float(s.layers or 0) * (t["collective_latency_s"] + volume)
        found: Array = dense + attention + collective + float(s.layers or 0) * t["layer_s"] + host
        return found

    def _norm(self, memory: Array, compute: Array) -> Array:
        p = max(self.t["overlap_norm"], 1.0)
        high, low = np.maximum(memory, compute), np.minimum(memory, compute)
        found: Array = high * (1.0 + (low / high) ** p) ** (1.0 / p)
        return found


class LawTwin:
    """L(N, D) by Huber loss on log loss: BFGS that moves all starts (or resamples) at once, a row each."""

    def __init__(self, params: Array, tokens: Array, loss: Array, delta: float = 1e-3) -> None:
        self.n, self.d, self.y, self.delta = np.log(params), np.log(tokens), np.log(loss), delta

    def fit_grid(self, keep: int = 60, screen: int = 25, rounds: int = 200) -> tuple[Array, float]:
        """The best of the replication's 4,500 starts: some rounds for all, more for the most promising."""
        grid = product(
            range(0, 30, 5),
            range(0, 30, 5),
            np.arange(-1, 1.5, 0.5),
            np.arange(0, 2.5, 0.5),
            np.arange(0, 2.5, 0.5),
        )
        theta = np.array(list(grid), dtype=np.float64)
        theta, value = self.minimise(theta, None, screen)
        best = np.argsort(value)[:keep]
        theta, value = self.minimise(theta[best], None, rounds)
        at = int(np.argmin(value))
        return theta[at], float(value[at])

    def bootstrap(self, start: Array, draws: NDArray[np.int64], rounds: int = 40) -> Array:
        """A refit a row of `draws` (indices of runs), each from `start`."""
        weights = np.zeros(draws.shape)
        np.add.at(weights, (np.arange(len(draws))[:, None], draws), 1.0)
        return self.minimise(np.tile(start, (len(draws), 1)), weights, rounds)[0]

    def value_and_gradient(self, theta: Array, weights: Array | None) -> tuple[Array, Array]:
        """Objective (rows) and gradient (rows x 5) at `theta` (a, b, e, alpha, beta)."""
        a, b, e, alpha, beta = (column[:, None] for column in theta.T)
        first, second = a - alpha * self.n, b - beta * self.d
        top = np.maximum(np.maximum(first, second), e)
        first, second, third = np.exp(first - top), np.exp(second - top), np.exp(e - top)
        total = first + second + third
        residual = np.log(total)
        residual += top - self.y
        clipped = np.clip(residual, -self.delta, self.delta)
        loss = clipped * (residual - 0.5 * clipped)
        if weights is not None:
            loss *= weights
            clipped = clipped * weights
        clipped /= total
        first *= clipped
        second *= clipped
        third *= clipped
        parts = (first.sum(1), second.sum(1), third.sum(1), -(first @ self.n), -(second @ self.d))
        return loss.sum(1), np.column_stack(parts)

    def minimise(self, theta: Array, weights: Array | None, rounds: int) -> tuple[Array, Array]:
        theta = theta.copy()
        value, slope = self.value_and_gradient(theta, weights)
        inverse = np.tile(np.eye(5), (len(theta), 1, 1))
        live = np.arange(len(theta))
        for _ in range(rounds):
            step = -np.einsum("kij,kj->ki", inverse[live], slope[live])
            down = np.einsum("ki,ki->k", step, slope[live])
            reset = down >= 0
            step[reset], down[reset] = -slope[live][reset], -np.square(slope[live][reset]).sum(1)
            step *= np.minimum(1.0, 2.0 / np.maximum(np.abs(step).max(1), 1e-300))[:, None]
            moved = self._search(theta, value, slope, live, step, down, weights, inverse)
            live = live[moved]
            if not len(live):
                break
        return theta, value

    def _search(self, theta: Array, value: Array, slope: Array, live: NDArray[np.int64], step: Array, down: Array,
                weights: Array | None, inverse: Array) -> NDArray[np.bool_]:  # fmt: skip
        """Halve the step until the objective falls, then update the inverse Hessian; which rows still move."""
        scale, open_rows = np.ones(len(live)), np.arange(len(live))
        moved = np.zeros(len(live), dtype=bool)
        for _ in range(12):
            rows = live[open_rows]
            trial = theta[rows] + scale[open_rows, None] * step[open_rows]
            found, gradient = self.value_and_gradient(trial, None if weights is None else weights[rows])
            good = found <= value[rows] + 1e-4 * scale[open_rows] * down[open_rows]
            done = rows[good]
            s, y = trial[good] - theta[done], gradient[good] - slope[done]
            moved[open_rows[good]] = value[done] - found[good] > 1e-13 * np.abs(value[done])
            theta[done], value[done], slope[done] = trial[good], found[good], gradient[good]
            self._update(inverse, done, s, y)
            open_rows = open_rows[~good]
            scale[open_rows] *= 0.3
            if not len(open_rows):
                break
        return moved

    @staticmethod
    def _update(inverse: Array, rows: NDArray[np.int64], s: Array, y: Array) -> None:
        curvature = np.einsum("ki,ki->k", s, y)
        good = curvature > 1e-14 * np.sqrt(np.square(s).sum(1) * np.square(y).sum(1)) + 1e-300
        rows, s, y, curvature = rows[good], s[good], y[good], curvature[good]
        hy = np.einsum("kij,kj->ki", inverse[rows], y)
        scale = (1.0 + np.einsum("ki,ki->k", y, hy) / curvature) / curvature
        cross = np.einsum("ki,kj->kij", hy, s) / curvature[:, None, None]
        inverse[rows] += (
            scale[:, None, None] * np.einsum("ki,kj->kij", s, s) - cross - cross.transpose(0, 2, 1)
        )
