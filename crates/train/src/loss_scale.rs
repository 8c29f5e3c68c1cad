use crate::config::TrainConfig;
use canto_encoder::Precision;
use serde::{Deserialize, Serialize};

/// Below it even gradients of ordinary size are lost: something else is wrong.
const FLOOR: f64 = 1.0;
/// Beyond it the scale gains nothing.
const CEILING: f64 = 16_777_216.0;

/// What the loss is multiplied by, so that gradients in f16 neither vanish nor overflow
/// (Micikevicius et al. 2018; the rule of PyTorch's `GradScaler`).
///
/// After so many good steps it doubles; after an overflow, whose step is skipped, it halves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossScale {
    value: f64,
    good_steps: usize,
    growth: usize,
}

impl LossScale {
    /// The scale that a recipe asks for; none but in f16.
    pub fn new(config: &TrainConfig) -> Option<Self> {
        (config.precision == Precision::F16).then_some(Self {
            value: config.loss_scale,
            good_steps: 0,
            growth: config.loss_scale_growth,
        })
    }

    /// The factor.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// A step was taken.
    pub(crate) fn good_step(&mut self) {
        self.good_steps += 1;
        if self.good_steps >= self.growth {
            self.value = (2.0 * self.value).min(CEILING);
            self.good_steps = 0;
        }
    }

    /// A step was skipped; false where the scale is at its floor and skipping more will not help.
    pub(crate) fn overflow(&mut self) -> bool {
        self.good_steps = 0;
        self.value /= 2.0;
        self.value >= FLOOR
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(growth: usize) -> LossScale {
        let config = TrainConfig {
            precision: Precision::F16,
            loss_scale: 8.0,
            loss_scale_growth: growth,
            ..TrainConfig::default()
        };
        LossScale::new(&config).unwrap()
    }

    #[test]
    fn only_f16_has_one() {
        let config = |precision| TrainConfig { precision, ..TrainConfig::default() };
        assert_eq!(LossScale::new(&config(Precision::F32)), None);
        assert_eq!(LossScale::new(&config(Precision::Bf16)), None);
        assert!((LossScale::new(&config(Precision::F16)).unwrap().value() - 65_536.0).abs() < 1e-9);
    }

    #[test]
    fn it_doubles_after_good_steps_in_a_row_and_halves_at_an_overflow() {
        let mut scale = scale(3);
        let mut values = Vec::new();
        for good in [true, true, true, true, true, false, true, true, true] {
            if good {
                scale.good_step();
            } else {
                assert!(scale.overflow());
            }
            values.push(scale.value());
        }
        assert_eq!(values, [8.0, 8.0, 16.0, 16.0, 16.0, 8.0, 8.0, 8.0, 16.0]);
    }

    #[test]
    fn it_stops_at_the_floor_and_at_the_ceiling() {
        let mut falling = scale(1);
        let overflows = (0..10).take_while(|_| falling.overflow()).count();
        assert_eq!(overflows, 3, "8 to 1");
        let mut growing = scale(1);
        (0..40).for_each(|_| growing.good_step());
        assert!((growing.value() - CEILING).abs() < 1e-9);
    }
}
