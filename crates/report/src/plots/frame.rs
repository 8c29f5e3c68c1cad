//! A plot with two axes.

use super::simplify::simplify;
use crate::markup::{Element, el, text};
use std::fmt::Write;

/// Points closer than this to a curve are not told apart, in units of the drawing.
const TOLERANCE: f64 = 0.25;

/// A range of figures and where it is ruled.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub(crate) title: &'static str,
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) ticks: Vec<(f64, String)>,
    /// Square roots are drawn, which spreads what lies near 0; both ends stay.
    pub(crate) root: bool,
}

impl Axis {
    /// From 0 to 1.
    pub(crate) fn share(title: &'static str) -> Self {
        let ticks = [(0.0, "0"), (0.5, "0.5"), (1.0, "1")];
        let ticks = ticks.map(|(at, text)| (at, text.to_owned())).to_vec();
        Self { title, low: 0.0, high: 1.0, ticks, root: false }
    }

    /// From 0 to 1 with more room near 0, where the scores of rare labels are.
    pub(crate) fn rare(title: &'static str) -> Self {
        let ticks = [(0.0, "0"), (0.05, "0.05"), (0.25, "0.25"), (0.5, "0.5"), (1.0, "1")];
        let ticks = ticks.map(|(at, text)| (at, text.to_owned())).to_vec();
        Self { title, low: 0.0, high: 1.0, ticks, root: true }
    }

    fn position(&self, value: f64) -> f64 {
        let span = self.high - self.low;
        let share = if span > 0.0 { ((value - self.low) / span).clamp(0.0, 1.0) } else { 0.5 };
        if self.root { share.sqrt() } else { share }
    }
}

/// The drawing's size, its margins and its axes.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) size: [f64; 2],
    pub(crate) left: f64,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
}

const TOP: f64 = 8.0;
const RIGHT: f64 = 10.0;
const BOTTOM: f64 = 34.0;

impl Frame {
    /// One of many small plots, the same size all.
    pub(crate) fn small(x: Axis, y: Axis) -> Self {
        Self { size: [200.0, 186.0], left: 42.0, x, y }
    }

    pub(crate) fn x(&self, value: f64) -> f64 {
        self.left + self.x.position(value) * (self.size[0] - self.left - RIGHT)
    }

    pub(crate) fn y(&self, value: f64) -> f64 {
        self.floor() - self.y.position(value) * (self.floor() - TOP)
    }

    fn floor(&self) -> f64 {
        self.size[1] - BOTTOM
    }

    /// A line through `points`; `None` where there are fewer than two.
    pub(crate) fn curve(&self, points: &[[f64; 2]], class: &str) -> Option<Element> {
        let finite = points.iter().filter(|point| point.iter().all(|value| value.is_finite()));
        let drawn: Vec<_> = finite.map(|point| [self.x(point[0]), self.y(point[1])]).collect();
        (drawn.len() > 1).then(|| el("path").class(class).attr("d", path(&drawn)))
    }

    /// A vertical line over the whole height.
    pub(crate) fn upright(&self, value: f64, class: &str) -> Element {
        line([self.x(value), TOP], [self.x(value), self.floor()], class)
    }

    /// A band over the whole height.
    pub(crate) fn band(&self, low: f64, high: f64, class: &str) -> Element {
        let width = (self.x(high) - self.x(low)).max(0.0);
        el("rect")
            .class(class)
            .attr("x", px(self.x(low)))
            .attr("y", px(TOP))
            .attr("width", px(width))
            .attr("height", px(self.floor() - TOP))
    }

    pub(crate) fn dot(&self, [x, y]: [f64; 2], radius: f64, class: &str) -> Element {
        el("circle")
            .class(class)
            .attr("cx", px(self.x(x)))
            .attr("cy", px(self.y(y)))
            .attr("r", px(radius))
    }

    /// The whole drawing. `id` is unique on the page; `title` names the drawing and `description`
    /// says what it shows to those who do not see it.
    pub(crate) fn draw(
        &self,
        id: &str,
        title: &str,
        description: &str,
        marks: impl IntoIterator<Item = Element>,
    ) -> Element {
        let [width, height] = self.size;
        el("svg")
            .class("plot")
            .attr("viewBox", format!("0 0 {} {}", px(width), px(height)))
            .attr("role", "img")
            .attr("aria-labelledby", format!("{id}-t {id}-d"))
            .with(text("title", title).attr("id", format!("{id}-t")))
            .with(text("desc", description).attr("id", format!("{id}-d")))
            .with(self.rules())
            .with_all(marks)
    }

    fn rules(&self) -> Element {
        let floor = self.floor();
        let right = self.size[0] - RIGHT;
        let columns = self.x.ticks.iter().flat_map(|(at, label)| {
            let x = self.x(*at);
            [line([x, TOP], [x, floor], "rule"), label_at([x, floor + 13.0], "middle", label)]
        });
        let rows = self.y.ticks.iter().flat_map(|(at, label)| {
            let y = self.y(*at);
            [
                line([self.left, y], [right, y], "rule"),
                label_at([self.left - 5.0, y + 3.5], "end", label),
            ]
        });
        let middle = f64::midpoint(self.left, right);
        let across = label_at([middle, self.size[1] - 5.0], "middle", self.x.title).class("axis");
        let (x, y) = (px(9.0), px(f64::midpoint(TOP, floor)));
        let up = label_at([0.0, 0.0], "middle", self.y.title)
            .class("axis")
            .attr("transform", format!("translate({x} {y}) rotate(-90)"));
        el("g").class("rules").with_all(columns).with_all(rows).with(across).with(up)
    }
}

fn label_at([x, y]: [f64; 2], anchor: &str, label: &str) -> Element {
    text("text", label).attr("x", px(x)).attr("y", px(y)).attr("text-anchor", anchor)
}

fn line(from: [f64; 2], to: [f64; 2], class: &str) -> Element {
    el("line")
        .class(class)
        .attr("x1", px(from[0]))
        .attr("y1", px(from[1]))
        .attr("x2", px(to[0]))
        .attr("y2", px(to[1]))
}

fn path(points: &[[f64; 2]]) -> String {
    let mut path = String::new();
    for (at, [x, y]) in simplify(points, TOLERANCE).into_iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(path, "{}{} {}", if at == 0 { 'M' } else { 'L' }, px(x), px(y));
    }
    path
}

/// A length in tenths, without what a reader of the file does not need.
pub(crate) fn px(value: f64) -> String {
    let tenths = format!("{value:.1}");
    let short = tenths.strip_suffix(".0").unwrap_or(&tenths);
    if short == "-0" { "0".to_owned() } else { short.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_short() {
        assert_eq!([px(12.0), px(0.26), px(-0.01), px(199.96)], ["12", "0.3", "0", "200"]);
    }

    #[test]
    fn what_lies_outside_stays_inside_the_frame() {
        let frame = Frame::small(Axis::share("x"), Axis::share("y"));
        assert_eq!(px(frame.x(7.0)), px(frame.x(1.0)));
        assert_eq!(px(frame.y(-7.0)), px(frame.y(0.0)));
        assert!(frame.curve(&[[0.0, f64::NAN], [0.5, 0.5]], "model").is_none());
    }
}
