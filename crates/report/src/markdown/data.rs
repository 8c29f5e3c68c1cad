//! The data, parts of it, and what was done.

use super::text::{bar, code, folded, join, plain, section, table};
use crate::Report;
use crate::figure::{count, decimal, percent, with_range};
use crate::wording::{bootstrap, method_title, metric_title, sentence_case};

pub(super) fn cooccurrence(report: &Report) -> String {
    let found = &report.cooccurrence;
    if found.labels.is_empty() {
        return String::new();
    }
    let names: Vec<_> = found.labels.iter().map(|label| format!("{}>", plain(label))).collect();
    let heads: Vec<_> = std::iter::once("").chain(names.iter().map(String::as_str)).collect();
    let rows = found.labels.iter().zip(&found.truth).zip(&found.decided);
    let rows = rows.map(|((label, truth), decided)| {
        let cells = truth
            .iter()
            .zip(decided)
            .map(|(truth, decided)| format!("{}/{}", count(*truth), count(*decided)));
        std::iter::once(plain(label)).chain(cells).collect()
    });
    let about =
        "Songs with both labels, true/decided; the diagonal counts the songs of each label.";
    section("Labels together", [about.to_owned(), table(&heads, rows)])
}

pub(super) fn slices(report: &Report) -> String {
    let rows = report.slices.iter().map(|slice| {
        vec![
            format!("{}: {}", plain(&sentence_case(&slice.by)), plain(&slice.name)),
            count(slice.songs),
            with_range(slice.macro_roc_auc),
            with_range(slice.macro_average_precision),
            with_range(Some(slice.macro_f1)),
            with_range(Some(slice.micro_f1)),
        ]
    });
    let heads = ["Songs by", "Songs>", "Macro AUC>", "Macro AP>", "Macro F1>", "Micro F1>"];
    if report.slices.is_empty() { String::new() } else { section("Slices", [table(&heads, rows)]) }
}

pub(super) fn learning(report: &Report) -> String {
    let learning = &report.learning;
    let best = learning
        .best_step
        .map_or_else(String::new, |step| format!("Best checkpoint: step {}.", count(step)));
    let loss = learning.loss.last().map_or_else(String::new, |(step, loss)| {
        format!("Training loss at step {}: {}.", count(*step), decimal(*loss))
    });
    let rows = learning.validation.iter().map(|(step, value)| {
        let marked = if learning.best_step == Some(*step) { " ✓" } else { "" };
        vec![count(*step), format!("{}{marked}", decimal(*value))]
    });
    let metric = format!("{}, validation>", plain(&metric_title(&learning.metric)));
    let steps = table(&["Step>", &metric], rows);
    let steps = if learning.validation.is_empty() { String::new() } else { steps };
    section("Learning curve", [join([format!("{best} {loss}")]), steps])
}

pub(super) fn funnel(report: &Report) -> String {
    let funnel = &report.funnel;
    let line = |name: String, songs: u64| {
        let share = songs as f64;
        vec![name, count(songs), percent(songs, funnel.rows), bar(share, 0.0, funnel.rows as f64)]
    };
    let total = |name: &str, songs| line(format!("**{name}**"), songs);
    let rejects = funnel
        .rejects
        .iter()
        .map(|(reason, songs)| line(format!("− {}", plain(&sentence_case(reason))), *songs));
    let splits =
        funnel.splits.iter().map(|(split, songs)| line(plain(&sentence_case(split)), *songs));
    let rows = std::iter::once(total("Rows of the source", funnel.rows))
        .chain(rejects)
        .chain([total("Songs", funnel.songs)])
        .chain(splits);
    let about = format!("What became of every row of {}.", plain(&funnel.source));
    section("From row to song", [about, table(&["Stage", "Rows>", "Of all>", "Share"], rows)])
}

pub(super) fn distribution(report: &Report) -> String {
    let [train, validation, test] =
        ["train", "validation", "test"].map(|split| report.split_songs(split));
    let cell = |songs: u64, of: u64| {
        if of > 0 { format!("{} ({})", count(songs), percent(songs, of)) } else { count(songs) }
    };
    let rows = report.distribution.iter().map(|label| {
        vec![
            plain(&label.label),
            cell(label.train, train),
            cell(label.validation, validation),
            cell(label.test, test),
        ]
    });
    let table = table(&["Label", "Training>", "Validation>", "Test>"], rows);
    if report.distribution.is_empty() { String::new() } else { section("Labels by split", [table]) }
}

pub(super) fn calibration(report: &Report) -> String {
    let calibration = &report.calibration;
    let [before, after] = report.expected_calibration_error;
    let kept = format!(
        "Kept: **{}**. {}",
        plain(&method_title(&calibration.chosen)),
        plain(&calibration.reason)
    );
    let effect = format!(
        "Expected calibration error on the songs measured: {} before, {} after.",
        decimal(before),
        decimal(after)
    );
    let rows = calibration.candidates.iter().map(|candidate| {
        let chosen = if candidate.method == calibration.chosen { "✓ kept" } else { "" };
        vec![
            plain(&method_title(&candidate.method)),
            format!("{:.5}", candidate.log_loss),
            format!("{:.5}", candidate.expected_calibration_error),
            chosen.to_owned(),
        ]
    });
    let heads = ["Method", "Log loss, nats>", "Expected calibration error>", "Choice"];
    let table = table(&heads, rows);
    section(
        "Calibration",
        [kept, effect, if calibration.candidates.is_empty() { String::new() } else { table }],
    )
}

pub(super) fn settings(report: &Report) -> String {
    let rows = report.hashes.iter().map(|(name, hash)| {
        vec![plain(&sentence_case(name)), format!("<code>{}</code>", plain(hash))]
    });
    let hashes = table(&["File", "SHA-256"], rows);
    let hashes = if report.hashes.is_empty() { String::new() } else { hashes };
    let recipe = folded("The resolved recipe (TOML)", &code("toml", &report.settings));
    section("Settings and hashes", [plain(&bootstrap(report)), hashes, recipe])
}
