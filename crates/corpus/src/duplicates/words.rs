//! A lyric as its bare words.

use xxhash_rust::xxh3::xxh3_128;

/// The words of a lyric, lower case, punctuation dropped, joined by single spaces. An
/// apostrophe vanishes (`don't` is `dont`), everything else that is no letter or digit parts
/// words.
pub(crate) fn words(lyrics: &str) -> String {
    let mut words = String::with_capacity(lyrics.len());
    for part in lyrics.split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '’')) {
        let before = words.len();
        let letters = part.chars().filter(|c| c.is_alphanumeric());
        words.extend(letters.flat_map(char::to_lowercase));
        if words.len() > before {
            words.push(' ');
        }
    }
    words.truncate(words.trim_end().len());
    words
}

/// What exact duplicates have in common.
pub(crate) fn fingerprint(words: &str) -> u128 {
    xxh3_128(words.as_bytes())
}
