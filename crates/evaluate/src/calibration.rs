use crate::label_map::{aligned, line, mapped};
use crate::{Error, Scores};
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

impl Calibration {
    /// Name of the method, as in [`CalibrationReport`].
    pub const fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Temperature { .. } => "temperature",
            Self::Platt { .. } => "platt",
            Self::Isotonic { .. } => "isotonic",
        }
    }

    /// Calibrated scores. A label's higher score stays the higher one, or becomes equal: in the
    /// flat parts of an isotonic map, and where `f32` has no number between. The calibration must
    /// be [`aligned`](Self::aligned) to the labels of the scores.
    #[must_use]
    pub fn apply(&self, scores: &Scores) -> Scores {
        scores.mapped(|row| self.apply_row(row))
    }

    /// The same for one row, one score a label, in place.
    pub fn apply_row(&self, row: &mut [f32]) {
        match self {
            Self::None => {}
            Self::Temperature { temperature } => {
                for score in row {
                    *score = line(*score, 1.0 / temperature, 0.0);
                }
            }
            Self::Platt { labels } => mapped(row, labels),
            Self::Isotonic { labels } => mapped(row, labels),
        }
    }

    /// The same calibration in the order of `labels`; an error names the first label that is
    /// unknown to the model, missing, repeated or has a map that is none.
    pub fn aligned(&self, labels: &[String]) -> Result<Self, Error> {
        Ok(match self {
            Self::None => Self::None,
            Self::Temperature { temperature } => {
                if !(*temperature > 0.0 && temperature.is_finite()) {
                    let problem = "a temperature that is not above 0";
                    return Err(Error::BadCalibration { label: "all labels".to_owned(), problem });
                }
                self.clone()
            }
            Self::Platt { labels: own } => Self::Platt { labels: aligned(own, labels)? },
            Self::Isotonic { labels: own } => Self::Isotonic { labels: aligned(own, labels)? },
        })
    }
}
