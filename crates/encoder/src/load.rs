//! A Hugging Face folder → a classifier.

use crate::architecture::{Architecture, Pooling};
use crate::error::{Error, Mismatch, TensorProblems};
use crate::model::SequenceClassifier;
use crate::names::{canonical, is_head, is_ignorable};
use crate::parameters::{initialise, is_transposed, replace, visit};
use crate::safetensors_file::{is_readable, parse, read, transpose, values};
use crate::{Classifier, Device};
use safetensors::tensor::TensorView;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What [`load`] gives.
#[derive(Debug)]
pub struct Loaded {
    /// The classifier.
    pub model: Classifier,
    /// Its sizes, labels included.
    pub architecture: Architecture,
    /// Whether the head was drawn, because the folder holds none or one for other labels.
    pub fresh_head: bool,
}

/// What a base model is changed to before it is fine-tuned; `None` keeps what its folder says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Adaptation {
    /// What of a song the head reads; another than the folder's draws the head anew.
    pub pooling: Option<Pooling>,
    /// Width of the head's dense layer; another width than the folder's draws the head anew.
    pub head_width: Option<usize>,
    /// Dropout after embeddings and blocks.
    pub hidden_dropout: Option<f64>,
    /// Dropout on attention probabilities.
    pub attention_dropout: Option<f64>,
    /// Dropout in the head.
    pub classifier_dropout: Option<f64>,
}

impl Adaptation {
    /// So that two devices compute the same.
    pub const WITHOUT_DROPOUT: Self = Self {
        pooling: None,
        head_width: None,
        hidden_dropout: Some(0.0),
        attention_dropout: Some(0.0),
        classifier_dropout: Some(0.0),
    };

    fn apply(self, architecture: &mut Architecture) {
        let replace = |value: &mut f64, new: Option<f64>| *value = new.unwrap_or(*value);
        replace(&mut architecture.hidden_dropout, self.hidden_dropout);
        replace(&mut architecture.attention_dropout, self.attention_dropout);
        architecture.classifier_dropout =
            self.classifier_dropout.or(architecture.classifier_dropout);
        architecture.pooling = self.pooling.unwrap_or(architecture.pooling);
        architecture.head_width = self.head_width.or(architecture.head_width);
    }
}

/// Loads the Hugging Face folder `dir`: `config.json` and `model.safetensors` in f32, f16 or
/// bf16, names with or without the family's prefix.
///
/// With `labels` that differ from the folder's, the head's projection is drawn anew from the
/// device's seed; so is the whole head where the folder holds an encoder alone. Missing, extra
/// and mis-shaped tensors are named in one error.
pub fn load(dir: &Path, labels: Option<&[String]>, device: &Device) -> Result<Loaded, Error> {
    load_adapted(dir, labels, Adaptation::default(), device)
}

/// As [`load`], with the model changed by `adaptation`.
pub fn load_adapted(
    dir: &Path,
    labels: Option<&[String]>,
    adaptation: Adaptation,
    device: &Device,
) -> Result<Loaded, Error> {
    let config = dir.join("config.json");
    let mut architecture = read_config(&config)?;
    let stored = architecture.clone();
    if let Some(labels) = labels {
        architecture.labels = labels.to_vec();
    }
    adaptation.apply(&mut architecture);
    let problems = architecture.problems();
    if !problems.is_empty() {
        return Err(Error::ConfigValues { path: config, problems });
    }
    let fresh = Fresh {
        projection: architecture.labels != stored.labels,
        head: architecture.head_width() != stored.head_width()
            || architecture.pooling != stored.pooling,
    };
    let path = weights_path(dir)?;
    let bytes = read(&path)?;
    let file = parse(&bytes, &path)?;
    let lazy = SequenceClassifier::lazy(&architecture, device);
    let plan = Plan::new(&lazy, &found(&architecture, file.tensors()), fresh);
    if !plan.problems.is_empty() {
        return Err(Error::Tensors { path, problems: plan.problems });
    }
    let model = initialise(replace(lazy, |name| plan.sources.get(name).map(in_our_layout(name))));
    Ok(Loaded { model, architecture, fresh_head: plan.fresh_head })
}

fn read_config(path: &Path) -> Result<Architecture, Error> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| Error::Read { path: path.to_owned(), source })?;
    Architecture::from_hugging_face(&text, path)
}

/// Where the weights of the folder `dir` are; weights in other layouts are refused.
pub fn weights_path(dir: &Path) -> Result<PathBuf, Error> {
    let path = dir.join("model.safetensors");
    if path.exists() {
        return Ok(path);
    }
    if dir.join("model.safetensors.index.json").exists() {
        return Err(Error::Sharded { dir: dir.to_owned() });
    }
    if dir.join("pytorch_model.bin").exists() {
        return Err(Error::PickleOnly { dir: dir.to_owned() });
    }
    Ok(path)
}

type Found<'a> = BTreeMap<String, TensorView<'a>>;

/// The tensors of the file by canonical name, without the ignorable ones.
fn found<'a>(architecture: &Architecture, tensors: Vec<(String, TensorView<'a>)>) -> Found<'a> {
    let family = architecture.family;
    let named = tensors.into_iter().map(|(name, view)| (canonical(family, &name), view));
    named.filter(|(name, _)| !is_ignorable(family, name)).collect()
}

/// What is drawn anew whatever the file holds.
#[derive(Clone, Copy)]
struct Fresh {
    projection: bool,
    head: bool,
}

impl Fresh {
    fn holds(self, name: &str) -> bool {
        (self.projection && is_projection(name)) || (self.head && is_head(name))
    }
}

/// Which tensor of the file goes where.
struct Plan<'a> {
    sources: Found<'a>,
    problems: TensorProblems,
    fresh_head: bool,
}

impl<'a> Plan<'a> {
    fn new(model: &Classifier, found: &Found<'a>, fresh: Fresh) -> Self {
        let mut plan =
            Plan { sources: Found::new(), problems: TensorProblems::default(), fresh_head: false };
        let has_head = found.keys().any(|name| name.starts_with("classifier."));
        let mut expected = Vec::new();
        visit(model, |name, seen| {
            let shape = stored_shape(&name, &seen.shape);
            plan.place(&name, &shape, found, has_head, fresh);
            expected.push(name);
        });
        let extra = found.keys().filter(|name| !expected.contains(name));
        plan.problems.extra = extra.cloned().collect();
        plan
    }

    /// A parameter of the head may be absent where the file has no head.
    fn place(
        &mut self,
        name: &str,
        shape: &[usize],
        found: &Found<'a>,
        has_head: bool,
        fresh: Fresh,
    ) {
        match found.get(name) {
            _ if fresh.holds(name) => self.fresh_head = true,
            Some(view) => match mismatch(name, shape, view) {
                Some(mismatch) => self.problems.mismatched.push(mismatch),
                None => drop(self.sources.insert(name.to_owned(), view.clone())),
            },
            None if is_head(name) && !has_head => self.fresh_head = true,
            None => self.problems.missing.push(name.to_owned()),
        }
    }
}

/// Whether `name` is of the last layer, one output a label.
fn is_projection(name: &str) -> bool {
    let projection = ["classifier.weight", "classifier.bias"];
    projection.contains(&name) || name.starts_with("classifier.out_proj.")
}

fn stored_shape(name: &str, shape: &[usize]) -> Vec<usize> {
    let mut shape = shape.to_vec();
    if is_transposed(name, shape.len()) {
        shape.reverse();
    }
    shape
}

fn mismatch(name: &str, shape: &[usize], view: &TensorView<'_>) -> Option<Mismatch> {
    let fits = view.shape() == shape && is_readable(view.dtype());
    (!fits).then(|| Mismatch {
        name: name.to_owned(),
        expected: format!("F32, F16 or BF16 {shape:?}"),
        found: format!("{:?} {:?}", view.dtype(), view.shape()),
    })
}

fn in_our_layout(name: &str) -> impl Fn(&TensorView<'_>) -> Vec<f32> {
    let name = name.to_owned();
    move |view| match view.shape() {
        &[rows, columns] if is_transposed(&name, 2) => transpose(&values(view), rows, columns),
        _ => values(view),
    }
}
