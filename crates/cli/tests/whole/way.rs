//! sample → prepare → train → tune → eval → predict.

use crate::{canto, copied, micro, names, recipe, said, say, trained};
use serde_json::Value;

#[test]
fn a_run_leaves_what_it_promises() {
    let run = trained().join("artifacts/micro");
    let left = ["checkpoints", "metrics", "model", "run.toml", "tensorboard", "tokenizer.json"];
    assert_eq!(names(&run), [&left[..], &["train.jsonl"]].concat());
    assert_eq!(names(&run.join("metrics")), ["learning_curve.svg", "validation.json"]);
    let events = names(&run.join("tensorboard"));
    assert!(events.len() == 1 && events[0].starts_with("events.out.tfevents."), "{events:?}");
    let curve = std::fs::read_to_string(run.join("metrics/learning_curve.svg")).unwrap();
    assert!(curve.starts_with("<svg ") && curve.matches("curve model").count() == 2, "{curve}");
    assert_eq!(
        names(&trained().join("prepared")),
        ["manifest.json", "rejects.parquet", "songs.parquet"]
    );
}

#[test]
fn several_devices_train_one_model() {
    let folder = copied();
    let recipe = recipe("quickstart.toml");
    let with = |devices: &'static str, run: &'static str| {
        let args = micro(&["train", "--run", run, "--data", "prepared"], &recipe);
        say(folder.path(), &[&args[..], &["--devices", devices]].concat())
    };
    let said = with("cpu,cpu", "shared").well();
    assert_eq!(said.err.matches("computing on cpu").count(), 2, "{}", said.err);
    assert!(folder.path().join("artifacts/shared/model/model.safetensors").is_file());
    with("cpu,auto", "refused").badly(&["`run.devices`", "names `auto` among others", "hint: "]);
    assert!(!folder.path().join("artifacts/refused").exists());
}

#[test]
fn the_test_songs_are_read_once() {
    let folder = copied();
    let first = say(folder.path(), &["eval", "artifacts/micro"]).well();
    for part in ["macro AUC", "Hip-Hop", "TF-IDF", "prior", "95% interval", "unseen in training"] {
        assert!(first.out.contains(part), "no `{part}` in:\n{}", first.out);
    }
    let again = say(folder.path(), &["eval", "artifacts/micro"]).well();
    assert_eq!(again.out, first.out);
    assert!(again.err.contains("measured before"), "{}", again.err);
    assert!(!again.err.contains("computing on"), "{}", again.err);
    let anew = say(folder.path(), &["eval", "artifacts/micro", "--again", "--json"]).well();
    let report: Value = serde_json::from_str(&anew.out).unwrap();
    assert!(report["metrics"]["macro_f1"].is_number(), "{report}");
}

#[test]
fn the_report_lies_with_the_run() {
    let folder = copied();
    say(folder.path(), &["eval", "artifacts/micro"]).well();
    let metrics = folder.path().join("artifacts/micro/metrics");
    let files = ["report.html", "report.json", "report.md", "test_scores.ndjson"];
    let files = [&["learning_curve.svg"], &files[..], &["validation.json"]].concat();
    assert_eq!(names(&metrics), files);
    let json = std::fs::read_to_string(metrics.join("report.json")).unwrap();
    let report: Value = serde_json::from_str(&json).unwrap();
    let rejects = report["funnel"]["rejects"].as_array().unwrap();
    let rejected: u64 = rejects.iter().map(|reason| reason[1].as_u64().unwrap()).sum();
    let count = |of: &Value| of.as_u64().unwrap();
    let funnel = &report["funnel"];
    assert_eq!(count(&funnel["rows"]), rejected + count(&funnel["songs"]));
    let by = |slice: &Value| slice["by"].as_str().unwrap().to_owned();
    let slices: Vec<String> = report["slices"].as_array().unwrap().iter().map(by).collect();
    for by in ["tokens", "reading", "language confidence", "genres", "artist"] {
        assert!(slices.iter().any(|found| found == by), "{by} in {slices:?}");
    }
    assert_eq!(report["examples"].as_array().unwrap().len(), 14);
    assert!(!report["learning"]["loss"].as_array().unwrap().is_empty());
    let page = std::fs::read_to_string(metrics.join("report.html")).unwrap();
    assert!(page.contains("micro") && !page.contains("https://"), "no network");
    let other = say(folder.path(), &["eval", "artifacts/micro", "--out", "elsewhere"]).well();
    assert!(other.err.contains("elsewhere/report.html"), "{}", other.err);
}

#[test]
fn two_runs_are_compared_song_by_song() {
    let folder = copied();
    let recipe = recipe("quickstart.toml");
    let mut train = micro(&["train", "--run", "other", "--data", "prepared"], &recipe);
    train.extend(["--set", "run.seed=7"]);
    say(folder.path(), &train).well();
    let said = say(folder.path(), &["eval", "artifacts/micro", "artifacts/other"]).well();
    assert!(said.out.contains("other against micro"), "{}", said.out);
    assert!(said.out.contains("macro AUC") && said.out.contains('→'), "{}", said.out);
    assert!(folder.path().join("artifacts/micro/metrics/comparison.html").is_file());
    let same = say(folder.path(), &["eval", "artifacts/micro", "artifacts/micro", "--json"]).well();
    let comparison: Value = serde_json::from_str(&same.out).unwrap();
    for metric in comparison["differences"][0]["metrics"].as_array().unwrap() {
        assert_eq!(metric["difference"]["value"], 0.0, "{metric}");
    }
}

#[test]
fn artist_leakage_is_told() {
    let said = say(trained(), &["eval", "artifacts/micro", "--split-check"]).well();
    assert!(said.out.contains("by song") && said.out.contains("macro AUC"), "{}", said.out);
    assert!(!trained().join("artifacts/micro/metrics/report.json").exists());
}

#[test]
fn new_thresholds_ask_for_a_new_test() {
    let folder = copied();
    say(folder.path(), &["eval", "artifacts/micro"]).well();
    let tune = ["tune", "artifacts/micro", "--strategy", "fixed", "--set", "tune.fixed=0.15"];
    say(folder.path(), &tune).well();
    assert!(!folder.path().join("artifacts/micro/metrics/report.json").exists());
    let eval = say(folder.path(), &["eval", "artifacts/micro"]).well();
    assert!(!eval.err.contains("measured before"), "{}", eval.err);
    assert!(eval.out.contains("0.15"), "{}", eval.out);
}

#[test]
fn one_song_comes_by_text_file_or_stdin() {
    let folder = copied();
    let here = folder.path();
    let lyrics = "Daddy had a muddy truck\nand a fiddle on the porch";
    std::fs::write(here.join("song.txt"), lyrics).unwrap();
    let text = say(here, &["predict", "artifacts/micro", "--text", lyrics]).well();
    let file = say(here, &["predict", "artifacts/micro", "--file", "song.txt"]).well();
    let stdin = said(canto(here).args(["predict", "artifacts/micro"]).write_stdin(lyrics)).well();
    assert!(text.out.contains("genres: ") && text.out.contains('░'), "{}", text.out);
    assert_eq!(text.out, file.out);
    assert_eq!(text.out, stdin.out);
    assert!(!text.out.contains('\u{1b}'), "colour without a terminal");
}

#[test]
fn json_holds_every_label_and_the_thresholds_asked_for() {
    let args = ["predict", "artifacts/micro", "--text", "la la", "--json", "--threshold", "0"];
    let said = say(trained(), &[&args[..], &["--thresholds", "Rock=1,R&B/Soul=0.5"]].concat());
    let json: Value = serde_json::from_str(&said.well().out).unwrap();
    let labels = json["labels"].as_array().unwrap();
    assert_eq!(labels.len(), 14);
    let rock = labels.iter().find(|label| label["label"] == "Rock").unwrap();
    assert_eq!((&rock["threshold"], &rock["predicted"]), (&1.0.into(), &false.into()));
    let pop = labels.iter().find(|label| label["label"] == "Pop").unwrap();
    assert_eq!((&pop["threshold"], &pop["predicted"]), (&0.0.into(), &true.into()));
}

#[test]
fn a_file_of_songs_keeps_its_rows() {
    let folder = copied();
    let args = ["predict", "artifacts/micro", "--input", "songs.csv", "--output", "scored.csv"];
    let said = say(folder.path(), &args).well();
    assert_eq!(said.out, "");
    let rows = |name: &str| {
        let mut reader = csv::Reader::from_path(folder.path().join(name)).unwrap();
        let artist = reader.headers().unwrap().iter().position(|name| name == "Artist(s)").unwrap();
        let rows: Vec<String> =
            reader.records().map(|row| row.unwrap()[artist].to_owned()).collect();
        rows
    };
    let (before, after) = (rows("songs.csv"), rows("scored.csv"));
    assert_eq!(before.len(), 400);
    assert!(after.len() > 380, "{}", after.len());
    let mut left = before.iter();
    assert!(after.iter().all(|artist| left.any(|other| other == artist)), "order is lost");
}

#[test]
fn the_same_seed_trains_the_same_model() {
    let folder = copied();
    let recipe = recipe("quickstart.toml");
    let train = micro(&["train", "--run", "again", "--data", "prepared"], &recipe);
    say(folder.path(), &train).well();
    let weights = |run: &str| {
        std::fs::read(folder.path().join(format!("artifacts/{run}/model/model.safetensors")))
    };
    assert!(weights("micro").unwrap() == weights("again").unwrap());
}

#[test]
fn a_run_is_neither_overwritten_nor_resumed_from_nothing() {
    let recipe = recipe("quickstart.toml");
    let train = micro(&["train", "--run", "micro", "--data", "prepared"], &recipe);
    say(trained(), &train).badly(&["`artifacts/micro` is there already", "hint: ", "--resume"]);
    let resume = micro(&["train", "--run", "other", "--resume", "--data", "prepared"], &recipe);
    say(trained(), &resume).badly(&["no checkpoint", "hint: "]);
    assert!(!trained().join("artifacts/other").exists());
}

#[test]
fn the_doctor_sees_the_cpu_and_keeps_secrets() {
    let token = "hf_not_to_be_printed";
    let said = said(canto(trained()).arg("doctor").env("HF_TOKEN", token)).well();
    for part in ["threads", "avx2", "memory", "burn", "cpu, ", "HF_TOKEN               set"] {
        assert!(said.out.contains(part), "no `{part}` in:\n{}", said.out);
    }
    assert!(!said.out.contains(token));
}
