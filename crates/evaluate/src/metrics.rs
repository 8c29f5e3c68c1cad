use crate::counts::{Counts, Quality, share};
use crate::evaluator::Evaluator;
use crate::ranking::Ranking;
use crate::row::RowFigures;
use crate::{Error, LabelMetrics, Scored, Thresholds};
use serde::{Deserialize, Serialize};

/// Everything measured over a split. The field names are the schema of `metrics.json`.
///
/// `macro` averages labels, `weighted` averages labels by their support, `micro` takes every cell
/// as one, `samples` averages rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it, and the paragraph above how they are averaged")]
pub struct Metrics {
    /// Number of songs.
    pub rows: usize,
    pub macro_roc_auc: Option<f64>,
    pub micro_roc_auc: Option<f64>,
    pub weighted_roc_auc: Option<f64>,
    pub macro_average_precision: Option<f64>,
    pub micro_average_precision: Option<f64>,
    pub weighted_average_precision: Option<f64>,
    pub macro_f1: f64,
    pub micro_f1: f64,
    pub weighted_f1: f64,
    pub samples_f1: f64,
    pub macro_precision: f64,
    pub micro_precision: f64,
    pub weighted_precision: f64,
    pub samples_precision: f64,
    pub macro_recall: f64,
    pub micro_recall: f64,
    pub weighted_recall: f64,
    pub samples_recall: f64,
    pub macro_matthews_correlation: f64,
    pub micro_matthews_correlation: f64,
    /// Share of songs whose every label is decided rightly.
    pub subset_accuracy: f64,
    /// Share of cells decided wrongly.
    pub hamming_loss: f64,
    /// Mean binary cross-entropy over all cells, in nats.
    pub log_loss: f64,
    /// Mean squared difference between score and truth over all cells.
    pub brier_score: f64,
    /// Σ over bins of (cells in the bin / all cells) · |mean score − share of true cells|. A cell
    /// is in bin ⌊15 · above / cells⌋, where `above` counts the cells of strictly higher score:
    /// 15 bins of equal mass, but that equal scores are never parted.
    pub expected_calibration_error: f64,
    /// Mean over songs of the share of pairs of a true and a false label in which the false one
    /// scores at least as much; 0 for a song without such a pair.
    pub ranking_loss: f64,
    /// Mean over songs and their true labels of the share of true ones among the labels that
    /// score at least as much; 1 for a song without a true label.
    pub label_ranking_average_precision: f64,
    /// How many labels from the top cover a song's true ones, on average.
    pub coverage_error: f64,
    /// What the averages leave out.
    pub undefined: Undefined,
    /// One a label, in label order.
    pub per_label: Vec<LabelMetrics>,
}

/// Labels for which a ranking metric is undefined: averages over labels leave them out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undefined {
    /// No song has the label, or every song has it.
    pub roc_auc: Vec<String>,
    /// No song has the label.
    pub average_precision: Vec<String>,
}

/// Measures `scored` with decisions at `thresholds`, in O(n log n). `thresholds` may come in any
/// order; an error names a label that one of the two does not have.
pub fn metrics(
    scored: &impl Scored,
    thresholds: &Thresholds,
    labels: &[String],
) -> Result<Metrics, Error> {
    Ok(Evaluator::new(scored, thresholds, labels)?.metrics())
}

impl Metrics {
    /// Puts together what was measured of all `cells`, of `rows` on average and of each label.
    pub(crate) fn new(cells: &Ranking, rows: RowFigures, per_label: Vec<LabelMetrics>) -> Self {
        let mut all = Counts::default();
        for label in &per_label {
            all.add(label.counts());
        }
        let qualities = || per_label.iter().map(|label| (label.counts().quality(), label.support));
        let per_class = Quality::mean(qualities().map(|(quality, _)| (quality, 1)));
        let weighted = Quality::mean(qualities());
        let micro = all.quality();
        let samples = rows.quality;
        let auc = |label: &LabelMetrics| label.roc_auc;
        let precision = |label: &LabelMetrics| label.average_precision;
        let correlation = |label: &LabelMetrics| Some(label.matthews_correlation);
        Self {
            rows: all.cells() as usize / per_label.len().max(1),
            macro_roc_auc: average(&per_label, auc, |_| 1),
            micro_roc_auc: cells.roc_auc(),
            weighted_roc_auc: average(&per_label, auc, |label| label.support),
            macro_average_precision: average(&per_label, precision, |_| 1),
            micro_average_precision: cells.average_precision(),
            weighted_average_precision: average(&per_label, precision, |label| label.support),
            macro_f1: per_class.f1,
            micro_f1: micro.f1,
            weighted_f1: weighted.f1,
            samples_f1: samples.f1,
            macro_precision: per_class.precision,
            micro_precision: micro.precision,
            weighted_precision: weighted.precision,
            samples_precision: samples.precision,
            macro_recall: per_class.recall,
            micro_recall: micro.recall,
            weighted_recall: weighted.recall,
            samples_recall: samples.recall,
            macro_matthews_correlation: average(&per_label, correlation, |_| 1).unwrap_or(0.0),
            micro_matthews_correlation: all.matthews_correlation(),
            subset_accuracy: rows.perfect,
            hamming_loss: share(all.wrong(), all.cells()),
            log_loss: rows.log_loss,
            brier_score: cells.brier_score(),
            expected_calibration_error: cells.expected_calibration_error(),
            ranking_loss: rows.ranking_loss,
            label_ranking_average_precision: rows.label_ranking_average_precision,
            coverage_error: rows.coverage_error,
            undefined: Undefined {
                roc_auc: left_out(&per_label, auc),
                average_precision: left_out(&per_label, precision),
            },
            per_label,
        }
    }
}

/// The weighted mean over labels for which `value` is defined; `None` where no weight is left.
fn average(
    labels: &[LabelMetrics],
    value: impl Fn(&LabelMetrics) -> Option<f64>,
    weight: impl Fn(&LabelMetrics) -> u64,
) -> Option<f64> {
    let (mut sum, mut weights) = (0.0, 0);
    for label in labels {
        if let Some(value) = value(label) {
            sum += value * weight(label) as f64;
            weights += weight(label);
        }
    }
    (weights > 0).then(|| sum / weights as f64)
}

fn left_out(labels: &[LabelMetrics], value: impl Fn(&LabelMetrics) -> Option<f64>) -> Vec<String> {
    labels.iter().filter(|label| value(label).is_none()).map(|label| label.label.clone()).collect()
}
