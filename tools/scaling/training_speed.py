"""Tokens a second that a chip trains on: the physical terms of the core with constants fitted to published runs.

The constants live in ``tools/catalog/training_constants.yaml`` with the date and the number of rows they rest
on; ``tools/scaling/training_calibration.py`` fits them again. A chip family nobody measured gets the middle of the
others and a wider interval.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from tools import _core
from tools.catalog.chips import Chip
from tools.catalog.models import Model
from tools.contract import Source
from tools.errors import FactAbsent
from tools.serving.precision import compute_precision

CONSTANTS = Path(__file__).parents[1] / "catalog" / "training_constants.yaml"
DEFAULT_SEQUENCE = 8192.0
DEFAULT_VOCABULARY = 100_000.0
DEFAULT_CHIPS = 512.0
OPTIMISER_BYTES_PER_PARAM = 18.0
SHARED = (
    "experts", "activation_bytes", "routed_bytes", "tensor_exposed", "expert_exposed", "data_exposed", "bubble",
)  # fmt: skip
_NARROW = {"fp8": "fp8", "int8": "fp8", "fp6": "fp8", "fp4": "fp4"}

Row = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a run is split over its chips; what is None is chosen."""

    n_chips: float | None = None
    tensor_parallel: float = 1.0
    pipeline_parallel: float = 1.0
    context_parallel: float = 1.0
    expert_parallel: float | None = None
    microbatches: float = 1.0
    tokens_per_step: float = 0.0
    recompute: bool | None = None


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything the core needs of a run but the fitted constants."""

    work: Row
    chip: Row
    split: Row
    family: str
    arithmetic: str
    model_flop: float
    peak: float


@dataclass(frozen=True, slots=True)
class Speed:
    """Predicted training speed with its 10 to 90 % interval."""

    tokens_per_s_per_chip: float
    low: float
    high: float
    mfu: float
    measured_family: bool
    source: Source


@dataclass(frozen=True, slots=True)
class Constants:
    """Fitted constants: shares of peaks by chip family and arithmetic, and the shared ones."""

    families: Mapping[str, Mapping[str, float]]
    shared: Mapping[str, float]
    default: Mapping[str, float]
    interval: tuple[float, float]
    new_chip_interval: tuple[float, float]
    source: Source = field(default_factory=lambda: Source(title="not stored"))

    def efficiency(self, family: str, arithmetic: str) -> Row:
        """The core's ten constants for a chip family and a training arithmetic (bf16, fp8, fp4)."""
        own = {**self.default, **self.families.get(family, {})}
        narrow = own[arithmetic] if arithmetic in own else own["bf16"]
        return (narrow, own["bf16"], own["attention"], *(self.shared[name] for name in SHARED))


@lru_cache(maxsize=1)
def load_constants() -> Constants:
    """The stored constants."""
    import yaml

    raw: dict[str, Any] = yaml.safe_load(CONSTANTS.read_text("utf-8"))
    return Constants(
        families=raw["families"], shared=raw["shared"], default=raw["default"],
        interval=(raw["interval"][0], raw["interval"][1]),
        new_chip_interval=(raw["new_chip_interval"][0], raw["new_chip_interval"][1]),
        source=Source(**raw["source"]),
    )  # fmt: skip


def predict(setup: Setup, constants: Constants | None = None) -> Speed:
    """Tokens a second of one chip, with the interval that published runs scatter in."""
    constants = constants or load_constants()
    seconds = seconds_per_token(setup, constants)
    known = setup.family in constants.families
    low, high = constants.interval if known else constants.new_chip_interval
    return Speed(
        tokens_per_s_per_chip=1.0 / seconds, low=low / seconds, high=high / seconds,
        mfu=setup.model_flop / (seconds * setup.peak), measured_family=known, source=constants.source,
    )  # fmt: skip


def seconds_per_token(setup: Setup, constants: Constants) -> float:
    """Chip-seconds a token."""
    efficiency = constants.efficiency(setup.family, setup.arithmetic)
    return _core.training_seconds_per_token(setup.work, setup.chip, setup.split, efficiency)


def make_setup(
    chip: Chip, model: Model | float, *, precision: str = "bf16", sequence: float = DEFAULT_SEQUENCE,
    layout: Layout | None = None, vocabulary: float = DEFAULT_VOCABULARY, shape: tuple[float, float] | None = None,
) -> Setup:  # fmt: skip
    """The run of a catalogue model, or of a dense one of so many parameters, on a chip.

    `shape` is (layers, hidden size) of a model given by its size. FactAbsent when the chip lacks a sourced peak
    or bandwidth, or the model's architecture is not public.
    """
    layout = layout or Layout()
    rates, arithmetic = _chip_row(chip, precision)
    if isinstance(model, Model):
        work = _work_of(model, sequence)
    else:
        work = _work_of_size(model, sequence, vocabulary, shape)
    split = _split_row(layout, chip, work)
    flop = 6.0 * (work[0] + work[1] + work[2])
    return Setup(work, rates, split, chip.family, arithmetic, flop, rates[0])


def _chip_row(chip: Chip, precision: str) -> tuple[Row, str]:
    wide = compute_precision("bf16", dict(chip.peak_flops))
    narrow = compute_precision(precision, dict(chip.peak_flops))
    if wide is None or narrow is None or chip.bandwidth_bytes_per_s is None:
        raise FactAbsent(f"no sourced dense peak and memory bandwidth of {chip.name}")
    link = chip.scale_up_bytes_per_s or 32e9
    network = chip.nic_bytes_per_s or (link if chip.family == "tpu" else 25e9)
    rates = (chip.peak_flops[narrow], chip.peak_flops[wide], chip.bandwidth_bytes_per_s, link,
             float(chip.scale_up_domain or 1), network)  # fmt: skip
    return rates, _NARROW.get(narrow, "bf16")


def _work_of(model: Model, sequence: float) -> Row:
    if not (model.params_active and model.layers and model.hidden):
        raise FactAbsent(
            f"the architecture of {model.name} is not public, so its training cannot be predicted"
        )
    head = float(model.lm_head_params or 0)
    at_rest = float(model.expert_params or 0)
    experts = at_rest * (model.experts_per_token or 0) / model.experts if model.experts else 0.0
    embedding = 0.0 if model.tied_embeddings else float(model.embedding_params or 0)
    dense = max(float(model.params_active) - embedding - head - experts, 1.0)
    width = float((model.heads or 0) * (model.head_dim or 0)) or float(model.hidden)
    full = float(model.kv_layers if model.kv_layers is not None else model.layers)
    window = min(2.0 * (model.sliding_window or 0), sequence)
    attention = 6.0 * width * (full * sequence + (model.sliding_layers or 0) * window)
    return (dense, experts, head, attention, float(model.layers), float(model.hidden),
            float(model.moe_layers or 0), float(model.experts_per_token or 0), float(model.params_total or 0))  # fmt: skip


def _work_of_size(
    params: float, sequence: float, vocabulary: float, shape: tuple[float, float] | None
) -> Row:
    """A dense model of `params`: layers of 12 h² weights, a hidden size of about 100 a layer unless given."""
    layers, hidden = shape or _usual_shape(params)
    head = min(vocabulary * hidden, 0.5 * params)
    attention = 6.0 * hidden * layers * sequence
    return (params - head, 0.0, head, attention, layers, hidden, 0.0, 0.0, params)


def _usual_shape(params: float) -> tuple[float, float]:
    hidden = (params * 100.0 / 12.0) ** (1.0 / 3.0)
    return max(1.0, hidden / 100.0), hidden


def _split_row(layout: Layout, chip: Chip, work: Row) -> Row:
    chips = max(1.0, layout.n_chips or DEFAULT_CHIPS)
    recompute = layout.recompute
    if recompute is None:
        state = OPTIMISER_BYTES_PER_PARAM * work[8] / chips
        recompute = state > 0.5 * (chip.memory_bytes or math.inf)
    experts = layout.expert_parallel or (min(8.0, chips) if work[7] else 1.0)
    return (chips, layout.tensor_parallel, layout.pipeline_parallel, layout.context_parallel, experts,
            layout.microbatches, layout.tokens_per_step, float(recompute))  # fmt: skip
