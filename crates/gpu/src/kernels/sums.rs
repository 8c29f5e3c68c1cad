//! Sums over rows, in two steps: over chunks of them, then over the chunks.

use crate::launch::{cubes, empty};
use burn_backend::{DType, TensorMetadata};
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

/// Columns of a cube, and threads that share each.
const COLUMNS: usize = 32;
const SHARE: usize = 16;

/// Rows of a chunk, and threads of a cube, for kernels in which a thread goes down the rows of a
/// chunk in one column of vectors.
pub(crate) const CHUNK: usize = 32;
pub(crate) const THREADS: usize = 128;

#[cube(launch_unchecked)]
fn fold_kernel(
    partial: &Array<f32>,
    sums: &mut Array<f32>,
    chunks: u32,
    width: u32,
    #[comptime] columns: usize,
    #[comptime] share: usize,
) {
    let x = UNIT_POS_X as usize;
    let y = UNIT_POS_Y as usize;
    let column = CUBE_POS * columns + x;
    let width = width as usize;
    let mut sum = f32::new(0.0);
    if column < width {
        let mut chunk = y;
        while chunk < chunks as usize {
            sum += partial[chunk * width + column];
            chunk += share;
        }
    }
    let mut shared = SharedMemory::<f32>::new(columns * share);
    shared[y * columns + x] = sum;
    sync_cube();
    if y == 0 && column < width {
        let mut total = f32::new(0.0);
        for i in 0..share {
            total += shared[i * columns + x];
        }
        sums[column] = total;
    }
}

/// The sum over the first axis, [chunks, width] → [width].
pub(crate) fn folded<R: CubeRuntime>(partial: &CubeTensor<R>) -> CubeTensor<R> {
    let [chunks, width] = partial.shape().dims();
    let sums = empty(partial, [width], DType::F32);
    // SAFETY: a thread reads below `chunks` and `width` and writes below `width`.
    unsafe {
        fold_kernel::launch_unchecked(
            &partial.client,
            cubes(width.div_ceil(COLUMNS)),
            CubeDim::new_2d(COLUMNS as u32, SHARE as u32),
            partial.clone().into_array_arg(),
            sums.clone().into_array_arg(),
            chunks as u32,
            width as u32,
            COLUMNS,
            SHARE,
        );
    }
    sums
}

/// Where a chunk of rows ends that begins at `first`.
#[cube]
pub(crate) fn end_of(first: usize, chunk: u32, rows: u32) -> usize {
    let end = first + chunk as usize;
    select(end > rows as usize, rows as usize, end)
}

/// Cubes for `rows` of `vectors`: columns of threads by chunks.
pub(crate) fn down(rows: usize, vectors: usize) -> (CubeCount, CubeDim) {
    let (x, y) = (vectors.div_ceil(THREADS), rows.div_ceil(CHUNK));
    (CubeCount::Static(x as u32, y as u32, 1), CubeDim::new_1d(THREADS as u32))
}
