//! How fast a model is said to be. No time is asserted: figures must only fit together.

use crate::{say, trained};
use serde_json::Value;

const SHORT: [&str; 6] = ["--seconds", "0.02", "--songs", "24", "--largest-batch", "8"];

fn measured(args: &[&str]) -> Value {
    let said = say(trained(), &[&["bench"], args, &SHORT, &["--json"]].concat()).well();
    serde_json::from_str(&said.out).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("no number: {value}"))
}

fn share(value: &Value) -> f64 {
    let share = number(value);
    assert!((0.0..=1.0).contains(&share), "{share}");
    share
}

#[track_caller]
fn check_rate(rate: &Value) {
    for key in ["songs_per_second", "tokens_per_second"] {
        assert!(number(&rate[key]) > 0.0, "{rate}");
    }
    let latency = ["p50_ms", "p95_ms", "p99_ms"].map(|key| number(&rate["latency"][key]));
    assert!(0.0 < latency[0] && latency.is_sorted(), "{rate}");
    assert!(rate["calls"].as_u64().unwrap() >= 3, "{rate}");
}

#[test]
fn figures_fit_together() {
    let found = measured(&["artifacts/micro", "--threads", "1"]);
    let rates = found["batches"].as_array().unwrap();
    let sizes: Vec<u64> = rates.iter().map(|rate| rate["batch"].as_u64().unwrap()).collect();
    assert!([1, 2, 4, 8].starts_with(&sizes) && sizes.len() >= 2, "{sizes:?}");
    rates.iter().for_each(check_rate);
    check_rate(&found["saturated"]);
    assert_eq!(found["batch_1"], rates[0]);
    assert!(sizes.contains(&found["saturated"]["batch"].as_u64().unwrap()));

    let stages = &found["stages"];
    let parts = ["cleaning", "tokenising", "encoder", "words", "language"];
    let sum: f64 = parts.iter().map(|part| share(&stages[part])).sum();
    assert!((sum - 1.0).abs() < 1e-9, "{stages}");
    let inside = ["products_in_encoder", "attention_in_encoder"].map(|part| share(&stages[part]));
    assert!(inside.iter().sum::<f64>() <= 1.0, "{stages}");

    let (reached, peak) = ("operations_per_second", "peak_operations_per_second");
    let expected = number(&found[reached]) / number(&found[peak]);
    assert!((number(&found["share_of_peak"]) - expected).abs() < 1e-9 && expected > 0.0);
    let songs = &found["songs"];
    assert_eq!(songs["count"].as_u64().unwrap() + songs["skipped"].as_u64().unwrap(), 24);
    assert!(number(&songs["tokens_per_song"]) <= 32.0, "more than the model reads: {songs}");
    let load = &found["load"];
    let parts = number(&load["verify_seconds"]) + number(&load["weights_seconds"]);
    assert!((number(&load["seconds"]) - parts).abs() < 1e-6, "{load}");
    assert!(number(&found["memory_bytes"]) > number(&found["model"]["weights_bytes"]));
}

/// Whoever reads the JSON relies on its names.
#[test]
fn the_json_form_is_stable() {
    let found = measured(&["artifacts/micro", "--precision", "int8", "--device", "cpu"]);
    let names =
        |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    let mut top = names(&found);
    top.sort();
    assert_eq!(
        top,
        [
            "batch_1",
            "batches",
            "encoder_share_of_peak",
            "input",
            "load",
            "machine",
            "memory_bytes",
            "model",
            "operations_per_second",
            "peak_operations_per_second",
            "saturated",
            "share_of_peak",
            "songs",
            "stages",
            "version"
        ]
    );
    let machine = &found["machine"];
    let mut keys = names(machine);
    keys.sort();
    assert_eq!(keys, ["cpu", "device", "features", "number_format", "threads", "vector_unit"]);
    assert_eq!(machine["number_format"], "int8");
    assert_eq!(found["input"], "invented");
    let model = &found["model"];
    assert_eq!((&model["layers"], &model["hidden_size"]), (&1.into(), &16.into()));
    assert_eq!(model["path"], "artifacts/micro");
}

#[test]
fn a_table_of_the_user_s_own_songs() {
    let args = ["bench", "artifacts/micro/model", "--input", "prepared/songs.parquet"];
    let column = ["--column", "lyrics"];
    let said = say(trained(), &[&args[..], &column, &SHORT].concat()).well();
    for part in [
        "micro/model (roberta, 1 layers, 16 wide)",
        "24 of prepared/songs.parquet; ",
        "f32 products",
        "batch ",
        "* saturates",
        "GOP/s",
        "tokenising",
        "attention",
        "weights laid out",
    ] {
        assert!(said.out.contains(part), "no `{part}` in:\n{}", said.out);
    }
}

#[test]
fn nothing_is_measured_on_nothing() {
    let here = trained();
    say(here, &["bench", "artifacts/nothing"]).badly(&["`artifacts/nothing`", "hint: "]);
    let input = ["bench", "artifacts/micro", "--input", "missing.csv"];
    say(here, &input).badly(&["`missing.csv`", "hint: "]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.csv");
    std::fs::write(&path, "text\n[Chorus]\n[Verse]\n").unwrap();
    let path = path.to_str().unwrap();
    say(here, &["bench", "artifacts/micro", "--input", path])
        .badly(&["none of the 2 songs can be scored", "hint: "]);
    let column = ["bench", "artifacts/micro", "--input", path, "--column", "words"];
    say(here, &column).badly(&["no column `words`", "hint: "]);
    for wrong in [["--seconds", "0"], ["--songs", "0"], ["--threads", "0"], ["--column", "x"]] {
        let said = say(here, &[&["bench", "artifacts/micro"][..], &wrong].concat());
        assert_eq!(said.code, Some(2), "{wrong:?}: {}", said.err);
    }
}
