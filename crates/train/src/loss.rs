use burn::prelude::*;
use burn::tensor::activation::log_sigmoid;
use canto_encoder::{Backend, Device};
use canto_song::{Genre, GenreSet};

/// Binary cross-entropy of logits, averaged over labels, one value a row.
///
/// `−mean_j [w_j · y_ij · ln σ(x_ij) + (1 − y_ij) · ln σ(−x_ij)]`, the formula of PyTorch's
/// `BCEWithLogitsLoss` with `pos_weight` w.
///
/// # Shapes
///
/// - `logits`, `targets`: `[rows, labels]`; targets are 0 or 1
/// - `pos_weight`: `[labels]`
/// - result: `[rows]`
pub fn bce_with_logits(
    logits: Tensor<Backend, 2>,
    targets: Tensor<Backend, 2>,
    pos_weight: Option<Tensor<Backend, 1>>,
) -> Tensor<Backend, 1> {
    let negatives = targets.clone().neg().add_scalar(1.0);
    let positives = match pos_weight {
        Some(weight) => targets * weight.unsqueeze::<2>(),
        None => targets,
    };
    let sum = positives * log_sigmoid(logits.clone()) + negatives * log_sigmoid(logits.neg());
    sum.mean_dim(1).squeeze_dim::<1>(1).neg()
}

/// The `pos_weight` that balances each label: negatives over positives, at most `max`.
///
/// A label without positives gets `max`; it has no positive target to weigh anyway.
pub fn positive_weights(targets: &[GenreSet], max: f64) -> Vec<f64> {
    Genre::ALL
        .map(|genre| {
            let positives = targets.iter().filter(|set| set.contains(genre)).count();
            let negatives = targets.len() - positives;
            if positives == 0 { max } else { (negatives as f64 / positives as f64).min(max) }
        })
        .to_vec()
}

/// Targets as a tensor `[rows, labels]` on `device`.
pub(crate) fn target_tensor(rows: &[GenreSet], device: &Device) -> Tensor<Backend, 2> {
    let values: Vec<f32> =
        rows.iter().flat_map(|set| set.flags()).map(|flag| f32::from(u8::from(flag))).collect();
    Tensor::from_data(TensorData::new(values, [rows.len(), Genre::ALL.len()]), device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use canto_encoder::DeviceChoice;

    fn tensor<const D: usize>(values: &[f32], shape: [usize; D]) -> Tensor<Backend, D> {
        let device = DeviceChoice::Cpu.open().unwrap().device;
        Tensor::from_data(TensorData::new(values.to_vec(), shape), &device)
    }

    /// Expected: the printed formula in double precision.
    #[test]
    fn equals_the_formula() {
        let logits = [0.5f32, -2.0, 3.0, 100.0, -100.0, 0.0];
        let targets = [1.0f32, 0.0, 1.0, 0.0, 1.0, 1.0];
        let weights = [2.0f32, 1.0, 0.5];
        let loss = bce_with_logits(
            tensor(&logits, [2, 3]),
            tensor(&targets, [2, 3]),
            Some(tensor(&weights, [3])),
        );
        let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
        let term = |i: usize| {
            let (x, y, w) =
                (f64::from(logits[i]), f64::from(targets[i]), f64::from(weights[i % 3]));
            w * y * softplus(-x) + (1.0 - y) * softplus(x)
        };
        let expected = [(0..3).map(term).sum::<f64>() / 3.0, (3..6).map(term).sum::<f64>() / 3.0];
        let found: Vec<f32> = loss.into_data().to_vec().unwrap();
        for (found, expected) in found.iter().zip(expected) {
            assert!((f64::from(*found) - expected).abs() < 1e-5 * expected.max(1.0), "{found}");
        }
    }

    #[test]
    fn weights_balance_and_stay_below_the_cap() {
        let set = |genre: Genre| GenreSet::from_iter([genre]);
        let songs = [set(Genre::Pop), set(Genre::Rock), set(Genre::Rock), set(Genre::Rock)];
        let weights = positive_weights(&songs, 2.5);
        assert!((weights[Genre::Pop.index()] - 2.5).abs() < 1e-12);
        assert!((weights[Genre::Rock.index()] - 1.0 / 3.0).abs() < 1e-12);
        assert!((weights[Genre::JazzBlues.index()] - 2.5).abs() < 1e-12);
    }
}
