use crate::{Backend, Device};
use burn::module::{Initializer, Module};
use burn::nn::Embedding;
use burn::tensor::{Int, Tensor, TensorData, backend::Backend as BurnBackend};

/// Distance from which all keys share a bucket.
const MAX_DISTANCE: f64 = 128.0;

/// MPNet's attention bias by distance, shared by all layers.
#[derive(Module, Debug)]
pub(crate) struct RelativeBias<B: BurnBackend> {
    /// [buckets, heads].
    table: Embedding<B>,
}

impl RelativeBias<Backend> {
    pub(crate) fn lazy(buckets: usize, heads: usize, deviation: f64, device: &Device) -> Self {
        let normal = Initializer::Normal { mean: 0.0, std: deviation };
        Self { table: Embedding { weight: normal.init([buckets, heads], device) } }
    }

    /// Bias of the scores of `tokens` queries over as many keys: [heads, tokens, tokens].
    pub(crate) fn forward(&self, tokens: usize) -> Tensor<Backend, 3> {
        spread(self.by_distance(tokens), tokens)
    }

    /// The bias of each distance from a query to a key, from 1 − `tokens` to `tokens` − 1:
    /// [heads, 2·tokens − 1].
    pub(crate) fn by_distance(&self, tokens: usize) -> Tensor<Backend, 2> {
        let weight = self.table.weight.val();
        let buckets = weight.dims()[0];
        let last = tokens as i64 - 1;
        let ids = (-last..=last).map(|distance| relative_bucket(distance, buckets) as i32);
        let ids = TensorData::new(ids.collect(), [2 * tokens - 1]);
        let ids = Tensor::<Backend, 1, Int>::from_data(ids, &weight.device());
        weight.select(0, ids).transpose()
    }
}

/// The bias of each distance, [heads, 2·tokens − 1] → of each query and key,
/// [heads, tokens, tokens].
pub(crate) fn spread(by_distance: Tensor<Backend, 2>, tokens: usize) -> Tensor<Backend, 3> {
    let [heads, distances] = by_distance.dims();
    // A row a query. Read on as rows that are one shorter, each begins one earlier than the last.
    let rows = by_distance.reshape([heads, 1, distances]).expand([heads, tokens, distances]);
    let flat = rows.reshape([heads, tokens * distances]);
    let shifted = flat.narrow(1, tokens - 1, tokens * (distances - 1).max(1));
    shifted.reshape([heads, tokens, (distances - 1).max(1)]).narrow(2, 0, tokens)
}

/// Bucket of the distance from a query to a key, as T5 defines it for both directions: half of
/// the buckets for each direction, half of those for one distance each, the rest logarithmic up
/// to a distance of 128.
pub fn relative_bucket(distance: i64, buckets: usize) -> usize {
    let half = buckets / 2;
    let forward = if distance > 0 { half } else { 0 };
    let distance = distance.unsigned_abs() as usize;
    let exact = half / 2;
    if distance < exact {
        return forward + distance;
    }
    let ratio = (distance as f64 / exact as f64).ln() / (MAX_DISTANCE / exact as f64).ln();
    let beyond = (ratio * (half - exact) as f64) as usize;
    forward + (exact + beyond).min(half - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of transformers' `relative_position_bucket` for 32 buckets.
    #[test]
    fn buckets_equal_the_reference() {
        let cases = [
            (0, 0),
            (-1, 1),
            (-7, 7),
            (-8, 8),
            (-11, 8),
            (-12, 9),
            (-16, 10),
            (-63, 13),
            (-64, 14),
            (-127, 15),
            (-500, 15),
            (1, 17),
            (8, 24),
            (100, 31),
            (500, 31),
        ];
        for (distance, expected) in cases {
            assert_eq!(relative_bucket(distance, 32), expected, "distance {distance}");
        }
    }
}
