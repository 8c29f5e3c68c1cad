//! Same input and seed, same bytes out.

use crate::fixture::{Desk, config, csv, lyric, row, thirty};
use canto_corpus::prepare;
use canto_song::Silent;

#[test]
fn two_runs_write_the_same_bytes() {
    // Several batches, so that their order could matter.
    let rows: Vec<_> = (0..10_000)
        .map(|n| {
            row(&format!("Artist {}", n % 900), &format!("Song {n}"), &lyric(n), "pop,folk rock")
        })
        .chain(thirty())
        .collect();
    let desk = Desk::new();
    let source = desk.file("songs.csv", csv(&rows));
    let mut files = Vec::new();
    for name in ["one", "two"] {
        let manifest = prepare(&source, &desk.path(name), &config(), &Silent).unwrap();
        assert_eq!(manifest.rows, 10_030);
        files.push(manifest.files);
    }
    assert_eq!(files[0], files[1]);

    let mut other = config();
    other.split.seed = 7;
    let manifest = prepare(&source, &desk.path("three"), &other, &Silent).unwrap();
    assert_ne!(manifest.files["songs.parquet"], files[0]["songs.parquet"]);
}
