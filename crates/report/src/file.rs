//! `report.json` and its like on disk.

use crate::{Comparison, Error, FORMAT_VERSION, Report};
use crate::{comparison_html, comparison_markdown, html, markdown};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::io::Write;
use std::path::Path;

impl Report {
    /// `report.json`. A figure that is no number is an error: JSON would lose it without a word.
    pub fn to_json(&self) -> Result<String, Error> {
        to_json(self)
    }

    /// Reads a `report.json` of this [`FORMAT_VERSION`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        read(path)
    }
}

impl Comparison {
    /// `comparison.json`, under the same conditions as [`Report::to_json`].
    pub fn to_json(&self) -> Result<String, Error> {
        to_json(self)
    }

    /// Reads a `comparison.json` of this [`FORMAT_VERSION`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        read(path)
    }
}

/// Writes `report.html`, `report.md` and, last, `report.json` into `folder`, which is created
/// where it is missing. Each file appears whole or not at all.
pub fn write(report: &Report, folder: &Path) -> Result<(), Error> {
    let json = report.to_json()?;
    let files =
        [("report.html", html(report)), ("report.md", markdown(report)), ("report.json", json)];
    put(folder, &files)
}

/// Writes `comparison.html`, `comparison.md` and, last, `comparison.json` into `folder`, as
/// [`write`](fn@write) does.
pub fn write_comparison(comparison: &Comparison, folder: &Path) -> Result<(), Error> {
    let json = comparison.to_json()?;
    let files = [
        ("comparison.html", comparison_html(comparison)),
        ("comparison.md", comparison_markdown(comparison)),
        ("comparison.json", json),
    ];
    put(folder, &files)
}

fn to_json<T: Serialize + DeserializeOwned + PartialEq>(value: &T) -> Result<String, Error> {
    let mut json = serde_json::to_string_pretty(value).map_err(|source| Error::Json { source })?;
    // NaN and infinity become `null`, which reads back as another value or not at all.
    if !serde_json::from_str::<T>(&json).is_ok_and(|back| back == *value) {
        return Err(Error::NotANumber);
    }
    json.push('\n');
    Ok(json)
}

#[derive(Deserialize)]
struct Version {
    format_version: u64,
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let text = fs_err::read_to_string(path).map_err(Error::file("read", path))?;
    let malformed = |source| Error::Malformed { path: path.to_owned(), source };
    let Version { format_version: found } = serde_json::from_str(&text).map_err(malformed)?;
    if found != FORMAT_VERSION {
        return Err(Error::Format { path: path.to_owned(), found, supported: FORMAT_VERSION });
    }
    serde_json::from_str(&text).map_err(malformed)
}

fn put(folder: &Path, files: &[(&str, String)]) -> Result<(), Error> {
    fs_err::create_dir_all(folder).map_err(Error::file("create", folder))?;
    for (name, text) in files {
        put_file(folder, name, text)?;
    }
    sync(folder)
}

fn put_file(folder: &Path, name: &str, text: &str) -> Result<(), Error> {
    let path = folder.join(name);
    let failed = Error::file("write", &path);
    let mut aside =
        tempfile::Builder::new().prefix(".canto-report-").tempfile_in(folder).map_err(&failed)?;
    aside.write_all(text.as_bytes()).map_err(&failed)?;
    readable_by_all(aside.as_file()).map_err(&failed)?;
    aside.as_file().sync_all().map_err(&failed)?;
    aside.persist(&path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Temporary files are the owner's alone; a report is as readable as any file.
#[cfg(unix)]
fn readable_by_all(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable_by_all(_: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}

/// Makes the renames last.
#[cfg(unix)]
fn sync(folder: &Path) -> Result<(), Error> {
    let open = fs_err::File::open(folder).map_err(Error::file("open", folder))?;
    open.sync_all().map_err(Error::file("sync", folder))
}

#[cfg(not(unix))]
fn sync(_: &Path) -> Result<(), Error> {
    Ok(())
}
