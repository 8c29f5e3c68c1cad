//! The word table, read row by row from the mapped file.

use crate::source::Source;
use canto_kernels::Mapped;
use half::{bf16, f16};
use safetensors::Dtype;

/// Where a table lies in the file.
pub(crate) struct Table {
    offset: usize,
    dtype: Dtype,
    columns: usize,
    scales: Option<Vec<f32>>,
}

impl Table {
    pub(crate) fn new(source: &Source<'_>, name: &str, columns: usize) -> Self {
        let matrix = source.matrix(name);
        let offset = source.offset(matrix.bytes);
        Self { offset, dtype: matrix.dtype, columns, scales: matrix.scales }
    }

    /// x ← the table's row + `shift`.
    pub(crate) fn add(&self, file: &Mapped, row: usize, shift: &[f32], x: &mut [f32]) {
        let size = self.columns * self.dtype.bitsize() / 8;
        let bytes = &file.bytes()[self.offset + row * size..][..size];
        let sum = x.iter_mut().zip(shift);
        match (self.dtype, &self.scales) {
            (Dtype::F32, _) => {
                let values = bytes.as_chunks().0.iter().map(|&x| f32::from_le_bytes(x));
                sum.zip(values).for_each(|((x, shift), value)| *x = value + shift);
            }
            (Dtype::F16, _) => {
                let values = bytes.as_chunks().0.iter().map(|&x| f16::from_le_bytes(x).to_f32());
                sum.zip(values).for_each(|((x, shift), value)| *x = value + shift);
            }
            (Dtype::BF16, _) => {
                let values = bytes.as_chunks().0.iter().map(|&x| bf16::from_le_bytes(x).to_f32());
                sum.zip(values).for_each(|((x, shift), value)| *x = value + shift);
            }
            (_, scales) => {
                let scale = scales.as_ref().map_or(0.0, |scales| scales[row]);
                let values = bytes.iter().map(|&q| f32::from(q as i8) * scale);
                sum.zip(values).for_each(|((x, shift), value)| *x = value + shift);
            }
        }
    }
}
