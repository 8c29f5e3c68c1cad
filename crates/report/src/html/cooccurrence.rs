//! Which labels stand together, true against decided.

use super::page::Section;
use super::table::scrolling;
use crate::Report;
use crate::figure::count;
use crate::markup::{Element, bdi, el, text};

pub(super) fn section(report: &Report) -> Option<Section> {
    let found = &report.cooccurrence;
    let maps = el("div").class("maps").with(map("True", &found.labels, &found.truth)).with(map(
        "Decided",
        &found.labels,
        &found.decided,
    ));
    let section = Section::new("cooccurrence", "Labels together")
        .lead(
            "Of the songs with the label of the row, how many in a hundred also have the label \
             of the column; beside the row's name, how many songs that is. The stronger a cell’s colour, \
             the more. Cells where truth and decisions differ show what the model joins or tears \
             apart.",
        )
        .with(maps);
    (!found.labels.is_empty()).then_some(section)
}

fn map(title: &str, labels: &[String], counts: &[Vec<u64>]) -> Element {
    let corner = el("td");
    let heads = labels.iter().map(|label| {
        let name = bdi(label).attr("title", label);
        el("th").attr("scope", "col").with(el("span").with(name))
    });
    let head = el("thead").with(el("tr").with(corner).with_all(heads));
    let rows = labels
        .iter()
        .zip(counts)
        .enumerate()
        .map(|(at, (label, row))| map_row(at, label, row, labels));
    let caption = el("caption").with(text("span", title));
    let table = el("table").class("map").with(caption).with(head).with(el("tbody").with_all(rows));
    scrolling(&format!("{title} labels together"), table)
}

fn map_row(at: usize, label: &str, row: &[u64], labels: &[String]) -> Element {
    let songs = row.get(at).copied().unwrap_or(0);
    let head = el("th")
        .attr("scope", "row")
        .with(bdi(label).attr("title", label))
        .with(text("small", count(songs)));
    let cells = row.iter().zip(labels).enumerate().map(|(column, (both, other))| {
        if column == at { el("td").class("self") } else { cell(*both, songs, label, other) }
    });
    el("tr").with(head).with_all(cells)
}

fn cell(both: u64, songs: u64, label: &str, other: &str) -> Element {
    if both == 0 || songs == 0 {
        return text("td", "·").class("none");
    }
    let share = (both as f64 / songs as f64).min(1.0);
    text("td", format!("{:.0}", share * 100.0))
        .attr("style", format!("--share:{share:.2}"))
        .attr("title", format!("{label} and {other}: {} of {}", count(both), count(songs)))
}
