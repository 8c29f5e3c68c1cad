//! Element-wise work in one parallel pass, compiled for the vector unit that is there.
//!
//! Burn's CPU backend runs these operations on one thread, an operation a pass, with a scalar
//! `exp` or `erf`; in training they would cost as much as the matrix products.

use rayon::prelude::*;

/// Elements a task: large enough to hide the cost of a task, small enough to stay in cache.
const CHUNK: usize = 1 << 14;

/// Runs `work` compiled for the widest vector unit; it must inline.
#[inline]
pub(crate) fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}

/// `input` mapped in pieces of about [`CHUNK`] elements, each a multiple of `unit`:
/// `work(start, piece, output)` fills its piece of the output.
pub(crate) fn map_pieces(
    input: &[f32],
    unit: usize,
    output: &mut [f32],
    work: impl Fn(usize, &[f32], &mut [f32]) + Sync,
) {
    let size = CHUNK.div_ceil(unit) * unit;
    let pieces = output.par_chunks_mut(size).zip(input.par_chunks(size));
    pieces.enumerate().for_each(|(i, (output, input))| work(i * size, input, output));
}

/// As [`map_pieces`], with two outputs.
pub(crate) fn map_to_pairs(
    input: &[f32],
    unit: usize,
    first: &mut [f32],
    second: &mut [f32],
    work: impl Fn(usize, &[f32], &mut [f32], &mut [f32]) + Sync,
) {
    let size = CHUNK.div_ceil(unit) * unit;
    let outputs = first.par_chunks_mut(size).zip(second.par_chunks_mut(size));
    let pieces = outputs.zip(input.par_chunks(size));
    pieces.enumerate().for_each(|(i, ((first, second), input))| {
        work(i * size, input, first, second);
    });
}

/// Lanes of the widest vector unit.
const LANES: usize = 16;

/// Folds with one accumulator a lane: in order, floats would be folded one by one.
#[inline(always)]
pub(crate) fn fold(values: &[f32], start: f32, join: impl Fn(f32, f32) -> f32) -> f32 {
    let (blocks, rest) = values.as_chunks::<LANES>();
    let mut lanes = [start; LANES];
    for block in blocks {
        for (lane, &value) in lanes.iter_mut().zip(block) {
            *lane = join(*lane, value);
        }
    }
    let folded = lanes.into_iter().fold(start, &join);
    rest.iter().fold(folded, |folded, &value| join(folded, value))
}

/// eˣ to about 2e-7 relative, 0 far below: 2ⁿ·eʳ with |r| ≤ ln 2 / 2, eʳ by its Taylor series.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    /// Below it, eˣ is not a normal number.
    const LOWEST: f32 = -87.0;
    /// 1.5·2²³: adding it rounds to an integer, which then sits in the low bits.
    const ROUND: f32 = 12_582_912.0;
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(LOWEST, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    let series = 1.0 / 720.0 + r * (1.0 / 5040.0);
    let series = 1.0 / 24.0 + r * (1.0 / 120.0 + r * series);
    let series = 1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * series)));
    let exponent = shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127);
    let value = series * f32::from_bits(exponent << 23);
    if x > LOWEST { value } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_exact_enough() {
        for i in -8699..8700 {
            let x = i as f32 / 100.0;
            let expected = f64::from(x).exp();
            let off = (f64::from(exp(x)) - expected).abs() / expected;
            assert!(off < 3e-7, "exp({x}) off by {off}");
        }
        assert!(exp(-1e4) == 0.0 && exp(-87.0) == 0.0);
    }

    #[test]
    fn pieces_cover_everything_in_place() {
        let input: Vec<f32> = (0..CHUNK * 3 + 21).map(|i| i as f32).collect();
        let mut output = vec![0.0; input.len()];
        map_pieces(&input, 7, &mut output, |start, piece, output| {
            assert_eq!(start % 7, 0);
            assert_eq!(piece[0] as usize, start);
            output.copy_from_slice(piece);
        });
        assert_eq!(input, output);
    }
}
