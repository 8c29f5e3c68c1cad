//! Rows in batches, streamed by Polars in the order of the file.

use super::{Format, Source, columns, failure};
use crate::config::Columns;
use crate::error::Error;
use polars::prelude::*;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

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

/// The batches of a source, in order.
pub(crate) struct Batches {
    path: PathBuf,
    format: Format,
    receiver: Receiver<Message>,
    done: bool,
}

enum Message {
    Rows(DataFrame),
    End,
    Failed(PolarsError),
}

/// Streams the first `limit` rows of `source`. Polars waits while a batch is not yet taken, so
/// that memory does not grow with the file.
pub(crate) fn batches(
    source: &Source,
    wanted: &Columns,
    limit: Option<u64>,
) -> Result<Batches, Error> {
    let mut frame = columns::scan(&source.path, source.format, wanted)?;
    if let Some(rows) = limit {
        frame = frame.limit(IdxSize::try_from(rows).unwrap_or(IdxSize::MAX));
    }
    let (sender, receiver) = sync_channel(1);
    let batches = sink(frame, sender.clone(), &source.path)?;
    std::thread::spawn(move || {
        let end = match batches.collect_with_engine(Engine::Streaming) {
            Ok(_) => Message::End,
            Err(error) => Message::Failed(error),
        };
        // Nobody listens any more once the rows were enough.
        sender.send(end).ok();
    });
    Ok(Batches { path: source.path.clone(), format: source.format, receiver, done: false })
}

fn sink(frame: LazyFrame, sender: SyncSender<Message>, path: &Path) -> Result<LazyFrame, Error> {
    let sender = Mutex::new(sender);
    let hand_over = PlanCallback::new(move |rows: DataFrame| {
        let sender = sender.lock().map_err(|_| polars_err!(ComputeError: "a batch was lost"))?;
        Ok(sender.send(Message::Rows(rows)).is_err())
    });
    frame
        .sink_batches(hand_over, true, Some(ROWS))
        .map_err(|source| Error::Reader { path: path.to_owned(), source })
}

impl Iterator for Batches {
    type Item = Result<Batch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let failed = |source| failure::explain(&self.path, self.format, source);
        let batch = match self.receiver.recv() {
            Ok(Message::Rows(rows)) => Batch::new(&rows).map_err(failed),
            Ok(Message::Failed(error)) => Err(failed(error)),
            Ok(Message::End) => {
                self.done = true;
                return None;
            }
            Err(_) => Err(Error::ReaderStopped { path: self.path.clone() }),
        };
        self.done = batch.is_err();
        Some(batch)
    }
}
