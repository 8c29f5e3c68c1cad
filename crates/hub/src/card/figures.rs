//! The figures of a card, from the report or else from the bundle.

use super::Card;
use serde_json::Value;

/// A metric as a card shows it.
pub(super) struct Shown {
    /// Its name in `report.json`.
    pub(super) key: &'static str,
    /// Its type as the Hub's leaderboards know it.
    pub(super) kind: &'static str,
    /// `macro`, `micro` or nothing.
    pub(super) average: Option<&'static str>,
    /// In words.
    pub(super) title: &'static str,
}

const fn shown(
    key: &'static str,
    kind: &'static str,
    average: Option<&'static str>,
    title: &'static str,
) -> Shown {
    Shown { key, kind, average, title }
}

/// Those that a card shows, the leading ones first.
const SHOWN: [Shown; 8] = [
    shown("macro_roc_auc", "roc_auc", Some("macro"), "Macro ROC-AUC"),
    shown("macro_average_precision", "average_precision", Some("macro"), "Macro average precision"),
    shown("micro_roc_auc", "roc_auc", Some("micro"), "Micro ROC-AUC"),
    shown("macro_f1", "f1", Some("macro"), "Macro F1"),
    shown("micro_f1", "f1", Some("micro"), "Micro F1"),
    shown("samples_f1", "f1", Some("samples"), "Samples F1"),
    shown("weighted_f1", "f1", Some("weighted"), "Weighted F1"),
    shown("expected_calibration_error", "ece", None, "Expected calibration error"),
];

/// One figure with its 95% interval, where it was drawn.
pub(super) struct Figure {
    pub(super) shown: &'static Shown,
    pub(super) value: f64,
    pub(super) interval: Option<[f64; 2]>,
}

impl Figure {
    /// `0.632 (95% interval 0.611 to 0.654)`.
    pub(super) fn spread(&self) -> Option<String> {
        self.interval.map(|[low, high]| format!("{low:.3} to {high:.3}"))
    }
}

impl Card<'_> {
    /// What was measured on the test songs; empty where nothing was.
    pub(super) fn figures(&self) -> Vec<Figure> {
        SHOWN.iter().filter_map(|shown| self.figure(shown)).collect()
    }

    fn figure(&self, shown: &'static Shown) -> Option<Figure> {
        let (value, interval) = match self.report {
            Some(report) => {
                let interval = report.intervals.get(shown.key);
                let value = report.metrics.get(shown.key)?;
                (value, interval.map(|interval| [interval.low, interval.high]))
            }
            None => self.stored(shown.key)?,
        };
        value.is_finite().then_some(Figure { shown, value, interval })
    }

    /// What `canto eval` left in the bundle.
    fn stored(&self, key: &str) -> Option<(f64, Option<[f64; 2]>)> {
        let test = self.bundle.metrics().get("test")?;
        let interval = |spread: &Value| Some([spread["low"].as_f64()?, spread["high"].as_f64()?]);
        Some((test["metrics"][key].as_f64()?, interval(&test["intervals"][key])))
    }
}
