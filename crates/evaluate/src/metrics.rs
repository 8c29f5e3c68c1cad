use crate::counts::{Counts, Quality, share};
use crate::ranking::Ranking;
use crate::{Error, Scored, Thresholds};
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
    /// Share of songs whose every label is decided rightly.
    pub subset_accuracy: f64,
    /// Share of cells decided wrongly.
    pub hamming_loss: f64,
    /// Mean binary cross-entropy over all cells, in nats.
    pub log_loss: f64,
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
    /// Decided when the score is at least this.
    pub threshold: f32,
    /// The threshold is a fallback: too few positives to tune it.
    pub flagged: bool,
}

/// Measures `scored` with decisions at `thresholds`, in O(n log n). `thresholds` may come in any
/// order; an error names a label that one of the two does not have.
pub fn metrics(
    scored: &impl Scored,
    thresholds: &Thresholds,
    labels: &[String],
) -> Result<Metrics, Error> {
    let expected = scored.scores().labels();
    if labels.len() != expected {
        return Err(Error::LabelCount { expected, found: labels.len() });
    }
    let thresholds = thresholds.aligned(labels)?;
    let decisions = Decisions::new(scored, &thresholds.values());
    let per_label = per_label(scored, &thresholds, &decisions);
    Ok(assemble(scored, &decisions, per_label))
}

/// Right and wrong decisions, by label and by row.
struct Decisions {
    by_label: Vec<Counts>,
    samples: Quality,
    perfect_rows: u64,
}

impl Decisions {
    fn new(scored: &impl Scored, thresholds: &[f32]) -> Self {
        let labels = thresholds.len();
        let mut by_label = vec![Counts::default(); labels];
        let rows: Vec<Counts> = (scored.scores().values().chunks(labels))
            .zip(scored.targets().values().chunks(labels))
            .map(|(scores, truths)| count_row(scores, truths, thresholds, &mut by_label))
            .collect();
        Self {
            by_label,
            samples: Quality::mean(rows.iter().map(|row| (row.quality(), 1))),
            perfect_rows: rows.iter().filter(|row| row.wrong() == 0).count() as u64,
        }
    }

    fn all(&self) -> Counts {
        let mut all = Counts::default();
        self.by_label.iter().for_each(|label| all.add(*label));
        all
    }
}

fn count_row(
    scores: &[f32],
    truths: &[bool],
    thresholds: &[f32],
    by_label: &mut [Counts],
) -> Counts {
    let mut row = Counts::default();
    for (label, (score, truth)) in scores.iter().zip(truths).enumerate() {
        let decided = *score >= thresholds[label];
        row.count(decided, *truth);
        by_label[label].count(decided, *truth);
    }
    row
}

fn per_label(
    scored: &impl Scored,
    thresholds: &Thresholds,
    decisions: &Decisions,
) -> Vec<LabelMetrics> {
    let rows = scored.scores().rows() as u64;
    let decided = thresholds.values.iter().zip(&decisions.by_label).enumerate();
    decided
        .map(|(label, (threshold, counts))| {
            let ranking = Ranking::new(scored.column(label));
            let Quality { f1, precision, recall } = counts.quality();
            LabelMetrics {
                label: threshold.label.clone(),
                support: counts.support(),
                prevalence: share(counts.support(), rows),
                decided: counts.decided(),
                roc_auc: ranking.roc_auc(),
                average_precision: ranking.average_precision(),
                f1,
                precision,
                recall,
                threshold: threshold.threshold,
                flagged: threshold.flagged,
            }
        })
        .collect()
}

fn assemble(scored: &impl Scored, decisions: &Decisions, per_label: Vec<LabelMetrics>) -> Metrics {
    let all = Ranking::new(scored.cells());
    let rows = scored.scores().rows();
    let cells = scored.scores().values().len() as u64;
    let qualities = || decisions.by_label.iter().map(|counts| (counts.quality(), counts.support()));
    let per_class = Quality::mean(qualities().map(|(quality, _)| (quality, 1)));
    let weighted = Quality::mean(qualities());
    let micro = decisions.all().quality();
    let samples = decisions.samples;
    let auc = |label: &LabelMetrics| label.roc_auc;
    let precision = |label: &LabelMetrics| label.average_precision;
    Metrics {
        rows,
        macro_roc_auc: average(&per_label, auc, |_| 1),
        micro_roc_auc: all.roc_auc(),
        weighted_roc_auc: average(&per_label, auc, |label| label.support),
        macro_average_precision: average(&per_label, precision, |_| 1),
        micro_average_precision: all.average_precision(),
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
        subset_accuracy: share(decisions.perfect_rows, rows as u64),
        hamming_loss: share(decisions.all().wrong(), cells),
        log_loss: log_loss(scored),
        undefined: Undefined {
            roc_auc: left_out(&per_label, auc),
            average_precision: left_out(&per_label, precision),
        },
        per_label,
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

/// Scores of exactly 0 and 1 are moved inside by the machine epsilon of `f64`, as scikit-learn
/// does, so that a sure mistake costs much but not everything.
fn log_loss(scored: &impl Scored) -> f64 {
    let cost = |(score, truth): (f32, bool)| {
        let score = f64::from(score).clamp(f64::EPSILON, 1.0 - f64::EPSILON);
        if truth { -score.ln() } else { -(1.0 - score).ln() }
    };
    scored.cells().map(cost).sum::<f64>() / scored.scores().values().len() as f64
}
