//! Attention in integers, at twice the rate of f32 where the CPU multiplies and adds those of 16
//! bits by twos, and at four times where those of 8 bits by fours.
//!
//! Every query, every key and every column of the values has a scale of its own.

mod pairs;
mod quads;
mod scores;
mod steps;

use super::{Head, grow};
use crate::dense::avx512::masks;
use crate::dense::groups::{Group, PANEL};
use crate::dense::tiles::Factors;
use crate::rows::Rows;
use crate::vector::ROUND;
use scores::Scores;
use std::arch::x86_64::{
    __m512, __m512i, _MM_FROUND_TO_NEG_INF, _MM_HINT_T0, _mm_prefetch, _mm512_abs_ps,
    _mm512_add_ps, _mm512_castps_si512, _mm512_fmadd_ps, _mm512_fmsub_ps, _mm512_loadu_ps,
    _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps, _mm512_max_ps, _mm512_reduce_ps,
    _mm512_scalef_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_store_si512,
};
use std::ops::Range;
use steps::Steps;

pub(super) use pairs::{Pairs, is_fine};
pub(super) use quads::Quads;
pub(super) use steps::{Int8, Int16};

/// Queries whose scores and weights are held at once.
const QUERIES: usize = 24;
/// Lanes of a vector.
const HALF: usize = PANEL / 2;
/// Rows that are asked for ahead of time.
const AHEAD: usize = 8;

/// What a head is computed in, kept from task to task.
#[derive(Default)]
pub(super) struct Scratch<S: Steps, M> {
    scores: Scores<S>,
    mixture: M,
}

/// The values of a head, and the weights of some of its queries.
pub(super) trait Mixture {
    /// Keys that are weighed at once.
    const AT_ONCE: usize;
    /// Whether weighing needs the largest scores.
    const LARGEST: bool;

    /// Takes the values of a head.
    ///
    /// # Safety
    /// As [`attend`].
    #[expect(unsafe_code)]
    unsafe fn lay_out(&mut self, value: Rows<'_, f32>);

    /// Takes the scores of some queries, yet to be multiplied by `scales`; of each query `largest`
    /// has the largest, lane by lane.
    ///
    /// # Safety
    /// As [`attend`].
    #[expect(unsafe_code)]
    unsafe fn weigh(&mut self, scores: Rows<'_, f32>, scales: &[f32], largest: &[__m512]);

    /// Writes what those queries mix.
    ///
    /// # Safety
    /// As [`attend`].
    #[expect(unsafe_code)]
    unsafe fn mix(&self, head: &Head<'_>, queries: &Range<usize>);
}

/// # Safety
/// The CPU must have AVX-512 with VNNI; y must have the head's rows and columns, and this task
/// alone may write them.
#[expect(unsafe_code)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
pub(super) unsafe fn attend<S: Steps, M: Mixture>(head: &Head<'_>, scratch: &mut Scratch<S, M>) {
    let Scratch { scores, mixture } = scratch;
    scores.lay_out_keys(head.key);
    // SAFETY: the caller's promise.
    unsafe { mixture.lay_out(head.value) };
    let all = head.query.rows();
    for start in (0..all).step_by(QUERIES) {
        let queries = start..(start + QUERIES).min(all);
        scores.lay_out_queries(head.query, &queries);
        let largest = scores.score::<M>(head, &queries);
        let (found, scales) = scores.found();
        // SAFETY: as above.
        unsafe {
            mixture.weigh(found, scales, &largest[..queries.len()]);
            mixture.mix(head, &queries);
        }
    }
}

/// x ≈ scale·q with |q| at most `reach`, column by column: the scales, and one by each.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
fn column_scales(value: Rows<'_, f32>, reach: u32, scales: &mut Vec<f32>, steps: &mut Vec<f32>) {
    let size = value.columns();
    grow(scales, size.next_multiple_of(PANEL));
    grow(steps, size.next_multiple_of(PANEL));
    for first in (0..size).step_by(COLUMNS) {
        let columns = first..(first + COLUMNS).min(size);
        largest_of(value.columns_of(columns.clone()), &mut scales[columns]);
    }
    let reach = reach as f32;
    for (scale, steps) in scales[..size].iter_mut().zip(steps) {
        *steps = if *scale > 0.0 { reach / *scale } else { 0.0 };
        *scale /= reach;
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

/// The values of a head in steps, `groups` times N keys whose lanes `join` makes one: [panel of
/// columns][group][column].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
fn group_values<const N: usize>(
    value: Rows<'_, f32>,
    steps: &[f32],
    groups: usize,
    keys: impl Fn(usize) -> [usize; N],
    join: impl Fn([__m512i; N]) -> __m512i,
    panels: &mut Vec<Group>,
) {
    let size = value.columns();
    grow(panels, size.div_ceil(PANEL) * groups);
    for at in 0..groups {
        let rows = keys(at).map(|key| value.row(key));
        for (first, steps) in (0..size).step_by(PANEL).zip(steps.chunks_exact(PANEL)) {
            let group = &mut panels[first / PANEL * groups + at].0;
            let [low, high] = masks(size - first);
            for (half, mask) in [(0, low), (HALF, high)] {
                // SAFETY: the mask keeps to the columns; a panel's steps and a group are two
                // vectors.
                #[expect(unsafe_code)]
                unsafe {
                    let steps = _mm512_loadu_ps(steps.as_ptr().wrapping_add(half));
                    let integers = rows.map(|row| {
                        let x = row.as_ptr().wrapping_add(first + half);
                        nearest(_mm512_maskz_loadu_ps(mask, x), steps)
                    });
                    let to = group.as_mut_ptr().wrapping_add(half);
                    _mm512_store_si512(to.cast(), join(integers));
                }
            }
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

/// The nearest integer to x·steps, in the low bits.
#[inline]
#[target_feature(enable = "avx512f")]
fn nearest(x: __m512, steps: __m512) -> __m512i {
    _mm512_castps_si512(_mm512_fmadd_ps(x, steps, _mm512_set1_ps(ROUND)))
}

/// 2^(scale·score − one), rounded, in the low 16 bits, if below 2¹⁶: at most 3e-6 of it and a half
/// off.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
fn power(score: __m512, scale: __m512, one: __m512) -> __m512i {
    let power = power_of_two(_mm512_fmsub_ps(score, scale, one));
    _mm512_castps_si512(_mm512_add_ps(power, _mm512_set1_ps(ROUND)))
}

/// 2ˣ to 3e-6 relative, of −∞ 0: the part above the next lower integer by the polynomial of degree 4
/// with the least relative error, the integer by the exponent.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
fn power_of_two(x: __m512) -> __m512 {
    const SERIES: [f32; 4] = [0.051_998_407, 0.241_450_16, 0.693_002_7, 1.000_002_6];
    let part = _mm512_reduce_ps::<_MM_FROUND_TO_NEG_INF>(x);
    let mut series = _mm512_set1_ps(0.013_541_007);
    for factor in SERIES {
        series = _mm512_fmadd_ps(part, series, _mm512_set1_ps(factor));
    }
    _mm512_scalef_ps(series, x)
}
