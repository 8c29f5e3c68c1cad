use crate::{Error, Metrics};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

macro_rules! metrics {
    ($($name:ident $direction:ident),+ $(,)?) => {
        /// Names of the metrics that a checkpoint can be chosen by.
        pub const METRIC_NAMES: [&str; [$(stringify!($name)),+].len()] = [$(stringify!($name)),+];

        impl Metrics {
            /// The metric called `name`; `None` where it is undefined or not one of
            /// [`METRIC_NAMES`]. To tell these apart, read the name as a [`Metric`] first.
            pub fn get(&self, name: &str) -> Option<f64> {
                match name {
                    $(stringify!($name) => self.$name.into(),)+
                    _ => None,
                }
            }
        }

        const DIRECTIONS: [bool; METRIC_NAMES.len()] = [$(metrics!(@ $direction)),+];
    };
    (@ higher) => { true };
    (@ lower) => { false };
}

metrics! {
    macro_roc_auc higher,
    micro_roc_auc higher,
    weighted_roc_auc higher,
    macro_average_precision higher,
    micro_average_precision higher,
    weighted_average_precision higher,
    macro_f1 higher,
    micro_f1 higher,
    weighted_f1 higher,
    samples_f1 higher,
    macro_precision higher,
    micro_precision higher,
    weighted_precision higher,
    samples_precision higher,
    macro_recall higher,
    micro_recall higher,
    weighted_recall higher,
    samples_recall higher,
    subset_accuracy higher,
    hamming_loss lower,
    log_loss lower,
    macro_matthews_correlation higher,
    micro_matthews_correlation higher,
    brier_score lower,
    expected_calibration_error lower,
    ranking_loss lower,
    label_ranking_average_precision higher,
    coverage_error lower,
}

/// One of the [`METRIC_NAMES`], by which checkpoints are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric(usize);

impl Metric {
    /// Its name.
    pub fn name(self) -> &'static str {
        METRIC_NAMES[self.0]
    }

    /// Its value; `None` where undefined.
    pub fn of(self, metrics: &Metrics) -> Option<f64> {
        metrics.get(self.name())
    }

    /// Whether more is better; less is better for the losses.
    pub fn higher_is_better(self) -> bool {
        DIRECTIONS[self.0]
    }

    /// Whether `new` is better than `old`; any value is better than none.
    pub fn improves(self, new: Option<f64>, old: Option<f64>) -> bool {
        match (new, old) {
            (Some(new), Some(old)) => {
                let better =
                    if self.higher_is_better() { Ordering::Greater } else { Ordering::Less };
                new.partial_cmp(&old) == Some(better)
            }
            (new, None) => new.is_some_and(|value| !value.is_nan()),
            (None, Some(_)) => false,
        }
    }
}

/// Macro ROC-AUC, which neither a prior nor a threshold moves.
impl Default for Metric {
    fn default() -> Self {
        Self(0)
    }
}

impl FromStr for Metric {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let found = METRIC_NAMES.iter().position(|known| *known == name).map(Self);
        found.ok_or_else(|| Error::UnknownMetric { name: name.to_owned() })
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Metric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_unknown_ones_list_the_known() {
        for name in METRIC_NAMES {
            assert_eq!(name.parse::<Metric>().map(Metric::name), Ok(name));
        }
        let error = "macro_auc".parse::<Metric>().unwrap_err().to_string();
        assert!(error.starts_with("unknown metric `macro_auc`, expected one of `macro_roc_auc`"));
        assert!(error.ends_with("`coverage_error`"), "{error}");
    }

    #[test]
    fn losses_improve_downwards() {
        let metric = |name: &str| name.parse::<Metric>().unwrap();
        assert!(metric("macro_f1").improves(Some(0.6), Some(0.5)));
        assert!(metric("log_loss").improves(Some(0.5), Some(0.6)));
        assert!(!metric("macro_f1").improves(Some(0.5), Some(0.5)));
        assert!(metric("macro_f1").improves(Some(0.0), None));
        assert!(!metric("macro_f1").improves(None, Some(0.0)));
        assert!(!metric("macro_f1").improves(None, None));
        assert!(!metric("macro_f1").improves(Some(f64::NAN), None));
    }
}
