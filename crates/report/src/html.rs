//! The page.

mod calibration;
mod comparison;
mod confusion;
mod cooccurrence;
mod curves;
mod data;
mod examples;
mod headline;
mod labels;
mod metrics;
mod page;
mod settings;
mod slices;
mod table;

pub use comparison::comparison_html;

use crate::Report;
use page::{Page, Section};

/// One page that needs nothing else: style, script and plots are part of it, and its own policy
/// forbids it to load anything.
pub fn html(report: &Report) -> String {
    let sections = [
        Some(headline::section(report)),
        Some(metrics::section(report)),
        Some(labels::section(report)),
        Some(confusion::section(report)),
        curves::roc(report),
        curves::precision_recall(report),
        curves::reliability(report),
        curves::thresholds(report),
        cooccurrence::section(report),
        slices::section(report),
        curves::learning(report),
        Some(data::funnel(report)),
        data::distribution(report),
        Some(calibration::section(report)),
        examples::section(report),
        Some(settings::section(report)),
    ];
    let sections: Vec<Section> = sections.into_iter().flatten().collect();
    let head = headline::header(report);
    Page { title: &report.run, version: &report.canto_version, head, sections }.render()
}
