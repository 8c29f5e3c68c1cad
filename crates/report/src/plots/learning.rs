//! How training went, step by step.

use super::frame::{Axis, Frame, px};
use crate::Learning;
use crate::figure::{count, decimal};
use crate::markup::{Element, el, text};
use crate::wording::metric_title;

/// Size of a plot, and what lies around it where it is a file of its own.
const SIZE: [f64; 2] = [440.0, 240.0];
const MARGIN: f64 = 16.0;
const HEADING: f64 = 26.0;

/// Loss, and the metric that picked the checkpoint; `None` where nothing was logged.
pub(crate) fn learning(learning: &Learning) -> Option<Element> {
    let panels: Vec<_> = plots(learning).into_iter().map(Plot::panel).collect();
    (!panels.is_empty()).then(|| el("div").class("panels wide").with_all(panels))
}

/// The same as an SVG file of its own; `None` where nothing was logged.
pub fn learning_curve(learning: &Learning) -> Option<String> {
    let plots = plots(learning);
    let count = plots.len() as f64;
    let [width, height] =
        [MARGIN + count * (SIZE[0] + MARGIN), MARGIN + HEADING + SIZE[1] + MARGIN];
    let ground = el("rect").class("ground").attr("width", "100%").attr("height", "100%");
    let placed = plots.into_iter().enumerate().map(|(at, plot)| {
        let left = MARGIN + at as f64 * (SIZE[0] + MARGIN);
        plot.at([left, MARGIN])
    });
    let drawing = el("svg")
        .attr("xmlns", "http://www.w3.org/2000/svg")
        .attr("viewBox", format!("0 0 {} {}", px(width), px(height)))
        .attr("width", px(width))
        .attr("height", px(height))
        .with(el("style").literal(include_str!("alone.css")))
        .with(ground)
        .with_all(placed);
    (count > 0.0).then(|| format!("{drawing}\n"))
}

struct Plot {
    title: String,
    note: String,
    drawn: Element,
}

impl Plot {
    fn panel(self) -> Element {
        let caption = el("figcaption")
            .with(text("span", self.title).class("name"))
            .with(text("span", self.note).class("note"));
        el("figure").class("panel").with(caption).with(self.drawn)
    }

    /// With its heading, its upper left corner at a place.
    fn at(self, [left, top]: [f64; 2]) -> Element {
        let heading = |x: f64, anchor, words: String| {
            text("text", words)
                .attr("x", px(x))
                .attr("y", px(top + 12.0))
                .attr("text-anchor", anchor)
        };
        let drawn = self
            .drawn
            .attr("x", px(left))
            .attr("y", px(top + HEADING))
            .attr("width", px(SIZE[0]))
            .attr("height", px(SIZE[1]));
        el("g")
            .with(heading(left, "start", self.title).class("name"))
            .with(heading(left + SIZE[0] - 10.0, "end", self.note).class("note"))
            .with(drawn)
    }
}

fn plots(learning: &Learning) -> Vec<Plot> {
    let title = format!("{}, validation", metric_title(&learning.metric));
    let loss = plot(learning, "loss", "Training loss", &learning.loss);
    let metric = plot(learning, "metric", &title, &learning.validation);
    loss.into_iter().chain(metric).collect()
}

fn plot(learning: &Learning, id: &str, title: &str, found: &[(u64, f64)]) -> Option<Plot> {
    let points: Vec<_> = found.iter().map(|(step, value)| [*step as f64, *value]).collect();
    let (_, last) = found.last()?;
    let steps = learning.loss.iter().chain(&learning.validation).map(|(step, _)| *step).max()?;
    let frame = Frame { size: SIZE, left: 46.0, x: step_axis(steps), y: axis(&points)? };
    let best = learning.best_step.filter(|step| *step <= steps);
    let dots = (points.len() <= 40)
        .then(|| points.iter().map(|point| frame.dot(*point, 2.5, "dot model")));
    let marks = frame.curve(&points, "curve model").into_iter();
    let marks = marks.chain(dots.into_iter().flatten());
    let marks = best.map(|step| frame.upright(step as f64, "picked")).into_iter().chain(marks);
    let told =
        best.map_or_else(String::new, |step| format!(" Best checkpoint: step {}.", count(step)));
    let about = format!(
        "{} values over {} steps, last {}.{told}",
        found.len(),
        count(steps),
        decimal(*last)
    );
    let drawn = frame.draw(&format!("learning-{id}"), title, &about, marks);
    Some(Plot { title: title.to_owned(), note: format!("last {}", decimal(*last)), drawn })
}

fn step_axis(steps: u64) -> Axis {
    let high = steps.max(1) as f64;
    let ticks = round_ticks(0.0, high, 5).into_iter().map(|at| (at, count(at.round() as u64)));
    Axis { title: "Step", low: 0.0, high, ticks: ticks.collect(), root: false }
}

/// An axis that holds every value; `None` where no value is finite.
fn axis(points: &[[f64; 2]]) -> Option<Axis> {
    let values = points.iter().map(|point| point[1]).filter(|value| value.is_finite());
    let low = values.clone().min_by(f64::total_cmp)?;
    let high = values.max_by(f64::total_cmp)?;
    let pad = ((high - low) * 0.06).max(0.002);
    let (low, high) = ((low - pad).max(0.0_f64.min(low)), high + pad);
    let ticks = round_ticks(low, high, 4).into_iter().map(|at| (at, tick(at)));
    Some(Axis { title: "", low, high, ticks: ticks.collect(), root: false })
}

fn tick(value: f64) -> String {
    let text = decimal(value);
    text.strip_suffix('0').map(str::to_owned).unwrap_or(text)
}

/// About `number` multiples of 1, 2 or 5 times a power of ten between two values.
fn round_ticks(low: f64, high: f64, number: u32) -> Vec<f64> {
    let rough = (high - low) / f64::from(number);
    if !rough.is_finite() || rough <= 0.0 {
        return vec![low];
    }
    let power = 10_f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= rough);
    let step = factor.unwrap_or(10.0) * power;
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last).map(|at| at as f64 * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        assert_eq!(round_ticks(0.0, 1000.0, 5), [0.0, 200.0, 400.0, 600.0, 800.0, 1000.0]);
        assert_eq!(round_ticks(0.0, 0.0, 5), [0.0]);
        assert!(round_ticks(0.63, 0.79, 4).len() >= 3);
    }

    #[test]
    fn nothing_logged_draws_nothing() {
        assert!(learning(&Learning::default()).is_none());
        let broken = Learning { loss: vec![(1, f64::NAN)], ..Learning::default() };
        assert!(learning(&broken).is_none());
        assert_eq!(learning_curve(&broken), None);
    }

    #[test]
    fn a_file_of_its_own_holds_both_curves_and_its_colours() {
        let mut curve =
            Learning { loss: vec![(1, 0.7), (2, 0.5), (3, 0.4)], ..Learning::default() };
        let narrow = learning_curve(&curve).unwrap();
        curve.validation = vec![(3, 0.8)];
        curve.metric = "macro_roc_auc".to_owned();
        let wide = learning_curve(&curve).unwrap();
        for file in [&narrow, &wide] {
            assert!(file.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""), "{file}");
            assert!(file.contains("prefers-color-scheme: dark"), "{file}");
        }
        let plots = |file: &str| file.matches("class=\"plot\"").count();
        assert_eq!((plots(&narrow), plots(&wide)), (1, 2));
        assert!(wide.contains("validation</text>"), "{wide}");
    }
}
