//! Whether a file is sound, before hours are spent on scoring it.
//!
//! Polars guesses at broken quotes and bytes that are no UTF-8; here they are named with their
//! place. The words are the corpus' own, so that both readers complain alike.

use canto_corpus::{Error, Format, QuoteFault};
use csv::{ByteRecord, ErrorKind, ReaderBuilder};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// What a file's name says it is.
pub(crate) fn format(path: &Path) -> Option<Format> {
    let ending = path.extension()?.to_string_lossy().to_lowercase();
    match ending.as_str() {
        "csv" => Some(Format::Csv),
        "parquet" => Some(Format::Parquet),
        "ndjson" | "jsonl" => Some(Format::Ndjson),
        _ => None,
    }
}

/// The format of a sound file and, where the format tells, the rows it has at least.
pub(crate) fn check(path: &Path) -> Result<(Format, Option<u64>), Error> {
    let owned = || path.to_owned();
    let metadata = fs_err::metadata(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => Error::SourceMissing { path: owned() },
        _ => unreadable(path, source),
    })?;
    if metadata.is_dir() {
        return Err(Error::SourceIsFolder { path: owned() });
    }
    let format = format(path).ok_or_else(|| Error::SourceFormat { path: owned() })?;
    if metadata.len() == 0 {
        return Err(Error::SourceEmpty { path: owned() });
    }
    let rows = match format {
        Format::Csv => Some(csv_rows(path)?),
        Format::Ndjson => Some(ndjson_rows(path)?),
        Format::Parquet => None,
    };
    match rows {
        Some(0) => Err(Error::SourceNoRows { path: owned() }),
        _ => Ok((format, rows)),
    }
}

fn unreadable(path: &Path, source: std::io::Error) -> Error {
    Error::File { action: "read", path: path.to_owned(), source }
}

/// Counts the quotes that pass through.
struct Quotes<R> {
    inner: R,
    odd: bool,
}

impl<R: Read> Read for Quotes<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.odd ^= buffer[..read].iter().fold(false, |odd, &byte| odd ^ (byte == b'"'));
        Ok(read)
    }
}

fn csv_rows(path: &Path) -> Result<u64, Error> {
    let file = fs_err::File::open(path).map_err(|source| unreadable(path, source))?;
    let quotes = Quotes { inner: file, odd: false };
    let mut reader = ReaderBuilder::new().has_headers(false).from_reader(quotes);
    let mut record = ByteRecord::new();
    let (mut records, mut last) = (0, (0, 0));
    while reader.read_byte_record(&mut record).map_err(|error| csv_fault(path, error))? {
        text(path, &record, records)?;
        last = place(&record);
        records += 1;
    }
    // A quote that is never closed swallows the rest of the file into its row.
    if reader.get_ref().odd {
        let (line, offset) = last;
        let (row, path) = (u64::saturating_sub(records, 1), path.to_owned());
        let fault = QuoteFault::NeverClosed;
        return Err(Error::BrokenQuotes { path, row, line, offset, fault });
    }
    Ok(records.saturating_sub(1))
}

fn place(record: &ByteRecord) -> (u64, u64) {
    record.position().map_or((0, 0), |position| (position.line(), position.byte()))
}

fn text(path: &Path, record: &ByteRecord, row: u64) -> Result<(), Error> {
    let bad = |field: &[u8]| {
        let valid = std::str::from_utf8(field).err()?.valid_up_to();
        field.get(valid).copied()
    };
    let Some(byte) = record.iter().find_map(bad) else { return Ok(()) };
    // The record's place: quotes that were taken off make the byte's own unknown.
    let (line, offset) = place(record);
    Err(Error::NotUtf8 { path: path.to_owned(), byte, offset, line, row })
}

fn csv_fault(path: &Path, error: csv::Error) -> Error {
    let path = path.to_owned();
    match error.into_kind() {
        ErrorKind::UnequalLengths { pos, expected_len: expected, len: found } => {
            let at = pos.unwrap_or_else(csv::Position::new);
            let (line, offset, row) = (at.line(), at.byte(), at.record());
            Error::FieldCount { path, row, line, offset, found, expected }
        }
        ErrorKind::Io(source) => Error::File { action: "read", path, source },
        other => {
            let source = std::io::Error::other(format!("{other:?}"));
            Error::File { action: "read", path, source }
        }
    }
}

fn ndjson_rows(path: &Path) -> Result<u64, Error> {
    let file = fs_err::File::open(path).map_err(|source| unreadable(path, source))?;
    let mut reader = BufReader::new(file);
    let (mut line, mut offset, mut rows, mut bytes) = (0, 0, 0, Vec::new());
    loop {
        bytes.clear();
        let read = reader.read_until(b'\n', &mut bytes);
        if read.map_err(|source| unreadable(path, source))? == 0 {
            return Ok(rows);
        }
        line += 1;
        rows += u64::from(json_line(path, &bytes, line, offset)?);
        offset += bytes.len() as u64;
    }
}

/// Whether the line holds an object; a blank one holds none.
fn json_line(path: &Path, bytes: &[u8], line: u64, start: u64) -> Result<bool, Error> {
    let path = path.to_owned();
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let valid = error.valid_up_to();
        let (byte, offset) = (bytes[valid], start + valid as u64);
        Error::NotUtf8 { path: path.clone(), byte, offset, line, row: line }
    })?;
    if text.trim().is_empty() {
        return Ok(false);
    }
    serde_json::from_str::<serde_json::Map<_, _>>(text)
        .map(|_| true)
        .map_err(|source| Error::BadJson { path, line, source })
}
