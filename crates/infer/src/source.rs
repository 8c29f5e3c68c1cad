//! The weights file, mapped: names to bytes, in the element types that are read.

use crate::error::Error;
use crate::names::{SCALE, expected, may_be_int8};
use canto_encoder::names::{canonical, is_ignorable};
use canto_encoder::{Architecture, Mismatch, TensorProblems};
use canto_kernels::Mapped;
use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A weights file that fits its architecture.
pub(crate) struct Source<'a> {
    mapped: &'a Mapped,
    tensors: BTreeMap<String, TensorView<'a>>,
}

/// A matrix [rows, columns] of a file.
pub(crate) struct Matrix<'a> {
    pub(crate) dtype: Dtype,
    pub(crate) bytes: &'a [u8],
    /// Of each row, where the elements are int8.
    pub(crate) scales: Option<Vec<f32>>,
}

/// The architecture of a folder.
pub(crate) fn architecture(dir: &Path) -> Result<Architecture, Error> {
    let path = dir.join("config.json");
    let text = std::fs::read_to_string(&path)
        .map_err(|source| Error::Read { path: path.clone(), source })?;
    let architecture = Architecture::from_hugging_face(&text, &path)?;
    if architecture.labels.is_empty() {
        return Err(Error::NoLabels { path });
    }
    Ok(architecture)
}

impl<'a> Source<'a> {
    /// Reads the file's names and compares them with the architecture's.
    pub(crate) fn new(
        mapped: &'a Mapped,
        path: &Path,
        architecture: &Architecture,
    ) -> Result<Self, Error> {
        let file = SafeTensors::deserialize(mapped.bytes())
            .map_err(|source| Error::Damaged { path: path.to_owned(), source })?;
        let family = architecture.family;
        let named = file.tensors().into_iter();
        let tensors: BTreeMap<_, _> = named
            .map(|(name, view)| (canonical(family, &name), view))
            .filter(|(name, _)| !is_ignorable(family, name))
            .collect();
        let source = Self { mapped, tensors };
        let problems = source.problems(architecture);
        if problems.is_empty() {
            Ok(source)
        } else {
            Err(Error::Tensors { path: path.to_owned(), problems })
        }
    }

    fn problems(&self, architecture: &Architecture) -> TensorProblems {
        let mut problems = TensorProblems::default();
        let mut known = BTreeSet::new();
        for (name, shape) in expected(architecture) {
            let Some(view) = self.tensors.get(&name) else {
                problems.missing.push(name);
                continue;
            };
            let int8 = view.dtype() == Dtype::I8 && may_be_int8(&name, shape.len());
            if view.shape() != shape || !(int8 || is_float(view.dtype())) {
                problems.mismatched.push(mismatch(&name, "F32, F16 or BF16", &shape, view));
            }
            if int8 {
                let scale = format!("{name}{SCALE}");
                match self.tensors.get(&scale) {
                    None => problems.missing.push(scale.clone()),
                    Some(view) if view.shape() != &shape[..1] || view.dtype() != Dtype::F32 => {
                        problems.mismatched.push(mismatch(&scale, "F32", &shape[..1], view));
                    }
                    Some(_) => {}
                }
                known.insert(scale);
            }
            known.insert(name);
        }
        problems.extra =
            self.tensors.keys().filter(|name| !known.contains(*name)).cloned().collect();
        problems
    }

    /// Whether products are stored in int8.
    pub(crate) fn is_int8(&self) -> bool {
        let layers = self.tensors.iter().filter(|(name, _)| name.contains(".encoder.layer."));
        layers.into_iter().any(|(_, view)| view.dtype() == Dtype::I8)
    }

    /// Every tensor by its canonical name.
    pub(crate) fn tensors(&self) -> impl Iterator<Item = (&String, &TensorView<'a>)> {
        self.tensors.iter()
    }

    /// A matrix of the architecture.
    pub(crate) fn matrix(&self, name: &str) -> Matrix<'a> {
        let Some(view) = self.tensors.get(name) else {
            return Matrix { dtype: Dtype::F32, bytes: &[], scales: None };
        };
        let scales = (view.dtype() == Dtype::I8).then(|| self.values(&format!("{name}{SCALE}")));
        Matrix { dtype: view.dtype(), bytes: view.data(), scales }
    }

    /// The values of a tensor of the architecture in f32.
    pub(crate) fn values(&self, name: &str) -> Vec<f32> {
        let mut values = Vec::new();
        if let Some(view) = self.tensors.get(name) {
            extend(&mut values, view.dtype(), view.data());
        }
        values
    }

    /// Lets the system have the memory of a tensor that has been copied.
    pub(crate) fn release(&self, name: &str) {
        if let Some(view) = self.tensors.get(name) {
            self.mapped.release(view.data());
        }
    }

    /// Where `part` begins in the file.
    pub(crate) fn offset(&self, part: &[u8]) -> usize {
        (part.as_ptr() as usize).saturating_sub(self.mapped.bytes().as_ptr() as usize)
    }
}

impl Matrix<'_> {
    /// In f32, row-major.
    pub(crate) fn values(&self, columns: usize) -> Vec<f32> {
        let Some(scales) = &self.scales else {
            let mut values = Vec::new();
            extend(&mut values, self.dtype, self.bytes);
            return values;
        };
        let mut values = vec![0.0; self.bytes.len()];
        let rows = values.chunks_exact_mut(columns.max(1)).zip(scales);
        for ((values, &scale), row) in rows.zip(self.bytes.chunks_exact(columns.max(1))) {
            for (value, &q) in values.iter_mut().zip(row) {
                *value = f32::from(q as i8) * scale;
            }
        }
        values
    }
}

pub(crate) fn is_float(dtype: Dtype) -> bool {
    matches!(dtype, Dtype::F32 | Dtype::F16 | Dtype::BF16)
}

/// Appends the values of a float tensor's bytes.
pub(crate) fn extend(values: &mut Vec<f32>, dtype: Dtype, bytes: &[u8]) {
    match dtype {
        Dtype::F32 => values.extend(bytes.as_chunks().0.iter().map(|&x| f32::from_le_bytes(x))),
        Dtype::F16 => {
            values.extend(bytes.as_chunks().0.iter().map(|&x| f16::from_le_bytes(x).to_f32()));
        }
        Dtype::BF16 => {
            values.extend(bytes.as_chunks().0.iter().map(|&x| bf16::from_le_bytes(x).to_f32()));
        }
        _ => {}
    }
}

fn mismatch(name: &str, types: &str, shape: &[usize], view: &TensorView<'_>) -> Mismatch {
    Mismatch {
        name: name.to_owned(),
        expected: format!("{types} {shape:?}"),
        found: format!("{:?} {:?}", view.dtype(), view.shape()),
    }
}
