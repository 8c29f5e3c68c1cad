use crate::bootstrap::{interval, resampled};
use crate::evaluator::Evaluator;
use crate::{
    BootstrapConfig, Error, Groups, Interval, LabelMetrics, METRIC_NAMES, Metrics, Scored,
    Thresholds,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Metrics with percentile intervals over resampled groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intervals {
    /// By name, of every one of [`METRIC_NAMES`] that is defined.
    pub metrics: BTreeMap<String, Interval>,
    /// One a label, in label order.
    pub per_label: Vec<LabelIntervals>,
}

/// A label's metrics with their intervals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelIntervals {
    /// The label.
    pub label: String,
    /// `None` where undefined.
    pub roc_auc: Option<Interval>,
    /// `None` where undefined.
    pub average_precision: Option<Interval>,
    /// At the label's threshold.
    pub f1: Interval,
}

/// Measures `scored` with intervals: thresholds stay, groups of rows are drawn anew with
/// replacement. A metric that a resample leaves undefined, such as the ROC-AUC of a label none of
/// whose songs was drawn, is left out of that resample's averages as [`metrics`](crate::metrics)
/// leaves it out. The interval of the expected calibration error lies high: a sum of absolute
/// gaps grows with the noise that resampling adds.
pub fn intervals(
    scored: &impl Scored,
    thresholds: &Thresholds,
    groups: &Groups,
    config: &BootstrapConfig,
    labels: &[String],
) -> Result<Intervals, Error> {
    groups.check_rows(scored.scores().rows())?;
    config.check()?;
    let evaluator = Evaluator::new(scored, thresholds, labels)?;
    let point = evaluator.metrics();
    let draws = resampled(groups, config.resamples, config.seed, |w| evaluator.measure(w));
    let named = METRIC_NAMES.iter().filter_map(|name| {
        let found = of(&point, &draws, config, |metrics| metrics.get(name))?;
        Some(((*name).to_owned(), found))
    });
    let per_label = (0..labels.len()).map(|label| of_label(label, &point, &draws, config));
    Ok(Intervals { metrics: named.collect(), per_label: per_label.collect() })
}

/// One figure over all draws.
pub(crate) fn of(
    point: &Metrics,
    draws: &[Metrics],
    config: &BootstrapConfig,
    value: impl Fn(&Metrics) -> Option<f64>,
) -> Option<Interval> {
    interval(value(point), draws.iter().map(&value), config.confidence)
}

fn of_label(
    label: usize,
    point: &Metrics,
    draws: &[Metrics],
    config: &BootstrapConfig,
) -> LabelIntervals {
    let figure = |value: fn(&LabelMetrics) -> Option<f64>| {
        of(point, draws, config, |metrics| value(&metrics.per_label[label]))
    };
    let own = &point.per_label[label];
    LabelIntervals {
        label: own.label.clone(),
        roc_auc: figure(|label| label.roc_auc),
        average_precision: figure(|label| label.average_precision),
        f1: figure(|label| Some(label.f1)).unwrap_or_else(|| Interval::sure(own.f1)),
    }
}
