//! Decisions against the truth.

/// Right and wrong decisions of one label, of one row or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) hits: u64,
    pub(crate) false_alarms: u64,
    pub(crate) misses: u64,
}

impl Counts {
    pub(crate) fn count(&mut self, decided: bool, truth: bool) {
        match (decided, truth) {
            (true, true) => self.hits += 1,
            (true, false) => self.false_alarms += 1,
            (false, true) => self.misses += 1,
            (false, false) => {}
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.hits += other.hits;
        self.false_alarms += other.false_alarms;
        self.misses += other.misses;
    }

    /// True cells.
    pub(crate) fn support(self) -> u64 {
        self.hits + self.misses
    }

    /// Decided cells.
    pub(crate) fn decided(self) -> u64 {
        self.hits + self.false_alarms
    }

    /// Cells decided wrongly.
    pub(crate) fn wrong(self) -> u64 {
        self.false_alarms + self.misses
    }

    pub(crate) fn quality(self) -> Quality {
        Quality {
            f1: share(2 * self.hits, 2 * self.hits + self.wrong()),
            precision: share(self.hits, self.decided()),
            recall: share(self.hits, self.support()),
        }
    }
}

/// 0 where nothing is divided by nothing, as scikit-learn's `zero_division` has it by default.
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// F1, precision and recall.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Quality {
    pub(crate) f1: f64,
    pub(crate) precision: f64,
    pub(crate) recall: f64,
}

impl Quality {
    /// The mean of `(quality, weight)`; 0 where all weights are.
    pub(crate) fn mean(weighted: impl Iterator<Item = (Self, u64)>) -> Self {
        let (mut sum, mut weights) = (Self::default(), 0_u64);
        for (quality, weight) in weighted {
            sum.f1 += quality.f1 * weight as f64;
            sum.precision += quality.precision * weight as f64;
            sum.recall += quality.recall * weight as f64;
            weights += weight;
        }
        let over = weights.max(1) as f64;
        Self { f1: sum.f1 / over, precision: sum.precision / over, recall: sum.recall / over }
    }
}
