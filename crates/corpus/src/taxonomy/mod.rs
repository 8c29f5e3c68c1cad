//! Micro-genres → macro-genres.
//!
//! Two kinds of taxonomy file exist. `table_then_words` looks a name up in an explicit table;
//! a name outside it is read by whole-word rules, longest first, each word used once, and the
//! genres of all rules that hit add up (`country rap` is both). `first_substring` takes the
//! first rule whose text occurs anywhere in the name, as the surpassed pipeline did.

mod file;
mod report;
mod words;

pub(crate) use report::Tally;
pub use report::{NameReport, TaxonomyReport};

use crate::error::Error;
use canto_song::GenreSet;
use file::{File, Mode};
use std::collections::HashMap;
use std::path::Path;

/// The way from a micro-genre's name to macro-genres.
#[derive(Debug)]
pub struct Taxonomy {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    TableThenWords { table: HashMap<String, GenreSet>, rules: words::Rules },
    FirstSubstring { rules: Vec<(String, GenreSet)> },
}

/// What a taxonomy says of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mapping {
    /// The name is in the table.
    Table(GenreSet),
    /// Rules read the name.
    Rule {
        /// The genres they give.
        genres: GenreSet,
        /// The rules, the leading one first.
        rules: Vec<String>,
        /// Whether rules of equal standing give different genres.
        ambiguous: bool,
    },
    /// Nothing is known of the name.
    Unmapped,
}

impl Mapping {
    /// The macro-genres; none where unmapped.
    pub const fn genres(&self) -> GenreSet {
        match self {
            Self::Table(genres) | Self::Rule { genres, .. } => *genres,
            Self::Unmapped => GenreSet::EMPTY,
        }
    }
}

impl Taxonomy {
    /// Reads a taxonomy file.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let text = fs_err::read_to_string(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => Error::TaxonomyMissing { path: path.to_owned() },
            _ => Error::file("read", path)(source),
        })?;
        Self::parse(&text, path)
    }

    /// Reads a taxonomy from `text`; `path` only names it in errors.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        let file: File = toml::from_str(text).map_err(|source| Error::TaxonomyMalformed {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        file.check().map_err(|(entry, fault)| Error::TaxonomyEntry {
            path: path.to_owned(),
            entry,
            fault,
        })?;
        Ok(Self { kind: Kind::from(file) })
    }

    /// What the taxonomy says of one micro-genre.
    pub fn map(&self, micro_genre: &str) -> Mapping {
        let name = normal(micro_genre);
        match &self.kind {
            Kind::TableThenWords { table, rules } => match table.get(&name) {
                Some(&genres) => Mapping::Table(genres),
                None => rules.read(&name),
            },
            Kind::FirstSubstring { rules } => first_substring(rules, &name),
        }
    }
}

impl From<File> for Kind {
    fn from(file: File) -> Self {
        let rules = file
            .rules
            .into_iter()
            .map(|rule| (normal(&rule.matches), rule.genres.into_iter().collect::<GenreSet>()));
        match file.mode {
            Mode::TableThenWords => Self::TableThenWords {
                table: file
                    .table
                    .into_iter()
                    .map(|(name, genres)| (normal(&name), genres.into_iter().collect()))
                    .collect(),
                rules: words::Rules::new(rules),
            },
            Mode::FirstSubstring => Self::FirstSubstring { rules: rules.collect() },
        }
    }
}

fn first_substring(rules: &[(String, GenreSet)], name: &str) -> Mapping {
    let hits: Vec<_> = rules.iter().filter(|(text, _)| name.contains(text.as_str())).collect();
    match hits.first() {
        Some((_, genres)) => Mapping::Rule {
            genres: *genres,
            rules: hits.iter().map(|(text, _)| text.clone()).collect(),
            ambiguous: hits.iter().any(|(_, other)| other != genres),
        },
        None => Mapping::Unmapped,
    }
}

/// Lower case, single spaces.
pub(crate) fn normal(name: &str) -> String {
    let lower = name.to_lowercase();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The distinct micro-genre names of one song, normalised, in the order of the source.
pub(crate) fn names(genres: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in genres.split(',').map(normal).filter(|name| !name.is_empty()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::TaxonomyFault;

    const WORDS: &str = r#"
        mode = "table_then_words"
        rules = [
            { match = "pop", genres = ["Pop"] },
            { match = "hip hop", genres = ["Hip-Hop"] },
            { match = "hop", genres = ["Comedy"] },
            { match = "country", genres = ["Folk/Country"] },
            { match = "rap", genres = ["Hip-Hop"] },
            { match = "new wave", genres = ["Rock"] },
        ]
        [table]
        "dance pop" = ["Pop", "Electronic"]
    "#;

    fn parse(text: &str) -> Result<Taxonomy, Error> {
        Taxonomy::parse(text, Path::new("t.toml"))
    }

    fn names_of(mapping: &Mapping) -> Vec<&'static str> {
        mapping.genres().to_names()
    }

    #[test]
    fn the_table_comes_before_the_rules() {
        let taxonomy = parse(WORDS).unwrap();
        let mapping = taxonomy.map(" Dance  Pop ");
        assert!(matches!(mapping, Mapping::Table(_)));
        assert_eq!(names_of(&mapping), ["Electronic", "Pop"]);
    }

    #[test]
    fn the_longest_rule_takes_its_words() {
        let taxonomy = parse(WORDS).unwrap();
        assert_eq!(names_of(&taxonomy.map("uk hip-hop")), ["Hip-Hop"]);
        assert_eq!(names_of(&taxonomy.map("new wave pop")), ["Pop", "Rock"]);
        assert_eq!(taxonomy.map("popping trapper"), Mapping::Unmapped, "whole words only");
    }

    #[test]
    fn rules_of_equal_length_that_disagree_are_ambiguous() {
        let taxonomy = parse(WORDS).unwrap();
        let ambiguous = |name| match taxonomy.map(name) {
            Mapping::Rule { ambiguous, .. } => ambiguous,
            other => panic!("{other:?}"),
        };
        assert!(ambiguous("country rap"));
        assert!(!ambiguous("new wave pop"), "the longer rule leads");
        assert!(!ambiguous("rap hip hop"));
    }

    #[test]
    fn the_first_substring_wins() {
        let taxonomy = parse(
            r#"
            mode = "first_substring"
            rules = [{ match = "rap", genres = ["Hip-Hop"] }, { match = "pop", genres = ["Pop"] }]
        "#,
        )
        .unwrap();
        let expected = Mapping::Rule {
            genres: [canto_song::Genre::HipHop].into_iter().collect(),
            rules: vec!["rap".into(), "pop".into()],
            ambiguous: true,
        };
        assert_eq!(taxonomy.map("Pop Trap"), expected);
        assert_eq!(taxonomy.map("jazz"), Mapping::Unmapped);
    }

    #[test]
    fn bad_entries_are_named() {
        let fault = |text| match parse(text) {
            Err(Error::TaxonomyEntry { entry, fault, .. }) => (entry, fault),
            other => panic!("{other:?}"),
        };
        let (entry, found) = fault("mode = \"table_then_words\"\n[table]\n\"polka\" = []");
        assert_eq!((entry.as_str(), found), ("`table.polka`", TaxonomyFault::NoGenre));
        let (_, found) = fault(
            "mode = \"first_substring\"\nrules = [{ match = \"a\", genres = [\"Pop\", \"Rock\"] }]",
        );
        assert_eq!(found, TaxonomyFault::SeveralGenres { found: 2 });
        let (_, found) = fault(
            "mode = \"table_then_words\"\nrules = [{ match = \"hip hop\", genres = [\"Pop\"] }, { match = \"Hip-Hop\", genres = [\"Rock\"] }]",
        );
        assert_eq!(found, TaxonomyFault::Twice);
        let error =
            parse("mode = \"table_then_words\"\n[table]\n\"polka\" = [\"Polka\"]").unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("unknown genre `Polka`"), "{cause}");
    }

    #[test]
    fn names_are_distinct_and_trimmed() {
        assert_eq!(names("Rock, hard  rock,,rock "), ["rock", "hard rock"]);
        assert!(names(" , ").is_empty());
    }
}
