//! The layers on a GPU, by the kernels of canto-gpu.

use super::stack::Below;
use super::{Gradient, Matrix};
use crate::gpu::on;
use crate::gpu::tensors::{Runtime, inside, outside};
use crate::model::classifier::SequenceClassifier;
use crate::model::dense::Dense;
use crate::model::dropout::Dropout;
use crate::model::layer::Layer;
use crate::model::mask::key_bias;
use crate::model::precision::Precision;
use crate::{Backend, Device, Gpu, Pooling};
use burn::nn::LayerNorm;
use burn::tensor::backend::Backend as _;
use burn::tensor::{Bool, DType, Distribution, Tensor};
use canto_gpu::{
    CubeTensor, Draws, Kept, LayerWeights, Sizes, Stream, backward, diagonals, forward,
};

/// A way through all layers and back.
pub(super) struct OnGpu<R: Runtime> {
    weights: Vec<LayerWeights<R>>,
    kept: Vec<Kept<R>>,
    keys: CubeTensor<R>,
    distances: Option<CubeTensor<R>>,
    sizes: Sizes,
    /// Whether nobody reads any but the first tokens of the last layer.
    first_only: bool,
    draws: Draws<R>,
}

impl<R: Runtime> OnGpu<R> {
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
            draws: Draws::new(inside(plain(seed))),
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
        let mut of_distances: Option<Tensor<Backend, 2>> = None;
        for (weights, kept) in self.weights.iter().zip(self.kept).rev() {
            let terms = (&above, more.as_ref());
            let found = backward(weights, &kept, terms, self.sizes);
            (above, more) = (found.input.0, Some(found.input.1));
            of_layers
                .push(found.weights.into_iter().map(outside::<R, 1>).collect::<Vec<Gradient>>());
            if self.distances.is_some() {
                let sum = outside::<R, 1>(diagonals(&found.scores));
                let sum = sum.reshape([self.sizes.heads as i32, -1]);
                of_distances = Some(match of_distances {
                    Some(sums) => sums + sum,
                    None => sum,
                });
            }
        }
        let wide: Matrix = outside(above);
        let terms = match more {
            Some(more) => vec![wide, outside::<R, 2>(more).cast(DType::F32)],
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
        (gpu, device): (Gpu, &Device),
    ) -> Matrix {
        let [rows, tokens] = mask.dims();
        let distances = self.relative.as_ref().map(|relative| relative.forward(tokens));
        let (model, seen) = (self, mask.clone());
        let last =
            on!(gpu, R => OnGpu::<R>::new(model, seen, distances, device).forward(embedded, false));
        self.pool(last, rows, mask)
    }
}

fn format(precision: Precision) -> DType {
    match precision {
        Precision::F32 => DType::F32,
        Precision::F16 => DType::F16,
        Precision::Bf16 => DType::BF16,
    }
}

fn weights<R: Runtime>(layer: &Layer<Backend>) -> LayerWeights<R> {
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

fn dense<R: Runtime>(dense: &Dense<Backend>) -> [CubeTensor<R>; 2] {
    [inside(plain(dense.weight.val())), inside(plain(dense.bias.val()))]
}

fn norm<R: Runtime>(norm: &LayerNorm<Backend>) -> [CubeTensor<R>; 2] {
    let gamma = plain(norm.gamma.val());
    let beta = norm.beta.as_ref().map_or_else(|| gamma.zeros_like(), |beta| plain(beta.val()));
    [inside(gamma), inside(beta)]
}

/// Outside any graph.
fn plain<const D: usize>(tensor: Tensor<Backend, D>) -> Tensor<Backend, D> {
    if Backend::ad_enabled(&tensor.device()) { tensor.inner() } else { tensor }
}
