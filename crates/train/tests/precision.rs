//! Number formats, the loss scale, averaged weights and recomputed activations, on a tiny model.

mod tiny;

use burn::module::{AutodiffModule, Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use canto_encoder::{Backend, Classifier, Precision};
use canto_train::{Error, Stepped, TrainConfig, Trainer};
use tiny::Tiny;

struct Values(Vec<f32>);

impl ModuleVisitor<Backend> for Values {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Backend, D>>) {
        self.0.extend(param.val().into_data().to_vec::<f32>().unwrap());
    }
}

fn values(model: &Classifier) -> Vec<f32> {
    let mut values = Values(Vec::new());
    model.visit(&mut values);
    values.0
}

/// Steps of a loss curve.
const STEPS: usize = 200;

fn config(precision: Precision) -> TrainConfig {
    TrainConfig { precision, learning_rate: 1e-3, warmup_ratio: 0.1, ..TrainConfig::default() }
}

fn trainer(tiny: &Tiny, config: &TrainConfig, steps: usize) -> Trainer {
    Trainer::new(tiny.model(), &tiny.device, config, &tiny.train.targets, steps, 1)
}

/// Ten of the songs, others at each step.
fn songs(step: usize, count: usize) -> Vec<usize> {
    (0..10).map(|k| (7 * step + 13 * k) % count).collect()
}

fn advance(trainer: &mut Trainer, tiny: &Tiny, step: usize) -> Stepped {
    trainer.step(&tiny.batch(&songs(step, tiny.train.len()), 4)).unwrap()
}

fn losses(tiny: &Tiny, config: &TrainConfig, steps: usize) -> Vec<f64> {
    let mut trainer = trainer(tiny, config, steps);
    (0..steps).map(|step| advance(&mut trainer, tiny, step).read().unwrap().loss).collect()
}

#[test]
fn loss_curves_of_half_precisions_follow_f32() {
    let _alone = tiny::alone();
    let tiny = Tiny::without_dropout();
    let full = losses(&tiny, &config(Precision::F32), STEPS);
    assert!(full[STEPS - 1] < 0.5 * full[0], "it learns: {} to {}", full[0], full[STEPS - 1]);
    for precision in [Precision::F16, Precision::Bf16] {
        let half = losses(&tiny, &config(precision), STEPS);
        assert_ne!(half, full, "{precision:?} computes in another format");
        // Means of twenty steps: what a curve shows.
        for (half, full) in half.chunks(20).zip(full.chunks(20)) {
            let (half, full) = (half.iter().sum::<f64>(), full.iter().sum::<f64>());
            assert!((half / full - 1.0).abs() < 0.01, "{precision:?}: {half} beside {full}");
        }
    }
}

#[test]
fn an_overflow_skips_the_step_and_halves_the_scale_until_it_fits() {
    let _alone = tiny::alone();
    let tiny = Tiny::new();
    let config = TrainConfig { loss_scale: 1e9, loss_scale_growth: 4, ..config(Precision::F16) };
    let mut trainer = trainer(&tiny, &config, 20);
    let start = values(&trainer.model().valid());
    let first = advance(&mut trainer, &tiny, 0);
    assert!(first.skipped && !first.read().unwrap().grad_norm.is_finite());
    assert_eq!((trainer.step, trainer.skipped), (0, 1), "the schedule does not advance");
    assert_eq!(values(&trainer.model().valid()), start, "nothing moves");

    let mut scales = vec![first.loss_scale.unwrap()];
    while trainer.step < 6 {
        let attempt = trainer.step + trainer.skipped;
        let stepped = advance(&mut trainer, &tiny, attempt);
        scales.push(stepped.loss_scale.unwrap());
        assert_eq!(stepped.skipped, !stepped.read().unwrap().grad_norm.is_finite());
    }
    let falls = scales.windows(2).take_while(|pair| pair[1] < pair[0]).count();
    let fits = scales[falls];
    assert!((fits * 2f64.powi(falls as i32) - 1e9).abs() < 1.0, "halved each time: {scales:?}");
    assert!(falls >= 2, "{scales:?}");
    assert_eq!(scales[falls..=falls + 4], [fits, fits, fits, fits, 2.0 * fits], "{scales:?}");
    assert_ne!(values(&trainer.model().valid()), start);
}

#[test]
fn gradients_are_unscaled_before_clipping() {
    let _alone = tiny::alone();
    let tiny = Tiny::without_dropout();
    let norm = |loss_scale: f64| {
        let config = TrainConfig { loss_scale, ..config(Precision::F16) };
        advance(&mut trainer(&tiny, &config, 10), &tiny, 0).read().unwrap().grad_norm
    };
    let (small, large) = (norm(16.0), norm(4096.0));
    assert!((small / large - 1.0).abs() < 0.01, "{small} {large}");
}

#[test]
fn where_no_scale_helps_training_stops_with_a_way_out() {
    let _alone = tiny::alone();
    let mut tiny = Tiny::new();
    tiny.make_head_huge();
    // The loss itself stays finite, but its gradients are infinite whatever the scale.
    let config = TrainConfig { loss_scale: 4.0, ..config(Precision::F16) };
    let mut trainer = trainer(&tiny, &config, 10);
    let batch = tiny.batch(&songs(0, tiny.train.len()), 4);
    let error = (0..5).find_map(|_| trainer.step(&batch).err()).expect("the scale has a floor");
    assert!(matches!(error, Error::LossScale { step: 0, skipped: 3 }), "{error}");
    assert!(error.hint().unwrap().contains("bf16"));
}

#[test]
fn the_average_follows_its_formula() {
    let _alone = tiny::alone();
    let tiny = Tiny::new();
    let config = TrainConfig { ema_decay: 0.5, ..config(Precision::F32) };
    let mut trainer = trainer(&tiny, &config, 10);
    let mut expected = values(&trainer.model().valid());
    for step in 1..=8 {
        advance(&mut trainer, &tiny, step);
        let decay = 0.5f64.min((1.0 + step as f64) / (10.0 + step as f64)) as f32;
        for (average, weight) in expected.iter_mut().zip(values(&trainer.model().valid())) {
            *average = decay * *average + (1.0 - decay) * weight;
        }
    }
    let found = values(&trainer.validated());
    let furthest = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(furthest < 1e-6, "{furthest}");
    assert_ne!(found, values(&trainer.model().valid()));
}

#[test]
fn activations_computed_twice_give_the_same_steps() {
    let _alone = tiny::alone();
    let tiny = Tiny::new();
    let weights = |activation_checkpointing: bool| {
        // In f32 the plain steps go by hand, which draws dropout otherwise; in bf16 all go through
        // the graph.
        let config = TrainConfig { activation_checkpointing, ..config(Precision::Bf16) };
        let tiny = tiny.for_config(&config);
        let mut trainer = trainer(&tiny, &config, 10);
        (0..4).for_each(|step| drop(advance(&mut trainer, &tiny, step)));
        values(&trainer.model().valid())
    };
    assert!(weights(false) == weights(true));
}
