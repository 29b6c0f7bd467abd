//! Bindings of the scaling laws, the fit, goodput, sampling and the Pareto front.

use pyo3::prelude::*;

use super::to_py;
use crate::cluster::FailingJob;
use crate::scaling::{Demand, Law, Point, Repetition};

/// `(A, B, E, alpha, beta)` as Python passes it.
type LawTuple = (f64, f64, f64, f64, f64);
/// `(params, tokens, loss)` as Python receives it.
type PointTuple = (f64, f64, f64);

fn law(values: LawTuple) -> Law {
    let (a, b, e, alpha, beta) = values;
    Law { a, b, e, alpha, beta }
}

fn point(p: Point) -> PointTuple {
    (p.params, p.tokens, p.loss)
}

#[pyfunction]
pub fn law_loss(parameters: LawTuple, params: f64, tokens: f64) -> PyResult<f64> {
    let law = law(parameters);
    law.check().map_err(to_py)?;
    Ok(law.loss(params, tokens))
}

#[pyfunction]
pub fn law_optimum(parameters: LawTuple, flop: f64) -> PyResult<PointTuple> {
    law(parameters).optimum(flop).map(point).map_err(to_py)
}

#[pyfunction]
pub fn law_flop_for_params(parameters: LawTuple, params: f64) -> PyResult<f64> {
    law(parameters).flop_for_params(params).map_err(to_py)
}

#[pyfunction]
pub fn law_flop_for_tokens(parameters: LawTuple, tokens: f64) -> PyResult<f64> {
    law(parameters).flop_for_tokens(tokens).map_err(to_py)
}

#[pyfunction]
pub fn law_flop_for_loss(parameters: LawTuple, loss: f64) -> PyResult<f64> {
    law(parameters).flop_for_loss(loss).map_err(to_py)
}

#[pyfunction]
pub fn law_tokens_for_loss(parameters: LawTuple, params: f64, loss: f64) -> PyResult<f64> {
    let law = law(parameters);
    law.check().map_err(to_py)?;
    Ok(law.tokens_for_loss(params, loss))
}

#[pyfunction]
#[pyo3(signature = (parameters, loss, prefill_tokens, decode_tokens=0.0, costs_per_flop=(1.0, 1.0, 1.0)))]
pub fn law_inference_adjusted(
    parameters: LawTuple,
    loss: f64,
    prefill_tokens: f64,
    decode_tokens: f64,
    costs_per_flop: (f64, f64, f64),
) -> PyResult<PointTuple> {
    let (train_cost_per_flop, prefill_cost_per_flop, decode_cost_per_flop) = costs_per_flop;
    let demand = Demand {
        prefill_tokens,
        decode_tokens,
        train_cost_per_flop,
        prefill_cost_per_flop,
        decode_cost_per_flop,
    };
    law(parameters).inference_adjusted(loss, demand).map(point).map_err(to_py)
}

fn repetition(half_lives: (f64, f64)) -> Repetition {
    Repetition { data_half_life: half_lives.0, params_half_life: half_lives.1 }
}

#[pyfunction]
pub fn law_repeated_loss(
    parameters: LawTuple,
    half_lives: (f64, f64),
    params: f64,
    tokens: f64,
    unique_tokens: f64,
) -> PyResult<f64> {
    let law = law(parameters);
    law.check().map_err(to_py)?;
    Ok(law.repeated_loss(params, tokens, unique_tokens, repetition(half_lives)))
}

#[pyfunction]
pub fn law_repeated_optimum(
    parameters: LawTuple,
    half_lives: (f64, f64),
    flop: f64,
    unique_tokens: f64,
) -> PyResult<PointTuple> {
    let best = law(parameters).repeated_optimum(flop, unique_tokens, repetition(half_lives));
    best.map(point).map_err(to_py)
}

#[pyfunction]
pub fn effective_tokens(unique_tokens: f64, repeats: f64, half_life: f64) -> f64 {
    crate::scaling::effective(unique_tokens, repeats, half_life)
}

#[pyfunction]
#[pyo3(signature = (mtbf_s, checkpoint_s, restart_s, interval_s=None))]
pub fn goodput(
    mtbf_s: f64,
    checkpoint_s: f64,
    restart_s: f64,
    interval_s: Option<f64>,
) -> PyResult<(f64, f64)> {
    let job = FailingJob::new(mtbf_s, checkpoint_s, restart_s).map_err(to_py)?;
    let interval_s = interval_s.unwrap_or_else(|| job.best_interval_s());
    Ok((job.goodput(interval_s), interval_s))
}
