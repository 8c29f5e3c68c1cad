//! What an optimiser does to all parameters, in one kernel a parameter, where there is a GPU.

use crate::{Backend, Device};
use burn::tensor::Tensor;
use canto_gpu::AdamWStep;

/// A GPU with kernels of our own.
#[cfg(feature = "cuda")]
#[derive(Clone, Copy, Debug)]
pub struct Gpu(());

/// There is none in this build.
#[cfg(not(feature = "cuda"))]
#[derive(Clone, Copy, Debug)]
pub enum Gpu {}

#[cfg(feature = "cuda")]
impl Gpu {
    /// Of a device, autodiff or not.
    pub fn of(device: &Device) -> Option<Self> {
        match device {
            Device::Autodiff(inner) => Self::of(inner),
            device => matches!(device, Device::Cuda(_)).then_some(Self(())),
        }
    }

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
        use crate::cuda::tensors::{inside, outside};
        let factor = factor.map(inside);
        canto_gpu::adamw(tensors.map(inside), &inside(gradient), factor.as_ref(), step).map(outside)
    }

    /// The L2 norm of all values of flat tensors, shape `[1]`; none without any.
    pub fn norm(
        self,
        tensors: impl Iterator<Item = Tensor<Backend, 1>>,
    ) -> Option<Tensor<Backend, 1>> {
        use crate::cuda::tensors::{inside, outside};
        let tensors: Vec<_> = tensors.map(inside).collect();
        canto_gpu::norm(&tensors).map(outside)
    }
}

#[cfg(not(feature = "cuda"))]
#[allow(missing_docs, clippy::missing_panics_doc)]
impl Gpu {
    pub fn of(_: &Device) -> Option<Self> {
        None
    }

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
}
