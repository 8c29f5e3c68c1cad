//! `canto quantize`: the same run with int8 weights, and what that cost.

use crate::args::QuantizeArgs;
use crate::commands::tune::restored;
use crate::config::Override;
use crate::console::Console;
use crate::failure::Refusal;
use crate::progress::grouped;
use crate::run_folder::RunFolder;
use crate::songs::{lyrics, of_split, open_device, open_prepared, refuse_other_labels, targets};
use canto_bundle::Bundle;
use canto_encoder::DeviceChoice;
use canto_evaluate::{Metrics, Scored, Scores, Validation, metrics};
use canto_predict::Predictor;
use canto_song::{Progress, Song, Split};
use serde::Serialize;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// More of a loss of macro AUC than this is worth a warning.
const MUCH_AREA: f64 = 0.002;

/// A larger share of decisions that change is worth a warning.
const MANY_DECISIONS: f64 = 0.005;

/// One of the two models, on the validation songs.
#[derive(Serialize)]
struct Side {
    weights_bytes: u64,
    open_seconds: f64,
    score_seconds: f64,
    macro_roc_auc: Option<f64>,
    macro_average_precision: Option<f64>,
    macro_f1: f64,
}

/// What int8 weights cost.
#[derive(Serialize)]
struct Cost {
    validation_songs: usize,
    f32: Side,
    int8: Side,
    largest_score_difference: f64,
    mean_score_difference: f64,
    decisions: usize,
    decisions_changed: usize,
}

/// Writes the int8 run and compares the two.
pub(crate) fn run(args: &QuantizeArgs, console: &Console) -> anyhow::Result<()> {
    let dir = Bundle::locate(&args.run)?;
    let bundle = Bundle::open(&dir)?;
    refuse_other_labels(&bundle)?;
    let data = args.data.as_ref().map(|dir| dir.display().to_string());
    let sets: Vec<_> = data.map(|dir| Override::text("data.prepared", dir)).into_iter().collect();
    let config = restored(&bundle, &sets)?;
    let songs = of_split(&open_prepared(&config.data.prepared)?, Split::Validation)?;
    let out = RunFolder::at(args.out.clone().unwrap_or_else(|| beside(&dir)));
    if out.model().exists() {
        let fact = format!("`{}` is there already", out.path().display());
        return Err(Refusal::new(fact).hint("remove it, or choose another with `--out`").into());
    }
    let size = Bundle::quantize(&dir, &out.model())?;
    let tokenizer = fs_err::read_to_string(dir.join("tokenizer.json"))?;
    out.begin(bundle.run_config().unwrap_or_default(), &tokenizer)?;
    let stages = console.stages();
    let (before, f32) = measured(&dir, size.bytes_before, &songs, &stages)?;
    let (after, int8) = measured(&out.model(), size.bytes_after, &songs, &stages)?;
    let cost = Cost::new(&before, &after, &bundle, f32, int8);
    out.store_metrics("quantization", &cost)?;
    cost.print(&mut io::stdout().lock())?;
    cost.warn();
    tracing::info!("wrote {}", out.path().display());
    Ok(())
}

/// The folder of the run around the model folder `dir`, with `-int8` at its end.
fn beside(dir: &Path) -> PathBuf {
    let run = RunFolder::around(dir).map_or_else(|| dir.to_owned(), |run| run.path().to_owned());
    let mut name = run.file_name().unwrap_or_default().to_os_string();
    name.push("-int8");
    run.with_file_name(name)
}

fn measured(
    dir: &Path,
    weights_bytes: u64,
    songs: &[Song],
    progress: &dyn Progress,
) -> anyhow::Result<(Validation, Side)> {
    let bundle = Bundle::open(dir)?;
    let device = open_device(DeviceChoice::Cpu)?.device;
    let since = Instant::now();
    let predictor = Predictor::open(bundle, &device)?;
    let open_seconds = since.elapsed().as_secs_f64();
    let since = Instant::now();
    let scored = predictor.scorer().score(&lyrics(songs), progress)?;
    let score_seconds = since.elapsed().as_secs_f64();
    let values = scored.into_iter().flat_map(|song| song.scores).collect();
    let scores = Scores::new(songs.len(), predictor.labels().len(), values)?;
    let validation = Validation::new(scores, targets(songs)?)?;
    let Metrics { macro_roc_auc, macro_average_precision, macro_f1, .. } =
        metrics(&validation, predictor.bundle().thresholds(), predictor.labels())?;
    let side = Side {
        weights_bytes,
        open_seconds,
        score_seconds,
        macro_roc_auc,
        macro_average_precision,
        macro_f1,
    };
    Ok((validation, side))
}

impl Cost {
    fn new(
        before: &Validation,
        after: &Validation,
        bundle: &Bundle,
        f32: Side,
        int8: Side,
    ) -> Self {
        let labels = bundle.labels().len().max(1);
        let [old, new] = [before, after].map(|side| side.scores().values());
        let apart = || old.iter().zip(new).map(|(a, b)| f64::from((a - b).abs()));
        let rows = old.chunks(labels).zip(new.chunks(labels));
        let changed = |(old, new): (&[f32], &[f32])| {
            let [old, new] = [old, new].map(|row| bundle.thresholds().decide(row));
            old.into_iter().zip(new).filter(|(old, new)| old != new).count()
        };
        Self {
            validation_songs: before.scores().rows(),
            f32,
            int8,
            largest_score_difference: apart().fold(0.0, f64::max),
            mean_score_difference: apart().sum::<f64>() / old.len().max(1) as f64,
            decisions: old.len(),
            decisions_changed: rows.map(changed).sum(),
        }
    }

    fn changed_share(&self) -> f64 {
        self.decisions_changed as f64 / self.decisions.max(1) as f64
    }

    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { f32, int8, .. } = self;
        let megabytes = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
        let seconds = |seconds: f64| format!("{seconds:.2} s");
        let figure = |value: Option<f64>| value.map_or("undefined".into(), |v| format!("{v:.4}"));
        let both = |of: &dyn Fn(&Side) -> String| [of(f32), of(int8)];
        let rows = [
            ("weights", both(&|side| megabytes(side.weights_bytes))),
            ("opened in", both(&|side| seconds(side.open_seconds))),
            ("scored in", both(&|side| seconds(side.score_seconds))),
            ("macro AUC", both(&|side| figure(side.macro_roc_auc))),
            ("macro AP", both(&|side| figure(side.macro_average_precision))),
            ("macro F1", both(&|side| figure(Some(side.macro_f1)))),
        ];
        let songs = grouped(self.validation_songs as u64);
        writeln!(out, "{songs} validation songs\n\n{:14}{:>12}{:>12}", "", "f32", "int8")?;
        for (name, [f32, int8]) in rows {
            writeln!(out, "{name:14}{f32:>12}{int8:>12}")?;
        }
        let Self { largest_score_difference, mean_score_difference, .. } = self;
        writeln!(
            out,
            "\nscores differ by {largest_score_difference:.4} at most, {mean_score_difference:.5} on \
             average\n{} of {} decisions changed ({:.2}%)",
            grouped(self.decisions_changed as u64),
            grouped(self.decisions as u64),
            100.0 * self.changed_share()
        )
    }

    fn warn(&self) {
        if let (Some(before), Some(after)) = (self.f32.macro_roc_auc, self.int8.macro_roc_auc)
            && before - after > MUCH_AREA
        {
            tracing::warn!("macro AUC fell by {:.4}: keep the f32 run", before - after);
        }
        if self.changed_share() > MANY_DECISIONS {
            tracing::warn!("more than one decision in two hundred changed: keep the f32 run");
        }
    }
}
