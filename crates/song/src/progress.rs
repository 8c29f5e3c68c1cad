/// Where a long stage reports how far it is. The command line draws bars from it; tests and
/// servers pass [`Silent`].
pub trait Progress: Sync {
    /// A stage begins; `total` is its number of units, where known.
    fn start(&self, stage: &str, total: Option<u64>);
    /// `units` more are done.
    fn advance(&self, units: u64);
    /// The stage is over.
    fn finish(&self);
}

/// Reports nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _stage: &str, _total: Option<u64>) {}
    fn advance(&self, _units: u64) {}
    fn finish(&self) {}
}
