use super::Report;
use canto_evaluate::{Difference, METRIC_NAMES};
use serde::{Deserialize, Serialize};

/// Two or more runs on the same songs: `comparison.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// [`FORMAT_VERSION`](crate::FORMAT_VERSION) of the writer.
    pub format_version: u64,
    /// The runs, in the order in which they were named.
    pub runs: Vec<Report>,
    /// Which of them really differ; usually each against the first.
    pub differences: Vec<PairedDifferences>,
}

/// Two runs and how they differ on the same resamples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairedDifferences {
    /// Name of the first run.
    pub first: String,
    /// Name of the second run.
    pub second: String,
    /// One a metric, second less first.
    pub metrics: Vec<Difference>,
}

impl PairedDifferences {
    /// The metrics in the order of [`METRIC_NAMES`], then those that have no place there.
    pub(crate) fn in_order(&self) -> Vec<&Difference> {
        let mut metrics: Vec<_> = self.metrics.iter().collect();
        let place = |name: &str| METRIC_NAMES.iter().position(|known| *known == name);
        metrics.sort_by_key(|found| place(&found.metric).unwrap_or(METRIC_NAMES.len()));
        metrics
    }
}
