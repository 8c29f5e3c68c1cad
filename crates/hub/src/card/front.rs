//! The front matter. Every text is written as a JSON string, which YAML reads as it is: nothing
//! that a label or a file name holds can break out of it.

use super::Card;
use super::figures::Figure;
use serde_json::Value;
use std::fmt::Write;

/// What the Hub searches by.
const TAGS: [&str; 5] = ["canto", "lyrics", "music", "music-genre", "multi-label-classification"];

pub(super) fn front_matter(card: &Card) -> String {
    let mut text = String::new();
    let license = card.facts.license.as_deref().unwrap_or("unknown");
    line(&mut text, "license", license);
    list(&mut text, "language", &card.languages());
    line(&mut text, "library_name", "canto");
    line(&mut text, "pipeline_tag", "text-classification");
    list(&mut text, "tags", &TAGS);
    if let Some(base) = card.base_model() {
        line(&mut text, "base_model", base);
        line(&mut text, "base_model_relation", "finetune");
    }
    let datasets: Vec<&str> = card.facts.datasets.iter().map(String::as_str).collect();
    list(&mut text, "datasets", &datasets);
    text.push_str(&model_index(card));
    text
}

fn line(text: &mut String, key: &str, value: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{key}: {}", quoted(value));
}

fn list(text: &mut String, key: &str, values: &[&str]) {
    if values.is_empty() {
        return;
    }
    let _ = writeln!(text, "{key}:");
    for value in values {
        let _ = writeln!(text, "- {}", quoted(value));
    }
}

fn quoted(text: &str) -> String {
    // JSON leaves these as they are; YAML 1.1 takes them for line ends.
    let escape = |text: String, odd: char| text.replace(odd, &format!("\\u{:04x}", odd as u32));
    ['\u{85}', '\u{2028}', '\u{2029}', '\u{feff}', '\u{7f}']
        .into_iter()
        .fold(Value::from(text).to_string(), escape)
}

/// The figures as the Hub reads them; nothing where nothing was measured.
fn model_index(card: &Card) -> String {
    let figures = card.figures();
    if figures.is_empty() {
        return String::new();
    }
    let data = card.facts.datasets.first();
    let source = card.report.map(|report| report.funnel.source.as_str());
    let name = source.filter(|source| !source.is_empty()).or(data.map(String::as_str));
    let mut text = format!("model-index:\n- name: {}\n  results:\n", quoted(card.name()));
    text.push_str("  - task:\n      type: \"text-classification\"\n");
    text.push_str("      name: \"Genres of a song from its lyrics (multi-label)\"\n");
    let _ = writeln!(text, "    dataset:\n      name: {}", quoted(name.unwrap_or("song lyrics")));
    let _ = writeln!(text, "      type: {}", quoted(data.map_or("lyrics", String::as_str)));
    text.push_str("      split: \"test\"\n    metrics:\n");
    for figure in &figures {
        text.push_str(&metric(figure));
    }
    text
}

fn metric(figure: &Figure) -> String {
    let shown = figure.shown;
    let spread = figure.spread().map(|spread| format!(" (95% interval {spread})"));
    let title = format!("{}{}", shown.title, spread.unwrap_or_default());
    let mut text = format!("    - type: {}\n      name: {}\n", quoted(shown.kind), quoted(&title));
    let _ = writeln!(text, "      value: {}", number(figure.value));
    let mut details: Vec<String> = Vec::new();
    details.extend(shown.average.map(|average| format!("        average: {}", quoted(average))));
    if let Some([low, high]) = figure.interval {
        details.push(format!("        interval_low: {}", number(low)));
        details.push(format!("        interval_high: {}", number(high)));
    }
    if !details.is_empty() {
        let _ = writeln!(text, "      args:\n{}", details.join("\n"));
    }
    text
}

/// Six places, never with an exponent, which YAML may take for a text.
fn number(value: f64) -> String {
    format!("{value:.6}")
}
