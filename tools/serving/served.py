"""What is served on what: the model and the memory of a query, from the catalogue or from bare numbers.

Four calculators (`batch_size`, `memory_fit`, `kv_cache`, `serving_performance`) and `reasoning_cost` ask the
same things first: which model, in which precision, on which chips. They inherit the query fields from here and
get back a `Served` and a `Memory` with exact byte counts. Sizes are decimal (1 GB = 1e9 bytes).

Weights = parameters × bytes per parameter. KV cache per token = 2 × layers × KV heads × head size × bytes
(grouped-query attention, Ainslie et al. 2023, arXiv:2305.13245); with multi-head latent attention it is
layers × (latent rank + rotary head size) × bytes (DeepSeek-V2, arXiv:2405.04434).
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tools.catalog.chips import make_chip
from tools.catalog.models import make_model
from tools.contract import Query, Source, entity, quantity
from tools.errors import FactAbsent, InputError, MissingInput
from tools.serving import deployment
from tools.serving.precision import Precision, bytes_per_element, precision_field

if TYPE_CHECKING:
    from tools.catalog import Catalog, Chip, Model

GB = 1e9
LEAST_USUAL = 0.5
USUAL_RESERVE = 0.1  # what serving engines keep free unless told otherwise
NO_RESERVE_NAMED = "All of the labelled memory usable (no reserve was named)"
USUAL_KV_HEADS = 8  # what dense models since Llama 2 70B share, from 7B to 405B


class ShapeQuery(Query):
    """The model of a question: a catalogue name, or a size and (for the KV cache) a shape."""

    model: str | None = entity(
        "Open-weights model from the catalogue", "model", default=None, words=("model", "llama", "serve")
    )
    params: float | None = quantity(
        "Parameter count, for a model that is not in the catalogue", "param", default=None, above=0,
        words=("parameters", "params", "param model", "weights count", "model size in parameters"),
    )  # fmt: skip
    layers: int | None = quantity(
        "Number of layers, for a model that is not in the catalogue", "dimensionless", default=None, min=1,
        max=10_000, words=("layers", "transformer layers", "blocks"),
    )  # fmt: skip
    kv_heads: int | None = quantity(
        "Number of key-value heads, for a model that is not in the catalogue", "dimensionless", default=None,
        min=1, max=1_024, words=("heads", "key-value heads", "head count"),
    )  # fmt: skip
    head_dim: int | None = quantity(
        "Size of one attention head, for a model that is not in the catalogue", "dimensionless", default=None,
        min=1, max=4_096, words=("head dimension", "head size", "head dim"),
    )  # fmt: skip


class ModelQuery(ShapeQuery):
    """A model with the number formats of its weights and its cache."""

    weight_precision: Precision | None = precision_field(
        "Number format of the weights", ("weights", "precision", "quantised", "weights in", "model in")
    )
    kv_precision: Precision | None = precision_field(
        "Number format of the KV cache", ("KV", "KV cache", "cache in", "kv cache dtype")
    )


class ChipQuery(Query):
    """The memory of a question: catalogue chips, or gigabytes given directly."""

    chip: str | None = entity(
        "Accelerator from the catalogue", "chip", default=None, words=("chip", "GPU", "accelerator", "on"),
        ask="On which chip?",
    )  # fmt: skip
    n_chips: int | None = quantity(
        "Number of chips the model is spread over", "chip", default=None, min=1, max=10_000_000,
        words=("chips", "GPUs", "number of GPUs", "accelerators"),
    )  # fmt: skip
    chip_memory_gb: float | None = quantity(
        "Memory of one chip, instead of the catalogue's", "GB", default=None, above=0,
        words=("memory per chip", "GB card", "HBM per chip", "VRAM", "GB GPU"),
    )  # fmt: skip
    reserve_fraction: float | None = quantity(
        "Fraction of the memory kept free", "dimensionless", default=None, min=0, below=1,
        words=("reserve", "kept free", "left free", "set aside", "headroom", "held back", "spare", "memory spare"),
    )  # fmt: skip
    usable_fraction: float | None = quantity(
        "Fraction of the memory that may be used (1 - reserve)", "dimensionless", default=None, above=0, max=1,
        words=("usable", "available for the model", "memory utilisation", "of memory is usable"),
    )  # fmt: skip
    overhead_gb: float | None = quantity(
        "Memory taken by the framework on each chip", "GB", default=None, min=0,
        words=("framework overhead", "activations", "runtime overhead", "overhead per chip"),
    )  # fmt: skip


@dataclass(slots=True)
class Notes:
    """What an answer must say beside its numbers."""

    assumptions: list[str] = field(default_factory=list)
    taken: dict[str, int | float | str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Served:
    """A model in chosen precisions.

    `entry` is its catalogue entry, or one made from the numbers given; None when nothing is known of its shape.
    """

    name: str
    params: float | None
    weight_precision: str
    kv_precision: str
    entry: Model | None

    @property
    def weight_bytes(self) -> float:
        """Bytes of all weights. Raises MissingInput when no size is known."""
        if self.params is None:
            raise MissingInput("params", "which model, or how many parameters?")
        return self.params * bytes_per_element(self.weight_precision)

    def kv_bytes(self, context_tokens: float) -> float:
        """Bytes of KV cache of one request with `context_tokens` of prompt and answer."""
        return deployment.kv_bytes_per_request(self._shaped(), self.kv_precision, context_tokens)

    @property
    def kv_bytes_per_token(self) -> float:
        """Bytes one more token of a long context adds to the KV cache."""
        return deployment.kv_bytes_per_token(self._shaped(), self.kv_precision)

    def _shaped(self) -> Model:
        if self.entry is None:
            raise MissingInput("model", "which model, or its layers, KV heads and head size?")
        return self.entry


def fewest_chips(served: Served, chip: Chip, requests: float = 0.0, context_tokens: float = 0.0) -> int:
    """Chips to assume where no number is given: the smallest power of two whose memory, less a tenth, holds the weights
    and the cache of the requests that are named."""
    cache = requests * served.kv_bytes(context_tokens) if requests and served.entry is not None else 0.0
    need = (served.weight_bytes + cache) / (0.9 * (chip.memory_bytes or float("inf")))
    return 1 << max(0, math.ceil(math.log2(need)))  # chips share layers in powers of two


@dataclass(frozen=True, slots=True)
class Memory:
    """The memory of the chips of a query."""

    name: str
    bytes_per_chip: float
    reserve: float
    overhead_bytes: float
    chip: Chip  # with `bytes_per_chip` as its memory; one that was only described knows nothing else

    def usable(self, n_chips: int) -> float:
        """Bytes that weights and KV cache may take on `n_chips` chips."""
        return max(0.0, n_chips * self.usable_per_chip)

    @property
    def usable_per_chip(self) -> float:
        return self.bytes_per_chip * (1.0 - self.reserve) - self.overhead_bytes

    def chips_to_hold(self, needed_bytes: float) -> int:
        """Fewest chips whose usable memory is at least `needed_bytes`."""
        if self.usable_per_chip <= 0:
            raise InputError("overhead_gb", self.overhead_bytes / GB, "less than the usable memory of a chip")
        return max(1, math.ceil(needed_bytes / self.usable_per_chip * (1 - 1e-12)))


def resolve_model(
    query: ShapeQuery, catalog: Catalog, notes: Notes, *, weights: bool = True, kv: bool = True
) -> Served:
    """The model a query means, its defaults filled and noted.

    `weights` and `kv` say which of the two sizes will be asked for: only their defaults are named.
    """
    if query.model is not None:
        return _from_catalogue(query, catalog, notes, weights, kv)
    formats = _formats(query, None, notes, weights and query.params is not None, kv)
    name = f"a model of {_count(query.params)} parameters" if query.params else "the model"
    return Served(name, query.params, *formats, _described(query, name, catalog, notes, kv))


def _from_catalogue(query: ShapeQuery, catalog: Catalog, notes: Notes, weights: bool, kv: bool) -> Served:
    entry = catalog.model(str(query.model))
    if (weights and entry.params_total is None) or (kv and entry.layers is None):
        raise FactAbsent(f"the architecture of {entry.name} is not public, so its memory cannot be computed")
    formats = _formats(query, entry, notes, weights, kv)
    names = ("params_total",) * weights + ("layers", "kv_heads", "head_dim") * kv
    notes.sources.extend(entry.sources(*names))
    params = float(entry.params_total) if entry.params_total is not None else None
    return Served(entry.name, params, *formats, entry)


def _formats(
    query: ShapeQuery, entry: Model | None, notes: Notes, weights: bool, kv: bool
) -> tuple[str, str]:
    weight = getattr(query, "weight_precision", None) or _assume_weights(entry, notes, needed=weights)
    cache = getattr(query, "kv_precision", None) or _assume_cache(notes, needed=kv)
    return weight, cache


def _given_shape(query: ShapeQuery) -> tuple[int, int, int] | None:
    given = (query.layers, query.kv_heads, query.head_dim)
    if all(part is None for part in given):
        return None
    for name, value in zip(("layers", "kv_heads", "head_dim"), given, strict=True):
        if value is None:
            raise MissingInput(
                name, f"the model's {name.replace('_', ' ')}, as the rest of its shape is given"
            )
    return (query.layers or 0, query.kv_heads or 0, query.head_dim or 0)


def _described(query: ShapeQuery, name: str, catalog: Catalog, notes: Notes, kv: bool) -> Model | None:
    """An entry for a model that is only described: the shape given, else that of the nearest in size."""
    shape = _given_shape(query)
    nearest = _nearest(query.params, catalog) if query.params is not None else None
    if shape is None:
        if nearest is not None and kv:
            _note_borrowed(nearest, notes)
        changes: dict[str, Any] = {}
    else:
        layers, kv_heads, head_dim = shape
        changes = {"layers": layers, "kv_layers": layers, "kv_heads": kv_heads, "head_dim": head_dim}
    if nearest is not None:
        part = min(
            1.0, (query.params or 0.0) / (nearest.params_total or 1.0)
        )  # a tiny model has a tiny vocabulary
        sizes: dict[str, Any] = {"params_total": query.params, "params_active": query.params}
        sizes |= {
            name: part * (getattr(nearest, name) or 0.0) for name in ("embedding_params", "lm_head_params")
        }
        return dataclasses.replace(nearest, id="described", name=name, **sizes, **changes)
    return make_model({"id": "described", "name": name, "shape": changes}, {}) if changes else None


def _nearest(params: float, catalog: Catalog) -> Model | None:
    """The catalogue's plain dense grouped-query model nearest in size."""
    dense = [model for model in catalog.models.values() if _is_plain_dense(model)]
    return min(dense, key=lambda m: (abs(math.log((m.params_total or 1.0) / params)), m.id), default=None)


def _note_borrowed(nearest: Model, notes: Notes) -> None:
    notes.assumptions.append(
        f"Shaped like {nearest.name} ({nearest.layers} layers, {nearest.kv_heads} KV heads of "
        f"{nearest.head_dim}), the nearest dense model of the catalogue by size; give layers, KV heads and "
        "head size to replace it"
    )
    notes.sources.extend(nearest.sources("layers", "kv_heads", "head_dim"))


def _is_plain_dense(model: Model) -> bool:
    special = (
        model.is_moe or model.is_mla or model.sliding_layers or model.linear_layers or model.attention_chunk
    )
    grouped = model.kv_heads == USUAL_KV_HEADS and (model.heads or 0) > USUAL_KV_HEADS
    return bool(model.has_shape and model.head_dim and grouped and not special)


def _assume_weights(entry: Model | None, notes: Notes, *, needed: bool) -> str:
    native = entry.native_precision if entry is not None else "bf16"
    native = native if native in ("fp8", "fp4", "fp16", "int4", "int8") else "bf16"
    if needed:
        why = "the format the checkpoint is published in" if entry is not None else "no precision was named"
        notes.assumptions.append(f"Weights in {native} ({why})")
        notes.taken["weight_precision"] = native
    return native


def _assume_cache(notes: Notes, *, needed: bool) -> str:
    if needed:
        notes.assumptions.append("KV cache in bf16 (the serving engines' default; no format was named)")
        notes.taken["kv_precision"] = "bf16"
    return "bf16"


def resolve_memory(query: ChipQuery, catalog: Catalog, notes: Notes) -> Memory:
    """The memory a query means. Raises MissingInput when neither a chip nor its gigabytes are named."""
    reserve = _reserve(query, notes)
    overhead = (query.overhead_gb or 0.0) * GB
    chip = catalog.chip(query.chip) if query.chip is not None else None
    if query.chip_memory_gb is not None:
        if chip is None:
            chip = make_chip({"id": "described", "name": f"a {query.chip_memory_gb:g} GB chip"}, {})
        chip = dataclasses.replace(chip, memory_bytes=query.chip_memory_gb * GB)
        return Memory(chip.name, query.chip_memory_gb * GB, reserve, overhead, chip)
    if chip is None:
        raise MissingInput("chip", "on which chip, or with how many GB of memory?")
    if chip.memory_bytes is None:
        raise FactAbsent(f"the catalogue has no sourced memory capacity for {chip.name}")
    notes.sources.extend(chip.sources("memory_bytes"))
    return Memory(chip.name, float(chip.memory_bytes), reserve, overhead, chip)


def _doubt_share(query: ChipQuery, notes: Notes) -> None:
    """Engines use most of the memory: say when less than half is left to them."""
    usable, reserve = query.usable_fraction, query.reserve_fraction
    if (usable is not None and usable < LEAST_USUAL) or (reserve is not None and reserve > 1 - LEAST_USUAL):
        notes.warnings.append("Less than half of the memory is used here; engines use most of it")


def _reserve(query: ChipQuery, notes: Notes) -> float:
    _doubt_share(query, notes)
    if query.reserve_fraction is not None:
        if (
            query.usable_fraction is not None
            and abs(query.reserve_fraction + query.usable_fraction - 1) > 1e-6
        ):
            raise InputError("usable_fraction", query.usable_fraction, f"{1 - query.reserve_fraction:g}")
        return query.reserve_fraction
    if query.usable_fraction is not None:
        return 1.0 - query.usable_fraction
    notes.assumptions.append(NO_RESERVE_NAMED)
    notes.taken["reserve_fraction"] = 0.0
    return 0.0


def _count(value: float | None) -> str:
    from tools.units import format_quantity

    return format_quantity(value or 0.0, "param").removesuffix(" params").removesuffix(" param")
