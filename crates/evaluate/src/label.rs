use crate::LabelThreshold;
use crate::counts::{Counts, Quality, share};
use crate::ranking::Ranking;
use serde::{Deserialize, Serialize};

/// What is measured for one label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelMetrics {
    /// The label.
    pub label: String,
    /// Songs that have it.
    pub support: u64,
    /// Share of songs that have it.
    pub prevalence: f64,
    /// Songs it is decided for.
    pub decided: u64,
    /// `None` where no song has the label, or every song.
    pub roc_auc: Option<f64>,
    /// `None` where no song has the label.
    pub average_precision: Option<f64>,
    /// 0 where nothing is decided and nothing true.
    pub f1: f64,
    /// 0 where nothing is decided.
    pub precision: f64,
    /// 0 where nothing is true.
    pub recall: f64,
    /// Songs decided and true, decided and false, not decided and true, not decided and false.
    pub confusion: [u64; 4],
    /// 0 where decisions or truths are all alike.
    pub matthews_correlation: f64,
    /// Mean squared difference between score and truth.
    pub brier_score: f64,
    /// Over 15 bins of equal mass, as in [`Metrics`](crate::Metrics).
    pub expected_calibration_error: f64,
    /// Decided when the score is at least this.
    pub threshold: f32,
    /// The threshold is a fallback: too few positives to tune it, or a target out of reach.
    pub flagged: bool,
}

impl LabelMetrics {
    pub(crate) fn new(ranking: &Ranking, threshold: &LabelThreshold) -> Self {
        let counts = ranking.counts(threshold.threshold);
        let Quality { f1, precision, recall } = counts.quality();
        Self {
            label: threshold.label.clone(),
            support: counts.support(),
            prevalence: share(counts.support(), ranking.cells()),
            decided: counts.decided(),
            roc_auc: ranking.roc_auc(),
            average_precision: ranking.average_precision(),
            f1,
            precision,
            recall,
            confusion: [counts.hits, counts.false_alarms, counts.misses, counts.rejections],
            matthews_correlation: counts.matthews_correlation(),
            brier_score: ranking.brier_score(),
            expected_calibration_error: ranking.expected_calibration_error(),
            threshold: threshold.threshold,
            flagged: threshold.flagged,
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        let [hits, false_alarms, misses, rejections] = self.confusion;
        Counts { hits, false_alarms, misses, rejections }
    }
}
