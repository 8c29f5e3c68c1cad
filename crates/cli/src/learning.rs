//! How training went, out of its log.

use canto_report::Learning;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// The learning curve in the log at `path`; an empty one where there is no log. A resumed run
/// repeats steps after its checkpoint: the later ones count.
pub(crate) fn learning(path: &Path) -> Learning {
    let Ok(log) = fs_err::read_to_string(path) else {
        return Learning::default();
    };
    let mut curve = Learning::default();
    let (mut loss, mut validation) = (BTreeMap::new(), BTreeMap::new());
    // A line that is cut off is the last one of a process that was killed.
    for event in log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let Some(step) = event["step"].as_u64() else { continue };
        match event["event"].as_str() {
            Some("step") => drop(event["loss"].as_f64().map(|value| loss.insert(step, value))),
            Some("validated") => {
                let metric = event["metric"].as_str().unwrap_or_default();
                let value = event["metrics"][metric].as_f64();
                value.map(|value| validation.insert(step, value));
                curve.best_step = event["best"]["step"].as_u64();
                metric.clone_into(&mut curve.metric);
            }
            _ => {}
        }
    }
    curve.loss = loss.into_iter().collect();
    curve.validation = validation.into_iter().collect();
    curve
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_lines_count_and_half_a_line_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("train.jsonl");
        let lines = [
            r#"{"event":"started","steps":4}"#,
            r#"{"event":"step","step":1,"loss":0.75}"#,
            r#"{"event":"step","step":2,"loss":0.5}"#,
            r#"{"event":"step","step":2,"loss":0.25}"#,
            r#"{"event":"validated","step":2,"best":{"step":2,"value":0.5},"metric":"macro_f1","metrics":{"macro_f1":0.5}}"#,
            r#"{"event":"step","step":3,"lo"#,
        ];
        std::fs::write(&log, lines.join("\n")).unwrap();
        let curve = learning(&log);
        assert_eq!(curve.loss, [(1, 0.75), (2, 0.25)]);
        assert_eq!((curve.validation, curve.best_step), (vec![(2, 0.5)], Some(2)));
        assert_eq!(curve.metric, "macro_f1");
        assert_eq!(learning(&folder.path().join("absent")), Learning::default());
    }
}
