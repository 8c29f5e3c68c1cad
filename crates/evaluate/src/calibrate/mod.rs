//! The search for a calibration on validation songs.

mod choose;
mod isotonic;
mod logistic;

use crate::order::Order;
use crate::ranking::Ranking;
use crate::{
    Calibration, CalibrationReport, Error, Groups, IsotonicLabel, PlattLabel, Scored, Validation,
};
use canto_song::Problem;
use serde::{Deserialize, Serialize};

/// A method of calibration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The best by cross-validated log loss, or none.
    #[default]
    Auto,
    /// Scores stay as they are.
    None,
    /// One temperature for all labels.
    Temperature,
    /// A slope and an intercept a label.
    Platt,
    /// A monotone step function a label, where it has positives enough.
    Isotonic,
}

impl Method {
    /// The name used in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::None => "none",
            Self::Temperature => "temperature",
            Self::Platt => "platt",
            Self::Isotonic => "isotonic",
        }
    }
}

/// The `[calibrate]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CalibrateConfig {
    /// How scores are calibrated.
    pub method: Method,
    /// Parts of the validation songs, each left out once to compare methods.
    pub folds: usize,
    /// `isotonic`: labels with fewer positives, or fewer songs without it, take Platt's line.
    pub isotonic_positives: u64,
    /// Seed of the draw of folds.
    pub seed: u64,
}

impl Default for CalibrateConfig {
    fn default() -> Self {
        Self { method: Method::Auto, folds: 5, isotonic_positives: 100, seed: 42 }
    }
}

impl CalibrateConfig {
    /// Every value out of range.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.folds < 2 {
            let message = format!("is {}, expected 2 or more", self.folds);
            problems.push(Problem::new("folds", message));
        }
        if self.isotonic_positives == 0 {
            problems.push(Problem::new("isotonic_positives", "is 0, expected 1 or more"));
        }
        problems
    }
}

/// Fits a calibration to validation scores.
///
/// Each method is fitted on all folds of groups but one and judged on that one. The method of
/// least log loss over all cells so judged is kept, fitted anew on all rows, if it is better than
/// no calibration by more than one standard error: that of the mean over folds of the difference
/// in log loss. Otherwise scores stay as they are. Every map keeps the order of a label's scores. Thresholds are
/// for calibrated scores: tune them afterwards.
pub fn fit_calibration(
    validation: &Validation,
    groups: &Groups,
    config: &CalibrateConfig,
    labels: &[String],
) -> Result<(Calibration, CalibrationReport), Error> {
    Error::refuse("calibrate", config.problems())?;
    validation.check_labels(labels)?;
    groups.check_rows(validation.scores().rows())?;
    let fitter = Fitter::new(validation, config, labels);
    let report = choose::report(&fitter, validation, groups, config);
    let ones = vec![1; validation.scores().rows()];
    let calibration = fitter.fit(report.1, &ones);
    Ok((calibration, report.0))
}

/// Scores sorted once, to fit methods to any of the rows.
struct Fitter<'a> {
    cells: Order,
    columns: Vec<(&'a String, Order)>,
    isotonic_positives: u64,
}

impl<'a> Fitter<'a> {
    fn new(validation: &Validation, config: &CalibrateConfig, labels: &'a [String]) -> Self {
        let column = |(number, label)| (label, Order::of_label(validation, number));
        Self {
            cells: Order::of_cells(validation),
            columns: labels.iter().enumerate().map(column).collect(),
            isotonic_positives: config.isotonic_positives,
        }
    }

    fn fit(&self, method: Method, weights: &[u32]) -> Calibration {
        let columns = self.columns.iter();
        let columns = columns.map(|(label, order)| (*label, order.ranking(weights)));
        match method {
            Method::Auto | Method::None => Calibration::None,
            Method::Temperature => {
                let temperature = logistic::temperature(&self.cells.ranking(weights));
                Calibration::Temperature { temperature }
            }
            Method::Platt => {
                let labels = columns.map(|(label, ranking)| platt(label, &ranking)).collect();
                Calibration::Platt { labels }
            }
            Method::Isotonic => {
                let labels = columns.map(|(label, ranking)| self.isotonic(label, &ranking));
                Calibration::Isotonic { labels: labels.collect() }
            }
        }
    }

    fn isotonic(&self, label: &str, ranking: &Ranking) -> IsotonicLabel {
        if !self.plentiful(ranking) {
            return IsotonicLabel::Platt(platt(label, ranking));
        }
        let (scores, probabilities) = isotonic::isotonic(ranking);
        IsotonicLabel::Points { label: label.to_owned(), scores, probabilities }
    }

    fn plentiful(&self, ranking: &Ranking) -> bool {
        let positives = ranking.positives();
        positives.min(ranking.cells() - positives) >= self.isotonic_positives
    }
}

fn platt(label: &str, ranking: &Ranking) -> PlattLabel {
    let logistic::Line { slope, intercept } = logistic::platt(ranking);
    PlattLabel { label: label.to_owned(), slope, intercept }
}
