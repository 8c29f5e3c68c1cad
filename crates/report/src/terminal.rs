//! Plain text for a terminal, readable without colour.

mod labels;

use crate::figure::{UNDEFINED, count};
use crate::schema::{Comparison, PRIOR, Report, TF_IDF};
use canto_evaluate::{Difference, Interval};
use labels::table;
use std::fmt::Write;

/// The figures shown, the ones that a prior cannot reach first.
const FIGURES: [(&str, &str); 6] = [
    ("macro AUC", "macro_roc_auc"),
    ("macro AP", "macro_average_precision"),
    ("macro F1", "macro_f1"),
    ("micro F1", "micro_f1"),
    ("micro AUC", "micro_roc_auc"),
    ("calibration error", "expected_calibration_error"),
];

/// The figures that count with their intervals, beside the baselines', then one line a label, then
/// warnings.
pub fn text(report: &Report) -> String {
    let artists = if report.artists_unseen { "unseen in training" } else { "seen in training too" };
    let mut text = format!(
        "{} songs of {} artists {artists}, {} labels\n\n",
        count(report.metrics.rows as u64),
        count(report.bootstrap.units),
        report.labels.len()
    );
    let interval = format!("{:.0}% interval", 100.0 * report.bootstrap.confidence);
    let _ = writeln!(
        text,
        "  {:<18} {:>7}  {interval:<18} {:>7}  {:>7}",
        "", "model", "TF-IDF", "prior"
    );
    for (title, name) in FIGURES {
        let own = report.intervals.get(name).copied();
        let [tf_idf, prior] =
            [TF_IDF, PRIOR].map(|baseline| report.baseline_metric(baseline, name));
        let _ = writeln!(
            text,
            "  {title:<18} {:>7}  {:<18} {:>7}  {:>7}",
            figure(own),
            own.map_or(UNDEFINED.to_owned(), span),
            figure(tf_idf),
            figure(prior)
        );
    }
    text += "  micro AUC rewards knowing how common a genre is: read it beside the prior's\n\n";
    text += &table(&report.metrics);
    for warning in &report.warnings {
        let _ = writeln!(text, "\n  note: {warning}");
    }
    text
}

fn figure(interval: Option<Interval>) -> String {
    interval.map_or(UNDEFINED.to_owned(), |interval| format!("{:.4}", interval.value))
}

fn span(interval: Interval) -> String {
    format!("{:.4} to {:.4}", interval.low, interval.high)
}

/// Each pair of runs, a line a metric.
pub fn comparison_text(comparison: &Comparison) -> String {
    let mut text = String::new();
    for pair in &comparison.differences {
        let _ = writeln!(text, "{} against {}\n", pair.second, pair.first);
        for (title, name) in FIGURES {
            let found = pair.metrics.iter().find(|found| found.metric == name);
            text.extend(found.map(|found| line(title, found)));
        }
        text.push('\n');
    }
    text
}

fn line(title: &str, found: &Difference) -> String {
    let Difference { first, second, difference, .. } = found;
    let sure = difference.low > 0.0 || difference.high < 0.0;
    let mark = if sure { "" } else { "  could be chance" };
    format!(
        "  {title:<18} {:.4} → {:.4}  {:+.4}  ({:+.4} to {:+.4}){mark}\n",
        first.value, second.value, difference.value, difference.low, difference.high
    )
}
