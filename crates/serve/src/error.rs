//! Why a server cannot serve.

use std::io;
use std::net::SocketAddr;

/// Why a server did not start, or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say it; fields are named after what they hold")]
pub enum Error {
    #[error("cannot listen on `{address}`")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("cannot start threads")]
    Threads { source: io::Error },
}

impl Error {
    /// What to do about it, where there is something to do.
    pub fn hint(&self) -> Option<String> {
        let Self::Listen { source, .. } = self else { return None };
        let hint = match source.kind() {
            io::ErrorKind::AddrInUse => "another program listens there; choose another `--port`",
            io::ErrorKind::PermissionDenied => "ports below 1024 are root's; choose a higher one",
            io::ErrorKind::AddrNotAvailable => {
                "`--host` is to be an address of this machine, such as 127.0.0.1 or 0.0.0.0"
            }
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
