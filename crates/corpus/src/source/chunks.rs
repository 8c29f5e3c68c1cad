//! The rows of a lazy frame in chunks, streamed by Polars in the order of the file.

use super::{Format, failure};
use crate::error::Error;
use polars::prelude::*;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

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
    let sink = frame
        .sink_batches(hand_over(sender.clone()), true, Some(rows))
        .map_err(|source| Error::Reader { path: path.to_owned(), source })?;
    std::thread::spawn(move || {
        let end = match sink.collect_with_engine(Engine::Streaming) {
            Ok(_) => Message::End,
            Err(error) => Message::Failed(error),
        };
        // Nobody listens any more once the rows were enough.
        sender.send(end).ok();
    });
    Ok(Chunks { path: path.to_owned(), format, receiver, done: false })
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
