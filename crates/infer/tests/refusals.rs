//! What is wrong with a folder or a window is said, not computed.

mod support;

use canto_infer::{Engine, EngineConfig, Error};
use std::path::Path;
use support::folder;

fn copy(name: &str, to: &Path) {
    for file in ["config.json", "model.safetensors"] {
        fs_err::copy(folder(name).join(file), to.join(file)).unwrap();
    }
}

fn open(dir: &Path) -> Result<Engine, Error> {
    Engine::open(dir, &EngineConfig::default())
}

#[test]
fn windows_that_the_model_cannot_read() {
    let engine = open(&folder("roberta")).unwrap();
    assert!(engine.logits(&[]).unwrap().is_empty());
    let error = |windows: &[&[u32]]| engine.logits(windows).unwrap_err();
    assert!(matches!(error(&[&[5], &[]]), Error::Empty { window: 1 }));
    assert!(matches!(error(&[&[99]]), Error::TokenId { id: 99, vocab_size: 99 }));
    let found = error(&[&[5; 39]]);
    assert!(matches!(found, Error::TooLong { window: 0, length: 39, maximum: 38 }), "{found}");
}

#[test]
fn files_that_are_missing_or_cut_short() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(open(dir.path()).unwrap_err(), Error::Read { .. }));
    copy("bert", dir.path());
    let weights = dir.path().join("model.safetensors");
    let bytes = fs_err::read(&weights).unwrap();
    fs_err::write(&weights, &bytes[..bytes.len() / 2]).unwrap();
    let error = open(dir.path()).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn weights_of_another_model() {
    let dir = tempfile::tempdir().unwrap();
    copy("bert", dir.path());
    fs_err::copy(folder("mpnet").join("config.json"), dir.path().join("config.json")).unwrap();
    let error = open(dir.path()).unwrap_err();
    let Error::Tensors { problems, .. } = error else { panic!("{error}") };
    assert!(
        problems.missing.iter().any(|name| name == "mpnet.encoder.layer.0.attention.attn.q.weight")
    );
    assert!(problems.extra.iter().any(|name| name == "bert.pooler.dense.weight"));
}
