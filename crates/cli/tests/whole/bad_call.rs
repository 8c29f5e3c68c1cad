//! Wrong options and recipes.

use crate::{recipe, say, trained};
use std::fs;
use tempfile::TempDir;

#[test]
fn every_problem_of_a_recipe_is_told_at_once() {
    let folder = TempDir::new().unwrap();
    fs::write(
        folder.path().join("mine.toml"),
        "[model]\nbase = \"x/y\"\n[train]\nepocs = 3\nlearning_rate = \"high\"\n[batch]\nwindow = \"tail\"\n",
    )
    .unwrap();
    let sets = ["--set", "train.patiense=2", "--set", "train.epochs=0"];
    let args = [&["train", "--config", "mine.toml"], &sets[..]].concat();
    say(folder.path(), &args).badly(&[
        "5 problems",
        "`train.epocs`: is no known key, did you mean `epochs`? (in `mine.toml`)",
        "`train.learning_rate`: is string \"high\", expected a number (in `mine.toml`)",
        "`batch.window`: is `tail`, expected one of",
        "`train.patiense`: is no known key, did you mean `patience`? (from the command line)",
        "`train.epochs`: is `0`, expected at least 1 (from the command line)",
        "hint: ",
    ]);
    assert!(!folder.path().join("artifacts").exists());
}

#[test]
fn a_recipe_that_is_missing_or_no_toml_says_so() {
    let folder = TempDir::new().unwrap();
    let here = folder.path();
    say(here, &["train", "--config", "no.toml"]).badly(&["`no.toml`", "hint: ", "configs/"]);
    fs::write(here.join("bad.toml"), "[train\n").unwrap();
    say(here, &["train", "--config", "bad.toml"]).badly(&["`bad.toml` is not TOML", "line 1"]);
}

#[test]
fn a_wrong_command_line_is_status_two() {
    let folder = TempDir::new().unwrap();
    for args in [
        &["sing"][..],
        &["sample", "--songs", "0", "--out", "x.csv"],
        &["train", "--config", "x.toml", "--set", "train.epochs"],
        &["predict", "m", "--text", "a", "--file", "b"],
        &["predict", "m", "--threshold", "1.5"],
        &["predict", "m", "--thresholds", "Rock"],
        &["train", "--config", "x.toml", "--device", "gpu"],
    ] {
        let said = say(folder.path(), args);
        assert_eq!(said.code, Some(2), "{args:?}: {}", said.err);
        assert!(said.err.contains("error:"), "{}", said.err);
    }
}

#[test]
fn every_command_explains_itself() {
    for command in ["sample", "prepare", "train", "tune", "eval", "predict", "serve"] {
        let said = say(trained(), &[command, "--help"]).well();
        assert!(said.out.contains("Example"), "{command}: {}", said.out);
    }
}

#[test]
fn songs_that_are_not_prepared_are_not_found() {
    let folder = TempDir::new().unwrap();
    let recipe = recipe("quickstart.toml");
    let args = ["train", "--config", &recipe, "--data", "nowhere"];
    say(folder.path(), &args).badly(&["no prepared songs at `nowhere`", "hint: ", "canto prepare"]);
    assert!(!folder.path().join("artifacts").exists());
}

#[test]
fn a_base_that_is_nowhere_leaves_no_run() {
    let recipe = recipe("minilm.toml");
    let args = ["train", "--config", &recipe, "--data", "prepared", "--run", "none"];
    say(trained(), &args).badly(&["`.models/minilm`", "hint: "]);
    assert!(!trained().join("artifacts/none").exists());
}

#[test]
fn a_label_the_model_does_not_know_is_answered_with_those_it_does() {
    let args = ["predict", "artifacts/micro", "--text", "la", "--thresholds", "Polka=0.3"];
    say(trained(), &args).badly(&["unknown label `Polka`", "`R&B/Soul`", "hint: "]);
}

#[test]
fn a_device_that_is_not_there_says_what_to_do() {
    let args = ["predict", "artifacts/micro", "--text", "la", "--device", "cuda:7"];
    say(trained(), &args).badly(&["`cuda:7`", "hint: "]);
}
