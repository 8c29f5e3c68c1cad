//! The ceiling of an engine, and how far a window is from it.

use crate::config::Precision;
use crate::engine::Description;
use crate::error::Error;
use canto_encoder::{Architecture, Pooling};
use canto_kernels::{Activation, Buffer, Dense, Int8Weights, Level, Quantised, Spread};
use rayon::ThreadPoolBuilder;
use std::time::{Duration, Instant};

/// Rows of the products that are timed.
const ROWS: usize = 768;

/// Their inputs and outputs: a square one, and those of a feed-forward block.
const SIZES: [[usize; 2]; 3] = [[768, 768], [768, 3072], [3072, 768]];

/// How long each is timed; the best run counts.
const PATIENCE: Duration = Duration::from_millis(250);

/// Operations a second of the fastest matrix product in the number format of `how`, on as many
/// threads, measured on the spot: the ceiling that an engine's own rate is held against.
///
/// Every vector unit up to that of `how` is tried, since a wider one is not always the faster.
/// Takes a few seconds.
pub fn peak(how: Description) -> Result<f64, Error> {
    let Description { precision, level, threads } = how;
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|source| Error::Threads { threads, source })?;
    let vectors = |tried: &Level| *tried == level || (Level::Avx2..level).contains(tried);
    let levels = Level::available().into_iter().filter(vectors);
    let tried = levels.flat_map(|level| SIZES.map(|size| (level, size)));
    Ok(pool.install(|| tried.map(|(level, size)| rate(precision, level, size)).fold(0.0, f64::max)))
}

/// Operations a second of one product, in the best of several runs.
fn rate(precision: Precision, level: Level, [inputs, outputs]: [usize; 2]) -> f64 {
    let dense = dense(precision, level, inputs, outputs);
    let (mut x, mut y) = (Buffer::default(), Buffer::default());
    let mut scratch = Quantised::default();
    let mut filled = x.reshape(ROWS, inputs);
    for row in 0..ROWS {
        for (column, x) in filled.row_mut(row).iter_mut().enumerate() {
            *x = invented(row + column);
        }
    }
    let (begun, mut best) = (Instant::now(), f64::INFINITY);
    // The first run takes memory and wakes the threads; the best of all is not that one.
    while best.is_infinite() || begun.elapsed() < PATIENCE {
        let start = Instant::now();
        let mut y = y.reshape(ROWS, outputs);
        dense.forward(Spread::Pool, x.rows(), &mut scratch, &mut y, Activation::None);
        best = best.min(start.elapsed().as_secs_f64());
    }
    2.0 * (ROWS * inputs * outputs) as f64 / best
}

fn dense(precision: Precision, level: Level, inputs: usize, outputs: usize) -> Dense {
    let weights = 0..inputs * outputs;
    match precision {
        Precision::Auto | Precision::F32 => {
            Dense::of_pairs(level, inputs, weights.map(invented).collect(), vec![0.0; outputs])
        }
        Precision::Bf16 => {
            let weights: Vec<f32> = weights.map(invented).collect();
            Dense::bf16(level, inputs, &weights, vec![0.0; outputs])
        }
        Precision::Int8 => {
            let values: Vec<i8> = weights.map(|i| (i % 251) as u8 as i8).collect();
            let weights = Int8Weights { values: &values, scales: &vec![0.01; outputs] };
            Dense::int8(level, inputs, weights, vec![0.0; outputs])
        }
    }
}

/// A value between -1 and 1.
fn invented(i: usize) -> f32 {
    (i % 31) as f32 / 15.0 - 1.0
}

/// Operations that an [`Engine`](crate::Engine) spends on the layers' products for a window of
/// `length` tokens: two for each weight and token, and those of attention. Where the head reads
/// the first token alone, the last layer has less to do (see `canto_kernels::FirstToken`), and
/// what is left out is not counted.
pub fn operations(architecture: &Architecture, length: usize) -> f64 {
    let tokens = length as f64;
    let all = architecture.operations_per_token(length) * tokens;
    if architecture.pooling != Pooling::First {
        return all;
    }
    let (width, inner) = (architecture.hidden_size as f64, architecture.intermediate_size as f64);
    let attended = 4.0 * architecture.heads as f64 * width * tokens;
    let first = 2.0 * (4.0 * width * width + 2.0 * width * inner) + attended;
    all - all / architecture.layers as f64 + first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_format_has_a_ceiling() {
        for precision in [Precision::F32, Precision::Bf16, Precision::Int8] {
            let how = Description { precision, level: Level::Portable, threads: 1 };
            let peak = peak(how).unwrap();
            assert!(peak.is_finite() && peak > 1e6, "{precision}: {peak}");
        }
    }

    /// By hand for one layer and two: width 2, two heads, inner 3, 5 tokens.
    #[test]
    fn what_the_head_does_not_read_is_not_counted() {
        let whole = 2.0 * 5.0 * (4.0 * 4.0 + 2.0 * 6.0) + 4.0 * 5.0 * 5.0 * 2.0;
        let last = 2.0 * (4.0 * 4.0 + 2.0 * 6.0) + 4.0 * 2.0 * 5.0 * 2.0;
        for (pooling, layers, expected) in [
            (Pooling::Mean, 2, 2.0 * whole),
            (Pooling::First, 2, whole + last),
            (Pooling::First, 1, last),
        ] {
            let (hidden_size, intermediate_size) = (2, 3);
            let architecture = Architecture {
                hidden_size,
                intermediate_size,
                layers,
                heads: 2,
                pooling,
                ..Architecture::default()
            };
            let found = operations(&architecture, 5);
            assert!((found - expected).abs() < 1e-9, "{pooling:?} {layers}: {found} {expected}");
        }
    }
}
