//! The rows of a lazy frame in chunks, streamed by Polars in the order of the file.

use super::{Format, failure};
use crate::error::Error;
use polars::prelude::*;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

/// The chunks of a file, in order.
pub struct Chunks {
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

/// Rows of a Parquet file that are asked for at once. Polars reads a row group whole, and writers
/// that are not told otherwise make one of a million rows; of a part of it, only those pages are
/// read that hold the part.
const STRETCH: usize = 8192;

/// Streams `frame`, a scan of the file at `path`, in chunks of at most `rows` rows.
///
/// Polars waits while a chunk is not yet taken, so that memory does not grow with the file.
pub fn chunks(
    frame: LazyFrame,
    path: &Path,
    format: Format,
    rows: NonZeroUsize,
) -> Result<Chunks, Error> {
    let (sender, receiver) = sync_channel(1);
    let stretch = (format == Format::Parquet).then(|| STRETCH.next_multiple_of(rows.get()));
    let stream = Stream { frame, rows, stretch, given: Arc::default(), sender };
    let first = stream.part(0).map_err(|source| Error::Reader { path: path.to_owned(), source })?;
    std::thread::spawn(move || {
        let end = stream.run(first).map_or_else(Message::Failed, |()| Message::End);
        // Nobody listens any more once the rows were enough.
        stream.sender.send(end).ok();
    });
    Ok(Chunks { path: path.to_owned(), format, receiver, done: false })
}

/// The sending side.
struct Stream {
    frame: LazyFrame,
    rows: NonZeroUsize,
    /// Rows of each query; none where one query reads all.
    stretch: Option<usize>,
    given: Arc<Given>,
    sender: SyncSender<Message>,
}

/// What was handed over so far.
#[derive(Default)]
struct Given {
    rows: AtomicUsize,
    /// Nobody listens any more.
    unwanted: AtomicBool,
}

impl Stream {
    /// A query for the stretch that begins at row `first`.
    fn part(&self, first: usize) -> PolarsResult<LazyFrame> {
        let part = self.frame.clone();
        let part = match self.stretch {
            Some(stretch) => part.slice(first as i64, stretch as IdxSize),
            None => part,
        };
        part.sink_batches(self.hand_over(), true, Some(self.rows))
    }

    fn hand_over(&self) -> PlanCallback<DataFrame, bool> {
        let (sender, given) = (Mutex::new(self.sender.clone()), Arc::clone(&self.given));
        PlanCallback::new(move |rows: DataFrame| {
            if rows.height() == 0 {
                return Ok(false);
            }
            given.rows.fetch_add(rows.height(), Ordering::Relaxed);
            let sender =
                sender.lock().map_err(|_| polars_err!(ComputeError: "a chunk was lost"))?;
            let unwanted = sender.send(Message::Rows(rows)).is_err();
            given.unwanted.store(unwanted, Ordering::Relaxed);
            Ok(unwanted)
        })
    }

    /// Reads one stretch after the other, until one is not full.
    fn run(&self, first: LazyFrame) -> PolarsResult<()> {
        let (mut part, mut wanted) = (first, 0);
        loop {
            part.collect_with_engine(Engine::Streaming)?;
            let Some(stretch) = self.stretch else { return Ok(()) };
            wanted += stretch;
            let over = self.given.rows.load(Ordering::Relaxed) < wanted;
            if over || self.given.unwanted.load(Ordering::Relaxed) {
                return Ok(());
            }
            part = self.part(wanted)?;
        }
    }
}

impl Iterator for Chunks {
    type Item = Result<DataFrame, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let chunk = match self.receiver.recv() {
            Ok(Message::Rows(rows)) => Ok(rows),
            Ok(Message::Failed(source)) => Err(failure::explain(&self.path, self.format, source)),
            Ok(Message::End) => {
                self.done = true;
                return None;
            }
            Err(_) => Err(Error::ReaderStopped { path: self.path.clone() }),
        };
        self.done = chunk.is_err();
        Some(chunk)
    }
}
