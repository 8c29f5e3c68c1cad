//! The crate table of the design, asserted against what cargo says.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

/// What each crate may use of ours. `cli` may use all.
const MAY_USE: [(&str, &[&str]); 18] = [
    ("song", &[]),
    // For tests alone: no crate's code may use it.
    ("chromium", &[]),
    ("sample", &["song"]),
    ("corpus", &["song"]),
    ("batch", &["song"]),
    ("gpu", &[]),
    ("encoder", &["gpu"]),
    ("kernels", &[]),
    ("infer", &["encoder", "kernels"]),
    ("evaluate", &["song"]),
    ("tfidf", &["song"]),
    ("score", &["song", "batch", "encoder", "evaluate", "tfidf", "infer"]),
    ("train", &["song", "batch", "encoder", "evaluate", "score", "infer"]),
    ("bundle", &["song", "corpus", "batch", "encoder", "evaluate", "tfidf", "score", "infer"]),
    ("predict", &["song", "corpus", "batch", "encoder", "evaluate", "score", "infer", "bundle"]),
    ("hub", &["song", "bundle", "report"]),
    ("serve", &["song", "predict"]),
    ("report", &["song", "evaluate"]),
];

/// Heavy or outward-facing crates and who may name them.
const CONFINED: [(&str, &[&str]); 15] = [
    ("polars", &["corpus", "predict"]),
    ("burn", &["encoder", "train", "gpu"]),
    ("burn-flex", &["encoder"]),
    ("burn-dispatch", &["encoder"]),
    ("burn-cubecl", &["encoder", "gpu"]),
    ("cubecl", &["gpu"]),
    ("gemm", &["kernels"]),
    ("memmap2", &["kernels"]),
    ("tokenizers", &["batch"]),
    ("hf-hub", &["hub"]),
    ("clap", &["cli"]),
    ("anyhow", &["cli"]),
    ("axum", &["serve"]),
    ("opentelemetry", &["cli", "serve"]),
    ("opentelemetry-otlp", &["cli"]),
];

struct Package {
    /// Without `canto-`.
    name: String,
    /// What its code depends on; what its tests use besides is free.
    uses: BTreeSet<String>,
}

/// Asks cargo itself. The crate `cargo_metadata` would change features of `serde_json`, and with
/// them every heavy dependency would be compiled once for tests and once more for the binary.
fn packages() -> Vec<Package> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline", "--manifest-path"])
        .arg(manifest)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().iter().map(package).collect()
}

fn package(found: &Value) -> Package {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let dependencies = found["dependencies"].as_array().unwrap().iter();
    let code = dependencies.filter(|on| on["kind"] != "dev");
    let name = text(&found["name"]);
    let name = name.strip_prefix("canto-").unwrap_or(&name).to_owned();
    Package { name, uses: code.map(|on| text(&on["name"])).collect() }
}

#[test]
fn every_crate_uses_only_what_the_design_allows() {
    let table: BTreeMap<_, _> = MAY_USE.into_iter().collect();
    let mut faults = Vec::new();
    for package in packages().iter().filter(|package| package.name != "cli") {
        let name = &package.name;
        let Some(allowed) = table.get(name.as_str()) else {
            faults.push(format!("`{name}` is not in the table"));
            continue;
        };
        let ours = package.uses.iter().filter_map(|name| name.strip_prefix("canto-"));
        let not_allowed = ours.filter(|used| !allowed.contains(used));
        faults.extend(not_allowed.map(|used| format!("`{name}` uses `{used}`")));
    }
    assert_eq!(faults, [""; 0]);
}

#[test]
fn the_table_names_only_crates_that_exist() {
    let existing: BTreeSet<_> = packages().into_iter().map(|package| package.name).collect();
    let gone: Vec<_> = MAY_USE.iter().filter(|(name, _)| !existing.contains(*name)).collect();
    assert!(gone.is_empty(), "{gone:?}");
}

#[test]
fn heavy_crates_stay_where_they_belong() {
    let mut faults = Vec::new();
    for package in packages() {
        for (confined, owners) in CONFINED {
            let part = format!("{confined}-");
            let family = |name: &String| name == confined || name.starts_with(&part);
            if package.uses.iter().any(family) && !owners.contains(&package.name.as_str()) {
                faults.push(format!("`{}` uses `{confined}`", package.name));
            }
        }
    }
    assert_eq!(faults, [""; 0]);
}

#[test]
fn no_file_is_called_after_nothing_in_particular() {
    let mut folders = vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            if matches!(stem, Some("utils" | "common" | "helpers" | "misc")) {
                found.push(path.clone());
            }
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    assert!(found.is_empty(), "{found:?}");
}
