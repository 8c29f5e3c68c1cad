//! Columns of a matrix, copied in or out and from one number format to another.

use crate::launch::{by_elements, empty, vector};
use burn_backend::{DType, TensorMetadata};
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn place_kernel<I: Float, O: Float, N: Size>(
    input: &Array<Vector<I, N>>,
    output: &mut Array<Vector<O, N>>,
    count: u32,
    vectors: u32,
    input_row: u32,
    input_first: u32,
    output_row: u32,
    output_first: u32,
    #[define(I, O)] _dtypes: [StorageType; 2],
) {
    let at = ABSOLUTE_POS;
    if at >= count as usize {
        terminate!();
    }
    let row = at / vectors as usize;
    let column = at % vectors as usize;
    let from = row * input_row as usize + input_first as usize + column;
    let to = row * output_row as usize + output_first as usize + column;
    output[to] = Vector::cast_from(input[from]);
}

/// So many columns of a matrix, from the given one on.
struct Columns<'a, R: CubeRuntime> {
    matrix: &'a CubeTensor<R>,
    first: usize,
}

fn copy<R: CubeRuntime>(from: &Columns<'_, R>, to: &Columns<'_, R>, rows: usize, width: usize) {
    let row = |matrix: &CubeTensor<R>| matrix.shape().num_elements() / rows;
    let (input_row, output_row) = (row(from.matrix), row(to.matrix));
    let fits = |n: &usize| [input_row, output_row, from.first, to.first].iter().all(|x| x % n == 0);
    let bytes = from.matrix.elem_size().max(to.matrix.elem_size());
    let vector = vector(width, bytes);
    let vector = if fits(&vector) { vector } else { 1 };
    let count = rows * width / vector;
    let (cubes, dim) = by_elements(count);
    // SAFETY: a thread keeps to its vector of `width` columns from the first on, which both
    // matrices have: callers say where.
    unsafe {
        place_kernel::launch_unchecked(
            &from.matrix.client,
            cubes,
            dim,
            vector,
            from.matrix.clone().into_array_arg(),
            to.matrix.clone().into_array_arg(),
            count as u32,
            (width / vector) as u32,
            (input_row / vector) as u32,
            (from.first / vector) as u32,
            (output_row / vector) as u32,
            (to.first / vector) as u32,
            [from.matrix.dtype.into(), to.matrix.dtype.into()],
        );
    }
}

/// Matrices of as many `rows` side by side, in the format `dtype`.
pub(crate) fn place<R: CubeRuntime>(
    parts: &[&CubeTensor<R>],
    rows: usize,
    dtype: DType,
) -> CubeTensor<R> {
    let widths: Vec<usize> = parts.iter().map(|part| part.shape().num_elements() / rows).collect();
    let matrix = empty(parts[0], [rows, widths.iter().sum()], dtype);
    let mut first = 0;
    for (part, width) in parts.iter().zip(widths) {
        let from = Columns { matrix: part, first: 0 };
        copy(&from, &Columns { matrix: &matrix, first }, rows, width);
        first += width;
    }
    matrix
}

/// Columns `first` to `first + width` of a matrix of `rows`, flat and in f32.
pub(crate) fn take<R: CubeRuntime>(
    matrix: &CubeTensor<R>,
    rows: usize,
    first: usize,
    width: usize,
) -> CubeTensor<R> {
    let output = empty(matrix, [rows * width], DType::F32);
    copy(&Columns { matrix, first }, &Columns { matrix: &output, first: 0 }, rows, width);
    output
}

/// The first of each row's tokens, [rows·tokens, width] → [rows, width].
pub(crate) fn first<R: CubeRuntime>(matrix: &CubeTensor<R>, rows: usize) -> CubeTensor<R> {
    let width = matrix.shape()[1];
    let output = empty(matrix, [rows, width], matrix.dtype);
    copy(&Columns { matrix, first: 0 }, &Columns { matrix: &output, first: 0 }, rows, width);
    output
}

#[cube(launch_unchecked)]
fn spread_kernel<E: Float, N: Size>(
    wide: &Array<Vector<f32, N>>,
    narrow: &Array<Vector<E, N>>,
    output: &mut Array<Vector<f32, N>>,
    count: u32,
    vectors: u32,
    tokens: u32,
    #[define(E)] _dtype: StorageType,
) {
    let at = ABSOLUTE_POS;
    if at >= count as usize {
        terminate!();
    }
    let vectors = vectors as usize;
    let row = at / (vectors * tokens as usize);
    let place = at % (vectors * tokens as usize);
    let mut value = Vector::<f32, N>::new(f32::new(0.0));
    if place < vectors {
        let from = row * vectors + place;
        value = wide[from] + Vector::cast_from(narrow[from]);
    }
    output[at] = value;
}

/// The opposite of [`first`] for the sum of two terms: zero at all other tokens.
pub(crate) fn spread<R: CubeRuntime>(
    wide: &CubeTensor<R>,
    narrow: &CubeTensor<R>,
    tokens: usize,
) -> CubeTensor<R> {
    let [rows, width] = wide.shape().dims();
    let output = empty(wide, [rows * tokens, width], DType::F32);
    let vector = vector(width, 4);
    let count = rows * tokens * width / vector;
    let (cubes, dim) = by_elements(count);
    // SAFETY: a thread keeps to its vector, which is below `count`, and reads none but of its row.
    unsafe {
        spread_kernel::launch_unchecked(
            &wide.client,
            cubes,
            dim,
            vector,
            wide.clone().into_array_arg(),
            narrow.clone().into_array_arg(),
            output.clone().into_array_arg(),
            count as u32,
            (width / vector) as u32,
            tokens as u32,
            narrow.dtype.into(),
        );
    }
    output
}
