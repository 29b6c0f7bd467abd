//! What fits: weights and KV cache per chip, and how many sequences that leaves room for.

use crate::hardware::Chip;
use crate::model::Model;
use crate::plan::Plan;
use crate::tuning::Tuning;

/// Bytes of weights on the fullest chip of a plan.
#[must_use]
pub fn weight_bytes_per_chip(model: &Model, plan: &Plan) -> f64 {
    let shard = plan.attention_shard();
    let attention = model.attention_params * plan.attention.bytes / shard;
    let dense = model.dense_params * plan.dense.bytes / shard;
    let experts = model.expert_params * plan.expert.bytes / plan.expert_shard();
    let vocabulary = (model.head_params + model.embedding_params) * plan.head.bytes / plan.tp;
    (attention + dense + experts + vocabulary) / plan.pp
}

/// Chips of a rank that share one sequence's cache: MLA's latent cannot be split over heads.
#[must_use]
pub fn cache_shard(model: &Model, plan: &Plan) -> f64 {
    let shard = plan.attention_shard();
    if model.is_mla() {
        1.0
    } else {
        shard.min(model.kv_heads.max(1.0))
    }
}

/// Bytes of cache one sequence of `context` tokens takes on each chip of its rank.
#[must_use]
pub fn cache_bytes_per_chip(model: &Model, plan: &Plan, context: f64) -> f64 {
    let growing = model.kv_elements(context) * plan.kv_bytes / cache_shard(model, plan);
    let state = model.state_elements * 2.0 / plan.attention_shard();
    (growing + state) / plan.pp
}

/// Sequences the whole plan has room for, each of `context` tokens; zero when the weights do not fit.
#[must_use]
pub fn room(chip: &Chip, model: &Model, plan: &Plan, tuning: &Tuning, context: f64) -> f64 {
    let free = chip.memory_bytes * tuning.memory_share.min(1.0)
        - tuning.reserve_bytes.min(0.25 * chip.memory_bytes)
        - weight_bytes_per_chip(model, plan);
    if free <= 0.0 {
        return 0.0;
    }
    free / cache_bytes_per_chip(model, plan, context).max(1.0) * plan.ranks()
}
