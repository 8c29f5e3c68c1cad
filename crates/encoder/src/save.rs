//! A classifier → a Hugging Face folder.

use crate::Classifier;
use crate::architecture::Architecture;
use crate::error::Error;
use crate::parameters::{is_transposed, visit};
use crate::safetensors_file::{encode, transpose};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// Writes `model.safetensors`, in f32 under Hugging Face names, and `config.json` into `dir`,
/// which is created if absent. Each file is written aside, synced and renamed.
pub fn save(model: &Classifier, architecture: &Architecture, dir: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(dir).map_err(|source| write_error(dir, source))?;
    let path = dir.join("model.safetensors");
    let tensors = stored_tensors(model)?;
    let views = views(&tensors, &path)?;
    let metadata = [("format".to_owned(), "pt".to_owned())].into();
    let bytes = safetensors::serialize(views, Some(metadata))
        .map_err(|source| Error::Encode { path: path.clone(), source })?;
    write_aside(&path, &bytes)?;
    let config = format!("{:#}\n", architecture.to_hugging_face());
    write_aside(&dir.join("config.json"), config.as_bytes())
}

struct Stored {
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

fn stored_tensors(model: &Classifier) -> Result<BTreeMap<String, Stored>, Error> {
    let mut tensors = BTreeMap::new();
    let mut failure = None;
    visit(model, |name, seen| match (seen.read)() {
        Ok(values) => drop(tensors.insert(name.clone(), stored(&name, &seen.shape, &values))),
        Err(reason) => failure = Some(Error::Readback { name, reason }),
    });
    failure.map_or(Ok(tensors), Err)
}

fn stored(name: &str, shape: &[usize], values: &[f32]) -> Stored {
    match *shape {
        [rows, columns] if is_transposed(name, 2) => {
            let bytes = encode(&transpose(values, rows, columns));
            Stored { shape: vec![columns, rows], bytes }
        }
        _ => Stored { shape: shape.to_vec(), bytes: encode(values) },
    }
}

fn views<'a>(
    tensors: &'a BTreeMap<String, Stored>,
    path: &Path,
) -> Result<Vec<(&'a str, TensorView<'a>)>, Error> {
    let view = |(name, stored): (&'a String, &'a Stored)| {
        TensorView::new(Dtype::F32, stored.shape.clone(), &stored.bytes)
            .map(|view| (name.as_str(), view))
            .map_err(|source| Error::Encode { path: path.to_owned(), source })
    };
    tensors.iter().map(view).collect()
}

fn write_aside(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let aside = path.with_added_extension("tmp");
    let written = write_synced(&aside, bytes).and_then(|()| std::fs::rename(&aside, path));
    written.map_err(|source| {
        // The error that matters is the first; a leftover is harmless.
        let _ = std::fs::remove_file(&aside);
        write_error(path, source)
    })
}

fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn write_error(path: &Path, source: std::io::Error) -> Error {
    Error::Write { path: path.to_owned(), source }
}
