//! Whole files, in all formats.

use crate::tiny::{LABELS, SONGS, predictor};
use canto_predict::{FileOptions, FileSummary, Overrides, Predictor};
use canto_song::Silent;
use polars::prelude::*;
use std::fs::File;
use std::path::Path;

const FORMATS: [&str; 3] = ["csv", "parquet", "ndjson"];

/// More rows than one chunk, every seventh without lyrics.
const ROWS: usize = 1200;

fn lyric(row: usize) -> Option<&'static str> {
    match row % 14 {
        6 => None,
        13 => Some("[Chorus]"),
        at => Some(SONGS[at % SONGS.len()]),
    }
}

fn table() -> DataFrame {
    let numbers: Vec<i64> = (0..ROWS as i64).collect();
    let titles: Vec<String> = (0..ROWS).map(|row| format!("a \"quoted\", title {row}")).collect();
    let lyrics: Vec<Option<&str>> = (0..ROWS).map(lyric).collect();
    let columns = vec![
        Column::new("number".into(), numbers),
        Column::new("title".into(), titles),
        Column::new("lyrics".into(), lyrics),
    ];
    DataFrame::new(ROWS, columns).unwrap()
}

fn write(table: &mut DataFrame, path: &Path) {
    let file = File::create(path).unwrap();
    match path.extension().unwrap().to_str().unwrap() {
        "csv" => CsvWriter::new(file).finish(table).unwrap(),
        "parquet" => drop(ParquetWriter::new(file).finish(table).unwrap()),
        _ => JsonWriter::new(file).with_json_format(JsonFormat::JsonLines).finish(table).unwrap(),
    }
}

fn read(path: &Path) -> DataFrame {
    let file = File::open(path).unwrap();
    match path.extension().unwrap().to_str().unwrap() {
        "csv" => CsvReader::new(file).finish().unwrap(),
        "parquet" => ParquetReader::new(file).finish().unwrap(),
        _ => JsonReader::new(file).with_json_format(JsonFormat::JsonLines).finish().unwrap(),
    }
}

fn score(predictor: &Predictor, input: &Path, output: &Path) -> FileSummary {
    predictor.score_file(input, output, &FileOptions::default(), &Silent).unwrap()
}

fn numbers(table: &DataFrame, column: &str) -> Vec<i64> {
    let column = table.column(column).unwrap().cast(&DataType::Int64).unwrap();
    column.i64().unwrap().iter().map(Option::unwrap).collect()
}

fn texts(table: &DataFrame, column: &str) -> Vec<Option<String>> {
    let column = table.column(column).unwrap().str().unwrap();
    column.iter().map(|text| text.map(str::to_owned)).collect()
}

#[test]
fn every_format_becomes_every_other_in_the_original_order() {
    let (folder, predictor) = predictor();
    let scorable: Vec<i64> = (0..ROWS).filter(|row| row % 7 != 6).map(|row| row as i64).collect();
    for from in FORMATS {
        let input = folder.path().join(format!("songs.{from}"));
        write(&mut table(), &input);
        for to in FORMATS {
            let output = folder.path().join(format!("scored-{from}.{to}"));
            let summary = score(&predictor, &input, &output);
            assert_eq!(summary.rows, ROWS as u64);
            assert_eq!(summary.scored, scorable.len() as u64);
            assert_eq!(summary.rejected, summary.rows - summary.scored);
            assert_eq!(numbers(&read(&output), "number"), scorable, "{from} to {to}");
            check_rejects(&summary.rejects);
        }
    }
}

fn check_rejects(path: &Path) {
    let rejects = read(path);
    let expected: Vec<i64> = (1..=ROWS as i64).filter(|row| row % 7 == 0).collect();
    assert_eq!(numbers(&rejects, "row"), expected);
    let reasons = texts(&rejects, "reason");
    assert_eq!(reasons[0].as_deref(), Some("missing_lyrics"));
    assert_eq!(reasons[1].as_deref(), Some("empty_after_cleaning"));
}

#[test]
fn the_input_s_columns_stay_and_ours_follow() {
    let (folder, predictor) = predictor();
    let (input, output) = (folder.path().join("in.parquet"), folder.path().join("out.parquet"));
    write(&mut table(), &input);
    score(&predictor, &input, &output);
    let scored = read(&output);
    let names: Vec<_> = scored.get_column_names().into_iter().map(PlSmallStr::as_str).collect();
    let ours = ["score:Folk", "score:R&B/Soul", "score:Rock", "genres", "truncated", "tokens"];
    assert_eq!(names, [&["number", "title", "lyrics"][..], &ours, &["language"]].concat());
    assert_eq!(texts(&scored, "title")[0].as_deref(), Some("a \"quoted\", title 0"));
    assert_eq!(scored.column("number").unwrap().dtype(), &DataType::Int64);
}

#[test]
fn a_file_scores_as_its_texts_do() {
    let (folder, predictor) = predictor();
    let (input, output) = (folder.path().join("in.csv"), folder.path().join("out.parquet"));
    write(&mut table(), &input);
    score(&predictor, &input, &output);
    let scored = read(&output);
    let alone = predictor.predict(&[SONGS[0]], &Overrides::default(), &Silent).unwrap();
    for (label, expected) in LABELS.iter().zip(&alone[0].labels) {
        let column = scored.column(&format!("score:{label}")).unwrap().f32().unwrap();
        assert!((column.get(0).unwrap() - expected.score).abs() <= 1e-5);
    }
    let genres: Vec<_> = alone[0].genres.iter().map(|genre| genre.label.as_str()).collect();
    assert_eq!(texts(&scored, "genres")[0].as_deref(), Some(genres.join(";").as_str()));
    let tokens = scored.column("tokens").unwrap().u64().unwrap();
    assert_eq!(tokens.get(0), Some(alone[0].tokens as u64));
}

#[test]
fn the_lyrics_column_is_found_or_named() {
    let (folder, predictor) = predictor();
    let output = folder.path().join("out.csv");
    for (header, column) in
        [("words", None), ("text", None), ("lyrics", None), ("letra", Some("letra".to_owned()))]
    {
        let input = folder.path().join("in.csv");
        std::fs::write(&input, format!("{header}\nla la la\n")).unwrap();
        let options = FileOptions { column, ..FileOptions::default() };
        let summary = predictor.score_file(&input, &output, &options, &Silent).unwrap();
        assert_eq!((summary.rows, summary.scored), (1, 1), "{header}");
    }
}

#[test]
fn an_older_output_is_replaced_and_nothing_else_is_left() {
    let (folder, predictor) = predictor();
    let out = folder.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let input = folder.path().join("in.jsonl");
    std::fs::write(&input, "{\"text\":\"la la\"}\n\n{\"text\":null,\"late\":1}\n").unwrap();
    let output = out.join("scored.jsonl");
    std::fs::write(&output, "older").unwrap();
    let summary = score(&predictor, &input, &output);
    assert_eq!((summary.scored, summary.rejected), (1, 1));
    assert_eq!(summary.rejects, out.join("scored.rejects.jsonl"));
    let names = std::fs::read_dir(&out).unwrap().count();
    assert_eq!(names, 2, "the scores and the rejects");
    let line = std::fs::read_to_string(&output).unwrap();
    let row: serde_json::Value = serde_json::from_str(line.trim()).unwrap();
    assert_eq!(row["text"], "la la");
    assert!(row["score:Rock"].is_number() && row["truncated"] == false);
}
