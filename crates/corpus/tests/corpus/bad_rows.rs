//! Rows that cannot become songs: each a reject with a reason, the rest goes on.

use crate::fixture::{Desk, Row, config, csv, lyric, row, thirty};
use canto_corpus::{Duplicates, Manifest, Prepared, Reason};
use canto_song::Split;

fn songs(desk: &Desk) -> Vec<canto_song::Song> {
    let prepared = Prepared::open(&desk.path("out")).unwrap();
    let mut songs: Vec<_> =
        Split::ALL.into_iter().flat_map(|s| prepared.songs(s).unwrap()).collect();
    songs.sort_by_key(|song| song.row);
    songs
}

/// Thirty good songs and `bad`; the reasons found.
fn with(bad: Row) -> (Desk, Manifest) {
    let mut rows = thirty();
    rows.push(bad);
    let desk = Desk::new();
    let manifest = desk.csv(csv(&rows)).unwrap();
    assert_eq!((manifest.rows, manifest.songs + manifest.rejects), (31, 31));
    (desk, manifest)
}

fn reason(bad: Row) -> Reason {
    let (_, manifest) = with(bad);
    assert_eq!(manifest.rejects, 1, "{:?}", manifest.reasons);
    manifest.reasons.into_keys().next().unwrap()
}

#[test]
fn every_reason_has_its_row() {
    let of = |lyrics: &str, genres: &str| reason(row("A", "b", lyrics, genres));
    assert_eq!(of("", "pop"), Reason::MissingLyrics);
    assert_eq!(of(" \n ", "pop"), Reason::MissingLyrics);
    assert_eq!(of(&lyric(99), ""), Reason::MissingGenres);
    assert_eq!(of(&lyric(99), "polka"), Reason::UnmappedGenres);
    assert_eq!(of("[Instrumental]", "pop"), Reason::EmptyAfterCleaning);
    let spanish = "Quiero cantar contigo toda la noche bajo la luna de mi pueblo\ny volver a casa cuando salga el sol de la mañana";
    assert_eq!(of(spanish, "pop"), Reason::Language);
    assert_eq!(of(&lyric(3).to_uppercase(), "pop"), Reason::ExactDuplicate);
    assert_eq!(of(&lyric(3).replacen("the", "da", 1), "pop"), Reason::NearDuplicate);
}

#[test]
fn a_lyric_of_ten_megabytes_is_too_long() {
    let long = format!("[Verse]\n{}", "a very long night\n".repeat(600_000));
    assert_eq!(reason(row("A", "b", &long, "pop")), Reason::TooLong);
}

#[test]
fn nul_bytes_are_cleaned_away() {
    let (desk, manifest) =
        with(row("A", "b", &format!("[Ver\0se]\n{}", lyric(77).replace("the ", "the\0 ")), "pop"));
    assert_eq!(manifest.songs, 31);
    assert_eq!(songs(&desk)[30].lyrics, lyric(77).trim());
}

#[test]
fn nulls_in_title_and_artist_are_no_harm() {
    let (desk, manifest) = with(row("", "", &lyric(77), "pop"));
    assert_eq!(manifest.songs, 31);
    let songs = songs(&desk);
    assert_eq!((songs[30].title.as_deref(), songs[30].artist.as_str()), (None, ""));
    assert_eq!(songs[0].title.as_deref(), Some("Song 0"));
}

#[test]
fn a_blank_line_is_a_row_without_lyrics() {
    let desk = Desk::new();
    let mut text = String::from_utf8(csv(&thirty())).unwrap();
    text.push('\n');
    let manifest = desk.csv(text).unwrap();
    assert_eq!((manifest.rows, manifest.rejects), (31, 1));
}

#[test]
fn duplicates_can_stay_together_instead() {
    let mut rows = thirty();
    rows.push(row("Somebody Else", "cover", &lyric(3), "pop"));
    rows.push(row("A Third", "cover", &lyric(3).replacen("the", "da", 1), "pop"));
    let mut config = config();
    config.duplicates.exact = Duplicates::Group;
    config.duplicates.near = Duplicates::Group;
    let desk = Desk::new();
    let source = desk.file("songs.csv", csv(&rows));
    assert_eq!(desk.prepare(&source, &config).unwrap().songs, 32);
    let songs = songs(&desk);
    assert_eq!([songs[30].split, songs[31].split], [songs[3].split; 2]);
}

#[test]
fn only_the_first_rows_are_read() {
    let mut config = config();
    config.limit = Some(12);
    let desk = Desk::new();
    let source = desk.file("songs.csv", csv(&thirty()));
    let manifest = desk.prepare(&source, &config).unwrap();
    assert_eq!((manifest.rows, manifest.songs), (12, 12));
}

#[test]
fn nothing_left_is_an_error_with_its_reasons() {
    let desk = Desk::new();
    let rows = [row("A", "b", "", "pop"), row("A", "b", &lyric(1), "polka")];
    let error = desk.csv(csv(&rows)).unwrap_err().to_string();
    assert!(error.contains("none of the 2 rows"), "{error}");
    assert!(error.contains("1 missing_lyrics, 1 unmapped_genres"), "{error}");
    assert_eq!(desk.entries(), ["songs.csv"]);
}
