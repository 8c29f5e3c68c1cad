//! How the micro-genre names of a corpus were understood.

use super::{Mapping, Taxonomy, names};
use canto_song::{Genre, GenreSet};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// A micro-genre name and how it was understood.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct NameReport {
    /// The name, normalised.
    pub name: String,
    /// Source rows that carry it.
    pub rows: u64,
    /// The macro-genres it gave.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub genres: Vec<Genre>,
    /// The rules that gave them, the leading one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
}

/// Every micro-genre name of a source, by how it was understood; the most frequent first.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct TaxonomyReport {
    /// Found in the table.
    pub by_table: Vec<NameReport>,
    /// Understood by rule.
    pub by_rule: Vec<NameReport>,
    /// Those among `by_rule` on which rules of equal standing disagree.
    pub ambiguous: Vec<NameReport>,
    /// Not understood.
    pub unmapped: Vec<NameReport>,
}

/// Maps the genres of songs and counts the names on the way.
pub(crate) struct Tally<'a> {
    taxonomy: &'a Taxonomy,
    seen: HashMap<String, (Mapping, u64)>,
}

impl<'a> Tally<'a> {
    pub(crate) fn new(taxonomy: &'a Taxonomy) -> Self {
        Self { taxonomy, seen: HashMap::new() }
    }

    /// The union over a song's micro-genres.
    pub(crate) fn label(&mut self, genres: &str) -> GenreSet {
        let mut union = GenreSet::EMPTY;
        for name in names(genres) {
            let (mapping, rows) = match self.seen.entry(name) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    let mapping = self.taxonomy.map(new.key());
                    new.insert((mapping, 0))
                }
            };
            *rows += 1;
            union = union.union(mapping.genres());
        }
        union
    }

    pub(crate) fn report(self) -> TaxonomyReport {
        let mut names: Vec<_> = self.seen.into_iter().collect();
        names.sort_by(|(a, (_, m)), (b, (_, n))| (Reverse(m), a).cmp(&(Reverse(n), b)));
        let mut report = TaxonomyReport::default();
        for (name, (mapping, rows)) in names {
            report.add(name, rows, mapping);
        }
        report
    }
}

impl TaxonomyReport {
    fn add(&mut self, name: String, rows: u64, mapping: Mapping) {
        let genres = mapping.genres().iter().collect();
        let entry = |rules| NameReport { name, rows, genres, rules };
        match mapping {
            Mapping::Table(_) => self.by_table.push(entry(Vec::new())),
            Mapping::Unmapped => self.unmapped.push(entry(Vec::new())),
            Mapping::Rule { rules, ambiguous, .. } => {
                let entry = entry(rules);
                if ambiguous {
                    self.ambiguous.push(entry.clone());
                }
                self.by_rule.push(entry);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn names_are_counted_once_a_song_and_sorted() {
        let text = r#"
            mode = "table_then_words"
            rules = [{ match = "rap", genres = ["Hip-Hop"] }, { match = "rock", genres = ["Rock"] }]
            [table]
            "rock" = ["Rock"]
        "#;
        let taxonomy = Taxonomy::parse(text, Path::new("t.toml")).unwrap();
        let mut tally = Tally::new(&taxonomy);
        assert_eq!(tally.label("rock,Rock,rap rock").to_names(), ["Hip-Hop", "Rock"]);
        assert!(tally.label("zydeco").is_empty());
        assert_eq!(tally.label("zydeco,polka,rock").to_names(), ["Rock"]);
        let report = tally.report();
        assert_eq!((report.by_table[0].name.as_str(), report.by_table[0].rows), ("rock", 2));
        assert_eq!(report.ambiguous[0].rules, ["rap", "rock"]);
        let unmapped: Vec<_> = report.unmapped.iter().map(|n| (n.name.as_str(), n.rows)).collect();
        assert_eq!(unmapped, [("zydeco", 2), ("polka", 1)]);
    }
}
