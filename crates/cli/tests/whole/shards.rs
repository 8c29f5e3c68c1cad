//! Folders of songs: shared, killed, out of disk, and done again.

use crate::disk::say_with_room_for;
use crate::{Said, copied, names, say, trained};
use std::collections::BTreeMap;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The sampled songs in `here/songs`, dealt out to so many files, `times` over.
fn deal(here: &Path, files: usize, times: usize) {
    let folder = here.join("songs");
    fs::create_dir(&folder).unwrap();
    let mut reader = csv::Reader::from_path(trained().join("songs.csv")).unwrap();
    let header = reader.headers().unwrap().clone();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    for file in 0..files {
        let path = folder.join(format!("part-{file:02}.csv"));
        let mut writer = csv::Writer::from_path(path).unwrap();
        writer.write_record(&header).unwrap();
        for row in rows.iter().cycle().take(rows.len() * times).skip(file).step_by(files) {
            writer.write_record(row).unwrap();
        }
        writer.flush().unwrap();
    }
}

fn stage(files: usize, times: usize) -> TempDir {
    let folder = copied();
    deal(folder.path(), files, times);
    folder
}

fn args<'a>(output: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["predict", "artifacts/micro", "--input", "songs", "--output", output], more].concat()
}

/// Every result in a folder; what is hidden is none.
fn results(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let visible = names(folder).into_iter().filter(|name| !name.starts_with('.'));
    visible.map(|name| (name.clone(), fs::read(folder.join(name)).unwrap())).collect()
}

fn unfinished(folder: &Path) -> Vec<String> {
    let hidden = names(&folder.join(".canto")).into_iter();
    hidden.filter(|name| name.contains('~')).collect()
}

#[test]
fn shards_side_by_side_do_what_one_process_does() {
    let folder = stage(5, 1);
    let here = folder.path();
    let whole = say(here, &args("whole", &[])).well();
    assert_eq!(whole.out, "");
    assert!(whole.err.contains("5 of 5 files to score"), "{}", whole.err);
    let shards = ["0/3", "1/3", "2/3"].map(|shard| {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin("canto"));
        command.current_dir(here).args(args("shards", &["--shard", shard]));
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    });
    for mut shard in shards {
        assert!(shard.wait().unwrap().success());
    }
    assert_eq!(results(&here.join("whole")).len(), 10);
    assert!(results(&here.join("shards")) == results(&here.join("whole")));
    let again = say(here, &args("shards", &["--shard", "1/3"])).well();
    assert!(again.err.contains("of 5 files, all finished"), "{}", again.err);
    assert!(!again.err.contains("computing on"), "no weights are read: {}", again.err);
    let none = say(here, &args("shards", &["--shard", "7/8"])).well();
    assert!(none.err.contains("no file of 5 is its own"), "{}", none.err);
}

#[test]
fn killed_at_random_moments_it_goes_on_until_all_is_there() {
    let folder = stage(8, 5);
    let here = folder.path();
    let begun = Instant::now();
    say(here, &args("whole", &[])).well();
    let time = begun.elapsed();
    let expected = results(&here.join("whole"));
    let mut delays = Vec::new();
    for round in ["first", "second"] {
        for kill in 0..8 {
            let share = RandomState::new().hash_one(kill) as f64 / u64::MAX as f64;
            delays.push(time.mul_f64(share / 2.0));
            let mut command = Command::new(assert_cmd::cargo::cargo_bin("canto"));
            command.current_dir(here).args(args(round, &[]));
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            sleep(delays[delays.len() - 1]);
            child.kill().unwrap();
            child.wait().unwrap();
            if !here.join(round).is_dir() {
                continue;
            }
            // Whatever is in its place is whole.
            for (name, bytes) in results(&here.join(round)) {
                assert!(expected[&name] == bytes, "{name} after {delays:?}");
            }
        }
        let last = say(here, &args(round, &[])).well();
        assert!(results(&here.join(round)) == expected, "{delays:?}\n{}", last.err);
        assert_eq!(unfinished(&here.join(round)), [""; 0], "{delays:?}");
    }
}

#[test]
fn a_full_disk_leaves_what_is_finished_to_go_on_from() {
    let folder = stage(2, 1);
    let here = folder.path();
    say(here, &args("whole", &[])).well();
    fs::write(here.join("songs/part-00.csv"), "text\nla la la\n").unwrap();
    let failed = say_with_room_for(64, here, &args("out", &[]));
    failed.badly(&["could not write `out/part-01.csv`"]);
    assert_eq!(names(&here.join("out")), [".canto", "part-00.csv", "part-00.rejects.csv"]);
    assert_eq!(unfinished(&here.join("out")), [""; 0]);
    let last = say(here, &args("out", &[])).well();
    assert!(last.err.contains("1 of 2 files to score, 1 finished before"), "{}", last.err);
    let (out, whole) = (results(&here.join("out")), results(&here.join("whole")));
    assert!(out["part-01.csv"] == whole["part-01.csv"]);
}

#[test]
fn results_of_another_model_are_refused() {
    let folder = stage(2, 1);
    let here = folder.path();
    say(here, &args("out", &[])).well();
    let before = results(&here.join("out"));
    let tune = ["tune", "artifacts/micro", "--strategy", "fixed", "--set", "tune.fixed=0.01"];
    say(here, &tune).well();
    let refused = say(here, &args("out", &[]));
    let parts = ["`out/part-00.csv` was scored with another model, other thresholds", "--again"];
    refused.badly(&parts);
    assert!(results(&here.join("out")) == before);
    let again = say(here, &args("out", &["--again"])).well();
    assert!(
        again.err.contains("`part-01.csv` was scored otherwise before: again"),
        "{}",
        again.err
    );
    assert!(results(&here.join("out")) != before);
    say(here, &args("out", &[])).well();
}

#[test]
fn a_bad_file_keeps_no_other_from_its_scores() {
    let folder = stage(3, 1);
    let here = folder.path();
    fs::write(here.join("songs/part-01.csv"), "text\n\"open\n").unwrap();
    fs::write(here.join("songs/part-03.csv"), "title\nla\n").unwrap();
    fs::write(here.join("songs/part-04.csv"), "").unwrap();
    let failed = say(here, &args("out", &[]));
    let said = failed.badly(&["2 of 5 files were not scored", "finished"]);
    for part in
        ["warning: `part-01.csv` was not scored", "row 1", "no column", "`part-04.csv` has no rows"]
    {
        assert!(said.err.contains(part), "no `{part}` in:\n{}", said.err);
    }
    let scored: Vec<_> = results(&here.join("out")).into_keys().collect();
    let expected = ["part-00.csv", "part-00.rejects.csv", "part-02.csv", "part-02.rejects.csv"];
    assert_eq!(scored, expected);
}

#[test]
fn one_file_is_shared_by_rows() {
    let folder = copied();
    let here = folder.path();
    let predict = ["predict", "artifacts/micro", "--input", "songs.csv", "--output"];
    let rows = |path: &str| {
        let mut reader = csv::Reader::from_path(here.join(path)).unwrap();
        reader.records().map(Result::unwrap).collect::<Vec<_>>()
    };
    say(here, &[&predict[..], &["whole.csv"]].concat()).well();
    let mut joined = Vec::new();
    for (at, shard) in ["0/3", "1/3", "2/3"].into_iter().enumerate() {
        say(here, &[&predict[..], &["out", "--shard", shard]].concat()).well();
        joined.extend(rows(&format!("out/songs-0000{at}-of-00003.csv")));
    }
    let numberless = |rows: &[csv::StringRecord]| {
        rows.iter().map(|row| row.get(2).unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(numberless(&joined), numberless(&rows("whole.csv")));
}

#[test]
fn shards_and_folders_that_will_not_do() {
    let folder = stage(1, 1);
    let here = folder.path();
    let refused = |shard: &str| -> Said { say(here, &args("out", &["--shard", shard])) };
    for shard in ["16/16", "17/16"] {
        let said = refused(shard);
        assert_eq!(said.code, Some(2), "{}", said.err);
        assert!(said.err.contains("expected `0/16` to `15/16`"), "{}", said.err);
    }
    for (shard, part) in [("a/b", "such as `3/16`"), ("3", "such as `3/16`"), ("0/0", "0 shards")] {
        let said = refused(shard);
        assert_eq!(said.code, Some(2), "{}", said.err);
        assert!(said.err.contains(part), "{}", said.err);
    }
    assert!(!here.join("out").exists());
    let help = say(here, &["predict", "--help"]).well().out;
    assert!(help.contains("counted from 0") && help.contains("JOB_COMPLETION_INDEX"), "{help}");
    fs::create_dir(here.join("none")).unwrap();
    let predict = |input: &str, output: &str| {
        say(here, &["predict", "artifacts/micro", "--input", input, "--output", output])
    };
    predict("none", "out").badly(&["no file below `none`", "hint: ", ".parquet"]);
    predict("nowhere", "out").badly(&["no file at `nowhere`"]);
    predict("songs", "songs/out").badly(&["lie in one another", "hint: "]);
    predict("songs", "songs.csv").badly(&["`songs.csv` is a file", "hint: "]);
    predict("songs", "/proc/canto/out").badly(&["/proc/canto/out"]);
}

/// Waiting for a moment that never comes would hang, so time is bounded.
#[test]
fn a_moment_between_two_files_is_enough_to_be_seen() {
    let folder = stage(6, 3);
    let here = folder.path();
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("canto"));
    command.current_dir(here).args(args("out", &[]));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    let first = here.join("out/part-00.csv");
    while !first.is_file() && begun.elapsed() < Duration::from_mins(1) {
        sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let before = fs::metadata(&first).unwrap().modified().unwrap();
    let said = say(here, &args("out", &[])).well();
    assert!(said.err.contains("finished before"), "{}", said.err);
    assert_eq!(fs::metadata(&first).unwrap().modified().unwrap(), before, "not written again");
    assert_eq!(results(&here.join("out")).len(), 12);
}
