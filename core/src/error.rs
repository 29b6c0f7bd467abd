//! The one error of the crate.

use std::fmt;

/// What can go wrong in the core: always an input that cannot be.
#[derive(Debug, Clone, PartialEq)]
pub enum Error {
    /// A value outside its domain: the field, the value given, what is allowed.
    Domain { field: &'static str, value: f64, allowed: &'static str },
    /// Slices that must have the same length do not.
    Length { field: &'static str, expected: usize, got: usize },
}

pub type Result<T> = std::result::Result<T, Error>;

/// `value` if it is finite and above zero.
pub(crate) fn positive(field: &'static str, value: f64) -> Result<f64> {
    if value.is_finite() && value > 0.0 {
        return Ok(value);
    }
    Err(Error::Domain { field, value, allowed: "a finite number above 0" })
}

/// `value` if it is finite and not below zero.
pub(crate) fn not_negative(field: &'static str, value: f64) -> Result<f64> {
    if value.is_finite() && value >= 0.0 {
        return Ok(value);
    }
    Err(Error::Domain { field, value, allowed: "a finite number, 0 or more" })
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain { field, value, allowed } => {
                write!(f, "{field} is {value}; allowed: {allowed}")
            }
            Self::Length { field, expected, got } => {
                write!(f, "{field} has {got} values; expected {expected}")
            }
        }
    }
}

impl std::error::Error for Error {}
