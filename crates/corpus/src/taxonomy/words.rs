//! Whole-word rules, longest match first.

use super::Mapping;
use canto_song::GenreSet;
use std::collections::HashMap;

#[derive(Debug)]
pub(super) struct Rules {
    by_phrase: HashMap<String, GenreSet>,
    /// Words in the longest phrase.
    longest: usize,
}

struct Hit {
    phrase: String,
    words: usize,
    genres: GenreSet,
}

impl Rules {
    pub(super) fn new(rules: impl Iterator<Item = (String, GenreSet)>) -> Self {
        let by_phrase: HashMap<_, _> =
            rules.map(|(text, genres)| (phrase(&text), genres)).collect();
        let longest = by_phrase.keys().map(|text| text.split(' ').count()).max().unwrap_or(0);
        Self { by_phrase, longest }
    }

    /// The genres of every rule that hits, each word of `name` used once.
    pub(super) fn read(&self, name: &str) -> Mapping {
        let hits = self.hits(name);
        let Some(lead) = hits.first() else {
            return Mapping::Unmapped;
        };
        let mut equals = hits.iter().take_while(|hit| hit.words == lead.words);
        Mapping::Rule {
            genres: hits.iter().fold(GenreSet::EMPTY, |all, hit| all.union(hit.genres)),
            ambiguous: equals.any(|hit| hit.genres != lead.genres),
            rules: hits.iter().map(|hit| hit.phrase.clone()).collect(),
        }
    }

    /// Longest first, then from left to right.
    fn hits(&self, name: &str) -> Vec<Hit> {
        let name = phrase(name);
        let mut words: Vec<Option<&str>> = name.split(' ').map(Some).collect();
        let mut hits = Vec::new();
        for length in (1..=self.longest.min(words.len())).rev() {
            for start in 0..=words.len() - length {
                let Some(window) =
                    words[start..start + length].iter().copied().collect::<Option<Vec<_>>>()
                else {
                    continue;
                };
                let candidate = window.join(" ");
                if let Some(&genres) = self.by_phrase.get(&candidate) {
                    words[start..start + length].fill(None);
                    hits.push(Hit { phrase: candidate, words: length, genres });
                }
            }
        }
        hits
    }
}

/// Lower case, hyphens read as spaces: `folk-pop` is two words, `hip-hop` is `hip hop`.
pub(super) fn phrase(text: &str) -> String {
    super::normal(&text.replace(['-', '/'], " "))
}
