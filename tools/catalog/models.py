"""A model of the catalogue: its shape as in `config.json`, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tools.catalog.facts import Fact, Facts, SourceTable, make_source
from tools.errors import FactAbsent

if TYPE_CHECKING:
    from tools.contract import Source

SHAPE_FIELDS = (
    "layers", "hidden", "heads", "kv_heads", "head_dim", "intermediate", "vocab",
    "experts", "experts_per_token", "shared_experts", "moe_intermediate", "shared_intermediate",
    "moe_hidden", "moe_layers", "q_lora_rank", "kv_lora_rank", "nope_head_dim", "rope_head_dim",
    "v_head_dim", "kv_layers", "sliding_layers", "sliding_window", "sliding_kv_heads",
    "sliding_head_dim", "attention_chunk", "linear_layers", "linear_state_elements",
    "index_head_dim", "index_topk", "mtp_layers",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Model:
    """One language model.

    Sizes are counts. `kv_layers` are the layers whose KV cache grows with the context (all of them unless
    the model has sliding-window or linear layers); `sliding_layers` keep at most `sliding_window` tokens
    with `sliding_kv_heads` x `sliding_head_dim` (the plain ones when None); `linear_layers` keep a fixed
    state of `linear_state_elements` numbers each. MLA models have `kv_lora_rank` and `rope_head_dim`, and
    store `kv_lora_rank + rope_head_dim` numbers per token and layer. A closed model has no shape: every
    size is None and `open_weights` is False.
    """

    id: str
    name: str
    maker: str | None
    aliases: tuple[str, ...]
    open_weights: bool
    release_date: str | None
    context_length: int | None
    native_precision: str
    params_total: float | None
    params_active: float | None
    embedding_params: float | None
    lm_head_params: float | None
    expert_params: float | None
    tied_embeddings: bool
    kv_shared: bool
    layers: int | None
    hidden: int | None
    heads: int | None
    kv_heads: int | None
    head_dim: int | None
    intermediate: int | None
    vocab: int | None
    experts: int | None
    experts_per_token: int | None
    shared_experts: int
    moe_intermediate: int | None
    shared_intermediate: int | None
    moe_hidden: int | None
    moe_layers: int
    q_lora_rank: int | None
    kv_lora_rank: int | None
    nope_head_dim: int | None
    rope_head_dim: int | None
    v_head_dim: int | None
    kv_layers: int | None
    sliding_layers: int
    sliding_window: int | None
    sliding_kv_heads: int | None
    sliding_head_dim: int | None
    attention_chunk: int | None
    linear_layers: int
    linear_state_elements: float
    index_head_dim: int | None
    index_topk: int | None
    mtp_layers: int
    kv_elements_given: float | None
    facts: Mapping[str, Fact] = field(repr=False)
    raw: Mapping[str, Any] = field(repr=False)
    table: SourceTable = field(repr=False)

    @property
    def is_moe(self) -> bool:
        return bool(self.experts and self.experts_per_token)

    @property
    def is_mla(self) -> bool:
        return self.kv_lora_rank is not None

    @property
    def has_shape(self) -> bool:
        """Whether memory and speed can be computed: layers, width, heads, KV and size are all known."""
        kv_known = self.is_mla or self.kv_elements_given is not None or self.kv_heads is not None
        return bool(self.layers and self.hidden and self.heads and kv_known and self.params_total)

    @property
    def kv_elements_per_token(self) -> float | None:
        """Numbers a token adds to the KV cache over all layers that grow with the context."""
        if self.kv_elements_given is not None:
            return self.kv_elements_given
        if self.kv_lora_rank is not None and self.kv_layers is not None:
            return float((self.kv_lora_rank + (self.rope_head_dim or 0)) * self.kv_layers)
        if self.kv_heads is None or self.head_dim is None or self.kv_layers is None:
            return None
        per_head = self.head_dim if self.kv_shared else self.head_dim + (self.v_head_dim or self.head_dim)
        return float(self.kv_heads * per_head * self.kv_layers)

    @property
    def sliding_elements_per_token(self) -> float:
        """Numbers a token inside the window keeps over all sliding-window layers."""
        heads = self.sliding_kv_heads or self.kv_heads
        dim = self.sliding_head_dim or self.head_dim
        if not self.sliding_layers or heads is None or dim is None:
            return 0.0
        return float(heads * (dim + (self.v_head_dim or dim)) * self.sliding_layers)

    def fact(self, name: str) -> Fact:
        """The sourced fact of that name: `params_total`, `context_length`, `release_date`, a shape field.

        Raises:
            FactAbsent: nobody sourced it.
        """
        found = self.facts.get(name)
        if found is None:
            why = "" if self.open_weights else "; its architecture is not public"
            raise FactAbsent(f"no source gives {name.replace('_', ' ')} of {self.name}{why}")
        return found

    def sources(self, *names: str) -> list[Source]:
        """The sources of the named facts (all when none is named), each once."""
        unique: dict[tuple[str, str | None], Source] = {}
        for name in names or tuple(self.facts):
            if name in self.facts:
                source = self.facts[name].source
                unique.setdefault((source.title, source.as_of), source)
        return list(unique.values())

    def shape_source(self) -> Source:
        """Where the shape was read."""
        shape = self.raw.get("shape")
        if not shape:
            raise FactAbsent(f"the architecture of {self.name} is not public")
        return make_source(self.table, shape["source"], str(shape["as_of"]))


_ALWAYS_COUNTED = ("shared_experts", "moe_layers", "sliding_layers", "linear_layers", "mtp_layers")
_PLAIN = (
    "instruct chat base hf it model llm the meta mistralai google openai deepseek ai turbo preview latest fp8 bf16 "
    "fp16 fp4 nvfp4 mxfp4 int4 int8 awq gptq w8a8 w4a16 full pre training pretraining maxtext api"
)
_PLAIN_WORDS = frozenset(_PLAIN.split())


def model_word(word: str) -> bool:
    """Whether a word beside a model's name leaves its shape alone: a tuning, a precision, a date."""
    return word in _PLAIN_WORDS or (len(word) == 4 and word.isdigit())


def make_model(raw: Mapping[str, Any], table: SourceTable) -> Model:
    """A model from one entry of a `kind: models` document."""
    shape: Mapping[str, Any] = raw.get("shape", {})
    params: Mapping[str, Any] = raw.get("params", {})
    sizes: dict[str, Any] = {name: shape.get(name) for name in SHAPE_FIELDS}
    for name in _ALWAYS_COUNTED:
        sizes[name] = sizes[name] or 0
    sizes["linear_state_elements"] = float(sizes["linear_state_elements"] or 0)
    if sizes["kv_layers"] is None and sizes["layers"] is not None:
        sizes["kv_layers"] = sizes["layers"] - sizes["sliding_layers"] - sizes["linear_layers"]
    total = params.get("total")
    return Model(
        id=raw["id"],
        name=raw["name"],
        maker=raw.get("maker"),
        aliases=tuple(raw.get("aliases", ())),
        open_weights=bool(raw.get("open_weights", True)),
        release_date=str(raw["release_date"]["value"]) if "release_date" in raw else None,
        context_length=raw["context_length"]["value"] if "context_length" in raw else None,
        native_precision=raw["checkpoint_precision"]["value"] if "checkpoint_precision" in raw else "bf16",
        params_total=total,
        params_active=params.get("active", total),
        embedding_params=params.get("embedding"),
        lm_head_params=params.get("lm_head", params.get("embedding")),
        expert_params=params.get("routed_experts"),
        tied_embeddings=bool(shape.get("tied_embeddings", False)),
        kv_shared=bool(shape.get("kv_shared", False)),
        kv_elements_given=shape.get("kv_elements_per_token"),
        facts=Facts(lambda: _facts(raw, shape, params, table)),
        raw=raw,
        table=table,
        **sizes,
    )


def _facts(
    raw: Mapping[str, Any], shape: Mapping[str, Any], params: Mapping[str, Any], table: SourceTable
) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    for group, unit in ((shape, None), (params, "param")):
        said = {"source": group.get("source"), "as_of": group.get("as_of")}
        for name, value in group.items():
            if name not in said:
                label = f"params_{name}" if unit else name
                facts[label] = Fact(label, {"value": value, "unit": unit, **said}, table)
    if "params_total" in facts:
        facts.setdefault("params_active", facts["params_total"])
    for name in (
        "context_length",
        "release_date",
        "checkpoint_precision",
        "published_total",
        "published_active",
    ):
        if name in raw:
            facts[name] = Fact(name, raw[name], table)
    return facts
