//! How training went, step by step.

use super::frame::{Axis, Frame};
use crate::Learning;
use crate::figure::{count, decimal};
use crate::markup::{Element, el, text};
use crate::wording::metric_title;

/// Loss, and the metric that picked the checkpoint; `None` where nothing was logged.
pub(crate) fn learning(learning: &Learning) -> Option<Element> {
    let loss = plot(learning, "loss", "Training loss", &learning.loss);
    let title = format!("{}, validation", metric_title(&learning.metric));
    let metric = plot(learning, "metric", &title, &learning.validation);
    (loss.is_some() || metric.is_some())
        .then(|| el("div").class("panels wide").with(loss).with(metric))
}

fn plot(learning: &Learning, id: &str, title: &str, found: &[(u64, f64)]) -> Option<Element> {
    let points: Vec<_> = found.iter().map(|(step, value)| [*step as f64, *value]).collect();
    let (_, last) = found.last()?;
    let steps = learning.loss.iter().chain(&learning.validation).map(|(step, _)| *step).max()?;
    let frame = Frame { size: [440.0, 240.0], left: 46.0, x: step_axis(steps), y: axis(&points)? };
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
    let caption = el("figcaption")
        .with(text("span", title).class("name"))
        .with(text("span", format!("last {}", decimal(*last))).class("note"));
    Some(el("figure").class("panel").with(caption).with(drawn))
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
    }
}
