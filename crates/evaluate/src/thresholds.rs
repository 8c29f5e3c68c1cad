use crate::Error;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where thresholds come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// One given number for all labels.
    Fixed,
    /// One number for all labels, tuned.
    Global,
    /// A number for each label, tuned.
    #[default]
    PerLabel,
}

impl Strategy {
    /// The name used in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Global => "global",
            Self::PerLabel => "per_label",
        }
    }
}

/// The score from which on a label is decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelThreshold {
    /// The label.
    pub label: String,
    /// Decided when the score is at least this.
    pub threshold: f32,
    /// A fallback: too few positives to tune it, or a target out of reach.
    #[serde(default)]
    pub flagged: bool,
}

/// A threshold for every label, in label order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Where they come from.
    pub strategy: Strategy,
    /// One a label, in label order.
    pub values: Vec<LabelThreshold>,
}

impl Thresholds {
    /// The same threshold for every label.
    pub fn fixed(threshold: f32, labels: &[String]) -> Self {
        Self::same(Strategy::Fixed, threshold, labels)
    }

    pub(crate) fn same(strategy: Strategy, threshold: f32, labels: &[String]) -> Self {
        let one =
            |label: &String| LabelThreshold { label: label.clone(), threshold, flagged: false };
        Self { strategy, values: labels.iter().map(one).collect() }
    }

    /// The numbers alone, in label order.
    pub fn values(&self) -> Vec<f32> {
        self.values.iter().map(|value| value.threshold).collect()
    }

    /// What a row's `scores` decide, one flag a label.
    pub fn decide(&self, scores: &[f32]) -> Vec<bool> {
        scores.iter().zip(&self.values).map(|(score, value)| *score >= value.threshold).collect()
    }

    /// The same thresholds in the order of `labels`; an error names the first label that is
    /// unknown to the model, missing, repeated or out of range.
    pub fn aligned(&self, labels: &[String]) -> Result<Self, Error> {
        let mut by_label = self.by_label(labels)?;
        let values = labels.iter().map(|label| {
            let found = by_label.remove(label.as_str()).cloned();
            found.ok_or_else(|| Error::MissingLabel { label: label.clone() })
        });
        Ok(Self { strategy: self.strategy, values: values.collect::<Result<_, _>>()? })
    }

    fn by_label(&self, labels: &[String]) -> Result<BTreeMap<&str, &LabelThreshold>, Error> {
        let mut by_label = BTreeMap::new();
        for value in &self.values {
            let label = value.label.clone();
            if !labels.contains(&label) {
                return Err(Error::UnknownLabel { label, known: labels.to_vec() });
            }
            if !(0.0..=1.0).contains(&value.threshold) {
                return Err(Error::BadThreshold { label, value: value.threshold });
            }
            if by_label.insert(value.label.as_str(), value).is_some() {
                return Err(Error::RepeatedLabel { label });
            }
        }
        Ok(by_label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_score_at_the_threshold_is_decided() {
        let thresholds = Thresholds::fixed(0.25, &labels(&["Pop", "Rock", "Metal"]));
        assert_eq!(thresholds.decide(&[0.25, 0.249_999_99, 1.0]), [true, false, true]);
    }

    #[test]
    fn they_follow_the_label_order_of_the_model() {
        let mut thresholds = Thresholds::fixed(0.5, &labels(&["Pop", "Rock"]));
        thresholds.values[1].threshold = 0.75;
        let aligned = thresholds.aligned(&labels(&["Rock", "Pop"])).unwrap();
        assert_eq!(aligned.values(), [0.75, 0.5]);
    }

    #[test]
    fn labels_that_do_not_belong_to_the_model_are_named() {
        let model = labels(&["Pop", "Rock"]);
        let refused = |names: &[&str]| Thresholds::fixed(0.5, &labels(names)).aligned(&model);
        assert_eq!(
            refused(&["Pop", "Polka"]).unwrap_err().to_string(),
            "the label `Polka` is unknown to the model, which knows `Pop`, `Rock`"
        );
        assert_eq!(refused(&["Pop"]), Err(Error::MissingLabel { label: "Rock".into() }));
        assert_eq!(
            refused(&["Pop", "Rock", "Pop"]),
            Err(Error::RepeatedLabel { label: "Pop".into() })
        );
    }

    #[test]
    fn a_threshold_outside_of_0_to_1_is_refused() {
        let model = labels(&["Pop"]);
        for value in [f32::NAN, -0.5, 1.5] {
            let error = Thresholds::fixed(value, &model).aligned(&model).unwrap_err().to_string();
            assert!(error.starts_with("the threshold of `Pop` is"), "{error}");
        }
    }

    #[test]
    fn the_file_names_every_label() {
        let json = serde_json::to_string(&Thresholds::fixed(0.1, &labels(&["Pop"]))).unwrap();
        let expected =
            r#"{"strategy":"fixed","values":[{"label":"Pop","threshold":0.1,"flagged":false}]}"#;
        assert_eq!(json, expected);
        let read: Thresholds = serde_json::from_str(&json).unwrap();
        assert_eq!(read.values(), [0.1]);
    }
}
