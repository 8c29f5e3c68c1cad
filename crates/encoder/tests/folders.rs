//! What a folder may hold, what is written, and what is said of a bad one.

mod support;

use canto_encoder::{
    Adaptation, Architecture, Classifier, Error, Family, Pooling, load, load_adapted, logits, save,
};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::BTreeMap;
use std::path::Path;
use support::{FAMILIES, Inputs, Reference, cpu, distance, folder, load_cpu, tensors};
use tempfile::TempDir;

type Tensors = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

fn read(name: &str) -> Tensors {
    let bytes = std::fs::read(folder(name).join("model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensors = file.tensors().into_iter();
    tensors
        .map(|(name, view)| (name, (view.dtype(), view.shape().to_vec(), view.data().to_vec())))
        .collect()
}

fn write(tensors: &Tensors, dir: &Path) {
    let views = tensors.iter().map(|(name, (dtype, shape, bytes))| {
        (name.clone(), TensorView::new(*dtype, shape.clone(), bytes).unwrap())
    });
    std::fs::write(dir.join("model.safetensors"), safetensors::serialize(views, None).unwrap())
        .unwrap();
}

/// A copy of a reference folder with its tensors changed.
fn changed(name: &str, change: impl FnOnce(Tensors) -> Tensors) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(folder(name).join("config.json"), dir.path().join("config.json")).unwrap();
    write(&change(read(name)), dir.path());
    dir
}

fn renamed(tensors: Tensors, rename: impl Fn(&str) -> Option<String>) -> Tensors {
    tensors.into_iter().filter_map(|(name, tensor)| Some((rename(&name)?, tensor))).collect()
}

fn score(model: &Classifier, name: &str) -> Vec<f32> {
    let inputs = Inputs::read(name);
    logits(model, &cpu(), &inputs.ids(), &inputs.mask(), inputs.rows(), inputs.length()).unwrap()
}

fn error(dir: &Path) -> Error {
    load(dir, None, &cpu()).unwrap_err()
}

#[test]
fn a_saved_folder_is_what_transformers_saved() {
    for name in FAMILIES {
        let loaded = load_cpu(name);
        let dir = tempfile::tempdir().unwrap();
        save(&loaded.model, &loaded.architecture, dir.path()).unwrap();
        let written = tensors(&dir.path().join("model.safetensors"));
        assert_eq!(written, tensors(&folder(name).join("model.safetensors")), "{name}");
        let again = load(dir.path(), None, &cpu()).unwrap();
        assert_eq!(again.architecture, loaded.architecture, "{name}");
        assert_eq!(score(&again.model, name), score(&loaded.model, name), "{name}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "{name}: leftovers");
    }
}

#[test]
fn the_written_configuration_holds_what_transformers_wrote() {
    for name in FAMILIES {
        let text = std::fs::read_to_string(folder(name).join("config.json")).unwrap();
        let reference: serde_json::Value = serde_json::from_str(&text).unwrap();
        let written = load_cpu(name).architecture.to_hugging_face();
        // What transformers writes besides: its version, tokens, and switches at their defaults.
        let besides = [
            "add_cross_attention",
            "bos_token_id",
            "dtype",
            "eos_token_id",
            "is_decoder",
            "tie_word_embeddings",
            "transformers_version",
        ];
        for (key, value) in reference.as_object().unwrap() {
            if !besides.contains(&key.as_str()) {
                assert_eq!(written.get(key), Some(value), "{name}: {key}");
            }
        }
    }
}

#[test]
fn names_without_prefix_and_of_the_oldest_kind_are_read() {
    let dir = changed("bert", |tensors| {
        renamed(tensors, |name| {
            let name = name.strip_prefix("bert.").unwrap_or(name);
            let name = name.replace("LayerNorm.weight", "LayerNorm.gamma");
            Some(name.replace("LayerNorm.bias", "LayerNorm.beta"))
        })
    });
    let loaded = load(dir.path(), None, &cpu()).unwrap();
    assert!(!loaded.fresh_head);
    let off = distance(&score(&loaded.model, "bert"), Reference::read("bert").values("logits"));
    assert!(off <= 1e-5, "off by {off}");
}

#[test]
fn an_encoder_alone_gets_a_fresh_head() {
    let labels: Vec<String> = ["A", "B", "C"].map(String::from).to_vec();
    for name in FAMILIES {
        let dir = changed(name, |tensors| {
            let inner = |name: &str| {
                let (prefix, rest) = name.split_once('.')?;
                (prefix != "classifier" && !rest.starts_with("pooler")).then(|| rest.to_owned())
            };
            renamed(tensors, inner)
        });
        let loaded = load(dir.path(), Some(&labels), &cpu()).unwrap();
        assert!(loaded.fresh_head, "{name}");
        assert_eq!(loaded.architecture.labels, labels);
        let inputs = Inputs::read(name);
        let (ids, mask) = inputs.tensors(&cpu());
        let last = loaded.model.hidden_states(ids, mask).pop().unwrap();
        let off = distance(
            &last.into_data().to_vec::<f32>().unwrap(),
            Reference::read(name).values("hidden.2"),
        );
        assert!(off <= 1e-5, "{name}: off by {off}");
        assert_eq!(score(&loaded.model, name).len(), inputs.rows() * 3);
    }
}

#[test]
fn other_labels_draw_the_projection_anew_and_the_same_keep_it() {
    for name in FAMILIES {
        let own = load_cpu(name).architecture.labels;
        assert!(!load(&folder(name), Some(&own), &cpu()).unwrap().fresh_head);
        let mut other = own.clone();
        other.swap(0, 1);
        let loaded = load(&folder(name), Some(&other), &cpu()).unwrap();
        assert!(loaded.fresh_head, "{name}");
        assert_eq!(loaded.architecture.labels, other);
    }
}

#[test]
fn another_head_width_draws_the_head_anew() {
    for name in FAMILIES {
        let own = load_cpu(name).architecture;
        let wider = Adaptation { head_width: Some(own.hidden_size + 3), ..Adaptation::default() };
        let loaded = load_adapted(&folder(name), None, wider, &cpu());
        if own.family == Family::Bert {
            let error = loaded.unwrap_err().to_string();
            assert!(error.contains("head_width"), "{error}");
            continue;
        }
        let loaded = loaded.unwrap();
        assert!(loaded.fresh_head, "{name}");
        let dir = tempfile::tempdir().unwrap();
        save(&loaded.model, &loaded.architecture, dir.path()).unwrap();
        let again = load(dir.path(), None, &cpu()).unwrap();
        assert!(!again.fresh_head && again.architecture == loaded.architecture, "{name}");
        assert_eq!(score(&again.model, name), score(&loaded.model, name));
    }
}

/// `weight` [outputs, inputs] times `x` plus `bias`, by the names of a saved folder.
fn dense(dir: &Path, name: &str, x: &[f32]) -> Vec<f32> {
    let bytes = std::fs::read(dir.join("model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let values = |part: &str| -> Vec<f32> {
        let data = file.tensor(&format!("classifier.{name}.{part}")).unwrap().data().to_vec();
        data.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    };
    let (weight, bias) = (values("weight"), values("bias"));
    let dot = |row: &[f32]| row.iter().zip(x).map(|(a, b)| a * b).sum::<f32>();
    weight.chunks(x.len()).zip(bias).map(|(row, bias)| dot(row) + bias).collect()
}

/// The head's formula in plain arithmetic, over the mean of the last hidden state.
#[test]
fn mean_pooling_reads_the_mean_of_what_is_no_padding() {
    let adaptation = Adaptation { pooling: Some(Pooling::Mean), ..Adaptation::default() };
    let loaded = load_adapted(&folder("roberta"), None, adaptation, &cpu()).unwrap();
    assert!(loaded.fresh_head, "a head for the first token is none for the mean");
    let dir = tempfile::tempdir().unwrap();
    save(&loaded.model, &loaded.architecture, dir.path()).unwrap();
    assert_eq!(load(dir.path(), None, &cpu()).unwrap().architecture, loaded.architecture);

    let inputs = Inputs::read("roberta");
    let (ids, mask) = inputs.tensors(&cpu());
    let flags: Vec<f32> = mask.clone().float().into_data().to_vec().unwrap();
    let last = loaded.model.hidden_states(ids, mask).pop().unwrap();
    let [rows, tokens, width] = last.dims();
    let values: Vec<f32> = last.into_data().to_vec().unwrap();
    let mut expected = Vec::new();
    for row in 0..rows {
        let real: Vec<usize> =
            (0..tokens).map(|t| row * tokens + t).filter(|&token| flags[token] > 0.0).collect();
        let mean: Vec<f32> = (0..width)
            .map(|x| real.iter().map(|token| values[token * width + x]).sum::<f32>())
            .map(|sum| sum / real.len() as f32)
            .collect();
        let inner: Vec<f32> = dense(dir.path(), "dense", &mean).iter().map(|x| x.tanh()).collect();
        expected.extend(dense(dir.path(), "out_proj", &inner));
    }
    let off = distance(&score(&loaded.model, "roberta"), &expected);
    assert!(off <= 1e-5, "off by {off}");
}

#[test]
fn dropout_of_a_base_can_be_changed() {
    let adaptation = Adaptation {
        hidden_dropout: Some(0.3),
        attention_dropout: Some(0.0),
        classifier_dropout: Some(0.5),
        ..Adaptation::default()
    };
    let loaded = load_adapted(&folder("roberta"), None, adaptation, &cpu()).unwrap();
    let Architecture { hidden_dropout, attention_dropout, classifier_dropout, .. } =
        loaded.architecture;
    assert_eq!((hidden_dropout, attention_dropout, classifier_dropout), (0.3, 0.0, Some(0.5)));
    assert!(!loaded.fresh_head);
    let adaptation = Adaptation { hidden_dropout: Some(1.5), ..Adaptation::default() };
    let error = load_adapted(&folder("roberta"), None, adaptation, &cpu()).unwrap_err();
    assert!(error.to_string().contains("hidden_dropout"), "{error}");
}

#[test]
fn buffers_and_heads_of_other_tasks_are_ignored() {
    let dir = changed("roberta", |mut tensors| {
        let buffer = (Dtype::I64, vec![1, 2], vec![0; 16]);
        tensors.insert("roberta.embeddings.position_ids".into(), buffer);
        let head = (Dtype::F32, vec![1], vec![0; 4]);
        for name in ["lm_head.bias", "cls.predictions.bias", "roberta.pooler.dense.bias"] {
            tensors.insert(name.into(), head.clone());
        }
        tensors
    });
    load(dir.path(), None, &cpu()).unwrap();
}

#[test]
fn every_difference_is_named_in_one_error() {
    let dir = changed("roberta", |mut tensors| {
        tensors.remove("roberta.encoder.layer.1.output.dense.bias");
        tensors.remove("classifier.out_proj.bias");
        tensors.insert("roberta.surprise".into(), (Dtype::F32, vec![1], vec![0; 4]));
        let narrow = (Dtype::F32, vec![2, 2], vec![0; 16]);
        tensors.insert("roberta.encoder.layer.0.intermediate.dense.weight".into(), narrow);
        let whole = (Dtype::I32, vec![32], vec![0; 128]);
        tensors.insert("roberta.embeddings.LayerNorm.bias".into(), whole);
        tensors
    });
    let error = error(dir.path());
    let Error::Tensors { problems, .. } = &error else { panic!("{error}") };
    let missing = ["roberta.encoder.layer.1.output.dense.bias", "classifier.out_proj.bias"];
    assert_eq!(problems.missing, missing);
    assert_eq!(problems.extra, ["roberta.surprise"]);
    let mismatched: Vec<_> = problems.mismatched.iter().map(|m| m.name.as_str()).collect();
    let expected =
        ["roberta.embeddings.LayerNorm.bias", "roberta.encoder.layer.0.intermediate.dense.weight"];
    assert_eq!(mismatched, expected);
    let text = error.to_string();
    for part in [
        "missing `",
        "extra `roberta.surprise`",
        "expected F32, F16 or BF16 [48, 32], found F32 [2, 2]",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(error.hint().is_some());
}

#[test]
fn cut_and_altered_files_are_damaged() {
    let bytes = std::fs::read(folder("bert").join("model.safetensors")).unwrap();
    let mut altered = bytes.clone();
    altered[20] = 0xff;
    for content in [&bytes[..0], &bytes[..7], &bytes[..500], &bytes[..bytes.len() - 1], &altered] {
        let dir = changed("bert", |tensors| tensors);
        std::fs::write(dir.path().join("model.safetensors"), content).unwrap();
        let error = error(dir.path());
        assert!(matches!(error, Error::Damaged { .. }), "{} bytes: {error}", content.len());
    }
}

#[test]
fn missing_files_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let text = error(dir.path()).to_string();
    assert!(text.contains("config.json"), "{text}");
    std::fs::copy(folder("bert").join("config.json"), dir.path().join("config.json")).unwrap();
    let absent = error(dir.path());
    assert!(absent.to_string().contains("model.safetensors") && absent.hint().is_some());
    std::fs::write(dir.path().join("pytorch_model.bin"), "").unwrap();
    assert!(matches!(error(dir.path()), Error::PickleOnly { .. }));
    std::fs::write(dir.path().join("model.safetensors.index.json"), "{}").unwrap();
    assert!(matches!(error(dir.path()), Error::Sharded { .. }));
}

#[test]
fn a_configuration_that_cannot_be_built_is_told_whole() {
    let text = std::fs::read_to_string(folder("bert").join("config.json")).unwrap();
    let config: serde_json::Value = serde_json::from_str(&text).unwrap();
    let with = |changes: &[(&str, serde_json::Value)]| {
        let mut config = config.clone();
        for (key, value) in changes {
            config[*key] = value.clone();
        }
        let dir = changed("bert", |tensors| tensors);
        std::fs::write(dir.path().join("config.json"), config.to_string()).unwrap();
        error(dir.path())
    };
    let family = with(&[("model_type", "gpt2".into())]);
    assert!(matches!(&family, Error::UnknownFamily { found: Some(found), .. } if found == "gpt2"));
    assert!(family.to_string().contains("`mpnet`"));
    let values = with(&[
        ("hidden_act", "relu".into()),
        ("num_attention_heads", 5.into()),
        ("hidden_dropout_prob", 1.5.into()),
        ("pad_token_id", 99.into()),
    ])
    .to_string();
    for key in ["hidden_act", "heads", "hidden_dropout", "pad_token_id"] {
        assert!(values.contains(&format!("`{key}`")), "{key}: {values}");
    }
    assert!(matches!(with(&[("hidden_size", "wide".into())]), Error::ConfigJson { .. }));
}

#[test]
fn a_head_of_another_width_reads_back() {
    let mut architecture = load_cpu("roberta").architecture;
    architecture.head_width = Some(20);
    let model = architecture.init(&cpu());
    let dir = tempfile::tempdir().unwrap();
    save(&model, &architecture, dir.path()).unwrap();
    let again = load(dir.path(), None, &cpu()).unwrap();
    assert_eq!(again.architecture, architecture);
    assert_eq!(score(&again.model, "roberta"), score(&model, "roberta"));
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let loaded = load_cpu("bert");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = save(&loaded.model, &loaded.architecture, &file.join("model")).unwrap_err();
    assert!(matches!(&error, Error::Write { path, .. } if path.starts_with(&file)), "{error}");
}

#[test]
fn batches_that_would_read_past_a_table_are_refused() {
    let loaded = load_cpu("roberta");
    let score = |ids: &[u32], mask: &[bool], rows, length| {
        logits(&loaded.model, &cpu(), ids, mask, rows, length)
    };
    assert!(matches!(score(&[5; 6], &[true; 5], 2, 3), Err(Error::BatchShape { .. })));
    assert!(matches!(score(&[99; 2], &[true; 2], 1, 2), Err(Error::TokenId { id: 99, .. })));
    let long = score(&[5; 39], &[true; 39], 1, 39);
    assert!(matches!(long, Err(Error::TooLong { length: 39, maximum: 38 })));
    assert!(score(&[5; 38], &[true; 38], 1, 38).is_ok());
    assert_eq!(score(&[], &[], 0, 0).unwrap(), Vec::<f32>::new());
}
