//! Original, invented lyrics in the schema and with the dirt of a real lyrics data set.
//!
//! Owns the grammar that writes them, the micro-genres their artists are filed under, the debris
//! of a scraped page and the CSV. The words of a song hint at its genres, and the labels are
//! noisy: a good model reaches a macro ROC-AUC near 0.9 on artists it has not seen, never 1.0.
//! Refuses to know how a reader cleans, labels or splits what is written here.

mod artist;
mod author;
mod catalogue;
mod dice;
mod error;
mod lexicon;
mod lyric;
mod name;
mod page;
mod row;
mod voice;

use author::Author;
use canto_song::Progress;
pub use error::Error;
use fs_err as fs;
pub use row::LYRICS_COLUMN;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleConfig {
    /// Rows of the file.
    pub songs: u64,
    /// The same seed writes the same bytes.
    pub seed: u64,
}

impl Default for SampleConfig {
    fn default() -> Self {
        Self { songs: 5_000, seed: 42 }
    }
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows.
    pub songs: u64,
    /// Artists with a song of their own.
    pub artists: u64,
    /// Size of the file.
    pub bytes: u64,
    /// Rows without a title.
    pub untitled: u64,
    /// Rows composed in a language other than English.
    pub foreign: u64,
    /// Rows with the very text of an earlier one.
    pub exact_duplicates: u64,
    /// Rows with the text of an earlier one but for a word or two and the page around it.
    pub near_duplicates: u64,
    /// Near duplicates sung by another artist.
    pub covers: u64,
}

/// Rows between two reports of progress and two writes.
const BATCH: u64 = 512;

/// Writes `config.songs` rows of CSV to `out`, making its folder where there is none.
///
/// Streams: memory does not grow with the number of songs. The file appears under its name only
/// when it is complete; until then, and after an error, what stood there before stands there.
pub fn write(config: &SampleConfig, out: &Path, progress: &dyn Progress) -> Result<Summary, Error> {
    // A rename would put the file in the place of a device such as `/dev/stdout`.
    if out.exists() && !out.is_file() {
        return Err(Error::NotAFile { path: out.to_owned() });
    }
    let folder = folder_of(out);
    let create = |source| Error::Create { folder: folder.clone(), source };
    fs::create_dir_all(&folder).map_err(create)?;
    // Made by hand, since files of `tempfile` are for their owner's eyes only.
    let mut file = tempfile::Builder::new()
        .prefix(".canto-sample-")
        .make_in(&folder, |path| fs::File::create_new(path))
        .map_err(create)?;
    progress.start("writing songs", Some(config.songs));
    let mut summary = Summary::default();
    let written = stream(config, file.as_file_mut(), progress, &mut summary)
        .and_then(|()| file.as_file().sync_all())
        .and_then(|()| file.persist(out).map_err(|error| error.error));
    progress.finish();
    match written {
        Ok(_) => Ok(summary),
        Err(source) => Err(Error::Write { path: out.to_owned(), row: summary.songs, source }),
    }
}

fn folder_of(out: &Path) -> PathBuf {
    match out.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn stream(
    config: &SampleConfig,
    file: &mut impl Write,
    progress: &dyn Progress,
    summary: &mut Summary,
) -> io::Result<()> {
    let mut author = Author::new(config.seed);
    let mut rows = row::header();
    while summary.songs < config.songs {
        let batch = BATCH.min(config.songs - summary.songs);
        for _ in 0..batch {
            author.row(&mut rows, summary);
        }
        summary.bytes += rows.len() as u64;
        file.write_all(rows.as_bytes())?;
        rows.clear();
        progress.advance(batch);
    }
    summary.bytes += rows.len() as u64;
    file.write_all(rows.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use canto_song::Silent;

    /// Takes so many bytes, then is full.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.0);
            self.0 -= taken;
            if taken == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(taken) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_an_error_with_a_way_out() {
        let config = SampleConfig { songs: 2000, seed: 1 };
        let mut summary = Summary::default();
        let source = stream(&config, &mut Full(1_000_000), &Silent, &mut summary).unwrap_err();
        let error = Error::Write { path: "songs.csv".into(), row: summary.songs, source };
        assert!(error.hint().unwrap().contains("free some space"));
        assert!((1..2000).contains(&summary.songs));
    }
}
