//! The four columns that count, in batches of rows.

use super::{Source, chunks, columns, failure};
use crate::config::Columns;
use crate::error::Error;
use polars::prelude::*;
use std::num::NonZeroUsize;

/// Rows in a batch: enough to keep every core busy, few enough to stay small in memory.
const ROWS: NonZeroUsize = NonZeroUsize::new(4096).unwrap();

/// A row as the source has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawRow<'a> {
    pub(crate) artist: Option<&'a str>,
    pub(crate) title: Option<&'a str>,
    pub(crate) lyrics: Option<&'a str>,
    pub(crate) genres: Option<&'a str>,
}

/// Consecutive rows of the source.
#[derive(Debug)]
pub(crate) struct Batch {
    columns: [StringChunked; 4],
}

impl Batch {
    fn new(frame: &DataFrame) -> PolarsResult<Self> {
        let text = |name: &str| -> PolarsResult<StringChunked> {
            // One chunk, so that a row is found without a search.
            Ok(frame.column(name)?.str()?.rechunk().into_owned())
        };
        Ok(Self { columns: [text("artist")?, text("title")?, text("lyrics")?, text("genres")?] })
    }

    pub(crate) fn len(&self) -> usize {
        self.columns[0].len()
    }

    pub(crate) fn row(&self, at: usize) -> RawRow<'_> {
        let [artist, title, lyrics, genres] = &self.columns;
        RawRow {
            artist: artist.get(at),
            title: title.get(at),
            lyrics: lyrics.get(at),
            genres: genres.get(at),
        }
    }
}

/// Streams the first `limit` rows of `source` in batches.
pub(crate) fn batches(
    source: &Source,
    wanted: &Columns,
    limit: Option<u64>,
) -> Result<impl Iterator<Item = Result<Batch, Error>>, Error> {
    let Source { path, format, .. } = source.clone();
    let mut frame = columns::select(&path, format, wanted)?;
    if let Some(rows) = limit {
        frame = frame.limit(IdxSize::try_from(rows).unwrap_or(IdxSize::MAX));
    }
    let chunks = chunks(frame, &path, format, ROWS)?;
    let batch =
        move |rows| Batch::new(&rows).map_err(|source| failure::explain(&path, format, source));
    Ok(chunks.map(move |rows| rows.and_then(&batch)))
}
