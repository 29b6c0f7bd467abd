"""Counts a model's parameters from its shape, term by term as the modelling code lays the matrices out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Shape = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Traits:
    """What a family does that its sizes do not say."""

    gated: bool = True  # gate, up and down matrices rather than up and down
    attention_bias: bool = False  # on q, k and v
    output_bias: bool = False  # on the attention output
    mlp_bias: bool = False
    expert_bias: bool = False
    norms_per_layer: int = 2
    norm_bias: bool = False
    qk_norm: str = ""  # "head": one vector of head_dim for q and k; "full": of all heads
    gated_query: bool = False  # the q projection also makes an output gate
    learned_positions: int = 0
    sinks: bool = False  # one learned attention sink a head
    shared_expert_gate: bool = False
    router_bias: bool = False
    embedding_norm: bool = False
    final_norm: bool = True
    lm_head_bias: bool = False
    linear_kind: str = "delta"  # "delta" (gated delta net), "mamba2" or "lightning"


@dataclass(frozen=True, slots=True)
class Params:
    """Counts. `active` is what one token passes through, embedding and output matrix included."""

    total: int
    active: int
    embedding: int
    lm_head: int
    routed_experts: int


def count(shape: Shape, traits: Traits, extra: Mapping[str, Any] | None = None) -> Params:
    """Parameters of a text model.

    `extra` carries the sizes of linear layers (`linear_key_heads`, `linear_value_heads`,
    `linear_key_dim`, `linear_value_dim`, `conv_kernel`, `ssm_state`, `ssm_groups`) and of an indexer
    (`index_heads`, in `index_layers`).
    """
    extra = extra or {}
    layers, hidden = shape["layers"], shape["hidden"]
    moe_layers = shape.get("moe_layers", 0)
    linear = shape.get("linear_layers", 0)
    sliding = shape.get("sliding_layers", 0) if shape.get("sliding_kv_heads") else 0
    single = extra.get("single_block", False)  # each layer is attention or mixer or MLP, not both
    attention_layers = extra.get("attention_layers", layers - linear) - sliding
    mlp_layers = extra.get("mlp_layers", layers - moe_layers)
    norms = 1 if single else traits.norms_per_layer
    norm = hidden * (2 if traits.norm_bias else 1)
    routed_each, active_each, fixed = _moe(shape, traits) if moe_layers else (0, 0, 0)
    body = (
        attention_layers * _attention(shape, traits)
        + (sliding * _attention(_sliding_shape(shape), traits) if sliding else 0)
        + linear * _linear(shape, traits, extra)
        + mlp_layers * _mlp(hidden, shape.get("intermediate") or 0, traits)
        + moe_layers * fixed
        + extra.get("index_layers", 0) * _indexer(shape, extra.get("index_heads", 0))
        + layers * norms * norm
        + (norm if traits.final_norm else 0)
        + (norm if traits.embedding_norm else 0)
    )
    embedding = shape["vocab"] * hidden + traits.learned_positions * hidden
    lm_head = 0 if shape.get("tied_embeddings") else shape["vocab"] * hidden
    lm_head += shape["vocab"] if traits.lm_head_bias else 0
    routed = moe_layers * routed_each
    rest = body + embedding + lm_head
    return Params(rest + routed, rest + moe_layers * active_each, embedding, lm_head, routed)


def _sliding_shape(shape: Shape) -> Shape:
    """The shape as its sliding-window layers see it."""
    return {
        **shape,
        "kv_heads": shape["sliding_kv_heads"],
        "head_dim": shape["sliding_head_dim"],
        "kv_shared": False,
    }


def _attention(shape: Shape, traits: Traits) -> int:
    hidden, heads = shape["hidden"], shape["heads"]
    if shape.get("kv_lora_rank"):
        return _latent_attention(shape)
    dim, kv_heads = shape["head_dim"], shape["kv_heads"]
    v_dim = shape.get("v_head_dim") or dim
    query, key, value = heads * dim, kv_heads * dim, 0 if shape.get("kv_shared") else kv_heads * v_dim
    made = query * (2 if traits.gated_query else 1) + key + value
    total: int = hidden * made + heads * v_dim * hidden
    total += made if traits.attention_bias else 0
    total += hidden if traits.output_bias else 0
    total += heads if traits.sinks else 0
    total += {"head": 2 * dim, "full": query + key}.get(traits.qk_norm, 0)
    return total


def _latent_attention(shape: Shape) -> int:
    """MLA: queries and keys/values through low-rank latents (DeepSeek-V2, arXiv 2405.04434, section 2.1)."""
    hidden, heads = shape["hidden"], shape["heads"]
    rank, rope = shape["kv_lora_rank"], shape["rope_head_dim"]
    nope, v_dim, q_rank = shape["nope_head_dim"], shape["v_head_dim"], shape.get("q_lora_rank")
    query = heads * (nope + rope)
    total: int = hidden * q_rank + q_rank + q_rank * query if q_rank else hidden * query
    total += hidden * (rank + rope) + rank + rank * heads * (nope + v_dim) + heads * v_dim * hidden
    return total


def _indexer(shape: Shape, heads: int) -> int:
    """DeepSeek sparse attention: the small network that picks which tokens a query looks at."""
    hidden, dim = shape["hidden"], shape.get("index_head_dim") or 0
    return int((shape.get("q_lora_rank") or hidden) * heads * dim + hidden * dim + 2 * dim + hidden * heads)


def _linear(shape: Shape, traits: Traits, extra: Mapping[str, Any]) -> int:
    if not shape.get("linear_layers"):
        return 0
    hidden = shape["hidden"]
    if traits.linear_kind == "lightning":
        width = shape["heads"] * shape["head_dim"]
        return int(5 * hidden * width + width)
    key_heads, value_heads = extra["linear_key_heads"], extra["linear_value_heads"]
    keys, values = key_heads * extra["linear_key_dim"], value_heads * extra["linear_value_dim"]
    kernel = extra["conv_kernel"]
    if traits.linear_kind == "mamba2":
        mixed = values + 2 * extra["ssm_groups"] * extra["ssm_state"]
        made = hidden * (values + mixed + value_heads)
        return int(made + mixed * (kernel + 1) + 3 * value_heads + values + values * hidden)
    made = hidden * (2 * keys + 2 * values + 2 * value_heads)
    return int(
        made + (2 * keys + values) * kernel + 2 * value_heads + extra["linear_value_dim"] + values * hidden
    )


def _mlp(hidden: int, intermediate: int, traits: Traits) -> int:
    matrices = 3 if traits.gated else 2
    bias = (intermediate * (matrices - 1) + hidden) if traits.mlp_bias else 0
    return int(matrices * hidden * intermediate + bias)


def _moe(shape: Shape, traits: Traits) -> tuple[int, int, int]:
    """Per layer: all routed experts, the ones a token uses, and what every token uses (router, shared)."""
    hidden, experts = shape["hidden"], shape["experts"]
    width = shape.get("moe_hidden") or hidden
    each = _mlp(width, shape["moe_intermediate"], traits)
    if traits.expert_bias:
        each += 2 * shape["moe_intermediate"] + width
    shared_width = shape.get("shared_intermediate") or shape["moe_intermediate"] * shape.get(
        "shared_experts", 0
    )
    fixed = hidden * experts + _mlp(hidden, shared_width, traits) * (1 if shared_width else 0)
    fixed += experts if traits.router_bias else 0
    fixed += hidden if traits.shared_expert_gate else 0
    fixed += 2 * hidden * width if width != hidden else 0
    return experts * each, shape["experts_per_token"] * each, fixed
