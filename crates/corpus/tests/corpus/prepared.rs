//! Reading a prepared folder back.

use crate::fixture::{Desk, csv, row, thirty};
use canto_corpus::{Error, Prepared};
use canto_song::Split;
use std::collections::HashSet;

#[test]
fn songs_come_back_as_they_went_in() {
    let desk = Desk::new();
    let mut rows = thirty();
    rows[4] =
        row("Ada, Bo", "Fire\n\"Walk\"", &format!("[Hook]\n{}", rows[4].lyrics), "soul, Polka");
    let manifest = desk.csv(csv(&rows)).unwrap();
    let prepared = Prepared::open(&desk.path("out")).unwrap();
    assert_eq!(prepared.manifest(), &manifest);

    let mut ids = HashSet::new();
    let mut seen = 0;
    for split in Split::ALL {
        let songs = prepared.songs(split).unwrap();
        assert_eq!(manifest.splits[&split].songs, songs.len() as u64);
        assert!(songs.is_sorted_by_key(|song| song.row));
        for song in songs {
            let source = &rows[song.row as usize - 1];
            assert_eq!((&song.artist, &song.micro_genres), (&source.artist, &source.genres));
            assert_eq!(song.title.as_ref(), Some(&source.title));
            assert_eq!(song.lyrics, source.lyrics.trim_start_matches("[Hook]\n").trim());
            assert!(
                song.split == split && !song.genres.is_empty() && song.language_confidence > 0.0
            );
            assert!(ids.insert(song.id));
            seen += 1;
        }
    }
    assert_eq!(seen, 30);
    assert_eq!(manifest.taxonomy.unmapped[0].name, "polka");
    assert_eq!(manifest.languages["eng"], 30);
}

fn broken(change: impl FnOnce(&Desk)) -> (Error, String) {
    let desk = Desk::new();
    desk.csv(csv(&thirty())).unwrap();
    change(&desk);
    let error = Prepared::open(&desk.path("out")).unwrap_err();
    let text = format!("{error}\nhint: {}", error.hint().unwrap_or_default());
    assert!(text.contains("canto prepare"), "{text}");
    (error, text)
}

#[test]
fn a_missing_folder_or_file() {
    let (error, text) = broken(|desk| std::fs::remove_dir_all(desk.path("out")).unwrap());
    assert!(matches!(error, Error::NotPrepared { file: "manifest.json", .. }), "{text}");
    let (error, text) =
        broken(|desk| std::fs::remove_file(desk.path("out/rejects.parquet")).unwrap());
    assert!(matches!(error, Error::NotPrepared { file: "rejects.parquet", .. }), "{text}");
}

#[test]
fn an_altered_table() {
    let (error, text) = broken(|desk| {
        let path = desk.path("out/songs.parquet");
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(path, bytes).unwrap();
    });
    assert!(matches!(error, Error::Altered { .. }), "{text}");
}

#[test]
fn a_manifest_of_another_time() {
    let edit = |from: &'static str, to: &'static str| {
        move |desk: &Desk| {
            let path = desk.path("out/manifest.json");
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::write(path, text.replacen(from, to, 1)).unwrap();
        }
    };
    let (error, text) = broken(edit("\"format_version\": 1", "\"format_version\": 9"));
    assert!(matches!(error, Error::FormatVersion { found: 9, .. }), "{text}");
    let (error, text) = broken(edit("\"rows\": 30", "\"rows\": \"many\""));
    assert!(matches!(error, Error::ManifestMalformed { .. }), "{text}");
    let (error, text) = broken(edit("{", ""));
    assert!(matches!(error, Error::ManifestMalformed { .. }), "{text}");
}
