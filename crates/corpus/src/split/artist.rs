//! The first-named artist.

use crate::duplicates::words;

/// What parts artists in one field. Splitting too often (`Simon & Garfunkel` → `simon`) only
/// puts more songs together; splitting too rarely would let one artist straddle splits.
const PARTED_BY: [&str; 10] =
    [",", ";", " & ", " + ", " and ", " feat. ", " feat ", " ft. ", " featuring ", " with "];

/// The first-named artist as bare words without a leading `the`, so that apostrophes and
/// invisible characters make no difference; empty where none is named.
pub fn first_named_artist(artists: &str) -> String {
    let all = artists.to_lowercase();
    let all = all.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = PARTED_BY.iter().filter_map(|mark| all.find(mark)).filter(|&at| at > 0).min();
    let first = words(&all[..end.unwrap_or(all.len())]);
    match first.strip_prefix("the ").unwrap_or(&first) {
        // A name of signs alone.
        "" => all,
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_artist_is_found() {
        for (artists, first) in [
            ("Ada Lune", "ada lune"),
            ("  ADA   Lune, Bo Finn", "ada lune"),
            ("Ada Lune feat. Bo", "ada lune"),
            ("The Kites & The Strings", "kites"),
            ("Kites and the Strings", "kites"),
            ("AC/DC", "ac dc"),
            ("\u{200b}The Lovin’ Lanterns", "lovin lanterns"),
            ("The Lovin' Lanterns", "lovin lanterns"),
            ("!!!", "!!!"),
            (", Bo", "bo"),
            ("", ""),
        ] {
            assert_eq!(first_named_artist(artists), first);
        }
    }
}
