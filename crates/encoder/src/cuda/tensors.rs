//! The tensor of CubeCL within one of the dispatching backend, and the way back: no value moves.

use crate::Backend;
use burn::tensor::{Tensor, TensorPrimitive};
#[cfg(feature = "cuda-fusion")]
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl::cuda::CudaRuntime;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use burn_dispatch::{BackendTensor, CheckpointingStrategy, DispatchTensor, DispatchTensorKind};

#[cfg(feature = "cuda-fusion")]
type Cube = CubeBackend<CudaRuntime, f32, i32, u8>;

/// The values of a tensor outside any graph, row-major and without gaps.
///
/// # Panics
///
/// Where the tensor is not one of a GPU, which the caller has seen to.
pub(crate) fn inside<const D: usize>(tensor: Tensor<Backend, D>) -> CubeTensor<CudaRuntime> {
    let DispatchTensor { kind, .. } = tensor.into_primitive().tensor();
    let DispatchTensorKind::Cuda(BackendTensor::Float(tensor)) = kind else {
        unreachable!("a tensor of a GPU, outside any graph, is asked for, not {kind:?}");
    };
    into_contiguous(fusion::inside(tensor))
}

/// The opposite.
pub(crate) fn outside<const D: usize>(tensor: CubeTensor<CudaRuntime>) -> Tensor<Backend, D> {
    let kind = DispatchTensorKind::Cuda(BackendTensor::Float(fusion::outside(tensor)));
    let checkpointing = CheckpointingStrategy::None;
    Tensor::from_primitive(TensorPrimitive::Float(DispatchTensor { kind, checkpointing }))
}

/// With fusion a tensor is a promise, kept by the fusing server.
#[cfg(feature = "cuda-fusion")]
mod fusion {
    use super::{Cube, CubeTensor, CudaRuntime};
    use burn::tensor::TensorMetadata;
    use burn_cubecl::fusion::FusionCubeRuntime;
    use burn_fusion::client::GlobalFusionClient;
    use burn_fusion::stream::OperationStreams;
    use burn_fusion::{FusionTensor, NoOp};
    use burn_ir::{BackendIr, InitOperationIr, OperationIr};

    type Fused = FusionTensor<FusionCubeRuntime<CudaRuntime>>;

    pub(super) fn inside(tensor: Fused) -> CubeTensor<CudaRuntime> {
        tensor.client.clone().resolve_tensor_float::<Cube>(tensor)
    }

    pub(super) fn outside(tensor: CubeTensor<CudaRuntime>) -> Fused {
        let client = GlobalFusionClient::load(&tensor.device);
        let (shape, dtype) = (tensor.shape(), tensor.dtype());
        let handle = Cube::float_tensor_handle(tensor);
        let made =
            InitOperationIr::create(shape, dtype, || client.register_tensor_handle(handle));
        let streams = OperationStreams::default();
        let mut outputs = client.register(streams, OperationIr::Init(made), NoOp::<Cube>::new());
        outputs.pop().expect("what is registered as one tensor is one")
    }
}

#[cfg(not(feature = "cuda-fusion"))]
mod fusion {
    use super::{CubeTensor, CudaRuntime};

    pub(super) fn inside(tensor: CubeTensor<CudaRuntime>) -> CubeTensor<CudaRuntime> {
        tensor
    }

    pub(super) fn outside(tensor: CubeTensor<CudaRuntime>) -> CubeTensor<CudaRuntime> {
        tensor
    }
}
