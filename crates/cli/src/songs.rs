//! Prepared songs, and what a trained model makes of them.

use crate::failure::Refusal;
use canto_bundle::Bundle;
use canto_corpus::Prepared;
use canto_encoder::{DeviceChoice, OpenDevice};
use canto_evaluate::{Metrics, Scores, Targets};
use canto_score::Scorer;
use canto_song::{Genre, Progress, Song, Split};
use std::path::Path;

/// Opens the device and says where the choice was not met.
pub(crate) fn open_device(choice: DeviceChoice) -> anyhow::Result<OpenDevice> {
    let open = choice.open()?;
    if let Some(note) = &open.note {
        tracing::warn!("{note}");
    }
    tracing::info!("computing on {}", open.describe());
    Ok(open)
}

/// Opens the prepared folder `path`, which an empty path does not name.
pub(crate) fn open_prepared(path: &Path) -> anyhow::Result<Prepared> {
    if path.as_os_str().is_empty() {
        let refusal = Refusal::new("no prepared songs are named")
            .hint("give `--data DIR`, or `data.prepared` in the recipe");
        return Err(refusal.into());
    }
    Ok(Prepared::open(path)?)
}

/// The songs of `split`, at least one.
pub(crate) fn of_split(prepared: &Prepared, split: Split) -> anyhow::Result<Vec<Song>> {
    let songs = prepared.songs(split)?;
    if songs.is_empty() {
        let refusal = Refusal::new(format!("the {split} split holds no songs"))
            .hint("prepare more songs, or change `corpus.split`");
        return Err(refusal.into());
    }
    Ok(songs)
}

/// SHA-256 of the songs, by which two preparations are told apart.
pub(crate) fn fingerprint(prepared: &Prepared) -> String {
    prepared.manifest().files.get("songs.parquet").cloned().unwrap_or_default()
}

/// What the model says of `songs`, and what it should say.
pub(crate) fn score(
    bundle: &Bundle,
    device: DeviceChoice,
    songs: &[Song],
    progress: &dyn Progress,
) -> anyhow::Result<(Scores, Targets)> {
    let labels = Genre::names();
    if bundle.labels() != labels {
        let found = bundle.labels().join("`, `");
        let refusal = Refusal::new(format!("the model's labels are `{found}`, not the genres"))
            .hint("only models that canto trained can be tuned and measured on prepared songs");
        return Err(refusal.into());
    }
    let open = open_device(device)?;
    let model = bundle.load_model(&open.device)?;
    let lyrics: Vec<&str> = songs.iter().map(|song| song.lyrics.as_str()).collect();
    let scorer = Scorer::new(&model, &open.device, bundle.windows(), labels.len());
    let scored = scorer.score(&lyrics, progress)?;
    let scores = scored.into_iter().flat_map(|song| song.scores).collect();
    let targets = songs.iter().flat_map(|song| song.genres.flags()).collect();
    Ok((
        Scores::new(songs.len(), labels.len(), scores)?,
        Targets::new(songs.len(), labels.len(), targets)?,
    ))
}

/// The figures that count, on one line.
pub(crate) fn headline(metrics: &Metrics) -> String {
    let figure =
        |value: Option<f64>| value.map_or("undefined".into(), |value| format!("{value:.4}"));
    format!(
        "macro AUC {}, micro AUC {}, macro F1 {:.4}, micro F1 {:.4}",
        figure(metrics.macro_roc_auc),
        figure(metrics.micro_roc_auc),
        metrics.macro_f1,
        metrics.micro_f1
    )
}
