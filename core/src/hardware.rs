//! Chips and number formats: what the silicon promises, before any efficiency is applied.

use crate::error::{Error, Result};

/// Arithmetic a matrix multiplication runs in. A chip without it falls back to the next wider one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compute {
    Fp32,
    Fp16,
    Fp8,
    Int8,
    Fp4,
}

impl Compute {
    /// Parse `fp32|fp16|bf16|fp8|int8|fp4`.
    ///
    /// # Errors
    /// A name that is none of them.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "fp32" | "tf32" => Ok(Self::Fp32),
            "fp16" | "bf16" => Ok(Self::Fp16),
            "fp8" => Ok(Self::Fp8),
            "int8" => Ok(Self::Int8),
            "fp4" => Ok(Self::Fp4),
            _ => Err(Error::Domain {
                field: "compute",
                value: f64::NAN,
                allowed: "fp32, fp16, bf16, fp8, int8, fp4",
            }),
        }
    }
}

/// How a group of weights is stored and multiplied.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Format {
    /// Bytes of one weight as read from memory, scales included.
    pub bytes: f64,
    pub compute: Compute,
}

impl Compute {
    /// Bytes of one operand in this arithmetic.
    #[must_use]
    pub fn operand_bytes(self) -> f64 {
        match self {
            Self::Fp32 => 4.0,
            Self::Fp16 => 2.0,
            Self::Fp8 | Self::Int8 => 1.0,
            Self::Fp4 => 0.5,
        }
    }
}

/// Dense peak rates (FLOP/s), zero where the chip has no such unit.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Peaks {
    pub fp32: f64,
    pub fp16: f64,
    pub fp8: f64,
    pub int8: f64,
    pub fp4: f64,
}

/// One accelerator. All rates per chip, the link one way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chip {
    /// Bytes of device memory as the device reports them.
    pub memory_bytes: f64,
    /// Bytes per second of device memory.
    pub bandwidth: f64,
    pub peaks: Peaks,
    /// Bytes per second one way to the other chips of the scale-up domain.
    pub link: f64,
    /// Chips that the scale-up link joins.
    pub domain: f64,
    /// Bytes per second one way to chips outside the domain.
    pub network: f64,
}

impl Chip {
    /// Check that every rate is positive and finite.
    ///
    /// # Errors
    /// The first field that is not.
    pub fn validated(self) -> Result<Self> {
        let fields = [
            ("memory_bytes", self.memory_bytes),
            ("bandwidth", self.bandwidth),
            ("link", self.link),
            ("domain", self.domain),
            ("network", self.network),
            ("peak fp16", self.peaks.fp16.max(self.peaks.fp32)),
        ];
        for (field, value) in fields {
            crate::error::positive(field, value)?;
        }
        Ok(self)
    }

    /// Dense peak of `compute` and the arithmetic it really runs in on this chip.
    #[must_use]
    pub fn peak(&self, compute: Compute) -> (f64, Compute) {
        let wide = || {
            if self.peaks.fp16 > 0.0 {
                (self.peaks.fp16, Compute::Fp16)
            } else {
                (self.peaks.fp32, Compute::Fp32)
            }
        };
        match compute {
            Compute::Fp32 => (self.peaks.fp32.max(1.0), Compute::Fp32),
            Compute::Fp4 if self.peaks.fp4 > 0.0 => (self.peaks.fp4, Compute::Fp4),
            Compute::Fp8 | Compute::Fp4 if self.peaks.fp8 > 0.0 => (self.peaks.fp8, Compute::Fp8),
            Compute::Int8 if self.peaks.int8 > 0.0 => (self.peaks.int8, Compute::Int8),
            _ => wide(),
        }
    }
}
