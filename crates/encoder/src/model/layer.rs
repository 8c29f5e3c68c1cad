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
    pub(super) attention: Attention<B>,
    pub(super) intermediate: Dense<B>,
    pub(super) output: Dense<B>,
    pub(super) norm: LayerNorm<B>,
    #[module(skip)]
    pub(super) dropout: Dropout,
    /// Of the norm.
    #[module(skip)]
    pub(super) epsilon: f64,
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
            epsilon: config.layer_norm_eps,
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
