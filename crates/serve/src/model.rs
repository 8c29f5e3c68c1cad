//! What the routes need of a model.

use crate::wire::{Info, Prediction};
use std::fmt;

/// Why a model failed on songs; it is logged and never told to a client.
pub type ModelError = Box<dyn std::error::Error + Send + Sync>;

/// A model that answers questions about songs. Calls block and come from worker threads.
pub trait Model: Send + Sync + 'static {
    /// What is said of it at `/info` and `/labels`.
    fn info(&self) -> &Info;

    /// About how many tokens of `lyrics` it will read: what batches are made by. It is asked once
    /// a request and should cost next to nothing.
    fn tokens(&self, lyrics: &str) -> usize;

    /// One outcome a song, in the order of `songs`. Thresholds that are given are known to be
    /// probabilities and to name labels of the model.
    fn predict(
        &self,
        songs: &[Question],
    ) -> Result<Vec<Result<Prediction, Unscorable>>, ModelError>;

    /// The same for one song, with the lines that carried each genre.
    fn explain(&self, song: &Question) -> Result<Result<Prediction, Unscorable>, ModelError>;
}

/// A song and the thresholds to decide it by.
#[derive(Clone, PartialEq)]
pub struct Question {
    /// Raw, as they came.
    pub lyrics: String,
    /// One threshold for all labels, instead of the model's.
    pub threshold: Option<f32>,
    /// Thresholds of single labels, which go before `threshold`.
    pub thresholds: Vec<(String, f32)>,
}

impl fmt::Debug for Question {
    /// Without the lyrics, which belong in no log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question")
            .field("bytes", &self.lyrics.len())
            .field("threshold", &self.threshold)
            .field("thresholds", &self.thresholds)
            .finish()
    }
}

/// Why lyrics have no scores: none are invented for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unscorable {
    /// There is nothing but white space.
    MissingLyrics,
    /// Cleaning left nothing.
    EmptyAfterCleaning,
}

impl Unscorable {
    /// The stable name in an error.
    pub const fn code(self) -> &'static str {
        match self {
            Self::MissingLyrics => "missing_lyrics",
            Self::EmptyAfterCleaning => "empty_after_cleaning",
        }
    }
}

impl fmt::Display for Unscorable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MissingLyrics => "the lyrics are empty",
            Self::EmptyAfterCleaning => "nothing is left of the lyrics after cleaning",
        })
    }
}
