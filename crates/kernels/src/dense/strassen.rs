//! f32 products of pairs of rows with seven multiplications for eight, for AVX-512: one level of
//! Strassen's algorithm in Winograd's form, with four additions of inputs, four of weights and seven
//! of results (Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd edition, 23.1).
//!
//! Rows are halved into even and odd ones, so that a row is added to its neighbour only; inputs
//! and outputs into first and last ones. With A = x, B = Wᵀ and C = x·Wᵀ in quarters:
//!
//! ```text
//! S1 = A21 + A22   T1 = B12 − B11   P1 = A11·B11   P5 = S1·T1   C11 = P1 + P2
//! S2 = S1 − A11    T2 = B22 − T1    P2 = A12·B21   P6 = S2·T2   U2 = P1 + P6   C12 = U2 + P5 + P3
//! S3 = A11 − A21   T3 = B22 − B12   P3 = S4·B22    P7 = S3·T3   U3 = U2 + P7   C21 = U3 − P4
//! S4 = A12 − S2    T4 = T2 − B21    P4 = A22·T4                                C22 = U3 + P5
//! ```

use super::Target;
use super::avx512::{Finish, Tile, complete, masks, multiply};
use super::grid::Grid;
use super::groups::PANEL;
use super::panels::Row;
use crate::lasting::Lasting;
use crate::level::Level;
use crate::rows::{Buffer, Rows, RowsMut};
use crate::spread::Spread;
use rayon::prelude::*;
use std::arch::x86_64::{_mm512_add_ps, _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps};
use std::ops::Range;

/// Products for each panel of half the outputs.
const PRODUCTS: usize = 7;

/// Weights of even numbers of inputs and outputs.
#[derive(Debug)]
pub(crate) struct Strassen {
    /// [panel][product][input][column]: B11, T2, B21, T3, T1, −T4 and B22 of 32 columns of half the
    /// outputs, in the order in which they are multiplied; columns past the last are 0.
    values: Lasting<Row>,
    /// Half of them.
    inputs: usize,
    outputs: usize,
}

impl Strassen {
    /// Of `weights` [outputs, inputs]. Both must be even.
    pub(crate) fn new(weights: &[f32], inputs: usize, outputs: usize) -> Self {
        let even = inputs.is_multiple_of(2) && outputs.is_multiple_of(2);
        assert!(even, "halves of an odd number");
        let (inputs, outputs) = (inputs / 2, outputs / 2);
        let mut values = Lasting::<Row>::zeroed(outputs.div_ceil(PANEL) * PRODUCTS * inputs);
        let panels = values.par_chunks_mut((PRODUCTS * inputs).max(1)).enumerate();
        panels.for_each(|(panel, values)| {
            let first = panel * PANEL;
            for column in 0..PANEL.min(outputs - first) {
                let of =
                    |output: usize| weights[output * 2 * inputs..][..2 * inputs].split_at(inputs);
                let ((b11, b21), (b12, b22)) = (of(first + column), of(outputs + first + column));
                for i in 0..inputs {
                    let t1 = b12[i] - b11[i];
                    let t2 = b22[i] - t1;
                    let t3 = b22[i] - b12[i];
                    let factors = [b11[i], t2, b21[i], t3, t1, b21[i] - t2, b22[i]];
                    for (product, factor) in factors.into_iter().enumerate() {
                        values[product * inputs + i].0[column] = factor;
                    }
                }
            }
        });
        Self { values, inputs, outputs }
    }

    /// x [rows, inputs] → y [rows, outputs], an even number of rows; `sums` is for those of x. The
    /// level must have AVX-512.
    pub(crate) fn forward(
        &self,
        level: Level,
        spread: Spread,
        x: Rows<'_, f32>,
        sums: &mut Buffer<f32>,
        y: &mut RowsMut<'_, f32>,
        finish: Finish<'_>,
    ) {
        let pairs = x.rows() / 2;
        assert!(x.rows() == 2 * pairs, "a row without its neighbour");
        self.add_up(level, spread, x, sums);
        let sums = sums.rows();
        let (target, stride) = (Target::new(y), y.stride());
        Grid::new(spread, pairs, self.outputs.div_ceil(PANEL)).run(|pairs, panels| {
            for panel in panels {
                let part = Part { x, sums, pairs: pairs.clone(), finish };
                let y = target.at(2 * pairs.start * stride + panel * PANEL);
                // SAFETY: the caller's level has AVX-512; the pairs lie in x, the sums and y, and the
                // task alone writes these rows of these columns.
                #[expect(unsafe_code)]
                unsafe {
                    self.multiply(&part, panel, y, stride);
                }
            }
        });
    }

    /// S1 to S4 of every pair, side by side.
    fn add_up(&self, level: Level, spread: Spread, x: Rows<'_, f32>, sums: &mut Buffer<f32>) {
        let half = self.inputs;
        let mut sums = sums.reshape(x.rows() / 2, 4 * half);
        sums.each_row(spread, |pair, sums| {
            let ((a11, a12), (a21, a22)) =
                (x.row(2 * pair).split_at(half), x.row(2 * pair + 1).split_at(half));
            let (s1, rest) = sums.split_at_mut(half);
            let (s2, rest) = rest.split_at_mut(half);
            let (s3, s4) = rest.split_at_mut(half);
            level.run(
                #[inline(always)]
                || {
                    for i in 0..half {
                        let first = a21[i] + a22[i];
                        let second = first - a11[i];
                        s1[i] = first;
                        s2[i] = second;
                        s3[i] = a11[i] - a21[i];
                        s4[i] = a12[i] - second;
                    }
                },
            );
        });
    }

    /// A panel of each half of the outputs, for some pairs.
    ///
    /// # Safety
    /// The CPU must have AVX-512; the part's pairs must lie in x and the sums; from `y` on, rows are
    /// `stride` apart, and nobody else may touch the columns that are written there.
    #[expect(unsafe_code)]
    unsafe fn multiply(&self, part: &Part<'_>, panel: usize, y: *mut f32, stride: usize) {
        let half = self.inputs;
        let first = panel * PANEL;
        let columns = PANEL.min(self.outputs - first);
        let c11 = y;
        let c12 = y.wrapping_add(self.outputs);
        let c21 = y.wrapping_add(stride);
        let c22 = c12.wrapping_add(stride);
        let a = |row: usize, column: usize| {
            let x = part.x;
            let start = (2 * part.pairs.start + row) * x.stride() + column * half;
            (x.as_ptr().wrapping_add(start), 2 * x.stride())
        };
        let s = |sum: usize| {
            let sums = part.sums;
            let start = part.pairs.start * sums.stride() + (sum - 1) * half;
            (sums.as_ptr().wrapping_add(start), sums.stride())
        };
        let product = |b: usize, (a, a_stride): (*const f32, usize), onto, c| {
            let b = &self.values[(panel * PRODUCTS + b) * half..][..half];
            let rows = part.pairs.len();
            Tile { rows, a, a_stride, b, onto, c, c_stride: 2 * stride, columns }
        };
        let finish = |half: usize| {
            let bias = &part.finish.bias[half * self.outputs + first..][..columns];
            Finish { bias, ..part.finish }
        };
        let from = |c: *mut f32| Some(c.cast_const());
        // SAFETY: the caller's promise, of which each quarter has its part.
        unsafe {
            multiply(product(0, a(0, 0), None, c11), None);
            multiply(product(1, s(2), from(c11), c21), None);
            multiply(product(2, a(0, 1), from(c11), c11), Some(finish(0)));
            multiply(product(3, s(3), from(c21), c22), None);
            multiply(product(4, s(1), None, c12), None);
            for pair in 0..part.pairs.len() {
                let [c12, c21, c22] = [c12, c21, c22].map(|c| c.wrapping_add(pair * 2 * stride));
                join(c12, c21, c22, columns);
            }
            complete(product(4, s(1), None, c22), finish(1));
            multiply(product(5, a(1, 1), from(c21), c21), Some(finish(0)));
            multiply(product(6, s(4), from(c12), c12), Some(finish(1)));
        }
    }
}

/// From P5, U2 and U3 to U2 + P5, U3 and U3 + P5, at so many columns of a panel.
///
/// # Safety
/// The CPU must have AVX-512, and all three be writable.
#[expect(unsafe_code)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx2,fma")]
unsafe fn join(c12: *mut f32, c21: *mut f32, c22: *mut f32, columns: usize) {
    for (half, mask) in masks(columns).into_iter().enumerate() {
        let [c12, c21, c22] = [c12, c21, c22].map(|c| c.wrapping_add(half * PANEL / 2));
        // SAFETY: the mask keeps to the columns.
        unsafe {
            let p5 = _mm512_maskz_loadu_ps(mask, c12);
            let u2 = _mm512_maskz_loadu_ps(mask, c21);
            let u3 = _mm512_maskz_loadu_ps(mask, c22);
            _mm512_mask_storeu_ps(c12, mask, _mm512_add_ps(u2, p5));
            _mm512_mask_storeu_ps(c21, mask, u3);
            _mm512_mask_storeu_ps(c22, mask, _mm512_add_ps(u3, p5));
        }
    }
}

/// Some pairs of rows.
struct Part<'a> {
    x: Rows<'a, f32>,
    /// S1 to S4 of each pair side by side, [pairs, 2·inputs].
    sums: Rows<'a, f32>,
    pairs: Range<usize>,
    finish: Finish<'a>,
}
