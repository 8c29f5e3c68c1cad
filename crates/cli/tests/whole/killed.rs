//! Training that is killed, or runs out of disk, goes on as if nothing had happened.

use crate::disk::say_with_room_for;
use crate::{copied, micro, names, recipe, said};
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Sixty steps, a checkpoint every other, averaged weights beside the plain ones.
const LONGER: [&str; 12] = [
    "--set",
    "train.epochs=4",
    "--set",
    "train.checkpoint_every=2",
    "--set",
    "train.keep_checkpoints=2",
    "--set",
    "train.ema_decay=0.9",
    "--set",
    "train.log_every=1",
    "--set",
    "words.enabled=false",
];

/// What the last command has told.
const TOLD: &str = "told.txt";

/// The command that begins the run, or goes on with it where it has a checkpoint.
fn train(here: &Path) -> Command {
    let recipe = recipe("quickstart.toml");
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("canto"));
    command
        .current_dir(here)
        .args(micro(&["train", "--run", "long", "--data", "prepared"], &recipe));
    let told = fs::File::create(here.join(TOLD)).unwrap();
    command.args(LONGER).stdout(Stdio::null()).stderr(told);
    let checkpoints = here.join("artifacts/long/checkpoints");
    let exists = |name: &str| checkpoints.join(name).join("state.json").is_file();
    let older = || names(&checkpoints).iter().any(|name| name.starts_with("step-") && exists(name));
    if checkpoints.is_dir() && (exists("last") || exists(".last.new") || older()) {
        command.arg("--resume");
    }
    command
}

/// The weights that a run ends with.
fn weights(here: &Path) -> Vec<u8> {
    fs::read(here.join("artifacts/long/model/model.safetensors")).unwrap()
}

/// Whether training in a folder ended by itself within `time`; otherwise it was killed.
fn ends_within(here: &Path, time: Duration) -> bool {
    let mut child = train(here).spawn().unwrap();
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            let told = fs::read_to_string(here.join(TOLD)).unwrap();
            assert!(status.success(), "a run that goes on ends well: {status}, {told}");
            return true;
        }
        if begun.elapsed() >= time {
            child.kill().unwrap();
            child.wait().unwrap();
            return false;
        }
        sleep(Duration::from_millis(1));
    }
}

#[test]
fn killed_at_twenty_random_moments_it_ends_with_the_same_weights() {
    let whole = copied();
    let begun = Instant::now();
    assert!(train(whole.path()).status().unwrap().success());
    let time = begun.elapsed();
    let expected = weights(whole.path());
    let (mut kills, mut delays) = (0, Vec::new());
    while kills < 20 {
        let folder = copied();
        loop {
            let share = RandomState::new().hash_one(kills) as f64 / u64::MAX as f64;
            let delay = time.mul_f64(if kills < 20 { share } else { 1e3 });
            delays.push(delay);
            if ends_within(folder.path(), delay) {
                break;
            }
            kills += 1;
        }
        assert!(weights(folder.path()) == expected, "killed after {delays:?}");
        let log = fs::read_to_string(folder.path().join("artifacts/long/train.jsonl")).unwrap();
        for line in log.lines() {
            let event: Result<serde_json::Value, _> = serde_json::from_str(line);
            assert!(event.is_ok(), "a line of the log is torn: {line}");
        }
    }
}

#[test]
fn a_full_disk_leaves_the_last_checkpoint_to_go_on_from() {
    let whole = copied();
    assert!(train(whole.path()).status().unwrap().success());
    let folder = copied();
    let run = folder.path().join("artifacts/long");
    let mut child = train(folder.path()).spawn().unwrap();
    while !run.join("checkpoints/last/state.json").is_file() {
        sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let state = || fs::read_to_string(run.join("checkpoints/last/state.json")).unwrap();
    let before = state();

    let recipe = recipe("quickstart.toml");
    let args = micro(&["train", "--run", "long", "--data", "prepared", "--resume"], &recipe);
    let failed = say_with_room_for(32, folder.path(), &[&args[..], &LONGER].concat());
    failed.badly(&["hint: "]);
    assert_eq!(state(), before);
    assert!(!run.join("model").exists());

    said(&mut assert_cmd::Command::from_std(train(folder.path()))).well();
    assert!(weights(folder.path()) == weights(whole.path()));
}
