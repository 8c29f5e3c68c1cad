use crate::Interval;
use serde::{Deserialize, Serialize};

/// One metric of two models on the same songs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Name of the metric, one of [`METRIC_NAMES`](crate::METRIC_NAMES).
    pub metric: String,
    /// The first model.
    pub first: Interval,
    /// The second model.
    pub second: Interval,
    /// Second less first, from the same resamples; an interval without 0 is a real difference.
    pub difference: Interval,
}
