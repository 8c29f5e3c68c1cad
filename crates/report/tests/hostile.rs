//! Text that would rather be markup.

mod invented;
mod reading;

use canto_evaluate::Interval;
use canto_report::{
    Comparison, FORMAT_VERSION, Report, comparison_html, comparison_markdown, html, markdown,
};
use invented::differences;
use reading::{assert_well_formed, of_labels, two_runs};

const HOSTILE: [&str; 5] = [
    "</script><script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "| a | `b` | *c* | [d](javascript:e) |\n# f",
    "\u{202E}שלום 🎵\u{0}",
    "```\n</details>\n</textarea><!-- --><style>*{display:none}</style>",
];

/// A report in which every text that may come from outside is hostile.
fn with_hostile_text() -> Report {
    let mut report = of_labels(5);
    let long = "Long".repeat(200);
    let text = HOSTILE.join(&long);
    for (at, hostile) in HOSTILE.into_iter().enumerate() {
        hostile.clone_into(&mut report.labels[at].metrics.label);
        hostile.clone_into(&mut report.curves[at].label);
        hostile.clone_into(&mut report.thresholds.labels[at].label);
        hostile.clone_into(&mut report.cooccurrence.labels[at]);
        hostile.clone_into(&mut report.distribution[at].label);
        let examples = &mut report.examples[at];
        hostile.clone_into(&mut examples.label);
        examples.telling[0].line.clone_from(&text);
        examples.telling[1].song.clone_from(&text);
        examples.misses[0].snippet.clone_from(&text);
        examples.misses[0].truth = vec![text.clone()];
        examples.false_alarms[0].song.clone_from(&text);
    }
    for place in [
        &mut report.run,
        &mut report.canto_version,
        &mut report.split,
        &mut report.settings,
        &mut report.bootstrap.unit,
        &mut report.calibration.chosen,
        &mut report.calibration.reason,
        &mut report.calibration.candidates[0].method,
        &mut report.thresholds.strategy,
        &mut report.thresholds.objective,
        &mut report.funnel.source,
        &mut report.funnel.rejects[0].0,
        &mut report.funnel.splits[0].0,
        &mut report.learning.metric,
        &mut report.slices[0].by,
        &mut report.baselines[0].title,
        &mut report.warnings[0],
    ] {
        place.clone_from(&text);
    }
    report.slices[1].name.clone_from(&text);
    report.base_model = Some(text.clone());
    report.hashes.insert(text.clone(), text.clone());
    report.metrics.undefined.roc_auc = vec![text.clone()];
    report.intervals.insert(text.clone(), Interval { value: 0.5, low: 0.4, high: 0.6 });
    report
}

#[test]
fn hostile_text_is_text() {
    let report = with_hostile_text();
    let page = html(&report);
    assert_well_formed(&page);
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("<style").count(), 1);
    let comparison = Comparison {
        format_version: FORMAT_VERSION,
        differences: vec![differences(&report, &report)],
        runs: vec![report.clone(), report.clone()],
    };
    let compared = comparison_html(&comparison);
    assert_well_formed(&compared);
    for page in [&page, &compared] {
        assert!(!page.contains("<img") && !page.contains("<!--") && !page.contains('\u{202E}'));
        assert!(page.contains("&lt;script&gt;alert(1)") && page.contains("שלום 🎵"));
    }
    for text in [markdown(&report), comparison_markdown(&comparison)] {
        let outside = without_code(&text);
        assert!(
            !outside.contains("<script")
                && !outside.contains("<img")
                && !outside.contains("</textarea")
        );
        assert!(!outside.contains("\n# f"));
        assert_eq!(outside.matches("<details>").count(), outside.matches("</details>").count());
    }
}

/// Markdown without its fenced code, where nothing means anything.
fn without_code(text: &str) -> String {
    let mut fence = None;
    let outside = text.lines().filter(|line| {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match fence {
            None if ticks >= 3 => fence = Some(ticks),
            Some(open) if ticks >= open => fence = None,
            Some(_) => return false,
            None => return true,
        }
        false
    });
    outside.collect::<Vec<_>>().join("\n")
}

#[test]
fn rows_of_a_table_have_as_many_cells_as_its_head() {
    let hostile = with_hostile_text();
    for text in [markdown(&hostile), comparison_markdown(&two_runs())] {
        let mut width = None;
        for line in text.lines() {
            let cells = line.replace("\\|", "").matches('|').count();
            if !line.starts_with('|') {
                width = None;
                continue;
            }
            assert_eq!(*width.get_or_insert(cells), cells, "{line}");
        }
    }
}
