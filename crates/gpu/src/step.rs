/// One step of `AdamW` at one parameter:
///
/// ```text
/// m ← β₁·m + rest₁·g        v ← β₂·v + rest₂·g²
/// θ ← kept·θ − step·m / (root·√v + ε)
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AdamWStep {
    /// Decay of the first moment, and what it leaves to the gradient.
    pub beta1: [f32; 2],
    /// Decay of the second moment, and what it leaves to the gradient's square.
    pub beta2: [f32; 2],
    /// Learning rate, corrected for the first moment's start at 0.
    pub step: f32,
    /// What weight decay leaves of the parameter.
    pub kept: f32,
    /// Corrects the second moment's root for its start at 0.
    pub root: f32,
    /// Against division by zero.
    pub epsilon: f32,
}
