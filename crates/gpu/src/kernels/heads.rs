//! From rows of all heads side by side to a matrix a head, and back.

use super::sums::{CHUNK, down, end_of, folded};
use crate::launch::{by_elements, empty, vector};
use burn_backend::{DType, TensorMetadata};
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn split_kernel<E: Float, N: Size>(
    joined: &Array<Vector<E, N>>,
    bias: &Array<Vector<f32, N>>,
    first: &mut Array<Vector<E, N>>,
    second: &mut Array<Vector<E, N>>,
    third: &mut Array<Vector<E, N>>,
    count: u32,
    tokens: u32,
    scale: f32,
    #[comptime] parts: usize,
    #[comptime] heads: usize,
    #[comptime] vectors: usize,
    #[comptime] biased: bool,
    #[define(E)] _dtype: StorageType,
) {
    let at = ABSOLUTE_POS;
    if at >= count as usize {
        terminate!();
    }
    let width = comptime!(heads * vectors);
    let row = at / comptime!(parts * width);
    let column = at % comptime!(parts * width);
    let part = column / width;
    let head = column % width / vectors;
    let song = row / tokens as usize;
    let token = row % tokens as usize;
    let to = ((song * heads + head) * tokens as usize + token) * vectors + column % vectors;
    let mut value = joined[at];
    if comptime!(biased) {
        value = Vector::cast_from(Vector::<f32, N>::cast_from(value) + bias[column]);
    }
    if part == 0 {
        let scaled = Vector::<f32, N>::cast_from(value) * Vector::new(scale);
        first[to] = Vector::cast_from(scaled);
    } else if part == 1 {
        second[to] = value;
    } else {
        third[to] = value;
    }
}

#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn join_kernel<E: Float, N: Size>(
    first: &Array<Vector<E, N>>,
    second: &Array<Vector<E, N>>,
    third: &Array<Vector<E, N>>,
    joined: &mut Array<Vector<E, N>>,
    sums: &mut Array<Vector<f32, N>>,
    rows: u32,
    chunk: u32,
    tokens: u32,
    scale: f32,
    #[comptime] parts: usize,
    #[comptime] heads: usize,
    #[comptime] vectors: usize,
    #[comptime] summed: bool,
    #[define(E)] _dtype: StorageType,
) {
    let width = comptime!(heads * vectors);
    let all = comptime!(parts * heads * vectors);
    let column = CUBE_POS_X as usize * CUBE_DIM_X as usize + UNIT_POS_X as usize;
    if column >= all {
        terminate!();
    }
    let part = column / width;
    let head = column % width / vectors;
    let begin = CUBE_POS_Y as usize * chunk as usize;
    let end = end_of(begin, chunk, rows);
    let mut sum = Vector::<f32, N>::new(f32::new(0.0));
    for row in begin..end {
        let song = row / tokens as usize;
        let token = row % tokens as usize;
        let from = ((song * heads + head) * tokens as usize + token) * vectors + column % vectors;
        let value = if part == 0 {
            Vector::<f32, N>::cast_from(first[from]) * Vector::new(scale)
        } else if part == 1 {
            Vector::<f32, N>::cast_from(second[from])
        } else {
            Vector::<f32, N>::cast_from(third[from])
        };
        sum += value;
        joined[row * all + column] = Vector::cast_from(value);
    }
    if comptime!(summed) {
        sums[CUBE_POS_Y as usize * all + column] = sum;
    }
}

/// [rows·tokens, PARTS·heads·size] plus `bias` → for each part [rows, heads, tokens, size], the
/// first one times `scale`.
pub(crate) fn split<R: CubeRuntime, const PARTS: usize>(
    joined: &CubeTensor<R>,
    bias: Option<&CubeTensor<R>>,
    scale: f32,
    [rows, heads, tokens]: [usize; 3],
) -> [CubeTensor<R>; PARTS] {
    let all = joined.shape()[1];
    let size = all / PARTS / heads;
    let vector = vector(size, joined.elem_size());
    let count = rows * tokens * all / vector;
    let parts: [CubeTensor<R>; PARTS] =
        std::array::from_fn(|_| empty(joined, [rows, heads, tokens, size], joined.dtype));
    // Parts that there are not are never written.
    let part = |i: usize| parts[i.min(PARTS - 1)].clone();
    let (cubes, dim) = by_elements(count);
    // SAFETY: a thread keeps to its vector, which is below `count`, and goes to the same song,
    // head, token and place in a head of its part; `bias` has a row's elements.
    unsafe {
        split_kernel::launch_unchecked(
            &joined.client,
            cubes,
            dim,
            vector,
            joined.clone().into_array_arg(),
            bias.unwrap_or(joined).clone().into_array_arg(),
            part(0).into_array_arg(),
            part(1).into_array_arg(),
            part(2).into_array_arg(),
            count as u32,
            tokens as u32,
            scale,
            PARTS,
            heads,
            size / vector,
            bias.is_some(),
            joined.dtype.into(),
        );
    }
    parts
}

/// [rows, heads, tokens, size] → [rows·tokens, heads·size].
pub(crate) fn join<R: CubeRuntime>(part: &CubeTensor<R>) -> CubeTensor<R> {
    joined([part], 1.0, false).0
}

/// Parts side by side, the first one times `scale`, and the sums over rows.
pub(crate) fn join_with_sums<R: CubeRuntime, const PARTS: usize>(
    parts: [&CubeTensor<R>; PARTS],
    scale: f32,
) -> (CubeTensor<R>, CubeTensor<R>) {
    let (joined, sums) = joined(parts, scale, true);
    (joined, folded(&sums))
}

fn joined<R: CubeRuntime, const PARTS: usize>(
    parts: [&CubeTensor<R>; PARTS],
    scale: f32,
    summed: bool,
) -> (CubeTensor<R>, CubeTensor<R>) {
    let like = parts[0];
    let [rows, heads, tokens, size] = like.shape().dims();
    let (all, rows) = (PARTS * heads * size, rows * tokens);
    let vector = vector(size, like.elem_size());
    let joined = empty(like, [rows, all], like.dtype);
    let chunks = if summed { rows.div_ceil(CHUNK) } else { 1 };
    let sums = empty(like, [chunks, all], DType::F32);
    let part = |i: usize| parts[i.min(PARTS - 1)].clone();
    let (cubes, dim) = down(rows, all / vector);
    // SAFETY: a thread keeps to its column, which is below the number of vectors of a row, and to
    // its chunk of the rows; it comes from the same song, head, token and place in a head.
    unsafe {
        join_kernel::launch_unchecked(
            &like.client,
            cubes,
            dim,
            vector,
            part(0).into_array_arg(),
            part(1).into_array_arg(),
            part(2).into_array_arg(),
            joined.clone().into_array_arg(),
            sums.clone().into_array_arg(),
            rows as u32,
            CHUNK as u32,
            tokens as u32,
            scale,
            PARTS,
            heads,
            size / vector,
            summed,
            like.dtype.into(),
        );
    }
    (joined, sums)
}
