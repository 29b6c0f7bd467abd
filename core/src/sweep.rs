//! Many estimates of one deployment: a grid of prompt lengths, answer lengths and batches.
//!
//! Row `i` of the grid is `(inputs[i / (O B)], outputs[i / B % O], batches[i % B])`. A range of rows is computed
//! at a time, in parallel, so that a sweep of any size needs the memory of one range.

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::serving::{estimate, Bound, Load, Workload};
use crate::step::Pass;

const ROWS_PER_TASK: usize = 512;

/// The lists that are multiplied out, fastest last.
#[derive(Debug, Clone, Copy)]
pub struct Grid<'a> {
    pub inputs: &'a [f64],
    pub outputs: &'a [f64],
    pub batches: &'a [f64],
}

/// Results by column, as a Parquet writer takes them. Rows without memory for one request hold NaN.
#[derive(Debug, Default)]
pub struct Columns {
    pub ttft_s: Vec<f64>,
    pub tpot_s: Vec<f64>,
    pub output_tokens_per_s: Vec<f64>,
    pub fits: Vec<bool>,
    /// Index into [`BOUNDS`].
    pub limited_by: Vec<u8>,
}

/// What can bound a row, in the order of `Columns::limited_by`.
pub const BOUNDS: [Bound; 6] = [
    Bound::MemoryBandwidth,
    Bound::Compute,
    Bound::Interconnect,
    Bound::Overhead,
    Bound::Prefill,
    Bound::Capacity,
];

struct Row {
    ttft_s: f64,
    tpot_s: f64,
    output_tokens_per_s: f64,
    fits: bool,
    limited_by: u8,
}

const NOTHING: Row =
    Row { ttft_s: f64::NAN, tpot_s: f64::NAN, output_tokens_per_s: f64::NAN, fits: false, limited_by: 5 };

impl Grid<'_> {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inputs.len() * self.outputs.len() * self.batches.len()
    }

    /// Whether a list is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn workload(&self, index: usize) -> Workload {
        let (b, o) = (self.batches.len(), self.outputs.len());
        Workload {
            input_tokens: self.inputs[index / (b * o)],
            output_tokens: self.outputs[index / b % o],
            load: Load::Closed(self.batches[index % b]),
            server: true,
        }
    }
}

/// Rows `start..start + count` of the grid.
///
/// # Errors
/// `Length` when the range leaves the grid.
pub fn sweep(pass: &Pass, grid: &Grid, start: usize, count: usize) -> Result<Columns> {
    if start + count > grid.len() {
        return Err(Error::Length { field: "rows", expected: grid.len(), got: start + count });
    }
    let rows: Vec<Row> = (start..start + count)
        .into_par_iter()
        .with_min_len(ROWS_PER_TASK)
        .map(|i| row(pass, &grid.workload(i)))
        .collect();
    let mut columns = Columns::default();
    for row in rows {
        columns.ttft_s.push(row.ttft_s);
        columns.tpot_s.push(row.tpot_s);
        columns.output_tokens_per_s.push(row.output_tokens_per_s);
        columns.fits.push(row.fits);
        columns.limited_by.push(row.limited_by);
    }
    Ok(columns)
}

fn row(pass: &Pass, work: &Workload) -> Row {
    let Load::Closed(batch) = work.load else { return NOTHING };
    let Ok(found) = estimate(pass, work) else { return NOTHING };
    if found.room < 1.0 {
        return NOTHING;
    }
    let bound = BOUNDS.iter().position(|b| *b == found.bound).unwrap_or(0);
    Row {
        ttft_s: found.ttft_s,
        tpot_s: found.tpot_s,
        output_tokens_per_s: found.output_tokens_per_s,
        fits: found.room >= batch,
        limited_by: u8::try_from(bound).unwrap_or(0),
    }
}
