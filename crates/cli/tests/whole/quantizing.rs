//! Runs written again with int8 weights.

use crate::{copied, names, say};
use std::fs;

#[test]
fn an_int8_run_is_a_run_like_any_other() {
    let folder = copied();
    let said = say(folder.path(), &["quantize", "artifacts/micro"]).well();
    assert!(said.out.contains("decisions changed"), "{}", said.out);
    let run = folder.path().join("artifacts/micro-int8");
    let size = |run: &str| {
        let weights = folder.path().join("artifacts").join(run).join("model/model.safetensors");
        fs::metadata(weights).unwrap().len()
    };
    assert!(size("micro-int8") * 2 < size("micro"));
    assert_eq!(names(&run), ["metrics", "model", "run.toml", "tokenizer.json"]);
    assert_eq!(names(&run.join("metrics")), ["quantization.json"]);

    let predict = ["predict", "artifacts/micro-int8", "--text", "my truck is rusting", "--json"];
    let said = say(folder.path(), &predict).well();
    assert!(said.out.contains("\"genres\""), "{}", said.out);
    say(folder.path(), &["eval", "artifacts/micro-int8"]).well();
    let publish = ["publish", "artifacts/micro-int8", "--repo", "user/small", "--dry-run"];
    let said = say(folder.path(), &publish).well();
    assert!(said.out.contains("stored in int8, which only canto reads"), "{}", said.out);

    say(folder.path(), &["quantize", "artifacts/micro"])
        .badly(&["`artifacts/micro-int8` is there already", "--out"]);
    say(folder.path(), &["quantize", "artifacts/micro-int8"]).badly(&["int8 weights already"]);
    assert!(!folder.path().join("artifacts/micro-int8-int8").exists());
}

/// n-grams have a say unless a recipe turns them off.
#[test]
fn words_lie_beside_the_encoder() {
    let folder = copied();
    let files = names(&folder.path().join("artifacts/micro/model"));
    for name in ["blend.json", "words.safetensors"] {
        assert!(files.iter().any(|file| file == name), "{files:?}");
    }
}
