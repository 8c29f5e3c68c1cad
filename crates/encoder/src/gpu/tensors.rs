//! The tensor of CubeCL within one of the dispatching backend, and the way back: no value moves.

use crate::Backend;
use burn::tensor::{Int, Tensor, TensorPrimitive};
use burn_cubecl::CubeRuntime;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use burn_dispatch::{BackendTensor, CheckpointingStrategy, DispatchTensor, DispatchTensorKind};

/// What runs kernels on a kind of GPU.
pub(crate) trait Runtime: CubeRuntime {
    /// The tensor within, of floats or whole numbers, where it is one of this runtime's and outside
    /// any graph.
    fn within(kind: DispatchTensorKind) -> Option<CubeTensor<Self>>;

    /// The opposite.
    fn kind(tensor: CubeTensor<Self>) -> DispatchTensorKind;
}

/// The values of a tensor outside any graph, row-major and without gaps.
///
/// # Panics
///
/// Where the tensor is not one of a GPU, which the caller has seen to.
pub(crate) fn inside<R: Runtime, const D: usize>(tensor: Tensor<Backend, D>) -> CubeTensor<R> {
    contiguous(tensor.into_primitive().tensor())
}

/// The same of whole numbers.
pub(crate) fn ids_inside<R: Runtime>(ids: Tensor<Backend, 1, Int>) -> CubeTensor<R> {
    contiguous(ids.into_primitive())
}

fn contiguous<R: Runtime>(DispatchTensor { kind, .. }: DispatchTensor) -> CubeTensor<R> {
    let Some(tensor) = R::within(kind) else {
        unreachable!("a tensor of a GPU, outside any graph, is asked for");
    };
    into_contiguous(tensor)
}

/// The opposite.
pub(crate) fn outside<R: Runtime, const D: usize>(tensor: CubeTensor<R>) -> Tensor<Backend, D> {
    outside_by(tensor, CheckpointingStrategy::None)
}

/// The same of a tensor that goes back into a graph of that strategy.
pub(crate) fn outside_by<R: Runtime, const D: usize>(
    tensor: CubeTensor<R>,
    checkpointing: CheckpointingStrategy,
) -> Tensor<Backend, D> {
    let tensor = DispatchTensor { kind: R::kind(tensor), checkpointing };
    Tensor::from_primitive(TensorPrimitive::Float(tensor))
}

/// The strategy of the graph that a tensor comes from.
pub(crate) fn strategy<const D: usize>(tensor: &Tensor<Backend, D>) -> CheckpointingStrategy {
    tensor.clone().into_primitive().tensor().checkpointing
}

#[cfg(feature = "wgpu")]
impl Runtime for burn_cubecl::cubecl::wgpu::WgpuRuntime {
    fn within(kind: DispatchTensorKind) -> Option<CubeTensor<Self>> {
        match kind {
            DispatchTensorKind::Wgpu(BackendTensor::Float(tensor) | BackendTensor::Int(tensor)) => {
                Some(tensor)
            }
            _ => None,
        }
    }

    fn kind(tensor: CubeTensor<Self>) -> DispatchTensorKind {
        DispatchTensorKind::Wgpu(BackendTensor::Float(tensor))
    }
}

#[cfg(feature = "cuda")]
impl Runtime for burn_cubecl::cubecl::cuda::CudaRuntime {
    fn within(kind: DispatchTensorKind) -> Option<CubeTensor<Self>> {
        match kind {
            DispatchTensorKind::Cuda(BackendTensor::Float(tensor) | BackendTensor::Int(tensor)) => {
                Some(fusion::inside(tensor))
            }
            _ => None,
        }
    }

    fn kind(tensor: CubeTensor<Self>) -> DispatchTensorKind {
        DispatchTensorKind::Cuda(BackendTensor::Float(fusion::outside(tensor)))
    }
}

/// With fusion a tensor is a promise, kept by the fusing server.
#[cfg(feature = "cuda-fusion")]
mod fusion {
    use burn::tensor::TensorMetadata;
    use burn_cubecl::CubeBackend;
    use burn_cubecl::cubecl::cuda::CudaRuntime;
    use burn_cubecl::fusion::FusionCubeRuntime;
    use burn_cubecl::tensor::CubeTensor;
    use burn_fusion::client::GlobalFusionClient;
    use burn_fusion::stream::OperationStreams;
    use burn_fusion::{FusionTensor, NoOp};
    use burn_ir::{BackendIr, InitOperationIr, OperationIr};

    type Cube = CubeBackend<CudaRuntime, f32, i32, u8>;
    type Fused = FusionTensor<FusionCubeRuntime<CudaRuntime>>;

    pub(super) fn inside(tensor: Fused) -> CubeTensor<CudaRuntime> {
        tensor.client.clone().resolve_tensor_float::<Cube>(tensor)
    }

    pub(super) fn outside(tensor: CubeTensor<CudaRuntime>) -> Fused {
        let client = GlobalFusionClient::load(&tensor.device);
        let (shape, dtype) = (tensor.shape(), tensor.dtype());
        let handle = Cube::float_tensor_handle(tensor);
        let made = InitOperationIr::create(shape, dtype, || client.register_tensor_handle(handle));
        let streams = OperationStreams::default();
        let mut outputs = client.register(streams, OperationIr::Init(made), NoOp::<Cube>::new());
        outputs.pop().expect("what is registered as one tensor is one")
    }
}

#[cfg(all(feature = "cuda", not(feature = "cuda-fusion")))]
mod fusion {
    pub(super) fn inside<T>(tensor: T) -> T {
        tensor
    }

    pub(super) fn outside<T>(tensor: T) -> T {
        tensor
    }
}
