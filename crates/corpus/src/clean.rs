//! Lyrics as scraped from web pages → lyrics as sung.
//!
//! The same rules run when a corpus is prepared and when a model predicts. Every rule is
//! linear in the text, and cleaning twice equals cleaning once.

use crate::error::Error;
use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Which cleaning rules run; each is a key of the `cleaning` section. White space around the
/// whole text always goes; line breaks inside always stay.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "one switch a rule is what a user edits")]
pub struct CleaningConfig {
    /// Drops control and zero-width characters; odd spaces become plain ones, and every kind
    /// of line break becomes `\n`.
    pub control_characters: bool,
    /// Drops `[Verse 1]`, `[Chorus: …]` and whatever else stands in square brackets on a line.
    pub section_tags: bool,
    /// Drops `See … LiveGet tickets as low as $35`.
    pub ticket_adverts: bool,
    /// Drops the page's `You might also like`, but not a sung line that begins so.
    pub you_might_also_like: bool,
    /// Drops `12 ContributorsTranslations…Title Lyrics` and the page's description up to
    /// `… Read More`, both at the beginning only.
    pub page_header: bool,
    /// Drops `Embed` and its counter (`12Embed`, `1.2KEmbed`) at the very end.
    pub embed_tail: bool,
    /// Makes one blank line of several.
    pub blank_lines: bool,
}

impl Default for CleaningConfig {
    fn default() -> Self {
        Self {
            control_characters: true,
            section_tags: true,
            ticket_adverts: true,
            you_might_also_like: true,
            page_header: true,
            embed_tail: true,
            blank_lines: true,
        }
    }
}

/// Debris can hide behind debris (`Embed` after an advert), so the page rules repeat until
/// nothing changes. Real pages settle at the second pass; the bound keeps a hostile text from
/// costing more than linear time.
const PASSES: usize = 16;

/// A page's description, up to `Read More`, is at most this many bytes long.
const DESCRIPTION: usize = 3000;

/// The compiled cleaning rules.
#[derive(Debug)]
pub struct Cleaner {
    config: CleaningConfig,
    invisible: Regex,
    odd_space: Regex,
    line_break: Regex,
    ticket: Regex,
    also_like: Regex,
    contributors: Regex,
    read_more: Regex,
    embed: Regex,
    blank_run: Regex,
}

impl Cleaner {
    /// Compiles the rules that `config` names.
    pub fn new(config: &CleaningConfig) -> Result<Self, Error> {
        let rule = |name: &'static str, pattern: &str| {
            Regex::new(pattern).map_err(|source| Error::Rule { name, source })
        };
        Ok(Self {
            config: config.clone(),
            invisible: rule(
                "control_characters",
                r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u{ad}\u{61c}\u{180e}\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2060}-\u{206f}\u{feff}]+",
            )?,
            odd_space: rule(
                "control_characters",
                r"[\u{a0}\u{1680}\u{2000}-\u{200a}\u{202f}\u{205f}\u{3000}]",
            )?,
            line_break: rule("control_characters", r"\r\n?|[\x0b\x0c\u{85}\u{2028}\u{2029}]")?,
            ticket: rule("ticket_adverts", r"LiveGet tickets as low as \$\d+(?:[.,]\d+)*")?,
            // Before a word of its own line the phrase is sung; the page glues it to what
            // follows or leaves it alone on the rest of its line.
            also_like: rule(
                "you_might_also_like",
                r"(?m)(?:You might also like[ \t]*)*You might also like(?:[ \t]*$|([^\s\p{P}]))",
            )?,
            contributors: rule(
                "page_header",
                r"\A(?:\s*(?:\d+\s*Contributors?|Translations?\p{Lu})[^\n]{0,300}?Lyrics)+",
            )?,
            read_more: rule("page_header", r"(?:…|\.\.\.)[ \u{a0}]?Read More")?,
            embed: rule(
                "embed_tail",
                r"(?:\s*(?:\d{1,3}(?:\.\d)?[KM]?)?Embed(?:Share URLCopyEmbedCopy)?)+\s*\z",
            )?,
            blank_run: rule("blank_lines", r"[ \t]*\n(?:[ \t]*\n)+")?,
        })
    }

    /// The text without what the rules name, trimmed.
    pub fn clean(&self, text: &str) -> String {
        let mut text = Cow::Borrowed(text);
        if self.config.control_characters {
            text = replace(text, |t| self.invisible.replace_all(t, ""));
            text = replace(text, |t| self.odd_space.replace_all(t, " "));
            text = replace(text, |t| self.line_break.replace_all(t, "\n"));
        }
        if self.config.section_tags {
            text = replace(text, without_brackets);
        }
        for _ in 0..PASSES {
            let Some(shorter) = self.without_debris(&text) else {
                break;
            };
            text = Cow::Owned(shorter);
        }
        if self.config.blank_lines {
            text = replace(text, |t| self.blank_run.replace_all(t, "\n\n"));
        }
        text.trim().to_owned()
    }

    /// One pass of the page rules; nothing if the text stays as it is.
    fn without_debris(&self, text: &str) -> Option<String> {
        let mut now = Cow::Borrowed(text);
        if self.config.ticket_adverts {
            now = replace(now, |t| self.without_tickets(t));
        }
        if self.config.you_might_also_like {
            now = replace(now, |t| self.also_like.replace_all(t, after_advert));
        }
        if self.config.page_header {
            now = replace(now, |t| Cow::Borrowed(self.after_header(t)));
        }
        if self.config.embed_tail {
            now = replace(now, |t| self.embed.replace(t, ""));
        }
        (now.len() != text.len()).then(|| now.into_owned())
    }

    /// The advert runs from the last `See ` before its tail, on the same line: an earlier
    /// `See ` may be sung.
    fn without_tickets<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut kept = String::new();
        let mut from = 0;
        for tail in self.ticket.find_iter(text) {
            let before = &text[from..tail.start()];
            let line = before.rfind('\n').map_or(0, |at| at + 1);
            if let Some(see) = before[line..].rfind("See ") {
                kept.push_str(&before[..line + see]);
                // A line break, so that what stood around the advert never becomes one word.
                kept.push('\n');
                from = tail.end();
            }
        }
        if from == 0 {
            return Cow::Borrowed(text);
        }
        kept.push_str(&text[from..]);
        Cow::Owned(kept)
    }

    fn after_header<'t>(&self, text: &'t str) -> &'t str {
        let text = self.contributors.find(text).map_or(text, |found| &text[found.end()..]);
        let head = &text[..text.floor_char_boundary(DESCRIPTION)];
        self.read_more.find(head).map_or(text, |found| &text[found.end()..])
    }
}

/// Applies `rule`, keeping a text that it leaves alone uncopied.
fn replace<'t>(text: Cow<'t, str>, rule: impl for<'a> Fn(&'a str) -> Cow<'a, str>) -> Cow<'t, str> {
    match text {
        Cow::Borrowed(borrowed) => rule(borrowed),
        Cow::Owned(owned) => match rule(&owned) {
            Cow::Borrowed(same) if same.len() == owned.len() => Cow::Owned(owned),
            Cow::Borrowed(part) => Cow::Owned(part.to_owned()),
            Cow::Owned(new) => Cow::Owned(new),
        },
    }
}

fn after_advert(found: &Captures<'_>) -> String {
    format!("\n{}", found.get(1).map_or("", |next| next.as_str()))
}

/// Drops every balanced pair of square brackets that stands within one line, nested ones too.
/// A bracket without its partner stays, so that a forgotten `]` costs no lyrics. A regular
/// expression cannot count nesting, and repeating one until nothing changes is quadratic.
fn without_brackets(text: &str) -> Cow<'_, str> {
    let mut open = Vec::new();
    let mut cuts: Vec<(usize, usize)> = Vec::new();
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\n' => open.clear(),
            b'[' => open.push(at),
            b']' => {
                if let Some(from) = open.pop() {
                    // An outer pair swallows the inner ones already noted.
                    while cuts.last().is_some_and(|&(start, _)| start > from) {
                        cuts.pop();
                    }
                    cuts.push((from, at + 1));
                }
            }
            _ => {}
        }
    }
    if cuts.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    for (start, end) in cuts {
        kept.push_str(&text[from..start]);
        from = end;
    }
    kept.push_str(&text[from..]);
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn clean(text: &str) -> String {
        Cleaner::new(&CleaningConfig::default()).unwrap().clean(text)
    }

    #[test]
    fn a_scraped_page_becomes_its_song() {
        let page = "12 ContributorsTranslationsEspañolPaper Boats Lyrics[Verse 1]\r\nWe fold the \
                    morning\u{2005}into boats\u{200b}\n\n\n[Chorus: Ada & Lin]\nSail on\nSee Ada \
                    LiveGet tickets as low as $35You might also like\n[Outro]\nSail onward1.2KEmbed";
        assert_eq!(clean(page), "We fold the morning into boats\n\nSail on\n\nSail onward");
    }

    #[test]
    fn brackets_never_eat_lyrics_across_lines() {
        assert_eq!(clean("[Verse\nsung line\n[Hook]\nmore"), "[Verse\nsung line\n\nmore");
        assert_eq!(clean("one [[two] & (three)] four"), "one  four");
        assert_eq!(clean("stray [ sung [Hook] on"), "stray [ sung  on");
        assert_eq!(clean("closed ] before [ open"), "closed ] before [ open");
    }

    #[test]
    fn words_that_only_look_like_debris_stay() {
        for sung in [
            "You might also like the way I dance",
            "Embed the thorn in me\nlet it stay",
            "I want to embed",
            "See the lights\nSee the sea",
            "He wrote the Lyrics\n12 Contributors to my pain",
        ] {
            assert_eq!(clean(sung), sung);
        }
    }

    #[test]
    fn an_advert_glued_to_a_line_leaves_the_line() {
        let text = "See me fallSee The Kites LiveGet tickets as low as $1,204\nagain";
        assert_eq!(clean(text), "See me fall\n\nagain");
        assert_eq!(clean("fallYou might also likeRise"), "fall\nRise");
    }

    #[test]
    fn a_description_goes_up_to_read_more() {
        assert_eq!(clean("A song about rain. It was… Read More\u{a0}\nRain falls"), "Rain falls");
        let far = format!("{}... Read More", "la ".repeat(2000));
        assert_eq!(clean(&far), far, "too far down to be a description");
    }

    #[test]
    fn only_named_rules_run() {
        let config = CleaningConfig {
            control_characters: false,
            ticket_adverts: false,
            you_might_also_like: false,
            page_header: false,
            embed_tail: false,
            blank_lines: false,
            ..CleaningConfig::default()
        };
        let cleaner = Cleaner::new(&config).unwrap();
        assert_eq!(cleaner.clean(" [Hook]\na\n\n\nb\u{200b}Embed "), "a\n\n\nb\u{200b}Embed");
    }

    #[test]
    fn ten_megabytes_of_brackets_are_no_trouble() {
        let text = format!("{}x{}", "[".repeat(5 << 20), "]".repeat(5 << 20));
        assert_eq!(clean(&text), "");
    }

    const PIECES: [&str; 20] = [
        "[Verse]",
        "[",
        "]",
        "\n",
        "\r\n",
        "\r",
        " ",
        "\u{200b}",
        "You might also like",
        "Embed",
        "12Embed",
        "5 ContributorsX Lyrics",
        "TranslationsY Lyrics",
        "... Read More",
        "See A ",
        "LiveGet tickets as low as $5",
        "la la",
        "3",
        "You might ",
        "also like",
    ];

    proptest! {
        #[test]
        fn cleaning_twice_is_cleaning_once(pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..14)) {
            let once = clean(&pieces.concat());
            prop_assert_eq!(clean(&once), once);
        }

        #[test]
        fn any_text_at_all_is_cleaned(text in any::<String>()) {
            let once = clean(&text);
            prop_assert_eq!(clean(&once), once.clone());
            prop_assert!(!once.contains('\0') && once.trim() == once);
        }
    }
}
