use serde::{Deserialize, Serialize};

/// What is drawn of one label. Curves are thinned to a few hundred points, their ends kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelCurves {
    /// The label.
    pub label: String,
    /// (false positive rate, recall) from (0, 0) to (1, 1); empty where undefined.
    pub roc: Vec<[f64; 2]>,
    /// (recall, precision) by falling threshold; empty where undefined.
    pub precision_recall: Vec<[f64; 2]>,
    /// What each threshold gives, ascending.
    pub thresholds: Vec<ThresholdPoint>,
    /// Bins of equal mass, ascending.
    pub reliability: Vec<ReliabilityBin>,
}

/// What deciding from a threshold on gives.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThresholdPoint {
    /// Decided when the score is at least this.
    pub threshold: f64,
    /// Share of decided songs that have the label.
    pub precision: f64,
    /// Share of the label's songs that are decided.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
}

/// Songs of like score: what the model says and what is true.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Mean score.
    pub score: f64,
    /// Share that has the label.
    pub truth: f64,
    /// Number of songs.
    pub songs: u64,
}
