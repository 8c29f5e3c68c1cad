//! Two models' scores joined into one (Wolpert 1992), with weights that all labels share: the
//! weights of rare labels would be fitted to noise.

use crate::label_map::{logit, sigmoid};
use crate::newton::{Logistic, Point};
use crate::{Error, Scored, Scores, Validation};
use serde::{Deserialize, Serialize};

/// How much each of two models counts:
///
/// ```text
/// σ(first · logit(score of the first) + second · logit(score of the second) + intercept)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blend {
    /// Weight of the first model's logit, 0 or more: a higher score never lowers the joint one.
    pub first: f64,
    /// Weight of the second model's logit, likewise.
    pub second: f64,
    /// Added to both.
    pub intercept: f64,
}

/// The weights of least log loss over all cells of the scores that two models give the same
/// validation songs, among those that are not below 0.
pub fn fit_blend(first: &Validation, second: &Scores) -> Result<Blend, Error> {
    check(first.scores(), second)?;
    let targets = first.targets().values();
    let pairs = first.scores().values().iter().zip(second.values()).zip(targets);
    let points: Vec<Point<3>> = pairs
        .map(|((&first, &second), &target)| Point {
            features: [logit(first), logit(second), 1.0],
            cells: 1.0,
            target: f64::from(u8::from(target)),
        })
        .collect();
    let fit = |start, free| Logistic { points: &points, start, free }.fit();
    // The loss is convex: where a weight wants below 0, the best is at 0.
    let [first, second, intercept] = match fit([0.5, 0.5, 0.0], [true; 3]) {
        [first, _, _] if first < 0.0 => fit([0.0, 0.5, 0.0], [false, true, true]),
        [_, second, _] if second < 0.0 => fit([0.5, 0.0, 0.0], [true, false, true]),
        weights => weights,
    };
    Ok(Blend { first: first.max(0.0), second: second.max(0.0), intercept })
}

impl Blend {
    /// Joint scores of the same rows and labels.
    pub fn apply(&self, first: &Scores, second: &Scores) -> Result<Scores, Error> {
        check(first, second)?;
        let mut rows = second.values().chunks(second.labels().max(1));
        Ok(first.mapped(|row| self.apply_row(row, rows.next().unwrap_or_default())))
    }

    /// The same for one row in place: `row` holds the first model's scores.
    pub fn apply_row(&self, row: &mut [f32], second: &[f32]) {
        for (score, &second) in row.iter_mut().zip(second) {
            let (first, second) = (self.first * logit(*score), self.second * logit(second));
            *score = sigmoid(first + second + self.intercept) as f32;
        }
    }

    /// Whether these are weights that [`fit_blend`] can give.
    pub fn is_sound(&self) -> bool {
        let weight = |weight: f64| weight.is_finite() && weight >= 0.0;
        weight(self.first) && weight(self.second) && self.intercept.is_finite()
    }
}

fn check(first: &Scores, second: &Scores) -> Result<(), Error> {
    let (rows, labels) = (first.rows(), first.labels());
    if (second.rows(), second.labels()) == (rows, labels) {
        return Ok(());
    }
    let (expected, found) = (rows * labels, second.values().len());
    Err(Error::RowCount { what: "scores of the second model", expected, found })
}
