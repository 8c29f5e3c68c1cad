//! Whole folders, in shards, and again.

use crate::tiny::{SONGS, predictor};
use canto_infer::Precision;
use canto_predict::{
    Error, FileOptions, FolderOptions, FolderPlan, Overrides, Predictor, Shard, Why,
};
use canto_song::Silent;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

struct Stage {
    here: TempDir,
    predictor: Predictor,
}

fn shard(text: &str) -> Shard {
    text.parse().unwrap()
}

/// A CSV file of so many songs.
fn songs(rows: usize) -> String {
    let row = |at: usize| format!("{at},\"{}\"\n", SONGS[at % SONGS.len()]);
    "number,lyrics\n".to_owned() + &(0..rows).map(row).collect::<String>()
}

/// Every file below `folder` that is not hidden, with its bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(below).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            if name.starts_with('.') {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}

impl Stage {
    /// Five files of songs, and what is left out.
    fn new() -> Self {
        let (here, predictor) = predictor();
        let input = here.path().join("in");
        fs::create_dir_all(input.join("year=2020")).unwrap();
        fs::create_dir_all(input.join("_temporary")).unwrap();
        for (name, rows) in [("a.csv", 30), ("b.csv", 4), ("c.csv", 2), ("year=2020/a.csv", 9)] {
            fs::write(input.join(name), songs(rows)).unwrap();
        }
        fs::write(input.join("d.jsonl"), "{\"text\":\"la la\"}\n{\"text\":\"\"}\n").unwrap();
        for name in ["_SUCCESS", ".a.csv.crc", "_b.csv", "notes.txt", "_temporary/a.csv"] {
            fs::write(input.join(name), "nothing to score").unwrap();
        }
        Self { here, predictor }
    }

    fn plan<'a>(&self, output: &str, options: FolderOptions<'a>) -> Result<FolderPlan<'a>, Error> {
        let (input, output) = (self.here.path().join("in"), self.here.path().join(output));
        FolderPlan::new(self.predictor.bundle(), &input, &output, options)
    }

    /// Scores a share, and tells which files were to be scored and why.
    fn score(&self, output: &str, options: FolderOptions) -> Vec<(String, Why)> {
        let plan = self.plan(output, options).unwrap();
        for todo in plan.todo() {
            plan.score(&self.predictor, todo, &Silent).unwrap();
        }
        plan.todo().iter().map(|todo| (todo.name().to_owned(), todo.why())).collect()
    }

    fn refusal(&self, output: &str, options: FolderOptions) -> Error {
        self.plan(output, options).unwrap_err()
    }

    fn files(&self, output: &str) -> BTreeMap<String, Vec<u8>> {
        files(&self.here.path().join(output))
    }
}

fn options(file: &FileOptions) -> FolderOptions<'_> {
    FolderOptions { shard: Shard::WHOLE, again: false, precision: Precision::Auto, file }
}

const NAMES: [&str; 5] = ["a.csv", "b.csv", "c.csv", "d.jsonl", "year=2020/a.csv"];

#[test]
fn a_folder_is_scored_file_by_file() {
    let (stage, plain) = (Stage::new(), FileOptions::default());
    let done = stage.score("out", options(&plain));
    assert_eq!(done, NAMES.map(|name| (name.to_owned(), Why::New)));
    let rejects = ["a.rejects.csv", "b.rejects.csv", "c.rejects.csv", "d.rejects.jsonl"];
    let mut expected = [&NAMES[..], &rejects, &["year=2020/a.rejects.csv"]].concat();
    expected.sort_unstable();
    let found = stage.files("out");
    assert!(found.keys().eq(expected.iter()), "{:?}", found.keys());
    let alone = stage.here.path().join("alone.csv");
    let input = stage.here.path().join("in/a.csv");
    stage.predictor.score_file(&input, &alone, &plain, &Silent).unwrap();
    assert_eq!(found["a.csv"], fs::read(alone).unwrap(), "as if it were scored alone");
}

#[test]
fn shards_do_each_file_once_and_together_all() {
    let (stage, plain) = (Stage::new(), FileOptions::default());
    stage.score("whole", options(&plain));
    let mut done = Vec::new();
    for index in 0..8 {
        let shard = shard(&format!("{index}/8"));
        let own = stage.score("shards", FolderOptions { shard, ..options(&plain) });
        assert!(own.len() <= 1, "five files in eight shares: {own:?}");
        done.extend(own.into_iter().map(|(name, _)| name));
    }
    done.sort();
    assert_eq!(done, NAMES);
    assert_eq!(stage.files("shards"), stage.files("whole"));
}

#[test]
fn a_file_is_shared_by_rows() {
    let (stage, plain) = (Stage::new(), FileOptions::default());
    let here = stage.here.path();
    let lines: Vec<String> = (0..1000)
        .map(|at| match at % 5 {
            3 => format!("{{\"number\":{at},\"text\":null}}\n"),
            _ => format!("{{\"number\":{at},\"text\":\"la la {at}\"}}\n"),
        })
        .collect();
    let input = here.join("songs.jsonl");
    fs::write(&input, lines.concat()).unwrap();
    let whole = here.join("whole.jsonl");
    stage.predictor.score_file(&input, &whole, &plain, &Silent).unwrap();
    let (mut scored, mut rejects) = (String::new(), String::new());
    for index in 0..3 {
        let options = FolderOptions { shard: shard(&format!("{index}/3")), ..options(&plain) };
        let out = here.join("out");
        let plan = FolderPlan::new(stage.predictor.bundle(), &input, &out, options).unwrap();
        plan.score(&stage.predictor, &plan.todo()[0], &Silent).unwrap();
        let name = format!("songs-0000{index}-of-00003");
        scored += &fs::read_to_string(out.join(format!("{name}.jsonl"))).unwrap();
        rejects += &fs::read_to_string(out.join(format!("{name}.rejects.jsonl"))).unwrap();
    }
    let numbers = |text: &str, key: &str| -> Vec<u64> {
        let row = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
        text.lines().map(|line| row(line)[key].as_u64().unwrap()).collect()
    };
    assert!(numbers(&scored, "number").into_iter().eq((0..1000).filter(|at| at % 5 != 3)));
    assert!(numbers(&rejects, "row").into_iter().eq((1..=1000).filter(|row| row % 5 == 4)));
    assert_eq!(numbers(&scored, "tokens"), numbers(&fs::read_to_string(whole).unwrap(), "tokens"));
}

#[test]
fn more_shards_than_rows_end_well() {
    let (stage, plain) = (Stage::new(), FileOptions::default());
    let (input, out) = (stage.here.path().join("in/c.csv"), stage.here.path().join("out"));
    let mut rows = 0;
    for index in 0..4 {
        let options = FolderOptions { shard: shard(&format!("{index}/4")), ..options(&plain) };
        let plan = FolderPlan::new(stage.predictor.bundle(), &input, &out, options).unwrap();
        let summary = plan.score(&stage.predictor, &plan.todo()[0], &Silent).unwrap();
        rows += summary.map_or(0, |summary| summary.rows);
        let plan = FolderPlan::new(stage.predictor.bundle(), &input, &out, options).unwrap();
        assert_eq!((plan.todo().len(), plan.finished()), (0, 1));
    }
    assert_eq!((rows, files(&out).len()), (2, 4));
}

#[test]
fn what_is_finished_is_not_done_again() {
    let (stage, plain) = (Stage::new(), FileOptions::default());
    stage.score("out", options(&plain));
    let before = stage.files("out");
    assert_eq!(stage.score("out", options(&plain)), []);
    let input = stage.here.path().join("in");
    fs::write(input.join("b.csv"), songs(5)).unwrap();
    fs::write(input.join("e.csv"), songs(1)).unwrap();
    let out = stage.here.path().join("out");
    fs::write(out.join("c.csv"), "cut").unwrap();
    fs::remove_file(out.join("a.rejects.csv")).unwrap();
    let expected = [
        ("a.csv", Why::OutputChanged),
        ("b.csv", Why::InputChanged),
        ("c.csv", Why::OutputChanged),
        ("e.csv", Why::New),
    ];
    let expected = expected.map(|(name, why)| (name.to_owned(), why));
    assert_eq!(stage.score("out", options(&plain)), expected);
    let after = stage.files("out");
    assert!(after["a.csv"] == before["a.csv"] && after["c.csv"] == before["c.csv"]);
    assert!(after["b.csv"].len() > before["b.csv"].len());
}

#[test]
fn results_of_other_settings_are_refused_or_made_anew() {
    let (stage, plain) = (Stage::new(), FileOptions::default());
    stage.score("out", options(&plain));
    let before = stage.files("out");
    let at = |threshold| FileOptions {
        overrides: Overrides { all: Some(threshold), per_label: Vec::new() },
        column: None,
    };
    // Whatever the model has drawn, the one lists every genre and the other none.
    let (other, none) = (at(0.01), at(0.99));
    let named = FileOptions { column: Some("lyrics".to_owned()), ..FileOptions::default() };
    let int8 = FolderOptions { precision: Precision::Int8, ..options(&named) };
    let refused = |refusal: Error, part: &str| {
        assert!(refusal.to_string().contains(part), "{refusal}");
        assert!(refusal.hint().unwrap().contains("--again"));
    };
    refused(stage.refusal("out", options(&other)), "a.csv` was scored with other thresholds");
    refused(stage.refusal("out", int8), "with another column, another precision");
    assert_eq!(stage.files("out"), before);
    let anew = stage.score("out", FolderOptions { again: true, ..options(&other) });
    assert!(anew.iter().all(|(_, why)| *why == Why::MadeOtherwise) && anew.len() == NAMES.len());
    assert_eq!(stage.score("out", FolderOptions { again: true, ..options(&other) }), []);
    let all = stage.files("out");
    stage.score("out", FolderOptions { again: true, ..options(&none) });
    assert!(stage.files("out") != all, "other thresholds, the same genres");
}

#[test]
fn results_of_nobody_knows_whom_are_refused() {
    let (stage, plain) = (Stage::new(), FileOptions::default());
    let out = stage.here.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("b.csv"), "mine").unwrap();
    let refusal = stage.refusal("out", options(&plain)).to_string();
    assert!(refusal.contains("b.csv` is there already"), "{refusal}");
    stage.score("out", FolderOptions { again: true, ..options(&plain) });
    assert_eq!(stage.score("out", options(&plain)), []);
}

#[test]
fn a_killed_process_leaves_nothing_that_counts() {
    let (stage, plain) = (Stage::new(), FileOptions::default());
    stage.score("whole", options(&plain));
    stage.score("out", options(&plain));
    let out = stage.here.path().join("out");
    // Killed while it wrote, and between the receipt and the two renamings.
    for name in ["a.csv~abc123.new", "a.csv~ABCxyz.new", "a.csv~mine.new", "b.csv~abc123.new"] {
        fs::write(out.join(".canto").join(name), "half").unwrap();
    }
    fs::remove_file(out.join("a.csv")).unwrap();
    fs::remove_file(out.join("c.csv")).unwrap();
    fs::remove_file(out.join("c.rejects.csv")).unwrap();
    let expected = [("a.csv", Why::OutputChanged), ("c.csv", Why::New)];
    let expected = expected.map(|(name, why)| (name.to_owned(), why));
    assert_eq!(stage.score("out", options(&plain)), expected);
    assert_eq!(stage.files("out"), stage.files("whole"));
    let left = fs::read_dir(out.join(".canto")).unwrap();
    let left = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut left: Vec<String> = left.filter(|name| name.contains('~')).collect();
    left.sort();
    assert_eq!(left, ["a.csv~mine.new", "b.csv~abc123.new"], "those of others stay");
}

#[test]
fn files_without_rows_have_no_scores() {
    let (stage, plain) = (Stage::new(), FileOptions::default());
    stage.score("out", options(&plain));
    let input = stage.here.path().join("in");
    fs::write(input.join("a.csv"), "number,lyrics\n").unwrap();
    fs::write(input.join("b.csv"), "").unwrap();
    assert_eq!(stage.score("out", options(&plain)).len(), 2);
    let found = stage.files("out");
    assert!(!found.contains_key("a.csv") && !found.contains_key("b.rejects.csv"), "none of old");
    assert_eq!(stage.score("out", options(&plain)), []);
}

#[test]
fn folders_that_will_not_do() {
    let (stage, plain) = (Stage::new(), FileOptions::default());
    let here = stage.here.path();
    let refusal = |input: &str, output: &str| {
        let (input, output) = (here.join(input), here.join(output));
        let plan = FolderPlan::new(stage.predictor.bundle(), &input, &output, options(&plain));
        let error = plan.unwrap_err();
        (error.to_string(), error.hint().unwrap_or_default())
    };
    let is = |found: (String, String), fact: &str, hint: &str| {
        assert!(found.0.contains(fact) && found.1.contains(hint), "{found:?}");
    };
    fs::create_dir(here.join("none")).unwrap();
    is(refusal("none", "out"), "no file below", ".parquet");
    is(refusal("absent", "out"), "no file at", "");
    is(refusal("in/notes.txt", "out"), "notes.txt", "");
    is(refusal("in", "in/notes.txt"), "is a file", "--output");
    for inside in ["in", "in/scored", "."] {
        is(refusal("in", inside), "lie in one another", "outside");
    }
    assert!(!here.join("in/scored").exists());
    fs::write(here.join("in/a.rejects.csv"), songs(1)).unwrap();
    is(refusal("in", "out"), "a.csv` would be called as the scores of", "rename");
}
