//! What comes first.

use super::text::{list, plain, section, table};
use crate::Report;
use crate::figure::{
    UNDEFINED, counted, decimal, measured, optional, with_range, with_signed_range,
};
use crate::schema::{LEADING, PRIOR, TF_IDF};
use crate::wording::{artists, base_model, bootstrap, metric_title, verdict};

pub(super) fn title(report: &Report) -> String {
    let songs = counted(report.metrics.rows as u64, "song", "songs");
    let about = format!(
        "{}; {songs} of the {} split, of {}.",
        plain(&base_model(report)),
        plain(&report.split),
        artists(report)
    );
    format!(
        "# {}\n\n{about} Written by canto {}.",
        plain(&report.run),
        plain(&report.canto_version)
    )
}

pub(super) fn warnings(report: &Report) -> String {
    if report.warnings.is_empty() {
        return String::new();
    }
    let lines = list(report.warnings.iter().map(|warning| plain(warning)));
    let quoted = lines.lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n");
    format!("> [!WARNING]\n{quoted}")
}

pub(super) fn headline(report: &Report) -> String {
    let rows = LEADING.map(|name| {
        vec![
            metric_title(name),
            format!("**{}**", measured(report.metric(name))),
            with_range(report.baseline_metric(TF_IDF, name)),
            with_range(report.baseline_metric(PRIOR, name)),
        ]
    });
    let heads = ["", "This model>", "TF-IDF>", "Prior>"];
    section(
        "Headline",
        [format!("On {}. {}", artists(report), plain(&bootstrap(report))), table(&heads, rows)],
    )
}

/// Micro AUC never comes alone: most of it is knowing which labels are common.
pub(super) fn micro(report: &Report) -> String {
    let name = "micro_roc_auc";
    let title = "**Micro AUC says little: read it against the prior.**".to_owned();
    let (Some(model), Some(prior)) = (report.metric(name), report.baseline_metric(PRIOR, name))
    else {
        return format!(
            "{title} Not shown: the prior's micro AUC was not measured, and without it the model's would mislead."
        );
    };
    let lift = report.lift(PRIOR, name).map_or_else(
        || crate::figure::signed(model.value - prior.value),
        |lift| with_signed_range(Some(lift)),
    );
    format!(
        "{title} This model: {}. The prior alone, which gives every song the same scores and has \
         never read a lyric: **{}**. Reading the lyrics adds {lift}.",
        measured(Some(model)),
        decimal(prior.value)
    )
}

pub(super) fn lifts(report: &Report) -> String {
    if report.baselines.is_empty() {
        return "**No baseline was measured, so nothing says what these figures are worth.**"
            .to_owned();
    }
    let rows = report.lift_names().into_iter().map(|name| {
        let lifts = report.baselines.iter().map(|baseline| match baseline.lift.get(name) {
            Some(lift) => format!("{}, {}", with_signed_range(Some(*lift)), verdict(name, *lift)),
            None => UNDEFINED.to_owned(),
        });
        std::iter::once(metric_title(name)).chain(lifts).collect()
    });
    let titles: Vec<_> =
        report.baselines.iter().map(|found| format!("{}>", plain(&found.title))).collect();
    let heads: Vec<_> = std::iter::once("Above").chain(titles.iter().map(String::as_str)).collect();
    section(
        "Lift over simpler models",
        ["The model less the baseline, over the same resamples.".to_owned(), table(&heads, rows)],
    )
}

pub(super) fn metrics(report: &Report) -> String {
    let rows = report.metric_names().into_iter().map(|name| {
        let baselines = report.baselines.iter();
        let baselines = baselines.map(|found| {
            optional(report.baseline_metric(&found.name, name).map(|found| found.value))
        });
        let title = plain(&metric_title(name));
        [title, measured(report.metric(name))].into_iter().chain(baselines).collect()
    });
    let [before, after] = report.expected_calibration_error;
    let calibration = [
        "Expected calibration error".to_owned(),
        format!("{} ({} before calibration)", decimal(after), decimal(before)),
    ];
    let blank = report.baselines.iter().map(|_| UNDEFINED.to_owned());
    let calibration = calibration.into_iter().chain(blank).collect();
    let titles: Vec<_> =
        report.baselines.iter().map(|found| format!("{}>", plain(&found.title))).collect();
    let heads: Vec<_> =
        ["Metric", "This model>"].into_iter().chain(titles.iter().map(String::as_str)).collect();
    section("All metrics", [table(&heads, rows.chain([calibration])), undefined(report)])
}

fn undefined(report: &Report) -> String {
    let left_out = &report.metrics.undefined;
    let told = [("AUC", &left_out.roc_auc), ("average precision", &left_out.average_precision)];
    let told = told.into_iter().filter(|(_, labels)| !labels.is_empty());
    let told: Vec<_> =
        told.map(|(what, labels)| format!("{what}: {}", plain(&labels.join(", ")))).collect();
    if told.is_empty() {
        String::new()
    } else {
        format!("Undefined and left out of the averages: {}.", told.join("; "))
    }
}
