//! A model that knows nothing, for work on the page and its tests.

use canto_serve::{
    Explanation, GenreScore, Info, LabelScore, LabelThreshold, LineWeight, Model, ModelError,
    ModelInfo, Prediction, Question, Unscorable, Warning,
};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::thread;
use std::time::Duration;

/// Words of a window.
const WINDOW: usize = 400;

/// Scores are drawn from the words; each song takes some time.
pub(crate) struct Invented {
    info: Info,
    pace: Duration,
}

impl Invented {
    /// `pace`: the time that a song takes.
    pub(crate) fn new(pace: Duration) -> Self {
        let labels = ["Electronic", "Folk/Country", "Hip-Hop", "Metal", "Pop", "R&B/Soul", "Rock"];
        let label = |label: &str| LabelThreshold { label: label.to_owned(), threshold: 0.6 };
        let info = Info {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            name: "invented".to_owned(),
            device: "none".to_owned(),
            model: ModelInfo {
                source: "canto".to_owned(),
                family: "none".to_owned(),
                layers: 0,
                hidden_size: 0,
                max_tokens: WINDOW,
                window: "head".to_owned(),
            },
            labels: labels.into_iter().map(label).collect(),
            languages: vec!["eng".to_owned()],
            files: Vec::new(),
        };
        Self { info, pace }
    }

    fn labels(&self, question: &Question) -> Vec<LabelScore> {
        let score = |own: &LabelThreshold| {
            let single = question.thresholds.iter().find(|(label, _)| *label == own.label);
            let given = single.map(|(_, value)| *value).or(question.threshold);
            let threshold = given.unwrap_or(own.threshold);
            let score = drawn(&(&own.label, question.lyrics.trim()));
            let label = own.label.clone();
            LabelScore { label, score, threshold, predicted: score >= threshold }
        };
        self.info.labels.iter().map(score).collect()
    }

    fn answer(&self, question: &Question) -> Result<Prediction, Unscorable> {
        let words = question.lyrics.split_whitespace().count();
        if words == 0 {
            return Err(Unscorable::MissingLyrics);
        }
        let labels = self.labels(question);
        let predicted = labels.iter().filter(|label| label.predicted);
        let genre = |of: &LabelScore| GenreScore { label: of.label.clone(), score: of.score };
        let mut genres: Vec<GenreScore> = predicted.map(genre).collect();
        genres.sort_by(|a, b| b.score.total_cmp(&a.score));
        let spanish = question.lyrics.split_whitespace().any(|word| word == "que");
        Ok(Prediction {
            genres,
            labels,
            tokens: words + 2,
            truncated: words > WINDOW,
            language: Some(if spanish { "spa" } else { "eng" }.to_owned()),
            language_confidence: 0.9,
            warnings: warnings(spanish, words),
            explanation: None,
        })
    }
}

impl Model for Invented {
    fn info(&self) -> &Info {
        &self.info
    }

    fn tokens(&self, lyrics: &str) -> usize {
        lyrics.len() / 4 + 2
    }

    fn predict(
        &self,
        songs: &[Question],
    ) -> Result<Vec<Result<Prediction, Unscorable>>, ModelError> {
        thread::sleep(self.pace * songs.len() as u32);
        Ok(songs.iter().map(|song| self.answer(song)).collect())
    }

    fn explain(&self, song: &Question) -> Result<Result<Prediction, Unscorable>, ModelError> {
        thread::sleep(self.pace);
        Ok(self.answer(song).map(|mut prediction| {
            let of = |genre: &GenreScore| Explanation {
                label: genre.label.clone(),
                lines: weights(&genre.label, &song.lyrics),
            };
            prediction.explanation = Some(prediction.genres.iter().map(of).collect());
            prediction
        }))
    }
}

fn weights(label: &str, lyrics: &str) -> Vec<LineWeight> {
    let lines = lyrics.lines().zip(1..).filter(|(text, _)| !text.trim().is_empty());
    let weight = |(text, line): (&str, usize)| LineWeight {
        line,
        text: text.trim().to_owned(),
        times: 1,
        weight: drawn(&(label, text)) - 0.4,
    };
    let mut weights: Vec<LineWeight> = lines.map(weight).collect();
    weights.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    weights
}

fn warnings(spanish: bool, words: usize) -> Vec<Warning> {
    let warning = |code: &str, message: String| Warning { code: code.to_owned(), message };
    let language = "the language seems to be `spa` (90% sure), the model knows `eng`";
    let cut = format!("the song has {words} tokens, more than the model reads at once");
    let language = spanish.then(|| warning("language", language.to_owned()));
    let cut = (words > WINDOW).then(|| warning("truncated", cut));
    language.into_iter().chain(cut).collect()
}

/// 0 to 1.
fn drawn(seed: &impl Hash) -> f32 {
    let mut hasher = DefaultHasher::new();
    seed.hash(&mut hasher);
    (hasher.finish() % 1000) as f32 / 1000.0
}
