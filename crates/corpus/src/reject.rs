//! Rows that do not become songs, and why.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a row did not become a song; the first reason in the order of the stages counts.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The lyrics are null or blank.
    MissingLyrics,
    /// The genres are null or blank.
    MissingGenres,
    /// No micro-genre maps to a macro-genre.
    UnmappedGenres,
    /// Cleaning left nothing.
    EmptyAfterCleaning,
    /// The cleaned lyrics are longer than the limit.
    TooLong,
    /// Not in an accepted language, or not surely enough.
    Language,
    /// The same words as an earlier song.
    ExactDuplicate,
    /// Nearly the same words as an earlier song.
    NearDuplicate,
}

impl Reason {
    /// The name used in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MissingLyrics => "missing_lyrics",
            Self::MissingGenres => "missing_genres",
            Self::UnmappedGenres => "unmapped_genres",
            Self::EmptyAfterCleaning => "empty_after_cleaning",
            Self::TooLong => "too_long",
            Self::Language => "language",
            Self::ExactDuplicate => "exact_duplicate",
            Self::NearDuplicate => "near_duplicate",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A row that did not become a song.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Row in the source, counted from 1 without the header.
    pub row: u64,
    /// Why.
    pub reason: Reason,
    /// What was found, in words.
    pub detail: String,
}
