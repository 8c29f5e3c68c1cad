//! What one should know of a model, if one reads no further.

use super::page::{Section, header as page_header};
use super::table::{figure_cell, heads, row_head, table};
use crate::figure::{UNDEFINED, counted, decimal, range, signed, signed_range};
use crate::markup::{Element, bdi, el, text};
use crate::plots::strip::{Scale, Who, key, strip};
use crate::schema::{Figure, LEADING, PRIOR, TF_IDF};
use crate::wording::{
    artists, base_model, bootstrap, interval_title, metric_title, sentence_case, verdict,
};
use crate::{Baseline, Report};
use canto_evaluate::Interval;

/// Title, what was measured on whom, and what to beware of.
pub(super) fn header(report: &Report) -> Element {
    let songs = counted(report.metrics.rows as u64, "song", "songs");
    let seen = if report.artists_unseen {
        text("li", format!("{}{}", counted_artists(report), "artists unseen in training"))
            .class("good")
    } else {
        text("li", "artists partly seen in training").class("bad")
    };
    let facts = [
        el("li").with(bdi(base_model(report))),
        text("li", format!("{songs} of the {} split", report.split)),
        seen,
    ];
    page_header("canto · report", &report.run, facts).with(warnings(report))
}

fn counted_artists(report: &Report) -> String {
    let known = report.bootstrap.unit == "artists" && report.bootstrap.units > 0;
    if known { format!("{} ", crate::figure::count(report.bootstrap.units)) } else { String::new() }
}

fn warnings(report: &Report) -> Option<Element> {
    if report.warnings.is_empty() {
        return None;
    }
    let entries = report.warnings.iter().map(|warning| el("li").with(bdi(warning)));
    let title = if report.warnings.len() == 1 { "One warning" } else { "Warnings" };
    let title = text("h2", title).attr("id", "warnings-heading");
    let list = el("ul").with_all(entries);
    Some(
        el("section")
            .class("warnings")
            .attr("id", "warnings")
            .attr("aria-labelledby", "warnings-heading")
            .with(title)
            .with(list),
    )
}

pub(super) fn section(report: &Report) -> Section {
    let heroes = el("div").class("heroes").with_all(LEADING.map(|name| hero(report, name)));
    Section::new("headline", "Headline")
        .lead(format!("On {}. {}", artists(report), bootstrap(report)))
        .with(heroes)
        .with(lifts(report))
        .with(micro(report))
}

/// A figure as large as it matters, with what simpler models reach on the same scale.
fn hero(report: &Report, name: &str) -> Element {
    let found = report.metric(name);
    let interval = found.and_then(|found| found.interval);
    let value = found.map_or_else(|| UNDEFINED.to_owned(), |found| decimal(found.value));
    let told = interval.map(|found| format!("{} {}", interval_title(report), range(found)));
    let told = told.unwrap_or_else(|| "interval not measured".to_owned());
    el("div")
        .class("hero")
        .with(text("h3", metric_title(name)))
        .with(text("p", value).class("big"))
        .with(text("p", told).class("range"))
        .with(rivals(report, name))
}

fn rivals(report: &Report, name: &str) -> Element {
    let rows = rows(report, name);
    let ends = rows.iter().filter_map(|row| row.2).flat_map(|found| [found.low, found.high]);
    let low = if name.ends_with("roc_auc") { 0.5 } else { 0.0 };
    let high = if name.ends_with("roc_auc") { 1.0 } else { 0.2 };
    let scale = Scale::around(low, high, ends);
    let drawn = rows.into_iter().map(|(who, title, found)| rival(scale, who, &title, found));
    let axis =
        el("tr").class("scale").with(el("td")).with(el("td").with(scale.axis(None))).with(el("td"));
    let body = el("tbody").with_all(drawn).with(axis);
    let caption = format!("{}: this model beside simpler ones", metric_title(name));
    let caption = text("caption", caption).class("unseen");
    let head = el("thead").class("unseen").with(heads(["Model", "Interval", "Figure>"]));
    el("table").class("rivals").with(caption).with(head).with(body)
}

fn rows(report: &Report, name: &str) -> Vec<(Who, String, Option<Interval>)> {
    let certain = |Figure { value, interval }: Figure| {
        interval.unwrap_or(Interval { value, low: value, high: value })
    };
    let model = (Who::Model, "This model".to_owned(), report.metric(name).map(certain));
    let baselines = [(Who::TfIdf, TF_IDF), (Who::Prior, PRIOR)];
    let baselines = baselines.into_iter().filter_map(|(who, baseline)| {
        let title = short_title(report.baseline(baseline)?);
        Some((who, title, report.baseline_metric(baseline, name)))
    });
    std::iter::once(model).chain(baselines).collect()
}

/// `TF-IDF` and `Prior`; what is neither has its own title.
pub(super) fn short_title(baseline: &Baseline) -> String {
    match baseline.name.as_str() {
        PRIOR => "Prior".to_owned(),
        TF_IDF => "TF-IDF".to_owned(),
        _ => baseline.title.clone(),
    }
}

fn rival(scale: Scale, who: Who, title: &str, found: Option<Interval>) -> Element {
    let marks = found.into_iter().flat_map(|found| scale.interval(found, who));
    let name = el("th").attr("scope", "row").with(key(who)).with(bdi(title));
    let figure = found.map_or_else(|| UNDEFINED.to_owned(), |found| decimal(found.value));
    el("tr").with(name).with(el("td").with(strip(marks))).with(text("td", figure).class("number"))
}

/// How far the model is above each baseline.
fn lifts(report: &Report) -> Element {
    if report.baselines.is_empty() {
        let words = "No baseline was measured, so nothing says what these figures are worth.";
        return text("p", words).class("alarm");
    }
    let titles = report.baselines.iter().map(|found| format!("{}>", sentence_case(&found.title)));
    let titles: Vec<_> = titles.collect();
    let head = heads(std::iter::once("Above").chain(titles.iter().map(String::as_str)));
    let rows = report.lift_names().into_iter().map(|name| lift_row(report, name));
    let body = el("tbody").with_all(rows);
    el("div").class("lifts").with(text("h3", "Lift over simpler models")).with(table(
        "The model less the baseline, over the same resamples",
        head,
        [body],
    ))
}

fn lift_row(report: &Report, name: &str) -> Element {
    let cells = report.baselines.iter().map(|baseline| lift_cell(name, baseline.lift.get(name)));
    let leading = if LEADING.contains(&name) { "leading" } else { "" };
    el("tr").class(leading).with(row_head(metric_title(name))).with_all(cells)
}

fn lift_cell(name: &str, lift: Option<&Interval>) -> Element {
    let Some(lift) = lift else { return text("td", UNDEFINED).class("number") };
    let verdict = verdict(name, *lift);
    let badge = text("span", verdict)
        .class(format!("verdict {}", verdict.split(' ').next().unwrap_or_default()));
    figure_cell(&signed(lift.value), &signed_range(*lift)).text(" ").with(badge)
}

/// Micro AUC never comes alone: most of it is knowing which labels are common.
fn micro(report: &Report) -> Element {
    let name = "micro_roc_auc";
    let title = text("h3", "Micro AUC says little: read it against the prior");
    let found = (report.metric(name), report.baseline_metric(PRIOR, name));
    let body = match found {
        (Some(model), Some(prior)) => micro_pair(report, model, prior),
        _ => text(
            "p",
            "Not shown: the prior's micro AUC was not measured, and without it the model's would mislead.",
        ),
    };
    el("div").class("micro").with(title).with(body)
}

fn micro_pair(report: &Report, model: Figure, prior: Interval) -> Element {
    let scale = Scale { low: 0.5, high: 1.0 };
    let pair = [
        ("This model", model.value, model.interval, Who::Model),
        ("Prior alone", prior.value, Some(prior), Who::Prior),
    ];
    let columns = pair.map(|(title, value, interval, who)| {
        let told = interval.map(range).unwrap_or_default();
        el("div")
            .with(el("p").class("who").with(key(who)).text(title))
            .with(text("p", decimal(value)).class("middle"))
            .with(text("p", told).class("range"))
    });
    let gained = report.lift(PRIOR, "micro_roc_auc");
    let gained = gained.map_or_else(
        || signed(model.value - prior.value),
        |lift| format!("{} ({})", signed(lift.value), signed_range(lift)),
    );
    let marks = [
        scale.bar(0.5, prior.value, "fill prior"),
        scale.bar(prior.value, model.value, "fill model"),
    ];
    let words = format!(
        "The prior gives every song the same scores, how common each label is in training, and \
         has never read a lyric. It alone reaches {}; reading the lyrics adds {gained}. Judge the \
         model by the macro figures above.",
        decimal(prior.value)
    );
    let bar = el("div").class("gain").with(strip(marks)).with(scale.axis(None));
    let figures = el("div").with(el("div").class("pair").with_all(columns)).with(bar);
    el("div").with(figures).with(text("p", words))
}
