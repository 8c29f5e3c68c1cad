//! CSV, NDJSON and Parquet hold the same songs.

use crate::fixture::{Desk, config, csv, thirty};
use canto_corpus::{CorpusConfig, Error, Format, Prepared, prepare};
use canto_song::{Silent, Song, Split};
use std::path::Path;

fn songs(desk: &Desk, source: &Path, config: &CorpusConfig) -> Vec<Song> {
    desk.prepare(source, config).unwrap();
    let prepared = Prepared::open(&desk.path("out")).unwrap();
    let mut songs: Vec<_> =
        Split::ALL.into_iter().flat_map(|s| prepared.songs(s).unwrap()).collect();
    songs.sort_by_key(|song| song.row);
    songs
}

fn ndjson() -> String {
    let line = |(at, row): (usize, crate::fixture::Row)| {
        let mut value = serde_json::json!({
            "Artist(s)": row.artist, "song": row.title, "text": row.lyrics, "Genre": row.genres,
        });
        // Types may differ from row to row, and so may the keys.
        if at % 3 == 0 {
            value["Length"] = serde_json::json!(190);
        }
        format!("{value}\n")
    };
    thirty().into_iter().enumerate().map(line).collect()
}

#[test]
fn ndjson_gives_the_songs_that_csv_gives() {
    let desk = Desk::new();
    let from_csv = songs(&desk, &desk.file("songs.csv", csv(&thirty())), &config());
    for name in ["songs.ndjson", "songs.JSONL"] {
        assert_eq!(songs(&desk, &desk.file(name, ndjson()), &config()), from_csv);
    }
}

#[test]
fn parquet_gives_them_too() {
    let desk = Desk::new();
    let from_csv = songs(&desk, &desk.file("songs.csv", csv(&thirty())), &config());
    // What a preparation writes is itself a Parquet file to read; its songs come out again,
    // by the source's rows they came from.
    let source = desk.path("again.parquet");
    std::fs::copy(desk.path("out/songs.parquet"), &source).unwrap();
    let mut config = config();
    config.columns.artist = "artist".into();
    config.columns.title = "title".into();
    config.columns.lyrics = "lyrics".into();
    config.columns.genres = "micro_genres".into();
    let manifest = prepare(&source, &desk.path("two"), &config, &Silent).unwrap();
    assert_eq!(manifest.source.format, Format::Parquet);
    let ids = |songs: &[Song]| songs.iter().map(|s| (s.row, s.id, s.genres)).collect::<Vec<_>>();
    assert_eq!(ids(&songs(&desk, &source, &config)), ids(&from_csv));
}

#[test]
fn numbers_are_read_as_text_and_lists_are_refused() {
    let desk = Desk::new();
    let line = |genre: serde_json::Value| {
        let lyrics = crate::fixture::lyric(1);
        let value =
            serde_json::json!({"Artist(s)": "A", "song": 1999, "text": lyrics, "Genre": genre});
        format!("{value}\n")
    };
    let source = desk.file("songs.ndjson", line("pop".into()));
    assert_eq!(songs(&desk, &source, &config())[0].title.as_deref(), Some("1999"));
    let source = desk.file("lists.ndjson", line(serde_json::json!(["pop", "rock"])));
    let error = desk.prepare(&source, &config()).unwrap_err();
    assert!(matches!(&error, Error::ColumnType { column, .. } if column == "Genre"), "{error}");
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_no_harm() {
    let desk = Desk::new();
    let plain = songs(&desk, &desk.file("songs.csv", csv(&thirty())), &config());
    let text = String::from_utf8(csv(&thirty())).unwrap();
    let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    assert_eq!(songs(&desk, &desk.file("songs.csv", windows), &config()), plain);
}

#[test]
fn a_path_with_wildcards_is_one_file() {
    let desk = Desk::new();
    desk.file("songs1.csv", "nothing of ours");
    for name in ["songs[1].csv", "songs*.csv"] {
        assert_eq!(songs(&desk, &desk.file(name, csv(&thirty())), &config()).len(), 30);
    }
}
