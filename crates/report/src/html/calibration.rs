//! Whether scores mean what they say, and what was done about it.

use super::page::Section;
use super::table::{heads, number, row_head, table};
use crate::Report;
use crate::figure::{UNDEFINED, decimal};
use crate::markup::{Element, el, text};
use crate::wording::method_title;

pub(super) fn section(report: &Report) -> Section {
    let calibration = &report.calibration;
    let [before, after] = report.expected_calibration_error;
    let kept = el("p")
        .class("kept")
        .text("Kept: ")
        .with(text("strong", method_title(&calibration.chosen)))
        .text(". ")
        .with(text("span", &calibration.reason));
    let effect = format!(
        "Expected calibration error on the songs measured: {} before, {} after.",
        decimal(before),
        decimal(after)
    );
    let head = heads(["Method", "Log loss, nats>", "Expected calibration error>", "Choice"]);
    let rows = calibration.candidates.iter().map(|candidate| {
        let chosen = candidate.method == calibration.chosen;
        let row = if chosen { el("tr").class("leading") } else { el("tr") };
        row.with(row_head(method_title(&candidate.method)))
            .with(number(five(candidate.log_loss)))
            .with(number(five(candidate.expected_calibration_error)))
            .with(text("td", if chosen { "✓ kept" } else { "" }))
    });
    let body: Element = el("tbody").with_all(rows);
    Section::new("calibration", "Calibration").with(kept).with(text("p", effect)).with(table(
        "Methods, cross-validated on validation songs",
        head,
        [body],
    ))
}

/// Candidates differ in the fourth decimal.
fn five(value: f64) -> String {
    if value.is_finite() { format!("{value:.5}") } else { UNDEFINED.to_owned() }
}
