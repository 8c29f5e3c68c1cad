//! `test_scores.ndjson`: what a model said of every test song, so that runs can be compared
//! without scoring again.

use crate::failure::Refusal;
use anyhow::Context;
use canto_bundle::Bundle;
use canto_evaluate::{Scored, Scores, Test};
use canto_song::Song;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The first line: which songs, which model.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heading {
    songs_sha256: String,
    /// SHA-256 of every file of the model that decides a score or a decision.
    model_sha256: BTreeMap<String, String>,
    /// Label names, in the order of the scores.
    labels: Vec<String>,
}

impl Heading {
    /// Of the scores that `bundle` gives to the songs of this hash.
    pub(crate) fn new(bundle: &Bundle, songs_sha256: String) -> Result<Self, canto_bundle::Error> {
        let files = bundle.manifest()?.files.into_iter();
        let decides = files.filter(|file| !["metrics.json", "run.toml"].contains(&&*file.name));
        let model_sha256 = decides.map(|file| (file.name, file.sha256)).collect();
        Ok(Self { songs_sha256, model_sha256, labels: bundle.labels().to_vec() })
    }
}

/// Each further line.
#[derive(Serialize, Deserialize)]
struct Line {
    row: u64,
    scores: Vec<f32>,
}

/// The file's text.
pub(crate) fn to_text(heading: &Heading, songs: &[Song], test: &Test) -> anyhow::Result<String> {
    let mut text = serde_json::to_string(heading)?;
    let rows = test.scores().values().chunks(heading.labels.len().max(1));
    for (song, scores) in songs.iter().zip(rows) {
        text.push('\n');
        text += &serde_json::to_string(&Line { row: song.row, scores: scores.to_vec() })?;
    }
    text.push('\n');
    Ok(text)
}

/// The scores in the file at `path`, if it is there and its heading is `expected`.
pub(crate) fn read(
    path: &Path,
    expected: &Heading,
    songs: &[Song],
) -> anyhow::Result<Option<Scores>> {
    if !path.is_file() {
        return Ok(None);
    }
    let text = fs_err::read_to_string(path)?;
    let mut lines = text.lines();
    let heading = lines.next().unwrap_or_default();
    if serde_json::from_str::<Heading>(heading).ok().as_ref() != Some(expected) {
        return Ok(None);
    }
    let mut values = Vec::with_capacity(songs.len() * expected.labels.len());
    let mut count = 0;
    for (line, song) in lines.zip(songs) {
        let Line { row, scores } = serde_json::from_str(line)
            .with_context(|| format!("`{}` is damaged at song {}", path.display(), count + 1))?;
        if row != song.row || scores.len() != expected.labels.len() {
            break;
        }
        values.extend(scores);
        count += 1;
    }
    if count != songs.len() {
        let fact = format!("`{}` holds {count} songs, expected {}", path.display(), songs.len());
        return Err(Refusal::new(fact).hint("measure again with `canto eval … --again`").into());
    }
    Ok(Some(Scores::new(songs.len(), expected.labels.len(), values)?))
}
