//! Shapes of transformer language models, reduced to what a step of one costs.
//!
//! Dense and grouped-query attention, multi-head latent attention (MLA), mixtures of experts, sliding windows
//! and hybrid layers (linear attention or state space, whose state does not grow) are all covered by counts.

use crate::error::{not_negative, positive, Result};

/// A model's shape. Parameter counts are totals over all layers.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Model {
    pub layers: f64,
    pub hidden: f64,
    pub heads: f64,
    pub kv_heads: f64,
    pub head_dim: f64,
    /// Attention projections, and whatever is neither feed-forward nor vocabulary.
    pub attention_params: f64,
    /// Feed-forward weights that every token passes, shared experts included.
    pub dense_params: f64,
    /// All routed experts together.
    pub expert_params: f64,
    /// Output projection, read once a step (also when it is tied to the embedding).
    pub head_params: f64,
    /// Input embedding if it is a table of its own: it takes memory and no time.
    pub embedding_params: f64,
    /// Layers with routed experts; routed experts a layer; experts a token goes to.
    pub moe_layers: f64,
    pub experts: f64,
    pub experts_per_token: f64,
    /// Layers whose cache grows without end, and layers that see only `window` tokens.
    pub full_layers: f64,
    pub window_layers: f64,
    pub window: f64,
    /// MLA: elements of the latent and of the rotary key per token and layer (0 = not MLA).
    pub latent_rank: f64,
    pub rope_dim: f64,
    /// Elements of state per sequence, all linear-attention or state-space layers together.
    pub state_elements: f64,
}

impl Model {
    /// Check the counts.
    ///
    /// # Errors
    /// The first field that is negative, not finite, or zero where it cannot be.
    pub fn validated(self) -> Result<Self> {
        for (field, value) in [
            ("layers", self.layers),
            ("hidden", self.hidden),
            ("heads", self.heads),
            ("attention_params", self.attention_params),
        ] {
            positive(field, value)?;
        }
        for (field, value) in [
            ("kv_heads", self.kv_heads),
            ("head_dim", self.head_dim),
            ("dense_params", self.dense_params),
            ("expert_params", self.expert_params),
            ("head_params", self.head_params),
            ("embedding_params", self.embedding_params),
            ("moe_layers", self.moe_layers),
            ("experts", self.experts),
            ("experts_per_token", self.experts_per_token),
            ("full_layers", self.full_layers),
            ("window_layers", self.window_layers),
            ("window", self.window),
            ("latent_rank", self.latent_rank),
            ("rope_dim", self.rope_dim),
            ("state_elements", self.state_elements),
        ] {
            not_negative(field, value)?;
        }
        Ok(self)
    }

    #[must_use]
    pub fn is_mla(&self) -> bool {
        self.latent_rank > 0.0
    }

    #[must_use]
    pub fn is_moe(&self) -> bool {
        self.experts > 0.0 && self.expert_params > 0.0
    }

    /// Share of the routed experts that one token goes to.
    #[must_use]
    pub fn active_share(&self) -> f64 {
        if self.is_moe() {
            (self.experts_per_token / self.experts).min(1.0)
        } else {
            0.0
        }
    }

    /// Share of the routed experts that `tokens` tokens touch together, routing taken as even:
    /// `1 - (1 - k/E)^tokens`.
    #[must_use]
    pub fn touched_share(&self, tokens: f64) -> f64 {
        if !self.is_moe() {
            return 0.0;
        }
        let idle = 1.0 - self.active_share();
        if idle <= 0.0 {
            1.0
        } else {
            1.0 - idle.powf(tokens.max(1.0))
        }
    }

    /// Parameters, routed experts included.
    #[must_use]
    pub fn params(&self) -> f64 {
        self.attention_params
            + self.dense_params
            + self.expert_params
            + self.head_params
            + self.embedding_params
    }

    /// Intermediate width of one routed expert, from its size (gate, up and down matrices).
    #[must_use]
    pub fn expert_width(&self) -> f64 {
        self.expert_params / (3.0 * self.hidden * (self.moe_layers * self.experts).max(1.0))
    }

    /// Cache elements one token adds in one full layer (key and value, or the MLA latent).
    #[must_use]
    pub fn kv_elements_per_layer(&self) -> f64 {
        if self.is_mla() {
            self.latent_rank + self.rope_dim
        } else {
            2.0 * self.kv_heads * self.head_dim
        }
    }

    /// Cache elements of a sequence of `context` tokens; the fixed state of hybrid layers is apart.
    #[must_use]
    pub fn kv_elements(&self, context: f64) -> f64 {
        let seen = if self.window > 0.0 { context.min(self.window) } else { context };
        self.kv_elements_per_layer() * (self.full_layers * context + self.window_layers * seen)
    }

    /// FLOP of attention scores and values for one query token that sees `context` tokens.
    /// MLA decodes in the latent space (keys of `latent + rope`, values of `latent` elements a head).
    #[must_use]
    pub fn attention_flops(&self, context: f64, absorbed: bool) -> f64 {
        let seen = if self.window > 0.0 { context.min(self.window) } else { context };
        let per_position = if self.is_mla() && absorbed {
            2.0 * self.heads * (2.0 * self.latent_rank + self.rope_dim)
        } else {
            4.0 * self.heads * self.head_dim
        };
        per_position * (self.full_layers * context + self.window_layers * seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experts() -> Model {
        Model {
            hidden: 1024.0,
            experts: 64.0,
            experts_per_token: 4.0,
            expert_params: 6.4e9,
            moe_layers: 10.0,
            ..Model::default()
        }
    }

    #[test]
    fn one_token_touches_its_own_experts_and_many_touch_all() {
        let model = experts();
        assert!((model.touched_share(1.0) - 4.0 / 64.0).abs() < 1e-12);
        assert!(model.touched_share(1000.0) > 0.999_999);
        assert!((model.touched_share(2.0) - (1.0 - (60.0f64 / 64.0).powi(2))).abs() < 1e-12);
    }

    #[test]
    fn a_dense_model_touches_no_experts() {
        assert!(Model::default().touched_share(10.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_window_bounds_the_cache_of_its_layers() {
        let model = Model {
            kv_heads: 2.0,
            head_dim: 64.0,
            full_layers: 3.0,
            window_layers: 5.0,
            window: 128.0,
            ..Model::default()
        };
        assert!((model.kv_elements(100.0) - 256.0 * 8.0 * 100.0).abs() < 1e-6);
        assert!((model.kv_elements(1000.0) - 256.0 * (3.0 * 1000.0 + 5.0 * 128.0)).abs() < 1e-6);
    }

    #[test]
    fn mla_keeps_a_latent_and_a_rotary_key() {
        let model = Model {
            latent_rank: 512.0,
            rope_dim: 64.0,
            kv_heads: 128.0,
            head_dim: 192.0,
            full_layers: 61.0,
            ..Model::default()
        };
        assert!((model.kv_elements(1.0) - 61.0 * 576.0).abs() < 1e-9);
    }
}
