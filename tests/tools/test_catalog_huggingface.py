"""config.json of many families: shape, parameters to the last one, precision; and files that cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools.catalog.huggingface import model_entry, precision, read_config
from tools.catalog.models import Model, make_model
from tools.errors import InputError

LLAMA: dict[str, Any] = {
    "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256, "torch_dtype": "bfloat16",
    "max_position_embeddings": 131072, "tie_word_embeddings": False,
}  # fmt: skip
DEEPSEEK: dict[str, Any] = {
    "model_type": "deepseek_v3", "hidden_size": 7168, "num_hidden_layers": 61, "num_attention_heads": 128,
    "num_key_value_heads": 128, "intermediate_size": 18432, "moe_intermediate_size": 2048, "vocab_size": 129280,
    "n_routed_experts": 256, "n_shared_experts": 1, "num_experts_per_tok": 8, "first_k_dense_replace": 3,
    "moe_layer_freq": 1, "q_lora_rank": 1536, "kv_lora_rank": 512, "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64, "v_head_dim": 128, "num_nextn_predict_layers": 1,
    "quantization_config": {"quant_method": "fp8", "fmt": "e4m3"},
}  # fmt: skip
QWEN35: dict[str, Any] = {
    "model_type": "qwen3_5_moe",
    "text_config": {
        "model_type": "qwen3_5_moe_text", "hidden_size": 4096, "num_hidden_layers": 60,
        "num_attention_heads": 32, "num_key_value_heads": 2, "head_dim": 256, "vocab_size": 248320,
        "num_experts": 512, "num_experts_per_tok": 10, "moe_intermediate_size": 1024,
        "shared_expert_intermediate_size": 1024, "full_attention_interval": 4, "linear_num_key_heads": 16,
        "linear_num_value_heads": 64, "linear_key_head_dim": 128, "linear_value_head_dim": 128,
        "linear_conv_kernel_dim": 4,
    },
}  # fmt: skip
GPT_OSS: dict[str, Any] = {
    "model_type": "gpt_oss", "hidden_size": 2880, "num_hidden_layers": 36, "num_attention_heads": 64,
    "num_key_value_heads": 8, "head_dim": 64, "intermediate_size": 2880, "vocab_size": 201088,
    "num_local_experts": 128, "num_experts_per_tok": 4, "sliding_window": 128, "attention_bias": True,
    "layer_types": ["sliding_attention", "full_attention"] * 18,
    "quantization_config": {"quant_method": "mxfp4"},
}  # fmt: skip
GPT2: dict[str, Any] = {
    "model_type": "gpt2", "n_embd": 1600, "n_layer": 48, "n_head": 25, "vocab_size": 50257, "n_positions": 1024,
}  # fmt: skip
FALCON: dict[str, Any] = {
    "model_type": "falcon", "hidden_size": 4544, "num_hidden_layers": 32, "num_attention_heads": 71,
    "multi_query": True, "new_decoder_architecture": False, "vocab_size": 65024,
}  # fmt: skip
GEMMA3: dict[str, Any] = {
    "model_type": "gemma3_text", "hidden_size": 5376, "num_hidden_layers": 62, "num_attention_heads": 32,
    "num_key_value_heads": 16, "head_dim": 128, "intermediate_size": 21504, "vocab_size": 262144,
    "sliding_window": 1024,
}  # fmt: skip
NEMOTRON_H: dict[str, Any] = {
    "model_type": "nemotron_h", "hidden_size": 2688, "num_attention_heads": 32, "num_key_value_heads": 2,
    "head_dim": 128, "intermediate_size": 1856, "vocab_size": 131072, "n_routed_experts": 128,
    "num_experts_per_tok": 6, "n_shared_experts": 1, "moe_intermediate_size": 1856,
    "moe_shared_expert_intermediate_size": 3712, "mamba_num_heads": 64, "mamba_head_dim": 64,
    "ssm_state_size": 128, "n_groups": 8, "conv_kernel": 4, "tie_word_embeddings": False,
    "layers_block_type": ["mamba"] * 23 + ["attention"] * 6 + ["moe"] * 23,
}  # fmt: skip


def _model(config: dict[str, Any]) -> Model:
    return make_model(model_entry(config, "m", "s", "2026-01"), {"s": {"title": "config"}})


@pytest.mark.parametrize(
    ("config", "total", "active", "kv_elements"),
    [
        (LLAMA, 8_030_261_248, 8_030_261_248, 65_536),
        (DEEPSEEK, 671_026_404_352, 37_552_297_216, 35_136),
        (QWEN35, 396_346_350_336, 17_349_040_896, 15_360),
        (GPT_OSS, 116_829_156_672, 5_711_982_912, 18_432),
        (GPT2, 1_557_611_200, 1_557_611_200, 153_600),
        (FALCON, 6_921_720_704, 6_921_720_704, 4_096),
        (GEMMA3, 27_009_002_240, 27_009_002_240, 40_960),
        (NEMOTRON_H, 31_577_937_344, 3_580_076_352, 3_072),
    ],
    ids=["llama", "deepseek", "qwen3.5", "gpt-oss", "gpt2", "falcon", "gemma3", "nemotron-h"],
)
def test_parameters_to_the_last_one(
    config: dict[str, Any], total: int, active: int, kv_elements: int
) -> None:
    model = _model(config)
    assert model.params_total == total
    assert model.params_active == pytest.approx(active, rel=1e-6)
    assert model.kv_elements_per_token == kv_elements
    assert model.has_shape


def test_layer_kinds_of_hybrids() -> None:
    hybrid = _model(QWEN35)
    assert (hybrid.kv_layers, hybrid.linear_layers, hybrid.moe_layers) == (15, 45, 60)
    assert hybrid.linear_state_elements == 64 * 128 * 128 + 3 * (2 * 16 * 128 + 64 * 128)
    windows = _model(GEMMA3)
    assert (windows.kv_layers, windows.sliding_layers, windows.sliding_window) == (10, 52, 1024)
    assert _model(DEEPSEEK).moe_layers == 58
    assert _model(NEMOTRON_H).layers == 52


def test_a_window_on_every_layer_leaves_no_growing_cache() -> None:
    model = _model({**LLAMA, "model_type": "mistral", "sliding_window": 4096})
    assert (model.kv_layers, model.sliding_layers) == (0, 32)
    assert model.sliding_elements_per_token == 65_536


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"torch_dtype": "float16"}, "fp16"),
        ({"torch_dtype": None, "dtype": "float32"}, "fp32"),
        ({"quantization_config": {"quant_method": "fp8"}}, "fp8"),
        ({"quantization_config": {"quant_method": "mxfp4"}}, "fp4"),
        ({"quantization_config": {"quant_method": "modelopt", "quant_algo": "NVFP4"}}, "fp4"),
        ({"quantization_config": {"quant_method": "awq", "bits": 4}}, "int4"),
        ({}, "bf16"),
    ],
)
def test_checkpoint_precision(changes: dict[str, Any], expected: str) -> None:
    assert precision({**LLAMA, **changes}) == expected


def test_an_unknown_family_is_read_as_a_gated_transformer_and_says_so() -> None:
    entry = model_entry({**LLAMA, "model_type": "brandnew"}, "m", "s", "2026-01")
    assert entry["params"]["total"] == 8_030_261_248
    assert "brandnew" in entry["note"]


def test_a_family_that_cannot_be_counted_needs_its_total() -> None:
    config = {**LLAMA, "model_type": "deepseek_v4"}
    with pytest.raises(InputError, match="params_total"):
        model_entry(config, "m", "s", "2026-01")
    assert (
        model_entry({**config, "params_total": 9e9}, "m", "s", "2026-01")["params"]["total"] == 9_000_000_000
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"hidden_size": None}, "hidden_size"),
        ({"hidden_size": -1}, "hidden_size"),
        ({"hidden_size": 4096.5}, "hidden_size"),
        ({"num_hidden_layers": 0}, "num_hidden_layers"),
        ({"num_attention_heads": 33}, "num_attention_heads"),
        ({"vocab_size": "many"}, "vocab_size"),
        ({"num_experts": 8}, "num_experts_per_tok"),
        ({"kv_lora_rank": 512}, "qk_nope_head_dim"),
    ],
)
def test_a_size_that_cannot_be_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as error:
        model_entry({**LLAMA, **changes}, "m", "s", "2026-01")
    assert error.value.field == field


@pytest.mark.parametrize("content", [b"", b"{", b"[1, 2]", b"\x80\x81\x00", b'{"no": "model"}', b"null"])
def test_a_broken_file_is_one_clear_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "config.json"
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"config\.json") as error:
        read_config(file)
    assert "\n" not in str(error.value)


def test_reading_keeps_what_the_file_says(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(LLAMA))
    assert read_config(file) == LLAMA
