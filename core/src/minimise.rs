//! L-BFGS for small smooth problems: five unknowns, a gradient by hand, no allocation per step.

/// How many unknowns the problem has.
pub const DIM: usize = 5;
/// A point, a gradient or a direction.
pub type Vector = [f64; DIM];

const MEMORY: usize = 8;
const SUFFICIENT_DECREASE: f64 = 1e-4;
const CURVATURE: f64 = 0.9;
const LINE_SEARCH_STEPS: usize = 30;

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub struct Tolerance {
    /// Stop when a step lowers the objective by less than this share of it, twice in a row.
    pub relative: f64,
    /// At most this many iterations.
    pub iterations: usize,
}

/// Where the minimiser stopped.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Minimum {
    pub at: Vector,
    pub value: f64,
    pub evaluations: usize,
}

#[derive(Clone, Copy)]
struct State {
    at: Vector,
    value: f64,
    gradient: Vector,
}

/// The last few steps and changes of the gradient: a rotating window.
struct History {
    steps: [Vector; MEMORY],
    changes: [Vector; MEMORY],
    inverse: [f64; MEMORY],
    taken: usize,
}

impl History {
    const fn new() -> Self {
        Self { steps: [[0.0; DIM]; MEMORY], changes: [[0.0; DIM]; MEMORY], inverse: [0.0; MEMORY], taken: 0 }
    }

    /// Remember a step; one without positive curvature would spoil the metric and is dropped.
    fn push(&mut self, from: &State, to: &State) {
        let step = difference(&to.at, &from.at);
        let change = difference(&to.gradient, &from.gradient);
        let curvature = dot(&step, &change);
        if curvature <= 1e-300 {
            return;
        }
        let slot = self.taken % MEMORY;
        self.steps[slot] = step;
        self.changes[slot] = change;
        self.inverse[slot] = 1.0 / curvature;
        self.taken += 1;
    }

    /// The quasi-Newton descent direction (two-loop recursion, Nocedal 1980).
    fn direction(&self, gradient: &Vector) -> Vector {
        let mut q = gradient.map(|g| -g);
        let kept = self.taken.min(MEMORY);
        let mut alphas = [0.0; MEMORY];
        for back in 1..=kept {
            let slot = (self.taken - back) % MEMORY;
            alphas[slot] = self.inverse[slot] * dot(&self.steps[slot], &q);
            add_scaled(&mut q, -alphas[slot], &self.changes[slot]);
        }
        if kept > 0 {
            let last = (self.taken - 1) % MEMORY;
            let scale = 1.0 / (self.inverse[last] * dot(&self.changes[last], &self.changes[last]));
            q = q.map(|x| x * scale);
        }
        for back in (1..=kept).rev() {
            let slot = (self.taken - back) % MEMORY;
            let beta = self.inverse[slot] * dot(&self.changes[slot], &q);
            add_scaled(&mut q, alphas[slot] - beta, &self.steps[slot]);
        }
        q
    }
}

/// Minimise `f`, which returns a value and its gradient (an infinite value refuses a point).
pub fn minimise(f: impl Fn(&Vector) -> (f64, Vector), start: Vector, tolerance: Tolerance) -> Minimum {
    let (value, gradient) = f(&start);
    let mut state = State { at: start, value, gradient };
    let mut history = History::new();
    let mut evaluations = 1;
    let mut small_steps = 0;
    for _ in 0..tolerance.iterations {
        let mut direction = history.direction(&state.gradient);
        let mut slope = dot(&direction, &state.gradient);
        if slope >= 0.0 || !slope.is_finite() {
            history.taken = 0;
            direction = state.gradient.map(|g| -g);
            slope = -dot(&state.gradient, &state.gradient);
        }
        if slope == 0.0 {
            break;
        }
        let first = if history.taken == 0 { (0.5 / norm(&direction)).min(1.0) } else { 1.0 };
        let Some(next) = search(&f, &state, &direction, slope, first, &mut evaluations) else {
            if history.taken == 0 {
                break;
            }
            history.taken = 0; // a stale metric: try once more downhill
            continue;
        };
        let fall = state.value - next.value;
        history.push(&state, &next);
        state = next;
        small_steps = if fall <= tolerance.relative * state.value.abs() { small_steps + 1 } else { 0 };
        if small_steps >= 2 {
            break;
        }
    }
    Minimum { at: state.at, value: state.value, evaluations }
}

/// A step that meets the weak Wolfe conditions, by expansion and safeguarded interpolation.
fn search(
    f: &impl Fn(&Vector) -> (f64, Vector),
    from: &State,
    direction: &Vector,
    slope: f64,
    first: f64,
    evaluations: &mut usize,
) -> Option<State> {
    let (mut low, mut high, mut step) = (0.0, f64::INFINITY, first);
    let mut best: Option<State> = None;
    for _ in 0..LINE_SEARCH_STEPS {
        let mut at = from.at;
        add_scaled(&mut at, step, direction);
        let (value, gradient) = f(&at);
        *evaluations += 1;
        let state = State { at, value, gradient };
        let enough = value <= from.value + SUFFICIENT_DECREASE * step * slope;
        if !enough || !value.is_finite() {
            high = step;
            let curve = value - from.value - slope * step;
            let ideal = if curve.is_finite() { -slope * step * step / (2.0 * curve) } else { 0.0 };
            step = ideal.clamp(low + 0.1 * (high - low), low + 0.6 * (high - low));
        } else if dot(&gradient, direction) < CURVATURE * slope {
            best = Some(state);
            low = step;
            step = if high.is_finite() { f64::midpoint(low, high) } else { 2.5 * step };
        } else {
            return Some(state);
        }
        if high - low < 1e-14 * step {
            break;
        }
    }
    best
}

fn dot(a: &Vector, b: &Vector) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn norm(a: &Vector) -> f64 {
    dot(a, a).sqrt()
}

fn difference(a: &Vector, b: &Vector) -> Vector {
    std::array::from_fn(|i| a[i] - b[i])
}

fn add_scaled(to: &mut Vector, factor: f64, from: &Vector) {
    for (x, y) in to.iter_mut().zip(from) {
        *x += factor * y;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rosenbrock(x: &Vector) -> (f64, Vector) {
        let mut gradient = [0.0; DIM];
        let mut value = 0.0;
        for i in 0..DIM - 1 {
            let (bend, off) = (x[i + 1] - x[i] * x[i], 1.0 - x[i]);
            value += 100.0 * bend * bend + off * off;
            gradient[i] += -400.0 * x[i] * bend - 2.0 * off;
            gradient[i + 1] += 200.0 * bend;
        }
        (value, gradient)
    }

    #[test]
    fn finds_the_bottom_of_a_banana() {
        let tolerance = Tolerance { relative: 1e-15, iterations: 500 };
        let found = minimise(rosenbrock, [-1.2, 1.0, -1.2, 1.0, -1.2], tolerance);
        assert!(found.value < 1e-15 || (found.value - 3.930_839).abs() < 1e-4, "{found:?}");
    }

    #[test]
    fn a_refused_point_is_stepped_around() {
        let walled = |x: &Vector| {
            let value: f64 = x.iter().map(|v| v * v).sum();
            if x[0] < -1.0 {
                (f64::INFINITY, [f64::NAN; DIM])
            } else {
                (value, x.map(|v| 2.0 * v))
            }
        };
        let found = minimise(walled, [5.0; DIM], Tolerance { relative: 1e-12, iterations: 100 });
        assert!(found.value < 1e-9, "{found:?}");
    }
}
