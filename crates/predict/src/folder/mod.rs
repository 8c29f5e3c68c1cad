//! Whole folders: each file below one is scored into another, once, however often it is tried.
//!
//! Several processes may share the work and any of them may be killed: results are written aside
//! and renamed, a receipt says what made them, and what is finished is not done again.

mod inputs;
mod receipt;
mod shard;

use crate::error::Error;
use crate::file::{Aside, FileOptions, FileSummary, Work, folder, rejects_path};
use crate::predictor::Predictor;
use canto_bundle::{Bundle, FileRecord};
use canto_corpus::Error as SourceError;
use canto_infer::Precision;
use canto_song::Progress;
use inputs::{Input, Inputs};
use receipt::{Maker, Receipt};
pub use shard::{BadShard, Shard};
use std::path::{Path, PathBuf};

/// Where receipts are, and results until they are whole, in the folder that is written.
const RECEIPTS: &str = ".canto";

/// How a file that is being written ends; [`LETTERS`] letters and digits come before that.
const UNFINISHED: &str = ".new";
const LETTERS: usize = 6;

/// How a folder is scored.
#[derive(Clone, Copy, Debug)]
pub struct FolderOptions<'a> {
    /// The share of the work: of a folder some files, of a file some rows.
    pub shard: Shard,
    /// Scores anew what other models or settings have left, instead of refusing.
    pub again: bool,
    /// What the predictor is opened with.
    pub precision: Precision,
    /// As for a single file.
    pub file: &'a FileOptions,
}

/// A share of the work, and what of it is to be done.
#[derive(Debug)]
pub struct FolderPlan<'a> {
    folders: Folders,
    options: FolderOptions<'a>,
    maker: Maker,
    todo: Vec<Todo>,
    /// Files of all shares.
    files: usize,
    finished: usize,
}

#[derive(Debug)]
struct Folders {
    input: PathBuf,
    output: PathBuf,
}

/// A file to be scored.
#[derive(Clone, Debug)]
pub struct Todo {
    input: Input,
    why: Why,
}

/// Why a file is to be scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It has no scores yet.
    New,
    /// It is not what was scored.
    InputChanged,
    /// Its scores are not as they were written.
    OutputChanged,
    /// Its scores were made otherwise, or by nobody knows whom.
    MadeOtherwise,
}

impl Todo {
    /// The file below the folder that is read.
    pub fn name(&self) -> &str {
        &self.input.name
    }

    /// What its scores are called below the folder that is written.
    pub fn output(&self) -> &str {
        &self.input.output
    }

    /// Why it is to be scored.
    pub fn why(&self) -> Why {
        self.why
    }
}

impl<'a> FolderPlan<'a> {
    /// Looks at what is there: `input` is a folder, or a file of which each share has some rows;
    /// the folder `output` is made where it is not there yet. Needs no weights.
    pub fn new(
        bundle: &Bundle,
        input: &Path,
        output: &Path,
        options: FolderOptions<'a>,
    ) -> Result<Self, Error> {
        let maker = Maker::new(bundle, options.file, options.precision)?;
        let inputs = Inputs::of(input, options.shard)?;
        open(input, output)?;
        let Inputs { folder, files, own } = inputs;
        let folders = Folders { input: folder, output: output.to_owned() };
        let mut plan = Self { folders, options, maker, todo: Vec::new(), files, finished: 0 };
        for input in own {
            match plan.look(&input)? {
                Some(why) => plan.todo.push(Todo { input, why }),
                None => plan.finished += 1,
            }
        }
        Ok(plan)
    }

    /// Files of all shares.
    pub fn files(&self) -> usize {
        self.files
    }

    /// Files of this share that are scored already.
    pub fn finished(&self) -> usize {
        self.finished
    }

    /// Files that are to be scored.
    pub fn todo(&self) -> &[Todo] {
        &self.todo
    }

    /// Why a file is to be scored; nothing where it is finished.
    fn look(&self, input: &Input) -> Result<Option<Why>, Error> {
        let output = self.folders.output.join(&input.output);
        let there = output.exists() || rejects_path(&output).exists();
        let Some(receipt) = Receipt::read(&self.receipt(input))? else {
            return self.of_others(there, Error::UnknownMaker { path: output });
        };
        let differences = self.maker.differences(&receipt.maker);
        if !differences.is_empty() {
            return self.of_others(there, Error::OtherMaker { path: output, differences });
        }
        if !receipt.is_of(input, &self.folders)? {
            return Ok(Some(Why::InputChanged));
        }
        let kept = receipt.is_kept(&self.folders)?;
        Ok((!kept).then_some(if there { Why::OutputChanged } else { Why::New }))
    }

    /// What is to be done about results of others, if they are there.
    fn of_others(&self, there: bool, refusal: Error) -> Result<Option<Why>, Error> {
        if !there {
            return Ok(Some(Why::New));
        }
        if self.options.again { Ok(Some(Why::MadeOtherwise)) } else { Err(refusal) }
    }

    /// Scores one file; nothing where it has no rows, or this share none of them.
    pub fn score(
        &self,
        predictor: &Predictor,
        todo: &Todo,
        progress: &dyn Progress,
    ) -> Result<Option<FileSummary>, Error> {
        let input = &todo.input;
        let (path, output) =
            (self.folders.input.join(&input.name), self.folders.output.join(&input.output));
        let receipt = self.receipt(input);
        for place in [&output, &receipt] {
            fs_err::create_dir_all(folder(place))
                .map_err(Error::file("create a folder for", place))?;
        }
        let name = format!("{}~", file_name(&output));
        let aside = Aside { folder: folder(&receipt), name: &name, ending: UNFINISHED };
        sweep(&aside)?;
        // Before it is read: a file that changes meanwhile is scored again by the next run.
        let record = FileRecord::of(&self.folders.input, &input.name);
        let work = Work { input: &path, output: &output, aside, rows: input.rows };
        let written = match predictor.write_scores(&work, self.options.file, progress) {
            Ok(written) => written,
            Err(Error::Input(
                SourceError::SourceNoRows { .. } | SourceError::SourceEmpty { .. },
            )) => {
                remove(&[&output, &rejects_path(&output)])?;
                Receipt::of_no_rows(&self.maker, record?).write(&receipt, &aside)?;
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let (files, summary) = (written.files(), written.summary());
        Receipt::new(&self.maker, record?, &input.output, files, summary)?
            .write(&receipt, &aside)?;
        written.place().map(Some)
    }

    fn receipt(&self, input: &Input) -> PathBuf {
        self.folders.output.join(RECEIPTS).join(format!("{}.json", input.output))
    }
}

/// Makes the folder that is written, apart from what is read.
fn open(input: &Path, output: &Path) -> Result<(), Error> {
    if output.exists() && !output.is_dir() {
        return Err(Error::OutputIsFile { path: output.to_owned() });
    }
    if input.is_dir() {
        let (from, to) = (resolved(input)?, resolved(output)?);
        if from.starts_with(&to) || to.starts_with(&from) {
            return Err(Error::SameFolder { input: input.to_owned(), output: output.to_owned() });
        }
    }
    fs_err::create_dir_all(output).map_err(Error::file("create", output))
}

/// Without links, as far as the path exists.
fn resolved(path: &Path) -> Result<PathBuf, Error> {
    let failed = |source| Error::file("find", path)(source);
    let path = std::path::absolute(path).map_err(failed)?;
    let there = path.ancestors().find(|part| part.exists()).unwrap_or(&path);
    let whole = fs_err::canonicalize(there).map_err(failed)?;
    Ok(path.strip_prefix(there).map_or_else(|_| whole.clone(), |rest| whole.join(rest)))
}

/// Removes what a killed process has left of this file.
fn sweep(aside: &Aside) -> Result<(), Error> {
    let failed = |source| Error::file("list", aside.folder)(source);
    for entry in fs_err::read_dir(aside.folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = file_name(&path);
        let letters = name.strip_prefix(aside.name).and_then(|rest| rest.strip_suffix(UNFINISHED));
        let ours = |letters: &str| {
            letters.len() == LETTERS && letters.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        if letters.is_some_and(ours) {
            remove(&[&path])?;
        }
    }
    Ok(())
}

fn remove(paths: &[&Path]) -> Result<(), Error> {
    for path in paths {
        let removed = fs_err::remove_file(path);
        if let Err(error) = removed
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(Error::file("remove", path)(error));
        }
    }
    Ok(())
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
