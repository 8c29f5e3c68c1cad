//! Softmax with dropout, forth and back, and the rows of all heads side by side.

use crate::model::dropout::Dropout;
use crate::model::lanes::{fold, vectorised};
use crate::model::softmax::normalised;
use rayon::prelude::*;

/// Scores a task, about.
const CHUNK: usize = 1 << 14;

/// Scores [rows, heads, queries, keys] become probabilities, their sign turned where dropout drops
/// them; gives what it leaves of them. `bias` [rows, keys] is added to the scores before.
pub(super) fn attend(
    scores: &mut [f32],
    bias: &[f32],
    keys: usize,
    dropout: Dropout,
    seed: u64,
) -> Vec<f32> {
    let mut kept = vec![0.0; scores.len()];
    let of_row = scores.len() / (bias.len() / keys);
    let size = CHUNK.div_ceil(keys) * keys;
    let tasks = kept.par_chunks_mut(size).zip(scores.par_chunks_mut(size)).enumerate();
    tasks.for_each(|(i, (kept, scores))| {
        // The draws of a chunk are its own, whichever thread it is on.
        dropout.draw(kept, seed.wrapping_add(i as u64));
        vectorised(
            #[inline(always)]
            || {
                let queries = scores.chunks_mut(keys).zip(kept.chunks_mut(keys));
                for (query, (scores, kept)) in queries.enumerate() {
                    let row = (i * size + query * keys) / of_row;
                    for (score, bias) in scores.iter_mut().zip(&bias[row * keys..]) {
                        *score += bias;
                    }
                    normalised(scores);
                    for (p, kept) in scores.iter_mut().zip(kept) {
                        let factor = *kept;
                        *kept = *p * factor;
                        *p = if factor == 0.0 { -*p } else { *p };
                    }
                }
            },
        );
    });
    kept
}

/// The gradient of what dropout left becomes that of the scores. `signed` is what [`attend`] made
/// of the scores.
pub(super) fn attend_back(gradient: &mut [f32], signed: &[f32], keys: usize, dropout: Dropout) {
    let size = CHUNK.div_ceil(keys) * keys;
    let factor = dropout.factor();
    let tasks = gradient.par_chunks_mut(size).zip(signed.par_chunks(size));
    tasks.for_each(|(gradient, signed)| {
        vectorised(
            #[inline(always)]
            || {
                for (g, p) in gradient.chunks_mut(keys).zip(signed.chunks(keys)) {
                    for (g, p) in g.iter_mut().zip(p) {
                        // Times p, which the derivative of softmax needs on both sides.
                        *g = if p.is_sign_negative() { 0.0 } else { *g * factor * p };
                    }
                    let sum = fold(g, 0.0, |a, b| a + b);
                    for (g, p) in g.iter_mut().zip(p) {
                        *g -= p.abs() * sum;
                    }
                }
            },
        );
    });
}

/// [rows, heads, tokens, size] → [rows·tokens, heads·size], times `scale`.
pub(super) fn joined(values: &[f32], [heads, tokens, size]: [usize; 3], scale: f32) -> Vec<f32> {
    let width = heads * size;
    let mut output = vec![0.0; values.len()];
    output.par_chunks_mut(width).enumerate().for_each(|(i, output)| {
        let (row, token) = (i / tokens, i % tokens);
        for (head, output) in output.chunks_mut(size).enumerate() {
            let at = ((row * heads + head) * tokens + token) * size;
            for (output, value) in output.iter_mut().zip(&values[at..at + size]) {
                *output = value * scale;
            }
        }
    });
    output
}
