use crate::dice::Dice;
use canto_song::Genre;
use std::fmt::Write;

/// The column of the lyrics.
pub const LYRICS_COLUMN: &str = "text";

/// The real data set's header.
pub(crate) const COLUMNS: [&str; 39] = [
    "Artist(s)",
    "song",
    LYRICS_COLUMN,
    "Length",
    "emotion",
    "Genre",
    "Album",
    "Release Date",
    "Key",
    "Tempo",
    "Loudness (db)",
    "Time signature",
    "Explicit",
    "Popularity",
    "Energy",
    "Danceability",
    "Positiveness",
    "Speechiness",
    "Liveness",
    "Acousticness",
    "Instrumentalness",
    "Good for Party",
    "Good for Work/Study",
    "Good for Relaxation/Meditation",
    "Good for Exercise",
    "Good for Running",
    "Good for Yoga/Stretching",
    "Good for Driving",
    "Good for Social Gatherings",
    "Good for Morning Routine",
    "Similar Artist 1",
    "Similar Song 1",
    "Similarity Score 1",
    "Similar Artist 2",
    "Similar Song 2",
    "Similarity Score 2",
    "Similar Artist 3",
    "Similar Song 3",
    "Similarity Score 3",
];

const EMOTIONS: [&str; 6] = ["joy", "sadness", "anger", "love", "fear", "surprise"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const KEYS: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
const SIGNATURES: [&str; 8] = ["4/4", "4/4", "4/4", "4/4", "4/4", "3/4", "5/4", "1/4"];

/// The columns that say something; the others are drawn as the row is written.
pub(crate) struct Row<'a> {
    pub(crate) artists: &'a str,
    /// Empty where the source has none.
    pub(crate) title: &'a str,
    pub(crate) text: &'a str,
    pub(crate) micro_genres: &'a str,
    pub(crate) album: &'a str,
    pub(crate) theme: Genre,
    /// Three artists and songs said to be similar.
    pub(crate) similar: [(&'a str, &'a str); 3],
}

impl Row<'_> {
    /// Appends the row, its line end included.
    pub(crate) fn write(&self, dice: &mut Dice, out: &mut String) {
        // Some rows are quoted though nothing asks for it.
        let quoted = dice.chance(20);
        field(out, self.artists, quoted);
        field(out, self.title, quoted && !self.title.is_empty());
        field(out, self.text, quoted);
        put(out, format_args!("{:02}:{:02}", dice.between(1, 6), dice.below(60)));
        field(out, dice.pick(&EMOTIONS), quoted);
        field(out, self.micro_genres, quoted);
        field(out, self.album, quoted);
        date(dice, out);
        let scale = if dice.chance(600) { "Maj" } else { "min" };
        put(out, format_args!("{} {scale}", dice.pick(&KEYS)));
        self.sound(dice, out);
        for _ in 0..9 {
            put(out, format_args!("{}", u8::from(dice.chance(180))));
        }
        for (artist, song) in self.similar {
            field(out, artist, quoted);
            field(out, song, quoted);
            put(out, format_args!("0.9{:09}", dice.below(1_000_000_000)));
        }
        out.pop(); // the comma after the last field
        out.push('\n');
    }

    /// Tempo to instrumentalness.
    fn sound(&self, dice: &mut Dice, out: &mut String) {
        let loud = energy(self.theme);
        let energy = loud.saturating_sub(15) + dice.below(30);
        put(out, format_args!("{}", dice.between(68, 178)));
        put(out, format_args!("-{}.{:02}db", dice.between(2, 18), dice.below(100)));
        field(out, dice.pick(&SIGNATURES), false);
        let explicit = if self.theme == Genre::HipHop { 550 } else { 60 };
        field(out, if dice.chance(explicit) { "Yes" } else { "No" }, false);
        put(out, format_args!("{}", dice.below(90)));
        put(out, format_args!("{energy}"));
        for _ in 0..2 {
            put(out, format_args!("{}", dice.between(12, 95)));
        }
        for _ in 0..2 {
            put(out, format_args!("{}", dice.between(3, 40)));
        }
        put(out, format_args!("{}", 100 - energy));
        put(out, format_args!("{}", dice.below(12)));
    }
}

fn energy(theme: Genre) -> u32 {
    match theme {
        Genre::Metal | Genre::Rock | Genre::Electronic => 82,
        Genre::HipHop | Genre::Pop | Genre::ReggaeLatin | Genre::Alternative => 65,
        Genre::Classical => 22,
        _ => 48,
    }
}

fn date(dice: &mut Dice, out: &mut String) {
    let day = dice.between(1, 28);
    let ending = match day {
        1 | 21 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    };
    let (month, year) = (dice.pick(&MONTHS), dice.between(1958, 2024));
    put(out, format_args!("{day}{ending} {month} {year}"));
}

/// Appends a field that holds no comma, quote or line break.
fn put(out: &mut String, value: std::fmt::Arguments) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(value);
    out.push(',');
}

/// Appends a field, quoted as RFC 4180 has it where it must be or where `quoted` asks for it.
fn field(out: &mut String, value: &str, quoted: bool) {
    if !quoted && !value.contains([',', '"', '\n', '\r']) {
        out.push_str(value);
    } else {
        out.push('"');
        for (nth, part) in value.split('"').enumerate() {
            out.push_str(if nth == 0 { "" } else { "\"\"" });
            out.push_str(part);
        }
        out.push('"');
    }
    out.push(',');
}

/// The header line.
pub(crate) fn header() -> String {
    COLUMNS.join(",") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn fields_read_back(values in prop::collection::vec("[a,\"\n\r é]{0,12}", 2..6), quoted: bool) {
            let mut line = String::new();
            for value in &values {
                field(&mut line, value, quoted);
            }
            line.pop();
            line.push('\n');
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
            let row = reader.records().next().unwrap().unwrap();
            prop_assert_eq!(row.iter().collect::<Vec<_>>(), values);
        }
    }
}
