//! Plain Hugging Face folders, and folders that are none.

use crate::tiny::{device, labels, written};
use canto_batch::Window;
use canto_bundle::{Bundle, Error, Replacement, Source};
use canto_corpus::{CleaningConfig, LanguageConfig};
use std::path::PathBuf;
use tempfile::TempDir;

fn plain() -> (TempDir, PathBuf) {
    let (run, dir) = written();
    for name in ["canto.json", "thresholds.json", "metrics.json", "run.toml", "manifest.json"] {
        std::fs::remove_file(dir.join(name)).unwrap();
    }
    (run, dir)
}

#[test]
fn a_plain_folder_opens_with_defaults() {
    let (_run, dir) = plain();
    let bundle = Bundle::open(&Bundle::locate(&dir).unwrap()).unwrap();
    assert_eq!(bundle.source(), Source::HuggingFace);
    assert_eq!(bundle.labels(), labels());
    assert_eq!(bundle.thresholds().values(), [0.5; 3]);
    assert_eq!(bundle.windows().config().max_tokens, 32);
    assert_eq!(bundle.windows().config().window, Window::Head);
    assert_eq!(*bundle.cleaning(), CleaningConfig::default());
    assert_eq!(*bundle.language(), LanguageConfig::default());
    assert_eq!((bundle.run_config(), bundle.lyrics_column()), (None, None));
    bundle.load_model(&device()).unwrap();
}

#[test]
fn a_plain_folder_keeps_no_thresholds() {
    let (_run, dir) = plain();
    let error = Bundle::replace(&dir, &Replacement::default()).unwrap_err();
    assert!(matches!(error, Error::NotABundle { .. }), "{error}");
}

#[test]
fn what_a_plain_folder_lacks_is_named() {
    let (_run, dir) = plain();
    std::fs::remove_file(dir.join("tokenizer.json")).unwrap();
    let error = Bundle::open(&dir).unwrap_err();
    assert!(error.to_string().ends_with("there is no `tokenizer.json`"), "{error}");
}

#[test]
fn run_folders_are_seen_through() {
    let (run, dir) = written();
    assert_eq!(Bundle::locate(run.path()).unwrap(), dir);
    assert_eq!(Bundle::locate(&dir).unwrap(), dir);
}

#[test]
fn folders_without_a_model_say_what_they_are() {
    let run = tempfile::tempdir().unwrap();
    let absent = Bundle::locate(&run.path().join("absent")).unwrap_err();
    assert!(matches!(absent, Error::NotFound { .. }), "{absent}");
    let empty = Bundle::locate(run.path()).unwrap_err();
    assert!(matches!(empty, Error::NotAModel { .. }), "{empty}");
    std::fs::create_dir(run.path().join("checkpoints")).unwrap();
    let training = Bundle::locate(run.path()).unwrap_err();
    assert!(matches!(training, Error::StillTraining { .. }), "{training}");
    assert!(training.hint().unwrap().contains("training"));
    let file = run.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(matches!(Bundle::locate(&file).unwrap_err(), Error::NotAFolder { .. }));
}
