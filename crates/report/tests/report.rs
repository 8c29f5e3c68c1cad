//! What a report's files hold, checked on invented figures.

mod invented;
mod reading;

use canto_evaluate::{Interval, METRIC_NAMES};
use canto_report::{
    Comparison, Error, FORMAT_VERSION, Report, comparison_html, comparison_markdown,
    comparison_text, html, markdown, text, write, write_comparison,
};
use invented::{Invention, report};
use reading::{assert_well_formed, of_labels, two_runs};

/// The columns of the table of labels.
const COLUMNS: [&str; 13] = [
    "Label",
    "Songs",
    "Share",
    "AUC",
    "TF-IDF",
    "AP",
    "F1",
    "Precision",
    "Recall",
    "Threshold",
    "ECE",
    "MCC",
    "Flag",
];

#[track_caller]
fn assert_in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let Some(at) = rest.find(part) else { panic!("`{part}` is missing or out of place") };
        rest = &rest[at + part.len()..];
    }
}

#[test]
fn the_json_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let report = report(&Invention::default());
    write(&report, folder.path()).unwrap();
    assert_eq!(Report::read(&folder.path().join("report.json")).unwrap(), report);
    let comparison = two_runs();
    write_comparison(&comparison, folder.path()).unwrap();
    assert_eq!(Comparison::read(&folder.path().join("comparison.json")).unwrap(), comparison);
    let mut names: Vec<_> =
        folder.path().read_dir().unwrap().map(|file| file.unwrap().file_name()).collect();
    names.sort();
    let expected = [
        "comparison.html",
        "comparison.json",
        "comparison.md",
        "report.html",
        "report.json",
        "report.md",
    ];
    assert_eq!(names, expected, "and nothing else is left");
}

#[test]
fn the_schema_of_the_json_stands() {
    let json: serde_json::Value = serde_json::from_str(&of_labels(2).to_json().unwrap()).unwrap();
    let found: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = vec![
        "format_version",
        "canto_version",
        "run",
        "base_model",
        "split",
        "artists_unseen",
        "metrics",
        "intervals",
        "bootstrap",
        "baselines",
        "labels",
        "curves",
        "baseline_curves",
        "calibration",
        "expected_calibration_error",
        "thresholds",
        "cooccurrence",
        "slices",
        "funnel",
        "distribution",
        "learning",
        "examples",
        "settings",
        "hashes",
        "warnings",
    ];
    expected.sort_unstable();
    let mut sorted = found;
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    let label: Vec<_> = json["labels"][0].as_object().unwrap().keys().cloned().collect();
    assert!(label.contains(&"expected_calibration_error".to_owned()), "{label:?}");
}

#[test]
fn another_format_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    let refused = |text: &str| {
        std::fs::write(&path, text).unwrap();
        Report::read(&path).unwrap_err()
    };
    let newer = refused(r#"{"format_version": 2, "something": "new"}"#);
    let told = format!("`{}` has format version 2, this canto reads 1", path.display());
    assert_eq!(
        (newer.to_string(), newer.hint().unwrap().as_str()),
        (told, "upgrade canto to read this report")
    );
    assert!(matches!(refused(r#"{"format_version": 0}"#), Error::Format { found: 0, .. }));
    assert!(matches!(refused(r#"{"format_version": 1}"#), Error::Malformed { .. }));
    assert!(matches!(refused("no JSON"), Error::Malformed { .. }));
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(Report::read(&path).unwrap_err(), Error::File { action: "read", .. }));
}

#[test]
fn a_figure_that_is_no_number_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut broken = of_labels(1);
    broken.labels[0].brier_score = f64::NAN;
    assert!(matches!(write(&broken, folder.path()), Err(Error::NotANumber)));
    broken.labels[0].brier_score = 0.1;
    broken.labels[0].roc_auc = Some(Interval { value: f64::INFINITY, low: 0.0, high: 1.0 });
    assert!(matches!(broken.to_json(), Err(Error::NotANumber)));
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn the_page_tells_everything_in_order() {
    let page = html(&report(&Invention::default()));
    let headings = [
        "Headline",
        "All metrics",
        "By label",
        "Decisions",
        "ROC curves",
        "Precision and recall",
        "Reliability",
        "Thresholds",
        "Labels together",
        "Slices",
        "Learning curve",
        "From row to song",
        "Labels by split",
        "Calibration",
        "Examples",
        "Settings and hashes",
    ];
    let headings = headings.map(|title| format!("-heading\">{title}</h2>"));
    let first = [
        "<h1>",
        "fine-tuned from invented/encoder-small",
        "342 artists unseen in training",
        ">Warnings</h2>",
    ];
    let parts: Vec<_> = first.into_iter().chain(headings.iter().map(String::as_str)).collect();
    assert_in_order(&page, &parts);
    assert_in_order(
        &page,
        &["Macro AUC</h3>", "Macro AP</h3>", "Lift over simpler models", "Micro AUC says little"],
    );
    assert_well_formed(&page);
}

#[test]
fn the_text_tells_everything_in_order() {
    let text = markdown(&report(&Invention::default()));
    let titles = [
        "# invented\n",
        "> [!WARNING]",
        "## Headline",
        "**Micro AUC says little",
        "## Lift over simpler models",
        "## All metrics",
        "## By label",
        "## Decisions",
        "## Thresholds",
        "## Reliability",
        "## Labels together",
        "## Slices",
        "## Learning curve",
        "## From row to song",
        "## Labels by split",
        "## Calibration",
        "## Examples",
        "## Settings and hashes",
    ];
    assert_in_order(&text, &titles);
    assert!(text.lines().filter(|line| line.starts_with('|')).all(|line| line.ends_with('|')));
}

#[test]
fn every_reject_reason_and_every_metric_is_told() {
    let report = report(&Invention::default());
    let (page, text) = (html(&report), markdown(&report));
    for (reason, _) in &report.funnel.rejects {
        let told = reason.split_at(1).1;
        assert!(page.contains(told) && text.contains(told), "{reason}");
    }
    let titles = page.matches("<th scope=\"row\"><bdi>").count();
    assert!(titles > METRIC_NAMES.len());
    for title in ["Macro AUC", "Weighted AP", "Samples recall", "Hamming loss", "Log loss"] {
        assert!(page.contains(title) && text.contains(title), "{title}");
    }
}

#[test]
fn a_micro_auc_is_never_told_without_the_prior() {
    let mut report = report(&Invention::default());
    report.metrics.micro_roc_auc = Some(0.987_654);
    report.intervals.remove("micro_roc_auc");
    for text in [html(&report), markdown(&report)] {
        assert!(text.contains("0.988") && text.contains("Micro AUC says little"));
    }
    report.baselines.retain(|baseline| baseline.name != "prior");
    for text in [html(&report), markdown(&report)] {
        assert!(!text.contains("0.988"));
        assert!(text.contains("Not shown: the prior"));
    }
    let mut comparison = two_runs();
    comparison.differences[0].metrics.iter_mut().for_each(|found| found.second.value = 0.987_654);
    comparison.differences[0].metrics.retain(|found| found.metric == "micro_roc_auc");
    for text in [comparison_html(&comparison), comparison_markdown(&comparison)] {
        assert!(text.contains("0.988") && text.contains("Prior’s micro AUC"));
    }
    comparison.runs[1].baselines.clear();
    for text in [comparison_html(&comparison), comparison_markdown(&comparison)] {
        assert!(!text.contains("0.988"));
    }
}

#[test]
fn what_is_undefined_is_a_dash() {
    let mut report = of_labels(1);
    let label = &mut report.labels[0];
    (label.roc_auc, label.average_precision, label.baseline_roc_auc) = (None, None, None);
    label.metrics.label = "Gone".to_owned();
    report.metrics.macro_roc_auc = None;
    report.intervals.clear();
    report.curves[0].roc.clear();
    report.slices[0].macro_roc_auc = None;
    let page = html(&report);
    assert_in_order(
        &page,
        &["Macro AUC</h3><p class=\"big\">–</p>", "Undefined: no test song has the label"],
    );
    let row = page.split("<tr>").find(|row| row.contains("data-sort=\"Gone\"")).unwrap();
    assert_eq!(row.matches("data-sort=\"\">–</td>").count(), 3, "{row}");
    let text = markdown(&report);
    let row = text.lines().find(|line| line.starts_with("| Gone |")).unwrap();
    assert_eq!(row.matches("| – ").count(), 4, "{row}");
    let body = page.split("<script>").next().unwrap();
    assert!(!body.contains("NaN") && !body.contains("null"));
}

#[test]
fn one_label_and_forty_make_whole_pages() {
    for number in [1, 40] {
        let report = of_labels(number);
        let page = html(&report);
        assert_well_formed(&page);
        assert_eq!(page.matches(">ROC curve of ").count(), number);
        assert_eq!(markdown(&report).matches("<summary>Genre ").count(), number);
    }
}

#[test]
fn a_report_of_next_to_nothing_makes_a_whole_page() {
    let mut report = of_labels(1);
    report.baselines.clear();
    report.labels.clear();
    report.curves.clear();
    report.baseline_curves.clear();
    report.thresholds.labels.clear();
    report.slices.clear();
    report.examples.clear();
    report.warnings.clear();
    report.hashes.clear();
    report.distribution.clear();
    report.base_model = None;
    report.artists_unseen = false;
    (report.funnel, report.learning) = Default::default();
    report.cooccurrence.labels.clear();
    report.calibration.candidates.clear();
    let (page, text) = (html(&report), markdown(&report));
    assert_well_formed(&page);
    for told in [&page, &text] {
        assert!(told.contains("No baseline was measured") && told.contains("trained from scratch"));
    }
    assert!(page.contains("! ") || page.contains("artists partly seen in training"));
    let none =
        Comparison { format_version: FORMAT_VERSION, runs: Vec::new(), differences: Vec::new() };
    assert_well_formed(&comparison_html(&none));
    comparison_markdown(&none);
}

#[test]
fn the_page_needs_nothing_else_and_is_small() {
    let page = html(&report(&Invention::default()));
    assert!(page.len() < 1_500_000, "{} bytes", page.len());
    for loader in [
        "<link rel=\"stylesheet",
        " src=",
        "@import",
        "url(",
        "http:",
        "https:",
        "fetch(",
        "localStorage",
    ] {
        assert!(!page.contains(loader), "{loader}");
    }
    assert!(page.contains("default-src &#39;none&#39;"));
    let script = page.split("<script>").nth(1).unwrap().split("</script>").next().unwrap();
    assert!(script.lines().count() < 150);
}

#[test]
fn tables_plots_and_headings_can_be_read_aloud() {
    for page in [html(&report(&Invention::default())), comparison_html(&two_runs())] {
        let heads = page.split("<th").skip(1).filter(|head| !head.starts_with("ead"));
        assert!(heads.into_iter().all(|head| head.split('>').next().unwrap().contains("scope=")));
        assert_eq!(page.matches("<table").count(), page.matches("<caption").count());
        assert_eq!(page.matches("role=\"img\"").count(), page.matches("<desc").count());
        let told =
            page.matches("role=\"img\"").count() + page.matches("aria-hidden=\"true\"").count();
        let inner = page.matches("class=\"at\"").count();
        assert!(page.matches("<svg").count() - inner <= told);
        let ids: Vec<_> =
            page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let mut unique = ids.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), ids.len());
        let levels =
            page.split("<h").skip(1).filter_map(|rest| rest.bytes().next()?.checked_sub(b'0'));
        let levels: Vec<_> = levels.filter(|level| (1..=6).contains(level)).collect();
        assert!(levels[0] == 1 && !levels[1..].contains(&1), "{levels:?}");
        assert!(levels.windows(2).all(|two| two[1] <= two[0] + 1), "{levels:?}");
        for landmark in ["<header>", "<main ", "<nav ", "<footer>"] {
            assert_eq!(page.matches(landmark).count(), 1, "{landmark}");
        }
    }
    let page = html(&report(&Invention::default()));
    let heads = COLUMNS.map(|name| format!("<button type=\"button\">{name}</button></th>"));
    assert_in_order(&page, &heads.each_ref().map(String::as_str));
    assert_eq!(page.matches("aria-sort=\"none\"").count(), COLUMNS.len());
}

#[test]
fn rows_that_nobody_accounts_for_are_told() {
    let mut report = report(&Invention::default());
    assert!(!html(&report).contains("are accounted for"));
    report.funnel.rejects.pop();
    assert!(html(&report).contains("10,174 rows were read but 9,967 are accounted for."));
}

#[test]
fn the_terminal_shows_the_baselines_beside_the_model_and_a_line_a_label() {
    let mut report = report(&Invention::default());
    report.warnings = vec!["half the artists sing twice".to_owned()];
    report.metrics.per_label[1].roc_auc = None;
    report.metrics.undefined.roc_auc = vec!["Classical".to_owned()];
    let text = text(&report);
    let parts = [
        "1,500 songs of ",
        "unseen in training, 14 labels",
        "model  95% interval",
        "TF-IDF    prior",
        "macro AUC",
        "micro AUC",
        "read it beside the prior's",
        "label ",
        "threshold",
        "Alternative",
        "Soundtrack",
        "averages leave it out: Classical",
        "note: half the artists sing twice",
    ];
    assert_in_order(&text, &parts);
    let labels: Vec<&str> = text.lines().filter(|line| line.contains("%  ")).collect();
    assert_eq!(labels.len(), 14);
    let ends: Vec<usize> =
        labels.iter().map(|line| line.trim_end_matches('*').chars().count()).collect();
    assert!(ends.iter().all(|end| *end == ends[0]), "numbers line up: {ends:?}");
    assert!(labels[1].contains('–'), "{}", labels[1]);
}

#[test]
fn the_terminal_compares_runs_and_says_what_could_be_chance() {
    let mut comparison = two_runs();
    let difference = &mut comparison.differences[0].metrics[0];
    difference.metric = "macro_roc_auc".to_owned();
    difference.difference = Interval { value: 0.01, low: -0.01, high: 0.03 };
    let text = comparison_text(&comparison);
    let line = text.lines().find(|line| line.contains("macro AUC")).unwrap();
    assert!(line.contains('→') && line.ends_with("could be chance"), "{line}");
    assert!(text.contains(" against "), "{text}");
}
