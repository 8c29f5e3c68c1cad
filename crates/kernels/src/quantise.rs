//! f32 to int8 and back, and to bf16.

use crate::level::Level;
use crate::rows::{Buffer, Rows};
use crate::spread::Spread;
use crate::vector::{Magnitude, ROUND, fold, larger, range, smaller};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Rows a task.
const ROWS: usize = 16;

/// Rows of activations as products take them: in u8, x ≈ scale·q + shift with a scale and a shift
/// a row, in bf16, or in f32 with the sums of neighbours.
#[derive(Debug, Default)]
pub struct Quantised {
    pub(crate) values: Buffer<u8>,
    pub(crate) scales: Vec<Scale>,
    /// bf16, one more value of 0 a row where the columns are odd.
    pub(crate) halves: Buffer<u16>,
    /// Of the quarters of each pair of rows.
    pub(crate) sums: Buffer<f32>,
}

/// How a row's u8 are read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Scale {
    pub(crate) scale: f32,
    /// What a q of 0 stands for; 0 itself is a q.
    pub(crate) shift: f32,
}

impl Quantised {
    /// Quantises every row of `x` to its own range, 0 included.
    pub fn quantise(&mut self, level: Level, spread: Spread, x: Rows<'_, f32>) {
        let (rows, columns) = (x.rows(), x.columns());
        let mut values = self.values.reshape(rows, columns);
        if self.scales.len() < rows {
            self.scales.resize(rows, Scale::default());
        }
        let stride = values.stride();
        let quantise = |first: usize, values: &mut [u8], scales: &mut [Scale]| {
            for (i, (q, scale)) in values.chunks_mut(stride).zip(scales).enumerate() {
                *scale = level.run_with(Row { x: x.row(first + i), q: &mut q[..columns] });
            }
        };
        let scales = &mut self.scales[..rows];
        match spread {
            Spread::Here => quantise(0, values.values(), scales),
            Spread::Pool => {
                let pieces = values.values().par_chunks_mut((stride * ROWS).max(1));
                let pieces = pieces.zip(scales.par_chunks_mut(ROWS)).enumerate();
                pieces.for_each(|(piece, (values, scales))| quantise(piece * ROWS, values, scales));
            }
        }
    }

    /// Rounds every row of `x` to bf16.
    pub fn round(&mut self, level: Level, spread: Spread, x: Rows<'_, f32>) {
        let columns = x.columns();
        let mut halves = self.halves.reshape(x.rows(), columns.next_multiple_of(2));
        halves.each_row(spread, |row, halves| {
            round(level, x.row(row), &mut halves[..columns]);
            halves[columns..].fill(0);
        });
    }

    /// The bf16 values in f32, row-major.
    pub fn rounded(&self) -> Vec<f32> {
        let halves = self.halves.rows();
        let row = |row| halves.row(row).iter().map(|&x| f32::from_bits(u32::from(x) << 16));
        (0..halves.rows()).flat_map(row).collect()
    }

    /// The u8 values back in f32, row-major.
    pub fn dequantised(&self) -> Vec<f32> {
        let values = self.values.rows();
        let row = |row: usize| {
            let Scale { scale, shift } = self.scales[row];
            values.row(row).iter().map(move |&q| f32::from(q) * scale + shift)
        };
        (0..values.rows()).flat_map(row).collect()
    }
}

/// One row on its way to u8.
struct Row<'a> {
    x: &'a [f32],
    q: &'a mut [u8],
}

impl WithSimd for Row<'_> {
    type Output = Scale;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Scale {
        /// One less than fit: the zero is rounded, so the highest value may come out a half more.
        const STEPS: f32 = 254.0;
        let Self { x, q } = self;
        let (lowest, highest) = range(simd, x);
        let (lowest, highest) = (smaller(lowest, 0.0), larger(highest, 0.0));
        // A row of zeros has no range; any scale reads it back.
        let range = larger(highest - lowest, f32::MIN_POSITIVE * STEPS);
        let (scale, steps) = (range / STEPS, STEPS / range);
        let zero = (-lowest * steps).round_ties_even();
        for (q, &x) in q.iter_mut().zip(x) {
            *q = (x * steps + (ROUND + zero)).to_bits() as u8;
        }
        Scale { scale, shift: -zero * scale }
    }
}

/// Each of `x` to the nearest bf16, of two the even one.
pub(crate) fn round(level: Level, x: &[f32], halves: &mut [u16]) {
    level.run(
        #[inline(always)]
        || {
            for (half, &x) in halves.iter_mut().zip(x) {
                let bits = x.to_bits();
                let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16;
                // What is no number would overflow to one.
                *half = if x.is_nan() { 0x7fc0 } else { rounded as u16 };
            }
        },
    );
}

/// One row of weights to i8, symmetric: w ≈ scale·q with |q| ≤ 127; returns the scale.
pub fn quantise_weights(weights: &[f32], q: &mut [i8]) -> f32 {
    Level::detect().run_with(Weights { weights, q })
}

/// One row of weights on its way to i8.
struct Weights<'a> {
    weights: &'a [f32],
    q: &'a mut [i8],
}

impl WithSimd for Weights<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let Self { weights, q } = self;
        let largest = fold(simd, Magnitude, weights);
        let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
        for (q, &w) in q.iter_mut().zip(weights) {
            *q = (w / scale + ROUND).to_bits() as i8;
        }
        scale
    }
}
