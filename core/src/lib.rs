//! Numeric core of rackrate: the physics and economics of LLM serving and training.
//!
//! Plain structs and slices in and out, `f64` throughout, one error enum. Nothing here knows Python;
//! `python.rs` is the only file that names `PyO3` and is compiled only with the `python` feature.

pub mod cluster;
pub mod collective;
mod error;
pub mod fit;
pub mod hardware;
pub mod memory;
mod minimise;
pub mod model;
pub mod pareto;
pub mod plan;
#[cfg(feature = "python")]
mod python;
pub mod sample;
pub mod scaling;
pub mod serving;
pub mod simulate;
pub mod step;
pub mod sweep;
pub mod training;
pub mod tuning;

pub use error::{Error, Result};
