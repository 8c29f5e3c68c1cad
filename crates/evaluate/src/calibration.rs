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

/// Scores are moved between these before their logit is taken. The upper end is half the distance
/// of the last `f32` below 1 from 1, so that 1 stays above all others.
const INSIDE: (f64, f64) = (1e-12, 1.0 - 0.5 * (f32::EPSILON as f64) / 2.0);

pub(crate) fn logit(score: f32) -> f64 {
    let score = f64::from(score).clamp(INSIDE.0, INSIDE.1);
    score.ln() - (-score).ln_1p()
}

pub(crate) fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
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

fn line(score: f32, slope: f64, intercept: f64) -> f32 {
    sigmoid(slope * logit(score) + intercept) as f32
}

fn mapped(row: &mut [f32], labels: &[impl LabelMap]) {
    for (score, label) in row.iter_mut().zip(labels) {
        *score = label.map(*score);
    }
}

/// The map of one label.
trait LabelMap: Clone {
    fn label(&self) -> &str;
    fn map(&self, score: f32) -> f32;
    /// What makes it no map of probabilities that keeps their order.
    fn problem(&self) -> Option<&'static str>;
}

impl LabelMap for PlattLabel {
    fn label(&self) -> &str {
        &self.label
    }

    fn map(&self, score: f32) -> f32 {
        line(score, self.slope, self.intercept)
    }

    fn problem(&self) -> Option<&'static str> {
        if !(self.slope > 0.0 && self.slope.is_finite()) {
            return Some("a slope that is not above 0");
        }
        (!self.intercept.is_finite()).then_some("an intercept that is no number")
    }
}

impl LabelMap for IsotonicLabel {
    fn label(&self) -> &str {
        match self {
            Self::Points { label, .. } => label,
            Self::Platt(platt) => platt.label(),
        }
    }

    fn map(&self, score: f32) -> f32 {
        match self {
            Self::Points { scores, probabilities, .. } => {
                interpolated(f64::from(score), scores, probabilities) as f32
            }
            Self::Platt(platt) => platt.map(score),
        }
    }

    fn problem(&self) -> Option<&'static str> {
        let (scores, probabilities) = match self {
            Self::Platt(platt) => return platt.problem(),
            Self::Points { scores, probabilities, .. } => (scores, probabilities),
        };
        if scores.is_empty() || scores.len() != probabilities.len() {
            return Some("not one probability for every score");
        }
        if !scores.is_sorted_by(|a, b| a < b) || !probabilities.is_sorted() {
            return Some("points that do not ascend");
        }
        let inside = |value: &f64| (0.0..=1.0).contains(value);
        (!scores.iter().chain(probabilities).all(inside)).then_some("points outside of 0 to 1")
    }
}

/// Linear between the points, constant outside; `x` itself without points.
fn interpolated(x: f64, xs: &[f64], ys: &[f64]) -> f64 {
    let above = xs.partition_point(|at| *at <= x);
    match (above.checked_sub(1), xs.get(above)) {
        (Some(below), Some(next)) => {
            let share = (x - xs[below]) / (next - xs[below]);
            (ys[below] + (ys[above] - ys[below]) * share).min(ys[above])
        }
        (Some(last), None) => ys[last],
        (None, Some(_)) => ys[0],
        (None, None) => x,
    }
}

fn aligned<T: LabelMap>(own: &[T], labels: &[String]) -> Result<Vec<T>, Error> {
    for map in own {
        let label = map.label().to_owned();
        if !labels.contains(&label) {
            return Err(Error::UnknownLabel { label, known: labels.to_vec() });
        }
        if own.iter().filter(|other| other.label() == label).count() > 1 {
            return Err(Error::RepeatedLabel { label });
        }
        if let Some(problem) = map.problem() {
            return Err(Error::BadCalibration { label, problem });
        }
    }
    let find = |label: &String| {
        let found = own.iter().find(|map| map.label() == label).cloned();
        found.ok_or_else(|| Error::BadCalibration { label: label.clone(), problem: "no entry" })
    };
    labels.iter().map(find).collect()
}
