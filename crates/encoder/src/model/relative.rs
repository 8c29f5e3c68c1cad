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
        let weight = self.table.weight.val();
        let [buckets, heads] = weight.dims();
        let ids = TensorData::new(bucket_ids(tokens, buckets), [tokens * tokens]);
        let ids = Tensor::<Backend, 1, Int>::from_data(ids, &weight.device());
        weight.select(0, ids).reshape([tokens, tokens, heads]).permute([2, 0, 1])
    }
}

/// Bucket of every (query, key) pair, row-major.
fn bucket_ids(tokens: usize, buckets: usize) -> Vec<i32> {
    let pairs = (0..tokens).flat_map(|query| (0..tokens).map(move |key| (query, key)));
    pairs.map(|(query, key)| relative_bucket(key as i64 - query as i64, buckets) as i32).collect()
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
