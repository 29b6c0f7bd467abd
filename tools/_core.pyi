"""The compiled core (Rust, `core/src`). Rates are per second, sizes in bytes, lengths in tokens."""

from collections.abc import Sequence
from typing import ClassVar, Literal, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "VERSION",
    "Chip",
    "CoreError",
    "Deployment",
    "Estimate",
    "Model",
    "Plan",
    "Simulation",
    "Tuning",
    "effective_tokens",
    "estimate_batch",
    "fit_bootstrap",
    "fit_law",
    "fit_objective",
    "goodput",
    "law_flop_for_loss",
    "law_flop_for_params",
    "law_flop_for_tokens",
    "law_inference_adjusted",
    "law_loss",
    "law_optimum",
    "law_repeated_loss",
    "law_repeated_optimum",
    "law_tokens_for_loss",
    "pareto_front",
    "quasi_random",
    "sweep_bounds",
    "sweep_grid",
    "training_seconds_per_token",
]

VERSION: str

class CoreError(ValueError):
    """An input the core refuses; `args` is (field, value, allowed)."""

# --- serving -------------------------------------------------------------------------------------

_Load: TypeAlias = Literal["static", "closed", "saturated"]
_Format: TypeAlias = tuple[float, str]
"""Bytes of one weight as read, and the arithmetic it is multiplied in (fp32, fp16, bf16, fp8, int8, fp4)."""

@final
class Chip:
    """One accelerator: memory, peaks (dense FLOP/s, 0 = no such unit), link one way per chip."""

    def __new__(
        cls,
        *,
        memory_bytes: float,
        bandwidth: float,
        fp16: float,
        fp32: float = 0.0,
        fp8: float = 0.0,
        int8: float = 0.0,
        fp4: float = 0.0,
        link: float = 1e9,
        domain: float = 1.0,
        network: float = 25e9,
    ) -> Chip: ...

@final
class Model:
    """A model's shape; parameter counts are totals over all layers."""

    def __new__(
        cls,
        *,
        layers: float,
        hidden: float,
        heads: float,
        kv_heads: float,
        head_dim: float,
        attention_params: float,
        dense_params: float,
        expert_params: float = 0.0,
        head_params: float = 0.0,
        embedding_params: float = 0.0,
        moe_layers: float = 0.0,
        experts: float = 0.0,
        experts_per_token: float = 0.0,
        full_layers: float,
        window_layers: float = 0.0,
        window: float = 0.0,
        latent_rank: float = 0.0,
        rope_dim: float = 0.0,
        state_elements: float = 0.0,
    ) -> Model: ...
    def kv_elements(self, context: float) -> float: ...
    def params(self) -> float: ...
    def touched_share(self, tokens: float) -> float: ...

@final
class Plan:
    """How a model lies over chips: parallelism and number formats."""

    def __new__(
        cls,
        *,
        chips: float,
        tp: float = 1.0,
        pp: float = 1.0,
        ep: float = 1.0,
        attention_dp: bool = False,
        attention: _Format,
        dense: _Format,
        expert: _Format,
        head: _Format,
        kv_bytes: float = 2.0,
    ) -> Plan: ...

@final
class Tuning:
    """The fitted constants of one engine, chip family and link, multiplied together."""

    NAMES: ClassVar[list[str]]
    def __new__(cls, values: Sequence[float] | None = None) -> Tuning: ...
    def values(self) -> list[float]: ...

@final
class Estimate:
    """Steady state of one configuration; rates are for all chips together."""

    @property
    def ttft_s(self) -> float: ...
    @property
    def tpot_s(self) -> float: ...
    @property
    def output_tokens_per_s(self) -> float: ...
    @property
    def requests_per_s(self) -> float: ...
    @property
    def batch(self) -> float: ...
    @property
    def room(self) -> float: ...
    @property
    def prefill_s(self) -> float: ...
    @property
    def prefill_amortised_s(self) -> float: ...
    @property
    def decode_step_s(self) -> float: ...
    @property
    def limited_by(self) -> str: ...
    @property
    def breakdown(self) -> dict[str, float]: ...

@final
class Deployment:
    """A chip, a model and a plan."""

    def __new__(cls, chip: Chip, model: Model, plan: Plan) -> Deployment: ...
    def estimate(
        self,
        tuning: Tuning,
        *,
        input_tokens: float,
        output_tokens: float,
        load: _Load,
        count: float,
        server: bool = True,
    ) -> Estimate: ...
    def weight_bytes_per_chip(self) -> float: ...
    def cache_bytes_per_chip(self, context: float) -> float: ...
    def ranks(self) -> float: ...
    def room(self, tuning: Tuning, context: float) -> float: ...

def estimate_batch(
    deployments: Sequence[Deployment], tunings: NDArray[np.float64], workloads: NDArray[np.float64]
) -> NDArray[np.float64]:
    """`tunings` n x K or 1 x K (columns `Tuning.NAMES`), `workloads` n x 5 (input, output, load 0|1|2, count,
    server 0|1) -> n x 6 (TTFT s, TPOT s, output tokens/s, requests/s, batch, room); NaN rows on bad input."""

# --- scaling laws ----------------------------------------------------------------------------------

_LawParameters: TypeAlias = tuple[float, float, float, float, float]
"""A, B, E, alpha, beta of L(N, D) = E + A/N^alpha + B/D^beta, loss in nats per token."""
_LawPoint: TypeAlias = tuple[float, float, float]
"""Parameters, training tokens, loss."""

def law_loss(parameters: _LawParameters, params: float, tokens: float) -> float: ...
def law_optimum(parameters: _LawParameters, flop: float) -> _LawPoint: ...
def law_flop_for_params(parameters: _LawParameters, params: float) -> float: ...
def law_flop_for_tokens(parameters: _LawParameters, tokens: float) -> float: ...
def law_flop_for_loss(parameters: _LawParameters, loss: float) -> float: ...
def law_tokens_for_loss(parameters: _LawParameters, params: float, loss: float) -> float: ...
def law_inference_adjusted(
    parameters: _LawParameters,
    loss: float,
    prefill_tokens: float,
    decode_tokens: float = 0.0,
    costs_per_flop: tuple[float, float, float] = ...,
) -> _LawPoint:
    """The size that makes training and serving cheapest at `loss`; costs of training, prefill, decode FLOP."""

def law_repeated_loss(
    parameters: _LawParameters,
    half_lives: tuple[float, float],
    params: float,
    tokens: float,
    unique_tokens: float,
) -> float: ...
def law_repeated_optimum(
    parameters: _LawParameters, half_lives: tuple[float, float], flop: float, unique_tokens: float
) -> _LawPoint: ...
def effective_tokens(unique_tokens: float, repeats: float, half_life: float) -> float: ...

# --- clusters --------------------------------------------------------------------------------------

def goodput(
    mtbf_s: float, checkpoint_s: float, restart_s: float, interval_s: float | None = None
) -> tuple[float, float]:
    """Share of wall time that is kept work, and the checkpoint interval (the best one unless given)."""

# --- fitting a scaling law -------------------------------------------------------------------------

_FitParameters: TypeAlias = Sequence[float]
"""a, b, e, alpha, beta with A = e^a, B = e^b, E = e^e."""

def fit_law(
    params: NDArray[np.float64],
    tokens: NDArray[np.float64],
    losses: NDArray[np.float64],
    starts: Sequence[_FitParameters] | None = None,
    delta: float = 1e-3,
) -> tuple[float, float, float, float, float, float, int]:
    """a, b, e, alpha, beta, objective, evaluations; the replication's 4,500 starts unless given."""

def fit_objective(
    params: NDArray[np.float64],
    tokens: NDArray[np.float64],
    losses: NDArray[np.float64],
    parameters: _FitParameters,
    delta: float = 1e-3,
) -> float: ...
def fit_bootstrap(
    params: NDArray[np.float64],
    tokens: NDArray[np.float64],
    losses: NDArray[np.float64],
    draws: NDArray[np.uint32],
    start: _FitParameters,
    delta: float = 1e-3,
) -> NDArray[np.float64]:
    """Rows of a, b, e, alpha, beta, objective; `draws` holds run indices, a row a resample."""

# --- sampling and fronts ---------------------------------------------------------------------------

def pareto_front(cost: NDArray[np.float64], value: NDArray[np.float64]) -> NDArray[np.int64]:
    """Indices of the points that none beats on both aims, cheapest first."""

def quasi_random(
    inputs: Sequence[tuple[str, float, float, float]], count: int, seed: int = 0
) -> NDArray[np.float64]:
    """`count` x inputs draws; an input is (uniform | triangular | lognormal, low, mode, high)."""

# --- training --------------------------------------------------------------------------------------

def training_seconds_per_token(
    work: Sequence[float], chip: Sequence[float], split: Sequence[float], efficiency: Sequence[float]
) -> float:
    """Chip-seconds a trained token takes; rows in the field order of `core/src/training.rs`."""

# --- simulation of single requests ----------------------------------------------------------------

@final
class Simulation:
    """A trace of requests (in order of arrival) served by a deployment under continuous batching."""

    def __new__(
        cls,
        deployment: Deployment,
        tuning: Tuning,
        arrivals: NDArray[np.float64],
        inputs: NDArray[np.float64],
        outputs: NDArray[np.float64],
        *,
        output_reserved: float = 0.0,
        clients: int | None = None,
    ) -> Simulation: ...
    def advance(self, steps: int) -> int:
        """Run up to `steps` steps; the number of requests that are through."""

    def outcomes(self) -> NDArray[np.float64]:
        """A row a request: arrival, start, first token, finish (s; NaN while not reached), preemptions, rejected."""

    def totals(self) -> dict[str, float]: ...

# --- sweeps ----------------------------------------------------------------------------------------

def sweep_grid(
    deployment: Deployment,
    tuning: Tuning,
    inputs: NDArray[np.float64],
    outputs: NDArray[np.float64],
    batches: NDArray[np.float64],
    start: int,
    count: int,
) -> tuple[
    NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_], NDArray[np.uint8]
]:
    """Rows `start..start + count` of inputs x outputs x batches (fastest last): TTFT s, TPOT s, output tokens/s,
    fits, and what limits by index into `sweep_bounds()`; NaN where not one request fits."""

def sweep_bounds() -> list[str]: ...
