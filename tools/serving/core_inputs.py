"""Catalogue entries as the core wants them: a chip's rates, a model's parameters by what a step does with them.

What a fact does not say is derived only where a die or a format fixes it, and said so beside the constant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools import _core
from tools.errors import FactAbsent

if TYPE_CHECKING:
    from tools.catalog import Chip, Model

# Bytes per stored weight with its block scales: NVFP4 one fp8 scale per 16, MXFP4 one per 32, llama.cpp Q4_K_M.
STORED_BYTES = {"fp4": 0.5625, "mxfp4": 0.53125, "int4": 0.53125, "q4_k_m": 0.61, "fp6": 0.78}
DEFAULT_NETWORK = 50e9
UNSHARED_LINK = 16e9

# Catalogue entries hold mappings and so have no hash: what was made of one is kept by id, and used again
# only for that very entry.
_CHIPS: dict[str, tuple[Chip, _core.Chip]] = {}
_MODELS: dict[str, tuple[Model, _core.Model]] = {}


def core_chip(chip: Chip) -> _core.Chip:
    """The core's chip. FactAbsent when memory, bandwidth or a matrix rate is not sourced."""
    kept = _CHIPS.get(chip.id)
    if kept is None or kept[0] is not chip:
        kept = _CHIPS[chip.id] = (chip, _make_chip(chip))
    return kept[1]


def core_model(model: Model) -> _core.Model:
    """The core's model: parameters by what a step does with them. FactAbsent when the shape is not public."""
    kept = _MODELS.get(model.id)
    if kept is None or kept[0] is not model:
        kept = _MODELS[model.id] = (model, _make_model(model))
    return kept[1]


def _make_chip(chip: Chip) -> _core.Chip:
    peaks = chip.peak_flops or {}
    half = peaks.get("bf16") or peaks.get("fp16") or _scaled_half(chip)
    memory = chip.device_memory_bytes or chip.memory_bytes
    if not (memory and chip.bandwidth_bytes_per_s and half):
        raise FactAbsent(f"the catalogue has no sourced memory, bandwidth and 16-bit rate for {chip.name}")
    return _core.Chip(
        memory_bytes=memory,
        bandwidth=chip.bandwidth_bytes_per_s,
        fp16=half,
        fp32=peaks.get("fp32") or 0.0,
        fp8=peaks.get("fp8") or (2.0 * half if chip.family == "hopper" else 0.0),
        int8=peaks.get("int8") or 0.0,
        fp4=peaks.get("fp4") or 0.0,
        link=chip.scale_up_bytes_per_s or UNSHARED_LINK,
        domain=float(_domain(chip)),
        network=float(chip.nic_bytes_per_s or DEFAULT_NETWORK),
    )


# Dense 16-bit matrix rate over FP32 shader rate of one die: the same for every card cut from it.
_HALF_OVER_FP32 = {"hopper": 989.0 / 67.0}


def _scaled_half(chip: Chip) -> float:
    """16-bit matrix rate of a card for which only the shader rate is sourced, by its die's ratio; else 0."""
    return _HALF_OVER_FP32.get(chip.family, 0.0) * (chip.peak_flops.get("fp32") or 0.0)


def _domain(chip: Chip) -> int:
    """Chips reached over the scale-up link; PCIe cards reach those of their server (8 when unsourced)."""
    if chip.link in ("pcie", None):
        return max(chip.scale_up_domain or 1, chip.chips_per_server or 8)
    return chip.scale_up_domain or 1


def weight_formats(model: Model, chip: Chip, precision: str) -> dict[str, tuple[float, str]]:
    """(bytes, arithmetic) of attention, dense, expert and vocabulary weights in a checkpoint of `precision`.

    Four-bit checkpoints keep attention at 8 bits and the vocabulary at 16; GPT-OSS keeps all but its experts
    at 16 bits. Arithmetic is 16-bit where the chip has no unit for the format.
    """
    peaks = chip.peak_flops or {}
    half = (2.0, "bf16")
    if precision in ("bf16", "fp16", "fp32"):
        wide = (4.0, "fp32") if precision == "fp32" else half
        return dict.fromkeys(("attention", "dense", "expert", "head"), wide)
    stored = STORED_BYTES.get(precision, 1.0)
    if precision in ("fp4", "mxfp4"):
        experts_only = (model.native_precision or "") == "fp4" and model.id.startswith("gpt-oss")
        narrow = (STORED_BYTES["mxfp4"] if experts_only else stored, _arithmetic("fp4", peaks, experts_only))
        if experts_only:
            return {"attention": half, "dense": half, "expert": narrow, "head": half}
        attention = (1.0, "fp8" if peaks.get("fp8") else "bf16") if model.kv_lora_rank else narrow
        return {"attention": attention, "dense": narrow, "expert": narrow, "head": half}
    each = (stored, _arithmetic(precision, peaks, False))
    head = (0.82, "bf16") if precision == "q4_k_m" else half  # llama.cpp stores the output matrix in Q6_K
    return {"attention": each, "dense": each, "expert": each, "head": head}


def _arithmetic(precision: str, peaks: Mapping[str, float], eight_bit_activations: bool) -> str:
    if precision == "fp4" and peaks.get("fp4"):
        return "fp8" if eight_bit_activations else "fp4"
    if precision in ("fp8", "int8") and peaks.get(precision):
        return precision
    return "bf16"


@dataclass(frozen=True, slots=True)
class KvShape:
    """Cache elements a token adds: over all growing layers, and over all layers with a window."""

    growing: float
    windowed: float
    window: float
    state: float


def kv_shape(model: Model) -> KvShape:
    """The cache of a model. FactAbsent when its attention is not public."""
    growing = model.kv_elements_per_token
    if not model.layers or growing is None:
        raise FactAbsent(f"the attention shape of {model.name} is not public")
    return KvShape(
        growing=growing,
        windowed=model.sliding_elements_per_token,
        window=float(model.sliding_window or 0),
        state=float(model.linear_layers) * model.linear_state_elements,
    )


def _make_model(model: Model) -> _core.Model:
    """Llama 4 attends in chunks in three layers of four: its time counts them as windows of that length, its
    memory does not. Layers with a shape of their own count as so many plain ones."""
    if not model.has_shape:
        raise FactAbsent(f"the architecture of {model.name} is not public")
    kv, hidden, layers = kv_shape(model), float(model.hidden or 0), float(model.layers or 1)
    plain = _elements_per_layer(model)
    growing, windowed = kv.growing / plain, kv.windowed / plain
    chunk = float(model.attention_chunk or 0)
    if chunk and not windowed:
        growing, windowed = 0.25 * growing, 0.75 * growing
    return _core.Model(
        layers=layers,
        hidden=hidden,
        heads=float(model.heads or 1),
        kv_heads=float(model.kv_heads or 1),
        head_dim=0.5 * plain / float(model.kv_heads or 1)
        if not model.is_mla
        else float(model.head_dim or 128),
        moe_layers=float(model.moe_layers),
        experts=float(model.experts or 0),
        experts_per_token=float(model.experts_per_token or 0),
        full_layers=growing,
        window_layers=windowed,
        window=kv.window or chunk,
        latent_rank=float(model.kv_lora_rank or 0),
        rope_dim=float(model.rope_head_dim or 0) if model.is_mla else 0.0,
        state_elements=kv.state,
        **_parameter_groups(model),
    )


def _elements_per_layer(model: Model) -> float:
    if model.is_mla:
        return float((model.kv_lora_rank or 0) + (model.rope_head_dim or 0))
    return 2.0 * float(model.kv_heads or 1) * float(model.head_dim or 128)


def _parameter_groups(model: Model) -> dict[str, float]:
    """Parameters of attention, dense feed-forward (shared experts too), routed experts and vocabulary."""
    total, hidden = float(model.params_total or 0.0), float(model.hidden or 0)
    vocabulary = float(model.embedding_params or (model.vocab or 0) * hidden)
    embedding = 0.0 if model.tied_embeddings else vocabulary
    head = float(model.lm_head_params or 0.0) or vocabulary
    experts = float(model.expert_params or 0.0) if model.is_moe else 0.0
    rest = max(0.0, total - experts - head - embedding)
    attention = min(_attention_params(model), 0.95 * rest)
    return {
        "attention_params": attention,
        "dense_params": rest - attention,
        "expert_params": experts,
        "head_params": head,
        "embedding_params": embedding,
    }


def _attention_params(model: Model) -> float:
    """Projection weights of all attention layers; linear-attention layers are counted alike."""
    hidden, heads = float(model.hidden or 0), float(model.heads or 0)
    if model.kv_lora_rank:
        rank, rope = float(model.kv_lora_rank), float(model.rope_head_dim or 0)
        nope, value = float(model.nope_head_dim or 128), float(model.v_head_dim or 128)
        query = float(model.q_lora_rank or 0)
        q = hidden * query + query * heads * (nope + rope) if query else hidden * heads * (nope + rope)
        per_layer = q + hidden * (rank + rope) + rank * heads * (nope + value) + heads * value * hidden
    else:
        head_dim, kv_heads = float(model.head_dim or 0), float(model.kv_heads or 0)
        per_layer = hidden * head_dim * (2.0 * heads + 2.0 * kv_heads)
    return per_layer * float(model.layers or 0)
