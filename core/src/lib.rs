//! Numeric core of rackrate: the physics and economics of LLM serving and training.
//!
//! Plain structs and slices in and out, `f64` throughout, one error enum. Nothing here knows Python;
//! `python.rs` is the only file that names `PyO3` and is compiled only with the `python` feature.

pub mod cluster;
mod error;
#[cfg(feature = "python")]
mod python;
pub mod scaling;

pub use error::{Error, Result};
