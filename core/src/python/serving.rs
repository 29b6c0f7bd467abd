//! Bindings of the serving model: frozen values in, one `estimate` or one batch out.

use numpy::{PyArray2, PyArrayMethods, PyReadonlyArray2};
use pyo3::prelude::*;
use rayon::prelude::*;

use super::to_py;
use crate::error::{Error, Result};
use crate::hardware::{Chip, Compute, Format, Peaks};
use crate::memory;
use crate::model::Model;
use crate::plan::Plan;
use crate::serving::{estimate, Estimate, Load, Workload};
use crate::step::Pass;
use crate::tuning::Tuning;

/// A chip, a model and a layout: what does not change between workloads.
#[pyclass(frozen, skip_from_py_object, module = "tools._core", name = "Deployment")]
#[derive(Clone)]
pub struct PyDeployment {
    chip: Chip,
    model: Model,
    plan: Plan,
}

#[pyclass(frozen, skip_from_py_object, module = "tools._core", name = "Chip")]
#[derive(Clone, Copy)]
pub struct PyChip(Chip);

#[pymethods]
impl PyChip {
    #[new]
    #[pyo3(signature = (*, memory_bytes, bandwidth, fp16, fp32=0.0, fp8=0.0, int8=0.0, fp4=0.0, link=1e9, domain=1.0, network=25e9))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        memory_bytes: f64,
        bandwidth: f64,
        fp16: f64,
        fp32: f64,
        fp8: f64,
        int8: f64,
        fp4: f64,
        link: f64,
        domain: f64,
        network: f64,
    ) -> PyResult<Self> {
        let peaks = Peaks { fp32, fp16, fp8, int8, fp4 };
        let chip = Chip { memory_bytes, bandwidth, peaks, link, domain, network };
        chip.validated().map(Self).map_err(to_py)
    }
}

#[pyclass(frozen, skip_from_py_object, module = "tools._core", name = "Model")]
#[derive(Clone, Copy)]
pub struct PyModel(Model);

#[pymethods]
impl PyModel {
    #[new]
    #[pyo3(signature = (*, layers, hidden, heads, kv_heads, head_dim, attention_params, dense_params,
        expert_params=0.0, head_params=0.0, embedding_params=0.0, moe_layers=0.0, experts=0.0,
        experts_per_token=0.0, full_layers, window_layers=0.0, window=0.0, latent_rank=0.0, rope_dim=0.0,
        state_elements=0.0))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        layers: f64,
        hidden: f64,
        heads: f64,
        kv_heads: f64,
        head_dim: f64,
        attention_params: f64,
        dense_params: f64,
        expert_params: f64,
        head_params: f64,
        embedding_params: f64,
        moe_layers: f64,
        experts: f64,
        experts_per_token: f64,
        full_layers: f64,
        window_layers: f64,
        window: f64,
        latent_rank: f64,
        rope_dim: f64,
        state_elements: f64,
    ) -> PyResult<Self> {
        let model = Model {
            layers,
            hidden,
            heads,
            kv_heads,
            head_dim,
            attention_params,
            dense_params,
            expert_params,
            head_params,
            embedding_params,
            moe_layers,
            experts,
            experts_per_token,
            full_layers,
            window_layers,
            window,
            latent_rank,
            rope_dim,
            state_elements,
        };
        model.validated().map(Self).map_err(to_py)
    }

    /// Cache elements of one sequence of `context` tokens.
    fn kv_elements(&self, context: f64) -> f64 {
        self.0.kv_elements(context)
    }

    /// Parameters, routed experts included.
    fn params(&self) -> f64 {
        self.0.params()
    }

    /// Share of the routed experts that `tokens` tokens touch.
    fn touched_share(&self, tokens: f64) -> f64 {
        self.0.touched_share(tokens)
    }
}

#[pyclass(frozen, skip_from_py_object, module = "tools._core", name = "Plan")]
#[derive(Clone, Copy)]
pub struct PyPlan(Plan);

type FormatArgument = (f64, String);

fn format(argument: &FormatArgument) -> Result<Format> {
    Ok(Format { bytes: argument.0, compute: Compute::parse(&argument.1)? })
}

#[pymethods]
impl PyPlan {
    /// Formats are `(bytes per weight, arithmetic)`, such as `(1.0, "fp8")`.
    #[new]
    #[pyo3(signature = (*, chips, tp=1.0, pp=1.0, ep=1.0, attention_dp=false, attention, dense, expert, head, kv_bytes=2.0))]
    #[allow(clippy::too_many_arguments, clippy::needless_pass_by_value)]
    fn new(
        chips: f64,
        tp: f64,
        pp: f64,
        ep: f64,
        attention_dp: bool,
        attention: FormatArgument,
        dense: FormatArgument,
        expert: FormatArgument,
        head: FormatArgument,
        kv_bytes: f64,
    ) -> PyResult<Self> {
        let build = || {
            Plan {
                chips,
                tp,
                pp,
                ep,
                attention_dp,
                attention: format(&attention)?,
                dense: format(&dense)?,
                expert: format(&expert)?,
                head: format(&head)?,
                kv_bytes,
            }
            .validated()
        };
        build().map(Self).map_err(to_py)
    }
}

#[pyclass(frozen, skip_from_py_object, module = "tools._core", name = "Tuning")]
#[derive(Clone, Copy)]
pub struct PyTuning(pub(super) Tuning);

#[pymethods]
impl PyTuning {
    /// The constants in the order of `Tuning.NAMES`; without any, the values compiled in.
    #[new]
    #[pyo3(signature = (values=None))]
    #[allow(clippy::needless_pass_by_value)]
    fn new(values: Option<Vec<f64>>) -> PyResult<Self> {
        match values {
            None => Ok(Self(Tuning::default())),
            Some(given) => Tuning::from_slice(&given).map(Self).map_err(to_py),
        }
    }

    #[classattr]
    #[pyo3(name = "NAMES")]
    fn names() -> Vec<&'static str> {
        Tuning::NAMES.to_vec()
    }

    fn values(&self) -> Vec<f64> {
        self.0.to_vec()
    }
}

#[pyclass(frozen, skip_from_py_object, module = "tools._core", name = "Estimate")]
pub struct PyEstimate(Estimate);

#[pymethods]
impl PyEstimate {
    #[getter]
    fn ttft_s(&self) -> f64 {
        self.0.ttft_s
    }
    #[getter]
    fn tpot_s(&self) -> f64 {
        self.0.tpot_s
    }
    #[getter]
    fn output_tokens_per_s(&self) -> f64 {
        self.0.output_tokens_per_s
    }
    #[getter]
    fn requests_per_s(&self) -> f64 {
        self.0.requests_per_s
    }
    #[getter]
    fn batch(&self) -> f64 {
        self.0.batch
    }
    #[getter]
    fn room(&self) -> f64 {
        self.0.room
    }
    #[getter]
    fn prefill_s(&self) -> f64 {
        self.0.prefill_s
    }
    #[getter]
    fn prefill_amortised_s(&self) -> f64 {
        self.0.prefill_amortised_s
    }
    #[getter]
    fn decode_step_s(&self) -> f64 {
        self.0.decode.total_s()
    }
    #[getter]
    fn limited_by(&self) -> &'static str {
        self.0.bound.name()
    }

    /// Seconds of one decode step by group.
    #[getter]
    fn breakdown(&self) -> std::collections::BTreeMap<&'static str, f64> {
        let step = self.0.decode;
        [
            ("dense_matrices_s", step.dense_s),
            ("experts_s", step.expert_s),
            ("attention_s", step.attention_s),
            ("collectives_s", step.collective_s),
            ("fixed_s", step.fixed_s),
        ]
        .into()
    }
}

#[pymethods]
impl PyDeployment {
    #[new]
    fn new(chip: &PyChip, model: &PyModel, plan: &PyPlan) -> Self {
        Self { chip: chip.0, model: model.0, plan: plan.0 }
    }

    /// Estimate one workload. `load` is `"static"`, `"closed"` or `"saturated"`, `count` its requests.
    #[pyo3(signature = (tuning, *, input_tokens, output_tokens, load, count, server=true))]
    fn estimate(
        &self,
        tuning: &PyTuning,
        input_tokens: f64,
        output_tokens: f64,
        load: &str,
        count: f64,
        server: bool,
    ) -> PyResult<PyEstimate> {
        let work = parse_load(load, count)
            .map(|load| Workload { input_tokens, output_tokens, load, server })
            .map_err(to_py)?;
        estimate(&self.pass(&tuning.0), &work).map(PyEstimate).map_err(to_py)
    }

    /// Bytes of weights on the fullest chip.
    fn weight_bytes_per_chip(&self) -> f64 {
        memory::weight_bytes_per_chip(&self.model, &self.plan)
    }

    /// Bytes of cache on each chip of its rank for one sequence of `context` tokens.
    fn cache_bytes_per_chip(&self, context: f64) -> f64 {
        memory::cache_bytes_per_chip(&self.model, &self.plan, context)
    }

    /// Independent attention ranks.
    fn ranks(&self) -> f64 {
        self.plan.ranks()
    }

    /// Sequences of `context` tokens that the engine finds room for.
    fn room(&self, tuning: &PyTuning, context: f64) -> f64 {
        memory::room(&self.chip, &self.model, &self.plan, &tuning.0, context)
    }
}

impl PyDeployment {
    pub(super) fn pass<'a>(&'a self, tuning: &'a Tuning) -> Pass<'a> {
        Pass { chip: &self.chip, model: &self.model, plan: &self.plan, tuning }
    }
}

fn parse_load(kind: &str, count: f64) -> Result<Load> {
    match kind {
        "static" => Ok(Load::Static(count)),
        "closed" => Ok(Load::Closed(count)),
        "saturated" => Ok(Load::Saturated(count)),
        _ => Err(Error::Domain { field: "load", value: f64::NAN, allowed: "static, closed, saturated" }),
    }
}

/// Loads by number in a batch: 0 static, 1 closed, 2 saturated.
fn numbered_load(kind: f64, count: f64) -> Load {
    if kind < 0.5 {
        Load::Static(count)
    } else if kind < 1.5 {
        Load::Closed(count)
    } else {
        Load::Saturated(count)
    }
}

/// Columns of a batch's result.
const COLUMNS: usize = 6;

/// One row of a batch; NaN where the inputs cannot be.
fn row(deployment: &PyDeployment, tuning: &[f64], work: &[f64]) -> [f64; COLUMNS] {
    let made = Tuning::from_slice(tuning).and_then(|tuning| {
        let work = Workload {
            input_tokens: work[0],
            output_tokens: work[1],
            load: numbered_load(work[2], work[3]),
            server: work[4] > 0.5,
        };
        estimate(&deployment.pass(&tuning), &work)
    });
    made.map_or([f64::NAN; COLUMNS], |e| {
        [e.ttft_s, e.tpot_s, e.output_tokens_per_s, e.requests_per_s, e.batch, e.room]
    })
}

fn checked(slice: std::result::Result<&[f64], numpy::AsSliceError>) -> PyResult<&[f64]> {
    slice.map_err(|error| pyo3::exceptions::PyValueError::new_err(error.to_string()))
}

/// Estimate many: `deployments[i]` under `tunings[i]` (n x K, columns `Tuning.NAMES`; or 1 x K for all) and
/// `workloads[i]` (n x 5: input tokens, output tokens, load 0|1|2, count, server 0|1).
/// Returns n x 6: TTFT s, TPOT s, output tokens/s, requests/s, batch, room; NaN rows where inputs cannot be.
#[pyfunction]
#[allow(clippy::needless_pass_by_value)]
pub fn estimate_batch<'py>(
    py: Python<'py>,
    deployments: Vec<PyRef<'py, PyDeployment>>,
    tunings: PyReadonlyArray2<'py, f64>,
    workloads: PyReadonlyArray2<'py, f64>,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let (count, width) = (deployments.len(), Tuning::NAMES.len());
    let (tunings, workloads) = (checked(tunings.as_slice())?, checked(workloads.as_slice())?);
    let single = tunings.len() == width;
    for (field, expected, got) in [
        ("tunings", if single { width } else { count * width }, tunings.len()),
        ("workloads", count * 5, workloads.len()),
    ] {
        if expected != got {
            return Err(to_py(Error::Length { field, expected, got }));
        }
    }
    let own: Vec<PyDeployment> = deployments.iter().map(|d| (**d).clone()).collect();
    let rows = released(py, || {
        (0..count)
            .into_par_iter()
            .flat_map_iter(|i| {
                let at = if single { 0 } else { i * width };
                row(&own[i], &tunings[at..at + width], &workloads[i * 5..i * 5 + 5])
            })
            .collect::<Vec<f64>>()
    });
    numpy::PyArray1::from_vec(py, rows).reshape([count, COLUMNS])
}

/// Run `work` without the GIL: the one place that lets go of it.
fn released<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> T {
    py.detach(work)
}
