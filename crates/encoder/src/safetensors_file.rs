//! Safetensors files: bytes to f32 tensors and back.

use crate::error::Error;
use half::{bf16, f16};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::path::Path;

/// Reads a whole weights file into memory.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })
}

/// The tensors of a file read by [`read`].
pub(crate) fn parse<'a>(bytes: &'a [u8], path: &Path) -> Result<SafeTensors<'a>, Error> {
    SafeTensors::deserialize(bytes)
        .map_err(|source| Error::Damaged { path: path.to_owned(), source })
}

/// Whether the element type can be read.
pub(crate) fn is_readable(dtype: Dtype) -> bool {
    matches!(dtype, Dtype::F32 | Dtype::F16 | Dtype::BF16)
}

/// The values in f32; empty for an element type that is not readable.
pub(crate) fn values(view: &TensorView<'_>) -> Vec<f32> {
    let bytes = view.data();
    match view.dtype() {
        Dtype::F32 => decode(bytes, f32::from_le_bytes),
        Dtype::F16 => decode(bytes, |pair| f16::from_le_bytes(pair).to_f32()),
        Dtype::BF16 => decode(bytes, |pair| bf16::from_le_bytes(pair).to_f32()),
        _ => Vec::new(),
    }
}

fn decode<const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    let (elements, _) = bytes.as_chunks::<N>();
    elements.iter().map(|&element| value(element)).collect()
}

/// The bytes of f32 values.
pub(crate) fn encode(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// [rows, columns] → [columns, rows], row-major both.
pub(crate) fn transpose(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    const BLOCK: usize = 32;
    let mut transposed = vec![0.0; values.len()];
    for top in (0..rows).step_by(BLOCK) {
        for left in (0..columns).step_by(BLOCK) {
            for row in top..(top + BLOCK).min(rows) {
                for column in left..(left + BLOCK).min(columns) {
                    transposed[column * rows + row] = values[row * columns + column];
                }
            }
        }
    }
    transposed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposing_twice_is_nothing() {
        let (rows, columns) = (37, 70);
        let values: Vec<f32> = (0..rows * columns).map(|i| i as f32).collect();
        let once = transpose(&values, rows, columns);
        assert_eq!(once[3 * rows + 5] as usize, 5 * columns + 3);
        assert_eq!(transpose(&once, columns, rows), values);
    }
}
