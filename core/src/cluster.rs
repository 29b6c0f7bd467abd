//! Goodput of a large synchronous job that fails, restarts and writes checkpoints.
//!
//! Failures are Poisson with mean time `mtbf_s` for the whole job. The expected wall time of one interval
//! of work `T` followed by a checkpoint of `C`, with restarts of `R`, is
//! `M e^(R/M) (e^((T+C)/M) - 1)` (Daly 2006), so the share of wall time that is work is exact.

use crate::error::{not_negative, positive, Result};

/// A job that fails: seconds, for the whole job.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FailingJob {
    pub mtbf_s: f64,
    pub checkpoint_s: f64,
    pub restart_s: f64,
}

impl FailingJob {
    /// A job with mean time between failures, checkpoint and restart times in seconds.
    ///
    /// # Errors
    /// `Domain` when a time is not positive (`restart_s` may be zero).
    pub fn new(mtbf_s: f64, checkpoint_s: f64, restart_s: f64) -> Result<Self> {
        positive("mtbf_s", mtbf_s)?;
        positive("checkpoint_s", checkpoint_s)?;
        not_negative("restart_s", restart_s)?;
        Ok(Self { mtbf_s, checkpoint_s, restart_s })
    }

    /// Share of wall time that is kept work when a checkpoint is written after every `interval_s` of work.
    #[must_use]
    pub fn goodput(&self, interval_s: f64) -> f64 {
        let m = self.mtbf_s;
        let wall = m * (self.restart_s / m).exp() * ((interval_s + self.checkpoint_s) / m).exp_m1();
        if wall.is_finite() {
            interval_s / wall
        } else {
            0.0
        }
    }

    /// Young's first-order checkpoint interval, `sqrt(2 M C)`.
    #[must_use]
    pub fn young_interval_s(&self) -> f64 {
        (2.0 * self.mtbf_s * self.checkpoint_s).sqrt()
    }

    /// The interval that maximises the exact goodput: `T/M = 1 + W(-e^(-1-C/M))`, by Newton's method.
    #[must_use]
    pub fn best_interval_s(&self) -> f64 {
        let c = self.checkpoint_s / self.mtbf_s;
        // Stationarity: 1 - x = e^(-(x + c)). The left side falls and the right side is convex.
        let mut x = ((2.0 * c).sqrt()).min(0.999);
        for _ in 0..100 {
            let decay = (-(x + c)).exp();
            let step = (1.0 - x - decay) / (decay - 1.0);
            x = (x - step).clamp(1e-12, 1.0);
            if step.abs() < 1e-14 {
                break;
            }
        }
        x * self.mtbf_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn llama_3_run() {
        let mtbf_s = 54.0 * 86_400.0 / 419.0;
        let job = FailingJob::new(mtbf_s, 60.0, 600.0).unwrap();
        assert!((job.goodput(job.young_interval_s()) - 0.853).abs() < 1e-3);
    }

    #[test]
    fn zero_restart_and_bad_times() {
        assert!(FailingJob::new(3600.0, 60.0, 0.0).is_ok());
        assert!(FailingJob::new(0.0, 60.0, 600.0).is_err());
        assert!(FailingJob::new(3600.0, f64::NAN, 600.0).is_err());
        assert!(FailingJob::new(3600.0, 60.0, -1.0).is_err());
    }

    proptest! {
        #[test]
        fn goodput_is_a_share_and_the_best_interval_wins(
            mtbf in 1.0..18.0f64, checkpoint in -2.0..8.0f64, restart in -2.0..8.0f64, other in -3.0..3.0f64,
        ) {
            let job = FailingJob::new(mtbf.exp(), checkpoint.exp(), restart.exp()).unwrap();
            let best = job.goodput(job.best_interval_s());
            prop_assert!((0.0..=1.0).contains(&best));
            prop_assert!(job.goodput(job.best_interval_s() * other.exp()) <= best + 1e-12);
        }

        #[test]
        fn longer_mtbf_never_lowers_goodput(mtbf in 3.0..18.0f64, more in 0.0..3.0f64) {
            let of = |m: f64| {
                let job = FailingJob::new(m, 60.0, 600.0).unwrap();
                job.goodput(job.best_interval_s())
            };
            prop_assert!(of((mtbf + more).exp()) >= of(mtbf.exp()) - 1e-12);
        }
    }
}
