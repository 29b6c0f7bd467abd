"""Reads a Hugging Face `config.json` of any family it can, into the catalogue's own shape.

Sizes are taken under every name the families use; what a family does beyond its sizes (biases, gates,
norms) is in `FAMILIES`. A family not listed is read as a gated transformer and the entry says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tools.catalog.families import FAMILIES, LLAMA, TIED_BY_DEFAULT
from tools.catalog.parameters import Params, count
from tools.errors import InputError

Config = Mapping[str, Any]
_NAMES: dict[str, tuple[str, ...]] = {
    "hidden": ("hidden_size", "n_embd", "d_model", "dim", "model_dim"),
    "layers": ("num_hidden_layers", "n_layer", "n_layers", "num_layers"),
    "heads": ("num_attention_heads", "n_head", "n_heads", "num_heads"),
    "kv_heads": ("num_key_value_heads", "num_kv_heads", "n_kv_heads", "n_head_kv", "multi_query_group_num"),
    "head_dim": ("head_dim", "kv_channels", "attention_head_dim"),
    "intermediate": ("intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size", "inner_size"),
    "vocab": ("vocab_size", "padded_vocab_size"),
    "context": ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "n_ctx", "max_sequence_length"),
    "experts": ("num_experts", "n_routed_experts", "num_local_experts", "moe_num_experts"),
    "experts_per_token": ("num_experts_per_tok", "num_experts_per_token", "moe_topk", "moe_top_k", "top_k_experts"),
    "moe_intermediate": ("moe_intermediate_size", "moe_ffn_hidden_size", "expert_intermediate_size"),
    "shared_experts": ("n_shared_experts", "num_shared_experts", "num_experts_shared"),
    "shared_intermediate": ("shared_expert_intermediate_size", "moe_shared_expert_intermediate_size"),
    "moe_hidden": ("moe_latent_size", "routed_expert_hidden_size"),
}  # fmt: skip
_FULL = {"full_attention", "attention", "full", "global_attention", "global"}
_SLIDING = {"sliding_attention", "sliding", "local_attention", "local"}


def read_config(path: Path) -> Config:
    """The JSON of a `config.json`.

    Raises:
        InputError: cannot be read, not JSON, or not a model's configuration.
    """
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(
            "file", str(path), f"a Hugging Face config.json that can be read ({reason})"
        ) from error
    if not isinstance(config, dict) or not (config.get("model_type") or config.get("architectures")):
        raise InputError("file", str(path), "a Hugging Face config.json with `model_type`")
    return config


def model_entry(config: Config, model_id: str, source: str, as_of: str) -> dict[str, Any]:
    """A catalogue entry (`kind: models`) from a configuration; `source` is an id of the document's sources.

    Raises:
        InputError: a size is missing or cannot be.
    """
    text = _text_config(config)
    family = _family(text)
    try:
        shape = read_shape(text)
        params = _params(text, shape)
    except KeyError as error:
        raise InputError(str(error.args[0]), None, f"a size that the family {family!r} needs") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError("file", model_id, f"sizes that are numbers ({error})") from error
    stated = text.get("params_total")
    if params is None and not stated:
        raise InputError(
            "model_type", family, "a family whose parameters can be counted, or a `params_total` in the file"
        )
    entry: dict[str, Any] = {
        "id": model_id,
        "name": model_id,
        "aliases": [],
        "open_weights": True,
        "shape": {**shape, "source": source, "as_of": as_of},
        "params": {**_counts(params, stated), "source": source, "as_of": as_of},
        "checkpoint_precision": {"value": precision(config), "source": source, "as_of": as_of},
    }
    if context := _pick(text, "context"):
        entry["context_length"] = {"value": context, "unit": "token", "source": source, "as_of": as_of}
    if family not in FAMILIES:
        entry["note"] = f"family {family!r} is not known here; read as a gated transformer"
    return entry


def _counts(params: Params | None, stated: Any) -> dict[str, int]:
    if params is None or stated:
        counted = {"total": int(stated)}
        if params is not None:
            counted |= {"embedding": params.embedding, "lm_head": params.lm_head}
        return counted
    counts = {"total": params.total, "embedding": params.embedding}
    if params.active != params.total:
        counts |= {"active": params.active, "routed_experts": params.routed_experts}
    if params.lm_head:
        counts["lm_head"] = params.lm_head
    return counts


def _text_config(config: Config) -> dict[str, Any]:
    """The language part of a multimodal configuration."""
    for part in ("text_config", "llm_config", "language_config"):
        if isinstance(config.get(part), dict):
            inner = dict(config[part])
            inner.setdefault("tie_word_embeddings", config.get("tie_word_embeddings", False))
            inner.setdefault("model_type", config.get("model_type"))
            return inner
    return dict(config)


def _family(config: Config) -> str:
    """`model_type`, or what the class name says: `DeepseekV4ForCausalLM` is `deepseek_v4`."""
    if config.get("model_type"):
        return str(config["model_type"])
    names = config.get("architectures") or [""]
    stem = re.sub(r"For[A-Z].*$|Model$", "", str(names[0]))
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", stem).lower().replace("gpt_j", "gptj")


def _pick(config: Config, size: str, *, needed: bool = False) -> int | None:
    for name in _NAMES[size]:
        value = config.get(name)
        if isinstance(value, (list, tuple)) and value:
            value = value[0]
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value) or value < 0:
            raise InputError(name, value, "a whole number of zero or more")
        if value == 0 and needed:
            raise InputError(name, value, "a whole number above zero")
        return int(value)
    if needed:
        raise InputError(_NAMES[size][0], None, f"the model's {size.replace('_', ' ')}")
    return None


def _needed(config: Config, size: str) -> int:
    found = _pick(config, size, needed=True)
    return found if found is not None else 0


def read_shape(config: Config) -> dict[str, Any]:
    """The catalogue's shape of a text configuration."""
    family = _family(config)
    hidden, heads, vocab = (_needed(config, size) for size in ("hidden", "heads", "vocab"))
    layers = len(_block_pattern(config)) or _needed(config, "layers")
    if hidden % heads and _pick(config, "head_dim") is None and not config.get("kv_lora_rank"):
        raise InputError("num_attention_heads", heads, f"a divisor of hidden_size {hidden}, or a head_dim")
    shape: dict[str, Any] = {
        "layers": layers,
        "hidden": hidden,
        "heads": heads,
        "kv_heads": _kv_heads(config, heads),
        "head_dim": _pick(config, "head_dim") or hidden // heads,
        "intermediate": _intermediate(config, family, hidden),
        "vocab": vocab,
        "tied_embeddings": bool(config.get("tie_word_embeddings", family in TIED_BY_DEFAULT)),
        **_latent(config),
        **_experts(config, layers),
        **_layer_kinds(config, layers),
    }
    return {name: value for name, value in shape.items() if value is not None}


def _kv_heads(config: Config, heads: int) -> int:
    if config.get("new_decoder_architecture"):
        return _pick(config, "kv_heads") or heads
    if config.get("multi_query"):
        return 1
    nested = config.get("attn_config")
    if isinstance(nested, dict) and nested.get("kv_n_heads"):
        return int(nested["kv_n_heads"])
    return _pick(config, "kv_heads") or heads


def _intermediate(config: Config, family: str, hidden: int) -> int | None:
    if family == "llama4_text" and config.get("intermediate_size_mlp"):
        return int(config["intermediate_size_mlp"])
    found = _pick(config, "intermediate")
    if found is None and (ratio := config.get("expansion_ratio") or config.get("mlp_ratio")):
        return int(hidden * ratio)
    if found is None and not FAMILIES.get(family, LLAMA).gated:
        return 4 * hidden
    return found


def _latent(config: Config) -> dict[str, Any]:
    if not config.get("kv_lora_rank"):
        return {}
    nope, rope = config["qk_nope_head_dim"], config["qk_rope_head_dim"]
    return {
        "head_dim": nope + rope,
        "kv_heads": _pick(config, "heads"),
        "q_lora_rank": config.get("q_lora_rank"),
        "kv_lora_rank": config["kv_lora_rank"],
        "nope_head_dim": nope,
        "rope_head_dim": rope,
        "v_head_dim": config["v_head_dim"],
        "index_head_dim": config.get("index_head_dim"),
        "index_topk": config.get("index_topk"),
    }


def _experts(config: Config, layers: int) -> dict[str, Any]:
    experts = _pick(config, "experts")
    if not experts or experts < 2:
        return {}
    each = _pick(config, "moe_intermediate") or _pick(config, "intermediate")
    shared = _pick(config, "shared_experts")
    shared_width = _pick(config, "shared_intermediate")
    if _family(config) == "llama4_text":
        shared = 1
    return {
        "experts": experts,
        "experts_per_token": _pick(config, "experts_per_token", needed=True),
        "shared_experts": shared if shared is not None else (1 if shared_width else 0),
        "moe_intermediate": each,
        "shared_intermediate": shared_width,
        "moe_hidden": _pick(config, "moe_hidden"),
        "moe_layers": _moe_layers(config, layers),
    }


def _moe_layers(config: Config, layers: int) -> int:
    pattern = _block_pattern(config)
    if pattern:
        return sum(kind in ("moe", "E") for kind in pattern)
    frequency = config.get("moe_layer_freq")
    if isinstance(frequency, list):
        return sum(bool(f) for f in frequency)
    if isinstance(config.get("moe_layers"), list) and config["moe_layers"]:
        return len(config["moe_layers"])
    step = config.get("interleave_moe_layer_step") or config.get("decoder_sparse_step") or frequency or 1
    dense = config.get("first_k_dense_replace") or len(config.get("mlp_only_layers") or ())
    return (
        sum(1 for layer in range(layers) if (layer + 1) % step == 0) - dense if step > 1 else layers - dense
    )


def _block_pattern(config: Config) -> Sequence[str]:
    """What each block of a Nemotron-H style stack is: mixer, attention, MLP or experts."""
    pattern = config.get("layers_block_type") or config.get("hybrid_override_pattern") or ()
    return list(pattern) if isinstance(pattern, (str, list)) else ()


def _layer_kinds(config: Config, layers: int) -> dict[str, Any]:
    """Which layers hold a growing KV cache, a window of it, or a fixed state."""
    window = config.get("sliding_window")
    if pattern := _block_pattern(config):
        return {
            "kv_layers": sum(kind in ("attention", "*") for kind in pattern),
            "linear_layers": sum(kind in ("mamba", "mamba2", "M") for kind in pattern),
            "linear_state_elements": _state_elements(config),
        }
    kinds = _kinds(config, layers)
    if kinds is None:
        if window and config.get("use_sliding_window", True) and _family(config) == "mistral":
            return {"kv_layers": 0, "sliding_layers": layers, "sliding_window": window}
        return {}
    sliding = sum(kind in _SLIDING for kind in kinds)
    full = sum(kind in _FULL or "sparse" in kind or "chunked" in kind for kind in kinds)
    shape: dict[str, Any] = {"kv_layers": full}
    if sliding:
        shape |= {"sliding_layers": sliding, "sliding_window": window}
    if layers - full - sliding:
        shape |= {"linear_layers": layers - full - sliding, "linear_state_elements": _state_elements(config)}
    return shape if full < layers else {}


def _kinds(config: Config, layers: int) -> list[str] | None:
    kinds = config.get("layer_types")
    if isinstance(kinds, list) and kinds:
        return [str(kind) for kind in kinds]
    if isinstance(config.get("attn_type_list"), list):
        return ["full" if kind == 1 else "linear" for kind in config["attn_type_list"]]
    if interval := config.get("full_attention_interval"):
        return ["full" if (layer + 1) % interval == 0 else "linear" for layer in range(layers)]
    family = _family(config)
    pattern = config.get("sliding_window_pattern") or {"gemma2": 2, "gemma3_text": 6, "gemma3": 6}.get(
        str(family)
    )
    if pattern and isinstance(pattern, int) and config.get("sliding_window"):
        return ["full" if (layer + 1) % pattern == 0 else "sliding" for layer in range(layers)]
    return None


def _state_elements(config: Config) -> int | None:
    if config.get("linear_num_value_heads"):
        keys = config["linear_num_key_heads"] * config["linear_key_head_dim"]
        values = config["linear_num_value_heads"] * config["linear_value_head_dim"]
        state = values * config["linear_key_head_dim"]
        return int(state + (config["linear_conv_kernel_dim"] - 1) * (2 * keys + values))
    if config.get("mamba_num_heads"):
        return int(config["mamba_num_heads"] * config["mamba_head_dim"] * config["ssm_state_size"])
    return None


def _extra(config: Config, shape: Mapping[str, Any]) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    if shape.get("kv_lora_rank") and config.get("index_n_heads"):
        extra = {
            "index_heads": config["index_n_heads"],
            "index_layers": _index_layers(config, shape["layers"]),
        }
    if pattern := _block_pattern(config):
        extra |= {
            "single_block": True,
            "attention_layers": shape["kv_layers"],
            "mlp_layers": sum(kind in ("mlp", "-") for kind in pattern),
        }
    if config.get("linear_num_value_heads"):
        extra |= {
            "linear_key_heads": config["linear_num_key_heads"],
            "linear_value_heads": config["linear_num_value_heads"],
            "linear_key_dim": config["linear_key_head_dim"],
            "linear_value_dim": config["linear_value_head_dim"],
            "conv_kernel": config["linear_conv_kernel_dim"],
        }
    if config.get("mamba_num_heads"):
        extra |= {
            "linear_key_heads": 0,
            "linear_key_dim": 0,
            "linear_value_heads": config["mamba_num_heads"],
            "linear_value_dim": config["mamba_head_dim"],
            "conv_kernel": config.get("conv_kernel", 4),
            "ssm_state": config["ssm_state_size"],
            "ssm_groups": config.get("n_groups", 1),
        }
    return extra


def _index_layers(config: Config, layers: int) -> int:
    """Layers with an indexer of their own; GLM-5.2 shares one over `index_topk_freq` layers."""
    frequency, first = config.get("index_topk_freq") or 1, config.get("index_skip_topk_offset") or 0
    return layers if frequency == 1 else first + (layers - first) // frequency


_UNCOUNTED = {
    "deepseek_v4",
    "kimi_linear",
    "gemma4_text",
    "nemotron-nas",
    "step3p7",
    "minimax_m3",
    "mimo_v2_flash",
}


# Parts this reader has no formula for: compressed or block-sparse attention.
_UNCOUNTED_TERMS = ("o_lora_rank", "compress_ratios", "sparse_attention_config", "use_sparse_attention")


def _params(config: Config, shape: Mapping[str, Any]) -> Params | None:
    family = _family(config)
    if family in _UNCOUNTED or any(config.get(term) for term in _UNCOUNTED_TERMS):
        return None
    traits = FAMILIES.get(family, LLAMA)
    changes: dict[str, Any] = {}
    if config.get("attention_bias") is not None and family not in ("gpt_oss",):
        changes["attention_bias"] = bool(config["attention_bias"])
    if config.get("use_qk_norm") and family in ("glm4_moe",):
        changes["qk_norm"] = "head"
    if family in ("gpt2", "opt", "gpt_bigcode") and (positions := _pick(config, "context")):
        changes["learned_positions"] = positions + (2 if family == "opt" else 0)
    if family == "falcon" and not config.get("new_decoder_architecture"):
        changes["norms_per_layer"] = 1
    return count(shape, replace(traits, **changes), _extra(config, shape))


def precision(config: Config) -> str:
    """The precision most of the checkpoint's weights are stored in: bf16, fp16, fp32, fp8, fp4, int8 or int4."""
    text = _text_config(config)
    quantised = config.get("quantization_config") or text.get("quantization_config") or {}
    said = json.dumps(quantised).lower() if isinstance(quantised, dict) else ""
    if "mxfp4" in said or "nvfp4" in said or '"fp4"' in said:
        return "fp4"
    if "fp8" in said or "e4m3" in said:
        return "fp8"
    if isinstance(quantised, dict) and (bits := quantised.get("bits") or quantised.get("w_bit")):
        return f"int{int(bits)}"
    kind = str(
        config.get("torch_dtype") or text.get("torch_dtype") or text.get("dtype") or config.get("dtype") or ""
    )
    return {"float16": "fp16", "float32": "fp32", "bfloat16": "bf16"}.get(kind, "bf16")
