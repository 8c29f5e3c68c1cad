use crate::level::Level;
use crate::vector::{Largest, Sum, exp, fold};
use pulp::{Simd, WithSimd};

/// scores ← e^(score − the largest); returns their sum, by which what is mixed with them is yet
/// to be divided. An empty row has the sum 0.
pub fn exponentiate(level: Level, scores: &mut [f32]) -> f32 {
    level.run_with(Scores(scores))
}

struct Scores<'a>(&'a mut [f32]);

impl WithSimd for Scores<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let largest = fold(simd, Largest, self.0);
        for score in self.0.iter_mut() {
            *score = exp(*score - largest);
        }
        fold(simd, Sum, self.0)
    }
}
