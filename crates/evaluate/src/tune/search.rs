//! The best threshold of the songs, and of every resample of them.

use super::TuneConfig;
use super::macro_f1::MacroF1;
use super::sweep::{Aim, best};
use crate::bootstrap::{interval, resampled};
use crate::order::Order;
use crate::{Groups, Interval, Objective, Validation};

/// Share of resamples inside an interval.
const CONFIDENCE: f64 = 0.95;

/// Something to find a threshold for.
pub(super) enum Search {
    /// A label, or all cells as one.
    Ranked(Order, Aim),
    /// All labels at once.
    MacroF1(MacroF1),
}

/// A threshold and how sure it is.
#[derive(Clone, Copy)]
pub(super) struct Found {
    pub(super) threshold: f32,
    pub(super) interval: Interval,
}

impl Found {
    /// A threshold that is given.
    pub(super) fn fixed(threshold: f32) -> Self {
        Self { threshold, interval: Interval::sure(f64::from(threshold)) }
    }
}

impl Search {
    /// For one threshold of all labels.
    pub(super) fn global(validation: &Validation, objective: Objective, aim: Aim) -> Self {
        match objective {
            Objective::MacroF1 if !aim.is_target() => Self::MacroF1(MacroF1::new(validation)),
            _ => Self::Ranked(Order::of_cells(validation), aim),
        }
    }

    fn best(&self, weights: &[u32]) -> Option<f32> {
        match self {
            Self::Ranked(order, aim) => best(&order.ranking(weights), *aim),
            Self::MacroF1(search) => search.best(weights),
        }
    }

    /// A target is met exactly on the songs as they are; F1 is smoothed.
    fn is_smoothed(&self) -> bool {
        !matches!(self, Self::Ranked(_, aim) if aim.is_target())
    }

    /// `None` where no threshold does.
    pub(super) fn run(&self, groups: &Groups, config: &TuneConfig) -> Option<Found> {
        let point = self.best(&vec![1; groups.rows()])?;
        let draws = resampled(groups, config.resamples, config.seed, |weights| self.best(weights));
        let draws: Vec<f64> = draws.into_iter().flatten().map(f64::from).collect();
        if draws.is_empty() {
            return Some(Found::fixed(point));
        }
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let threshold = if self.is_smoothed() { mean as f32 } else { point };
        let interval =
            interval(Some(f64::from(threshold)), draws.into_iter().map(Some), CONFIDENCE)?;
        Some(Found { threshold, interval })
    }
}
