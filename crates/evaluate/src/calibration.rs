use serde::{Deserialize, Serialize};

/// A map from a model's probabilities to calibrated ones.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case", deny_unknown_fields)]
pub enum Calibration {
    /// Probabilities stay as they are.
    #[default]
    None,
    /// σ(logit / temperature), one temperature for all labels (Guo et al. 2017).
    Temperature {
        /// Above 1 makes scores less sure.
        temperature: f64,
    },
    /// σ(slope · logit + intercept), a label at a time (Platt 1999).
    Platt {
        /// One a label.
        labels: Vec<PlattLabel>,
    },
    /// A monotone step function a label (Zadrozny and Elkan 2002), Platt's where positives are few.
    Isotonic {
        /// One a label.
        labels: Vec<IsotonicLabel>,
    },
}

/// Platt's two numbers of a label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlattLabel {
    /// The label.
    pub label: String,
    /// Of the logit.
    pub slope: f64,
    /// Added to it.
    pub intercept: f64,
}

/// The map of a label under [`Calibration::Isotonic`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum IsotonicLabel {
    /// Linear between the points, constant outside.
    Points {
        /// The label.
        label: String,
        /// Scores, strictly ascending.
        scores: Vec<f64>,
        /// Probabilities at them, ascending.
        probabilities: Vec<f64>,
    },
    /// Too few positives for a step function.
    Platt(PlattLabel),
}

/// How a calibration was chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationReport {
    /// Name of the method kept: `none`, `temperature`, `platt` or `isotonic`.
    pub chosen: String,
    /// Why, in a sentence.
    pub reason: String,
    /// What each method reached.
    pub candidates: Vec<CalibrationCandidate>,
}

/// A method of calibration and what it reached on validation songs that it was not fitted on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationCandidate {
    /// Name of the method.
    pub method: String,
    /// Cross-validated log loss over all cells, in nats.
    pub log_loss: f64,
    /// Cross-validated expected calibration error over all cells.
    pub expected_calibration_error: f64,
}
