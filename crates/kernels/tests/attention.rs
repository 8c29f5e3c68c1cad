//! Attention at every level computes what a plain loop in f64 computes.

mod support;

use canto_kernels::{
    Attention, Buffer, FirstScratch, FirstToken, Level, Numbers, RelativeBias, Sequence,
};
use proptest::prelude::*;
use support::{buffer, close, exact_dense, matrix, read};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn attention_over_packed_sequences(
        lengths in prop::collection::vec(1_usize..70, 0..4),
        heads in 1_usize..4,
        size in 1_usize..40,
        biased: bool,
        first_only: bool,
        seed: u64,
    ) {
        let width = heads * size;
        let tokens: usize = lengths.iter().sum();
        let sequences = sequences(&lengths, first_only);
        let queries = sequences.last().map_or(0, |last| last.queries.end);
        let q = matrix(queries, width, seed);
        let (k, v) = (matrix(tokens, width, seed ^ 1), matrix(tokens, width, seed ^ 2));
        let slope = |head: usize, distance: i64| (head as f32 + 1.0) * distance as f32 / 64.0;
        let bias = biased.then(|| RelativeBias::new(heads, 70, slope));
        let mut expected = vec![0.0; queries * width];
        for sequence in &sequences {
            for (at, query) in sequence.queries.clone().enumerate() {
                for head in 0..heads {
                    let columns = head * size..(head + 1) * size;
                    let shift = |key: usize| {
                        let distance = key as i64 - at as i64;
                        if biased { f64::from(slope(head, distance)) } else { 0.0 }
                    };
                    let q = &q[query * width..][columns.clone()];
                    let keys = sequence.keys.clone();
                    let slice = |of: &[f32]| -> Vec<Vec<f32>> {
                        keys.clone().map(|k| of[k * width..][columns.clone()].to_vec()).collect()
                    };
                    let mixed = exact_attention(q, &slice(&k), &slice(&v), shift);
                    expected[query * width..][columns].copy_from_slice(&mixed);
                }
            }
        }
        let (k, v) = (buffer(&k, tokens, width), buffer(&v, tokens, width));
        let q = buffer(&q, queries, width);
        for (level, numbers) in levels_and_numbers() {
            let mut y = Buffer::default();
            let attention = Attention {
                level, heads, query: q.rows(), key: k.rows(), value: v.rows(),
                sequences: &sequences, bias: bias.as_ref(), numbers,
            };
            attention.forward(&mut y.reshape(queries, width));
            close(&read(&y), &expected, within(numbers, [1e-5, 3e-3, 3e-2]))?;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn attention_of_first_tokens(
        lengths in prop::collection::vec(1_usize..70, 0..4),
        heads in 1_usize..5,
        size in 1_usize..20,
        biased: bool,
        seed: u64,
    ) {
        let width = heads * size;
        let (tokens, count): (usize, usize) = (lengths.iter().sum(), lengths.len());
        let sequences = sequences(&lengths, true);
        let (q, x) = (matrix(count, width, seed), matrix(tokens, width, seed ^ 1));
        let [key, value] = [2, 3].map(|of| matrix(width, width, seed ^ of));
        // A bias of the keys, which changes nothing.
        let [key_bias, value_bias] = [4, 5].map(|of| matrix(1, width, seed ^ of));
        let slope = |head: usize, distance: i64| (head as f32 + 1.0) * distance as f32 / 64.0;
        let bias = biased.then(|| RelativeBias::new(heads, 70, slope));
        let k = exact_dense(&x, &key, &key_bias, width);
        let v = exact_dense(&x, &value, &value_bias, width);
        let mut expected = vec![0.0; count * width];
        for (row, sequence) in sequences.iter().enumerate() {
            for head in 0..heads {
                let columns = head * size..(head + 1) * size;
                let shift = |key: usize| {
                    if biased { f64::from(slope(head, key as i64)) } else { 0.0 }
                };
                let slice = |of: &[f64]| -> Vec<Vec<f32>> {
                    let row = |key: usize| of[key * width..][columns.clone()].iter();
                    let keys = sequence.keys.clone();
                    keys.map(|key| row(key).map(|&value| value as f32).collect()).collect()
                };
                let q = &q[row * width..][columns.clone()];
                let mixed = exact_attention(q, &slice(&k), &slice(&v), shift);
                expected[row * width..][columns].copy_from_slice(&mixed);
            }
        }
        let (q, x) = (buffer(&q, count, width), buffer(&x, tokens, width));
        for level in Level::available() {
            let attention = FirstToken::new(level, heads, &key, &value, &value_bias);
            let (mut y, mut scratch) = (Buffer::default(), FirstScratch::default());
            let bias = bias.as_ref();
            let mut out = y.reshape(count, width);
            attention.forward(q.rows(), x.rows(), &sequences, bias, &mut scratch, &mut out);
            close(&read(&y), &expected, 2e-4)?;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Long ones, where integers of 16 bits have the fewest steps, or too few and f32 takes over: from 684
    /// keys on.
    #[test]
    fn attention_over_many_keys(
        keys in prop_oneof![450_usize..700, 2040_usize..2070],
        size in 1_usize..70,
        sharpness in 0.1_f32..4.0,
        seed: u64,
    ) {
        let queries = 9;
        let q: Vec<f32> = matrix(queries, size, seed).iter().map(|x| x * sharpness).collect();
        let (k, v) = (matrix(keys, size, seed ^ 1), matrix(keys, size, seed ^ 2));
        let rows = |of: &[f32]| -> Vec<Vec<f32>> { of.chunks(size).map(<[f32]>::to_vec).collect() };
        let (keys_of, values_of) = (rows(&k), rows(&v));
        let mixed = |query: &[f32]| exact_attention(query, &keys_of, &values_of, |_| 0.0);
        let expected: Vec<f64> = q.chunks(size).flat_map(mixed).collect();
        let (q, k) = (buffer(&q, queries, size), buffer(&k, keys, size));
        let v = buffer(&v, keys, size);
        let sequences = [Sequence { queries: 0..queries, keys: 0..keys }];
        for (level, numbers) in levels_and_numbers() {
            let mut y = Buffer::default();
            let attention = Attention {
                level, heads: 1, query: q.rows(), key: k.rows(), value: v.rows(),
                sequences: &sequences, bias: None, numbers,
            };
            attention.forward(&mut y.reshape(queries, size));
            // Of 8 bits, scores are off by some hundredths of their spread.
            let int8 = 0.04 * (1.0 + f64::from(sharpness));
            close(&read(&y), &expected, within(numbers, [1e-5, 8e-3, int8]))?;
        }
    }
}

fn levels_and_numbers() -> impl Iterator<Item = (Level, Numbers)> {
    let all = [Numbers::F32, Numbers::Int16, Numbers::Int8];
    Level::available().into_iter().flat_map(move |level| all.map(|numbers| (level, numbers)))
}

/// The tolerance of each.
fn within(numbers: Numbers, [f32, int16, int8]: [f64; 3]) -> f64 {
    match numbers {
        Numbers::F32 => f32,
        Numbers::Int16 => int16,
        Numbers::Int8 => int8,
    }
}

fn sequences(lengths: &[usize], first_only: bool) -> Vec<Sequence> {
    let mut start = 0;
    let sequence = |(i, &length): (usize, &usize)| {
        let keys = start..start + length;
        start += length;
        Sequence { queries: if first_only { i..i + 1 } else { keys.clone() }, keys }
    };
    lengths.iter().enumerate().map(sequence).collect()
}

fn exact_attention(
    query: &[f32],
    keys: &[Vec<f32>],
    values: &[Vec<f32>],
    bias: impl Fn(usize) -> f64,
) -> Vec<f64> {
    let dot = |key: &Vec<f32>| -> f64 {
        query.iter().zip(key).map(|(&q, &k)| f64::from(q) * f64::from(k)).sum()
    };
    let weights: Vec<f64> =
        keys.iter().enumerate().map(|(i, key)| (dot(key) + bias(i)).exp()).collect();
    let sum: f64 = weights.iter().sum();
    let mixed = |column: usize| {
        let parts = weights.iter().zip(values).map(|(w, v)| w * f64::from(v[column]));
        parts.sum::<f64>() / sum
    };
    (0..query.len()).map(mixed).collect()
}
