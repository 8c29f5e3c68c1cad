//! A predictor as the server sees it.

use canto_batch::Window;
use canto_bundle::{Bundle, Source};
use canto_evaluate::Thresholds;
use canto_predict::{Error, Overrides, Predictor, Unscorable};
use canto_serve as serve;
use canto_serve::{FileHash, Info, LabelThreshold, Model, ModelError, ModelInfo, Question};
use canto_song::Silent;
use std::path::Path;

/// Bytes of lyrics to a token, about: English through a vocabulary of its own.
const BYTES_TO_A_TOKEN: usize = 4;

type Scored = Result<serve::Prediction, serve::Unscorable>;

/// A predictor and what is said of it.
pub(crate) struct Served {
    predictor: Predictor,
    info: Info,
    most_tokens: usize,
}

impl Served {
    /// `device` in words.
    pub(crate) fn new(predictor: Predictor, device: &str) -> anyhow::Result<Self> {
        let bundle = predictor.bundle();
        let batch = bundle.windows().config();
        let windows = if batch.window == Window::Chunks { batch.max_chunks } else { 1 };
        let most_tokens = batch.max_tokens * windows;
        let info = info(bundle, device)?;
        Ok(Self { predictor, info, most_tokens })
    }
}

impl Model for Served {
    fn info(&self) -> &Info {
        &self.info
    }

    fn tokens(&self, lyrics: &str) -> usize {
        (lyrics.len() / BYTES_TO_A_TOKEN + 2).min(self.most_tokens)
    }

    fn predict(&self, songs: &[Question]) -> Result<Vec<Scored>, ModelError> {
        let lyrics: Vec<&str> = songs.iter().map(|song| song.lyrics.as_str()).collect();
        let scored = self.predictor.predict_each(&lyrics, &Overrides::default(), &Silent)?;
        let own = self.predictor.bundle().thresholds();
        let decided = scored.into_iter().zip(songs).map(|(outcome, song)| {
            let thresholds = overrides(song).apply(own)?;
            Ok(outcome.map(|found| decided(found, &thresholds)).map_err(unscorable))
        });
        decided.collect()
    }

    fn explain(&self, song: &Question) -> Result<Scored, ModelError> {
        match self.predictor.explain(&song.lyrics, &overrides(song), &Silent) {
            Ok(prediction) => Ok(Ok(answered(prediction))),
            Err(Error::Unscorable { reason, .. }) => Ok(Err(unscorable(reason))),
            Err(error) => Err(error.into()),
        }
    }
}

fn overrides(song: &Question) -> Overrides {
    Overrides { all: song.threshold, per_label: song.thresholds.clone() }
}

/// The prediction under other thresholds than the model's own: songs that are scored together are
/// not decided together.
fn decided(prediction: canto_predict::Prediction, thresholds: &Thresholds) -> serve::Prediction {
    let mut answer = answered(prediction);
    let scores: Vec<f32> = answer.labels.iter().map(|label| label.score).collect();
    let decisions = thresholds.decide(&scores);
    for ((label, own), predicted) in answer.labels.iter_mut().zip(&thresholds.values).zip(decisions)
    {
        (label.threshold, label.predicted) = (own.threshold, predicted);
    }
    let predicted = answer.labels.iter().filter(|label| label.predicted);
    let genre = |label: &serve::LabelScore| serve::GenreScore {
        label: label.label.clone(),
        score: label.score,
    };
    answer.genres = predicted.map(genre).collect();
    // A stable sort: equal scores keep the model's order.
    answer.genres.sort_by(|a, b| b.score.total_cmp(&a.score));
    answer
}

fn unscorable(reason: Unscorable) -> serve::Unscorable {
    match reason {
        Unscorable::MissingLyrics => serve::Unscorable::MissingLyrics,
        Unscorable::EmptyAfterCleaning => serve::Unscorable::EmptyAfterCleaning,
    }
}

/// The same in the form of the wire.
fn answered(prediction: canto_predict::Prediction) -> serve::Prediction {
    let genre = |genre: canto_predict::GenreScore| serve::GenreScore {
        label: genre.label,
        score: genre.score,
    };
    let label = |label: canto_predict::LabelScore| serve::LabelScore {
        label: label.label,
        score: label.score,
        threshold: label.threshold,
        predicted: label.predicted,
    };
    let warning = |warning: &canto_predict::Warning| serve::Warning {
        code: warning.code().to_owned(),
        message: warning.to_string(),
    };
    serve::Prediction {
        genres: prediction.genres.into_iter().map(genre).collect(),
        labels: prediction.labels.into_iter().map(label).collect(),
        tokens: prediction.tokens,
        truncated: prediction.truncated,
        language: prediction.language,
        language_confidence: prediction.language_confidence,
        warnings: prediction.warnings.iter().map(warning).collect(),
        explanation: prediction.explanation.map(|all| all.into_iter().map(explained).collect()),
    }
}

fn explained(explanation: canto_predict::Explanation) -> serve::Explanation {
    let line = |line: canto_predict::LineWeight| serve::LineWeight {
        line: line.line,
        text: line.text,
        times: line.times,
        weight: line.weight,
    };
    serve::Explanation {
        label: explanation.label,
        lines: explanation.lines.into_iter().map(line).collect(),
    }
}

fn info(bundle: &Bundle, device: &str) -> anyhow::Result<Info> {
    let (architecture, batch) = (bundle.architecture(), bundle.windows().config());
    let (source, files) = match bundle.source() {
        Source::Canto => ("canto", bundle.manifest()?.files),
        Source::HuggingFace => ("hugging_face", Vec::new()),
    };
    let hash = |file: canto_bundle::FileRecord| FileHash {
        name: file.name,
        bytes: file.bytes,
        sha256: file.sha256,
    };
    let label = |value: &canto_evaluate::LabelThreshold| LabelThreshold {
        label: value.label.clone(),
        threshold: value.threshold,
    };
    let window = match batch.window {
        Window::Head => "head",
        Window::HeadTail => "head_tail",
        Window::Chunks => "chunks",
    };
    Ok(Info {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        name: name(bundle.dir()),
        device: device.to_owned(),
        model: ModelInfo {
            source: source.to_owned(),
            family: architecture.family.model_type().to_owned(),
            layers: architecture.layers,
            hidden_size: architecture.hidden_size,
            max_tokens: batch.max_tokens,
            window: window.to_owned(),
        },
        labels: bundle.thresholds().values.iter().map(label).collect(),
        languages: bundle.language().accept.clone(),
        files: files.into_iter().map(hash).collect(),
    })
}

/// The run's name, or the folder's: no path of this machine is told.
fn name(model: &Path) -> String {
    let model = model.canonicalize().unwrap_or_else(|_| model.to_owned());
    let run = model.parent().filter(|folder| folder.join("run.toml").is_file());
    let folder = run.unwrap_or(&model).file_name();
    folder.map_or_else(|| "model".to_owned(), |name| name.to_string_lossy().into_owned())
}
