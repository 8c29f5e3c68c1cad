use crate::counts::Counts;
use crate::order::Order;
use crate::ranking::{Ranking, tied};
use crate::{Error, LabelThreshold, Scored, Strategy, Thresholds, Validation};
use canto_song::Problem;
use serde::{Deserialize, Serialize};

/// What a global threshold maximises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Objective {
    /// F1 over all cells.
    MicroF1,
    /// The mean of the labels' F1.
    #[default]
    MacroF1,
}

/// The `[tune]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TuneConfig {
    /// How thresholds are found.
    pub strategy: Strategy,
    /// The threshold of `fixed`, and of all where no label has a positive.
    pub fixed: f32,
    /// What `global` maximises, also as the fallback of `per_label`.
    pub objective: Objective,
    /// `per_label`: labels with fewer positives take the global threshold and are flagged.
    pub min_positives: u64,
}

impl Default for TuneConfig {
    fn default() -> Self {
        Self {
            strategy: Strategy::PerLabel,
            fixed: 0.5,
            objective: Objective::MacroF1,
            min_positives: 20,
        }
    }
}

impl TuneConfig {
    /// Every value out of range.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !(0.0..=1.0).contains(&self.fixed) {
            let message = format!("is {}, expected 0 to 1", self.fixed);
            problems.push(Problem::new("fixed", message));
        }
        problems
    }
}

/// Finds thresholds on validation scores, in O(n log n). Every cut between two neighbouring
/// scores is tried; the best one, the highest of equals, lies midway between them.
pub fn tune(
    validation: &Validation,
    config: &TuneConfig,
    labels: &[String],
) -> Result<Thresholds, Error> {
    Error::refuse("tune", config.problems())?;
    validation.check_labels(labels)?;
    Ok(match config.strategy {
        Strategy::Fixed => Thresholds::fixed(config.fixed, labels),
        Strategy::Global => Thresholds::same(Strategy::Global, global(validation, config), labels),
        Strategy::PerLabel => per_label(validation, config, labels),
    })
}

fn per_label(validation: &Validation, config: &TuneConfig, labels: &[String]) -> Thresholds {
    let fallback = global(validation, config);
    let ones = vec![1; validation.scores().rows()];
    let values = labels.iter().enumerate().map(|(number, label)| {
        let ranking = Order::of_label(validation, number).ranking(&ones);
        let tuned = match ranking.positives() {
            0 => None,
            positives if positives < config.min_positives => None,
            _ => best_f1(&ranking),
        };
        let (threshold, flagged) = tuned.map_or((fallback, true), |threshold| (threshold, false));
        LabelThreshold { label: label.clone(), threshold, flagged }
    });
    Thresholds { strategy: Strategy::PerLabel, values: values.collect() }
}

fn global(validation: &Validation, config: &TuneConfig) -> f32 {
    let best = match config.objective {
        Objective::MicroF1 => {
            best_f1(&Order::of_cells(validation).ranking(&vec![1; validation.scores().rows()]))
        }
        Objective::MacroF1 => best_macro_f1(validation),
    };
    best.unwrap_or(config.fixed)
}

/// The cut of highest F1; `None` where it is 0 everywhere.
fn best_f1(ranking: &Ranking) -> Option<f32> {
    let mut best = Best::default();
    let mut counts = Counts::undecided(ranking.positives(), ranking.cells() - ranking.positives());
    for tie in ranking.ties() {
        best.cut_before(tie.score);
        counts.decide(*tie);
        best.offer(counts.quality().f1, tie.score);
    }
    best.threshold()
}

/// The cut of highest mean F1 over labels. Each score moves the counts of its own label only, so
/// the sweep keeps the labels' F1 and renews one of them a step.
fn best_macro_f1(validation: &Validation) -> Option<f32> {
    let labels = validation.scores().labels();
    let mut cells: Vec<(f32, bool, usize)> = (validation.cells().enumerate())
        .map(|(cell, (score, truth))| (score, truth, cell % labels))
        .collect();
    cells.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let mut counts = vec![Counts::default(); labels];
    for &(_, truth, label) in &cells {
        counts[label].misses += u64::from(truth);
    }
    let mut f1 = vec![0.0; labels];
    let mut best = Best::default();
    for equal in cells.chunk_by(|a, b| tied(a.0, b.0)) {
        best.cut_before(equal[0].0);
        for &(_, truth, label) in equal {
            counts[label].misses -= u64::from(truth);
            counts[label].count(true, truth);
            f1[label] = counts[label].quality().f1;
        }
        // Summed anew, in label order: a running sum would drift and break ties by rounding.
        best.offer(f1.iter().sum(), equal[0].0);
    }
    best.threshold()
}

/// The best cut of a sweep over descending scores.
#[derive(Default)]
struct Best {
    value: f64,
    /// The lowest score decided, and the highest one that is not, once it is known.
    cut: Option<(f32, Option<f32>)>,
}

impl Best {
    /// The sweep reaches `score`, the neighbour below of the last one offered.
    fn cut_before(&mut self, score: f32) {
        if let Some((_, below @ None)) = &mut self.cut {
            *below = Some(score);
        }
    }

    /// Deciding from `score` on gives `value`.
    fn offer(&mut self, value: f64, score: f32) {
        if value > self.value {
            *self = Self { value, cut: Some((score, None)) };
        }
    }

    fn threshold(self) -> Option<f32> {
        // Below the lowest score of all lies 0.
        self.cut.map(|(above, below)| midway(below.unwrap_or(0.0), above))
    }
}

/// Midway between two neighbouring scores; the upper one where `f32` has no number between them,
/// since a score equal to the threshold is decided.
fn midway(below: f32, above: f32) -> f32 {
    let middle = f64::midpoint(f64::from(below), f64::from(above)) as f32;
    if middle > below { middle } else { above }
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

    fn tuned(labels: usize, cells: &[(f32, bool)], way: crate::Strategy, least: u64) -> Thresholds {
        let config = TuneConfig { strategy: way, min_positives: least, ..Default::default() };
        tune(&validation(labels, cells), &config, &names(labels)).unwrap()
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
        let error = tune(&validation(1, &[(0.5, true)]), &config, &names(1)).unwrap_err();
        assert_eq!(error.to_string(), "bad `tune` values: `fixed`: is NaN, expected 0 to 1");
        let error = tune(&validation(1, &[(0.5, true)]), &TuneConfig::default(), &names(2));
        assert_eq!(error, Err(Error::LabelCount { expected: 1, found: 2 }));
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
