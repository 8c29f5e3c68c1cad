//! Values mixed in integers of 16 bits: weights in steps of 1/4096 of the query's largest, values as
//! fine as sums in 32 bits allow, for 512 keys 10 bits beside the sign.
//!
//! Of a panel of keys, the first half is weighed in the lower 16 bits of a vector's lanes and the
//! second in the upper ones: those two keys are a pair.

use super::{HALF, Mixture, column_scales, factors, group_values, halves, power};
use crate::attention::{Head, grow};
use crate::dense::avx512::masks;
use crate::dense::groups::{Group, PANEL};
use crate::dense::tiles::{Results, int16};
use crate::rows::{Buffer, Rows};
use std::arch::x86_64::{
    __m512, __m512i, _mm512_cvtepi32_ps, _mm512_dpwssd_epi32, _mm512_mask_mov_epi16,
    _mm512_mask_storeu_ps, _mm512_mul_ps, _mm512_reduce_add_epi32, _mm512_reduce_max_ps,
    _mm512_set1_epi16, _mm512_set1_ps, _mm512_setzero_si512, _mm512_slli_epi32,
    _mm512_storeu_si512,
};
use std::ops::Range;

/// The largest weight.
const ONE: u32 = 1 << SHIFT;
const SHIFT: u32 = 12;
/// Values of fewer steps than this are left to f32: those of more than 683 keys, over which the
/// rounding of the weights would add up to more than bf16's own.
const FEWEST: u32 = 767;

/// The values of a head, and the weights of some of its queries.
#[derive(Default)]
pub(in crate::attention) struct Pairs {
    /// [panel of columns][pair of keys][column]
    values: Vec<Group>,
    /// Of each column, and one by it.
    scales: Vec<f32>,
    steps: Vec<f32>,
    /// [queries, pairs of keys]
    weights: Buffer<u32>,
    /// By what a query's mixture is multiplied.
    shares: Vec<f32>,
}

/// The largest integer of values that can be mixed by the weights of so many keys.
fn value_reach(keys: usize) -> u32 {
    let weights = u64::from(ONE) * keys.max(1) as u64;
    (i32::MAX as u64 / weights).min(i16::MAX as u64) as u32
}

/// Pairs of so many keys: in a last panel of less than a half, each key is one.
fn pairs(keys: usize) -> usize {
    keys / PANEL * HALF + (keys % PANEL).min(HALF)
}

/// Whether values keep steps enough beside the weights of so many keys.
pub(in crate::attention) fn is_fine(keys: usize) -> bool {
    value_reach(keys) >= FEWEST
}

impl Mixture for Pairs {
    const AT_ONCE: usize = PANEL;
    const LARGEST: bool = true;

    #[expect(unsafe_code)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
    unsafe fn lay_out(&mut self, value: Rows<'_, f32>) {
        let keys = value.rows();
        let Self { values, scales, steps, .. } = self;
        column_scales(value, value_reach(keys), scales, steps);
        let pair = |pair: usize| {
            let first = pair / HALF * PANEL + pair % HALF;
            // A missing second key has the weight 0.
            [first, if first + HALF < keys { first + HALF } else { first }]
        };
        group_values(value, steps, pairs(keys), pair, |keys| words(keys), values);
    }

    #[expect(unsafe_code)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
    unsafe fn weigh(&mut self, scores: Rows<'_, f32>, scales: &[f32], largest: &[__m512]) {
        let mut weights = self.weights.reshape(scores.rows(), scores.columns() / 2);
        grow(&mut self.shares, scores.rows());
        let ones = _mm512_set1_epi16(1);
        for (row, &largest) in largest.iter().enumerate() {
            let scale = scales[row];
            let one = _mm512_set1_ps(_mm512_reduce_max_ps(largest) * scale - SHIFT as f32);
            let scale = _mm512_set1_ps(scale);
            let mut sum = _mm512_setzero_si512();
            let panels = scores.row(row).as_chunks::<PANEL>().0.iter();
            for (scores, weights) in panels.zip(weights.row_mut(row).as_chunks_mut::<HALF>().0) {
                // SAFETY: two vectors of scores, and one of pairs of weights.
                #[expect(unsafe_code)]
                unsafe {
                    let [first, second] = halves(scores);
                    let (first, second) = (power(first, scale, one), power(second, scale, one));
                    let pairs = words([first, second]);
                    sum = _mm512_dpwssd_epi32(sum, pairs, ones);
                    _mm512_storeu_si512(weights.as_mut_ptr().cast(), pairs);
                }
            }
            self.shares[row] = 1.0 / _mm512_reduce_add_epi32(sum) as f32;
        }
    }

    #[expect(unsafe_code)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
    unsafe fn mix(&self, head: &Head<'_>, queries: &Range<usize>) {
        let (size, pairs) = (head.value.columns(), pairs(head.value.rows()));
        let weights = factors(self.weights.rows());
        for panel in 0..size.div_ceil(PANEL) {
            let first = panel * PANEL;
            let masks = masks(size - first);
            let groups = &self.values[panel * pairs..][..pairs];
            let start = head.y(queries.start).wrapping_add(first);
            let y = Results { start, stride: head.y_stride };
            // SAFETY: the panel's scales are two vectors; the masks keep what is written to the
            // columns of y.
            unsafe {
                let scales = halves(&self.scales[first..first + PANEL]);
                int16::multiply(weights, groups, &[], y, |from, sums| {
                    for (row, sums) in (from..).zip(sums) {
                        let share = _mm512_set1_ps(self.shares[row]);
                        for half in 0..2 {
                            let scale = _mm512_mul_ps(share, scales[half]);
                            let mixed = _mm512_mul_ps(_mm512_cvtepi32_ps(sums[half]), scale);
                            let to = start.wrapping_add(row * head.y_stride + half * HALF);
                            _mm512_mask_storeu_ps(to, masks[half], mixed);
                        }
                    }
                });
            }
        }
    }
}

/// The low half of each, the first lower.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn words([first, second]: [__m512i; 2]) -> __m512i {
    _mm512_mask_mov_epi16(first, 0xaaaa_aaaa, _mm512_slli_epi32::<16>(second))
}

#[cfg(test)]
mod tests {
    use super::{ONE, PANEL, pairs, power, value_reach};
    use crate::level::Level;
    use std::arch::x86_64::{_mm256_extract_epi16, _mm512_cvtepi32_epi16, _mm512_set1_ps};

    /// The weight of a score beside `one` of 0.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
    fn of(score: f32) -> i32 {
        let weight = power(_mm512_set1_ps(score), _mm512_set1_ps(1.0), _mm512_set1_ps(0.0));
        _mm256_extract_epi16::<0>(_mm512_cvtepi32_epi16(weight))
    }

    #[test]
    fn weights_are_rounded_powers() {
        if !Level::Avx512Vnni.is_available() {
            return;
        }
        for i in -1000..=1200 {
            let x = i as f32 / 100.0;
            // SAFETY: the CPU has the level.
            #[expect(unsafe_code)]
            let found = unsafe { of(x) };
            let expected = f64::from(x).exp2();
            let off = (f64::from(found) - expected).abs();
            assert!(off < 0.5 + 5e-6 * expected && found <= ONE as i32, "2^{x} is {found}");
        }
        // SAFETY: as above.
        #[expect(unsafe_code)]
        let none = unsafe { of(f32::NEG_INFINITY) };
        assert_eq!(none, 0);
    }

    #[test]
    fn every_key_is_in_a_pair() {
        for keys in 1..200 {
            let of = |pair: usize| pair / 16 * PANEL + pair % 16;
            let firsts = (0..pairs(keys)).map(of);
            let mut all: Vec<_> = firsts.clone().chain(firsts.map(|key| key + 16)).collect();
            all.retain(|&key| key < keys);
            all.sort_unstable();
            assert!(all.into_iter().eq(0..keys), "{keys} keys");
            assert!(of(pairs(keys) - 1) < keys);
        }
    }

    #[test]
    fn sums_fit_31_bits() {
        for count in [1, 2, 63, 64, 128, 1000] {
            let reach = u64::from(value_reach(count));
            assert!(
                i32::try_from(reach * 4096 * count as u64).is_ok() && i16::try_from(reach).is_ok()
            );
        }
    }
}
