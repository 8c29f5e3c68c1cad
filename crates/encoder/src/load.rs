//! A Hugging Face folder → a classifier.

use crate::architecture::Architecture;
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

/// Loads the Hugging Face folder `dir`: `config.json` and `model.safetensors` in f32, f16 or
/// bf16, names with or without the family's prefix.
///
/// With `labels` that differ from the folder's, the head's projection is drawn anew from the
/// device's seed; so is the whole head where the folder holds an encoder alone. Missing, extra
/// and mis-shaped tensors are named in one error.
pub fn load(dir: &Path, labels: Option<&[String]>, device: &Device) -> Result<Loaded, Error> {
    let mut architecture = read_config(&dir.join("config.json"))?;
    let same_labels = labels.is_none_or(|labels| labels == architecture.labels);
    if let Some(labels) = labels {
        architecture.labels = labels.to_vec();
    }
    let path = weights_path(dir)?;
    let bytes = read(&path)?;
    let file = parse(&bytes, &path)?;
    let lazy = SequenceClassifier::lazy(&architecture, device);
    let plan = Plan::new(&lazy, &found(&architecture, file.tensors()), same_labels);
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

fn weights_path(dir: &Path) -> Result<PathBuf, Error> {
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

/// Which tensor of the file goes where.
struct Plan<'a> {
    sources: Found<'a>,
    problems: TensorProblems,
    fresh_head: bool,
}

impl<'a> Plan<'a> {
    fn new(model: &Classifier, found: &Found<'a>, same_labels: bool) -> Self {
        let mut plan =
            Plan { sources: Found::new(), problems: TensorProblems::default(), fresh_head: false };
        let has_head = found.keys().any(|name| name.starts_with("classifier."));
        let mut expected = Vec::new();
        visit(model, |name, seen| {
            let shape = stored_shape(&name, &seen.shape);
            plan.place(&name, &shape, found, has_head, same_labels);
            expected.push(name);
        });
        let extra = found.keys().filter(|name| !expected.contains(name));
        plan.problems.extra = extra.cloned().collect();
        plan
    }

    /// A parameter of the head may be absent where the file has no head, and the projection
    /// is not taken where it is for other labels.
    fn place(
        &mut self,
        name: &str,
        shape: &[usize],
        found: &Found<'a>,
        has_head: bool,
        same_labels: bool,
    ) {
        let fresh = is_projection(name) && !same_labels;
        match found.get(name) {
            _ if fresh => self.fresh_head = true,
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
