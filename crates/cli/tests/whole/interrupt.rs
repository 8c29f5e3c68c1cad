//! Ctrl-C while training.

use crate::{Said, copied, micro, recipe};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// Trains on and on, and presses Ctrl-C once the log holds `events` steps.
fn interrupted(here: &Path, more: &[&str], events: usize) -> Said {
    let recipe = recipe("quickstart.toml");
    let endless = ["--set", "train.epochs=100000", "--set", "train.log_every=1"];
    let args = micro(&["train", "--run", "long", "--data", "prepared"], &recipe);
    let child = Command::new(assert_cmd::cargo::cargo_bin("canto"))
        .current_dir(here)
        .args([&args[..], &endless, more].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = here.join("artifacts/long/train.jsonl");
    let steps = || fs::read_to_string(&log).unwrap_or_default().matches("\"step\"").count();
    while steps() < events {
        sleep(Duration::from_millis(20));
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}

#[test]
fn a_run_saves_says_how_to_go_on_and_goes_on() {
    let folder = copied();
    let first = interrupted(folder.path(), &[], 5).well();
    assert!(first.err.contains("finishing this step"), "{}", first.err);
    assert!(first.err.contains("`--resume`"), "{}", first.err);
    let run = folder.path().join("artifacts/long");
    assert!(run.join("checkpoints/last").is_dir() && !run.join("model").exists());
    let before = fs::read_to_string(run.join("train.jsonl")).unwrap().matches("\"step\"").count();
    let second = interrupted(folder.path(), &["--resume"], before + 5).well();
    assert!(second.err.contains("going on after step"), "{}", second.err);
}
