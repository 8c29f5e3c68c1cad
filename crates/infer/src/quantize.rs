//! Weights files in int8: the products' weights by output, the word table by row.

use crate::error::Error;
use crate::model::int8;
use crate::names::{SCALE, may_be_int8};
use crate::source::{Source, architecture};
use canto_encoder::weights_path;
use canto_kernels::Mapped;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, View};
use std::borrow::Cow;
use std::io::Write as _;
use std::path::Path;

/// What [`quantize`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantization {
    /// Bytes of the weights file read.
    pub bytes_before: u64,
    /// Bytes of the weights file written.
    pub bytes_after: u64,
}

/// Reads the folder `from` and writes `config.json` and an int8 `model.safetensors` to the folder
/// `to`, which must exist: each of the layers' weights as I8 with the scale of each output in an
/// F32 tensor of the same name and `_scale`, the word table likewise by row, all else as it was.
///
/// Files are written aside and renamed, the weights last.
pub fn quantize(from: &Path, to: &Path) -> Result<Quantization, Error> {
    let architecture = architecture(from)?;
    let path = weights_path(from)?;
    let read = |source| Error::Read { path: path.clone(), source };
    let file = Mapped::open(&path).map_err(read)?;
    let source = Source::new(&file, &path, &architecture)?;
    if source.is_int8() {
        return Err(Error::AlreadyQuantized { path });
    }
    let target = to.join("model.safetensors");
    let encoded = |source| Error::Encode { path: target.clone(), source };
    let bytes = safetensors::serialize(tensors(&source), None).map_err(encoded)?;
    let config = from.join("config.json");
    let text =
        std::fs::read(&config).map_err(|source| Error::Read { path: config.clone(), source })?;
    write(&to.join("config.json"), &text)?;
    write(&target, &bytes)?;
    let bytes_before = file.bytes().len() as u64;
    Ok(Quantization { bytes_before, bytes_after: bytes.len() as u64 })
}

/// Whether the weights of the folder `dir` are int8; only their names and types are read.
pub fn is_quantized(dir: &Path) -> Result<bool, Error> {
    let architecture = architecture(dir)?;
    let path = weights_path(dir)?;
    let file = Mapped::open(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
    Ok(Source::new(&file, &path, &architecture)?.is_int8())
}

/// A tensor to be written.
enum Tensor<'a> {
    Same(TensorView<'a>),
    New { dtype: Dtype, shape: Vec<usize>, bytes: Vec<u8> },
}

fn tensors<'a>(source: &Source<'a>) -> Vec<(String, Tensor<'a>)> {
    let mut tensors = Vec::new();
    for (name, view) in source.tensors() {
        match view.shape() {
            &[rows, columns] if may_be_int8(name, 2) => {
                let (q, scales) = int8(&source.matrix(name), columns);
                let scales: Vec<u8> = scales.iter().flat_map(|s| s.to_le_bytes()).collect();
                let new = |dtype, shape, bytes| Tensor::New { dtype, shape, bytes };
                let q = q.into_iter().map(|q| q as u8).collect();
                tensors.push((format!("{name}{SCALE}"), new(Dtype::F32, vec![rows], scales)));
                tensors.push((name.clone(), new(Dtype::I8, vec![rows, columns], q)));
                source.release(name);
            }
            _ => tensors.push((name.clone(), Tensor::Same(view.clone()))),
        }
    }
    tensors
}

impl View for Tensor<'_> {
    fn dtype(&self) -> Dtype {
        match self {
            Tensor::Same(view) => view.dtype(),
            Tensor::New { dtype, .. } => *dtype,
        }
    }

    fn shape(&self) -> &[usize] {
        match self {
            Tensor::Same(view) => view.shape(),
            Tensor::New { shape, .. } => shape,
        }
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(match self {
            Tensor::Same(view) => view.data(),
            Tensor::New { bytes, .. } => bytes,
        })
    }

    fn data_len(&self) -> usize {
        match self {
            Tensor::Same(view) => view.data().len(),
            Tensor::New { bytes, .. } => bytes.len(),
        }
    }
}

/// Writes a file aside, then renames it.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let failed = |source| Error::Write { path: path.to_owned(), source };
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut aside = readable_by_all().tempfile_in(dir).map_err(failed)?;
    aside.write_all(bytes).and_then(|()| aside.as_file().sync_all()).map_err(failed)?;
    aside.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Temporary files are the owner's alone; a model is as readable as any file.
#[cfg(unix)]
fn readable_by_all() -> tempfile::Builder<'static, 'static> {
    use std::os::unix::fs::PermissionsExt;
    let mut builder = tempfile::Builder::new();
    builder.permissions(std::fs::Permissions::from_mode(0o666));
    builder
}

#[cfg(not(unix))]
fn readable_by_all() -> tempfile::Builder<'static, 'static> {
    tempfile::Builder::new()
}
