//! How a model is laid over chips: tensor, pipeline, expert and data parallelism, and number formats.

use crate::error::{positive, Result};
use crate::hardware::Format;

/// A layout. `chips = replicas x tp x pp`; with data-parallel attention every chip of a stage is a rank.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    pub chips: f64,
    pub tp: f64,
    pub pp: f64,
    /// Chips that share the routed experts (at least `tp`).
    pub ep: f64,
    /// Attention (and dense feed-forward) whole on each chip, sequences shared out.
    pub attention_dp: bool,
    pub attention: Format,
    pub dense: Format,
    pub expert: Format,
    pub head: Format,
    /// Bytes of one cache element.
    pub kv_bytes: f64,
}

impl Plan {
    /// Check the counts.
    ///
    /// # Errors
    /// The first field that is not positive.
    pub fn validated(self) -> Result<Self> {
        for (field, value) in [
            ("n_chips", self.chips),
            ("tensor_parallel", self.tp),
            ("pipeline_parallel", self.pp),
            ("expert_parallel", self.ep),
            ("kv bytes", self.kv_bytes),
            ("weight bytes", self.dense.bytes.min(self.expert.bytes).min(self.attention.bytes)),
        ] {
            positive(field, value)?;
        }
        Ok(self)
    }

    /// Chips of one pipeline stage, all replicas together.
    #[must_use]
    pub fn stage(&self) -> f64 {
        (self.chips / self.pp).max(1.0)
    }

    /// Chips that one set of attention weights is cut over.
    #[must_use]
    pub fn attention_shard(&self) -> f64 {
        if self.attention_dp {
            1.0
        } else {
            self.tp
        }
    }

    /// Independent attention ranks: groups of chips that serve sequences of their own.
    #[must_use]
    pub fn ranks(&self) -> f64 {
        (self.stage() / self.attention_shard()).max(1.0)
    }

    /// Chips that the routed experts are cut over.
    #[must_use]
    pub fn expert_shard(&self) -> f64 {
        self.ep.max(self.tp).min(self.stage()).max(1.0)
    }

    /// Chips that cut through each expert, as tensor parallelism without expert parallelism does.
    #[must_use]
    pub fn expert_slices(&self) -> f64 {
        (self.expert_shard() / self.ep.min(self.expert_shard()).max(1.0)).max(1.0)
    }

    /// Attention ranks whose tokens meet in one set of experts.
    #[must_use]
    pub fn ranks_per_expert_group(&self) -> f64 {
        (self.expert_shard() / self.attention_shard()).max(1.0)
    }
}
