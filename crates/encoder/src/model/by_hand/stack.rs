//! A way through all layers and back, where their derivatives are computed.

#[cfg(feature = "gpu")]
use super::on_gpu::OnGpu;
use super::{Draws, Gradient, Matrix, Shape, layer};
use crate::model::classifier::SequenceClassifier;
use crate::model::layer::Layer;
use crate::model::{dropout, mask, on_cpu};
use crate::{Backend, Device, Gpu, Pooling};
use burn::tensor::{Bool, Tensor};

/// What goes back from the layers.
pub(super) struct Below {
    /// Of their input, a sum of terms.
    pub(super) terms: Vec<Matrix>,
    /// Of their parameters, in the order of the modules.
    pub(super) of_layers: Vec<Gradient>,
    /// Of what is added to scores by distance, [heads, 2·tokens − 1].
    pub(super) of_distances: Option<Tensor<Backend, 2>>,
}

/// The layers, where their derivatives are computed.
pub(super) enum Stack<'a> {
    Cpu(OnCpu<'a>),
    #[cfg(feature = "cuda")]
    Cuda(Box<OnGpu<burn_cubecl::cubecl::cuda::CudaRuntime>>),
    #[cfg(feature = "wgpu")]
    Wgpu(Box<OnGpu<burn_cubecl::cubecl::wgpu::WgpuRuntime>>),
}

impl<'a> Stack<'a> {
    /// For a batch whose padding `mask` tells; `distances` [heads, tokens, tokens] are added to the
    /// scores.
    pub(super) fn new(
        model: &'a SequenceClassifier<Backend>,
        mask: Tensor<Backend, 2, Bool>,
        distances: Option<Tensor<Backend, 3>>,
        device: &Device,
    ) -> Self {
        match Gpu::of(device) {
            #[cfg(feature = "cuda")]
            Some(Gpu::Cuda) => {
                return Self::Cuda(Box::new(OnGpu::new(model, mask, distances, device)));
            }
            #[cfg(feature = "wgpu")]
            Some(Gpu::Wgpu) => {
                return Self::Wgpu(Box::new(OnGpu::new(model, mask, distances, device)));
            }
            None => {}
        }
        // Only models without distances come to the CPU.
        drop(distances);
        Self::Cpu(OnCpu::new(model, mask, device))
    }

    /// [rows·tokens, width] → the same of the last layer, or its first tokens where nobody reads
    /// any other.
    pub(super) fn forward(&mut self, x: Matrix) -> Matrix {
        match self {
            Self::Cpu(stack) => stack.forward(x),
            #[cfg(feature = "cuda")]
            Self::Cuda(stack) => stack.forward(x, true),
            #[cfg(feature = "wgpu")]
            Self::Wgpu(stack) => stack.forward(x, true),
        }
    }

    /// The gradient of what [`forward`](Self::forward) gave → those of all below.
    pub(super) fn backward(self, above: Matrix) -> Below {
        match self {
            Self::Cpu(stack) => stack.backward(above),
            #[cfg(feature = "cuda")]
            Self::Cuda(stack) => stack.backward(above),
            #[cfg(feature = "wgpu")]
            Self::Wgpu(stack) => stack.backward(above),
        }
    }
}

/// A way through all layers and back on the CPU.
pub(super) struct OnCpu<'a> {
    layers: &'a [Layer<Backend>],
    kept: Vec<layer::Kept>,
    keys: Vec<f32>,
    shape: Shape,
    /// Whether nobody reads any but the first tokens of the last layer.
    first_only: bool,
    draws: Draws,
}

impl<'a> OnCpu<'a> {
    fn new(
        model: &'a SequenceClassifier<Backend>,
        padding: Tensor<Backend, 2, Bool>,
        device: &Device,
    ) -> Self {
        let [rows, tokens] = padding.dims();
        let heads = model.layers.first().map_or(1, |layer| layer.attention.heads);
        Self {
            layers: &model.layers,
            kept: Vec::with_capacity(model.layers.len()),
            draws: Draws(dropout::seed(device)),
            keys: on_cpu::read(mask::key_bias(padding), <[f32]>::to_vec),
            shape: Shape { rows, tokens, width: model.width(), heads },
            first_only: model.pooling == Pooling::First,
        }
    }

    /// Tokens of a row that ask in this layer.
    fn queries(&self, layer: usize) -> usize {
        let last = layer + 1 == self.layers.len();
        if self.first_only && last { 1 } else { self.shape.tokens }
    }

    /// [rows·tokens, width] → the same of the last layer, or its first tokens where nobody reads
    /// any other.
    fn forward(&mut self, mut x: Matrix) -> Matrix {
        for (i, layer) in self.layers.iter().enumerate() {
            let queries = self.queries(i);
            let (y, needed) =
                layer::forward(layer, x, queries, &self.keys, self.shape, &mut self.draws);
            self.kept.push(needed);
            x = y;
        }
        x
    }

    fn backward(mut self, above: Matrix) -> Below {
        let mut terms = vec![above];
        let mut of_layers = Vec::with_capacity(self.layers.len());
        for (i, layer) in self.layers.iter().enumerate().rev() {
            let Some(needed) = self.kept.pop() else { break };
            let (below, gradients) =
                layer::backward(layer, needed, terms, self.queries(i), self.shape);
            terms = below;
            of_layers.push(gradients);
        }
        let of_layers = of_layers.into_iter().rev().flatten().collect();
        Below { terms, of_layers, of_distances: None }
    }
}
