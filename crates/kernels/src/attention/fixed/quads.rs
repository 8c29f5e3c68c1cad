//! Values mixed in integers of 8 bits: weights in steps of 1/255 of the largest among 64 keys, so that
//! a query's many small weights count beside a large one of other keys; what those keys mix is
//! then added up in f32.
//!
//! Of those 64 keys, 16 are weighed in each byte of a vector's lanes: the four keys of a lane are a
//! quad.

use super::{HALF, Mixture, column_scales, group_values, halves, power, power_of_two};
use crate::attention::{Head, grow};
use crate::dense::avx512::masks;
use crate::dense::groups::{Group, PANEL, parts};
use crate::rows::{Buffer, Rows};
use crate::vector::larger;
use std::arch::x86_64::{
    __m512, __m512i, _mm512_cvtepi32_ps, _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_load_si512,
    _mm512_loadu_ps, _mm512_mask_mov_epi8, _mm512_mask_storeu_ps, _mm512_max_ps, _mm512_mul_ps,
    _mm512_reduce_add_ps, _mm512_reduce_max_ps, _mm512_set1_epi8, _mm512_set1_epi32,
    _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_slli_epi32, _mm512_storeu_ps,
    _mm512_storeu_si512, _mm512_sub_ps,
};
use std::ops::Range;

/// Keys of a block, whose weights are in steps of their own.
const KEYS: usize = 4 * HALF;
/// The largest weight.
const ONE: f32 = 255.0;
/// The largest value.
const REACH: u32 = 127;
/// Rows whose sums are in registers at once, in integers and in f32: 24 of the 32 vectors.
const ROWS: usize = 6;

/// The values of a head, and the weights of some of its queries.
#[derive(Default)]
pub(in crate::attention) struct Quads {
    /// [panel of columns][quad of keys][column]
    values: Vec<Group>,
    /// Of each column, and one by it.
    scales: Vec<f32>,
    steps: Vec<f32>,
    /// [queries, blocks · lanes], four weights each
    weights: Buffer<u32>,
    /// The largest score of each block of a query.
    tops: Vec<f32>,
    /// What a block's largest weight is beside the query's, [queries, blocks].
    factors: Buffer<f32>,
    /// By what a query's mixture is multiplied.
    shares: Vec<f32>,
}

/// Quads of so many keys: in a last block of less than a quarter, each key is one.
fn quads(keys: usize) -> usize {
    keys / KEYS * HALF + (keys % KEYS).min(HALF)
}

impl Mixture for Quads {
    const AT_ONCE: usize = KEYS;
    const LARGEST: bool = false;

    #[expect(unsafe_code)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
    unsafe fn lay_out(&mut self, value: Rows<'_, f32>) {
        let keys = value.rows();
        let Self { values, scales, steps, .. } = self;
        column_scales(value, REACH, scales, steps);
        let quad = |quad: usize| {
            let first = quad / HALF * KEYS + quad % HALF;
            // A missing key has the weight 0.
            [0, HALF, 2 * HALF, 3 * HALF]
                .map(|at| if first + at < keys { first + at } else { first })
        };
        group_values(value, steps, quads(keys), quad, |keys| bytes(keys), values);
    }

    #[expect(unsafe_code)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
    unsafe fn weigh(&mut self, scores: Rows<'_, f32>, scales: &[f32], _: &[__m512]) {
        let blocks = scores.columns() / KEYS;
        let mut weights = self.weights.reshape(scores.rows(), blocks * HALF);
        // Whole vectors of them.
        let whole = blocks.next_multiple_of(HALF);
        let mut factors = self.factors.reshape(scores.rows(), whole);
        grow(&mut self.shares, scores.rows());
        grow(&mut self.tops, whole);
        let tops = &mut self.tops[..whole];
        let steps = ONE.log2();
        let ones = _mm512_set1_epi8(1);
        for (row, &scale) in scales[..scores.rows()].iter().enumerate() {
            let factors = factors.row_mut(row);
            let scores = scores.row(row).as_chunks::<KEYS>().0;
            let mut largest = f32::NEG_INFINITY;
            for (scores, top) in scores.iter().zip(&mut *tops) {
                // SAFETY: a block is four vectors.
                let [a, b, c, d] = unsafe { four(scores) };
                let found = _mm512_max_ps(_mm512_max_ps(a, b), _mm512_max_ps(c, d));
                *top = _mm512_reduce_max_ps(found) * scale;
                largest = larger(*top, largest);
            }
            beside(tops, largest, factors);
            let (scale, mut sum) = (_mm512_set1_ps(scale), _mm512_setzero_ps());
            let blocks = scores.iter().zip(weights.row_mut(row).as_chunks_mut::<HALF>().0);
            for ((scores, weights), (top, &factor)) in blocks.zip(tops.iter().zip(&*factors)) {
                let one = _mm512_set1_ps(top - steps);
                // SAFETY: a block is four vectors, and its weights are one.
                let quads = unsafe {
                    let [a, b, c, d] = four(scores);
                    let (a, b) = (power(a, scale, one), power(b, scale, one));
                    let (c, d) = (power(c, scale, one), power(d, scale, one));
                    let quads = bytes([a, b, c, d]);
                    _mm512_storeu_si512(weights.as_mut_ptr().cast(), quads);
                    quads
                };
                let added = _mm512_dpbusd_epi32(_mm512_setzero_si512(), quads, ones);
                sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(added), _mm512_set1_ps(factor), sum);
            }
            self.shares[row] = 1.0 / _mm512_reduce_add_ps(sum);
        }
    }

    #[expect(unsafe_code)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
    unsafe fn mix(&self, head: &Head<'_>, queries: &Range<usize>) {
        let size = head.value.columns();
        let quads = quads(head.value.rows());
        for first in (0..size).step_by(PANEL) {
            let values = &self.values[first / PANEL * quads..][..quads];
            for (row, rows) in parts(queries.len(), ROWS) {
                let part = Part { values, columns: first..(first + PANEL).min(size), row };
                let y = head.y(queries.start + row).wrapping_add(first);
                // SAFETY: the caller's promise; each arm mixes as many queries as there are.
                unsafe {
                    match rows {
                        6 => self.few_rows::<6>(&part, y, head.y_stride),
                        5 => self.few_rows::<5>(&part, y, head.y_stride),
                        4 => self.few_rows::<4>(&part, y, head.y_stride),
                        3 => self.few_rows::<3>(&part, y, head.y_stride),
                        2 => self.few_rows::<2>(&part, y, head.y_stride),
                        _ => self.few_rows::<1>(&part, y, head.y_stride),
                    }
                }
            }
        }
    }
}

/// Some columns of the values, and the first of some queries that mix them.
struct Part<'a> {
    values: &'a [Group],
    columns: Range<usize>,
    row: usize,
}

impl Quads {
    /// # Safety
    /// As [`super::attend`]; y must have R rows of the part's columns.
    #[expect(unsafe_code)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
    unsafe fn few_rows<const R: usize>(&self, part: &Part<'_>, y: *mut f32, y_stride: usize) {
        let (weights, factors) = (self.weights.rows(), self.factors.rows());
        let first = weights.row(part.row).as_ptr();
        let mut starts = [0, 4].map(|row| first.wrapping_add(row * weights.stride()));
        let mut factor = factors.row(part.row).as_ptr();
        let mut mixed = [[_mm512_setzero_ps(); 2]; R];
        for quads in part.values.chunks(HALF) {
            let mut sums = [[_mm512_setzero_si512(); 2]; R];
            for group in quads {
                // SAFETY: a group is aligned and holds two vectors; each of the R queries has
                // weights for every quad.
                unsafe {
                    let low = _mm512_load_si512(group.0.as_ptr().cast());
                    let high = _mm512_load_si512(group.0.as_ptr().add(HALF).cast());
                    for (r, sums) in sums.iter_mut().enumerate() {
                        let weights = starts[r / 4].wrapping_add(r % 4 * weights.stride());
                        let weights = _mm512_set1_epi32(*weights as i32);
                        sums[0] = _mm512_dpbusd_epi32(sums[0], weights, low);
                        sums[1] = _mm512_dpbusd_epi32(sums[1], weights, high);
                    }
                }
                for start in &mut starts {
                    *start = start.wrapping_add(1);
                }
            }
            for (r, (mixed, sums)) in mixed.iter_mut().zip(sums).enumerate() {
                // SAFETY: each of the R queries has a factor for every block.
                let factor = unsafe { *factor.wrapping_add(r * factors.stride()) };
                for (mixed, sum) in mixed.iter_mut().zip(sums) {
                    let sum = _mm512_cvtepi32_ps(sum);
                    *mixed = _mm512_fmadd_ps(sum, _mm512_set1_ps(factor), *mixed);
                }
            }
            factor = factor.wrapping_add(1);
        }
        let masks = masks(part.columns.len());
        let first = part.columns.start;
        // SAFETY: a panel's scales are two vectors; the masks keep to the columns of y.
        unsafe {
            let scales = halves(&self.scales[first..first + PANEL]);
            for (r, mixed) in mixed.into_iter().enumerate() {
                let share = _mm512_set1_ps(self.shares[part.row + r]);
                for half in 0..2 {
                    let scale = _mm512_mul_ps(share, scales[half]);
                    let to = y.wrapping_add(r * y_stride + half * HALF);
                    _mm512_mask_storeu_ps(to, masks[half], _mm512_mul_ps(mixed[half], scale));
                }
            }
        }
    }
}

/// The low byte of each, the first lowest.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn bytes([a, b, c, d]: [__m512i; 4]) -> __m512i {
    let two = _mm512_mask_mov_epi8(a, 0x2222_2222_2222_2222, _mm512_slli_epi32::<8>(b));
    let three = _mm512_mask_mov_epi8(two, 0x4444_4444_4444_4444, _mm512_slli_epi32::<16>(c));
    _mm512_mask_mov_epi8(three, 0x8888_8888_8888_8888, _mm512_slli_epi32::<24>(d))
}

/// 2^(top − largest) of each block; what is past the last one is of no use.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
fn beside(tops: &[f32], largest: f32, factors: &mut [f32]) {
    let vectors = tops.as_chunks::<HALF>().0.iter().zip(factors.as_chunks_mut::<HALF>().0);
    for (tops, factors) in vectors {
        // SAFETY: a vector of each.
        #[expect(unsafe_code)]
        unsafe {
            let x = _mm512_sub_ps(_mm512_loadu_ps(tops.as_ptr()), _mm512_set1_ps(largest));
            _mm512_storeu_ps(factors.as_mut_ptr(), power_of_two(x));
        }
    }
}

/// The vectors of a block.
///
/// # Safety
/// The CPU must have AVX-512.
#[expect(unsafe_code)]
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn four(scores: &[f32; KEYS]) -> [__m512; 4] {
    let start = scores.as_ptr();
    // SAFETY: each vector lies in the block.
    unsafe {
        [
            _mm512_loadu_ps(start),
            _mm512_loadu_ps(start.add(HALF)),
            _mm512_loadu_ps(start.add(2 * HALF)),
            _mm512_loadu_ps(start.add(3 * HALF)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::{HALF, KEYS, quads};

    #[test]
    fn every_key_is_in_a_quad() {
        for keys in 1..300 {
            let of = |quad: usize| quad / HALF * KEYS + quad % HALF;
            let firsts = (0..quads(keys)).map(of);
            let each = firsts.flat_map(|key| [0, 16, 32, 48].map(|at| key + at));
            let mut all: Vec<_> = each.filter(|&key| key < keys).collect();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..keys), "{keys} keys");
            assert!(of(quads(keys) - 1) < keys);
        }
    }
}
