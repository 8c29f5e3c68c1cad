use crate::error::Error;
use crate::{Backend, Classifier, Device};
use burn::module::AutodiffModule;
use burn::tensor::backend::Backend as _;
use burn::tensor::{Bool, Int, Tensor, TensorData};

/// Logits of a batch, without dropout and without a graph: `input_ids` and `attention_mask`
/// (false at padding) are row-major [rows, length]; the result is row-major [rows, labels].
///
/// `device` is the one the model lives on, with or without autodiff.
pub fn logits(
    model: &Classifier,
    device: &Device,
    input_ids: &[u32],
    attention_mask: &[bool],
    rows: usize,
    length: usize,
) -> Result<Vec<f32>, Error> {
    let whole = |model: Classifier, ids, mask| model.forward(ids, mask);
    read("logits", model, device, input_ids, attention_mask, [rows, length], whole)
}

/// What the head reads of the same batch, row-major [rows, width].
pub fn pooled(
    model: &Classifier,
    device: &Device,
    input_ids: &[u32],
    attention_mask: &[bool],
    rows: usize,
    length: usize,
) -> Result<Vec<f32>, Error> {
    let body = |model: Classifier, ids, mask| model.pooled(ids, mask);
    read("pooled tokens", model, device, input_ids, attention_mask, [rows, length], body)
}

/// What [`pooled`] gave, row-major [rows, width], → logits, row-major [rows, labels].
pub fn classify(model: &Classifier, device: &Device, pooled: &[f32]) -> Result<Vec<f32>, Error> {
    let (found, width) = (pooled.len(), model.width());
    if !found.is_multiple_of(width) {
        return Err(Error::PooledShape { width, found });
    }
    if found == 0 {
        return Ok(Vec::new());
    }
    let rows = TensorData::new(pooled.to_vec(), [found / width, width]);
    let rows = Tensor::<Backend, 2>::from_data(rows, device);
    values("logits", plain(model, device).classify(rows))
}

/// Row-major values of what `compute` makes of a checked batch.
fn read(
    name: &str,
    model: &Classifier,
    device: &Device,
    input_ids: &[u32],
    attention_mask: &[bool],
    [rows, length]: [usize; 2],
    compute: impl FnOnce(
        Classifier,
        Tensor<Backend, 2, Int>,
        Tensor<Backend, 2, Bool>,
    ) -> Tensor<Backend, 2>,
) -> Result<Vec<f32>, Error> {
    check(model, input_ids, attention_mask, rows, length)?;
    if rows == 0 {
        return Ok(Vec::new());
    }
    let ids: Vec<i32> = input_ids.iter().map(|&id| id as i32).collect();
    let ids = Tensor::from_data(TensorData::new(ids, [rows, length]), device);
    let mask = TensorData::new(attention_mask.to_vec(), [rows, length]);
    let mask = Tensor::from_data(mask, device);
    values(name, compute(plain(model, device), ids, mask))
}

/// The model without a graph.
fn plain(model: &Classifier, device: &Device) -> Classifier {
    if Backend::ad_enabled(device) { model.valid() } else { model.clone() }
}

fn values(name: &str, output: Tensor<Backend, 2>) -> Result<Vec<f32>, Error> {
    let failed = |reason| Error::Readback { name: name.to_owned(), reason };
    let data = output.try_into_data().map_err(|error| failed(error.to_string()))?;
    data.convert::<f32>().into_vec().map_err(|error| failed(format!("{error:?}")))
}

/// What would otherwise read past a table on the device.
fn check(
    model: &Classifier,
    input_ids: &[u32],
    attention_mask: &[bool],
    rows: usize,
    length: usize,
) -> Result<(), Error> {
    let (ids, mask) = (input_ids.len(), attention_mask.len());
    if ids != rows * length || mask != ids {
        return Err(Error::BatchShape { rows, length, input_ids: ids, attention_mask: mask });
    }
    let maximum = model.max_tokens();
    if length > maximum {
        return Err(Error::TooLong { length, maximum });
    }
    let vocab_size = model.vocab_size();
    match input_ids.iter().find(|&&id| id as usize >= vocab_size) {
        Some(&id) => Err(Error::TokenId { id, vocab_size }),
        None => Ok(()),
    }
}
