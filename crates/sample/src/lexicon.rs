use canto_song::Genre;

/// The kinds of word a line leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    Noun,
    Adjective,
    Verb,
    Ing,
    Place,
    Name,
    Time,
    Number,
}

impl Slot {
    const NAMES: [(&'static str, Slot); 8] = [
        ("noun", Slot::Noun),
        ("adj", Slot::Adjective),
        ("verb", Slot::Verb),
        ("ing", Slot::Ing),
        ("place", Slot::Place),
        ("name", Slot::Name),
        ("time", Slot::Time),
        ("number", Slot::Number),
    ];

    fn named(name: &str) -> Option<Slot> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|&(_, slot)| slot)
    }
}

/// A piece of a line: words as they stand, or an open slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(&'static str),
    Open(Slot),
}

/// The words and lines of one theme or language, read from an embedded text file.
#[derive(Default)]
pub(crate) struct Lexicon {
    words: [Vec<&'static str>; 8],
    /// Ad-libs, alone on a line or in brackets.
    pub(crate) shouts: Vec<&'static str>,
    /// Lines with open slots.
    pub(crate) lines: Vec<Vec<Piece>>,
    /// Families of line ends that rhyme.
    pub(crate) tails: Vec<Vec<&'static str>>,
}

impl Lexicon {
    /// The words for `slot`; none where the theme leaves them to the neutral words.
    pub(crate) fn words(&self, slot: Slot) -> &[&'static str] {
        &self.words[slot as usize]
    }

    /// Reads `kind: a, b, c` lines; `#` begins a comment.
    fn read(text: &'static str) -> Self {
        let mut lexicon = Self::default();
        for (kind, rest) in text.lines().filter_map(|line| line.split_once(": ")) {
            match (kind, Slot::named(kind)) {
                (_, Some(slot)) => lexicon.words[slot as usize].extend(rest.split(", ")),
                ("shout", _) => lexicon.shouts.extend(rest.split(", ")),
                ("tail", _) => lexicon.tails.push(rest.split(", ").collect()),
                ("line", _) => lexicon.lines.push(pieces(rest)),
                _ => {}
            }
        }
        lexicon
    }
}

/// Splits a template at its `{slot}` marks.
fn pieces(template: &'static str) -> Vec<Piece> {
    template
        .split(['{', '}'])
        .enumerate()
        .filter(|(_, text)| !text.is_empty())
        .map(|(at, text)| match Slot::named(text) {
            Some(slot) if at % 2 == 1 => Piece::Open(slot),
            _ => Piece::Text(text),
        })
        .collect()
}

/// All words of the grammar.
pub(crate) struct Lexicons {
    /// What any song may say.
    pub(crate) neutral: Lexicon,
    /// One theme a genre, in label order.
    themes: Vec<Lexicon>,
    /// Languages other than English.
    pub(crate) languages: Vec<Lexicon>,
}

/// Position of Spanish among the languages: reggae and Latin artists sing it far more often.
pub(crate) const SPANISH: usize = 0;

impl Lexicons {
    pub(crate) fn read() -> Self {
        let languages = [
            include_str!("../lexicon/es.txt"),
            include_str!("../lexicon/fr.txt"),
            include_str!("../lexicon/de.txt"),
            include_str!("../lexicon/pt.txt"),
            include_str!("../lexicon/it.txt"),
            include_str!("../lexicon/ja.txt"),
            include_str!("../lexicon/ko.txt"),
        ];
        Self {
            neutral: Lexicon::read(include_str!("../lexicon/neutral.txt")),
            themes: Genre::ALL.map(theme_text).map(Lexicon::read).into(),
            languages: languages.map(Lexicon::read).into(),
        }
    }

    pub(crate) fn theme(&self, genre: Genre) -> &Lexicon {
        &self.themes[genre.index()]
    }
}

fn theme_text(genre: Genre) -> &'static str {
    match genre {
        Genre::Alternative => include_str!("../lexicon/alternative.txt"),
        Genre::Classical => include_str!("../lexicon/classical.txt"),
        Genre::Comedy => include_str!("../lexicon/comedy.txt"),
        Genre::Electronic => include_str!("../lexicon/electronic.txt"),
        Genre::FolkCountry => include_str!("../lexicon/folk.txt"),
        Genre::HipHop => include_str!("../lexicon/hiphop.txt"),
        Genre::JazzBlues => include_str!("../lexicon/jazz.txt"),
        Genre::Metal => include_str!("../lexicon/metal.txt"),
        Genre::Pop => include_str!("../lexicon/pop.txt"),
        Genre::RnbSoul => include_str!("../lexicon/rnb.txt"),
        Genre::ReggaeLatin => include_str!("../lexicon/latin.txt"),
        Genre::Religious => include_str!("../lexicon/religious.txt"),
        Genre::Rock => include_str!("../lexicon/rock.txt"),
        Genre::Soundtrack => include_str!("../lexicon/soundtrack.txt"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_of_every_line_has_words() {
        let all = Lexicons::read();
        for lexicon in all.themes.iter().chain([&all.neutral]) {
            assert!(lexicon.lines.len() >= 12 && lexicon.shouts.len() >= 4);
            for piece in lexicon.lines.iter().flatten() {
                if let Piece::Open(slot) = piece {
                    assert!(!all.neutral.words(*slot).is_empty(), "{slot:?}");
                }
            }
        }
        for language in &all.languages {
            for piece in language.lines.iter().flatten() {
                if let Piece::Open(slot) = piece {
                    assert!(!language.words(*slot).is_empty(), "{slot:?}");
                }
            }
        }
    }

    #[test]
    fn no_template_keeps_a_brace() {
        let all = Lexicons::read();
        let lexicons = all.themes.iter().chain(&all.languages).chain([&all.neutral]);
        for piece in lexicons.flat_map(|lexicon| &lexicon.lines).flatten() {
            if let Piece::Text(text) = piece {
                assert_eq!(Slot::named(text), None, "a slot outside braces");
            }
        }
    }

    #[test]
    fn themes_share_words() {
        let all = Lexicons::read();
        let metal = all.theme(Genre::Metal).words(Slot::Noun);
        let religious = all.theme(Genre::Religious).words(Slot::Noun);
        assert!(metal.iter().filter(|word| religious.contains(word)).count() >= 3);
    }
}
