//! The model card: `README.md` of a repository, which the Hub shows and reads figures from.

mod body;
mod figures;
mod front;

use canto_bundle::Bundle;
use canto_report::Report;

/// Everything that a card is written from.
#[derive(Clone, Copy, Debug)]
pub struct Card<'a> {
    /// The model.
    pub bundle: &'a Bundle,
    /// Whether its weights are stored in int8.
    pub int8: bool,
    /// What was measured on its test songs.
    pub report: Option<&'a Report>,
    /// Where it will lie, `owner/name`.
    pub repository: &'a str,
    /// What the bundle does not know.
    pub facts: &'a CardFacts,
}

/// What only the publisher knows.
#[derive(Clone, Debug, Default)]
pub struct CardFacts {
    /// License of the weights, by the Hub's identifier; `unknown` where none is named.
    pub license: Option<String>,
    /// Hub ids of the data sets that it was trained on.
    pub datasets: Vec<String>,
    /// Hub id of the base model, where the recipe names a folder.
    pub base_model: Option<String>,
}

/// The text of the card: front matter in YAML as the Hub's schema has it, then Markdown.
pub fn card(card: &Card) -> String {
    format!("---\n{}---\n\n{}", front::front_matter(card), body::body(card))
}

impl Card<'_> {
    /// The base model, if it is one of the Hub.
    fn base_model(&self) -> Option<&str> {
        let recipe = || self.bundle.provenance().base_model.as_deref();
        let base = self.facts.base_model.as_deref().or_else(recipe)?;
        let id = crate::id::Id::parse(base)?;
        // A folder `models/mine` has the shape of an id as well.
        let folder = self.facts.base_model.is_none() && std::path::Path::new(base).is_dir();
        (!folder).then(|| &base[..id.owner.len() + 1 + id.name.len()])
    }

    /// The name of the repository without its owner.
    fn name(&self) -> &str {
        self.repository.rsplit('/').next().unwrap_or(self.repository)
    }

    /// The languages of the lyrics as the Hub writes them: ISO 639-1, where there is such a code.
    fn languages(&self) -> Vec<&str> {
        self.bundle.language().accept.iter().map(|code| two_letters(code)).collect()
    }
}

fn two_letters(code: &str) -> &str {
    const CODES: [(&str, &str); 24] = [
        ("eng", "en"),
        ("spa", "es"),
        ("por", "pt"),
        ("fra", "fr"),
        ("ita", "it"),
        ("deu", "de"),
        ("nld", "nl"),
        ("swe", "sv"),
        ("fin", "fi"),
        ("pol", "pl"),
        ("tur", "tr"),
        ("ind", "id"),
        ("tgl", "tl"),
        ("rus", "ru"),
        ("ukr", "uk"),
        ("ell", "el"),
        ("heb", "he"),
        ("ara", "ar"),
        ("pes", "fa"),
        ("hin", "hi"),
        ("kor", "ko"),
        ("jpn", "ja"),
        ("cmn", "zh"),
        ("tha", "th"),
    ];
    CODES.iter().find(|(long, _)| *long == code).map_or(code, |(_, short)| short)
}
