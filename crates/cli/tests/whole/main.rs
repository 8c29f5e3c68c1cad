//! The command as a person calls it: a small sample's whole way, and input that is no good.

mod bad_bundle;
mod bad_call;
mod bad_source;
mod benching;
mod deploying;
mod disk;
mod explanations;
#[cfg(target_os = "linux")]
mod flat;
mod hub_server;
mod interrupt;
mod killed;
mod publishing;
mod quantizing;
mod serving;
mod shards;
mod traces;
mod way;

use assert_cmd::Command;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tempfile::TempDir;

/// A recipe of the repository.
fn recipe(name: &str) -> String {
    format!("{}/../../configs/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// `canto` in the folder `here`, without a terminal and without the network.
fn canto(here: &Path) -> Command {
    let mut command = Command::cargo_bin("canto").unwrap();
    command.current_dir(here).env("HF_HUB_OFFLINE", "1").env("NO_COLOR", "1");
    command
}

/// What a command printed, and whether it went well.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn say(here: &Path, args: &[&str]) -> Said {
    said(canto(here).args(args))
}

fn said(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}

impl Said {
    #[track_caller]
    fn well(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.err);
        self
    }

    /// Failed with one message that has all `parts` and says what to do, and without a panic.
    #[track_caller]
    fn badly(self, parts: &[&str]) -> Self {
        assert_eq!(self.code, Some(1), "{}", self.err);
        assert_eq!(self.err.matches("error:").count(), 1, "{}", self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        assert_eq!(self.out, "", "nothing but data belongs on stdout");
        for part in parts {
            assert!(self.err.contains(part), "no `{part}` in:\n{}", self.err);
        }
        self
    }
}

/// Everything in a folder, hidden files too.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<_> = entries.map(name).map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

/// The quickstart's recipe, made so small that it trains in a moment.
const MICRO: [&str; 11] = [
    "model.scratch.hidden_size=16",
    "model.scratch.layers=1",
    "model.scratch.heads=2",
    "model.scratch.intermediate_size=32",
    "model.scratch.vocab_size=400",
    "model.scratch.max_positions=34",
    "batch.max_tokens=32",
    "train.epochs=2",
    "train.lr=1e-2",
    "tune.min_positives=5",
    "corpus.duplicates.near=group",
];

/// `args`, then the micro recipe.
fn micro<'a>(args: &[&'a str], recipe: &'a str) -> Vec<&'a str> {
    let sets = MICRO.iter().flat_map(|set| ["--set", set]);
    args.iter().copied().chain(["--config", recipe]).chain(sets).collect()
}

/// A folder with sampled and prepared songs and one trained run, `artifacts/micro`; made once,
/// only ever read.
fn trained() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = TempDir::new().unwrap();
        let recipe = recipe("quickstart.toml");
        say(folder.path(), &["sample", "--songs", "400", "--out", "songs.csv"]).well();
        let prepare = micro(&["prepare", "songs.csv", "--out", "prepared"], &recipe);
        say(folder.path(), &prepare).well();
        let train = micro(&["train", "--run", "micro", "--data", "prepared"], &recipe);
        say(folder.path(), &train).well();
        folder
    });
    folder.path()
}

/// A copy of the trained folder, to be changed.
fn copied() -> TempDir {
    let folder = TempDir::new().unwrap();
    copy(trained(), folder.path());
    folder
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target: PathBuf = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
