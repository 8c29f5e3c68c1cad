//! Drawn matrices, and what they are compared with.

use canto_kernels::Buffer;
use proptest::prelude::*;

/// A matrix of values in −1 to 1 that the seed decides.
pub(crate) fn matrix(rows: usize, columns: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..rows * columns).map(|_| next()).collect()
}

pub(crate) fn buffer(values: &[f32], rows: usize, columns: usize) -> Buffer<f32> {
    let mut buffer = Buffer::default();
    let mut target = buffer.reshape(rows, columns);
    for row in 0..rows {
        target.row_mut(row).copy_from_slice(&values[row * columns..][..columns]);
    }
    buffer
}

pub(crate) fn read(buffer: &Buffer<f32>) -> Vec<f32> {
    let rows = buffer.rows();
    (0..rows.rows()).flat_map(|row| rows.row(row).to_vec()).collect()
}

pub(crate) fn close(found: &[f32], expected: &[f64], tolerance: f64) -> Result<(), TestCaseError> {
    prop_assert_eq!(found.len(), expected.len());
    for (i, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let off = (f64::from(found) - expected).abs();
        prop_assert!(off <= tolerance, "element {} is {}, expected {}", i, found, expected);
    }
    Ok(())
}

pub(crate) fn exact_dense(x: &[f32], weights: &[f32], bias: &[f32], inputs: usize) -> Vec<f64> {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
    };
    let row = |x: &[f32]| -> Vec<f64> {
        let outputs = weights.chunks(inputs).zip(bias);
        outputs.map(|(weights, &bias)| dot(x, weights) + f64::from(bias)).collect()
    };
    x.chunks(inputs).flat_map(row).collect()
}
