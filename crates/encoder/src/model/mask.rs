use crate::Backend;
use burn::tensor::{Bool, Tensor};

/// Added to the scores of keys that are not to be seen: as good as −∞ in every float type, and
/// unlike it never NaN, not even where a row has no key at all.
const UNSEEN: f32 = -1e4;

/// Attention mask [rows, tokens], false at padding → additive bias of the keys
/// [rows, 1, 1, tokens], outside any graph.
pub(crate) fn key_bias(mask: Tensor<Backend, 2, Bool>) -> Tensor<Backend, 4> {
    let [rows, tokens] = mask.dims();
    (mask.bool_not().float() * UNSEEN).reshape([rows, 1, 1, tokens])
}
