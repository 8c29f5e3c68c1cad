use super::dense::{Dense, DenseConfig};
use super::dropout::Dropout;
use super::embeddings::norm;
use super::precision::Precision;
use super::softmax::masked_softmax;
use crate::{Architecture, Backend, Device};
use burn::module::Module;
use burn::nn::LayerNorm;
use burn::tensor::{Tensor, backend::Backend as BurnBackend};

/// How a batch goes through the layers.
#[derive(Clone, Copy)]
pub(crate) struct Pass {
    /// Rows of the batch.
    pub(crate) rows: usize,
    /// Number format of the products.
    pub(crate) precision: Precision,
}

/// What is added to the scores of every layer.
pub(crate) struct ScoreBias {
    /// By key, [rows, 1, 1, tokens], outside any graph.
    pub(crate) keys: Tensor<Backend, 4>,
    /// By distance, [heads, tokens, tokens].
    pub(crate) distances: Option<Tensor<Backend, 3>>,
}

impl ScoreBias {
    /// `scores` [rows, heads, tokens, tokens], kept.
    fn add_distances(&self, scores: Tensor<Backend, 4>) -> Tensor<Backend, 4> {
        let Some(distances) = &self.distances else {
            return scores;
        };
        // As rows and one shared row: the CPU backend adds no other broadcast quickly.
        let shape = scores.shape();
        let flat = scores.reshape([shape[0] as i32, -1]);
        (flat + distances.clone().reshape([1, -1])).reshape(shape)
    }
}

/// Self-attention with its residual connection: `norm(x + W·attend(x))`.
#[derive(Module, Debug)]
pub(crate) struct Attention<B: BurnBackend> {
    pub(super) query: Dense<B>,
    pub(super) key: Dense<B>,
    pub(super) value: Dense<B>,
    pub(super) output: Dense<B>,
    pub(super) norm: LayerNorm<B>,
    #[module(skip)]
    pub(super) probability_dropout: Dropout,
    #[module(skip)]
    pub(super) output_dropout: Dropout,
    pub(super) heads: usize,
    /// Of the norm.
    #[module(skip)]
    pub(super) epsilon: f64,
}

impl Attention<Backend> {
    pub(crate) fn lazy(config: &Architecture, device: &Device) -> Self {
        let width = config.hidden_size;
        let dense = || {
            let deviation = config.initializer_range;
            DenseConfig { input: width, output: width, deviation }.init(device)
        };
        Self {
            query: dense(),
            key: dense(),
            value: dense(),
            output: dense(),
            norm: norm(config, device),
            probability_dropout: Dropout::new(config.attention_dropout),
            output_dropout: Dropout::new(config.hidden_dropout),
            heads: config.heads,
            epsilon: config.layer_norm_eps,
        }
    }

    /// `x` [rows·tokens, width] and the `bias` of the scores → [rows·tokens, width].
    pub(crate) fn forward(
        &self,
        x: Tensor<Backend, 2>,
        bias: &ScoreBias,
        Pass { rows, precision }: Pass,
    ) -> Tensor<Backend, 2> {
        let width = x.dims()[1];
        let input = precision.narrow(x.clone());
        // The query is scaled rather than the scores: they are the larger tensor.
        let scale = ((width / self.heads) as f64).sqrt().recip();
        let query = self.split(self.query.forward(input.clone()) * scale, rows);
        let key = self.split(self.key.forward(input.clone()), rows);
        let value = self.split(self.value.forward(input), rows);
        let scores = precision.widen(query.matmul(key.swap_dims(2, 3)));
        let probabilities = masked_softmax(bias.add_distances(scores), bias.keys.clone());
        let probabilities = self.probability_dropout.forward(probabilities);
        let mixed = precision.narrow(probabilities).matmul(value);
        let joined = mixed.swap_dims(1, 2).reshape(x.shape());
        let output = precision.widen(self.output.forward(joined));
        self.norm.forward(self.output_dropout.forward(output) + x)
    }

    /// [rows·tokens, width] → [rows, heads, tokens, width / heads].
    fn split(&self, x: Tensor<Backend, 2>, rows: usize) -> Tensor<Backend, 4> {
        let [all, width] = x.dims();
        x.reshape([rows, all / rows, self.heads, width / self.heads]).swap_dims(1, 2)
    }
}
