//! Calibration and thresholds out of validation scores: `train` and `tune` both go this way.

use crate::config::RunConfig;
use crate::songs::artists;
use canto_evaluate::{
    Calibration, CalibrationReport, LabelTuning, Metrics, Scored, ThresholdPoint, Thresholds,
    Tuning, Validation, fit_calibration, metrics, threshold_curves, tune,
};
use canto_report::{LabelThresholdReport, ThresholdReport};
use canto_song::Song;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What the validation songs decide.
pub(crate) struct Tuned {
    pub(crate) calibration: Calibration,
    pub(crate) thresholds: Thresholds,
    /// Of calibrated validation scores at these thresholds.
    pub(crate) metrics: Metrics,
    /// How it was decided.
    pub(crate) account: Account,
}

/// How calibration and thresholds came about: kept with the model, shown in its report.
#[derive(Serialize, Deserialize, Clone, Debug)]
pub(crate) struct Account {
    pub(crate) calibration: CalibrationReport,
    pub(crate) thresholds: ThresholdReport,
}

/// Where the bundle's `metrics.json` keeps the [`Account`].
pub(crate) const ACCOUNT: &str = "tuning";

impl Tuned {
    /// Fits a calibration to the scores of `songs` as the model gives them, then thresholds to
    /// the calibrated ones.
    pub(crate) fn new(
        raw: &Validation,
        songs: &[Song],
        config: &RunConfig,
        labels: &[String],
    ) -> anyhow::Result<Self> {
        let artists = artists(songs);
        let (calibration, report) = fit_calibration(raw, &artists, &config.calibrate, labels)?;
        let validation = Validation::new(calibration.apply(raw.scores()), raw.targets().clone())?;
        let Tuning { thresholds, labels: found } =
            tune(&validation, &artists, &config.tune, labels)?;
        let metrics = metrics(&validation, &thresholds, labels)?;
        let curves = threshold_curves(&validation, labels)?;
        let account = Account {
            calibration: report,
            thresholds: ThresholdReport {
                strategy: thresholds.strategy.name().to_owned(),
                objective: config.tune.in_words(),
                labels: found.into_iter().zip(curves).map(of_label).collect(),
            },
        };
        Ok(Self { calibration, thresholds, metrics, account })
    }

    /// What the bundle's `metrics.json` holds of it.
    pub(crate) fn stored(&self) -> Value {
        json!({ "validation": self.metrics, ACCOUNT: self.account })
    }
}

fn of_label((found, curve): (LabelTuning, Vec<ThresholdPoint>)) -> LabelThresholdReport {
    let LabelTuning { label, positives, threshold, fallback } = found;
    LabelThresholdReport { label, positives, threshold, flagged: fallback.is_some(), curve }
}
