use canto_song::Progress;
use hf_hub::progress::{DownloadEvent, ProgressEvent, ProgressHandler};
use hf_hub::repository::RepoTypeModel;
use hf_hub::{HFError, HFRepositorySync};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// How long nothing may arrive. The client itself would wait for ever.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Why a file did not come.
pub(crate) enum Failure {
    /// The client says why.
    Hub(HFError),
    /// Nothing arrived for as long as patience lasts.
    Stalled,
}

/// What the downloading thread tells.
enum Step {
    /// The size is known.
    Total(u64),
    /// So many bytes are there.
    Bytes(u64),
    End(Result<PathBuf, HFError>),
}

/// Fetches one file into the cache.
///
/// The client's callbacks outlive any borrow, so they only send; this thread drives `progress`.
pub(crate) fn download(
    repository: &HFRepositorySync<RepoTypeModel>,
    file: &str,
    revision: &str,
    patience: Duration,
    progress: &dyn Progress,
) -> Result<PathBuf, Failure> {
    let (sender, steps) = channel();
    let (repository, name, revision) = (repository.clone(), file.to_owned(), revision.to_owned());
    // Not joined: a connection that hangs must not hold this thread as well.
    thread::spawn(move || {
        let call = repository.download_file().filename(name).revision(revision);
        let end = call.progress(Reporter(sender.clone())).send();
        // Nobody listens any more after a stall.
        let _ = sender.send(Step::End(end));
    });
    follow(&steps, file, patience, progress)
}

fn follow(
    steps: &Receiver<Step>,
    file: &str,
    patience: Duration,
    progress: &dyn Progress,
) -> Result<PathBuf, Failure> {
    let (mut started, mut done) = (false, 0);
    let end = loop {
        match steps.recv_timeout(patience) {
            Ok(Step::Total(bytes)) if !started => {
                started = true;
                progress.start(&format!("downloading {file}"), Some(bytes));
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
struct Reporter(Sender<Step>);

impl ProgressHandler for Reporter {
    fn on_progress(&self, event: &ProgressEvent) {
        let ProgressEvent::Download(event) = event else {
            return;
        };
        let step = match event {
            DownloadEvent::Start { total_bytes, .. } => Step::Total(*total_bytes),
            DownloadEvent::Progress { files } => {
                Step::Bytes(files.iter().map(|file| file.bytes_completed).sum())
            }
            DownloadEvent::AggregateProgress { bytes_completed, .. } => {
                Step::Bytes(*bytes_completed)
            }
            DownloadEvent::Complete => return,
        };
        let _ = self.0.send(step);
    }
}
