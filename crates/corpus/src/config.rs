//! The `[corpus]` section of a run's configuration.

use crate::clean::CleaningConfig;
use crate::language::LanguageConfig;
use canto_song::Problem;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How a raw file becomes prepared songs.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct CorpusConfig {
    /// The taxonomy file, relative to the configuration file that names it.
    pub taxonomy: PathBuf,
    /// Reads only the first so many rows.
    pub limit: Option<u64>,
    /// Longest lyric kept, in characters after cleaning: beyond it a text is a book or an
    /// accident, not a song.
    pub max_characters: usize,
    /// The source's columns.
    pub columns: Columns,
    /// Cleaning rules.
    pub cleaning: CleaningConfig,
    /// Language policy.
    pub language: LanguageConfig,
    /// What becomes of duplicates.
    pub duplicates: DuplicatesConfig,
    /// How songs are split.
    pub split: SplitConfig,
}

impl Default for CorpusConfig {
    fn default() -> Self {
        Self {
            taxonomy: PathBuf::from("taxonomy.toml"),
            limit: None,
            max_characters: 100_000,
            columns: Columns::default(),
            cleaning: CleaningConfig::default(),
            language: LanguageConfig::default(),
            duplicates: DuplicatesConfig::default(),
            split: SplitConfig::default(),
        }
    }
}

impl CorpusConfig {
    /// Every bad value, with its path within this section.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.limit == Some(0) {
            problems.push(Problem::new("limit", "found 0, expected at least 1"));
        }
        if self.max_characters == 0 {
            problems.push(Problem::new("max_characters", "found 0, expected at least 1"));
        }
        let mut section = |name: &str, found: Vec<Problem>| {
            problems.extend(found.into_iter().map(|problem| problem.within(name)));
        };
        section("columns", self.columns.problems());
        section("language", self.language.problems());
        section("duplicates", self.duplicates.problems());
        section("split", self.split.problems());
        problems
    }
}

/// The names of the source's columns; every other column is ignored.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Columns {
    /// Artists, the first named one first.
    pub artist: String,
    /// Song title.
    pub title: String,
    /// Lyrics.
    pub lyrics: String,
    /// Micro-genres, joined by commas.
    pub genres: String,
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            artist: "Artist(s)".into(),
            title: "song".into(),
            lyrics: "text".into(),
            genres: "Genre".into(),
        }
    }
}

impl Columns {
    /// Each configuration key with the column it names.
    pub(crate) fn entries(&self) -> [(&'static str, &str); 4] {
        [
            ("artist", &self.artist),
            ("title", &self.title),
            ("lyrics", &self.lyrics),
            ("genres", &self.genres),
        ]
    }

    fn problems(&self) -> Vec<Problem> {
        let entries = self.entries();
        let mut problems = Vec::new();
        for (at, (key, name)) in entries.iter().enumerate() {
            if name.is_empty() {
                problems.push(Problem::new(*key, "is empty, expected a column name"));
            } else if let Some((other, _)) = entries[..at].iter().find(|(_, n)| n == name) {
                problems
                    .push(Problem::new(*key, format!("names column `{name}`, as `{other}` does")));
            }
        }
        problems
    }
}

/// What becomes of songs that are the same text.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Duplicates {
    /// The first stays, the others become rejects.
    Reject,
    /// All stay, in the same split.
    Group,
    /// They are not looked for.
    Ignore,
}

/// What becomes of duplicates.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct DuplicatesConfig {
    /// Same words in the same order, whatever the case, punctuation and line breaks.
    pub exact: Duplicates,
    /// Nearly the same words, by `MinHash`.
    pub near: Duplicates,
    /// Consecutive words in one shingle; what two lyrics have in common is counted in these.
    pub shingle_words: usize,
    /// Least share of common shingles (estimated Jaccard similarity) of near duplicates.
    pub similarity: f64,
}

impl Default for DuplicatesConfig {
    fn default() -> Self {
        Self {
            exact: Duplicates::Reject,
            near: Duplicates::Reject,
            shingle_words: 3,
            similarity: 0.8,
        }
    }
}

impl DuplicatesConfig {
    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !(1..=20).contains(&self.shingle_words) {
            let found = self.shingle_words;
            problems
                .push(Problem::new("shingle_words", format!("found {found}, expected 1 to 20")));
        }
        if !(0.5..=1.0).contains(&self.similarity) {
            let found = self.similarity;
            problems.push(Problem::new("similarity", format!("found {found}, expected 0.5 to 1")));
        }
        problems
    }
}

/// What never straddles splits, besides duplicates.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum SplitBy {
    /// An artist, the first named one; labels are stratified.
    Artist,
    /// Nothing: songs are drawn at random.
    Song,
}

/// How songs are split into train, validation and test.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct SplitConfig {
    /// What stays together.
    pub by: SplitBy,
    /// Seed of every random choice.
    pub seed: u64,
    /// Share of the songs to train on.
    pub train: f64,
    /// Share of the songs to tune on.
    pub validation: f64,
    /// Share of the songs to measure on.
    pub test: f64,
}

impl Default for SplitConfig {
    fn default() -> Self {
        Self { by: SplitBy::Artist, seed: 42, train: 0.6, validation: 0.2, test: 0.2 }
    }
}

impl SplitConfig {
    /// The shares in the order of [`canto_song::Split::ALL`].
    pub(crate) fn shares(&self) -> [f64; 3] {
        [self.train, self.validation, self.test]
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (key, share) in ["train", "validation", "test"].into_iter().zip(self.shares()) {
            if !(share > 0.0 && share < 1.0) {
                problems.push(Problem::new(
                    key,
                    format!("found {share}, expected more than 0 and less than 1"),
                ));
            }
        }
        let sum: f64 = self.shares().iter().sum();
        if problems.is_empty() && (sum - 1.0).abs() > 1e-6 {
            problems.push(Problem::new(
                "train",
                format!("the three shares add up to {sum}, expected 1"),
            ));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_sound() {
        assert_eq!(CorpusConfig::default().problems(), []);
    }

    #[test]
    fn every_problem_comes_with_its_path() {
        let mut config = CorpusConfig { limit: Some(0), ..CorpusConfig::default() };
        config.columns.title = "text".into();
        config.duplicates.similarity = 0.1;
        config.split.test = 0.5;
        config.language.confidence_floor = f64::NAN;
        let paths: Vec<_> = config.problems().into_iter().map(|problem| problem.path).collect();
        assert_eq!(
            paths,
            [
                "limit",
                "columns.lyrics",
                "language.confidence_floor",
                "duplicates.similarity",
                "split.train"
            ]
        );
    }

    #[test]
    fn unknown_keys_are_refused() {
        let error = toml::from_str::<CorpusConfig>("[split]\nby = \"album\"").unwrap_err();
        assert!(error.to_string().contains("album"), "{error}");
        assert!(toml::from_str::<CorpusConfig>("taxonmy = \"x\"").is_err());
    }
}
