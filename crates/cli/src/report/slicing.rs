//! By what the test songs are told apart.

use canto_corpus::first_named_artist;
use canto_evaluate::Slicing;
use canto_score::SongScores;
use canto_song::Song;
use std::collections::HashSet;

/// Every way to slice the test songs: by length, by whether all was read, by language confidence,
/// by number of genres, by whether training knows the artist.
pub(super) fn slicings(
    songs: &[Song],
    scored: &[SongScores],
    trained_artists: &HashSet<String>,
) -> anyhow::Result<Vec<Slicing>> {
    let tokens = |at: usize| scored[at].tokens as f64;
    let confidence = |at: usize| f64::from(songs[at].language_confidence);
    let genres = |at: usize| songs[at].genres.len() as f64;
    let known = |at: usize| trained_artists.contains(&first_named_artist(&songs[at].artist));
    let rows = songs.len();
    Ok(vec![
        ranges("tokens", rows, &LENGTHS, tokens)?,
        flags("reading", rows, ["read whole", "read in part"], |at| scored[at].truncated)?,
        ranges("language confidence", rows, &CONFIDENCES, confidence)?,
        ranges("genres", rows, &GENRES, genres)?,
        flags("artist", rows, ["unseen in training", "seen in training"], known)?,
    ])
}

/// Where a slice ends, and its name.
type Ranges<'a> = [(f64, &'a str)];

const LENGTHS: [(f64, &str); 4] = [
    (128.0, "up to 128"),
    (256.0, "129 to 256"),
    (512.0, "257 to 512"),
    (f64::INFINITY, "more than 512"),
];

const CONFIDENCES: [(f64, &str); 3] =
    [(0.5, "up to 0.5"), (0.9, "0.5 to 0.9"), (f64::INFINITY, "above 0.9")];

const GENRES: [(f64, &str); 3] = [(1.0, "one"), (2.0, "two"), (f64::INFINITY, "three or more")];

fn ranges(
    by: &str,
    rows: usize,
    ranges: &Ranges<'_>,
    value: impl Fn(usize) -> f64,
) -> anyhow::Result<Slicing> {
    let names = ranges.iter().map(|(_, name)| (*name).to_owned()).collect();
    let slice = |row| ranges.iter().take_while(|(end, _)| value(row) > *end).count();
    Ok(Slicing::new(by, names, (0..rows).map(slice).collect())?)
}

fn flags(
    by: &str,
    rows: usize,
    names: [&str; 2],
    flag: impl Fn(usize) -> bool,
) -> anyhow::Result<Slicing> {
    let names = names.map(str::to_owned).to_vec();
    Ok(Slicing::new(by, names, (0..rows).map(|row| usize::from(flag(row))).collect())?)
}
