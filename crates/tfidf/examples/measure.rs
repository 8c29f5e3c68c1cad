//! Fits on `train.ndjson` and scores `test.ndjson` in a folder that `reference/real.py` filled, by
//! the keys of a JSON file that may be named next, else by the baseline's.
//! Writes `scores.json` and `times.json` beside them and saves the model as `tfidf.safetensors`.

use canto_song::Silent;
use canto_tfidf::{Tfidf, TfidfConfig};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Instant;

type Failure = Box<dyn std::error::Error>;

#[derive(Deserialize)]
struct Row {
    lyrics: String,
    targets: Vec<u8>,
}

fn read(path: &Path) -> Result<Vec<Row>, Failure> {
    let text = std::fs::read_to_string(path)?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

fn main() -> Result<(), Failure> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("name the folder")?);
    let (train, test) = (read(&folder.join("train.ndjson"))?, read(&folder.join("test.ndjson"))?);
    let lyrics = |rows: &'static [Row]| rows.iter().map(|row| row.lyrics.as_str()).collect();
    let (train, test): (&'static [Row], &'static [Row]) = (train.leak(), test.leak());
    let (fitted_on, scored_on): (Vec<&str>, Vec<&str>) = (lyrics(train), lyrics(test));
    let targets: Vec<bool> =
        train.iter().flat_map(|row| row.targets.iter().map(|&target| target == 1)).collect();
    let width = train.first().map_or(0, |row| row.targets.len());
    let labels: Vec<String> = (0..width).map(|label| label.to_string()).collect();
    let config: TfidfConfig = match std::env::args_os().nth(2) {
        Some(file) => serde_json::from_str(&std::fs::read_to_string(file)?)?,
        None => TfidfConfig::default(),
    };
    let since = Instant::now();
    let features =
        canto_tfidf::Vectorizer::fit(&fitted_on, &config.vectorizers[0])?.transform(&fitted_on);
    let features = (since.elapsed().as_secs_f64(), features.columns());
    let since = Instant::now();
    let model = Tfidf::fit(&fitted_on, &targets, &labels, &config, &Silent)?;
    let fit = since.elapsed().as_secs_f64();
    let since = Instant::now();
    let scores = model.score(&scored_on);
    let score = since.elapsed().as_secs_f64();
    model.save(&folder.join("tfidf.safetensors"))?;
    std::fs::write(folder.join("scores.json"), serde_json::to_vec(&scores)?)?;
    let times = serde_json::json!({
        "features_seconds": features.0, "features": features.1, "fit_seconds": fit,
        "score_seconds": score, "unconverged": model.unconverged(),
    });
    std::fs::write(folder.join("times.json"), serde_json::to_vec_pretty(&times)?)?;
    Ok(())
}
