use crate::dice::Dice;
use crate::lyric::{Kind, Lyric};
use std::fmt::Write;

/// Thousandths of songs with each kind of dirt.
mod share {
    pub(super) const UNTAGGED: u32 = 140;
    pub(super) const HEADER: u32 = 220;
    pub(super) const ALSO_LIKE: u32 = 150;
    pub(super) const TICKETS: u32 = 40;
    pub(super) const EMBED: u32 = 300;
    pub(super) const INVISIBLE: u32 = 60;
    pub(super) const ONE_LINE: u32 = 60;
    pub(super) const SQUEEZED: u32 = 60;
    pub(super) const RUNS_OF_BLANKS: u32 = 50;
    pub(super) const CONTROL: u32 = 4;
    pub(super) const INSTRUMENTAL: u32 = 3;
}

const INVISIBLE: [&str; 5] = ["\u{200b}", "\u{feff}", "\u{200c}", "\u{2005}", "\u{a0}"];
const CONTROL: [&str; 3] = ["\u{7}", "\r", "\u{1f}"];
const TRANSLATIONS: [&str; 4] = [
    "TranslationsEspañol",
    "TranslationsPortuguêsTürkçeEspañol",
    "TranslationsDeutschFrançais",
    "TranslationsРусскийItaliano",
];

/// A lyric as a lyrics site's page shows it and a scraper brings it home: section tags, headers,
/// advertisements and counters in the text.
pub(crate) fn render(lyric: &Lyric, title: &str, artist: &str, dice: &mut Dice) -> String {
    if dice.chance(share::INSTRUMENTAL) {
        return "[Instrumental]".to_owned();
    }
    let mut text = String::with_capacity(4096);
    if dice.chance(share::HEADER) {
        header(&mut text, title, dice);
    }
    let advertised = ad_position(share::ALSO_LIKE, lyric, dice);
    let tickets = ad_position(share::TICKETS, lyric, dice);
    let gap = match dice.below(1000) {
        0..share::SQUEEZED => "\n",
        below if below < share::SQUEEZED + share::RUNS_OF_BLANKS => "\n\n\n\n",
        _ => "\n\n",
    };
    let style = (!dice.chance(share::UNTAGGED)).then(|| dice.below(10));
    let mut verses = 0;
    for (nth, &(kind, block)) in lyric.order.iter().enumerate() {
        if nth > 0 {
            text.push_str(gap);
        }
        if tickets == Some(nth) {
            let price = dice.between(18, 240);
            let _ = writeln!(text, "See {artist} LiveGet tickets as low as ${price}");
        }
        if advertised == Some(nth) {
            text.push_str("You might also like");
        }
        verses += u32::from(kind == Kind::Verse);
        if let Some(style) = style {
            tag(&mut text, kind, verses, artist, style);
        }
        text.push_str(&lyric.blocks[block]);
    }
    if dice.chance(share::EMBED) {
        match dice.below(3) {
            0 => text.push_str("Embed"),
            _ => drop(write!(text, "{}Embed", dice.between(1, 480))),
        }
    }
    soil(text, dice)
}

/// Before which block an advertisement stands, in `thousandths` of the songs.
fn ad_position(thousandths: u32, lyric: &Lyric, dice: &mut Dice) -> Option<usize> {
    dice.chance(thousandths).then(|| dice.between(1, lyric.order.len().max(2) as u32 - 1) as usize)
}

fn header(text: &mut String, title: &str, dice: &mut Dice) {
    match dice.between(1, 160) {
        1 => text.push_str("1 Contributor"),
        count => drop(write!(text, "{count} Contributors")),
    }
    if dice.chance(400) {
        text.push_str(dice.pick(&TRANSLATIONS));
    }
    let end = if dice.chance(500) { "\n" } else { "" };
    let _ = write!(text, "{title} Lyrics{end}");
}

fn tag(text: &mut String, kind: Kind, verses: u32, artist: &str, style: u32) {
    let name = match kind {
        Kind::Intro => "Intro",
        Kind::Verse => "Verse",
        Kind::PreChorus => "Pre-Chorus",
        Kind::Chorus if style == 1 => "Hook",
        Kind::Chorus if style == 2 => "Refrain",
        Kind::Chorus => "Chorus",
        Kind::Bridge => "Bridge",
        Kind::Outro => "Outro",
    };
    let number = if kind == Kind::Verse { format!(" {verses}") } else { String::new() };
    let _ = match style {
        0 => writeln!(text, "[{}{number}]", name.to_uppercase()),
        3 | 4 => writeln!(text, "[{name}{number}: {artist}]"),
        5 if kind == Kind::Chorus => writeln!(text, "[{name}: {artist} & choir]"),
        _ => writeln!(text, "[{name}{number}]"),
    };
}

/// Characters that nobody sees, and line breaks lost on the way.
fn soil(mut text: String, dice: &mut Dice) -> String {
    if dice.chance(share::INVISIBLE) {
        for _ in 0..dice.between(1, 6) {
            insert(&mut text, dice.pick(&INVISIBLE), dice);
        }
    }
    if dice.chance(share::CONTROL) {
        insert(&mut text, dice.pick(&CONTROL), dice);
    }
    if dice.chance(share::ONE_LINE) {
        text = text.replace('\n', " ");
    }
    text
}

fn insert(text: &mut String, what: &str, dice: &mut Dice) {
    let mut at = dice.below(text.len() as u32) as usize;
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    text.insert_str(at, what);
}
