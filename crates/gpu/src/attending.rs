//! Queries, keys and values of a layer's input, and the way back to it.

use crate::kernels::{first, join_with_sums, place, split, spread, take};
use crate::layer::{LayerWeights, Sizes, Stream};
use crate::products::{product, transposed};
use burn_backend::{DType, TensorMetadata};
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;

/// What the way back needs.
#[derive(Debug)]
pub(crate) struct Projection<R: CubeRuntime> {
    x: CubeTensor<R>,
    /// Weights of all three side by side, or where the first tokens alone ask of the keys and
    /// values.
    weight: CubeTensor<R>,
    /// The first tokens and the queries' weight, where they alone ask.
    asking: Option<[CubeTensor<R>; 2]>,
}

/// Queries [rows, heads, tokens or 1, size], keys and values [rows, heads, tokens, size].
pub(crate) type Heads<R> = [CubeTensor<R>; 3];

/// Heads, the residual stream of the tokens that ask, and what the way back needs.
pub(crate) fn project<R: CubeRuntime>(
    weights: &LayerWeights<R>,
    x: &Stream<R>,
    sizes: Sizes,
    first_only: bool,
) -> (Heads<R>, CubeTensor<R>, Projection<R>) {
    let Sizes { rows, tokens, heads, format, .. } = sizes;
    let width = x.wide.shape()[1];
    let LayerWeights { query, key, value, .. } = weights;
    let scale = scale(width, heads);
    if !first_only {
        let weight = place(&[&query[0], &key[0], &value[0]], width, format);
        let bias = place(&[&query[1], &key[1], &value[1]], 1, DType::F32);
        let joined = product(&x.narrow, &weight, format);
        let all = split(&joined, Some(&bias), scale, [rows, heads, tokens]);
        let projection = Projection { x: x.narrow.clone(), weight, asking: None };
        return (all, x.wide.clone(), projection);
    }
    let asking = first(&x.narrow, rows);
    let query_weight = place(&[&query[0]], width, format);
    let joined = product(&asking, &query_weight, format);
    let [queries] = split(&joined, Some(&query[1]), scale, [rows, heads, 1]);
    let weight = place(&[&key[0], &value[0]], width, format);
    let bias = place(&[&key[1], &value[1]], 1, DType::F32);
    let joined = product(&x.narrow, &weight, format);
    let [keys, values] = split(&joined, Some(&bias), 1.0, [rows, heads, tokens]);
    let asking = Some([asking, query_weight]);
    let projection = Projection { x: x.narrow.clone(), weight, asking };
    ([queries, keys, values], first(&x.wide, rows), projection)
}

/// The gradients of a layer's input.
pub(crate) struct Below<R: CubeRuntime> {
    /// A term in f32 and one in the products' format, [rows·tokens, width].
    pub(crate) terms: (CubeTensor<R>, CubeTensor<R>),
    /// Of weight and bias of query, key and value, flat and in f32.
    pub(crate) gradients: Vec<CubeTensor<R>>,
}

/// The gradients of the heads and of the residual stream of the tokens that ask go to the input.
pub(crate) fn back<R: CubeRuntime>(
    kept: &Projection<R>,
    [query, key, value]: [&CubeTensor<R>; 3],
    residual: CubeTensor<R>,
    sizes: Sizes,
) -> Below<R> {
    let Sizes { tokens, heads, format, .. } = sizes;
    let width = kept.x.shape()[1];
    let scale = scale(width, heads);
    let part = |of: &CubeTensor<R>, rows: usize, i: usize| take(of, rows, i * width, width);
    let Some([asking, query_weight]) = &kept.asking else {
        let (joined, biases) = join_with_sums([query, key, value], scale);
        let weights = product(&transposed(&kept.x), &joined, format);
        let more = product(&joined, &transposed(&kept.weight), format);
        let both = |i: usize| [part(&weights, width, i), part(&biases, 1, i)];
        let gradients = (0..3).flat_map(both).collect();
        return Below { terms: (residual, more), gradients };
    };
    let (queries, query_bias) = join_with_sums([query], scale);
    let of_query = product(&transposed(asking), &queries, format);
    let of_asking = product(&queries, &transposed(query_weight), format);
    let (joined, biases) = join_with_sums([key, value], 1.0);
    let weights = product(&transposed(&kept.x), &joined, format);
    let more = product(&joined, &transposed(&kept.weight), format);
    let mut gradients = vec![part(&of_query, width, 0), query_bias];
    gradients.extend((0..2).flat_map(|i| [part(&weights, width, i), part(&biases, 1, i)]));
    Below { terms: (spread(&residual, &of_asking, tokens), more), gradients }
}

/// What queries are multiplied by rather than scores.
fn scale(width: usize, heads: usize) -> f32 {
    ((width / heads) as f32).sqrt().recip()
}
