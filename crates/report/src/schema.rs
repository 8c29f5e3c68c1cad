//! `report.json`.

mod comparison;
mod data;
mod examples;
mod lookup;

pub use comparison::{Comparison, PairedDifferences};
pub use data::{Funnel, LabelCount};
pub use examples::{ExampleSong, LabelExamples, TellingLine};
pub(crate) use lookup::{Figure, LEADING, PRIOR, TF_IDF};

use canto_evaluate::{
    CalibrationReport, Cooccurrence, Interval, LabelCurves, LabelMetrics, Metrics, Slice,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the schema; a change that a reader of an older one would misread raises it.
pub const FORMAT_VERSION: u64 = 1;

/// Everything measured of a model on a split, with what is needed to judge it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`FORMAT_VERSION`] of the writer.
    pub format_version: u64,
    /// The canto that wrote it.
    pub canto_version: String,
    /// Name of the run.
    pub run: String,
    /// Where the model comes from: its base model, or that it began from scratch.
    pub base_model: Option<String>,
    /// The split measured, `test`.
    pub split: String,
    /// Whether the songs' artists are unknown to training.
    pub artists_unseen: bool,
    /// All metrics at the model's thresholds.
    pub metrics: Metrics,
    /// 95% intervals by metric name, over resampled artists.
    pub intervals: BTreeMap<String, Interval>,
    /// How the intervals were drawn.
    pub bootstrap: BootstrapSettings,
    /// What simpler models reach on the same songs.
    pub baselines: Vec<Baseline>,
    /// One a label, in label order.
    pub labels: Vec<LabelReport>,
    /// Curves on the songs measured, one a label.
    pub curves: Vec<LabelCurves>,
    /// The TF-IDF baseline's curves, drawn beside the model's; may be empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub baseline_curves: Vec<BaselineCurves>,
    /// How scores were calibrated.
    pub calibration: CalibrationReport,
    /// Expected calibration error over all cells before calibration, and after.
    pub expected_calibration_error: [f64; 2],
    /// How thresholds were picked.
    pub thresholds: ThresholdReport,
    /// Labels that stand together.
    pub cooccurrence: Cooccurrence,
    /// The figures of parts of the songs.
    pub slices: Vec<Slice>,
    /// What became of every row of the source.
    pub funnel: Funnel,
    /// Songs of each label in each split.
    pub distribution: Vec<LabelCount>,
    /// How training went; empty where its log is not there.
    pub learning: Learning,
    /// The lines and mistakes that tell most, one entry a label.
    pub examples: Vec<LabelExamples>,
    /// The resolved recipe, TOML.
    pub settings: String,
    /// SHA-256 by name: of the source, the prepared songs, the weights.
    pub hashes: BTreeMap<String, String>,
    /// What a reader should know: a prior that nearly reaches the figure, a flagged label, artist
    /// leakage.
    pub warnings: Vec<String>,
}

/// How intervals were drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BootstrapSettings {
    /// What was resampled: `artists` or `songs`.
    pub unit: String,
    /// How many of them there are.
    pub units: u64,
    /// Number of resamples.
    pub resamples: u64,
    /// Share of resamples inside the interval.
    pub confidence: f64,
    /// Seed of the draws.
    pub seed: u64,
}

/// A simpler model on the same songs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// `prior` or `tf_idf`.
    pub name: String,
    /// In words.
    pub title: String,
    /// Its metrics, by name; undefined ones are left out.
    pub metrics: BTreeMap<String, Interval>,
    /// The model less the baseline, by metric, over the same resamples.
    pub lift: BTreeMap<String, Interval>,
}

/// What is drawn of a baseline for one label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BaselineCurves {
    /// The label.
    pub label: String,
    /// (false positive rate, recall), as in [`LabelCurves`].
    pub roc: Vec<[f64; 2]>,
    /// (recall, precision), as in [`LabelCurves`].
    pub precision_recall: Vec<[f64; 2]>,
}

/// A label's figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelReport {
    /// Counts, ranking and decisions.
    pub metrics: LabelMetrics,
    /// `None` where undefined.
    pub roc_auc: Option<Interval>,
    /// `None` where undefined.
    pub average_precision: Option<Interval>,
    /// At the label's threshold.
    pub f1: Interval,
    /// ROC-AUC of the TF-IDF baseline.
    pub baseline_roc_auc: Option<f64>,
    /// Songs decided and true, decided and false, not decided and true, not decided and false.
    pub confusion: [u64; 4],
    /// Matthews correlation; 0 where undefined, as scikit-learn has it.
    pub matthews_correlation: f64,
    /// Mean squared difference between score and truth.
    pub brier_score: f64,
    /// Over bins of equal mass.
    pub expected_calibration_error: f64,
}

/// How thresholds were picked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThresholdReport {
    /// `fixed`, `global` or `per_label`.
    pub strategy: String,
    /// What was maximised, in words.
    pub objective: String,
    /// One a label.
    pub labels: Vec<LabelThresholdReport>,
}

/// The threshold of a label and how sure it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelThresholdReport {
    /// The label.
    pub label: String,
    /// Positives among the validation songs.
    pub positives: u64,
    /// The threshold, and the interval over resampled validation songs.
    pub threshold: Interval,
    /// Too few positives to tune it: the global threshold.
    pub flagged: bool,
    /// On validation songs, what each threshold would have given.
    pub curve: Vec<canto_evaluate::ThresholdPoint>,
}

/// How training went.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Learning {
    /// (step, mean training loss).
    pub loss: Vec<(u64, f64)>,
    /// Name of the metric that picks the best checkpoint.
    pub metric: String,
    /// (step, that metric on validation songs).
    pub validation: Vec<(u64, f64)>,
    /// Step of the best checkpoint.
    pub best_step: Option<u64>,
}
