//! Text, tables and bars.

use crate::markup::shown;

/// Text from outside on one line, so that none of it is taken for Markdown or HTML.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars().filter_map(shown) {
        match letter {
            '&' => plain.push_str("&amp;"),
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            // A person would be told of it.
            '@' => plain.push_str("&#64;"),
            '\n' | '\t' => plain.push(' '),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '~' | '!' | '$' => {
                plain.push('\\');
                plain.push(letter);
            }
            letter => plain.push(letter),
        }
    }
    plain
}

/// A table; a name that ends in `>` heads a column of figures. Cells are Markdown already.
pub(super) fn table(heads: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let names: Vec<_> = heads.iter().map(|head| head.trim_end_matches('>').to_owned()).collect();
    let rules = heads.iter().map(|head| if head.ends_with('>') { "---:" } else { "---" });
    let rules = rules.map(str::to_owned).collect();
    let lines = [names, rules].into_iter().chain(rows).map(|cells| row(&cells));
    lines.collect::<Vec<_>>().join("\n")
}

fn row(cells: &[String]) -> String {
    format!("| {} |", cells.join(" | "))
}

/// A heading and what is under it; nothing where that is nothing.
pub(super) fn section(title: &str, parts: impl IntoIterator<Item = String>) -> String {
    let body = join(parts);
    if body.is_empty() { body } else { format!("## {title}\n\n{body}") }
}

/// Parts with an empty line between them, those with something in them.
pub(super) fn join(parts: impl IntoIterator<Item = String>) -> String {
    let parts = parts.into_iter().filter(|part| !part.trim().is_empty());
    let text = parts.map(|part| part.trim_end().to_owned()).collect::<Vec<_>>().join("\n\n");
    if text.is_empty() { text } else { text + "\n" }
}

pub(super) fn list(entries: impl IntoIterator<Item = String>) -> String {
    entries.into_iter().map(|entry| format!("- {entry}")).collect::<Vec<_>>().join("\n")
}

/// A bar of ten places, filled from `low` to `high`.
pub(super) fn bar(value: f64, low: f64, high: f64) -> String {
    let share = if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 0.0 };
    let full = if share.is_finite() { (share * 10.0).round() as usize } else { 0 };
    format!("`{}{}`", "█".repeat(full), "░".repeat(10 - full))
}

/// A code block whose fence no line of the text can close.
pub(super) fn code(language: &str, text: &str) -> String {
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}{language}\n{}\n{fence}", text.trim_end())
}

/// What GitHub folds; the blank lines let Markdown begin again inside.
pub(super) fn folded(summary: &str, body: &str) -> String {
    format!("<details>\n<summary>{summary}</summary>\n\n{}\n\n</details>", body.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(
            plain("<script> | `a` *b*\n@x #1 R&B"),
            r"&lt;script&gt; \| \`a\` \*b\* &#64;x \#1 R&amp;B"
        );
    }

    #[test]
    fn no_text_closes_its_fence() {
        assert!(code("toml", "a = 1\n````\n").starts_with("`````toml\n"));
        assert!(code("toml", "a = 1").starts_with("```toml\n"));
    }

    #[test]
    fn bars_hold_ten_places() {
        assert_eq!(bar(0.75, 0.5, 1.0), "`█████░░░░░`");
        assert_eq!(bar(f64::NAN, 0.0, 1.0), "`░░░░░░░░░░`");
        assert_eq!(bar(9.0, 0.0, 1.0), "`██████████`");
    }
}
