//! Queries times keys.

use super::steps::{Steps, to_integers};
use super::{AHEAD, HALF, Mixture, QUERIES, factors, fetch, halves};
use crate::attention::{Head, grow};
use crate::dense::avx512::masks;
use crate::dense::groups::{Group, PANEL};
use crate::dense::tiles::Results;
use crate::rows::{Buffer, Rows};
use crate::transpose::{SIDE, transpose};
use std::arch::x86_64::{
    __m512, __m512i, _mm512_cvtepi32_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512,
    _mm512_maskz_loadu_ps, _mm512_max_ps, _mm512_mul_ps, _mm512_set1_ps, _mm512_setzero_si512,
    _mm512_store_si512, _mm512_storeu_ps, _mm512_sub_epi32,
};
use std::ops::Range;

/// The scores of some queries of a head, and what they are made of.
#[derive(Default)]
pub(super) struct Scores<S: Steps> {
    /// [panel of keys][group of columns][key]
    keys: Vec<Group>,
    /// Of each key, 0 past the last.
    key_scales: Vec<f32>,
    /// What is added to each key's scores: for what was added to queries, −∞ past the last key.
    key_shifts: Vec<f32>,
    /// Some keys before they are laid out, [keys, columns].
    rows: Buffer<S::Integer>,
    /// [queries, columns]
    queries: Buffer<S::Integer>,
    /// By what each query's scores are yet to be multiplied, to be to the base 2.
    query_scales: Vec<f32>,
    /// [queries, keys]; −∞ past the last key, for as many keys as are weighed at once.
    values: Buffer<f32>,
}

impl<S: Steps> Scores<S> {
    /// Takes the keys of a head.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
    pub(super) fn lay_out_keys(&mut self, key: Rows<'_, f32>) {
        let (keys, size) = (key.rows(), key.columns());
        let groups = size.div_ceil(S::EACH);
        let Self { keys: panels, key_scales, key_shifts, rows, .. } = self;
        let whole = keys.next_multiple_of(PANEL);
        grow(panels, whole / PANEL * groups);
        grow(key_scales, whole);
        grow(key_shifts, whole);
        let mut rows = rows.reshape(SIDE, groups.next_multiple_of(SIDE) * S::EACH);
        let reach = S::reach(groups * S::EACH);
        for first in (0..keys).step_by(SIDE) {
            let end = (first + SIDE).min(keys);
            for (at, scale) in key_scales[first..end].iter_mut().enumerate() {
                fetch(key, first + at + AHEAD);
                *scale = to_integers::<S>(key.row(first + at), reach, 0, rows.row_mut(at));
            }
            let rows = rows.as_rows();
            let mut added = _mm512_setzero_si512();
            let panel = &mut panels[first / PANEL * groups..][..groups];
            for (block, panel) in panel.chunks_mut(SIDE).enumerate() {
                // SAFETY: a row holds whole blocks of 16 groups; half a panel's columns are a vector.
                #[expect(unsafe_code)]
                unsafe {
                    let row = |row| rows.row(row).as_ptr().cast::<__m512i>().wrapping_add(block);
                    let rows = std::array::from_fn(|at| _mm512_loadu_si512(row(at)));
                    for (group, of_keys) in panel.iter_mut().zip(transpose(&rows)) {
                        added = S::added(added, of_keys);
                        let to = group.0.as_mut_ptr().wrapping_add(first % PANEL);
                        _mm512_store_si512(to.cast(), of_keys);
                    }
                }
            }
            // SAFETY: scales and shifts are whole panels.
            #[expect(unsafe_code)]
            unsafe {
                let scales = _mm512_loadu_ps(key_scales[first..].as_ptr());
                let shifts = _mm512_cvtepi32_ps(_mm512_sub_epi32(_mm512_setzero_si512(), added));
                let to = key_shifts[first..].as_mut_ptr();
                _mm512_storeu_ps(to, _mm512_mul_ps(shifts, scales));
            }
        }
        key_scales[keys..whole].fill(0.0);
        key_shifts[keys..whole].fill(f32::NEG_INFINITY);
    }

    /// Takes some queries of it.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
    pub(super) fn lay_out_queries(&mut self, query: Rows<'_, f32>, queries: &Range<usize>) {
        let (rows, columns) = (queries.len(), query.columns());
        grow(&mut self.query_scales, rows);
        let mut integers = self.queries.reshape(rows, columns.next_multiple_of(HALF));
        let reach = S::reach(columns.next_multiple_of(S::EACH));
        for (at, scale) in self.query_scales[..rows].iter_mut().enumerate() {
            fetch(query, queries.start + at + AHEAD);
            // Past the last column, keys are 0.
            let (query, row) = (query.row(queries.start + at), integers.row_mut(at));
            *scale = to_integers::<S>(query, reach, S::ABOVE, row) * std::f32::consts::LOG2_E;
        }
    }

    /// Scores those queries; gives the largest of each, lane by lane, where the mixture wants them.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
    pub(super) fn score<M: Mixture>(
        &mut self,
        head: &Head<'_>,
        queries: &Range<usize>,
    ) -> [__m512; QUERIES] {
        let (keys, groups) = (head.key.rows(), head.key.columns().div_ceil(S::EACH));
        let factors = factors(self.queries.rows());
        let whole = keys.next_multiple_of(M::AT_ONCE);
        let mut scores = self.values.reshape(queries.len(), whole);
        let (start, stride) = (scores.as_mut_ptr(), scores.stride());
        let mut largest = [_mm512_set1_ps(f32::NEG_INFINITY); QUERIES];
        for (panel, groups) in self.keys.chunks_exact(groups).take(keys.div_ceil(PANEL)).enumerate()
        {
            let from = panel * PANEL;
            let masks = masks(keys - from);
            let y = Results { start: start.wrapping_add(from), stride };
            // SAFETY: the panel's scales and shifts are two vectors; the rows of scores have its
            // columns; the masks keep to the keys, of which each has a bias.
            #[expect(unsafe_code)]
            unsafe {
                let scales = halves(&self.key_scales[from..from + PANEL]);
                let shifts = halves(&self.key_shifts[from..from + PANEL]);
                S::multiply(factors, groups, y, |first, sums| {
                    for (row, sums) in (first..).zip(sums) {
                        for half in 0..2 {
                            let sum = _mm512_cvtepi32_ps(sums[half]);
                            let mut score = _mm512_fmadd_ps(sum, scales[half], shifts[half]);
                            if let Some(bias) = head.bias {
                                let bias = bias.of(head.index, queries.start + row, keys);
                                let bias = bias.as_ptr().wrapping_add(from + half * HALF);
                                let bias = _mm512_maskz_loadu_ps(masks[half], bias);
                                let bias =
                                    _mm512_mul_ps(bias, _mm512_set1_ps(std::f32::consts::LOG2_E));
                                let scale = _mm512_set1_ps(self.query_scales[row]);
                                score = _mm512_fmadd_ps(score, scale, bias);
                            }
                            if M::LARGEST {
                                largest[row] = _mm512_max_ps(largest[row], score);
                            }
                            _mm512_storeu_ps(start.add(row * stride + from + half * HALF), score);
                        }
                    }
                });
            }
        }
        for row in 0..queries.len() {
            scores.row_mut(row)[keys.next_multiple_of(PANEL)..].fill(f32::NEG_INFINITY);
        }
        if head.bias.is_some() {
            // Scores are to the base 2 already: a bias is not in a query's steps.
            self.query_scales[..queries.len()].fill(1.0);
        }
        largest
    }

    /// The scores, and by what those of each query are yet to be multiplied, to be to the base 2.
    pub(super) fn found(&self) -> (Rows<'_, f32>, &[f32]) {
        (self.values.rows(), &self.query_scales)
    }
}
