//! The numbers of the reference and of the encoder, at every vector level.

mod support;

use canto_encoder::{Architecture, DeviceChoice, Family, Pooling, load, logits, save, seed as sow};
use canto_infer::{Engine, EngineConfig, Level, Precision};
use proptest::prelude::*;
use support::{Inputs, assert_close, reference};

const FAMILIES: [&str; 5] = ["roberta", "xlm-roberta", "camembert", "bert", "mpnet"];

fn at(level: Level) -> EngineConfig {
    EngineConfig { precision: Precision::F32, threads: Some(2), level: Some(level) }
}

#[test]
fn logits_equal_the_reference_without_padding() {
    for name in FAMILIES.into_iter().chain(["roberta-f16", "roberta-bf16"]) {
        let (inputs, expected) = (Inputs::read(name), reference(name));
        for level in Level::available() {
            let engine = Engine::open(&support::folder(name), &at(level)).unwrap();
            let found = engine.logits(&inputs.windows()).unwrap();
            assert_close(&format!("{name} at {level}"), &found, &expected, 1e-5);
            for (i, window) in inputs.windows().into_iter().enumerate() {
                let alone = engine.logits(&[window]).unwrap();
                let labels = alone.len();
                let of_batch = &found[i * labels..(i + 1) * labels];
                // A song's last digits do not depend on its neighbours, but where the `gemm` crate
                // adds up in another order for another number of rows.
                let tolerance = if level >= Level::Avx512 { 0.0 } else { 4e-6 };
                assert_close(&format!("{name} at {level}, alone"), &alone, of_batch, tolerance);
            }
        }
    }
}

fn architecture() -> impl Strategy<Value = Architecture> {
    let sizes = (1_usize..4, 1_usize..4, 1_usize..24, 1_usize..80, 1_usize..4);
    let head = (0_usize..Family::ALL.len(), any::<bool>(), prop::option::of(1_usize..40));
    (sizes, head).prop_map(|((layers, heads, size, inner, labels), (family, mean, head_width))| {
        let family = Family::ALL[family];
        let head_width = head_width.filter(|_| family != Family::Bert);
        Architecture {
            family,
            vocab_size: 60,
            hidden_size: heads * size,
            layers,
            heads,
            intermediate_size: inner,
            max_positions: 50,
            pooling: if mean { Pooling::Mean } else { Pooling::First },
            head_width,
            // Wider ones make attention so sharp that it magnifies the last bit.
            initializer_range: 0.12,
            labels: (0..labels).map(|label| format!("label {label}")).collect(),
            ..Architecture::default()
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn logits_equal_the_encoders(
        architecture in architecture(),
        windows in prop::collection::vec(prop::collection::vec(0_u32..60, 1..48), 1..5),
        seed: u32,
    ) {
        let device = DeviceChoice::Cpu.open().unwrap().device;
        sow(&device, u64::from(seed));
        let folder = tempfile::tempdir().unwrap();
        save(&architecture.init(&device), &architecture, folder.path()).unwrap();
        let model = load(folder.path(), None, &device).unwrap().model;
        let mut expected = Vec::new();
        for window in &windows {
            let mask = vec![true; window.len()];
            expected.extend(logits(&model, &device, window, &mask, 1, window.len()).unwrap());
        }
        let windows: Vec<&[u32]> = windows.iter().map(Vec::as_slice).collect();
        for level in Level::available() {
            let engine = Engine::open(folder.path(), &at(level)).unwrap();
            let found = engine.logits(&windows).unwrap();
            assert_close(&format!("{architecture:?} at {level}"), &found, &expected, 1e-5);
        }
    }
}
