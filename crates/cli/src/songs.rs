//! Prepared songs, and what a trained model makes of them.

use crate::failure::Refusal;
use canto_bundle::Bundle;
use canto_corpus::{Prepared, first_named_artist};
use canto_encoder::{Device, DeviceChoice, OpenDevice};
use canto_evaluate::{Groups, Metrics, Targets};
use canto_song::{Genre, Progress, Song, Split};
use canto_tfidf::{Tfidf, TfidfConfig};
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

/// Opens every one of `choices`, of which there is at least one; the first, and the others.
pub(crate) fn open_devices(choices: &[DeviceChoice]) -> anyhow::Result<(OpenDevice, Vec<Device>)> {
    let (first, others) = choices.split_first().unwrap_or((&DeviceChoice::Auto, &[]));
    let open = |choice: &DeviceChoice| open_device(*choice);
    let others = others.iter().map(|choice| Ok(open(choice)?.device));
    Ok((open(first)?, others.collect::<anyhow::Result<_>>()?))
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

/// Refuses a model that was not trained on the genres.
pub(crate) fn refuse_other_labels(bundle: &Bundle) -> anyhow::Result<()> {
    if bundle.labels() == Genre::names() {
        return Ok(());
    }
    let found = bundle.labels().join("`, `");
    let refusal = Refusal::new(format!("the model's labels are `{found}`, not the genres"))
        .hint("only models that canto trained can be tuned and measured on prepared songs");
    Err(refusal.into())
}

/// The lyrics of `songs`, cleaned as they are.
pub(crate) fn lyrics(songs: &[Song]) -> Vec<&str> {
    songs.iter().map(|song| song.lyrics.as_str()).collect()
}

/// What a model should say of `songs`.
pub(crate) fn targets(songs: &[Song]) -> anyhow::Result<Targets> {
    Ok(Targets::new(songs.len(), Genre::ALL.len(), flags(songs))?)
}

/// The same, row-major [songs, genres].
pub(crate) fn flags(songs: &[Song]) -> Vec<bool> {
    songs.iter().flat_map(|song| song.genres.flags()).collect()
}

/// TF-IDF with logistic regression, fitted to `songs`.
pub(crate) fn fitted(
    songs: &[Song],
    config: &TfidfConfig,
    progress: &dyn Progress,
) -> anyhow::Result<Tfidf> {
    Ok(Tfidf::fit(&lyrics(songs), &flags(songs), &Genre::names(), config, progress)?)
}

/// Songs of one artist belong together when they are resampled.
pub(crate) fn artists(songs: &[Song]) -> Groups {
    let names: Vec<_> = songs.iter().map(|song| first_named_artist(&song.artist)).collect();
    Groups::new(&names)
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
