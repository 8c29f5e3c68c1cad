//! Where the songs come from.

use super::page::Section;
use super::table::{heads, number, row_head, table};
use crate::figure::{count, percent};
use crate::markup::{Element, el, text};
use crate::plots::strip::{Scale, Who, key, strip};
use crate::wording::sentence_case;
use crate::{LabelCount, Report};

/// From the source's rows to the songs measured, nothing left out.
pub(super) fn funnel(report: &Report) -> Section {
    let funnel = &report.funnel;
    let scale = Scale { low: 0.0, high: funnel.rows as f64 };
    let line = |class: &str, name: &str, songs: u64, from: u64, to: u64, fill: &str| {
        el("tr")
            .class(class)
            .with(row_head(name))
            .with(number(count(songs)))
            .with(number(percent(songs, funnel.rows)))
            .with(
                el("td")
                    .class("wide")
                    .with(strip((to > from).then(|| scale.bar(from as f64, to as f64, fill)))),
            )
    };
    let mut left = funnel.rows;
    let rejects = funnel.rejects.iter().map(|(reason, songs)| {
        let before = left;
        left = left.saturating_sub(*songs);
        line("reject", &format!("− {}", sentence_case(reason)), *songs, left, before, "fill reject")
    });
    let rejects: Vec<_> = rejects.collect();
    let mut end = 0;
    let splits = funnel.splits.iter().map(|(split, songs)| {
        let begin = end;
        end += songs;
        line("split", &sentence_case(split), *songs, begin, end, "fill split")
    });
    let body = el("tbody")
        .with(line("total", "Rows of the source", funnel.rows, 0, funnel.rows, "fill whole"))
        .with_all(rejects)
        .with(line("total", "Songs", funnel.songs, 0, funnel.songs, "fill whole"))
        .with_all(splits);
    let head = heads(["Stage", "Rows>", "Of all rows>", "Share"]);
    Section::new("data", "From row to song")
        .lead(format!(
            "What became of every row of {}; a row counts under the first reason to leave it out.",
            funnel.source
        ))
        .with(mismatch(report))
        .with(table("Rows of the source, stage by stage", head, [body]))
}

/// Rows that nothing accounts for are a fault of whoever counted.
fn mismatch(report: &Report) -> Option<Element> {
    let funnel = &report.funnel;
    let rejected: u64 = funnel.rejects.iter().map(|(_, songs)| songs).sum();
    let told = funnel.songs + rejected;
    (told != funnel.rows).then(|| {
        let words =
            format!("{} rows were read but {} are accounted for.", count(funnel.rows), count(told));
        text("p", words).class("alarm")
    })
}

/// How common each label is in each split.
pub(super) fn distribution(report: &Report) -> Option<Section> {
    let splits = ["train", "validation", "test"].map(|split| report.split_songs(split));
    let shares = report.distribution.iter().flat_map(|label| shares(label, splits));
    let scale = Scale::around(0.0, 0.1, shares.into_iter().flatten());
    let rows = report.distribution.iter().map(|label| distribution_row(label, splits, scale));
    let head = heads(["Label", "Training>", "Validation>", "Test>", "Share of each split's songs"]);
    let axis = el("tr")
        .class("scale")
        .attr("aria-hidden", "true")
        .with_all((0..4).map(|_| el("td")))
        .with(el("td").with(scale.axis(None)));
    let body = el("tbody").with_all(rows).with(axis);
    let section = Section::new("distribution", "Labels by split")
        .lead("Songs of each label. Artists are kept in one split, so that shares differ a little; where they differ much, figures of that label say more about a few artists than about the genre.")
        .with(legend())
        .with(table("Songs of each label in each split", head, [body]));
    (!report.distribution.is_empty()).then_some(section)
}

const MARKS: [(Who, &str); 3] =
    [(Who::Training, "training"), (Who::Validation, "validation"), (Who::Test, "test")];

fn legend() -> Element {
    let entries = MARKS.map(|(who, words)| el("li").with(key(who)).with(text("span", words)));
    el("ul").class("legend").with_all(entries)
}

fn shares(label: &LabelCount, splits: [u64; 3]) -> [Option<f64>; 3] {
    let share = |songs: u64, of: u64| (of > 0).then(|| songs as f64 / of as f64);
    [
        share(label.train, splits[0]),
        share(label.validation, splits[1]),
        share(label.test, splits[2]),
    ]
}

fn distribution_row(label: &LabelCount, splits: [u64; 3], scale: Scale) -> Element {
    let shares = shares(label, splits);
    let ends = shares.into_iter().flatten();
    let low = ends.clone().fold(f64::INFINITY, f64::min);
    let high = ends.fold(0.0, f64::max);
    let span = (low <= high).then(|| scale.bar(low, high, "span"));
    let marks =
        MARKS.into_iter().zip(shares).filter_map(|((who, _), share)| Some(scale.mark(share?, who)));
    el("tr")
        .with(row_head(&label.label))
        .with(number(count(label.train)))
        .with(number(count(label.validation)))
        .with(number(count(label.test)))
        .with(el("td").class("wide").with(strip(span.into_iter().chain(marks))))
}
