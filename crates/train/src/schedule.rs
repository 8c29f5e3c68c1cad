use crate::config::{ScheduleKind, TrainConfig};
use std::f64::consts::PI;

/// The learning rate of each optimiser step.
///
/// Counts optimiser steps, not micro-batches, from 0. Warm-up and decay follow
/// `get_linear_schedule_with_warmup` and `get_cosine_schedule_with_warmup` of Hugging Face
/// transformers, their rate of 0 at the first warm-up step included.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    kind: ScheduleKind,
    peak: f64,
    warmup: usize,
    total: usize,
}

impl Schedule {
    /// The schedule over `total` optimiser steps.
    pub fn new(config: &TrainConfig, total: usize) -> Self {
        let warmup = (config.warmup_ratio * total as f64).ceil() as usize;
        Self { kind: config.schedule, peak: config.learning_rate, warmup, total }
    }

    /// The rate of optimiser step `step`.
    pub fn rate(&self, step: usize) -> f64 {
        self.peak * self.factor(step)
    }

    fn factor(&self, step: usize) -> f64 {
        if step < self.warmup {
            return step as f64 / self.warmup as f64;
        }
        match self.kind {
            ScheduleKind::Constant => 1.0,
            ScheduleKind::Linear => self.left(step),
            ScheduleKind::Cosine => 0.5 * (1.0 - (PI * self.left(step)).cos()),
        }
    }

    /// Share of the steps after warm-up that is still to come.
    fn left(&self, step: usize) -> f64 {
        let falling = self.total.saturating_sub(self.warmup).max(1);
        self.total.saturating_sub(step) as f64 / falling as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(kind: ScheduleKind, warmup_ratio: f64, total: usize) -> Vec<f64> {
        let config = TrainConfig {
            learning_rate: 1.0,
            schedule: kind,
            warmup_ratio,
            ..TrainConfig::default()
        };
        let schedule = Schedule::new(&config, total);
        (0..total).map(|step| schedule.rate(step)).collect()
    }

    /// Values of `get_linear_schedule_with_warmup(optimizer, 2, 6)`.
    #[test]
    fn linear_equals_hugging_face() {
        assert_eq!(rates(ScheduleKind::Linear, 0.33, 6), [0.0, 0.5, 1.0, 0.75, 0.5, 0.25]);
    }

    #[test]
    fn linear_without_warmup_starts_at_the_peak() {
        assert_eq!(rates(ScheduleKind::Linear, 0.0, 4), [1.0, 0.75, 0.5, 0.25]);
    }

    /// Values of `get_cosine_schedule_with_warmup(optimizer, 2, 6)`.
    #[test]
    fn cosine_equals_hugging_face() {
        let expected = [0.0, 0.5, 1.0, 0.853_553_390_593_273_8, 0.5, 0.146_446_609_406_726_27];
        for (found, expected) in rates(ScheduleKind::Cosine, 0.33, 6).into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
    }

    #[test]
    fn constant_keeps_the_peak() {
        assert_eq!(rates(ScheduleKind::Constant, 0.5, 4), [0.0, 0.5, 1.0, 1.0]);
    }

    #[test]
    fn all_warmup_never_divides_by_zero() {
        assert!(rates(ScheduleKind::Cosine, 1.0, 3).iter().all(|rate| rate.is_finite()));
        assert!(rates(ScheduleKind::Linear, 1.0, 3).iter().all(|rate| rate.is_finite()));
    }
}
