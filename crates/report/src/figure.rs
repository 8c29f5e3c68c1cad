//! Figures as people read them, the same in Markdown and on the page.

use crate::schema::Figure;
use canto_evaluate::Interval;

/// What stands where a figure is undefined or was not measured.
pub(crate) const UNDEFINED: &str = "–";

/// Three decimals, `–` for what is no number.
pub(crate) fn decimal(value: f64) -> String {
    rounded(value, 3)
}

/// Three decimals, `–` for none.
pub(crate) fn optional(value: Option<f64>) -> String {
    value.map_or_else(|| UNDEFINED.to_owned(), decimal)
}

/// Three decimals with a sign.
pub(crate) fn signed(value: f64) -> String {
    let text = decimal(value);
    if value > 0.0 && text != decimal(0.0) { format!("+{text}") } else { text }
}

/// `0.712 to 0.754`.
pub(crate) fn range(interval: Interval) -> String {
    format!("{} to {}", decimal(interval.low), decimal(interval.high))
}

/// `−0.012 to +0.034`.
pub(crate) fn signed_range(interval: Interval) -> String {
    format!("{} to {}", signed(interval.low), signed(interval.high))
}

/// `0.731 (0.712 to 0.754)`, `–` for none.
pub(crate) fn with_range(interval: Option<Interval>) -> String {
    interval.map_or_else(
        || UNDEFINED.to_owned(),
        |found| format!("{} ({})", decimal(found.value), range(found)),
    )
}

/// `+0.031 (+0.012 to +0.054)`, `–` for none.
pub(crate) fn with_signed_range(interval: Option<Interval>) -> String {
    interval.map_or_else(
        || UNDEFINED.to_owned(),
        |found| format!("{} ({})", signed(found.value), signed_range(found)),
    )
}

/// [`with_range`] for a figure that may have none.
pub(crate) fn measured(figure: Option<Figure>) -> String {
    match figure {
        Some(Figure { interval: Some(interval), .. }) => with_range(Some(interval)),
        Some(Figure { value, .. }) => decimal(value),
        None => UNDEFINED.to_owned(),
    }
}

/// `12.3%`; one that would read as 0.0% although something is there says `<0.1%`.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return UNDEFINED.to_owned();
    }
    let percent = part as f64 / whole as f64 * 100.0;
    if part > 0 && percent < 0.05 { "<0.1%".to_owned() } else { format!("{percent:.1}%") }
}

/// `16,674`.
pub(crate) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 song`, `2,000 songs`.
pub(crate) fn counted(value: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(value), if value == 1 { one } else { many })
}

/// With a true minus sign, and no sign before a zero.
fn rounded(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return UNDEFINED.to_owned();
    }
    let text = format!("{:.decimals$}", value.abs());
    let zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    if value < 0.0 && !zero { format!("−{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        assert_eq!(decimal(0.70449), "0.704");
        assert_eq!(decimal(-0.5), "−0.500");
        assert_eq!(decimal(-0.0001), "0.000");
        assert_eq!(decimal(f64::NAN), "–");
        assert_eq!(optional(None), "–");
        assert_eq!([signed(0.03), signed(-0.03), signed(0.0001)], ["+0.030", "−0.030", "0.000"]);
        assert_eq!(
            [count(0), count(999), count(1000), count(1_234_567)],
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [percent(1, 3), percent(1, 100_000), percent(0, 9), percent(0, 0)],
            ["33.3%", "<0.1%", "0.0%", "–"]
        );
        assert_eq!(counted(1, "song", "songs"), "1 song");
    }

    #[test]
    fn intervals_read_well() {
        let interval = Interval { value: 0.01, low: -0.02, high: 0.04 };
        assert_eq!(with_signed_range(Some(interval)), "+0.010 (−0.020 to +0.040)");
        assert_eq!(with_range(None), "–");
    }
}
