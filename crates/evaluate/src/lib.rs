//! Scores to metrics and thresholds: pure functions.
//!
//! Owns what a good prediction is: metrics of rank, decision and calibration, their intervals over
//! resampled groups of rows, what is drawn of them, and the search for a calibration and for
//! thresholds. Validation and test scores are different types, so that nothing can be tuned on the
//! test split. Knows nothing of models, files or tensors.
//!
//! Everywhere: a label is decided when its score is at least its threshold; arithmetic is in
//! `f64` over `f32` scores; values equal scikit-learn's, and where one is undefined it is `None`.

mod blend;
mod bootstrap;
mod calibrate;
mod calibration;
mod comparison;
mod cooccurrence;
mod counts;
mod curves;
mod error;
mod evaluator;
mod groups;
mod interval;
mod intervals;
mod label;
mod label_map;
mod metric;
mod metrics;
mod newton;
mod order;
mod ranking;
mod reliability;
mod row;
mod scores;
mod slices;
mod thin;
mod thresholds;
mod tune;

pub use blend::{Blend, fit_blend};
pub use bootstrap::BootstrapConfig;
pub use calibrate::{CalibrateConfig, Method, fit_calibration};
pub use calibration::{
    Calibration, CalibrationCandidate, CalibrationReport, IsotonicLabel, PlattLabel,
};
pub use comparison::{Difference, compare};
pub use cooccurrence::{Cooccurrence, cooccurrence};
pub use curves::{LabelCurves, ReliabilityBin, ThresholdPoint, curves, threshold_curves};
pub use error::Error;
pub use groups::Groups;
pub use interval::Interval;
pub use intervals::{Intervals, LabelIntervals, intervals};
pub use label::LabelMetrics;
pub use metric::{METRIC_NAMES, Metric};
pub use metrics::{Metrics, Undefined, metrics};
pub use scores::{Scored, Scores, Targets, Test, Validation};
pub use slices::{Slice, Slicing, slices};
pub use thresholds::{LabelThreshold, Strategy, Thresholds};
pub use tune::{Fallback, LabelTuning, Objective, TuneConfig, Tuning, tune};
