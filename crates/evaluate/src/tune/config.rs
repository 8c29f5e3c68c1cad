use crate::Strategy;
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
    /// What `global` maximises, also as the fallback of `per_label`, which maximises each label's
    /// own F1.
    pub objective: Objective,
    /// Instead of F1: the highest recall at no less than this precision, of each label with
    /// `per_label` and of all cells with `global`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision_at: Option<f64>,
    /// Instead of F1: the highest precision at no less than this recall.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recall_at: Option<f64>,
    /// `per_label`: labels with fewer positives take the global threshold and are flagged.
    pub min_positives: u64,
    /// Resamples of groups. The threshold of best F1 is the mean of those that are best in each;
    /// 0 takes the best one of the songs as they are. Also gives the intervals.
    pub resamples: u32,
    /// Seed of the draws.
    pub seed: u64,
}

impl Default for TuneConfig {
    fn default() -> Self {
        Self {
            strategy: Strategy::PerLabel,
            fixed: 0.5,
            objective: Objective::MacroF1,
            precision_at: None,
            recall_at: None,
            min_positives: 20,
            resamples: 200,
            seed: 42,
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
        for (path, target) in [("precision_at", self.precision_at), ("recall_at", self.recall_at)] {
            if let Some(value) = target.filter(|value| !(*value > 0.0 && *value <= 1.0)) {
                let message = format!("is {value}, expected above 0 and at most 1");
                problems.push(Problem::new(path, message));
            }
        }
        if self.precision_at.is_some() && self.recall_at.is_some() {
            let message = "is given beside `precision_at`, expected one of them";
            problems.push(Problem::new("recall_at", message));
        }
        problems
    }

    /// What thresholds are picked for, in words.
    pub fn in_words(&self) -> String {
        match (self.strategy, self.precision_at, self.recall_at) {
            (Strategy::Fixed, ..) => format!("none: {} is given", self.fixed),
            (_, Some(least), _) => format!("the highest recall at a precision of {least} or more"),
            (_, _, Some(least)) => format!("the highest precision at a recall of {least} or more"),
            (Strategy::PerLabel, ..) => "each label's F1".to_owned(),
            (Strategy::Global, ..) => match self.objective {
                Objective::MicroF1 => "micro F1".to_owned(),
                Objective::MacroF1 => "macro F1".to_owned(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_values_are_named() {
        let bad = TuneConfig {
            fixed: f32::NAN,
            precision_at: Some(0.0),
            recall_at: Some(1.5),
            ..Default::default()
        };
        let found: Vec<String> = bad.problems().iter().map(ToString::to_string).collect();
        let expected = [
            "`fixed`: is NaN, expected 0 to 1",
            "`precision_at`: is 0, expected above 0 and at most 1",
            "`recall_at`: is 1.5, expected above 0 and at most 1",
            "`recall_at`: is given beside `precision_at`, expected one of them",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_section_of_before_still_reads() {
        let read = r#"{"strategy": "global", "fixed": 0.5, "objective": "micro_f1",
            "min_positives": 20}"#;
        let read: TuneConfig = serde_json::from_str(read).unwrap();
        assert_eq!((read.in_words().as_str(), read.resamples), ("micro F1", 200));
        assert!(serde_json::from_str::<TuneConfig>(r#"{"smoothing": 1}"#).is_err());
    }
}
