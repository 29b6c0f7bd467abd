//! Time of one forward pass: a decode step of a batch, or a prefill chunk.
//!
//! A pass is a sum of groups (dense matrices, experts, attention, collectives) and fixed costs. Within a group
//! memory and compute time combine by a p-norm: they overlap in part, and the sum never beats either alone.

use crate::collective::{all_reduce_s, all_to_all_s};
use crate::hardware::{Chip, Compute, Format};
use crate::memory::cache_shard;
use crate::model::Model;
use crate::plan::Plan;
use crate::tuning::Tuning;

/// Never assume more of the peak than this, whatever was fitted.
const CEILING: f64 = 0.90;

/// Where the time of one pass goes, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Step {
    pub dense_s: f64,
    pub expert_s: f64,
    pub attention_s: f64,
    pub collective_s: f64,
    pub fixed_s: f64,
    /// Parts of the first three that the memory alone, and the arithmetic alone, would take.
    pub memory_s: f64,
    pub compute_s: f64,
}

impl Step {
    #[must_use]
    pub fn total_s(&self) -> f64 {
        self.dense_s + self.expert_s + self.attention_s + self.collective_s + self.fixed_s
    }
}

/// `(a^p + b^p)^(1/p)`: at least the larger, at most the sum.
fn combine(memory_s: f64, compute_s: f64, norm: f64) -> f64 {
    let (low, high) = if memory_s < compute_s { (memory_s, compute_s) } else { (compute_s, memory_s) };
    if low <= high * 1e-6 {
        return high;
    }
    let norm = norm.max(1.0);
    high * (1.0 + (low / high).powf(norm)).powf(1.0 / norm)
}

/// Everything a pass depends on besides its tokens.
#[derive(Debug, Clone, Copy)]
pub struct Pass<'a> {
    pub chip: &'a Chip,
    pub model: &'a Model,
    pub plan: &'a Plan,
    pub tuning: &'a Tuning,
}

impl Pass<'_> {
    fn bandwidth(&self, relative: f64) -> f64 {
        self.chip.bandwidth * (self.tuning.bandwidth_share * relative).min(CEILING)
    }

    fn flops(&self, compute: Compute, relative: f64) -> f64 {
        let (peak, ran_in) = self.chip.peak(compute);
        let narrow = match ran_in {
            Compute::Fp4 => self.tuning.fp4_factor,
            Compute::Fp8 | Compute::Int8 => self.tuning.fp8_factor,
            Compute::Fp16 | Compute::Fp32 => 1.0,
        };
        peak * (self.tuning.flop_share * narrow * relative).min(CEILING)
    }

    /// Relative speed of a format that the chip must widen before it can multiply.
    fn widening(&self, format: Format, widened: f64) -> f64 {
        let (_, ran_in) = self.chip.peak(format.compute);
        if format.bytes < 0.7 * ran_in.operand_bytes() {
            widened.min(1.0)
        } else {
            1.0
        }
    }

    /// (memory, compute) seconds of `params` weights cut over `shard` chips for `tokens` tokens.
    fn matrices(&self, params: f64, format: Format, shard: f64, tokens: f64, speed: f64) -> (f64, f64) {
        let own = params / shard;
        let wide = self.widening(format, self.tuning.dequantised);
        (
            own * format.bytes / self.bandwidth(wide),
            2.0 * own * tokens / self.flops(format.compute, speed * wide),
        )
    }

    /// Dense matrices for `tokens` tokens of one attention rank; `heads` of them need the vocabulary.
    fn dense(&self, tokens: f64, logits: f64, speed: f64) -> (f64, f64) {
        let (model, plan) = (self.model, self.plan);
        let shard = plan.attention_shard();
        let attention = self.matrices(model.attention_params, plan.attention, shard, tokens, speed);
        let ffn = self.matrices(model.dense_params, plan.dense, shard, tokens, speed);
        let head = self.matrices(model.head_params, plan.head, plan.tp, logits, speed);
        (attention.0 + ffn.0 + head.0, attention.1 + ffn.1 + head.1)
    }

    /// Routed experts for `tokens` tokens that meet in one expert group.
    fn experts(&self, tokens: f64, speed: f64) -> (f64, f64) {
        let (model, plan) = (self.model, self.plan);
        if !model.is_moe() {
            return (0.0, 0.0);
        }
        let skew = if plan.ep > plan.tp || plan.ep > 1.0 { self.tuning.imbalance.max(1.0) } else { 1.0 };
        let own = model.expert_params / plan.expert_shard();
        let wide = self.widening(plan.expert, self.tuning.dequantised_expert);
        let width = model.expert_width() / plan.expert_slices();
        let shaped = width / (width + self.tuning.narrow_expert);
        let rate = self.bandwidth(self.tuning.expert_bandwidth * wide);
        let memory = own * model.touched_share(tokens) * plan.expert.bytes / rate;
        let rate = self.flops(plan.expert.compute, speed * self.tuning.expert_flop * wide * shaped);
        (memory, 2.0 * own * model.active_share() * tokens * skew / rate)
    }

    /// Collectives of one pass over `tokens` tokens of one attention rank.
    fn collectives(&self, tokens: f64) -> f64 {
        let (model, plan) = (self.model, self.plan);
        let bytes = tokens * model.hidden * 2.0;
        let reduced = if plan.attention_shard() > 1.0 {
            2.0 * model.layers * all_reduce_s(self.chip, plan.tp, bytes, self.tuning)
        } else {
            0.0
        };
        let group = plan.ranks_per_expert_group();
        if !model.is_moe() || group <= 1.0 {
            return reduced;
        }
        // Dispatched in 8 bits and combined in 16, so 1.5 bytes an element each way on average.
        let copy = 0.75 * bytes / plan.attention_shard();
        let chips = plan.expert_shard();
        reduced
            + model.moe_layers * all_to_all_s(self.chip, chips, copy, model.experts_per_token, self.tuning)
    }

    fn fixed(&self) -> f64 {
        self.model.layers * self.tuning.layer_s + self.model.moe_layers * self.tuning.moe_layer_s
    }

    fn gather(
        &self,
        dense: (f64, f64),
        experts: (f64, f64),
        attention: (f64, f64),
        collective_s: f64,
        fixed_s: f64,
    ) -> Step {
        let norm = self.tuning.overlap_norm;
        Step {
            dense_s: combine(dense.0, dense.1, norm),
            expert_s: combine(experts.0, experts.1, norm),
            attention_s: combine(attention.0, attention.1, norm),
            collective_s,
            fixed_s,
            memory_s: dense.0 + experts.0 + attention.0,
            compute_s: dense.1 + experts.1 + attention.1,
        }
    }

    /// One decode step: `sequences` per attention rank and micro-batch, each with `context` tokens behind it.
    #[must_use]
    pub fn decode(&self, sequences: f64, context: f64) -> Step {
        let (model, plan, tuning) = (self.model, self.plan, self.tuning);
        let cache = model.kv_elements(context) * plan.kv_bytes / cache_shard(model, plan)
            + 4.0 * model.state_elements / plan.attention_shard();
        let relative = tuning.cache_bandwidth * if model.is_mla() { tuning.mla_bandwidth } else { 1.0 };
        let scores = model.attention_flops(context, true) / plan.attention_shard();
        let attention = (
            sequences * cache / self.bandwidth(relative),
            sequences * scores / self.flops(Compute::Fp16, tuning.decode_attention),
        );
        let fixed_s = self.fixed() + tuning.host_step_s + tuning.host_sequence_s * sequences * plan.pp;
        self.gather(
            self.dense(sequences, sequences, 1.0),
            self.experts(sequences * plan.ranks_per_expert_group(), 1.0),
            attention,
            self.collectives(sequences),
            fixed_s,
        )
    }

    /// One prefill pass over `tokens` prompt tokens per attention rank, of prompts `prompt` tokens long.
    /// `ranks` of the expert group's attention ranks are busy with such a chunk at the same time.
    #[must_use]
    pub fn prefill(&self, tokens: f64, prompt: f64, ranks: f64) -> Step {
        let (model, plan, tuning) = (self.model, self.plan, self.tuning);
        let speed = tuning.prefill_speed;
        let logits = (tokens / prompt.max(1.0)).max(1.0);
        let scores = tokens * model.attention_flops(0.5 * prompt, false) / plan.attention_shard();
        let relative = tuning.prefill_attention * speed;
        let recurrent = 6.0 * tokens * model.state_elements / plan.attention_shard();
        let attention = (
            0.0,
            scores / self.flops(Compute::Fp16, relative)
                + recurrent / self.flops(Compute::Fp16, tuning.recurrence),
        );
        self.gather(
            self.dense(tokens, logits, speed),
            self.experts(tokens * ranks.min(plan.ranks_per_expert_group()), speed),
            attention,
            self.collectives(tokens),
            self.fixed() + tuning.host_step_s,
        )
    }
}
