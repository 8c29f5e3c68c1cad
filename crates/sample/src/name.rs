use crate::dice::Dice;
use crate::lexicon::{Lexicons, Slot};
use canto_song::Genre;

const STARTS: [&str; 16] =
    ["b", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z"];
const ENDS: [&str; 4] = ["aro", "eth", "ilo", "un"];
const FIRST: [&str; 24] = [
    "Marlo",
    "Ines",
    "Teodor",
    "Jolene",
    "Calder",
    "Odile",
    "Bram",
    "Suri",
    "Ike",
    "Pernilla",
    "Zadie",
    "Lorcan",
    "Mirela",
    "Anselm",
    "Björn",
    "Chidi",
    "Désirée",
    "Farouk",
    "Greta",
    "Hana",
    "Ulla",
    "Quill",
    "Rosalba",
    "Tamsin",
];
const LEADS: [&str; 4] = ["The", "DJ", "Lil", "MC"];
const KINDS: [&str; 8] =
    ["Lanterns", "Orchestra", "Brothers", "Parade", "Machine", "Sisters", "Club", "Trio"];
/// Words of 3 syllables, 64 of each.
const WORDS: u64 = 1 << 18;

/// The `number`-th artist's name. Its middle word is a bijection of the number, so no two artists
/// of a file share a name by chance; it is made of syllables, so that it is nobody's.
pub(crate) fn artist(number: u64, salt: u64, dice: &mut Dice) -> String {
    let word = word(number, salt);
    match dice.below(10) {
        0..=4 => format!("{} {word}", dice.pick(&FIRST)),
        5 => format!("{} {word}s", LEADS[0]),
        6 => format!("{} {word}", dice.pick(&LEADS[1..])),
        7 | 8 => format!("{word} {}", dice.pick(&KINDS)),
        _ => word,
    }
}

fn word(number: u64, salt: u64) -> String {
    // An odd factor permutes the residues of a power of two.
    let mixed = (number % WORDS).wrapping_mul(0x2_5F35).wrapping_add(salt) % WORDS;
    let mut word = String::with_capacity(16);
    for shift in [12, 6, 0] {
        syllable(&mut word, (mixed >> shift) & 63);
    }
    // Past all three-syllable words, further syllables count the rounds.
    let mut round = number / WORDS;
    while round > 0 {
        syllable(&mut word, round & 63);
        round >>= 6;
    }
    capitalise(&word)
}

fn syllable(word: &mut String, code: u64) {
    word.push_str(STARTS[(code >> 2) as usize & 15]);
    word.push_str(ENDS[code as usize & 3]);
}

/// A song's or album's title, from the words of its genre.
pub(crate) fn title(lexicons: &Lexicons, genre: Genre, dice: &mut Dice) -> String {
    let theme = lexicons.theme(genre);
    let own = |slot, dice: &mut Dice| {
        let from = if dice.chance(600) { &lexicons.neutral } else { theme };
        dice.pick(from.words(slot))
    };
    let (noun, adj) = (own(Slot::Noun, dice), own(Slot::Adjective, dice));
    let title = match dice.below(8) {
        0 | 1 => noun.to_owned(),
        2 | 3 => format!("{adj} {noun}"),
        4 => format!("{noun} in the {}", own(Slot::Place, dice)),
        5 => format!("{noun} & {}", own(Slot::Noun, dice)),
        6 => format!("{} the {noun}", own(Slot::Verb, dice)),
        _ => format!("{} ({adj})", own(Slot::Ing, dice)),
    };
    capitalise(&title)
}

/// The text with a capital at the start of each word.
pub(crate) fn capitalise(text: &str) -> String {
    let mut capital = true;
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if capital {
            out.extend(letter.to_uppercase());
        } else {
            out.push(letter);
        }
        capital = matches!(letter, ' ' | '(' | '-');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn words_are_unique_past_one_round() {
        let words: HashSet<String> = (0..WORDS + 5000).map(|number| word(number, 77)).collect();
        assert_eq!(words.len() as u64, WORDS + 5000);
    }
}
