//! One pass over the raw bytes before any is interpreted: hash, encoding, shape.

use super::csv_shape::{Fault, FaultKind, Shape};
use super::{Format, Source};
use crate::digest::hex;
use crate::error::Error;
use canto_song::Progress;
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::Path;

const BLOCK: usize = 1 << 20;

/// A sound file.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// What it is.
    pub source: Source,
    /// Rows counted apart from the reader, where the format allows it.
    pub rows: Option<u64>,
}

/// Reads the whole file once and describes it, or names the first byte that is wrong.
pub fn check(path: &Path, progress: &dyn Progress) -> Result<Checked, Error> {
    let bytes = size(path)?;
    let format = Format::of(path)?;
    if bytes == 0 {
        return Err(Error::SourceEmpty { path: path.to_owned() });
    }
    progress.start("check", Some(bytes));
    let mut walk = Walk { hash: Sha256::new(), format, shape: Shape::new(), offset: 0 };
    walk.file(path, progress)?;
    let sha256 = hex(&walk.hash.finalize());
    let rows = match format {
        Format::Csv => Some(walk.shape.finish().map_err(|fault| located(path, fault))?),
        Format::Parquet | Format::Ndjson => None,
    };
    progress.finish();
    if rows == Some(0) {
        return Err(Error::SourceNoRows { path: path.to_owned() });
    }
    Ok(Checked { source: Source { path: path.to_owned(), format, bytes, sha256 }, rows })
}

fn size(path: &Path) -> Result<u64, Error> {
    let found = fs_err::metadata(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => Error::SourceMissing { path: path.to_owned() },
        _ => Error::file("read", path)(source),
    })?;
    if found.is_dir() {
        return Err(Error::SourceIsFolder { path: path.to_owned() });
    }
    Ok(found.len())
}

struct Walk {
    hash: Sha256,
    format: Format,
    shape: Shape,
    /// Bytes found valid so far.
    offset: u64,
}

impl Walk {
    fn file(&mut self, path: &Path, progress: &dyn Progress) -> Result<(), Error> {
        let mut file = fs_err::File::open(path).map_err(Error::file("open", path))?;
        let mut block = vec![0; BLOCK];
        // Bytes at the front of `block` that the last block cut in the middle of a character.
        let mut cut = 0;
        loop {
            let read = file.read(&mut block[cut..]).map_err(Error::file("read", path))?;
            self.hash.update(&block[cut..cut + read]);
            let known = &block[..cut + read];
            let valid = self.text(known, read == 0, path)?;
            if read == 0 {
                return Ok(());
            }
            let known = cut + read;
            block.copy_within(valid..known, 0);
            cut = known - valid;
            progress.advance(read as u64);
        }
    }

    /// How many bytes of `block` are done with.
    fn text(&mut self, block: &[u8], last: bool, path: &Path) -> Result<usize, Error> {
        if self.format == Format::Parquet {
            return Ok(block.len());
        }
        let (valid, bad) = match std::str::from_utf8(block) {
            Ok(_) => (block.len(), false),
            Err(error) => (error.valid_up_to(), last || error.error_len().is_some()),
        };
        if self.format == Format::Csv {
            self.shape.feed(&block[..valid]).map_err(|fault| located(path, fault))?;
        }
        self.offset += valid as u64;
        match block.get(valid) {
            Some(&byte) if bad => Err(self.not_utf8(byte, path)),
            _ => Ok(valid),
        }
    }

    fn not_utf8(&self, byte: u8, path: &Path) -> Error {
        let offset = self.offset;
        let line = line_at(path, offset);
        let row = match self.format {
            Format::Csv => self.shape.row(),
            Format::Parquet | Format::Ndjson => line,
        };
        Error::NotUtf8 { path: path.to_owned(), byte, offset, line, row }
    }
}

fn located(path: &Path, fault: Fault) -> Error {
    let Fault { row, offset, kind } = fault;
    let line = line_at(path, offset);
    let path = path.to_owned();
    match kind {
        FaultKind::Quotes(fault) => Error::BrokenQuotes { path, row, line, offset, fault },
        FaultKind::Fields { found, expected } => {
            Error::FieldCount { path, row, line, offset, found, expected }
        }
    }
}

/// The line that byte `offset` stands on, from 1. Only errors need it, so it costs a reading
/// of its own; 0 where the file cannot be read any more.
pub(super) fn line_at(path: &Path, offset: u64) -> u64 {
    let Ok(file) = fs_err::File::open(path) else {
        return 0;
    };
    let mut reader = file.take(offset);
    let mut block = vec![0; BLOCK];
    let mut line = 1;
    while let Ok(read @ 1..) = reader.read(&mut block) {
        line += memchr::memchr_iter(b'\n', &block[..read]).count() as u64;
    }
    line
}
