//! What it takes to do it again.

use super::page::Section;
use super::table::{heads, row_head, table};
use crate::Report;
use crate::markup::{Element, el, text};
use crate::wording::{bootstrap, sentence_case};

pub(super) fn section(report: &Report) -> Section {
    let rows = report.hashes.iter().map(|(name, hash)| {
        let hash = el("td").with(text("code", hash).class("hash"));
        el("tr").with(row_head(sentence_case(name))).with(hash)
    });
    let hashes = table("Hashes", heads(["File", "SHA-256"]), [el("tbody").with_all(rows)]);
    let hashes = (!report.hashes.is_empty()).then_some(hashes);
    Section::new("settings", "Settings and hashes")
        .with(text("p", bootstrap(report)))
        .with(hashes)
        .with(recipe(&report.settings))
}

fn recipe(settings: &str) -> Element {
    let code = el("pre")
        .attr("tabindex", "0")
        .attr("role", "region")
        .attr("aria-label", "The resolved recipe")
        .with(text("code", settings));
    el("details").class("recipe").with(text("summary", "The resolved recipe (TOML)")).with(code)
}
