//! Whatever comes in, rows are songs plus rejects, and nothing straddles splits.

use crate::fixture::{Desk, Row, config, csv, lyric, row};
use canto_corpus::{Error, Prepared};
use canto_song::Split;
use proptest::prelude::*;
use std::collections::HashMap;

fn any_row() -> impl Strategy<Value = Row> {
    let lyrics = prop_oneof![
        6 => (0usize..60).prop_map(lyric),
        1 => (0usize..60).prop_map(|n| lyric(n).replacen("the", "da", 1)),
        1 => Just(String::new()),
        1 => ".{0,40}",
        1 => Just("[Instrumental]".to_owned()),
    ];
    let genres = prop::sample::select(vec!["pop", "rock,folk", "polka", "", "uk rap, soul"]);
    (0..12u8, lyrics, genres).prop_map(|(artist, lyrics, genres)| {
        let artist = if artist == 0 { String::new() } else { format!("Artist {artist}, Guest") };
        row(&artist, "a \"song\"", &lyrics, genres)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn rows_are_songs_plus_rejects(rows in prop::collection::vec(any_row(), 1..60)) {
        let desk = Desk::new();
        let source = desk.file("songs.csv", csv(&rows));
        let manifest = match desk.prepare(&source, &config()) {
            Ok(manifest) => manifest,
            Err(Error::NothingLeft { .. }) => return Ok(()),
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        };
        prop_assert_eq!(manifest.rows, rows.len() as u64);
        prop_assert_eq!(manifest.songs + manifest.rejects, manifest.rows);
        prop_assert_eq!(manifest.reasons.values().sum::<u64>(), manifest.rejects);

        let prepared = Prepared::open(&desk.path("out")).unwrap();
        let mut home: HashMap<String, Split> = HashMap::new();
        for split in Split::ALL {
            for song in prepared.songs(split).unwrap() {
                if !song.artist.is_empty() {
                    prop_assert_eq!(*home.entry(song.artist).or_insert(split), split);
                }
            }
        }
    }
}
