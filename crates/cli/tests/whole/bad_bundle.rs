//! Model folders that are not as they were written.

use crate::{copied, say};
use std::fs;
use std::path::Path;

#[track_caller]
fn refused(here: &Path, parts: &[&str]) {
    for args in [&["predict", "artifacts/micro", "--text", "la"][..], &["eval", "artifacts/micro"]]
    {
        say(here, args).badly(parts);
    }
    assert!(!here.join("artifacts/micro/metrics/test.json").exists());
}

#[test]
fn truncated_weights() {
    let folder = copied();
    let path = folder.path().join("artifacts/micro/model/model.safetensors");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    refused(folder.path(), &["model.safetensors", "bytes, expected", "hint: "]);
}

#[test]
fn one_altered_byte() {
    for name in ["model.safetensors", "thresholds.json", "tokenizer.json"] {
        let folder = copied();
        let path = folder.path().join("artifacts/micro/model").join(name);
        let mut bytes = fs::read(&path).unwrap();
        let last = bytes.len() - 2;
        bytes[last] ^= 1;
        fs::write(&path, bytes).unwrap();
        refused(folder.path(), &[name, "was altered", "hint: "]);
    }
}

#[test]
fn a_missing_file() {
    let folder = copied();
    fs::remove_file(folder.path().join("artifacts/micro/model/tokenizer.json")).unwrap();
    refused(folder.path(), &["tokenizer.json", "missing", "hint: "]);
}

#[test]
fn no_model_at_all() {
    let folder = copied();
    say(folder.path(), &["eval", "artifacts/nothing"]).badly(&["`artifacts/nothing`", "hint: "]);
    fs::remove_dir_all(folder.path().join("artifacts/micro/model")).unwrap();
    refused(folder.path(), &["`artifacts/micro` has no model yet", "hint: "]);
}

#[test]
fn altered_songs() {
    let folder = copied();
    let path = folder.path().join("prepared/songs.parquet");
    let mut bytes = fs::read(&path).unwrap();
    bytes[100] ^= 1;
    fs::write(&path, bytes).unwrap();
    let eval = ["eval", "artifacts/micro"];
    say(folder.path(), &eval).badly(&["songs.parquet", "not as it was written", "hint: "]);
}
