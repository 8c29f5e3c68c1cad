//! Small multiples: one plot a label, all on the same axes.

use super::frame::{Axis, Frame};
use crate::Report;
use crate::figure::{decimal, optional};
use crate::markup::{Element, bdi, el, text};
use crate::schema::LabelThresholdReport;
use canto_evaluate::{LabelCurves, ReliabilityBin, ThresholdPoint};

/// ROC curves, with the line of guessing and the baseline's curves.
pub(crate) fn roc(report: &Report) -> Element {
    grid(report.curves.iter().enumerate().map(|(at, curves)| roc_of(report, at, curves)))
}

/// Precision against recall, with the line of guessing and the baseline's curves.
pub(crate) fn precision_recall(report: &Report) -> Element {
    grid(
        report
            .curves
            .iter()
            .enumerate()
            .map(|(at, curves)| precision_recall_of(report, at, curves)),
    )
}

/// What the model says against what is true.
pub(crate) fn reliability(report: &Report) -> Element {
    grid(report.curves.iter().enumerate().map(|(at, curves)| reliability_of(report, at, curves)))
}

/// What each threshold gives on validation songs, with the one picked.
pub(crate) fn thresholds(report: &Report) -> Element {
    let labels = report.thresholds.labels.iter().enumerate();
    grid(labels.map(|(at, label)| threshold_of(report, at, label)))
}

fn grid(panels: impl Iterator<Item = Element>) -> Element {
    el("div").class("panels").with_all(panels)
}

fn panel(label: &str, note: &str, plot: Element) -> Element {
    let name = bdi(label).class("name").attr("title", label);
    let caption = el("figcaption").with(name).with(text("span", note).class("note"));
    el("figure").class("panel").with(caption).with(plot)
}

fn empty(label: &str, why: &str) -> Element {
    panel(label, "–", text("p", why).class("empty"))
}

fn roc_of(report: &Report, at: usize, curves: &LabelCurves) -> Element {
    let label = &curves.label;
    let found = report.labels.iter().find(|found| found.metrics.label == *label);
    let auc = optional(found.and_then(|found| found.roc_auc).map(|auc| auc.value));
    let frame = Frame::small(Axis::share("False positive rate"), Axis::share("Recall"));
    let Some(curve) = frame.curve(&curves.roc, "curve model") else {
        return empty(label, "Undefined: no test song has the label, or every one.");
    };
    let baseline = report.baseline_curves(label);
    let baseline = baseline.and_then(|found| frame.curve(&found.roc, "curve tfidf"));
    let guess = frame.curve(&[[0.0, 0.0], [1.0, 1.0]], "curve prior");
    let plot = frame.draw(
        &format!("roc-{at}"),
        &format!("ROC curve of {label}"),
        &format!("Recall against false positive rate; area under the curve {auc}, guessing 0.500."),
        [guess, baseline, Some(curve)].into_iter().flatten(),
    );
    panel(label, &format!("AUC {auc}"), plot)
}

fn precision_recall_of(report: &Report, at: usize, curves: &LabelCurves) -> Element {
    let label = &curves.label;
    let found = report.labels.iter().find(|found| found.metrics.label == *label);
    let average = optional(found.and_then(|found| found.average_precision).map(|ap| ap.value));
    let frame = Frame::small(Axis::share("Recall"), Axis::share("Precision"));
    let Some(curve) = frame.curve(&curves.precision_recall, "curve model") else {
        return empty(label, "Undefined: no test song has the label.");
    };
    let share = report.prevalence(label).unwrap_or(0.0);
    let baseline = report.baseline_curves(label);
    let baseline = baseline.and_then(|found| frame.curve(&found.precision_recall, "curve tfidf"));
    let guess = frame.curve(&[[0.0, share], [1.0, share]], "curve prior");
    let plot = frame.draw(
        &format!("pr-{at}"),
        &format!("Precision-recall curve of {label}"),
        &format!(
            "Precision against recall; average precision {average}, guessing {}.",
            decimal(share)
        ),
        [guess, baseline, Some(curve)].into_iter().flatten(),
    );
    panel(label, &format!("AP {average}"), plot)
}

fn reliability_of(report: &Report, at: usize, curves: &LabelCurves) -> Element {
    let label = &curves.label;
    if curves.reliability.is_empty() {
        return empty(label, "Nothing measured.");
    }
    let found = report.labels.iter().find(|found| found.metrics.label == *label);
    let error = optional(found.map(|found| found.expected_calibration_error));
    let frame = Frame::small(Axis::rare("Mean score"), Axis::rare("Share that has it"));
    let points: Vec<_> = curves.reliability.iter().map(|bin| [bin.score, bin.truth]).collect();
    let ideal = frame.curve(&[[0.0, 0.0], [1.0, 1.0]], "curve prior");
    let joined = frame.curve(&points, "curve model thin");
    let dots = points.iter().map(|point| frame.dot(*point, 3.0, "dot model"));
    let plot = frame.draw(
        &format!("reliability-{at}"),
        &format!("Reliability of {label}"),
        &format!("{} Expected calibration error {error}.", in_words(&curves.reliability)),
        [ideal, joined].into_iter().flatten().chain(dots),
    );
    panel(label, &format!("ECE {error}"), plot)
}

fn in_words(bins: &[ReliabilityBin]) -> String {
    let bins = bins.iter().map(|bin| format!("{} is {}", decimal(bin.score), decimal(bin.truth)));
    format!(
        "Mean score and share that has the label, bin by bin: {}.",
        bins.collect::<Vec<_>>().join(", ")
    )
}

fn threshold_of(report: &Report, at: usize, found: &LabelThresholdReport) -> Element {
    let label = &found.label;
    let frame = Frame::small(Axis::rare("Threshold"), Axis::share("On validation songs"));
    let line = |points: &[ThresholdPoint], of: fn(&ThresholdPoint) -> f64, class: &str| {
        let points: Vec<_> = points.iter().map(|point| [point.threshold, of(point)]).collect();
        frame.curve(&points, class)
    };
    let picked = found.threshold;
    let test = report.curves.iter().find(|curves| curves.label == *label);
    let test = test.map_or(&[][..], |curves| &curves.thresholds);
    let band = frame.band(picked.low, picked.high, "band");
    let lines = [
        line(test, |point| point.f1, "curve f1 test"),
        line(&found.curve, |point| point.precision, "curve precision"),
        line(&found.curve, |point| point.recall, "curve recall"),
        line(&found.curve, |point| point.f1, "curve f1"),
        Some(frame.upright(picked.value, "picked")),
    ];
    let value = decimal(picked.value);
    let plot = frame.draw(
        &format!("threshold-{at}"),
        &format!("Thresholds of {label}"),
        &format!(
            "Precision, recall and F1 by threshold; picked {value}, between {} and {} in resamples.",
            decimal(picked.low),
            decimal(picked.high)
        ),
        std::iter::once(band).chain(lines.into_iter().flatten()),
    );
    let flag = if found.flagged { "⚑ " } else { "" };
    panel(label, &format!("{flag}{value}"), plot)
}
