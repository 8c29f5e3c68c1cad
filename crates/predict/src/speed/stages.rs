//! Where the time of a batch goes.

use crate::error::Error;
use crate::predictor::Predictor;
use canto_infer::Timings;
use canto_score::Words;
use canto_song::Silent;
use serde::Serialize;
use std::time::{Duration, Instant};

/// Shares of the time that a song takes, 0 to 1. They add up to 1, but for what is inside the
/// encoder.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Stages {
    /// Of all stages together.
    pub seconds_per_song: f64,
    /// Text to cleaned text.
    pub cleaning: f64,
    /// Cleaned text to windows of tokens.
    pub tokenising: f64,
    /// Windows to scores.
    pub encoder: f64,
    /// n-grams to scores.
    pub words: f64,
    /// Telling the language.
    pub language: f64,
    /// Of the encoder's time, in products with weights; null where another device computes.
    pub products_in_encoder: Option<f64>,
    /// Of the encoder's time, in attention; null likewise.
    pub attention_in_encoder: Option<f64>,
}

/// Adds up what each stage takes.
pub(super) struct Watch<'a> {
    predictor: &'a Predictor,
    songs: usize,
    /// Cleaning, tokenising, encoder, words, language.
    times: [Duration; 5],
    /// Of the engine, before the first song.
    before: Option<Timings>,
}

impl<'a> Watch<'a> {
    pub(super) fn new(predictor: &'a Predictor) -> Self {
        let before = predictor.engine().map(canto_infer::Engine::timings);
        Self { predictor, songs: 0, times: [Duration::ZERO; 5], before }
    }

    /// Takes songs through every stage.
    pub(super) fn songs(&mut self, lyrics: &[&str]) -> Result<(), Error> {
        let Self { predictor, times: [cleaning, tokenising, encoder, words, language], .. } = self;
        let windows = predictor.bundle().windows();
        let cleaned = timed(cleaning, || predictor.cleaned_each(lyrics));
        let texts: Vec<&str> = cleaned.iter().flatten().map(String::as_str).collect();
        let songs = timed(tokenising, || windows.encode_all(&texts));
        let songs = songs.map_err(canto_score::Error::from)?;
        timed(encoder, || predictor.raw_scorer().score_tokenized(&songs, &Silent))?;
        if let Some(Words { model, .. }) = predictor.bundle().words() {
            timed(words, || model.score(&texts));
        }
        timed(language, || predictor.languages(&texts));
        self.songs += lyrics.len();
        Ok(())
    }

    pub(super) fn shares(&self) -> Stages {
        let all = self.times.iter().sum::<Duration>().as_secs_f64();
        let [cleaning, tokenising, encoder, words, language] =
            self.times.map(|time| time.as_secs_f64() / all);
        let after = self.predictor.engine().map(canto_infer::Engine::timings);
        let inside = |of: fn(&Timings) -> Duration| {
            let spent = of(after.as_ref()?).saturating_sub(of(self.before.as_ref()?));
            Some(spent.as_secs_f64() / self.times[2].as_secs_f64())
        };
        Stages {
            seconds_per_song: all / self.songs as f64,
            cleaning,
            tokenising,
            encoder,
            words,
            language,
            products_in_encoder: inside(|timings| timings.products),
            attention_in_encoder: inside(|timings| timings.attention),
        }
    }
}

/// What `work` gives; `sum` grows by the time it took.
fn timed<T>(sum: &mut Duration, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let found = work();
    *sum += begun.elapsed();
    found
}
