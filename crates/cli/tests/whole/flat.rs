//! Memory while a file of many songs is scored.

use crate::{say, trained};
use polars::prelude::*;
use std::fs::File;
use std::path::Path;

/// Songs of the smaller and of the larger file: either is more than is read at once.
const SONGS: [usize; 2] = [20_000, 60_000];

/// By so many megabytes the larger file may need more: its pages, which are mapped, and the index of
/// what is written. Its lyrics alone are 60 MB more.
const SLACK: f64 = 20.0;

/// Songs of a row group: Polars reads one whole.
const GROUP: usize = 2_048;

const WORDS: [&str; 13] = [
    "river", "engine", "the", "window", "gold", "summer", "carries", "night", "of", "my", "rain",
    "slowly", "and",
];

fn write(path: &Path, songs: usize) {
    let lyric = |song: usize| {
        let words = (0..300).map(|at| WORDS[(song / (1 + at % 7) + at * at) % WORDS.len()]);
        words.collect::<Vec<_>>().join(" ")
    };
    let lyrics: Vec<String> = (0..songs).map(lyric).collect();
    let mut table = DataFrame::new(songs, vec![Column::new("text".into(), lyrics)]).unwrap();
    let writer = ParquetWriter::new(File::create(path).unwrap());
    writer.with_row_group_size(Some(GROUP)).finish(&mut table).unwrap();
}

/// Megabytes that the command says it took at most.
fn memory(said: &str) -> f64 {
    let before = said.split_once(" MB of memory at most").unwrap_or_else(|| panic!("{said}")).0;
    before.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn memory_does_not_grow_with_the_number_of_songs() {
    let folder = tempfile::tempdir().unwrap();
    let [smaller, larger] = SONGS.map(|songs| {
        let [input, output] =
            ["in", "out"].map(|name| folder.path().join(format!("{name}-{songs}.parquet")));
        write(&input, songs);
        let [input, output] = [&input, &output].map(|path| path.to_str().unwrap());
        let args = ["-v", "predict", "artifacts/micro", "--input", input, "--output", output];
        let said = say(trained(), &args).well();
        assert!(said.err.contains("of memory at most"), "{}", said.err);
        memory(&said.err)
    });
    assert!(larger < smaller + SLACK, "{smaller} MB, then {larger} MB");
}
