//! A table that is written aside, chunk by chunk, and appears whole or not at all.

use crate::error::Error;
use canto_corpus::Format;
use polars::io::csv::write::BatchedWriter as CsvBatches;
use polars::io::parquet::write::BatchedWriter as ParquetBatches;
use polars::prelude::*;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Where a file is written until it is whole: into `folder`, as `name`, some letters and `ending`.
#[derive(Clone, Copy)]
pub(crate) struct Aside<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) name: &'a str,
    pub(crate) ending: &'a str,
}

impl Aside<'_> {
    pub(crate) fn create(&self) -> std::io::Result<NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(self.name).suffix(self.ending).tempfile_in(self.folder)
    }
}

/// The file being written.
pub(crate) struct Sink {
    path: PathBuf,
    aside: NamedTempFile,
    writer: Writer,
}

enum Writer {
    Csv(CsvBatches<File>),
    /// What is written, and rows that wait until they make a row group.
    Parquet(Box<ParquetBatches<File>>, DataFrame),
    Ndjson(BufWriter<File>),
}

/// Rows of a row group: the file's index, which is kept until its end, has an entry for each.
const ROW_GROUP: usize = 4_096;

impl Sink {
    /// Opens the file aside; nothing is at `path` until [`Finished::place`].
    pub(crate) fn create(
        path: &Path,
        aside: &Aside,
        format: Format,
        schema: &Schema,
    ) -> Result<Self, Error> {
        let aside = aside.create().map_err(Error::file("write beside", path))?;
        let file = aside.reopen().map_err(Error::file("write beside", path))?;
        let failed = Error::writer(path);
        let writer = match format {
            Format::Csv => Writer::Csv(CsvWriter::new(file).batched(schema).map_err(failed)?),
            Format::Parquet => {
                let writer = ParquetWriter::new(file).batched(schema).map_err(failed)?;
                Writer::Parquet(Box::new(writer), DataFrame::empty())
            }
            Format::Ndjson => Writer::Ndjson(BufWriter::new(file)),
        };
        Ok(Self { path: path.to_owned(), aside, writer })
    }

    pub(crate) fn write(&mut self, mut rows: DataFrame) -> Result<(), Error> {
        if rows.height() == 0 {
            return Ok(());
        }
        let written = match &mut self.writer {
            // The writers want a chunk to be one piece.
            Writer::Csv(writer) => writer.write_batch(rows.rechunk_mut_par()),
            Writer::Parquet(writer, waiting) => put(writer, waiting, rows),
            Writer::Ndjson(writer) => JsonWriter::new(writer).finish(rows.rechunk_mut_par()),
        };
        written.map_err(Error::writer(&self.path))
    }

    /// Finishes the file and waits until it is on the disk.
    pub(crate) fn finish(self) -> Result<Finished, Error> {
        let Self { path, aside, writer } = self;
        let finished = match writer {
            Writer::Csv(mut writer) => writer.finish(),
            Writer::Parquet(mut writer, mut waiting) => {
                flush(&mut writer, &mut waiting).and_then(|()| writer.finish().map(drop))
            }
            Writer::Ndjson(writer) => {
                writer.into_inner().map(drop).map_err(|failed| failed.into_error().into())
            }
        };
        finished.map_err(Error::writer(&path))?;
        aside.as_file().sync_all().map_err(Error::file("write", &path))?;
        readable_by_all(aside.as_file()).map_err(Error::file("write", &path))?;
        Ok(Finished { path, aside })
    }
}

/// Adds `rows` to those that wait, and writes those once they make a row group.
fn put(
    writer: &mut ParquetBatches<File>,
    waiting: &mut DataFrame,
    rows: DataFrame,
) -> PolarsResult<()> {
    waiting.vstack_mut_owned(rows)?;
    if waiting.height() < ROW_GROUP { Ok(()) } else { flush(writer, waiting) }
}

fn flush(writer: &mut ParquetBatches<File>, waiting: &mut DataFrame) -> PolarsResult<()> {
    let mut rows = std::mem::take(waiting);
    if rows.height() == 0 { Ok(()) } else { writer.write_batch(rows.rechunk_mut_par()) }
}

/// A whole file that is not in its place yet.
pub(crate) struct Finished {
    path: PathBuf,
    aside: NamedTempFile,
}

impl Finished {
    /// Where it is until then.
    pub(crate) fn aside(&self) -> &Path {
        self.aside.path()
    }

    /// Renames the file into its place, over an older one.
    pub(crate) fn place(self) -> Result<(), Error> {
        let Self { path, aside } = self;
        aside.persist(&path).map(drop).map_err(|failed| Error::file("create", &path)(failed.error))
    }
}

/// Temporary files are the owner's alone; results are as readable as any file.
#[cfg(unix)]
pub(crate) fn readable_by_all(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
pub(crate) fn readable_by_all(_file: &File) -> std::io::Result<()> {
    Ok(())
}

/// The folder that a file lies in.
pub(crate) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
