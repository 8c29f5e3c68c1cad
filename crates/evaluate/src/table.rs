//! Metrics as people read them: a headline, then one line a label.

use crate::{LabelMetrics, Metrics};
use std::fmt::Write;

/// Cells of the bar behind a headline figure.
const BAR: usize = 24;

/// Heads of the per-label columns.
const HEADS: [&str; 9] =
    ["label", "songs", "share", "AUC", "AP", "F1", "precision", "recall", "threshold"];

/// The one headline figure that gets no bar: less of it is better.
const LOSS: &str = "Hamming loss";

/// What stands where a metric is undefined.
const UNDEFINED: &str = "–";

/// Plain text, aligned, readable without colour. Labels stand in label order.
pub fn text(metrics: &Metrics) -> String {
    let mut out = format!("{}\n\n", size(metrics));
    for (name, value) in headline(metrics) {
        let beside = if name == LOSS { "lower is better".to_owned() } else { bar(value) };
        let _ = writeln!(out, "  {name:<16} {:>6}  {beside}", decimals(value, 4));
    }
    let rows = cells(metrics);
    let widths: Vec<usize> = (0..HEADS.len()).map(|column| width(&rows, column)).collect();
    let rule = widths.iter().map(|&width| "─".repeat(width)).collect::<Vec<_>>();
    let heads = HEADS.map(str::to_owned);
    let _ = write!(out, "\n{}{}", aligned(&heads, &widths), aligned(&rule, &widths));
    for row in &rows {
        out.push_str(&aligned(row, &widths));
    }
    for note in notes(metrics) {
        let _ = write!(out, "\n  {note}");
    }
    out.trim_end().to_owned() + "\n"
}

/// The same as two Markdown tables and notes.
pub fn markdown(metrics: &Metrics) -> String {
    let mut out = format!("{}\n\n| metric | value |\n|---|---:|\n", size(metrics));
    for (name, value) in headline(metrics) {
        let _ = writeln!(out, "| {name} | {} |", decimals(value, 4));
    }
    let _ = write!(out, "\n| {} |\n|---{}|\n", HEADS.join(" | "), "|---:".repeat(HEADS.len() - 1));
    for row in cells(metrics) {
        let row = row.map(|cell| cell.trim_end().replace('|', "\\|"));
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    for note in notes(metrics) {
        let _ = write!(out, "\n{}\n", note.replace('*', "\\*"));
    }
    out
}

fn size(metrics: &Metrics) -> String {
    format!("{} songs, {} labels", thousands(metrics.rows as u64), metrics.per_label.len())
}

/// What is said first, the figures that the prior cannot reach alone before the others.
fn headline(metrics: &Metrics) -> [(&'static str, Option<f64>); 7] {
    [
        ("macro AUC", metrics.macro_roc_auc),
        ("macro AP", metrics.macro_average_precision),
        ("micro AUC", metrics.micro_roc_auc),
        ("micro F1", Some(metrics.micro_f1)),
        ("macro F1", Some(metrics.macro_f1)),
        ("subset accuracy", Some(metrics.subset_accuracy)),
        (LOSS, Some(metrics.hamming_loss)),
    ]
}

fn cells(metrics: &Metrics) -> Vec<[String; HEADS.len()]> {
    metrics.per_label.iter().map(row).collect()
}

fn row(label: &LabelMetrics) -> [String; HEADS.len()] {
    let flag = if label.flagged { "*" } else { " " };
    [
        label.label.clone(),
        thousands(label.support),
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

fn bar(value: Option<f64>) -> String {
    let full = (value.unwrap_or(0.0).clamp(0.0, 1.0) * BAR as f64).round() as usize;
    "█".repeat(full) + &"░".repeat(BAR - full)
}

/// `12345` as `12,345`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
