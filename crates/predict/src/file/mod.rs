//! Whole files: CSV, Parquet or NDJSON in, any of the three out.
//!
//! Rows are streamed in chunks, so memory does not grow with the file. Rows in are always
//! scored rows plus rejects.

mod check;
mod rows;
mod sink;
mod table;

use crate::error::Error;
use crate::overrides::Overrides;
use crate::predictor::Predictor;
use canto_corpus::Format;
use canto_evaluate::Thresholds;
use canto_song::{Progress, Silent};
use polars::prelude::*;
use sink::Sink;
use std::path::{Path, PathBuf};
use table::Layout;

/// Columns that are looked for where none is named.
const USUAL_COLUMNS: [&str; 2] = ["text", "lyrics"];

/// How a file is scored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileOptions {
    /// The column that holds lyrics. None: the one the model was trained on, then `text`, then
    /// `lyrics`, the first that is there.
    pub column: Option<String>,
    /// Thresholds.
    pub overrides: Overrides,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSummary {
    /// Rows of the input.
    pub rows: u64,
    /// Rows with scores.
    pub scored: u64,
    /// Rows without.
    pub rejected: u64,
    /// The rejects: `<output's stem>.rejects.<its ending>`; without rows where there are none.
    pub rejects: PathBuf,
}

impl Predictor {
    /// Scores every row of `input` into `output`, in the input's order: the input's columns, then
    /// `score:<label>` for each label, `genres` (joined by `;`, best first), `truncated`, `tokens`
    /// and `language`. Rows without lyrics go to a rejects file beside it, with their number
    /// (from 1, the header not counted) and the reason. Both appear whole, or neither.
    pub fn score_file(
        &self,
        input: &Path,
        output: &Path,
        options: &FileOptions,
        progress: &dyn Progress,
    ) -> Result<FileSummary, Error> {
        let thresholds = options.overrides.apply(self.bundle().thresholds())?;
        let format = output_format(input, output)?;
        let (input_format, counted) = check::check(input)?;
        let mut frame = rows::scan(input, input_format)?;
        let failed = |source| Error::Reader { path: input.to_owned(), source };
        let schema = frame.collect_schema().map_err(failed)?;
        let layout = Layout::new(input, &schema, format, &self.columns(options), self.labels())?;
        let mut job = Job {
            predictor: self,
            thresholds,
            scored: Sink::create(output, format, &layout.scored)?,
            rejects: Sink::create(&rejects_path(output), format, &layout.rejects)?,
            layout,
            summary: FileSummary { rows: 0, scored: 0, rejected: 0, rejects: rejects_path(output) },
        };
        progress.start("score rows", counted);
        for chunk in rows::chunks(frame, input)? {
            let chunk = chunk?;
            job.chunk(&chunk, input)?;
            progress.advance(chunk.height() as u64);
        }
        progress.finish();
        job.finish(input, counted)
    }

    fn columns(&self, options: &FileOptions) -> Vec<String> {
        if let Some(column) = &options.column {
            return vec![column.clone()];
        }
        let mut columns: Vec<_> = self.bundle().lyrics_column().into_iter().collect();
        for usual in USUAL_COLUMNS {
            if !columns.iter().any(|column| column == usual) {
                columns.push(usual.to_owned());
            }
        }
        columns
    }
}

/// A file being scored.
struct Job<'a> {
    predictor: &'a Predictor,
    thresholds: Thresholds,
    layout: Layout,
    scored: Sink,
    rejects: Sink,
    summary: FileSummary,
}

impl Job<'_> {
    fn chunk(&mut self, rows: &DataFrame, input: &Path) -> Result<(), Error> {
        let failed = |source| Error::Reader { path: input.to_owned(), source };
        let texts = self.layout.texts(rows).map_err(failed)?;
        let lyrics: Vec<&str> = texts.iter().map(Option::unwrap_or_default).collect();
        let outcomes = self.predictor.outcomes(&lyrics, &self.thresholds, &Silent)?;
        let mut scored = self.layout.scored(rows, &outcomes).map_err(failed)?;
        let mut rejects = Layout::rejects(self.summary.rows, &outcomes).map_err(failed)?;
        self.scored.write(&mut scored)?;
        self.rejects.write(&mut rejects)?;
        self.summary.rows += rows.height() as u64;
        self.summary.scored += scored.height() as u64;
        self.summary.rejected += rejects.height() as u64;
        Ok(())
    }

    fn finish(self, input: &Path, counted: Option<u64>) -> Result<FileSummary, Error> {
        let FileSummary { rows, scored, rejected, .. } = self.summary;
        let path = || input.to_owned();
        if rows == 0 {
            return Err(canto_corpus::Error::SourceNoRows { path: path() }.into());
        }
        // Blank lines are rows to Polars and none to the count.
        if let Some(counted) = counted.filter(|&counted| counted > rows) {
            let read = rows;
            return Err(canto_corpus::Error::RowsDiffer { path: path(), counted, read }.into());
        }
        if scored + rejected != rows {
            return Err(Error::Unaccounted { rows, scored, rejected });
        }
        let (rejects, scored) = (self.rejects.finish()?, self.scored.finish()?);
        rejects.place()?;
        scored.place()?;
        Ok(self.summary)
    }
}

/// The output's format, once it is clear that it can be written at all.
fn output_format(input: &Path, output: &Path) -> Result<Format, Error> {
    let path = || output.to_owned();
    let format = check::format(output).ok_or_else(|| Error::OutputFormat { path: path() })?;
    if output.is_dir() {
        return Err(Error::OutputIsFolder { path: path() });
    }
    if !sink::folder(output).is_dir() {
        return Err(Error::NoFolder { path: sink::folder(output).to_owned() });
    }
    let same = |output: &Path| {
        let both = (fs_err::canonicalize(input), fs_err::canonicalize(output));
        matches!(both, (Ok(input), Ok(output)) if input == output)
    };
    if same(output) || same(&rejects_path(output)) {
        return Err(Error::SameFile { path: input.to_owned() });
    }
    Ok(format)
}

fn rejects_path(output: &Path) -> PathBuf {
    let ending = output.extension().unwrap_or_default().to_string_lossy();
    output.with_extension(format!("rejects.{ending}"))
}
