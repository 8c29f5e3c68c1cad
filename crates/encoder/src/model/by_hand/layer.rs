use super::heads::{attend, attend_back, joined};
use super::norm::{self, Normed};
use super::products::{add_bias, changed, column_sums, gelu, times_slopes, values};
use super::{Draws, Gradient, Shape};
use crate::model::attention::Attention;
use crate::model::dense::Dense;
use crate::model::dropout::Dropout;
use crate::model::layer::Layer;
use crate::model::on_cpu;
use crate::{Backend, Device};
use burn::nn::LayerNorm;
use burn::tensor::{Tensor, TensorData};

type Matrix = Tensor<Backend, 2>;

/// What the way back through a layer needs of the way there.
pub(super) struct Kept {
    /// Its input, [rows·tokens, width].
    x: Matrix,
    /// The tokens that ask, [rows·queries, width]: all, or the first of each row.
    asking: Matrix,
    /// Scaled, [rows, heads, queries, size].
    query: Tensor<Backend, 4>,
    /// [rows, heads, tokens, size], as `value`.
    key: Tensor<Backend, 4>,
    value: Tensor<Backend, 4>,
    /// Probabilities, negative where dropout dropped them.
    signed: TensorData,
    /// What dropout left of them, [rows, heads, queries, tokens].
    left: Tensor<Backend, 4>,
    joined: Matrix,
    attended: Matrix,
    attention_norm: Normed,
    /// GELU's slopes and values, [rows·queries, inner].
    slopes: TensorData,
    inner: Matrix,
    norm: Normed,
}

/// Weight and bias outside any graph.
struct Linear {
    weight: Matrix,
    bias: Vec<f32>,
}

fn linear(dense: &Dense<Backend>) -> Linear {
    Linear { weight: dense.weight.val().inner(), bias: vector(dense.bias.val().inner()) }
}

fn vector(tensor: Tensor<Backend, 1>) -> Vec<f32> {
    on_cpu::read(tensor, <[f32]>::to_vec)
}

impl Linear {
    /// x·W without the bias.
    fn product(&self, x: &Matrix) -> Matrix {
        x.clone().matmul(self.weight.clone())
    }

    /// (x·W + b) · scale.
    fn forward(&self, x: &Matrix, scale: f32) -> Matrix {
        changed(self.product(x), |values| add_bias(values, &self.bias, scale))
    }

    /// The gradient of `x` from that of the product.
    fn back(&self, gradient: &Matrix) -> Matrix {
        gradient.clone().matmul(self.weight.clone().transpose())
    }
}

/// The gradients of weight and bias: of the product `gradient`, of the bias the sum of its rows.
fn of_linear(x: &Matrix, gradient: &Matrix, bias: Vec<f32>) -> [Gradient; 2] {
    let weight = x.clone().transpose().matmul(gradient.clone());
    [weight.flatten(0, 1), flat(bias, &x.device())]
}

fn flat(values: Vec<f32>, device: &Device) -> Gradient {
    let width = values.len();
    on_cpu::tensor(values, [width], device)
}

fn matrix(values: Vec<f32>, width: usize, device: &Device) -> Matrix {
    let rows = values.len() / width;
    on_cpu::tensor(values, [rows, width], device)
}

/// Weights of a norm.
struct Affine {
    gamma: Vec<f32>,
    beta: Vec<f32>,
}

fn affine(norm: &LayerNorm<Backend>) -> Affine {
    let gamma = vector(norm.gamma.val().inner());
    let beta = norm.beta.as_ref().map(|beta| vector(beta.val().inner()));
    Affine { beta: beta.unwrap_or_else(|| vec![0.0; gamma.len()]), gamma }
}

/// norm(dropout(product + bias) + x).
fn normed(
    product: Matrix,
    x: &Matrix,
    bias: &[f32],
    (norm, epsilon): (&LayerNorm<Backend>, f64),
    dropout: Dropout,
    draws: &mut Draws,
) -> (Matrix, Normed) {
    let (device, width) = (x.device(), bias.len());
    let Affine { gamma, beta } = affine(norm);
    let weights = norm::Weights { bias, gamma: &gamma, beta: &beta, epsilon: epsilon as f32 };
    let factors = dropout.drawn(product.shape().num_elements(), || draws.next());
    let (output, kept) = on_cpu::read(product, |product| {
        on_cpu::read(x.clone(), |x| norm::forward(product, x, factors, weights))
    });
    (matrix(output, width, &device), kept)
}

/// The gradients that leave a norm.
struct Unnormed {
    /// Of what was added to the product.
    x: Matrix,
    /// Of the product.
    product: Matrix,
    bias: Vec<f32>,
    gamma: Gradient,
    beta: Gradient,
}

fn unnormed(
    terms: Vec<Matrix>,
    kept: &Normed,
    norm: &LayerNorm<Backend>,
    device: &Device,
) -> Unnormed {
    let gamma = vector(norm.gamma.val().inner());
    let width = gamma.len();
    let terms: Vec<TensorData> = terms.into_iter().map(Tensor::into_data).collect();
    let terms: Vec<&[f32]> = terms.iter().map(values).collect();
    let gradients = norm::backward(&terms, kept, &gamma);
    let x = matrix(gradients.x, width, device);
    Unnormed {
        product: gradients.y.map_or_else(|| x.clone(), |y| matrix(y, width, device)),
        x,
        bias: gradients.bias,
        gamma: flat(gradients.gamma, device),
        beta: flat(gradients.beta, device),
    }
}

/// [rows·n, heads·size] → [rows, heads, n, size].
fn split(x: Matrix, shape: Shape, tokens: usize) -> Tensor<Backend, 4> {
    let size = shape.width / shape.heads;
    x.reshape([shape.rows, tokens, shape.heads, size]).swap_dims(1, 2)
}

/// And back.
fn join(x: Tensor<Backend, 4>, shape: Shape, tokens: usize, scale: f32) -> Matrix {
    let (device, size) = (x.device(), shape.width / shape.heads);
    let values = on_cpu::read(x, |x| joined(x, [shape.heads, tokens, size], scale));
    matrix(values, shape.width, &device)
}

/// The first of each row's tokens, [rows·tokens, width] → [rows, width].
fn first(x: &Matrix, shape: Shape) -> Matrix {
    let whole = x.clone().reshape([shape.rows, shape.tokens, shape.width]);
    whole.slice([0..shape.rows, 0..1]).reshape([shape.rows, shape.width])
}

/// The opposite: zero everywhere else.
fn spread(first: Matrix, shape: Shape) -> Matrix {
    let (device, Shape { tokens, width, .. }) = (first.device(), shape);
    let values = on_cpu::read(first, |first| {
        let mut whole = vec![0.0; first.len() * tokens];
        for (row, first) in whole.chunks_mut(tokens * width).zip(first.chunks(width)) {
            row[..width].copy_from_slice(first);
        }
        whole
    });
    matrix(values, width, &device)
}

/// The scale of scores, applied to the query.
fn scale(shape: Shape) -> f32 {
    ((shape.width / shape.heads) as f32).sqrt().recip()
}

/// `x` [rows·tokens, width] → [rows·queries, width], where `queries` is the number of tokens, or 1
/// where nobody reads any but the first.
pub(super) fn forward(
    layer: &Layer<Backend>,
    x: Matrix,
    queries: usize,
    keys: &[f32],
    shape: Shape,
    draws: &mut Draws,
) -> (Matrix, Kept) {
    let Attention { query, key, value, output, .. } = &layer.attention;
    let asking = if queries == shape.tokens { x.clone() } else { first(&x, shape) };
    let query = split(linear(query).forward(&asking, scale(shape)), shape, queries);
    let key = split(linear(key).forward(&x, 1.0), shape, shape.tokens);
    let value = split(linear(value).forward(&x, 1.0), shape, shape.tokens);

    let scores = query.clone().matmul(key.clone().swap_dims(2, 3));
    let (device, dims) = (scores.device(), scores.dims());
    let mut signed = scores.into_data();
    let left = {
        let scores = signed.as_mut_slice::<f32>().unwrap_or_default();
        let dropout = layer.attention.probability_dropout;
        attend(scores, keys, shape.tokens, dropout, draws.next())
    };
    let left: Tensor<Backend, 4> = on_cpu::tensor(left, dims, &device);

    let joined = join(left.clone().matmul(value.clone()), shape, queries, 1.0);
    let output = linear(output);
    let (attended, attention_norm) = normed(
        output.product(&joined),
        &asking,
        &output.bias,
        (&layer.attention.norm, layer.attention.epsilon),
        layer.attention.output_dropout,
        draws,
    );

    let intermediate = linear(&layer.intermediate);
    let mut slopes = intermediate.product(&attended).into_data();
    let inner = gelu(slopes.as_mut_slice::<f32>().unwrap_or_default(), &intermediate.bias);
    let inner = matrix(inner, intermediate.bias.len(), &device);
    let output = linear(&layer.output);
    let (y, norm) = normed(
        output.product(&inner),
        &attended,
        &output.bias,
        (&layer.norm, layer.epsilon),
        layer.dropout,
        draws,
    );
    let kept = Kept {
        x,
        asking,
        query,
        key,
        value,
        signed,
        left,
        joined,
        attended,
        attention_norm,
        slopes,
        inner,
        norm,
    };
    (y, kept)
}

/// The gradient of the output, as terms of a sum, → that of the input, likewise, and those of all
/// weights in the order of the modules.
pub(super) fn backward(
    layer: &Layer<Backend>,
    kept: Kept,
    terms: Vec<Matrix>,
    queries: usize,
    shape: Shape,
) -> (Vec<Matrix>, Vec<Gradient>) {
    let device = kept.x.device();
    let after = unnormed(terms, &kept.norm, &layer.norm, &device);
    let [output_weight, output_bias] = of_linear(&kept.inner, &after.product, after.bias);

    let intermediate = linear(&layer.intermediate);
    let width = intermediate.bias.len();
    let mut sums = Vec::new();
    let inner = changed(linear(&layer.output).back(&after.product), |gradient| {
        sums = times_slopes(gradient, values(&kept.slopes), width);
    });
    let [inner_weight, inner_bias] = of_linear(&kept.attended, &inner, sums);

    let Attention { query, key, value, output, norm, .. } = &layer.attention;
    let terms = vec![after.x, intermediate.back(&inner)];
    let before = unnormed(terms, &kept.attention_norm, norm, &device);
    let [attended_weight, attended_bias] = of_linear(&kept.joined, &before.product, before.bias);
    let mixed = split(linear(output).back(&before.product), shape, queries);

    let of_value = kept.left.swap_dims(2, 3).matmul(mixed.clone());
    let of_scores = changed(mixed.matmul(kept.value.swap_dims(2, 3)), |gradient| {
        let dropout = layer.attention.probability_dropout;
        attend_back(gradient, values(&kept.signed), shape.tokens, dropout);
    });
    let of_key = of_scores.clone().swap_dims(2, 3).matmul(kept.query);
    let of_query = of_scores.matmul(kept.key);
    let of_query = join(of_query, shape, queries, scale(shape));
    let of_key = join(of_key, shape, shape.tokens, 1.0);
    let of_value = join(of_value, shape, shape.tokens, 1.0);

    let bias = |gradient: &Matrix| on_cpu::read(gradient.clone(), |g| column_sums(g, shape.width));
    let of_asking = |gradient: Matrix| {
        if queries == shape.tokens { gradient } else { spread(gradient, shape) }
    };
    let terms = vec![
        of_asking(before.x),
        of_asking(linear(query).back(&of_query)),
        linear(key).back(&of_key),
        linear(value).back(&of_value),
    ];
    let [query_weight, query_bias] = of_linear(&kept.asking, &of_query, bias(&of_query));
    let [key_weight, key_bias] = of_linear(&kept.x, &of_key, bias(&of_key));
    let [value_weight, value_bias] = of_linear(&kept.x, &of_value, bias(&of_value));
    let gradients = vec![
        query_weight,
        query_bias,
        key_weight,
        key_bias,
        value_weight,
        value_bias,
        attended_weight,
        attended_bias,
        before.gamma,
        before.beta,
        inner_weight,
        inner_bias,
        output_weight,
        output_bias,
        after.gamma,
        after.beta,
    ];
    (terms, gradients)
}
