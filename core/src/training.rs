//! Time of training a token: what a chip spends on matmuls, attention, memory traffic and communication.
//!
//! Chip-seconds per token are a sum of physical terms with few fitted efficiencies (`Efficiency`):
//! `6 P / peak` for dense, expert and output weights (a third more where activations are recomputed), attention
//! in 16 bits, activations and routed tokens through HBM, tensor- and expert-parallel traffic over the scale-up
//! link, gradients and weights between data-parallel ranks, and the pipeline's bubble on top.

use crate::error::{not_negative, positive, Error, Result};

const TRAIN_FLOP: f64 = 6.0;
/// A second forward pass when activations are recomputed: 8/6 of the arithmetic.
const RECOMPUTE: f64 = 4.0 / 3.0;

/// What a model asks for each token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Work {
    /// Weights at work on every token, without experts, embedding and output layer.
    pub dense_params: f64,
    /// Expert weights at work on a token.
    pub expert_params: f64,
    /// Weights of the output layer.
    pub head_params: f64,
    /// Attention FLOP of a token, forward and backward.
    pub attention_flop: f64,
    pub layers: f64,
    pub hidden: f64,
    pub moe_layers: f64,
    pub experts_per_token: f64,
    /// All weights, those at rest too.
    pub params_total: f64,
}

/// The chip that trains: rates per second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainingChip {
    /// Dense FLOP/s in the training precision.
    pub peak: f64,
    /// Dense FLOP/s in 16 bits: attention and the output layer stay there.
    pub peak_16bit: f64,
    pub bandwidth: f64,
    /// One way, per chip, within `domain` chips.
    pub link: f64,
    pub domain: f64,
    /// One way, per chip, beyond the domain.
    pub network: f64,
}

/// How the work is split.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split {
    pub chips: f64,
    pub tensor: f64,
    pub pipeline: f64,
    pub context: f64,
    pub expert: f64,
    /// Microbatches of a data-parallel rank in a step, times the pipeline's virtual stages.
    pub microbatches: f64,
    /// Tokens of a step over all chips; 0 when unknown (then gradient traffic is left out).
    pub tokens_per_step: f64,
    pub recompute: bool,
}

/// Fitted constants, each a share of a peak or a multiple of a byte count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Efficiency {
    /// Matmul FLOP/s reached over `peak`, and over `peak_16bit`.
    pub matmul: f64,
    pub matmul_16bit: f64,
    /// Attention FLOP/s reached over `peak_16bit`.
    pub attention: f64,
    /// Expert matmuls against dense ones.
    pub experts: f64,
    /// Bytes through HBM for each layer and hidden element.
    pub activation_bytes: f64,
    /// Bytes through HBM for each routed copy of a hidden element.
    pub routed_bytes: f64,
    /// Shares of each traffic that arithmetic does not hide.
    pub tensor_exposed: f64,
    pub expert_exposed: f64,
    pub data_exposed: f64,
    /// How much of the ideal pipeline bubble is seen.
    pub bubble: f64,
}

impl Work {
    /// Model FLOP of a token: `6 x` weights at work.
    #[must_use]
    pub fn model_flop(&self) -> f64 {
        TRAIN_FLOP * (self.dense_params + self.expert_params + self.head_params)
    }

    fn check(&self) -> Result<()> {
        positive("dense_params", self.dense_params)?;
        for (field, value) in [
            ("expert_params", self.expert_params),
            ("head_params", self.head_params),
            ("attention_flop", self.attention_flop),
            ("layers", self.layers),
            ("hidden", self.hidden),
            ("moe_layers", self.moe_layers),
            ("experts_per_token", self.experts_per_token),
            ("params_total", self.params_total),
        ] {
            not_negative(field, value)?;
        }
        Ok(())
    }
}

impl TrainingChip {
    fn check(&self) -> Result<()> {
        for (field, value) in [
            ("peak", self.peak),
            ("peak_16bit", self.peak_16bit),
            ("bandwidth", self.bandwidth),
            ("link", self.link),
            ("network", self.network),
        ] {
            positive(field, value)?;
        }
        Ok(())
    }

    /// Bandwidth between `ranks` chips: the link while they fit the domain.
    fn reach(&self, ranks: f64) -> f64 {
        if ranks <= self.domain {
            self.link
        } else {
            self.network
        }
    }
}

impl Split {
    fn check(&self) -> Result<()> {
        for (field, value) in [
            ("chips", self.chips),
            ("tensor_parallel", self.tensor),
            ("pipeline_parallel", self.pipeline),
            ("context_parallel", self.context),
            ("expert_parallel", self.expert),
            ("microbatches", self.microbatches),
        ] {
            if !(value.is_finite() && value >= 1.0) {
                return Err(Error::Domain { field, value, allowed: "at least 1" });
            }
        }
        not_negative("tokens_per_step", self.tokens_per_step)?;
        Ok(())
    }

    fn data_ranks(&self) -> f64 {
        self.chips / (self.tensor * self.pipeline * self.context)
    }
}

impl Efficiency {
    fn check(&self) -> Result<()> {
        for (field, value) in [
            ("matmul", self.matmul),
            ("matmul_16bit", self.matmul_16bit),
            ("attention", self.attention),
            ("experts", self.experts),
        ] {
            if !(value.is_finite() && value > 0.0 && value <= 1.0) {
                return Err(Error::Domain { field, value, allowed: "above 0 and at most 1" });
            }
        }
        Ok(())
    }
}

/// Chip-seconds a token takes; its inverse is tokens per second and chip.
///
/// # Errors
/// `Domain` naming the first value that cannot be.
pub fn seconds_per_token(work: &Work, chip: &TrainingChip, split: &Split, eff: &Efficiency) -> Result<f64> {
    work.check()?;
    chip.check()?;
    split.check()?;
    eff.check()?;
    let again = if split.recompute { RECOMPUTE } else { 1.0 };
    let on_chip = arithmetic(work, chip, eff, again) + memory(work, chip, eff, again);
    let between = tensor_traffic(work, chip, split, eff)
        + expert_traffic(work, chip, split, eff)
        + data_traffic(work, chip, split, eff);
    let bubble = 1.0 + eff.bubble * (split.pipeline - 1.0) / split.microbatches;
    Ok((on_chip + between) * bubble)
}

fn arithmetic(work: &Work, chip: &TrainingChip, eff: &Efficiency, again: f64) -> f64 {
    let narrow = work.dense_params / eff.matmul + work.expert_params / (eff.matmul * eff.experts);
    let head = TRAIN_FLOP * work.head_params / (chip.peak_16bit * eff.matmul_16bit);
    let attention = again * work.attention_flop / (chip.peak_16bit * eff.attention);
    again * TRAIN_FLOP * narrow / chip.peak + head + attention
}

fn memory(work: &Work, chip: &TrainingChip, eff: &Efficiency, again: f64) -> f64 {
    let activations = again * eff.activation_bytes * work.layers * work.hidden;
    let routed = eff.routed_bytes * work.moe_layers * work.experts_per_token * work.hidden;
    (activations + routed) / chip.bandwidth
}

/// Four all-reduces a layer of two bytes a hidden element, as seen by all ranks of a group together.
fn tensor_traffic(work: &Work, chip: &TrainingChip, split: &Split, eff: &Efficiency) -> f64 {
    let bytes = 16.0 * work.hidden * work.layers * (split.tensor - 1.0);
    eff.tensor_exposed * bytes / chip.reach(split.tensor)
}

/// Dispatch and combine, forward and backward, of each routed copy.
fn expert_traffic(work: &Work, chip: &TrainingChip, split: &Split, eff: &Efficiency) -> f64 {
    if split.expert <= 1.0 {
        return 0.0;
    }
    let bytes = 8.0 * work.experts_per_token.min(split.expert) * work.hidden * work.moe_layers;
    let inside = (chip.domain / split.expert).min(1.0);
    eff.expert_exposed * bytes * (inside / chip.link + (1.0 - inside) / chip.network)
}

/// Weights gathered twice and gradients reduced once a step, two bytes each.
fn data_traffic(work: &Work, chip: &TrainingChip, split: &Split, eff: &Efficiency) -> f64 {
    if split.tokens_per_step == 0.0 || split.data_ranks() <= 1.0 {
        return 0.0;
    }
    let held = work.params_total / (split.tensor * split.pipeline * split.expert);
    let tokens_per_chip = split.tokens_per_step / split.chips;
    eff.data_exposed * 6.0 * held / chip.reach(split.chips) / tokens_per_chip
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LLAMA_70B: Work = Work {
        dense_params: 68.4e9,
        expert_params: 0.0,
        head_params: 1.05e9,
        attention_flop: 6.0 * 8192.0 * 80.0 * 8192.0,
        layers: 80.0,
        hidden: 8192.0,
        moe_layers: 0.0,
        experts_per_token: 0.0,
        params_total: 70.55e9,
    };
    const H100: TrainingChip = TrainingChip {
        peak: 989e12,
        peak_16bit: 989e12,
        bandwidth: 3.35e12,
        link: 450e9,
        domain: 8.0,
        network: 50e9,
    };
    const ALONE: Split = Split {
        chips: 512.0,
        tensor: 1.0,
        pipeline: 1.0,
        context: 1.0,
        expert: 1.0,
        microbatches: 1.0,
        tokens_per_step: 0.0,
        recompute: false,
    };
    const EFFICIENCY: Efficiency = Efficiency {
        matmul: 0.63,
        matmul_16bit: 0.63,
        attention: 0.2,
        experts: 0.5,
        activation_bytes: 450.0,
        routed_bytes: 140.0,
        tensor_exposed: 0.07,
        expert_exposed: 0.1,
        data_exposed: 0.1,
        bubble: 1.0,
    };

    #[test]
    fn a_70b_model_on_h100_runs_at_a_published_speed() {
        let speed = 1.0 / seconds_per_token(&LLAMA_70B, &H100, &ALONE, &EFFICIENCY).unwrap();
        assert!((800.0..1300.0).contains(&speed), "{speed}");
    }

    #[test]
    fn what_cannot_be_is_named() {
        let over = Efficiency { matmul: 1.2, ..EFFICIENCY };
        assert!(seconds_per_token(&LLAMA_70B, &H100, &ALONE, &over).is_err());
        let none = Split { tensor: 0.0, ..ALONE };
        assert!(seconds_per_token(&LLAMA_70B, &H100, &none, &EFFICIENCY).is_err());
    }

    proptest! {
        #[test]
        fn never_faster_than_the_peak(
            params in 7.0..13.0f64, tensor in 0u32..4, pipeline in 0u32..5, recompute: bool, matmul in 0.05..1.0f64,
        ) {
            let work = Work { dense_params: 10f64.powf(params), ..LLAMA_70B };
            let split = Split {
                tensor: f64::from(1 << tensor), pipeline: f64::from(1 << pipeline), microbatches: 8.0, recompute, ..ALONE
            };
            let eff = Efficiency { matmul, ..EFFICIENCY };
            let seconds = seconds_per_token(&work, &H100, &split, &eff).unwrap();
            prop_assert!(seconds.is_finite() && seconds >= work.model_flop() / H100.peak);
        }

        #[test]
        fn more_of_anything_fast_is_never_slower(factor in 1.0..10.0f64, tokens in 0.0..1e7f64) {
            let split = Split { tokens_per_step: tokens, tensor: 8.0, ..ALONE };
            let base = seconds_per_token(&LLAMA_70B, &H100, &split, &EFFICIENCY).unwrap();
            for faster in [
                TrainingChip { peak: H100.peak * factor, ..H100 },
                TrainingChip { bandwidth: H100.bandwidth * factor, ..H100 },
                TrainingChip { link: H100.link * factor, ..H100 },
                TrainingChip { network: H100.network * factor, ..H100 },
            ] {
                prop_assert!(seconds_per_token(&LLAMA_70B, &faster, &split, &EFFICIENCY).unwrap() <= base);
            }
        }
    }
}
