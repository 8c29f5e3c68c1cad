//! What surrounds matrix products: biases, GELU, sums over rows, all in place.

use crate::Backend;
use crate::model::activation::normal;
use crate::model::lanes::vectorised;
use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;
use std::ops::Range;

/// Rows a task.
const ROWS: usize = 16;

/// A tensor outside any graph after `work` on its values, row-major; copied only where others hold
/// it too.
///
/// A tensor of the CPU backend is always readable as f32: should it not be, `work` sees nothing.
pub(super) fn changed<const D: usize>(
    tensor: Tensor<Backend, D>,
    work: impl FnOnce(&mut [f32]),
) -> Tensor<Backend, D> {
    let device = tensor.device();
    let mut data = tensor.into_data();
    work(data.as_mut_slice::<f32>().unwrap_or_default());
    Tensor::from_data(data, &device)
}

/// The values of a tensor's data.
pub(super) fn values(data: &TensorData) -> &[f32] {
    data.as_slice::<f32>().unwrap_or_default()
}

/// (values + bias) · scale, in rows of the bias' width.
pub(super) fn add_bias(values: &mut [f32], bias: &[f32], scale: f32) {
    values.par_chunks_mut(ROWS * bias.len()).for_each(|rows| {
        vectorised(
            #[inline(always)]
            || {
                for row in rows.chunks_mut(bias.len()) {
                    for (value, bias) in row.iter_mut().zip(bias) {
                        *value = (*value + bias) * scale;
                    }
                }
            },
        );
    });
}

/// GELU of `slopes` + bias, [rows, width], in whose place its slopes are left.
pub(super) fn gelu(slopes: &mut [f32], bias: &[f32]) -> Vec<f32> {
    let width = bias.len();
    let mut output = vec![0.0; slopes.len()];
    let size = ROWS * width;
    let tasks = output.par_chunks_mut(size).zip(slopes.par_chunks_mut(size));
    tasks.for_each(|(output, slopes)| {
        vectorised(
            #[inline(always)]
            || {
                for (output, slopes) in output.chunks_mut(width).zip(slopes.chunks_mut(width)) {
                    for ((output, slope), bias) in output.iter_mut().zip(slopes).zip(bias) {
                        let x = *slope + bias;
                        let (below, density) = normal(x);
                        *output = x * below;
                        *slope = below + x * density;
                    }
                }
            },
        );
    });
    output
}

/// Multiplies a gradient by slopes, [rows, width], in place; gives the sum over the rows.
pub(super) fn times_slopes(gradient: &mut [f32], slopes: &[f32], width: usize) -> Vec<f32> {
    let size = ROWS * width;
    let tasks = gradient.par_chunks_mut(size).zip(slopes.par_chunks(size));
    let sums: Vec<Vec<f32>> = tasks
        .map(|(gradient, slopes)| {
            let mut sums = vec![0.0; width];
            vectorised(
                #[inline(always)]
                || {
                    for (row, slopes) in gradient.chunks_mut(width).zip(slopes.chunks(width)) {
                        for ((g, slope), sum) in row.iter_mut().zip(slopes).zip(&mut sums) {
                            *g *= slope;
                            *sum += *g;
                        }
                    }
                },
            );
            sums
        })
        .collect();
    sums_of_chunks(&sums, width)
}

/// The sum over rows of this width.
pub(super) fn column_sums(values: &[f32], width: usize) -> Vec<f32> {
    let sums: Vec<Vec<f32>> = values
        .par_chunks(ROWS * width)
        .map(|rows| {
            let mut sums = vec![0.0; width];
            vectorised(
                #[inline(always)]
                || {
                    for row in rows.chunks(width) {
                        for (sum, value) in sums.iter_mut().zip(row) {
                            *sum += value;
                        }
                    }
                },
            );
            sums
        })
        .collect();
    sums_of_chunks(&sums, width)
}

/// Adds chunks' sums in their order, so that the result does not depend on the number of threads.
pub(super) fn sums_of_chunks(chunks: &[Vec<f32>], width: usize) -> Vec<f32> {
    let mut sums = vec![0.0; width];
    for chunk in chunks {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += value;
        }
    }
    sums
}

/// The sum of the parts `at` of `terms`; 0 without any.
#[inline(always)]
pub(super) fn added(terms: &[&[f32]], at: &Range<usize>, sum: &mut [f32]) {
    match terms {
        [] => sum.fill(0.0),
        [first, rest @ ..] => {
            sum.copy_from_slice(&first[at.clone()]);
            for term in rest {
                for (sum, value) in sum.iter_mut().zip(&term[at.clone()]) {
                    *sum += value;
                }
            }
        }
    }
}
