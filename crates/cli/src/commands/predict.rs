//! `canto predict`: lyrics in, genres out.

mod batch;

use crate::args::PredictArgs;
use crate::console::Console;
use crate::failure::Refusal;
use crate::machine::processor_seconds;
use crate::progress::grouped;
use crate::songs::open_device;
use anyhow::Context;
use canto_bundle::Bundle;
use canto_encoder::peak_memory;
use canto_predict::{
    Explanation, FileOptions, FileSummary, LabelScore, LineWeight, Overrides, Prediction, Predictor,
};
use canto_song::Silent;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;
use std::time::Instant;

/// Labels of the table without `--all`, unless more are predicted.
const LIKELIEST: usize = 5;

/// Cells of a bar.
const BAR: usize = 24;

/// Predicts one song to stdout, or a file of songs to another file.
pub(crate) fn run(args: &PredictArgs, console: &Console) -> anyhow::Result<()> {
    let bundle = canto_hub::open_model(&args.model, &console.stages())?.bundle;
    let overrides = Overrides { all: args.threshold, per_label: args.thresholds.clone() };
    // A wrong label is known before the weights are read.
    overrides.apply(bundle.thresholds())?;
    if let (Some(input), Some(output)) = (&args.input, &args.output) {
        let options = FileOptions { column: args.column.clone(), overrides };
        if args.shard.is_some() || input.is_dir() {
            return batch::score(bundle, args, (input, output), &options, console);
        }
        let predictor = predictor(bundle, args)?;
        return score_file(&predictor, input, output, &options, console);
    }
    let lyrics = lyrics(args)?;
    let predictor = predictor(bundle, args)?;
    let predicted = if args.explain {
        vec![predictor.explain(&lyrics, &overrides, &console.stages())?]
    } else {
        predictor.predict(&[&lyrics], &overrides, &Silent)?
    };
    predicted.iter().try_for_each(|prediction| print(prediction, args))
}

fn predictor(bundle: Bundle, args: &PredictArgs) -> anyhow::Result<Predictor> {
    let open = open_device(args.device.device)?;
    Ok(Predictor::open_as(bundle, &open.device, args.precision)?)
}

fn score_file(
    predictor: &Predictor,
    input: &Path,
    output: &Path,
    options: &FileOptions,
    console: &Console,
) -> anyhow::Result<()> {
    let (begun, before) = (Instant::now(), processor_seconds());
    let summary = predictor.score_file(input, output, options, &console.stages())?;
    tell_use(begun.elapsed().as_secs_f64(), before);
    tell(&summary, output);
    Ok(())
}

fn tell(summary: &FileSummary, output: &Path) {
    tracing::info!(
        "scored {} of {} songs into {}",
        grouped(summary.scored),
        grouped(summary.rows),
        output.display()
    );
    if summary.rejected > 0 {
        let (count, path) = (grouped(summary.rejected), summary.rejects.display());
        tracing::warn!("{count} songs have no scores; see {path}");
    }
}

/// What scoring took of the machine in `seconds`, with `--verbose` and where the system tells.
fn tell_use(seconds: f64, before: Option<f64>) {
    if let (Some(before), Some(after), Some(bytes)) = (before, processor_seconds(), peak_memory()) {
        let (busy, memory) = ((after - before) / seconds, bytes as f64 / 1e6);
        tracing::debug!("kept {busy:.2} cores busy; {memory:.1} MB of memory at most");
    }
}

fn lyrics(args: &PredictArgs) -> anyhow::Result<String> {
    if let Some(text) = &args.text {
        return Ok(text.clone());
    }
    let (bytes, name) = match &args.file {
        Some(path) => {
            let bytes = std::fs::read(path);
            let name = path.display().to_string();
            (bytes.with_context(|| format!("cannot read `{name}`"))?, name)
        }
        None => (from_stdin()?, "stdin".to_owned()),
    };
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let refusal = Refusal::new(format!("`{name}` is not UTF-8: a bad byte at offset {at}"));
        refusal.hint("if it is Latin-1, convert it: `iconv -f latin1 -t utf-8`").into()
    })
}

fn from_stdin() -> anyhow::Result<Vec<u8>> {
    let mut stdin = io::stdin().lock();
    if stdin.is_terminal() {
        tracing::info!("type or paste the lyrics, then press Ctrl-D on a line of its own");
    }
    let mut bytes = Vec::new();
    stdin.read_to_end(&mut bytes).context("cannot read from stdin")?;
    Ok(bytes)
}

fn print(prediction: &Prediction, args: &PredictArgs) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(prediction)?)?;
    } else {
        for warning in &prediction.warnings {
            tracing::warn!("{warning}");
        }
        out.write_all(table(prediction, args.all).as_bytes())?;
        for explanation in prediction.explanation.iter().flatten() {
            out.write_all(reasons(explanation).as_bytes())?;
        }
    }
    Ok(())
}

/// Labels from the likeliest on, then what was decided.
fn table(prediction: &Prediction, all: bool) -> String {
    let mut labels: Vec<&LabelScore> = prediction.labels.iter().collect();
    labels.sort_by(|a, b| b.score.total_cmp(&a.score));
    let last_predicted = labels.iter().rposition(|label| label.predicted).map_or(0, |at| at + 1);
    let shown = if all { labels.len() } else { last_predicted.max(LIKELIEST) };
    let width = labels.iter().map(|label| label.label.chars().count()).max().unwrap_or(0);
    let mut text = format!("{:<width$}  {:<BAR$}  score  threshold\n", "", "");
    for label in labels.into_iter().take(shown) {
        text.push_str(&row(label, width));
    }
    let names: Vec<_> = prediction.genres.iter().map(|genre| genre.label.as_str()).collect();
    let genres =
        if names.is_empty() { "none reaches its threshold".into() } else { names.join(", ") };
    let language = prediction.language.as_deref().unwrap_or("unknown");
    let cut = if prediction.truncated { ", read in part" } else { "" };
    let tokens = prediction.tokens;
    let _ = writeln!(text, "genres: {genres}   (language {language}, {tokens} tokens{cut})");
    text
}

fn row(label: &LabelScore, width: usize) -> String {
    let LabelScore { label, score, threshold, predicted } = label;
    let full = (score.clamp(0.0, 1.0) * BAR as f32).round() as usize;
    let bar = "█".repeat(full) + &"░".repeat(BAR - full);
    let mark = if *predicted { "yes" } else { "" };
    let line = format!("{label:<width$}  {bar}  {score:.3}      {threshold:.3}  {mark}");
    line.trim_end().to_owned() + "\n"
}

/// The lines that raised a label's score most.
fn reasons(explanation: &Explanation) -> String {
    let Explanation { label, lines } = explanation;
    let mut text = format!("\nlines that carried {label}, by what the score loses without them:\n");
    let telling = lines.iter().filter(|line| line.weight > 0.0).take(LIKELIEST);
    for LineWeight { line, text: words, times, weight } in telling {
        let repeated = if *times > 1 { format!("  ({times} times)") } else { String::new() };
        let _ = writeln!(text, "  +{weight:.3}  line {line:<4} {words}{repeated}");
    }
    if lines.iter().all(|line| line.weight <= 0.0) {
        text.push_str("  none: leaving out no single line lowers the score\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use canto_predict::GenreScore;

    fn prediction(scores: &[(&str, f32, bool)]) -> Prediction {
        let label = |&(label, score, predicted): &(&str, f32, bool)| LabelScore {
            label: label.into(),
            score,
            threshold: 0.5,
            predicted,
        };
        let genres = scores.iter().filter(|score| score.2);
        let genre =
            |&(label, score, _): &(&str, f32, bool)| GenreScore { label: label.into(), score };
        Prediction {
            labels: scores.iter().map(label).collect(),
            genres: genres.map(genre).collect(),
            tokens: 12,
            truncated: false,
            language: Some("eng".into()),
            language_confidence: 0.9,
            warnings: Vec::new(),
            explanation: None,
        }
    }

    #[test]
    fn the_weightiest_lines_are_shown_and_those_against_are_not() {
        let line =
            |line, text: &str, times, weight| LineWeight { line, text: text.into(), times, weight };
        let lines = vec![line(3, "hum", 2, 0.25), line(1, "la", 1, -0.125)];
        let text = reasons(&Explanation { label: "Folk".into(), lines });
        assert!(text.contains("  +0.250  line 3    hum  (2 times)\n"), "{text}");
        assert!(!text.contains("la\n"), "{text}");
        let against = vec![line(1, "la", 1, -0.125)];
        let text = reasons(&Explanation { label: "Folk".into(), lines: against });
        assert!(text.contains("none: "), "{text}");
    }

    #[test]
    fn the_likeliest_come_first_and_all_predicted_are_shown() {
        let letters = ["a", "b", "c", "d", "e", "f", "g"];
        let scores: Vec<_> =
            letters.iter().zip(1..).map(|(name, n)| (*name, n as f32 / 10.0, n == 2)).collect();
        let text = table(&prediction(&scores), false);
        let first: String = text.lines().skip(1).map(|line| &line[..1]).collect();
        assert_eq!(first, "gfedcbg", "the predicted `b`, then the line `genres`:\n{text}");
        assert!(text.contains("genres: b   (language eng, 12 tokens)"));
    }

    #[test]
    fn nothing_predicted_is_said() {
        let text = table(&prediction(&[("a", 0.25, false)]), true);
        assert!(text.contains("█░") && text.contains("0.250      0.500\n"), "{text}");
        assert!(text.contains("none reaches its threshold"));
    }
}
