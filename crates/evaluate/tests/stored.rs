//! What is stored.

use canto_evaluate::{METRIC_NAMES, Metrics, Scores, Strategy, Targets, Test, Thresholds, metrics};

fn measured() -> Metrics {
    let labels: Vec<String> = ["Comedy", "Folk/Country", "Pop"].map(str::to_owned).to_vec();
    let scores = vec![0.1, 0.8, 0.4, 0.2, 0.3, 0.9, 0.1, 0.6, 0.7, 0.3, 0.1, 0.2];
    let truths = [0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 1, 1].map(|flag| flag == 1).to_vec();
    let (scores, targets) = (Scores::new(4, 3, scores), Targets::new(4, 3, truths));
    let mut thresholds = Thresholds::fixed(0.5, &labels);
    thresholds.strategy = Strategy::PerLabel;
    thresholds.values[0].flagged = true;
    metrics(&Test::new(scores.unwrap(), targets.unwrap()).unwrap(), &thresholds, &labels).unwrap()
}

#[test]
fn the_stored_metrics_read_back_and_hold_every_name() {
    let found = measured();
    let json = serde_json::to_value(&found).unwrap();
    let fields: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    for name in METRIC_NAMES.into_iter().chain(["rows", "undefined", "per_label"]) {
        assert!(fields.contains(&name), "{name} is missing");
    }
    assert_eq!(fields.len(), METRIC_NAMES.len() + 3);
    assert!(json["per_label"][0]["roc_auc"].is_null());
    assert_eq!(serde_json::from_value::<Metrics>(json).unwrap(), found);
}

#[test]
fn other_thresholds_than_the_model_has_labels_for_are_refused() {
    let labels = vec!["Pop".to_owned()];
    let scored = || {
        let targets = Targets::new(1, 1, vec![true]).unwrap();
        Test::new(Scores::new(1, 1, vec![0.5]).unwrap(), targets).unwrap()
    };
    let foreign = Thresholds::fixed(0.5, &["Polka".to_owned()]);
    let error = metrics(&scored(), &foreign, &labels).unwrap_err();
    assert_eq!(error.to_string(), "the label `Polka` is unknown to the model, which knows `Pop`");
    assert!(error.hint().unwrap().contains("tune"));
    assert!(metrics(&scored(), &Thresholds::fixed(0.5, &labels), &[]).is_err());
}
