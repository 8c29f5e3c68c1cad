//! One post-norm layer: attention, then two dense layers with GELU between them.

use crate::attending::{self, Heads, Projection, project};
use crate::draws::{Draw, Draws};
use crate::kernels::{
    attend, attend_back, gelu, gelu_back, join, norm, norm_back, place, split, take,
};
use crate::products::{product, transposed};
use burn_backend::{DType, TensorMetadata};
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;

/// Of a batch, and what the layers have in common.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Rows of the batch.
    pub rows: usize,
    /// Tokens of each.
    pub tokens: usize,
    /// Attention heads.
    pub heads: usize,
    /// Format of the products: f32, f16 or bf16.
    pub format: DType,
    /// Share of the probabilities that is dropped, below 1.
    pub attention_dropout: f64,
    /// Share of what is added to the residual stream that is dropped.
    pub hidden_dropout: f64,
    /// Added to a norm's variance.
    pub epsilon: f64,
}

/// A layer's parameters in f32: matrices [inputs, outputs], vectors of as many as there are outputs.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct LayerWeights<R: CubeRuntime> {
    pub query: [CubeTensor<R>; 2],
    pub key: [CubeTensor<R>; 2],
    pub value: [CubeTensor<R>; 2],
    pub attended: [CubeTensor<R>; 2],
    pub attention_norm: [CubeTensor<R>; 2],
    pub inner: [CubeTensor<R>; 2],
    pub outer: [CubeTensor<R>; 2],
    pub norm: [CubeTensor<R>; 2],
}

/// What goes from layer to layer, [rows·tokens, width].
#[derive(Clone, Debug)]
pub struct Stream<R: CubeRuntime> {
    /// In f32.
    pub wide: CubeTensor<R>,
    /// In the products' format.
    pub narrow: CubeTensor<R>,
}

impl<R: CubeRuntime> Stream<R> {
    /// Of a tensor in f32 without gaps.
    pub fn new(wide: CubeTensor<R>, format: DType) -> Self {
        let rows = wide.shape()[0];
        let narrow =
            if format == DType::F32 { wide.clone() } else { place(&[&wide], rows, format) };
        Self { wide, narrow }
    }
}

/// What the way back through a layer needs of the way there.
#[derive(Debug)]
pub struct Kept<R: CubeRuntime> {
    projection: Projection<R>,
    heads: Heads<R>,
    signed: CubeTensor<R>,
    left: CubeTensor<R>,
    joined: CubeTensor<R>,
    attended_weight: CubeTensor<R>,
    attention_normal: [CubeTensor<R>; 2],
    attended: CubeTensor<R>,
    inner_weight: CubeTensor<R>,
    product: CubeTensor<R>,
    inner: CubeTensor<R>,
    outer_weight: CubeTensor<R>,
    normal: [CubeTensor<R>; 2],
    draws: [Draw<R>; 3],
}

/// `x` → the next layer's input; where `first_only`, of the first token of each row alone.
/// `keys` [rows, tokens] and `distances` [heads, tokens, tokens] are added to the scores; there are
/// no `distances` where the first tokens alone ask.
pub fn forward<R: CubeRuntime>(
    weights: &LayerWeights<R>,
    x: &Stream<R>,
    keys: &CubeTensor<R>,
    distances: Option<&CubeTensor<R>>,
    sizes: Sizes,
    first_only: bool,
    draws: &mut Draws<R>,
) -> (Stream<R>, Kept<R>) {
    let Sizes { format, hidden_dropout, epsilon, .. } = sizes;
    let narrow = |weight: &CubeTensor<R>| place(&[weight], weight.shape()[0], format);
    let attended_weight = narrow(&weights.attended[0]);
    let (inner_weight, outer_weight) = (narrow(&weights.inner[0]), narrow(&weights.outer[0]));
    let draws =
        [sizes.attention_dropout, hidden_dropout, hidden_dropout].map(|rate| draws.next(rate));

    let (heads, residual, projection) = project(weights, x, sizes, first_only);
    let scores = product(&heads[0], &transposed(&heads[1]), format);
    let probabilities = attend(scores, keys, distances, &draws[0]);
    let joined = join(&product(&probabilities.left, &heads[2], format));
    let output = product(&joined, &attended_weight, format);
    let [gamma, beta] = &weights.attention_norm;
    let bias = &weights.attended[1];
    let attended = norm(&output, bias, &residual, [gamma, beta], epsilon, &draws[1]);

    let inner_product = product(&attended.narrow, &inner_weight, format);
    let inner = gelu(&inner_product, &weights.inner[1]);
    let output = product(&inner, &outer_weight, format);
    let [gamma, beta] = &weights.norm;
    let bias = &weights.outer[1];
    let y = norm(&output, bias, &attended.wide, [gamma, beta], epsilon, &draws[2]);
    let kept = Kept {
        projection,
        heads,
        signed: probabilities.signed,
        left: probabilities.left,
        joined,
        attended_weight,
        attention_normal: [attended.normal, attended.slopes],
        attended: attended.narrow,
        inner_weight,
        product: inner_product,
        inner,
        outer_weight,
        normal: [y.normal, y.slopes],
        draws,
    };
    (Stream { wide: y.wide, narrow: y.narrow }, kept)
}

/// Where the gradient of a layer's output goes.
#[derive(Debug)]
pub struct Gradients<R: CubeRuntime> {
    /// To its input: a term in f32 and one in the products' format, [rows·tokens, width].
    pub input: (CubeTensor<R>, CubeTensor<R>),
    /// To its parameters, flat and in f32, in the order of [`LayerWeights`].
    pub weights: Vec<CubeTensor<R>>,
    /// To its scores, [rows, heads, tokens, tokens].
    pub scores: CubeTensor<R>,
}

/// The gradient of a layer's output, the sum of a term in f32 and, but at the top, one in the
/// products' format → all others.
pub fn backward<R: CubeRuntime>(
    weights: &LayerWeights<R>,
    kept: &Kept<R>,
    (above, more): (&CubeTensor<R>, Option<&CubeTensor<R>>),
    sizes: Sizes,
) -> Gradients<R> {
    let Sizes { rows, heads, format, .. } = sizes;
    let of_weight =
        |x: &CubeTensor<R>, gradient: &CubeTensor<R>| product(&transposed(x), gradient, format);
    let back = |gradient: &CubeTensor<R>, weight: &CubeTensor<R>| {
        product(gradient, &transposed(weight), format)
    };

    let [normal, slopes] = &kept.normal;
    let after = norm_back(above, more, (normal, slopes), &weights.norm[0], &kept.draws[2]);
    let outer_weight = of_weight(&kept.inner, &after.product);
    let inner = back(&after.product, &kept.outer_weight);
    let (inner, inner_bias) = gelu_back(inner, &kept.product, &weights.inner[1]);
    let inner_weight = of_weight(&kept.attended, &inner);
    let more = back(&inner, &kept.inner_weight);

    let [normal, slopes] = &kept.attention_normal;
    let gamma = &weights.attention_norm[0];
    let before = norm_back(&after.residual, Some(&more), (normal, slopes), gamma, &kept.draws[1]);
    let attended_weight = of_weight(&kept.joined, &before.product);
    let mixed = back(&before.product, &kept.attended_weight);
    let [mixed] = split(&mixed, None, 1.0, [rows, heads, mixed.shape()[0] / rows]);

    let [query, key, value] = &kept.heads;
    let of_value = product(&transposed(&kept.left), &mixed, format);
    let of_left = product(&mixed, &transposed(value), format);
    let scores = attend_back(of_left, &kept.signed, &kept.draws[0]);
    let of_key = product(&transposed(&scores), query, format);
    let of_query = product(&scores, key, format);
    let of_heads = [&of_query, &of_key, &of_value];
    let below = attending::back(&kept.projection, of_heads, before.residual, sizes);

    let flat = |matrix: &CubeTensor<R>| {
        let [rows, columns] = matrix.shape().dims();
        take(matrix, rows, 0, columns)
    };
    let norm_part = |sums: &CubeTensor<R>, i: usize| {
        let width = sums.shape().num_elements() / 3;
        take(sums, 1, i * width, width)
    };
    let of_norm = |sums: &CubeTensor<R>| [2, 0, 1].map(|i| norm_part(sums, i));
    let mut gradients = below.gradients;
    gradients.push(flat(&attended_weight));
    gradients.extend(of_norm(&before.weights));
    gradients.extend([flat(&inner_weight), inner_bias, flat(&outer_weight)]);
    gradients.extend(of_norm(&after.weights));
    Gradients { input: below.terms, weights: gradients, scores }
}
