//! Songs and rejects as Parquet tables.

use crate::error::Error;
use crate::reject::Reject;
use crate::sink::{self, Sink, Watch};
use canto_song::{GenreSet, Song, SongId, Split};
// Named in full: the prelude has two of this name.
use polars::io::parquet::write::BatchedWriter;
use polars::prelude::*;
use std::path::Path;

/// Songs in a row group: a few tens of megabytes in memory.
const ROW_GROUP: usize = 16_384;

/// What parts genre names in one field; no name holds it.
const JOINT: &str = ";";

/// Writes rows in row groups of fixed size, so that the same rows give the same bytes.
pub(crate) struct SongWriter {
    writer: BatchedWriter<Sink>,
    watch: Watch,
    pending: Vec<Song>,
}

impl SongWriter {
    pub(crate) fn create(path: &Path) -> Result<Self, Error> {
        let (sink, watch) = sink::create(path)?;
        let writer = songs_frame(&[])
            .and_then(|empty| ParquetWriter::new(sink).batched(empty.schema()))
            .map_err(|error| watch.explain(error))?;
        Ok(Self { writer, watch, pending: Vec::with_capacity(ROW_GROUP) })
    }

    pub(crate) fn push(&mut self, song: Song) -> Result<(), Error> {
        self.pending.push(song);
        if self.pending.len() == ROW_GROUP { self.flush() } else { Ok(()) }
    }

    pub(crate) fn finish(mut self) -> Result<(), Error> {
        self.flush()?;
        self.writer.finish().map_err(|error| self.watch.explain(error))?;
        self.watch.sync()
    }

    fn flush(&mut self) -> Result<(), Error> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let written = songs_frame(&self.pending).and_then(|frame| self.writer.write_batch(&frame));
        self.pending.clear();
        written.map_err(|error| self.watch.explain(error))
    }
}

/// Writes all rejects at once; there is little to them.
pub(crate) fn write_rejects(path: &Path, rejects: &[Reject]) -> Result<(), Error> {
    let column = |name: &str, text: fn(&Reject) -> &str| {
        Column::new(name.into(), rejects.iter().map(text).collect::<Vec<_>>())
    };
    let rows = Column::new("row".into(), rejects.iter().map(|r| r.row).collect::<Vec<_>>());
    let columns =
        vec![rows, column("reason", |r| r.reason.name()), column("detail", |r| &r.detail)];
    let (sink, watch) = sink::create(path)?;
    DataFrame::new(rejects.len(), columns)
        .and_then(|mut frame| ParquetWriter::new(sink).finish(&mut frame))
        .map_err(|error| watch.explain(error))?;
    watch.sync()
}

fn songs_frame(songs: &[Song]) -> PolarsResult<DataFrame> {
    let text = |name: &str, of: fn(&Song) -> &str| {
        Column::new(name.into(), songs.iter().map(of).collect::<Vec<_>>())
    };
    let genres: Vec<String> = songs.iter().map(|song| song.genres.to_names().join(JOINT)).collect();
    let titles: Vec<Option<&str>> = songs.iter().map(|song| song.title.as_deref()).collect();
    let confidence: Vec<f32> = songs.iter().map(|song| song.language_confidence).collect();
    DataFrame::new(
        songs.len(),
        vec![
            Column::new("id".into(), songs.iter().map(|song| song.id.0).collect::<Vec<_>>()),
            Column::new("row".into(), songs.iter().map(|song| song.row).collect::<Vec<_>>()),
            text("artist", |song| &song.artist),
            Column::new("title".into(), titles),
            text("lyrics", |song| &song.lyrics),
            text("micro_genres", |song| &song.micro_genres),
            Column::new("genres".into(), genres),
            Column::new("language_confidence".into(), confidence),
            text("split", |song| song.split.name()),
        ],
    )
}

/// The songs of one split, in the order of the file.
pub(crate) fn read_songs(path: &Path, split: Split) -> Result<Vec<Song>, Error> {
    let failed = |source| Error::Reader { path: path.to_owned(), source };
    let options = ScanArgsParquet { glob: false, ..ScanArgsParquet::default() };
    let frame = PlRefPath::try_from_path(path)
        .and_then(|scan| LazyFrame::scan_parquet(scan, options))
        .and_then(|scan| scan.filter(col("split").eq(lit(split.name()))).collect())
        .map_err(failed)?;
    let columns = SongColumns::new(&frame).map_err(failed)?;
    (0..frame.height()).map(|at| columns.song(at, split, path)).collect()
}

struct SongColumns {
    numbers: [UInt64Chunked; 2],
    confidence: Float32Chunked,
    texts: [StringChunked; 5],
}

impl SongColumns {
    fn new(frame: &DataFrame) -> PolarsResult<Self> {
        let text =
            |name| -> PolarsResult<_> { Ok(frame.column(name)?.str()?.rechunk().into_owned()) };
        let number =
            |name| -> PolarsResult<_> { Ok(frame.column(name)?.u64()?.rechunk().into_owned()) };
        Ok(Self {
            numbers: [number("id")?, number("row")?],
            confidence: frame.column("language_confidence")?.f32()?.rechunk().into_owned(),
            texts: [
                text("artist")?,
                text("title")?,
                text("lyrics")?,
                text("micro_genres")?,
                text("genres")?,
            ],
        })
    }

    fn song(&self, at: usize, split: Split, path: &Path) -> Result<Song, Error> {
        let [id, row] = &self.numbers;
        let [artist, title, lyrics, micro_genres, genres] = &self.texts;
        let missing = |column| move || bad(path, column, "null");
        let text = |texts: &StringChunked, column| {
            texts.get(at).map(str::to_owned).ok_or_else(missing(column))
        };
        let genres = genres.get(at).ok_or_else(missing("genres"))?;
        Ok(Song {
            id: SongId(id.get(at).ok_or_else(missing("id"))?),
            row: row.get(at).ok_or_else(missing("row"))?,
            artist: text(artist, "artist")?,
            title: title.get(at).map(str::to_owned),
            lyrics: text(lyrics, "lyrics")?,
            micro_genres: text(micro_genres, "micro_genres")?,
            genres: GenreSet::from_names(genres.split(JOINT))
                .map_err(|_| bad(path, "genres", genres))?,
            language_confidence: self
                .confidence
                .get(at)
                .ok_or_else(missing("language_confidence"))?,
            split,
        })
    }
}

fn bad(path: &Path, column: &'static str, found: &str) -> Error {
    Error::BadSong { path: path.to_owned(), column, found: found.to_owned() }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named_with_what_to_do() {
        let song = Song {
            id: SongId(1),
            row: 1,
            artist: String::new(),
            title: None,
            lyrics: "la".into(),
            micro_genres: "pop".into(),
            genres: GenreSet::EMPTY,
            language_confidence: 1.0,
            split: Split::Train,
        };
        let full = Path::new("/dev/full");
        let written = SongWriter::create(full).and_then(|mut table| {
            table.push(song)?;
            table.finish()
        });
        for error in [written.unwrap_err(), write_rejects(full, &[]).unwrap_err()] {
            assert!(matches!(error, Error::File { .. }), "{error:?}");
            assert!(error.hint().is_some_and(|hint| hint.contains("free some space")), "{error:?}");
        }
    }
}
