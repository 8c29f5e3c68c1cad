//! Sections that hold plots.

use super::page::Section;
use crate::Report;
use crate::figure::count;
use crate::markup::{Element, el, text};
use crate::plots::{learning, panels};
use crate::wording::{metric_title, sentence_case};

pub(super) fn roc(report: &Report) -> Option<Section> {
    let section = Section::new("roc", "ROC curves")
        .lead("Recall against the false positive rate, one plot a label on the same axes. Guessing runs along the dotted line.")
        .with(rivals(report, "guessing"))
        .with(panels::roc(report));
    (!report.curves.is_empty()).then_some(section)
}

pub(super) fn precision_recall(report: &Report) -> Option<Section> {
    let section = Section::new("precision-recall", "Precision and recall")
        .lead("Precision against recall. Guessing reaches the dotted line, the share of songs that have the label: rare labels start low.")
        .with(rivals(report, "guessing"))
        .with(panels::precision_recall(report));
    (!report.curves.is_empty()).then_some(section)
}

pub(super) fn reliability(report: &Report) -> Option<Section> {
    let section = Section::new("reliability", "Reliability")
        .lead("Songs in bins of equal size by score: their mean score against the share that truly has the label. On the dotted line scores mean what they say; below it the model is too sure. Both axes are stretched near 0.")
        .with(panels::reliability(report));
    (!report.curves.is_empty()).then_some(section)
}

pub(super) fn thresholds(report: &Report) -> Option<Section> {
    let found = &report.thresholds;
    let lines = [
        ("curve f1", "F1, validation"),
        ("curve f1 test", "F1, test"),
        ("curve precision", "precision"),
        ("curve recall", "recall"),
        ("picked", "threshold picked, with its interval"),
    ];
    let section = Section::new("thresholds", "Thresholds")
        .lead(format!(
            "Strategy: {}; maximised: {}. The curves each threshold was picked from are those of \
             validation songs; where F1 on test songs runs far below, the threshold was fitted to \
             chance. ⚑ marks labels with too few positives, which take the global threshold. The \
             axis of thresholds is stretched near 0.",
            sentence_case(&found.strategy).to_lowercase(),
            found.objective
        ))
        .with(legend(lines))
        .with(panels::thresholds(report));
    (!found.labels.is_empty()).then_some(section)
}

pub(super) fn learning(report: &Report) -> Option<Section> {
    let plots = learning::learning(&report.learning)?;
    let best = report.learning.best_step.map_or_else(String::new, |step| {
        let metric = metric_title(&report.learning.metric);
        format!(" The upright line marks step {}, the best checkpoint by {metric}.", count(step))
    });
    let section = Section::new("learning", "Learning curve").lead(format!(
        "Loss on training songs, and what picked the checkpoint on validation songs.{best}"
    ));
    Some(section.with(plots))
}

fn rivals(report: &Report, guess: &'static str) -> Element {
    let baseline = (!report.baseline_curves.is_empty()).then_some(("curve tfidf", "TF-IDF"));
    let lines = [Some(("curve model", "this model")), baseline, Some(("curve prior", guess))];
    legend(lines.into_iter().flatten())
}

fn legend(lines: impl IntoIterator<Item = (&'static str, &'static str)>) -> Element {
    el("ul").class("legend").with_all(lines.into_iter().map(|(class, words)| {
        let sample = el("path").class(class).attr("d", "M0 8H28");
        let sample = el("svg")
            .attr("width", "28")
            .attr("height", "16")
            .attr("aria-hidden", "true")
            .with(sample);
        el("li").with(sample).with(text("span", words))
    }))
}
