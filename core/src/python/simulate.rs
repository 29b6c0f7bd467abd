//! Binding of the request-level simulation.

use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1};
use pyo3::prelude::*;

use super::serving::{PyDeployment, PyTuning};
use super::to_py;
use crate::error::Error;
use crate::simulate::{Job, Policy, Simulation};

/// Columns of `outcomes()`.
const COLUMNS: usize = 6;

#[pyclass(module = "tools._core", name = "Simulation")]
pub struct PySimulation {
    deployment: PyDeployment,
    tuning: PyTuning,
    run: Simulation,
}

#[pymethods]
impl PySimulation {
    #[new]
    #[pyo3(signature = (deployment, tuning, arrivals, inputs, outputs, *, output_reserved=0.0, clients=None))]
    #[allow(clippy::needless_pass_by_value)] // PyO3 hands arguments over by value
    fn new(
        deployment: &PyDeployment,
        tuning: &PyTuning,
        arrivals: PyReadonlyArray1<'_, f64>,
        inputs: PyReadonlyArray1<'_, f64>,
        outputs: PyReadonlyArray1<'_, f64>,
        output_reserved: f64,
        clients: Option<usize>,
    ) -> PyResult<Self> {
        let (arrivals, inputs, outputs) = (arrivals.as_slice()?, inputs.as_slice()?, outputs.as_slice()?);
        for (field, got) in [("inputs", inputs.len()), ("outputs", outputs.len())] {
            if got != arrivals.len() {
                return Err(to_py(Error::Length { field, expected: arrivals.len(), got }));
            }
        }
        let rows = arrivals.iter().zip(inputs).zip(outputs);
        let jobs = rows.map(|((&arrival_s, &input_tokens), &output_tokens)| Job {
            arrival_s,
            input_tokens,
            output_tokens,
        });
        let policy = Policy { output_reserved, clients };
        let run = Simulation::new(&deployment.pass(&tuning.0), jobs.collect(), policy).map_err(to_py)?;
        Ok(Self { deployment: deployment.clone(), tuning: PyTuning(tuning.0), run })
    }

    /// Run up to `steps` steps; the number of requests that are through.
    fn advance(&mut self, py: Python<'_>, steps: u64) -> usize {
        let (deployment, tuning, run) = (&self.deployment, &self.tuning, &mut self.run);
        py.detach(|| run.advance(&deployment.pass(&tuning.0), steps));
        let totals = self.run.totals();
        totals.finished + totals.rejected
    }

    /// A row a request: arrival, start, first token, finish (s), preemptions, rejected.
    fn outcomes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let rows = self.run.outcomes();
        let values = rows.iter().flat_map(|o| {
            let rejected = f64::from(u8::from(o.rejected));
            [o.arrival_s, o.start_s, o.first_s, o.finish_s, f64::from(o.preemptions), rejected]
        });
        PyArray1::from_iter(py, values).reshape([rows.len(), COLUMNS])
    }

    /// Totals of the run so far, by name.
    #[allow(clippy::cast_precision_loss)] // counts, for people to read
    fn totals(&self) -> std::collections::BTreeMap<&'static str, f64> {
        let t = self.run.totals();
        [
            ("steps", t.steps as f64),
            ("finished", t.finished as f64),
            ("rejected", t.rejected as f64),
            ("preemptions", t.preemptions as f64),
            ("prefilled_tokens", t.prefilled_tokens),
            ("decoded_tokens", t.decoded_tokens),
            ("busy_s", t.busy_s),
            ("peak_cache_share", t.peak_cache_share),
            ("lanes", self.run.lanes() as f64),
        ]
        .into()
    }
}
