use crate::BatchConfig;

/// The few lengths that batches are padded to, so that kernels see few shapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buckets(Vec<usize>);

/// Steps of a derived set of buckets.
const STEPS: usize = 8;

impl Buckets {
    /// The buckets of `config`: those it names, or eight even steps, each a multiple of 8, and
    /// always `max_tokens`.
    pub fn new(config: &BatchConfig) -> Self {
        let most = config.max_tokens.max(1);
        let mut lengths = config.buckets.clone();
        if lengths.is_empty() {
            let step = most.div_ceil(STEPS).next_multiple_of(8);
            lengths.extend((1..=STEPS).map(|number| number * step));
        }
        lengths.retain(|&length| (1..most).contains(&length));
        lengths.push(most);
        lengths.sort_unstable();
        lengths.dedup();
        Self(lengths)
    }

    /// The lengths, ascending; at least one.
    pub fn lengths(&self) -> &[usize] {
        &self.0
    }

    /// Position of the smallest bucket that holds `length`; the last one where none does.
    pub fn index(&self, length: usize) -> usize {
        self.0.partition_point(|&bucket| bucket < length).min(self.0.len() - 1)
    }

    /// The smallest bucket that holds `length`; `length` itself where none does.
    pub fn fit(&self, length: usize) -> usize {
        self.0[self.index(length)].max(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(max_tokens: usize, named: &[usize]) -> Buckets {
        Buckets::new(&BatchConfig { max_tokens, buckets: named.to_vec(), ..Default::default() })
    }

    #[test]
    fn derived_buckets_are_even_steps_to_the_maximum() {
        assert_eq!(buckets(512, &[]).lengths(), [64, 128, 192, 256, 320, 384, 448, 512]);
        assert_eq!(buckets(100, &[]).lengths(), [16, 32, 48, 64, 80, 96, 100]);
        assert_eq!(buckets(5, &[]).lengths(), [5]);
    }

    #[test]
    fn the_maximum_joins_named_buckets() {
        assert_eq!(buckets(128, &[32, 64]).lengths(), [32, 64, 128]);
        assert_eq!(buckets(128, &[128]).lengths(), [128]);
    }

    #[test]
    fn the_smallest_bucket_that_holds_the_length() {
        let buckets = buckets(128, &[32, 64]);
        let fits = [0, 1, 32, 33, 64, 65, 128, 129].map(|length| buckets.fit(length));
        assert_eq!(fits, [32, 32, 32, 64, 64, 128, 128, 129]);
    }
}
