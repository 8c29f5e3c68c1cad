//! Bias, dropout, residual connection and layer norm in one pass, and their derivatives in one.

use super::sums::{end_of, folded};
use crate::draws::{Draw, dropped_out, seeded};
use crate::launch::{ByRows, cubes, empty};
use burn_backend::{DType, TensorMetadata};
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

/// Rows of a cube on the way back, over which it sums for the weights.
const CHUNK: usize = 64;

#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn norm_kernel<E: Float, N: Size>(
    product: &Array<Vector<E, N>>,
    bias: &Array<Vector<f32, N>>,
    residual: &Array<Vector<f32, N>>,
    gamma: &Array<Vector<f32, N>>,
    beta: &Array<Vector<f32, N>>,
    wide: &mut Array<Vector<f32, N>>,
    narrow: &mut Array<Vector<E, N>>,
    normal: &mut Array<Vector<E, N>>,
    slopes: &mut Array<f32>,
    rows: u32,
    epsilon: f32,
    seed: &Array<f32>,
    site: u32,
    threshold: u32,
    factor: f32,
    #[comptime] vectors: usize,
    #[comptime] lanes: usize,
    #[comptime] steps: usize,
    #[comptime] drops: bool,
    #[define(E)] _dtype: StorageType,
) {
    let row = CUBE_POS * CUBE_DIM_Y as usize + UNIT_POS_Y as usize;
    if row >= rows as usize {
        terminate!();
    }
    let seed = seeded(seed, site);
    let lane = UNIT_POS_X as usize;
    let start = row * vectors;
    let width = (vectors * N::value()) as f32;

    let mut values = Array::<Vector<f32, N>>::new(steps);
    let mut sum = f32::new(0.0);
    #[unroll]
    for step in 0..steps {
        let at = step * lanes + lane;
        let mut value = Vector::<f32, N>::new(f32::new(0.0));
        if at < vectors {
            value = Vector::cast_from(product[start + at]) + bias[at];
            if comptime!(drops) {
                value = dropped_out::<N>(value, start + at, seed, threshold, factor);
            }
            value += residual[start + at];
            #[unroll]
            for i in 0..N::value() {
                sum += value[i];
            }
        }
        values[step] = value;
    }
    let mean = plane_sum(sum) / width;

    let mut squares = f32::new(0.0);
    #[unroll]
    for step in 0..steps {
        let at = step * lanes + lane;
        let value = values[step] - Vector::new(mean);
        if at < vectors {
            #[unroll]
            for i in 0..N::value() {
                squares += value[i] * value[i];
            }
        }
        values[step] = value;
    }
    let slope = 1.0f32 / (plane_sum(squares) / width + epsilon).sqrt();

    #[unroll]
    for step in 0..steps {
        let at = step * lanes + lane;
        if at < vectors {
            let value = values[step] * Vector::new(slope);
            let y = value * gamma[at] + beta[at];
            wide[start + at] = y;
            narrow[start + at] = Vector::cast_from(y);
            normal[start + at] = Vector::cast_from(value);
        }
    }
    if lane == 0 {
        slopes[row] = slope;
    }
}

#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn norm_back_kernel<E: Float, N: Size>(
    above: &Array<Vector<f32, N>>,
    more: &Array<Vector<E, N>>,
    normal: &Array<Vector<E, N>>,
    slopes: &Array<f32>,
    gamma: &Array<Vector<f32, N>>,
    residual: &mut Array<Vector<f32, N>>,
    product: &mut Array<Vector<E, N>>,
    sums: &mut Array<Vector<f32, N>>,
    rows: u32,
    chunk: u32,
    seed: &Array<f32>,
    site: u32,
    threshold: u32,
    factor: f32,
    #[comptime] vectors: usize,
    #[comptime] lanes: usize,
    #[comptime] steps: usize,
    #[comptime] planes: usize,
    #[comptime] drops: bool,
    #[comptime] two_terms: bool,
    #[define(E)] _dtype: StorageType,
) {
    let seed = seeded(seed, site);
    let lane = UNIT_POS_X as usize;
    let plane = UNIT_POS_Y as usize;
    let width = (vectors * N::value()) as f32;
    let zero = Vector::<f32, N>::new(f32::new(0.0));

    let mut of_gamma = Array::<Vector<f32, N>>::new(steps);
    let mut of_beta = Array::<Vector<f32, N>>::new(steps);
    let mut of_bias = Array::<Vector<f32, N>>::new(steps);
    #[unroll]
    for step in 0..steps {
        of_gamma[step] = zero;
        of_beta[step] = zero;
        of_bias[step] = zero;
    }

    let first = CUBE_POS * chunk as usize;
    let end = end_of(first, chunk, rows);
    let mut row = first + plane;
    while row < end {
        let start = row * vectors;
        let slope = slopes[row];
        let mut terms = Array::<Vector<f32, N>>::new(steps);
        let mut normals = Array::<Vector<f32, N>>::new(steps);
        let mut sum = f32::new(0.0);
        let mut along = f32::new(0.0);
        #[unroll]
        for step in 0..steps {
            let at = step * lanes + lane;
            let mut term = zero;
            let mut value = zero;
            if at < vectors {
                let mut g = above[start + at];
                if comptime!(two_terms) {
                    g += Vector::cast_from(more[start + at]);
                }
                value = Vector::cast_from(normal[start + at]);
                of_gamma[step] = of_gamma[step] + g * value;
                of_beta[step] = of_beta[step] + g;
                term = g * gamma[at];
                #[unroll]
                for i in 0..N::value() {
                    sum += term[i];
                    along += term[i] * value[i];
                }
            }
            terms[step] = term;
            normals[step] = value;
        }
        let mean = plane_sum(sum) / width;
        let along = plane_sum(along) / width;
        #[unroll]
        for step in 0..steps {
            let at = step * lanes + lane;
            if at < vectors {
                let straight = terms[step] - Vector::new(mean) - normals[step] * Vector::new(along);
                let g = straight * Vector::new(slope);
                residual[start + at] = g;
                let mut through = g;
                if comptime!(drops) {
                    through = dropped_out::<N>(g, start + at, seed, threshold, factor);
                }
                of_bias[step] = of_bias[step] + through;
                product[start + at] = Vector::cast_from(through);
            }
        }
        row += planes;
    }

    // One plane after the other, so that the sums are the same in every run.
    let mut shared = SharedMemory::<Vector<f32, N>>::new(3 * vectors);
    #[unroll]
    for turn in 0..planes {
        if plane == turn {
            #[unroll]
            for step in 0..steps {
                let at = step * lanes + lane;
                if at < vectors {
                    if comptime!(turn == 0) {
                        shared[at] = of_gamma[step];
                        shared[vectors + at] = of_beta[step];
                        shared[2 * vectors + at] = of_bias[step];
                    } else {
                        shared[at] = shared[at] + of_gamma[step];
                        shared[vectors + at] = shared[vectors + at] + of_beta[step];
                        shared[2 * vectors + at] = shared[2 * vectors + at] + of_bias[step];
                    }
                }
            }
        }
        sync_cube();
    }
    let start = CUBE_POS * 3 * vectors;
    let mut at = plane * lanes + lane;
    while at < 3 * vectors {
        sums[start + at] = shared[at];
        at += planes * lanes;
    }
}

/// A norm's output, and what its derivatives need.
pub(crate) struct Normed<R: CubeRuntime> {
    /// [rows, width] in f32.
    pub(crate) wide: CubeTensor<R>,
    /// The same in the products' format.
    pub(crate) narrow: CubeTensor<R>,
    /// What was scaled by γ, [rows, width].
    pub(crate) normal: CubeTensor<R>,
    /// One over the standard deviation, [rows].
    pub(crate) slopes: CubeTensor<R>,
}

/// norm(dropout(`product` + `bias`) + `residual`), all [rows, width].
pub(crate) fn norm<R: CubeRuntime>(
    product: &CubeTensor<R>,
    bias: &CubeTensor<R>,
    residual: &CubeTensor<R>,
    [gamma, beta]: [&CubeTensor<R>; 2],
    epsilon: f64,
    draw: &Draw<R>,
) -> Normed<R> {
    let [rows, width] = product.shape().dims();
    let by = ByRows::new(product, width, 4);
    let format = product.dtype;
    let normed = Normed {
        wide: empty(product, [rows, width], DType::F32),
        narrow: empty(product, [rows, width], format),
        normal: empty(product, [rows, width], format),
        slopes: empty(product, [rows], DType::F32),
    };
    // SAFETY: a plane keeps to its row, which is below `rows`, and to its `vectors`, of which the
    // weights have as many.
    unsafe {
        norm_kernel::launch_unchecked(
            &product.client,
            by.cubes(rows),
            by.dim(),
            by.vector,
            product.clone().into_array_arg(),
            bias.clone().into_array_arg(),
            residual.clone().into_array_arg(),
            gamma.clone().into_array_arg(),
            beta.clone().into_array_arg(),
            normed.wide.clone().into_array_arg(),
            normed.narrow.clone().into_array_arg(),
            normed.normal.clone().into_array_arg(),
            normed.slopes.clone().into_array_arg(),
            rows as u32,
            epsilon as f32,
            draw.seed.clone().into_array_arg(),
            draw.site,
            draw.threshold,
            draw.factor,
            by.vectors,
            by.lanes as usize,
            by.steps,
            draw.drops(),
            format.into(),
        );
    }
    normed
}

/// The gradients that leave a norm.
pub(crate) struct Unnormed<R: CubeRuntime> {
    /// Of the residual, [rows, width] in f32.
    pub(crate) residual: CubeTensor<R>,
    /// Of the product, [rows, width].
    pub(crate) product: CubeTensor<R>,
    /// Of γ, β and the product's bias, [3·width].
    pub(crate) weights: CubeTensor<R>,
}

/// The gradient of a norm's output, `above` and where there is one `more`, goes to its inputs.
pub(crate) fn norm_back<R: CubeRuntime>(
    above: &CubeTensor<R>,
    more: Option<&CubeTensor<R>>,
    (normal, slopes): (&CubeTensor<R>, &CubeTensor<R>),
    gamma: &CubeTensor<R>,
    draw: &Draw<R>,
) -> Unnormed<R> {
    let [rows, width] = normal.shape().dims();
    let by = ByRows::new(normal, width, 4);
    let chunks = rows.div_ceil(CHUNK);
    let residual = empty(normal, [rows, width], DType::F32);
    let product = empty(normal, [rows, width], normal.dtype);
    let sums = empty(normal, [chunks, 3 * width], DType::F32);
    // SAFETY: a cube keeps to its chunk of the rows and to its own sums, a plane to its `vectors`.
    // More than 65,535 chunks would need more rows than a device holds.
    unsafe {
        norm_back_kernel::launch_unchecked(
            &normal.client,
            cubes(chunks),
            by.dim(),
            by.vector,
            above.clone().into_array_arg(),
            more.unwrap_or(normal).clone().into_array_arg(),
            normal.clone().into_array_arg(),
            slopes.clone().into_array_arg(),
            gamma.clone().into_array_arg(),
            residual.clone().into_array_arg(),
            product.clone().into_array_arg(),
            sums.clone().into_array_arg(),
            rows as u32,
            CHUNK as u32,
            draw.seed.clone().into_array_arg(),
            draw.site,
            draw.threshold,
            draw.factor,
            by.vectors,
            by.lanes as usize,
            by.steps,
            by.planes as usize,
            draw.drops(),
            more.is_some(),
            normal.dtype.into(),
        );
    }
    Unnormed { residual, product, weights: folded(&sums) }
}
