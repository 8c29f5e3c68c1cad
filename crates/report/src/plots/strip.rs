//! Strips: figures on one line, as wide as there is room.
//!
//! Places are percentages, so that text and marks keep their size at any width.

use crate::markup::{Element, el, text};
use canto_evaluate::Interval;

/// The figures between the two ends of a strip.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// Whose a figure is. Each has its colour and its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// A filled dot.
    Model,
    /// A diamond.
    TfIdf,
    /// A square.
    Prior,
    /// A dot.
    Training,
    /// A diamond.
    Validation,
    /// A square.
    Test,
}

impl Who {
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::TfIdf => "tfidf",
            Self::Prior => "prior",
            Self::Training => "training",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

const HEIGHT: &str = "16";
const MIDDLE: &str = "8";

impl Scale {
    pub(crate) const SHARE: Self = Self { low: 0.0, high: 1.0 };

    /// Round ends around every value and the two given.
    pub(crate) fn around(low: f64, high: f64, values: impl IntoIterator<Item = f64>) -> Self {
        let values = values.into_iter().filter(|value| value.is_finite());
        let (low, high) = values.fold((low, high), |(low, high), at| (low.min(at), high.max(at)));
        let step = if high - low > 0.25 { 0.1 } else { 0.05 };
        Self { low: (low / step + 1e-9).floor() * step, high: (high / step - 1e-9).ceil() * step }
    }

    fn place(self, value: f64) -> f64 {
        let span = self.high - self.low;
        if span > 0.0 { ((value - self.low) / span * 100.0).clamp(0.0, 100.0) } else { 50.0 }
    }

    /// Where a figure stands, such as `43.2%`.
    pub(crate) fn percent(self, value: f64) -> String {
        format!("{:.1}%", self.place(value))
    }

    /// An interval as a line with its figure as a mark.
    pub(crate) fn interval(self, found: Interval, who: Who) -> [Element; 2] {
        let whisker = el("line")
            .class(format!("whisker {}", who.class()))
            .attr("x1", self.percent(found.low))
            .attr("x2", self.percent(found.high))
            .attr("y1", MIDDLE)
            .attr("y2", MIDDLE);
        [whisker, self.mark(found.value, who)]
    }

    pub(crate) fn mark(self, value: f64, who: Who) -> Element {
        let outline = match who {
            Who::Model | Who::Training => "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
            Who::TfIdf | Who::Validation => "M-5 0L0-5L5 0L0 5z",
            Who::Prior | Who::Test => "M-3.5-3.5h7v7h-7z",
        };
        let shape = el("path").class(format!("mark {}", who.class())).attr("d", outline);
        el("svg").attr("x", self.percent(value)).attr("y", MIDDLE).class("at").with(shape)
    }

    /// A bar from `low` to `high`; what is there is seen, however little.
    pub(crate) fn bar(self, low: f64, high: f64, class: &str) -> Element {
        let from = self.place(low).min(99.6);
        let width = (self.place(high) - from).max(0.4);
        el("rect")
            .class(class)
            .attr("x", format!("{from:.1}%"))
            .attr("width", format!("{width:.1}%"))
            .attr("y", "3")
            .attr("height", "10")
    }

    /// A vertical line.
    pub(crate) fn upright(self, value: f64, class: &str) -> Element {
        let x = self.percent(value);
        el("line").class(class).attr("x1", &x).attr("x2", &x).attr("y1", "0").attr("y2", HEIGHT)
    }

    /// The ends and, where it lies inside, a figure between, in words.
    pub(crate) fn axis(self, between: Option<f64>) -> Element {
        let label = |value: f64, anchor: &str| {
            text("text", short(value))
                .attr("x", self.percent(value))
                .attr("y", "12")
                .attr("text-anchor", anchor)
        };
        let between = between.filter(|value| (15.0..85.0).contains(&self.place(*value)));
        strip([label(self.low, "start"), label(self.high, "end")])
            .with(between.map(|value| label(value, "middle")))
    }
}

/// The drawing. What it shows also stands in figures beside it, so that it need not be read out.
pub(crate) fn strip(marks: impl IntoIterator<Item = Element>) -> Element {
    el("svg").class("strip").attr("height", HEIGHT).attr("aria-hidden", "true").with_all(marks)
}

/// A sample of a mark for a legend.
pub(crate) fn key(who: Who) -> Element {
    let middle = Scale { low: 0.0, high: 1.0 };
    el("span").class("key").with(strip([middle.mark(0.5, who)]))
}

/// Without needless zeros.
pub(crate) fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    match text {
        "-0" | "" => "0".to_owned(),
        text => text.replace('-', "−"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_round_and_hold_every_value() {
        let scale = Scale::around(0.5, 1.0, [0.43, f64::NAN]);
        assert_eq!((short(scale.low), short(scale.high)), ("0.4".to_owned(), "1".to_owned()));
        let scale = Scale::around(0.0, 0.0, [-0.012, 0.034]);
        assert_eq!((short(scale.low), short(scale.high)), ("−0.05".to_owned(), "0.05".to_owned()));
    }

    #[test]
    fn places_are_percentages_inside_the_strip() {
        let scale = Scale { low: 0.5, high: 1.0 };
        assert_eq!(
            [scale.percent(0.75), scale.percent(0.2), scale.percent(3.0)],
            ["50.0%", "0.0%", "100.0%"]
        );
        assert_eq!(Scale { low: 1.0, high: 1.0 }.percent(1.0), "50.0%");
    }
}
