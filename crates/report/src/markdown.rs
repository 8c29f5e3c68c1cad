//! The report as Markdown, complete in its figures.

mod comparison;
mod data;
mod examples;
mod headline;
mod labels;
mod text;

pub use comparison::comparison_markdown;

use crate::Report;

/// All figures of the report in tables that read well on GitHub, without plots.
pub fn markdown(report: &Report) -> String {
    let parts = [
        headline::title(report),
        headline::warnings(report),
        headline::headline(report),
        headline::micro(report),
        headline::lifts(report),
        headline::metrics(report),
        labels::labels(report),
        labels::decisions(report),
        labels::thresholds(report),
        labels::reliability(report),
        data::cooccurrence(report),
        data::slices(report),
        data::learning(report),
        data::funnel(report),
        data::distribution(report),
        data::calibration(report),
        examples::examples(report),
        data::settings(report),
    ];
    text::join(parts)
}
