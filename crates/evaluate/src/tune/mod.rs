//! The search for thresholds on validation songs.

mod config;
mod macro_f1;
mod search;
mod sweep;

use crate::order::Order;
use crate::{Error, Groups, Interval, LabelThreshold, Scored, Strategy, Thresholds, Validation};
pub use config::{Objective, TuneConfig};
use search::{Found, Search};
use serde::{Deserialize, Serialize};
use sweep::Aim;

/// Tuned thresholds and how each was come by.
#[derive(Clone, Debug, PartialEq)]
pub struct Tuning {
    /// What decides.
    pub thresholds: Thresholds,
    /// One a label, in label order.
    pub labels: Vec<LabelTuning>,
}

/// How the threshold of a label was come by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelTuning {
    /// The label.
    pub label: String,
    /// Validation songs that have it.
    pub positives: u64,
    /// The threshold; 95% of the resamples have their best one inside the interval.
    pub threshold: Interval,
    /// Why the threshold is not what was asked for.
    pub fallback: Option<Fallback>,
}

/// Why a threshold is not what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// Fewer than `min_positives`: the global threshold, or the fixed one where no label has any.
    FewPositives,
    /// No threshold reaches the target: the one of best F1.
    Unreachable,
}

/// Finds thresholds on validation scores. Every cut between two neighbouring scores is tried, the
/// best one, the highest of equals, lies midway between them, in O(n log n).
///
/// The best cut for F1 on few positives is the best by luck. So it is searched in resamples of
/// groups, and the threshold is the mean of what they give (bagging, Breiman 1996). In a
/// simulation of 640 artists with 5 songs each (`reference/thresholds.py`) the F1 on new songs
/// falls short of the best one possible by, on average:
///
/// | positives | best F1 | naive | mean over resamples | mean over 5 folds | best of the mean curve |
/// |---:|---:|---:|---:|---:|---:|
/// | 33 | 0.125 | 0.0158 | 0.0092 | 0.0116 | 0.0159 |
/// | 67 | 0.183 | 0.0123 | 0.0076 | 0.0100 | 0.0121 |
/// | 162 | 0.289 | 0.0078 | 0.0050 | 0.0060 | 0.0081 |
/// | 485 | 0.468 | 0.0036 | 0.0022 | 0.0026 | 0.0038 |
/// | 1289 | 0.684 | 0.0016 | 0.0009 | 0.0013 | 0.0016 |
///
/// On 3,200 real songs scored by TF-IDF and logistic regression, thresholds of 14 labels so tuned on
/// validation give a test micro F1 of 0.575 and a macro F1 of 0.405; naive ones 0.549 and 0.405.
///
/// `precision_at` and `recall_at` are met exactly on the songs as they are, without smoothing; a
/// label that cannot reach its target is tuned for F1 and flagged.
pub fn tune(
    validation: &Validation,
    groups: &Groups,
    config: &TuneConfig,
    labels: &[String],
) -> Result<Tuning, Error> {
    Error::refuse("tune", config.problems())?;
    validation.check_labels(labels)?;
    groups.check_rows(validation.scores().rows())?;
    let tuner = Tuner { validation, groups, config };
    let all = match config.strategy {
        Strategy::Fixed => (Found::fixed(config.fixed), None),
        Strategy::Global | Strategy::PerLabel => tuner.global(),
    };
    let own = |label| match config.strategy {
        Strategy::Fixed | Strategy::Global => all,
        Strategy::PerLabel => tuner.label(label, all.0),
    };
    let found = (0..labels.len()).map(|label| (own(label), tuner.positives(label)));
    Ok(Tuning::new(config.strategy, labels, found.collect()))
}

type Tuned = (Found, Option<Fallback>);

impl Tuning {
    fn new(strategy: Strategy, labels: &[String], found: Vec<(Tuned, u64)>) -> Self {
        let mut values = Vec::with_capacity(labels.len());
        let mut tunings = Vec::with_capacity(labels.len());
        for (label, ((found, fallback), positives)) in labels.iter().zip(found) {
            let (label, flagged) = (label.clone(), fallback.is_some());
            let threshold = found.threshold;
            values.push(LabelThreshold { label: label.clone(), threshold, flagged });
            tunings.push(LabelTuning { label, positives, threshold: found.interval, fallback });
        }
        Self { thresholds: Thresholds { strategy, values }, labels: tunings }
    }
}

struct Tuner<'a> {
    validation: &'a Validation,
    groups: &'a Groups,
    config: &'a TuneConfig,
}

impl Tuner<'_> {
    fn run(&self, search: &Search) -> Option<Found> {
        search.run(self.groups, self.config)
    }

    fn global(&self) -> Tuned {
        let search = |aim| Search::global(self.validation, self.config.objective, aim);
        let asked = || Some((self.run(&search(Aim::new(self.config)))?, None));
        let otherwise = || Some((self.run(&search(Aim::F1))?, Some(Fallback::Unreachable)));
        let fixed = (Found::fixed(self.config.fixed), Some(Fallback::FewPositives));
        asked().or_else(otherwise).unwrap_or(fixed)
    }

    fn label(&self, label: usize, global: Found) -> Tuned {
        if self.positives(label) < self.config.min_positives.max(1) {
            return (global, Some(Fallback::FewPositives));
        }
        let search = |aim| Search::Ranked(Order::of_label(self.validation, label), aim);
        let asked = || Some((self.run(&search(Aim::new(self.config)))?, None));
        let otherwise = || Some((self.run(&search(Aim::F1))?, Some(Fallback::Unreachable)));
        asked().or_else(otherwise).unwrap_or((global, Some(Fallback::FewPositives)))
    }

    fn positives(&self, label: usize) -> u64 {
        self.validation.column(label).filter(|(_, truth)| *truth).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Scores, Targets, metrics};
    use proptest::prelude::*;

    fn validation(labels: usize, cells: &[(f32, bool)]) -> Validation {
        let (scores, truths): (Vec<f32>, Vec<bool>) = cells.iter().copied().unzip();
        let rows = cells.len() / labels;
        let scores = Scores::new(rows, labels, scores).unwrap();
        Validation::new(scores, Targets::new(rows, labels, truths).unwrap()).unwrap()
    }

    fn tuning(seen: &Validation, config: &TuneConfig) -> Tuning {
        let (rows, labels) = (seen.scores().rows(), seen.scores().labels());
        tune(seen, &Groups::of_rows(rows), config, &names(labels)).unwrap()
    }

    fn tuned(labels: usize, cells: &[(f32, bool)], way: crate::Strategy, least: u64) -> Thresholds {
        let (strategy, min_positives) = (way, least);
        let config = TuneConfig { strategy, min_positives, resamples: 0, ..Default::default() };
        tuning(&validation(labels, cells), &config).thresholds
    }

    fn names(labels: usize) -> Vec<String> {
        (0..labels).map(|label| label.to_string()).collect()
    }

    use crate::Strategy::{Fixed, Global, PerLabel};

    #[test]
    fn a_threshold_lies_midway_between_the_neighbours() {
        let cells = [(0.9, true), (0.5, true), (0.25, false), (0.125, false)];
        assert_eq!(tuned(1, &cells, PerLabel, 1).values(), [0.375]);
        assert_eq!(tuned(1, &cells, Global, 1).values(), [0.375]);
        assert_eq!(tuned(1, &cells, Fixed, 1).values(), [0.5]);
    }

    #[test]
    fn below_the_lowest_score_lies_0() {
        assert_eq!(tuned(1, &[(0.5, true)], PerLabel, 1).values(), [0.25]);
    }

    #[test]
    fn the_highest_of_equal_cuts_wins() {
        // Deciding the first alone and deciding the first four both give an F1 of 2/3.
        let cells = [(0.9, true), (0.8, false), (0.7, false), (0.6, true), (0.5, false)];
        let expected = f64::midpoint(f64::from(0.9_f32), f64::from(0.8_f32)) as f32;
        assert_eq!(tuned(1, &cells, PerLabel, 1).values(), [expected]);
    }

    #[test]
    fn neighbours_without_a_number_between_them_stay_apart() {
        let above = 0.5_f32.next_up();
        let cells = [(above, true), (0.5, false)];
        assert_eq!(tuned(1, &cells, PerLabel, 1).values(), [above]);
    }

    #[test]
    fn labels_with_few_positives_fall_back_to_the_global_threshold() {
        let cells =
            [(0.9, true), (0.2, false), (0.8, true), (0.4, true), (0.1, false), (0.3, false)];
        let found = tuned(2, &cells, PerLabel, 2);
        let global = tuned(2, &cells, Global, 2).values();
        assert_eq!((found.values[0].flagged, found.values[1].flagged), (false, true));
        assert_eq!(found.values()[1..], global[1..]);
        assert_ne!(found.values()[..1], global[..1]);
    }

    #[test]
    fn without_a_positive_the_fixed_threshold_stands() {
        let found = tuned(1, &[(0.9, false), (0.1, false)], PerLabel, 0);
        assert_eq!((found.values[0].threshold, found.values[0].flagged), (0.5, true));
        assert_eq!(tuned(1, &[(0.9, false)], Global, 0).values(), [0.5]);
    }

    #[test]
    fn bad_values_are_named() {
        let config = TuneConfig { fixed: f32::NAN, ..Default::default() };
        let seen = validation(1, &[(0.5, true)]);
        let tuned = |config, labels| tune(&seen, &Groups::of_rows(1), config, &names(labels));
        let error = tuned(&config, 1).unwrap_err();
        assert_eq!(error.to_string(), "bad `tune` values: `fixed`: is NaN, expected 0 to 1");
        let error = tuned(&TuneConfig::default(), 2);
        assert_eq!(error, Err(Error::LabelCount { expected: 1, found: 2 }));
    }

    fn aimed(cells: &[(f32, bool)], precision: Option<f64>, recall: Option<f64>) -> LabelTuning {
        let config = TuneConfig {
            precision_at: precision,
            recall_at: recall,
            min_positives: 1,
            ..Default::default()
        };
        tuning(&validation(1, cells), &config).labels.remove(0)
    }

    #[test]
    fn a_target_is_met_with_the_most_of_the_other() {
        // Precision by falling cut: 1, 1/2, 2/3, 3/4, 3/5; recall: 1/3, 1/3, 2/3, 1, 1.
        let cells = [(0.75, true), (0.5, false), (0.25, true), (0.125, true), (0.0625, false)];
        let at = |precision, recall| aimed(&cells, precision, recall).threshold.value;
        assert!((at(Some(0.75), None) - 0.09375).abs() < 1e-9);
        assert!((at(Some(0.8), None) - 0.625).abs() < 1e-9);
        assert!((at(None, Some(0.3)) - 0.625).abs() < 1e-9);
        assert!((at(None, Some(0.5)) - 0.09375).abs() < 1e-9);
    }

    #[test]
    fn a_target_out_of_reach_is_flagged_and_f1_is_tuned_instead() {
        let cells = [(0.75, false), (0.5, true), (0.25, true), (0.125, false)];
        let found = aimed(&cells, Some(0.9), None);
        assert_eq!(found.fallback, Some(Fallback::Unreachable));
        assert_eq!(found.threshold, aimed(&cells, None, None).threshold);
        assert_eq!(aimed(&cells, Some(0.6), None).fallback, None);
        let config = TuneConfig { strategy: Global, precision_at: Some(0.9), ..Default::default() };
        let global = tuning(&validation(1, &cells), &config);
        assert!(global.thresholds.values[0].flagged);
    }

    #[test]
    fn a_fixed_threshold_is_sure() {
        let config = TuneConfig { strategy: Fixed, ..Default::default() };
        let found = tuning(&validation(1, &[(0.9, true), (0.1, false)]), &config);
        assert_eq!(found.labels[0].threshold, Interval::sure(0.5));
        assert_eq!((found.labels[0].positives, found.labels[0].fallback), (1, None));
    }

    proptest! {
        #[test]
        fn no_other_threshold_is_better(
            cells in proptest::collection::vec((0_u8..10, any::<bool>()), 1..15),
            more in proptest::collection::vec((0_u8..10, any::<bool>()), 15),
            other in 0.0_f32..1.0,
        ) {
            let score = |&(step, truth): &(u8, bool)| (f32::from(step) / 9.0, truth);
            let cells: Vec<_> =
                cells.iter().zip(&more).flat_map(|(one, two)| [score(one), score(two)]).collect();
            let scored = validation(2, &cells);
            let macro_f1 = |thresholds| metrics(&scored, &thresholds, &names(2)).unwrap().macro_f1;
            let found = macro_f1(tuned(2, &cells, Global, 0));
            prop_assert!(found >= macro_f1(Thresholds::fixed(other, &names(2))));
            prop_assert!(macro_f1(tuned(2, &cells, PerLabel, 0)) >= found);
        }
    }
}
