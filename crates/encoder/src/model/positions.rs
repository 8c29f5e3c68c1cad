use crate::Backend;
use burn::tensor::{Int, Tensor};

/// Position ids of `input_ids` [rows, tokens] → [rows, tokens].
///
/// With a padding id, as RoBERTa counts them: `cumsum(mask)·mask + padding`, where the mask is
/// false at padding; the first token has `padding + 1`. Without, 0, 1, 2, ….
pub(crate) fn position_ids(
    input_ids: &Tensor<Backend, 2, Int>,
    padding: Option<usize>,
) -> Tensor<Backend, 2, Int> {
    let [rows, tokens] = input_ids.dims();
    match padding {
        Some(padding) => {
            let real = input_ids.clone().not_equal_elem(padding as i64).int();
            real.clone().cumsum(1) * real + padding as i64
        }
        None => Tensor::<Backend, 1, Int>::arange(0..tokens as i64, &input_ids.device())
            .unsqueeze::<2>()
            .expand([rows, tokens]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DeviceChoice;

    fn positions(ids: [[i32; 5]; 2], padding: Option<usize>) -> Vec<i32> {
        let device = DeviceChoice::Cpu.open().unwrap().device;
        let ids = Tensor::<Backend, 2, Int>::from_data(ids, &device);
        position_ids(&ids, padding).into_data().to_vec().unwrap()
    }

    #[test]
    fn roberta_counts_from_the_padding_id_and_skips_padding() {
        let ids = [[0, 7, 2, 1, 1], [1, 0, 7, 8, 2]];
        assert_eq!(positions(ids, Some(1)), [2, 3, 4, 1, 1, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn bert_counts_from_zero() {
        let ids = [[3, 7, 2, 0, 0], [3, 4, 7, 8, 2]];
        assert_eq!(positions(ids, None), [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
    }
}
