//! f32 weights in panels of columns, for AVX-512.

use super::Activation;
use super::groups::PANEL;
use crate::lasting::Lasting;
use crate::rows::{Rows, RowsMut};
use crate::spread::Spread;
use pulp::bytemuck::Zeroable;
use rayon::prelude::*;

/// Inputs that are multiplied at once: a panel of them fits the second cache beside the rows.
const DEPTH: usize = 1024;

/// One input's weights in a panel.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
pub(crate) struct Row(pub(crate) [f32; PANEL]);

// SAFETY: floats may be 0.
#[expect(unsafe_code)]
unsafe impl Zeroable for Row {}

/// W, [outputs, inputs], as [panel][input][column]; columns past the last output are 0.
#[derive(Debug)]
pub(crate) struct Panels {
    values: Lasting<Row>,
    inputs: usize,
    outputs: usize,
}

impl Panels {
    pub(crate) fn new(weights: &[f32], inputs: usize, outputs: usize) -> Self {
        let mut values = Lasting::<Row>::zeroed(outputs.div_ceil(PANEL) * inputs);
        let sources = weights.par_chunks((PANEL * inputs).max(1));
        values.par_chunks_mut(inputs.max(1)).zip(sources).for_each(|(panel, weights)| {
            for (column, weights) in weights.chunks_exact(inputs).enumerate() {
                for (row, &weight) in panel.iter_mut().zip(weights) {
                    row.0[column] = weight;
                }
            }
        });
        Self { values, inputs, outputs }
    }

    #[cfg(target_arch = "x86_64")]
    pub(crate) fn forward(
        &self,
        spread: Spread,
        x: Rows<'_, f32>,
        y: &mut RowsMut<'_, f32>,
        bias: &[f32],
        activation: Activation,
    ) {
        use super::Target;
        use super::avx512::{Finish, Tile, multiply};
        use super::grid::Grid;
        let (target, stride) = (Target::new(y), y.stride());
        let blocks = self.inputs.div_ceil(DEPTH).max(1);
        let depth = self.inputs.div_ceil(blocks);
        Grid::new(spread, x.rows(), self.outputs.div_ceil(PANEL)).run(|rows, panels| {
            for block in 0..blocks {
                let (start, end) = (block * depth, ((block + 1) * depth).min(self.inputs));
                for panel in panels.clone() {
                    let first = panel * PANEL;
                    let columns = PANEL.min(self.outputs - first);
                    let c = target.at(rows.start * stride + first);
                    let tile = Tile {
                        rows: rows.len(),
                        a: x.as_ptr().wrapping_add(rows.start * x.stride() + start),
                        a_stride: x.stride(),
                        b: &self.values[panel * self.inputs..][start..end],
                        c,
                        c_stride: stride,
                        columns,
                        onto: (block > 0).then_some(c.cast_const()),
                    };
                    let finish = (block + 1 == blocks)
                        .then(|| Finish { bias: &bias[first..first + columns], activation });
                    // SAFETY: panels are only built where the CPU has AVX-512; `rows` lies in x
                    // and y, of the same height, and start..end in x's columns; the task alone
                    // writes these rows of these columns.
                    #[expect(unsafe_code)]
                    unsafe {
                        multiply(tile, finish);
                    }
                }
            }
        });
    }

    #[cfg(not(target_arch = "x86_64"))]
    pub(crate) fn forward(
        &self,
        _: Spread,
        _: Rows<'_, f32>,
        _: &mut RowsMut<'_, f32>,
        _: &[f32],
        _: Activation,
    ) {
        unreachable!("panels are built for AVX-512 only")
    }
}
