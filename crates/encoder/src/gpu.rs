//! What an optimiser does to all parameters, in one kernel a parameter, where there is a GPU.

#[cfg(feature = "gpu")]
pub(crate) mod tensors;

use crate::{Backend, Device};
#[cfg(feature = "gpu")]
use burn::tensor::Int;
use burn::tensor::Tensor;
use canto_gpu::AdamWStep;

/// A kind of GPU that has kernels of our own; there is none in a build without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gpu {
    /// By CUDA.
    #[cfg(feature = "cuda")]
    Cuda,
    /// By Vulkan, Metal or DirectX.
    #[cfg(feature = "wgpu")]
    Wgpu,
}

/// `$body` with `$runtime` as the runtime of `$gpu`.
#[cfg(feature = "gpu")]
macro_rules! on {
    ($gpu:expr, $runtime:ident => $body:expr) => {
        match $gpu {
            #[cfg(feature = "cuda")]
            $crate::Gpu::Cuda => {
                type $runtime = burn_cubecl::cubecl::cuda::CudaRuntime;
                $body
            }
            #[cfg(feature = "wgpu")]
            $crate::Gpu::Wgpu => {
                type $runtime = burn_cubecl::cubecl::wgpu::WgpuRuntime;
                $body
            }
        }
    };
}
#[cfg(feature = "gpu")]
pub(crate) use on;

impl Gpu {
    /// Of a device, autodiff or not.
    pub fn of(device: &Device) -> Option<Self> {
        match device {
            Device::Autodiff(inner) => Self::of(inner),
            #[cfg(feature = "cuda")]
            Device::Cuda(_) => Some(Self::Cuda),
            #[cfg(feature = "wgpu")]
            Device::Wgpu(_) => Some(Self::Wgpu),
            _ => None,
        }
    }
}

#[cfg(feature = "gpu")]
impl Gpu {
    /// Parameter, first and second moment after a step with `gradient`, times `factor` (shape
    /// `[1]`) where there is one; all flat and outside any graph.
    #[must_use]
    pub fn adamw(
        self,
        tensors: [Tensor<Backend, 1>; 3],
        gradient: Tensor<Backend, 1>,
        factor: Option<Tensor<Backend, 1>>,
        step: AdamWStep,
    ) -> [Tensor<Backend, 1>; 3] {
        use tensors::{inside, outside_by, strategy};
        let graphs = strategy(&tensors[0]);
        on!(self, R => {
            let factor = factor.map(inside::<R, 1>);
            let gradient = inside::<R, 1>(gradient);
            canto_gpu::adamw(tensors.map(inside::<R, 1>), &gradient, factor.as_ref(), step)
                .map(|tensor| outside_by(tensor, graphs))
        })
    }

    /// The L2 norm of all values of flat tensors, shape `[1]`; none without any.
    pub fn norm(
        self,
        tensors: impl Iterator<Item = Tensor<Backend, 1>>,
    ) -> Option<Tensor<Backend, 1>> {
        use tensors::{inside, outside};
        on!(self, R => {
            let tensors: Vec<_> = tensors.map(inside::<R, 1>).collect();
            canto_gpu::norm(&tensors).map(outside)
        })
    }

    /// The gradient [count, width] of rows that `ids` [count] looked up in a table of `rows` → the
    /// table's, flat.
    pub(crate) fn scatter(
        self,
        gradient: Tensor<Backend, 2>,
        ids: Tensor<Backend, 1, Int>,
        rows: usize,
    ) -> Tensor<Backend, 1> {
        use tensors::{ids_inside, inside, outside};
        on!(self, R => {
            let table = canto_gpu::scatter(&inside::<R, 2>(gradient), &ids_inside::<R>(ids), rows);
            outside::<R, 2>(table).flatten(0, 1)
        })
    }

    /// `a`·`b`, in their format.
    pub(crate) fn product(
        self,
        a: Tensor<Backend, 2>,
        b: Tensor<Backend, 2>,
    ) -> Tensor<Backend, 2> {
        use tensors::{inside, outside};
        let format = a.dtype();
        on!(self, R => {
            outside(canto_gpu::product(&inside::<R, 2>(a), &inside::<R, 2>(b), format))
        })
    }
}

#[cfg(not(feature = "gpu"))]
#[allow(missing_docs)]
impl Gpu {
    #[must_use]
    pub fn adamw(
        self,
        _: [Tensor<Backend, 1>; 3],
        _: Tensor<Backend, 1>,
        _: Option<Tensor<Backend, 1>>,
        _: AdamWStep,
    ) -> [Tensor<Backend, 1>; 3] {
        match self {}
    }

    pub fn norm(self, _: impl Iterator<Item = Tensor<Backend, 1>>) -> Option<Tensor<Backend, 1>> {
        match self {}
    }

    pub(crate) fn product(
        self,
        _: Tensor<Backend, 2>,
        _: Tensor<Backend, 2>,
    ) -> Tensor<Backend, 2> {
        match self {}
    }
}
