//! Runs side by side.

use super::headline::short_title;
use super::page::{Page, Section, header};
use super::table::{figure_cell, heads, number, row_head, table};
use crate::figure::{counted, decimal, optional, range, signed, signed_range};
use crate::markup::{Element, bdi, el, text};
use crate::plots::strip::{Scale, Who, strip};
use crate::schema::PRIOR;
use crate::wording::{artists, base_model, bootstrap, metric_title, verdict};
use crate::{Comparison, PairedDifferences, Report};
use canto_evaluate::Difference;

/// The page of two or more runs, as self-contained as [`html`](fn@crate::html).
pub fn comparison_html(comparison: &Comparison) -> String {
    let runs = &comparison.runs;
    let title = runs.iter().map(|run| run.run.as_str()).collect::<Vec<_>>().join(" · ");
    let version = runs.first().map_or("", |run| run.canto_version.as_str());
    let head = header("canto · comparison", &title, runs.iter().map(fact));
    let sections = vec![differences(comparison), side_by_side(runs), by_label(runs)];
    Page { title: &title, version, head, sections }.render()
}

fn differences(comparison: &Comparison) -> Section {
    let how = comparison.runs.first().map(bootstrap).unwrap_or_default();
    let section = Section::new("differences", "Paired differences").lead(format!(
        "The second run less the first, over the same resamples. An interval without 0 is a real \
         difference, whether or not the intervals of the two runs overlap. {how}"
    ));
    let tables = comparison.differences.iter().map(|pair| difference_table(&comparison.runs, pair));
    tables.fold(section, Section::with)
}

fn fact(run: &Report) -> Element {
    let songs = counted(run.metrics.rows as u64, "song", "songs");
    el("li")
        .with(el("strong").with(bdi(&run.run)))
        .text(" ")
        .with(bdi(base_model(run)))
        .text(format!(", {songs} of {}", artists(run)))
}

fn difference_table(runs: &[Report], pair: &PairedDifferences) -> Element {
    let ends = pair.metrics.iter().flat_map(|found| [found.difference.low, found.difference.high]);
    let scale = Scale::around(-0.01, 0.01, ends);
    let priors = [&pair.first, &pair.second].map(|name| prior(runs, name));
    let rows = pair.in_order().into_iter().flat_map(|found| match found.metric.as_str() {
        "micro_roc_auc" => micro_rows(scale, found, priors),
        _ => vec![difference_row(scale, found)],
    });
    let body = el("tbody").with_all(rows).with(axis(scale));
    let names = [&pair.first, &pair.second].map(|name| format!("{name}>"));
    let columns = ["Metric", &names[0], &names[1], "Line at 0", "Difference>", "Verdict"];
    table(&format!("{} less {}", pair.second, pair.first), heads(columns), [body])
}

fn axis(scale: Scale) -> Element {
    let blank = || (0..3).map(|_| el("td"));
    let drawn = el("td").with(scale.axis(Some(0.0)));
    let row = el("tr").class("scale").attr("aria-hidden", "true");
    row.with_all(blank()).with(drawn).with_all(blank().skip(1))
}

/// The prior's micro AUC on the songs of a run.
fn prior(runs: &[Report], name: &str) -> Option<f64> {
    let run = runs.iter().find(|run| run.run == name)?;
    Some(run.baseline_metric(PRIOR, "micro_roc_auc")?.value)
}

/// As on the page of one run, micro AUC never comes without the prior's.
fn micro_rows(scale: Scale, found: &Difference, priors: [Option<f64>; 2]) -> Vec<Element> {
    let told = priors.map(|prior| number(optional(prior)));
    let blank = ["wide", "number"].map(|class| text("td", "").class(class));
    let words = text("small", "of the micro AUC, the prior alone reaches this");
    let row = el("tr").class("prior").with(row_head("Prior\u{2019}s micro AUC")).with_all(told);
    let row = row.with_all(blank).with(el("td").with(words));
    if priors.contains(&None) { vec![row] } else { vec![difference_row(scale, found), row] }
}

fn difference_row(scale: Scale, found: &Difference) -> Element {
    let marks = std::iter::once(scale.upright(0.0, "guess"))
        .chain(scale.interval(found.difference, Who::Model));
    let verdict = verdict(&found.metric, found.difference);
    let badge = text("span", verdict)
        .class(format!("verdict {}", verdict.split(' ').next().unwrap_or_default()));
    el("tr")
        .with(row_head(metric_title(&found.metric)))
        .with(figure_cell(&decimal(found.first.value), ""))
        .with(figure_cell(&decimal(found.second.value), ""))
        .with(el("td").class("wide").with(strip(marks)))
        .with(figure_cell(&signed(found.difference.value), &signed_range(found.difference)))
        .with(el("td").with(badge))
}

fn side_by_side(runs: &[Report]) -> Section {
    let columns = columns(runs, "Metric");
    let names = runs.first().map(Report::metric_names).unwrap_or_default();
    let rows = names.into_iter().flat_map(|name| {
        let cells = runs.iter().map(|run| metric_cell(run, name));
        let row = el("tr").with(row_head(metric_title(name))).with_all(cells);
        std::iter::once(row).chain(baseline_rows(runs, name))
    });
    let body = el("tbody").with_all(rows);
    Section::new("metrics", "Side by side")
        .lead("All metrics; indented, what the baselines reach on the songs of the same run.")
        .with(table("All metrics of every run", columns, [body]))
}

fn columns(runs: &[Report], first: &str) -> Element {
    let names: Vec<_> = runs.iter().map(|run| format!("{}>", run.run)).collect();
    heads(std::iter::once(first).chain(names.iter().map(String::as_str)))
}

fn metric_cell(run: &Report, name: &str) -> Element {
    let found = run.metric(name);
    let interval = found.and_then(|found| found.interval);
    figure_cell(&optional(found.map(|found| found.value)), &interval.map(range).unwrap_or_default())
}

/// Beside the leading figures and micro AUC.
fn baseline_rows(runs: &[Report], name: &str) -> Vec<Element> {
    let told = ["macro_roc_auc", "macro_average_precision", "micro_roc_auc"].contains(&name);
    let baselines = runs.first().filter(|_| told).map_or(&[][..], |run| &run.baselines);
    let rows = baselines.iter().map(|baseline| {
        let cells = runs.iter().map(|run| {
            let found = run.baseline_metric(&baseline.name, name);
            figure_cell(
                &optional(found.map(|found| found.value)),
                &found.map(range).unwrap_or_default(),
            )
        });
        el("tr").class("under").with(row_head(short_title(baseline))).with_all(cells)
    });
    rows.collect()
}

fn by_label(runs: &[Report]) -> Section {
    let labels = runs.first().map_or(&[][..], |run| &run.labels);
    let rows = labels.iter().map(|label| {
        let name = &label.metrics.label;
        let cells = runs.iter().map(|run| {
            let found = run.labels.iter().find(|found| found.metrics.label == *name);
            let auc = found.and_then(|found| found.roc_auc);
            figure_cell(&optional(auc.map(|auc| auc.value)), &auc.map(range).unwrap_or_default())
        });
        el("tr").with(row_head(name)).with_all(cells)
    });
    let body = el("tbody").with_all(rows);
    Section::new("labels", "AUC by label").with(table(
        "AUC by label of every run",
        columns(runs, "Label"),
        [body],
    ))
}
