//! Figures of parts of the songs.

use super::page::Section;
use super::table::{heads, number, row_head, table};
use crate::figure::{UNDEFINED, count, decimal, range};
use crate::markup::{Element, el, text};
use crate::plots::strip::{Scale, Who, strip};
use crate::wording::sentence_case;
use crate::{Report, schema::Figure};
use canto_evaluate::{Interval, Slice};

pub(super) fn section(report: &Report) -> Option<Section> {
    let intervals = report.slices.iter().filter_map(|slice| slice.macro_roc_auc);
    let scale = Scale::around(0.5, 1.0, intervals.flat_map(|found| [found.low, found.high]));
    let overall = report.metric("macro_roc_auc");
    let groups = groups(&report.slices).into_iter().map(|group| body(scale, overall, group));
    let axis = [el("td"), el("td"), el("td").with(scale.axis(overall.map(|found| found.value)))];
    let blank = (0..4).map(|_| el("td"));
    let axis = el("tr").class("scale").attr("aria-hidden", "true").with_all(axis).with_all(blank);
    let groups = groups.chain([el("tbody").with(axis)]);
    let head = heads([
        "Songs by",
        "Songs>",
        "Macro AUC with its interval",
        "AUC>",
        "Macro AP>",
        "Macro F1>",
        "Micro F1>",
    ]);
    let section = Section::new("slices", "Slices")
        .lead(
            "The same figures over parts of the songs. The dotted line is \
             all songs. Every part has its own set of labels that can be measured, so that \
             small differences mean little.",
        )
        .with(table("Figures over parts of the songs", head, groups));
    (!report.slices.is_empty()).then_some(section)
}

/// Neighbours that are told apart by the same thing.
fn groups(slices: &[Slice]) -> Vec<&[Slice]> {
    slices.chunk_by(|one, next| one.by == next.by).collect()
}

fn body(scale: Scale, overall: Option<Figure>, group: &[Slice]) -> Element {
    let by = group.first().map(|slice| sentence_case(&slice.by)).unwrap_or_default();
    let title = el("th").attr("scope", "rowgroup").attr("colspan", "7").text(by);
    let rows = group.iter().map(|slice| row(scale, overall, slice));
    el("tbody").with(el("tr").class("group").with(title)).with_all(rows)
}

fn row(scale: Scale, overall: Option<Figure>, slice: &Slice) -> Element {
    let all = overall.map(|found| scale.upright(found.value, "guess"));
    let marks = slice.macro_roc_auc.into_iter().flat_map(|found| scale.interval(found, Who::Model));
    el("tr")
        .with(row_head(&slice.name))
        .with(number(count(slice.songs)))
        .with(el("td").class("wide").with(strip(all.into_iter().chain(marks))))
        .with(cell(slice.macro_roc_auc))
        .with(cell(slice.macro_average_precision))
        .with(cell(Some(slice.macro_f1)))
        .with(cell(Some(slice.micro_f1)))
}

fn cell(found: Option<Interval>) -> Element {
    let Some(found) = found else { return text("td", UNDEFINED).class("number") };
    text("td", decimal(found.value))
        .class("number")
        .with(text("small", range(found)).class("below"))
}
