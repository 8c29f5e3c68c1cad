//! A taxonomy file as written.

use super::{normal, words};
use crate::error::TaxonomyFault;
use canto_song::Genre;
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};

#[derive(Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Mode {
    TableThenWords,
    FirstSubstring,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) mode: Mode,
    /// In order; the order counts in mode `first_substring`.
    #[serde(default)]
    pub(super) rules: Vec<Rule>,
    #[serde(default)]
    pub(super) table: BTreeMap<String, Vec<Genre>>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    #[serde(rename = "match")]
    pub(super) matches: String,
    pub(super) genres: Vec<Genre>,
}

impl File {
    /// The first entry that cannot be meant as it stands.
    pub(super) fn check(&self) -> Result<(), (String, TaxonomyFault)> {
        if self.mode == Mode::FirstSubstring && !self.table.is_empty() {
            return Err(("`table`".into(), TaxonomyFault::TableUnused));
        }
        let mut seen = HashSet::new();
        for (name, genres) in &self.table {
            let twice = !seen.insert(normal(name));
            entry_fault(name, genres, twice)
                .map_or(Ok(()), |fault| Err((format!("`table.{name}`"), fault)))?;
        }
        let mut seen = HashSet::new();
        for rule in &self.rules {
            let twice = !seen.insert(self.key(&rule.matches));
            entry_fault(&rule.matches, &rule.genres, twice)
                .or_else(|| self.too_many(rule))
                .map_or(Ok(()), |fault| Err((format!("rule `{}`", rule.matches), fault)))?;
        }
        Ok(())
    }

    /// What two rules must not have in common.
    fn key(&self, text: &str) -> String {
        match self.mode {
            Mode::TableThenWords => words::phrase(text),
            Mode::FirstSubstring => normal(text),
        }
    }

    fn too_many(&self, rule: &Rule) -> Option<TaxonomyFault> {
        let found = rule.genres.len();
        (self.mode == Mode::FirstSubstring && found > 1)
            .then_some(TaxonomyFault::SeveralGenres { found })
    }
}

fn entry_fault(name: &str, genres: &[Genre], twice: bool) -> Option<TaxonomyFault> {
    if name.trim().is_empty() {
        Some(TaxonomyFault::Empty)
    } else if genres.is_empty() {
        Some(TaxonomyFault::NoGenre)
    } else {
        twice.then_some(TaxonomyFault::Twice)
    }
}
