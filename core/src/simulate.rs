//! Request-level simulation of a server: continuous batching with chunked prefill, first come, first served.
//!
//! Each attention rank (replica, data-parallel rank, pipeline micro-batch) is a lane with a queue, a cache and a
//! clock of its own; a request goes to the lane with the fewest requests. A lane runs steps of the same length
//! as [`crate::step`]: every decoding request gets one token, and prompts fill what the token budget leaves. A
//! request is admitted when its prompt fits in the cache. When growing answers no longer fit, the request that
//! came last is put back and computes its cache again.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::error::{not_negative, positive, Error, Result};
use crate::memory::{cache_bytes_per_chip, weight_bytes_per_chip};
use crate::step::Pass;

/// Share of the cache kept free at admission, so that a new request does not at once push out another.
const WATERMARK: f64 = 0.01;

/// One request of a trace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Job {
    pub arrival_s: f64,
    pub input_tokens: f64,
    pub output_tokens: f64,
}

/// What became of a request; NaN times and `rejected` when its cache can never fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// When it arrived: the trace's time, or a client's turn in a closed loop.
    pub arrival_s: f64,
    /// Admitted for the first time, first token out, last token out.
    pub start_s: f64,
    pub first_s: f64,
    pub finish_s: f64,
    pub preemptions: u32,
    pub rejected: bool,
}

impl Outcome {
    const PENDING: Self = Self {
        arrival_s: f64::NAN,
        start_s: f64::NAN,
        first_s: f64::NAN,
        finish_s: f64::NAN,
        preemptions: 0,
        rejected: false,
    };
}

/// How the server is run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// Share of the answer whose cache is set aside at admission (0 grows and may preempt, 1 never preempts).
    pub output_reserved: f64,
    /// Closed loop of so many clients; arrival times are then the clients' turns. None follows the trace.
    pub clients: Option<usize>,
}

/// A request in a lane.
#[derive(Debug, Clone, Copy)]
struct Active {
    job: usize,
    /// Prompt tokens to compute (after a preemption also the answer so far), and those not yet computed.
    prompt: f64,
    left: f64,
    /// Answer tokens that are out.
    made: f64,
    /// Tokens of cache set aside for it whatever it has computed.
    held: f64,
}

impl Active {
    fn context(&self) -> f64 {
        self.held.max(self.prompt)
    }
}

#[derive(Debug, Clone, Default)]
struct Lane {
    clock: f64,
    waiting: VecDeque<usize>,
    running: Vec<Active>,
}

impl Lane {
    fn requests(&self) -> usize {
        self.waiting.len() + self.running.len()
    }
}

/// Totals of a run.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Totals {
    pub steps: u64,
    pub finished: usize,
    pub rejected: usize,
    pub preemptions: u64,
    /// Tokens computed: prompts (computed again after a preemption), answers.
    pub prefilled_tokens: f64,
    pub decoded_tokens: f64,
    /// Seconds lanes spent in steps, all lanes together, and most cache in use as a share of a lane's.
    pub busy_s: f64,
    pub peak_cache_share: f64,
}

/// A run of a trace; [`Simulation::advance`] moves it on.
#[derive(Debug, Clone)]
pub struct Simulation {
    jobs: Vec<Job>,
    outcomes: Vec<Outcome>,
    /// Answer tokens of each job that came out before a preemption.
    kept: Vec<f64>,
    lanes: Vec<Lane>,
    /// Lanes with work by clock, the one furthest behind first; bits of a time that is not negative sort like it.
    ready: BinaryHeap<Reverse<(u64, usize)>>,
    next: usize,
    policy: Policy,
    /// Clients whose turn it is, and since when, the latest first.
    turns: Vec<f64>,
    totals: Totals,
}

/// Limits of a lane that hold for the whole run.
struct Limits {
    cache_bytes: f64,
    sequences: usize,
    chunk: f64,
}

impl Limits {
    fn of(pass: &Pass) -> Self {
        let (chip, tuning) = (pass.chip, pass.tuning);
        let free = chip.memory_bytes * tuning.memory_share.min(1.0)
            - tuning.reserve_bytes.min(0.25 * chip.memory_bytes)
            - weight_bytes_per_chip(pass.model, pass.plan);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let sequences = (tuning.max_sequences / pass.plan.pp).clamp(1.0, 1e6) as usize;
        // Micro-batches of a pipeline share the memory of their stage's chips.
        Self { cache_bytes: free / pass.plan.pp, sequences, chunk: tuning.chunk_tokens.max(1.0) }
    }
}

fn bytes(pass: &Pass, tokens: f64) -> f64 {
    cache_bytes_per_chip(pass.model, pass.plan, tokens)
}

/// Lanes of a deployment: attention ranks times pipeline micro-batches.
fn lanes(pass: &Pass) -> usize {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let count = (pass.plan.ranks() * pass.plan.pp).round().clamp(1.0, 1e6) as usize;
    count
}

/// Seconds of a step: `decoding` sequences with `context` tokens behind each, and `tokens` of prompts that
/// average `prompt` tokens. What a prompt adds to a decode step is its share of a full chunk (the weights are
/// read anyway), but the step is never shorter than those prompts alone.
fn step_s(pass: &Pass, decoding: f64, context: f64, tokens: f64, prompt: f64, busy: f64) -> f64 {
    let decode = if decoding > 0.0 { pass.decode(decoding, context).total_s() } else { 0.0 };
    if tokens <= 0.0 {
        return decode;
    }
    let alone = pass.prefill(tokens, prompt, busy).total_s();
    if decoding <= 0.0 {
        return alone;
    }
    let chunk = pass.tuning.chunk_tokens.max(1.0);
    let share = pass.prefill(chunk, prompt, busy).total_s() * tokens / chunk;
    alone.max(decode + share)
}

/// Least seconds from arrival to the last token: nothing else running.
#[must_use]
pub fn ideal_s(pass: &Pass, job: &Job) -> f64 {
    let chunks = (job.input_tokens / pass.tuning.chunk_tokens.max(1.0)).max(1.0);
    let prefill = chunks * pass.prefill(job.input_tokens / chunks, job.input_tokens, 1.0).total_s();
    prefill + (job.output_tokens - 1.0) * pass.decode(1.0, job.input_tokens).total_s()
}

impl Simulation {
    /// Lay a trace before a deployment. Jobs must be in order of arrival.
    ///
    /// # Errors
    /// No jobs; an arrival that is negative or before the one above it; lengths below 1; a share outside 0 to 1;
    /// no clients; weights that do not fit.
    pub fn new(pass: &Pass, jobs: Vec<Job>, policy: Policy) -> Result<Self> {
        let mut last = 0.0;
        for job in &jobs {
            not_negative("arrival_s", job.arrival_s)?;
            positive("input_tokens", job.input_tokens)?;
            positive("output_tokens", job.output_tokens)?;
            if job.arrival_s < last {
                return Err(Error::Domain {
                    field: "arrival_s",
                    value: job.arrival_s,
                    allowed: "times that never go back",
                });
            }
            last = job.arrival_s;
        }
        if !(0.0..=1.0).contains(&policy.output_reserved) {
            let (field, value) = ("output_reserved", policy.output_reserved);
            return Err(Error::Domain { field, value, allowed: "0 to 1" });
        }
        if policy.clients == Some(0) {
            return Err(Error::Domain { field: "clients", value: 0.0, allowed: "1 or more" });
        }
        if Limits::of(pass).cache_bytes <= 0.0 {
            let value = pass.plan.chips;
            return Err(Error::Domain { field: "n_chips", value, allowed: "enough to hold the weights" });
        }
        Ok(Self {
            outcomes: vec![Outcome::PENDING; jobs.len()],
            kept: vec![0.0; jobs.len()],
            lanes: vec![Lane::default(); lanes(pass)],
            ready: BinaryHeap::new(),
            next: 0,
            turns: vec![0.0; policy.clients.map_or(0, |n| n.min(jobs.len()))],
            policy,
            totals: Totals::default(),
            jobs,
        })
    }

    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    #[must_use]
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Independent queues the requests are spread over.
    #[must_use]
    pub fn lanes(&self) -> usize {
        self.lanes.len()
    }

    #[must_use]
    pub fn done(&self) -> bool {
        self.totals.finished + self.totals.rejected == self.jobs.len()
    }

    /// Run up to `steps` steps; whether every request is through.
    pub fn advance(&mut self, pass: &Pass, steps: u64) -> bool {
        let limits = Limits::of(pass);
        let mut left = steps;
        while left > 0 && !self.done() {
            let lane = self.earliest();
            match (self.arrival(), lane) {
                (Some(at), None) => self.route(pass, &limits, at),
                (Some(at), Some(lane)) if at <= self.lanes[lane].clock => self.route(pass, &limits, at),
                (_, Some(lane)) => {
                    self.step(pass, &limits, lane);
                    left -= 1;
                }
                (None, None) => break,
            }
        }
        self.done()
    }

    /// The lane with work whose clock is furthest behind.
    fn earliest(&self) -> Option<usize> {
        self.ready.peek().map(|Reverse((_, lane))| *lane)
    }

    /// When the next request arrives, if one is still to come (and, in a closed loop, a client is free).
    fn arrival(&self) -> Option<f64> {
        let job = self.jobs.get(self.next)?;
        match self.policy.clients {
            None => Some(job.arrival_s),
            Some(_) => self.turns.last().copied(),
        }
    }

    /// Hand the next request to the lane with the fewest.
    fn route(&mut self, pass: &Pass, limits: &Limits, at: f64) {
        let index = self.next;
        self.next += 1;
        self.turns.pop();
        let job = self.jobs[index];
        self.outcomes[index].arrival_s = at;
        let whole = bytes(pass, job.input_tokens + job.output_tokens);
        if whole > limits.cache_bytes * (1.0 - WATERMARK) {
            self.outcomes[index].rejected = true;
            self.totals.rejected += 1;
            self.turn(at);
            return;
        }
        let queued = at + pass.tuning.request_s;
        let at = (0..self.lanes.len()).min_by_key(|&i| self.lanes[i].requests()).unwrap_or(0);
        let lane = &mut self.lanes[at];
        if lane.requests() == 0 {
            lane.clock = lane.clock.max(queued);
            self.ready.push(Reverse((lane.clock.to_bits(), at)));
        }
        lane.waiting.push_back(index);
    }

    /// A client is free again from `at` on.
    fn turn(&mut self, at: f64) {
        if self.policy.clients.is_some() {
            let place = self.turns.partition_point(|&turn| turn > at);
            self.turns.insert(place, at);
        }
    }

    /// Cache the lane's requests hold after a step that gives every decoding one a token.
    fn used(pass: &Pass, running: &[Active]) -> f64 {
        running.iter().map(|a| bytes(pass, a.context().max(a.prompt + 1.0))).sum()
    }

    /// Admit from the queue while there is room.
    fn admit(&mut self, pass: &Pass, limits: &Limits, at: usize) {
        let lane = &mut self.lanes[at];
        let mut used = Self::used(pass, &lane.running);
        while let Some(&index) = lane.waiting.front() {
            let (job, kept) = (self.jobs[index], self.kept[index]);
            let prompt = job.input_tokens + kept;
            let held = job.input_tokens + (self.policy.output_reserved * job.output_tokens).max(kept);
            let need = bytes(pass, held.max(prompt + 1.0));
            let full = lane.running.len() >= limits.sequences
                || used + need > limits.cache_bytes * (1.0 - WATERMARK);
            // Requests still inside the server's front end are not yet in the queue.
            let early = self.outcomes[index].arrival_s + pass.tuning.request_s > lane.clock;
            if !lane.running.is_empty() && (full || early) {
                return;
            }
            if early {
                lane.clock = self.outcomes[index].arrival_s + pass.tuning.request_s;
            }
            lane.waiting.pop_front();
            lane.running.push(Active { job: index, prompt, left: prompt, made: kept, held });
            used += need;
            if self.outcomes[index].start_s.is_nan() {
                self.outcomes[index].start_s = lane.clock;
            }
        }
    }

    /// Put back the request that came last until what is left can grow by a token.
    fn preempt(&mut self, pass: &Pass, limits: &Limits, at: usize) {
        let lane = &mut self.lanes[at];
        let mut used = Self::used(pass, &lane.running);
        while lane.running.len() > 1 && used > limits.cache_bytes {
            let Some(last) = lane.running.pop() else { return };
            used = Self::used(pass, &lane.running);
            self.kept[last.job] = last.made;
            self.outcomes[last.job].preemptions += 1;
            self.totals.preemptions += 1;
            lane.waiting.push_front(last.job);
        }
        self.totals.peak_cache_share = self.totals.peak_cache_share.max(used / limits.cache_bytes);
    }

    /// Lanes with prompts to compute, at least this one, as far as their experts meet.
    fn busy(&self, pass: &Pass) -> f64 {
        let busy = self.lanes.iter().filter(|lane| lane.running.iter().any(|a| a.left > 0.0)).count();
        #[allow(clippy::cast_precision_loss)] // a count of lanes
        let busy = busy as f64;
        (busy / pass.plan.pp).max(1.0)
    }

    /// One step of a lane.
    fn step(&mut self, pass: &Pass, limits: &Limits, at: usize) {
        self.ready.pop();
        self.admit(pass, limits, at);
        self.preempt(pass, limits, at);
        let prompts = self.lanes[at].running.iter().any(|a| a.left > 0.0);
        let busy = if prompts && self.lanes.len() > 1 { self.busy(pass) } else { 1.0 };
        let lane = &mut self.lanes[at];
        let (mut decoding, mut context) = (0.0, 0.0);
        for active in lane.running.iter().filter(|a| a.left <= 0.0) {
            decoding += 1.0;
            context += active.prompt;
        }
        let (mut tokens, mut weighted) = (0.0, 0.0);
        let mut budget = (limits.chunk - decoding).max(1.0);
        for active in &mut lane.running {
            if active.left <= 0.0 {
                active.left = -1.0; // decodes in this step
            } else if budget > 0.0 {
                let part = active.left.min(budget);
                budget -= part;
                tokens += part;
                weighted += part * active.prompt;
                active.left -= part;
            }
        }
        let mean = if decoding > 0.0 { context / decoding } else { 0.0 };
        let prompt = if tokens > 0.0 { weighted / tokens } else { 1.0 };
        let took = step_s(pass, decoding, mean, tokens, prompt, busy);
        lane.clock += took;
        self.totals.steps += 1;
        self.totals.busy_s += took;
        self.totals.prefilled_tokens += tokens;
        self.emit(at);
        let lane = &self.lanes[at];
        if lane.requests() > 0 {
            self.ready.push(Reverse((lane.clock.to_bits(), at)));
        }
    }

    /// Give the tokens of the step just run: one to each decoding request and to each prompt that is through.
    fn emit(&mut self, at: usize) {
        let lane = &mut self.lanes[at];
        let now = lane.clock;
        let mut finished = 0;
        let (jobs, outcomes, totals) = (&self.jobs, &mut self.outcomes, &mut self.totals);
        lane.running.retain_mut(|active| {
            if active.left > 0.0 {
                return true;
            }
            if active.left < 0.0 {
                active.prompt += 1.0;
            }
            active.left = 0.0;
            active.made += 1.0;
            totals.decoded_tokens += 1.0;
            let outcome = &mut outcomes[active.job];
            if outcome.first_s.is_nan() {
                outcome.first_s = now;
            }
            if active.made + 1e-9 < jobs[active.job].output_tokens {
                return true;
            }
            outcome.finish_s = now;
            finished += 1;
            false
        });
        totals.finished += finished;
        for _ in 0..finished {
            self.turn(now);
        }
    }
}
