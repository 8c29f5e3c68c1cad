//! Gradients of tables whose rows were looked up, without atomic additions: the same bits each time.

use super::sums::{end_of, folded};
use crate::launch::{cubes, empty, vector};
use burn_backend::{DType, TensorMetadata};
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

/// Threads of a cube, each of which has one vector of a table's columns, or one distance.
const THREADS: usize = 32;
const DIAGONALS: usize = 128;

/// Classes of rows: a thread adds to the rows of its class alone.
const CLASSES: usize = 128;

/// Queries whose scores a thread sums.
const CHUNK: usize = 64;

#[cube(launch_unchecked)]
fn scatter_kernel<I: Int, N: Size>(
    gradient: &Array<Vector<f32, N>>,
    ids: &Array<I>,
    table: &mut Array<Vector<f32, N>>,
    count: u32,
    rows: u32,
    vectors: u32,
    #[comptime] classes: usize,
    #[define(I)] _dtype: StorageType,
) {
    let column = CUBE_POS_X as usize * CUBE_DIM_X as usize + UNIT_POS_X as usize;
    let class = CUBE_POS_Y as usize;
    let vectors = vectors as usize;
    if column >= vectors {
        terminate!();
    }
    let mut row = class;
    while row < rows as usize {
        table[row * vectors + column] = Vector::new(f32::new(0.0));
        row += classes;
    }
    for i in 0..count as usize {
        let id = u32::cast_from(ids[i]) as usize;
        if id % classes == class && id < rows as usize {
            table[id * vectors + column] += gradient[i * vectors + column];
        }
    }
}

/// The gradient [count, width] of rows that `ids` [count] looked up in a table of `rows` → the
/// table's, [rows, width].
pub fn scatter<R: CubeRuntime>(
    gradient: &CubeTensor<R>,
    ids: &CubeTensor<R>,
    rows: usize,
) -> CubeTensor<R> {
    let [count, width] = gradient.shape().dims();
    let table = empty(gradient, [rows, width], DType::F32);
    let vector = vector(width, 4);
    let vectors = width / vector;
    let classes = rows.clamp(1, CLASSES);
    let cubes = CubeCount::Static(vectors.div_ceil(THREADS) as u32, classes as u32, 1);
    // SAFETY: a thread reads ids and rows below `count` and writes rows below `rows`, of which no
    // other writes the same columns: an id's class is one.
    unsafe {
        scatter_kernel::launch_unchecked(
            &gradient.client,
            cubes,
            CubeDim::new_1d(THREADS as u32),
            vector,
            gradient.clone().into_array_arg(),
            ids.clone().into_array_arg(),
            table.clone().into_array_arg(),
            count as u32,
            rows as u32,
            vectors as u32,
            classes,
            ids.dtype.into(),
        );
    }
    table
}

#[cube(launch_unchecked)]
fn diagonal_kernel<E: Float>(
    scores: &Array<E>,
    partial: &mut Array<f32>,
    tokens: u32,
    matrices: u32,
    chunk: u32,
    #[comptime] heads: usize,
    #[define(E)] _dtype: StorageType,
) {
    let queries = tokens;
    let tokens = tokens as usize;
    let distances = 2 * tokens - 1;
    let chunks = tokens.div_ceil(chunk as usize);
    let columns = distances.div_ceil(CUBE_DIM_X as usize);
    let distance = CUBE_POS % columns * CUBE_DIM_X as usize + UNIT_POS_X as usize;
    let matrix = CUBE_POS / columns / chunks;
    if distance >= distances || matrix >= matrices as usize {
        terminate!();
    }
    let first = CUBE_POS / columns % chunks * chunk as usize;
    let end = end_of(first, chunk, queries);
    let mut sum = f32::new(0.0);
    for query in first..end {
        // The key, counted from `tokens` − 1 before the first.
        let key = distance + query + 1;
        if key >= tokens && key < 2 * tokens {
            sum += f32::cast_from(scores[(matrix * tokens + query) * tokens + key - tokens]);
        }
    }
    let part = matrix / heads * chunks + first / chunk as usize;
    partial[(part * heads + matrix % heads) * distances + distance] = sum;
}

/// Gradients of scores [songs, heads, tokens, tokens] → of what was added to all of a head's scores
/// of the same distance from query to key, from 1 − tokens to tokens − 1: [heads · (2·tokens − 1)].
pub fn diagonals<R: CubeRuntime>(scores: &CubeTensor<R>) -> CubeTensor<R> {
    let [songs, heads, tokens, _] = scores.shape().dims();
    let (distances, chunks) = (2 * tokens - 1, tokens.div_ceil(CHUNK));
    let partial = empty(scores, [songs * chunks, heads * distances], DType::F32);
    let cubes = cubes(songs * heads * chunks * distances.div_ceil(DIAGONALS));
    // SAFETY: a thread reads keys below `tokens` of queries below `tokens`, and writes at its own
    // distance below `distances`.
    unsafe {
        diagonal_kernel::launch_unchecked(
            &scores.client,
            cubes,
            CubeDim::new_1d(DIAGONALS as u32),
            scores.clone().into_array_arg(),
            partial.clone().into_array_arg(),
            tokens as u32,
            (songs * heads) as u32,
            CHUNK as u32,
            heads,
            scores.dtype.into(),
        );
    }
    folded(&partial)
}
