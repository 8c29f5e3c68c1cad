use super::activation::gelu;
use super::attention::{Attention, Pass, ScoreBias};
use super::dense::{Dense, DenseConfig};
use super::dropout::Dropout;
use super::embeddings::norm;
use crate::{Architecture, Backend, Device};
use burn::module::Module;
use burn::nn::LayerNorm;
use burn::tensor::{Tensor, backend::Backend as BurnBackend};

/// One post-norm layer: attention, then `norm(x + W₂·gelu(W₁·x))`.
#[derive(Module, Debug)]
pub(crate) struct Layer<B: BurnBackend> {
    attention: Attention<B>,
    intermediate: Dense<B>,
    output: Dense<B>,
    norm: LayerNorm<B>,
    #[module(skip)]
    dropout: Dropout,
}

impl Layer<Backend> {
    pub(crate) fn lazy(config: &Architecture, device: &Device) -> Self {
        let (width, inner) = (config.hidden_size, config.intermediate_size);
        let deviation = config.initializer_range;
        Self {
            attention: Attention::lazy(config, device),
            intermediate: DenseConfig { input: width, output: inner, deviation }.init(device),
            output: DenseConfig { input: inner, output: width, deviation }.init(device),
            norm: norm(config, device),
            dropout: Dropout::new(config.hidden_dropout),
        }
    }

    /// `x` [rows·tokens, width] and the `bias` of the scores → [rows·tokens, width].
    pub(crate) fn forward(
        &self,
        x: Tensor<Backend, 2>,
        bias: &ScoreBias,
        pass: Pass,
    ) -> Tensor<Backend, 2> {
        let x = self.attention.forward(x, bias, pass);
        let Pass { precision, .. } = pass;
        let inner = gelu(self.intermediate.forward(precision.narrow(x.clone())));
        let output = precision.widen(self.output.forward(inner));
        self.norm.forward(self.dropout.forward(output) + x)
    }
}
