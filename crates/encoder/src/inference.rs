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
    check(model, input_ids, attention_mask, rows, length)?;
    if rows == 0 {
        return Ok(Vec::new());
    }
    let ids: Vec<i32> = input_ids.iter().map(|&id| id as i32).collect();
    let ids = Tensor::<Backend, 2, Int>::from_data(TensorData::new(ids, [rows, length]), device);
    let mask = TensorData::new(attention_mask.to_vec(), [rows, length]);
    let mask = Tensor::<Backend, 2, Bool>::from_data(mask, device);
    let output = if Backend::ad_enabled(device) {
        model.valid().forward(ids, mask)
    } else {
        model.forward(ids, mask)
    };
    let failed = |reason| Error::Readback { name: "logits".to_owned(), reason };
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
