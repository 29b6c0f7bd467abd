//! Python bindings: a thin shell, no arithmetic. Only this file and its parts in `python/` name `PyO3`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::error::Error;

mod scaling;
mod serving;
mod simulate;
mod sweep;

pyo3::create_exception!(
    _core,
    CoreError,
    PyValueError,
    "An input the core refuses: (field, value, allowed)."
);

/// The one place where a core error becomes a Python exception: `CoreError(field, value, allowed)`.
#[allow(clippy::needless_pass_by_value)] // so that it can be handed to `map_err`
fn to_py(error: Error) -> PyErr {
    match error {
        Error::Domain { field, value, allowed } => CoreError::new_err((field, value, allowed)),
        Error::Length { field, expected, got } => {
            CoreError::new_err((field, got, format!("{expected} values")))
        }
    }
}

#[pymodule(gil_used = false)]
mod _core {
    /// Version of the compiled core.
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_export]
    use super::CoreError;

    #[pymodule_export]
    use super::scaling::{
        effective_tokens, fit_bootstrap, fit_law, fit_objective, goodput, law_flop_for_loss,
        law_flop_for_params, law_flop_for_tokens, law_inference_adjusted, law_loss, law_optimum,
        law_repeated_loss, law_repeated_optimum, law_tokens_for_loss, pareto_front, quasi_random,
        training_seconds_per_token,
    };

    #[pymodule_export]
    use super::serving::{estimate_batch, PyChip, PyDeployment, PyEstimate, PyModel, PyPlan, PyTuning};

    #[pymodule_export]
    use super::simulate::PySimulation;

    #[pymodule_export]
    use super::sweep::{sweep_bounds, sweep_grid};
}
