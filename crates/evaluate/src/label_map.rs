//! From a score to a calibrated one, a label at a time.

use crate::{Error, IsotonicLabel, PlattLabel};

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

pub(crate) fn line(score: f32, slope: f64, intercept: f64) -> f32 {
    sigmoid(slope * logit(score) + intercept) as f32
}

/// Changes a row in place, one map a score.
pub(crate) fn mapped(row: &mut [f32], labels: &[impl LabelMap]) {
    for (score, label) in row.iter_mut().zip(labels) {
        *score = label.map(*score);
    }
}

/// The map of one label.
pub(crate) trait LabelMap: Clone {
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
    let xs = &xs[..xs.len().min(ys.len())];
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

/// The maps in the order of `labels`.
pub(crate) fn aligned<T: LabelMap>(own: &[T], labels: &[String]) -> Result<Vec<T>, Error> {
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
