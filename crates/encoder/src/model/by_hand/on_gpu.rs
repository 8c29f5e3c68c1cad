//! The layers on a GPU, by the kernels of canto-gpu.

use super::{Below, Gradient, Matrix};
use crate::cuda::tensors::{inside, outside};
use crate::model::classifier::SequenceClassifier;
use crate::model::dense::Dense;
use crate::model::dropout::Dropout;
use crate::model::layer::Layer;
use crate::model::mask::key_bias;
use crate::model::precision::Precision;
use crate::{Backend, Device, Pooling};
use burn::nn::LayerNorm;
use burn::tensor::backend::Backend as _;
use burn::tensor::{Bool, DType, Distribution, Tensor};
use burn_cubecl::cubecl::cuda::CudaRuntime;
use canto_gpu::{CubeTensor, Draws, Kept, LayerWeights, Sizes, Stream, backward, forward};

type Gpu = CubeTensor<CudaRuntime>;

/// A way through all layers and back.
pub(super) struct OnGpu {
    weights: Vec<LayerWeights<CudaRuntime>>,
    kept: Vec<Kept<CudaRuntime>>,
    keys: Gpu,
    distances: Option<Gpu>,
    sizes: Sizes,
    /// Whether nobody reads any but the first tokens of the last layer.
    first_only: bool,
    draws: Draws<CudaRuntime>,
}

impl OnGpu {
    /// For a batch of `rows` of so many `tokens`; `distances` [heads, tokens, tokens], outside any
    /// graph, are added to the scores.
    pub(super) fn new(
        model: &SequenceClassifier<Backend>,
        mask: Tensor<Backend, 2, Bool>,
        distances: Option<Tensor<Backend, 3>>,
        device: &Device,
    ) -> Self {
        let [rows, tokens] = mask.dims();
        let layer = &model.layers[0];
        let learns = Backend::ad_enabled(device);
        let rate = |dropout: Dropout| if learns { dropout.rate() } else { 0.0 };
        let seed = Tensor::<Backend, 1>::random([2], Distribution::Uniform(0.0, 1.0), device);
        let seed = if learns { seed.inner() } else { seed };
        Self {
            weights: model.layers.iter().map(weights).collect(),
            kept: Vec::with_capacity(model.layers.len()),
            keys: inside(key_bias(mask)),
            // A query's distances are not those of the others.
            first_only: model.pooling == Pooling::First && distances.is_none(),
            distances: distances.map(inside),
            sizes: Sizes {
                rows,
                tokens,
                heads: layer.attention.heads,
                format: format(model.precision),
                attention_dropout: rate(layer.attention.probability_dropout),
                hidden_dropout: rate(layer.dropout),
                epsilon: layer.epsilon,
            },
            draws: Draws::new(inside(seed)),
        }
    }

    /// [rows·tokens, width] → the same of the last layer, or its first tokens where nobody reads
    /// any other. Keeps what the way back needs where `keep`.
    pub(super) fn forward(&mut self, x: Matrix, keep: bool) -> Matrix {
        let mut x = Stream::new(inside(x), self.sizes.format);
        let last = self.weights.len() - 1;
        for (i, weights) in self.weights.iter().enumerate() {
            let (distances, first_only) = (self.distances.as_ref(), self.first_only && i == last);
            let draws = &mut self.draws;
            let (y, kept) =
                forward(weights, &x, &self.keys, distances, self.sizes, first_only, draws);
            self.kept.extend(keep.then_some(kept));
            x = y;
        }
        outside(x.wide)
    }

    /// The gradient of what the last layer gave → those of all below.
    pub(super) fn backward(self, above: Matrix) -> Below {
        let (mut above, mut more) = (inside(above), None);
        let mut of_layers = Vec::with_capacity(self.weights.len());
        let mut of_distances: Option<Tensor<Backend, 3>> = None;
        for (weights, kept) in self.weights.iter().zip(self.kept).rev() {
            let terms = (&above, more.as_ref());
            let found = backward(weights, kept, terms, self.sizes);
            (above, more) = (found.input.0, Some(found.input.1));
            of_layers.push(found.weights.into_iter().map(outside::<1>).collect::<Vec<Gradient>>());
            if self.distances.is_some() {
                let of_songs: Tensor<Backend, 4> = outside(found.scores);
                let sum = of_songs.cast(DType::F32).sum_dim(0).squeeze_dim::<3>(0);
                of_distances = Some(match of_distances {
                    Some(sums) => sums + sum,
                    None => sum,
                });
            }
        }
        let wide: Matrix = outside(above);
        let terms = match more {
            Some(more) => vec![wide, outside::<2>(more).cast(DType::F32)],
            None => vec![wide],
        };
        of_layers.reverse();
        Below { terms, of_layers: of_layers.into_iter().flatten().collect(), of_distances }
    }
}

impl SequenceClassifier<Backend> {
    /// The embeddings [rows·tokens, width] through all layers, without a graph: what the head
    /// reads, [rows, width].
    pub(in crate::model) fn pooled_on_gpu(
        &self,
        embedded: Matrix,
        mask: Tensor<Backend, 2, Bool>,
        device: &Device,
    ) -> Matrix {
        let [rows, tokens] = mask.dims();
        let distances = self.relative.as_ref().map(|relative| relative.forward(tokens));
        let mut stack = OnGpu::new(self, mask.clone(), distances, device);
        let last = stack.forward(embedded, false);
        if tokens > 1 && last.dims()[0] == rows { last } else { self.pool(last, rows, mask) }
    }
}

fn format(precision: Precision) -> DType {
    match precision {
        Precision::F32 => DType::F32,
        Precision::F16 => DType::F16,
        Precision::Bf16 => DType::BF16,
    }
}

fn weights(layer: &Layer<Backend>) -> LayerWeights<CudaRuntime> {
    let attention = &layer.attention;
    LayerWeights {
        query: dense(&attention.query),
        key: dense(&attention.key),
        value: dense(&attention.value),
        attended: dense(&attention.output),
        attention_norm: norm(&attention.norm),
        inner: dense(&layer.intermediate),
        outer: dense(&layer.output),
        norm: norm(&layer.norm),
    }
}

fn dense(dense: &Dense<Backend>) -> [Gpu; 2] {
    [inside(dense.weight.val().inner()), inside(dense.bias.val().inner())]
}

fn norm(norm: &LayerNorm<Backend>) -> [Gpu; 2] {
    let gamma = norm.gamma.val().inner();
    let beta = norm.beta.as_ref().map_or_else(|| gamma.zeros_like(), |beta| beta.val().inner());
    [inside(gamma), inside(beta)]
}
