//! Every average there is.

use super::headline::short_title;
use super::page::Section;
use super::table::{figure_cell, heads, number, row_head, table};
use crate::Report;
use crate::figure::{UNDEFINED, decimal, optional, range};
use crate::markup::{Element, el, text};
use crate::schema::PRIOR;
use crate::wording::metric_title;

pub(super) fn section(report: &Report) -> Section {
    let titles: Vec<_> =
        report.baselines.iter().map(|found| format!("{}>", short_title(found))).collect();
    let head = ["Metric", "This model>"].into_iter().chain(titles.iter().map(String::as_str));
    let rows = report.metric_names().into_iter().map(|name| row(report, name));
    let body = el("tbody").with_all(rows).with(calibration_row(report));
    Section::new("metrics", "All metrics")
        .lead(
            "Macro averages labels, weighted averages them by their songs, micro takes every \
             pair of song and label as one, samples averages songs. Losses and errors are better \
             when smaller.",
        )
        .with(table("All metrics, with intervals where they were drawn", heads(head), [body]))
        .with(undefined(report))
}

fn row(report: &Report, name: &str) -> Element {
    let found = report.metric(name);
    let value = optional(found.map(|found| found.value));
    let interval = found.and_then(|found| found.interval).map(range).unwrap_or_default();
    let baselines = report.baselines.iter().map(|baseline| {
        let found = report.baseline_metric(&baseline.name, name);
        let value = optional(found.map(|found| found.value));
        figure_cell(&value, &found.map(range).unwrap_or_default())
    });
    let mut head = row_head(metric_title(name));
    if name == "micro_roc_auc" && report.baseline(PRIOR).is_some() {
        head = head.text(" ").with(text("small", "mind the prior's"));
    }
    el("tr").with(head).with(figure_cell(&value, &interval)).with_all(baselines)
}

fn calibration_row(report: &Report) -> Element {
    let [before, after] = report.expected_calibration_error;
    let words = format!("{} before calibration", decimal(before));
    let blank = report.baselines.iter().map(|_| number(UNDEFINED));
    el("tr")
        .with(row_head("Expected calibration error").text(" ").with(text("small", words)))
        .with(number(decimal(after)))
        .with_all(blank)
}

/// Labels that macro averages leave out.
fn undefined(report: &Report) -> Option<Element> {
    let left_out = &report.metrics.undefined;
    let told = [("AUC", &left_out.roc_auc), ("average precision", &left_out.average_precision)];
    let told: Vec<_> = told
        .into_iter()
        .filter(|(_, labels)| !labels.is_empty())
        .map(|(what, labels)| format!("{what}: {}", labels.join(", ")))
        .collect();
    (!told.is_empty())
        .then(|| text("p", format!("Undefined and left out of the averages: {}.", told.join("; "))))
}
