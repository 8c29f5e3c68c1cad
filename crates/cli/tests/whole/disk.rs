//! Disks that are full and folders that cannot be written to.

use crate::{Said, copied, micro, names, recipe, say, trained};
use assert_cmd::Command;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// Runs canto where no file may grow beyond `blocks` of 512 or 1024 bytes, as on a full disk.
pub(crate) fn say_with_room_for(blocks: u32, here: &Path, args: &[&str]) -> Said {
    // The signal that comes with the limit is ignored, so that writing fails as it does when
    // the disk is full.
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let canto = assert_cmd::cargo::cargo_bin("canto");
    let mut shell = Command::new("sh");
    shell.current_dir(here).arg("-c").arg(script).arg(canto).args(args);
    crate::said(&mut shell)
}

#[test]
fn a_full_disk_leaves_no_sample() {
    let folder = TempDir::new().unwrap();
    let args = ["sample", "--songs", "2000", "--out", "songs.csv"];
    say_with_room_for(64, folder.path(), &args).badly(&["`songs.csv`", "hint: "]);
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn a_full_disk_leaves_no_prepared_songs() {
    let folder = TempDir::new().unwrap();
    fs::copy(trained().join("songs.csv"), folder.path().join("songs.csv")).unwrap();
    let recipe = recipe("quickstart.toml");
    let args = ["prepare", "songs.csv", "--out", "prepared", "--config", &recipe];
    say_with_room_for(64, folder.path(), &args).badly(&["could not"]);
    assert_eq!(names(folder.path()), ["songs.csv"]);
}

#[test]
fn a_full_disk_leaves_no_model() {
    let folder = copied();
    let recipe = recipe("quickstart.toml");
    let args = micro(&["train", "--run", "full", "--data", "prepared"], &recipe);
    say_with_room_for(32, folder.path(), &args).badly(&[]);
    assert!(!folder.path().join("artifacts/full/model").exists());
}

#[test]
fn a_full_disk_leaves_no_scores() {
    let folder = copied();
    let before = names(folder.path());
    let args = ["predict", "artifacts/micro", "--input", "songs.csv", "--output", "out.csv"];
    say_with_room_for(64, folder.path(), &args).badly(&["`out.csv`"]);
    assert_eq!(names(folder.path()), before);
}

#[test]
fn answers_that_cannot_be_written_are_an_error() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let canto = assert_cmd::cargo::cargo_bin("canto");
    let output = std::process::Command::new(canto)
        .current_dir(trained())
        .args(["predict", "artifacts/micro", "--text", "la la"])
        .stdout(full)
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("No space left") && err.contains("hint: free some space"), "{err}");
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let canto = assert_cmd::cargo::cargo_bin("canto");
    let script = "\"$0\" predict artifacts/micro --text la --all | head -n 1 > first.txt";
    let folder = copied();
    let mut shell = Command::new("sh");
    shell.current_dir(folder.path()).arg("-c").arg(script).arg(canto);
    let said = crate::said(&mut shell).well();
    assert!(!said.err.contains("error") && !said.err.contains("panicked"), "{}", said.err);
}

/// Root may write anywhere, so the folders in the way are ones that nobody can make.
#[test]
fn folders_that_cannot_be_written_to() {
    let folder = copied();
    let here = folder.path();
    fs::write(here.join("file"), "").unwrap();
    let recipe = recipe("quickstart.toml");
    for place in ["file/x", "/proc/canto/x"] {
        let sample = ["sample", "--songs", "5", "--out", &format!("{place}.csv")];
        say(here, &sample).badly(&["cannot create a file in", "hint: "]);
        let prepare = ["prepare", "songs.csv", "--out", place, "--config", &recipe];
        say(here, &prepare).badly(&["could not"]);
        let output = format!("{place}.csv");
        let predict = ["predict", "artifacts/micro", "--input", "songs.csv", "--output", &output];
        say(here, &predict).badly(&[]);
    }
    fs::remove_dir_all(here.join("artifacts")).unwrap();
    fs::write(here.join("artifacts"), "").unwrap();
    let train = micro(&["train", "--data", "prepared"], &recipe);
    say(here, &train).badly(&["artifacts"]);
}
