//! Files that are not what they should be.

use crate::{Said, canto, names, recipe, said, say, trained};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const HEADER: &str = "Artist(s),song,text,Genre\n";

fn prepare(here: &Path) -> Said {
    let recipe = recipe("quickstart.toml");
    say(here, &["prepare", "in.csv", "--out", "prepared", "--config", &recipe])
}

/// Prepares a file of these bytes, which must fail and leave nothing but the file.
#[track_caller]
fn refused(bytes: &[u8], parts: &[&str]) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("in.csv"), bytes).unwrap();
    prepare(folder.path()).badly(parts);
    assert_eq!(names(folder.path()), ["in.csv"]);
}

/// Rows with lyrics enough to be told to be English; `odd` is a row among them.
fn rows_with(odd: &str) -> Vec<u8> {
    let row = |number: u32| {
        let line = format!("I walked along the road number {number} and thought about the rain");
        format!("Artist {number},Song {number},\"{line}\nand the night\",rock\n")
    };
    let text = HEADER.to_owned() + &(0..30).map(row).collect::<String>() + odd;
    text.into_bytes()
}

/// The share of rows that became songs, from a preparation that went well.
#[track_caller]
fn prepared(odd: &str) -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("in.csv"), rows_with(odd)).unwrap();
    let told = prepare(folder.path()).well().err;
    (folder, told)
}

#[test]
fn a_missing_file() {
    let folder = TempDir::new().unwrap();
    prepare(folder.path()).badly(&["no file at `in.csv`", "hint: "]);
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn an_empty_file_and_one_with_a_header_only() {
    refused(b"", &["`in.csv` is empty", "hint: "]);
    refused(HEADER.as_bytes(), &["has a header and no rows", "hint: "]);
}

#[test]
fn a_missing_column() {
    refused(
        b"artist,song,text,Genre\na,b,c,rock\n",
        &["`Artist(s)`", "`corpus.columns.artist`", "hint: ", "--set corpus.columns.artist"],
    );
}

#[test]
fn broken_quotes() {
    let row = "a,b,\"never closed,rock\n";
    refused(format!("{HEADER}{row}").as_bytes(), &["broken quotes", "row 1", "line 2", "hint: "]);
}

#[test]
fn latin_1() {
    let mut bytes = HEADER.as_bytes().to_vec();
    bytes.extend(b"Beyonc\xe9,b,some words,rock\n");
    refused(&bytes, &["is not UTF-8", "0xE9", "row 1", "hint: ", "iconv"]);
}

#[test]
fn a_taxonomy_that_is_missing() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("in.csv"), rows_with("")).unwrap();
    let recipe = recipe("quickstart.toml");
    let args = ["prepare", "in.csv", "--out", "prepared", "--config", &recipe];
    let args = [&args[..], &["--set", "corpus.taxonomy=no.toml"]].concat();
    say(folder.path(), &args).badly(&["no taxonomy file at `no.toml`", "hint: "]);
    assert_eq!(names(folder.path()), ["in.csv"]);
}

#[test]
fn nul_bytes_are_cleaned_away() {
    let (_folder, told) =
        prepared("Nul,Song,\"I walked\0 along the river and thought about the sun\",rock\n");
    assert!(told.contains("31 of 31 rows are songs"), "{told}");
    let text = "I walked\0 along the river";
    let with = said(canto(trained()).args(["predict", "artifacts/micro"]).write_stdin(text)).well();
    let text = "I walked along the river";
    let without =
        said(canto(trained()).args(["predict", "artifacts/micro"]).write_stdin(text)).well();
    assert_eq!(with.out, without.out);
}

#[test]
fn a_row_without_text_is_a_reject() {
    let (folder, told) = prepared("Null,Song,,rock\n");
    assert!(told.contains("30 of 31 rows are songs"), "{told}");
    assert!(told.contains("rejected"), "{told}");
    assert!(folder.path().join("prepared/rejects.parquet").is_file());
}

#[test]
fn ten_megabytes_are_no_song_but_are_scored() {
    let long = "la di da and on we go\n".repeat(10_000_000 / 22);
    let (_folder, told) = prepared(&format!("Long,Song,\"{long}\",rock\n"));
    assert!(told.contains("30 of 31 rows are songs"), "{told}");
    let predict = ["predict", "artifacts/micro"];
    let said = said(canto(trained()).args(predict).write_stdin(long)).well();
    assert!(said.out.contains("read in part"), "{}", said.out);
}

#[test]
fn lyrics_without_words_and_in_other_bytes_are_refused() {
    let predict = ["predict", "artifacts/micro"];
    say(trained(), &["predict", "artifacts/micro", "--text", " "]).badly(&["empty", "hint: "]);
    let only_a_tag = ["predict", "artifacts/micro", "--text", "[Chorus]"];
    say(trained(), &only_a_tag).badly(&["after cleaning", "hint: "]);
    let mut command = canto(trained());
    said(command.args(predict).write_stdin(b"caf\xe9".to_vec())).badly(&["not UTF-8", "iconv"]);
    let missing = ["predict", "artifacts/micro", "--file", "no.txt"];
    say(trained(), &missing).badly(&["cannot read `no.txt`", "No such file"]);
}

#[test]
fn a_file_to_score_without_its_column_leaves_no_output() {
    let folder = crate::copied();
    fs::write(folder.path().join("in.csv"), "words\nla la la\n").unwrap();
    let before = names(folder.path());
    let args = ["predict", "artifacts/micro", "--input", "in.csv", "--output", "out.csv"];
    say(folder.path(), &args).badly(&["`words`", "hint: ", "--column"]);
    assert_eq!(names(folder.path()), before);
}
