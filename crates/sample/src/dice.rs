use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Every random choice of a file, from one seed. Integers only: floating point could round
/// differently on another machine, and the same seed must give the same bytes.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number below `bound`, or 0 where `bound` is 0. The bias of multiply-and-shift is below
    /// `bound` / 2³², which nothing here can notice.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(bound)) >> 32) as u32
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True `thousandths` times in a thousand.
    pub(crate) fn chance(&mut self, thousandths: u32) -> bool {
        self.below(1000) < thousandths
    }

    /// One of `words`; the empty word where there are none.
    pub(crate) fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        self.one_of(words, "")
    }

    /// One of `items`; `otherwise` where there are none.
    pub(crate) fn one_of<T: Copy>(&mut self, items: &[T], otherwise: T) -> T {
        let at = self.below(items.len() as u32) as usize;
        items.get(at).copied().unwrap_or(otherwise)
    }

    /// The position of one of `weights`, drawn in proportion to them.
    pub(crate) fn weighted(&mut self, weights: impl Iterator<Item = u32> + Clone) -> usize {
        let mut left = self.below(weights.clone().sum());
        for (at, weight) in weights.enumerate() {
            if left < weight {
                return at;
            }
            left -= weight;
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_stay_within_bounds_and_follow_weights() {
        let mut dice = Dice::new(1);
        let mut hits = [0u32; 3];
        for _ in 0..10_000 {
            assert!((3..=5).contains(&dice.between(3, 5)));
            hits[dice.weighted([1, 0, 3].into_iter())] += 1;
        }
        assert_eq!(hits[1], 0);
        assert!((2300..2700).contains(&hits[0]), "{hits:?}");
        assert_eq!(dice.pick(&[]), "");
    }
}
