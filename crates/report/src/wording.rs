//! Names of metrics, baselines and methods in words, and what an interval lets one say.

use crate::Report;
use crate::figure::{count, counted};
use canto_evaluate::{Interval, Metric};

/// `Macro AUC` for `macro_roc_auc`.
pub(crate) fn metric_title(name: &str) -> String {
    let (average, rest) = match name.split_once('_') {
        Some((average @ ("macro" | "micro" | "weighted" | "samples"), rest)) => (average, rest),
        _ => ("", name),
    };
    let rest = match rest {
        "roc_auc" => "AUC",
        "average_precision" => "AP",
        "f1" => "F1",
        "matthews_correlation" => "Matthews correlation",
        other => return capital(format!("{average} {other}").replace('_', " ").trim()),
    };
    capital(format!("{average} {rest}").trim())
}

/// `Per label` for `per_label`.
pub(crate) fn sentence_case(name: &str) -> String {
    capital(&name.replace('_', " "))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The name of a calibration method.
pub(crate) fn method_title(name: &str) -> String {
    match name {
        "none" => "None".to_owned(),
        "platt" => "Platt, per label".to_owned(),
        "isotonic" => "Isotonic, per label".to_owned(),
        "temperature" => "Temperature, one for all".to_owned(),
        other => sentence_case(other),
    }
}

/// Whether a difference is one, given which way the metric improves.
pub(crate) fn verdict(metric: &str, difference: Interval) -> &'static str {
    let higher = metric.parse::<Metric>().map_or_else(
        |_| !["loss", "error", "brier"].iter().any(|word| metric.contains(word)),
        Metric::higher_is_better,
    );
    match (difference.low > 0.0, difference.high < 0.0) {
        (true, _) => {
            if higher {
                "better"
            } else {
                "worse"
            }
        }
        (_, true) => {
            if higher {
                "worse"
            } else {
                "better"
            }
        }
        _ => "no difference shown",
    }
}

/// `on 702 artists that training never saw`.
pub(crate) fn artists(report: &Report) -> String {
    let artists = match (report.bootstrap.unit.as_str(), report.bootstrap.units) {
        ("artists", units) if units > 0 => counted(units, "artist", "artists"),
        _ => "artists".to_owned(),
    };
    if report.artists_unseen {
        format!("{artists} that training never saw")
    } else {
        format!("{artists}, some of them known from training")
    }
}

/// How the intervals came to be, in a sentence.
pub(crate) fn bootstrap(report: &Report) -> String {
    let settings = &report.bootstrap;
    format!(
        "{:.0}% intervals: percentiles over {} resamples of {} {}, seed {}.",
        settings.confidence * 100.0,
        count(settings.resamples),
        count(settings.units),
        settings.unit,
        settings.seed
    )
}

/// `95% interval`.
pub(crate) fn interval_title(report: &Report) -> String {
    format!("{:.0}% interval", report.bootstrap.confidence * 100.0)
}

/// The base model in words.
pub(crate) fn base_model(report: &Report) -> String {
    report
        .base_model
        .as_ref()
        .map_or_else(|| "trained from scratch".to_owned(), |base| format!("fine-tuned from {base}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_have_titles() {
        let found = ["macro_roc_auc", "micro_average_precision", "samples_f1", "hamming_loss"];
        assert_eq!(
            found.map(metric_title),
            ["Macro AUC", "Micro AP", "Samples F1", "Hamming loss"]
        );
        assert_eq!(metric_title("ranking_loss"), "Ranking loss");
        assert_eq!(metric_title(""), "");
    }

    #[test]
    fn only_an_interval_without_zero_is_a_difference() {
        let interval = |low, high| Interval { value: f64::midpoint(low, high), low, high };
        assert_eq!(verdict("macro_f1", interval(0.01, 0.03)), "better");
        assert_eq!(verdict("macro_f1", interval(-0.03, -0.01)), "worse");
        assert_eq!(verdict("log_loss", interval(-0.03, -0.01)), "better");
        assert_eq!(verdict("ranking_loss", interval(0.01, 0.03)), "worse");
        assert_eq!(verdict("macro_f1", interval(0.0, 0.03)), "no difference shown");
    }
}
