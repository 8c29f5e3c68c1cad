//! Softmax over keys, with dropout, in the place of the scores.

use crate::draws::{Draw, drawn, seeded};
use crate::launch::{ByRows, empty};
use burn_backend::TensorMetadata;
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

/// Below every score, and what a masked key's score is far above.
const LEAST: f32 = -1e30;

#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn attend_kernel<E: Float, N: Size>(
    scores: &mut Array<Vector<E, N>>,
    left: &mut Array<Vector<E, N>>,
    keys: &Array<Vector<f32, N>>,
    distances: &Array<Vector<f32, N>>,
    queries: u32,
    queries_of_row: u32,
    seed: &Array<f32>,
    site: u32,
    threshold: u32,
    factor: f32,
    vectors: u32,
    #[comptime] lanes: usize,
    #[comptime] steps: usize,
    #[comptime] drops: bool,
    #[comptime] relative: bool,
    #[define(E)] _dtype: StorageType,
) {
    let query = CUBE_POS * CUBE_DIM_Y as usize + UNIT_POS_Y as usize;
    if query >= queries as usize {
        terminate!();
    }
    let seed = seeded(seed, site);
    let lane = UNIT_POS_X as usize;
    let vectors = vectors as usize;
    let start = query * vectors;
    let row = query / queries_of_row as usize;
    let keys_start = row * vectors;
    let distances_start = (query - row * queries_of_row as usize) * vectors;

    let mut values = Array::<Vector<f32, N>>::new(steps);
    let mut most = f32::new(LEAST);
    #[unroll]
    for step in 0..steps {
        let at = step * lanes + lane;
        let mut value = Vector::<f32, N>::new(f32::new(LEAST));
        if at < vectors {
            value = Vector::cast_from(scores[start + at]) + keys[keys_start + at];
            if comptime!(relative) {
                value += distances[distances_start + at];
            }
        }
        #[unroll]
        for i in 0..N::value() {
            most = select(value[i] > most, value[i], most);
        }
        values[step] = value;
    }
    most = plane_max(most);

    let mut sum = f32::new(0.0);
    #[unroll]
    for step in 0..steps {
        let value = (values[step] - Vector::new(most)).exp();
        #[unroll]
        for i in 0..N::value() {
            sum += value[i];
        }
        values[step] = value;
    }
    let scale = 1.0f32 / plane_sum(sum);

    #[unroll]
    for step in 0..steps {
        let at = step * lanes + lane;
        if at < vectors {
            let mut p = values[step] * Vector::new(scale);
            let mut kept = p;
            if comptime!(drops) {
                let place = ((start + at) * N::value()) as u32;
                #[unroll]
                for i in 0..N::value() {
                    let dropped = drawn(place + i as u32, seed) < threshold;
                    let probability = p[i];
                    kept[i] = select(dropped, f32::new(0.0), probability * factor);
                    p[i] = select(dropped, -probability, probability);
                }
            }
            scores[start + at] = Vector::cast_from(p);
            left[start + at] = Vector::cast_from(kept);
        }
    }
}

#[cube(launch_unchecked)]
fn attend_back_kernel<E: Float, N: Size>(
    gradient: &mut Array<Vector<E, N>>,
    signed: &Array<Vector<E, N>>,
    queries: u32,
    factor: f32,
    vectors: u32,
    #[comptime] lanes: usize,
    #[comptime] steps: usize,
    #[define(E)] _dtype: StorageType,
) {
    let query = CUBE_POS * CUBE_DIM_Y as usize + UNIT_POS_Y as usize;
    if query >= queries as usize {
        terminate!();
    }
    let lane = UNIT_POS_X as usize;
    let vectors = vectors as usize;
    let start = query * vectors;

    let mut terms = Array::<Vector<f32, N>>::new(steps);
    let mut shares = Array::<Vector<f32, N>>::new(steps);
    let mut sum = f32::new(0.0);
    #[unroll]
    for step in 0..steps {
        let at = step * lanes + lane;
        let mut term = Vector::<f32, N>::new(f32::new(0.0));
        let mut share = Vector::<f32, N>::new(f32::new(0.0));
        if at < vectors {
            let p = Vector::<f32, N>::cast_from(signed[start + at]);
            let g = Vector::<f32, N>::cast_from(gradient[start + at]);
            #[unroll]
            for i in 0..N::value() {
                let dropped = p[i] < 0.0;
                share[i] = select(dropped, -p[i], p[i]);
                term[i] = select(dropped, f32::new(0.0), g[i] * factor * p[i]);
                sum += term[i];
            }
        }
        terms[step] = term;
        shares[step] = share;
    }
    let sum = plane_sum(sum);

    #[unroll]
    for step in 0..steps {
        let at = step * lanes + lane;
        if at < vectors {
            gradient[start + at] = Vector::cast_from(terms[step] - shares[step] * Vector::new(sum));
        }
    }
}

/// What is made of scores.
pub(crate) struct Attended<R: CubeRuntime> {
    /// Probabilities, negative where they were dropped, in the place of the scores.
    pub(crate) signed: CubeTensor<R>,
    /// What dropout left of them.
    pub(crate) left: CubeTensor<R>,
}

/// softmax(`scores` + `keys` + `distances`), where `scores` are [rows, heads, queries, tokens],
/// `keys` [rows, tokens] and `distances` [heads, queries, tokens].
pub(crate) fn attend<R: CubeRuntime>(
    scores: CubeTensor<R>,
    keys: &CubeTensor<R>,
    distances: Option<&CubeTensor<R>>,
    draw: &Draw<R>,
) -> Attended<R> {
    let [rows, heads, asking, tokens] = scores.shape().dims();
    let (queries, by) = (rows * heads * asking, ByRows::new(&scores, tokens, scores.elem_size()));
    let left =
        if draw.drops() { empty(&scores, scores.shape(), scores.dtype) } else { scores.clone() };
    // SAFETY: a plane keeps to its query, which is below `queries`, and to its `vectors`; keys and
    // distances have as many for each row of the batch and for each of a row's queries.
    unsafe {
        attend_kernel::launch_unchecked(
            &scores.client,
            by.cubes(queries),
            by.dim(),
            by.vector,
            scores.clone().into_array_arg(),
            left.clone().into_array_arg(),
            keys.clone().into_array_arg(),
            distances.unwrap_or(keys).clone().into_array_arg(),
            queries as u32,
            (heads * asking) as u32,
            draw.seed.clone().into_array_arg(),
            draw.site,
            draw.threshold,
            draw.factor,
            by.vectors as u32,
            by.lanes as usize,
            by.steps,
            draw.drops(),
            distances.is_some(),
            scores.dtype.into(),
        );
    }
    Attended { signed: scores, left }
}

/// The gradient of what dropout left becomes that of the scores, in its place.
pub(crate) fn attend_back<R: CubeRuntime>(
    gradient: CubeTensor<R>,
    signed: &CubeTensor<R>,
    draw: &Draw<R>,
) -> CubeTensor<R> {
    let [rows, heads, asking, tokens] = gradient.shape().dims();
    let queries = rows * heads * asking;
    let by = ByRows::new(&gradient, tokens, gradient.elem_size());
    // SAFETY: a plane keeps to its query, which is below `queries`, and to its `vectors`.
    unsafe {
        attend_back_kernel::launch_unchecked(
            &gradient.client,
            by.cubes(queries),
            by.dim(),
            by.vector,
            gradient.clone().into_array_arg(),
            signed.clone().into_array_arg(),
            queries as u32,
            draw.factor,
            by.vectors as u32,
            by.lanes as usize,
            by.steps,
            gradient.dtype.into(),
        );
    }
    gradient
}
