//! The table of labels, which sorts.

use super::page::Section;
use super::table::{row_head, scrolling, sortable, sorted_as};
use crate::figure::{UNDEFINED, count, decimal, percent, range};
use crate::markup::{Element, el, text};
use crate::plots::strip::{Scale, Who, short, strip};
use crate::{LabelReport, Report};
use canto_evaluate::Interval;

const COLUMNS: [&str; 13] = [
    "Label",
    "Songs",
    "Share",
    "AUC",
    "TF-IDF",
    "AP",
    "F1",
    "Precision",
    "Recall",
    "Threshold",
    "ECE",
    "MCC",
    "Flag",
];

pub(super) fn section(report: &Report) -> Section {
    let intervals = report.labels.iter().filter_map(|label| label.roc_auc);
    let ends = intervals.flat_map(|found| [found.low, found.high]);
    let scale = Scale::around(
        0.5,
        1.0,
        ends.chain(report.labels.iter().filter_map(|label| label.baseline_roc_auc)),
    );
    let rows = report.labels.iter().map(|label| row(report, scale, label));
    let caption = el("caption").with(text("span", "Figures by label; the headers sort"));
    let table = el("table")
        .class("sorts")
        .with(caption)
        .with(el("thead").with(el("tr").with_all(COLUMNS.map(head))))
        .with(el("tbody").with_all(rows));
    Section::new("labels", "By label")
        .lead(format!(
            "Sorts by every column. Bars run from {} to 1: the dot is this model with its \
             interval, the diamond and the column TF-IDF’s AUC, the dotted line guessing. ⚑ marks \
             labels with too few positives to tune a threshold of their own.",
            short(scale.low)
        ))
        .with(scrolling("Figures by label", table))
}

fn head(name: &str) -> Element {
    let class = if name == "Label" || name == "Flag" { "" } else { "number" };
    el("th")
        .attr("scope", "col")
        .attr("aria-sort", "none")
        .class(class)
        .with(text("button", name).attr("type", "button"))
}

fn row(report: &Report, scale: Scale, label: &LabelReport) -> Element {
    let metrics = &label.metrics;
    let songs = sorted_as(Some(metrics.support as f64)).text(count(metrics.support));
    let share = percent(metrics.support, report.metrics.rows as u64);
    let share = sorted_as(Some(metrics.prevalence)).text(share);
    let average = label.average_precision.map(|found| found.value);
    el("tr")
        .with(row_head(&metrics.label).attr("data-sort", &metrics.label))
        .with(songs)
        .with(share)
        .with(auc_cell(scale, label))
        .with(sortable(label.baseline_roc_auc))
        .with(sortable(average))
        .with(f1_cell(label.f1))
        .with(sortable(Some(metrics.precision)))
        .with(sortable(Some(metrics.recall)))
        .with(sortable(Some(f64::from(metrics.threshold))))
        .with(sortable(Some(label.expected_calibration_error)))
        .with(sortable(Some(label.matthews_correlation)))
        .with(flag_cell(metrics.flagged))
}

fn auc_cell(scale: Scale, label: &LabelReport) -> Element {
    let cell = sorted_as(label.roc_auc.map(|found| found.value));
    let Some(found) = label.roc_auc else { return cell.text(UNDEFINED) };
    let baseline = label.baseline_roc_auc.map(|value| scale.mark(value, Who::TfIdf));
    let marks = std::iter::once(scale.upright(0.5, "guess")).chain(baseline);
    let marks = marks.chain(scale.interval(found, Who::Model));
    let figure =
        el("span").class("figure").text(decimal(found.value)).with(text("small", range(found)));
    cell.with(el("div").class("barred").with(strip(marks)).with(figure))
}

fn f1_cell(f1: Interval) -> Element {
    sorted_as(Some(f1.value)).text(decimal(f1.value)).attr("title", range(f1))
}

fn flag_cell(flagged: bool) -> Element {
    let cell = el("td").attr("data-sort", u8::from(flagged));
    if flagged { cell.class("flag").text("⚑ few") } else { cell }
}
