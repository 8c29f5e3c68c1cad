use crate::{Backend, Device};
use burn::module::{Initializer, Module, Param};
use burn::tensor::{Tensor, backend::Backend as BurnBackend};

/// How products are computed.
///
/// The one place where a lower precision enters: weights stay f32, [`Dense`] asks here how to
/// multiply, and `Tensor::cast` is differentiable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// Everything in f32.
    #[default]
    Full,
}

impl Precision {
    /// `input · weight`, [rows, in] × [in, out] → [rows, out].
    fn product(self, input: Tensor<Backend, 2>, weight: Tensor<Backend, 2>) -> Tensor<Backend, 2> {
        match self {
            Self::Full => input.matmul(weight),
        }
    }
}

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

/// `y = x·W + b` over rows.
///
/// Takes rows only: a product of a [batch, tokens, width] tensor would broadcast the weight over
/// the batch and build its gradient once a row of the batch, at twice the cost.
#[derive(Module, Debug)]
pub(crate) struct Dense<B: BurnBackend> {
    /// [input, output], the transpose of what Hugging Face stores.
    weight: Param<Tensor<B, 2>>,
    /// [output].
    bias: Param<Tensor<B, 1>>,
    #[module(skip)]
    precision: Precision,
}

impl DenseConfig {
    pub(crate) fn init(&self, device: &Device) -> Dense<Backend> {
        let normal = Initializer::Normal { mean: 0.0, std: self.deviation };
        Dense {
            weight: normal.init([self.input, self.output], device),
            bias: Initializer::Zeros.init([self.output], device),
            precision: Precision::Full,
        }
    }
}

impl Dense<Backend> {
    /// [rows, input] → [rows, output].
    pub(crate) fn forward(&self, input: Tensor<Backend, 2>) -> Tensor<Backend, 2> {
        self.precision.product(input, self.weight.val()) + self.bias.val().unsqueeze()
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
