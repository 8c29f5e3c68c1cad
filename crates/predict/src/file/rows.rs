//! The rows of a file in chunks, streamed by Polars in the order of the file.

use crate::error::Error;
use canto_corpus::Format;
use polars::prelude::*;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Rows in a chunk: enough that songs of like length share batches, few enough that a bar moves.
const CHUNK: NonZeroUsize = NonZeroUsize::new(512).unwrap();

/// All columns of a file. CSV columns are text as they stand; NDJSON types are taken from the
/// whole file, so that a value first seen in the last line has its column.
pub(crate) fn scan(path: &Path, format: Format) -> Result<LazyFrame, Error> {
    let frame = PlRefPath::try_from_path(path).and_then(|at| match format {
        Format::Csv => {
            LazyCsvReader::new(at).with_infer_schema_length(Some(0)).with_glob(false).finish()
        }
        Format::Parquet => LazyFrame::scan_parquet(
            at,
            ScanArgsParquet { glob: false, ..ScanArgsParquet::default() },
        ),
        Format::Ndjson => LazyJsonLineReader::new(at).with_infer_schema_length(None).finish(),
    });
    frame.map_err(|source| Error::Reader { path: path.to_owned(), source })
}

/// The chunks of a file, in order.
pub(crate) struct Chunks {
    path: PathBuf,
    receiver: Receiver<Message>,
    done: bool,
}

enum Message {
    Rows(DataFrame),
    End,
    Failed(PolarsError),
}

/// Streams `frame`. Polars waits while a chunk is not yet taken, so that memory does not grow
/// with the file.
pub(crate) fn chunks(frame: LazyFrame, path: &Path) -> Result<Chunks, Error> {
    let (sender, receiver) = sync_channel(1);
    let hand_over = hand_over(sender.clone());
    let sink = frame
        .sink_batches(hand_over, true, Some(CHUNK))
        .map_err(|source| Error::Reader { path: path.to_owned(), source })?;
    std::thread::spawn(move || {
        let end = match sink.collect_with_engine(Engine::Streaming) {
            Ok(_) => Message::End,
            Err(error) => Message::Failed(error),
        };
        // Nobody listens any more after an error of ours.
        sender.send(end).ok();
    });
    Ok(Chunks { path: path.to_owned(), receiver, done: false })
}

fn hand_over(sender: SyncSender<Message>) -> PlanCallback<DataFrame, bool> {
    let sender = Mutex::new(sender);
    PlanCallback::new(move |rows: DataFrame| {
        let sender = sender.lock().map_err(|_| polars_err!(ComputeError: "a chunk was lost"))?;
        Ok(sender.send(Message::Rows(rows)).is_err())
    })
}

impl Iterator for Chunks {
    type Item = Result<DataFrame, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let chunk = match self.receiver.recv() {
            Ok(Message::Rows(rows)) => Ok(rows),
            Ok(Message::Failed(source)) => Err(Error::Reader { path: self.path.clone(), source }),
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
