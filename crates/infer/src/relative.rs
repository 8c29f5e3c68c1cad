//! MPNet's attention bias by distance, shared by all layers.

use canto_kernels::RelativeBias;

/// Distance from which all keys share a bucket.
const MAX_DISTANCE: f64 = 128.0;

/// From the table [buckets, heads].
pub(crate) fn bias(table: &[f32], heads: usize, longest: usize) -> RelativeBias {
    let buckets = table.len() / heads;
    RelativeBias::new(heads, longest, |head, distance| {
        table[bucket(distance, buckets) * heads + head]
    })
}

/// Bucket of the distance from a query to a key, as T5 defines it for both directions: half of
/// the buckets for each direction, half of those for one distance each, the rest logarithmic up
/// to [`MAX_DISTANCE`].
fn bucket(distance: i64, buckets: usize) -> usize {
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
        let cases = [(0, 0), (-1, 1), (-8, 8), (-12, 9), (-63, 13), (-500, 15), (1, 17), (100, 31)];
        for (distance, expected) in cases {
            assert_eq!(bucket(distance, 32), expected, "distance {distance}");
        }
    }
}
