//! The songs that are measured on.

use crate::error::Error;
use crate::predictor::Predictor;
use serde::Serialize;

/// Facts of the songs that were measured on, on average.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Songs {
    /// How many.
    pub count: usize,
    /// More that have nothing to score.
    pub skipped: usize,
    /// Characters before cleaning.
    pub characters_per_song: f64,
    /// Tokens that the encoder reads, in all windows, special tokens included.
    pub tokens_per_song: f64,
    /// Windows.
    pub windows_per_song: f64,
    /// Operations of the layers' products.
    pub operations_per_song: f64,
}

/// Songs that can be scored, and what is known of them.
pub(super) struct Picked<'a> {
    /// Raw.
    pub(super) lyrics: Vec<&'a str>,
    /// Tokens that the encoder reads of each.
    pub(super) tokens: Vec<usize>,
    pub(super) facts: Songs,
}

impl<'a> Picked<'a> {
    pub(super) fn new(predictor: &Predictor, lyrics: &[&'a str]) -> Result<Self, Error> {
        let cleaned = predictor.cleaned_each(lyrics);
        let both = lyrics.iter().zip(&cleaned);
        let (raw, texts): (Vec<&str>, Vec<&str>) =
            both.filter_map(|(raw, text)| Some((*raw, text.as_deref().ok()?))).unzip();
        if raw.is_empty() {
            return Err(Error::NothingToMeasure { of: lyrics.len() });
        }
        let windows = predictor.bundle().windows();
        let songs = windows.encode_all(&texts).map_err(canto_score::Error::from)?;
        let lengths = || songs.iter().flat_map(|song| &song.windows).map(Vec::len);
        let mean = |sum: f64| sum / raw.len() as f64;
        let characters: usize = raw.iter().map(|raw| raw.chars().count()).sum();
        let facts = Songs {
            count: raw.len(),
            skipped: lyrics.len() - raw.len(),
            characters_per_song: mean(characters as f64),
            tokens_per_song: mean(lengths().sum::<usize>() as f64),
            windows_per_song: mean(lengths().count() as f64),
            operations_per_song: mean(lengths().map(|length| predictor.operations(length)).sum()),
        };
        let tokens = songs.iter().map(|song| song.windows.iter().map(Vec::len).sum()).collect();
        Ok(Self { lyrics: raw, tokens, facts })
    }

    /// Positions of `count` songs from `first` on; after the last comes the first again.
    pub(super) fn round(&self, first: usize, count: usize) -> impl Iterator<Item = usize> {
        let all = self.lyrics.len();
        (first..first + count).map(move |at| at % all)
    }

    /// The same songs themselves.
    pub(super) fn batch(&self, first: usize, count: usize) -> Vec<&'a str> {
        self.round(first, count).map(|at| self.lyrics[at]).collect()
    }
}

impl Predictor {
    /// Operations of the layers' products for a window of `length` tokens, as whoever computes
    /// does them.
    fn operations(&self, length: usize) -> f64 {
        let architecture = self.bundle().architecture();
        match self.engine() {
            Some(_) => canto_infer::operations(architecture, length),
            None => architecture.operations_per_token(length) * length as f64,
        }
    }
}
