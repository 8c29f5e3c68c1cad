//! `predict --explain`: which lines carried a genre.

use crate::{say, trained};
use serde_json::Value;

const SONG: &str = "Blood upon the altar and the frozen mountain breaks\n\
                    And the hours are slowly turning\n\
                    Burn the throne, let the ravens feed\n\
                    and the hours are slowly turning";

#[test]
fn the_lines_are_shown_in_words_and_in_json() {
    let args = ["predict", "artifacts/micro", "--text", SONG, "--threshold", "0.01", "--explain"];
    let said = say(trained(), &args).well();
    assert!(said.out.contains("lines that carried "), "{}", said.out);
    let json = say(trained(), &[&args[..], &["--json"]].concat()).well();
    let prediction: Value = serde_json::from_str(&json.out).unwrap();
    let explained = prediction["explanation"].as_array().unwrap();
    assert_eq!(explained.len(), prediction["genres"].as_array().unwrap().len());
    let lines = explained[0]["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 3, "a line that comes again is one");
    assert!(lines.iter().any(|line| line["line"] == 2 && line["times"] == 2), "{lines:?}");
    let plain = say(trained(), &[&args[..6], &["--json"]].concat()).well();
    assert!(!plain.out.contains("explanation"));
}
