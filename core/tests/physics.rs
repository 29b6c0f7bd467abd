//! The serving model never beats the physics, and moves the way the physics says, over random configurations.

use proptest::prelude::*;
use rackrate_core::hardware::{Chip, Compute, Format, Peaks};
use rackrate_core::memory::room;
use rackrate_core::model::Model;
use rackrate_core::plan::Plan;
use rackrate_core::serving::{estimate, Load, Workload};
use rackrate_core::step::Pass;
use rackrate_core::tuning::Tuning;

const CASES: u32 = 100_000;

#[derive(Debug, Clone)]
struct Case {
    chip: Chip,
    model: Model,
    plan: Plan,
    tuning: Tuning,
    prompt: f64,
    output: f64,
    batch: f64,
}

impl Case {
    fn pass(&self) -> Pass<'_> {
        Pass { chip: &self.chip, model: &self.model, plan: &self.plan, tuning: &self.tuning }
    }

    fn work(&self, load: Load) -> Workload {
        Workload { input_tokens: self.prompt, output_tokens: self.output, load, server: true }
    }
}

fn chips() -> impl Strategy<Value = Chip> {
    (16e9..400e9, 0.3e12..20e12, 50e12..5e15, 10e9..1.8e12, 1u32..=72).prop_map(
        |(memory_bytes, bandwidth, fp16, link, domain)| Chip {
            memory_bytes,
            bandwidth,
            peaks: Peaks { fp32: fp16 / 15.0, fp16, fp8: 2.0 * fp16, int8: 0.0, fp4: 0.0 },
            link,
            domain: f64::from(domain),
            network: 50e9,
        },
    )
}

fn models() -> impl Strategy<Value = Model> {
    let shape = (16u32..130, 2usize..8, 1u32..=16, 64u32..=256, 1e9..50e9, 0.0..600e9);
    (shape, any::<bool>(), any::<bool>()).prop_map(
        |((layers, width, kv_heads, head_dim, dense, experts), moe, latent)| {
            let hidden = 2048.0 * f64::from(u32::try_from(width).unwrap_or(2));
            Model {
                layers: f64::from(layers),
                hidden,
                heads: hidden / 128.0,
                kv_heads: f64::from(kv_heads),
                head_dim: f64::from(head_dim),
                attention_params: 0.3 * dense,
                dense_params: 0.7 * dense,
                expert_params: if moe { experts } else { 0.0 },
                head_params: 128_000.0 * hidden,
                embedding_params: 128_000.0 * hidden,
                moe_layers: if moe { f64::from(layers) - 3.0 } else { 0.0 },
                experts: if moe { 128.0 } else { 0.0 },
                experts_per_token: if moe { 8.0 } else { 0.0 },
                full_layers: f64::from(layers) / 2.0,
                window_layers: f64::from(layers) / 2.0,
                window: 4096.0,
                latent_rank: if latent { 512.0 } else { 0.0 },
                rope_dim: if latent { 64.0 } else { 0.0 },
                state_elements: 0.0,
            }
        },
    )
}

fn plans() -> impl Strategy<Value = Plan> {
    (0u32..7, 0u32..4, any::<bool>(), 0.5..2.0).prop_map(|(tp, pp, attention_dp, bytes)| {
        let (tp, pp) = (f64::from(1 << tp), f64::from(1 << pp));
        let format = Format { bytes, compute: if bytes > 1.5 { Compute::Fp16 } else { Compute::Fp8 } };
        Plan {
            chips: tp * pp * 2.0,
            tp: if attention_dp { 1.0 } else { tp },
            pp,
            ep: tp,
            attention_dp,
            attention: format,
            dense: format,
            expert: format,
            head: format,
            kv_bytes: 2.0,
        }
    })
}

fn tunings() -> impl Strategy<Value = Tuning> {
    (0.3..3.0, 0.3..3.0, 0.5..2.0, 0.1..3.0).prop_map(|(speed, flop, norm, overhead)| {
        let base = Tuning::default();
        Tuning {
            bandwidth_share: base.bandwidth_share * speed,
            flop_share: base.flop_share * flop,
            overlap_norm: base.overlap_norm * norm,
            layer_s: base.layer_s * overhead,
            host_step_s: base.host_step_s * overhead,
            ..base
        }
    })
}

fn cases() -> impl Strategy<Value = Case> {
    let lengths = (1.0..200_000.0, 1.0..20_000.0, 1.0..20_000.0);
    (chips(), models(), plans(), tunings(), lengths).prop_map(
        |(chip, model, plan, tuning, (prompt, output, batch))| Case {
            chip,
            model,
            plan,
            tuning,
            prompt,
            output,
            batch,
        },
    )
}

fn no_less(later: f64, earlier: f64) -> bool {
    later >= earlier * (1.0 - 1e-9)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, ..ProptestConfig::default() })]

    #[test]
    fn a_step_is_no_faster_than_bytes_or_flop(case in cases(), rank in 1.0..4000.0f64) {
        let (model, plan) = (&case.model, &case.plan);
        let step = case.pass().decode(rank, case.prompt);
        let shard = plan.attention_shard();
        let read = (model.attention_params * plan.attention.bytes + model.dense_params * plan.dense.bytes) / shard;
        let flop = 2.0 * (model.attention_params + model.dense_params) / shard * rank;
        let (peak, _) = case.chip.peak(plan.dense.compute);
        prop_assert!(step.total_s() >= read / case.chip.bandwidth);
        prop_assert!(step.total_s() >= flop / peak);
        let tokens = 8.0 * rank;
        let prefill = case.pass().prefill(tokens, case.prompt, 1.0);
        prop_assert!(prefill.total_s() >= flop * 8.0 / peak);
    }

    #[test]
    fn more_sequences_never_shorten_a_step(case in cases(), rank in 1.0..2000.0f64, more in 1.0..4.0f64) {
        let pass = case.pass();
        prop_assert!(no_less(pass.decode(rank * more, case.prompt).total_s(), pass.decode(rank, case.prompt).total_s()));
    }

    #[test]
    fn a_longer_context_never_shortens_a_step(case in cases(), rank in 1.0..2000.0f64, more in 1.0..4.0f64) {
        let pass = case.pass();
        prop_assert!(no_less(pass.decode(rank, case.prompt * more).total_s(), pass.decode(rank, case.prompt).total_s()));
    }

    #[test]
    fn more_bandwidth_is_never_slower(case in cases(), more in 1.0..4.0f64) {
        let mut faster = case.clone();
        faster.chip.bandwidth *= more;
        let load = Load::Static(case.batch);
        let before = estimate(&case.pass(), &case.work(load)).unwrap();
        let after = estimate(&faster.pass(), &case.work(load)).unwrap();
        prop_assert!(no_less(before.tpot_s, after.tpot_s));
        prop_assert!(no_less(before.ttft_s, after.ttft_s));
        prop_assert!(no_less(after.output_tokens_per_s, before.output_tokens_per_s));
    }

    #[test]
    fn a_longer_context_never_makes_room(case in cases(), more in 1.0..4.0f64) {
        let at = |context| room(&case.chip, &case.model, &case.plan, &case.tuning, context);
        prop_assert!(no_less(at(case.prompt), at(case.prompt * more)));
    }

    #[test]
    fn every_result_is_finite_and_positive(case in cases(), kind in 0u8..3) {
        let load = match kind {
            0 => Load::Static(case.batch),
            1 => Load::Closed(case.batch),
            _ => Load::Saturated(case.batch),
        };
        let found = estimate(&case.pass(), &case.work(load)).unwrap();
        for value in [found.ttft_s, found.tpot_s, found.output_tokens_per_s, found.requests_per_s] {
            prop_assert!(value.is_finite() && value > 0.0);
        }
        prop_assert!(found.batch <= case.batch * (1.0 + 1e-12) && found.room >= 0.0);
    }

    #[test]
    fn more_clients_never_lower_tpot(case in cases(), more in 1.0..4.0f64) {
        let at = |n| estimate(&case.pass(), &case.work(Load::Closed(n))).unwrap();
        let (few, many) = (at(case.batch), at(case.batch * more));
        // Beyond the room for the cache more clients only queue: the same batch, the same TPOT.
        prop_assert!(no_less(many.tpot_s * (1.0 + 1e-6), few.tpot_s));
        prop_assert!(no_less(many.ttft_s * (1.0 + 1e-6), few.ttft_s));
    }
}
