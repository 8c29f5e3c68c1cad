//! Attention in integers of 16 bits, at twice the rate of f32 where the CPU multiplies and adds
//! them by twos.
//!
//! Every query, every key and every column of the values has a scale of its own; weights come in
//! steps of 1/4096 of the largest. Steps are as fine as sums in 32 bits allow: for 64 columns and
//! 512 keys, queries and keys have 12 bits and values 10, besides the sign.

use super::{Head, grow};
use crate::dense::avx512::masks;
use crate::dense::groups::{Group, PANEL, two};
use crate::dense::tiles::{Factors, int16};
use crate::rows::{Buffer, Rows};
use crate::vector::{fold, larger};
use std::arch::x86_64::{
    __m512, _MM_HINT_T0, _mm_prefetch, _mm512_cvtepi32_ps, _mm512_loadu_ps, _mm512_mask_storeu_ps,
    _mm512_mul_ps, _mm512_set1_ps, _mm512_storeu_ps,
};
use std::ops::Range;

/// Queries whose scores and weights are held at once.
const QUERIES: usize = 24;
/// Rows that are asked for ahead of time.
const AHEAD: usize = 8;
/// The largest weight.
const ONE: u32 = 1 << SHIFT;
const SHIFT: u32 = 12;
/// Values of fewer steps than this are left to f32: those of more than 683 keys, over which the
/// rounding of the weights would add up to more than bf16's own.
const FEWEST: u32 = 767;
/// 1.5·2²³: adding it rounds to an integer, which then sits in the low bits.
const ROUND: f32 = 12_582_912.0;

/// What a head is computed in, kept from task to task.
#[derive(Default)]
pub(super) struct Scratch {
    /// [panel of keys][pair of columns][key]
    keys: Vec<Group>,
    /// Of each key.
    key_scales: Vec<f32>,
    /// [panel of columns][pair of keys][column]
    values: Vec<Group>,
    /// Of each column, and one by it.
    value_scales: Vec<f32>,
    value_steps: Vec<f32>,
    /// One key or a pair of values before it is laid out.
    row: Vec<u16>,
    /// [queries, columns]
    queries: Buffer<u16>,
    query_scales: Vec<f32>,
    /// [queries, keys], to the base 2.
    scores: Buffer<f32>,
    /// [queries, keys]
    weights: Buffer<u16>,
    /// By what a query's mixture is multiplied.
    shares: Vec<f32>,
}

/// The largest integer of which `count` squares fit 31 bits, and the integer itself 16.
fn reach(count: usize) -> u32 {
    let most = i32::MAX as u32 / count.max(1) as u32;
    most.isqrt().min(i16::MAX as u32)
}

/// The largest integer of values that can be mixed by the weights of so many keys.
fn value_reach(keys: usize) -> u32 {
    let weights = u64::from(ONE) * keys.max(1) as u64;
    (i32::MAX as u64 / weights).min(i16::MAX as u64) as u32
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
pub(super) unsafe fn attend(head: &Head<'_>, scratch: &mut Scratch) {
    lay_out_keys(head.key, scratch);
    lay_out_values(head.value, scratch);
    let all = head.query.rows();
    for start in (0..all).step_by(QUERIES) {
        let queries = start..(start + QUERIES).min(all);
        lay_out_queries(head.query.slice(queries.clone()), scratch);
        score(head, scratch);
        weigh(head, &queries, scratch);
        // SAFETY: the caller's promise of y.
        unsafe { mix(head, &queries, scratch) };
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
fn lay_out_keys(key: Rows<'_, f32>, scratch: &mut Scratch) {
    let (keys, size) = (key.rows(), key.columns());
    let pairs = size.div_ceil(2);
    let Scratch { keys: panels, key_scales, row, .. } = scratch;
    grow(panels, keys.div_ceil(PANEL) * pairs);
    grow(key_scales, keys.next_multiple_of(PANEL));
    grow(row, 2 * pairs);
    let row = &mut row[..2 * pairs];
    row.fill(0);
    for (at, scale) in key_scales[..keys].iter_mut().enumerate() {
        fetch(key, at + AHEAD);
        *scale = to_integers(key.row(at), reach(2 * pairs), row);
        let panel = &mut panels[at / PANEL * pairs..][..pairs];
        for (group, pair) in panel.iter_mut().zip(row.as_chunks::<2>().0) {
            group.0[at % PANEL] = two(pair);
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
fn lay_out_values(value: Rows<'_, f32>, scratch: &mut Scratch) {
    let (keys, size) = (value.rows(), value.columns());
    let pairs = keys.div_ceil(2);
    let Scratch { values: panels, value_scales, value_steps, .. } = scratch;
    grow(panels, size.div_ceil(PANEL) * pairs);
    grow(value_scales, size.next_multiple_of(PANEL));
    grow(value_steps, size);
    let largest = &mut value_scales[..size];
    largest.fill(0.0);
    for key in 0..keys {
        fetch(value, key + AHEAD);
        for (largest, &x) in largest.iter_mut().zip(value.row(key)) {
            *largest = larger(*largest, x.abs());
        }
    }
    let most = value_reach(keys) as f32;
    for (scale, steps) in value_scales[..size].iter_mut().zip(value_steps.iter_mut()) {
        *steps = if *scale > 0.0 { most / *scale } else { 0.0 };
        *scale /= most;
    }
    for pair in 0..pairs {
        let first = value.row(2 * pair);
        // A missing second key has the weight 0.
        let second = if 2 * pair + 1 < keys { value.row(2 * pair + 1) } else { first };
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

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
fn lay_out_queries(query: Rows<'_, f32>, scratch: &mut Scratch) {
    let (rows, columns) = (query.rows(), query.columns().next_multiple_of(2));
    grow(&mut scratch.query_scales, rows);
    let mut queries = scratch.queries.reshape(rows, columns);
    for (at, scale) in scratch.query_scales[..rows].iter_mut().enumerate() {
        let row = queries.row_mut(at);
        *scale = to_integers(query.row(at), reach(columns), row) * std::f32::consts::LOG2_E;
        row[query.columns()..].fill(0);
    }
}

/// Queries times keys, to the base 2; columns past the last key are anything.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
fn score(head: &Head<'_>, scratch: &mut Scratch) {
    let (keys, pairs) = (head.key.rows(), head.key.columns().div_ceil(2));
    let queries = scratch.queries.rows();
    let mut scores = scratch.scores.reshape(queries.rows(), keys.next_multiple_of(PANEL));
    let (start, stride) = (scores.as_mut_ptr(), scores.stride());
    let panels = scratch.keys.chunks_exact(pairs).zip(scratch.key_scales.chunks_exact(PANEL));
    for (panel, (groups, scales)) in panels.take(keys.div_ceil(PANEL)).enumerate() {
        // SAFETY: the panel's scales are two vectors; the rows of scores have its columns.
        #[expect(unsafe_code)]
        unsafe {
            let scales = halves(scales);
            int16::multiply(factors(queries), groups, &[], |first, sums| {
                for (row, sums) in (first..).zip(sums) {
                    let scale = _mm512_set1_ps(scratch.query_scales[row]);
                    for half in 0..2 {
                        let scale = _mm512_mul_ps(scale, scales[half]);
                        let to = start.add(row * stride + panel * PANEL + half * 16);
                        _mm512_storeu_ps(to, _mm512_mul_ps(_mm512_cvtepi32_ps(sums[half]), scale));
                    }
                }
            });
        }
    }
}

/// Scores → weights, and the share of each query by what its own are added up to.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
fn weigh(head: &Head<'_>, queries: &Range<usize>, scratch: &mut Scratch) {
    let keys = head.key.rows();
    let mut weights = scratch.weights.reshape(queries.len(), keys.next_multiple_of(2));
    let mut scores = scratch.scores.rows_mut();
    grow(&mut scratch.shares, queries.len());
    for (row, share) in scratch.shares[..queries.len()].iter_mut().enumerate() {
        let scores = &mut scores.row_mut(row)[..keys];
        if let Some(bias) = head.bias {
            let bias = bias.of(head.index, queries.start + row, keys);
            for (score, &bias) in scores.iter_mut().zip(bias) {
                *score += bias * std::f32::consts::LOG2_E;
            }
        }
        let weights = weights.row_mut(row);
        let sum = exponentiate(scores, &mut weights[..keys]);
        weights[keys..].fill(0);
        *share = 1.0 / sum as f32;
    }
}

/// # Safety
/// As [`attend`].
#[expect(unsafe_code)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
unsafe fn mix(head: &Head<'_>, queries: &Range<usize>, scratch: &Scratch) {
    let (size, pairs) = (head.value.columns(), head.value.rows().div_ceil(2));
    let weights = scratch.weights.rows();
    for panel in 0..size.div_ceil(PANEL) {
        let first = panel * PANEL;
        let masks = masks(size - first);
        let groups = &scratch.values[panel * pairs..][..pairs];
        // SAFETY: the panel's scales are two vectors; the masks keep what is written to the
        // columns of y.
        unsafe {
            let scales = halves(&scratch.value_scales[first..first + PANEL]);
            int16::multiply(factors(weights), groups, &[], |from, sums| {
                for (row, sums) in (from..).zip(sums) {
                    let share = _mm512_set1_ps(scratch.shares[row]);
                    for half in 0..2 {
                        let scale = _mm512_mul_ps(share, scales[half]);
                        let mixed = _mm512_mul_ps(_mm512_cvtepi32_ps(sums[half]), scale);
                        let to = head.y(queries.start + row).wrapping_add(first + half * 16);
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
/// `scales` must hold 32.
#[expect(unsafe_code)]
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn halves(scales: &[f32]) -> [__m512; 2] {
    // SAFETY: the caller's promise.
    unsafe { [_mm512_loadu_ps(scales.as_ptr()), _mm512_loadu_ps(scales.as_ptr().add(16))] }
}

fn factors(rows: Rows<'_, u16>) -> Factors {
    let stride = rows.stride() * size_of::<u16>();
    Factors { start: rows.as_ptr().cast(), stride, rows: rows.rows() }
}

/// x ≈ scale·q with |q| at most `reach`; returns the scale.
#[inline(always)]
fn to_integers(x: &[f32], reach: u32, q: &mut [u16]) -> f32 {
    let largest = fold(x, 0.0, f32::abs, larger);
    let steps = if largest > 0.0 { reach as f32 / largest } else { 0.0 };
    for (q, &x) in q.iter_mut().zip(x) {
        *q = nearest(x * steps) as u16;
    }
    largest / reach as f32
}

/// The nearest integer in the low 16 bits.
#[inline(always)]
fn nearest(x: f32) -> u32 {
    (x + ROUND).to_bits()
}

/// weights ← [`ONE`]·2^(score − the largest), rounded; returns their sum.
#[inline(always)]
fn exponentiate(scores: &[f32], weights: &mut [u16]) -> u32 {
    /// From here on weights are 0.
    const LOWEST: f32 = -4.0;
    let largest = fold(scores, f32::NEG_INFINITY, |x: f32| x, larger);
    let one = largest - SHIFT as f32;
    let mut sum = 0_u32;
    for (weight, &score) in weights.iter_mut().zip(scores) {
        let rounded = nearest(exp2(larger(score - one, LOWEST))) & 0xffff;
        sum = sum.wrapping_add(rounded);
        *weight = rounded as u16;
    }
    sum
}

/// 2ˣ to 5e-6 relative, for x in −4 to 12: the whole part by the exponent, the rest, at most a
/// half, by the polynomial of degree 4 with the least relative error (2.9e-6) that is 1 at 0.
#[inline(always)]
fn exp2(x: f32) -> f32 {
    let shifted = x + ROUND;
    let rest = x - (shifted - ROUND);
    let series = rest.mul_add(0.009_582_854, 0.055_906_426);
    let series = rest.mul_add(series, 0.240_240_99);
    let series = rest.mul_add(rest.mul_add(series, 0.693_124_2), 1.0);
    f32::from_bits(series.to_bits().wrapping_add(shifted.to_bits() << 23))
}

#[cfg(test)]
mod tests {
    use super::{exp2, reach, value_reach};

    #[test]
    fn exp2_is_exact_enough() {
        for i in -400..=1200 {
            let x = i as f32 / 100.0;
            let expected = f64::from(x).exp2();
            let off = (f64::from(exp2(x)) - expected).abs() / expected;
            assert!(off < 5e-6, "2^{x} off by {off}");
        }
    }

    #[test]
    fn sums_fit_31_bits() {
        for count in [1, 2, 63, 64, 128, 1000] {
            let reach = u64::from(reach(count));
            assert!(
                i32::try_from(reach * reach * count as u64).is_ok() && i16::try_from(reach).is_ok()
            );
            let reach = u64::from(value_reach(count));
            assert!(
                i32::try_from(reach * 4096 * count as u64).is_ok() && i16::try_from(reach).is_ok()
            );
        }
    }
}
