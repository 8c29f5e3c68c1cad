//! The words the whole project shares: songs, their genres and the split they belong to.
//!
//! Knows nothing of files, tables or tensors.

mod genre;
mod problem;
mod progress;

pub use genre::{Genre, GenreSet, UnknownGenre};
pub use problem::Problem;
pub use progress::{Progress, Silent};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A song's identity: stable over runs, since it is derived from what the song is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SongId(pub u64);

impl fmt::Display for SongId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The part of the data set a song belongs to. Validation tunes; test is read once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// Fits the weights.
    Train,
    /// Picks the checkpoint and the thresholds.
    Validation,
    /// Measures, once.
    Test,
}

impl Split {
    /// Every split, in the order above.
    pub const ALL: [Split; 3] = [Split::Train, Split::Validation, Split::Test];

    /// The name used in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Split::Train => "train",
            Split::Validation => "validation",
            Split::Test => "test",
        }
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A split name that is none of `train`, `validation`, `test`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown split `{0}`, expected `train`, `validation` or `test`")]
pub struct UnknownSplit(pub String);

impl FromStr for Split {
    type Err = UnknownSplit;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Split::ALL
            .into_iter()
            .find(|split| split.name() == name)
            .ok_or_else(|| UnknownSplit(name.to_owned()))
    }
}

/// A prepared song: labelled, cleaned, in a known language, assigned to a split.
#[derive(Clone, Debug, PartialEq)]
pub struct Song {
    /// Stable identity.
    pub id: SongId,
    /// Row in the source, counted from 1 without the header.
    pub row: u64,
    /// Artists as the source names them.
    pub artist: String,
    /// Title, where the source has one.
    pub title: Option<String>,
    /// Cleaned lyrics, line breaks kept.
    pub lyrics: String,
    /// The source's micro-genres, as written there.
    pub micro_genres: String,
    /// The macro-genres they map to; at least one.
    pub genres: GenreSet,
    /// Confidence that the lyrics are in an accepted language, 0 to 1.
    pub language_confidence: f32,
    /// Part of the data set.
    pub split: Split,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_read_back() {
        for split in Split::ALL {
            assert_eq!(split.name().parse(), Ok(split));
        }
        assert_eq!("dev".parse::<Split>(), Err(UnknownSplit("dev".into())));
    }

    #[test]
    fn ids_print_as_sixteen_hex_digits() {
        assert_eq!(SongId(255).to_string(), "00000000000000ff");
    }
}
