//! A model ↔ one safetensors file.

use crate::{Error, Tfidf, TfidfConfig, Vectorizer, VectorizerConfig};
use half::f16;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensorError, SafeTensors};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// The version that [`Tfidf::save`] writes and [`Tfidf::open`] reads.
pub const FORMAT_VERSION: u64 = 1;

/// The key of the metadata that holds the description, as JSON.
const DESCRIPTION: &str = "canto-tfidf";
const COEFFICIENTS: &str = "coefficients";
const INTERCEPTS: &str = "intercepts";
const IDF: &str = "inverse_document_frequencies";
/// UTF-8, one term a line: no term has a line break.
const VOCABULARY: &str = "vocabulary";

/// Read before all else, whatever the other fields have become.
#[derive(Deserialize)]
struct Version {
    format_version: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    format_version: u64,
    labels: Vec<String>,
    constant: Vec<String>,
    unconverged: Vec<String>,
    config: TfidfConfig,
}

/// A tensor of the vectorizer of this number.
fn named(name: &str, number: usize) -> String {
    format!("{name}.{number}")
}

impl Tfidf {
    /// Writes the model into one file: aside, synced, then renamed.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let bytes = self.encode(path)?;
        let aside = path.with_added_extension("tmp");
        let written = write_synced(&aside, &bytes).and_then(|()| std::fs::rename(&aside, path));
        written.map_err(|source| {
            // The error that matters is the first; a leftover is harmless.
            let _ = std::fs::remove_file(&aside);
            Error::Write { path: path.to_owned(), source }
        })
    }

    fn encode(&self, path: &Path) -> Result<Vec<u8>, Error> {
        let halves = self.coefficients.iter().map(|&value| f16::from_f32(value));
        let coefficients: Vec<u8> = halves.flat_map(f16::to_le_bytes).collect();
        let floats = |values: &[f32]| -> Vec<u8> {
            values.iter().flat_map(|value| value.to_le_bytes()).collect()
        };
        let labels = self.labels.len();
        let features = self.coefficients.len() / labels.max(1);
        let mut tensors = vec![
            (COEFFICIENTS.to_owned(), Dtype::F16, vec![features, labels], coefficients),
            (INTERCEPTS.to_owned(), Dtype::F32, vec![labels], floats(&self.intercepts)),
        ];
        for (number, each) in self.vectorizers.iter().enumerate() {
            let vocabulary = each.terms().collect::<Vec<_>>().join("\n").into_bytes();
            let (terms, bytes) = (vec![each.terms.len()], vec![vocabulary.len()]);
            tensors.push((named(IDF, number), Dtype::F32, terms, floats(each.idf())));
            tensors.push((named(VOCABULARY, number), Dtype::U8, bytes, vocabulary));
        }
        let views: Result<Vec<_>, _> = tensors.iter().map(view).collect();
        let metadata = [(DESCRIPTION.to_owned(), self.description(path)?)].into();
        views
            .and_then(|views| safetensors::serialize(views, Some(metadata)))
            .map_err(|source| Error::Encode { path: path.to_owned(), source })
    }

    fn description(&self, path: &Path) -> Result<String, Error> {
        let description = Description {
            format_version: FORMAT_VERSION,
            labels: self.labels.clone(),
            constant: self.constant.clone(),
            unconverged: self.unconverged.clone(),
            config: self.config.clone(),
        };
        serde_json::to_string(&description)
            .map_err(|source| Error::Description { path: path.to_owned(), source })
    }

    /// Reads what [`Tfidf::save`] wrote and checks all of it.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let bytes =
            std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        let description = describe(&bytes, path)?;
        let damaged = |source| Error::Damaged { path: path.to_owned(), source };
        let tensors = SafeTensors::deserialize(&bytes).map_err(damaged)?;
        let file = Opened { tensors, path };
        let vectorizers = description.config.vectorizers.iter().enumerate();
        let vectorizers = vectorizers.map(|(number, config)| file.vectorizer(number, config));
        let vectorizers = vectorizers.collect::<Result<Vec<_>, _>>()?;
        let features = vectorizers.iter().map(|each| each.terms.len()).sum();
        let labels = description.labels.len();
        Ok(Self {
            vectorizers,
            coefficients: file.floats(COEFFICIENTS, Dtype::F16, &[features, labels])?,
            intercepts: file.floats(INTERCEPTS, Dtype::F32, &[labels])?,
            labels: description.labels,
            constant: description.constant,
            unconverged: description.unconverged,
            config: description.config,
        })
    }
}

type Tensor = (String, Dtype, Vec<usize>, Vec<u8>);

fn view((name, dtype, shape, bytes): &Tensor) -> Result<(&str, TensorView<'_>), SafeTensorError> {
    Ok((name, TensorView::new(*dtype, shape.clone(), bytes)?))
}

/// The description, after its version is known to be ours.
fn describe(bytes: &[u8], path: &Path) -> Result<Description, Error> {
    let (_, header) = SafeTensors::read_metadata(bytes)
        .map_err(|source| Error::Damaged { path: path.to_owned(), source })?;
    let text = header.metadata().as_ref().and_then(|metadata| metadata.get(DESCRIPTION));
    let text = text.ok_or_else(|| Error::Undescribed { path: path.to_owned() })?;
    let unread = |source| Error::Description { path: path.to_owned(), source };
    let Version { format_version: found } = serde_json::from_str(text).map_err(unread)?;
    if found != FORMAT_VERSION {
        return Err(Error::Version { path: path.to_owned(), found, expected: FORMAT_VERSION });
    }
    let description: Description = serde_json::from_str(text).map_err(unread)?;
    let problems = description.config.problems();
    if problems.is_empty() { Ok(description) } else { Err(Error::Config { problems }) }
}

struct Opened<'a> {
    tensors: SafeTensors<'a>,
    path: &'a Path,
}

impl Opened<'_> {
    fn vectorizer(&self, number: usize, config: &VectorizerConfig) -> Result<Vectorizer, Error> {
        let terms = self.vocabulary(&named(VOCABULARY, number))?;
        let idf = self.floats(&named(IDF, number), Dtype::F32, &[terms.len()])?;
        Ok(Vectorizer::new(config, terms, idf))
    }

    fn vocabulary(&self, name: &str) -> Result<Vec<Arc<str>>, Error> {
        let bad = || Error::Vocabulary { path: self.path.to_owned() };
        let view = self.tensor(name, Dtype::U8, None)?;
        let text = std::str::from_utf8(view.data()).map_err(|_| bad())?;
        let terms: Vec<Arc<str>> = text.split('\n').map(Arc::from).collect();
        let ascend = terms.is_sorted_by(|one, other| one < other);
        if ascend && terms.iter().all(|term| !term.is_empty()) { Ok(terms) } else { Err(bad()) }
    }

    fn floats(&self, name: &str, dtype: Dtype, shape: &[usize]) -> Result<Vec<f32>, Error> {
        let view = self.tensor(name, dtype, Some(shape))?;
        let values: Vec<f32> = if dtype == Dtype::F16 {
            let (halves, _) = view.data().as_chunks();
            halves.iter().map(|&bytes| f16::from_le_bytes(bytes).to_f32()).collect()
        } else {
            let (floats, _) = view.data().as_chunks();
            floats.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
        };
        if values.iter().all(|value| value.is_finite()) {
            return Ok(values);
        }
        Err(Error::NotFinite { path: self.path.to_owned(), name: name.to_owned() })
    }

    /// A tensor of the type and, where given, the shape expected.
    fn tensor(
        &self,
        name: &str,
        dtype: Dtype,
        shape: Option<&[usize]>,
    ) -> Result<TensorView<'_>, Error> {
        let refused = |found: String| {
            let shape = shape.map_or_else(|| "[bytes]".to_owned(), |shape| format!("{shape:?}"));
            let expected = format!("{dtype:?} {shape}");
            Error::Tensor { path: self.path.to_owned(), name: name.to_owned(), found, expected }
        };
        let view = self.tensors.tensor(name).map_err(|_| refused("absent".to_owned()))?;
        if view.dtype() == dtype && shape.is_none_or(|shape| view.shape() == shape) {
            return Ok(view);
        }
        Err(refused(format!("{:?} {:?}", view.dtype(), view.shape())))
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
