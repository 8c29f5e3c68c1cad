//! int8: near f32, the same from a file as on the fly, the same at every vector level.

mod support;

use canto_infer::{Engine, EngineConfig, Error, Level, Precision, quantize};
use std::path::Path;
use support::{Inputs, assert_close, folder};

const FAMILIES: [&str; 5] = ["roberta", "xlm-roberta", "camembert", "bert", "mpnet"];

fn config(precision: Precision, level: Level) -> EngineConfig {
    EngineConfig { precision, threads: Some(2), level: Some(level) }
}

#[test]
fn logits_are_near_those_in_f32() {
    for name in FAMILIES {
        let inputs = Inputs::read(name);
        let expected = support::reference(name);
        let mut first = None;
        for level in Level::available() {
            let engine = Engine::open(&folder(name), &config(Precision::Int8, level)).unwrap();
            assert_eq!(engine.describe().precision, Precision::Int8);
            let found = engine.logits(&inputs.windows()).unwrap();
            // These models' weights are wide and their layers narrow: the worst case.
            assert_close(&format!("{name} at {level}"), &found, &expected, 0.1);
            let first = first.get_or_insert_with(|| found.clone());
            // An activation between two steps may fall to either side.
            assert_close(&format!("{name} at {level}"), &found, first, 0.05);
        }
    }
}

#[test]
fn a_quantized_folder_computes_what_was_quantized_on_the_fly() {
    for name in FAMILIES.into_iter().chain(["roberta-f16", "roberta-bf16"]) {
        let to = tempfile::tempdir().unwrap();
        quantize(&folder(name), to.path()).unwrap();
        let inputs = Inputs::read(name);
        let logits = |dir: &Path, precision| {
            let engine = Engine::open(dir, &config(precision, Level::detect())).unwrap();
            (engine.describe().precision, engine.logits(&inputs.windows()).unwrap())
        };
        let (precision, found) = logits(to.path(), Precision::Auto);
        assert_eq!(precision, Precision::Int8);
        let (_, expected) = logits(&folder(name), Precision::Int8);
        // The word table is int8 in the file alone, and so are the weights of the last layer's
        // keys and values; between the two, models this small round off twice.
        assert_close(name, &found, &expected, 0.15);
        let (precision, in_f32) = logits(to.path(), Precision::F32);
        assert_eq!(precision, Precision::F32);
        assert_close(name, &found, &in_f32, 0.1);
    }
}

#[test]
fn a_quantized_folder_is_not_quantized_again() {
    let to = tempfile::tempdir().unwrap();
    let report = quantize(&folder("bert"), to.path()).unwrap();
    assert!(report.bytes_after < report.bytes_before);
    let error = quantize(to.path(), to.path()).unwrap_err();
    assert!(matches!(error, Error::AlreadyQuantized { .. }), "{error}");
}
