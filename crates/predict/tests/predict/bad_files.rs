//! Bad input and output: a message that names the place, and nothing half-written.

use crate::tiny::{SONGS, predictor};
use canto_predict::{Error, FileOptions, Overrides};
use canto_song::Silent;
use std::path::Path;

/// The refusal of a file `name` with `content`, which must leave no output.
fn refusal(name: &str, content: &[u8]) -> Error {
    let (folder, predictor) = predictor();
    let input = folder.path().join(name);
    std::fs::write(&input, content).unwrap();
    let out = folder.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let options = FileOptions::default();
    let error = predictor.score_file(&input, &out.join("scored.csv"), &options, &Silent);
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 0, "nothing is left");
    let error = error.unwrap_err();
    assert!(error.to_string().contains(name), "{error}");
    error
}

fn is(error: &Error, part: &str) {
    assert!(error.to_string().contains(part), "{error}");
}

#[test]
fn files_without_rows() {
    is(&refusal("empty.csv", b""), "is empty");
    is(&refusal("header.csv", b"text\n"), "no rows");
    is(&refusal("blank.ndjson", b"\n\n"), "no rows");
}

#[test]
fn columns_that_are_not_there() {
    let error = refusal("songs.csv", b"Text,title\nla,lo\n");
    is(&error, "no column `words`, `text`, `lyrics`; its columns are `Text`, `title`");
    assert!(error.hint().unwrap().contains("--column"));
}

#[test]
fn columns_that_are_in_the_way() {
    is(&refusal("songs.csv", b"text,genres,tokens\nla,x,y\n"), "already has `genres`, `tokens`");
}

#[test]
fn lists_where_texts_should_be() {
    is(&refusal("songs.ndjson", b"{\"text\":[\"la\"]}\n"), "column `text`");
    is(&refusal("songs.ndjson", b"{\"text\":\"la\",\"tags\":[1]}\n"), "`tags`");
}

#[test]
fn broken_quotes() {
    let error = refusal("songs.csv", b"text\n\"la\"\n\"open\nlo\n");
    is(&error, "row 2, line 3");
    assert!(error.hint().unwrap().contains("quote"));
    is(&refusal("songs.csv", b"text,title\nla,lo\nla,lo,li\n"), "row 2");
}

#[test]
fn latin_1() {
    let error = refusal("songs.csv", b"text\nla\ncoraz\xf3n\n");
    is(&error, "0xF3");
    is(&error, "row 2");
    assert!(error.hint().unwrap().contains("iconv"));
    is(&refusal("songs.ndjson", b"{\"text\":\"coraz\xf3n\"}\n"), "0xF3");
}

#[test]
fn broken_json_and_broken_parquet() {
    is(&refusal("songs.ndjson", b"{\"text\":\"la\"}\n{\"text\":\n"), "line 2");
    refusal("songs.parquet", b"no parquet at all");
}

#[test]
fn names_that_will_not_do() {
    let (folder, predictor) = predictor();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("in.csv"), format!("text\n\"{}\"\n", SONGS[0])).unwrap();
    let score = |input: &str, output: &str| {
        let options = FileOptions::default();
        predictor.score_file(&at(input), &at(output), &options, &Silent).unwrap_err()
    };
    is(&score("absent.csv", "out.csv"), "no file at");
    is(&score("in.txt", "out.csv"), "no file at");
    is(&score("in.csv", "out.xlsx"), "known format");
    is(&score("in.csv", "absent/out.csv"), "no folder at");
    is(&score("in.csv", "in.csv"), "cannot be written at the same time");
    std::fs::create_dir(at("folder.csv")).unwrap();
    is(&score("in.csv", "folder.csv"), "is a folder");
    is(&score("folder.csv", "out.csv"), "is a folder");
}

#[test]
fn a_bad_threshold_stops_before_anything_is_read() {
    let (folder, predictor) = predictor();
    let overrides = Overrides { all: None, per_label: vec![("Polka".to_owned(), 0.5)] };
    let options = FileOptions { overrides, ..FileOptions::default() };
    let output = folder.path().join("out.csv");
    let error = predictor.score_file(Path::new("absent.csv"), &output, &options, &Silent);
    assert!(matches!(error.unwrap_err(), Error::UnknownLabel { .. }));
}

/// Root may write into any folder of a disk, but not into `/proc`.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_takes_no_files() {
    let (folder, predictor) = predictor();
    let input = folder.path().join("in.csv");
    std::fs::write(&input, "text\nla la\n").unwrap();
    let options = FileOptions::default();
    let error = predictor.score_file(&input, Path::new("/proc/out.csv"), &options, &Silent);
    let error = error.unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error}");
    is(&error, "/proc/out.csv");
}
