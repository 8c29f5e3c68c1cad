//! Every level computes what a plain loop in f64 computes.

use canto_kernels::{
    Activation, Attention, Buffer, Dense, FirstScratch, FirstToken, Int8Weights, LayerNorm, Level,
    Numbers, Quantised, RelativeBias, Rows, Sequence, Spread, bias_gelu, exponentiate, gelu,
    layer_norm, quantise_weights, residual_layer_norm,
};
use proptest::prelude::*;

/// A matrix of values in −1 to 1 that the seed decides.
fn matrix(rows: usize, columns: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..rows * columns).map(|_| next()).collect()
}

fn buffer(values: &[f32], rows: usize, columns: usize) -> Buffer<f32> {
    let mut buffer = Buffer::default();
    let mut target = buffer.reshape(rows, columns);
    for row in 0..rows {
        target.row_mut(row).copy_from_slice(&values[row * columns..][..columns]);
    }
    buffer
}

fn read(buffer: &Buffer<f32>) -> Vec<f32> {
    let rows = buffer.rows();
    (0..rows.rows()).flat_map(|row| rows.row(row).to_vec()).collect()
}

fn close(found: &[f32], expected: &[f64], tolerance: f64) -> Result<(), TestCaseError> {
    prop_assert_eq!(found.len(), expected.len());
    for (i, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let off = (f64::from(found) - expected).abs();
        prop_assert!(off <= tolerance, "element {} is {}, expected {}", i, found, expected);
    }
    Ok(())
}

/// What follows a product whose inputs were rounded: there GELU is to 1.2e-4·(1 + |x|).
fn close_after(
    found: &[f32],
    exact: &[f64],
    activation: Activation,
    tolerance: f64,
) -> Result<(), TestCaseError> {
    let largest = exact.iter().fold(1.0, |largest: f64, x| largest.max(x.abs()));
    let near = match activation {
        Activation::None => 0.0,
        Activation::Gelu => 1.2e-4 * (1.0 + largest),
    };
    close(found, &activated(exact.to_vec(), activation), tolerance + near)
}

/// erf by its Taylor series, which converges for every x; enough terms for |x| below 4.
fn exact_gelu(x: f64) -> f64 {
    if x.abs() > 5.5 {
        return x.max(0.0);
    }
    let z = x / std::f64::consts::SQRT_2;
    let (mut term, mut sum) = (z, z);
    for n in 1..200 {
        let n = f64::from(n);
        term *= -z * z / n;
        sum += term / (2.0 * n + 1.0);
    }
    let erf = sum * 2.0 / std::f64::consts::PI.sqrt();
    0.5 * x * (1.0 + erf)
}

fn exact_dense(x: &[f32], weights: &[f32], bias: &[f32], inputs: usize) -> Vec<f64> {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
    };
    let row = |x: &[f32]| -> Vec<f64> {
        let outputs = weights.chunks(inputs).zip(bias);
        outputs.map(|(weights, &bias)| dot(x, weights) + f64::from(bias)).collect()
    };
    x.chunks(inputs).flat_map(row).collect()
}

fn activated(values: Vec<f64>, activation: Activation) -> Vec<f64> {
    match activation {
        Activation::None => values,
        Activation::Gelu => values.into_iter().map(exact_gelu).collect(),
    }
}

fn activation() -> impl Strategy<Value = Activation> {
    prop_oneof![Just(Activation::None), Just(Activation::Gelu)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn dense_in_f32(
        rows in 0_usize..40,
        inputs in prop_oneof![1_usize..70, 1020_usize..1030],
        outputs in 1_usize..90,
        seed: u64,
        activation in activation(),
    ) {
        let (x, weights) = (matrix(rows, inputs, seed), matrix(outputs, inputs, !seed));
        let bias = matrix(1, outputs, seed ^ 5);
        let expected = activated(exact_dense(&x, &weights, &bias, inputs), activation);
        let x = buffer(&x, rows, inputs);
        for (level, spread) in levels_and_spreads() {
            let dense = Dense::new(level, inputs, weights.clone(), bias.clone());
            let mut y = Buffer::default();
            let mut scratch = Quantised::default();
            dense.forward(spread, x.rows(), &mut scratch, &mut y.reshape(rows, outputs), activation);
            close(&read(&y), &expected, 2e-6 * (inputs as f64).sqrt() * 4.0)?;
        }
    }

    /// With seven multiplications for eight, errors are those of the largest sums, not of each
    /// result's own.
    #[test]
    fn dense_of_pairs_in_f32(
        pairs in 0_usize..30,
        inputs in prop_oneof![1_usize..70, 1530_usize..1540],
        outputs in 1_usize..150,
        seed: u64,
        activation in activation(),
    ) {
        let rows = 2 * pairs;
        let (x, weights) = (matrix(rows, inputs, seed), matrix(outputs, inputs, !seed));
        let bias = matrix(1, outputs, seed ^ 5);
        let expected = activated(exact_dense(&x, &weights, &bias, inputs), activation);
        let x = buffer(&x, rows, inputs);
        for (level, spread) in levels_and_spreads() {
            let dense = Dense::of_pairs(level, inputs, weights.clone(), bias.clone());
            let mut y = Buffer::default();
            let mut scratch = Quantised::default();
            dense.forward(spread, x.rows(), &mut scratch, &mut y.reshape(rows, outputs), activation);
            close(&read(&y), &expected, 2e-6 * (inputs as f64).sqrt() * 8.0)?;
            for pair in 0..pairs {
                let mut alone = Buffer::default();
                let x = x.rows().slice(2 * pair..2 * pair + 2);
                dense.forward(spread, x, &mut scratch, &mut alone.reshape(2, outputs), activation);
                let of_all = y.rows().slice(2 * pair..2 * pair + 2);
                for row in 0..2 {
                    let same = level < Level::Avx512 || alone.rows().row(row) == of_all.row(row);
                    prop_assert!(same, "a pair depends on the others at {level}");
                }
            }
        }
    }

    #[test]
    fn dense_in_int8(
        rows in 0_usize..40,
        inputs in 1_usize..150,
        outputs in 1_usize..90,
        seed: u64,
        activation in activation(),
    ) {
        let (x, weights) = (matrix(rows, inputs, seed), matrix(outputs, inputs, !seed));
        let bias = matrix(1, outputs, seed ^ 5);
        let mut values = vec![0; weights.len()];
        let rows_of = weights.chunks(inputs).zip(values.chunks_mut(inputs));
        let scales: Vec<f32> = rows_of.map(|(w, q)| quantise_weights(w, q)).collect();
        let read_back: Vec<f32> = values
            .chunks(inputs)
            .zip(&scales)
            .flat_map(|(q, scale)| q.iter().map(move |&q| f32::from(q) * scale))
            .collect();
        let x = buffer(&x, rows, inputs);
        for (level, spread) in levels_and_spreads() {
            let weights = Int8Weights { values: &values, scales: &scales };
            let dense = Dense::int8(level, inputs, weights, bias.clone());
            let mut y = Buffer::default();
            let mut scratch = Quantised::default();
            dense.forward(spread, x.rows(), &mut scratch, &mut y.reshape(rows, outputs), activation);
            // The product of what was quantised is exact but for the last f32 steps.
            let exact = exact_dense(&scratch.dequantised(), &read_back, &bias, inputs);
            close_after(&read(&y), &exact, activation, 2e-5)?;
        }
    }

    #[test]
    fn dense_in_bf16(
        rows in 0_usize..40,
        inputs in prop_oneof![1_usize..70, 1020_usize..1030],
        outputs in 1_usize..90,
        seed: u64,
        activation in activation(),
    ) {
        let (x, weights) = (matrix(rows, inputs, seed), matrix(outputs, inputs, !seed));
        let bias = matrix(1, outputs, seed ^ 5);
        let rounded = |values: &[f32]| values.iter().map(|&x| nearest_bf16(x)).collect::<Vec<_>>();
        let exact = exact_dense(&rounded(&x), &rounded(&weights), &bias, inputs);
        let x = buffer(&x, rows, inputs);
        for (level, spread) in levels_and_spreads() {
            let dense = Dense::bf16(level, inputs, &weights, bias.clone());
            let mut y = Buffer::default();
            let mut scratch = Quantised::default();
            dense.forward(spread, x.rows(), &mut scratch, &mut y.reshape(rows, outputs), activation);
            close_after(&read(&y), &exact, activation, 2e-6 * (inputs as f64).sqrt() * 4.0)?;
        }
    }

    #[test]
    fn rows_rounded_to_bf16(rows in 0_usize..40, columns in 1_usize..100, bits: u32, seed: u64) {
        let mut x = matrix(rows, columns, seed);
        if let Some(x) = x.first_mut() {
            // Any number there is.
            *x = Some(f32::from_bits(bits)).filter(|x| x.is_finite()).unwrap_or(0.0);
        }
        let source = buffer(&x, rows, columns);
        for (level, spread) in levels_and_spreads() {
            let mut rounded = Quantised::default();
            rounded.round(level, spread, source.rows());
            let found = rounded.rounded();
            let padded = columns.next_multiple_of(2);
            for (found, x) in found.chunks(padded).zip(x.chunks(columns)) {
                let expected = x.iter().map(|&x| nearest_bf16(x).to_bits());
                let padding = std::iter::repeat_n(0, padded - columns);
                let found: Vec<u32> = found.iter().map(|x| x.to_bits()).collect();
                prop_assert_eq!(found, expected.chain(padding).collect::<Vec<u32>>());
            }
        }
    }

    #[test]
    fn quantised_rows_are_within_half_a_step(
        rows in 1_usize..40, columns in 1_usize..100, seed: u64, shift in -3.0_f32..3.0,
    ) {
        let x: Vec<f32> = matrix(rows, columns, seed).iter().map(|x| x + shift).collect();
        let source = buffer(&x, rows, columns);
        let mut reference = None;
        for (level, spread) in levels_and_spreads() {
            let mut quantised = Quantised::default();
            quantised.quantise(level, spread, source.rows());
            let found = quantised.dequantised();
            for (x, found) in x.chunks(columns).zip(found.chunks(columns)) {
                let low = x.iter().copied().fold(0.0, f32::min);
                let high = x.iter().copied().fold(0.0, f32::max);
                // The zero is rounded as well: half a step each.
                let step = (high - low) / 254.0;
                for (x, found) in x.iter().zip(found) {
                    prop_assert!((x - found).abs() <= 1.001 * step + 1e-6, "{x} became {found}");
                }
            }
            let reference = reference.get_or_insert_with(|| found.clone());
            close(&found, &reference.iter().map(|&x| f64::from(x)).collect::<Vec<_>>(), 0.02)?;
        }
    }

    #[test]
    fn quantised_weights_are_within_half_a_step(row in prop::collection::vec(-2.0_f32..2.0, 0..90)) {
        let mut q = vec![0; row.len()];
        let scale = quantise_weights(&row, &mut q);
        for (w, &q) in row.iter().zip(&q) {
            let back = f32::from(q) * scale;
            prop_assert!((w - back).abs() <= 0.501 * scale, "{w} became {back}");
        }
    }

    #[test]
    fn gelu_with_bias(x in prop::collection::vec(-9.0_f32..9.0, 0..100), shift in -1.0_f32..1.0) {
        let bias = vec![shift; x.len()];
        let expected: Vec<f64> =
            x.iter().map(|&x| exact_gelu(f64::from(x) + f64::from(shift))).collect();
        for level in Level::available() {
            let mut y = x.clone();
            bias_gelu(level, &mut y, &bias);
            close(&y, &expected, 2e-6)?;
        }
        prop_assert!(gelu(0.0).abs() < f32::MIN_POSITIVE);
    }

    #[test]
    fn softmax(x in prop::collection::vec(-40.0_f32..40.0, 1..200)) {
        let largest = x.iter().copied().fold(f32::MIN, f32::max);
        let expected: Vec<f64> = x.iter().map(|&x| f64::from(x - largest).exp()).collect();
        for level in Level::available() {
            let mut y = x.clone();
            let sum = exponentiate(level, &mut y);
            close(&y, &expected, 1e-6)?;
            close(&[sum], &[expected.iter().sum()], 1e-4)?;
        }
    }

    #[test]
    fn layer_norms(rows in 0_usize..40, columns in 1_usize..100, seed: u64) {
        let (x, residual) = (matrix(rows, columns, seed), matrix(rows, columns, !seed));
        let norm = LayerNorm {
            weight: matrix(1, columns, seed ^ 1),
            bias: matrix(1, columns, seed ^ 2),
            epsilon: 1e-5,
        };
        let sum: Vec<f64> =
            x.iter().zip(&residual).map(|(&x, &r)| f64::from(x) + f64::from(r)).collect();
        let expected: Vec<f64> =
            sum.chunks(columns).flat_map(|row| exact_norm(row, &norm)).collect();
        let residual = buffer(&residual, rows, columns);
        for (level, spread) in levels_and_spreads() {
            let mut y = buffer(&x, rows, columns);
            residual_layer_norm(level, spread, &mut y.rows_mut(), residual.rows(), &norm);
            close(&read(&y), &expected, 3e-4)?;
            let sum: Vec<f32> = sum.iter().map(|&x| x as f32).collect();
            let mut y = buffer(&sum, rows, columns);
            layer_norm(level, spread, &mut y.rows_mut(), &norm);
            close(&read(&y), &expected, 3e-4)?;
        }
    }

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

fn levels_and_spreads() -> impl Iterator<Item = (Level, Spread)> {
    let spreads = |level| [(level, Spread::Pool), (level, Spread::Here)];
    Level::available().into_iter().flat_map(spreads)
}

/// By the distance to both neighbours, in f64.
fn nearest_bf16(x: f32) -> f32 {
    let low = f32::from_bits(x.to_bits() & 0xffff_0000);
    // What would come next if exponents went on for ever.
    let step = f64::from(low) - f64::from(f32::from_bits((x.to_bits() & 0xffff_0000) ^ 0x1_0000));
    let below = (f64::from(x) - f64::from(low)).abs();
    let above = step.abs() - below;
    let odd = x.to_bits() & 0x1_0000 != 0;
    let up = above < below || (above - below).abs() < f64::MIN_POSITIVE && odd;
    let bits = (x.to_bits() & 0xffff_0000).wrapping_add(if up { 0x1_0000 } else { 0 });
    f32::from_bits(bits)
}

fn exact_norm(row: &[f64], norm: &LayerNorm) -> Vec<f64> {
    let count = row.len() as f64;
    let mean = row.iter().sum::<f64>() / count;
    let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
    let scale = (variance + f64::from(norm.epsilon)).sqrt().recip();
    let constants = norm.weight.iter().zip(&norm.bias);
    row.iter()
        .zip(constants)
        .map(|(x, (&weight, &bias))| (x - mean) * scale * f64::from(weight) + f64::from(bias))
        .collect()
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

#[test]
#[should_panic(expected = "overlap")]
fn rows_that_overlap_are_refused() {
    let _ = Rows::new(&[0.0; 8], 2, 4, 3);
}
