//! Files that cannot be read as they are: a message that says where and what, and no folder.

use crate::fixture::{Desk, config, csv, lyric, row, thirty};
use canto_corpus::{Error, QuoteFault};

/// The message and the hint of a failed preparation, which must have left nothing.
fn fails(desk: &Desk, source: &std::path::Path) -> (Error, String) {
    let before = desk.entries();
    let error = desk.prepare(source, &config()).unwrap_err();
    assert_eq!(desk.entries(), before, "nothing may be left behind");
    let text = format!("{error}\nhint: {}", error.hint().unwrap_or_default());
    (error, text)
}

fn fails_as(name: &str, bytes: impl AsRef<[u8]>) -> (Error, String) {
    let desk = Desk::new();
    let source = desk.file(name, bytes);
    fails(&desk, &source)
}

#[test]
fn a_missing_file() {
    let desk = Desk::new();
    let (error, text) = fails(&desk, &desk.path("nowhere.csv"));
    assert!(matches!(error, Error::SourceMissing { .. }), "{text}");
    assert!(text.contains("nowhere.csv") && text.contains("check the path"), "{text}");
}

#[test]
fn a_folder() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("songs.csv")).unwrap();
    let (error, text) = fails(&desk, &desk.path("songs.csv"));
    assert!(matches!(error, Error::SourceIsFolder { .. }), "{text}");
}

#[test]
fn an_unknown_format() {
    let (error, text) = fails_as("songs.xlsx", "x");
    assert!(matches!(error, Error::SourceFormat { .. }), "{text}");
    assert!(text.contains(".parquet"), "{text}");
}

#[test]
fn an_empty_file() {
    for name in ["a.csv", "a.ndjson", "a.parquet"] {
        let (error, text) = fails_as(name, "");
        assert!(matches!(error, Error::SourceEmpty { .. }), "{text}");
    }
}

#[test]
fn a_header_only() {
    for bytes in ["Artist(s),song,text,Genre\n", "Artist(s),song,text,Genre"] {
        let (error, text) = fails_as("a.csv", bytes);
        assert!(matches!(error, Error::SourceNoRows { .. }), "{text}");
    }
}

#[test]
fn a_missing_column() {
    let (error, text) = fails_as("a.csv", "Artist(s),song,lyrics,Genre\nA,b,c,pop\n");
    assert!(matches!(error, Error::ColumnsMissing { .. }), "{text}");
    assert!(text.contains("lacks column `text` (`corpus.columns.lyrics`)"), "{text}");
    assert!(text.contains("`lyrics`, `Genre`"), "{text}");
    assert!(text.contains("--set corpus.columns.lyrics="), "{text}");
}

#[test]
fn a_quote_that_is_never_closed() {
    let (error, text) =
        fails_as("a.csv", "Artist(s),song,text,Genre\nA,b,c,pop\nA,b,\"c\n\nd,pop\n");
    let fault = QuoteFault::NeverClosed;
    assert!(
        matches!(error, Error::BrokenQuotes { row: 2, line: 3, offset: 40, fault: f, .. } if f == fault),
        "{text}"
    );
}

#[test]
fn a_quote_inside_a_quoted_field() {
    let (error, text) =
        fails_as("a.csv", "Artist(s),song,text,Genre\nA,b,\"say \"hi\" now\",pop\n");
    assert!(matches!(error, Error::BrokenQuotes { row: 1, line: 2, .. }), "{text}");
    assert!(text.contains("followed by `h`") && text.contains("double every quote"), "{text}");
}

#[test]
fn a_row_with_too_many_fields() {
    let (error, text) = fails_as("a.csv", "Artist(s),song,text,Genre\nA,b,c,pop\nA,b,c,d,pop\n");
    assert!(
        matches!(error, Error::FieldCount { row: 2, line: 3, found: 5, expected: 4, .. }),
        "{text}"
    );
}

#[test]
fn latin_1() {
    let mut bytes = csv(&[row("Ada", "x", &lyric(1), "pop"), row("Bo", "x", &lyric(2), "pop")]);
    let at = bytes.len() - 3;
    bytes[at] = 0xE9;
    let (error, text) = fails_as("a.csv", &bytes);
    assert!(
        matches!(error, Error::NotUtf8 { byte: 0xE9, offset, row: 2, .. } if offset == at as u64),
        "{text}"
    );
    assert!(text.contains("iconv -f latin1 -t utf-8"), "{text}");
}

#[test]
fn a_character_cut_by_the_end_of_the_file() {
    let (error, text) = fails_as("a.csv", b"Artist(s),song,text,Genre\nA,b,c,pop\xC3");
    assert!(matches!(error, Error::NotUtf8 { byte: 0xC3, offset: 35, .. }), "{text}");
}

#[test]
fn utf_16() {
    let bytes: Vec<u8> =
        "\u{feff}Artist(s),song".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (error, text) = fails_as("a.csv", bytes);
    assert!(matches!(error, Error::NotUtf8 { offset: 0, byte: 0xFF, .. }), "{text}");
    assert!(text.contains("iconv -f utf-16"), "{text}");
}

#[test]
fn a_line_that_is_no_json() {
    let good = r#"{"Artist(s)":"A","song":"b","text":"c","Genre":"pop"}"#;
    let (error, text) = fails_as("a.ndjson", format!("{good}\n{good}\n{{\"text\": oops\n"));
    assert!(matches!(error, Error::BadJson { line: 3, .. }), "{text}");
}

#[test]
fn a_parquet_file_that_is_none() {
    let (error, text) = fails_as("a.parquet", "no parquet at all, only words");
    assert!(matches!(error, Error::Reader { .. }), "{text}");
}

#[test]
fn a_configuration_with_bad_values() {
    let desk = Desk::new();
    let mut config = config();
    config.split.train = 0.9;
    config.max_characters = 0;
    let source = desk.file("songs.csv", csv(&thirty()));
    let text = desk.prepare(&source, &config).unwrap_err().to_string();
    assert!(text.contains("`max_characters`") && text.contains("`split.train`"), "{text}");
    config = crate::fixture::config();
    config.taxonomy = desk.path("none.toml");
    let error = desk.prepare(&source, &config).unwrap_err();
    assert!(matches!(error, Error::TaxonomyMissing { .. }), "{error}");
}
