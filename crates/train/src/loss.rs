use crate::config::{LossKind, TrainConfig};
use burn::prelude::*;
use burn::tensor::activation::{log_sigmoid, sigmoid};
use canto_encoder::Backend;
use canto_song::{Genre, GenreSet};

/// What a label's logit costs; both parts are at least 0 and weighed by the target.
///
/// With p = σ(x), target y and weight w of positives:
///
/// ```text
/// loss = y · w · positive(x) + (1 − y) · negative(x)
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Loss {
    /// `−ln p` and `−ln(1 − p)`: PyTorch's `BCEWithLogitsLoss`.
    Bce,
    /// `−(1 − p)^γ ln p` and `−p^γ ln(1 − p)` (Lin et al. 2017).
    Focal {
        /// γ: 0 is binary cross-entropy.
        gamma: f64,
    },
    /// `−(1 − p)^γ₊ ln p` and `−q^γ₋ ln(1 − q)`, q = max(p − m, 0) (Ridnik et al. 2021).
    Asymmetric {
        /// γ₊.
        positive: f64,
        /// γ₋.
        negative: f64,
        /// m.
        margin: f64,
    },
    /// Labels weighed by how rare they are among those of their song, and negatives that the model
    /// is sure of let go (Wu et al. 2020).
    DistributionBalanced(Balance),
}

/// What the distribution-balanced loss knows of the training songs (Wu et al. 2020,
/// "Distribution-Balanced Loss for Multi-Label Classification in Long-Tailed Datasets").
///
/// With n songs, nᵢ of label i, pᵢ = nᵢ / n, and song k's targets yᵢ:
///
/// ```text
/// r = (1 / nᵢ) / Σⱼ yⱼ / nⱼ            r̂ = α + σ(β · (r − μ))
/// νᵢ = κ · ln(1 / pᵢ − 1)
/// positive(x) = r̂ · ln(1 + e^−(x − νᵢ))        negative(x) = r̂ / λ · ln(1 + e^λ(x − νᵢ))
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Balance {
    alpha: f64,
    beta: f64,
    mu: f64,
    lambda: f64,
    /// 1 / nᵢ, one a label.
    rarity: Vec<f32>,
    /// νᵢ, one a label.
    shift: Vec<f32>,
}

impl Balance {
    /// Counts the labels of the training songs; one that no song has is taken to have one song.
    fn new(config: &TrainConfig, targets: &[GenreSet]) -> Self {
        let songs = targets.len().max(2) as f64;
        let counts = positives(targets).map(|count| (count as f64).clamp(1.0, songs - 1.0));
        Self {
            alpha: config.balanced_alpha,
            beta: config.balanced_beta,
            mu: config.balanced_mu,
            lambda: config.balanced_lambda,
            rarity: counts.map(|count| (1.0 / count) as f32).to_vec(),
            shift: counts
                .map(|count| (config.balanced_kappa * (songs / count - 1.0).ln()) as f32)
                .to_vec(),
        }
    }

    /// r̂, shape `[rows, labels]`.
    fn weights(&self, targets: &Tensor<Backend, 2>) -> Tensor<Backend, 2> {
        let row = |values: &[f32]| Tensor::<Backend, 1>::from_floats(values, &targets.device());
        // Smoothed targets are still those of the label that they are nearer to.
        let positive = targets.clone().round();
        let rarity = row(&self.rarity).unsqueeze::<2>();
        // A song without a label leaves r without bound: r̂ is at its most.
        let of_song = (positive * rarity.clone()).sum_dim(1).clamp_min(1e-20);
        let share = rarity / of_song;
        sigmoid(share.sub_scalar(self.mu).mul_scalar(self.beta)).add_scalar(self.alpha)
    }

    /// x − νᵢ.
    fn shifted(&self, logits: Tensor<Backend, 2>) -> Tensor<Backend, 2> {
        let shift = Tensor::<Backend, 1>::from_floats(self.shift.as_slice(), &logits.device());
        logits - shift.unsqueeze::<2>()
    }
}

impl Loss {
    /// The loss that a recipe asks for, of a model that learns from songs with `targets`.
    pub fn new(config: &TrainConfig, targets: &[GenreSet]) -> Self {
        match config.loss {
            LossKind::Bce => Self::Bce,
            LossKind::Focal => Self::Focal { gamma: config.focal_gamma },
            LossKind::Asymmetric => Self::Asymmetric {
                positive: config.asymmetric_gamma_positive,
                negative: config.asymmetric_gamma_negative,
                margin: config.asymmetric_margin,
            },
            LossKind::DistributionBalanced => {
                Self::DistributionBalanced(Balance::new(config, targets))
            }
        }
    }

    /// The mean over labels, one value a row.
    ///
    /// # Shapes
    ///
    /// - `logits`, `targets`: `[rows, labels]`; targets from 0 to 1
    /// - `pos_weight`: `[labels]`
    /// - result: `[rows]`
    pub fn of_rows(
        &self,
        logits: Tensor<Backend, 2>,
        targets: Tensor<Backend, 2>,
        pos_weight: Option<Tensor<Backend, 1>>,
    ) -> Tensor<Backend, 1> {
        let weights = match self {
            Self::DistributionBalanced(balance) => Some(balance.weights(&targets)),
            _ => None,
        };
        let negatives = targets.clone().neg().add_scalar(1.0);
        let positives = match pos_weight {
            Some(weight) => targets * weight.unsqueeze::<2>(),
            None => targets,
        };
        let sum = positives * self.positive(logits.clone()) + negatives * self.negative(logits);
        let sum = match weights {
            Some(weights) => weights * sum,
            None => sum,
        };
        sum.mean_dim(1).squeeze_dim::<1>(1)
    }

    fn positive(&self, logits: Tensor<Backend, 2>) -> Tensor<Backend, 2> {
        match self {
            Self::Bce => log_sigmoid(logits).neg(),
            Self::Focal { gamma } | Self::Asymmetric { positive: gamma, .. } => {
                focused(logits.clone().neg(), *gamma) * log_sigmoid(logits).neg()
            }
            Self::DistributionBalanced(balance) => log_sigmoid(balance.shifted(logits)).neg(),
        }
    }

    fn negative(&self, logits: Tensor<Backend, 2>) -> Tensor<Backend, 2> {
        match self {
            Self::Bce => log_sigmoid(logits.neg()).neg(),
            Self::Focal { gamma } => {
                focused(logits.clone(), *gamma) * log_sigmoid(logits.neg()).neg()
            }
            Self::Asymmetric { negative, margin, .. } => {
                let shifted = sigmoid(logits).sub_scalar(*margin).clamp_min(0.0);
                // q is at most 1 − m; the clamp holds the logarithm where m is 0.
                let rest = shifted.clone().neg().add_scalar(1.0).clamp_min(1e-7);
                if *negative == 0.0 {
                    return rest.log().neg();
                }
                shifted.powf_scalar(*negative) * rest.log().neg()
            }
            Self::DistributionBalanced(balance) => {
                let lambda = balance.lambda;
                let scaled = balance.shifted(logits).mul_scalar(-lambda);
                log_sigmoid(scaled).mul_scalar(-1.0 / lambda)
            }
        }
    }
}

/// σ(x)^γ, by way of its logarithm: it has no infinite slope where σ(x) is 0.
fn focused(logits: Tensor<Backend, 2>, gamma: f64) -> Tensor<Backend, 2> {
    if gamma == 0.0 { logits.ones_like() } else { log_sigmoid(logits).mul_scalar(gamma).exp() }
}

/// Targets drawn towards one half, a label at a time: each label is a choice of its own, between
/// yes and no, not one among all labels.
pub(crate) fn smoothed(targets: Tensor<Backend, 2>, smoothing: f64) -> Tensor<Backend, 2> {
    if smoothing == 0.0 {
        return targets;
    }
    targets.mul_scalar(1.0 - smoothing).add_scalar(smoothing / 2.0)
}

/// The `pos_weight` that balances each label: negatives over positives, at most `max`.
///
/// A label without positives gets `max`; it has no positive target to weigh anyway.
pub fn positive_weights(targets: &[GenreSet], max: f64) -> Vec<f64> {
    let weight = |positives: usize| {
        let negatives = targets.len() - positives;
        if positives == 0 { max } else { (negatives as f64 / positives as f64).min(max) }
    };
    positives(targets).map(weight).to_vec()
}

/// Songs of each label.
fn positives(targets: &[GenreSet]) -> [usize; Genre::ALL.len()] {
    Genre::ALL.map(|genre| targets.iter().filter(|set| set.contains(genre)).count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use canto_encoder::DeviceChoice;

    fn tensor<const D: usize>(values: &[f32], shape: [usize; D]) -> Tensor<Backend, D> {
        let device = DeviceChoice::Cpu.open().unwrap().device;
        Tensor::from_data(TensorData::new(values.to_vec(), shape), &device)
    }

    /// `[2, 3]` of logits, targets, weights of positives, and the loss of each row that `cell`
    /// gives in double precision.
    fn assert_formula(loss: &Loss, cell: impl Fn(f64, f64, f64) -> f64) {
        let logits = [0.5f32, -2.0, 3.0, 30.0, -30.0, 0.0];
        let targets = [1.0f32, 0.0, 1.0, 0.0, 1.0, 0.75];
        let weights = [2.0f32, 1.0, 0.5];
        let found = loss.of_rows(
            tensor(&logits, [2, 3]),
            tensor(&targets, [2, 3]),
            Some(tensor(&weights, [3])),
        );
        let term =
            |i: usize| cell(f64::from(logits[i]), f64::from(targets[i]), f64::from(weights[i % 3]));
        let expected = [(0..3).map(term).sum::<f64>() / 3.0, (3..6).map(term).sum::<f64>() / 3.0];
        let found: Vec<f32> = found.into_data().to_vec().unwrap();
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (f64::from(*found) - expected).abs() < 2e-5 * expected.max(1.0),
                "{loss:?}: {found} {expected}"
            );
        }
    }

    fn softplus(x: f64) -> f64 {
        x.max(0.0) + (-x.abs()).exp().ln_1p()
    }

    fn probability(x: f64) -> f64 {
        1.0 / (1.0 + (-x).exp())
    }

    #[test]
    fn binary_cross_entropy_equals_its_formula() {
        assert_formula(&Loss::Bce, |x, y, w| w * y * softplus(-x) + (1.0 - y) * softplus(x));
    }

    #[test]
    fn focal_loss_equals_its_formula_and_without_gamma_is_cross_entropy() {
        let focal = |gamma: f64| {
            move |x: f64, y: f64, w: f64| {
                let p = probability(x);
                let (sure, unsure) = ((1.0 - p).powf(gamma), p.powf(gamma));
                w * y * sure * softplus(-x) + (1.0 - y) * unsure * softplus(x)
            }
        };
        assert_formula(&Loss::Focal { gamma: 2.0 }, focal(2.0));
        assert_formula(&Loss::Focal { gamma: 0.5 }, focal(0.5));
        assert_formula(&Loss::Focal { gamma: 0.0 }, focal(0.0));
    }

    #[test]
    fn asymmetric_loss_equals_its_formula() {
        let loss = Loss::Asymmetric { positive: 1.0, negative: 4.0, margin: 0.05 };
        assert_formula(&loss, |x, y, w| {
            let (p, q) = (probability(x), (probability(x) - 0.05).max(0.0));
            w * y * (1.0 - p) * softplus(-x) - (1.0 - y) * q.powi(4) * (1.0 - q).ln()
        });
    }

    /// Every loss has a finite slope everywhere, at the margin and far out too.
    #[test]
    fn gradients_are_finite() {
        let device = crate::training_device(
            &DeviceChoice::Cpu.open().unwrap().device,
            &TrainConfig::default(),
        );
        let losses = [
            Loss::Bce,
            Loss::Focal { gamma: 0.5 },
            Loss::Asymmetric { positive: 0.0, negative: 4.0, margin: 0.05 },
            Loss::Asymmetric { positive: 1.0, negative: 0.0, margin: 0.0 },
            Loss::DistributionBalanced(balance(&[1.0, 0.01], &[-0.2, 0.3])),
        ];
        for loss in losses {
            let values = TensorData::new(vec![-60.0f32, -3.0, 0.0, 60.0], [2, 2]);
            let logits = Tensor::<Backend, 2>::from_data(values, &device).require_grad();
            let targets = TensorData::new(vec![1.0f32, 0.0, 1.0, 0.0], [2, 2]);
            let targets = Tensor::<Backend, 2>::from_data(targets, &device);
            let gradients = loss.of_rows(logits.clone(), targets, None).sum().backward();
            let slopes: Vec<f32> = logits.grad(&gradients).unwrap().into_data().to_vec().unwrap();
            assert!(slopes.iter().all(|slope| slope.is_finite()), "{loss:?}: {slopes:?}");
        }
    }

    fn balance(rarity: &[f32], shift: &[f32]) -> Balance {
        let (rarity, shift) = (rarity.to_vec(), shift.to_vec());
        Balance { alpha: 0.1, beta: 10.0, mu: 0.2, lambda: 5.0, rarity, shift }
    }

    /// Two labels of 100 songs, of which 10 and 40 have them, and a song for each way to have them.
    #[test]
    fn distribution_balanced_loss_equals_its_formula() {
        let (inverse, nu) = ([1.0 / 10.0, 1.0 / 40.0], [0.05 * 9f64.ln(), 0.05 * 1.5f64.ln()]);
        let narrow = |values: [f64; 2]| values.map(|value| value as f32);
        let loss = Loss::DistributionBalanced(balance(&narrow(inverse), &narrow(nu)));
        let (logits, targets) =
            ([0.5f32, -2.0, 3.0, 1.0, -1.0, 0.25], [1.0f32, 0.0, 1.0, 1.0, 0.0, 1.0]);
        let found = loss.of_rows(tensor(&logits, [3, 2]), tensor(&targets, [3, 2]), None);
        let found: Vec<f32> = found.into_data().to_vec().unwrap();
        for (row, found) in found.into_iter().enumerate() {
            let (x, y) = (&logits[2 * row..], &targets[2 * row..]);
            let of_song: f64 = (0..2).map(|i| f64::from(y[i]) * inverse[i]).sum();
            let cell = |i: usize| {
                let weight = 0.1 + probability(10.0 * (inverse[i] / of_song - 0.2));
                let z = f64::from(x[i]) - nu[i];
                let cost = if y[i] > 0.5 { softplus(-z) } else { softplus(5.0 * z) / 5.0 };
                weight * cost
            };
            let expected = f64::midpoint(cell(0), cell(1));
            assert!((f64::from(found) - expected).abs() < 1e-5, "{row}: {found} {expected}");
        }
    }

    #[test]
    fn the_balance_is_that_of_the_songs() {
        let set = |genre: Genre| GenreSet::from_iter([genre]);
        let songs = [set(Genre::Pop), set(Genre::Rock), set(Genre::Rock), set(Genre::Rock)];
        let Balance { rarity, shift, .. } = Balance::new(&TrainConfig::default(), &songs);
        let (pop, rock, jazz) = (Genre::Pop.index(), Genre::Rock.index(), Genre::JazzBlues.index());
        assert!((rarity[pop] - 1.0).abs() < 1e-6 && (rarity[rock] - 1.0 / 3.0).abs() < 1e-6);
        assert!((f64::from(shift[pop]) - 0.05 * 3f64.ln()).abs() < 1e-6, "{}", shift[pop]);
        assert!((shift[pop] + shift[rock]).abs() < 1e-6, "a quarter and three quarters");
        assert!(rarity[jazz].is_finite() && shift[jazz].is_finite(), "no song has it");
    }

    #[test]
    fn smoothing_draws_each_label_towards_one_half() {
        let drawn = smoothed(tensor(&[1.0, 0.0], [1, 2]), 0.1);
        let drawn: Vec<f32> = drawn.into_data().to_vec().unwrap();
        assert!((drawn[0] - 0.95).abs() < 1e-6 && (drawn[1] - 0.05).abs() < 1e-6, "{drawn:?}");
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
