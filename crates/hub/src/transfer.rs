use canto_song::Progress;
use hf_hub::HFError;
use hf_hub::progress::{DownloadEvent, ProgressEvent, ProgressHandler, UploadEvent};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// How long nothing may arrive. The client itself would wait for ever.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Why a transfer came to nothing.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The client says why.
    Hub(HFError),
    /// Nothing moved for as long as patience lasts.
    Stalled,
}

/// What the transferring thread tells.
enum Step<T> {
    /// The size is known.
    Total(u64),
    /// So many bytes are there.
    Bytes(u64),
    End(Result<T, HFError>),
}

/// Runs a call to the Hub and shows how it goes on as `stage`.
///
/// The client's callbacks outlive any borrow, so they only send; this thread drives `progress`.
pub(crate) fn watch<T: Send + 'static>(
    stage: &str,
    patience: Duration,
    progress: &dyn Progress,
    call: impl FnOnce(hf_hub::progress::Progress) -> Result<T, HFError> + Send + 'static,
) -> Result<T, Failure> {
    let (sender, steps) = channel();
    // Not joined: a connection that hangs must not hold this thread as well.
    thread::spawn(move || {
        let end = call(Reporter(sender.clone()).into());
        // Nobody listens any more after a stall.
        let _ = sender.send(Step::End(end));
    });
    follow(&steps, stage, patience, progress)
}

fn follow<T>(
    steps: &Receiver<Step<T>>,
    stage: &str,
    patience: Duration,
    progress: &dyn Progress,
) -> Result<T, Failure> {
    let (mut started, mut done) = (false, 0);
    let end = loop {
        match steps.recv_timeout(patience) {
            Ok(Step::Total(bytes)) if !started => {
                started = true;
                progress.start(stage, Some(bytes));
            }
            Ok(Step::Total(_)) => {}
            Ok(Step::Bytes(bytes)) => {
                progress.advance(bytes.saturating_sub(done));
                done = done.max(bytes);
            }
            Ok(Step::End(end)) => break end.map_err(Failure::Hub),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                break Err(Failure::Stalled);
            }
        }
    };
    if started {
        progress.finish();
    }
    end
}

/// Passes the client's events on.
struct Reporter<T>(Sender<Step<T>>);

impl<T: Send> ProgressHandler for Reporter<T> {
    fn on_progress(&self, event: &ProgressEvent) {
        let step = match event {
            ProgressEvent::Download(event) => downloaded(event),
            ProgressEvent::Upload(event) => uploaded(event),
        };
        if let Some(step) = step {
            let _ = self.0.send(step);
        }
    }
}

fn downloaded<T>(event: &DownloadEvent) -> Option<Step<T>> {
    match event {
        DownloadEvent::Start { total_bytes, .. } => Some(Step::Total(*total_bytes)),
        DownloadEvent::Progress { files } => {
            Some(Step::Bytes(files.iter().map(|file| file.bytes_completed).sum()))
        }
        DownloadEvent::AggregateProgress { bytes_completed, .. } => {
            Some(Step::Bytes(*bytes_completed))
        }
        DownloadEvent::Complete => None,
    }
}

fn uploaded<T>(event: &UploadEvent) -> Option<Step<T>> {
    match event {
        UploadEvent::Start { total_bytes, .. } => Some(Step::Total(*total_bytes)),
        UploadEvent::Progress { bytes_completed, .. } => Some(Step::Bytes(*bytes_completed)),
        _ => None,
    }
}
