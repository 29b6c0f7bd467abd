//! The simulation conserves work, never beats an empty server, and settles where the closed form says.

use proptest::prelude::*;
use rackrate_core::hardware::{Chip, Compute, Format, Peaks};
use rackrate_core::model::Model;
use rackrate_core::plan::Plan;
use rackrate_core::serving::{estimate, Load, Workload};
use rackrate_core::simulate::{ideal_s, Job, Policy, Simulation};
use rackrate_core::step::Pass;
use rackrate_core::tuning::Tuning;

const FP8: Format = Format { bytes: 1.0, compute: Compute::Fp8 };
const OPEN: Policy = Policy { output_reserved: 0.0, clients: None };

#[derive(Debug, Clone)]
struct Server {
    chip: Chip,
    model: Model,
    plan: Plan,
    tuning: Tuning,
}

impl Server {
    fn pass(&self) -> Pass<'_> {
        Pass { chip: &self.chip, model: &self.model, plan: &self.plan, tuning: &self.tuning }
    }

    fn run(&self, jobs: Vec<Job>, policy: Policy) -> Simulation {
        let mut simulation = Simulation::new(&self.pass(), jobs, policy).unwrap();
        assert!(simulation.advance(&self.pass(), u64::MAX));
        simulation
    }
}

fn server(memory_bytes: f64, replicas: f64, pipeline: f64, moe: bool) -> Server {
    let peaks = Peaks { fp32: 67e12, fp16: 989e12, fp8: 1979e12, int8: 1979e12, fp4: 0.0 };
    Server {
        chip: Chip { memory_bytes, bandwidth: 3.35e12, peaks, link: 450e9, domain: 8.0, network: 50e9 },
        model: Model {
            layers: 32.0,
            hidden: 4096.0,
            heads: 32.0,
            kv_heads: 8.0,
            head_dim: 128.0,
            attention_params: 1.4e9,
            dense_params: if moe { 0.2e9 } else { 5.6e9 },
            expert_params: if moe { 40e9 } else { 0.0 },
            head_params: 0.52e9,
            embedding_params: 0.52e9,
            moe_layers: if moe { 32.0 } else { 0.0 },
            experts: if moe { 64.0 } else { 0.0 },
            experts_per_token: if moe { 4.0 } else { 0.0 },
            full_layers: 32.0,
            window_layers: 0.0,
            window: 0.0,
            latent_rank: 0.0,
            rope_dim: 0.0,
            state_elements: 0.0,
        },
        plan: Plan {
            chips: 2.0 * replicas * pipeline,
            tp: 2.0,
            pp: pipeline,
            ep: 1.0,
            attention_dp: false,
            attention: FP8,
            dense: FP8,
            expert: FP8,
            head: FP8,
            kv_bytes: 2.0,
        },
        tuning: Tuning::default(),
    }
}

fn jobs() -> impl Strategy<Value = Vec<Job>> {
    let one = (0.0..2.0f64, 1u32..20_000, 1u32..400);
    proptest::collection::vec(one, 1..60).prop_map(|rows| {
        let mut at = 0.0;
        rows.into_iter()
            .map(|(gap, input, output)| {
                at += gap * gap * 0.5;
                Job { arrival_s: at, input_tokens: f64::from(input), output_tokens: f64::from(output) }
            })
            .collect()
    })
}

fn servers() -> impl Strategy<Value = Server> {
    let memory = prop_oneof![Just(32e9), Just(40e9), Just(80e9)];
    (memory, 1u32..4, 1u32..3, any::<bool>(), 512.0..16_000.0f64).prop_map(
        |(memory, replicas, pipeline, moe, chunk)| {
            let mut made = server(memory, f64::from(replicas), f64::from(pipeline), moe);
            made.tuning.chunk_tokens = chunk;
            made
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_request_beats_an_empty_server_and_work_is_conserved(
        made in servers(), jobs in jobs(), reserved in prop_oneof![Just(0.0), Just(1.0)],
    ) {
        let simulation = made.run(jobs.clone(), Policy { output_reserved: reserved, clients: None });
        let totals = simulation.totals();
        let (mut answers, mut prompts) = (0.0, 0.0);
        for (job, outcome) in jobs.iter().zip(simulation.outcomes()) {
            if outcome.rejected {
                continue;
            }
            answers += job.output_tokens;
            prompts += job.input_tokens;
            let took = outcome.finish_s - job.arrival_s;
            prop_assert!(took >= ideal_s(&made.pass(), job) * (1.0 - 1e-9), "{took} {outcome:?}");
            prop_assert!(job.arrival_s <= outcome.start_s && outcome.start_s < outcome.first_s);
            prop_assert!(outcome.first_s <= outcome.finish_s);
        }
        prop_assert_eq!(totals.finished + totals.rejected, jobs.len());
        prop_assert!((totals.decoded_tokens - answers).abs() < 0.5);
        prop_assert!(totals.prefilled_tokens >= prompts - 0.5);
        if totals.preemptions == 0 {
            prop_assert!((totals.prefilled_tokens - prompts).abs() < 0.5);
        }
        if reserved >= 1.0 {
            prop_assert_eq!(totals.preemptions, 0);
        }
        prop_assert!(totals.peak_cache_share <= 1.0 + 1e-9);
    }

    #[test]
    fn the_same_trace_gives_the_same_run_however_it_is_cut(made in servers(), jobs in jobs(), cut in 1u64..50) {
        let whole = made.run(jobs.clone(), OPEN);
        let mut parts = Simulation::new(&made.pass(), jobs, OPEN).unwrap();
        while !parts.advance(&made.pass(), cut) {}
        prop_assert_eq!(format!("{:?}", whole.outcomes()), format!("{:?}", parts.outcomes()));
    }

    #[test]
    fn first_come_is_first_started_in_a_lane(memory in 20e9..80e9f64, jobs in jobs()) {
        let made = server(memory, 1.0, 1.0, false);
        let simulation = made.run(jobs, OPEN);
        let started: Vec<f64> =
            simulation.outcomes().iter().filter(|o| !o.rejected).map(|o| o.start_s).collect();
        prop_assert!(started.windows(2).all(|pair| pair[0] <= pair[1]));
    }
}

fn steady(made: &Server, clients: u32, input: f64, output: f64) -> (f64, f64) {
    let count = 12 * clients as usize;
    let jobs = vec![Job { arrival_s: 0.0, input_tokens: input, output_tokens: output }; count];
    let policy = Policy { output_reserved: 1.0, clients: Some(clients as usize) };
    let simulation = made.run(jobs, policy);
    // From the third to the tenth round: neither the first prompts nor the last answers.
    let mut ends: Vec<f64> = simulation.outcomes().iter().map(|o| o.finish_s).collect();
    ends.sort_by(f64::total_cmp);
    let (from, to) = (ends[2 * clients as usize - 1], ends[10 * clients as usize - 1]);
    let rate = f64::from(8 * clients) * output / (to - from);
    let load = Load::Closed(f64::from(clients));
    let work = Workload { input_tokens: input, output_tokens: output, load, server: true };
    (rate, estimate(&made.pass(), &work).unwrap().output_tokens_per_s)
}

#[test]
fn a_closed_loop_settles_where_the_closed_form_says() {
    for (replicas, moe) in [(1.0, false), (2.0, false), (1.0, true)] {
        let mut made = server(80e9, replicas, 1.0, moe);
        // The closed form's fitted share of prefill is the measured engines'; here both do all of it.
        made.tuning.cycle_prefill = 1.0;
        for (clients, input, output) in
            [(1, 1000.0, 500.0), (16, 2000.0, 300.0), (64, 1000.0, 400.0), (32, 8000.0, 200.0)]
        {
            let (simulated, closed) = steady(&made, clients, input, output);
            let off = (simulated / closed).ln().abs();
            assert!(off < 0.06, "{replicas} {moe} {clients} {input} {output}: {simulated} {closed}");
        }
    }
}

#[test]
fn overload_queues_and_a_small_cache_preempts() {
    let made = server(16e9, 1.0, 1.0, false);
    let row = |i: u32| Job { arrival_s: f64::from(i) * 0.01, input_tokens: 6000.0, output_tokens: 3000.0 };
    let simulation = made.run((0..60).map(row).collect(), OPEN);
    assert!(simulation.totals().preemptions > 0);
    let last = simulation.outcomes()[59];
    assert!(last.start_s - last.arrival_s > 1.0);
}

#[test]
fn what_can_never_fit_is_rejected_and_the_rest_goes_on() {
    let made = server(16e9, 1.0, 1.0, false);
    let row = |input| Job { arrival_s: 0.0, input_tokens: input, output_tokens: 10.0 };
    let simulation = made.run(vec![row(100.0), row(1e9), row(100.0)], OPEN);
    let rejected: Vec<bool> = simulation.outcomes().iter().map(|o| o.rejected).collect();
    assert_eq!(rejected, [false, true, false]);
    assert!(simulation.outcomes()[2].finish_s.is_finite());
}

#[test]
fn bad_jobs_are_refused() {
    let made = server(80e9, 1.0, 1.0, false);
    let job = Job { arrival_s: 1.0, input_tokens: 10.0, output_tokens: 10.0 };
    for bad in [
        Job { arrival_s: -1.0, ..job },
        Job { input_tokens: 0.0, ..job },
        Job { output_tokens: f64::NAN, ..job },
    ] {
        assert!(Simulation::new(&made.pass(), vec![bad], OPEN).is_err());
    }
    let back = Job { arrival_s: 0.5, ..job };
    assert!(Simulation::new(&made.pass(), vec![job, back], OPEN).is_err());
}
