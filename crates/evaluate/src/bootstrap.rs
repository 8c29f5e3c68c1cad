//! Resampling with replacement (Efron 1979), by groups (the cluster bootstrap).

use crate::{Error, Groups, Interval};
use canto_song::Problem;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How intervals are drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BootstrapConfig {
    /// Number of resamples.
    pub resamples: u32,
    /// Share of resamples inside the interval.
    pub confidence: f64,
    /// Seed of the draws: equal seeds draw equal resamples, on any number of threads.
    pub seed: u64,
}

impl Default for BootstrapConfig {
    fn default() -> Self {
        Self { resamples: 1000, confidence: 0.95, seed: 42 }
    }
}

impl BootstrapConfig {
    /// Every value out of range.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.resamples == 0 {
            problems.push(Problem::new("resamples", "is 0, expected 1 or more"));
        }
        if !(self.confidence > 0.0 && self.confidence < 1.0) {
            let message = format!("is {}, expected between 0 and 1", self.confidence);
            problems.push(Problem::new("confidence", message));
        }
        problems
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        Error::refuse("bootstrap", self.problems())
    }
}

/// What `measure` says of each resample, in the order of draws. It is given the weight of every
/// row: how often its group was drawn, of as many draws as there are groups.
pub(crate) fn resampled<T: Send>(
    groups: &Groups,
    resamples: u32,
    seed: u64,
    measure: impl Fn(&[u32]) -> T + Sync,
) -> Vec<T> {
    let draw = |number| measure(&weights(groups, seed, number));
    (0..resamples).into_par_iter().map(draw).collect()
}

fn weights(groups: &Groups, seed: u64, number: u32) -> Vec<u32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // A stream of its own a resample, so that threads may take them in any order.
    rng.set_stream(u64::from(number));
    let mut drawn = vec![0; groups.len()];
    for _ in 0..groups.len() {
        drawn[rng.random_range(0..groups.len())] += 1;
    }
    groups.of_row().iter().map(|group| drawn[*group as usize]).collect()
}

/// The percentile interval of `draws` around `value`. Draws in which the figure is undefined are
/// left out; `None` where it is undefined itself, or in every draw.
pub(crate) fn interval(
    value: Option<f64>,
    draws: impl Iterator<Item = Option<f64>>,
    confidence: f64,
) -> Option<Interval> {
    let mut draws: Vec<f64> = draws.flatten().collect();
    draws.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - confidence) / 2.0;
    let (low, high) = (quantile(&draws, tail)?, quantile(&draws, 1.0 - tail)?);
    Some(Interval { value: value?, low, high })
}

/// Linear between the two nearest values, as numpy has it by default; `None` without a value.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let at = share * sorted.len().checked_sub(1)? as f64;
    let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    Some(below + (above - below) * at.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_drawn_whole() {
        let groups = Groups::new(&["a", "b", "a", "c", "b", "d"]);
        for weights in resampled(&groups, 50, 1, <[u32]>::to_vec) {
            assert_eq!((weights[0], weights[1]), (weights[2], weights[4]));
            assert_eq!(weights[0] + weights[1] + weights[3] + weights[5], 4);
        }
    }

    #[test]
    fn draws_are_the_seed_s_on_any_number_of_threads() {
        let groups = Groups::of_rows(30);
        let drawn = |threads, seed| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| resampled(&groups, 40, seed, <[u32]>::to_vec))
        };
        assert_eq!(drawn(1, 5), drawn(4, 5));
        assert_ne!(drawn(1, 5), drawn(1, 6));
    }

    #[test]
    fn quantiles_are_numpy_s() {
        let sorted = [1.0, 2.0, 4.0, 8.0];
        assert_eq!(quantile(&sorted, 0.0), Some(1.0));
        assert_eq!(quantile(&sorted, 0.5), Some(3.0));
        assert_eq!(quantile(&sorted, 0.75), Some(5.0));
        assert_eq!(quantile(&sorted, 1.0), Some(8.0));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn bad_values_are_named() {
        let config = BootstrapConfig { resamples: 0, confidence: f64::NAN, seed: 0 };
        let paths: Vec<String> = config.problems().into_iter().map(|bad| bad.path).collect();
        assert_eq!(paths, ["resamples", "confidence"]);
        assert!(config.check().unwrap_err().to_string().starts_with("bad `bootstrap` values: "));
    }
}
