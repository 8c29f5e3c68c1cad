//! A model that does what the lyrics say, and can be held up.

use canto_serve::{
    Explanation, GenreScore, Info, LabelScore, LabelThreshold, LineWeight, Model, ModelError,
    ModelInfo, Prediction, Question, Unscorable, Warning,
};
use std::sync::{Condvar, Mutex};

pub(crate) const LABELS: [&str; 3] = ["Folk", "R&B/Soul", "Rock"];

/// Scores: the share of each of the letters `f`, `b` and `r` in the lyrics.
pub(crate) struct Fake {
    info: Info,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Whether calls wait.
    held: bool,
    /// Calls that have begun, each with its lyrics.
    calls: Vec<Vec<String>>,
}

impl Default for Fake {
    fn default() -> Self {
        let label = |label: &str| LabelThreshold { label: label.to_owned(), threshold: 0.25 };
        let info = Info {
            version: "1.2.3".to_owned(),
            name: "fake".to_owned(),
            device: "none".to_owned(),
            model: ModelInfo {
                source: "canto".to_owned(),
                family: "none".to_owned(),
                layers: 0,
                hidden_size: 0,
                max_tokens: 100,
                window: "head".to_owned(),
            },
            labels: LABELS.into_iter().map(label).collect(),
            languages: vec!["eng".to_owned()],
            files: Vec::new(),
        };
        Self { info, state: Mutex::default(), changed: Condvar::new() }
    }
}

impl Fake {
    /// Makes calls wait from now on, or lets them go.
    pub(crate) fn hold(&self, held: bool) {
        self.state.lock().unwrap().held = held;
        self.changed.notify_all();
    }

    /// Waits until so many calls have begun.
    pub(crate) fn wait_for_calls(&self, count: usize) {
        let few = |state: &mut State| state.calls.len() < count;
        drop(self.changed.wait_while(self.state.lock().unwrap(), few).unwrap());
    }

    /// The lyrics of every call.
    pub(crate) fn calls(&self) -> Vec<Vec<String>> {
        self.state.lock().unwrap().calls.clone()
    }

    fn called(&self, songs: &[Question]) {
        let mut state = self.state.lock().unwrap();
        state.calls.push(songs.iter().map(|song| song.lyrics.clone()).collect());
        self.changed.notify_all();
        drop(self.changed.wait_while(state, |state| state.held).unwrap());
    }

    fn answer(&self, song: &Question) -> Result<Prediction, Unscorable> {
        if song.lyrics.trim().is_empty() {
            return Err(Unscorable::MissingLyrics);
        }
        let length = song.lyrics.len();
        let labels = self.info.labels.iter().zip(['f', 'b', 'r']).map(|(own, letter)| {
            let score = song.lyrics.matches(letter).count() as f32 / length as f32;
            let single = song.thresholds.iter().find(|(label, _)| *label == own.label);
            let threshold = single.map(|(_, value)| *value).or(song.threshold);
            let threshold = threshold.unwrap_or(own.threshold);
            let label = own.label.clone();
            LabelScore { label, score, threshold, predicted: score >= threshold }
        });
        let labels: Vec<LabelScore> = labels.collect();
        let predicted = labels.iter().filter(|label| label.predicted);
        let genre = |of: &LabelScore| GenreScore { label: of.label.clone(), score: of.score };
        let mut genres: Vec<GenreScore> = predicted.map(genre).collect();
        genres.sort_by(|a, b| b.score.total_cmp(&a.score));
        let message = "too little text to tell the language".to_owned();
        Ok(Prediction {
            genres,
            labels,
            tokens: length,
            truncated: length > 100,
            language: None,
            language_confidence: 0.0,
            warnings: vec![Warning { code: "unknown_language".to_owned(), message }],
            explanation: None,
        })
    }
}

impl Model for Fake {
    fn info(&self) -> &Info {
        &self.info
    }

    fn tokens(&self, lyrics: &str) -> usize {
        lyrics.len()
    }

    fn predict(
        &self,
        songs: &[Question],
    ) -> Result<Vec<Result<Prediction, Unscorable>>, ModelError> {
        self.called(songs);
        let says = |word: &str| songs.iter().any(|song| song.lyrics == word);
        assert!(!says("panic"), "as told");
        if says("fail") {
            return Err("as told".into());
        }
        if says("lose") {
            return Ok(Vec::new());
        }
        Ok(songs.iter().map(|song| self.answer(song)).collect())
    }

    fn explain(&self, song: &Question) -> Result<Result<Prediction, Unscorable>, ModelError> {
        self.called(std::slice::from_ref(song));
        Ok(self.answer(song).map(|mut prediction| {
            let line = LineWeight { line: 1, text: song.lyrics.clone(), times: 1, weight: 0.5 };
            let of = |genre: &GenreScore| Explanation {
                label: genre.label.clone(),
                lines: vec![line.clone()],
            };
            prediction.explanation = Some(prediction.genres.iter().map(of).collect());
            prediction
        }))
    }
}
