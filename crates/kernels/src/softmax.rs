use crate::level::Level;
use crate::vector::{exp, fold, larger};

/// scores ← e^(score − the largest); returns their sum, by which what is mixed with them is yet
/// to be divided. An empty row has the sum 0.
pub fn exponentiate(level: Level, scores: &mut [f32]) -> f32 {
    level.run(
        #[inline(always)]
        || exponentiate_inline(scores),
    )
}

#[inline(always)]
pub(crate) fn exponentiate_inline(scores: &mut [f32]) -> f32 {
    let largest = fold(scores, f32::NEG_INFINITY, |x: f32| x, larger);
    for score in scores.iter_mut() {
        *score = exp(*score - largest);
    }
    fold(scores, 0.0, |x: f32| x, |a, b| a + b)
}
