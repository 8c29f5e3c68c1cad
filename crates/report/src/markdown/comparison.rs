//! Runs side by side.

use super::text::{join, plain, section, table};
use crate::figure::{decimal, measured, optional, with_range, with_signed_range};
use crate::schema::PRIOR;
use crate::wording::{artists, base_model, bootstrap, metric_title, verdict};
use crate::{Comparison, PairedDifferences, Report};

/// Two or more runs side by side, with what really differs.
pub fn comparison_markdown(comparison: &Comparison) -> String {
    let runs = &comparison.runs;
    let title = runs.iter().map(|run| plain(&run.run)).collect::<Vec<_>>().join(" · ");
    let facts = runs.iter().map(|run| {
        let base = plain(&base_model(run));
        format!("- **{}**: {base}; on {}", plain(&run.run), artists(run))
    });
    let about = "The second run less the first, over the same resamples. An interval without 0 is \
                 a real difference, whether or not the intervals of the two runs overlap.";
    let how = runs.first().map(|run| plain(&bootstrap(run))).unwrap_or_default();
    let differences = comparison.differences.iter().map(|pair| differences(runs, pair));
    let differences = std::iter::once(format!("{about} {how}")).chain(differences);
    join([
        format!("# {title}"),
        facts.collect::<Vec<_>>().join("\n"),
        section("Paired differences", differences),
        section("Side by side", [side_by_side(runs)]),
        section("AUC by label", [by_label(runs)]),
    ])
}

fn differences(runs: &[Report], pair: &PairedDifferences) -> String {
    let priors = [&pair.first, &pair.second].map(|name| prior(runs, name));
    let rows = pair.in_order().into_iter().flat_map(|found| {
        let row = vec![
            plain(&metric_title(&found.metric)),
            decimal(found.first.value),
            decimal(found.second.value),
            with_signed_range(Some(found.difference)),
            verdict(&found.metric, found.difference).to_owned(),
        ];
        let micro = found.metric == "micro_roc_auc";
        let told = (!micro || !priors.contains(&None)).then_some(row);
        told.into_iter().chain(micro.then(|| prior_row(priors)))
    });
    let names = [&pair.first, &pair.second].map(|name| format!("{}>", plain(name)));
    table(&["Metric", &names[0], &names[1], "Difference>", "Verdict"], rows)
}

/// Micro AUC never comes without the prior's.
fn prior_row(priors: [Option<f64>; 2]) -> Vec<String> {
    let [first, second] = priors.map(optional);
    let words = "of the micro AUC, the prior alone reaches this";
    vec!["Prior’s micro AUC".to_owned(), first, second, String::new(), words.to_owned()]
}

fn prior(runs: &[Report], name: &str) -> Option<f64> {
    let run = runs.iter().find(|run| run.run == name)?;
    Some(run.baseline_metric(PRIOR, "micro_roc_auc")?.value)
}

fn side_by_side(runs: &[Report]) -> String {
    let names = runs.first().map(Report::metric_names).unwrap_or_default();
    let rows = names.into_iter().flat_map(|name| {
        let figures = runs.iter().map(|run| measured(run.metric(name)));
        let row = std::iter::once(plain(&metric_title(name))).chain(figures).collect();
        let told = ["macro_roc_auc", "macro_average_precision", "micro_roc_auc"].contains(&name);
        let baselines = runs.first().filter(|_| told).map_or(&[][..], |run| &run.baselines);
        let under = baselines.iter().map(|baseline| {
            let figures =
                runs.iter().map(|run| with_range(run.baseline_metric(&baseline.name, name)));
            std::iter::once(format!("· {}", plain(&baseline.title))).chain(figures).collect()
        });
        std::iter::once(row).chain(under.collect::<Vec<_>>())
    });
    columns(runs, "Metric", rows)
}

fn by_label(runs: &[Report]) -> String {
    let labels = runs.first().map_or(&[][..], |run| &run.labels);
    let rows = labels.iter().map(|label| {
        let name = &label.metrics.label;
        let figures = runs.iter().map(|run| {
            let found = run.labels.iter().find(|found| found.metrics.label == *name);
            with_range(found.and_then(|found| found.roc_auc))
        });
        std::iter::once(plain(name)).chain(figures).collect()
    });
    columns(runs, "Label", rows)
}

fn columns(runs: &[Report], first: &str, rows: impl Iterator<Item = Vec<String>>) -> String {
    let names: Vec<_> = runs.iter().map(|run| format!("{}>", plain(&run.run))).collect();
    let heads: Vec<_> = std::iter::once(first).chain(names.iter().map(String::as_str)).collect();
    table(&heads, rows)
}
