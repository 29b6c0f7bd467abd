//! Steady state of continuous batching: from steps to TTFT, TPOT and throughput.
//!
//! A cohort of `b` requests costs `b` amortised prefills and `output_tokens` decode steps, whatever the
//! regime. In a closed loop the prefills of the requests that join delay the others' tokens (TPOT) and the
//! requests behind them (TTFT).

use crate::error::{not_negative, positive, Result};
use crate::memory::room;
use crate::step::{Pass, Step};

/// How requests arrive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Load {
    /// So many requests start and end together.
    Static(f64),
    /// So many clients, each sending its next request when the last one ends.
    Closed(f64),
    /// All requests wait in a queue of this length; the engine takes what fits.
    Saturated(f64),
}

/// A workload: mean prompt and answer lengths in tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Workload {
    pub input_tokens: f64,
    pub output_tokens: f64,
    pub load: Load,
    /// Whether a server is in front (adds `request_s` to TTFT).
    pub server: bool,
}

/// What bounds the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    MemoryBandwidth,
    Compute,
    Interconnect,
    Overhead,
    Prefill,
    Capacity,
}

impl Bound {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MemoryBandwidth => "memory bandwidth",
            Self::Compute => "compute",
            Self::Interconnect => "interconnect",
            Self::Overhead => "overhead",
            Self::Prefill => "prefill",
            Self::Capacity => "memory capacity",
        }
    }
}

/// The answer for one configuration; rates are for all chips together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    pub ttft_s: f64,
    pub tpot_s: f64,
    pub output_tokens_per_s: f64,
    pub requests_per_s: f64,
    /// Requests in flight, and the number there is memory for.
    pub batch: f64,
    pub room: f64,
    /// One request's prefill alone; its share of a full prefill chunk.
    pub prefill_s: f64,
    pub prefill_amortised_s: f64,
    pub decode: Step,
    pub bound: Bound,
}

impl Workload {
    fn validated(self) -> Result<Self> {
        positive("input_tokens", self.input_tokens.max(1.0))?;
        not_negative("input_tokens", self.input_tokens)?;
        not_negative("output_tokens", self.output_tokens)?;
        let (Load::Static(count) | Load::Closed(count) | Load::Saturated(count)) = self.load;
        positive("batch", count)?;
        Ok(self)
    }
}

/// Seconds from a request's admission to its first token with nothing else running.
fn prefill_alone_s(pass: &Pass, prompt: f64) -> f64 {
    let chunks = (prompt / pass.tuning.chunk_tokens).max(1.0);
    chunks * pass.prefill(prompt / chunks, prompt, 1.0).total_s()
}

/// Seconds of the whole plan's time that one of `waiting` prompts takes when chunks are filled.
fn prefill_amortised_s(pass: &Pass, prompt: f64, waiting: f64) -> f64 {
    let plan = pass.plan;
    let lanes = plan.ranks() * plan.pp;
    let busy = lanes.min(waiting.max(1.0));
    let chunk = (prompt * (waiting / lanes).max(1.0)).min(pass.tuning.chunk_tokens.max(1.0));
    let step = pass.prefill(chunk, prompt, (busy / plan.pp).max(1.0));
    step.total_s() * prompt / chunk / busy
}

/// Sequences of each attention rank's micro-batch when `batch` are in flight.
fn per_rank(pass: &Pass, batch: f64) -> f64 {
    (batch / (pass.plan.ranks() * pass.plan.pp)).max(1.0)
}

fn bound(step: &Step, prefill_share: f64) -> Bound {
    if prefill_share > 0.5 {
        return Bound::Prefill;
    }
    let work = step.dense_s + step.expert_s + step.attention_s;
    if step.fixed_s > work && step.fixed_s > step.collective_s {
        Bound::Overhead
    } else if step.collective_s > work {
        Bound::Interconnect
    } else if step.memory_s >= step.compute_s {
        Bound::MemoryBandwidth
    } else {
        Bound::Compute
    }
}

/// Requests in flight and the memory's limit for a workload.
fn admitted(pass: &Pass, work: &Workload) -> (f64, f64) {
    let reserved = work.input_tokens + work.output_tokens * pass.tuning.output_reserved.min(1.0);
    let fits = room(pass.chip, pass.model, pass.plan, pass.tuning, reserved.max(1.0));
    let slots = pass.tuning.max_sequences * pass.plan.ranks();
    match work.load {
        Load::Static(count) => (count, fits),
        Load::Closed(count) | Load::Saturated(count) => (count.min(fits.max(1.0)).min(slots), fits),
    }
}

/// Estimate one configuration.
///
/// # Errors
/// Lengths or counts that are negative, zero where they cannot be, or not finite.
pub fn estimate(pass: &Pass, work: &Workload) -> Result<Estimate> {
    let work = work.validated()?;
    let tuning = pass.tuning;
    let prompt = work.input_tokens.max(1.0);
    let output = work.output_tokens.max(1.0);
    let (batch, fits) = admitted(pass, &work);
    let decode = pass.decode(per_rank(pass, batch), prompt + 0.5 * output);
    let step_s = decode.total_s();
    let alone = prefill_alone_s(pass, prompt);
    let shared = prefill_amortised_s(pass, prompt, batch);
    let others = (batch - 1.0).max(0.0) * shared;
    let request_s = if work.server { tuning.request_s } else { 0.0 };
    let first_s = request_s + alone;
    let (ttft_s, tpot_s, cycle_s) = if let Load::Static(_) = work.load {
        let first = (batch * shared).max(alone);
        (request_s + first, step_s, first + output * step_s)
    } else {
        let saturated = matches!(work.load, Load::Saturated(_));
        let cycle = if saturated { batch * shared } else { first_s + tuning.cycle_prefill * others }
            + output * step_s;
        let joining = batch * shared / (batch * shared + output * step_s);
        let delay = tuning.interference * others * (1.0 - joining).powf(tuning.lockstep.min(1.0));
        let wait = tuning.wait * others * joining.powf(tuning.wait_exponent)
            + if batch > 1.0 { tuning.steps_waited * step_s } else { 0.0 };
        let queued = match work.load {
            Load::Closed(clients) => cycle * (clients / batch - 1.0).max(0.0),
            _ => 0.0,
        };
        (first_s + wait + queued, step_s + delay / output, cycle)
    };
    let requests_per_s = batch / cycle_s;
    let short = matches!(work.load, Load::Closed(n) | Load::Static(n) if n > fits);
    Ok(Estimate {
        ttft_s,
        tpot_s,
        output_tokens_per_s: requests_per_s * work.output_tokens,
        requests_per_s,
        batch,
        room: fits,
        prefill_s: alone,
        prefill_amortised_s: shared,
        decode,
        bound: if short { Bound::Capacity } else { bound(&decode, batch * shared / cycle_s) },
    })
}
