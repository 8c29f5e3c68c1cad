//! Attention of first tokens alone, where no other token's output is read.

use super::{RelativeBias, SCRATCH, Sequence};
use crate::dense::{Activation, Dense, Target};
use crate::level::Level;
use crate::quantise::Quantised;
use crate::rows::{Buffer, Rows, RowsMut};
use crate::spread::Spread;
use rayon::prelude::*;

/// What makes keys and values, for attention of each sequence's first token alone. No key and no
/// value is computed: with the products in another order,
///
/// > q·(Wₖ·xⱼ) = (Wₖᵀ·q)·xⱼ and Σⱼ pⱼ·(Wᵥ·xⱼ + b) = Wᵥ·(Σⱼ pⱼ·xⱼ) + b,
///
/// there are four products with a few rows a sequence, in f32, instead of two with a row a token.
/// A bias of the keys would add the same to all scores, which is nothing to their softmax.
#[derive(Debug)]
pub struct FirstToken {
    level: Level,
    heads: Vec<Head>,
}

/// One head's weights.
#[derive(Debug)]
struct Head {
    /// Wₖᵀ: [width, size].
    key: Dense,
    /// Wᵥ and b: [size, width].
    value: Dense,
}

/// What [`FirstToken::forward`] computes in, kept from call to call.
#[derive(Debug, Default)]
pub struct FirstScratch {
    /// Wₖᵀ·q, [heads · sequences, width].
    probes: Buffer<f32>,
    /// Σⱼ pⱼ·xⱼ, likewise.
    mixed: Buffer<f32>,
    /// [heads · sequences, size].
    outputs: Buffer<f32>,
}

impl FirstToken {
    /// From the weights of keys and values, [width, width], row-major, and the values' bias.
    ///
    /// # Panics
    /// Where their lengths do not fit, or the heads do not divide the width.
    pub fn new(level: Level, heads: usize, key: &[f32], value: &[f32], bias: &[f32]) -> Self {
        let level = level.or_portable();
        let width = bias.len();
        let fits = key.len() == width * width && value.len() == width * width;
        assert!(fits && width.is_multiple_of(heads), "weights of another size than the bias");
        let size = width / heads;
        let head = |head: usize| {
            let rows = head * size..(head + 1) * size;
            let part = |of: &[f32]| of[rows.start * width..rows.end * width].to_vec();
            let (key, value) = (part(key), part(value));
            let transposed = (0..width * size).map(|i| key[i % size * width + i / size]).collect();
            Head {
                key: Dense::new(level, size, transposed, vec![0.0; width]),
                value: Dense::new(level, width, value, bias[rows].to_vec()),
            }
        };
        Self { level, heads: (0..heads).into_par_iter().map(head).collect() }
    }

    /// `query` [sequences, width], scaled by 1/√(head's width), and `x` [tokens, width], of which
    /// each sequence has its keys → `y` [sequences, width].
    ///
    /// # Panics
    /// Where shapes do not fit, or a sequence is longer than the bias reaches.
    pub fn forward(
        &self,
        query: Rows<'_, f32>,
        x: Rows<'_, f32>,
        sequences: &[Sequence],
        bias: Option<&RelativeBias>,
        scratch: &mut FirstScratch,
        y: &mut RowsMut<'_, f32>,
    ) {
        let (heads, count, width) = (self.heads.len(), sequences.len(), x.columns());
        let fits = query.columns() == width && y.columns() == width;
        assert!(fits && query.rows() == count && y.rows() == count, "shapes that do not fit");
        if count == 0 {
            return;
        }
        let size = width / heads;
        let FirstScratch { probes, mixed, outputs } = scratch;
        let mut probes = probes.reshape(heads * count, width);
        let each = self.heads.par_iter().enumerate().zip(probes.par_blocks(count));
        each.with_max_len(1).for_each(|((head, weights), mut probes)| {
            let query = query.columns_of(head * size..(head + 1) * size);
            dense(&weights.key, query, &mut probes);
        });
        let mut mixed = mixed.reshape(heads * count, width);
        self.mix(probes.as_rows(), x, sequences, bias, &mut mixed);
        let mut outputs = outputs.reshape(heads * count, size);
        let each = self.heads.par_iter().zip(mixed.par_blocks(count));
        let each = each.zip(outputs.par_blocks(count)).with_max_len(1);
        each.for_each(|((weights, mixed), mut outputs)| {
            dense(&weights.value, mixed.as_rows(), &mut outputs);
        });
        let outputs = outputs.as_rows();
        for sequence in 0..count {
            for (head, y) in y.row_mut(sequence).chunks_exact_mut(size).enumerate() {
                y.copy_from_slice(outputs.row(head * count + sequence));
            }
        }
    }

    /// softmax(probes·xᵀ + bias)·x, sequence by sequence.
    fn mix(
        &self,
        probes: Rows<'_, f32>,
        x: Rows<'_, f32>,
        sequences: &[Sequence],
        bias: Option<&RelativeBias>,
        mixed: &mut RowsMut<'_, f32>,
    ) {
        let (heads, count) = (self.heads.len(), sequences.len());
        // A few sequences keep all threads busy by some heads each.
        let parts = rayon::current_num_threads().div_ceil(count).min(heads);
        let (target, stride) = (Target::new(mixed), mixed.stride());
        (0..count * parts).into_par_iter().with_max_len(1).for_each(|task| {
            let (sequence, part) = (task / parts, task % parts);
            let (first, end) = (part * heads / parts, (part + 1) * heads / parts);
            let tokens = x.slice(sequences[sequence].keys.clone());
            let longest = bias.is_none_or(|bias| tokens.rows() <= bias.longest);
            assert!(longest, "a sequence longer than the bias reaches");
            // The rows of a sequence lie as many apart as there are sequences.
            let row = first * count + sequence;
            let attention = super::Head {
                level: self.level,
                query: probes.every(row, count, end - first),
                key: tokens,
                value: tokens,
                bias,
                index: first,
                first_token: true,
                y: target.at(row * stride),
                y_stride: count * stride,
            };
            SCRATCH.with_borrow_mut(|scratch| attention.in_f32(scratch));
        });
    }
}

fn dense(dense: &Dense, x: Rows<'_, f32>, y: &mut RowsMut<'_, f32>) {
    // In f32 nothing is quantised.
    dense.forward(Spread::Here, x, &mut Quantised::default(), y, Activation::None);
}
