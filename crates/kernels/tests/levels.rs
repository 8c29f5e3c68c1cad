//! Every level computes what a plain loop in f64 computes.

mod support;

use canto_kernels::{
    Activation, Buffer, Dense, Int8Weights, LayerNorm, Level, Quantised, Rows, Spread, bias_gelu,
    exponentiate, gelu, layer_norm, quantise_weights, residual_layer_norm,
};
use proptest::prelude::*;
use support::{buffer, close, exact_dense, matrix, read};

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

fn activated(values: Vec<f64>, activation: Activation) -> Vec<f64> {
    match activation {
        Activation::None => values,
        Activation::Gelu => values.into_iter().map(exact_gelu).collect(),
    }
}

/// What the layer makes of x.
fn forward(dense: &Dense, spread: Spread, x: Rows<'_, f32>, activation: Activation) -> Buffer<f32> {
    let (mut y, mut scratch) = (Buffer::default(), Quantised::default());
    let mut out = y.reshape(x.rows(), dense.outputs());
    dense.forward(spread, x, &mut scratch, &mut out, activation);
    y
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
            let y = forward(&dense, spread, x.rows(), activation);
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
            let y = forward(&dense, spread, x.rows(), activation);
            close(&read(&y), &expected, 2e-6 * (inputs as f64).sqrt() * 8.0)?;
            for pair in 0..pairs {
                let x = x.rows().slice(2 * pair..2 * pair + 2);
                let alone = forward(&dense, spread, x, activation);
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
            let y = forward(&dense, spread, x.rows(), activation);
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

#[test]
#[should_panic(expected = "overlap")]
fn rows_that_overlap_are_refused() {
    let _ = Rows::new(&[0.0; 8], 2, 4, 3);
}
