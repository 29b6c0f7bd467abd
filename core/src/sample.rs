//! Quasi-Monte-Carlo: even samples of uncertain inputs, the same for the same seed.
//!
//! The points are Roberts' additive recurrence (2018): `frac(shift + i * step)` with steps from the powers of
//! the generalised golden ratio, shifted by the seed (Cranley and Patterson 1976). Their error falls nearly as
//! 1/n, against 1/sqrt(n) of random draws.

use crate::error::{Error, Result};

/// An uncertain number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Uncertain {
    /// Any value between the two is as likely.
    Uniform { low: f64, high: f64 },
    /// Likeliest at `mode`, falling in a straight line to both ends.
    Triangular { low: f64, mode: f64, high: f64 },
    /// Its logarithm is normal; `low` and `high` are its 10 % and 90 % points.
    LogNormal { low: f64, high: f64 },
}

/// The 90 % point of the standard normal distribution.
const NORMAL_90: f64 = 1.281_551_565_544_600_4;

impl Uncertain {
    fn check(&self) -> Result<()> {
        let (low, middle, high) = match *self {
            Self::Uniform { low, high } | Self::LogNormal { low, high } => (low, low, high),
            Self::Triangular { low, mode, high } => (low, mode, high),
        };
        let ordered = low <= middle && middle <= high && low.is_finite() && high.is_finite();
        let signed = !matches!(self, Self::LogNormal { .. }) || low > 0.0;
        if ordered && signed {
            return Ok(());
        }
        Err(Error::Domain { field: "low", value: low, allowed: "finite, in order, above 0 for a log-normal" })
    }

    /// The value below which a share `u` of the distribution lies.
    #[must_use]
    pub fn quantile(&self, u: f64) -> f64 {
        match *self {
            Self::Uniform { low, high } => low + u * (high - low),
            Self::Triangular { low, mode, high } => triangular(low, mode, high, u),
            Self::LogNormal { low, high } => {
                let middle = (low * high).sqrt().ln();
                let spread = (high / low).ln() / (2.0 * NORMAL_90);
                (middle + spread * normal_quantile(u)).exp()
            }
        }
    }
}

fn triangular(low: f64, mode: f64, high: f64, u: f64) -> f64 {
    let width = high - low;
    if width == 0.0 {
        return low;
    }
    if u * width < mode - low {
        low + (u * width * (mode - low)).sqrt()
    } else {
        high - ((1.0 - u) * width * (high - mode)).sqrt()
    }
}

/// `count` draws of each of `inputs`, row by row (`count` rows of `inputs.len()` values).
///
/// # Errors
/// `Domain` for a distribution out of order; `Length` when there is no input or no draw.
pub fn draw(inputs: &[Uncertain], count: usize, seed: u64) -> Result<Vec<f64>> {
    if inputs.is_empty() || count == 0 {
        return Err(Error::Length { field: "inputs", expected: 1, got: 0 });
    }
    for input in inputs {
        input.check()?;
    }
    let steps = steps(inputs.len());
    let shifts: Vec<f64> = (0..inputs.len() as u64).map(|k| unit(seed, k)).collect();
    let mut draws = Vec::with_capacity(count * inputs.len());
    for i in 0..count {
        #[allow(clippy::cast_precision_loss)]
        let index = (i + 1) as f64;
        for (k, input) in inputs.iter().enumerate() {
            let u = (shifts[k] + index * steps[k]).fract();
            draws.push(input.quantile(u.clamp(1e-12, 1.0 - 1e-12)));
        }
    }
    Ok(draws)
}

/// Powers of 1/phi with phi the root of `x^(d+1) = x + 1`.
fn steps(dimensions: usize) -> Vec<f64> {
    #[allow(clippy::cast_precision_loss)]
    let power = 1.0 / (dimensions as f64 + 1.0);
    let mut phi = 2.0_f64;
    for _ in 0..64 {
        phi = (1.0 + phi).powf(power);
    }
    let mut step = 1.0;
    (0..dimensions)
        .map(|_| {
            step /= phi;
            step
        })
        .collect()
}

/// A number in [0, 1) from a seed and an index (`SplitMix64`, Steele et al. 2014).
fn unit(seed: u64, index: u64) -> f64 {
    let mut z = seed.wrapping_add((index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    // 53 bits: exact in an f64
    #[allow(clippy::cast_precision_loss)]
    let (high_bits, range) = (((z ^ (z >> 31)) >> 11) as f64, (1u64 << 53) as f64);
    high_bits / range
}

/// Inverse of the standard normal distribution (Acklam's rational approximation, 1.15e-9 relative).
fn normal_quantile(u: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] =
        [7.784_695_709_041_462e-3, 3.224_671_290_700_398e-1, 2.445_134_137_142_996, 3.754_408_661_907_416];
    const TAIL: f64 = 0.024_25;
    let horner = |c: &[f64], x: f64| c.iter().fold(0.0, |sum, k| sum * x + k);
    if u < TAIL {
        let q = (-2.0 * u.ln()).sqrt();
        return horner(&C, q) / (horner(&D, q) * q + 1.0);
    }
    if u > 1.0 - TAIL {
        return -normal_quantile(1.0 - u);
    }
    let q = u - 0.5;
    let r = q * q;
    horner(&A, r) * q / (horner(&B, r) * r + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_right_to_three_places() {
        let inputs = [
            Uncertain::Uniform { low: 0.0, high: 1.0 },
            Uncertain::Triangular { low: 1.0, mode: 2.0, high: 6.0 },
            Uncertain::LogNormal { low: 0.5, high: 2.0 },
        ];
        let rows = draw(&inputs, 4096, 7).unwrap();
        let mean = |k: usize| rows.iter().skip(k).step_by(3).sum::<f64>() / 4096.0;
        assert!((mean(0) - 0.5).abs() < 1e-3);
        assert!((mean(1) - 3.0).abs() < 3e-3);
        let spread = (4.0_f64).ln() / (2.0 * NORMAL_90);
        assert!((mean(2) - (spread * spread / 2.0).exp()).abs() < 5e-3);
    }

    #[test]
    fn ends_of_a_log_normal_are_its_tenth_and_ninetieth() {
        let price = Uncertain::LogNormal { low: 1.5, high: 3.0 };
        assert!((price.quantile(0.1) - 1.5).abs() < 1e-6);
        assert!((price.quantile(0.9) - 3.0).abs() < 1e-6);
    }

    #[test]
    fn the_seed_decides() {
        let inputs = [Uncertain::Uniform { low: 0.0, high: 1.0 }];
        assert_eq!(draw(&inputs, 8, 1).unwrap(), draw(&inputs, 8, 1).unwrap());
        assert_ne!(draw(&inputs, 8, 1).unwrap(), draw(&inputs, 8, 2).unwrap());
    }

    #[test]
    fn bad_distributions_are_refused() {
        assert!(draw(&[Uncertain::Uniform { low: 2.0, high: 1.0 }], 8, 1).is_err());
        assert!(draw(&[Uncertain::LogNormal { low: 0.0, high: 1.0 }], 8, 1).is_err());
        assert!(draw(&[], 8, 1).is_err());
    }
}
