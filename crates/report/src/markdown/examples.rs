//! What the model goes by, and its worst mistakes.

use super::text::{folded, join, list, plain, section};
use crate::figure::{count, decimal, signed};
use crate::{ExampleSong, LabelExamples, Report};

pub(super) fn examples(report: &Report) -> String {
    section("Examples", report.examples.iter().map(label))
}

fn label(found: &LabelExamples) -> String {
    let telling = found.telling.iter().map(|line| {
        format!("{} “{}” {}", signed(line.weight), plain(&line.line), plain(&line.song))
    });
    let body = join([
        part("Telling lines", telling),
        part("False alarms", found.false_alarms.iter().map(song)),
        part("Misses", found.misses.iter().map(song)),
    ]);
    folded(&plain(&found.label), &body)
}

fn part(title: &str, entries: impl Iterator<Item = String>) -> String {
    let entries = list(entries);
    format!("**{title}**\n\n{}", if entries.is_empty() { "None." } else { &entries })
}

fn song(song: &ExampleSong) -> String {
    let truth = if song.truth.is_empty() { "no label".to_owned() } else { song.truth.join(", ") };
    format!(
        "{} **{}** (row {}; truly {}): “{}”",
        decimal(song.score),
        plain(&song.song),
        count(song.row),
        plain(&truth),
        plain(&song.snippet)
    )
}
