//! Small invented corpora.

use canto_corpus::{CorpusConfig, Error, Manifest, prepare};
use canto_song::Silent;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The repository's taxonomy.
pub(crate) fn taxonomy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs").join(name)
}

pub(crate) fn config() -> CorpusConfig {
    CorpusConfig { taxonomy: taxonomy("taxonomy.toml"), ..CorpusConfig::default() }
}

/// A folder of its own for a test.
pub(crate) struct Desk {
    folder: TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn prepare(&self, source: &Path, config: &CorpusConfig) -> Result<Manifest, Error> {
        prepare(source, &self.path("out"), config, &Silent)
    }

    /// Prepares bytes as `songs.csv`.
    pub(crate) fn csv(&self, bytes: impl AsRef<[u8]>) -> Result<Manifest, Error> {
        self.prepare(&self.file("songs.csv", bytes), &config())
    }

    /// What lies there, sorted.
    pub(crate) fn entries(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// A row of a source.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) artist: String,
    pub(crate) title: String,
    pub(crate) lyrics: String,
    pub(crate) genres: String,
}

pub(crate) fn row(artist: &str, title: &str, lyrics: &str, genres: &str) -> Row {
    Row { artist: artist.into(), title: title.into(), lyrics: lyrics.into(), genres: genres.into() }
}

/// An invented English lyric; different numbers share few phrases.
pub(crate) fn lyric(number: usize) -> String {
    const WHO: [&str; 7] = [
        "the fisher",
        "my brother",
        "a stranger",
        "the mayor",
        "our teacher",
        "the baker",
        "an old dog",
    ];
    const DOES: [&str; 5] =
        ["was walking through", "never left", "came back to", "was dreaming of", "will remember"];
    const WHERE: [&str; 11] = [
        "the harbour",
        "that quiet street",
        "the burning field",
        "our kitchen",
        "the northern road",
        "a yellow train",
        "the market",
        "the winter",
        "this broken town",
        "her garden",
        "the river",
    ];
    let line = |at: usize| {
        let pick =
            number.wrapping_mul(2_654_435_761).wrapping_add(at.wrapping_mul(40_503 + number * 7))
                >> 3;
        format!("{} {} {} {number}\n", WHO[pick % 7], DOES[pick / 7 % 5], WHERE[pick / 35 % 11])
    };
    (0..12).map(line).collect()
}

pub(crate) fn csv(rows: &[Row]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["Artist(s)", "song", "text", "Length", "Genre"]).unwrap();
    for row in rows {
        writer.write_record([&row.artist, &row.title, &row.lyrics, "3:10", &row.genres]).unwrap();
    }
    writer.into_inner().unwrap()
}

/// Thirty songs of ten artists.
pub(crate) fn thirty() -> Vec<Row> {
    const GENRES: [&str; 4] = ["pop", "rock,indie rock", "hip hop", "uk country rap"];
    (0..30)
        .map(|n| row(&format!("Artist {}", n % 10), &format!("Song {n}"), &lyric(n), GENRES[n % 4]))
        .collect()
}
