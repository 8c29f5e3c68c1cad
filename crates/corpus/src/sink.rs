//! A file that Polars writes to.
//!
//! Polars turns a failed write into text; this remembers the error itself, so that a full disk
//! is known for what it is.

use crate::error::Error;
use polars::error::PolarsError;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Hand this to Polars.
pub(crate) struct Sink {
    file: File,
    failure: Arc<Mutex<Option<io::Error>>>,
}

/// Keep this to understand what Polars says.
pub(crate) struct Watch {
    path: PathBuf,
    failure: Arc<Mutex<Option<io::Error>>>,
}

/// Creates the file at `path`.
pub(crate) fn create(path: &Path) -> Result<(Sink, Watch), Error> {
    let file = fs_err::File::create(path).map_err(Error::file("create", path))?.into_file();
    let failure = Arc::new(Mutex::new(None));
    let watch = Watch { path: path.to_owned(), failure: Arc::clone(&failure) };
    Ok((Sink { file, failure }, watch))
}

impl Sink {
    fn remember(&self, error: io::Error) -> io::Error {
        let kind = error.kind();
        if let Ok(mut failure) = self.failure.lock() {
            failure.get_or_insert(error);
        }
        io::Error::from(kind)
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes).map_err(|error| self.remember(error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush().map_err(|error| self.remember(error))
    }
}

impl Watch {
    /// What Polars's error means.
    pub(crate) fn explain(&self, source: PolarsError) -> Error {
        let path = self.path.clone();
        match self.failure.lock().ok().and_then(|mut failure| failure.take()) {
            Some(source) => Error::File { action: "write", path, source },
            None => Error::Writer { path, source },
        }
    }

    /// Waits until the disk has everything.
    pub(crate) fn sync(&self) -> Result<(), Error> {
        let file = fs_err::OpenOptions::new().write(true).open(&self.path);
        file.and_then(|file| file.sync_all()).map_err(Error::file("write", &self.path))
    }
}
