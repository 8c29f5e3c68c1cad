//! What a scored file was made from, so that a second run knows what is finished.

use super::Folders;
use super::inputs::Input;
use crate::error::Error;
use crate::file::{Aside, FileOptions, FileSummary, folder, readable_by_all, rejects_path};
use canto_bundle::{Bundle, FileRecord};
use canto_infer::Precision;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// Everything but the input that scores depend on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Maker {
    /// The files that make the model this one.
    model: Vec<FileRecord>,
    /// The thresholds that count.
    thresholds: BTreeMap<String, f32>,
    /// The column that was asked for.
    column: Option<String>,
    precision: String,
}

impl Maker {
    pub(super) fn new(
        bundle: &Bundle,
        options: &FileOptions,
        precision: Precision,
    ) -> Result<Self, Error> {
        let thresholds = options.overrides.apply(bundle.thresholds())?;
        let values = thresholds.values.into_iter().map(|value| (value.label, value.threshold));
        Ok(Self {
            model: bundle.identity()?,
            thresholds: values.collect(),
            column: options.column.clone(),
            precision: precision.to_string(),
        })
    }

    /// What another one has, in words.
    pub(super) fn differences(&self, other: &Self) -> Vec<&'static str> {
        let differs = [
            ("another model", self.model != other.model),
            ("other thresholds", self.thresholds != other.thresholds),
            ("another column", self.column != other.column),
            ("another precision", self.precision != other.precision),
        ];
        differs.into_iter().filter_map(|(words, differs)| differs.then_some(words)).collect()
    }
}

/// `.canto/<name>.json`: written when the results are whole and before they are in their places,
/// so that results without one are none of ours, and those that a crash kept from their places
/// are missed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Receipt {
    canto_version: String,
    pub(super) maker: Maker,
    input: FileRecord,
    rows: u64,
    scored: u64,
    rejected: u64,
    /// The scores and the rejects; none of an input without rows.
    outputs: Vec<FileRecord>,
}

impl Receipt {
    /// Of results that lie aside.
    pub(super) fn new(
        maker: &Maker,
        input: FileRecord,
        output: &str,
        files: [&Path; 2],
        summary: &FileSummary,
    ) -> Result<Self, Error> {
        let rejects = rejects_path(Path::new(output)).to_string_lossy().into_owned();
        let named = files.into_iter().zip([output.to_owned(), rejects]);
        let record = |(file, name): (&Path, String)| {
            let aside = file.file_name().unwrap_or_default().to_string_lossy();
            FileRecord::of(folder(file), &aside).map(|record| FileRecord { name, ..record })
        };
        Ok(Self {
            outputs: named.map(record).collect::<Result<_, _>>()?,
            rows: summary.rows,
            scored: summary.scored,
            rejected: summary.rejected,
            ..Self::of_no_rows(maker, input)
        })
    }

    pub(super) fn of_no_rows(maker: &Maker, input: FileRecord) -> Self {
        Self {
            canto_version: env!("CARGO_PKG_VERSION").to_owned(),
            maker: maker.clone(),
            input,
            rows: 0,
            scored: 0,
            rejected: 0,
            outputs: Vec::new(),
        }
    }

    /// The receipt at `path`, if there is one that can be read.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, Error> {
        match fs_err::read(path) {
            Ok(text) => Ok(serde_json::from_slice(&text).ok()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::file("read", path)(error)),
        }
    }

    /// Writes it aside, waits until it is on the disk and gives it its name.
    pub(super) fn write(&self, path: &Path, aside: &Aside) -> Result<(), Error> {
        let failed = Error::file("write", path);
        let written = || {
            let mut file = aside.create()?;
            file.write_all(&serde_json::to_vec_pretty(self)?)?;
            readable_by_all(file.as_file())?;
            file.as_file().sync_all()?;
            file.persist(path).map(drop).map_err(|failed| failed.error)
        };
        written().map_err(failed)
    }

    /// Whether the input is still what was scored.
    pub(super) fn is_of(&self, input: &Input, folders: &Folders) -> Result<bool, Error> {
        Ok(self.input.name == input.name && same(&self.input, &folders.input)?)
    }

    /// Whether all results are in their places as they were written.
    pub(super) fn is_kept(&self, folders: &Folders) -> Result<bool, Error> {
        for output in &self.outputs {
            if !same(output, &folders.output)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn same(record: &FileRecord, folder: &Path) -> Result<bool, Error> {
    use canto_bundle::Error::{Altered, MissingFile, Size};
    match record.verify(folder) {
        Ok(()) => Ok(true),
        Err(MissingFile { .. } | Size { .. } | Altered { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
