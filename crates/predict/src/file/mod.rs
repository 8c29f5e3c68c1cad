//! Whole files: CSV, Parquet or NDJSON in, any of the three out.
//!
//! Rows are streamed in chunks, so memory does not grow with the file. Rows in are always
//! scored rows plus rejects.

mod sink;
mod table;

use crate::error::Error;
use crate::folder::Shard;
use crate::overrides::Overrides;
use crate::predictor::Predictor;
use canto_corpus::source::{self, Checked, Chunks, Format, Source};
use canto_evaluate::Thresholds;
use canto_song::{Progress, Silent};
use polars::prelude::*;
pub(crate) use sink::{Aside, folder, readable_by_all};
use sink::{Finished, Sink};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use table::{Layout, Outcome};

/// Rows in a chunk: enough that songs of like length share batches, few enough that a bar moves.
const CHUNK: NonZeroUsize = NonZeroUsize::new(512).unwrap();

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

/// A file to be scored and where the results go.
pub(crate) struct Work<'a> {
    pub(crate) input: &'a Path,
    pub(crate) output: &'a Path,
    /// Where they are written until they are whole.
    pub(crate) aside: Aside<'a>,
    /// The share of its rows.
    pub(crate) rows: Shard,
}

/// Whole results that are not in their places yet.
pub(crate) struct Written {
    summary: FileSummary,
    scored: Finished,
    rejects: Finished,
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
        let aside = Aside { folder: folder(output), name: ".canto-predict-", ending: "" };
        let work = Work { input, output, aside, rows: Shard::WHOLE };
        self.write_scores(&work, options, progress)?.place()
    }

    /// The same up to the renaming. A share of the rows that has none is an error like a file
    /// that has none.
    pub(crate) fn write_scores(
        &self,
        work: &Work,
        options: &FileOptions,
        progress: &dyn Progress,
    ) -> Result<Written, Error> {
        let Work { input, output, aside, rows: share } = *work;
        let thresholds = options.overrides.apply(self.bundle().thresholds())?;
        if !input.exists() {
            return Err(canto_corpus::Error::SourceMissing { path: input.to_owned() }.into());
        }
        let format = output_format(input, output)?;
        let Checked { source, rows: counted } = source::check(input, progress)?;
        let mut frame = source::scan(input, source.format)?;
        let failed = |error| source::explain(input, source.format, error);
        let schema = frame.collect_schema().map_err(failed)?;
        let columns = self.columns(options.column.as_deref());
        let layout = Layout::new(input, &schema, format, &columns, self.labels())?;
        let rejects = rejects_path(output);
        let mut job = Job {
            source: &source,
            layout: &layout,
            scored: Sink::create(output, &aside, format, &layout.scored)?,
            rejects: Sink::create(&rejects, &aside, format, &layout.rejects)?,
            before: 0,
            summary: FileSummary { rows: 0, scored: 0, rejected: 0, rejects },
        };
        let mut counted = counted;
        let total = counted.map_or_else(|| rows(frame.clone()), Ok).map_err(failed)?;
        let own = share.rows(total);
        if share != Shard::WHOLE {
            let length = IdxSize::try_from(own.end - own.start);
            let length = length.map_err(|_| Error::TooManyRows { path: input.to_owned() })?;
            frame = frame.slice(own.start as i64, length);
            (job.before, counted) = (own.start, Some(own.end - own.start));
        }
        progress.start("score rows", Some(own.end - own.start));
        let chunks = source::chunks(frame, input, source.format, CHUNK)?;
        let job = self.score_chunks(chunks, job, &thresholds, progress)?;
        progress.finish();
        job.finish(input, counted)
    }

    /// Scores chunk after chunk, while what became of the one before is written beside it.
    fn score_chunks<'a>(
        &self,
        chunks: Chunks,
        mut job: Job<'a>,
        thresholds: &Thresholds,
        progress: &dyn Progress,
    ) -> Result<Job<'a>, Error> {
        let (layout, source) = (job.layout, job.source);
        let failed = |error| source::explain(&source.path, source.format, error);
        let (sender, receiver) = sync_channel::<(DataFrame, Vec<Outcome>)>(1);
        let score = move || -> Result<(), Error> {
            for rows in chunks {
                let rows = rows?;
                let texts = layout.texts(&rows).map_err(failed)?;
                let lyrics: Vec<&str> = texts.iter().map(Option::unwrap_or_default).collect();
                let outcomes = self.outcomes(&lyrics, thresholds, &Silent)?;
                let height = rows.height() as u64;
                if sender.send((rows, outcomes)).is_err() {
                    // Writing failed, and says why.
                    break;
                }
                progress.advance(height);
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let writer = scope.spawn(move || -> Result<Job<'_>, Error> {
                receiver.iter().try_for_each(|(rows, outcomes)| job.write(&rows, &outcomes))?;
                Ok(job)
            });
            let scored = score();
            let job = writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            scored.map(|()| job)
        })
    }

    /// The lyrics of the first `limit` rows of `input`, raw, from the column that
    /// [`score_file`](Self::score_file) takes where `column` is named to it.
    pub fn read_lyrics(
        &self,
        input: &Path,
        column: Option<&str>,
        limit: u32,
        progress: &dyn Progress,
    ) -> Result<Vec<String>, Error> {
        let Source { format, .. } = source::check(input, progress)?.source;
        let mut frame = source::scan(input, format)?;
        let failed = |error| source::explain(input, format, error);
        let schema = frame.collect_schema().map_err(failed)?;
        let name = table::lyrics_column(input, &schema, &self.columns(column))?;
        let rows = frame.select([col(name.as_str()).cast(DataType::String)]).limit(limit);
        let mut lyrics = Vec::new();
        for chunk in source::chunks(rows, input, format, CHUNK)? {
            let chunk = chunk?;
            let texts = chunk.column(&name).and_then(|column| Ok(column.str()?.clone()));
            let texts = texts.map_err(failed)?;
            lyrics.extend(texts.iter().map(|text| text.unwrap_or_default().to_owned()));
        }
        if lyrics.is_empty() {
            return Err(canto_corpus::Error::SourceNoRows { path: input.to_owned() }.into());
        }
        Ok(lyrics)
    }

    /// Where lyrics are looked for: in the column that was named, or else the usual ones.
    fn columns(&self, named: Option<&str>) -> Vec<String> {
        if let Some(column) = named {
            return vec![column.to_owned()];
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
    source: &'a Source,
    layout: &'a Layout,
    scored: Sink,
    rejects: Sink,
    /// Rows of the file before the first one.
    before: u64,
    summary: FileSummary,
}

impl Job<'_> {
    fn write(&mut self, rows: &DataFrame, outcomes: &[Outcome]) -> Result<(), Error> {
        let failed = |error| source::explain(&self.source.path, self.source.format, error);
        let scored = self.layout.scored(rows, outcomes).map_err(failed)?;
        let rejects = Layout::rejects(self.before + self.summary.rows, outcomes).map_err(failed)?;
        self.summary.rows += rows.height() as u64;
        self.summary.scored += scored.height() as u64;
        self.summary.rejected += rejects.height() as u64;
        self.scored.write(scored)?;
        self.rejects.write(rejects)
    }

    fn finish(self, input: &Path, counted: Option<u64>) -> Result<Written, Error> {
        let FileSummary { rows, scored, rejected, .. } = self.summary;
        let path = || input.to_owned();
        if rows == 0 {
            return Err(canto_corpus::Error::SourceNoRows { path: path() }.into());
        }
        if let Some(counted) = counted.filter(|&counted| counted != rows) {
            let read = rows;
            return Err(canto_corpus::Error::RowsDiffer { path: path(), counted, read }.into());
        }
        if scored + rejected != rows {
            return Err(Error::Unaccounted { rows, scored, rejected });
        }
        let (rejects, scored) = (self.rejects.finish()?, self.scored.finish()?);
        Ok(Written { summary: self.summary, scored, rejects })
    }
}

impl Written {
    /// The files as they lie aside: the scores, then the rejects.
    pub(crate) fn files(&self) -> [&Path; 2] {
        [self.scored.aside(), self.rejects.aside()]
    }

    /// Puts both files into their places.
    pub(crate) fn place(self) -> Result<FileSummary, Error> {
        self.rejects.place()?;
        self.scored.place()?;
        Ok(self.summary)
    }

    pub(crate) fn summary(&self) -> &FileSummary {
        &self.summary
    }
}

/// How many rows a scan has.
fn rows(frame: LazyFrame) -> PolarsResult<u64> {
    frame.select([len()]).collect()?.column("len")?.get(0)?.try_extract()
}

/// The output's format, once it is clear that it can be written at all.
fn output_format(input: &Path, output: &Path) -> Result<Format, Error> {
    let path = || output.to_owned();
    let format = Format::of(output).map_err(|_| Error::OutputFormat { path: path() })?;
    if output.is_dir() {
        return Err(Error::OutputIsFolder { path: path() });
    }
    if !folder(output).is_dir() {
        return Err(Error::NoFolder { path: folder(output).to_owned() });
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

/// Where the rows without scores go.
pub(crate) fn rejects_path(output: &Path) -> PathBuf {
    let ending = output.extension().unwrap_or_default().to_string_lossy();
    output.with_extension(format!("rejects.{ending}"))
}
