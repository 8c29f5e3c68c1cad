//! What the model goes by, and its worst mistakes.

use super::page::Section;
use crate::figure::{count, decimal, signed};
use crate::markup::{Element, bdi, el, text};
use crate::{ExampleSong, LabelExamples, Report, TellingLine};

pub(super) fn section(report: &Report) -> Option<Section> {
    let labels = el("div").class("examples").with_all(report.examples.iter().map(label));
    let section = Section::new("examples", "Examples")
        .lead("The lines that raised a label's score most, songs wrongly decided for it, and songs of it that were missed. Lyrics are shortened.")
        .with(labels);
    (!report.examples.is_empty()).then_some(section)
}

fn label(found: &LabelExamples) -> Element {
    let told = format!(
        "{} lines · {} false alarms · {} misses",
        found.telling.len(),
        found.false_alarms.len(),
        found.misses.len()
    );
    let summary = el("summary").with(bdi(&found.label)).text(" ").with(text("small", told));
    el("details")
        .with(summary)
        .with(part("Telling lines", found.telling.iter().map(telling)))
        .with(part("False alarms", found.false_alarms.iter().map(song)))
        .with(part("Misses", found.misses.iter().map(song)))
}

fn part(title: &str, entries: impl Iterator<Item = Element>) -> Element {
    let mut entries = entries.peekable();
    let title = text("h3", title);
    if entries.peek().is_none() {
        return el("div").with(title).with(text("p", "None.").class("empty"));
    }
    el("div").with(title).with(el("ul").with_all(entries))
}

fn telling(line: &TellingLine) -> Element {
    el("li")
        .with(text("span", signed(line.weight)).class("score"))
        .with(el("q").attr("dir", "auto").text(&line.line))
        .with(el("cite").with(bdi(&line.song)))
}

fn song(song: &ExampleSong) -> Element {
    let truth = if song.truth.is_empty() { "no label".to_owned() } else { song.truth.join(", ") };
    let facts = el("small").text(format!("row {} · truly ", count(song.row))).with(bdi(truth));
    el("li")
        .with(text("span", decimal(song.score)).class("score"))
        .with(el("cite").with(bdi(&song.song)))
        .with(facts)
        .with(el("q").attr("dir", "auto").text(&song.snippet))
}
