"""What each family of models does that its sizes do not say: gates, biases, norms, tied embeddings."""

from __future__ import annotations

from tools.catalog.parameters import Traits

LLAMA = Traits()
_QWEN2 = Traits(attention_bias=True)
_QK_HEAD = Traits(qk_norm="head")
_HYBRID_QWEN = Traits(qk_norm="head", gated_query=True, shared_expert_gate=True)
_GPT2 = Traits(gated=False, attention_bias=True, output_bias=True, mlp_bias=True, norm_bias=True)
_NEMOTRON_H = Traits(gated=False, linear_kind="mamba2")
FAMILIES: dict[str, Traits] = {
    **dict.fromkeys(("llama", "mistral", "mixtral", "ministral", "smollm3", "granite", "internlm2"), LLAMA),
    **dict.fromkeys(("phi3", "yi", "baichuan", "gemma", "deepseek_v2", "olmo", "llama4_text"), LLAMA),
    **dict.fromkeys(("deepseek_v3", "deepseek_v32", "kimi_k2", "glm_moe_dsa"), LLAMA),
    **dict.fromkeys(("qwen2", "qwen"), _QWEN2),
    "qwen2_moe": Traits(attention_bias=True, shared_expert_gate=True),
    **dict.fromkeys(("qwen3", "qwen3_moe", "qwen3_vl_text", "qwen3_vl_moe_text"), _QK_HEAD),
    **dict.fromkeys(("qwen3_next", "qwen3_5_text", "qwen3_5_moe_text", "qwen3_5", "qwen3_5_moe"), _HYBRID_QWEN),
    "glm4_moe": _QWEN2,
    "minimax_m2": Traits(qk_norm="full"),
    "minimax": Traits(linear_kind="lightning"),
    "gpt_oss": Traits(
        attention_bias=True, output_bias=True, expert_bias=True, router_bias=True, sinks=True
    ),
    **dict.fromkeys(("olmo2", "olmo3"), Traits(qk_norm="full")),
    **dict.fromkeys(("gemma2",), Traits(norms_per_layer=4)),
    **dict.fromkeys(("gemma3_text", "gemma3"), Traits(norms_per_layer=4, qk_norm="head")),
    "cohere": Traits(norms_per_layer=1),
    "gpt2": _GPT2,
    "gpt_bigcode": _GPT2,
    "opt": _GPT2,
    "bloom": Traits(
        gated=False, attention_bias=True, output_bias=True, mlp_bias=True, norm_bias=True, embedding_norm=True
    ),
    "gptj": Traits(gated=False, mlp_bias=True, norm_bias=True, norms_per_layer=1, lm_head_bias=True),
    "gpt_neox": _GPT2,
    "falcon": Traits(gated=False, norm_bias=True),
    "mpt": Traits(gated=False),
    "phi": Traits(
        gated=False, attention_bias=True, output_bias=True, mlp_bias=True, norm_bias=True, norms_per_layer=1,
        lm_head_bias=True,
    ),
    "starcoder2": _GPT2,
    "nemotron": Traits(gated=False, norm_bias=True),
    "nemotron_h": _NEMOTRON_H,
}  # fmt: skip
TIED_BY_DEFAULT = {
    "gpt2",
    "gpt_bigcode",
    "opt",
    "bloom",
    "gemma",
    "gemma2",
    "gemma3_text",
    "gemma3",
    "cohere",
    "mpt",
}
TIED_BY_DEFAULT |= {"falcon", "starcoder2"}
