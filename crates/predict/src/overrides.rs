//! Thresholds given with a prediction instead of the model's own.

use crate::error::Error;
use canto_evaluate::{LabelThreshold, Strategy, Thresholds};

/// Thresholds that go before those of the bundle; the default changes none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    /// One threshold for all labels.
    pub all: Option<f32>,
    /// Thresholds of single labels; they go before `all`, and a later one before an earlier.
    pub per_label: Vec<(String, f32)>,
}

impl Overrides {
    /// The thresholds that count: the model's `own`, with the overrides on top.
    pub fn apply(&self, own: &Thresholds) -> Result<Thresholds, Error> {
        let mut thresholds = own.clone();
        if let Some(value) = self.all {
            in_range(value, || Error::BadThresholdForAll { value })?;
            thresholds = Thresholds::fixed(value, &labels(own));
        }
        for (label, value) in &self.per_label {
            let (label, value) = (label.clone(), *value);
            in_range(value, || Error::BadThreshold { label: label.clone(), value })?;
            let found = thresholds.values.iter_mut().find(|own| own.label == label);
            let Some(found) = found else {
                return Err(Error::UnknownLabel { label, known: labels(own) });
            };
            *found = LabelThreshold { label, threshold: value, flagged: false };
            thresholds.strategy = Strategy::Fixed;
        }
        Ok(thresholds)
    }
}

fn labels(thresholds: &Thresholds) -> Vec<String> {
    thresholds.values.iter().map(|value| value.label.clone()).collect()
}

fn in_range(value: f32, error: impl FnOnce() -> Error) -> Result<(), Error> {
    if (0.0..=1.0).contains(&value) { Ok(()) } else { Err(error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Thresholds {
        Thresholds::fixed(0.5, &["Pop".to_owned(), "R&B/Soul".to_owned(), "Rock".to_owned()])
    }

    fn overrides(all: Option<f32>, per_label: &[(&str, f32)]) -> Overrides {
        let per_label = per_label.iter().map(|&(label, value)| (label.to_owned(), value)).collect();
        Overrides { all, per_label }
    }

    #[test]
    fn nothing_given_changes_nothing() {
        assert_eq!(Overrides::default().apply(&own()).unwrap(), own());
    }

    #[test]
    fn single_labels_go_before_all() {
        let given = overrides(Some(0.2), &[("Rock", 0.9), ("R&B/Soul", 0.0), ("Rock", 1.0)]);
        assert_eq!(given.apply(&own()).unwrap().values(), [0.2, 0.0, 1.0]);
    }

    #[test]
    fn an_unknown_label_is_answered_with_the_known_ones() {
        let error = overrides(None, &[("rock", 0.3)]).apply(&own()).unwrap_err();
        let text = error.to_string();
        assert_eq!(text, "unknown label `rock`, the model knows `Pop`, `R&B/Soul`, `Rock`");
    }

    #[test]
    fn only_probabilities_are_thresholds() {
        for value in [-0.1, 1.1, f32::NAN, f32::INFINITY] {
            assert!(overrides(Some(value), &[]).apply(&own()).is_err(), "{value}");
            let error = overrides(None, &[("Pop", value)]).apply(&own()).unwrap_err();
            assert!(error.to_string().contains("`Pop`"), "{error}");
        }
    }
}
