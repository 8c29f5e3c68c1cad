//! One line a label.

use crate::figure::{UNDEFINED, count};
use canto_evaluate::{LabelMetrics, Metrics};
use std::fmt::Write;

/// Heads of the columns.
const HEADS: [&str; 9] =
    ["label", "songs", "share", "AUC", "AP", "F1", "precision", "recall", "threshold"];

/// Labels in label order, aligned, then notes on what is marked.
pub(super) fn table(metrics: &Metrics) -> String {
    let rows = cells(metrics);
    let widths: Vec<usize> = (0..HEADS.len()).map(|column| width(&rows, column)).collect();
    let rule = widths.iter().map(|&width| "─".repeat(width)).collect::<Vec<_>>();
    let heads = HEADS.map(str::to_owned);
    let mut out = aligned(&heads, &widths) + &aligned(&rule, &widths);
    for row in &rows {
        out.push_str(&aligned(row, &widths));
    }
    for note in notes(metrics) {
        let _ = write!(out, "\n  {note}");
    }
    out.trim_end().to_owned() + "\n"
}

fn cells(metrics: &Metrics) -> Vec<[String; HEADS.len()]> {
    metrics.per_label.iter().map(row).collect()
}

fn row(label: &LabelMetrics) -> [String; HEADS.len()] {
    let flag = if label.flagged { "*" } else { " " };
    [
        label.label.clone(),
        count(label.support),
        format!("{:.1}%", 100.0 * label.prevalence),
        decimals(label.roc_auc, 3),
        decimals(label.average_precision, 3),
        decimals(Some(label.f1), 3),
        decimals(Some(label.precision), 3),
        decimals(Some(label.recall), 3),
        format!("{:.3}{flag}", label.threshold),
    ]
}

fn notes(metrics: &Metrics) -> Vec<String> {
    let mut notes = Vec::new();
    if metrics.per_label.iter().any(|label| label.flagged) {
        notes.push(
            "* a fallback: too few songs in validation to tune, or its target out of reach"
                .to_owned(),
        );
    }
    let undefined = &metrics.undefined;
    if !undefined.roc_auc.is_empty() {
        let names = undefined.roc_auc.join(", ");
        notes.push(format!(
            "{UNDEFINED} no song has it, or every song, so averages leave it out: {names}"
        ));
    }
    notes
}

/// Length in characters of the longest cell of a column, its head included.
fn width(rows: &[[String; HEADS.len()]], column: usize) -> usize {
    let cells = rows.iter().map(|row| row[column].chars().count());
    cells.chain([HEADS[column].chars().count()]).max().unwrap_or(0)
}

/// A line of cells, the first to the left and the numbers to the right.
fn aligned(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (column, (cell, &width)) in cells.iter().zip(widths).enumerate() {
        let _ = match column {
            0 => write!(line, "  {cell:<width$}"),
            _ => write!(line, "  {cell:>width$}"),
        };
    }
    line.trim_end().to_owned() + "\n"
}

fn decimals(value: Option<f64>, places: usize) -> String {
    value.map_or_else(|| UNDEFINED.to_owned(), |value| format!("{value:.places$}"))
}
