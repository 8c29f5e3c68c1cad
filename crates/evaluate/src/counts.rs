//! Decisions against the truth.

use crate::ranking::Tie;

/// Right and wrong decisions of one label, of one row or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) hits: u64,
    pub(crate) false_alarms: u64,
    pub(crate) misses: u64,
    pub(crate) rejections: u64,
}

impl Counts {
    pub(crate) fn count(&mut self, decided: bool, truth: bool) {
        match (decided, truth) {
            (true, true) => self.hits += 1,
            (true, false) => self.false_alarms += 1,
            (false, true) => self.misses += 1,
            (false, false) => self.rejections += 1,
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.hits += other.hits;
        self.false_alarms += other.false_alarms;
        self.misses += other.misses;
        self.rejections += other.rejections;
    }

    /// Before anything is decided.
    pub(crate) fn undecided(positives: u64, negatives: u64) -> Self {
        Self { misses: positives, rejections: negatives, ..Self::default() }
    }

    /// The cells of `tie`, undecided so far, are decided.
    pub(crate) fn decide(&mut self, tie: Tie) {
        self.hits += tie.positives;
        self.misses -= tie.positives;
        self.false_alarms += tie.negatives;
        self.rejections -= tie.negatives;
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

    /// All cells.
    pub(crate) fn cells(self) -> u64 {
        self.support() + self.false_alarms + self.rejections
    }

    /// Correlation of decisions and truth, −1 to 1 (Matthews 1975); 0 where one of them never
    /// varies, as scikit-learn has it.
    pub(crate) fn matthews_correlation(self) -> f64 {
        let [decided, left] = [self.decided(), self.misses + self.rejections].map(|n| n as f64);
        let [truths, others] =
            [self.support(), self.false_alarms + self.rejections].map(|n| n as f64);
        let [hits, rejections] = [self.hits, self.rejections].map(|n| n as f64);
        let [alarms, misses] = [self.false_alarms, self.misses].map(|n| n as f64);
        let spread = (decided * left * truths * others).sqrt();
        if spread == 0.0 { 0.0 } else { (hits * rejections - alarms * misses) / spread }
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
