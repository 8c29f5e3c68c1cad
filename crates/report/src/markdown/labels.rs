//! Label by label.

use super::text::{bar, plain, section, table};
use crate::figure::{UNDEFINED, count, decimal, optional, percent, range, with_range};
use crate::{LabelReport, Report};
use canto_evaluate::ReliabilityBin;

const COLUMNS: [&str; 14] = [
    "Label",
    "Songs>",
    "Share>",
    "AUC, 0.5 to 1",
    "AUC>",
    "TF-IDF AUC>",
    "AP>",
    "F1>",
    "Precision>",
    "Recall>",
    "Threshold>",
    "ECE>",
    "MCC>",
    "Flag",
];

pub(super) fn labels(report: &Report) -> String {
    let rows = report.labels.iter().map(|label| row(report, label));
    let flags = report.labels.iter().any(|label| label.metrics.flagged);
    let flags = if flags {
        "⚑ too few positives to tune a threshold of its own: the global one."
    } else {
        ""
    };
    section("By label", [table(&COLUMNS, rows), flags.to_owned()])
}

fn row(report: &Report, label: &LabelReport) -> Vec<String> {
    let metrics = &label.metrics;
    vec![
        plain(&metrics.label),
        count(metrics.support),
        percent(metrics.support, report.metrics.rows as u64),
        label.roc_auc.map_or_else(|| UNDEFINED.to_owned(), |found| bar(found.value, 0.5, 1.0)),
        with_range(label.roc_auc),
        optional(label.baseline_roc_auc),
        with_range(label.average_precision),
        with_range(Some(label.f1)),
        decimal(metrics.precision),
        decimal(metrics.recall),
        decimal(f64::from(metrics.threshold)),
        decimal(label.expected_calibration_error),
        decimal(label.matthews_correlation),
        if metrics.flagged { "⚑".to_owned() } else { String::new() },
    ]
}

pub(super) fn decisions(report: &Report) -> String {
    let heads =
        ["Label", "Decided and true>", "False alarms>", "Misses>", "Rightly not>", "Brier score>"];
    let rows = report.labels.iter().map(|label| {
        let confusion = label.confusion.map(count);
        let brier = decimal(label.brier_score);
        std::iter::once(plain(&label.metrics.label)).chain(confusion).chain([brier]).collect()
    });
    section("Decisions", [table(&heads, rows)])
}

pub(super) fn thresholds(report: &Report) -> String {
    let found = &report.thresholds;
    if found.labels.is_empty() {
        return String::new();
    }
    let about =
        format!("Strategy: {}; maximised: {}.", plain(&found.strategy), plain(&found.objective));
    let rows = found.labels.iter().map(|label| {
        let flag = if label.flagged { "⚑" } else { "" };
        vec![
            plain(&label.label),
            count(label.positives),
            decimal(label.threshold.value),
            range(label.threshold),
            flag.to_owned(),
        ]
    });
    let heads = ["Label", "Validation positives>", "Threshold>", "Interval", "Flag"];
    section("Thresholds", [about, table(&heads, rows)])
}

/// Mean score → share that has the label, bin by bin.
pub(super) fn reliability(report: &Report) -> String {
    let about =
        "Songs in bins of equal size by score: mean score → share that truly has the label.";
    let bin = |bin: &ReliabilityBin| format!("{:.2}→{:.2}", bin.score, bin.truth);
    let rows = report.curves.iter().map(|curves| {
        let bins = curves.reliability.iter().map(bin).collect::<Vec<_>>().join(", ");
        vec![plain(&curves.label), if bins.is_empty() { UNDEFINED.to_owned() } else { bins }]
    });
    let table = table(&["Label", "Bins, ascending"], rows);
    if report.curves.is_empty() {
        String::new()
    } else {
        section("Reliability", [about.to_owned(), table])
    }
}
