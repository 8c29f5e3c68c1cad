//! Bias and GELU with the error function, and their derivative.

use super::sums::{CHUNK, down, end_of, folded};
use crate::launch::{by_elements, empty, vector};
use burn_backend::{DType, TensorMetadata};
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

const ROOT_HALF: f32 = std::f32::consts::FRAC_1_SQRT_2;
/// 1 / √(2π).
const DENSITY: f32 = 0.398_942_3;

#[cube(launch_unchecked)]
fn gelu_kernel<E: Float, N: Size>(
    product: &Array<Vector<E, N>>,
    bias: &Array<Vector<f32, N>>,
    output: &mut Array<Vector<E, N>>,
    count: u32,
    #[comptime] vectors: usize,
    #[define(E)] _dtype: StorageType,
) {
    let at = ABSOLUTE_POS;
    if at >= count as usize {
        terminate!();
    }
    let x = Vector::<f32, N>::cast_from(product[at]) + bias[at % vectors];
    let below = (x * Vector::new(f32::new(ROOT_HALF))).erf() * Vector::new(f32::new(0.5))
        + Vector::new(f32::new(0.5));
    output[at] = Vector::cast_from(x * below);
}

#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn gelu_back_kernel<E: Float, N: Size>(
    gradient: &mut Array<Vector<E, N>>,
    product: &Array<Vector<E, N>>,
    bias: &Array<Vector<f32, N>>,
    sums: &mut Array<Vector<f32, N>>,
    rows: u32,
    chunk: u32,
    #[comptime] vectors: usize,
    #[define(E)] _dtype: StorageType,
) {
    let column = CUBE_POS_X as usize * CUBE_DIM_X as usize + UNIT_POS_X as usize;
    if column >= vectors {
        terminate!();
    }
    let half = Vector::<f32, N>::new(f32::new(0.5));
    let bias = bias[column];
    let first = CUBE_POS_Y as usize * chunk as usize;
    let end = end_of(first, chunk, rows);
    let mut sum = Vector::<f32, N>::new(f32::new(0.0));
    for row in first..end {
        let at = row * vectors + column;
        let x = Vector::<f32, N>::cast_from(product[at]) + bias;
        let below = (x * Vector::new(f32::new(ROOT_HALF))).erf() * half + half;
        let bell = (x * x * Vector::new(f32::new(-0.5))).exp();
        let slope = below + x * bell * Vector::new(f32::new(DENSITY));
        let g = Vector::<f32, N>::cast_from(gradient[at]) * slope;
        sum += g;
        gradient[at] = Vector::cast_from(g);
    }
    sums[CUBE_POS_Y as usize * vectors + column] = sum;
}

/// GELU of `product` + `bias`, [rows, width].
pub(crate) fn gelu<R: CubeRuntime>(product: &CubeTensor<R>, bias: &CubeTensor<R>) -> CubeTensor<R> {
    let [rows, width] = product.shape().dims();
    let vector = vector(width, product.elem_size());
    let count = rows * width / vector;
    let (cubes, dim) = by_elements(count);
    let output = empty(product, [rows, width], product.dtype);
    // SAFETY: a thread keeps to its vector, which is below `count`; the bias has `width` elements.
    unsafe {
        gelu_kernel::launch_unchecked(
            &product.client,
            cubes,
            dim,
            vector,
            product.clone().into_array_arg(),
            bias.clone().into_array_arg(),
            output.clone().into_array_arg(),
            count as u32,
            width / vector,
            product.dtype.into(),
        );
    }
    output
}

/// The gradient of GELU's output becomes that of `product`, in its place; with it comes its sum
/// over rows, the gradient of the bias.
pub(crate) fn gelu_back<R: CubeRuntime>(
    gradient: CubeTensor<R>,
    product: &CubeTensor<R>,
    bias: &CubeTensor<R>,
) -> (CubeTensor<R>, CubeTensor<R>) {
    let [rows, width] = product.shape().dims();
    let vector = vector(width, product.elem_size());
    let (cubes, dim) = down(rows, width / vector);
    let sums = empty(product, [rows.div_ceil(CHUNK), width], DType::F32);
    // SAFETY: a thread keeps to its column, which is below the number of vectors, and to its
    // chunk of the rows, of which there are as many as cubes in the second dimension.
    unsafe {
        gelu_back_kernel::launch_unchecked(
            &product.client,
            cubes,
            dim,
            vector,
            gradient.clone().into_array_arg(),
            product.clone().into_array_arg(),
            bias.clone().into_array_arg(),
            sums.clone().into_array_arg(),
            rows as u32,
            CHUNK as u32,
            width / vector,
            product.dtype.into(),
        );
    }
    (gradient, folded(&sums))
}
