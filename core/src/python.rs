//! Python bindings: a thin shell, no arithmetic. The only file that names `PyO3`.

use pyo3::prelude::*;

#[pymodule(gil_used = false)]
mod _core {
    /// Version of the compiled core.
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");
}
