//! New thresholds and metrics, and what a crash in between leaves.

use crate::tiny::{names, parts, thresholds, written};
use canto_bundle::{Bundle, Error, Replacement};

#[test]
fn thresholds_and_metrics_change_and_nothing_else() {
    let (run, dir) = written();
    let weights = std::fs::read(dir.join("model.safetensors")).unwrap();
    let metrics = serde_json::json!({"test": {"macro_roc_auc": 0.5}});
    let tuned = Replacement { thresholds: Some(thresholds([0.0, 0.3, 1.0])), ..Default::default() };
    Bundle::replace(&dir, &tuned).unwrap();
    Bundle::replace(&dir, &Replacement { metrics: Some(metrics.clone()), ..Default::default() })
        .unwrap();
    let bundle = Bundle::open(&dir).unwrap();
    assert_eq!(bundle.thresholds().values(), [0.0, 0.3, 1.0]);
    assert_eq!(*bundle.metrics(), metrics);
    assert_eq!(*bundle.provenance(), parts().provenance);
    assert_eq!(std::fs::read(dir.join("model.safetensors")).unwrap(), weights);
    assert_eq!(names(run.path()), ["model"]);
}

#[test]
fn thresholds_of_another_model_change_nothing() {
    let (run, dir) = written();
    let mut other = thresholds([0.1; 3]);
    other.values[2].label = "Polka".to_owned();
    let replacement = Replacement { thresholds: Some(other), ..Default::default() };
    let error = Bundle::replace(&dir, &replacement).unwrap_err();
    assert!(matches!(error, Error::Misfit { .. }), "{error}");
    assert_eq!(*Bundle::open(&dir).unwrap().thresholds(), parts().thresholds);
    assert_eq!(names(run.path()), ["model"]);
}

#[test]
fn an_altered_bundle_is_not_given_new_hashes() {
    let (_run, dir) = written();
    std::fs::write(dir.join("run.toml"), "[corpus.columns]\nlyrics = \"sword\"\n").unwrap();
    let error = Bundle::replace(&dir, &Replacement::default()).unwrap_err();
    assert!(matches!(error, Error::Altered { .. }), "{error}");
}

#[test]
fn a_crash_before_the_swap_leaves_the_older_bundle_and_is_swept_later() {
    let (run, dir) = written();
    let leftover = run.path().join(".model.new-abc123");
    std::fs::create_dir(&leftover).unwrap();
    std::fs::write(leftover.join("model.safetensors"), "half").unwrap();
    assert_eq!(Bundle::locate(run.path()).unwrap(), dir);
    Bundle::open(&dir).unwrap();
    Bundle::replace(&dir, &Replacement::default()).unwrap();
    assert_eq!(names(run.path()), ["model"]);
}

#[test]
fn a_crash_between_the_renames_is_undone() {
    for through_locate in [true, false] {
        let (run, dir) = written();
        std::fs::rename(&dir, run.path().join(".model.old")).unwrap();
        let found = if through_locate { Bundle::locate(run.path()).unwrap() } else { dir.clone() };
        assert_eq!(found, dir);
        Bundle::open(&found).unwrap();
        assert_eq!(names(run.path()), ["model"]);
    }
}

#[test]
fn a_crash_before_the_clearing_up_is_cleared_up_later() {
    let (run, dir) = written();
    std::fs::create_dir(run.path().join(".model.old")).unwrap();
    std::fs::write(run.path().join(".model.old/manifest.json"), "{}").unwrap();
    Bundle::open(&dir).unwrap();
    let tuned = Replacement { thresholds: Some(thresholds([0.2; 3])), ..Default::default() };
    Bundle::replace(&dir, &tuned).unwrap();
    assert_eq!(Bundle::open(&dir).unwrap().thresholds().values(), [0.2; 3]);
    assert_eq!(names(run.path()), ["model"]);
}
