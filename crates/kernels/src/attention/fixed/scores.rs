//! Queries times keys.

use super::steps::{Steps, to_integers};
use super::{AHEAD, HALF, Mixture, QUERIES, factors, fetch, halves};
use crate::attention::{Head, grow};
use crate::dense::avx512::masks;
use crate::dense::groups::{Group, PANEL};
use crate::dense::tiles::Results;
use crate::rows::{Buffer, Rows};
use std::arch::x86_64::{
    __m512, _mm512_cvtepi32_ps, _mm512_fmadd_ps, _mm512_maskz_loadu_ps, _mm512_max_ps,
    _mm512_mul_ps, _mm512_set1_ps, _mm512_storeu_ps,
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
    /// One key before it is laid out.
    row: Vec<S::Integer>,
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
        let Self { keys: panels, key_scales, key_shifts, row, .. } = self;
        let whole = keys.next_multiple_of(PANEL);
        grow(panels, whole / PANEL * groups);
        grow(key_scales, whole);
        grow(key_shifts, whole);
        grow(row, S::EACH * groups);
        let row = &mut row[..S::EACH * groups];
        let reach = S::reach(row.len());
        row.fill(S::Integer::default());
        for at in 0..keys {
            fetch(key, at + AHEAD);
            let scale = to_integers::<S>(key.row(at), 0, reach, row);
            key_scales[at] = scale;
            key_shifts[at] = -S::added(row) as f32 * scale;
            let panel = &mut panels[at / PANEL * groups..][..groups];
            for (group, of) in panel.iter_mut().zip(row.chunks_exact(S::EACH)) {
                group.0[at % PANEL] = S::group(of);
            }
        }
        key_scales[keys..whole].fill(0.0);
        key_shifts[keys..whole].fill(f32::NEG_INFINITY);
    }

    /// Takes some queries of it.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
    pub(super) fn lay_out_queries(&mut self, query: Rows<'_, f32>, queries: &Range<usize>) {
        let (rows, columns) = (queries.len(), query.columns().next_multiple_of(S::EACH));
        grow(&mut self.query_scales, rows);
        let (mut integers, reach) = (self.queries.reshape(rows, columns), S::reach(columns));
        for (at, scale) in self.query_scales[..rows].iter_mut().enumerate() {
            fetch(query, queries.start + at + AHEAD);
            let row = integers.row_mut(at);
            let found = to_integers::<S>(query.row(queries.start + at), S::ABOVE, reach, row);
            *scale = found * std::f32::consts::LOG2_E;
            // Keys have 0 there.
            row[query.columns()..].fill(S::Integer::default());
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
