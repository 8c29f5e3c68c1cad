//! Right and wrong decisions, label by label.

use super::page::Section;
use super::table::{heads, number, row_head, table};
use crate::figure::{count, decimal};
use crate::markup::{Element, el, text};
use crate::plots::strip::{Scale, strip};
use crate::{LabelReport, Report};

pub(super) fn section(report: &Report) -> Section {
    let head = heads([
        "Label",
        "Decided and true>",
        "False alarms>",
        "Misses>",
        "Rightly not>",
        "Of all that is decided or true",
        "Brier score>",
    ]);
    let body = el("tbody").with_all(report.labels.iter().map(row));
    Section::new("decisions", "Decisions")
        .lead(
            "At the thresholds. Each bar is all songs that have the label or were decided for it.",
        )
        .with(legend())
        .with(table("Confusion by label", head, [body]))
}

fn legend() -> Element {
    let entries = [("hit", "decided and true"), ("false-alarm", "false alarm"), ("miss", "miss")];
    el("ul").class("legend").with_all(entries.map(|(class, words)| {
        let swatch = el("span").class("key").with(strip([Scale::SHARE.bar(0.0, 1.0, class)]));
        el("li").with(swatch).with(text("span", words))
    }))
}

fn row(label: &LabelReport) -> Element {
    let [hits, false_alarms, misses, _] = label.confusion;
    let all = (hits + false_alarms + misses) as f64;
    let scale = Scale { low: 0.0, high: all };
    let ends = [0, hits, hits + false_alarms, hits + false_alarms + misses].map(|end| end as f64);
    let classes = ["hit", "false-alarm", "miss"];
    let parts = ends.windows(2).zip(classes);
    let bars = parts.filter(|(part, _)| part[1] > part[0]);
    let bars = bars.map(|(part, class)| scale.bar(part[0], part[1], class));
    el("tr")
        .with(row_head(&label.metrics.label))
        .with_all(label.confusion.map(|songs| number(count(songs))))
        .with(el("td").class("wide").with(strip(bars)))
        .with(number(decimal(label.brier_score)))
}
