//! Binding of the grid sweep.

use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

use super::serving::{PyDeployment, PyTuning};
use super::to_py;
use crate::sweep::{sweep, Grid, BOUNDS};

type Floats<'py> = Bound<'py, PyArray1<f64>>;
type SweepColumns<'py> =
    (Floats<'py>, Floats<'py>, Floats<'py>, Bound<'py, PyArray1<bool>>, Bound<'py, PyArray1<u8>>);

/// Rows `start..start + count` of inputs x outputs x batches: TTFT s, TPOT s, output tokens/s, fits, and what
/// limits (an index into `sweep_bounds()`).
#[pyfunction]
#[allow(clippy::too_many_arguments, clippy::needless_pass_by_value)]
pub fn sweep_grid<'py>(
    py: Python<'py>,
    deployment: &PyDeployment,
    tuning: &PyTuning,
    inputs: PyReadonlyArray1<'py, f64>,
    outputs: PyReadonlyArray1<'py, f64>,
    batches: PyReadonlyArray1<'py, f64>,
    start: usize,
    count: usize,
) -> PyResult<SweepColumns<'py>> {
    let grid =
        Grid { inputs: inputs.as_slice()?, outputs: outputs.as_slice()?, batches: batches.as_slice()? };
    let pass = deployment.pass(&tuning.0);
    let found = py.detach(|| sweep(&pass, &grid, start, count)).map_err(to_py)?;
    Ok((
        PyArray1::from_vec(py, found.ttft_s),
        PyArray1::from_vec(py, found.tpot_s),
        PyArray1::from_vec(py, found.output_tokens_per_s),
        PyArray1::from_vec(py, found.fits),
        PyArray1::from_vec(py, found.limited_by),
    ))
}

/// The names that `sweep_grid`'s last column counts by.
#[pyfunction]
pub fn sweep_bounds() -> Vec<&'static str> {
    BOUNDS.iter().map(|b| b.name()).collect()
}
