//! Calls of one size, timed.

use serde::Serialize;
use std::time::Duration;

/// How fast songs go through in batches of one size.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rate {
    /// Songs of a call.
    pub batch: usize,
    /// Calls that were timed.
    pub calls: usize,
    /// Songs a second.
    pub songs_per_second: f64,
    /// Tokens a second, of those that the encoder reads.
    pub tokens_per_second: f64,
    /// How long a call takes.
    pub latency: Latency,
}

/// Percentiles of the time of a call, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[allow(clippy::struct_field_names, reason = "JSON shall name the unit")]
pub struct Latency {
    /// Half of the calls are no slower.
    pub p50_ms: f64,
    /// 95 of 100 are no slower.
    pub p95_ms: f64,
    /// 99 of 100 are no slower; of fewer than 100 calls, the slowest.
    pub p99_ms: f64,
}

impl Rate {
    /// From the time of each call and the tokens of all of them.
    pub(super) fn new(batch: usize, mut times: Vec<Duration>, tokens: usize) -> Self {
        let seconds = times.iter().sum::<Duration>().as_secs_f64();
        times.sort_unstable();
        let at = |percent| percentile(&times, percent).as_secs_f64() * 1e3;
        Self {
            batch,
            calls: times.len(),
            songs_per_second: (batch * times.len()) as f64 / seconds,
            tokens_per_second: tokens as f64 / seconds,
            latency: Latency { p50_ms: at(50), p95_ms: at(95), p99_ms: at(99) },
        }
    }
}

/// The least of the sorted `times` that `percent` of them do not exceed.
fn percentile(times: &[Duration], percent: usize) -> Duration {
    let rank = (times.len() * percent).div_ceil(100).max(1);
    times.get(rank - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn milliseconds(times: impl IntoIterator<Item = u64>) -> Vec<Duration> {
        times.into_iter().map(Duration::from_millis).collect()
    }

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let at = |times: &[Duration]| [50, 95, 99].map(|percent| percentile(times, percent));
        let hundred = milliseconds(1..=100);
        assert_eq!(at(&hundred), [49, 94, 98].map(|at| hundred[at]));
        let three = milliseconds([1, 2, 9]);
        assert_eq!(at(&three), [1, 2, 2].map(|at| three[at]));
        assert_eq!(at(&[]), [Duration::ZERO; 3]);
    }

    #[test]
    fn rates_count_every_call() {
        let rate = Rate::new(4, milliseconds([500, 1000, 500]), 600);
        assert_eq!((rate.batch, rate.calls), (4, 3));
        assert!((rate.songs_per_second - 6.0).abs() < 1e-9, "{rate:?}");
        assert!((rate.tokens_per_second - 300.0).abs() < 1e-9, "{rate:?}");
        assert_eq!((rate.latency.p50_ms, rate.latency.p99_ms), (500.0, 1000.0));
    }
}
