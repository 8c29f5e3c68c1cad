//! Attention in integers, at twice the rate of f32 where the CPU multiplies and adds those of 16
//! bits by twos, and the scores at four times where those of 8 bits do.
//!
//! Every query, every key and every column of the values has a scale of its own; weights come in
//! steps of 1/4096 of the largest. Values are as fine as sums in 32 bits allow: for 512 keys 10
//! bits, besides the sign. What all keys have in common adds the same to all scores of a query and
//! is taken from them first, as is known from `SageAttention` (Zhang et al., 2024): it would cost
//! steps.

use super::steps::{Steps, to_integers};
use super::{Head, grow};
use crate::dense::avx512::masks;
use crate::dense::groups::{Group, PANEL};
use crate::dense::tiles::{Factors, Results, int16};
use crate::rows::{Buffer, Rows};
use std::arch::x86_64::{
    __m512, __m512i, _MM_HINT_T0, _mm_prefetch, _mm512_abs_ps, _mm512_add_ps, _mm512_castps_si512,
    _mm512_castsi512_ps, _mm512_cvtepi32_ps, _mm512_dpwssd_epi32, _mm512_fmadd_ps, _mm512_fmsub_ps,
    _mm512_loadu_ps, _mm512_mask_mov_epi16, _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps,
    _mm512_max_ps, _mm512_mul_ps, _mm512_reduce_add_epi32, _mm512_reduce_max_ps, _mm512_set1_epi16,
    _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_slli_epi32, _mm512_storeu_ps,
    _mm512_storeu_si512, _mm512_sub_ps,
};
use std::ops::Range;

/// Queries whose scores and weights are held at once.
const QUERIES: usize = 24;
/// Lanes of a vector. Of a panel of keys, the first half is weighed in the lower 16 bits of a
/// vector's lanes and the second in the upper ones: those two keys are a pair.
const HALF: usize = PANEL / 2;
/// Rows that are asked for ahead of time.
const AHEAD: usize = 8;
/// The largest weight.
const ONE: u32 = 1 << SHIFT;
const SHIFT: u32 = 12;
/// Values of fewer steps than this are left to f32: those of more than 683 keys, over which the
/// rounding of the weights would add up to more than bf16's own.
const FEWEST: u32 = 767;
/// 1.5·2²³: adding it rounds to an integer, which then sits in the low bits.
pub(super) const ROUND: f32 = 12_582_912.0;

/// What a head is computed in, kept from task to task.
#[derive(Default)]
pub(super) struct Scratch<S: Steps> {
    /// [panel of keys][group of columns][key]
    keys: Vec<Group>,
    /// Of each key, 0 past the last.
    key_scales: Vec<f32>,
    /// What is added to each key's scores: for what was added to queries, −∞ past the last key.
    key_shifts: Vec<f32>,
    /// What all keys have in common, and one key without it.
    common: Vec<f32>,
    apart: Vec<f32>,
    /// [panel of columns][pair of keys][column]
    values: Vec<Group>,
    /// Of each column, and one by it.
    value_scales: Vec<f32>,
    value_steps: Vec<f32>,
    /// One key before it is laid out.
    row: Vec<S::Integer>,
    /// [queries, columns]
    queries: Buffer<S::Integer>,
    query_scales: Vec<f32>,
    /// [queries, keys], to be multiplied by the query's scale; −∞ past the last key.
    scores: Buffer<f32>,
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
pub(super) fn is_fine(keys: usize) -> bool {
    value_reach(keys) >= FEWEST
}

/// # Safety
/// The CPU must have AVX-512 with VNNI; y must have the head's rows and columns, and this task
/// alone may write them.
#[expect(unsafe_code)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
pub(super) unsafe fn attend<S: Steps>(head: &Head<'_>, scratch: &mut Scratch<S>) {
    lay_out_keys(head.key, scratch);
    lay_out_values(head.value, scratch);
    let all = head.query.rows();
    for start in (0..all).step_by(QUERIES) {
        let queries = start..(start + QUERIES).min(all);
        lay_out_queries(head.query, &queries, scratch);
        let largest = score(head, &queries, scratch);
        weigh(&largest[..queries.len()], scratch);
        // SAFETY: the caller's promise of y.
        unsafe { mix(head, &queries, scratch) };
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
fn lay_out_keys<S: Steps>(key: Rows<'_, f32>, scratch: &mut Scratch<S>) {
    let (keys, size) = (key.rows(), key.columns());
    let groups = size.div_ceil(S::EACH);
    let Scratch { keys: panels, key_scales, key_shifts, common, apart, row, .. } = scratch;
    let whole = keys.next_multiple_of(PANEL);
    grow(panels, whole / PANEL * groups);
    grow(key_scales, whole);
    grow(key_shifts, whole);
    grow(row, S::EACH * groups);
    grow(apart, size);
    let (row, apart) = (&mut row[..S::EACH * groups], &mut apart[..size]);
    let reach = S::reach(row.len());
    row.fill(S::Integer::default());
    let common = in_common(key, common);
    for at in 0..keys {
        for ((apart, &key), &common) in apart.iter_mut().zip(key.row(at)).zip(common) {
            *apart = key - common;
        }
        let scale = to_integers::<S>(apart, 0, reach, row);
        key_scales[at] = scale;
        key_shifts[at] = -f32::from(S::ABOVE) * S::sum(row) as f32 * scale;
        let panel = &mut panels[at / PANEL * groups..][..groups];
        for (group, of) in panel.iter_mut().zip(row.chunks_exact(S::EACH)) {
            group.0[at % PANEL] = S::group(of);
        }
    }
    key_scales[keys..whole].fill(0.0);
    key_shifts[keys..whole].fill(f32::NEG_INFINITY);
}

/// The mean of the rows.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
fn in_common<'a>(key: Rows<'_, f32>, mean: &'a mut Vec<f32>) -> &'a [f32] {
    grow(mean, key.columns());
    let mean = &mut mean[..key.columns()];
    mean.fill(0.0);
    for at in 0..key.rows() {
        fetch(key, at + AHEAD);
        mean.iter_mut().zip(key.row(at)).for_each(|(mean, key)| *mean += key);
    }
    let share = 1.0 / key.rows() as f32;
    mean.iter_mut().for_each(|mean| *mean *= share);
    mean
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
fn lay_out_values<S: Steps>(value: Rows<'_, f32>, scratch: &mut Scratch<S>) {
    let (keys, size) = (value.rows(), value.columns());
    let pairs = pairs(keys);
    let Scratch { values: panels, value_scales, value_steps, .. } = scratch;
    grow(panels, size.div_ceil(PANEL) * pairs);
    grow(value_scales, size.next_multiple_of(PANEL));
    grow(value_steps, size);
    for first in (0..size).step_by(COLUMNS) {
        let columns = first..(first + COLUMNS).min(size);
        largest_of(value.columns_of(columns.clone()), &mut value_scales[columns]);
    }
    let most = value_reach(keys) as f32;
    for (scale, steps) in value_scales[..size].iter_mut().zip(value_steps.iter_mut()) {
        *steps = if *scale > 0.0 { most / *scale } else { 0.0 };
        *scale /= most;
    }
    for pair in 0..pairs {
        let key = pair / HALF * PANEL + pair % HALF;
        let first = value.row(key);
        // A missing second key has the weight 0.
        let second = if key + HALF < keys { value.row(key + HALF) } else { first };
        let columns = first.chunks(PANEL).zip(second.chunks(PANEL));
        for (panel, (first, second)) in columns.enumerate() {
            let group = &mut panels[panel * pairs + pair].0;
            let steps = &value_steps[panel * PANEL..];
            for (((to, &a), &b), &steps) in group.iter_mut().zip(first).zip(second).zip(steps) {
                *to = nearest(a * steps) & 0xffff | nearest(b * steps) << 16;
            }
        }
    }
}

/// Columns whose largest values are found at once.
const COLUMNS: usize = 64;

/// The largest absolute value of each of at most [`COLUMNS`] columns.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
fn largest_of(value: Rows<'_, f32>, largest: &mut [f32]) {
    let masks: [_; COLUMNS / HALF] =
        std::array::from_fn(|i| masks(value.columns().saturating_sub(i * HALF))[0]);
    let mut found = [_mm512_setzero_ps(); COLUMNS / HALF];
    for key in 0..value.rows() {
        fetch(value, key + AHEAD);
        let row = value.row(key).as_ptr();
        for (i, (found, &mask)) in found.iter_mut().zip(&masks).enumerate() {
            // SAFETY: the mask keeps to the columns.
            #[expect(unsafe_code)]
            let x = unsafe { _mm512_maskz_loadu_ps(mask, row.wrapping_add(i * HALF)) };
            *found = _mm512_max_ps(*found, _mm512_abs_ps(x));
        }
    }
    for (i, (found, mask)) in found.into_iter().zip(masks).enumerate() {
        // SAFETY: as above; a value is found for every column.
        #[expect(unsafe_code)]
        unsafe {
            _mm512_mask_storeu_ps(largest.as_mut_ptr().wrapping_add(i * HALF), mask, found);
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
fn lay_out_queries<S: Steps>(
    query: Rows<'_, f32>,
    queries: &Range<usize>,
    scratch: &mut Scratch<S>,
) {
    let (rows, columns) = (queries.len(), query.columns().next_multiple_of(S::EACH));
    grow(&mut scratch.query_scales, rows);
    let (mut integers, reach) = (scratch.queries.reshape(rows, columns), S::reach(columns));
    for (at, scale) in scratch.query_scales[..rows].iter_mut().enumerate() {
        fetch(query, queries.start + at + AHEAD);
        let row = integers.row_mut(at);
        let found = to_integers::<S>(query.row(queries.start + at), S::ABOVE, reach, row);
        *scale = found * std::f32::consts::LOG2_E;
        // Keys have 0 there.
        row[query.columns()..].fill(S::Integer::default());
    }
}

/// Queries times keys; gives the largest scores of each query, lane by lane. With the bias scores
/// are to the base 2, and the queries' scales become 1.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
fn score<S: Steps>(
    head: &Head<'_>,
    queries: &Range<usize>,
    scratch: &mut Scratch<S>,
) -> [__m512; QUERIES] {
    let (keys, groups) = (head.key.rows(), head.key.columns().div_ceil(S::EACH));
    let factors = factors(scratch.queries.rows());
    let whole = keys.next_multiple_of(PANEL);
    let mut scores = scratch.scores.reshape(queries.len(), whole);
    let (start, stride) = (scores.as_mut_ptr(), scores.stride());
    let mut largest = [_mm512_set1_ps(f32::NEG_INFINITY); QUERIES];
    for (panel, groups) in scratch.keys.chunks_exact(groups).take(whole / PANEL).enumerate() {
        let from = panel * PANEL;
        let y = Results { start: start.wrapping_add(from), stride };
        // SAFETY: the panel's scales and shifts are two vectors; the rows of scores have its
        // columns; the masks keep to the keys, of which each has a bias.
        #[expect(unsafe_code)]
        unsafe {
            let scales = halves(&scratch.key_scales[from..from + PANEL]);
            let shifts = halves(&scratch.key_shifts[from..from + PANEL]);
            S::multiply(factors, groups, y, |first, sums| {
                for (row, sums) in (first..).zip(sums) {
                    for half in 0..2 {
                        let sum = _mm512_cvtepi32_ps(sums[half]);
                        let mut score = _mm512_fmadd_ps(sum, scales[half], shifts[half]);
                        if let Some(bias) = head.bias {
                            let masks = masks(keys - from);
                            let bias = bias.of(head.index, queries.start + row, keys);
                            let bias = bias.as_ptr().wrapping_add(from + half * HALF);
                            let bias = _mm512_maskz_loadu_ps(masks[half], bias);
                            let bias =
                                _mm512_mul_ps(bias, _mm512_set1_ps(std::f32::consts::LOG2_E));
                            let scale = _mm512_set1_ps(scratch.query_scales[row]);
                            score = _mm512_fmadd_ps(score, scale, bias);
                        }
                        largest[row] = _mm512_max_ps(largest[row], score);
                        _mm512_storeu_ps(start.add(row * stride + from + half * HALF), score);
                    }
                }
            });
        }
    }
    if head.bias.is_some() {
        scratch.query_scales[..queries.len()].fill(1.0);
    }
    largest
}

/// Scores → weights, and the share of each query by what its own are added up to.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
fn weigh<S: Steps>(largest: &[__m512], scratch: &mut Scratch<S>) {
    let scores = scratch.scores.rows();
    let mut weights = scratch.weights.reshape(scores.rows(), scores.columns() / 2);
    grow(&mut scratch.shares, scores.rows());
    let ones = _mm512_set1_epi16(1);
    for (row, &largest) in largest.iter().enumerate() {
        let scale = scratch.query_scales[row];
        let one = _mm512_set1_ps(_mm512_reduce_max_ps(largest) * scale - SHIFT as f32);
        let scale = _mm512_set1_ps(scale);
        let mut sum = _mm512_setzero_si512();
        let panels = scores.row(row).as_chunks::<PANEL>().0.iter();
        for (scores, weights) in panels.zip(weights.row_mut(row).as_chunks_mut::<HALF>().0) {
            // SAFETY: two vectors of scores, and one of pairs of weights.
            #[expect(unsafe_code)]
            unsafe {
                let [first, second] = halves(scores);
                let (first, second) = (weight(first, scale, one), weight(second, scale, one));
                let second = _mm512_slli_epi32::<16>(second);
                let pairs = _mm512_mask_mov_epi16(first, 0xaaaa_aaaa, second);
                sum = _mm512_dpwssd_epi32(sum, pairs, ones);
                _mm512_storeu_si512(weights.as_mut_ptr().cast(), pairs);
            }
        }
        scratch.shares[row] = 1.0 / _mm512_reduce_add_epi32(sum) as f32;
    }
}

/// # Safety
/// As [`attend`].
#[expect(unsafe_code)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
unsafe fn mix<S: Steps>(head: &Head<'_>, queries: &Range<usize>, scratch: &Scratch<S>) {
    let (size, pairs) = (head.value.columns(), pairs(head.value.rows()));
    let weights = factors(scratch.weights.rows());
    for panel in 0..size.div_ceil(PANEL) {
        let first = panel * PANEL;
        let masks = masks(size - first);
        let groups = &scratch.values[panel * pairs..][..pairs];
        let start = head.y(queries.start).wrapping_add(first);
        let y = Results { start, stride: head.y_stride };
        // SAFETY: the panel's scales are two vectors; the masks keep what is written to the
        // columns of y.
        unsafe {
            let scales = halves(&scratch.value_scales[first..first + PANEL]);
            int16::multiply(weights, groups, &[], y, |from, sums| {
                for (row, sums) in (from..).zip(sums) {
                    let share = _mm512_set1_ps(scratch.shares[row]);
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

/// Asks for a row that is read soon: rows lie pages apart, where the CPU foresees nothing.
#[inline]
#[target_feature(enable = "avx512f")]
fn fetch(rows: Rows<'_, f32>, row: usize) {
    if row < rows.rows() {
        for line in rows.row(row).chunks(16) {
            _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast());
        }
    }
}

/// Two vectors of 16.
///
/// # Safety
/// `values` must hold 32.
#[expect(unsafe_code)]
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn halves(values: &[f32]) -> [__m512; 2] {
    // SAFETY: the caller's promise.
    unsafe { [_mm512_loadu_ps(values.as_ptr()), _mm512_loadu_ps(values.as_ptr().add(HALF))] }
}

fn factors<T: Copy>(rows: Rows<'_, T>) -> Factors {
    let stride = rows.stride() * size_of::<T>();
    Factors { start: rows.as_ptr().cast(), stride, rows: rows.rows() }
}

/// The nearest integer in the low 16 bits.
#[inline(always)]
fn nearest(x: f32) -> u32 {
    (x + ROUND).to_bits()
}

/// 2^(scale·score − one), rounded, in the low 16 bits: at most [`ONE`], as `one` is that much below the
/// largest score. The power is to 5e-6 relative: its whole part by the exponent, the rest, at most
/// a half, by the polynomial of degree 4 with the least relative error (2.9e-6) that is 1 at 0.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
fn weight(score: __m512, scale: __m512, one: __m512) -> __m512i {
    /// From here on weights are 0.
    const LOWEST: f32 = -4.0;
    /// Adding it leaves the whole part, as a float's exponent, in the low bits.
    const EXPONENT: f32 = ROUND + 127.0;
    const SERIES: [f32; 4] = [0.055_906_426, 0.240_240_99, 0.693_124_2, 1.0];
    let x = _mm512_max_ps(_mm512_fmsub_ps(score, scale, one), _mm512_set1_ps(LOWEST));
    let shifted = _mm512_add_ps(x, _mm512_set1_ps(EXPONENT));
    let rest = _mm512_sub_ps(x, _mm512_sub_ps(shifted, _mm512_set1_ps(EXPONENT)));
    let mut series = _mm512_set1_ps(0.009_582_854);
    for factor in SERIES {
        series = _mm512_fmadd_ps(rest, series, _mm512_set1_ps(factor));
    }
    let whole = _mm512_castsi512_ps(_mm512_slli_epi32::<23>(_mm512_castps_si512(shifted)));
    _mm512_castps_si512(_mm512_fmadd_ps(series, whole, _mm512_set1_ps(ROUND)))
}

#[cfg(test)]
mod tests {
    use super::{ONE, PANEL, pairs, value_reach, weight};
    use crate::level::Level;
    use std::arch::x86_64::{_mm256_extract_epi16, _mm512_cvtepi32_epi16, _mm512_set1_ps};

    /// The weight of a score beside `one` of 0.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
    fn of(score: f32) -> i32 {
        let weight = weight(_mm512_set1_ps(score), _mm512_set1_ps(1.0), _mm512_set1_ps(0.0));
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
