//! Matrix products, by CubeK's kernels.
//!
//! Which kernel is the fastest is written down here rather than found out at run time: Burn's
//! autotune compiles two dozen for each shape, two seconds each, before the first step.

use crate::launch::empty;
use burn_backend::{DType, Shape, TensorMetadata};
use burn_cubecl::CubeRuntime;
use burn_cubecl::ops::permute;
use burn_cubecl::tensor::CubeTensor;
use cubek::matmul::definition::{MatmulElems, MatmulGlobalElems, MatmulSetupError};
use cubek::matmul::launch::{Strategy, launch_ref};
use cubek::matmul::routines::BlueprintStrategy;
use cubek::std::InputBinding;

/// The transpose of the last two axes: no value moves.
pub(crate) fn transposed<R: CubeRuntime>(x: &CubeTensor<R>) -> CubeTensor<R> {
    let rank = x.shape().num_dims();
    let mut axes: Vec<usize> = (0..rank).collect();
    axes.swap(rank - 2, rank - 1);
    permute(x.clone(), &axes)
}

/// `left`·`right` of matrices, or of as many in both, in the format `dtype`.
///
/// # Panics
///
/// Where no kernel is fit for the device: what carries on there would be wrong.
pub fn product<R: CubeRuntime>(
    left: &CubeTensor<R>,
    right: &CubeTensor<R>,
    dtype: DType,
) -> CubeTensor<R> {
    let (mut shape, rank): (Vec<usize>, _) = (left.shape().to_vec(), left.shape().num_dims());
    let [m, k, n] = [shape[rank - 2], shape[rank - 1], right.shape()[rank - 1]];
    shape[rank - 1] = n;
    let output = empty(left, Shape::from(shape), dtype);
    if let Err(error) = multiply(&strategy([m, k, n], dtype), left, right, &output) {
        panic!("no kernel multiplies {:?} by {:?}: {error:?}", left.shape(), right.shape());
    }
    output
}

/// Launches `left`·`right` by a way to multiply, into `output`.
#[allow(clippy::result_large_err, reason = "it is CubeK's")]
pub fn multiply<R: CubeRuntime>(
    strategy: &Strategy,
    left: &CubeTensor<R>,
    right: &CubeTensor<R>,
    output: &CubeTensor<R>,
) -> Result<(), MatmulSetupError> {
    let mut dtypes = MatmulElems::from_globals(&MatmulGlobalElems {
        lhs: left.dtype.into(),
        rhs: right.dtype.into(),
        out: output.dtype.into(),
    });
    launch_ref(
        strategy,
        &left.client,
        InputBinding::new(left.clone().binding(), left.dtype.into()),
        InputBinding::new(right.clone().binding(), right.dtype.into()),
        output.clone().binding(),
        &mut dtypes,
    )
}

/// Planes that load by the copy engine while others multiply on tensor cores: the fastest or next
/// to it for every shape of a training step on an H100 (`examples/gpu_products`). It needs tiles to
/// fill and rows of whole 16 bytes.
fn strategy([m, k, n]: [usize; 3], dtype: DType) -> Strategy {
    let half = matches!(dtype, DType::F16 | DType::BF16);
    let whole = [m, k, n].iter().all(|size| size.is_multiple_of(8) && *size >= 64);
    if half && whole {
        Strategy::SpecializedTmaMma(BlueprintStrategy::Inferred(().into()))
    } else {
        Strategy::Auto
    }
}
