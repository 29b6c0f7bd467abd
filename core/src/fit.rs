//! Fitting `L(N, D) = E + A/N^alpha + B/D^beta` to measured runs, and its bootstrap.
//!
//! The loss is Hoffmann et al. 2022's: the sum over runs of a Huber loss (delta on log loss) of
//! `LSE(a - alpha ln N, b - beta ln D, e) - ln L` with `A = e^a`, `B = e^b`, `E = e^e`.

use rayon::prelude::*;

use crate::error::{positive, Error, Result};
use crate::minimise::{minimise, Minimum, Tolerance, Vector};

/// What the search from a coarse start must reach before the best few are polished.
const COARSE: Tolerance = Tolerance { relative: 1e-6, iterations: 300 };
const FINE: Tolerance = Tolerance { relative: 1e-14, iterations: 2000 };
const BOOTSTRAP: Tolerance = Tolerance { relative: 1e-12, iterations: 1000 };
const POLISHED: usize = 12;

/// Measured runs, as logarithms about their means.
///
/// Centring takes the strong correlation of `a` with `alpha` (and `b` with `beta`) out of the problem, so that
/// the minimiser needs a third of the steps; `a = a' + alpha * mean`.
pub struct Runs {
    x: Vec<f64>,
    y: Vec<f64>,
    ln_loss: Vec<f64>,
    mean_x: f64,
    mean_y: f64,
    delta: f64,
}

/// `a, b, e, alpha, beta` and the objective they reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    pub parameters: Vector,
    pub objective: f64,
    pub evaluations: usize,
}

impl Runs {
    /// Runs of `params` parameters, `tokens` tokens and measured `losses`, with Huber's `delta`.
    ///
    /// # Errors
    /// `Length` when the slices differ or hold fewer than five runs; `Domain` for a value that is not positive.
    pub fn new(params: &[f64], tokens: &[f64], losses: &[f64], delta: f64) -> Result<Self> {
        let n = params.len();
        for (field, got) in [("tokens", tokens.len()), ("losses", losses.len())] {
            if got != n {
                return Err(Error::Length { field, expected: n, got });
            }
        }
        if n < 5 {
            return Err(Error::Length { field: "runs", expected: 5, got: n });
        }
        positive("delta", delta)?;
        let logs = |field, values: &[f64]| -> Result<Vec<f64>> {
            values.iter().map(|&v| positive(field, v).map(f64::ln)).collect()
        };
        let (mut x, mut y) = (logs("params", params)?, logs("tokens", tokens)?);
        let ln_loss = logs("losses", losses)?;
        let (mean_x, mean_y) = (centre(&mut x), centre(&mut y));
        Ok(Self { x, y, ln_loss, mean_x, mean_y, delta })
    }

    /// How many runs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.x.len()
    }

    /// Whether there are none (never, by construction).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.x.is_empty()
    }

    fn inner(&self, p: &Vector) -> Vector {
        [p[0] - p[3] * self.mean_x, p[1] - p[4] * self.mean_y, p[2], p[3], p[4]]
    }

    fn outer(&self, p: &Vector) -> Vector {
        [p[0] + p[3] * self.mean_x, p[1] + p[4] * self.mean_y, p[2], p[3], p[4]]
    }

    /// Objective and gradient in centred coordinates; `weights` counts how often a run was drawn.
    fn objective(&self, p: &Vector, points: impl Iterator<Item = (usize, f64)>) -> (f64, Vector) {
        let floor = p[2].exp();
        let mut value = 0.0;
        let mut gradient = [0.0; 5];
        for (i, weight) in points {
            let (x, y) = (self.x[i], self.y[i]);
            let size = (p[0] - p[3] * x).exp();
            let data = (p[1] - p[4] * y).exp();
            let sum = floor + size + data;
            let residual = sum.ln() - self.ln_loss[i];
            let pull = residual.clamp(-self.delta, self.delta);
            value += weight * pull * (residual - 0.5 * pull);
            let scaled = weight * pull / sum;
            let (by_size, by_data) = (scaled * size, scaled * data);
            gradient[0] += by_size;
            gradient[1] += by_data;
            gradient[2] += scaled * floor;
            gradient[3] -= by_size * x;
            gradient[4] -= by_data * y;
        }
        if value.is_finite() && gradient.iter().all(|g| g.is_finite()) {
            (value, gradient)
        } else {
            (f64::INFINITY, [0.0; 5])
        }
    }

    fn on_all(&self, p: &Vector) -> (f64, Vector) {
        self.objective(p, (0..self.len()).map(|i| (i, 1.0)))
    }

    /// The objective at `a, b, e, alpha, beta`.
    #[must_use]
    pub fn objective_at(&self, parameters: &Vector) -> f64 {
        self.on_all(&self.inner(parameters)).0
    }

    fn as_fit(&self, found: &Minimum) -> Fit {
        Fit { parameters: self.outer(&found.at), objective: found.value, evaluations: found.evaluations }
    }

    /// The best fit from all `starts` (each `a, b, e, alpha, beta`), searched in parallel.
    ///
    /// # Errors
    /// `Length` when there is no start; `Domain` when none of them leads anywhere finite.
    pub fn fit(&self, starts: &[Vector]) -> Result<Fit> {
        if starts.is_empty() {
            return Err(Error::Length { field: "starts", expected: 1, got: 0 });
        }
        let mut found: Vec<Minimum> =
            starts.par_iter().map(|s| minimise(|p| self.on_all(p), self.inner(s), COARSE)).collect();
        let evaluations: usize = found.iter().map(|m| m.evaluations).sum();
        found.sort_by(|a, b| a.value.total_cmp(&b.value));
        found.truncate(POLISHED);
        let polished = found.par_iter().map(|m| minimise(|p| self.on_all(p), m.at, FINE));
        let best = polished.min_by(|a, b| a.value.total_cmp(&b.value));
        let best = best.filter(|m| m.value.is_finite()).ok_or(Error::Domain {
            field: "starts",
            value: f64::INFINITY,
            allowed: "starts from which the objective is finite",
        })?;
        Ok(Fit { evaluations, ..self.as_fit(&best) })
    }

    /// Refits each resample (row of `n` run indices) from one start.
    ///
    /// # Errors
    /// `Length` when `draws` is not whole rows; `Domain` when an index is out of range.
    pub fn bootstrap(&self, draws: &[u32], start: &Vector) -> Result<Vec<Fit>> {
        let n = self.len();
        if draws.len() % n != 0 {
            return Err(Error::Length { field: "draws", expected: n, got: draws.len() % n });
        }
        if let Some(&index) = draws.iter().find(|&&i| i as usize >= n) {
            return Err(Error::Domain {
                field: "draws",
                value: f64::from(index),
                allowed: "indices of runs",
            });
        }
        let start = self.inner(start);
        Ok(draws.par_chunks(n).map(|row| self.refit(row, start)).collect())
    }

    /// A resample as weights: a third of the runs are not drawn and cost nothing.
    fn refit(&self, row: &[u32], start: Vector) -> Fit {
        let mut weights = vec![0.0; self.len()];
        for &i in row {
            weights[i as usize] += 1.0;
        }
        let drawn: Vec<(usize, f64)> = weights.into_iter().enumerate().filter(|&(_, w)| w > 0.0).collect();
        self.as_fit(&minimise(|p| self.objective(p, drawn.iter().copied()), start, BOOTSTRAP))
    }
}

fn centre(values: &mut [f64]) -> f64 {
    #[allow(clippy::cast_precision_loss)]
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    for v in values {
        *v -= mean;
    }
    mean
}

/// The replication's 4,500 starts: alpha, beta in 0..2 by 0.5, e in -1..1 by 0.5, a, b in 0..25 by 5.
#[must_use]
pub fn grid() -> Vec<Vector> {
    let exponents = [0.0, 0.5, 1.0, 1.5, 2.0];
    let floors = [-1.0, -0.5, 0.0, 0.5, 1.0];
    let scales = [0.0, 5.0, 10.0, 15.0, 20.0, 25.0];
    let mut starts = Vec::with_capacity(4500);
    for alpha in exponents {
        for beta in exponents {
            for e in floors {
                for a in scales {
                    starts.extend(scales.map(|b| [a, b, e, alpha, beta]));
                }
            }
        }
    }
    starts
}

#[cfg(test)]
#[allow(clippy::float_cmp)] // grid points are exact
mod tests {
    use super::*;
    use crate::scaling::Law;

    const TRUE: Law = Law { a: 400.0, b: 2000.0, e: 1.8, alpha: 0.35, beta: 0.37 };

    /// Noise-free runs of a known law over a grid of sizes and data.
    fn synthetic() -> Runs {
        let mut columns = (vec![], vec![], vec![]);
        for i in 0..12 {
            for j in 0..10 {
                let (n, d) = (10f64.powf(7.5 + 0.2 * f64::from(i)), 10f64.powf(9.0 + 0.25 * f64::from(j)));
                columns.0.push(n);
                columns.1.push(d);
                columns.2.push(TRUE.loss(n, d));
            }
        }
        Runs::new(&columns.0, &columns.1, &columns.2, 1e-3).unwrap()
    }

    #[test]
    fn finds_the_law_that_made_the_runs() {
        let starts: Vec<Vector> = grid().into_iter().step_by(97).collect();
        let fit = synthetic().fit(&starts).unwrap();
        let [a, b, e, alpha, beta] = fit.parameters;
        for (got, want) in [(a.exp(), 400.0), (b.exp(), 2000.0), (e.exp(), 1.8), (alpha, 0.35), (beta, 0.37)]
        {
            assert!((got / want - 1.0_f64).abs() < 1e-4, "{got} is not {want}");
        }
    }

    #[test]
    fn gradient_is_the_slope_of_the_objective() {
        let runs = synthetic();
        let at = runs.inner(&[5.0, 7.0, 0.4, 0.3, 0.4]);
        let (_, gradient) = runs.on_all(&at);
        for k in 0..5 {
            let h = 1e-6;
            let shifted = |by: f64| {
                let mut p = at;
                p[k] += by;
                runs.on_all(&p).0
            };
            let slope = (shifted(h) - shifted(-h)) / (2.0 * h);
            assert!((slope - gradient[k]).abs() < 1e-6 * (1.0 + slope.abs()), "{k}: {slope} {gradient:?}");
        }
    }

    #[test]
    fn the_grid_is_the_replications() {
        let starts = grid();
        assert_eq!(starts.len(), 4500);
        assert_eq!(starts[0], [0.0, 0.0, -1.0, 0.0, 0.0]);
        assert_eq!(starts[4499], [25.0, 25.0, 1.0, 2.0, 2.0]);
    }

    #[test]
    fn bootstrap_of_the_whole_sample_is_the_fit() {
        let runs = synthetic();
        let whole: Vec<u32> = (0..120).collect();
        let start = [6.0, 7.6, 0.5, 0.35, 0.37];
        let again = runs.bootstrap(&whole, &start).unwrap();
        assert!((again[0].parameters[3] - 0.35).abs() < 1e-3);
    }

    #[test]
    fn bad_runs_are_named() {
        assert!(Runs::new(&[1.0; 6], &[1.0; 5], &[1.0; 6], 1e-3).is_err());
        assert!(Runs::new(&[1.0; 4], &[1.0; 4], &[1.0; 4], 1e-3).is_err());
        assert!(Runs::new(&[1.0; 6], &[1.0; 6], &[-1.0; 6], 1e-3).is_err());
        assert!(synthetic().bootstrap(&[0; 121], &[0.0; 5]).is_err());
        assert!(synthetic().bootstrap(&[500; 120], &[0.0; 5]).is_err());
    }
}
