//! Logistic regression by dual coordinate descent.
//!
//! Minimises ½‖w‖² + ½b² + C Σᵢ ln(1 + exp(−yᵢ(w·xᵢ + b))), y = ±1: the objective of LIBLINEAR,
//! which regularises the intercept b as the weight of a feature that is always 1.
//!
//! The dual has one variable α in (0, C) a row, with w = Σᵢ yᵢ αᵢ xᵢ; at the optimum
//! αᵢ = C σ(−yᵢ w·xᵢ) (Yu, Huang and Lin 2011, "Dual coordinate descent methods for logistic
//! regression and maximum entropy models", Machine Learning 85). One step solves that equation
//! for one row exactly. Written with t = ln(α / (C − α)) it is t + a(C σ(t) − β) + m = 0, with
//! a = ‖x‖² + 1, β the row's α before and m the row's present margin: the left side ascends in t
//! with a slope of 1 or more, so Newton's method within a bracket is safe where α itself nears 0
//! or C.
//!
//! Eight labels are fitted side by side: the row's entries are read once for all of them, and
//! the eight weights of a feature fill one cache line. A label takes no notice of its neighbours.

use crate::{SparseRows, TfidfConfig};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Labels fitted side by side.
pub(crate) const LANES: usize = 8;

type Lanes = [f64; LANES];

/// Newton steps for one row; two or three are the rule.
const NEWTON_STEPS: usize = 50;

/// What a fit of up to eight labels found.
pub(crate) struct Fitted {
    /// A label's weights by feature, then its intercept.
    pub(crate) weights: Vec<Lanes>,
    /// Whether each label reached the tolerance.
    pub(crate) converged: [bool; LANES],
}

/// Fits up to eight labels; `targets` has one entry a row, lanes beyond `labels` are not fitted.
pub(crate) fn fit(
    rows: &SparseRows,
    targets: &[[bool; LANES]],
    labels: [bool; LANES],
    config: &TfidfConfig,
) -> Fitted {
    let mut descent = Descent {
        rows,
        targets,
        c: config.inverse_regularisation,
        weights: vec![[0.0; LANES]; rows.columns()],
        intercepts: [0.0; LANES],
        alphas: vec![[0.0; LANES]; rows.rows()],
        active: labels,
    };
    let curvatures: Vec<f64> = (0..rows.rows()).map(|row| curvature(rows, row)).collect();
    let mut order: Vec<usize> = (0..rows.rows()).collect();
    let mut random = ChaCha8Rng::seed_from_u64(0);
    for _ in 0..config.max_iterations {
        if descent.active == [false; LANES] {
            break;
        }
        order.shuffle(&mut random);
        let mut worst = [0.0_f64; LANES];
        for &row in &order {
            descent.visit(row, curvatures[row], &mut worst);
        }
        for (active, worst) in descent.active.iter_mut().zip(worst) {
            *active &= worst > config.tolerance;
        }
    }
    descent.fitted()
}

/// ‖x‖² + 1, the 1 for the intercept.
fn curvature(rows: &SparseRows, row: usize) -> f64 {
    rows.row(row).1.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>() + 1.0
}

struct Descent<'a> {
    rows: &'a SparseRows,
    targets: &'a [[bool; LANES]],
    c: f64,
    weights: Vec<Lanes>,
    intercepts: Lanes,
    alphas: Vec<Lanes>,
    /// Labels that are not yet within the tolerance.
    active: [bool; LANES],
}

impl Descent<'_> {
    /// Solves for one row's α of every active label; `worst` takes the largest distance of an
    /// error probability from α / C.
    fn visit(&mut self, row: usize, curvature: f64, worst: &mut Lanes) {
        let mut margins = self.intercepts;
        let (columns, values) = self.rows.row(row);
        for (&column, &value) in columns.iter().zip(values) {
            add(&mut margins, &self.weights[column as usize], f64::from(value));
        }
        let mut steps = [0.0; LANES];
        for lane in (0..LANES).filter(|&lane| self.active[lane]) {
            let sign = if self.targets[row][lane] { 1.0 } else { -1.0 };
            let margin = sign * margins[lane];
            let alpha = &mut self.alphas[row][lane];
            worst[lane] = worst[lane].max((*alpha / self.c - sigmoid(-margin)).abs());
            let solved = self.c * sigmoid(root(margin, *alpha, curvature, self.c));
            steps[lane] = sign * (solved - *alpha);
            *alpha = solved;
        }
        add(&mut self.intercepts, &steps, 1.0);
        for (&column, &value) in columns.iter().zip(values) {
            add(&mut self.weights[column as usize], &steps, f64::from(value));
        }
    }

    fn fitted(mut self) -> Fitted {
        self.weights.push(self.intercepts);
        Fitted { weights: self.weights, converged: self.active.map(|active| !active) }
    }
}

fn add(sum: &mut Lanes, lanes: &Lanes, times: f64) {
    for (sum, lane) in sum.iter_mut().zip(lanes) {
        *sum += lane * times;
    }
}

/// The t with t + a(C σ(t) − α) + m = 0.
fn root(margin: f64, alpha: f64, a: f64, c: f64) -> f64 {
    let mut low = -margin - a * (c - alpha);
    let mut high = -margin + a * alpha;
    // Near the optimum the margin hardly moves, and -margin is the root.
    let mut t = -margin;
    let mut step = high - low;
    for _ in 0..NEWTON_STEPS {
        let share = sigmoid(t);
        let value = t + a * (c * share - alpha) + margin;
        if value > 0.0 {
            high = t;
        } else {
            low = t;
        }
        let newton = t - value / (1.0 + a * c * share * (1.0 - share));
        // Between two nearly flat ends Newton's steps can go back and forth for ever: one that is
        // not half as long as the last gives way to a bisection.
        let shorter = (newton - t).abs() <= 0.5 * step;
        let inside = newton > low && newton < high;
        let next = if inside && shorter { newton } else { f64::midpoint(low, high) };
        step = (next - t).abs();
        if step <= 1e-12 * (1.0 + t.abs()) {
            return next;
        }
        t = next;
    }
    t
}

pub(crate) fn sigmoid(t: f64) -> f64 {
    1.0 / (1.0 + (-t).exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_root_solves_its_equation(
            margin in -60.0..60.0_f64, share in 0.0..=1.0_f64, a in 1.0..50.0_f64,
            exponent in -3.0..3.0_f64,
        ) {
            let c = 10.0_f64.powf(exponent);
            let t = root(margin, share * c, a, c);
            let value = t + a * (c * sigmoid(t) - share * c) + margin;
            prop_assert!(value.abs() < 1e-6 * (1.0 + a * c), "{value}");
        }
    }

    /// Here Newton's steps alone would go back and forth.
    #[test]
    fn flat_ends_are_no_trap() {
        let (margin, a, c) = (-15.433_028_083_737_954, 27.524_950_662_716_154, 0.759_136_2);
        let t = root(margin, 0.08, a, c);
        assert!((t + a * (c * sigmoid(t) - 0.08) + margin).abs() < 1e-9);
    }

    #[test]
    fn the_sigmoid_stays_finite() {
        assert_eq!((sigmoid(-1e4), sigmoid(1e4)), (0.0, 1.0));
    }
}
