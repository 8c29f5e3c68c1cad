//! Finding one's way in a report.

use super::{Baseline, BaselineCurves, Report};
use canto_evaluate::{Interval, METRIC_NAMES};
use std::collections::BTreeSet;

/// Name of the baseline that knows only how common each label is.
pub(crate) const PRIOR: &str = "prior";
/// Name of the baseline of words and a linear model.
pub(crate) const TF_IDF: &str = "tf_idf";

/// The metrics that the report leads with: neither is moved by how common labels are.
pub(crate) const LEADING: [&str; 2] = ["macro_roc_auc", "macro_average_precision"];

/// A figure whose interval may not have been measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figure {
    pub(crate) value: f64,
    pub(crate) interval: Option<Interval>,
}

impl Report {
    pub(crate) fn baseline(&self, name: &str) -> Option<&Baseline> {
        self.baselines.iter().find(|baseline| baseline.name == name)
    }

    /// A baseline's figure; `None` where it was not measured or is undefined.
    pub(crate) fn baseline_metric(&self, baseline: &str, metric: &str) -> Option<Interval> {
        self.baseline(baseline)?.metrics.get(metric).copied()
    }

    pub(crate) fn lift(&self, baseline: &str, metric: &str) -> Option<Interval> {
        self.baseline(baseline)?.lift.get(metric).copied()
    }

    /// The metrics with a lift over some baseline, the leading ones first.
    pub(crate) fn lift_names(&self) -> Vec<&str> {
        let names = self.baselines.iter().flat_map(|baseline| baseline.lift.keys());
        let names: BTreeSet<&str> = names.map(String::as_str).collect();
        let leading = LEADING.into_iter().filter(|name| names.contains(name));
        let others = names.iter().copied().filter(|name| !LEADING.contains(name));
        leading.chain(others).collect()
    }

    /// The model's figure. A micro AUC is told only where the prior's can stand beside it: alone
    /// it would be taken for merit of the model.
    pub(crate) fn metric(&self, name: &str) -> Option<Figure> {
        let needs_prior = name == "micro_roc_auc";
        if needs_prior && self.baseline_metric(PRIOR, name).is_none() {
            return None;
        }
        let interval = self.intervals.get(name).copied();
        let value = self.metrics.get(name).or(interval.map(|interval| interval.value))?;
        Some(Figure { value, interval })
    }

    /// Every metric measured, in the order of [`METRIC_NAMES`], then those that have no place
    /// there.
    pub(crate) fn metric_names(&self) -> Vec<&str> {
        let extra = self.intervals.keys().map(String::as_str);
        let extra = extra.filter(|name| !METRIC_NAMES.contains(name));
        METRIC_NAMES.into_iter().chain(extra).collect()
    }

    pub(crate) fn baseline_curves(&self, label: &str) -> Option<&BaselineCurves> {
        self.baseline_curves.iter().find(|curves| curves.label == label)
    }

    /// Share of songs that have the label: the precision of guessing.
    pub(crate) fn prevalence(&self, label: &str) -> Option<f64> {
        let found = self.labels.iter().find(|found| found.metrics.label == label)?;
        Some(found.metrics.prevalence)
    }

    /// Songs of a split, 0 where the funnel does not tell.
    pub(crate) fn split_songs(&self, split: &str) -> u64 {
        self.funnel.splits.iter().find(|(name, _)| name == split).map_or(0, |(_, songs)| *songs)
    }
}
