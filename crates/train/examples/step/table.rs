//! What many jobs printed, on one screen.

use serde_json::Value;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;

/// Of a file of lines `{"job", "status", "seconds", "result"}`.
pub(crate) fn of_file(path: &str) -> Result<String, Box<dyn Error>> {
    let text = fs_err::read_to_string(path)?;
    let jobs = text.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    Ok(format!("{}\n{}", checks(&jobs), speeds(&jobs)))
}

fn is_speed(job: &Value) -> bool {
    job["result"]["songs_per_second"].is_number()
}

/// A line for each job that timed nothing.
fn checks(jobs: &[Value]) -> String {
    let mut lines = String::new();
    for job in jobs.iter().filter(|job| !is_speed(job)) {
        let text = |key: &str| job[key].as_str().unwrap_or("?").to_owned();
        let figures: Vec<String> =
            ["logits", "gradients", "weights_apart", "losses_apart", "bound", "reason"]
                .iter()
                .filter(|key| !job["result"][**key].is_null())
                .map(|key| format!("{} {}", key.replace('_', " "), short(&job["result"][*key])))
                .collect();
        let seconds = job["seconds"].as_f64().unwrap_or(0.0);
        let _ = writeln!(
            lines,
            "{:<34} {:<10} {seconds:>4.0} s  {}",
            text("job"),
            text("status"),
            figures.join(", ")
        );
    }
    lines
}

fn short(value: &Value) -> String {
    match value.as_f64().filter(|_| value.is_f64()) {
        Some(0.0) => "0".to_owned(),
        Some(number) => format!("{number:.1e}"),
        None => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
    }
}

/// What is compared: tokens, micro-batch, effective batch, format.
type Shape = (u64, u64, u64, String);

/// A block of lines for each shape, sides below one another, each with its time as a multiple of
/// the peer's.
fn speeds(jobs: &[Value]) -> String {
    let mut shapes: BTreeMap<Shape, Vec<&Value>> = BTreeMap::new();
    let results = jobs.iter().filter(|job| is_speed(job)).map(|job| &job["result"]);
    for result in results.clone() {
        let number = |key: &str| result[key].as_u64().unwrap_or(0);
        let format = result["precision"].as_str().unwrap_or("?").to_owned();
        let shape = (number("length"), number("micro"), number("effective"), format);
        shapes.entry(shape).or_default().push(result);
    }
    let mut lines = String::from(
        "tokens micro effective format  side                     songs/s   tokens/s  share of peak  \
         memory GB  padding  PyTorch = 1\n",
    );
    for ((length, micro, effective, format), sides) in shapes {
        let speed = |result: &Value| result["songs_per_second"].as_f64().unwrap_or(f64::NAN);
        let peer = sides.iter().find(|side| side["side"] == "PyTorch").map(|side| speed(side));
        for side in sides {
            let number = |key: &str| side[key].as_f64().unwrap_or(f64::NAN);
            let peak = peak(results.clone(), &format);
            let times = peer.map_or("–".to_owned(), |peer| format!("{:.2}", speed(side) / peer));
            let _ = writeln!(
                lines,
                "{length:>6} {micro:>5} {effective:>9} {format:<6}  {:<22} {:>9.1} {:>10.0} {:>13.1}% \
                 {:>10.1} {:>7.0}%  {times:>11}",
                name(side),
                speed(side),
                number("tokens_per_second"),
                100.0 * number("operations_per_second") / peak,
                number("memory") / 1e9,
                100.0 * number("padding"),
            );
        }
    }
    lines
}

fn name(side: &Value) -> String {
    let text = |key: &str| side[key].as_str().unwrap_or("").to_owned();
    let checkpointing = if side["checkpointing"] == true { "checkpointing" } else { "" };
    let parts = [text("side"), text("build"), checkpointing.to_owned()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// The largest product's rate in `format` that either side reached: one ceiling for both.
fn peak<'a>(results: impl Iterator<Item = &'a Value>, format: &str) -> f64 {
    let same = results.filter(|result| result["precision"] == format);
    same.filter_map(|result| result["peak"].as_f64()).fold(f64::NAN, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(lines: &[&str]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        fs_err::write(&path, lines.join("\n")).unwrap();
        of_file(path.to_str().unwrap()).unwrap()
    }

    #[test]
    fn sides_stand_beside_the_peer_with_one_ceiling() {
        let side = |side: &str, build: &str, songs: f64, peak: f64| {
            format!(
                r#"{{"job":"j","status":"ok","seconds":3,"result":{{"side":"{side}","build":"{build}",
                "precision":"bf16","length":512,"micro":16,"effective":64,"songs_per_second":{songs:?},
                "tokens_per_second":1000.0,"operations_per_second":25.0,"peak":{peak:?},
                "memory":2000000000,"padding":0.25}}}}"#
            )
            .replace('\n', "")
        };
        let lines = [side("canto", "fused", 90.0, 50.0), side("PyTorch", "", 60.0, 100.0)];
        let table = table(&[&lines[0], &lines[1]]);
        let canto = table.lines().find(|line| line.contains("canto, fused")).unwrap();
        for part in ["512", "bf16", "90.0", "1000", "25.0%", "2.0", "25%", "1.50"] {
            assert!(canto.contains(part), "no {part} in {canto}");
        }
        assert!(table.lines().last().unwrap().ends_with("1.00"));
    }

    #[test]
    fn what_was_not_run_is_told() {
        let table = table(&[
            r#"{"job":"parity bf16","status":"ok","seconds":9,"result":{"logits":0.00123,"bound":0.2}}"#,
            r#"{"job":"PyTorch","status":"not run","seconds":0,"result":{"reason":"no torch"}}"#,
        ]);
        assert!(table.contains("logits 1.2e-3, bound 2.0e-1"), "{table}");
        assert!(table.contains("not run") && table.contains("reason no torch"), "{table}");
    }
}
