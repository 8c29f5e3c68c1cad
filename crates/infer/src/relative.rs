//! MPNet's attention bias by distance, shared by all layers.

use canto_encoder::relative_bucket;
use canto_kernels::RelativeBias;

/// From the table [buckets, heads].
pub(crate) fn bias(table: &[f32], heads: usize, longest: usize) -> RelativeBias {
    let buckets = table.len() / heads;
    RelativeBias::new(heads, longest, |head, distance| {
        table[relative_bucket(distance, buckets) * heads + head]
    })
}
