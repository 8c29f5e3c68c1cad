use crate::{Backend, Device};
use burn::module::{Initializer, Module, Param};
use burn::tensor::{Tensor, backend::Backend as BurnBackend};

/// Sizes of a [`Dense`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct DenseConfig {
    /// Width of the input.
    pub(crate) input: usize,
    /// Width of the output.
    pub(crate) output: usize,
    /// Standard deviation of fresh weights.
    pub(crate) deviation: f64,
}

/// `y = x·W + b` over rows, in the number format of `x`.
///
/// Takes rows only: a product of a [batch, tokens, width] tensor would broadcast the weight over
/// the batch and build its gradient once a row of the batch, at twice the cost.
#[derive(Module, Debug)]
pub(crate) struct Dense<B: BurnBackend> {
    /// [input, output], the transpose of what Hugging Face stores.
    pub(super) weight: Param<Tensor<B, 2>>,
    /// [output].
    pub(super) bias: Param<Tensor<B, 1>>,
}

impl DenseConfig {
    pub(crate) fn init(&self, device: &Device) -> Dense<Backend> {
        let normal = Initializer::Normal { mean: 0.0, std: self.deviation };
        Dense {
            weight: normal.init([self.input, self.output], device),
            bias: Initializer::Zeros.init([self.output], device),
        }
    }
}

impl Dense<Backend> {
    /// [rows, input] → [rows, output].
    pub(crate) fn forward(&self, input: Tensor<Backend, 2>) -> Tensor<Backend, 2> {
        let (weight, bias) = (self.weight.val(), self.bias.val());
        let format = input.dtype();
        if format == weight.dtype() {
            return input.matmul(weight) + bias.unsqueeze();
        }
        input.matmul(weight.cast(format)) + bias.cast(format).unsqueeze()
    }

    /// Width of its input.
    pub(crate) fn inputs(&self) -> usize {
        self.weight.lazy_shape()[0]
    }

    /// Number of outputs.
    pub(crate) fn outputs(&self) -> usize {
        self.bias.lazy_shape().num_elements()
    }
}
