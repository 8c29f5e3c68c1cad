//! f32 products by the `gemm` crate, for every CPU.

use super::{Activation, Target};
use crate::gelu::{bias_gelu_inline, bias_inline};
use crate::level::Level;
use crate::rows::{Rows, RowsMut};
use crate::spread::Spread;

/// W, [outputs, inputs], row-major.
#[derive(Debug)]
pub(crate) struct Plain {
    weights: Vec<f32>,
}

impl Plain {
    pub(crate) fn new(weights: Vec<f32>) -> Self {
        Self { weights }
    }

    pub(crate) fn forward(
        &self,
        level: Level,
        spread: Spread,
        x: Rows<'_, f32>,
        y: &mut RowsMut<'_, f32>,
        bias: &[f32],
        activation: Activation,
    ) {
        let weights = Rows::new(&self.weights, bias.len(), x.columns(), x.columns());
        let (target, stride) = (Target::new(y), y.stride());
        let parallelism = match spread {
            Spread::Pool => gemm::Parallelism::Rayon(0),
            Spread::Here => gemm::Parallelism::None,
        };
        // SAFETY: y is as high as x and as wide as W is high, and written here alone.
        #[expect(unsafe_code)]
        unsafe {
            product(x, weights, true, target.at(0), stride, parallelism);
        }
        let (rows, columns) = (y.rows(), y.columns());
        let values = y.values();
        let end = (rows * stride).min(values.len());
        spread.chunks(&mut values[..end], stride.max(1), |_, y| {
            level.run(
                #[inline(always)]
                || match activation {
                    Activation::None => bias_inline(&mut y[..columns], bias),
                    Activation::Gelu => bias_gelu_inline(&mut y[..columns], bias),
                },
            );
        });
    }
}

/// C = A·B or, where B is `transposed`, A·Bᵀ.
///
/// # Safety
/// C must be writable, as high as A and as wide as the second factor, its rows `c_stride`
/// elements apart; no other thread may touch it meanwhile.
#[expect(unsafe_code)]
pub(crate) unsafe fn product(
    a: Rows<'_, f32>,
    b: Rows<'_, f32>,
    transposed: bool,
    c: *mut f32,
    c_stride: usize,
    parallelism: gemm::Parallelism,
) {
    let (columns, depth) =
        if transposed { (b.rows(), b.columns()) } else { (b.columns(), b.rows()) };
    assert_eq!(a.columns(), depth, "factors that do not fit");
    let stride = b.stride() as isize;
    let (b_columns, b_rows) = if transposed { (stride, 1) } else { (1, stride) };
    // SAFETY: `Rows` holds every element that its shape names; C is the caller's promise.
    unsafe {
        gemm::gemm(
            a.rows(),
            columns,
            depth,
            c,
            1,
            c_stride as isize,
            false,
            a.as_ptr(),
            1,
            a.stride() as isize,
            b.as_ptr(),
            b_columns,
            b_rows,
            0.0,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}
