//! Features and scores against scikit-learn, on the cases of `reference/generate.py`.

use canto_song::Silent;
use canto_tfidf::{Tfidf, TfidfConfig, Vectorizer};
use serde_json::Value;

fn cases(kind: &str) -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/reference/cases.json");
    let document: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    document[kind].as_array().unwrap().clone()
}

fn of<T: serde::de::DeserializeOwned>(case: &Value, key: &str) -> T {
    serde_json::from_value(case[key].clone()).unwrap()
}

fn config(case: &Value) -> TfidfConfig {
    TfidfConfig { max_iterations: 100_000, ..of(case, "config") }
}

#[track_caller]
fn assert_close(what: &str, found: &[f32], expected: &[f64], within: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (place, (&found, expected)) in found.iter().zip(expected).enumerate() {
        let apart = (f64::from(found) - expected).abs();
        assert!(apart <= within, "{what}, {place}: found {found}, expected {expected}");
    }
}

#[test]
fn features_equal_scikit_learn() {
    for case in cases("vectors") {
        let name = case["name"].as_str().unwrap();
        let (lyrics, other): (Vec<&str>, Vec<&str>) =
            (texts(&case, "lyrics"), texts(&case, "other"));
        let vectorizer = Vectorizer::fit(&lyrics, &config(&case).vectorizers[0]).unwrap();
        assert_eq!(
            vectorizer.terms().collect::<Vec<_>>(),
            of::<Vec<String>>(&case, "terms"),
            "{name}"
        );
        assert_close(name, vectorizer.idf(), &of::<Vec<f64>>(&case, "idf"), 1e-6);
        let rows = vectorizer.transform(&[lyrics, other].concat());
        let expected: Vec<Vec<f64>> = of(&case, "features");
        assert_eq!(rows.rows(), expected.len(), "{name}");
        for (row, expected) in expected.iter().enumerate() {
            let mut dense = vec![0.0; rows.columns()];
            let (columns, values) = rows.row(row);
            for (&column, &value) in columns.iter().zip(values) {
                dense[column as usize] = value;
            }
            assert_close(name, &dense, expected, 1e-6);
        }
    }
}

fn texts<'a>(case: &'a Value, key: &str) -> Vec<&'a str> {
    case[key].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

#[test]
fn scores_equal_liblinear() {
    for case in cases("fits") {
        let name = case["name"].as_str().unwrap();
        let (lyrics, other) = (texts(&case, "lyrics"), texts(&case, "other"));
        let targets: Vec<Vec<u8>> = of(&case, "targets");
        let labels: Vec<String> = (0..targets[0].len()).map(|label| label.to_string()).collect();
        let targets: Vec<bool> = targets.concat().iter().map(|&target| target == 1).collect();
        let model = Tfidf::fit(&lyrics, &targets, &labels, &config(&case), &Silent).unwrap();
        assert!(model.unconverged().is_empty(), "{name}");
        let expected: Vec<Vec<f64>> = of(&case, "scores");
        assert_close(name, &model.score(&[lyrics, other].concat()), &expected.concat(), 1e-3);
    }
}
