//! bf16: near f32, and the same at every vector level, whether the CPU multiplies it or not.

mod support;

use canto_infer::{Engine, EngineConfig, Level, Precision};
use support::{Inputs, assert_close, folder};

#[test]
fn logits_are_near_those_in_f32() {
    for name in ["roberta", "xlm-roberta", "camembert", "bert", "mpnet", "roberta-bf16"] {
        let inputs = Inputs::read(name);
        let expected = support::reference(name);
        let mut first = None;
        for level in Level::available() {
            let config =
                EngineConfig { precision: Precision::Bf16, threads: Some(2), level: Some(level) };
            let engine = Engine::open(&folder(name), &config).unwrap();
            assert_eq!(engine.describe().precision, Precision::Bf16);
            let found = engine.logits(&inputs.windows()).unwrap();
            // A bf16 has 8 bits: each factor is off by up to 1/512.
            assert_close(&format!("{name} at {level}"), &found, &expected, 0.03);
            let first = first.get_or_insert_with(|| found.clone());
            // A value between two steps may fall to either side.
            assert_close(&format!("{name} at {level}"), &found, first, 0.015);
        }
    }
}

#[test]
fn auto_is_f32_unless_the_file_is_int8() {
    for name in ["roberta", "roberta-bf16"] {
        let engine = Engine::open(&folder(name), &EngineConfig::default()).unwrap();
        assert_eq!(engine.describe().precision, Precision::F32);
    }
}
