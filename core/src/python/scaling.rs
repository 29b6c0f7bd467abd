//! Bindings of the scaling laws, the fit, goodput, sampling and the Pareto front.

// PyO3 hands arguments over by value.
#![allow(clippy::needless_pass_by_value)]

use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;

use super::{to_py, CoreError};
use crate::cluster::FailingJob;
use crate::fit::{self, Runs};
use crate::sample::Uncertain;
use crate::scaling::{Demand, Law, Point, Repetition};
use crate::training::{seconds_per_token, Efficiency, Split, TrainingChip, Work};

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

/// `(a, b, e, alpha, beta, objective, evaluations)`.
type FitTuple = (f64, f64, f64, f64, f64, f64, usize);

fn runs(
    params: &PyReadonlyArray1<'_, f64>,
    tokens: &PyReadonlyArray1<'_, f64>,
    losses: &PyReadonlyArray1<'_, f64>,
    delta: f64,
) -> PyResult<Runs> {
    Runs::new(params.as_slice()?, tokens.as_slice()?, losses.as_slice()?, delta).map_err(to_py)
}

#[pyfunction]
#[pyo3(signature = (params, tokens, losses, starts=None, delta=1e-3))]
pub fn fit_law(
    py: Python<'_>,
    params: PyReadonlyArray1<'_, f64>,
    tokens: PyReadonlyArray1<'_, f64>,
    losses: PyReadonlyArray1<'_, f64>,
    starts: Option<Vec<[f64; 5]>>,
    delta: f64,
) -> PyResult<FitTuple> {
    let runs = runs(&params, &tokens, &losses, delta)?;
    let starts = starts.unwrap_or_else(fit::grid);
    let found = py.detach(|| runs.fit(&starts)).map_err(to_py)?;
    let [a, b, e, alpha, beta] = found.parameters;
    Ok((a, b, e, alpha, beta, found.objective, found.evaluations))
}

#[pyfunction]
#[pyo3(signature = (params, tokens, losses, parameters, delta=1e-3))]
pub fn fit_objective(
    params: PyReadonlyArray1<'_, f64>,
    tokens: PyReadonlyArray1<'_, f64>,
    losses: PyReadonlyArray1<'_, f64>,
    parameters: [f64; 5],
    delta: f64,
) -> PyResult<f64> {
    Ok(runs(&params, &tokens, &losses, delta)?.objective_at(&parameters))
}

#[pyfunction]
#[pyo3(signature = (params, tokens, losses, draws, start, delta=1e-3))]
pub fn fit_bootstrap<'py>(
    py: Python<'py>,
    params: PyReadonlyArray1<'py, f64>,
    tokens: PyReadonlyArray1<'py, f64>,
    losses: PyReadonlyArray1<'py, f64>,
    draws: PyReadonlyArray2<'py, u32>,
    start: [f64; 5],
    delta: f64,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let runs = runs(&params, &tokens, &losses, delta)?;
    let rows = draws.as_slice()?;
    let fits = py.detach(|| runs.bootstrap(rows, &start)).map_err(to_py)?;
    let values = fits.iter().flat_map(|f| {
        let [a, b, e, alpha, beta] = f.parameters;
        [a, b, e, alpha, beta, f.objective]
    });
    PyArray1::from_iter(py, values).reshape([fits.len(), 6])
}

#[pyfunction]
pub fn pareto_front<'py>(
    py: Python<'py>,
    cost: PyReadonlyArray1<'py, f64>,
    value: PyReadonlyArray1<'py, f64>,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let chosen = crate::pareto::front(cost.as_slice()?, value.as_slice()?);
    #[allow(clippy::cast_possible_wrap)]
    Ok(PyArray1::from_iter(py, chosen.into_iter().map(|i| i as i64)))
}

/// One uncertain input: `("uniform", low, high, high)`, `("triangular", low, mode, high)` or
/// `("lognormal", low, high, high)` with the 10 % and 90 % points.
fn uncertain((kind, low, middle, high): (String, f64, f64, f64)) -> PyResult<Uncertain> {
    match kind.as_str() {
        "uniform" => Ok(Uncertain::Uniform { low, high }),
        "triangular" => Ok(Uncertain::Triangular { low, mode: middle, high }),
        "lognormal" => Ok(Uncertain::LogNormal { low, high }),
        _ => Err(CoreError::new_err(("kind", kind, "uniform, triangular or lognormal"))),
    }
}

#[pyfunction]
#[pyo3(signature = (inputs, count, seed=0))]
pub fn quasi_random(
    py: Python<'_>,
    inputs: Vec<(String, f64, f64, f64)>,
    count: usize,
    seed: u64,
) -> PyResult<Bound<'_, PyArray2<f64>>> {
    let inputs: Vec<Uncertain> = inputs.into_iter().map(uncertain).collect::<PyResult<_>>()?;
    let values = crate::sample::draw(&inputs, count, seed).map_err(to_py)?;
    PyArray1::from_vec(py, values).reshape([count, inputs.len()])
}

/// `work`, `chip`, `split` and `efficiency` in the field order of `training.rs`.
#[pyfunction]
pub fn training_seconds_per_token(
    work: [f64; 9],
    chip: [f64; 6],
    split: [f64; 8],
    efficiency: [f64; 10],
) -> PyResult<f64> {
    let w = Work {
        dense_params: work[0],
        expert_params: work[1],
        head_params: work[2],
        attention_flop: work[3],
        layers: work[4],
        hidden: work[5],
        moe_layers: work[6],
        experts_per_token: work[7],
        params_total: work[8],
    };
    let c = TrainingChip {
        peak: chip[0],
        peak_16bit: chip[1],
        bandwidth: chip[2],
        link: chip[3],
        domain: chip[4],
        network: chip[5],
    };
    let s = Split {
        chips: split[0],
        tensor: split[1],
        pipeline: split[2],
        context: split[3],
        expert: split[4],
        microbatches: split[5],
        tokens_per_step: split[6],
        recompute: split[7] != 0.0,
    };
    let e = Efficiency {
        matmul: efficiency[0],
        matmul_16bit: efficiency[1],
        attention: efficiency[2],
        experts: efficiency[3],
        activation_bytes: efficiency[4],
        routed_bytes: efficiency[5],
        tensor_exposed: efficiency[6],
        expert_exposed: efficiency[7],
        data_exposed: efficiency[8],
        bubble: efficiency[9],
    };
    seconds_per_token(&w, &c, &s, &e).map_err(to_py)
}
